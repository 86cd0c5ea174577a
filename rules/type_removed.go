package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

var typeRemoved = &Rule{
	ID:       "type-removed",
	Severity: Error,
	Summary:  "A stored type is no longer in the schema.",
	Doc: Doc{
		Dgraph: "It accepts the schema and keeps everything: the stored type, its predicates and indexes, and all nodes. " +
			"Nothing of it can be reached through GraphQL any more, and nothing cleans it up.",
		Clients: "Queries and mutations of the type are gone. When the type implemented an interface that stays, queries of " +
			"the interface return its nodes as empty objects, without an error.",
		Before:   "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog implements Animal {\n  breed: String\n}\ntype Cat implements Animal {\n  lives: Int\n}\n",
		After:    "interface Animal {\n  id: ID!\n  name: String!\n}\ntype Dog implements Animal {\n  breed: String\n}\n",
		Query:    `{ queryAnimal { name } }`,
		Answer:   `{"data": {"queryAnimal": [{"name": "Rex"}, {}]}}`,
		Question: "How many nodes are of that type, and how many of no other type?",
		WaysOut: []string{
			"Keep the type and mark it @deprecated until its nodes are gone.",
			"Delete the nodes, or retag them as another type.",
		},
		Reverse: "The old schema brings all nodes back.",
	},
	judge: on(func(p *pass, c diff.TypeRemoved) *Finding {
		t := c.Type
		if !t.Stores() {
			return nil
		}
		f := &Finding{
			Coordinate: t.Name,
			Place:      p.onNeighbour(t),
			Previous:   t.Definition.Name.Span,
			Impact:     Impact{API: APIBreaking, Data: DataOrphaned},
			Reversible: true,
			Message:    fmt.Sprintf("%s %s is removed", kindWord(t), t.Name),
			Question:   "How many nodes are of type " + t.Stored + ", and how many of no type that stays?",
		}
		f.ask(dql.Nodes(t.Stored), dql.CountLone(t.Stored, p.storedBut(t.Stored)...))
		f.inquiry.sum = besides(func(e *Evidence, lone dql.Answer) {
			e.Remarks = append(e.Remarks, count(lone.Violations, "node")+" of no type that stays")
		})
		for _, name := range ownPredicates(t) {
			if len(p.reaching[unquoted(name)]) == 0 {
				f.Predicates = append(f.Predicates, name)
			}
		}
		if t.Kind == sdl.Interface {
			f.Affects = names(t.Implementors)
			f.Consequence = fmt.Sprintf("Queries of %s are gone; its nodes keep the dgraph.type %q, and the values of its fields stay under its predicates.", t.Name, t.Stored)
			f.Fixes = directive("keep-and-deprecate", Safe, "keep "+t.Name+" until nothing uses it", p.edits.KeepType(t))
			return f
		}
		f.Consequence = fmt.Sprintf("Every stored %s stays in the database, out of reach of the API.", t.Name)
		for _, i := range t.Interfaces {
			if survivor := p.Survivor(i); survivor != nil && survivor.Stored == i.Stored {
				f.Affects = append(f.Affects, survivor.Name)
			}
		}
		if len(f.Affects) > 0 {
			f.Consequence = fmt.Sprintf("Every stored %s stays in the database; queries of %s return it as an empty object.", t.Name, list(f.Affects))
		}
		f.Fixes = append(directive("keep-and-deprecate", Safe, "keep "+t.Name+" until its nodes are gone", p.edits.KeepType(t)),
			migration("delete-nodes", Destructive, "delete the nodes of "+t.Stored).by(migrate.RemoveNodes(p.nodesOf(t))))
		return f
	}),
}
