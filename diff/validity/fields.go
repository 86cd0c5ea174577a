package validity

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// writtenFields checks what the author wrote: names, types that exist,
// arguments and directives. Fields that a type inherits were checked at the
// interface; what a type writes over an inherited field is lost on Dgraph, and
// only its type counts (see implements). Source: validateDefinition.
func (c *checker) writtenFields(t *schema.Type) {
	first := make(map[string]bool, len(t.Definition.Fields))
	replaced := map[*sdl.Field]bool{}
	for _, f := range t.Fields {
		if f.Written != nil && f.Definition != f.Written {
			replaced[f.Written] = true
		}
	}
	for _, f := range t.Definition.Fields {
		coordinate := t.Name + "." + f.Name.Text
		if first[f.Name.Text] {
			c.problem(f.Name.Span, coordinate, "%s is declared more than once", coordinate)
		}
		first[f.Name.Text] = true
		if replaced[f] {
			continue
		}
		c.reservedName(f.Name, coordinate)
		if name := f.Type.Named(); c.kind(name) == 0 {
			c.problem(f.Type.Span, coordinate, "%s has the type %q, which does not exist%s", coordinate, clip(name), c.nearestType(name))
		}
		c.arguments(f.Arguments, coordinate, "")
		c.uses(f.Directives, onField, coordinate, "")
	}
}

// arguments checks argument definitions of a field or, inside being its name,
// of a directive. Source: validateArgs.
func (c *checker) arguments(inputs []*sdl.Input, coordinate, inside string) {
	for _, a := range inputs {
		at := coordinate + "(" + a.Name.Text + ":)"
		c.reservedName(a.Name, at)
		switch k := c.kind(a.Type.Named()); k {
		case sdl.Scalar, sdl.Enum, sdl.InputObject:
		case 0:
			c.problem(a.Type.Span, at, "the argument %s of %s has the type %q, which does not exist%s", a.Name.Text, coordinate, clip(a.Type.Named()), c.nearestType(a.Type.Named()))
		default:
			c.problem(a.Type.Span, at, "the argument %s of %s has the type %s, which is %s: arguments are scalars, enums or inputs", a.Name.Text, coordinate, a.Type.Named(), kindName(k))
		}
		c.uses(a.Directives, onArgument, at, inside)
	}
}

// fieldKind checks that the type is of a kind that the field can have.
func (c *checker) fieldKind(f *schema.Field) {
	k := c.kind(f.Type().Named())
	if f.Owner.Kind == sdl.InputObject {
		if k != sdl.Scalar && k != sdl.Enum && k != sdl.InputObject {
			c.problem(f.Type().Span, f.Coordinate(), "%s has the type %s, which is %s: fields of an input are scalars, enums or inputs", f.Coordinate(), f.Type().Named(), kindName(k))
		}
		return
	}
	if k == sdl.InputObject {
		c.problem(f.Type().Span, f.Coordinate(), "%s has the type %s, which is an input: inputs are for arguments only", f.Coordinate(), f.Type().Named())
	}
}

// fieldName refuses reserved names. Source: fieldNameCheck.
func (c *checker) fieldName(f *schema.Field) {
	span := f.Definition.Name.Span
	switch {
	case reservedWord(f.Name):
		c.problem(span, f.Coordinate(), "%q is a reserved name: choose another one for the field %s, and keep stored data with @dgraph(pred:)", f.Name, f.Coordinate())
	case strings.HasSuffix(f.Name, "Aggregate"):
		c.problem(span, f.Coordinate(), "the name of %s ends in \"Aggregate\", which Dgraph keeps for the fields that it generates", f.Coordinate())
	}
}

// fieldList refuses lists that Dgraph cannot store, in every kind of type.
// Sources: listValidityCheck, isValidFieldForList.
func (c *checker) fieldList(f *schema.Field) {
	if !f.Type().List() {
		return
	}
	if f.Type().Elem.List() {
		c.problem(f.Type().Span, f.Coordinate(), "%s is a list of lists: only simple lists are possible", f.Coordinate())
	}
	if name := f.Type().Named(); name == "ID" || name == "Boolean" {
		c.problem(f.Type().Span, f.Coordinate(), "%s is a list of %s, which Dgraph does not have: use another type of item", f.Coordinate(), name)
	}
}

// reservedArguments refuses the names of arguments that Dgraph adds. Source:
// fieldArgumentCheck.
func (c *checker) reservedArguments(f *schema.Field) {
	if f.Owner.Root() || f.Owner.Remote {
		return
	}
	for _, a := range f.Definition.Arguments {
		switch a.Name.Text {
		case "first", "offset", "filter", "order":
			c.problem(a.Name.Span, f.Coordinate()+"("+a.Name.Text+":)", "Dgraph keeps the argument name %s for itself: choose another one on %s", a.Name.Text, f.Coordinate())
		}
	}
}

// subscription checks @withSubscription on fields. Source:
// fieldDirectiveCheck.
func (c *checker) subscription(f *schema.Field) {
	d := f.Directive("withSubscription")
	if d == nil {
		return
	}
	if f.Owner.Name != "Query" {
		c.problem(d.Span, f.Coordinate(), "@withSubscription cannot stand on %s: it belongs on types, and on queries with @custom(dql:)", f.Coordinate())
		return
	}
	if custom := f.Directive("custom"); custom != nil && custom.Arg("dql") == nil {
		c.problem(d.Span, f.Coordinate(), "%s has @withSubscription, which works for queries with @custom(dql:) only", f.Coordinate())
	}
}

// embedding checks @embedding. Source: embeddingValidation, which compares the
// type of the items without regard to case.
func (c *checker) embedding(f *schema.Field, d *sdl.Directive) {
	t := f.Type()
	if !t.List() || !strings.EqualFold(t.Elem.Name, "Float") || !t.Elem.NonNull {
		c.problem(d.Span, f.Coordinate(), "%s has @embedding and the type %s: embeddings have the type [Float!]", f.Coordinate(), t)
	}
}

// id checks @id. Source: idValidation.
func (c *checker) id(f *schema.Field, d *sdl.Directive) {
	switch f.Type().Name {
	case "String", "Int", "Int64":
	default:
		c.problem(d.Span, f.Coordinate(), "%s has @id and the type %s: ids have the type String, Int or Int64", f.Coordinate(), f.Type())
		return
	}
	if v := f.Directive("id").Arg("interface"); f.Owner.Kind != sdl.Interface && c.source(f.Owner, f.Name) == nil && v != nil && v.Kind == sdl.BooleanValue && v.Raw == "true" {
		c.problem(v.Span, f.Coordinate(), "%s has @id(interface: true), which is for fields of interfaces only", f.Coordinate())
	}
}
