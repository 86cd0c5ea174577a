package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

var missingRequired = &Rule{
	ID:       "missing-required",
	Severity: Error,
	Summary:  "Nodes have no value for a non-null field.",
	Doc: Doc{
		Dgraph: "Only GraphQL mutations ask for the values of non-null fields. It does not look at the data when a field becomes " +
			"non-null, and neither loaders nor DQL mutations know of it. Lists are never concerned: without values they read as [].",
		Clients: nonNullClients,
		After:   "type User {\n  id: ID!\n  name: String!\n}\n",
		Data:    "_:ann <dgraph.type> \"User\" .\n_:ann <User.name> \"Ann\" .\n_:bob <dgraph.type> \"User\" .\n",
		Query:   `{ queryUser { name } }`,
		Answer: `{
  "errors": [{"message": "Non-nullable field 'name' (type String!) was not present in result from Dgraph ..."}],
  "data": {"queryUser": [null, {"name": "Ann"}]}
}`,
		Question: "How many nodes of the type, implementing types included, have no value or edge?",
		WaysOut: []string{
			"Make the field nullable until every node has a value.",
			"Fill a value for the nodes that lack it.",
		},
	},
	audit: func(a *audit) []*Finding {
		return a.eachField(func(f *schema.Field) *Finding {
			if !required(f) {
				return nil
			}
			about := aboutField(f)
			about.Message = fmt.Sprintf("nodes of %s need a value of %s, which is required (%s)", f.Owner.Name, f.Coordinate(), written(f))
			aboutMissing(a.Schema, about, f)
			about.ask(dql.Missing(valuesOf(f, f.Owner)))
			return about
		})
	},
}
