// Package schema reads a parsed schema the way Dgraph does: interfaces hand
// down their fields, fields get predicates, types get stored names.
//
// It neither judges the schema (package validity does) nor derives text from
// it (packages storage and api do). Resolve accepts any schema that parses,
// also one that Dgraph would refuse: what cannot be resolved stays empty.
package schema

import "github.com/schemacheck/schemacheck/diff/sdl"

// Schema is a schema as Dgraph sees it.
type Schema struct {
	Source *sdl.Schema
	// Types are the user's types in the order in which Dgraph works on them:
	// definitions in the order of the text, then extensions. Of types that are
	// declared twice both are here; Type finds the first.
	Types  []*Type
	byName map[string]*Type
}

// Type is the user's type of that name, or nil.
func (s *Schema) Type(name string) *Type { return s.byName[name] }

// Kind is the kind of the user's or built-in type of that name, 0 when there
// is none.
func (s *Schema) Kind(name string) sdl.Kind {
	if t := s.byName[name]; t != nil {
		return t.Kind
	}
	return Builtin(name)
}

// Type is a type of the user.
type Type struct {
	Definition *sdl.Definition
	Name       string
	Kind       sdl.Kind
	// Stored is the name under which Dgraph stores nodes of the type: that of
	// `@dgraph(type:)`, else Name. It also prefixes the type's predicates.
	// Source: typeName.
	Stored string
	// Fields are the fields after expansion, inherited ones first, in Dgraph's
	// order (source: expandSchema). For a type that redeclares a field of its
	// interface there is one Field, with the interface's definition.
	Fields []*Field
	// Interfaces are those that the type implements and that exist, in the
	// order written.
	Interfaces []*Type
	// Implementors are the types that implement this interface, in order.
	Implementors []*Type
	// Extends says that the type is an extension, by keyword or by @extends.
	Extends bool
	// Remote says that the type is not stored, by @remote.
	Remote bool
	// Secret is what @secret makes of the type, its own or its interface's;
	// nil when there is none.
	Secret *Secret
	// Provided are the fields that some @provides names: they are stored
	// although they are @external. Nil when there are none.
	Provided map[string]bool

	byName map[string]*Field
}

// Field is the first field of that name, or nil.
func (t *Type) Field(name string) *Field { return t.byName[name] }

// Root reports whether t is Query or Mutation, whose fields are operations.
func (t *Type) Root() bool {
	return t.Kind == sdl.Object && (t.Name == "Query" || t.Name == "Mutation")
}

// Stores reports whether Dgraph keeps nodes of t.
func (t *Type) Stores() bool {
	return (t.Kind == sdl.Object || t.Kind == sdl.Interface) && !t.Remote && !t.Root()
}

// Directive is the type's directive of that name, or nil.
func (t *Type) Directive(name string) *sdl.Directive {
	return sdl.Lookup(t.Definition.Directives, name)
}

// Secret is a password of a type.
type Secret struct {
	Directive *sdl.Directive
	Field     string // the name in the API
	Predicate string
	// Source is the interface that declares it, or nil.
	Source *Type
}

// Field is a field of a type after expansion.
type Field struct {
	Owner *Type
	Name  string
	// Definition is the effective one. Where the field is inherited, that is
	// the interface's, even when the type writes the field again: Dgraph drops
	// what the type wrote.
	Definition *sdl.Field
	// Written is the type's own definition, nil when the type does not write
	// the field.
	Written *sdl.Field
	// Source is the interface whose name prefixes the predicate: the first one
	// in the order written that has a field of that name; nil when the field
	// is the type's own. Source: parentInterface.
	Source *Type
	// Predicate is where the values are stored, without language tag; "" for
	// fields that store nothing. Reverse fields (`~p`) have the forward
	// predicate p here.
	Predicate string
	// Language is what follows "@" in the predicate: "en", "en:fr", ".".
	Language string
	// Reverse says that the field reads Predicate backwards, by "~".
	Reverse bool
	// Inverse is the field at the other end of @hasInverse, on whichever side
	// it is declared; nil when there is none or it does not exist.
	Inverse *Field
}

// Type is the type of the field.
func (f *Field) Type() *sdl.Type { return f.Definition.Type }

// Coordinate is the field's GraphQL schema coordinate: "User.name".
func (f *Field) Coordinate() string { return f.Owner.Name + "." + f.Name }

// Directive is the field's effective directive of that name, or nil.
func (f *Field) Directive(name string) *sdl.Directive {
	return sdl.Lookup(f.Definition.Directives, name)
}

// Has reports whether the field has the directive.
func (f *Field) Has(name string) bool { return f.Directive(name) != nil }

// Computed reports whether the field's values come from elsewhere, by @custom
// or @lambda.
func (f *Field) Computed() bool { return f.Has("custom") || f.Has("lambda") }

// Key reports whether the field is the one that @key of its type names.
// Source: isKeyField, which looks at the first argument whatever its name.
func (f *Field) Key() bool {
	key := f.Owner.Directive("key")
	return key != nil && len(key.Arguments) > 0 && key.Arguments[0].Value.Raw == f.Name
}
