package rules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/rules"
)

// TestGrace: what is asked of git, and what becomes of the findings.
func TestGrace(t *testing.T) {
	t.Parallel()
	const old = `
interface Named { name: String @deprecated  also: Int }
type A implements Named { id: ID! gone: String @deprecated(reason: "x") stays: Int @deprecated here: Int kept: Int }
type B { id: ID! only: Int @deprecated  other: Int @deprecated }
type C { id: ID! half: Int @deprecated  rest: Boolean }
type D implements Named { id: ID! }
enum Color { RED @deprecated GREEN BLUE @deprecated }
type E { id: ID! color: Color computed: String @custom(http: {url: "http://x", method: GET}) @deprecated  search: String @search(by: [hash]) @deprecated }
type Query { users(city: String, most: Int): [A] @custom(dql: "query { users(func: type(A)) { id: uid } }") @deprecated }
`
	const new = `
interface Named { also: Int }
type A implements Named { id: ID! stays: Int @deprecated kept: Int }
enum Color { GREEN }
type E { id: ID! color: Color search: String @deprecated }
type Query { users(most: Int): [A] @custom(dql: "query { users(func: type(A)) { id: uid } }") @deprecated }
`
	before, after := derive(t, "old.graphql", old), derive(t, "new.graphql", new)
	now := time.Date(2026, 10, 27, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.Add(-time.Duration(n) * 24 * time.Hour) }
	judged := func() []*rules.Finding { return rules.Judge(diff.Compare(before, after, diff.Options{})) }
	find := func(findings []*rules.Finding, rule, coordinate string) *rules.Finding {
		t.Helper()
		for _, f := range findings {
			if f.Rule.ID == rule && f.Coordinate == coordinate {
				return f
			}
		}
		t.Fatalf("there is no %s of %s", rule, coordinate)
		return nil
	}

	findings := judged()
	var asked []string
	rules.Grace(before, after, findings, 30*24*time.Hour, now, func(elements []string) map[string]rules.Deprecation {
		asked = slices.Clone(elements)
		return map[string]rules.Deprecation{
			"A.gone": {Since: day(87), Longer: true}, "Named.name": {Since: day(30)}, "B.only": {Since: day(40)}, "B.other": {Since: day(6)},
			"Color.RED": {Since: day(31)}, "E.computed": {Since: now.Add(-47 * time.Hour)},
			"E.search": {Since: day(99)}, "A.stays": {Since: day(99)}, "C.half": {Since: day(99)},
		}
	})
	slices.Sort(asked)
	if got := strings.Join(asked, " "); got != "A.gone B.only B.other Color.BLUE Color.RED E.computed Named.name" {
		t.Errorf("asked for %s", got)
	}
	for _, c := range []struct {
		rule, coordinate string
		severity         rules.Severity
		message, reason  string
		keep             bool
	}{
		{"field-removed", "A.gone", rules.Warning, "; @deprecated since 2026-08-01 or longer (87 days)", "it was @deprecated for 87 days, and 30 days are enough by deprecationGrace", false},
		{"field-removed", "Named.name", rules.Warning, "; @deprecated since 2026-09-27 (30 days)", "it was @deprecated for 30 days, and 30 days are enough by deprecationGrace", false},
		{"field-removed", "A.here", rules.Error, "A.here is removed", "", true},
		{"type-removed", "B", rules.Error, "; @deprecated since 2026-10-21 (6 days)", "it was @deprecated for 6 days, and deprecationGrace asks for 30 days", true},
		{"type-removed", "C", rules.Error, "C is removed", "", true},
		{"type-removed", "D", rules.Error, "D is removed", "", true},
		{"api-removed", "Query.users", rules.Error, "Query.users(city:) is gone from the API", "", false}, // an argument of it is gone
		{"enum-value-removed", "Color.RED", rules.Warning, "; @deprecated since 2026-09-26 (31 days)", "it was @deprecated for 31 days, and 30 days are enough by deprecationGrace", false},
		{"enum-value-removed", "Color.BLUE", rules.Error, "Color loses the value BLUE", "", true},
		{"api-removed", "E.computed", rules.Error, "; @deprecated since 2026-10-25 (47 hours)", "it was @deprecated for 47 hours, and deprecationGrace asks for 30 days", false},
	} {
		f := find(findings, c.rule, c.coordinate)
		keep := slices.ContainsFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == "keep-and-deprecate" })
		if f.Severity != c.severity || !strings.HasSuffix(f.Message, c.message) || strings.Join(f.Reasons, "; ") != c.reason || keep != c.keep {
			t.Errorf("%s %s: %s, %q, %q, keep %v", c.rule, c.coordinate, f.Severity, f.Message, f.Reasons, keep)
		}
	}

	// Long enough for all of it.
	findings = judged()
	rules.Grace(before, after, findings, 6*24*time.Hour, now, func([]string) map[string]rules.Deprecation {
		return map[string]rules.Deprecation{"B.only": {Since: day(40)}, "B.other": {Since: day(6)}}
	})
	if f := find(findings, "type-removed", "B"); f.Severity != rules.Warning {
		t.Errorf("%s: %s", f.Message, f.Severity)
	}
	// Nothing is asked where nothing deprecated is gone.
	rules.Grace(after, after, nil, time.Hour, now, func([]string) map[string]rules.Deprecation {
		t.Error("git is asked for nothing")
		return nil
	})
}
