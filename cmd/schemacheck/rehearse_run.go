package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/clone"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// rehearsing is a rehearsal while it runs.
type rehearsing struct {
	program
	options    *rehearseOptions
	cfg        *config.Config
	binary     string
	files      []migrate.File
	operations []operation
	remarks    []string // on files with operations
	comparison comparison
	source     *live // can only read

	cluster *dgraphproc.Cluster
	copy    *live
	report  *rehearsal
	told    *progress
	// before and after are the two schemas.
	before, after *diff.Schema
	remote        map[string]bool
}

// run rehearses. With a report the error only says how it ended.
func (r *rehearsing) run(ctx context.Context) (*rehearsal, error) {
	c := &r.comparison
	r.told = r.progress(r.options.diff.quiet)
	defer r.told.end()
	r.report = &rehearsal{
		Source: r.source.name, Before: c.oldName, After: c.newName, Sample: !r.options.all,
		Violations: []violation{}, Standing: []violation{}, Findings: []endangered{}, Steps: []timing{}, Plans: []rehearsedPlan{}, Operations: []ran{},
	}
	for _, text := range r.remarks {
		r.report.note(text)
	}
	if err := r.parse(); err != nil {
		return nil, err
	}
	if err := r.leaveOut(ctx); err != nil {
		return nil, r.explained(err)
	}
	found, err := r.findings(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	defer r.cluster.Stop()
	defer func() { r.copy.client.Close() }()
	if err := r.load(ctx, found); err != nil {
		return nil, r.explained(err)
	}
	if err := r.act(ctx); err != nil {
		r.report.Stopped = err.Error()
		return r.report, r.explained(err)
	}
	return r.report, nil
}

// say tells what is done next.
func (r *rehearsing) say(format string, args ...any) {
	if !r.options.diff.quiet {
		r.told.end()
		fmt.Fprintf(r.err, "schemacheck: "+format+"\n", args...)
	}
}

// explained gives errors of servers their exit code.
func (r *rehearsing) explained(err error) error {
	var known *dql.Error
	var decided *problem
	if errors.As(err, &known) && !errors.As(err, &decided) {
		return &problem{exitUnfinished, err}
	}
	return err
}

// findings asks the source what the change endangers, and gives the nodes that are
// concerned.
func (r *rehearsing) findings(ctx context.Context) ([]uint64, error) {
	r.say("asking %s what the change endangers", r.source.name)
	c := r.comparison
	c.settle = func(rep *report.Report, findings []*rules.Finding) error {
		return r.settle(ctx, r.source, &r.options.diff.data, r.options.diff.quiet, rep, findings)
	}
	done, err := c.run()
	if err != nil {
		return nil, err
	}
	if done.invalid {
		return nil, fmt.Errorf("the new schema would be refused by Dgraph: schemacheck diff %s %s tells why", c.oldName, c.newName)
	}
	if done.unsettled != nil {
		return nil, done.unsettled
	}
	var nodes []uint64
	for _, f := range done.findings {
		severity := r.comparison.severities.of(f)
		if severity != report.Error && severity != report.Warning {
			continue
		}
		e := endangered{Rule: f.Rule.ID, Severity: string(severity), Coordinate: callName(f)}
		if f.Evidence.Asked {
			n := f.Evidence.Violations
			e.Nodes = &n
		}
		r.report.Findings = append(r.report.Findings, e)
		for _, s := range f.Evidence.Samples {
			nodes = append(nodes, s.UID)
		}
	}
	return nodes, nil
}

// parse reads the schemas.
func (r *rehearsing) parse() error {
	before, err := sdl.Parse(r.comparison.before...)
	if err != nil {
		return errOld(err)
	}
	after, err := sdl.Parse(r.comparison.after...)
	if err != nil {
		return err
	}
	r.before, r.after = diff.New(before), diff.New(after)
	r.remote = remoteFields(r.before.Schema, r.after.Schema)
	return nil
}

// leaveOut leaves out the plans of earlier migrations, which are done at the source:
// the copy has what they made, and not their state. If there are others, one has to
// lead to the new schema.
func (r *rehearsing) leaveOut(ctx context.Context) error {
	all, err := migrate.Statuses(ctx, r.source.client, r.files)
	if err != nil {
		return err
	}
	to := r.after.Source.Fingerprint()
	r.files = slices.DeleteFunc(r.files, func(f migrate.File) bool {
		open := slices.ContainsFunc(all, func(s migrate.Status) bool {
			return s.Plan == f.ID && s.Phase != migrate.Contract && !s.State.Over()
		})
		if !open && f.To != to {
			r.report.note(fmt.Sprintf("the plan %s is done at the source: left out", f.ID))
		}
		return !open && f.To != to
	})
	if len(r.files) > 0 && !slices.ContainsFunc(r.files, func(f migrate.File) bool { return f.To == to }) {
		return errors.New("no plan is for the schema that is to be deployed: it was changed after they were made; make them anew with schemacheck fix --out, or leave them out with --no-plans")
	}
	for _, f := range r.files {
		r.report.Plans = append(r.report.Plans, rehearsedPlan{f.ID, f.Checksum})
	}
	return nil
}

// start starts the throwaway server and connects to it. It is the only place that a
// rehearsal has a connection from that can write, and what it leads to was started
// here.
func (r *rehearsing) start(ctx context.Context) error {
	o := dgraphproc.Options{Binary: r.binary, TLS: true, RequireClientCert: true}
	if r.options.keep != "" {
		folder := r.path(r.options.keep)
		if err := os.Mkdir(folder, 0o700); err != nil {
			return fmt.Errorf("--keep: %w", err)
		}
		o.Dir = folder
	}
	r.say("starting a throwaway Dgraph")
	var err error
	if r.cluster, err = startThrowaway(ctx, o); err != nil {
		return err
	}
	writing := r.program
	writing.readOnly = false
	client, err := writing.dial(ctx, settingsOf(r.cluster))
	if err != nil {
		r.cluster.Stop()
		return err
	}
	r.copy = &live{client: client, name: "the copy", addr: "the copy"}
	r.report.Dgraph = client.Health(ctx).Version()
	r.report.SourceDgraph = r.source.client.Health(ctx).Version()
	if r.source.client.RoundsFloats() {
		r.report.note("the source rounds numbers of type float to six digits when it is asked for them: those in the copy are rounded")
	}
	return nil
}

// load makes the copy what the source is, as far as it is wanted.
func (r *rehearsing) load(ctx context.Context, found []uint64) error {
	stored := r.source.stored
	skipped, err := clone.Schema(ctx, stored, r.copy.client, false)
	if err != nil {
		return fmt.Errorf("declaring in the copy what is stored: %w", err)
	}
	o := clone.Options{All: r.options.all, Sample: r.options.sample, Seed: r.options.seed, Nodes: found, ReadGeo: r.options.diff.data.readGeo, Lease: r.cluster.LeaseUIDs,
		Progress: r.told.copying}
	for _, f := range r.files {
		for _, s := range f.Steps {
			if s.Select != nil {
				o.Roots = append(o.Roots, s.Select.Root)
			}
		}
	}
	for _, op := range r.operations {
		o.Nodes = append(o.Nodes, nodesNamed(op.text)...)
		for _, v := range op.variables {
			o.Nodes = append(o.Nodes, nodesNamed(string(v))...)
		}
	}
	r.say("copying %s", map[bool]string{true: "everything", false: "a sample"}[r.options.all])
	if r.report.Copied, err = clone.Data(ctx, r.source.client, stored, r.copy.client, o); err != nil {
		return err
	}
	r.report.Copied.Skipped = append(skipped, r.report.Copied.Skipped...)
	if text := textOf(r.comparison.before); strings.TrimSpace(text) != "" {
		var half *dql.HalfDone
		err := r.copy.client.UpdateGraphQLSchema(ctx, text)
		if errors.As(err, &half) { // the source is in the same state
			r.report.violate("half-updated", "the old schema", "it is served, and what is stored does not fit it: "+half.Cause)
		} else if err != nil {
			return fmt.Errorf("serving the old schema in the copy: %w", err)
		}
	}
	// The update took away what was made by hand.
	_, err = clone.Schema(ctx, stored, r.copy.client, true)
	return err
}

// act does what would be done in earnest, and looks at what comes of it.
func (r *rehearsing) act(ctx context.Context) error {
	standing, err := r.audit(ctx, r.before)
	if err != nil {
		return err
	}
	asked, err := answers(ctx, r.copy.client, r.operations, r.remote)
	if err != nil {
		return err
	}
	before, err := clone.Sums(ctx, r.copy.client, r.copy.stored, r.options.diff.data.readGeo)
	if err != nil {
		return err
	}
	if err := r.carryOut(ctx); err != nil {
		return err
	}
	if r.report.Stopped != "" {
		return nil // nothing of what follows would mean anything
	}
	if err := r.verify(ctx); err != nil {
		return err
	}
	left, err := r.audit(ctx, r.after)
	if err != nil {
		return err
	}
	r.report.settle(standing, left)
	if err := r.untouched(ctx, before); err != nil {
		return err
	}
	again, err := answers(ctx, r.copy.client, r.operations, r.remote)
	if err != nil {
		return err
	}
	r.report.Operations = r.outcomes(asked, again)
	return nil
}

// audit asks the copy whether its data fits a schema.
func (r *rehearsing) audit(ctx context.Context, s *diff.Schema) ([]violation, error) {
	r.say("looking whether the data fits the %s schema", map[bool]string{true: "old", false: "new"}[s == r.before])
	var err error
	if r.copy.stored, err = r.copy.client.Stored(ctx); err != nil {
		return nil, err
	}
	findings := rules.Audit(s, r.copy.stored)
	findings = slices.DeleteFunc(findings, r.comparison.severities.off)
	data := dataOptions{samples: 5, memory: 256, readGeo: r.options.diff.data.readGeo}
	if err := r.settle(ctx, r.copy, &data, r.options.diff.quiet, &report.Report{}, findings); err != nil {
		return nil, err
	}
	var all []violation
	for _, f := range rules.Violated(findings) {
		if severity := r.comparison.severities.of(f); severity != report.Error && severity != report.Warning {
			continue
		}
		if !f.Evidence.Asked {
			r.report.note(fmt.Sprintf("%s of %s could not be asked: %s", f.Rule.ID, callName(f), f.Evidence.Reason))
			continue
		}
		v := violation{Kind: f.Rule.ID, Where: callName(f), What: f.Message, Count: f.Evidence.Violations}
		for _, s := range f.Evidence.Samples {
			v.Nodes = append(v.Nodes, nodeOf(r.report.Copied, s.UID))
		}
		all = append(all, v)
	}
	return all, nil
}

// carryOut carries out the plans and deploys the new schema.
func (r *rehearsing) carryOut(ctx context.Context) error {
	// What is left is a violation of its own, and the rest is rehearsed too.
	series := migrate.Series{Options: migrate.Options{DefaultBatch: r.cfg.BatchSize, FullSpeed: true}, AcceptLeft: true}
	clock := newClock(r.report)
	series.Progress = func(s migrate.Status) {
		clock.tick(s)
		r.told.run(s, 0, 0)
	}
	text := textOf(r.comparison.after)
	var outcomes []migrate.Outcome
	var err error
	if len(r.files) == 0 {
		r.say("deploying the new schema")
		var d *migrate.Deployed
		d, err = migrate.Deploy(ctx, r.copy.client, text)
		outcomes = []migrate.Outcome{{Deployed: d}}
	} else {
		r.say("carrying out %s", number(len(r.files), "plan", "plans"))
		series.Deploy = text
		outcomes, err = migrate.Up(ctx, r.copy.client, r.files, series)
	}
	if err == nil && r.options.contract {
		series.Deploy, series.Phase, series.Today = "", migrate.Contract, time.Now().AddDate(1000, 0, 0)
		var more []migrate.Outcome
		more, err = migrate.Up(ctx, r.copy.client, r.files, series)
		outcomes = append(outcomes, more...)
	}
	clock.stop()
	for _, o := range outcomes {
		r.report.outcome(o)
	}
	if err == nil {
		return nil
	}
	// What a person would have to look at in earnest too is the result.
	err = migrationFailed(ctx, err)
	var known *problem
	if errors.As(err, &known) && (known.code == exitFindings || known.code == exitBetween) {
		r.report.Stopped = known.Error()
		r.report.violate("failed", "", known.Error())
		return nil
	}
	return err
}

// verify asks the closing questions of all steps again, with the new schema served.
func (r *rehearsing) verify(ctx context.Context) error {
	statuses, err := migrate.Statuses(ctx, r.copy.client, r.files)
	if err != nil {
		return err
	}
	for _, s := range statuses {
		i := slices.IndexFunc(r.files, func(f migrate.File) bool { return f.ID == s.Plan })
		if !s.State.Over() {
			if s.Phase != migrate.Contract || r.options.contract {
				r.report.violate("not-done", s.Plan, fmt.Sprintf("phase %s is %s", s.Phase, s.State))
			}
			continue
		}
		checks, err := migrate.Verify(ctx, r.copy.client, r.files[i].Plan, s)
		if err != nil {
			return err
		}
		for _, check := range checks {
			r.report.Checks++
			r.report.unclean(s.Plan, check)
		}
	}
	return nil
}

// untouched holds what no plan writes against what it was.
func (r *rehearsing) untouched(ctx context.Context, before map[string]clone.Sum) error {
	r.say("comparing what no plan writes")
	writes := map[string]bool{}
	for _, f := range r.files {
		for _, s := range f.Steps {
			for _, name := range s.Writes {
				writes[name] = true
			}
			if s.Drop != nil {
				for _, name := range s.Drop.Predicates {
					writes[name] = true
				}
			}
		}
	}
	after, err := clone.Sums(ctx, r.copy.client, r.copy.stored, r.options.diff.data.readGeo)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		was, is := before[name], after[name]
		if writes[name] || was.Form != is.Form && is.Form != "" {
			continue
		}
		if was == is {
			r.report.Untouched++
		} else {
			r.report.violate("changed", name, fmt.Sprintf("no plan writes it, and what is stored under it is not what it was: %s before, %d after", number(was.Quads, "quad", "quads"), is.Quads))
		}
	}
	return nil
}
