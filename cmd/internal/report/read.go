package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxReport is the size in bytes up to which a report is read.
const maxReport = 64 << 20

// Read reads a report in the format json, of this version of the tool or of another one that has the same
// schemaVersion: what it does not know it leaves out. The report has no excerpts, and its findings are sealed anew, so
// that no fingerprint is taken on trust. Errors say what is wrong with the report.
func Read(r io.Reader) (*Report, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxReport:
		return nil, fmt.Errorf("more than %d MiB are no report of schemacheck", maxReport>>20)
	}
	var wire wireReport
	if err := json.Unmarshal(text, &wire); err != nil {
		return nil, fmt.Errorf("this is no report in the format json: %w", err)
	}
	if wire.SchemaVersion != schemaVersion {
		return nil, fmt.Errorf("this is no report of schemaVersion %d, as --format json and --report json=PATH write it", schemaVersion)
	}
	out := &Report{Tool: Tool(wire.Tool), Before: Source(wire.Before), After: Source(wire.After), Data: wire.Data.read(),
		Operations: (*Operations)(wire.Operations), Folder: wire.Folder}
	for _, f := range wire.Findings {
		one, err := f.read()
		if err != nil {
			return nil, err
		}
		out.Findings = append(out.Findings, one)
	}
	for _, s := range wire.Suppressed {
		if err := weighs(s.Severity); err != nil {
			return nil, err
		}
		one := Suppressed{Reason: s.Reason, Finding: Finding{
			Rule: s.Rule, Severity: s.Severity, Coordinate: s.Coordinate, To: s.To, Subject: s.Subject, Message: s.Message,
			Location: s.Location.read(s.Location.Anchor),
		}}
		for _, d := range s.Decisions {
			one.Decisions = append(one.Decisions, Decision{d.Kind == byComment, d.Reason, d.Location.read("")})
		}
		out.Suppressed = append(out.Suppressed, one)
	}
	for _, n := range wire.Notes {
		out.Notes = append(out.Notes, Note{n.Kind, n.Message, n.Location.read("")})
	}
	for _, f := range wire.Files {
		out.Files = append(out.Files, File(f))
	}
	out.Seal()
	if len(Duplicates(out.Findings)) > 0 {
		return nil, errors.New("this is no sound report: two of its findings are the same one")
	}
	return out, nil
}

func (f wireFinding) read() (Finding, error) {
	if err := weighs(f.Severity); err != nil {
		return Finding{}, err
	}
	if f.Usage != nil && f.Usage.Lowered != "" {
		if err := weighs(f.Usage.Lowered); err != nil {
			return Finding{}, err
		}
	}
	if f.Rule == "" {
		return Finding{}, errors.New("a finding has no rule")
	}
	one := Finding{
		Rule:        f.Rule,
		Severity:    f.Severity,
		Coordinate:  f.Coordinate,
		To:          f.To,
		Subject:     f.Subject,
		Affects:     f.Affects,
		API:         each(f.API, func(c wireAPI) APIChange { return APIChange(c) }),
		Message:     f.Message,
		Location:    f.Location.read(f.Location.Anchor),
		Previous:    f.Previous.read(""),
		Predicates:  f.Predicates,
		Impact:      Impact(f.Impact),
		Reversible:  f.Reversible,
		Confidence:  f.Confidence,
		Reasons:     f.Reasons,
		Consequence: f.Consequence,
		Addition:    f.Addition,
		Known:       f.Known,
		Usage:       (*Usage)(f.Usage),
		Evidence: Evidence{
			Asked: f.Evidence.Asked, Complete: f.Evidence.Complete, Reason: f.Evidence.Reason,
			Violations: f.Evidence.Violations, Groups: f.Evidence.Groups, Total: f.Evidence.Total, Remarks: f.Evidence.Remarks,
			Samples:  each(f.Evidence.Samples, func(s wireSample) Sample { return Sample(s) }),
			Question: f.Evidence.Question,
		},
	}
	if r := one.Evidence.Reason; r == nobodyAsked || r == nothingToAsk {
		one.Evidence.Reason = ""
	}
	for _, x := range f.Fixes {
		one.Fixes = append(one.Fixes, Fix{x.ID, x.Kind, x.Risk, x.Title, x.Diff, each(x.Edits, func(e wireEdit) Edit {
			return Edit{e.Location.read(""), e.New}
		}), x.Elsewhere})
	}
	return one, nil
}

// weighs refuses a severity that is none: it would weigh nothing, and pass every gate.
func weighs(s Severity) error {
	if s != Error && s != Warning && s != Info {
		return fmt.Errorf("a finding has the severity %q", string(s))
	}
	return nil
}

func (p wirePlace) read(anchor string) Location {
	return Location{anchor, p.File, p.Ref, max(p.Line, 0), max(p.Column, 0), max(p.EndLine, 0), max(p.EndColumn, 0)}
}

func (d wireData) read() Data {
	out := Data{Asked: d.Asked, Complete: d.Complete, Alpha: d.Alpha}
	if d.ReadTs != nil {
		out.ReadTs = ReadTs(*d.ReadTs)
	}
	out.Duration, _ = time.ParseDuration(d.Duration) // for people only
	return out
}
