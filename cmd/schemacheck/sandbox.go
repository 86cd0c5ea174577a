package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/rules"
)

// demo is the content of a sandbox: a library that breaks every rule.
//
//go:embed sandbox
var demo embed.FS

// handedOut are the files that a sandbox writes for its user, by their names there.
var handedOut = []struct{ from, to string }{
	{"old.graphql", "old.graphql"}, {"new.graphql", "new.graphql"}, {"next.graphql", "next.graphql"},
	{"operations.graphql", "operations.graphql"}, {"operations.json", "operations.json"}, {"config.yaml", ".schemacheck.yaml"},
}

// notInSandbox are the rules that a demo of two sound schemas cannot break.
var notInSandbox = []string{"schema-invalid", "schema-absent"}

// sandboxOptions are what the sandbox command was asked.
type sandboxOptions struct {
	offset int
	dgraph string
	dir    string
}

func (p program) sandboxCommand() *cobra.Command {
	o := &sandboxOptions{}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Start a throwaway Dgraph with a demo, for trying everything",
		Long: `Start a throwaway Dgraph on this machine that serves the schema of a small library,
with stored data that breaks every rule, and write files to a folder to try
schemacheck with: old.graphql, which is served; new.graphql, a change with which
nearly everything goes wrong; next.graphql, one that can be migrated; operations;
and a .schemacheck.yaml that names the server. The commands to try are printed.

It runs until it is interrupted (Ctrl-C). Then the server is gone with its data, and
so is the folder, unless --dir named one. It listens on 127.0.0.1 only.`,
		Example: `  schemacheck sandbox
  schemacheck sandbox --dir demo --port-offset 100
  schemacheck sandbox --dgraph ~/go/bin/dgraph

Exit codes: 0 ended by Ctrl-C; 2 usage; 3 the server could not be started.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			return p.sandbox(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.offset, "port-offset", 0, "listen on Dgraph's usual ports plus `N`: gRPC on 9080+N, HTTP on 8080+N (default: ports that are free)")
	flags.StringVar(&o.dgraph, "dgraph", "", "`PATH` of the Dgraph server to start (default: dgraph on PATH)")
	flags.StringVar(&o.dir, "dir", "", "write the files to `FOLDER`, which is new or empty, and leave them there (default: a temporary one)")
	return cmd
}

func (p program) sandbox(ctx context.Context, o *sandboxOptions) error {
	binary, err := p.serverProgram(o.dgraph)
	if err != nil {
		return err
	}
	if err := p.emptyFolder(o.dir); err != nil {
		return err
	}
	fmt.Fprintln(p.err, "schemacheck: starting a throwaway Dgraph")
	c, err := startThrowaway(ctx, dgraphproc.Options{Binary: binary, PortOffset: o.offset})
	if err != nil {
		return err
	}
	defer c.Stop()
	settings := settingsOf(c)
	client, err := p.dial(ctx, settings)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := furnish(ctx, client); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("preparing the demo: %w", err)}
	}
	dir := p.path(o.dir)
	if o.dir == "" {
		dir = filepath.Join(c.Folder(), "demo") // it goes with the server
	}
	if err := hand(dir, settings.Alphas[0]); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("writing the demo's files: %w", err)}
	}
	fmt.Fprint(p.out, tour(dir, settings))
	return p.attend(ctx, client)
}

// attend waits until somebody ends the sandbox, which is how it is meant to end, or
// the server has ended.
func (p program) attend(ctx context.Context, client *dql.Client) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Second):
		}
		if err := client.Health(ctx).Alphas[0].Err; err != nil && ctx.Err() == nil {
			return &problem{exitUnfinished, fmt.Errorf("the server has ended: %w", err)}
		}
	}
}

// emptyFolder refuses a folder with files in it.
func (p program) emptyFolder(named string) error {
	if named == "" {
		return nil
	}
	entries, err := os.ReadDir(p.path(named))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--dir: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("--dir %s: there are files in it, which would be mixed with the demo's", named)
	}
	return nil
}

// furnish brings a server into the state of the demo: data of an older schema first,
// then the served schema, what was made by hand, and the rest of the data.
func furnish(ctx context.Context, c *dql.Client) error {
	for _, step := range []struct {
		file string
		do   func(context.Context, string) error
	}{
		{"early.dql", c.Alter},
		{"early.json", func(ctx context.Context, text string) error { return storeJSON(ctx, c, text) }},
		{"old.graphql", c.UpdateGraphQLSchema},
		{"hand.dql", c.Alter},
		{"data.json", func(ctx context.Context, text string) error { return storeJSON(ctx, c, text) }},
	} {
		text, err := demo.ReadFile("sandbox/" + step.file)
		if err == nil {
			err = step.do(ctx, string(text))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.file, err)
		}
	}
	return nil
}

// storeJSON stores nodes by their blank names: predicates with a value, or a list of
// them. Texts that begin with "_:" are nodes, and a predicate can have a language.
func storeJSON(ctx context.Context, c *dql.Client, text string) error {
	quads, err := quadsOf(text)
	if err != nil {
		return err
	}
	_, err = c.Txn().Commit(ctx, quads, nil)
	return err
}

func quadsOf(text string) ([]dql.Quad, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var nodes map[string]map[string]any
	if err := d.Decode(&nodes); err != nil {
		return nil, err
	}
	var all []dql.Quad
	for name, predicates := range nodes {
		for predicate, value := range predicates {
			values, several := value.([]any)
			if !several {
				values = []any{value}
			}
			for _, v := range values {
				q := dql.Quad{Subject: dql.Ref(name)}
				q.Predicate, q.Lang, _ = strings.Cut(predicate, "@")
				if s, ok := v.(string); ok && strings.HasPrefix(s, "_:") {
					q.Object = dql.Ref(s)
				} else {
					q.Data = v
				}
				all = append(all, q)
			}
		}
	}
	return all, nil
}

// hand writes the files for the user.
func hand(dir, alpha string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range handedOut {
		text, err := demo.ReadFile("sandbox/" + f.from)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("alpha: ALPHA"), []byte("alpha: "+alpha))
		if err := os.WriteFile(filepath.Join(dir, f.to), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// tour says what there is, and what to try.
func tour(dir string, settings dql.Config) string {
	alpha := settings.Alphas[0]
	var b strings.Builder
	fmt.Fprintf(&b, "A Dgraph with a demo runs: gRPC %s, HTTP %s. Files to try are in\n\n  cd %s\n\n", alpha, settings.HTTP, report.Escape(shellQuoted(dir)))
	shown := len(slices.DeleteFunc(rules.IDs(), func(id string) bool { return slices.Contains(notInSandbox, id) }))
	fmt.Fprintf(&b, "%d rules are broken, some by the change to new.graphql and some by the data:\n\n", shown)
	for _, line := range []string{
		"schemacheck diff old.graphql new.graphql -v --alpha " + alpha,
		"schemacheck audit -v --alpha " + alpha,
		"schemacheck doctor --alpha " + alpha,
		"schemacheck explain id-added",
	} {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("\nThe change to next.graphql can be migrated: look at the edits that would do, make a\nplan for the data instead, try it on a copy, carry it out, and look at what came of it:\n\n")
	for _, line := range []string{
		"schemacheck fix old.graphql next.graphql --alpha " + alpha,
		"schemacheck fix old.graphql next.graphql --alpha " + alpha + " --prefer migration --set Member.email=suffix --set Member.city=Bern --fail-on never --out migrations",
		"schemacheck rehearse old.graphql next.graphql --alpha " + alpha,
		"schemacheck migrate up --alpha " + alpha + " --deploy next.graphql --yes",
		"schemacheck migrate verify --alpha " + alpha,
		"schemacheck migrate status --alpha " + alpha,
	} {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("\nCtrl-C ends it; nothing of the server stays.\n")
	return b.String()
}

// shellQuoted is a path as a shell takes it.
func shellQuoted(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("/._-+", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
