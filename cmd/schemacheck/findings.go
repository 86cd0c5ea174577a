package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/rules"
)

// sourceOf describes a schema argument. What a connection string could hide in
// it never shows.
func sourceOf(name string, files []*sdl.File) report.Source {
	s := report.Source{Source: name}
	switch {
	case name == "-":
		s.Source = sdl.Stdin
	case len(files) > 0 && files[0].Ref != "":
		s.Ref = files[0].Ref
	case len(files) == 1:
		s.Source = files[0].Name
	}
	return s
}

// refusals are the findings on what Dgraph would refuse in the schema of these
// files. What concerns the whole schema is placed at the start of it.
func refusals(problems []validity.Problem, name string, files []*sdl.File) []*rules.Finding {
	findings := rules.Invalid(problems)
	for _, f := range findings {
		if f.Place.Span.IsZero() {
			f.Place.Span = start(name, files)
		}
	}
	return findings
}

// start is the first byte of the schema called name. One that is not there has
// no file, and is placed by its name.
func start(name string, files []*sdl.File) sdl.Span {
	if len(files) == 0 {
		return sdl.Span{File: &sdl.File{Name: name}}
	}
	return sdl.Span{File: files[0]}
}

// add puts findings into the report, with the severities that the
// configuration gives them, and completes it.
func add(r *report.Report, findings []*rules.Finding, suppressed []rules.Suppressed, s severities) {
	shown := newShownEdits()
	looked := map[*sdl.File]bool{}
	for _, f := range findings {
		if severity := s.of(f); severity != off {
			r.Findings = append(r.Findings, reported(f, severity, shown))
			if file := f.Place.Span.File; file != nil && (file.Path != "" || file.Ref != "") {
				looked[file] = true
			}
		}
	}
	shown = newShownEdits() // nobody looks for what is shown among what is suppressed
	for _, one := range suppressed {
		left := report.Suppressed{Finding: reported(one.Finding, s.of(one.Finding), shown), Reason: one.Reason}
		for _, d := range one.Decisions {
			left.Decisions = append(left.Decisions, report.Decision{InSource: !d.Accepted, Reason: d.Reason, Location: location("", d.Span)})
		}
		r.Suppressed = append(r.Suppressed, left)
	}
	for _, file := range slices.SortedFunc(maps.Keys(looked), func(a, b *sdl.File) int { return cmp.Compare(a.Name, b.Name) }) {
		r.Looked(file.Name, file.Ref, file.Text)
	}
	r.Rules = explained(r)
	r.Seal()
}

// fingerprint is that of the finding in reports.
func fingerprint(f *rules.Finding) string {
	return report.Fingerprint(f.Rule.ID, f.Coordinate, f.To, f.Subject)
}

// shownEdits are the edits of operations that a report has already. Whatever is shown with each operation that it concerns, a
// fragment that all of them use makes a report of hundreds of megabytes.
type shownEdits struct {
	by    map[string]*rules.Finding   // the first finding on each operation that has edits, by its subject
	edits map[sdl.Span]*rules.Finding // the finding whose fix has the edit
}

func newShownEdits() *shownEdits {
	return &shownEdits{map[string]*rules.Finding{}, map[sdl.Span]*rules.Finding{}}
}

// rest divides the edits of a finding: into those to be shown with it, and the findings that have the others. A few are shown
// again, so that the fix is whole.
func (s *shownEdits) rest(f *rules.Finding) (fixes.Patch, []*rules.Finding) {
	const mostAgain = 10
	var own fixes.Patch
	var with []*rules.Finding
	for _, e := range f.Rewrite.Edits {
		first := s.edits[e.Span]
		switch {
		case first == nil:
			s.edits[e.Span] = f
			own.Edits = append(own.Edits, e)
		case !slices.Contains(with, first):
			with = append(with, first)
		}
	}
	if len(f.Rewrite.Edits)-len(own.Edits) <= mostAgain {
		return f.Rewrite, nil
	}
	return own, with
}

// reported is a finding as reports have it. Of several on one operation the first has the edits of it.
func reported(f *rules.Finding, severity report.Severity, shown *shownEdits) report.Finding {
	out := report.Finding{
		Rule:            f.Rule.ID,
		Severity:        severity,
		Addition:        f.Addition,
		Acceptable:      f.Rule.Suppressible(),
		Coordinate:      f.Coordinate,
		To:              f.To,
		Subject:         f.Subject,
		Affects:         f.Affects,
		Message:         f.Message,
		Location:        location(string(f.Place.Anchor), f.Place.Span),
		Previous:        location("", f.Previous),
		Predicates:      f.Predicates,
		Impact:          report.Impact{API: string(f.Impact.API), Storage: string(f.Impact.Storage), Data: string(f.Impact.Data)},
		Reversible:      f.Reversible,
		Confidence:      f.Confidence,
		Reasons:         f.Reasons,
		Consequence:     f.Consequence,
		Excerpt:         excerpt(f.Place.Span),
		PreviousExcerpt: excerpt(f.Previous),
	}
	for _, c := range f.API {
		out.API = append(out.API, report.APIChange{Coordinate: c.Coordinate, Change: c.Change})
	}
	out.Evidence = evidence(f)
	out.Usage = usageOf(f, severity)
	for _, x := range f.Fixes {
		out.Fixes = append(out.Fixes, wayOut(x.ID, string(x.Kind), string(x.Risk), x.Title, x.Patch))
	}
	if !f.Rewrite.Empty() {
		out.Fixes = append(out.Fixes, rewriteOf(f, shown))
	}
	return out
}

// rewriteOf is the fix of an operation that breaks.
func rewriteOf(f *rules.Finding, shown *shownEdits) report.Fix {
	const id, kind = "rewrite-operation", "operation"
	risk, title := rules.Safe, "rewrite the operation for the new names"
	if len(f.Unmended) > 0 {
		risk = rules.Review
	}
	if first := shown.by[f.Subject]; first != nil {
		return report.Fix{ID: id, Kind: kind, Risk: string(risk), Title: title + ": the edits are with " + first.Coordinate}
	}
	shown.by[f.Subject] = f
	patch, with := shown.rest(f)
	if len(with) > 0 {
		title += ": the edits of what it shares are with " + firstOf(with, " and ", func(f *rules.Finding) string { return f.Subject })
	}
	if len(f.Unmended) > 0 {
		title += ", and see to the rest: " + firstOf(f.Unmended, "; ", func(reason string) string { return reason })
	}
	out := wayOut(id, kind, string(risk), title, patch)
	for _, f := range with {
		out.Elsewhere = append(out.Elsewhere, fingerprint(f))
	}
	return out
}

// firstOf tells of the first of many.
func firstOf[T any](all []T, between string, name func(T) string) string {
	const most = 5
	var told []string
	for _, one := range all[:min(len(all), most)] {
		told = append(told, name(one))
	}
	if more := len(all) - most; more > 0 {
		told = append(told, fmt.Sprintf("%d more", more))
	}
	return strings.Join(told, between)
}

// wayOut is a fix as reports have it.
func wayOut(id, kind, risk, title string, patch fixes.Patch) report.Fix {
	out := report.Fix{ID: id, Kind: kind, Risk: risk, Title: title, Diff: report.Redact(patch.Diff())}
	for _, e := range patch.Edits {
		out.Edits = append(out.Edits, report.Edit{At: location("", e.Span), New: e.New})
	}
	return out
}

// evidence is what the data said, or why it was not asked.
func evidence(f *rules.Finding) report.Evidence {
	e := f.Evidence
	if !e.Asked && e.Reason == "" {
		if f.Question == "" {
			return report.Evidence{}
		}
		return report.Evidence{Reason: "no Dgraph was named"}
	}
	out := report.Evidence{
		Asked: e.Asked, Complete: e.Complete, Reason: e.Reason, Remarks: e.Remarks, Question: e.DQL,
		Violations: e.Violations, Groups: e.Groups, Total: e.Total,
	}
	for _, s := range e.Samples {
		one := report.Sample{UID: "0x" + strconv.FormatUint(s.UID, 16)}
		for _, v := range s.Values {
			one.Values = append(one.Values, valueText(v))
		}
		out.Samples = append(out.Samples, one)
	}
	return out
}

// valueText is a stored value in JSON.
func valueText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// location is a span as reports have it; the zero span is nowhere.
func location(anchor string, s sdl.Span) report.Location {
	if s.IsZero() {
		return report.Location{Anchor: anchor}
	}
	begin, end := s.Begin(), s.Finish()
	return report.Location{
		Anchor:    anchor,
		File:      s.File.Name,
		Ref:       s.File.Ref,
		Line:      begin.Line,
		Column:    begin.Column,
		EndLine:   end.Line,
		EndColumn: end.Column,
	}
}

// excerpt is the first lines of a span. What goes on with a key after a lone CR
// is left out: there ends a line for GraphQL, and not for Dgraph's settings.
func excerpt(s sdl.Span) []string {
	const most = 5
	if s.IsZero() || s.File.Text == "" {
		return nil
	}
	var lines []string
	first, last := s.Begin().Line, s.Finish().Line
	for n := first; n <= last && n < first+most; n++ {
		line := strings.TrimRight(s.File.Line(n), " \t")
		at := s.File.Rest(sdl.Position{Line: n, Column: 1}).Start
		if before := s.File.Text[:at]; strings.HasSuffix(before, "\r") {
			before = before[strings.LastIndexByte(before, '\n')+1:]
			rest, ok := strings.CutPrefix(report.Redact(before+line), before)
			if !ok {
				rest = "[redacted]"
			}
			line = rest
		}
		lines = append(lines, line)
	}
	return lines
}
