package rules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

var kebab = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

func TestRulesAreDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rules.All {
		if !kebab.MatchString(r.ID) {
			t.Errorf("the id %q is not in kebab-case", r.ID)
		}
		if seen[r.ID] {
			t.Errorf("two rules are called %s", r.ID)
		}
		seen[r.ID] = true
		if rules.Find(r.ID) != r {
			t.Errorf("Find(%q) finds another rule", r.ID)
		}
		for what, text := range map[string]string{
			"Summary": r.Summary, "Dgraph": r.Doc.Dgraph, "Clients": r.Doc.Clients, "Before": r.Doc.Before,
			"After": r.Doc.After, "Question": r.Doc.Question, "Reverse": r.Doc.Reverse,
		} {
			can := what == "Before" && (r.ID == "schema-invalid" || r.ID == "schema-absent") ||
				r.AtRest() && (what == "Before" || what == "Reverse")
			if (text == "") != can {
				t.Errorf("%s: %s is %q", r.ID, what, text)
			}
		}
		if r.AtRest() != (r.Doc.Data != "") {
			t.Errorf("%s: at rest is %v, and the stored data is %q", r.ID, r.AtRest(), r.Doc.Data)
		}
		if len(r.Doc.WaysOut) == 0 {
			t.Errorf("%s has no way out", r.ID)
		}
		if rank(r.Severity) < 0 {
			t.Errorf("%s has the severity %q", r.ID, r.Severity)
		}
	}
	if rules.Find("nonsense") != nil {
		t.Error("Find finds a rule that does not exist")
	}
}

// TestExamplesFire holds every rule's example against the rule: it fires, with
// the severity that the rule names as the worst, and the schemas are valid.
func TestExamplesFire(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			if withoutPairs[r.ID] {
				return
			}
			if r.ID != "schema-invalid" {
				if r.Doc.Before != "" {
					checkValid(t, "Doc.Before", r.Doc.Before)
				}
				checkValid(t, "Doc.After", r.Doc.After)
			}
			found := false
			c := &testCase{old: r.Doc.Before, new: r.Doc.After}
			switch r.ID { // the example tells the rest in a comment
			case "suppression-expired":
				c.accepted = acceptances(t, "over field-made-required User.name")
			case "schema-absent":
				c.absent = "git:main:schema.graphql"
			case "operation-broken", "operation-affected":
				c.operations = append(c.operations, operations.Whole(&sdl.File{Name: "operations.graphql", Text: r.Doc.Query}))
			}
			findings, _ := c.reported(t)
			if r.AtRest() {
				findings = rules.Audit(derive(t, "new.graphql", r.Doc.After), nil)
			}
			for _, f := range findings {
				if f.Rule == r {
					// Of all that can be wrong with data, the worst counts.
					found = found || !r.AtRest() || f.Severity == r.Severity
					if f.Severity != r.Severity && !r.AtRest() {
						t.Errorf("the example gives %s, the rule says %s", f.Severity, r.Severity)
					}
				}
			}
			if !found {
				t.Errorf("the example does not fire the rule")
			}
		})
	}
}

func rank(s rules.Severity) int {
	switch s {
	case rules.Info:
		return 0
	case rules.Warning:
		return 1
	case rules.Error:
		return 2
	}
	return -1
}

// TestExampleAnswers holds what the documentation says that a client gets
// against what a real Dgraph answered: the case "example" of the rule, which
// TestLive or TestAuditCases carries out.
func TestExampleAnswers(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All {
		dir := filepath.Join("testdata", r.ID, "example")
		if r.AtRest() {
			t.Run(r.ID, func(t *testing.T) {
				t.Parallel()
				c := readAuditCase(t, dir)
				sameText(t, "After", r.Doc.After, c.schema)
				sameText(t, "Data", r.Doc.Data, c.section("data.rdf"))
				sameText(t, "Query", strings.TrimPrefix(r.Doc.Query+"\n", "\n"), c.section("query.graphql"))
				if r.Doc.Query != "" {
					sameAnswer(t, r.Doc.Answer, c.section("answer.json"))
				}
			})
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "live.txtar"))
		if (err == nil) != (r.Doc.Query != "") {
			t.Errorf("%s: the documentation has a query: %v; %s/live.txtar: %v", r.ID, r.Doc.Query != "", dir, err)
			continue
		}
		if err != nil {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			script := txtar.Parse(text)
			for what, texts := range map[string][2]string{
				"Before": {r.Doc.Before, read(t, filepath.Join(dir, "old.graphql"))},
				"After":  {r.Doc.After, read(t, filepath.Join(dir, "new.graphql"))},
				"Query":  {r.Doc.Query + "\n", sectionOf(script, "query-new.graphql")},
			} {
				sameText(t, what, texts[0], texts[1])
			}
			sameAnswer(t, r.Doc.Answer, sectionOf(script, "answer-new.json"))
		})
	}
}

func sameText(t *testing.T, what, documented, carriedOut string) {
	t.Helper()
	if d := cmp.Diff(carriedOut, documented); d != "" {
		t.Errorf("Doc.%s is not what was carried out (-carried out +documented):\n%s", what, d)
	}
}

// sameAnswer compares an answer of the documentation with a recorded one.
func sameAnswer(t *testing.T, documentation, recorded string) {
	t.Helper()
	var documented struct {
		Data   any
		Errors []struct{ Message string }
	}
	var answered struct {
		Data   any
		Errors []string
	}
	decode(t, documentation, &documented)
	decode(t, recorded, &answered)
	if d := cmp.Diff(answered.Data, documented.Data); d != "" {
		t.Errorf("the data differ (-answered +documented):\n%s", d)
	}
	if len(documented.Errors) != len(answered.Errors) {
		t.Fatalf("%d errors are documented, and there were %d: %v", len(documented.Errors), len(answered.Errors), answered.Errors)
	}
	for i, e := range documented.Errors {
		beginning, cut := strings.CutSuffix(e.Message, " ...")
		if got := answered.Errors[i]; got != e.Message && !(cut && strings.HasPrefix(got, beginning)) {
			t.Errorf("the error is documented as %q, and was %q", e.Message, got)
		}
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
