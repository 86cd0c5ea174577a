package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/validity"
)

var schemaInvalid = &Rule{
	ID:       "schema-invalid",
	Severity: Error,
	Summary:  "Dgraph would refuse the text of the new schema.",
	Doc: Doc{
		Dgraph:   "It answers an update with an error and keeps the old schema. /admin/schema/validate gives the same verdict.",
		Clients:  "Nothing changes for them: the deploy fails.",
		After:    "type User {\n  id: ID!\n  name: Sting\n}\n",
		Question: "None: no data can make the text valid.",
		WaysOut:  []string{"Correct the text where the finding points."},
		Reverse:  "Nothing was applied, so there is nothing to take back.",
	},
}

// Invalid turns what is wrong with the new schema into findings of the rules
// schema-invalid and update-refused.
func Invalid(problems []validity.Problem) []*Finding {
	findings := make([]*Finding, 0, len(problems))
	seen := map[string]int{}
	for _, problem := range problems {
		f := &Finding{
			Rule:        schemaInvalid,
			Severity:    Error,
			Coordinate:  problem.Coordinate,
			Message:     problem.Message,
			Place:       Place{AnchorSelf, problem.Span},
			Impact:      Impact{APINone, StorageRefused, DataNone},
			Reversible:  true,
			Consequence: "Dgraph refuses the schema; the old one stays.",
		}
		if problem.Update {
			f.Rule = updateRefused
			f.Consequence = "Dgraph's validation accepts the text, but the update is refused; the old schema stays."
		}
		// Several problems of one element are told apart by their number.
		if seen[f.Rule.ID+problem.Coordinate]++; seen[f.Rule.ID+problem.Coordinate] > 1 {
			f.Subject = fmt.Sprintf("problem %d", seen[f.Rule.ID+problem.Coordinate])
		}
		if problem.Span.IsZero() {
			f.Place.Anchor = AnchorFile
		}
		findings = append(findings, f)
	}
	Sort(findings)
	return findings
}
