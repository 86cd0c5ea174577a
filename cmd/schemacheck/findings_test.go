package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// clientReport is the JSON of a diff in which the fields from f0 on of a type are renamed, for an application of one file.
func clientReport(t *testing.T, fields int, app string) (text string, findings []report.Finding) {
	t.Helper()
	c := comparison{oldName: "old.graphql", newName: "new.graphql", cfg: &config.Config{}}
	var before, after strings.Builder
	for f := range fields {
		fmt.Fprintf(&before, "  f%d: Int\n", f)
		fmt.Fprintf(&after, "  g%d: Int @dgraph(pred: \"T.f%d\")\n", f, f)
	}
	schema := func(name, fields string) []*sdl.File {
		return []*sdl.File{{Name: name, Text: "type T {\n  id: ID!\n" + fields + "}\n"}}
	}
	c.before, c.after = schema("old.graphql", before.String()), schema("new.graphql", after.String())
	c.operations = operations.Join(operations.Whole(&sdl.File{Name: "app.graphql", Text: app}))
	done, err := c.run()
	if err != nil || done.invalid || len(c.operations.Problems) > 0 {
		t.Fatalf("comparing: %+v, %v", done, err)
	}
	var out strings.Builder
	format, _ := report.FormatNamed("json")
	if err := format.Write(&out, done.report, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String(), done.report.Findings
}

// TestReportSize holds a report in JSON to some KB a finding, whatever operations have in common: a fragment of many fields,
// or one line of a file.
func TestReportSize(t *testing.T) {
	t.Parallel()
	const fields, most = 100, 3 << 10
	selected := ""
	for f := range fields {
		selected += fmt.Sprintf(" f%d", f)
	}
	for _, c := range []struct {
		name, between string
		operations    int
		fragment      string
		operation     func(i int) string
	}{
		{"a fragment", "\n", 30, "fragment All on T {" + selected + " }\n", func(i int) string {
			return fmt.Sprintf("query Q%d { queryT { ...All } }", i)
		}},
		{"a line", " ", 200, "", func(i int) string { return fmt.Sprintf("query Q%d { queryT { f%d } }", i, i%fields) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			app := c.fragment
			for i := range c.operations {
				app += c.operation(i) + c.between
			}
			text, findings := clientReport(t, fields, app)
			per := len(text) / len(findings)
			t.Logf("%d bytes, %d findings, %d bytes a finding", len(text), len(findings), per)
			if len(findings) < 300 || per > most {
				t.Errorf("%d findings of %d bytes, want some hundred of at most %d", len(findings), per, most)
			}
			if size := fixSize(t, text); size < 100 || size > most/2 {
				t.Errorf("fixes have %d bytes, want at most %d", size, most/2)
			}
		})
	}
}

// fixSize is the number of bytes of the fixes with edits in a report, one with the other.
func fixSize(t *testing.T, text string) int {
	t.Helper()
	var r struct {
		Findings []struct{ Fixes []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	fixes, size := 0, 0
	for _, f := range r.Findings {
		for _, fix := range f.Fixes {
			if strings.Contains(string(fix), `"edits": [`) || strings.Contains(string(fix), `"elsewhere": [`) {
				fixes++
				size += len(fix)
			}
		}
	}
	return size / max(1, fixes)
}

// TestSharedEdits: what operations share is edited with the first of them, and named with the others; a few edits are shown
// with each, so that each fix is whole.
func TestSharedEdits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fields int
		whole  bool
	}{{10, true}, {11, false}} {
		selected := ""
		for f := range c.fields {
			selected += fmt.Sprintf(" f%d", f)
		}
		_, findings := clientReport(t, c.fields+1, fmt.Sprintf("fragment All on T {%s }\nquery A { queryT { ...All } }\nquery B { queryT { f%d ...All } }\n",
			selected, c.fields))
		with := map[string]report.Fix{} // the fixes with edits
		first := ""
		for _, f := range findings {
			for _, x := range f.Fixes {
				if len(x.Edits) > 0 {
					with[f.Subject] = x
					if f.Subject == "app.graphql#A" {
						first = f.Fingerprint
					}
				}
			}
		}
		a, b := with["app.graphql#A"], with["app.graphql#B"]
		if len(a.Edits) != c.fields || len(a.Elsewhere) > 0 {
			t.Errorf("%d shared: the first operation has %d edits, and others with %q", c.fields, len(a.Edits), a.Elsewhere)
		}
		want, elsewhere, diff := c.fields+1, "[]", true
		if !c.whole {
			want, elsewhere, diff = 1, "["+first+"]", false
		}
		if len(b.Edits) != want || fmt.Sprint(b.Elsewhere) != elsewhere || strings.Contains(b.Diff, "fragment All on T { f0: g0") != diff ||
			strings.HasSuffix(b.Title, ": the edits of what it shares are with app.graphql#A") == c.whole {
			t.Errorf("%d shared: the second operation has %d edits, others with %q: %q\n%s", c.fields, len(b.Edits), b.Elsewhere, b.Title, b.Diff)
		}
	}
}

func TestFirstOf(t *testing.T) {
	t.Parallel()
	same := func(s string) string { return s }
	if got := firstOf([]string{"a", "b", "c", "d", "e"}, "; ", same); got != "a; b; c; d; e" {
		t.Error(got)
	}
	if got := firstOf([]string{"a", "b", "c", "d", "e", "f", "g"}, "; ", same); got != "a; b; c; d; e; 2 more" {
		t.Error(got)
	}
}
