package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// offers are findings with fixes of all kinds.
func offers() []*rules.Finding {
	fix := func(id string, kind rules.FixKind, risk rules.Risk) rules.Fix {
		x := rules.Fix{ID: id, Kind: kind, Risk: risk, Title: "do " + id, Patch: fixes.Patch{}}
		if kind == rules.Migration {
			x.Migration = &migrate.Migration{}
		}
		return x
	}
	rule := rules.Find("field-renamed")
	waiting := fix("untag", rules.Migration, rules.Review)
	waiting.Waits = "they are asked for"
	return []*rules.Finding{
		{Rule: rule, Severity: rules.Error, Coordinate: "A.a", To: "A.b", Message: "a becomes b", Fixes: []rules.Fix{
			fix("pin", rules.Directive, rules.Safe), fix("copy", rules.Migration, rules.Review), fix("drop", rules.Migration, rules.Destructive)}},
		{Rule: rule, Severity: rules.Warning, Coordinate: "A.c", Fixes: []rules.Fix{fix("copy", rules.Migration, rules.Review)}},
		{Rule: rule, Severity: rules.Error, Coordinate: "A.d", Fixes: []rules.Fix{fix("drop", rules.Migration, rules.Destructive)}},
		{Rule: rule, Severity: rules.Info, Coordinate: "A.e", Fixes: []rules.Fix{fix("pin", rules.Directive, rules.Safe)}},
		{Rule: rule, Severity: rules.Error, Coordinate: "A.f"},
		{Rule: rule, Severity: rules.Error, Coordinate: "A.g", Fixes: []rules.Fix{waiting}},
	}
}

// taken are the ids of what was chosen.
func taken(choices []choice) string {
	var all []string
	for _, c := range choices {
		id := leave
		if c.fix != nil {
			id = c.fix.ID
		}
		all = append(all, c.finding.Coordinate+"="+id)
	}
	return strings.Join(all, " ")
}

func TestChoices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    choiceOptions
		want string // or the error
	}{
		{"the first", choiceOptions{}, "A.a=pin A.c=copy A.d=none A.e=none A.g=none"},
		{"preferred", choiceOptions{prefer: "migration"}, "A.a=copy A.c=copy A.d=none A.e=none A.g=none"},
		{"preferred where there is one", choiceOptions{prefer: "directive"}, "A.a=pin A.c=copy A.d=none A.e=none A.g=none"},
		{"chosen", choiceOptions{choose: []string{"A.a=copy", "A.d=drop", "A.e=pin", "A.g=untag"}}, "A.a=copy A.c=copy A.d=drop A.e=pin A.g=untag"},
		{"by the new name", choiceOptions{choose: []string{"A.b=drop"}}, "A.a=drop A.c=copy A.d=none A.e=none A.g=none"},
		{"none", choiceOptions{choose: []string{"A.a=none", "A.c=none"}}, "A.a=none A.c=none A.d=none A.e=none A.g=none"},
		{"twice the same", choiceOptions{choose: []string{"A.a=copy", "A.b=copy"}}, "A.a=copy A.c=copy A.d=none A.e=none A.g=none"},
	} {
		got, err := c.o.choices(nil, offers(), func(f *rules.Finding) report.Severity { return report.Severity(f.Severity) })
		if err != nil || taken(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, taken(got), err, c.want)
		}
		if last := got[len(got)-1]; last.fix == nil && last.note != "left as it is: they are asked for; --choose takes a fix all the same" {
			t.Errorf("%s: the note is %q", c.name, last.note)
		}
	}
}

// TestLater: what an edit leaves to do is planned with it, and what was decided
// before is not decided again.
func TestLater(t *testing.T) {
	t.Parallel()
	all := offers()
	severity := func(f *rules.Finding) report.Severity { return report.Severity(f.Severity) }
	o := choiceOptions{choose: []string{"A.c=none"}}
	so, err := o.choices(nil, all, severity)
	if err != nil {
		t.Fatal(err)
	}
	filled := *all[0] // the edit is made, and there is something to copy
	filled.Fixes = filled.Fixes[1:]
	fresh := rules.Finding{Rule: all[0].Rule, Severity: rules.Error, Coordinate: "A.x", Fixes: filled.Fixes}
	got := o.later(so, []*rules.Finding{&filled, all[1], all[2], all[3], &fresh}, severity)
	if want := "A.a=copy A.x=copy"; taken(got) != want {
		t.Errorf("%s, want %s", taken(got), want)
	}
	o = choiceOptions{prefer: "migration"}
	if so, err = o.choices(nil, all, severity); err != nil {
		t.Fatal(err)
	}
	if got := o.later(so, all, severity); len(got) > 0 {
		t.Errorf("%s, want nothing", taken(got))
	}
}

// TestFirstByHand: what people have to do themselves is taken only where nothing
// else is offered.
func TestFirstByHand(t *testing.T) {
	t.Parallel()
	f := offers()[0]
	f.Fixes[0], f.Fixes[1] = f.Fixes[1], f.Fixes[0]
	f.Fixes[0].Migration = nil
	o := choiceOptions{prefer: "migration"}
	if x := o.first(f); x == nil || x.ID != "pin" {
		t.Errorf("%+v", x)
	}
	f.Fixes = f.Fixes[:1]
	if x := o.first(f); x == nil || x.ID != "copy" {
		t.Errorf("%+v", x)
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	o := choiceOptions{choose: []string{"A.c=copy"}}
	choices, err := o.choices(nil, offers(), func(f *rules.Finding) report.Severity { return report.Severity(f.Severity) })
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{"field-renamed A.a -> A.b": "copy", "field-renamed A.d": "none", "field-renamed A.e": "pin", "field-renamed A.g": "none"}
	var starts []string
	err = ask(t.Context(), choices, func(_ context.Context, q question) (string, error) {
		starts = append(starts, q.start)
		answer, ok := answers[q.title]
		if !ok || q.options[len(q.options)-1].id != leave {
			t.Errorf("asked %+v", q)
		}
		return answer, nil
	}, func(x rules.Fix) string { return "what " + x.ID + " would do" })
	if want := "A.a=copy A.c=copy A.d=none A.e=pin A.g=none"; err != nil || taken(choices) != want || strings.Join(starts, " ") != "pin none none none" {
		t.Errorf("%s, %v, starts %v, want %s", taken(choices), err, starts, want)
	}
	stop := errors.New("stop")
	if err := ask(t.Context(), choices, func(context.Context, question) (string, error) { return "", stop }, func(rules.Fix) string { return "" }); !errors.Is(err, stop) {
		t.Errorf("%v, want what the asker said", err)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("+\tx\r\n", 20) + "+# Dgraph.Secret key \"sesame\"\n"
	if got := preview(long); strings.Count(got, "\n") != mostPreviewed || !strings.HasSuffix(got, "... and 7 more lines") || strings.ContainsAny(got, "\r\t") {
		t.Errorf("%q", got)
	}
	if got := preview("+# Dgraph.Secret key \"sesame\"\n+\x1b[2J"); strings.Contains(got, "sesame") || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}

// TestPromptNeedsTerminal: where nobody can answer, nobody is asked.
func TestPromptNeedsTerminal(t *testing.T) {
	t.Parallel()
	p := program{in: strings.NewReader(""), out: &strings.Builder{}, env: func(string) (string, bool) { return "", false }}
	if _, err := p.prompter(); err == nil || !strings.Contains(err.Error(), "--choose COORDINATE=FIX-ID") {
		t.Errorf("%v", err)
	}
}

// TestAskMissing has a person say what two fixes have to know, of one several answers are possible.
func TestAskMissing(t *testing.T) {
	t.Parallel()
	o := &planOptions{set: []string{"A.x=1"}}
	var asked []string
	err := o.askMissing(t.Context(), []missing{
		{"A.b", "fill", &migrate.Need{What: "a value"}},
		{"A.c:unique", "unique", &migrate.Need{What: "a policy", Options: []string{"suffix", "clear"}}},
	}, func(_ context.Context, q question) (string, error) {
		asked = append(asked, fmt.Sprint(q.title, "; ", q.about, " ", len(q.options)))
		return "basic", nil
	})
	want := []string{"fill of A.b; It has to know a value. 0", "unique of A.c:unique; It has to know a policy. 2"}
	if err != nil || !slices.Equal(asked, want) || !slices.Equal(o.set, []string{"A.x=1", "A.b=basic", "A.c:unique=basic"}) {
		t.Errorf("%v, %q, %q", err, asked, o.set)
	}
}

// TestWholly: --apply does not begin when an edit that was chosen cannot be made,
// and --deploy not when something is left to people.
func TestWholly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		failed, byHand bool
		deploy         bool
		want           string // empty when it begins
	}{
		{"all is made", false, false, true, ""},
		{"an edit is not made", true, false, false, "pin of A.a cannot be made: it leads to worse"},
		{"by hand, and deployed by people too", false, true, false, ""},
		{"by hand, and deployed", false, true, true, "--deploy waits for nobody. copy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := &mended{planned: &planned{}}
			if found := offers()[0]; c.failed {
				m.Failed = []rules.Failure{{Chosen: rules.Chosen{Finding: found, Fix: found.Fixes[0]}, Err: errors.New("it leads to worse")}}
			}
			if c.byHand {
				m.planned.byHand = []string{"copy"}
			}
			m.wholly(c.deploy)
			err := m.planned.unready()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
