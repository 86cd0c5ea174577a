package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

// showOptions are what the show command was asked.
type showOptions struct {
	storage bool
}

func (p program) showCommand() *cobra.Command {
	o := &showOptions{}
	cmd := &cobra.Command{
		Use:   "show SCHEMA --storage",
		Short: "Print what Dgraph stores for a schema",
		Long: `Print what Dgraph derives from a schema, without a Dgraph: with --storage the DQL
schema, that is the types with their predicates, and for each predicate its type
and indexes, in Dgraph's own form.`,
		Example: `  schemacheck show schema.graphql --storage
  schemacheck show git:main:schema.graphql --storage`,
		Args: arguments(1, 1, "one schema"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			if !o.storage {
				return errors.New("say what to show: --storage")
			}
			return p.show(cmd, args[0])
		},
	}
	cmd.Flags().BoolVar(&o.storage, "storage", false, "the DQL schema")
	return cmd
}

func (p program) show(cmd *cobra.Command, name string) error {
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	files, err := sdl.Loader{Dir: dir, Stdin: p.in}.Load(cmd.Context(), name)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: there is no such file in that commit", name)
	}
	parsed, err := sdl.Parse(files...)
	if err != nil {
		return err
	}
	resolved := schema.Resolve(parsed)
	if problems := validity.Check(resolved, validity.Options{}).Problems; len(problems) > 0 {
		r := &report.Report{}
		add(r, rules.Invalid(problems), (&config.Config{}).Rules)
		quiet, _ := report.FormatNamed("text")
		if err := quiet.Write(p.err, r, report.Options{Quiet: true}); err != nil {
			return err
		}
		return &problem{code: exitUsage}
	}
	_, err = storage.Derive(resolved).WriteTo(p.out)
	return err
}
