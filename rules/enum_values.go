package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var enumValueRemoved = &Rule{
	ID:       "enum-value-removed",
	Severity: Error,
	Summary:  "An enum loses a value, or renames one, that nodes may hold.",
	Doc: Doc{
		Dgraph:  "Nothing: enums are stored as strings, and the string stays, whatever the value is called now.",
		Clients: "A stored value that is no member reads null with an error; where the field is non-null the node is lost, and a list of non-null elements reads null as a whole.",
		Before:  "type Shirt {\n  id: ID!\n  color: Color\n}\nenum Color { RED GREEN BLUE }\n",
		After:   "type Shirt {\n  id: ID!\n  color: Color\n}\nenum Color { RED BLUE }\n",
		Query:   `{ queryShirt { color } }`,
		Answer: `{
  "errors": [{"message": "Error coercing value '\"GREEN\"' for field 'color' to type Color."}],
  "data": {"queryShirt": [{"color": "RED"}, {"color": null}]}
}`,
		Question: "How many nodes hold the removed value?",
		WaysOut: []string{
			"Keep the value and mark it @deprecated.",
			"Map the stored values to another member before the update; for a renamed one, that is its new name.",
		},
		Reverse: "The old enum reads everything as before.",
	},
	judge: func(p *pass, c diff.Change) *Finding {
		switch c := c.(type) {
		case diff.EnumValueRemoved:
			return p.valueRemoved(c)
		case diff.EnumValueRenamed:
			return p.valueRenamed(c)
		}
		return nil
	},
}

func (p *pass) valueRemoved(c diff.EnumValueRemoved) *Finding {
	name := c.Value.Name.Text
	f := p.valueGone(c.Before, c.After, c.Value)
	f.Message = fmt.Sprintf("%s loses the value %s", c.Before.Name, name)
	f.Fixes = directive("keep-and-deprecate", Safe, fmt.Sprintf("keep %s.%s and mark it @deprecated", c.After.Name, name),
		p.edits.KeepValue(c.Before, c.After, c.Value))
	if len(f.Predicates) > 0 {
		f.Fixes = append(f.Fixes, migration("map-value", Review, fmt.Sprintf("map the stored %s to another member", name)).by(p.mapping(c.Before, c.After, name)))
	}
	return f
}

// valueRenamed is about stored values of the old name, which mean something
// else when another value goes by it now.
func (p *pass) valueRenamed(c diff.EnumValueRenamed) *Finding {
	from, to := c.From.Name.Text, c.To.Name.Text
	f := p.valueGone(c.Before, c.After, c.From)
	f.To = c.After.Name + "." + to
	f.Place = Place{AnchorSelf, c.To.Name.Span.To(c.To.Span)}
	f.Confidence, f.Reasons = string(c.Confidence), c.Reasons
	f.Message = fmt.Sprintf("%s is renamed to %s", f.Coordinate, to)
	if c.Confidence == diff.Likely {
		f.Message = fmt.Sprintf("%s looks renamed to %s", f.Coordinate, to)
	}
	keep := directive("keep-and-deprecate", Safe, fmt.Sprintf("keep %s beside %s.%s and mark it @deprecated", from, c.After.Name, to),
		p.edits.KeepValue(c.Before, c.After, c.From))
	change := migration("map-value", Review, fmt.Sprintf("map the stored %s to %s", from, to)).by(p.mapping(c.Before, c.After, from, from+"="+to))
	taken := slices.Contains(members(c.After), from)
	if slices.Contains(members(c.Before), to) {
		// A stored value of that name means something else, before it is mapped and for as long as the old schema is served.
		change.Title += fmt.Sprintf(", in two updates by way of a name that is new: %s is stored for something else", to)
		change = change.by(impossible("%s is stored for something else already, and the two could not be told apart; rename %s to a name "+
			"that neither schema has, deploy that, and rename it to %s in a later update", to, f.Coordinate, to))
	}
	switch stored := len(f.Predicates) > 0; {
	case taken && stored:
		f.Fixes = []Fix{change}
		f.Consequence = fmt.Sprintf("Stored values %s stay as they are and read as %s in %s, which means something else now.", from, from, list(f.Affects))
	case taken:
	case stored:
		f.Fixes = append(keep, change)
	default:
		f.Fixes = keep
	}
	return f
}

// valueGone is a finding about an old value that the new enum does not have, or
// not as the same one.
func (p *pass) valueGone(before, after *schema.Type, value *sdl.EnumValue) *Finding {
	name := value.Name.Text
	f := &Finding{
		Coordinate: before.Name + "." + name,
		Place:      onOwner(after),
		Previous:   value.Name.Span.To(value.Span),
		Impact:     Impact{API: APIBreaking, Data: DataInvalid},
		Reversible: true,
	}
	var questions []dql.Question
	for _, u := range p.usesOf(before, after) {
		f.Affects = append(f.Affects, u.Coordinate())
		f.Predicates = predicates(append(f.Predicates, u.Predicate)...)
		questions = append(questions, dql.Unfit(valuesOf(u, u.Owner), holds(name)))
	}
	f.inquiry = &inquiry{questions: questions, sum: largest}
	if len(f.Predicates) == 0 {
		f.inquiry = nil
		f.Impact = Impact{API: APINone, Data: DataNone} // what is left for clients, the contract says
		f.Severity = Warning
		f.Consequence = "No stored field uses the enum any more; operations that send the value elsewhere are refused."
		return f
	}
	f.Question = fmt.Sprintf("How many nodes hold %q under %s?", name, list(f.Predicates))
	f.Consequence = fmt.Sprintf("Stored values %s read null with an error in %s; where the field is non-null, the node is lost with them.", name, list(f.Affects))
	return f
}

// holds judges values by whether they are that one.
func holds(text string) dql.Judge {
	return func(v dql.Value) (string, bool) {
		if v.Data == text {
			return text, false
		}
		return "", true
	}
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
