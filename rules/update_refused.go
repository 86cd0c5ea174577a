package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes"
)

var updateRefused = &Rule{
	ID:       "update-refused",
	Severity: Error,
	Summary:  "Dgraph accepts the text of the new schema and then refuses to alter the stored one.",
	Doc: Doc{
		Dgraph: "It saves and serves the new GraphQL schema first and alters the stored one afterwards. When the alter is " +
			"refused, the answer is an error, but the new API stays, over the old storage. Refused are: a list that becomes " +
			"one value (even without any data), a value that becomes a reference and back, a predicate that becomes a " +
			"password and back, [Float!] that gets @embedding, and, before anything is saved, two types on one stored type.",
		Clients: "Fields read null with errors such as \"A list was returned, but GraphQL was expecting just one item\", and writes go to storage of the old form.",
		Before:  "type Post {\n  id: ID!\n  tags: [String]\n}\n",
		After:   "type Post {\n  id: ID!\n  tags: String\n}\n",
		Query:   `{ queryPost { tags } }`,
		Answer: `{
  "errors": [{"message": "A list was returned, but GraphQL was expecting just one item ..."}],
  "data": {"queryPost": [{"tags": null}]}
}`,
		Question: "Does the predicate hold data, and how many values does each node have?",
		WaysOut: []string{
			"Give the new field a predicate of its own with @dgraph(pred:) and fill it from the old one.",
			"In place: copy the chosen values aside, drop the predicate, apply the schema, copy them back.",
		},
		Reverse: "Applying the old schema again repairs the mix; the stored data was not touched.",
	},
	judge: on(func(p *pass, c diff.PredicateRefused) *Finding {
		name := c.Before.Stored()
		f := &Finding{
			Predicates: []string{name},
			Impact:     Impact{APIBreaking, StorageRefused, DataInvalid},
			Reversible: true,
			Question:   "Does " + name + " hold data?",
			Consequence: "The update fails halfway: the new API is served over the old storage, and " + name +
				" cannot be read through it until the old schema is applied again.",
		}
		f.ask(dql.Values(anyValues(name)))
		p.aboutRefused(f, c)
		before, after := name, name
		if c.FieldBefore != nil {
			before = fmt.Sprintf("%s: %s", c.FieldBefore.Coordinate(), written(c.FieldBefore))
		}
		if c.FieldAfter != nil {
			after = written(c.FieldAfter)
		}
		if c.FieldBefore != nil && c.FieldAfter != nil && written(c.FieldBefore) == after {
			before += " (" + p.Before.Kind(c.FieldBefore.Type().Named()).Keyword() + ")"
			after += " (" + p.After.Kind(c.FieldAfter.Type().Named()).Keyword() + ")"
		}
		if p.takesOver(c) {
			before = fmt.Sprintf("the predicate %s of %s", name, before)
			after = fmt.Sprintf("that of %s: %s", c.FieldAfter.Coordinate(), after)
		}
		switch c.Refusal {
		case diff.ListToSingle:
			f.Question = "Does " + name + " hold data, and how many values does each node have?"
			f.Message = fmt.Sprintf("%s becomes %s: Dgraph never turns a list into a single value, even when nothing is stored", before, after)
			f.ask(dql.Several(anyValues(name)))
			f.inquiry.sum = histogram(perNode)
		case diff.ValueToReference:
			f.Message = fmt.Sprintf("%s becomes %s: Dgraph refuses to turn %s once %s held data", before, after, turning(c), name)
			// Values that were deleted leave traces for which Dgraph refuses too.
			f.inquiry.clean = func(f *Finding) { f.Severity = Warning }
		case diff.ToPassword:
			f.Message = fmt.Sprintf("%s becomes a @secret: Dgraph never turns an existing predicate into a password", before)
		case diff.FromPassword:
			f.Message = fmt.Sprintf("the @secret stored as %s becomes a field: Dgraph never turns a password into another type", name)
		case diff.ToEmbedding:
			f.Message = fmt.Sprintf("%s gets @embedding: Dgraph stores a vector as one value and refuses to turn the list into it", before)
			f.Impact.Data = DataNone
			f.Consequence = "The update fails halfway: the new API is served over the old storage, where " + name +
				" still reads as a list and similarity queries fail, until the old schema is applied again."
		}
		f.Fixes = directive("new-predicate", Review, "give the field a new predicate with @dgraph(pred:) and fill it from "+name, p.newPredicate(c))
		if c.Refusal == diff.ListToSingle || c.Refusal == diff.ValueToReference {
			f.Fixes = append(f.Fixes, migration("replace-in-place", Destructive, "stage the values, drop "+name+", apply the schema, restore").by(p.replacing(c)))
		}
		return f
	}),
}

// newPredicate leaves the predicate to what the old schema has there.
func (p *pass) newPredicate(c diff.PredicateRefused) fixes.Patch {
	switch {
	case c.FieldAfter != nil && len(c.After.Secrets) > 0:
		return fixes.Patch{} // both would have to go elsewhere
	case c.FieldAfter != nil:
		return p.edits.NewPredicate(append([]*schema.Field{c.FieldAfter}, c.After.Fields...)...)
	case c.TypeAfter != nil:
		return p.edits.NewSecretPredicate(c.TypeAfter)
	}
	return fixes.Patch{}
}

// aboutRefused sets where the finding is and what it speaks of: the field on
// the new side when there is one, else what is left of it.
func (p *pass) aboutRefused(f *Finding, c diff.PredicateRefused) {
	secret := func(t *schema.Type) sdl.Span { return t.Secret.Directive.Span }
	switch {
	case c.FieldBefore != nil:
		f.Coordinate = c.FieldBefore.Coordinate()
		f.Previous = previous(c.FieldBefore)
	case c.TypeBefore != nil:
		f.Coordinate = c.TypeBefore.Name
		f.Subject = c.TypeBefore.Secret.Field
		f.Previous = secret(c.TypeBefore)
	}
	switch {
	case p.takesOver(c):
		f.Coordinate = c.FieldAfter.Coordinate()
		f.Place = place(c.FieldAfter)
		f.Affects = append(inherits(c.FieldAfter), c.FieldBefore.Coordinate())
	case c.FieldAfter != nil:
		f.Place = place(c.FieldAfter)
		f.Affects = inherits(c.FieldAfter)
		if to := c.FieldAfter.Coordinate(); to != f.Coordinate {
			f.To = to
		}
	case c.TypeAfter != nil:
		f.Place = Place{AnchorSelf, secret(c.TypeAfter)}
		if f.Subject == "" {
			f.Subject = c.TypeAfter.Secret.Field
		}
	}
}

// takesOver reports whether the new field is another one than the old field
// whose predicate it uses.
func (p *pass) takesOver(c diff.PredicateRefused) bool {
	return c.FieldBefore != nil && c.FieldAfter != nil && p.Counterpart(c.FieldBefore) != c.FieldAfter &&
		c.FieldBefore.Coordinate() != c.FieldAfter.Coordinate()
}

func turning(c diff.PredicateRefused) string {
	if c.Before.Type == "uid" {
		return "a reference into a value"
	}
	return "a value into a reference"
}
