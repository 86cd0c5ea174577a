package rules_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

var update = flag.Bool("update", false, "rewrite findings.txt of every case, and the recorded part of live.txtar")

// A testCase is a folder testdata/RULE/NAME with old.graphql and new.graphql; of
// rules on data at rest, the cases are auditCases.
// A case whose name begins with "silent" must not fire the rule; every other
// must. It can have renames.txt, with the renames that are declared, accept.txt,
// with the findings that are accepted, and absent.txt, with the place where the
// old schema, which is empty then, was looked for and does not exist. Files
// operations*.graphql are those of an application.
type testCase struct {
	rule, name string
	dir        string
	old, new   string
	renames    map[string]string
	accepted   []rules.Acceptance
	absent     string
	operations []*operations.Document
}

// allCases reads testdata.
func allCases(t *testing.T) []*testCase {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*/*")
	if err != nil {
		t.Fatal(err)
	}
	var cases []*testCase
	for _, dir := range dirs {
		if isAudit(dir) {
			continue
		}
		c := &testCase{
			rule: filepath.Base(filepath.Dir(dir)), name: filepath.Base(dir), dir: dir,
			old: read(t, filepath.Join(dir, "old.graphql")),
			new: read(t, filepath.Join(dir, "new.graphql")),
		}
		if text, err := os.ReadFile(filepath.Join(dir, "renames.txt")); err == nil {
			c.renames = map[string]string{}
			for line := range strings.Lines(string(text)) {
				from, to, ok := strings.Cut(strings.TrimSpace(line), " ")
				if !ok {
					t.Fatalf("%s/renames.txt: %q is not two coordinates", dir, line)
				}
				c.renames[from] = to
			}
		}
		if text, err := os.ReadFile(filepath.Join(dir, "accept.txt")); err == nil {
			c.accepted = acceptances(t, string(text))
		}
		if text, err := os.ReadFile(filepath.Join(dir, "absent.txt")); err == nil {
			c.absent = strings.TrimSpace(string(text))
		}
		files, err := filepath.Glob(filepath.Join(dir, "operations*.graphql"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			c.operations = append(c.operations, operations.Whole(&sdl.File{Name: filepath.Base(file), Text: read(t, file)}))
		}
		cases = append(cases, c)
	}
	return cases
}

func (c *testCase) silent() bool { return strings.HasPrefix(c.name, "silent") }

// refused reports whether Dgraph would refuse the text of the new schema.
func (c *testCase) refused(t *testing.T) bool {
	t.Helper()
	return len(validity.Check(derive(t, "new.graphql", c.new).Schema, validity.Options{}).Problems) > 0
}

// findings judges the case's schemas.
func (c *testCase) findings(t *testing.T) []*rules.Finding {
	t.Helper()
	return judge(t, c.old, c.new, c.renames)
}

// reported are the findings that are left when suppressions are looked at, and
// those that they take out.
func (c *testCase) reported(t *testing.T) ([]*rules.Finding, []rules.Suppressed) {
	t.Helper()
	findings, before, after := judged(t, c.old, c.new, c.renames)
	if c.refused(t) {
		return findings, nil
	}
	if len(c.operations) > 0 {
		clientele := c.clientele(t, findings)
		findings = append(findings, clientele.Findings...)
		rules.Sort(findings)
	}
	if c.absent != "" {
		findings = append(findings, rules.Absent("old", c.absent, sdl.Span{File: after.Files[0]}))
		rules.Sort(findings)
	}
	return rules.Suppress(findings, rules.Suppressions{Schema: after, Before: before, Accepted: c.accepted, Fingerprint: identity})
}

// clientele judges the case's operations.
func (c *testCase) clientele(t *testing.T, findings []*rules.Finding) *rules.Clientele {
	t.Helper()
	found := operations.Join(c.operations...)
	for _, p := range found.Problems {
		t.Errorf("%s: %s", c.dir, p.What)
	}
	d := diff.Compare(derive(t, "old.graphql", c.old), derive(t, "new.graphql", c.new), diff.Options{Renames: c.renames})
	return rules.JudgeClients(d, findings, rules.Clients{Operations: found.Operations, DowngradeUnused: strings.Contains(c.name, "unused")})
}

// judge does what the program does with two texts, but for suppressions.
func judge(t *testing.T, before, after string, renames map[string]string) []*rules.Finding {
	t.Helper()
	findings, _, _ := judged(t, before, after, renames)
	return findings
}

// judged gives the two schemas too; the findings are placed in the new one.
func judged(t *testing.T, before, after string, renames map[string]string) (findings []*rules.Finding, old, new *sdl.Schema) {
	t.Helper()
	b, a := derive(t, "old.graphql", before), derive(t, "new.graphql", after)
	if problems := validity.Check(a.Schema, validity.Options{}).Problems; len(problems) > 0 {
		return rules.Invalid(problems), b.Source, a.Source
	}
	return rules.Judge(diff.Compare(b, a, diff.Options{Renames: renames})), b.Source, a.Source
}

func derive(t *testing.T, name, text string) *diff.Schema {
	t.Helper()
	var files []*sdl.File
	if text != "" {
		files = append(files, &sdl.File{Name: name, Text: text})
	}
	s, err := sdl.Parse(files...)
	if err != nil {
		t.Fatal(err)
	}
	return diff.New(s)
}

func TestCases(t *testing.T) {
	t.Parallel()
	firing, quiet := map[string]bool{}, map[string]bool{}
	for _, c := range allCases(t) {
		if rules.Find(c.rule) == nil {
			t.Errorf("%s: there is no rule %s", c.dir, c.rule)
		}
		if c.silent() {
			quiet[c.rule] = true
		} else {
			firing[c.rule] = true
		}
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			findings, suppressed := c.reported(t)
			var fired []string
			for _, f := range findings {
				fired = append(fired, f.Rule.ID)
			}
			if has := strings.Contains(" "+strings.Join(fired, " ")+" ", " "+c.rule+" "); has == c.silent() {
				t.Errorf("the case is named %s, and the rules that fire are %v", c.name, fired)
			}
			compareGolden(t, filepath.Join(c.dir, "findings.txt"), render(findings)+renderSuppressed(suppressed))
		})
	}
	for _, c := range auditCases(t) {
		if c.silent() {
			quiet[c.rule] = true
		} else {
			firing[c.rule] = true
		}
	}
	for _, id := range rules.IDs() {
		if withoutPairs[id] {
			continue
		}
		if !firing[id] {
			t.Errorf("rule %s has no case that fires it", id)
		}
		if !quiet[id] {
			t.Errorf("rule %s has no silent case", id)
		}
	}
}

// TestCasesAreValid keeps the cases honest: what Dgraph would refuse anyway is
// no case for a rule about stored data.
func TestCasesAreValid(t *testing.T) {
	t.Parallel()
	for _, c := range allCases(t) {
		if c.rule != "schema-invalid" && c.rule != "update-refused" {
			if c.new != "" {
				checkValid(t, c.dir+"/new.graphql", c.new)
			}
		}
		if c.old != "" {
			checkValid(t, c.dir+"/old.graphql", c.old)
		}
	}
}

func checkValid(t *testing.T, name, text string) {
	t.Helper()
	for _, p := range validity.Check(derive(t, name, text).Schema, validity.Options{}).Problems {
		t.Errorf("%s is not valid: %s %s", name, p.Coordinate, p.Message)
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./rules -update writes it)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; go test ./rules -update accepts it):\n%s", path, d)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// render is the golden form: all that a finding says.
func render(findings []*rules.Finding) string {
	if len(findings) == 0 {
		return "no findings\n"
	}
	var out strings.Builder
	for i, f := range findings {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "%s %s\n", f.Severity, identity(f))
		out.WriteString(renderPlace(f))
		out.WriteString(renderContent(f))
	}
	return out.String()
}

// identity is what a finding is known by over the years; its fingerprint is
// made of this.
func identity(f *rules.Finding) string {
	s := f.Rule.ID
	if f.Coordinate != "" {
		s += " " + f.Coordinate
	}
	if f.To != "" {
		s += " -> " + f.To
	}
	if f.Subject != "" {
		s += " (" + f.Subject + ")"
	}
	return s
}

func renderPlace(f *rules.Finding) string {
	s := "  at " + string(f.Place.Anchor)
	if !f.Place.Span.IsZero() {
		begin, end := f.Place.Span.Begin(), f.Place.Span.Finish()
		s += fmt.Sprintf(" %d:%d-%d:%d", begin.Line, begin.Column, end.Line, end.Column)
	}
	if name := f.Place.Span.File; name != nil && strings.HasPrefix(name.Name, "operations") {
		s += " of " + name.Name
	}
	if !f.Previous.IsZero() {
		begin := f.Previous.Begin()
		s += fmt.Sprintf(", previously %d:%d", begin.Line, begin.Column)
	}
	return s + "\n"
}

// renderContent is what does not depend on places.
func renderContent(f *rules.Finding) string {
	var out strings.Builder
	line := func(label, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(&out, "  %s: %s\n", label, text)
		}
	}
	line("message", "%s", f.Message)
	line("consequence", "%s", f.Consequence)
	line("question", "%s", f.Question)
	line("affects", "%s", strings.Join(f.Affects, ", "))
	line("predicates", "%s", strings.Join(f.Predicates, ", "))
	impact := fmt.Sprintf("api %s, storage %s, data %s", f.Impact.API, f.Impact.Storage, f.Impact.Data)
	if !f.Reversible {
		impact += "; irreversible"
	}
	if f.Addition {
		impact += "; addition"
	}
	line("impact", "%s", impact)
	line("api", "%s", renderAPI(f))
	if f.Confidence != "" {
		line("confidence", "%s: %s", f.Confidence, strings.Join(f.Reasons, "; "))
	} else {
		line("because", "%s", strings.Join(f.Reasons, "; "))
	}
	if u := f.Usage; u != nil {
		text := fmt.Sprintf("by %d operations in %d files, and %d can send it", u.Operations, u.Files, u.Sending)
		if u.Lowered != "" {
			text += fmt.Sprintf("; it was %s", u.Lowered)
		}
		line("used", "%s", text)
	}
	for _, fix := range f.Fixes {
		line("fix", "%s (%s, %s) %s", fix.ID, fix.Kind, fix.Risk, fix.Title)
	}
	return out.String()
}
