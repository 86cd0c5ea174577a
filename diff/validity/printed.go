package validity

import (
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// rewritten checks what gets lost when Dgraph prints the schema with its API
// and reads it again: descriptions are printed as they are, strings with Go's
// escapes. Source: Stringify.
func (c *checker) rewritten() {
	for _, t := range c.schema.Types {
		c.description(t.Definition.Description, t.Name)
		if t.Kind != sdl.Enum {
			c.strings(t.Definition.Directives, t.Name)
		}
		for _, f := range t.Fields {
			// A copy of an interface's field has no description.
			if f.Written != nil {
				c.description(f.Definition.Description, f.Coordinate())
			}
			c.strings(f.Definition.Directives, f.Coordinate())
		}
		c.printedValues(t)
	}
}

// printedValues checks the values of an enum.
func (c *checker) printedValues(t *schema.Type) {
	if t.Kind != sdl.Enum || len(t.Definition.Values) == 0 {
		return
	}
	printed := false
	for _, v := range t.Definition.Values {
		if !strings.HasPrefix(v.Name.Text, "__") {
			printed = true
			c.description(v.Description, t.Name+"."+v.Name.Text)
		}
	}
	if !printed {
		c.problem(t.Definition.Name.Span, t.Name, "all values of the enum %s begin with two underscores, which GraphQL keeps for introspection", t.Name)
	}
}

// description refuses a text that is no block string without escapes.
func (c *checker) description(d *sdl.Description, coordinate string) {
	if d == nil || d.Text == "" || !strings.ContainsFunc(d.Text, delicate) {
		return
	}
	text := `"""` + d.Text + "\"\"\"\ntype T { f: Int }"
	if _, err := sdl.Parse(&sdl.File{Name: "description", Text: text}); err != nil {
		c.problem(d.Span, coordinate, "the description of %s ends in a quote or backslash, or contains three quotes or control characters: Dgraph copies it without escapes and then cannot read it", coordinate)
	}
}

func delicate(r rune) bool {
	return r == '"' || r == '\\' || r < ' ' && r != '\n' && r != '\t' || r == '\ufffd'
}

// printedDirectives are those that Dgraph prints. Source: directiveValidators.
var printedDirectives = map[string]bool{
	"hasInverse": true, "search": true, "embedding": true, "dgraph": true, "id": true, "withSubscription": true,
	"secret": true, "auth": true, "custom": true, "remote": true, "deprecated": true, "lambda": true, "default": true,
	"lambdaOnMutate": true, "generate": true, "key": true, "extends": true, "external": true, "requires": true,
	"provides": true, "remoteResponse": true,
}

// strings refuses strings whose printed form GraphQL does not read.
func (c *checker) strings(directives []*sdl.Directive, coordinate string) {
	for _, d := range directives {
		if !printedDirectives[d.Name.Text] {
			continue
		}
		for _, a := range d.Arguments {
			c.printedValue(a.Value, d.Name.Text, coordinate)
		}
	}
}

func (c *checker) printedValue(v *sdl.Value, directive, coordinate string) {
	switch v.Kind {
	case sdl.StringValue, sdl.BlockValue:
		if !printable(v.Raw) {
			c.problem(v.Span, coordinate, "the string in @%s on %s has characters that Dgraph cannot print and read again: remove control characters and what is no text", directive, coordinate)
		}
	case sdl.ListValue, sdl.ObjectValue:
		for _, child := range children(v) {
			c.printedValue(child, directive, coordinate)
		}
	}
}

// printable reports whether GraphQL reads what Go prints for the string: Go
// has escapes that GraphQL does not know.
func printable(s string) bool {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return true
	}
	quoted := strconv.Quote(s)
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		i++
		switch quoted[i] {
		case 'a', 'v', 'x', 'U':
			return false
		}
	}
	return true
}
