package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
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
	run     runOptions
}

func (o *applyOptions) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&o.apply, "apply", false, "carry out the fixes: the edits, and on --alpha what changes stored data")
	flags.BoolVar(&o.deploy, "deploy", false, "with --apply: deploy the new schema between the phases before and after, or at once where no stored data changes")
	o.consent.bind(flags)
	o.run.bind(cmd)
	bindLogFormat(flags)
}

func (o *applyOptions) check(p program, flags *pflag.FlagSet, f *fixOptions) error {
	switch {
	case !o.apply && (o.deploy || o.consent != consent{}):
		return errors.New("--deploy, --yes and --confirm are for --apply")
	case o.apply && !f.connection.given():
		return errors.New("--apply needs the Dgraph whose data is to be changed: add --alpha (or --write alone, for the edits)")
	case o.apply:
		o.run.quiesced.readGeo = f.data.readGeo
		return o.run.check(p, flags)
	}
	for _, name := range runFlags {
		if flag := flags.Lookup(name); flag != nil && flag.Changed && flag.Annotations[variable] == nil {
			return fmt.Errorf("--%s is for --apply: it says how what changes stored data is carried out", name)
		}
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
	if len(m.Done) == 0 && m.planned.plan == nil && !o.deploy {
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
	if o.deploy {
		what = append(what, "deploy the new GraphQL schema")
	}
	return p.agree(&o.consent, l.destination, what)
}

// begun are the plans for this change that have begun to run on this database: what
// they have written so far is no finding of a change that is still to be made. nil
// when there are none.
func (p program) begun(cmd *cobra.Command, w *work, o *fixOptions, from string) (*migration, error) {
	folder := o.out
	if folder == "" {
		folder = p.migrationsFolder(w.cfg)
	}
	files, paths, err := p.plans(w.cfg, []string{folder})
	if errors.As(err, new(*noPlans)) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking whether a plan for this change has begun: %w", err)
	}
	parsed, err := sdl.Parse(w.after...)
	if err != nil {
		return nil, err
	}
	to := parsed.Fingerprint()
	m := &migration{client: w.live.client, cfg: w.cfg, destination: w.live.destination, paths: paths, where: where(cmd.Flags()), deploys: o.deploying(w.after), how: repeated(cmd.Flags(), runFlags...), showValues: o.data.showValues}
	var named []string
	for _, f := range files {
		// The old schema can be the new one by now: one of them has deployed it.
		if f.From != from && from != to || f.To != to {
			continue
		}
		all, err := migrate.Statuses(cmd.Context(), m.client, []migrate.File{f})
		if err != nil {
			return nil, migrationFailed(cmd.Context(), err)
		}
		wrote := func(s migrate.Status) bool { return s.State.Begun() }
		open := func(s migrate.Status) bool { return s.Phase != migrate.Contract && !s.State.Over() }
		// One that is done and leaves no schema behind is over.
		if slices.ContainsFunc(all, wrote) && (f.From != f.To || slices.ContainsFunc(all, open)) {
			m.files = append(m.files, f)
			named = append(named, filepath.Join(folder, filepath.Base(paths[f.ID])))
		}
	}
	if len(m.files) == 0 {
		return nil, nil
	}
	m.spelt = spelt(named...)
	return m, nil
}

// goOn carries plans on that have begun, instead of making others.
func (p program) goOn(ctx context.Context, w *work, o *fixOptions, done *compared, m *migration, err error) error {
	if err != nil {
		return err
	}
	for _, f := range m.files {
		fmt.Fprintf(p.err, "schemacheck: the plan %s is for this change, and has begun to run here: it goes on, and no other one is made (migrate undo takes it back)\n", report.Escape(f.ID))
	}
	series := migrate.Series{Options: o.run.options(p, w.cfg), Deploy: o.deployed(w.after)}
	open, err := migrate.Open(ctx, m.client, m.files, series)
	if err != nil {
		return migrationFailed(ctx, err)
	}
	if len(open) > 0 || series.Deploy != "" {
		if err := p.agree(&o.consent, m.destination, inWords(m.files, open)); err != nil {
			return err
		}
	}
	w.out.options.Verdict = "a plan for this has begun to run; what came of it follows"
	if err := p.finish(ctx, w.out, done, nil); err != nil && !errors.As(err, new(*problem)) {
		return err
	}
	return p.carryOut(ctx, m, series, &o.run, o.quiet, nil)
}

// deploying is the flag of migrate up that goes on as this command began. That deploys
// one file.
func (o *fixOptions) deploying(files []*sdl.File) string {
	if !o.deploy || len(files) != 1 {
		return ""
	}
	return "--deploy " + spelt(files[0].Name)
}

// deployed is the text of the schema that is to be deployed; empty when none is.
func (o *applyOptions) deployed(files []*sdl.File) string {
	if !o.deploy {
		return ""
	}
	var texts []string
	for _, f := range files {
		texts = append(texts, f.Text)
	}
	return strings.Join(texts, "\n")
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
	series := migrate.Series{Options: o.run.options(p, w.cfg), Deploy: o.deployed(m.Files)}
	run := &migration{files: files, client: w.live.client, cfg: w.cfg, paths: paths, spelt: spelt(m.path), where: where(cmd.Flags()), deploys: o.deploying(m.Files), how: repeated(cmd.Flags(), runFlags...), showValues: o.data.showValues}
	return p.carryOut(ctx, run, series, &o.run, o.quiet, nil)
}

// deployAlone deploys a schema that no stored data has to be changed for. finished is what
// came of the findings: what fails for them is not deployed.
func (p program) deployAlone(cmd *cobra.Command, w *work, m *mended, o *fixOptions, over string, finished error) error {
	if finished != nil {
		fmt.Fprintln(p.err, "schemacheck: the new schema was not deployed, for what was found is still to be settled")
		return finished
	}
	series := migrate.Series{Options: o.run.options(p, w.cfg), Deploy: o.deployed(m.Files), Over: over}
	run := &migration{client: w.live.client, cfg: w.cfg, destination: w.live.destination, where: where(cmd.Flags())}
	return p.carryOut(cmd.Context(), run, series, &o.run, o.quiet, nil)
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
