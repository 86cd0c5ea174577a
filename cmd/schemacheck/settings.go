package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/rules"
)

// settings are the flags that every command with a report has.
type settings struct {
	config  string
	format  string
	reports []string
	color   string
	quiet   bool
	verbose bool
}

func (s *settings) bind(flags *pflag.FlagSet) {
	bindConfig(flags, &s.config)
	flags.StringVar(&s.format, "format", "text", "`FORMAT` of the report on stdout: "+strings.Join(report.FormatNames(), ", "))
	flags.StringArrayVar(&s.reports, "report", nil, "write the report to a file too, as `FORMAT=PATH`; can be repeated")
	flags.StringVar(&s.color, "color", "auto", "colours: auto, always or never")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "one line for each finding, and nothing else")
	flags.BoolVarP(&s.verbose, "verbose", "v", false, "show additions too, and details")
}

func bindConfig(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "config", "", "configuration `FILE` (default: the nearest "+config.Name+", from the schema's folder up to the git root)")
}

// environment gives flags that were not set the value of SCHEMACHECK_NAME.
func (p program) environment(cmd *cobra.Command) error {
	var problems []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "SCHEMACHECK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := p.env(name)
		if !ok || value == "" || f.Changed || f.Name == "help" {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			problems = append(problems, fmt.Errorf("environment variable %s: %w", name, err))
		}
	})
	return errors.Join(problems...)
}

// configuration reads the file at path, which --config names, or without one
// the nearest from the folder near upwards; when there is none, it is empty.
func configuration(path, near string) (*config.Config, error) {
	if path == "" {
		found, err := config.Find(near)
		if err != nil {
			return nil, err
		}
		if found == "" {
			return &config.Config{}, nil
		}
		path = found
	}
	return config.Load(path, rules.IDs())
}

// output is where and how a report is written.
type output struct {
	format  report.Format
	extra   []extra
	options report.Options
}

// extra is one --report.
type extra struct {
	format report.Format
	path   string
}

// output checks the flags before any work is done.
func (p program) output(s *settings) (*output, error) {
	o := &output{options: report.Options{Verbose: s.verbose, Quiet: s.quiet}}
	format, ok := report.FormatNamed(s.format)
	if !ok {
		return nil, unknown("format", s.format, report.FormatNames())
	}
	o.format = format
	seen := map[string]bool{}
	for _, r := range s.reports {
		name, path, ok := strings.Cut(r, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("--report %s: expected FORMAT=PATH, such as json=report.json", r)
		}
		format, ok := report.FormatNamed(name)
		if !ok {
			return nil, unknown("format", name, report.FormatNames())
		}
		if p.dir != "" && !filepath.IsAbs(path) {
			path = filepath.Join(p.dir, path)
		}
		if path = filepath.Clean(path); seen[path] {
			return nil, fmt.Errorf("--report: two reports would be written to %s", path)
		}
		seen[path] = true
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("--report %s: there is no folder %s: create it first", r, filepath.Dir(path))
		}
		o.extra = append(o.extra, extra{format, path})
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
		return nil, fmt.Errorf("--color %q: expected auto, always or never", s.color)
	}
	if f, ok := p.out.(*os.File); ok && isTerminal(f) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			o.options.Width = width
		}
	}
	return o, nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// write writes the report to stdout and to every --report.
func (p program) write(o *output, r *report.Report) error {
	if err := o.format.Write(p.out, r, o.options); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("writing the report: %w", err)}
	}
	for _, x := range o.extra {
		var text strings.Builder
		if err := x.format.Write(&text, r, report.Options{Verbose: o.options.Verbose, FailOn: o.options.FailOn, Verdict: o.options.Verdict}); err != nil {
			return &problem{exitUnfinished, fmt.Errorf("writing the report: %w", err)}
		}
		if err := writeFile(x.path, text.String()); err != nil {
			return &problem{exitUnfinished, fmt.Errorf("writing the report %s: %w", x.path, err)}
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
	return renameio.WriteFile(path, []byte(text), 0o644)
}

// severity is the threshold that flag or configuration set.
func failOn(cmd *cobra.Command, flag string, c *config.Config) (report.Severity, error) {
	if !cmd.Flags().Changed("fail-on") && c.FailOn != "" {
		flag = c.FailOn
	}
	levels := []string{string(report.Error), string(report.Warning), string(report.Info), string(report.Never)}
	for _, l := range levels {
		if flag == l {
			return report.Severity(l), nil
		}
	}
	return "", unknown("level for --fail-on", flag, levels)
}
