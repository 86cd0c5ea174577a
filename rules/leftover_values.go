package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

var leftoverValues = &Rule{
	ID:       "leftover-values",
	Severity: Info,
	Summary:  "Values are stored under predicates that the schema does not reach.",
	Doc: Doc{
		Dgraph: "It never removes a predicate: what a field held stays, with its indexes, when the field, its type or its interface " +
			"goes or is renamed. A delete by GraphQL takes the values of the fields that the schema has, and leaves these.",
		Clients: "Nothing, as long as no field reaches them again. A new field of that name brings the old values back, and one of " +
			"another type can fail on them or be refused.",
		After:    "type User {\n  id: ID!\n  name: String\n}\n",
		Data:     "_:ann <dgraph.type> \"User\" .\n_:ann <User.name> \"Ann\" .\n_:ann <User.phone> \"555-0100\" .\n",
		Question: "How many nodes have something under the predicate, and of which types are they?",
		WaysOut: []string{
			"Reach the values with a field, by @dgraph(pred:).",
			"Delete them, when nothing else reads them: programs can use predicates without a GraphQL schema.",
		},
	},
	audit: func(a *audit) []*Finding {
		about := func(predicate string) *Finding {
			return &Finding{
				Subject:     predicate,
				Place:       start(a.Schema),
				Predicates:  predicates(predicate),
				Impact:      Impact{Data: DataOrphaned},
				Consequence: "The values are out of reach of the API, until a field of that name brings them back.",
				Fixes:       []Fix{migration("delete-values", Destructive, "delete the values").by(discarding(predicate))},
			}
		}
		if a.stored == nil {
			f := about("")
			f.Message = "which predicates the schema does not reach is not known"
			f.Consequence, f.Fixes = "Values that no field reaches stay unknown.", nil
			f.Evidence.Reason = "no permission to read all of the stored schema"
			return []*Finding{f}
		}
		reached := map[string]bool{}
		for _, p := range a.Storage.Predicates {
			reached[p.Stored()] = true
		}
		var findings []*Finding
		for _, p := range a.stored.Predicates {
			if reached[p.Name] || kept(p.Name) {
				continue
			}
			f := about(p.Name)
			f.Message = fmt.Sprintf("no field of the schema reaches %s", p.Name)
			if types := a.listing(p.Name); len(types) > 0 {
				f.Message += fmt.Sprintf(", which the stored type %s has", list(types))
			}
			f.Question = fmt.Sprintf("How many nodes have something under %s, and of which types are they?", p.Name)
			f.ask(dql.Leftover(anyValues(p.Name)))
			f.inquiry.sum = histogram(func(name, n string) string {
				if name == "" {
					return n + " without a type"
				}
				return fmt.Sprintf("%s of type %q", n, name)
			})
			findings = append(findings, f)
		}
		return findings
	},
}

// listing are the stored types that name a predicate among their fields.
func (a *audit) listing(predicate string) []string {
	var all []string
	for _, t := range a.stored.Types {
		if slices.Contains(t.Fields, predicate) {
			all = append(all, t.Name)
		}
	}
	return all
}
