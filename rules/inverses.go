package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

var inverseAdded = &Rule{
	ID:       "inverse-added",
	Severity: Error,
	Summary:  "Two fields become each other's inverse; stored edges are not completed.",
	Doc: Doc{
		Dgraph:  "It stores two independent edges and completes neither. Only GraphQL mutations keep both sides, from then on, and only for the pairs that they touch.",
		Clients: "Old edges show on one side only; the other reads null or [], and a non-null back edge turns the node into an error.",
		Before:  "type Author {\n  id: ID!\n  posts: [Post]\n}\ntype Post {\n  id: ID!\n  author: Author\n}\n",
		After:   "type Author {\n  id: ID!\n  posts: [Post] @hasInverse(field: author)\n}\ntype Post {\n  id: ID!\n  author: Author\n}\n",
		Query:   `{ queryPost { author { __typename } } queryAuthor { posts { __typename } } }`,
		Answer: `{
  "data": {
    "queryAuthor": [{"posts": []}],
    "queryPost": [{"author": {"__typename": "Author"}}]
  }
}`,
		Question: "How many edges lack their back edge, and where has a single side several candidates?",
		WaysOut: []string{
			"Read the other side backwards instead: @dgraph(pred: \"~Post.author\") completes nothing and shows everything, but is read-only.",
			"Write the missing back edges.",
		},
		Reverse: "The old schema brings everything back; edges written meanwhile stay.",
	},
	judge: on(func(p *pass, c diff.InverseAdded) *Finding {
		a := c.Field
		f := p.aboutInverse(a)
		if c.Before[0] != nil {
			f.Previous = previous(c.Before[0])
		}
		f.Impact = Impact{API: APINone, Data: DataOneSided}
		f.Message = fmt.Sprintf("%s and %s become each other's inverse", a.Coordinate(), a.Inverse.Coordinate())
		if a.Inverse == a {
			f.Message = a.Coordinate() + " becomes its own inverse"
		}
		f.Consequence = "Edges stored so far stay one-sided: Dgraph does not add the missing back edges."
		f.Question = fmt.Sprintf("How many edges of %s and %s lack their back edge?", a.Predicate, a.Inverse.Predicate)
		f.askPairs(a)
		f.Fixes = []Fix{migration("backfill-inverse", Review, fmt.Sprintf("write the missing back edges between %s and %s", a.Predicate, a.Inverse.Predicate)).by(backfilling(p.After, a))}
		return f
	}),
}

var inverseRemoved = &Rule{
	ID:       "inverse-removed",
	Severity: Warning,
	Summary:  "Two fields are no longer each other's inverse.",
	Doc: Doc{
		Dgraph:   "Nothing changes in storage. From then on a mutation writes only the side that it names, and a delete leaves the other side's edge dangling.",
		Clients:  "They must set both sides themselves.",
		Before:   "type Author {\n  id: ID!\n  posts: [Post] @hasInverse(field: author)\n}\ntype Post {\n  id: ID!\n  author: Author\n}\n",
		After:    "type Author {\n  id: ID!\n  posts: [Post]\n}\ntype Post {\n  id: ID!\n  author: Author\n}\n",
		Query:    `mutation { addPost(input: [{author: {posts: []}}]) { post { author { posts { __typename } } } } }`,
		Answer:   `{"data": {"addPost": {"post": [{"author": {"posts": []}}]}}}`,
		Question: "None: stored edges stay as they are.",
		WaysOut:  []string{"Keep @hasInverse."},
		Reverse:  "Going back is inverse-added: edges written meanwhile are one-sided.",
	},
	judge: on(func(p *pass, c diff.InverseRemoved) *Finding {
		f := p.aboutInverse(c.Field)
		f.Place = place(c.After)
		f.Previous = previous(c.Field)
		f.Impact = Impact{API: APIDangerous}
		f.Message = fmt.Sprintf("%s and %s are no longer each other's inverse", c.Field.Coordinate(), c.Field.Inverse.Coordinate())
		if c.Field.Inverse == c.Field {
			f.Message = c.Field.Coordinate() + " is no longer its own inverse"
		}
		f.Consequence = "From now on every mutation writes one side only, and deletes leave the other side's edge dangling."
		if to := c.After.Coordinate(); to != f.Coordinate {
			f.To = to
		}
		if other := p.Counterpart(c.Field.Inverse); other != nil {
			f.Fixes = directive("restore-inverse", Safe, fmt.Sprintf("put @hasInverse(field: %s) back on %s", other.Name, c.After.Coordinate()),
				p.edits.RestoreInverse(c.After, other))
		}
		return f
	}),
}

var inverseChanged = &Rule{
	ID:       "inverse-changed",
	Severity: Error,
	Summary:  "A field gets another inverse.",
	Doc: Doc{
		Dgraph:  "It stores independent edges and moves none. The old back edges stay, the new ones are missing.",
		Clients: "Old edges show on one side only; the new back edge reads null or [].",
		Before:  "type Author {\n  id: ID!\n  posts: [Post] @hasInverse(field: author)\n}\ntype Post {\n  id: ID!\n  author: Author\n  editor: Author\n}\n",
		After:   "type Author {\n  id: ID!\n  posts: [Post] @hasInverse(field: editor)\n}\ntype Post {\n  id: ID!\n  author: Author\n  editor: Author\n}\n",
		Query:   `{ queryPost { author { __typename } editor { __typename } } }`,
		Answer: `{
  "data": {
    "queryPost": [{"author": {"__typename": "Author"}, "editor": null}]
  }
}`,
		Question: "How many edges lack the new back edge?",
		WaysOut:  []string{"Restore the old inverse.", "Write the new back edges and delete the old ones."},
		Reverse:  "The old schema brings everything back; edges written meanwhile stay.",
	},
	judge: on(func(p *pass, c diff.InverseChanged) *Finding {
		b, a := c.Before, c.After
		f := p.aboutInverse(a)
		f.Coordinate = b.Coordinate()
		if to := a.Coordinate(); to != f.Coordinate {
			f.To = to
		}
		f.Previous = previous(b)
		f.Affects = nil
		for _, other := range []string{b.Inverse.Coordinate(), a.Inverse.Coordinate()} {
			if other != f.Coordinate && !slices.Contains(f.Affects, other) {
				f.Affects = append(f.Affects, other)
			}
		}
		f.Predicates = predicates(b.Predicate, b.Inverse.Predicate, a.Predicate, a.Inverse.Predicate)
		f.Impact = Impact{API: APIDangerous, Data: DataOneSided}
		f.Message = fmt.Sprintf("%s has the inverse %s instead of %s", b.Coordinate(), a.Inverse.Coordinate(), b.Inverse.Coordinate())
		f.Consequence = fmt.Sprintf("Stored edges of %s have back edges in %s, not in %s: Dgraph moves none.",
			a.Coordinate(), b.Inverse.Coordinate(), a.Inverse.Coordinate())
		f.Question = fmt.Sprintf("How many edges of %s lack their back edge in %s?", a.Predicate, a.Inverse.Predicate)
		f.askPairs(a)
		if other := p.Counterpart(b.Inverse); other != nil {
			f.Fixes = directive("restore-inverse", Safe, fmt.Sprintf("put @hasInverse(field: %s) back", other.Name), p.edits.RestoreInverse(a, other))
		}
		f.Fixes = append(f.Fixes, migration("backfill-inverse", Review,
			fmt.Sprintf("write the missing back edges between %s and %s", a.Predicate, a.Inverse.Predicate)).by(backfilling(p.After, a)))
		return f
	}),
}

// askPairs asks for the edges of a field and its inverse that do not come back.
func (f *Finding) askPairs(a *schema.Field) {
	side := func(x *schema.Field) dql.Side {
		return dql.Side{Predicate: unquoted(x.Predicate), List: x.Type().List()}
	}
	there, back := side(a), side(a.Inverse)
	f.ask(dql.OneSided(there, back), dql.OneSided(back, there))
	if a.Inverse == a {
		f.ask(dql.OneSided(there, there))
	}
	f.inquiry.sum = pairs
	also := storedTypes(a.Inverse.Owner)
	if slices.ContainsFunc(storedTypes(a.Owner), func(t string) bool { return slices.Contains(also, t) }) {
		f.inquiry.sum = bothWays
	}
}

// pairs is the evidence on edges whose nodes are of different types.
func pairs(answers []dql.Answer) Evidence { return ambiguity(added(answers), answers) }

// bothWays is that on edges of nodes that can lack back edges both ways. They
// count once, which is certain where all of them are named.
func bothWays(answers []dql.Answer) Evidence {
	e := largest(answers)
	if !slices.ContainsFunc(answers, func(a dql.Answer) bool { return uint64(len(a.Samples)) != a.Violations }) {
		e = together(answers)
		e.Violations = uint64(len(e.Samples))
	}
	return ambiguity(e, answers)
}

// ambiguity remarks on edges that several nodes claim.
func ambiguity(e Evidence, answers []dql.Answer) Evidence {
	ambiguous := uint64(0)
	for _, a := range answers {
		ambiguous += a.Ambiguous
	}
	if ambiguous > 0 {
		e.Remarks = append(e.Remarks, count(ambiguous, "node")+" with several candidates for one edge")
	}
	return e
}

// aboutInverse is what the rules on @hasInverse have in common.
func (p *pass) aboutInverse(f *schema.Field) *Finding {
	about := &Finding{
		Coordinate: f.Coordinate(),
		Place:      place(f),
		Predicates: predicates(f.Predicate, f.Inverse.Predicate),
		Reversible: true,
	}
	if f.Inverse != f {
		about.Affects = []string{f.Inverse.Coordinate()}
	}
	return about
}
