package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
)

var fieldRemoved = &Rule{
	ID:       "field-removed",
	Severity: Error,
	Summary:  "A stored field is no longer in its type.",
	Doc: Doc{
		Dgraph: "It keeps the predicate, its index and all values. A delete of a node through GraphQL removes only what the " +
			"schema lists, so the removed field's values stay behind on a node without a type.",
		Clients:  "The field is gone from queries, inputs and filters. When a later schema adds the field again, the old values come back.",
		Before:   "type Post {\n  id: ID!\n  title: String\n  numLikes: Int\n}\n",
		After:    "type Post {\n  id: ID!\n  title: String\n}\n",
		Question: "How many nodes have a value under the predicate?",
		WaysOut: []string{
			"Keep the field and mark it @deprecated until its values are gone.",
			"Delete the values, or drop the predicate.",
		},
		Reverse: "The old schema brings all values back.",
	},
	judge: on(func(p *pass, c diff.FieldRemoved) *Finding {
		b := c.Field
		if b.Predicate == "" {
			return nil // a node's id or a computed field: nothing is stored
		}
		f := &Finding{
			Coordinate:  b.Coordinate(),
			Place:       onOwner(c.Owner),
			Previous:    previous(b),
			Affects:     inherits(b),
			Predicates:  predicates(b.Predicate),
			Impact:      Impact{API: APIBreaking, Data: DataOrphaned},
			Reversible:  true,
			Message:     b.Coordinate() + " is removed",
			Question:    fmt.Sprintf("How many nodes have a value under %s?", b.Predicate),
			Consequence: fmt.Sprintf("The values of %s stay in the database, out of reach of the API, and outlive their nodes.", b.Predicate),
			Fixes: []Fix{
				{"keep-and-deprecate", Directive, Safe, "keep " + b.Coordinate() + " and mark it @deprecated"},
				{"delete-values", Migration, Destructive, "delete the values of " + b.Predicate},
			},
		}
		if others := p.reaching[b.Predicate]; len(others) > 0 {
			f.Impact.Data = DataNone
			f.Message += fmt.Sprintf("; %s still uses %s", list(others), b.Predicate)
			f.Consequence = fmt.Sprintf("Clients lose the field; its values stay reachable through %s.", list(others))
			f.Fixes = f.Fixes[:1]
		}
		return f
	}),
}
