package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
)

var singleToList = &Rule{
	ID:       "single-to-list",
	Severity: Warning,
	Summary:  "A field that held one value becomes a list. There is no way back.",
	Doc: Doc{
		Dgraph:   "It accepts the change and rewrites the values as lists of one. The opposite change is refused for ever, even when no node has more than one value.",
		Clients:  "Queries get lists. A client that still sets one value adds it to the list instead of replacing the old one.",
		Before:   "type Post {\n  id: ID!\n  tag: String\n}\n",
		After:    "type Post {\n  id: ID!\n  tag: [String]\n}\n",
		Query:    `{ queryPost { tag } }`,
		Answer:   `{"data": {"queryPost": [{"tag": ["go"]}]}}`,
		Question: "None: every value fits.",
		WaysOut:  []string{"Be sure. To keep a way back, add a new field for the list and keep the old one."},
		Reverse:  "Impossible without dropping the predicate and its data.",
	},
	judge: on(func(p *pass, c diff.BecameList) *Finding {
		b, a := c.Before, c.After
		if b.Predicate == "" || storedAs(b) != storedAs(a) {
			return nil
		}
		f := &Finding{
			Coordinate:  b.Coordinate(),
			Place:       place(a),
			Previous:    previous(b),
			Affects:     inherits(a),
			Predicates:  predicates(b.Predicate),
			Impact:      Impact{API: APIBreaking, Storage: p.storage(a)},
			Message:     fmt.Sprintf("%s changes from %s to %s, which cannot be undone", b.Coordinate(), written(b), written(a)),
			Consequence: fmt.Sprintf("Dgraph will never turn %s back into a single value; clients that set the field add to it instead of replacing.", storedAs(b)),
		}
		if b.Coordinate() != a.Coordinate() {
			f.To = a.Coordinate()
		}
		return f
	}),
}
