package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

var deprecated = &Rule{
	ID:       "deprecated",
	Severity: Info,
	Summary:  "@deprecated came, went or has another reason.",
	Doc: Doc{
		Dgraph:   "Nothing: the directive is shown to clients and changes nothing else.",
		Clients:  "Tools warn about uses of the element, or stop to.",
		Before:   "type User {\n  id: ID!\n  name: String\n  nick: String\n}\n",
		After:    "type User {\n  id: ID!\n  name: String\n  nick: String @deprecated(reason: \"use name\")\n}\n",
		Question: "None.",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  "Nothing is lost.",
	},
	judge: on(func(p *pass, c diff.DeprecationChanged) *Finding {
		b, a := c.Before.Directive("deprecated"), c.After.Directive("deprecated")
		f := aboutElement(c.Before, c.After)
		f.Addition = true
		f.Place = onDirective(c.After, "deprecated")
		f.Consequence = "Clients see it in the documentation; nothing else changes."
		switch name := c.Before.Coordinate(); {
		case b == nil:
			f.Message = name + " is deprecated" + reason(a)
		case a == nil:
			f.Message = name + " is no longer deprecated"
		default:
			f.Message = name + " is deprecated with another reason" + reason(a)
		}
		return f
	}),
}

// reason is why something is deprecated, with a colon before it; empty when
// that is not said.
func reason(d *sdl.Directive) string {
	if v := d.Arg("reason"); v != nil {
		return fmt.Sprintf(": %q", v.Raw)
	}
	return ""
}

var descriptionChanged = &Rule{
	ID:       "description-changed",
	Severity: Info,
	Summary:  "A description came, went or is another.",
	Doc: Doc{
		Dgraph:   "Nothing: descriptions are shown to clients and change nothing else.",
		Clients:  "They read another text in the documentation.",
		Before:   "type User {\n  id: ID!\n  name: String\n}\n",
		After:    "\"\"\"Who uses the program.\"\"\"\ntype User {\n  id: ID!\n  name: String\n}\n",
		Question: "None.",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  "Nothing is lost.",
	},
	judge: on(func(p *pass, c diff.DescriptionChanged) *Finding {
		f := aboutElement(c.Before, c.After)
		f.Addition = true
		f.Message = c.Before.Coordinate() + " has another description"
		switch {
		case c.Before.Description() == nil:
			f.Message = c.Before.Coordinate() + " gets a description"
		case c.After.Description() == nil:
			f.Message = c.Before.Coordinate() + " loses its description"
		}
		f.Consequence = "Clients see it in the documentation; nothing else changes."
		return f
	}),
}
