package report

import (
	"strings"
	"testing"
)

// TestRepairsAreClean: whatever a schema holds, nothing that is told of its
// repair steers a terminal or shows a key.
func TestRepairsAreClean(t *testing.T) {
	t.Parallel()
	const bad = "a\x1b[2J\u202e::error::\tb\r"
	f := Finding{Rule: "r" + bad, Severity: Error, Coordinate: bad, To: bad, Subject: bad, Message: bad,
		Location: Location{File: bad, Line: 1, Column: 1},
		Fixes:    []Fix{{bad, "directive", "safe", bad, "+" + bad + "# Dgraph.Secret k \"sesame\"\n", nil, nil}, {"other", "migration", "review", bad, "", nil, nil}}}
	for _, opt := range []Options{{}, {Verbose: true}, {Quiet: true}} {
		var out strings.Builder
		err := writeText(&out, &Report{Notes: []Note{{Kind: "warning", Message: bad}}, Repairs: &Repairs{
			List: []Repair{{&f, bad, bad}, {&f, "", bad}}, Diff: " " + bad + "\n+# Dgraph.Secret k \"sesame\"\n", Conclusion: []string{bad},
		}}, opt)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x202e }); i >= 0 || strings.Contains(out.String(), "sesame") {
			t.Errorf("%+v: %q", opt, out.String())
		}
	}
}

// TestRepairsTellNoSwitchThatShowsNothing: fix leaves what is known or suppressed alone, with -v too.
func TestRepairsTellNoSwitchThatShowsNothing(t *testing.T) {
	t.Parallel()
	r, baseline := against()
	r.Against(baseline)
	var out strings.Builder
	r.Repairs = &Repairs{}
	if err := writeText(&out, r, Options{}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "2 known, 1 suppressed\n") || strings.Contains(text, "-v") {
		t.Errorf("%s", text)
	}
}

// TestMarkdownCommands: a command that people copy is in one piece of code.
func TestMarkdownCommands(t *testing.T) {
	t.Parallel()
	r, _ := against()
	want := "`schemacheck accept " + r.Findings[0].Fingerprint[:shortPrint] + " --reason WHY`"
	if text := render(t, r, "markdown", Options{Verbose: true}); !strings.Contains(text, want) {
		t.Errorf("%s is not in:\n%s", want, text)
	}
	f := about1("a", Error, "T.a")
	f.Previous = Location{Ref: "main", File: "old.graphql", Line: 2}
	if text := MarkdownFinding(&f, false); !strings.Contains(text, "- **was:** `git:main:old.graphql:2`\n") {
		t.Errorf("%s", text)
	}
}
