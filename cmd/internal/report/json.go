package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// schemaVersion is the version of the JSON report. It grows when a field
// changes its meaning or goes, not when one is added.
const schemaVersion = 1

// The wire structs fix the names and the order of the JSON report. Renaming a
// field of Report changes nothing for its readers.
type (
	wireReport struct {
		SchemaVersion int              `json:"schemaVersion"`
		Tool          wireTool         `json:"tool"`
		Before        wireSource       `json:"before,omitzero"`
		After         wireSource       `json:"after,omitzero"`
		Data          wireData         `json:"data"`
		Operations    *wireOperations  `json:"operations,omitempty"`
		Summary       wireSummary      `json:"summary"`
		Findings      []wireFinding    `json:"findings"`
		Suppressed    []wireSuppressed `json:"suppressed"`
		Notes         []wireNote       `json:"notes"`
		Folder        string           `json:"folder,omitempty"`
		Files         []wireFile       `json:"files,omitempty"`
	}
	wireFile struct {
		Name   string `json:"file"`
		Ref    string `json:"ref,omitempty"`
		Digest string `json:"digest"`
	}
	wireTool struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	wireSource struct {
		Source      string `json:"source"`
		Ref         string `json:"ref,omitempty"`
		Fingerprint string `json:"fingerprint"`
	}
	wireData struct {
		Asked    bool        `json:"asked"`
		Complete bool        `json:"complete"`
		Alpha    string      `json:"alpha,omitempty"`
		ReadTs   *wireReadTs `json:"readTs,omitempty"`
		Duration string      `json:"duration,omitempty"`
	}
	wireReadTs struct {
		From uint64 `json:"from"`
		To   uint64 `json:"to"`
	}
	wireOperations struct {
		Total       int `json:"total"`
		Files       int `json:"files"`
		Broken      int `json:"broken"`
		BrokenFiles int `json:"brokenFiles"`
		Affected    int `json:"affected"`
		Invalid     int `json:"invalid"`
		Unread      int `json:"unread"`
	}
	wireSummary struct {
		Error      int `json:"error"`
		Warning    int `json:"warning"`
		Info       int `json:"info"`
		OneWay     int `json:"oneWay"`
		Fixable    int `json:"fixable"`
		Suppressed int `json:"suppressed"`
		Known      int `json:"known"`
	}
	wireFinding struct {
		Rule        string       `json:"rule"`
		Severity    Severity     `json:"severity"`
		Coordinate  string       `json:"coordinate"`
		To          string       `json:"to"`
		Subject     string       `json:"subject"`
		Affects     []string     `json:"affects"`
		API         []wireAPI    `json:"api"`
		Message     string       `json:"message"`
		Location    wireLocation `json:"location"`
		Previous    wirePlace    `json:"previous,omitzero"`
		Predicates  []string     `json:"predicates"`
		Impact      wireImpact   `json:"impact"`
		Reversible  bool         `json:"reversible"`
		Confidence  string       `json:"confidence"`
		Reasons     []string     `json:"reasons"`
		Usage       *wireUsage   `json:"usage,omitempty"`
		Evidence    wireEvidence `json:"evidence"`
		Consequence string       `json:"consequence"`
		Addition    bool         `json:"addition,omitempty"`
		Known       bool         `json:"known,omitempty"`
		Fixes       []wireFix    `json:"fixes"`
		Fingerprint string       `json:"fingerprint"`
	}
	wireSuppressed struct {
		Rule        string       `json:"rule"`
		Severity    Severity     `json:"severity"`
		Coordinate  string       `json:"coordinate"`
		To          string       `json:"to"`
		Subject     string       `json:"subject"`
		Message     string       `json:"message"`
		Location    wireLocation `json:"location"`
		Fingerprint string       `json:"fingerprint"`
		Reason      string       `json:"reason"`
		Decisions   []wireChoice `json:"decisions,omitempty"`
	}
	wireChoice struct {
		Kind     string    `json:"kind"`
		Reason   string    `json:"reason"`
		Location wirePlace `json:"location,omitzero"`
	}
	wireAPI struct {
		Coordinate string `json:"coordinate"`
		Change     string `json:"change"`
	}
	wireLocation struct {
		Anchor string `json:"anchor"`
		wirePlace
	}
	wirePlace struct {
		File      string `json:"file"`
		Ref       string `json:"ref,omitempty"`
		Line      int    `json:"line"`
		Column    int    `json:"column"`
		EndLine   int    `json:"endLine"`
		EndColumn int    `json:"endColumn"`
	}
	wireImpact struct {
		API     string `json:"api"`
		Storage string `json:"storage"`
		Data    string `json:"data"`
	}
	wireEvidence struct {
		Asked      bool         `json:"asked"`
		Complete   bool         `json:"complete"`
		Reason     string       `json:"reason"`
		Violations uint64       `json:"violations"`
		Groups     uint64       `json:"groups"`
		Total      uint64       `json:"total"`
		Remarks    []string     `json:"remarks"`
		Samples    []wireSample `json:"samples"`
		Question   string       `json:"question"`
	}
	wireUsage struct {
		Operations int      `json:"operations"`
		Files      int      `json:"files"`
		Sending    int      `json:"sending"`
		Lowered    Severity `json:"lowered,omitempty"`
	}
	wireSample struct {
		UID    string   `json:"uid"`
		Values []string `json:"values,omitempty"`
	}
	wireFix struct {
		ID        string     `json:"id"`
		Kind      string     `json:"kind"`
		Risk      string     `json:"risk"`
		Title     string     `json:"title"`
		Diff      string     `json:"diff"`
		Edits     []wireEdit `json:"edits,omitempty"`
		Elsewhere []string   `json:"elsewhere,omitempty"`
	}
	wireEdit struct {
		Location wirePlace `json:"location"`
		New      string    `json:"new"`
	}
	wireNote struct {
		Kind     string    `json:"kind"`
		Message  string    `json:"message"`
		Location wirePlace `json:"location,omitzero"`
	}
)

// The kinds of decisions.
const (
	byComment       = "comment"
	byConfiguration = "configuration"
)

// writeJSON writes one finding after the other: there can be ten thousands, and all of them at once would take as much
// memory as all the rest of a run.
func writeJSON(w io.Writer, r *Report, _ Options) error {
	wire := wireOf(r)
	var around bytes.Buffer
	if err := encodeJSON(&around, &wire); err != nil {
		return err
	}
	const none = "\n  \"findings\": [],\n" // in strings there are no such quotes
	before, after, _ := strings.Cut(around.String(), none)
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(before)
	var one bytes.Buffer
	for i, f := range r.Findings {
		between := ",\n    "
		if i == 0 {
			between = "\n  \"findings\": [\n    "
		}
		one.Reset()
		finding := wireFindingIn(r, f)
		if err := encode(&one, "    ", &finding); err != nil {
			return err
		}
		out.WriteString(between)
		out.Write(bytes.TrimSuffix(escapeJSON(one.Bytes()), []byte("\n")))
	}
	if len(r.Findings) == 0 {
		out.WriteString(none)
	} else {
		out.WriteString("\n  ],\n")
	}
	out.WriteString(after)
	return out.Flush() // with the first error of all
}

// encodeJSON writes what wire points to, without keys.
func encodeJSON(w io.Writer, wire any) error {
	var out bytes.Buffer
	if err := encode(&out, "", wire); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(out.Bytes()))
	return err
}

func encode(out *bytes.Buffer, prefix string, wire any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	redactAll(reflect.ValueOf(wire).Elem())
	if err := enc.Encode(wire); err != nil {
		return fmt.Errorf("writing the report as JSON: %w", err)
	}
	return nil
}

// redactAll hides keys in every text of v, whichever field it stands in.
func redactAll(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(Redact(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			redactAll(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			redactAll(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			redactAll(v.Elem())
		}
	}
}

// escapeJSON writes as \u escapes what is not printable or begins a workflow
// command. JSON demands no escapes from U+0020 on, but people look at JSON in
// terminals and CI logs too: U+009B begins a command in the one, ##[ in the
// other. Such characters stand only in strings.
func escapeJSON(text []byte) []byte {
	in := string(text)
	out := make([]byte, 0, len(in))
	for i, r := range in {
		switch {
		case r == '#' && commandAt(in, i):
			out = append(out, `\u0023`...)
		case r == '\n' || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// wireOf is the report without its findings.
func wireOf(r *Report) wireReport {
	return wireReport{
		SchemaVersion: schemaVersion,
		Tool:          wireTool(r.Tool),
		Before:        wireSource(r.Before),
		After:         wireSource(r.After),
		Data:          wireDataOf(r.Data),
		Operations:    (*wireOperations)(r.Operations),
		Summary:       wireSummary(r.Summary),
		Findings:      []wireFinding{},
		Suppressed: each(r.Suppressed, func(s Suppressed) wireSuppressed {
			f := s.Finding
			return wireSuppressed{
				f.Rule, f.Severity, f.Coordinate, f.To, f.Subject, f.Message,
				wireLocation{f.Location.Anchor, wirePlaceOf(f.Location)}, f.Fingerprint, s.Reason,
				each(s.Decisions, func(d Decision) wireChoice {
					kind := byConfiguration
					if d.InSource {
						kind = byComment
					}
					return wireChoice{kind, d.Reason, wirePlaceOf(d.Location)}
				}),
			}
		}),
		Notes: each(r.Notes, func(n Note) wireNote {
			return wireNote{n.Kind, n.Message, wirePlaceOf(n.Location)}
		}),
		Folder: r.Folder,
		Files:  each(r.Files, func(f File) wireFile { return wireFile(f) }),
	}
}

// Why nothing was asked of a finding, where nothing was in the way. People see it from
// the report as a whole.
const (
	nobodyAsked  = "the stored data was not asked"
	nothingToAsk = "what is stored does not decide this finding"
)

// wireFindingIn is a finding of a report, which says why nothing was asked of it.
func wireFindingIn(r *Report, f Finding) wireFinding {
	w := wireFindingOf(f)
	if e := &w.Evidence; !e.Asked && e.Reason == "" {
		e.Reason = nobodyAsked
		if r.Data.Asked {
			e.Reason = nothingToAsk
		}
	}
	return w
}

func wireFindingOf(f Finding) wireFinding {
	return wireFinding{
		Rule:        f.Rule,
		Severity:    f.Severity,
		Coordinate:  f.Coordinate,
		To:          f.To,
		Subject:     f.Subject,
		Affects:     each(f.Affects, same),
		API:         each(f.API, func(c APIChange) wireAPI { return wireAPI(c) }),
		Message:     f.Message,
		Location:    wireLocation{f.Location.Anchor, wirePlaceOf(f.Location)},
		Previous:    wirePlaceOf(f.Previous),
		Predicates:  each(f.Predicates, same),
		Impact:      wireImpact{orNone(f.Impact.API), orNone(f.Impact.Storage), orNone(f.Impact.Data)},
		Reversible:  f.Reversible,
		Confidence:  f.Confidence,
		Reasons:     each(f.Reasons, same),
		Usage:       (*wireUsage)(f.Usage),
		Evidence:    wireEvidenceOf(f.Evidence),
		Consequence: f.Consequence,
		Addition:    f.Addition,
		Known:       f.Known,
		Fixes: each(f.Fixes, func(x Fix) wireFix {
			return wireFix{x.ID, x.Kind, x.Risk, x.Title, x.Diff, each(x.Edits, func(e Edit) wireEdit { return wireEdit{wirePlaceOf(e.At), e.New} }), each(x.Elsewhere, same)}
		}),
		Fingerprint: f.Fingerprint,
	}
}

func wireDataOf(d Data) wireData {
	if !d.Asked {
		return wireData{}
	}
	return wireData{true, d.Complete, d.Alpha, &wireReadTs{d.ReadTs.From, d.ReadTs.To}, duration(d.Duration)}
}

// wirePlaceOf gives a place without an end the one of its start: an empty span.
func wirePlaceOf(l Location) wirePlace {
	p := wirePlace{l.File, l.Ref, l.Line, l.Column, l.EndLine, l.EndColumn}
	if p.EndLine == 0 {
		p.EndLine, p.EndColumn = p.Line, p.Column
	}
	return p
}

func wireEvidenceOf(e Evidence) wireEvidence {
	return wireEvidence{
		Asked: e.Asked, Complete: e.Complete, Reason: e.Reason,
		Violations: e.Violations, Groups: e.Groups, Total: e.Total, Remarks: each(e.Remarks, same),
		Samples:  each(e.Samples, func(s Sample) wireSample { return wireSample{s.UID, each(s.Values, same)} }),
		Question: e.Question,
	}
}

// each maps a slice, and makes an empty one of none: readers of the report
// never meet null where the contract has an array.
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

func same(s string) string { return s }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// duration is d as people say it: tenths from one second up.
func duration(d time.Duration) string {
	if d >= time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}
