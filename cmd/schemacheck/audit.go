package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

// auditOptions are what the audit command was asked.
type auditOptions struct {
	settings
	choiceOptions
	planOptions
	schema     string // empty: that of the configuration, else the served one
	failOn     string
	connection connection
	data       dataOptions
	base       baselineOption
}

func (p program) auditCommand() *cobra.Command {
	o := &auditOptions{}
	cmd := &cobra.Command{
		Use:   "audit [SCHEMA]",
		Short: "Tell whether the stored data is fit for a schema",
		Long: `Ask a live Dgraph whether its data at rest is fit for one schema, no change
involved: values that are missing, double or cannot be read, edges that lead
nowhere or one way only, nodes without a type, and what older schemas left. Good
for a nightly job. Nothing is changed; --out writes what would mend the data as a
plan for schemacheck migrate up.

SCHEMA is as for diff. Without it, it is the schema that the configuration names,
else the one that Dgraph serves.`,
		Example: `  schemacheck audit schema.graphql --alpha localhost:9080
  schemacheck audit --alpha localhost:9080 --budget 0 --format json
  schemacheck audit --env production --fail-on warning
  schemacheck audit schema.graphql --env production --set User.email=suffix --out migrations

Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 usage, or a schema
that cannot be read or is invalid; 3 could not finish: no Dgraph was reached, the
report could not be written, or --require-complete was not met.` + formats(),
		Args: arguments(0, 1, "one schema, or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			if len(args) == 1 {
				o.schema = args[0]
			}
			return p.audit(cmd, o)
		},
	}
	o.settings.bind(cmd.Flags())
	cmd.Flags().StringVar(&o.failOn, "fail-on", "error", "exit with 1 from this `LEVEL` on: error, warning, info or never")
	o.connection.bind(cmd.Flags())
	o.data.bind(cmd.Flags())
	o.base.bind(cmd.Flags())
	o.choiceOptions.bindChoose(cmd.Flags())
	o.planOptions.bind(cmd.Flags())
	completeReport(cmd)
	return cmd
}

func (p program) audit(cmd *cobra.Command, o *auditOptions) error {
	p.readOnly = true
	ctx := cmd.Context()
	dir, cfg, out, err := p.prepare(cmd, &o.settings, o.failOn, o.schema)
	if err != nil {
		return err
	}
	if err := errors.Join(o.data.check(), o.choiceOptions.check(cmd.Flags()), o.planOptions.check(cmd.Flags())); err != nil {
		return err
	}
	baseline, err := o.base.load(p, cmd, cfg, true)
	if err != nil {
		return err
	}
	settings, err := o.connection.config(p, cmd.Flags(), cfg)
	if err != nil {
		return err
	}
	name := first(o.schema, nameOf(settings))
	if o.schema == "" && cfg.Schema != "" {
		name = filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Schema))
	}
	var files []*sdl.File
	if !fromDgraph(name) {
		if files, err = load(ctx, sdl.Loader{Dir: dir, Stdin: p.in}, name); err != nil {
			return err
		}
	}
	// What is wrong with files is wrong whatever the Dgraph says, also when it
	// does not answer.
	var l *live
	if fromDgraph(name) || len(files) == 0 || !refused(files) {
		if l, err = p.connect(ctx, settings, &o.connection, cfg); err != nil {
			return err
		}
		defer l.client.Close()
	}
	if fromDgraph(name) {
		if files, err = p.fetch(cmd, name, &o.connection, cfg, l); err != nil {
			return err
		}
	}
	if l != nil {
		l.writes = p.prepared(ctx, cfg, l)
	}
	name = shown(name)
	if err := errors.Join(baseline.spared(cmd.Flags(), out), out.spares(cmd.Flags(), p.sources(cfg, files))); err != nil {
		return err
	}
	r := &report.Report{Tool: report.Tool{Name: "schemacheck", Version: versionName()}, After: sourceOf(name, files)}
	findings, parsed, err := l.examine(r, name, files)
	if err != nil {
		return err
	}
	var unfinished error
	invalid := parsed == nil
	if invalid {
		add(r, findings, nil, severities{})
		out.options.Verdict = "exit 2: Dgraph would refuse the schema"
	} else {
		severity := severitiesOf(cfg, dir)
		var asked, unasked []*rules.Finding // nobody sees the findings that are off
		for _, f := range findings {
			if severity.off(f) {
				unasked = append(unasked, f)
			} else {
				asked = append(asked, f)
			}
		}
		unfinished = p.settle(ctx, l, &o.data, out.options.Quiet, r, asked)
		kept, suppressed := rules.Suppress(append(rules.Violated(asked), unasked...), rules.Suppressions{
			Schema: parsed, Accepted: acceptances(cfg, dir, time.Now()), AtRest: true, Live: true, Off: severity.off, Fingerprint: fingerprint, Nearest: config.Nearest,
		})
		kept = slices.DeleteFunc(kept, severity.off)
		add(r, kept, suppressed, severity)
		baseline.mark(r)
		o.choiceOptions.known = has(r)
		if o.out != "" && unfinished == nil {
			if unfinished = p.planAudit(cmd, o, kept, cfg, severity, parsed.Fingerprint()); unfinished != nil {
				return unfinished
			}
		}
		if unfinished != nil {
			out.options.Verdict = verdict(ctx, unfinished)
		}
	}
	if err := p.write(out, r, invalid); err != nil {
		return err
	}
	switch {
	case invalid:
		return &problem{code: exitUsage}
	case unfinished != nil:
		return unfinished
	case r.Failing(out.options.FailOn) > 0:
		return &problem{code: exitFindings}
	}
	return nil
}

// planAudit writes the plan that mends what an audit has found.
func (p program) planAudit(cmd *cobra.Command, o *auditOptions, findings []*rules.Finding, cfg *config.Config, severity severities, fingerprint string) error {
	o.choiceOptions.configured(cfg.Fixes)
	o.prefer = string(rules.Migration) // the schema is what the data is to fit
	o.planOptions.standing = cfg.Fixes.Set
	choices, err := o.choices(cmd.Flags(), findings, severity.of)
	if err != nil {
		return err
	}
	if err := o.allowed(choices); err != nil {
		return err
	}
	planned, err := o.plan(cmd.Flags(), choices, fingerprint, fingerprint, time.Now())
	if err != nil {
		return err
	}
	if err := planned.unready(); err != nil {
		return err
	}
	for _, line := range planned.byHand {
		fmt.Fprintf(p.err, "schemacheck: %s\n", report.Escape(line))
	}
	if planned.plan == nil {
		fmt.Fprintln(p.err, "schemacheck: there is nothing to plan: no fix is taken")
		return nil
	}
	path, written, err := p.writePlan(o.out, planned.plan)
	switch {
	case err != nil:
		return &problem{exitUnfinished, err}
	case written:
		fmt.Fprintf(p.err, "schemacheck: the plan is written to %s: review it, and carry it out with schemacheck migrate up\n", report.Escape(path))
	default:
		fmt.Fprintf(p.err, "schemacheck: the plan is there already: %s\n", report.Escape(path))
	}
	return nil
}

// examine gives all that an audit could find, before the data was asked, and the
// schema. For one that Dgraph would refuse it says why, and gives no schema; l can
// be nil then. Where there is no schema, all data is left over.
func (l *live) examine(r *report.Report, name string, files []*sdl.File) (findings []*rules.Finding, parsed *sdl.Schema, err error) {
	parsed, err = sdl.Parse(files...)
	r.New = schemaOf(files, parsed)
	if err != nil {
		var syntax *sdl.Error
		if !errors.As(err, &syntax) {
			return nil, nil, err
		}
		return refusals([]validity.Problem{{Span: syntax.Span, Message: syntax.Message}}, name, files), nil, nil
	}
	r.After.Fingerprint = parsed.Fingerprint()
	s := diff.New(parsed)
	if problems := validity.Check(s.Schema, validity.Options{Storage: s.Storage}).Problems; len(problems) > 0 && len(files) > 0 {
		return refusals(problems, name, files), nil, nil
	}
	stored := l.stored
	if l.limited {
		stored = nil
	}
	findings = rules.Audit(s, stored)
	findings = append(findings, l.drift(diff.Compare(s, s, diff.Options{}), r)...)
	if len(files) == 0 {
		for _, f := range findings {
			f.Place.Span = start(name, nil)
		}
		findings = append(findings, rules.Absent("audited", name, start(name, nil)))
	}
	return findings, parsed, nil
}
