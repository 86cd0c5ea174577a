package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// applyOptions say how fixes are carried out.
type applyOptions struct {
	apply   bool
	deploy  bool
	consent consent
	account accountOptions
}

func (o *applyOptions) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&o.apply, "apply", false, "carry out the fixes: the edits, and on --alpha what changes stored data")
	flags.BoolVar(&o.deploy, "deploy", false, "with --apply: deploy the new schema between the phases before and after")
	o.consent.bind(flags)
	o.account.bind(flags)
	bindLogFormat(flags)
}

func (o *applyOptions) check(flags *pflag.FlagSet, f *fixOptions) error {
	switch {
	case !o.apply && (o.deploy || o.consent != consent{}):
		return errors.New("--deploy, --yes and --confirm are for --apply")
	case !o.apply && o.account.given():
		return errors.New("--metrics-file and --metrics-listen are for --apply")
	case o.apply && !f.connection.given():
		return errors.New("--apply needs the Dgraph whose data is to be changed: add --alpha (or --write alone, for the edits)")
	}
	return nil
}

// allowed refuses fixes that delete and were not allowed to.
func (o *planOptions) allowed(choices []choice) error {
	for _, c := range choices {
		if c.fix != nil && c.fix.Risk == rules.Destructive && !o.allowDestructive {
			return fmt.Errorf("%s of %s deletes data: add --allow-destructive when that is wanted", c.fix.ID, c.finding.Coordinate)
		}
	}
	return nil
}

// fingerprint is that of the new schema with the edits.
func (m *mended) fingerprint() string {
	parsed, err := sdl.Parse(m.Files...)
	if err != nil {
		return "" // never: the edits were tried
	}
	return parsed.Fingerprint()
}

// confirmFixes shows what is to be done where, and asks for a word.
func (p program) confirmFixes(l *live, m *mended, o *applyOptions) error {
	if len(m.Done) == 0 && m.planned.plan == nil {
		return nil
	}
	var what []string
	for _, f := range m.Done {
		what = append(what, "edit: "+f.Fix.Title)
	}
	if plan := m.planned.plan; plan != nil {
		var open []migrate.Status
		for _, phase := range []migrate.Phase{migrate.Before, migrate.After} {
			open = append(open, migrate.Status{Plan: plan.ID, Phase: phase})
		}
		what = append(what, inWords([]migrate.File{{Plan: plan}}, open)...)
	}
	return p.agree(&o.consent, l.destination, what)
}

// applyFixes carries out the plan, as far as the served schema allows.
func (p program) applyFixes(cmd *cobra.Command, w *work, m *mended, o *fixOptions) error {
	ctx := cmd.Context()
	folder := o.out
	if folder == "" {
		folder = p.migrationsFolder(w.cfg)
		path, _, err := p.writePlan(folder, m.planned.plan)
		if err != nil {
			return &problem{exitUnfinished, err}
		}
		m.path = path
		fmt.Fprintf(p.err, "schemacheck: the plan is in %s\n", report.Escape(path))
	}
	files, paths, err := p.plans(w.cfg, []string{m.path})
	if err != nil {
		return err
	}
	series := migrate.Series{Options: migrate.Options{DefaultBatch: w.cfg.BatchSize}}
	if o.deploy {
		var texts []string
		for _, f := range m.Files {
			texts = append(texts, f.Text)
		}
		series.Deploy = strings.Join(texts, "\n")
	}
	a, err := p.account(&o.account, o.quiet, files)
	if err != nil {
		return err
	}
	series.Progress, series.Deploying = a.see, a.deploying
	outcomes, err := migrate.Up(ctx, w.live.client, files, series)
	p.endAccount(ctx, a, err)
	return p.told(ctx, &migration{files: files, paths: paths, spelt: spelt(m.path), where: where(cmd.Flags())}, outcomes, err)
}

// writable refuses to begin what could not be ended.
func writable(o *fixOptions, files []*sdl.File) error {
	if !o.write && !o.apply {
		return nil
	}
	flag := "--write"
	if !o.write {
		flag = "--apply"
	}
	if err := fixes.Writable(files); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}
