package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
)

var storedTypeChanged = &Rule{
	ID:       "stored-type-changed",
	Severity: Error,
	Summary:  "@dgraph(type:) came, went or changed on a type that keeps its name.",
	Doc: Doc{
		Dgraph:   "The directive names the stored type and prefixes the type's predicates, so all of them move at once. Dgraph creates new ones and leaves the old ones with their data.",
		Clients:  "Queries of the type return [] although the schema looks the same to clients.",
		Before:   "type User @dgraph(type: \"Person\") {\n  id: ID!\n  name: String\n}\n",
		After:    "type User {\n  id: ID!\n  name: String\n}\n",
		Query:    `{ queryUser { name } }`,
		Answer:   `{"data": {"queryUser": []}}`,
		Question: "How many nodes are of the old stored type?",
		WaysOut: []string{
			"Restore the directive as it was.",
			"Retag the nodes and copy their values to the new predicates.",
		},
		Reverse: "The old directive brings everything back, as long as nothing was written in between.",
	},
	judge: on(func(p *pass, c diff.StoredTypeChanged) *Finding {
		b, a := c.Before, c.After
		f := &Finding{
			Coordinate: b.Name,
			Place:      onType(a),
			Previous:   b.Definition.Name.Span,
			Affects:    affectedByType(b),
			Predicates: predicates(append(ownPredicates(b), ownPredicates(a)...)...),
			Impact:     Impact{Data: DataHidden},
			Reversible: true,
			Message:    fmt.Sprintf("%s was stored as %s and is looked for as %s", b.Name, b.Stored, a.Stored),
			Consequence: fmt.Sprintf("Every %s stored so far disappears from the API: queries find %s, because the nodes and their values are stored as %s.",
				b.Name, p.foundIn(a), b.Stored),
			Question: "How many nodes are of type " + b.Stored + "?",
			Fixes: append(p.pinType(a, b.Stored),
				migration("retag-and-copy", Review, fmt.Sprintf("retag the nodes of %s as %s and copy their values", b.Stored, a.Stored)).by(p.retagging(b, a))),
		}
		f.ask(dql.Nodes(b.Stored))
		return f
	}),
}
