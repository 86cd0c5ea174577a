package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
)

var predicateReused = &Rule{
	ID:       "predicate-reused",
	Severity: Warning,
	Summary:  "A new field reaches a predicate that holds the values of other fields.",
	Doc: Doc{
		Dgraph: "Two fields with one predicate are two names for one value: what is written by one is read by the other. A " +
			"predicate that an older schema left behind keeps its values too, and a new field of that name brings them back.",
		Clients:  "The new field is not empty: it reads, filters and overwrites values that were stored for something else.",
		Before:   "type User {\n  id: ID!\n  phone: String\n}\n",
		After:    "type User {\n  id: ID!\n  phone: String\n  contact: String @dgraph(pred: \"User.phone\")\n}\n",
		Query:    `{ queryUser { phone contact } }`,
		Answer:   `{"data": {"queryUser": [{"contact": "555-0100", "phone": "555-0100"}]}}`,
		Question: "How many values are stored under the predicate, and of which nodes?",
		WaysOut: []string{
			"A predicate of its own for the new field.",
			"Delete the old values before the update, when nothing else uses them: afterwards they cannot be told from new ones.",
		},
		Reverse: "The old schema shows the values as they are then: with what was written by the new field.",
	},
	judge: on(func(p *pass, c diff.PredicateReused) *Finding {
		a, name := c.Field, storedAs(c.Field)
		if p.refused[unquoted(a.Predicate)] != "" {
			return nil // the field cannot be had: that is told of its predicate
		}
		var were []string
		for _, b := range c.Users {
			were = append(were, b.Coordinate())
		}
		f := &Finding{
			Coordinate:  a.Coordinate(),
			Affects:     inherits(a),
			Place:       place(a),
			Predicates:  predicates(a.Predicate),
			Impact:      Impact{Storage: p.storage(a)},
			Reversible:  true,
			Message:     fmt.Sprintf("%s is new and stored as %s, which holds the values of %s", a.Coordinate(), name, list(were)),
			Consequence: fmt.Sprintf("It reads and overwrites values that were stored for %s.", list(were)),
			Question:    fmt.Sprintf("How many values are stored under %s, and of which nodes?", name),
		}
		title := fmt.Sprintf("give %s a predicate of its own with @dgraph(pred:)", a.Coordinate())
		own := a.Owner.Stored + "." + a.Name
		if name != own && p.held[own] == nil && p.After.Storage.Predicate(own) == nil {
			title = fmt.Sprintf("remove @dgraph(pred:) from %s: it then has %s for itself", a.Coordinate(), own)
		}
		risk := Safe
		if required(a) {
			risk = Review // no node has a value there
		}
		f.Fixes = directive("new-predicate", risk, title, p.edits.NewPredicate(a))
		f.ask(dql.Values(anyValues(a.Predicate)))
		var aliases []string
		for _, u := range p.reaching[name] {
			if u.coordinate != a.Coordinate() {
				aliases = append(aliases, u.coordinate)
			}
		}
		if len(aliases) > 0 {
			f.Message = fmt.Sprintf("%s is new and stored as %s, like %s", a.Coordinate(), name, list(aliases))
			f.Consequence = fmt.Sprintf("It is another name for %s: what is written by one is read by the other.", list(aliases))
			return f
		}
		// A plan deletes once the new schema is served, and then that field's values, too.
		f.Fixes = append(f.Fixes, migration("delete-values", Destructive,
			fmt.Sprintf("delete the values of %s before the update: afterwards they cannot be told from those of %s", name, a.Coordinate())))
		return f
	}),
}
