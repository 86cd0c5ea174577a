package dgraphtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// storedPredicate is one line of the answer to "schema {}".
type storedPredicate struct {
	Predicate  string
	Type       string
	Tokenizer  []string
	List       bool
	Lang       bool
	Upsert     bool
	Reverse    bool
	Count      bool
	Unique     bool
	NoConflict bool        `json:"no_conflict"`
	IndexSpecs []indexSpec `json:"index_specs"`
}

type indexSpec struct {
	Name    string
	Options []struct{ Key, Value string }
}

// StoredSchema returns the DQL schema that is stored now, without Dgraph's own predicates and types: types
// first, then predicates, both by name; fields in their stored order and directives in a fixed one. The
// lines are written as Dgraph writes them when it derives a DQL schema from a GraphQL schema.
func (d *Dgraph) StoredSchema(t testing.TB) string {
	t.Helper()
	var answer struct {
		Schema []storedPredicate
		Types  []struct {
			Name   string
			Fields []struct{ Name string }
		}
	}
	if err := json.Unmarshal(d.Query(t, "schema {}"), &answer); err != nil {
		t.Fatalf("reading the stored schema: %v", err)
	}
	var types, predicates []string
	for _, typ := range answer.Types {
		if strings.HasPrefix(typ.Name, "dgraph.") {
			continue
		}
		var s strings.Builder
		fmt.Fprintf(&s, "type %s {\n", typ.Name)
		for _, f := range typ.Fields {
			fmt.Fprintf(&s, "  %s\n", f.Name)
		}
		s.WriteString("}\n")
		types = append(types, s.String())
	}
	for _, p := range answer.Schema {
		if !strings.HasPrefix(p.Predicate, "dgraph.") {
			predicates = append(predicates, p.String())
		}
	}
	slices.Sort(types)
	slices.Sort(predicates)
	return strings.Join(types, "") + strings.Join(predicates, "")
}

func (p storedPredicate) String() string {
	typ := p.Type
	if typ == "datetime" {
		typ = "dateTime"
	}
	if p.List {
		typ = "[" + typ + "]"
	}
	line := p.Predicate + ": " + typ
	index := p.Tokenizer
	if len(p.IndexSpecs) > 0 {
		index = nil
		for _, spec := range p.IndexSpecs {
			index = append(index, spec.String())
		}
	}
	if len(index) > 0 {
		slices.Sort(index)
		line += " @index(" + strings.Join(index, ", ") + ")"
	}
	for _, directive := range []struct {
		set  bool
		name string
	}{{p.Lang, "lang"}, {p.Upsert, "upsert"}, {p.Reverse, "reverse"}, {p.Count, "count"}, {p.Unique, "unique"}, {p.NoConflict, "noconflict"}} {
		if directive.set {
			line += " @" + directive.name
		}
	}
	return line + " .\n"
}

func (s indexSpec) String() string {
	if len(s.Options) == 0 {
		return s.Name
	}
	var options []string
	for _, o := range s.Options {
		options = append(options, fmt.Sprintf("%s: %q", o.Key, o.Value))
	}
	slices.Sort(options)
	return s.Name + "(" + strings.Join(options, ", ") + ")"
}
