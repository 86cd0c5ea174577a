package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// baselineOption names the report whose findings are known.
type baselineOption struct{ path string }

func (o *baselineOption) bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.path, "baseline", "", "what the report in `FILE`, of --report json=FILE, has is known and does not count; --baseline= takes none")
}

// baseline is an earlier report, and the file that it is in.
type baseline struct {
	report *report.Report
	path   string
	given  string // as the user named it
}

// load reads the baseline of a run, nil without one. That of the configuration
// counts where the flag is not given, and where it is one of the same kind of run:
// an audit and a comparison have no finding in common.
func (o *baselineOption) load(p program, cmd *cobra.Command, cfg *config.Config, audit bool) (*baseline, error) {
	path, named := p.path(o.path), cmd.Flags().Changed("baseline")
	if !named {
		if cfg.Baseline == "" {
			return nil, nil
		}
		o.path = cfg.Baseline
		path = filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Baseline))
	}
	if o.path == "" {
		return nil, nil
	}
	fail := func(err error) error {
		if !named {
			return fmt.Errorf("reading the baseline %s of %s: %w", o.path, cfg.File, err)
		}
		return given(cmd.Flags(), "baseline", fmt.Errorf("reading the baseline %s: %w", o.path, err))
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(fmt.Errorf("there is no such file: write it with --baseline= --report json=%s", o.path))
	}
	if err != nil {
		return nil, fail(err)
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return nil, fail(err)
	}
	if ofAudit := r.Before == (report.Source{}); ofAudit != audit {
		if !named {
			return nil, nil
		}
		return nil, fail(fmt.Errorf("it is the report of %s, which has no finding in common with this run",
			map[bool]string{true: "an audit", false: "a comparison of two schemas"}[ofAudit]))
	}
	return &baseline{r, path, o.path}, nil
}

// mark marks in a report what is known, and notes what is known and gone.
func (k *baseline) mark(r *report.Report) {
	if k == nil {
		return
	}
	gone := r.Against(k.report)
	if gone > 0 {
		what := number(gone, "finding of the baseline is", "findings of the baseline are")
		r.Notes = append(r.Notes, report.Note{Kind: "warning", Message: fmt.Sprintf(
			"%s gone, and would be known if %s again: write %s anew, with --baseline= --report json=%s",
			what, map[bool]string{true: "it came", false: "they came"}[gone == 1], k.given, k.given)})
	}
}

// spared refuses to write a report over the baseline of the run: what is new would
// be known from then on, whether anybody saw it or not.
func (k *baseline) spared(flags *pflag.FlagSet, o *output) error {
	if k == nil {
		return nil
	}
	info, err := os.Stat(k.path)
	if err != nil {
		return nil //nolint:nilerr // it was read
	}
	for _, x := range o.extra {
		if at, err := os.Stat(x.path); err == nil && os.SameFile(at, info) {
			return given(flags, "report", fmt.Errorf("--report %s: this is the baseline, and what is new would be known without a word: "+
				"write it anew in a run without it, with --baseline= --report %[1]s", x.given))
		}
	}
	return nil
}

// has are the fingerprints of the findings of a report that are known.
func has(r *report.Report) map[string]bool {
	all := map[string]bool{}
	for _, f := range r.Findings {
		if f.Known {
			all[f.Fingerprint] = true
		}
	}
	return all
}
