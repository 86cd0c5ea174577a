package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
)

var enumValueRemoved = &Rule{
	ID:       "enum-value-removed",
	Severity: Error,
	Summary:  "An enum loses a value that nodes may hold.",
	Doc: Doc{
		Dgraph:   "Nothing: enums are stored as strings, and the string stays.",
		Clients:  "A stored value that is no member reads null with an error; where the field is non-null the node is lost, and a list of non-null elements reads null as a whole.",
		Before:   "type Shirt {\n  id: ID!\n  color: Color\n}\nenum Color { RED GREEN BLUE }\n",
		After:    "type Shirt {\n  id: ID!\n  color: Color\n}\nenum Color { RED BLUE }\n",
		Question: "How many nodes hold the removed value?",
		WaysOut: []string{
			"Keep the value and mark it @deprecated.",
			"Map the stored values to another member before the update.",
		},
		Reverse: "The old enum reads everything as before.",
	},
	judge: on(func(p *pass, c diff.EnumValueRemoved) *Finding {
		name := c.Value.Name.Text
		uses := p.usesOf(c.Before, c.After)
		f := &Finding{
			Coordinate: c.Before.Name + "." + name,
			Place:      onOwner(c.After),
			Previous:   c.Value.Name.Span.To(c.Value.Span),
			Impact:     Impact{API: APIBreaking, Data: DataInvalid},
			Reversible: true,
			Message:    fmt.Sprintf("%s loses the value %s", c.Before.Name, name),
			Fixes: []Fix{
				{"keep-and-deprecate", Directive, Safe, fmt.Sprintf("keep %s.%s and mark it @deprecated", c.Before.Name, name)},
				{"map-value", Migration, Review, fmt.Sprintf("map the stored %s to another member", name)},
			},
		}
		for _, u := range uses {
			f.Affects = append(f.Affects, u.Coordinate())
			f.Predicates = predicates(append(f.Predicates, u.Predicate)...)
		}
		if len(f.Predicates) == 0 {
			f.Impact.Data = DataNone
			f.Severity = Warning
			f.Fixes = f.Fixes[:1]
			f.Consequence = "No stored field uses the enum any more; clients that send or expect the value break."
			return f
		}
		f.Question = fmt.Sprintf("How many nodes hold %q under %s?", name, list(f.Predicates))
		f.Consequence = fmt.Sprintf("Stored values %s read null with an error in %s; where the field is non-null, the node is lost with them.", name, list(f.Affects))
		return f
	}),
}

// usesOf are the old fields of an enum or a union that go on to use it, those
// of interfaces once.
func (p *pass) usesOf(before, after *schema.Type) []*schema.Field {
	var fields []*schema.Field
	for _, t := range p.Before.Types {
		for _, f := range t.Fields {
			if f.Source != nil || f.Predicate == "" || f.Type().Named() != before.Name {
				continue
			}
			if a := p.Counterpart(f); a != nil && a.Type().Named() == after.Name {
				fields = append(fields, f)
			}
		}
	}
	return fields
}
