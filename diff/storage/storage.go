// Package storage derives the DQL schema that Dgraph derives from a GraphQL
// schema: what is stored under which name, of which type, with which indexes.
//
// It follows Dgraph's genDgSchema with all its oddities, since only what Dgraph
// really does decides about the data; the tests hold it against Dgraph's own
// code. It does not judge: from a schema that Dgraph refuses it derives what
// comes closest.
package storage

import (
	"io"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
)

// Schema is a DQL schema.
type Schema struct {
	// Types are the types in the order in which Dgraph prints them: one for
	// each GraphQL type that is stored. Two have the same name when two GraphQL
	// types have the same `@dgraph(type:)`; Dgraph then refuses to alter.
	Types []*Type
	// Predicates are the predicates in the order in which Dgraph prints them.
	Predicates []*Predicate

	types      map[string]*Type
	predicates map[string]*Predicate
}

// Type is the first type of that name, or nil.
func (s *Schema) Type(name string) *Type { return s.types[name] }

// Predicate is the predicate of that name, written as in [Predicate.Name], or
// nil.
func (s *Schema) Predicate(name string) *Predicate { return s.predicates[name] }

// Type is a DQL type.
type Type struct {
	Name string
	// Predicates are the names that Dgraph lists in the type, inherited ones
	// too. Fields in one language that are inherited are missing: Dgraph
	// forgets them.
	Predicates []string
	// Sources are all the GraphQL types that are stored under this name, in
	// order. More than one is what Dgraph refuses to alter.
	Sources []*schema.Type

	// declares are the predicates whose lines follow the type.
	declares []*Predicate
}

// Predicate is what Dgraph declares for one predicate.
type Predicate struct {
	// Name is as the author writes it, with "<" and ">" if the author quotes
	// it so. It equals the Predicate of each of Fields.
	Name string
	// Type is the DQL type without brackets: "string", "uid", "password",
	// "float32vector". It is empty where Dgraph writes none, which it then
	// refuses to alter: a value read backwards by "~".
	Type string
	List bool
	// Tokenizers are the indexes in Dgraph's order, with options as Dgraph
	// writes them: `hnsw(metric: "euclidean")`.
	Tokenizers []string
	// Upsert, Reverse and Lang are the directives of that name. Dgraph takes
	// Upsert from the first field of the predicate and Lang from the last.
	Upsert, Reverse, Lang bool
	// Fields are all fields that read or write the predicate, inherited ones,
	// reverse ones and those in one language too, in order. The predicates that
	// Dgraph makes of `__schema` and `__type`, where `schema { query: T }` names
	// a stored type, have none.
	Fields []*schema.Field
	// Secrets are the types that keep a password here, in order.
	Secrets []*schema.Type
}

// Stored is the name in the answers of a server: Name without "<" and ">".
func (p *Predicate) Stored() string {
	if name, ok := strings.CutPrefix(p.Name, "<"); ok {
		return strings.TrimSuffix(name, ">")
	}
	return p.Name
}

// String is the line that declares p, without the line's end, as Dgraph writes
// it.
func (p *Predicate) String() string {
	var b strings.Builder
	b.WriteString(p.Name)
	b.WriteString(": ")
	if p.List {
		b.WriteByte('[')
	}
	b.WriteString(p.Type)
	if p.List {
		b.WriteByte(']')
	}
	if len(p.Tokenizers) > 0 {
		b.WriteString(" @index(")
		b.WriteString(strings.Join(p.Tokenizers, ", "))
		b.WriteByte(')')
	}
	if p.Lang {
		b.WriteString(" @lang")
	}
	b.WriteByte(' ')
	if p.Upsert {
		b.WriteString("@upsert ")
	}
	if p.Reverse {
		b.WriteString("@reverse ")
	}
	b.WriteByte('.')
	return b.String()
}

// String is the schema byte for byte as Dgraph derives it: each type, followed
// by the predicates that appear with it first.
func (s *Schema) String() string {
	var b strings.Builder
	for _, t := range s.Types {
		b.WriteString("type ")
		b.WriteString(t.Name)
		b.WriteString(" {\n")
		for _, p := range t.Predicates {
			b.WriteString("  ")
			b.WriteString(p)
			b.WriteByte('\n')
		}
		b.WriteString("}\n")
		for _, p := range t.declares {
			b.WriteString(p.String())
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// WriteTo writes what String returns.
func (s *Schema) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, s.String())
	return int64(n), err
}
