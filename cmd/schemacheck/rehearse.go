package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// rehearseOptions are what the rehearse command was asked.
type rehearseOptions struct {
	diff       diffOptions // the schemas and the connection
	plans      []string
	noPlans    bool
	all        bool
	sample     int
	seed       uint64
	operations []string
	dgraph     string
	keep       string
	contract   bool
	asJSON     bool
}

func (p program) rehearseCommand() *cobra.Command {
	o := &rehearseOptions{}
	cmd := &cobra.Command{
		Use:   "rehearse [[OLD] NEW]",
		Short: "Try a migration on a copy of the data, in a throwaway Dgraph",
		Long: `Start a throwaway Dgraph on this machine, copy data of a live one into it, and
do there what would be done in earnest: serve OLD, carry out the plans - the same
files, with the same checksums -, deploy NEW, verify. Then tell how long each step
took, for a million nodes too, and everything that is not as it should be.

The live Dgraph (--alpha, --conn-str or --env) is read only: its connection
refuses whatever could write, whatever the login may do. It has to read all data.

Schemas are as for diff: without OLD it is the one that is served, without NEW the
one that the configuration names. Plans are those of the folder migrations (or the
one that the configuration names), or those of --plans. Those of earlier migrations,
which are done at the live Dgraph, are left out.

What is copied: with --sample, which is the default, some nodes of each stored
type, from all over the range of their uids; those that the plans go through and
those that the findings name; the nodes that they refer to; and the edges between
them. With --all everything. Nodes keep their uids, so that what is found can be
looked up. Nobody can read passwords: in the copy no password fits. Values of type
geo are copied with --read-geo.

With --operations your own queries run before and after: those in files of GraphQL,
in JavaScript, TypeScript, Vue, Svelte and Go, and in manifests of persisted
queries. What git ignores is left out, and so is what "!GLOB" names. Values of
variables are in a file beside theirs with the same name and .json:
{"OPERATION": {"VARIABLE": value}}. Mutations and subscriptions do not run, nor what
would call another service (@custom, @lambda). They run as nobody: where @auth wants
a token they answer little, before and after.

The throwaway server listens on 127.0.0.1 and wants a certificate that only this
run has. Its folder is for its user only, and is removed at the end, also when this
is interrupted or killed; --keep keeps it.`,
		Example: `  schemacheck rehearse new.graphql --alpha localhost:9080
  schemacheck rehearse new.graphql --alpha localhost:9080 --all --operations 'app/**/*.graphql'
  schemacheck rehearse new.graphql --env production --sample 10000 --plans migrations/20260131120000-user-phone.yaml
  schemacheck rehearse new.graphql --env production --contract --json > rehearsal.json

Exit codes: 0 all is well; 1 something is not: nodes that are left, checks that
are not clean, data that does not fit NEW, values that no plan writes and that are
others, a schema that Dgraph refuses, operations that answer otherwise; 2 usage, an
invalid schema, or a plan that is refused; 3 could not finish; 130 interrupted.`,
		Args: arguments(0, 2, "two schemas, OLD and NEW, or one, or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			switch len(args) {
			case 1:
				o.diff.after = args[0]
			case 2:
				o.diff.before, o.diff.after = args[0], args[1]
			}
			return p.rehearse(cmd, o)
		},
	}
	o.bind(cmd.Flags())
	return cmd
}

func (o *rehearseOptions) bind(flags *pflag.FlagSet) {
	bindConfig(flags, &o.diff.config)
	o.diff.connection.bind(flags)
	flags.StringArrayVar(&o.plans, "plans", nil, "`DIR|FILE` of plans; can be repeated (default: that of the configuration, or migrations)")
	flags.BoolVar(&o.noPlans, "no-plans", false, "carry out no plans: deploy the new schema only")
	flags.BoolVar(&o.all, "all", false, "copy everything, not a sample")
	flags.IntVar(&o.sample, "sample", 1000, "copy `N` nodes of each type, and what is around them")
	flags.Uint64Var(&o.seed, "seed", 1, "`NUMBER` that decides which nodes are in the sample")
	flags.StringArrayVar(&o.operations, "operations", nil, "`FILES` with GraphQL operations to run before and after: a file, a folder or a glob; can be repeated (default: those of the configuration)")
	flags.StringVar(&o.dgraph, "dgraph", "", "`PATH` of the Dgraph server to start (default: dgraph on PATH)")
	flags.StringVar(&o.keep, "keep", "", "keep the data of the throwaway server in the new folder `DIR`; it holds what was copied")
	flags.BoolVar(&o.contract, "contract", false, "carry out phase contract too, which deletes, whatever the day")
	flags.DurationVar(&o.diff.data.budget, "budget", time.Minute, "`TIME` for questions about the findings to the live Dgraph, 0 for no limit")
	flags.BoolVar(&o.diff.data.showValues, "show-values", false, "show what differs in the answers to operations")
	flags.BoolVar(&o.diff.data.readGeo, "read-geo", false, "copy values of geo predicates: where one was a string once, reading it can end an alpha")
	flags.BoolVar(&o.asJSON, "json", false, "the report as JSON")
	flags.BoolVarP(&o.diff.quiet, "quiet", "q", false, "no progress")
}

func (o *rehearseOptions) check(flags *pflag.FlagSet) error {
	switch {
	case o.all && (flags.Changed("sample") || flags.Changed("seed")):
		return errors.New("--all copies everything: leave --sample and --seed out")
	case o.sample < 1:
		return given(flags, "sample", errors.New("--sample: at least 1"))
	case o.noPlans && (len(o.plans) > 0 || o.contract):
		return errors.New("--no-plans: leave --plans and --contract out")
	case o.keep != "" && strings.ContainsAny(o.keep, ";"):
		return errors.New("--keep: Dgraph takes no folder with a semicolon")
	}
	return o.diff.data.check()
}

// violators is how many nodes of each finding are asked for, to be in the sample.
const violators = 50

func (p program) rehearse(cmd *cobra.Command, o *rehearseOptions) error {
	p.readOnly = true // whatever is opened from here on; but see start
	ctx := cmd.Context()
	o.diff.data.samples, o.diff.data.memory = violators, 256
	if err := o.check(cmd.Flags()); err != nil {
		return err
	}
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	cfg, err := configuration(cmd.Flags(), o.diff.config, folderOf(dir, o.diff.after))
	if err != nil {
		return err
	}
	binary, err := p.serverProgram(o.dgraph)
	if err != nil {
		return err
	}
	r := &rehearsing{program: p, options: o, cfg: cfg, binary: binary}
	if r.files, err = p.plansToRehearse(cfg, o); err != nil {
		return err
	}
	loader := sdl.Loader{Dir: dir, Stdin: p.in}
	if r.operations, r.remarks, err = p.operations(ctx, loader, o, cfg); err != nil {
		return err
	}

	settings, err := o.diff.connection.config(p, cmd.Flags(), cfg)
	if err != nil {
		return err
	}
	if o.diff.after == "" && cfg.Schema == "" {
		return fmt.Errorf("no schema is given: schemacheck rehearse NEW --alpha HOST:PORT, or write schema: PATH into %s", config.Name)
	}
	if o.diff.before == "" {
		o.diff.before = nameOf(settings)
	}
	if o.diff.after == "" {
		o.diff.after = from(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Schema))
	}
	if r.comparison, err = p.schemas(ctx, loader, o, cfg); err != nil {
		return err
	}
	if r.source, err = p.connect(ctx, settings, &o.diff.connection, cfg); err != nil {
		return err
	}
	defer r.source.client.Close()
	if r.source.limited {
		return &problem{exitUnfinished, fmt.Errorf("a copy of what the user may read is no copy of the data: %s", remedy)}
	}
	c := &r.comparison
	for _, side := range []struct {
		name  string
		files *[]*sdl.File
	}{{o.diff.before, &c.before}, {o.diff.after, &c.after}} {
		if fromDgraph(side.name) {
			if *side.files, err = p.fetch(cmd, side.name, &o.diff.connection, cfg, r.source); err != nil {
				return err
			}
		}
	}
	report, err := r.run(ctx)
	if report == nil {
		return err
	}
	if o.asJSON {
		err = errors.Join(err, p.writeJSON(report))
	} else {
		report.text(p.out)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case report.violated():
		return &problem{code: exitFindings}
	}
	return nil
}

// schemas are the two schemas, as far as they are in files.
func (p program) schemas(ctx context.Context, loader sdl.Loader, o *rehearseOptions, cfg *config.Config) (comparison, error) {
	c := comparison{oldName: shown(o.diff.before), newName: shown(o.diff.after), cfg: cfg, severities: severitiesOf(cfg, loader.Dir)}
	c.grace = graceOf(ctx, loader, cfg, o.diff.before, o.diff.data.budget)
	if err := c.read(ctx, loader, &o.diff); err != nil {
		return c, err
	}
	if !fromDgraph(o.diff.after) && refused(c.after) {
		return c, fmt.Errorf("the new schema would be refused by Dgraph: schemacheck diff %s %s tells why", c.oldName, c.newName)
	}
	return c, nil
}

// plansToRehearse are those that are named, or those of the usual folder, if there
// is one.
func (p program) plansToRehearse(cfg *config.Config, o *rehearseOptions) ([]migrate.File, error) {
	if o.noPlans {
		return nil, nil
	}
	if len(o.plans) == 0 {
		entries, err := os.ReadDir(p.path(p.migrationsFolder(cfg)))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !slices.ContainsFunc(entries, isPlan) {
			return nil, nil
		}
	}
	files, _, err := p.plans(cfg, o.plans)
	return files, err
}

// textOf is a schema of several files as one text, as it is deployed.
func textOf(files []*sdl.File) string {
	var all []string
	for _, f := range files {
		all = append(all, f.Text)
	}
	return strings.Join(all, "\n")
}

// nodesNamed are the uids that texts name.
func nodesNamed(texts ...string) []uint64 {
	var all []uint64
	for _, text := range texts {
		for _, m := range uidPattern.FindAllString(text, -1) {
			if uid := dql.Ref(m).UID(); uid != 0 {
				all = append(all, uid)
			}
		}
	}
	return all
}
