package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
)

// output is where and how a report is written.
type output struct {
	format  report.Format
	extra   []extra
	options report.Options
	tracked bool // the files of the run are in a repository, in its folder options.Folder
}

// extra is one --report.
type extra struct {
	format report.Format
	path   string
	given  string // FORMAT=PATH
	limit  int    // of the size in bytes, 0 for what the format has
}

// output checks the flags before any work is done.
func (p program) output(flags *pflag.FlagSet, s *settings) (*output, error) {
	o := &output{options: report.Options{Verbose: s.verbose, Quiet: s.quiet}}
	_, o.options.Scanning = p.env("GITHUB_ACTIONS")
	format, ok := report.FormatNamed(s.format)
	if !ok {
		return nil, given(flags, "format", unknown("format", s.format, report.FormatNames()))
	}
	o.format = format
	seen := map[string]bool{}
	for _, r := range s.reports {
		x, err := p.extra(r)
		if err == nil && seen[x.path] {
			err = fmt.Errorf("--report: two reports would be written to %s", x.path)
		}
		if err != nil {
			return nil, given(flags, "report", err)
		}
		seen[x.path] = true
		o.extra = append(o.extra, x)
	}
	switch s.color {
	case "always":
		o.options.Color = true
	case "never":
	case "auto":
		_, no := p.env("NO_COLOR")
		dumb, _ := p.env("TERM")
		o.options.Color = isTerminal(p.out) && !no && dumb != "dumb"
	default:
		return nil, given(flags, "color", fmt.Errorf("--color %q: expected auto, always or never", s.color))
	}
	if f, ok := p.out.(*os.File); ok && isTerminal(f) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			o.options.Width = width
		}
	}
	return o, nil
}

// maxSummary is what GitHub takes as the summary of a step, in bytes.
const maxSummary = 1 << 20

// extra reads one --report.
func (p program) extra(text string) (extra, error) {
	name, path, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return extra{}, fmt.Errorf("--report %s: expected FORMAT=PATH, such as json=report.json", text)
	}
	format, ok := report.FormatNamed(name)
	if !ok {
		return extra{}, unknown("format", name, report.FormatNames())
	}
	if path == "-" {
		return extra{}, fmt.Errorf("--report %s: what goes to standard output is chosen with --format: --format %s", text, name)
	}
	if p.dir != "" && !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, path)
	}
	path = filepath.Clean(path)
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return extra{}, fmt.Errorf("--report %s: there is no folder %s: create it first", text, filepath.Dir(path))
	}
	limit := 0
	if summary, ok := p.env("GITHUB_STEP_SUMMARY"); ok && filepath.Clean(summary) == path {
		limit = maxSummary
	}
	return extra{format, path, text, limit}, nil
}

// spares says which report would be written over a file that the run reads, by
// whatever name or link. Only regular files can be lost.
func (o *output) spares(flags *pflag.FlagSet, read []fs.FileInfo) error {
	for _, x := range o.extra {
		at, err := os.Stat(x.path)
		if err != nil || !at.Mode().IsRegular() {
			continue
		}
		if slices.ContainsFunc(read, func(info fs.FileInfo) bool { return os.SameFile(at, info) }) {
			return given(flags, "report", fmt.Errorf("--report %s: this is a file that is read, which the report would overwrite: choose another name", x.given))
		}
	}
	return nil
}

// sources are the files of the disk behind schemas and configuration.
func (p program) sources(cfg *config.Config, schemas ...[]*sdl.File) []fs.FileInfo {
	var all []fs.FileInfo
	add := func(info fs.FileInfo, err error) {
		if err == nil {
			all = append(all, info)
		}
	}
	if cfg.File != "" {
		add(os.Stat(cfg.File))
	}
	for _, f := range slices.Concat(schemas...) {
		if f.Path != "" {
			add(os.Stat(f.Path))
		} else if in, ok := p.in.(*os.File); ok && f.Name == sdl.Stdin {
			add(in.Stat())
		}
	}
	return all
}

func isTerminal(w io.Writer) bool {
	if t, ok := w.(*talk); ok {
		w = t.to
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// write writes the report to stdout and to every --report. Where that fails, a
// schema that is invalid still decides the exit code.
func (p program) write(o *output, r *report.Report, invalid bool) error {
	code := exitUnfinished
	if invalid {
		code = exitUsage
	}
	if o.tracked && r.Folder == "" {
		r.Folder = path.Clean(o.options.Folder)
	}
	if err := o.format.Write(p.out, r, o.options); err != nil {
		return &problem{code, fmt.Errorf("writing the report: %w", err)}
	}
	for _, x := range o.extra {
		var text strings.Builder
		options := report.Options{
			Verbose: o.options.Verbose, FailOn: o.options.FailOn, Verdict: o.options.Verdict, Folder: o.options.Folder, Limit: x.limit,
			Scanning: o.options.Scanning,
		}
		if err := x.format.Write(&text, r, options); err != nil {
			return &problem{code, fmt.Errorf("writing the report: %w", err)}
		}
		if err := writeFile(x.path, text.String()); err != nil {
			return &problem{code, fmt.Errorf("writing the report %s: %w", x.path, err)}
		}
	}
	return nil
}

// writeFile replaces a file in one step; what is no regular file, such as a
// pipe, is written to.
func writeFile(path, text string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, []byte(text), 0o644)
	}
	return fixes.Replace(path, []byte(text), 0o644)
}
