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
		Fixes:    []Fix{{bad, "directive", "safe", bad, "+" + bad + "# Dgraph.Secret k \"sesame\"\n", nil}, {"other", "migration", "review", bad, "", nil}}}
	for _, opt := range []Options{{}, {Verbose: true}, {Quiet: true}} {
		var out strings.Builder
		err := WriteRepairs(&out, &Report{Notes: []Note{{Kind: "warning", Message: bad}}}, Repairs{
			List: []Repair{{&f, bad, bad}, {&f, "", bad}}, Diff: " " + bad + "\n+# Dgraph.Secret k \"sesame\"\n", Conclusion: []string{bad},
		}, opt)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x202e }); i >= 0 || strings.Contains(out.String(), "sesame") {
			t.Errorf("%+v: %q", opt, out.String())
		}
	}
}
