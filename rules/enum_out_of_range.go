package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var enumOutOfRange = &Rule{
	ID:       "enum-out-of-range",
	Severity: Error,
	Summary:  "Stored values are no members of the field's enum.",
	Doc: Doc{
		Dgraph: "It stores enums as strings. Only GraphQL mutations know the members; what an older schema, a loader or a DQL mutation " +
			"stored stays.",
		Clients: "Such a value reads null with an error. Where the field is non-null the node is lost, and a list of non-null elements " +
			"reads null as a whole: that is an error. Elsewhere only the value is lost, and that is a warning.",
		After: "type Shirt {\n  id: ID!\n  color: Color!\n}\nenum Color { RED BLUE }\n",
		Data:  "_:a <dgraph.type> \"Shirt\" .\n_:a <Shirt.color> \"RED\" .\n_:b <dgraph.type> \"Shirt\" .\n_:b <Shirt.color> \"GREEN\" .\n",
		Query: `{ queryShirt { color } }`,
		Answer: `{
  "errors": [{"message": "Error coercing value '\"GREEN\"' for field 'color' to type Color."}],
  "data": {"queryShirt": [null, {"color": "RED"}]}
}`,
		Question: "How many nodes hold a value that is no member?",
		WaysOut: []string{
			"Add the values to the enum.",
			"Map the stored values to members.",
		},
	},
	audit: func(a *audit) []*Finding {
		return a.eachReadable(func(f *schema.Field) *Finding {
			enum := a.Type(f.Type().Named())
			if enum == nil || enum.Kind != sdl.Enum {
				return nil
			}
			about := aboutField(f)
			about.Severity = Warning
			about.Message = fmt.Sprintf("values of %s must be members of %s", f.Coordinate(), enum.Name)
			about.Consequence = "Every other value reads null, with an error."
			switch t := f.Type(); {
			case t.List() && t.Elem.NonNull:
				about.Severity = Error
				about.Consequence = "Every other value makes its whole list null, with an error."
			case t.NonNull && !t.List():
				about.Severity = Error
				about.Consequence = "Every other value makes its whole node null, with an error."
			}
			about.Question = fmt.Sprintf("How many nodes hold a value under %s that is no member of %s?", storedAs(f), enum.Name)
			about.Fixes = []Fix{migration("map-value", Review, "map the stored values to members of "+enum.Name).by(mappingAny(a.Schema, f))}
			about.ask(dql.Outside(valuesOf(f, f.Owner), targetOf(a.Schema, f).Enum...))
			return about
		})
	},
}
