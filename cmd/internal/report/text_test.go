package report

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestMarksStandUnderTheSpan draws random lines with a run of X in them, and
// looks up what stands above the marks.
func TestMarksStandUnderTheSpan(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"a", "field: String ", "\t", " ", "名前", "e\u0301", "😀", "\x1b[0m", "\xff", "\u202e", "##[x]", "\u1112\u1161\u11ab", "ｱ", "\u0301"}
	junk := func() string {
		var b strings.Builder
		for range random.IntN(80) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return b.String()
	}
	for range 3000 {
		before, marked, after := junk(), strings.Repeat("X", 1+random.IntN(6)), " "+junk()
		column := utf8.RuneCountInString(before) + 1
		width := 40 + random.IntN(41)
		e := excerpt{
			lines: []string{before + marked + after}, width: width, digits: 2, mark: '^',
			at: Location{Line: 7, Column: column, EndLine: 7, EndColumn: column + len(marked)},
		}
		rows := strings.Split(e.String(), "\n")
		if len(rows) != 3 || rows[2] != "" {
			t.Fatalf("seed %d: %d rows", seed, len(rows))
		}
		if displayWidth(rows[0]) > width || displayWidth(rows[1]) > width {
			t.Fatalf("seed %d: beyond %d columns:\n%s", seed, width, e)
		}
		first, last := strings.Index(rows[1], "^"), strings.LastIndex(rows[1], "^")
		if got := between(rows[0], first, last+1); got != marked {
			t.Fatalf("seed %d: the marks stand under %q, want %q, in\n%s", seed, got, marked, e)
		}
	}
}

// TestCutKeepsMarksWithTheirLetters: a combining mark right after the ellipsis
// would sit on it.
func TestCutKeepsMarksWithTheirLetters(t *testing.T) {
	t.Parallel()
	for letters := 60; letters < 70; letters++ {
		for marks := 1; marks <= maxMarks; marks++ {
			line := strings.Repeat("e"+strings.Repeat("\u0301", marks), letters)
			source, _, _ := clip(line+"X"+line, letters*(1+marks)+1, letters*(1+marks)+2, 40)
			if rest, cut := strings.CutPrefix(source, "…"); !cut || !strings.HasPrefix(rest, "e") {
				t.Errorf("%d letters of %d marks: cut into %q", letters, marks, source)
			}
		}
	}
}

// between is what stands in the columns from..to of a printed line.
func between(line string, from, to int) string {
	var b strings.Builder
	column := 0
	for _, c := range cells(line) {
		if column >= from && column < to && c.width > 0 {
			b.WriteString(c.text)
		}
		column += c.width
	}
	return b.String()
}

func TestHugeLinesAreQuick(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("type A { a: Int } # ", 250_000) // 5 MB in one line
	r := compare()
	for i := range 50 {
		column := 1 + i*90_000
		r.Findings = append(r.Findings, Finding{
			Rule: "x", Severity: Error, Message: "x", Excerpt: []string{line},
			Location: Location{"self", "x", "", 1, column, 1, column + 4},
		})
	}
	start := time.Now()
	text := render(t, r, "text", Options{})
	if spent := time.Since(start); spent > time.Minute {
		t.Errorf("took %s", spent)
	}
	if len(text) > 50*1000 {
		t.Errorf("%d bytes for 50 findings: lines are not cut", len(text))
	}
}

func TestSummaryLines(t *testing.T) {
	t.Parallel()
	one, info, added := Finding{Severity: Error}, Finding{Severity: Info}, Finding{Severity: Info, Addition: true}
	for _, c := range []struct {
		name     string
		findings []Finding
		opt      Options
		want     string
	}{
		{"none", nil, Options{}, "No findings.\nold.graphql -> new.graphql: the stored data was not asked\nexit 0: nothing at or above --fail-on error\n"},
		{"one", []Finding{one}, Options{}, "1 error, 0 warnings, 0 info\n"},
		{"exit 1", []Finding{one}, Options{}, "exit 1: 1 finding at or above --fail-on error\n"},
		{"hidden", []Finding{added}, Options{}, "0 errors, 0 warnings, 1 info (hidden, -v shows it)\n"},
		{"hidden more", []Finding{added, added}, Options{}, "0 errors, 0 warnings, 2 info (hidden, -v shows them)\n"},
		{"hidden some", []Finding{added, info, info}, Options{}, "0 errors, 0 warnings, 3 info (1 hidden, -v shows it)\n"},
		{"shown", []Finding{added}, Options{Verbose: true}, "0 errors, 0 warnings, 1 info\n"},
		{"no addition", []Finding{info}, Options{}, "0 errors, 0 warnings, 1 info\n"},
		{"a graver addition", []Finding{{Severity: Warning, Addition: true, Rule: "field-added"}}, Options{}, "warning[field-added]"},
		{"info fails though hidden", []Finding{added, one}, Options{FailOn: Info}, "exit 1: 2 findings at or above --fail-on info\n"},
		{"quiet, about everything", []Finding{{Severity: Warning, Rule: "undeclared-types", Message: "every node"}}, Options{Quiet: true}, "warning undeclared-types: every node\n"},
		{"never", []Finding{one}, Options{FailOn: Never}, "exit 0: --fail-on never\n"},
		{"verdict", []Finding{one}, Options{Verdict: "exit 2: the new schema is invalid"}, "\nexit 2: the new schema is invalid\n"},
	} {
		r := compare(c.findings...)
		r.Seal()
		if got := render(t, r, "text", c.opt); !strings.Contains(got, c.want) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range samples() {
		for _, x := range s.report.Findings[:min(len(s.report.Findings), 20)] {
			f.Add(x.Message, strings.Join(x.Excerpt, "\n"), x.Location.File, x.Location.Line, x.Location.Column, x.Location.EndColumn, uint8(80))
		}
	}
	f.Add("m", "line", "f", 1<<62, -1, 1<<62, uint8(40))
	f.Fuzz(func(t *testing.T, message, source, file string, line, column, end int, width uint8) {
		r := compare(Finding{
			Rule: "fuzz", Severity: Error, Coordinate: file, Message: message, Consequence: message,
			Location: Location{"self", "x.graphql", "", line, column, line, end}, Excerpt: strings.Split(source, "\n"),
			Previous: Location{"", "x.graphql", "", line, column, line, end}, PreviousExcerpt: []string{source},
			Reasons: []string{message, source}, Evidence: Evidence{Asked: true, Violations: uint64(column), Total: uint64(end), Groups: uint64(line), Reason: message},
			Fixes: []Fix{{"id", "directive", "safe", message, source, nil, nil}},
		}, Finding{Severity: Warning, Subject: message, Location: Location{File: file}})
		r.Notes = []Note{{"warning", message, Location{}}}
		r.Seal()
		for _, opt := range []Options{{Width: int(width)}, {Width: int(width), Verbose: true}, {Quiet: true}} {
			text := render(t, r, "text", opt)
			checkSafe(t, "fuzz", text)
			if !opt.Quiet {
				checkWidth(t, "fuzz", withoutPlaces(text), opt.Width)
			}
		}
	})
}

// withoutPlaces leaves out the lines with file names, which are never broken
// and may hold blanks.
func withoutPlaces(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "  at ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
