package validity

import (
	"strconv"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// defaults checks @default. Source: defaultDirectiveValidation.
func (c *checker) defaults(f *schema.Field, d *sdl.Directive) {
	typeName := f.Type().Named()
	refuse := func(format string, args ...any) {
		c.problem(d.Span, f.Coordinate(), "%s has @default, but "+format, append([]any{f.Coordinate()}, args...)...)
	}
	switch {
	case f.Owner.Remote:
		refuse("%s is a @remote type, of which nothing is stored", f.Owner.Name)
		return
	case schema.Scalar(typeName) == "" && c.kind(typeName) != sdl.Enum:
		refuse("its type %s is %s: only scalars and enums have defaults", typeName, kindName(c.kind(typeName)))
		return
	case f.Type().List():
		refuse("its type %s is a list: only single values have defaults", f.Type())
		return
	case f.Has("id"):
		refuse("it has @id, and a default would not be unique")
		return
	case typeName == "ID":
		refuse("Dgraph itself fills fields of type ID")
		return
	case f.Computed():
		refuse("it is computed by @custom or @lambda")
		return
	}
	for _, a := range d.Arguments {
		v := a.Value.Field("value")
		if v == nil {
			c.problem(a.Value.Span, f.Coordinate(), "the argument %s of @default on %s has no value, and Dgraph crashes on that: write %s: {value: \"...\"}", a.Name.Text, f.Coordinate(), a.Name.Text)
			continue
		}
		ok := true
		switch typeName {
		case "Int":
			_, err := strconv.ParseInt(v.Raw, 10, 64)
			ok = err == nil
		case "Float":
			_, err := strconv.ParseFloat(v.Raw, 64)
			ok = err == nil
		case "Boolean":
			ok = v.Raw == "true" || v.Raw == "false"
		}
		if !ok || v.Raw == "$now" && typeName != "DateTime" {
			c.problem(v.Span, f.Coordinate(), "the default %q of %s is no value of the type %s", clip(v.Raw), f.Coordinate(), typeName)
		}
	}
}
