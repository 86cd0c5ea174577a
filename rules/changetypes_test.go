package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/rules"
)

// changeType is a kind of change that GraphQL Inspector tells apart, and where
// it went.
type changeType struct {
	name string
	// rules are those that tell of it, each for one of the examples at least.
	rules string
	// why says more for people; it is all there is where no rule tells of it.
	why string
	// examples are pairs of schemas with the change. Without rules nothing but
	// additions may be found in them.
	examples []string
}

const (
	thing   = " type Thing { id: ID! size: Int }"
	queries = " type Query { things(most: Int = 10, like: Like, kind: Kind): [Thing] @custom(http: {url: \"https://example.org\", method: GET}) } " +
		"input Like { size: Int! deep: Int = 1 } enum Kind { SMALL LARGE }" + thing
	member = " type Film { title: String } type Book { pages: Int } type Shelf { id: ID! name: String items: [Media] }"
)

// swap makes the second text of a pair out of the first.
func swap(text, old, new string) string {
	return text + " -> " + strings.Replace(text, old, new, 1)
}

const (
	roots         = "Dgraph's roots are always Query, Mutation and Subscription; `schema { ... }` names no others"
	ownDirectives = "Dgraph takes definitions of directives and serves none of them; uses of its own directives are told below"
	noDirective   = "Dgraph has no directive for this place"
)

var changeTypes = []changeType{
	{"SCHEMA_QUERY_TYPE_CHANGED", "", roots, nil},
	{"SCHEMA_MUTATION_TYPE_CHANGED", "", roots, nil},
	{"SCHEMA_SUBSCRIPTION_TYPE_CHANGED", "", roots, nil},

	{"TYPE_REMOVED", "type-removed api-removed", "a rename is told as one; of enums, unions and inputs only clients know",
		[]string{"type Other { id: ID! a: Int }" + thing + " -> " + thing,
			queries + " -> " + strings.NewReplacer(", kind: Kind", "", "enum Kind { SMALL LARGE }", "").Replace(queries)}},
	{"TYPE_KIND_CHANGED", "type-kind-changed", "", []string{thing + " -> interface Thing { id: ID! size: Int } type Box implements Thing { lid: Int }"}},
	{"TYPE_ADDED", "type-added", "", []string{thing + " -> type Other { id: ID! a: Int }" + thing}},
	{"TYPE_DESCRIPTION_ADDED", "description-changed", "", []string{thing + ` -> "A thing."` + thing}},
	{"TYPE_DESCRIPTION_REMOVED", "description-changed", "", []string{`"A thing."` + thing + " -> " + thing}},
	{"TYPE_DESCRIPTION_CHANGED", "description-changed", "", []string{`"A thing."` + thing + ` -> "Any thing."` + thing}},

	{"FIELD_REMOVED", "field-removed api-removed", "a rename is told as one; a move to another predicate is predicate-changed",
		[]string{"type T { id: ID! a: Int b: Int } -> type T { id: ID! a: Int }",
			strings.Replace(queries, "type Query {", "type Query { more: Int @custom(http: {url: \"https://example.org\", method: GET})", 1) + " -> " + queries}},
	{"FIELD_ADDED", "field-added required-field-added predicate-reused", "", []string{
		"type T { id: ID! a: Int } -> type T { id: ID! a: Int b: Int }", "type T { id: ID! a: Int } -> type T { id: ID! a: Int b: Int! }",
		`type T { id: ID! a: Int } -> type T { id: ID! a: Int b: Int @dgraph(pred: "T.a") }`}},
	{"FIELD_TYPE_CHANGED", "field-type-changed reference-changed single-to-list update-refused field-made-required field-made-optional embedding-changed api-type-changed",
		"a \"!\" more is an error here: nodes without a value become null", []string{
			"type T { id: ID! a: Int } -> type T { id: ID! a: Float }",
			"type T { id: ID! a: U } type U { b: Int } type V { c: Int } -> type T { id: ID! a: V } type U { b: Int } type V { c: Int }",
			"type T { id: ID! a: Int } -> type T { id: ID! a: [Int] }", "type T { id: ID! a: [Int] } -> type T { id: ID! a: Int }",
			"type T { id: ID! a: Int } -> type T { id: ID! a: Int! }", "type T { id: ID! a: Int! } -> type T { id: ID! a: Int }",
			"type T { id: ID! k: Int a: [Float!] @embedding } -> type T { id: ID! k: Int a: [Float!] }", swap(queries, "[Thing]", "Thing")}},
	{"FIELD_DESCRIPTION_ADDED", "description-changed", "", []string{swap("type T { id: ID! a: Int }", "a:", `"A." a:`)}},
	{"FIELD_DESCRIPTION_REMOVED", "description-changed", "", []string{swap(`type T { id: ID! "A." a: Int }`, `"A."`, "")}},
	{"FIELD_DESCRIPTION_CHANGED", "description-changed", "", []string{swap(`type T { id: ID! "A." a: Int }`, "A.", "B.")}},
	{"FIELD_DEPRECATION_ADDED", "deprecated", "", []string{swap("type T { id: ID! a: Int }", "Int", "Int @deprecated")}},
	{"FIELD_DEPRECATION_REMOVED", "deprecated", "", []string{swap("type T { id: ID! a: Int @deprecated }", "@deprecated", "")}},
	{"FIELD_DEPRECATION_REASON_ADDED", "deprecated", "", []string{swap("type T { id: ID! a: Int @deprecated }", "@deprecated", `@deprecated(reason: "old")`)}},
	{"FIELD_DEPRECATION_REASON_REMOVED", "deprecated", "", []string{swap(`type T { id: ID! a: Int @deprecated(reason: "old") }`, `(reason: "old")`, "")}},
	{"FIELD_DEPRECATION_REASON_CHANGED", "deprecated", "", []string{swap(`type T { id: ID! a: Int @deprecated(reason: "old") }`, "old", "dull")}},
	{"FIELD_ARGUMENT_ADDED", "api-required", "told where it is required; what clients may leave out breaks nothing",
		[]string{swap(queries, "most:", "least: Int! most:")}},
	{"FIELD_ARGUMENT_REMOVED", "api-removed search-removed", "such as the filter of a query, with the last @search",
		[]string{swap(queries, "most: Int = 10,", ""), swap("type T { id: ID! a: Int @search }", "@search", "")}},

	{"FIELD_ARGUMENT_DESCRIPTION_CHANGED", "description-changed", "", []string{swap(queries, "most:", `"At most." most:`)}},
	{"FIELD_ARGUMENT_DEFAULT_CHANGED", "api-dangerous api-required", "required, where a default goes and the type is non-null",
		[]string{swap(queries, "= 10", "= 20"), strings.Replace(queries, "Int = 10", "Int! = 10", 1) + " -> " + strings.Replace(queries, "Int = 10", "Int!", 1)}},
	{"FIELD_ARGUMENT_TYPE_CHANGED", "api-type-changed api-required", "", []string{swap(queries, "most: Int = 10", "most: String"), swap(queries, "like: Like", "like: Like!")}},

	{"INPUT_FIELD_REMOVED", "api-removed field-removed", "of generated inputs with the field that they come from",
		[]string{swap(queries, "deep: Int = 1", ""), "type T { id: ID! a: Int b: Int } -> type T { id: ID! a: Int }"}},
	{"INPUT_FIELD_ADDED", "api-required required-field-added", "told where it is required",
		[]string{swap(queries, "deep: Int = 1", "deep: Int = 1 wide: Int!"), "type T { id: ID! a: Int } -> type T { id: ID! a: Int b: Int! }"}},
	{"INPUT_FIELD_DESCRIPTION_ADDED", "description-changed", "", []string{swap(queries, "deep:", `"How deep." deep:`)}},
	{"INPUT_FIELD_DESCRIPTION_REMOVED", "description-changed", "", []string{strings.Replace(queries, "deep:", `"How deep." deep:`, 1) + " -> " + queries}},
	{"INPUT_FIELD_DESCRIPTION_CHANGED", "description-changed", "", []string{strings.Replace(queries, "deep:", `"How deep." deep:`, 1) + " -> " + strings.Replace(queries, "deep:", `"How low." deep:`, 1)}},
	{"INPUT_FIELD_DEFAULT_VALUE_CHANGED", "api-dangerous default-changed", "what @default does to a generated input is default-changed",
		[]string{swap(queries, "= 1 ", "= 2 "), swap(`type T { id: ID! a: Int @default(add: {value: "1"}) }`, `"1"`, `"2"`)}},
	{"INPUT_FIELD_TYPE_CHANGED", "api-type-changed field-type-changed", "", []string{swap(queries, "deep: Int = 1", "deep: String"), "type T { id: ID! a: Int } -> type T { id: ID! a: Float }"}},

	{"ENUM_VALUE_REMOVED", "enum-value-removed", "", []string{swap("type T { id: ID! e: E } enum E { A B }", " B }", " }")}},
	{"ENUM_VALUE_ADDED", "enum-value-added", "", []string{swap("type T { id: ID! e: E } enum E { A B }", " B }", " B C }")}},
	{"ENUM_VALUE_DESCRIPTION_CHANGED", "description-changed", "", []string{swap("type T { id: ID! e: E } enum E { A B }", " B }", ` "Last." B }`)}},
	{"ENUM_VALUE_DEPRECATION_REASON_ADDED", "deprecated", "", []string{swap("type T { id: ID! e: E } enum E { A B }", " B }", ` B @deprecated(reason: "old") }`)}},
	{"ENUM_VALUE_DEPRECATION_REASON_REMOVED", "deprecated", "", []string{swap(`type T { id: ID! e: E } enum E { A B @deprecated(reason: "old") }`, `(reason: "old")`, "")}},
	{"ENUM_VALUE_DEPRECATION_REASON_CHANGED", "deprecated", "", []string{swap(`type T { id: ID! e: E } enum E { A B @deprecated(reason: "old") }`, "old", "dull")}},

	{"OBJECT_TYPE_INTERFACE_ADDED", "interface-added", "stored nodes do not get the interface's type, and fields can move", []string{
		"interface I { id: ID! a: Int } type T { id: ID! a: Int b: Int } -> interface I { id: ID! a: Int } type T implements I { b: Int }"}},
	{"OBJECT_TYPE_INTERFACE_REMOVED", "interface-removed", "", []string{
		"interface I { id: ID! a: Int } type T implements I { b: Int } -> interface I { id: ID! a: Int } type T { id: ID! a: Int b: Int }"}},

	{"UNION_MEMBER_REMOVED", "union-member-removed", "", []string{swap("union Media = Film | Book"+member, "Film | Book", "Book")}},
	{"UNION_MEMBER_ADDED", "union-member-added", "", []string{swap("union Media = Film"+member, "= Film", "= Film | Book")}},

	{"DIRECTIVE_REMOVED", "", ownDirectives, []string{"directive @own on FIELD_DEFINITION" + thing + " -> " + thing}},
	{"DIRECTIVE_ADDED", "", ownDirectives, []string{thing + " -> directive @own on FIELD_DEFINITION" + thing}},
	{"DIRECTIVE_DESCRIPTION_CHANGED", "", ownDirectives, nil},
	{"DIRECTIVE_LOCATION_ADDED", "", ownDirectives, []string{swap("directive @own on FIELD_DEFINITION"+thing, "on FIELD", "on QUERY | FIELD")}},
	{"DIRECTIVE_LOCATION_REMOVED", "", ownDirectives, []string{swap("directive @own on QUERY | FIELD_DEFINITION"+thing, "QUERY | ", "")}},
	{"DIRECTIVE_REPEATABLE_ADDED", "", ownDirectives, nil},
	{"DIRECTIVE_REPEATABLE_REMOVED", "", ownDirectives, nil},
	{"DIRECTIVE_ARGUMENT_ADDED", "", ownDirectives, []string{swap("directive @own on FIELD_DEFINITION"+thing, "@own", "@own(a: Int!)")}},
	{"DIRECTIVE_ARGUMENT_REMOVED", "", ownDirectives, []string{swap("directive @own(a: Int) on FIELD_DEFINITION"+thing, "(a: Int)", "")}},
	{"DIRECTIVE_ARGUMENT_DESCRIPTION_CHANGED", "", ownDirectives, nil},
	{"DIRECTIVE_ARGUMENT_DEFAULT_VALUE_CHANGED", "", ownDirectives, nil},
	{"DIRECTIVE_ARGUMENT_TYPE_CHANGED", "", ownDirectives, nil},

	{"DIRECTIVE_USAGE_OBJECT_ADDED", "stored-type-changed secret-changed auth-changed generate-changed subscription-added webhook-changed type-kind-changed", "", []string{
		swap(thing, "Thing", `Thing @dgraph(type: "Item")`), swap(thing, "Thing", `Thing @secret(field: "pwd")`),
		swap(thing, "Thing", `Thing @auth(query: {rule: "{$ROLE: {eq: \"ADMIN\"}}"})`), swap(thing, "Thing", "Thing @generate(query: {aggregate: false})"),
		swap(thing, "Thing", "Thing @withSubscription"), swap(thing, "Thing", "Thing @lambdaOnMutate(add: true)"), swap(thing+" type U { id: ID! a: Int }", "Thing", "Thing @remote")}},
	{"DIRECTIVE_USAGE_OBJECT_REMOVED", "stored-type-changed secret-changed auth-weakened generate-changed subscription-removed webhook-changed api-removed",
		"with @key the federation's part of the API goes", []string{
			swap(`type Thing @dgraph(type: "Item") { id: ID! size: Int }`, `@dgraph(type: "Item")`, ""), swap(`type Thing @secret(field: "pwd") { id: ID! size: Int }`, `@secret(field: "pwd")`, ""),
			swap(`type Thing @auth(query: {rule: "{$ROLE: {eq: \"ADMIN\"}}"}) { id: ID! size: Int }`, `@auth(query: {rule: "{$ROLE: {eq: \"ADMIN\"}}"})`, ""),
			swap("type Thing @generate(query: {aggregate: false}) { id: ID! size: Int }", "@generate(query: {aggregate: false})", ""),
			swap("type Thing @withSubscription { id: ID! size: Int }", "@withSubscription", ""), swap("type Thing @lambdaOnMutate(add: true) { id: ID! size: Int }", "@lambdaOnMutate(add: true)", ""),
			swap(`type Thing @key(fields: "id") { id: ID! size: Int }`, `@key(fields: "id")`, "")}},
	{"DIRECTIVE_USAGE_INTERFACE_ADDED", "stored-type-changed auth-changed generate-changed", "as on types", []string{
		swap("interface I { id: ID! a: Int } type T implements I { b: Int }", "interface I", `interface I @dgraph(type: "Item")`),
		swap("interface I { id: ID! a: Int } type T implements I { b: Int }", "interface I", `interface I @auth(query: {rule: "{$ROLE: {eq: \"ADMIN\"}}"})`),
		swap("interface I { id: ID! a: Int } type T implements I { b: Int }", "interface I", "interface I @generate(query: {query: false})")}},
	{"DIRECTIVE_USAGE_INTERFACE_REMOVED", "stored-type-changed auth-weakened", "as on types", []string{
		swap(`interface I @dgraph(type: "Item") { id: ID! a: Int } type T implements I { b: Int }`, `@dgraph(type: "Item")`, ""),
		swap(`interface I @auth(query: {rule: "{$ROLE: {eq: \"ADMIN\"}}"}) { id: ID! a: Int } type T implements I { b: Int }`, `@auth(query: {rule: "{$ROLE: {eq: \"ADMIN\"}}"})`, "")}},
	{"DIRECTIVE_USAGE_FIELD_DEFINITION_ADDED", "predicate-changed id-added search-added inverse-added default-changed computed-changed update-refused language-changed deprecated", "", []string{
		swap("type T { id: ID! k: Int a: [Float!] }", "[Float!]", "[Float!] @embedding"),
		swap("type T { id: ID! a: String }", "String", `String @dgraph(pred: "b")`), swap("type T { id: ID! a: String! }", "String!", "String! @id"), swap("type T { id: ID! a: String }", "String", "String @search"),
		swap("type T { id: ID! u: [U] } type U { id: ID! t: T }", "[U]", "[U] @hasInverse(field: t)"), swap("type T { id: ID! a: Int! }", "Int!", `Int! @default(update: {value: "1"})`),
		swap("type T { id: ID! k: Int a: Int }", "a: Int", `a: Int @custom(http: {url: "https://example.org?id=$id", method: GET})`), swap("type T { id: ID! a: String b: String @dgraph(pred: \"T.a@en\") }", "@en", "@de"), swap("type T { id: ID! a: Int }", "Int", "Int @deprecated")}},
	{"DIRECTIVE_USAGE_FIELD_DEFINITION_REMOVED", "predicate-changed id-removed search-removed inverse-removed default-changed computed-changed embedding-changed deprecated", "", []string{
		swap("type T { id: ID! k: Int a: [Float!] @embedding }", "@embedding", ""),
		swap(`type T { id: ID! a: String @dgraph(pred: "b") }`, `@dgraph(pred: "b")`, ""), swap("type T { id: ID! a: String! @id }", "@id", ""), swap("type T { id: ID! a: String @search }", "@search", ""),
		swap("type T { id: ID! u: [U] @hasInverse(field: t) } type U { id: ID! t: T }", "@hasInverse(field: t)", ""), swap(`type T { id: ID! a: Int! @default(add: {value: "1"}) }`, `@default(add: {value: "1"})`, ""),
		swap(`type T { id: ID! k: Int a: Int @custom(http: {url: "https://example.org?id=$id", method: GET}) }`, `@custom(http: {url: "https://example.org?id=$id", method: GET})`, ""),
		swap("type T { id: ID! a: Int @deprecated }", "@deprecated", "")}},
	{"DIRECTIVE_USAGE_ENUM_VALUE_ADDED", "deprecated", "", []string{swap("type T { id: ID! e: E } enum E { A B }", " B }", " B @deprecated }")}},
	{"DIRECTIVE_USAGE_ENUM_VALUE_REMOVED", "deprecated", "", []string{swap("type T { id: ID! e: E } enum E { A B @deprecated }", "@deprecated", "")}},
	{"DIRECTIVE_USAGE_ARGUMENT_ADDED", "search-changed id-scope-changed default-changed inverse-changed computed-changed", "values are compared: another order of @search(by:) is no change", []string{
		swap("type T { id: ID! a: String @search }", "@search", "@search(by: [hash])"),
		swap("interface I { id: ID! a: String! @id } type T implements I { b: Int }", "@id", "@id(interface: true)"),
		swap(`type T { id: ID! a: Int @default(add: {value: "1"}) }`, `"1"}`, `"1"}, update: {value: "2"}`),
		swap("type T { id: ID! u: [U] @hasInverse(field: t) } type U { id: ID! t: T s: T }", "field: t", "field: s"),
		swap(`type T { id: ID! k: Int a: Int @custom(http: {url: "https://example.org?id=$id", method: GET}) }`, "method: GET", "method: GET, forwardHeaders: [\"X-App\"]")}},
	{"DIRECTIVE_USAGE_ARGUMENT_REMOVED", "search-changed id-scope-changed default-changed", "", []string{
		swap("type T { id: ID! a: String @search(by: [hash]) }", "(by: [hash])", ""),
		swap("interface I { id: ID! a: String! @id(interface: true) } type T implements I { b: Int }", "(interface: true)", ""),
		swap(`type T { id: ID! a: Int @default(add: {value: "1"}, update: {value: "2"}) }`, `, update: {value: "2"}`, "")}},
	{"DIRECTIVE_USAGE_SCHEMA_ADDED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_SCHEMA_REMOVED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_SCALAR_ADDED", "", "Dgraph refuses scalars of one's own", nil},
	{"DIRECTIVE_USAGE_SCALAR_REMOVED", "", "Dgraph refuses scalars of one's own", nil},
	{"DIRECTIVE_USAGE_UNION_MEMBER_ADDED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_UNION_MEMBER_REMOVED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_ENUM_ADDED", "", "only @remote, which changes nothing about an enum", []string{swap(queries, "enum Kind", "enum Kind @remote")}},
	{"DIRECTIVE_USAGE_ENUM_REMOVED", "", "only @remote, which changes nothing about an enum", []string{strings.Replace(queries, "enum Kind", "enum Kind @remote", 1) + " -> " + queries}},
	{"DIRECTIVE_USAGE_INPUT_OBJECT_ADDED", "", "only @remote, which changes nothing about an input", []string{swap(queries, "input Like", "input Like @remote")}},
	{"DIRECTIVE_USAGE_INPUT_OBJECT_REMOVED", "", "only @remote, which changes nothing about an input", []string{strings.Replace(queries, "input Like", "input Like @remote", 1) + " -> " + queries}},
	{"DIRECTIVE_USAGE_INPUT_FIELD_DEFINITION_ADDED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_INPUT_FIELD_DEFINITION_REMOVED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_FIELD_ADDED", "", "a directive of queries, not of schemas", nil},
	{"DIRECTIVE_USAGE_FIELD_REMOVED", "", "a directive of queries, not of schemas", nil},
	{"DIRECTIVE_USAGE_ARGUMENT_DEFINITION_ADDED", "", noDirective, nil},
	{"DIRECTIVE_USAGE_ARGUMENT_DEFINITION_REMOVED", "", noDirective, nil},
}

// TestChangeTypes: each rule that the table names tells of one of the
// examples, and where none is named nothing is told.
func TestChangeTypes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range changeTypes {
		if seen[c.name] {
			t.Errorf("%s is in the table twice", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var fired []string
			for _, example := range c.examples {
				before, after, ok := strings.Cut(example, " -> ")
				if !ok || before == after {
					t.Fatalf("%q is no pair of two schemas", example)
				}
				checkValid(t, before, before)
				checkValid(t, after, after)
				findings := judge(t, before, after, nil)
				for _, f := range findings {
					fired = append(fired, f.Rule.ID)
				}
				if (len(findings) > 0) != (c.rules != "") {
					t.Errorf("%s\nfires %v", example, identities(findings))
				}
			}
			for _, id := range strings.Fields(c.rules) {
				if rules.Find(id) == nil {
					t.Errorf("there is no rule %s", id)
				} else if !slices.Contains(fired, id) {
					t.Errorf("%s does not fire in the examples, only %v", id, fired)
				}
			}
			if c.rules == "" && c.why == "" {
				t.Error("the table does not say where it went")
			}
		})
	}
	if len(seen) != 80 {
		t.Errorf("the table has %d kinds of changes", len(seen))
	}
}
