// Package sdl reads GraphQL schema files and remembers where every byte came
// from.
//
// It knows the grammar of the schema language and nothing of what Dgraph makes
// of it: whether a directive exists, what it means and where it may stand are
// questions for package schema.
package sdl

// Schema is what one or more files declare, in the order in which they declare
// it. It is immutable once parsed.
type Schema struct {
	// Files are the sources in the order in which they were merged. Never
	// empty for a schema made by Parse or Load, except for the empty schema.
	Files []*File
	// Definitions are the types in order of appearance. Extensions stand among
	// them with Extend set.
	Definitions []*Definition
	// Directives are the directive definitions.
	Directives []*DirectiveDefinition
	// Roots are the `schema { ... }` blocks, extensions included.
	Roots []*RootDefinition
	// Meta are the comment lines that Dgraph reads as settings.
	Meta []*Meta
	// Comments are all comments in order of appearance, Meta lines among them.
	Comments []Comment
}

// Name is an identifier and its place.
type Name struct {
	Text string
	Span Span
}

// Kind is the kind of a type definition.
type Kind uint8

// The kinds, named as in the GraphQL specification. The zero Kind is invalid.
const (
	Scalar Kind = iota + 1
	Object
	Interface
	Union
	Enum
	InputObject
)

// Keyword is the word that introduces a definition of this kind: "type" for
// Object, "input" for InputObject.
func (k Kind) Keyword() string {
	switch k {
	case Scalar:
		return "scalar"
	case Object:
		return "type"
	case Interface:
		return "interface"
	case Union:
		return "union"
	case Enum:
		return "enum"
	case InputObject:
		return "input"
	}
	return "definition"
}

// Definition is a type definition or a type extension.
type Definition struct {
	Kind   Kind
	Extend bool
	Name   Name
	// Description is nil when there is none.
	Description *Description
	// Interfaces are the names after "implements". Only objects have them:
	// Dgraph's parser knows no interface that implements another.
	Interfaces []Name
	Directives []*Directive
	// Fields are those of an object, interface or input object.
	Fields []*Field
	// Values are those of an enum.
	Values []*EnumValue
	// Members are those of a union.
	Members []Name
	// Span reaches from the description, or else the first keyword, to the end.
	Span Span
}

// Field is a field of an object, an interface or an input object.
type Field struct {
	Name        Name
	Description *Description
	Arguments   []*Input
	Type        *Type
	// Default is the default value of a field of an input object, or nil.
	Default    *Value
	Directives []*Directive
	// Span reaches from the description, or else the name, to the end of the
	// last directive.
	Span Span
}

// Input is an argument definition.
type Input struct {
	Name        Name
	Description *Description
	Type        *Type
	// Default is nil when there is none.
	Default    *Value
	Directives []*Directive
	Span       Span
}

// EnumValue is a member of an enum.
type EnumValue struct {
	Name        Name
	Description *Description
	Directives  []*Directive
	Span        Span
}

// Description is a string before a definition.
type Description struct {
	// Text is the value of the string: unescaped, block strings dedented.
	Text string
	Span Span
}

// Type is a reference to a type: a name, or a list of Elem when Elem is not
// nil.
type Type struct {
	Name    string // empty for a list
	Elem    *Type
	NonNull bool
	Span    Span
}

// Named is the innermost type's name.
func (t *Type) Named() string {
	for t.Elem != nil {
		t = t.Elem
	}
	return t.Name
}

// List reports whether t is a list.
func (t *Type) List() bool { return t.Elem != nil }

// String is t as GraphQL writes it: "[String!]!".
func (t *Type) String() string {
	s := t.Name
	if t.Elem != nil {
		s = "[" + t.Elem.String() + "]"
	}
	if t.NonNull {
		s += "!"
	}
	return s
}

// Directive is the use of a directive.
type Directive struct {
	Name Name // without the "@"; its Span too is that of the name alone
	// Arguments is empty, not nil-able: `@auth` and `@auth()` are told apart
	// by Parens only.
	Arguments []*Argument
	// Parens is the span of the argument list with its parentheses, zero when
	// there is none. `@auth()` has an empty one: Dgraph accepts that.
	Parens Span
	// Span reaches from the "@" to the end.
	Span Span
}

// Argument is a named value in a directive or an object value.
type Argument struct {
	Name  Name
	Value *Value
	Span  Span
}

// ValueKind is the kind of a literal.
type ValueKind uint8

// The kinds of literals. The zero ValueKind is invalid.
const (
	IntValue ValueKind = iota + 1
	FloatValue
	StringValue
	BlockValue
	BooleanValue
	NullValue
	EnumLiteral
	ListValue
	ObjectValue
)

// Value is a literal.
type Value struct {
	Kind ValueKind
	// Raw is the literal without quotes and unescaped; empty for lists and
	// objects.
	Raw string
	// List holds the items of a list, Fields those of an object.
	List   []*Value
	Fields []*Argument
	Span   Span
}

// Field is the first field of an object value with that name, or nil: also for
// a nil v and for a v that is no object.
func (v *Value) Field(name string) *Value {
	if v == nil {
		return nil
	}
	for _, f := range v.Fields {
		if f.Name.Text == name {
			return f.Value
		}
	}
	return nil
}

// DirectiveDefinition is `directive @name(...) on LOCATION | ...`.
type DirectiveDefinition struct {
	Name        Name
	Description *Description
	Arguments   []*Input
	Locations   []Name
	Span        Span
}

// RootDefinition is `schema { query: Query ... }`.
type RootDefinition struct {
	Extend     bool
	Directives []*Directive
	Operations []RootOperation
	Span       Span
}

// RootOperation is one line of a RootDefinition.
type RootOperation struct {
	Operation Name // query, mutation or subscription
	Type      Name
}

// Comment is one comment, from the "#" to the end of its line.
type Comment struct {
	Text string // with the "#"
	Span Span
}

// Lookup finds directives by name.
func Lookup(directives []*Directive, name string) *Directive {
	for _, d := range directives {
		if d.Name.Text == name {
			return d
		}
	}
	return nil
}

// Arg is the value of the first argument with that name, or nil: also for a
// nil d.
func (d *Directive) Arg(name string) *Value {
	if d == nil {
		return nil
	}
	for _, a := range d.Arguments {
		if a.Name.Text == name {
			return a.Value
		}
	}
	return nil
}
