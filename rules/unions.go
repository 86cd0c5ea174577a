package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

var unionMemberRemoved = &Rule{
	ID:       "union-member-removed",
	Severity: Error,
	Summary:  "A union loses a member to which edges may lead.",
	Doc: Doc{
		Dgraph:  "Nothing: a union is stored as plain edges, and they stay.",
		Clients: "Old targets still come out, with the __typename of the removed member and without fields.",
		Before:  "union Media = Book | Film\ntype Shelf {\n  id: ID!\n  items: [Media]\n}\ntype Book {\n  id: ID!\n  title: String\n}\ntype Film {\n  id: ID!\n  title: String\n}\n",
		After:   "union Media = Book\ntype Shelf {\n  id: ID!\n  items: [Media]\n}\ntype Book {\n  id: ID!\n  title: String\n}\ntype Film {\n  id: ID!\n  title: String\n}\n",
		Query:   `{ queryShelf { items { __typename ... on Book { title } } } }`,
		Answer: `{
  "data": {
    "queryShelf": [
      {
        "items": [
          {"__typename": "Book", "title": "Dune"},
          {"__typename": "Film"}
        ]
      }
    ]
  }
}`,
		Question: "How many edges lead to nodes of that member?",
		WaysOut:  []string{"Keep the member.", "Delete the edges to nodes of the member."},
		Reverse:  "The old schema brings everything back.",
	},
	judge: on(func(p *pass, c diff.UnionMemberRemoved) *Finding {
		f := &Finding{
			Coordinate:  c.Before.Name,
			Subject:     c.Member.Text,
			Place:       onOwner(c.After),
			Previous:    c.Member.Span,
			Impact:      Impact{API: APIBreaking, Data: DataInvalid},
			Reversible:  true,
			Message:     fmt.Sprintf("union %s loses the member %s", c.Before.Name, c.Member.Text),
			Consequence: fmt.Sprintf("Edges to nodes of %s stay and come out as objects without fields.", c.Member.Text),
			Question:    fmt.Sprintf("How many edges lead to nodes of %s?", c.Member.Text),
			Fixes: directive("keep-member", Safe, fmt.Sprintf("keep %s in %s", c.Member.Text, c.After.Name),
				p.edits.KeepMember(c.After, c.Member.Text)),
		}
		var questions []dql.Question
		for _, u := range p.usesOf(c.Before, c.After) {
			f.Affects = append(f.Affects, u.Coordinate())
			f.Predicates = predicates(append(f.Predicates, u.Predicate)...)
			if member := p.Before.Type(c.Member.Text); member != nil {
				questions = append(questions, dql.Leading(valuesOf(u, u.Owner), member.Stored))
			}
		}
		if len(questions) > 0 {
			f.inquiry = &inquiry{questions: questions, sum: largest}
		}
		if len(f.Predicates) == 0 {
			f.Severity = Warning
			f.Impact = Impact{API: APINone, Data: DataNone} // what is left for clients, the contract says
			f.Question = ""
			f.Consequence = "No stored field uses the union any more, so no edge is concerned; clients that expect the member break."
			return f
		}
		var removals []*migrate.Migration
		for _, u := range p.usesOf(c.Before, c.After) {
			if u.Reverse {
				continue
			}
			removals = append(removals, unlinking(p.After, u.Predicate, storedTypes(u.Owner), targets(p.After, c.After.Name)))
		}
		f.Fixes = append(f.Fixes, migration("delete-edges", Destructive, "delete the edges to nodes of "+c.Member.Text).by(migrate.Together(removals...)))
		return f
	}),
}

var unionMemberAdded = &Rule{
	ID:       "union-member-added",
	Severity: Info,
	Summary:  "A union gains a member.",
	Doc: Doc{
		Dgraph:   "Nothing: a union is stored as plain edges.",
		Clients:  "They may meet a type that they do not know.",
		Before:   "union Media = Book\ntype Shelf {\n  id: ID!\n  items: [Media]\n}\ntype Book {\n  id: ID!\n  title: String\n}\ntype Film {\n  id: ID!\n  title: String\n}\n",
		After:    "union Media = Book | Film\ntype Shelf {\n  id: ID!\n  items: [Media]\n}\ntype Book {\n  id: ID!\n  title: String\n}\ntype Film {\n  id: ID!\n  title: String\n}\n",
		Question: "None.",
		WaysOut:  []string{"Nothing needs to be done."},
		Reverse:  "Going back is union-member-removed.",
	},
	judge: on(func(p *pass, c diff.UnionMemberAdded) *Finding {
		return &Finding{
			Coordinate:  c.Before.Name,
			Subject:     c.Member.Text,
			Addition:    true,
			Place:       Place{AnchorSelf, c.Member.Span},
			Previous:    sdl.Span{},
			Reversible:  true,
			Message:     fmt.Sprintf("union %s gains the member %s", c.Before.Name, c.Member.Text),
			Consequence: "Clients may meet a type that they do not know.",
		}
	}),
}
