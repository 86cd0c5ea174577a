package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// newOptions are what migrate new was asked.
type newOptions struct {
	fixOptions
	from     string // "diff"
	template string
	typ      string
	draft    string
	folder   string
}

func (p program) migrateNewCommand() *cobra.Command {
	o := &newOptions{}
	var about strings.Builder
	for _, t := range patterns {
		fmt.Fprintf(&about, "  %-15s %s\n", t.name, t.about)
	}
	cmd := &cobra.Command{
		Use:   "new NAME [[OLD] NEW]",
		Short: "Begin a migration that you write",
		Long: `Write a new plan into the folder of migrations, with the time in its name, for you to
edit. It is made from a template, with a type of your schema (--type names it):

` + about.String() + `
or from a draft of your own (--draft): a file that says in the names of the GraphQL
schema what becomes of the nodes of a type. What the plan was made from stands at its
head. With --from diff it holds the fixes of what changes from OLD to NEW, as
schemacheck fix --out would make them.

The schema is NEW, or that of the configuration; with OLD too, the plan is for the way
from one to the other.`,
		Example: `  schemacheck migrate new user-plan schema.graphql --template enum-map --type User
  schemacheck migrate new names old.graphql new.graphql --draft names.yaml
  schemacheck migrate new release-7 --from diff old.graphql new.graphql --prefer migration

Exit codes: 0 written; 2 usage, a schema that cannot be read, or a draft that is wrong;
3 a file could not be written.`,
		Args: arguments(1, 3, "a name, and up to two schemas"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			return p.migrateNew(cmd, o, args[0], args[1:])
		},
	}
	flags := cmd.Flags()
	o.bindAll(flags)
	o.choiceOptions.bind(flags)
	flags.StringArrayVar(&o.set, "set", nil, "with --from diff: what a fix has to know, as `COORDINATE=VALUE`; can be repeated")
	flags.BoolVar(&o.allowDestructive, "allow-destructive", false, "with --from diff: take fixes that delete, where --choose names them")
	flags.StringVar(&o.from, "from", "", "diff: the fixes of what changes from OLD to NEW")
	flags.StringVar(&o.template, "template", "default", "the `TEMPLATE` to begin with")
	flags.StringVar(&o.typ, "type", "", "the `TYPE` that the template is about (default: the first that fits)")
	flags.StringVar(&o.draft, "draft", "", "make the plan from the draft in `FILE`, - for standard input")
	flags.StringVar(&o.folder, "dir", "", "`FOLDER` of the plans (default: that of the configuration, or migrations)")
	complete(cmd, "template", patternNames()...)
	complete(cmd, "from", "diff")
	return cmd
}

func (p program) migrateNew(cmd *cobra.Command, o *newOptions, name string, schemas []string) error {
	flags := cmd.Flags()
	switch {
	case o.from != "" && o.from != "diff":
		return given(flags, "from", unknown("value for --from", o.from, []string{"diff"}))
	case o.from != "" && (flags.Changed("template") || o.draft != ""):
		return errors.New("--from, --template and --draft exclude each other")
	case o.draft != "" && flags.Changed("template"):
		return errors.New("--template and --draft exclude each other")
	case !slices.Contains(patternNames(), o.template):
		return given(flags, "template", unknown("template", o.template, patternNames()))
	case o.from == "" && len(o.set)+len(o.choose) > 0:
		return errors.New("--set and --choose are for --from diff")
	case slugOf(name) == "":
		return fmt.Errorf("the name %q has no letter or digit that could stand in the name of a file", name)
	}
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	cfg, err := configuration(flags, o.config, dir)
	if err != nil {
		return err
	}
	o.out = o.folder
	if o.out == "" {
		o.out = p.migrationsFolder(cfg)
	}
	if o.from != "" {
		o.arguments(schemas)
		o.called = name
		return p.fix(cmd, &o.fixOptions)
	}
	old, next, err := p.schemasFor(cmd, cfg, schemas)
	if err != nil {
		return err
	}
	plan, source, err := p.drafted(o, name, old, next)
	if err != nil {
		return err
	}
	path, err := p.writeDrafted(o.out, plan, source)
	if err != nil {
		return &problem{exitUnfinished, err}
	}
	fmt.Fprintf(p.out, "wrote %s\nnext: edit it, then schemacheck migrate up %s --dry-run --alpha HOST:PORT\n", report.Escape(path), report.Escape(path))
	return nil
}

// schemasFor reads the schemas that a plan is for; of one alone it is both.
func (p program) schemasFor(cmd *cobra.Command, cfg *config.Config, args []string) (old, next *sdl.Schema, err error) {
	if len(args) == 0 {
		if cfg.Schema == "" {
			return nil, nil, errors.New("which schema? name it after the name of the migration, or at schema: in the configuration")
		}
		args = []string{filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Schema))}
	}
	dir, err := p.workDir()
	if err != nil {
		return nil, nil, err
	}
	var all []*sdl.Schema
	for _, arg := range args {
		files, err := load(cmd.Context(), sdl.Loader{Dir: dir, Stdin: p.in}, arg)
		if err != nil {
			return nil, nil, err
		}
		s, err := sdl.Parse(files...)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", arg, err)
		}
		all = append(all, s)
	}
	return all[0], all[len(all)-1], nil
}

// drafted makes a plan from a template or a draft, and returns the text that it
// was made from.
func (p program) drafted(o *newOptions, name string, old, next *sdl.Schema) (*migrate.Plan, []byte, error) {
	before, after := schema.Resolve(old), schema.Resolve(next)
	var recipe *migrate.Recipe
	var source []byte
	var err error
	switch {
	case o.draft != "":
		if source, err = p.read(o.draft); err != nil {
			return nil, nil, fmt.Errorf("--draft: %w", err)
		}
		if recipe, err = recipeOf(before, after, source, o.draft); err != nil {
			return nil, nil, err
		}
	default:
		t, with, err := play(o.template, o.typ, after)
		if err != nil {
			return nil, nil, err
		}
		if o.template == "dedupe" {
			if recipe, err = dedupe(t, with, storage.Derive(after)); err != nil {
				return nil, nil, err
			}
			break
		}
		if source, err = fromTemplate("new/"+o.template+".yaml", with); err != nil {
			return nil, nil, err
		}
		if recipe, err = recipeOf(before, after, source, "the template "+o.template); err != nil {
			return nil, nil, err
		}
	}
	now := time.Now().UTC()
	head := migrate.Plan{ID: now.Format(timeOfID) + "-" + slugOf(name), Name: name, From: old.Fingerprint(), To: next.Fingerprint(),
		NotBefore: notBefore([]*migrate.Recipe{recipe}, false, now)}
	plan, err := migrate.Assemble(head, recipe)
	return plan, source, err
}

func recipeOf(before, after *schema.Schema, text []byte, name string) (*migrate.Recipe, error) {
	d, err := migrate.DecodeDraft(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r, err := migrate.NewTransform(before, after, nil, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// read reads a file, or standard input.
func (p program) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(p.in, draftSize))
	}
	return os.ReadFile(p.path(name))
}

// draftSize bounds what is read from standard input, in bytes.
const draftSize = 16 << 20

// writeDrafted writes a plan with what it was made from at its head.
func (p program) writeDrafted(folder string, plan *migrate.Plan, source []byte) (string, error) {
	if err := os.MkdirAll(p.path(folder), 0o755); err != nil {
		return "", fmt.Errorf("making the folder of plans: %w", err)
	}
	var err error
	if plan.ID, err = freeID(p.path(folder), plan.ID); err != nil {
		return "", err
	}
	text, err := plan.Encode()
	if err != nil {
		return "", err
	}
	var head bytes.Buffer
	if len(source) > 0 {
		head.WriteString("# Made by schemacheck migrate new from this; --draft makes it anew from an edited one:\n#\n")
		for line := range strings.Lines(string(source)) {
			head.WriteString(strings.TrimRight("#   "+report.Escape(strings.TrimRight(line, "\r\n")), " ") + "\n")
		}
		head.WriteString("#\n")
	}
	path := filepath.Join(folder, plan.ID+".yaml")
	if err := fixes.Replace(p.path(path), append(head.Bytes(), text...), 0o644); err != nil {
		return "", fmt.Errorf("writing the plan: %w", err)
	}
	return path, nil
}
