package validity

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// directive is what is known of a directive's definition.
type directive struct {
	arguments []string
	locations []string
	builtin   bool
}

// The places of a directive, as GraphQL names them.
const (
	onField    = "FIELD_DEFINITION"
	onArgument = "ARGUMENT_DEFINITION"
)

// builtinDirectives are name, arguments and places. Sources: directiveDefs and
// the prelude of Dgraph's GraphQL parser.
var builtinDirectives = []struct{ name, arguments, locations string }{
	{"hasInverse", "field", onField},
	{"search", "by", onField},
	{"embedding", "", onField},
	{"dgraph", "type pred", "OBJECT INTERFACE " + onField},
	{"id", "interface", onField},
	{"default", "add update", onField},
	{"withSubscription", "", "OBJECT INTERFACE " + onField},
	{"secret", "field pred", "OBJECT INTERFACE"},
	{"auth", "password query add update delete", "OBJECT INTERFACE"},
	{"custom", "http dql", onField},
	{"remote", "", "OBJECT INTERFACE UNION INPUT_OBJECT ENUM"},
	{"remoteResponse", "name", onField},
	{"cascade", "fields", "FIELD"},
	{"lambda", "", onField},
	{"lambdaOnMutate", "add update delete", "OBJECT INTERFACE"},
	{"cacheControl", "maxAge", "QUERY"},
	{"generate", "query mutation subscription", "OBJECT INTERFACE"},
	{"include", "if", "FIELD FRAGMENT_SPREAD INLINE_FRAGMENT"},
	{"skip", "if", "FIELD FRAGMENT_SPREAD INLINE_FRAGMENT"},
	{"deprecated", "reason", onField + " ENUM_VALUE"},
}

// federationDirectives are known when some type has @key. Source:
// apolloSchemaExtras.
var federationDirectives = []struct{ name, arguments, locations string }{
	{"external", "", onField},
	{"requires", "fields", onField},
	{"provides", "fields", onField},
	{"key", "fields", "OBJECT INTERFACE"},
	{"extends", "", "OBJECT INTERFACE"},
}

// knownDirectives are the built-in directives and the user's.
func (c *checker) knownDirectives() map[string]*directive {
	known := map[string]*directive{}
	builtin := builtinDirectives
	if c.federated {
		builtin = append(slices.Clone(builtin), federationDirectives...)
	}
	for _, d := range builtin {
		known[d.name] = &directive{strings.Fields(d.arguments), strings.Fields(d.locations), true}
	}
	for _, d := range c.schema.Source.Directives {
		if known[d.Name.Text] != nil {
			continue
		}
		own := &directive{}
		for _, a := range d.Arguments {
			own.arguments = append(own.arguments, a.Name.Text)
		}
		for _, l := range d.Locations {
			own.locations = append(own.locations, l.Text)
		}
		known[d.Name.Text] = own
	}
	return known
}

// directiveDefinitions checks the user's own directives.
func (c *checker) directiveDefinitions() {
	seen := map[string]bool{}
	for _, d := range c.schema.Source.Directives {
		name := d.Name.Text
		coordinate := "@" + name
		switch known := c.directives[name]; {
		case known.builtin:
			c.problem(d.Name.Span, coordinate, "@%s is a directive of Dgraph's own: leave out this definition or choose another name", name)
		case seen[name]:
			c.problem(d.Name.Span, coordinate, "@%s is defined more than once: keep one definition", name)
		}
		seen[name] = true
		c.reservedName(d.Name, coordinate)
		c.arguments(d.Arguments, coordinate, name)
	}
}

// typeDirectives checks where the directives of a type stand and which
// arguments they have.
func (c *checker) typeDirectives(t *schema.Type) {
	location := map[sdl.Kind]string{
		sdl.Scalar: "SCALAR", sdl.Object: "OBJECT", sdl.Interface: "INTERFACE",
		sdl.Union: "UNION", sdl.Enum: "ENUM", sdl.InputObject: "INPUT_OBJECT",
	}[t.Kind]
	c.uses(t.Definition.Directives, location, t.Name, "")
}

// uses checks the directives of one element. The inside is the directive whose
// definition they are in, or empty. Source: validateDirectives.
func (c *checker) uses(directives []*sdl.Directive, location, coordinate, inside string) {
	for _, d := range directives {
		name := d.Name.Text
		known := c.directives[name]
		switch {
		case strings.HasPrefix(name, "__"):
			c.reservedName(d.Name, coordinate)
			continue
		case name == inside:
			c.problem(d.Span, coordinate, "@%s is used in its own definition", name)
			continue
		case known == nil && isFederation(name):
			c.problem(d.Name.Span, coordinate, "@%s belongs to Apollo federation, which needs at least one type with @key: the schema has none", name)
			continue
		case known == nil:
			c.problem(d.Name.Span, coordinate, "there is no directive @%s%s", clip(name), c.nearestDirective(name))
			continue
		case !slices.Contains(known.locations, location):
			c.problem(d.Name.Span, coordinate, "@%s cannot stand on %s: it belongs on %s", name, place(location), places(known.locations))
		}
		for _, a := range d.Arguments {
			if slices.Contains(known.arguments, a.Name.Text) {
				continue
			}
			takes := "it takes none"
			if len(known.arguments) > 0 {
				takes = "it takes " + allOf(known.arguments)
			}
			c.problem(a.Name.Span, coordinate, "@%s has no argument %q: %s%s", name, clip(a.Name.Text), takes, nearest(a.Name.Text, known.arguments))
		}
	}
}

func isFederation(name string) bool {
	for _, d := range federationDirectives {
		if d.name == name {
			return true
		}
	}
	return false
}

// place is the place of a directive in words.
func place(location string) string {
	switch location {
	case "OBJECT":
		return "an object type"
	case "INTERFACE":
		return "an interface"
	case "UNION":
		return "a union"
	case "ENUM":
		return "an enum"
	case "INPUT_OBJECT":
		return "an input"
	case "SCALAR":
		return "a scalar"
	case onField:
		return "a field"
	case onArgument:
		return "an argument"
	case "ENUM_VALUE":
		return "an enum value"
	case "INPUT_FIELD_DEFINITION":
		return "a field of an input"
	case "SCHEMA":
		return "the schema block"
	}
	return "operations that clients send"
}

func places(locations []string) string {
	var names []string
	for _, l := range locations {
		if p := place(l); !slices.Contains(names, p) {
			names = append(names, p)
		}
	}
	return oneOf(names)
}

// reservedName refuses a name that GraphQL keeps for introspection.
func (c *checker) reservedName(name sdl.Name, coordinate string) {
	if strings.HasPrefix(name.Text, "__") {
		c.problem(name.Span, coordinate, "the name %q begins with two underscores, which GraphQL keeps for introspection", clip(name.Text))
	}
}
