package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
)

var predicateChanged = &Rule{
	ID:       "predicate-changed",
	Severity: Error,
	Summary:  "A field keeps its name, but its values are looked for under another predicate.",
	Doc: Doc{
		Dgraph: "A field's predicate follows from @dgraph(pred:), else from the type that declares the field: a field that moves " +
			"into an interface that the type implements, or out of it, gets another one. Dgraph creates it and leaves the values under the old one.",
		Clients:  "The field reads null for every node, or fails when it is non-null, although the schema looks the same to clients.",
		Before:   "type User {\n  id: ID!\n  name: String @dgraph(pred: \"person.name\")\n}\n",
		After:    "type User {\n  id: ID!\n  name: String\n}\n",
		Query:    `{ queryUser { name } }`,
		Answer:   `{"data": {"queryUser": [{"name": null}]}}`,
		Question: "How many nodes have a value under the old predicate?",
		WaysOut: []string{
			"@dgraph(pred:) with the old predicate; on the interface when the field is inherited, which can serve one type only.",
			"Copy the values to the new predicate.",
			"Where the old field goes on under another name: a name for the new field that clients do not know.",
		},
		Reverse: "The old predicate brings everything back, as long as nothing was written in between.",
	},
	judge: on(func(p *pass, c diff.PredicateChanged) *Finding {
		b, a := c.Before, c.After
		f := &Finding{
			Coordinate: b.Coordinate(),
			Place:      place(a),
			Previous:   previous(b),
			Affects:    inherits(a),
			Predicates: predicates(b.Predicate, a.Predicate),
			Impact:     Impact{Data: DataHidden, Storage: p.storage(a)},
			Reversible: true,
			Message:    fmt.Sprintf("%s was stored as %s and is looked for as %s", b.Coordinate(), storedAs(b), storedAs(a)),
			Consequence: fmt.Sprintf("The stored values are no longer found: they stay under %s, and %s reads %s.",
				storedAs(b), a.Coordinate(), p.reads(a)),
			Question: fmt.Sprintf("How many nodes have a value under %s?", storedAs(b)),
		}
		f.ask(held(b))
		if other := p.Counterpart(b); other != nil && other != a {
			// Its values go on under another name, where they are: to those who stay with this one they are hidden, and
			// to copy them would mix the two.
			f.Message = fmt.Sprintf("%s is another field than before, stored as %s: the old one goes on as %s",
				b.Coordinate(), storedAs(a), other.Coordinate())
			f.Consequence = fmt.Sprintf("Clients that go on with %s get %s, and write it.", a.Coordinate(), p.reads(a))
			return f
		}
		if a.Owner.Name != b.Owner.Name {
			f.To = a.Coordinate()
		}
		switch {
		case a.Source != nil && b.Source == nil:
			f.Message = fmt.Sprintf("%s moves into the interface %s: it was stored as %s and is looked for as %s",
				b.Coordinate(), a.Source.Name, storedAs(b), storedAs(a))
		case b.Source != nil && a.Source == nil:
			f.Message = fmt.Sprintf("%s moves out of the interface %s: it was stored as %s and is looked for as %s",
				b.Coordinate(), b.Source.Name, storedAs(b), storedAs(a))
		}
		if a.Source == nil || len(a.Source.Implementors) == 1 {
			f.Fixes = append(f.Fixes, p.pinPredicate(a, b)...)
		}
		if p.followsForward(b, a) {
			return f // it shows the edges as soon as they are where the forward field has them
		}
		f.Fixes = append(f.Fixes, migration("copy-values", Review, fmt.Sprintf("copy the values of %s to %s", storedAs(b), storedAs(a))).by(p.copying(b, a)))
		return f
	}),
}

// followsForward reports whether a field that is read backwards reads the edges
// of the same field as before, which are stored elsewhere now.
func (p *pass) followsForward(b, a *schema.Field) bool {
	held := p.held[unquoted(b.Predicate)]
	return b.Reverse && a.Reverse && held != nil && slices.ContainsFunc(held.Fields, func(f *schema.Field) bool {
		next := p.Counterpart(f)
		return !f.Reverse && next != nil && !next.Reverse && unquoted(next.Predicate) == unquoted(a.Predicate)
	})
}
