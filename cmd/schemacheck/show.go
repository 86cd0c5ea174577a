package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/diff/validity"
)

// showOptions are what the show command was asked.
type showOptions struct {
	config       string
	storage, api bool
	connection   connection
}

func (p program) showCommand() *cobra.Command {
	o := &showOptions{}
	cmd := &cobra.Command{
		Use:   "show [SCHEMA] --storage|--api",
		Short: "Print what Dgraph stores, or generates, for a schema",
		Long: `Print what Dgraph derives from a schema, without a Dgraph, in Dgraph's own form:
with --storage the DQL schema, that is the types with their predicates, and for
each predicate its type and indexes; with --api the complete GraphQL API that
clients see.

SCHEMA is as for diff. Without it, it is the one that the Dgraph of --alpha,
--conn-str or --env serves.`,
		Example: `  schemacheck show schema.graphql --storage
  schemacheck show git:main:schema.graphql --api
  schemacheck show dgraph://localhost:9080 --api
  schemacheck show --env production --storage`,
		Args: arguments(0, 1, "one schema, or none with --alpha"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			if o.storage == o.api {
				return errors.New("say what to show: --storage or --api")
			}
			name, err := o.source(cmd.Flags(), args)
			if err != nil {
				return err
			}
			return p.show(cmd, name, o)
		},
	}
	bindConfig(cmd.Flags(), &o.config)
	o.connection.bind(cmd.Flags())
	cmd.Flags().BoolVar(&o.storage, "storage", false, "the DQL schema")
	cmd.Flags().BoolVar(&o.api, "api", false, "the generated GraphQL API; dgraphVersion in the configuration says which Dgraph's")
	return cmd
}

// source is the schema that is meant, empty for the one of the Dgraph that the
// flags name.
func (o *showOptions) source(flags *pflag.FlagSet, args []string) (string, error) {
	if len(args) == 0 {
		if !o.connection.given() {
			return "", errors.New("no schema is given: schemacheck show SCHEMA, or --alpha HOST:PORT for the one that is served there")
		}
		return "", nil
	}
	for _, name := range []string{"alpha", "conn-str", "env"} {
		f := flags.Lookup(name)
		credentials := name == "env" && fromDgraph(args[0])
		if f.Changed && f.Annotations[variable] == nil && !credentials { // variables are there for other commands too
			return "", fmt.Errorf("--%s says which schema to show, and %s is another: leave out one of them", name, shown(args[0]))
		}
	}
	return args[0], nil
}

func (p program) show(cmd *cobra.Command, name string, o *showOptions) error {
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	cfg, err := configuration(cmd.Flags(), o.config, folderOf(dir, name))
	if err != nil {
		return err
	}
	var files []*sdl.File
	switch {
	case name == "":
		name, files, err = p.served(cmd, &o.connection, cfg)
	case fromDgraph(name):
		files, err = p.fetch(cmd, name, &o.connection, cfg, nil)
	default:
		files, err = load(cmd.Context(), sdl.Loader{Dir: dir, Stdin: p.in}, name)
	}
	if err != nil {
		return err
	}
	switch {
	case len(files) == 0 && fromDgraph(name):
		return fmt.Errorf("%s serves no GraphQL schema", shown(name))
	case len(files) == 0:
		return fmt.Errorf("%s: there is no such file in that commit", name)
	}
	parsed, err := sdl.Parse(files...)
	if err != nil {
		return err
	}
	resolved := schema.Resolve(parsed)
	if problems := validity.Check(resolved, validity.Options{}).Problems; len(problems) > 0 {
		r := &report.Report{}
		add(r, refusals(problems, name, files), nil, severities{})
		if err := report.Formats[0].Write(p.err, r, report.Options{Quiet: true}); err != nil {
			return err
		}
		return &problem{code: exitUsage}
	}
	for _, m := range parsed.Meta {
		if at := m.Span.Begin(); m.Kind != sdl.MetaAllowOrigin && strings.Contains(m.Span.Text(), "\r") {
			return fmt.Errorf("%s:%d:%d: this key goes on after a lone CR, so that it cannot be left out of what is shown: write it in one line", m.Span.File.Name, at.Line, at.Column)
		}
	}
	var derived io.WriterTo = storage.Derive(resolved)
	if o.api {
		derived = api.Derive(resolved, api.Options{DgraphVersion: cfg.DgraphVersion})
	}
	var text strings.Builder
	if _, err := derived.WriteTo(&text); err != nil {
		return err
	}
	shown := report.Redact(text.String())
	if _, err := io.WriteString(p.out, shown); err != nil {
		return err
	}
	if shown != text.String() {
		fmt.Fprintln(p.err, "schemacheck: a description holds a key for Dgraph, which is printed as [redacted]: clients see all of it")
	}
	return nil
}

// served is the schema that the Dgraph of the flags serves, and its name.
func (p program) served(cmd *cobra.Command, c *connection, cfg *config.Config) (string, []*sdl.File, error) {
	settings, err := c.config(p, cmd.Flags(), cfg)
	if err != nil {
		return "", nil, err
	}
	l, err := p.open(cmd.Context(), settings)
	if err != nil {
		return "", nil, err
	}
	defer l.client.Close()
	files, err := l.schema()
	return l.name, files, err
}
