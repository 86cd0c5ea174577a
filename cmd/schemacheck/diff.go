package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/rules"
)

// diffOptions are what the diff command was asked.
type diffOptions struct {
	settings
	before, after string // empty: what the configuration, git or the live Dgraph says
	failOn        string
	connection    connection
	data          dataOptions
	base          baselineOption
	saveData      string
	useData       string
	plansIn       string // the folder of the plans; empty for that of the configuration
	sameCommit    bool   // the old schema is that of the checked-out commit: git has no other one to compare with
	// clients says that operations are looked at: those of the patterns, or else those that the configuration names.
	clients    bool
	operations []string
}

func (p program) diffCommand() *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff [[OLD] NEW]",
		Short: "Tell what the change from one schema to another does",
		Long: `Compare two schemas and tell what the change does to stored data, to what Dgraph
stores, and to clients. Nothing is changed, and without --alpha, --conn-str,
--env or a dgraph:// schema nothing is contacted.

With --operations GLOB, a folder or a file, the GraphQL operations of the
application are held against both APIs: those in .graphql files, in programs and
in manifests of persisted queries. Which of them break is told at their own
lines, and for each finding how many of them use what it is about. operations:
in the configuration names them for every run.

With --alpha the live Dgraph is asked: how many nodes each finding concerns, and
which. A finding becomes info where nothing is concerned, clients do not break
and there is a way back. What the data cannot be asked stays as it is without.

A schema is a file, a folder or a glob (files are merged), - for standard input,
git:REF:PATH for a version in git (PATH counts from the root of the repository,
or from here when it begins with ./), or dgraph://HOST:PORT for the one that a
Dgraph serves.

Without OLD, it is the schema that --alpha serves, and without --alpha the version
of NEW where the branch left the main branch, in CI the one that the pull request
goes into; git knows where the branch moved it from. Without NEW as well, it is the
schema that the configuration names.`,
		Example: `  schemacheck diff old.graphql new.graphql
  schemacheck diff git:main:schema.graphql schema.graphql
  schemacheck diff schema.graphql
  schemacheck diff schema.graphql --alpha localhost:9080
  schemacheck diff old.graphql new.graphql --alpha localhost:9080 --show-values
  schemacheck diff old.graphql new.graphql --operations 'app/**/*.ts' --operations queries
  schemacheck diff 'schema/**/*.graphql' - < new.graphql
  schemacheck diff old.graphql new.graphql --format json --fail-on warning
  schemacheck diff old.graphql new.graphql --baseline known.json

Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 usage, or a schema
that cannot be read or is invalid; 3 could not finish: no Dgraph was reached, the
report could not be written, or --require-complete was not met.` + formats(),
		Args: arguments(0, 2, "two schemas, OLD and NEW, or NEW alone, or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			o.arguments(args)
			return p.diff(cmd, o)
		},
	}
	o.bindAll(cmd.Flags())
	o.base.bind(cmd.Flags())
	o.bindOperations(cmd.Flags())
	cmd.Flags().StringVar(&o.saveData, "save-data", "", "write what the data said, in counts and names, to `FILE`")
	completeReport(cmd)
	return cmd
}

// bindAll binds the flags that every command with two schemas has.
func (o *diffOptions) bindAll(flags *pflag.FlagSet) {
	o.bind(flags)
	flags.StringVar(&o.failOn, "fail-on", "error", "exit with 1 from this `LEVEL` on: error, warning, info or never")
	o.connection.bind(flags)
	o.data.bind(flags)
	flags.StringVar(&o.useData, "data", "", "use what --save-data wrote to `FILE`, without a Dgraph")
}

// bindOperations binds the flag of commands that look at operations.
func (o *diffOptions) bindOperations(flags *pflag.FlagSet) {
	o.clients = true
	flags.StringArrayVar(&o.operations, "operations", nil, "files with the application's operations: a file, a folder or a `GLOB`; repeatable")
}

// arguments takes the schemas that the arguments name.
func (o *diffOptions) arguments(args []string) {
	switch len(args) {
	case 1:
		o.after = args[0]
	case 2:
		o.before, o.after = args[0], args[1]
	}
}

func (p program) diff(cmd *cobra.Command, o *diffOptions) error {
	p.readOnly = true
	w, err := p.begin(cmd, o)
	if err != nil {
		return err
	}
	defer w.close()
	w.once = true
	done, err := w.run()
	if err != nil {
		return err
	}
	unfinished := done.unsettled
	if o.saveData != "" && unfinished == nil && !done.invalid {
		unfinished = saveFacts(p.path(o.saveData), w.live, done)
	}
	return p.finish(cmd.Context(), w.out, done, unfinished)
}

// work is a comparison that is ready to be made.
type work struct {
	comparison
	out  *output
	live *live // nil without a Dgraph
	// find finds the operations once more; nil where none are looked at.
	find func() (*operations.Found, error)
}

func (w *work) close() {
	if w.live != nil {
		w.live.client.Close()
	}
}

// begin does everything that comes before the comparison: it reads the schemas
// and connects to the Dgraph that the flags name.
func (p program) begin(cmd *cobra.Command, o *diffOptions) (w *work, err error) {
	ctx := cmd.Context()
	dir, cfg, out, err := p.prepare(cmd, &o.settings, o.failOn, o.after)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	var saved *facts
	if o.useData != "" {
		if saved, err = loadFacts(p.path(o.useData)); err != nil {
			return nil, err
		}
	}
	var settings dql.Config
	if o.connection.given() {
		if settings, err = o.connection.config(p, cmd.Flags(), cfg); err != nil {
			return nil, err
		}
	}
	loader := sdl.Loader{Dir: dir, Stdin: p.in}
	if err := o.name(ctx, loader, p.target(), cfg, settings, cmd.CommandPath()); err != nil {
		return nil, err
	}
	c := comparison{oldName: shown(o.before), newName: shown(o.after), cfg: cfg, severities: severitiesOf(cfg, dir), accepted: acceptances(cfg, dir, time.Now())}
	c.grace = graceOf(ctx, loader, cfg, o.before, o.data.budget)
	if c.known, err = o.base.load(p, cmd, cfg, false); err != nil {
		return nil, err
	}
	c.sameCommit = o.sameCommit
	if err := c.read(ctx, loader, o); err != nil {
		return nil, err
	}
	var l *live
	if !c.hopeless && o.connection.given() {
		if l, err = p.connect(ctx, settings, &o.connection, cfg); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				l.client.Close()
			}
		}()
	}
	for _, side := range []struct {
		name  string
		files *[]*sdl.File
	}{{o.before, &c.before}, {o.after, &c.after}} {
		if fromDgraph(side.name) && !c.hopeless {
			if *side.files, err = p.fetch(cmd, side.name, &o.connection, cfg, l); err != nil {
				return nil, err
			}
		}
	}
	var find func() (*operations.Found, error)
	if o.clients && !c.hopeless {
		find = func() (*operations.Found, error) { return clientele(ctx, loader, o.operations, cfg) }
		if c.operations, err = find(); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(c.known.spared(cmd.Flags(), out), out.spares(cmd.Flags(), p.sources(cfg, c.before, c.after, filesOf(c.operations)))); err != nil {
		return nil, err
	}
	switch {
	case l != nil:
		l.writes, c.notes = p.underway(ctx, cfg, l, o.plansIn, where(cmd.Flags()), c.before, c.after)
		c.alongside = l.drift
		c.settle = func(r *report.Report, findings []*rules.Finding) error {
			rules.Underway(findings, l.writes)
			return p.settle(ctx, l, &o.data, out.options.Quiet, r, findings)
		}
	case saved != nil:
		c.alongside = saved.drift
		c.settle = func(r *report.Report, findings []*rules.Finding) error {
			if err := saved.settle(o.useData, r, findings); err != nil {
				return err
			}
			return o.data.complete(r)
		}
	}
	return &work{c, out, l, find}, nil
}

// finish writes the report of a comparison, and gives the error that its exit
// code is made of.
func (p program) finish(ctx context.Context, out *output, done *compared, unfinished error) error {
	out.conclude(ctx, done, unfinished)
	if err := p.write(out, done.report, done.invalid); err != nil {
		return err
	}
	return done.outcome(out, unfinished)
}

// check refuses flags that exclude each other, before anything is done.
func (o *diffOptions) check() error {
	switch {
	case o.useData != "" && o.connection.given():
		return errors.New("--data is for jobs without a Dgraph: leave it out, or leave out --alpha")
	case o.saveData != "" && !o.connection.given():
		return errors.New("--save-data needs a Dgraph to ask: add --alpha")
	case o.data.requireComplete && o.useData == "" && !o.connection.given():
		return errors.New("--require-complete: no data is asked at all: add --alpha, or --data")
	}
	return o.data.check()
}

// path is a path of the command line, which counts from the working directory.
func (p program) path(path string) string {
	if p.dir != "" && !filepath.IsAbs(path) {
		return filepath.Join(p.dir, path)
	}
	return path
}

// name names the two schemas: what is not named comes from the live Dgraph, the
// configuration or git.
func (o *diffOptions) name(ctx context.Context, loader sdl.Loader, into sdl.Target, cfg *config.Config, settings dql.Config, command string) error {
	switch {
	case o.before == "" && o.connection.given():
		if o.after == "" {
			if cfg.Schema == "" {
				return fmt.Errorf("no schema is given: schemacheck diff NEW --alpha HOST:PORT, or write schema: PATH into %s", config.Name)
			}
			o.after = filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Schema))
		}
		o.before = nameOf(settings)
	case o.before == "" && o.after == "":
		if err := o.fromConfiguration(ctx, loader, into, cfg); err != nil {
			return err
		}
	case o.before == "":
		if o.after == "-" || strings.HasPrefix(o.after, "git:") || strings.Contains(o.after, "://") {
			return fmt.Errorf("the old schema is missing: NEW alone is compared with what git had where the branch left the main branch, "+
				"so that it has to be a file, a folder or a glob: name both, as in %s OLD NEW, or ask for the served one with --alpha", command)
		}
		if err := o.sinceBase(ctx, loader, into, o.after); err != nil {
			return fmt.Errorf("the old schema is missing, and git does not tell it: %w: name both, as in %s OLD NEW, "+
				"or ask for the served one with --alpha", err, command)
		}
	}
	if o.before == "-" && o.after == "-" {
		return errors.New("standard input can be one of the two schemas, not both")
	}
	return nil
}

// read reads the schemas that are in files. Where a Dgraph is to be reached for
// more, they are looked at first: what is wrong with them is wrong whatever it
// says, also when it does not answer.
func (c *comparison) read(ctx context.Context, loader sdl.Loader, o *diffOptions) (err error) {
	if !fromDgraph(o.before) {
		if c.before, err = load(ctx, loader, o.before); err != nil {
			return err
		}
	}
	if !fromDgraph(o.after) {
		if c.after, err = load(ctx, loader, o.after); err != nil {
			return err
		}
	}
	if !o.connection.given() && !fromDgraph(o.before) && !fromDgraph(o.after) {
		return nil
	}
	if !fromDgraph(o.before) {
		if _, err := sdl.Parse(c.before...); err != nil {
			return errOld(err)
		}
	}
	c.hopeless = !fromDgraph(o.after) && refused(c.after)
	return nil
}

// refused reports whether Dgraph would refuse the schema of these files.
func refused(files []*sdl.File) bool {
	parsed, err := sdl.Parse(files...)
	if err != nil {
		return true
	}
	s := diff.New(parsed)
	return len(validity.Check(s.Schema, validity.Options{Storage: s.Storage}).Problems) > 0
}

func errOld(err error) error { return fmt.Errorf("the old schema cannot be read: %w", err) }

// load reads a schema argument that is no live Dgraph.
func load(ctx context.Context, loader sdl.Loader, schema string) ([]*sdl.File, error) {
	if err := noURL(schema); err != nil {
		return nil, err
	}
	return loader.Load(ctx, schema)
}

// fetch reads the schema of a live Dgraph: of the one that is connected to, or
// of another one; l is nil without a connection.
func (p program) fetch(cmd *cobra.Command, schema string, c *connection, cfg *config.Config, l *live) ([]*sdl.File, error) {
	if l != nil && schema == l.name {
		return l.schema()
	}
	other, err := p.liveSchema(cmd.Context(), cmd.Flags(), schema, c, cfg)
	if err != nil {
		return nil, err
	}
	defer other.client.Close()
	return other.schema()
}

// folderOf is where the search for a configuration starts: the folder of the
// new schema when it is in files, else the working directory.
func folderOf(dir, schema string) string {
	if schema == "" || schema == "-" || strings.HasPrefix(schema, "git:") || strings.Contains(schema, "://") {
		return dir
	}
	path := schema
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	for strings.ContainsAny(path, "*?[{") {
		path = filepath.Dir(path)
	}
	if filepath.Ext(path) != "" {
		return filepath.Dir(path)
	}
	return path
}

// fromConfiguration finds the two schemas that `diff` without arguments means.
func (o *diffOptions) fromConfiguration(ctx context.Context, loader sdl.Loader, into sdl.Target, cfg *config.Config) error {
	if cfg.Schema == "" {
		return fmt.Errorf("no schemas are given: schemacheck diff OLD NEW, or write schema: PATH into %s", config.Name)
	}
	return o.sinceBase(ctx, loader, into, filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Schema)))
}

// sinceBase has a schema of the working tree compared with its version where the branch left the one that it is to be merged
// into, wherever it was then.
func (o *diffOptions) sinceBase(ctx context.Context, loader sdl.Loader, into sdl.Target, path string) error {
	from := path // --config can be relative
	if !filepath.IsAbs(from) {
		from = filepath.Join(loader.Dir, from)
	}
	relative, err := filepath.Rel(loader.Dir, from)
	if err != nil {
		return fmt.Errorf("finding the old version of %s: %w", path, err)
	}
	base, err := loader.MergeBase(ctx, into)
	if err != nil {
		return fmt.Errorf("finding the old version of %s: %w", filepath.ToSlash(relative), err)
	}
	head, err := loader.Head(ctx)
	if err != nil {
		return fmt.Errorf("finding the old version of %s: %w", filepath.ToSlash(relative), err)
	}
	if relative != "-" && !strings.Contains(relative, ":") {
		path = relative // reports are read on other machines
	}
	was, err := loader.Formerly(ctx, base, sdl.FromHere(filepath.ToSlash(relative)))
	if err != nil {
		return fmt.Errorf("finding the old version of %s: %w", filepath.ToSlash(relative), err)
	}
	if was == "" {
		was = filepath.ToSlash(relative)
	} // else all of it would look new, and nothing gone
	o.before, o.after, o.sameCommit = "git:"+base+":"+sdl.FromHere(was), path, base == head
	return nil
}
