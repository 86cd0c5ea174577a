package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

var oneSidedInverse = &Rule{
	ID:       "one-sided-inverse",
	Severity: Error,
	Summary:  "Edges of a field lack their back edges in its inverse.",
	Doc: Doc{
		Dgraph: "@hasInverse is two edges that only GraphQL mutations keep in line, and only for the pairs that they touch. Edges " +
			"that were there before the directive, or that loaders and DQL mutations write, stay as they are.",
		Clients: "The pair shows on one side only. The other side reads null or lacks the element, which is a warning; where it is " +
			"non-null, the node is an error there. The finding is on the side that lacks the edges, so that a pair of fields can have two.",
		After: "type Author {\n  id: ID!\n  posts: [Post] @hasInverse(field: author)\n}\ntype Post {\n  id: ID!\n  author: Author!\n}\n",
		Data:  "_:ann <dgraph.type> \"Author\" .\n_:ann <Author.posts> _:post .\n_:post <dgraph.type> \"Post\" .\n",
		Query: `{ queryPost { author { __typename } } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'author' (type Author!) was not present in result from Dgraph ..."}],
  "data": {"queryPost": [null]}
}`,
		Question: "How many nodes have edges without their back edge, and where has a single side several candidates?",
		WaysOut: []string{
			"Write the missing back edges; where several nodes claim the one edge, somebody has to choose.",
			"Delete the edges that nobody misses on the other side.",
		},
	},
	audit: func(a *audit) []*Finding {
		var findings []*Finding
		a.eachReadable(func(f *schema.Field) *Finding {
			if f.Inverse == nil || f.Inverse.Predicate == "" || f.Inverse.Reverse || a.otherKind(f.Inverse) {
				return nil
			}
			other := f.Inverse
			if other.Source != nil && other.Has("hasInverse") {
				other = other.Source.Field(other.Name) // where it is declared, for all who inherit it
			}
			findings = append(findings, a.lacksBack(f, other))
			if other.Source != nil {
				findings = append(findings, a.lacksBack(other, f)) // nothing leads there from its interface
			}
			return nil
		})
		return findings
	},
}

// lacksBack is about the edges that a field lacks beside those of its inverse.
func (a *audit) lacksBack(f, inverse *schema.Field) *Finding {
	about := aboutField(f)
	about.Severity = Warning
	about.Impact.Data = DataOneSided
	about.Predicates = predicates(inverse.Predicate, f.Predicate)
	about.Message = fmt.Sprintf("edges of %s need their back edges in %s", inverse.Coordinate(), f.Coordinate())
	about.Consequence = fmt.Sprintf("Where one is missing, the pair shows in %s only.", inverse.Coordinate())
	if required(f) {
		about.Severity = Error
		about.Consequence = fmt.Sprintf("Where one is missing, %s cannot be read, and the node is lost with it.", f.Coordinate())
	}
	about.Question = fmt.Sprintf("How many edges of %s lack their back edge in %s?", inverse.Predicate, f.Predicate)
	about.Fixes = []Fix{
		migration("backfill-inverse", Review, fmt.Sprintf("write the missing edges of %s", f.Predicate)).by(backfilling(a.Schema, f)),
		migration("delete-edges", Destructive, fmt.Sprintf("delete the edges of %s that have no back edge", inverse.Predicate)),
	}
	if inverse == f {
		about.Message = fmt.Sprintf("edges of %s, which is its own inverse, must lead both ways", f.Coordinate())
		about.Consequence = "Where one is missing, the pair shows at one of the two nodes only."
	} else {
		about.Affects = append(about.Affects, inverse.Coordinate())
	}
	side := func(x *schema.Field) dql.Side {
		return dql.Side{Types: storedTypes(x.Owner), Predicate: unquoted(x.Predicate), List: x.Type().List()}
	}
	about.ask(dql.OneSided(side(inverse), side(f)))
	about.inquiry.sum = pairs
	return about
}
