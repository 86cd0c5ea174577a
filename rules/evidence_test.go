package rules_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/rules"
)

// settle has the server decide about findings, as the program does.
func settle(t *testing.T, d *dgraphtest.Dgraph, findings []*rules.Finding) {
	t.Helper()
	client := open(t, d)
	defer client.Close()
	settleBy(t, client, findings, dql.Options{})
}

func open(t *testing.T, d *dgraphtest.Dgraph) *dql.Client {
	t.Helper()
	client, err := dql.Open(t.Context(), dql.Config{Alphas: []string{d.GRPC}, HTTP: d.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func settleBy(t *testing.T, client *dql.Client, findings []*rules.Finding, o dql.Options) {
	t.Helper()
	err := rules.Settle(findings, func(questions []dql.Question) ([]dql.Answer, error) {
		reader := func(context.Context) (dql.Reader, error) { return client.Snapshot(), nil }
		answers, _, err := dql.Ask(t.Context(), reader, questions, o)
		return answers, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// renderEvidence is the golden form, a line for each finding that was asked
// about.
func renderEvidence(findings []*rules.Finding) string {
	var out strings.Builder
	for _, f := range findings {
		e := f.Evidence
		if !e.Asked && e.Reason == "" {
			continue
		}
		fmt.Fprintf(&out, "%s %s: ", f.Severity, identity(f))
		switch {
		case !e.Asked:
			fmt.Fprintf(&out, "not asked, %s", e.Reason)
		default:
			fmt.Fprintf(&out, "%d of %d", e.Violations, e.Total)
			if e.Groups > 0 {
				fmt.Fprintf(&out, ", in %d groups", e.Groups)
			}
			if !e.Complete {
				fmt.Fprintf(&out, ", not complete: %s", e.Reason)
			}
		}
		for _, r := range e.Remarks {
			out.WriteString("; " + r)
		}
		for _, r := range e.Reasons {
			out.WriteString("; likelier because " + r)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// checkEvidence holds what the data said before the update against what the
// server did after it: where it said that nothing is affected, nothing is.
func checkEvidence(t *testing.T, findings []*rules.Finding, r *liveRun) {
	t.Helper()
	for _, f := range findings {
		e := f.Evidence
		if e.Asked && e.Complete && e.Violations > 0 && len(e.Samples) == 0 {
			t.Errorf("%s: %d violations without a sample", identity(f), e.Violations)
		}
		if e.Clean() != (f.Evidence.Asked && e.Complete && e.Violations == 0) {
			t.Errorf("%s: clean, with %+v", identity(f), e)
		}
		if f.Severity == rules.Info && (e.Violations > 0 || !f.Reversible) && f.Rule.Severity != rules.Info && f.Impact.Data != rules.DataNone {
			t.Errorf("%s is info, with %+v", identity(f), e)
		}
	}
	notRun := r.new.Data == nil && slices.ContainsFunc(r.new.Errors, invalidOperation.MatchString)
	gone := lost(r.old, r.new)
	hurt := !notRun && (len(gone) > 0 || len(r.new.Errors) > 0)
	explained := slices.ContainsFunc(findings, func(f *rules.Finding) bool {
		return f.Evidence.Violations > 0 || !f.Evidence.Clean() && f.Impact.Data != rules.DataNone || f.Rule.ID == "auth-changed" ||
			f.Impact.Storage == rules.StorageRefused
	})
	if hurt && !explained {
		t.Errorf("the data said that nothing is affected, but clients lose %v, with the errors %v", gone, r.new.Errors)
	}
}

// TestLowerBounds: what is asked to the end stays told apart from what is not,
// also where nodes can be concerned in several ways.
func TestLowerBounds(t *testing.T) {
	t.Parallel()
	i := slices.IndexFunc(allCases(t), func(c *testCase) bool { return c.rule == "enum-value-removed" && c.name == "several-fields" })
	for _, c := range []struct {
		complete       bool
		violations     []uint64 // of the three fields of the enum
		whole, atLeast bool
		most           uint64
	}{
		{true, []uint64{0, 2, 0}, true, false, 2},
		{true, []uint64{2, 3, 0}, false, true, 3},
		{false, []uint64{2, 3, 0}, false, false, 3},
	} {
		findings := allCases(t)[i].findings(t)
		err := rules.Settle(findings, func(questions []dql.Question) ([]dql.Answer, error) {
			answers := make([]dql.Answer, len(questions))
			for i := range answers {
				answers[i] = dql.Answer{Asked: true, Complete: c.complete, Violations: c.violations[i%3]}
			}
			return answers, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(findings, func(f *rules.Finding) bool { return strings.Contains(identity(f), "Color.GREEN") })
		e := findings[at].Evidence
		if e.Complete != c.whole || e.AtLeast != c.atLeast || e.Violations != c.most || (e.Reason != "") == c.whole {
			t.Errorf("%v: %+v", c.violations, e)
		}
	}
}

// TestBothWays: a node that lacks back edges both ways is one node.
func TestBothWays(t *testing.T) {
	t.Parallel()
	const (
		oneType  = "type Node {\n  id: ID!\n  up: [Node]\n  down: [Node]%s\n}\n"
		twoTypes = "type Node {\n  id: ID!\n  up: [Leaf]%s\n}\ntype Leaf {\n  id: ID!\n  down: [Node]\n}\n"
	)
	named := []dql.Sample{{UID: 1}, {UID: 2}}
	for _, c := range []struct {
		schema, field string
		answers       [2]dql.Answer
		violations    uint64
		complete      bool
	}{
		{oneType, "up", [2]dql.Answer{{Violations: 2, Samples: named}, {Violations: 1, Samples: named[1:]}}, 2, true},
		{oneType, "up", [2]dql.Answer{{Violations: 9, Samples: named}, {Violations: 4, Samples: named}}, 9, false},
		{oneType, "up", [2]dql.Answer{{Violations: 9, Samples: named}, {}}, 9, true},
		{oneType, "up", [2]dql.Answer{{}, {}}, 0, true},
		{twoTypes, "down", [2]dql.Answer{{Violations: 9, Samples: named}, {Violations: 4, Samples: named}}, 13, true},
	} {
		old := derive(t, "old.graphql", fmt.Sprintf(c.schema, ""))
		new := derive(t, "new.graphql", fmt.Sprintf(c.schema, " @hasInverse(field: "+c.field+")"))
		findings := slices.DeleteFunc(rules.Judge(diff.Compare(old, new, diff.Options{})), func(f *rules.Finding) bool { return f.Rule.ID != "inverse-added" })
		err := rules.Settle(findings, func(questions []dql.Question) ([]dql.Answer, error) {
			if len(questions) != len(c.answers) {
				t.Fatalf("%d questions", len(questions))
			}
			for i := range c.answers {
				c.answers[i].Asked, c.answers[i].Complete = true, true
			}
			return c.answers[:], nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if e := findings[0].Evidence; e.Violations != c.violations || e.Complete != c.complete || e.AtLeast == c.complete {
			t.Errorf("%+v: %+v", c.answers, e)
		}
	}
}

// TestSettleEmpty: on an empty server nothing is affected, and whatever is a
// danger all the same stays one.
func TestSettleEmpty(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	var all []*rules.Finding
	for _, c := range allCases(t) {
		if !c.refused(t) {
			all = append(all, c.findings(t)...)
		}
	}
	settle(t, d, all)
	settled := 0
	for _, f := range all {
		e := f.Evidence
		if f.Rule.ID == "reference-changed" && strings.HasSuffix(f.Question, "that are no Editor?") && !strings.Contains(e.DQL, "type(Editor)") {
			t.Errorf("%s: %s is settled by %s", identity(f), f.Question, e.DQL)
		}
		if !e.Asked && e.Reason == "" {
			continue
		}
		if !e.Clean() {
			t.Errorf("%s: an empty server gives %+v", identity(f), e)
			continue
		}
		settled++
		if strings.Contains(f.Consequence, "indexes at once") {
			continue // the memory of so many builds is a danger without data too
		}
		danger := f.Impact.API == rules.APIBreaking || f.Impact.Storage == rules.StorageRefused || !f.Reversible
		if (f.Severity == rules.Info) == danger && f.Rule.Severity != rules.Info {
			t.Errorf("%s is %s with the impact %+v", identity(f), f.Severity, f.Impact)
		}
	}
	if settled < 150 {
		t.Errorf("only %d findings were settled", settled)
	}
}
