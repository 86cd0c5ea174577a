package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

var duplicateID = &Rule{
	ID:       "duplicate-id",
	Severity: Error,
	Summary:  "Several nodes hold the same value of an @id, or an empty one.",
	Doc: Doc{
		Dgraph: "Only GraphQL mutations look whether a value of @id is taken, and only among the nodes of the type, or of all " +
			"implementing types with @id(interface: true). Loaders, DQL mutations and data that is older than the directive do not care.",
		Clients: "A get query by such a value answers null with an error; every add, upsert or nested reference with it fails. Empty " +
			"values cannot be used at all. Nodes without a value are counted in a remark: missing-required is about them. Without " +
			"interface: true, nodes of two implementing types may share a value, which is not reported, though the interface's get query fails on it.",
		After: "type User {\n  id: ID!\n  email: String! @id\n}\n",
		Data:  "_:a <dgraph.type> \"User\" .\n_:a <User.email> \"ann@example.org\" .\n_:b <dgraph.type> \"User\" .\n_:b <User.email> \"ann@example.org\" .\n",
		Query: `{ getUser(email: "ann@example.org") { email } }`,
		Answer: `{
  "errors": [{"message": "A list was returned, but GraphQL was expecting just one item ..."}],
  "data": {"getUser": null}
}`,
		Question: "Which values do several nodes hold, and how many nodes have an empty one?",
		WaysOut: []string{
			"Make the values unique: keep the oldest, add suffixes, merge the nodes, or clear the duplicates.",
			"Use @search(by: [hash]) instead, when uniqueness is not meant.",
		},
	},
	audit: func(a *audit) []*Finding {
		return a.eachReadable(func(f *schema.Field) *Finding {
			if !f.Has("id") {
				return nil
			}
			scopes := [][]string{storedTypes(f.Owner)}
			within := "values of " + f.Coordinate() + " must be unique"
			switch {
			case f.Owner.Kind == sdl.Interface && interfaceWide(f):
				within += " over all types that implement " + f.Owner.Name
			case f.Owner.Kind == sdl.Interface:
				within += " within each type that implements " + f.Owner.Name
				scopes = nil
				for _, t := range f.Owner.Implementors {
					scopes = append(scopes, []string{t.Stored})
				}
			}
			if len(scopes) == 0 {
				return nil
			}
			about := aboutField(f)
			about.Message = within + ", and not empty"
			about.Consequence = "For a value that several nodes hold, get queries answer null with an error, and adds and upserts fail."
			about.Question = fmt.Sprintf("Which values of %s do several nodes hold, and which nodes have an empty one?", storedAs(f))
			about.Fixes = []Fix{migration("make-unique", Review, "make the values of "+storedAs(f)+" unique").by(uniqueness(a.Schema, f, scopesOf(f), nil))}
			var questions []dql.Question
			for _, types := range scopes {
				questions = append(questions, dql.Duplicates(dql.Field{Types: types, Predicate: unquoted(f.Predicate)}))
			}
			questions = append(questions, dql.Unfit(valuesOf(f, f.Owner), holds("")), dql.Missing(valuesOf(f, f.Owner)))
			about.inquiry = &inquiry{questions: questions, sum: uniqueWithin}
			return about
		})
	},
}

// uniqueWithin is the evidence on values that must differ within each of some
// groups of nodes. The last two answers are about nodes with an empty value, and
// about those without one, which violate nothing here.
func uniqueWithin(answers []dql.Answer) Evidence {
	n := len(answers) - 2
	e := together(answers)
	var all dql.Answer
	for _, a := range answers[:n] {
		all.Violations += a.Violations
		all.Groups += a.Groups
		all.Variants += a.Variants
	}
	all.Empty = answers[n].Violations
	one := unique([]dql.Answer{all})
	e.Violations, e.Groups, e.Remarks = one.Violations, one.Groups, one.Remarks
	e.Samples = together(answers[:n+1]).Samples
	if missing := answers[n+1].Violations; missing > 0 {
		e.Remarks = append(e.Remarks, count(missing, "node")+" without a value")
	}
	return e
}
