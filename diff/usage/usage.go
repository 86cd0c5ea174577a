// Package usage says what client operations use of a generated API, by name and by place, and whether they are valid
// for it.
package usage

import (
	"cmp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Kind says what a name in an operation denotes.
type Kind uint8

// The kinds. The zero Kind is invalid.
const (
	Field      Kind = iota + 1 // Query.getUser, User.phone; in @cascade(fields:) too, within quotes
	Argument                   // Query.getUser(id:)
	InputField                 // UserFilter.phone
	EnumValue                  // UserOrderable.phone
	TypeName                   // of a variable, or in a type condition
	Directive                  // @cascade
	DirectiveArgument
	Introspected // the type that __type(name:) asks for, within quotes
)

// Use is a name in an operation that denotes an element of an API.
type Use struct {
	Kind Kind
	// Coordinate is the element's GraphQL schema coordinate.
	Coordinate string
	// Type is the type of the API that the element is part of, or is; nil for directives and their arguments, and for
	// what introspection asks.
	Type *api.Type
	// Source is the element of the user's schema that it comes from, as in package api.
	Source api.Source
	// Gives is the type of what a field answers, or of what goes into an argument or an input's field; else nil.
	Gives *sdl.Type
	// Document has the name at the bytes from Start to End of its text. The quotes of a string are not part of it; where
	// a string has escapes, they are.
	Document   *operations.Document
	Start, End int
	// Aliased says that a field has a name of its own in the answer.
	Aliased bool
}

// Place is where a name or a fault begins.
type Place struct {
	Document *operations.Document
	Start    int
}

// Place is where u begins: what stands there under another API is the same name.
func (u *Use) Place() Place { return Place{u.Document, u.Start} }

// Place is where f begins.
func (f *Fault) Place() Place { return Place{f.Document, f.Start} }

// Name is the name as it stands in the document.
func (u *Use) Name() string { return u.Document.Text[u.Start:u.End] }

// Span is the place of the name in its file; see [operations.Document.Span].
func (u *Use) Span() (at sdl.Span, exact bool) { return u.Document.Span(u.Start, u.End) }

// Walk is what an operation looks like under an API, as a server gets it: what clients keep to themselves is not part of
// it. It is empty for one that asks no server.
type Walk struct {
	// Uses are the names that denote an element, in the order of the operation, then of its fragments. A fragment counts
	// once, however often it is used.
	Uses []Use
	// Faults are why the operation does not fit the API, as far as names and types go; empty for one that does.
	Faults []Fault
	// Sent are the variables whose types are inputs of the API: what they hold is not in the operation.
	Sent []Sent
	// Adds are the nodes that a mutation adds beside those that it is for, as far as they are written in the operation.
	Adds []Added
	// Naming are the variables that hold names of fields or types: what those are is not in the operation.
	Naming []Naming
	// Met are the names of all types that decide whether the operation is valid, each once.
	Met []string
	// Refusals are why Dgraph would refuse the operation, in the words of GraphQL's validator and of Dgraph's own checks;
	// empty when it would take it. Check fills them.
	Refusals []string
}

// Sent is a variable of an operation that holds an input.
type Sent struct {
	Variable string    // without the $
	Type     *api.Type // the input, lists of it left out
	// Document has the variable, with its $, at the bytes from Start to End.
	Document   *operations.Document
	Start, End int
}

// Added is an object in the input of a mutation from which Dgraph makes a node of its own. One that only names a node, by
// its ID or by nothing but fields with @id, is none: it links to what is there.
type Added struct {
	Type *api.Type // the input, whose source is the type of the node
	// Document has the brace with which the object begins at the bytes from Start to End.
	Document   *operations.Document
	Start, End int
}

// Naming is a variable of an operation that holds names of fields, for @cascade, or that of a type, for __type.
type Naming struct {
	Variable string    // without the $
	Type     *api.Type // whose fields they are; nil for the name of a type
}

// Span is the place of the variable in its file; see [operations.Document.Span].
func (s *Sent) Span() (at sdl.Span, exact bool) { return s.Document.Span(s.Start, s.End) }

// Span is the place of the object's first brace in its file; see [operations.Document.Span].
func (a *Added) Span() (at sdl.Span, exact bool) { return a.Document.Span(a.Start, a.End) }

// RootFields are the names of the fields that an operation begins with, each once.
func RootFields(o *operations.Operation) []string {
	var names []string
	for _, s := range o.AST.SelectionSet {
		if f, ok := s.(*ast.Field); ok && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Fault is a place where an operation does not fit an API.
type Fault struct {
	Kind FaultKind
	// Coordinate is what the API lacks, demands or has another type for, as far as the API goes: of "phone" in a User,
	// "User.phone".
	Coordinate string
	// Message says it in a few words.
	Message    string
	Document   *operations.Document
	Start, End int
	// Unseen says that Dgraph does not look there before it runs the operation: in a value that stands alone where a list
	// is expected. What it does not know there is lost without a word, or makes it fail in the middle.
	Unseen bool
}

// Span is the place of the fault in its file; see [operations.Document.Span].
func (f *Fault) Span() (at sdl.Span, exact bool) { return f.Document.Span(f.Start, f.End) }

// FaultKind is how an operation does not fit.
type FaultKind uint8

// The kinds. The zero FaultKind is invalid.
const (
	Unknown  FaultKind = iota + 1 // there is no such element
	Missing                       // what is required is left out
	Mismatch                      // the element has another type
)

// API is a generated API to hold operations against. It is not for concurrent use: it grows with what operations ask
// of it.
type API struct {
	*api.Schema
	types map[string]*known
	// forms is the API as the validator has it, as far as operations have asked.
	forms *ast.Schema
	// implementors are the objects of each interface and union.
	implementors map[string][]string
	directives   map[string]*api.Directive
}

// known is a type of the API with its elements by name.
type known struct {
	*api.Type
	fields map[string]*api.Field
	values map[string]*api.Value
	form   *ast.Definition
	shown  map[string]bool // the fields that form has
	// coordinates are those of its elements that some operation has asked for: most are asked for again and again.
	coordinates map[string]string
}

// coordinate is that of an element of the type.
func (k *known) coordinate(name string) string {
	c, ok := k.coordinates[name]
	if !ok {
		c = k.Name + "." + name
		k.coordinates[name] = c
	}
	return c
}

// composite reports whether the type's fields can be selected.
func (k *known) composite() bool {
	return k.Kind == sdl.Object || k.Kind == sdl.Interface || k.Kind == sdl.Union
}

// New makes an API ready for operations.
func New(s *api.Schema) *API {
	a := &API{
		Schema: s, types: map[string]*known{}, implementors: map[string][]string{}, directives: map[string]*api.Directive{},
		forms: &ast.Schema{
			Types: map[string]*ast.Definition{}, Directives: map[string]*ast.DirectiveDefinition{},
			PossibleTypes: map[string][]*ast.Definition{}, Implements: map[string][]*ast.Definition{},
		},
	}
	for _, t := range s.Types {
		switch t.Kind {
		case sdl.Object:
			a.implementors[t.Name] = append(a.implementors[t.Name], t.Name)
			for _, i := range t.Interfaces {
				a.implementors[i] = append(a.implementors[i], t.Name)
			}
		case sdl.Union:
			a.implementors[t.Name] = t.Members
		}
	}
	for _, d := range s.Directives {
		a.direct(d)
	}
	for _, d := range builtin {
		a.direct(d)
	}
	a.known(typename.Type.Name)
	a.forms.Query = a.root(s.Query)
	a.forms.Mutation = a.root(s.Mutation)
	a.forms.Subscription = a.root(s.Subscription)
	return a
}

func (a *API) root(t *api.Type) *ast.Definition {
	if len(t.Fields) == 0 {
		return nil
	}
	return a.known(t.Name).form
}

// known is the type of that name; nil when the API has none.
func (a *API) known(name string) *known {
	if k, ok := a.types[name]; ok {
		return k
	}
	t := cmp.Or(introspection[name], scalars[name], a.Schema.Type(name))
	if t == nil {
		a.types[name] = nil
		return nil
	}
	k := &known{Type: t, coordinates: map[string]string{}}
	a.types[name] = k
	a.shape(k)
	return k
}

// field is the field of that name, or nil.
func (a *API) field(k *known, name string) *api.Field {
	if k.fields == nil {
		k.fields = make(map[string]*api.Field, len(k.Fields))
		for _, f := range k.Fields {
			if k.fields[f.Name] == nil {
				k.fields[f.Name] = f
			}
		}
		if k.Type == a.Query {
			for _, f := range introspective {
				k.fields[f.Name] = f
			}
		}
	}
	f := k.fields[name]
	if f != nil && k.Kind != sdl.InputObject {
		k.show(f)
		a.known(f.Type.Named())
		a.hold(f.Type.Named())
	}
	return f
}

// value is the value of that name of an enum, or nil.
func (k *known) value(name string) *api.Value {
	if k.values == nil {
		k.values = make(map[string]*api.Value, len(k.Values))
		for _, v := range k.Values {
			k.values[v.Name] = v
		}
	}
	return k.values[name]
}
