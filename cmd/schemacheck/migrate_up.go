package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// upOptions are what migrate up was asked.
type upOptions struct {
	migrateOptions
	run              runOptions
	series           migrate.Series
	phase            string
	deploy           string
	consent          consent
	allowDestructive bool
	dryRun           bool
	batches          int
	showValues       bool
	cursor           string
	reset            bool
	then             []string
}

func (p program) migrateUpCommand() *cobra.Command {
	o := &upOptions{}
	cmd := &cobra.Command{
		Use:   "up [DIR|FILE|PLAN...]",
		Short: "Carry out plans, as far as the served schema allows",
		Long: `Carry out plans of migrations in the order of their names (default: those in the
folder migrations). While the schema is served that a plan comes from, its phase
before runs; once the new schema is served, its phase after. In between it waits:
deploy the schema and run this again, or let --deploy do that. What a plan deletes
is phase contract, which runs only by name. Neither a deployment nor phase contract
goes on over nodes that were left, which it would hide or delete: --accept-left has
them lost.

A run that was interrupted goes on where it stopped; what was done is not done
again, unless --reset begins anew. A plan that was edited after it was begun, that is
for another schema, or that comes late from another branch is refused; one that finds
nothing to do is noted as not applicable. A plan is named by its file, its id, or the
beginning of either. Before anything is written the database and the plans are shown; on a
terminal the host is typed to confirm, elsewhere --yes says so.`,
		Example: `  schemacheck migrate up --alpha localhost:9080
  schemacheck migrate up --dry-run --batches 3
  schemacheck migrate up migrations/20260131120000-user-phone.yaml --yes
  schemacheck migrate up --deploy new.graphql --env production
  schemacheck migrate up --phase contract --allow-destructive
  schemacheck migrate up --yes --log-format json --metrics-file run.prom
  schemacheck migrate up user-phone --reset
  schemacheck migrate up --before-batch '["./may-go-on.sh", "production"]'

While it runs, a terminal shows how far it is, a log gets a line every 10 seconds,
and migrate status tells it elsewhere. Ctrl-C ends it so that it goes on later.

Exit codes: 0 done, waiting for the schema, or no plans; 1 nodes are left that could not be
changed, or a step failed; 2 usage, or a plan that is refused before anything is
written; 3 another run is at work, somebody writes (--require-quiesced), no Dgraph
was reached, or the time was over; 4 the database is between two schemas; 130
interrupted, and to be gone on with.`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.migrateUp(cmd, o, args) },
	}
	o.migrateOptions.bind(cmd)
	o.run.bind(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.phase, "phase", "", "run this `PHASE` only: before, after or contract")
	flags.StringVar(&o.deploy, "deploy", "", "deploy the GraphQL schema in `FILE` when phase before is done")
	flags.StringVar(&o.cursor, "from-cursor", "", "begin at `CURSOR`, as migrate status shows it, in a database where the plan has not run; the steps and phases before it count as done there")
	flags.BoolVar(&o.reset, "reset", false, "forget how far the plans are, and all that come after them, and begin anew")
	flags.StringArrayVar(&o.then, "then", nil, "after the plans that are named, carry out `PLAN` too; can be repeated")
	flags.BoolVar(&o.series.OutOfOrder, "out-of-order", false, "allow plans that are older than one that has run here")
	flags.BoolVar(&o.dryRun, "dry-run", false, "compute the next batches, send them and give them up, and show what they would change; nothing is written")
	flags.IntVar(&o.batches, "batches", 1, "with --dry-run: `N` batches of each step")
	flags.BoolVar(&o.showValues, "show-values", false, "show the values with --dry-run, and write those that were in the way into the list of nodes that are left")
	flags.BoolVar(&o.run.quiesced.readGeo, "read-geo", false, "with --quiesced: read values of type geo, too; where one was a string once, that can end an alpha")
	o.consent.bind(flags)
	flags.BoolVar(&o.allowDestructive, "allow-destructive", false, "allow phase contract, which deletes")
	complete(cmd, "phase", "before", "after", "contract")
	return cmd
}

// check refuses what cannot be meant.
func (o *upOptions) check(p program, flags *pflag.FlagSet) error {
	switch {
	case !o.dryRun && flags.Changed("batches"):
		return errors.New("--batches is for --dry-run")
	case o.dryRun && (o.run.quiesced.prove || o.run.quiesced.watch != 0):
		return errors.New("--quiesced and --require-quiesced are for what writes, not for --dry-run")
	case o.dryRun && (o.reset || o.run.before != "" || o.run.after != ""):
		return errors.New("--reset, --before-batch and --after-batch write or run something: leave them out of --dry-run")
	case o.run.quiesced.readGeo && !o.run.quiesced.prove && flags.Lookup("read-geo").Annotations[variable] == nil:
		return errors.New("--read-geo is for --quiesced")
	case o.batches < 1:
		return given(flags, "batches", errors.New("--batches: at least 1"))
	case o.phase == string(migrate.Contract) && !o.allowDestructive && !o.dryRun:
		return errors.New("phase contract deletes for good: add --allow-destructive when that is wanted")
	case o.phase != "" && o.deploy != "":
		return errors.New("--deploy is for runs of all phases: leave --phase out")
	}
	return errors.Join(oneOf(flags, "phase", "before", "after", "contract"), o.run.check(p, flags))
}

func (p program) migrateUp(cmd *cobra.Command, o *upOptions, args []string) error {
	ctx := cmd.Context()
	if len(o.then) > 0 && len(args) == 0 {
		return errors.New("--then comes after plans that are named: name one, or leave --then out to carry out all")
	}
	m, err := p.beginMigration(cmd, &o.migrateOptions, slices.Concat(args, o.then), func() error {
		if err := o.check(p, cmd.Flags()); err != nil {
			return err
		}
		if o.cursor != "" {
			at, err := migrate.ParseCursor(o.cursor)
			if err != nil {
				return given(cmd.Flags(), "from-cursor", fmt.Errorf("--from-cursor: %w", err))
			}
			o.series.From = at
		}
		if o.optional = o.deploy == "" && !o.reset && o.cursor == ""; o.deploy == "" {
			return nil
		}
		text, err := os.ReadFile(p.path(o.deploy))
		if err != nil {
			return fmt.Errorf("--deploy: reading the new schema: %w", err)
		}
		o.series.Deploy = string(text)
		return nil
	})
	if err != nil {
		return err
	}
	defer m.client.Close()
	if m.none != nil {
		p.nothing(m.none)
		return nil
	}
	if err := p.inOrder(m, o.then); err != nil {
		return err
	}
	m.showValues = o.showValues
	m.deploys = repeated(cmd.Flags(), "deploy")
	m.how = repeated(cmd.Flags(), slices.Concat([]string{"phase", "allow-destructive", "out-of-order"}, runFlags)...)
	from := o.series.From
	o.series.Options = o.run.options(p, m.cfg)
	o.series.From, o.series.Phase = from, migrate.Phase(o.phase)
	if o.dryRun {
		all, err := migrate.DryRun(ctx, m.client, m.files, o.series, o.batches)
		p.previews(m, all, o.showValues)
		return migrationFailed(ctx, err)
	}
	open, err := migrate.Open(ctx, m.client, m.files, o.series)
	if err != nil {
		return migrationFailed(ctx, err)
	}
	var again []string
	what := inWords(m.files, open)
	if o.reset {
		if again, what, err = m.resetting(ctx); err != nil {
			return migrationFailed(ctx, err)
		}
	}
	if len(open) > 0 || len(again) > 0 || o.deploy != "" {
		if err := p.agree(&o.consent, m.destination, what); err != nil {
			return err
		}
	}
	if len(open) == 0 && len(again) == 0 && o.deploy == "" {
		o.run.quiesced = quiesced{} // nothing is written
	}
	return p.carryOut(ctx, m, o.series, &o.run, o.quiet, func(options migrate.Options) error {
		if len(again) == 0 {
			return nil
		}
		if err := migrate.Reset(ctx, m.client, again, options); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "begun anew: %s\n", report.Escape(strings.Join(again, ", ")))
		return nil
	})
}

// inOrder refuses --then for a plan that would run before others: plans run in the
// order of their ids.
func (p program) inOrder(m *migration, then []string) error {
	if len(then) == 0 {
		return nil
	}
	last, _, err := p.plans(m.cfg, then)
	if err != nil {
		return err
	}
	for _, f := range m.files {
		later := slices.ContainsFunc(last, func(l migrate.File) bool { return l.ID == f.ID })
		if !later && f.ID > last[0].ID {
			return fmt.Errorf("--then %s: plans run in the order of their ids, and %s comes after it", last[0].ID, f.ID)
		}
	}
	return nil
}

// told says what a series came to and how to go on, and gives the error that the
// exit code is made of.
func (p program) told(ctx context.Context, m *migration, outcomes []migrate.Outcome, err error) error {
	bad := false
	for _, outcome := range outcomes {
		for _, r := range outcome.Results {
			fmt.Fprint(p.out, describe(r))
			bad = bad || unclean(r)
			if path, writing := m.worklist(r); writing != nil {
				err = errors.Join(err, &problem{exitUnfinished, writing})
			} else if path != "" {
				fmt.Fprintf(p.out, "  all of them, with the reasons: %s\n", report.Escape(path))
			}
		}
		switch {
		case len(outcome.Results) > 0 || outcome.Deployed != nil || outcome.Waiting != "" || err != nil:
		case outcome.Plan == "":
			fmt.Fprintln(p.out, "the new GraphQL schema is served already")
		default:
			fmt.Fprintf(p.out, "%s: done before\n", outcome.Plan)
		}
		if d := outcome.Deployed; d != nil {
			fmt.Fprintf(p.out, "the new GraphQL schema was deployed between %s and %s\n", d.From.UTC().Format(time.RFC3339), d.To.UTC().Format(time.RFC3339))
			if len(d.PutBack) > 0 {
				fmt.Fprintf(p.out, "  put back what was added by hand to %s\n", report.Escape(strings.Join(d.PutBack, ", ")))
			}
		}
		if outcome.Waiting != "" {
			fmt.Fprintf(p.out, "%s waits: %s\n", outcome.Plan, outcome.Waiting)
		}
	}
	p.summarize(ctx, m.files, outcomes, err)
	p.next(ctx, m, outcomes, err)
	if between := (*migrate.Between)(nil); errors.As(err, &between) {
		p.recover(m, between)
	}
	if err != nil {
		return migrationFailed(ctx, err)
	}
	if bad {
		return &problem{code: exitFindings}
	}
	return nil
}

// recover says how to get out from between two schemas. The GraphQL schema that has to
// be served again is written to a file, for its user only.
func (p program) recover(m *migration, between *migrate.Between) {
	forward := m.again()
	if between.Old == "" {
		fmt.Fprintf(p.out, "next: mend what Dgraph refused, then %s\n", forward)
		return
	}
	f, err := os.CreateTemp(p.path("."), "schema-before-*.graphql")
	if err == nil {
		_, err = f.WriteString(between.Old)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Fprintf(p.err, "schemacheck: keeping the old GraphQL schema in a file: %s\n", report.Escape(err.Error()))
		return
	}
	fmt.Fprintf(p.err, "schemacheck: the old GraphQL schema is in %s\n", report.Escape(f.Name()))
	url := "HOST:8080/admin/schema"
	if m.client != nil && m.client.SchemaURL() != "" {
		url = m.client.SchemaURL()
	}
	back := spelt("curl", "--data-binary", "@"+f.Name(), url)
	lead := "next: "
	if len(between.Stands) > 0 {
		lead = "next: drop what stands in the way, then "
	}
	fmt.Fprintf(p.out, "%s%s (with the headers for access, if this Dgraph wants any)\n", lead, report.Escape(back))
	fmt.Fprintf(p.out, "      or mend what Dgraph refused, then %s\n", forward)
}

// next says how to go on.
func (p program) next(ctx context.Context, m *migration, outcomes []migrate.Outcome, err error) {
	again := m.again()
	switch {
	case errors.As(err, new(*migrate.Between)): // what was kept is told together with where
	case errors.As(err, new(*migrate.Foreign)), errors.As(err, new(*migrate.Unfit)), errors.As(err, new(*migrate.Edited)), errors.As(err, new(*migrate.Crossed)):
	case errors.As(err, new(*migrate.HalfUndone)): // the error says it
	case len(m.files) == 0 && err != nil:
		fmt.Fprintf(p.out, "next: %s\n", again)
	case errors.As(err, new(*migrate.Remains)):
		fmt.Fprintf(p.out, "next: mend what is left, then %s\n      %s\n", again, m.command("verify", m.spelt))
	case err != nil:
		fmt.Fprintf(p.out, "next: %s (it goes on where it stopped)\n      %s\n", again, m.command("status", m.spelt))
	case len(outcomes) > 0 && outcomes[len(outcomes)-1].Waiting != "":
		first := ""
		if slices.ContainsFunc(outcomes[len(outcomes)-1].Results, unclean) {
			first = "mend what is left, "
		}
		fmt.Fprintf(p.out, "next: %sdeploy the new schema, then %s\n", first, m.afterwards())
	default:
		if day := m.contractDue(ctx); day != "" {
			fmt.Fprintf(p.out, "next: from %s on, %s\n", day, m.contract())
		}
	}
}
