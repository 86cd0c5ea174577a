package rules

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
)

var fieldRemoved = &Rule{
	ID:       "field-removed",
	Severity: Error,
	Summary:  "A stored field is no longer in its type.",
	Doc: Doc{
		Dgraph: "It keeps the predicate, its index and all values. A delete of a node through GraphQL removes only what the " +
			"schema lists, so the removed field's values stay behind on a node without a type.",
		Clients: "The field is gone from queries, inputs and filters. When a later schema adds the field again, the old values come back.",
		Before:  "type Post {\n  id: ID!\n  title: String\n  numLikes: Int\n}\n",
		After:   "type Post {\n  id: ID!\n  title: String\n}\n",
		Query:   `{ queryPost { title numLikes } }`,
		Answer: `{
  "errors": [{"message": "Cannot query field \"numLikes\" on type \"Post\"."}],
  "data": null
}`,
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
		if p.refused[unquoted(b.Predicate)] == diff.ToPassword {
			return nil // it becomes a password: that is refused, and told so
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
			Question:    fmt.Sprintf("How many nodes have a value under %s?", forward(b)),
			Consequence: fmt.Sprintf("The values of %s stay in the database, out of reach of the API, and outlive their nodes.", forward(b)),
			Fixes:       directive("keep-and-deprecate", Safe, "keep "+b.Coordinate()+" and mark it @deprecated", p.edits.KeepField(b)),
		}
		remove := migration("delete-values", Destructive, "delete the values of "+forward(b)).by(p.removing(b))
		f.ask(held(b))
		var same, other []string
		for _, u := range p.reaching[forward(b)] {
			if u.owner == c.Owner || b.Reverse {
				same = append(same, u.coordinate)
			} else {
				other = append(other, u.coordinate)
			}
		}
		switch {
		case len(same) > 0:
			f.Impact.Data = DataNone
			f.Message += fmt.Sprintf("; %s still uses %s", list(same), forward(b))
			f.Consequence = fmt.Sprintf("Clients lose the field; its values stay reachable through %s.", list(same))
			f.Question, f.inquiry = "", nil
		case len(other) > 0:
			f.Message += fmt.Sprintf("; %s of another type still uses %s", list(other), forward(b))
			f.Consequence = fmt.Sprintf("The values of nodes that are not also of the type of %s stay in the database, out of reach of the API.", list(other))
			remove.Title = fmt.Sprintf("delete the values of %s from the nodes of %s", forward(b), b.Owner.Stored)
		}
		if len(same) == 0 {
			f.Fixes = append(f.Fixes, remove)
		}
		if after := p.After.Storage.Predicate(b.Predicate); b.Language != "" && after != nil && !after.Lang {
			f.Impact.Data = DataInvalid
			f.Message += fmt.Sprintf("; %s loses @lang with it", after.Stored())
			f.Consequence = fmt.Sprintf("The values of %s stay in the database, and what reads %s can get one of them instead of its own value.", forward(b), after.Stored())
		}
		return f
	}),
}

// forward is where a field's values are, also when it reads them backwards.
func forward(f *schema.Field) string { return strings.TrimPrefix(storedAs(f), "~") }
