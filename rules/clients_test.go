package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// judgeClients judges a change with the operations of one file.
func judgeClients(t *testing.T, before, after, text string, c rules.Clients) ([]*rules.Finding, *rules.Clientele) {
	t.Helper()
	d := diff.Compare(derive(t, "old.graphql", before), derive(t, "new.graphql", after), diff.Options{})
	findings := rules.Judge(d)
	found := operations.Join(operations.Whole(&sdl.File{Name: "app.graphql", Text: text}))
	if len(found.Problems) > 0 {
		t.Fatal(found.Problems[0].What)
	}
	c.Operations = found.Operations
	return findings, rules.JudgeClients(d, findings, c)
}

func ofRule(t *testing.T, findings []*rules.Finding, id string) *rules.Finding {
	t.Helper()
	for _, f := range findings {
		if f.Rule.ID == id {
			return f
		}
	}
	t.Fatalf("no finding of %s", id)
	return nil
}

// TestFollow: where the data says that nothing stored is concerned, no operation is; it says nothing of what the API alone
// brings.
func TestFollow(t *testing.T) {
	t.Parallel()
	const before, after = "type User { id: ID! name: String }\n", "type User { id: ID! name: String! }\n"
	for _, c := range []struct {
		name     string
		evidence rules.Evidence
		want     rules.Severity
	}{
		{"nothing affected", rules.Evidence{Asked: true, Complete: true, Total: 3}, rules.Info},
		{"affected", rules.Evidence{Asked: true, Complete: true, Total: 3, Violations: 1}, rules.Warning},
		{"not to the end", rules.Evidence{Asked: true, Total: 3}, rules.Warning},
		{"not asked", rules.Evidence{Reason: "no permission"}, rules.Warning},
	} {
		findings, clientele := judgeClients(t, before, after, "query Q { queryUser { name } }", rules.Clients{})
		made := ofRule(t, findings, "field-made-required")
		affected := ofRule(t, clientele.Findings, "operation-affected")
		made.Impact.API = rules.APINone // for required inputs clients break, whatever is stored
		made.Weigh(c.evidence)
		rules.Follow(append(findings, clientele.Findings...))
		if affected.Severity != c.want {
			t.Errorf("%s: the operation's finding is %s, want %s", c.name, affected.Severity, c.want)
		}
	}
	const enum = "type User { id: ID! color: Color }\nenum Color { RED }\n"
	_, clientele := judgeClients(t, enum, strings.Replace(enum, "RED", "RED BLUE", 1), "query Q { queryUser { color } }", rules.Clients{})
	affected := ofRule(t, clientele.Findings, "operation-affected")
	if rules.Follow(clientele.Findings); affected.Severity != rules.Warning {
		t.Errorf("a value that can come anew is %s", affected.Severity)
	}
}

// TestDowngradeUnused: only what concerns the API alone weighs less, and only where it is certain that nobody uses it.
func TestDowngradeUnused(t *testing.T) {
	t.Parallel()
	const before = "type User { id: ID! name: String @search(by: [hash]) age: Int }\ntype Post { id: ID! title: String author: User }\n"
	const searchless = "type User { id: ID! name: String age: Int }\ntype Post { id: ID! title: String author: User }\n"
	const nameless = "type User { id: ID! age: Int }\ntype Post { id: ID! title: String author: User }\n"
	for _, c := range []struct {
		name, after, text, rule string
		clients                 rules.Clients
		want, lowered           rules.Severity
	}{
		{"unused", searchless, "{ queryPost { title } }", "search-removed", rules.Clients{DowngradeUnused: true}, rules.Warning, rules.Error},
		{"not asked for", searchless, "{ queryPost { title } }", "search-removed", rules.Clients{}, rules.Error, ""},
		{"no operations", searchless, "# none", "search-removed", rules.Clients{DowngradeUnused: true}, rules.Error, ""},
		{"something unread", searchless, "{ queryPost { title } }", "search-removed", rules.Clients{DowngradeUnused: true, Unread: 1}, rules.Error, ""},
		{"used", searchless, `{ queryUser(filter: {name: {eq: "x"}}) { id } }`, "search-removed", rules.Clients{DowngradeUnused: true}, rules.Error, ""},
		{"used by an operation that never was valid", searchless, `{ queryUser(filter: {name: {eq: "x"}}) { gone } }`, "search-removed", rules.Clients{DowngradeUnused: true}, rules.Error, ""},
		{"it can be sent", searchless, "query ($f: UserFilter) { queryUser(filter: $f) { id } }", "search-removed", rules.Clients{DowngradeUnused: true}, rules.Error, ""},
		{"it can be sent within", "type User { id: ID! name: String! @search(by: [hash]) age: Int }\ntype Post { id: ID! title: String author: User }\n",
			"mutation ($p: [AddPostInput!]!) { addPost(input: $p) { numUids } }", "field-made-required", rules.Clients{DowngradeUnused: true}, rules.Error, ""},
		{"data is concerned", nameless, "{ queryPost { title } }", "field-removed", rules.Clients{DowngradeUnused: true}, rules.Error, ""},
	} {
		findings, _ := judgeClients(t, before, c.after, c.text, c.clients)
		f := ofRule(t, findings, c.rule)
		if f.Severity != c.want || f.Usage == nil || f.Usage.Lowered != c.lowered {
			t.Errorf("%s: %s %+v, want %s lowered from %q", c.name, f.Severity, f.Usage, c.want, c.lowered)
		}
	}
}

// TestUsage counts operations and files, once each.
func TestUsage(t *testing.T) {
	t.Parallel()
	const before = "interface Node { id: ID! name: String }\ntype User implements Node { phone: String @search(by: [hash]) }\ntype Post { id: ID! author: User }\n"
	findings, clientele := judgeClients(t, before, strings.Replace(before, "phone", "tel", 1), `
query Twice { queryUser(filter: {phone: {eq: "1"}}) { phone } }
query Aggregate { aggregateUser { phoneMax } }
query Through { queryPost { author { ...P } } }
fragment P on User { phone }
query Filter($f: UserFilter) { queryUser(filter: $f) { name } }
mutation Within($p: [AddPostInput!]!) { addPost(input: $p) { numUids } }
query Not { queryUser { name } queryNode { name } }
`, rules.Clients{})
	u := ofRule(t, findings, "field-renamed").Usage
	if u == nil || *u != (rules.Usage{Operations: 3, Files: 1, Sending: 2}) {
		t.Errorf("used by %+v", u)
	}
	if clientele.Operations != 6 || clientele.Files != 1 || clientele.Broken != 3 || clientele.BrokenFiles != 1 || clientele.Affected != 1 {
		t.Errorf("%+v", clientele)
	}
}

// TestNoTwoAlike: no two findings of operations are the same one, however they are called.
func TestNoTwoAlike(t *testing.T) {
	t.Parallel()
	const before = "type User { id: ID! a: String b: String c: String }\n"
	const op = "query Q { queryUser { a b } getUser(id: 1) { a b c } }\n"
	_, clientele := judgeClients(t, before, "type User { id: ID! c: Int }\n", op+op+"{ queryUser { a } }\n{ queryUser { b c } }\nquery Q_2 { queryUser { a } }\n"+op, rules.Clients{})
	seen := map[string]bool{}
	for _, f := range clientele.Findings {
		if seen[identity(f)] {
			t.Errorf("%s stands there twice", identity(f))
		}
		seen[identity(f)] = true
	}
	if len(seen) != 9 {
		t.Errorf("%d findings: %v", len(seen), seen)
	}
}

// TestMeets: an input can have hundreds of elements that an operation can send; the first of those that one finding changes
// are told with it.
func TestMeets(t *testing.T) {
	t.Parallel()
	fields := ""
	for i := range 30 {
		fields += fmt.Sprintf("  f%d: T\n", i)
	}
	before := "type O {\n  id: ID!\n" + fields + "}\ntype T {\n  id: ID!\n  name: String\n}\n"
	after := strings.ReplaceAll(before, "type T {", "type U @dgraph(type: \"T\") {")
	after = strings.ReplaceAll(after, ": T\n", ": U\n")
	findings, clientele := judgeClients(t, before, after, "mutation M($in: [AddOInput!]!) { addO(input: $in) { numUids } }", rules.Clients{})
	if all := ofRule(t, findings, "type-renamed").API; len(all) < 30 {
		t.Errorf("the cause changes only %v", all)
	}
	if first := ofRule(t, clientele.Findings, "operation-affected").API; len(first) != 20 {
		t.Errorf("the operation meets with %d: %v", len(first), first)
	}
}
