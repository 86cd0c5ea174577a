package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

// diffOptions are what the diff command was asked.
type diffOptions struct {
	settings
	before, after string // empty: what the configuration and git say
	failOn        string
}

func (p program) diffCommand() *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff [OLD NEW]",
		Short: "Tell what the change from one schema to another does",
		Long: `Compare two schemas and tell what the change does to stored data, to what Dgraph
stores, and to clients. Nothing is contacted and nothing is changed.

A schema is a file, a folder or a glob (files are merged), - for standard input,
or git:REF:PATH for a version in git; PATH counts from the root of the
repository, or from here when it begins with ./

Without OLD and NEW, the schema that the configuration names is compared with
its version where the branch left the main branch.`,
		Example: `  schemacheck diff old.graphql new.graphql
  schemacheck diff git:main:schema.graphql schema.graphql
  schemacheck diff 'schema/**/*.graphql' - < new.graphql
  schemacheck diff old.graphql new.graphql --format json --fail-on warning

Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 usage, or a schema
that cannot be read or is invalid; 3 the report could not be written.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return errors.New("the old schema is missing: schemacheck diff OLD NEW (or neither, with schema: in " + config.Name + ")")
			}
			return arguments(0, 2, "two schemas, OLD and NEW, or none")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			if len(args) == 2 {
				o.before, o.after = args[0], args[1]
			}
			return p.diff(cmd, o)
		},
	}
	o.bind(cmd.Flags())
	cmd.Flags().StringVar(&o.failOn, "fail-on", "error", "exit with 1 from this `LEVEL` on: error, warning, info or never")
	return cmd
}

func (p program) diff(cmd *cobra.Command, o *diffOptions) error {
	ctx := cmd.Context()
	out, err := p.output(cmd.Flags(), &o.settings)
	if err != nil {
		return err
	}
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	cfg, err := configuration(cmd.Flags(), o.config, folderOf(dir, o.after))
	if err != nil {
		return err
	}
	if out.options.FailOn, err = failOn(cmd, o.failOn, cfg); err != nil {
		return err
	}
	loader := sdl.Loader{Dir: dir, Stdin: p.in}
	if o.before == "" {
		if err := o.fromConfiguration(ctx, loader, cfg); err != nil {
			return err
		}
	}
	if o.before == "-" && o.after == "-" {
		return errors.New("standard input can be one of the two schemas, not both")
	}
	before, err := loader.Load(ctx, o.before)
	if err != nil {
		return err
	}
	after, err := loader.Load(ctx, o.after)
	if err != nil {
		return err
	}
	if err := out.spares(cmd.Flags(), p.sources(cfg, before, after)); err != nil {
		return err
	}
	r, invalid, err := compare(o.before, o.after, before, after, cfg, acceptances(cfg, dir, time.Now()))
	if err != nil {
		return err
	}
	if invalid {
		out.options.Verdict = "exit 2: Dgraph would refuse the new schema"
	}
	if err := p.write(out, r); err != nil {
		return err
	}
	switch {
	case invalid:
		return &problem{code: exitUsage}
	case r.Failing(out.options.FailOn) > 0:
		return &problem{code: exitFindings}
	}
	return nil
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
func (o *diffOptions) fromConfiguration(ctx context.Context, loader sdl.Loader, cfg *config.Config) error {
	if cfg.Schema == "" {
		return fmt.Errorf("no schemas are given: schemacheck diff OLD NEW, or write schema: PATH into %s", config.Name)
	}
	path := filepath.Join(filepath.Dir(cfg.File), filepath.FromSlash(cfg.Schema))
	relative, err := filepath.Rel(loader.Dir, path)
	if err != nil {
		return fmt.Errorf("finding the schema of the configuration: %w", err)
	}
	base, err := loader.MergeBase(ctx)
	if err != nil {
		return fmt.Errorf("finding the old version of %s: %w", cfg.Schema, err)
	}
	relative = filepath.ToSlash(relative)
	if !strings.HasPrefix(relative, ".") {
		relative = "./" + relative
	}
	o.before, o.after = "git:"+base+":"+relative, path
	return nil
}

// inShort is what is wrong with a schema.
func inShort(problems []validity.Problem) string {
	if len(problems) == 1 {
		return problems[0].Message
	}
	return fmt.Sprintf("%d problems, the first: %s", len(problems), problems[0].Message)
}

// compare is the work between reading and writing: what the files say, the
// report on it, and whether Dgraph would refuse the new schema.
func compare(oldName, newName string, oldFiles, newFiles []*sdl.File, cfg *config.Config, accepted []rules.Acceptance) (r *report.Report, invalid bool, err error) {
	r = &report.Report{
		Tool:   report.Tool{Name: "schemacheck", Version: versionName()},
		Before: sourceOf(oldName, oldFiles),
		After:  sourceOf(newName, newFiles),
	}
	oldSDL, err := sdl.Parse(oldFiles...)
	if err != nil {
		return nil, false, fmt.Errorf("the old schema cannot be read: %w", err)
	}
	r.Before.Fingerprint = oldSDL.Fingerprint()
	newSDL, err := sdl.Parse(newFiles...)
	if err != nil {
		var syntax *sdl.Error
		if !errors.As(err, &syntax) {
			return nil, false, err
		}
		add(r, refusals([]validity.Problem{{Span: syntax.Span, Message: syntax.Message}}, newName, newFiles), nil, nil)
		return r, true, nil
	}
	r.After.Fingerprint = newSDL.Fingerprint()
	before, after := diff.New(oldSDL), diff.New(newSDL)
	result := validity.Check(after.Schema, validity.Options{Storage: after.Storage})
	for _, u := range result.Unchecked {
		r.Notes = append(r.Notes, report.Note{Kind: "not-checked", Message: u.Message, Location: location("", u.Span)})
	}
	if len(result.Problems) > 0 {
		refused := refusals(result.Problems, newName, newFiles)
		if len(newFiles) == 0 {
			refused = append(refused, rules.Absent("new", newName, start(newName, nil)))
		}
		add(r, refused, nil, nil)
		return r, true, nil
	}
	if problems := validity.Check(before.Schema, validity.Options{Storage: before.Storage}).Problems; len(problems) > 0 && len(oldFiles) > 0 {
		r.Notes = append(r.Notes, report.Note{Kind: "warning", Location: location("", problems[0].Span), Message: fmt.Sprintf(
			"Dgraph would refuse the old schema (%s): it may not be what runs", inShort(problems))})
	}
	renames := map[string]string{}
	for _, rename := range cfg.Renames {
		renames[rename.From] = rename.To
	}
	d := diff.Compare(before, after, diff.Options{Renames: renames, DgraphVersion: cfg.DgraphVersion})
	findings := rules.Judge(d)
	if len(oldFiles) == 0 {
		findings = append(findings, rules.Absent("old", oldName, start(newName, newFiles)))
	}
	kept, suppressed := rules.Suppress(findings, rules.Suppressions{
		Schema:      newSDL,
		Before:      oldSDL,
		Accepted:    accepted,
		Off:         func(rule string) bool { return cfg.Rules[rule] == "off" },
		Fingerprint: fingerprint,
		Nearest:     config.Nearest,
	})
	add(r, kept, suppressed, cfg.Rules)
	return r, false, nil
}
