package rules

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

var schemaAbsent = &Rule{
	ID:       "schema-absent",
	Severity: Info,
	Summary:  "A schema does not exist in the commit that is named, and counts as empty.",
	Doc: Doc{
		Dgraph: "Nothing: it does not see where a schema comes from.",
		Clients: "Nothing, if there was no schema yet: all of the new one is an addition. If the path is misspelt, or the file was " +
			"elsewhere at the time, the comparison says nothing about what they will see.",
		After: "# schemacheck diff git:main:schema.graphql schema.graphql\n" +
			"# on the branch that adds this file: main has none yet.\n" +
			"type User {\n  id: ID!\n  name: String\n}\n",
		Question: "None: ask git where the schema was at that commit.",
		WaysOut: []string{
			"If there was a schema, name the path that it had in that commit: git:REF:PATH counts from the root of the repository.",
			"In CI, where that must never happen, set the rule to error under rules: in the configuration.",
		},
		Reverse: "Nothing was applied, so there is nothing to take back.",
	},
}

// Absent is the finding that the old, new or audited schema (which is "old",
// "new" or "audited") does not exist at source, such as git:main:schema.graphql, in a commit that
// does exist, or that the Dgraph of that name has none. It is placed at the
// start of the new schema.
func Absent(which, source string, start sdl.Span) *Finding {
	consequence := "All of the new schema counts as an addition: check the path if there was a schema in that commit."
	if which == "new" {
		consequence = "There is no schema to deploy: check the path."
	}
	message := source + " does not exist and counts as the empty schema"
	if strings.HasPrefix(source, "dgraph://") {
		message = source + " has no GraphQL schema, which counts as the empty schema"
		consequence = "All of the new schema counts as an addition: check host and namespace if there should be one."
	}
	if which == "audited" {
		consequence = "All that is stored counts as left over: check where the schema is if there should be one."
	}
	return &Finding{
		Rule:        schemaAbsent,
		Severity:    schemaAbsent.Severity,
		Subject:     which + " schema",
		Message:     message,
		Consequence: consequence,
		Place:       Place{AnchorFile, start},
		Impact:      Impact{APINone, StorageNone, DataNone},
		Reversible:  true,
	}
}
