package report

import (
	"cmp"
	"io"
	"path"
	"strings"
)

// The wire structs of a code quality report of GitLab.
type (
	wireQuality struct {
		Description string       `json:"description"`
		CheckName   string       `json:"check_name"`
		Fingerprint string       `json:"fingerprint"`
		Severity    string       `json:"severity"`
		Location    wireCodeLine `json:"location"`
	}
	wireCodeLine struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	}
)

// writeGitLab writes a code quality report. GitLab drops what has no path, so
// that a finding without a file of its own is placed in the new schema.
func writeGitLab(w io.Writer, r *Report, opt Options) error {
	r = r.Rooted(opt.Folder)
	shown := worst(r.shown(opt.additions()))
	if opt.Verbose {
		shown = append(shown, worst(r.known())...)
	}
	all := each(shown, func(f *Finding) wireQuality {
		text := essence(f)
		if f.Evidence.Asked && f.Evidence.Violations > 0 {
			text += " (" + affected(f.Evidence) + ")"
		}
		one := wireQuality{
			Description: Escape(strings.TrimPrefix(about(f)+": "+text, ": ")),
			CheckName:   f.Rule,
			Fingerprint: f.Fingerprint,
			Severity:    qualityOf(f.Severity),
		}
		file, line := pathOf(f.Location), f.Location.Line
		if !inTree(f.Location) {
			one.Description += Escape(" (" + place(f.Location) + ")")
		}
		if file == "" {
			file, line = cmp.Or(r.After.File(), r.Before.File(), "schema"), 1
		}
		one.Location.Path, one.Location.Lines.Begin = path.Clean(file), max(line, 1)
		return one
	})
	return encodeJSON(w, &all)
}

// qualityOf is what GitLab calls a severity.
func qualityOf(s Severity) string {
	switch s {
	case Error:
		return "critical"
	case Warning:
		return "major"
	}
	return "info"
}
