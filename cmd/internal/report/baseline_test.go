package report

import (
	"strings"
	"testing"
)

func about1(rule string, s Severity, coordinate string) Finding {
	return Finding{
		Rule: rule, Severity: s, Coordinate: coordinate, Message: coordinate + " changes", Acceptable: true,
		Location: Location{Anchor: "self", File: "new.graphql", Line: 3, Column: 3}, Reversible: s != Error,
		Fixes: []Fix{{ID: "x", Kind: "directive", Risk: "safe", Title: "mend it"}},
	}
}

// against has a finding that is known, one that is milder than it was, one that got worse and one that is new, and a
// baseline with two that are gone, one of them only an addition, and two that are suppressed on one side.
func against() (r, baseline *Report) {
	r = compare(about1("a", Error, "T.known"), about1("a", Warning, "T.milder"), about1("a", Error, "T.worse"),
		about1("a", Error, "T.new"), about1("a", Error, "T.counts"))
	r.Suppressed = []Suppressed{{Finding: about1("a", Error, "T.accepted"), Reason: "because"}}
	added := about1("b", Info, "T.added")
	added.Addition = true
	baseline = compare(about1("a", Error, "T.known"), about1("a", Error, "T.milder"), about1("a", Warning, "T.worse"),
		about1("a", Error, "T.gone"), added, about1("a", Error, "T.accepted"))
	baseline.Suppressed = []Suppressed{{Finding: about1("a", Error, "T.counts"), Reason: "because"}}
	r.Seal()
	baseline.Seal()
	return r, baseline
}

func TestAgainst(t *testing.T) {
	t.Parallel()
	r, baseline := against()
	if gone := r.Against(baseline); gone != 1 {
		t.Errorf("%d findings are gone, want 1", gone)
	}
	var known []string
	for _, f := range r.Findings {
		if f.Known {
			known = append(known, f.Coordinate)
		}
	}
	if got := strings.Join(known, " "); got != "T.known T.milder" {
		t.Errorf("known: %s", got)
	}
	if want := (Summary{Error: 3, OneWay: 3, Fixable: 3, Suppressed: 1, Known: 2}); r.Summary != want {
		t.Errorf("%+v, want %+v", r.Summary, want)
	}
	if n := r.Failing(Warning); n != 3 {
		t.Errorf("%d findings fail the run, want 3", n)
	}
	// A report is the baseline of the next run as a whole, with what was known.
	text := render(t, r, "json", Options{})
	if strings.Count(text, `"known": true`) != 2 || !strings.Contains(text, `"known": 2`) {
		t.Errorf("json does not tell what is known:\n%s", text)
	}
	back, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if again := render(t, back, "json", Options{}); again != text {
		t.Errorf("read and written again:\n%s", again)
	}
	next, _ := against()
	if gone := next.Against(back); gone != 0 || next.Failing(Info) != 0 || next.Summary.Known != 5 {
		t.Errorf("against its own report: %d gone, %+v", gone, next.Summary)
	}
	if text := render(t, next, "text", Options{}); !strings.HasPrefix(text, "No new findings, 5 known (-v shows them), 1 suppressed (-v shows it)\n") {
		t.Error(text)
	}
}

func TestKnownInText(t *testing.T) {
	t.Parallel()
	r, baseline := against()
	r.Against(baseline)
	plain, verbose := render(t, r, "text", Options{}), render(t, r, "text", Options{Verbose: true})
	if strings.Contains(plain, "T.known") || !strings.Contains(plain, "\n3 errors, 0 warnings, 0 info, 2 known (-v shows them), 1 suppressed (-v shows\nit)\n") ||
		!strings.Contains(plain, "exit 1: 3 findings at or above") {
		t.Error(plain)
	}
	if !strings.Contains(verbose, "error[a] T.known [known, one-way]") || !strings.Contains(verbose, "\n3 errors, 0 warnings, 0 info, 2 known, 1 suppressed\n") {
		t.Error(verbose)
	}
	if want := "  accept   schemacheck accept " + r.Findings[0].Fingerprint[:12] + " --reason WHY\n"; !strings.Contains(verbose, want) || strings.Contains(plain, "accept ") {
		t.Errorf("no %q in\n%s", want, verbose)
	}
	if quiet := render(t, r, "text", Options{Quiet: true}); strings.Count(quiet, "\n") != 3 {
		t.Error(quiet)
	}
}
