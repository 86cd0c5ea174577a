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

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// migrateOptions are what all commands about migrations have.
type migrateOptions struct {
	config     string
	connection connection
	quiet      bool
	folder     string // of the plans, where they are no arguments
	planless   bool   // what is in the database is enough
	optional   bool   // no plans is nothing to do, unless one was named
}

func (p program) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Carry out migrations of stored data",
		Long: `Carry out plans of migrations: files that schemacheck fix --out makes, or migrate
new for you to edit, reviewed like code. Plans run in the order of their names, in batches. Where a run stopped
stands in the database and is written in the same transaction as the data: what
was done is never done twice, whatever happens.`,
		Example: `  schemacheck migrate up --alpha localhost:9080
  schemacheck migrate status --alpha localhost:9080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fmt.Errorf("say what to do: schemacheck migrate %s", strings.Join(commandNames(cmd), "|"))
		},
	}
	cmd.AddCommand(p.migrateUpCommand(), p.migrateStatusCommand(), p.migrateVerifyCommand(), p.migrateUndoCommand(),
		p.migrateCancelCommand(), p.migratePauseCommand(), p.migrateResumeCommand(), p.migrateTuneCommand(), p.migratePruneCommand(), p.migrateBaselineCommand(), p.migrateNewCommand())
	return cmd
}

func (o *migrateOptions) bind(cmd *cobra.Command) {
	bindConfig(cmd.Flags(), &o.config)
	o.connection.bind(cmd.Flags())
	bindLogFormat(cmd.Flags())
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
}

// migration is a command about plans while it runs.
type migration struct {
	files       []migrate.File
	none        *noPlans // why there are no files, where that is no error
	client      *dql.Client
	cfg         *config.Config
	destination destination
	spelt       string            // how the plans were named on the command line
	where       string            // flags that say which Dgraph was meant
	how         string            // flags that say what a run does, and how
	deploys     string            // the flag that says what a run deploys, if it deploys something
	paths       map[string]string // of the plans, by their ids
	// showValues lets worklists have the values that were in the way.
	showValues bool
}

// beginMigration reads the plans and connects. check looks at the flags before
// that; nil for commands without flags of their own.
func (p program) beginMigration(cmd *cobra.Command, o *migrateOptions, args []string, check func() error) (*migration, error) {
	p.warnOfSecrets(cmd, nil)
	if err := p.environment(cmd); err != nil {
		return nil, err
	}
	if check != nil {
		if err := check(); err != nil {
			return nil, err
		}
	}
	dir, err := p.workDir()
	if err != nil {
		return nil, err
	}
	cfg, err := configuration(cmd.Flags(), o.config, dir)
	if err != nil {
		return nil, err
	}
	m := &migration{cfg: cfg, spelt: spelt(args...), where: where(cmd.Flags())}
	if !o.planless {
		m.files, m.paths, err = p.plans(cfg, args)
		if none := (*noPlans)(nil); o.optional && errors.As(err, &none) && (len(args) == 0 || !none.absent) {
			m.none, err = none, nil
		}
		if err != nil {
			return nil, err
		}
	}
	settings, err := o.connection.config(p, cmd.Flags(), cfg)
	if err != nil {
		return nil, err
	}
	if m.client, err = p.dial(cmd.Context(), settings); err != nil {
		return nil, err
	}
	m.destination = destinationOf(&o.connection, settings, cfg)
	return m, nil
}

// bindFolder is for commands whose argument is a plan's id.
func (o *migrateOptions) bindFolder(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.folder, "dir", "", "`FOLDER` of the plans (default: that of the configuration, or migrations)")
}

// folders are the arguments that the plans are read from.
func (o *migrateOptions) folders() []string {
	if o.folder == "" {
		return nil
	}
	return []string{o.folder}
}

// plans reads the files that are named, or those of folders; without a name the
// folder that the configuration names, or migrations.
func (p program) plans(cfg *config.Config, args []string) (files []migrate.File, at map[string]string, err error) {
	if len(args) == 0 {
		args = []string{p.migrationsFolder(cfg)}
	}
	var paths []string
	for _, arg := range args {
		path := p.path(arg)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			named, err := p.planNamed(cfg, arg)
			if err != nil {
				return nil, nil, err
			}
			if named != "" {
				paths = append(paths, named)
				continue
			}
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil, &noPlans{arg, path, true}
		case err != nil:
			return nil, nil, fmt.Errorf("reading plans: %w", err)
		case !info.IsDir():
			paths = append(paths, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, nil, fmt.Errorf("reading plans: %w", err)
		}
		for _, e := range entries {
			if isPlan(e) {
				paths = append(paths, filepath.Join(path, e.Name()))
			}
		}
	}
	if len(paths) == 0 {
		return nil, nil, &noPlans{strings.Join(args, ", "), p.path(args[0]), false}
	}
	var all []migrate.File
	at = map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a plan: %w", err)
		}
		plan, err := migrate.Decode(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		if name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)); name != plan.ID {
			return nil, nil, fmt.Errorf("%s: the id in it is %s; a plan has the id that its file is named by", path, plan.ID)
		}
		at[plan.ID] = path
		all = append(all, migrate.File{Plan: plan, Checksum: migrate.Checksum(text)})
	}
	slices.SortFunc(all, func(a, b migrate.File) int { return strings.Compare(a.ID, b.ID) })
	return all, at, nil
}

// noPlans is the error for names that lead to no plan.
type noPlans struct {
	named  string
	path   string // where the first of them is, or would be
	absent bool   // there is no file and no folder of that name
}

// Error says which.
func (n *noPlans) Error() string {
	if n.absent {
		return n.named + ": there is no such file or folder, and no plan whose id begins like that; schemacheck fix --out makes plans"
	}
	return n.named + " has no plans; schemacheck fix --out makes them"
}

// nothing says that there is nothing to do, and where plans were looked for.
func (p program) nothing(n *noPlans) {
	fmt.Fprintf(p.out, "no plans in %s: nothing to do (looked in %s; schemacheck fix --out makes plans)\n", report.Escape(n.named), report.Escape(n.place()))
}

// place is where plans were looked for, from the root on.
func (n *noPlans) place() string {
	if abs, err := filepath.Abs(n.path); err == nil {
		return abs
	}
	return n.path
}

func isPlan(e fs.DirEntry) bool {
	ext := filepath.Ext(e.Name())
	return !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".")
}

// planNamed is the file in the folder of the plans that a text means; "" when there
// is none. The id of one is always that one, whatever else begins like it.
func (p program) planNamed(cfg *config.Config, text string) (string, error) {
	folder := p.path(p.migrationsFolder(cfg))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", nil // the text is said to be none of a plan, as where the folder is empty
	}
	first, found := "", ""
	for _, e := range entries {
		id := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))
		switch {
		case !isPlan(e) || !migrate.Named(id, text):
		case id == text:
			return filepath.Join(folder, e.Name()), nil
		case found != "":
			err = severalPlans(text, first)
		default:
			first, found = id, filepath.Join(folder, e.Name())
		}
	}
	return found, err
}

// severalPlans is the error for a text that more ids than one begin with.
func severalPlans(text, first string) error {
	return fmt.Errorf("%q fits several plans: give more of the id of %s", text, first)
}

// migrationsFolder is where plans are.
func (p program) migrationsFolder(cfg *config.Config) string {
	switch {
	case cfg.Migrations == "":
		return "migrations"
	case filepath.IsAbs(cfg.Migrations):
		return cfg.Migrations
	}
	return filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Migrations))
}

// one is the plan whose id begins with a text.
func (m *migration) one(prefix string) (migrate.File, error) {
	var found []migrate.File
	for _, f := range m.files {
		if f.ID == prefix {
			return f, nil
		}
		if migrate.Named(f.ID, prefix) {
			found = append(found, f)
		}
	}
	var ids []string
	for _, f := range m.files {
		ids = append(ids, f.ID)
	}
	switch len(found) {
	case 0:
		return migrate.File{}, unknown("plan", prefix, ids)
	case 1:
		return found[0], nil
	}
	return migrate.File{}, severalPlans(prefix, found[0].ID)
}

// migrationFailed gives an error its exit code.
func migrationFailed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var (
		known   *dql.Error
		busy    *migrate.Busy
		stopped *migrate.Stopped
		foreign *migrate.Foreign
		edited  *migrate.Edited
		refused *migrate.Refused
		between *migrate.Between
		unfit   *migrate.Unfit
		undoing *migrate.HalfUndone
		writing *migrate.Writing
		crossed *migrate.Crossed

		elsewhere *migrate.Elsewhere
	)
	switch {
	case errors.As(err, &between):
		return &problem{exitBetween, err}
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &foreign), errors.As(err, &edited), errors.As(err, &unfit), errors.As(err, &undoing), errors.As(err, &crossed):
		return &problem{exitUsage, err}
	case errors.As(err, &busy), errors.As(err, &stopped), errors.As(err, &writing), errors.Is(err, migrate.ErrLeaseLost), errors.Is(err, migrate.ErrNobody), errors.As(err, &elsewhere):
		return &problem{exitUnfinished, err}
	case errors.As(err, &refused):
		return &problem{exitFindings, err}
	case errors.As(err, &known) && known.Kind != dql.Other:
		return &problem{exitUnfinished, err}
	}
	return &problem{exitFindings, err}
}

// describe writes what a phase came to, one line and one for each thing that
// somebody should look at.
func describe(r *migrate.Result) string {
	var b strings.Builder
	c := r.Status.Counts
	fmt.Fprintf(&b, "%s, phase %s: %s", r.Status.Plan, r.Status.Phase, r.Status.State)
	if r.Already {
		b.WriteString(" before")
	}
	fmt.Fprintf(&b, "; %s looked at, %d changed, %d left", number(c.Nodes, "node", "nodes"), c.Changed, c.Left)
	if r.Mended {
		b.WriteString(" (mended since)")
	}
	if more := troubleInWords(c); more != "" {
		b.WriteString(", " + more)
	}
	b.WriteString("\n")
	b.WriteString(leftInWords(r.Left))
	for _, check := range r.Unclean {
		fmt.Fprintf(&b, "  %s\n", report.Escape(check.String()))
	}
	return b.String()
}

// leftInWords is a line for each node that was left, but for many.
func leftInWords(left []migrate.Left) string {
	var b strings.Builder
	for i, l := range left {
		if i == 5 {
			fmt.Fprintf(&b, "  and %d more\n", len(left)-i)
			break
		}
		fmt.Fprintf(&b, "  left: %s: %s\n", dql.Node(l.UID), report.Escape(l.Reason))
	}
	return b.String()
}

// unclean reports whether a result is something that somebody should look at.
func unclean(r *migrate.Result) bool {
	return len(r.Left) > 0 || len(r.Unclean) > 0 || r.Status.Counts.Left > 0 && !r.Mended
}
