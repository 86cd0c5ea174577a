// Package rules decides which changes endanger clients, storage or data, and
// names the ways out.
package rules

import (
	"github.com/schemacheck/schemacheck/diff"
)

// Severity is how bad a finding is.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Rule is one kind of danger.
type Rule struct {
	// ID is kebab-case and never used again for something else.
	ID string
	// Severity is that of a finding whose violations were not asked for, in
	// the worst case: some changes of the kind are milder.
	Severity Severity
	// Summary says in one line when the rule fires.
	Summary string
	Doc     Doc
	// judge looks at one change and gives a finding when the rule fires. Nil
	// for rules that speak of a schema, not of a change.
	judge func(*pass, diff.Change) *Finding
	// audit gives all findings of the rule that stored data can be, under one
	// schema. Nil for rules that are not about data at rest.
	audit func(*audit) []*Finding
}

// AtRest reports whether the rule is about data at rest under one schema, no
// change involved: Audit gives its findings.
func (r *Rule) AtRest() bool { return r.audit != nil }

// OnOperations reports whether findings of the rule are about operations, and placed in their files: no comment of a schema
// is for them.
func (r *Rule) OnOperations() bool { return r == operationBroken || r == operationAffected }

// Doc explains a rule to the person who met it.
type Doc struct {
	// Dgraph says what Dgraph does with the change.
	Dgraph string
	// Clients says what clients see after the deploy.
	Clients string
	// Before and After are a small example that fires the rule. Rules about
	// data at rest have one schema, After, and Data.
	Before, After string
	// Data is what is stored in the example, as N-Quads.
	Data string
	// Query is what a client sends after the deploy of the example, and Answer
	// is what a real Dgraph says then: JSON, of errors the messages alone, and
	// of long ones the beginning. Both are empty where no answer changes.
	Query, Answer string
	// Question is what the data would have to be asked.
	Question string
	// WaysOut are the remedies, the safest first.
	WaysOut []string
	// Reverse says what going back to the old schema brings; empty where there
	// is none.
	Reverse string
}

// All are the rules, in the order in which documentation lists them.
var All = []*Rule{
	schemaInvalid,
	schemaAbsent,
	updateRefused,
	typeRenamed,
	typeRemoved,
	typeKindChanged,
	storedTypeChanged,
	interfaceAdded,
	interfaceRemoved,
	unionMemberRemoved,
	fieldRenamed,
	fieldRemoved,
	predicateChanged,
	predicateReused,
	fieldTypeChanged,
	singleToList,
	referenceChanged,
	requiredFieldAdded,
	fieldMadeRequired,
	fieldMadeOptional,
	enumValueRemoved,
	idAdded,
	idRemoved,
	idScopeChanged,
	inverseAdded,
	inverseRemoved,
	inverseChanged,
	searchAdded,
	searchRemoved,
	searchChanged,
	secretChanged,
	embeddingChanged,
	languageChanged,
	defaultChanged,
	generateChanged,
	subscriptionRemoved,
	computedChanged,
	webhookChanged,
	authWeakened,
	authChanged,
	settingsChanged,
	apiRemoved,
	apiRequired,
	apiTypeChanged,
	apiDangerous,
	operationBroken,
	operationAffected,
	typeAdded,
	fieldAdded,
	enumValueAdded,
	unionMemberAdded,
	subscriptionAdded,
	deprecated,
	descriptionChanged,
	schemaDrift,
	untypedNodes,
	undeclaredTypes,
	danglingEdges,
	oneSidedInverse,
	duplicateID,
	missingRequired,
	enumOutOfRange,
	unreadableValues,
	leftoverValues,
	suppressionInvalid,
	suppressionUnused,
	suppressionExpired,
}

// Find is the rule with that ID, or nil.
func Find(id string) *Rule {
	for _, r := range All {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// IDs are the ids of all rules in order.
func IDs() []string {
	ids := make([]string, len(All))
	for i, r := range All {
		ids[i] = r.ID
	}
	return ids
}
