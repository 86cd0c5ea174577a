// Package api derives the GraphQL API that Dgraph serves for a schema: the
// types, inputs, queries, mutations and subscriptions that it generates.
//
// The printed result equals what Dgraph answers as the generated schema, but
// for the descriptions of the scalars Int64 and DateTime and the reason of one
// @deprecated, which are in words of our own. Package storage derives the
// other half, what is stored.
package api

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Options choose which Dgraph to imitate.
type Options struct {
	// DgraphVersion is a version as servers tell it: "25.3.8" or "v25.0.0".
	// Empty, and anything that is no version (builds from source say "dev"),
	// means the newest known, 25.3.8.
	DgraphVersion string
}

// Schema is a complete GraphQL API. It is immutable.
type Schema struct {
	// Types are all types in the order in which Dgraph prints them: the user's,
	// those that every schema has, then the generated objects, enums and inputs
	// by name, last Query, Mutation and Subscription where they have fields.
	Types []*Type
	// Directives are the definitions of the directives that the API knows.
	Directives []*Directive
	// Query, Mutation and Subscription are never nil but may have no fields.
	Query, Mutation, Subscription *Type
	// Lost are the user's types that Dgraph drops while it cleans up. Dgraph
	// crashes when it prints such a schema, so it can never be served.
	Lost []*schema.Type

	byName  map[string]*Type
	written int // Types[:written] are the user's
	static  *static
}

// Type is the type of that name, or nil: also for the five scalars of GraphQL.
func (s *Schema) Type(name string) *Type { return s.byName[name] }

// Origin says why a type is in the API.
type Origin uint8

// The origins. The zero Origin is invalid.
const (
	// Written types stand in the user's schema.
	Written Origin = iota + 1
	// Static types are in the API of every schema.
	Static
	// Federated types are in every API with @key.
	Federated
	// Generated types are made for a type of the user's.
	Generated
)

// Source is the element of the user's schema that an element of the API comes
// from.
type Source struct {
	// Type is nil for what every schema has and for inputs that several types
	// share.
	Type *schema.Type
	// Field is nil unless one field caused the element.
	Field *schema.Field
}

// Type is a type of the API.
type Type struct {
	Name        string
	Kind        sdl.Kind
	Origin      Origin
	Description string // empty when there is none
	// Interfaces are the names of those that an object implements.
	Interfaces []string
	// Directives are those that Dgraph prints, in its order.
	Directives []*sdl.Directive
	// Fields are those of an object, interface or input.
	Fields []*Field
	// Values are those of an enum, Members those of a union.
	Values  []*Value
	Members []string
	Source  Source
}

// Field is the first field of that name, or nil.
func (t *Type) Field(name string) *Field {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Field is a field of an object, an interface or an input.
type Field struct {
	Name        string
	Description string // empty when there is none
	Arguments   []*Argument
	Type        *sdl.Type // without a span when generated
	// Default is that of an input's field, nil when there is none.
	Default *sdl.Value
	// Directives are those that Dgraph prints, in its order: also the
	// @hasInverse that it adds at the other end.
	Directives []*sdl.Directive
	Source     Source
}

// Argument is the first argument of that name, or nil.
func (f *Field) Argument(name string) *Argument {
	for _, a := range f.Arguments {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Argument is an argument of a field or of a directive.
type Argument struct {
	Name string
	Type *sdl.Type
	// Default is nil when there is none.
	Default *sdl.Value
	Source  Source
}

// Value is a member of an enum.
type Value struct {
	Name        string
	Description string // empty when there is none
	Source      Source
}

// Directive is the definition of a directive.
type Directive struct {
	Name      string
	Arguments []*Argument
	Locations []string
}

// published are the directives that Dgraph prints where the user wrote them.
// Source: directiveValidators.
var published = map[string]bool{
	"hasInverse": true, "search": true, "embedding": true, "dgraph": true, "id": true,
	"withSubscription": true, "secret": true, "auth": true, "custom": true, "remote": true,
	"deprecated": true, "lambda": true, "default": true, "lambdaOnMutate": true, "generate": true,
	"key": true, "extends": true, "external": true, "requires": true, "provides": true,
	"remoteResponse": true,
}

// known are the published ones among directives; it never shares the slice.
func known(directives []*sdl.Directive) []*sdl.Directive {
	var out []*sdl.Directive
	for _, d := range directives {
		if published[d.Name.Text] {
			out = append(out, d)
		}
	}
	return out
}
