package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var typeKindChanged = &Rule{
	ID:       "type-kind-changed",
	Severity: Error,
	Summary:  "A type, interface, union, enum or input turns into another of these.",
	Doc: Doc{
		Dgraph:   "It accepts most of these changes. Nodes stay as they are; an enum that becomes a type makes its fields references, which is refused once they hold data.",
		Clients:  "Old nodes of a type that became an interface come out as empty objects, without an error.",
		Before:   "type Place {\n  id: ID!\n  name: String\n}\n",
		After:    "interface Place {\n  id: ID!\n  name: String\n}\ntype City implements Place {\n  mayor: String\n}\n",
		Query:    `{ queryPlace { name } }`,
		Answer:   `{"data": {"queryPlace": [{}]}}`,
		Question: "How many nodes are of that type?",
		WaysOut:  []string{"Give the new element another name and move the nodes to a type that exists."},
		Reverse:  "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.TypeKindChanged) *Finding {
		b, a := c.Before, c.After
		f := &Finding{
			Coordinate: b.Name,
			Place:      onType(a),
			Previous:   b.Definition.Name.Span,
			Reversible: true,
			Message:    fmt.Sprintf("%s changes from %s to %s", b.Name, kindWord(b), kindWord(a)),
			Consequence: fmt.Sprintf("Clients that use %s as %s break.",
				b.Name, article(kindWord(b))),
		}
		if !b.Stores() {
			return f
		}
		f.Predicates = ownPredicates(b)
		f.Question = "How many nodes are of type " + b.Stored + "?"
		f.ask(dql.Nodes(b.Stored))
		switch {
		case a.Stores() && a.Stored == b.Stored && a.Kind == sdl.Object:
			f.Severity = Warning
			f.Consequence = fmt.Sprintf("The nodes stored as %s stay reachable and come out as %s, whatever type implemented it.", b.Stored, a.Name)
		case a.Stores():
			f.Impact.Data = DataHidden
			f.Consequence = fmt.Sprintf("The nodes stored as %s have no type of their own any more: they come out as empty objects or not at all.", b.Stored)
		default:
			f.Impact.Data = DataOrphaned
			f.Consequence = fmt.Sprintf("The nodes stored as %s stay in the database, out of reach of the API.", b.Stored)
		}
		return f
	}),
}

// article puts "a" or "an" before a word.
func article(word string) string {
	switch word[0] {
	case 'a', 'e', 'i', 'o':
		return "an " + word
	}
	return "a " + word
}
