package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/rules"
)

// doctorOptions are what the doctor command was asked.
type doctorOptions struct {
	config     string
	connection connection
}

func (p program) doctorCommand() *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at a Dgraph: who it is, what we may do there, what is wrong with it",
		Long: `Look at a Dgraph and tell in one page: whether it is reached on both sides, its
version and members, the namespace and what the user may read, whether indexes
are being built, the schema that it serves, and where what is stored is not what
that schema says (drift). Nothing is changed.`,
		Example: `  schemacheck doctor --alpha localhost:9080
  schemacheck doctor --env production

Exit codes: 0 nothing is wrong; 1 somebody should look at the lines with a !;
2 usage; 3 no Dgraph was reached, or the login was refused.`,
		Args: arguments(0, 0, "no arguments: --alpha HOST:PORT says which Dgraph"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.warnOfSecrets(cmd, nil)
			if err := p.environment(cmd); err != nil {
				return err
			}
			return p.doctor(cmd, o)
		},
	}
	bindConfig(cmd.Flags(), &o.config)
	o.connection.bind(cmd.Flags())
	return cmd
}

func (p program) doctor(cmd *cobra.Command, o *doctorOptions) error {
	p.readOnly = true
	ctx := cmd.Context()
	dir, err := p.workDir()
	if err != nil {
		return err
	}
	cfg, err := configuration(cmd.Flags(), o.config, dir)
	if err != nil {
		return err
	}
	settings, err := o.connection.config(p, cmd.Flags(), cfg)
	if err != nil {
		return err
	}
	l, err := p.open(ctx, settings)
	if err != nil {
		return err
	}
	defer l.client.Close()
	l.writes = p.prepared(ctx, cfg, l)
	e := &examination{live: l, settings: settings}
	e.look(ctx)
	if _, err := fmt.Fprint(p.out, e.page.String()); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("writing the page: %w", err)}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e.wrong > 0 {
		return &problem{code: exitFindings}
	}
	return nil
}

// examination is the page of the doctor while it is written.
type examination struct {
	*live
	settings dql.Config
	page     strings.Builder
	wrong    int // things that somebody should look at
}

// line is one thing that is as it is.
func (e *examination) line(label, format string, args ...any) { e.write("  ", label, format, args) }

// mark is one thing that somebody should look at.
func (e *examination) mark(label, format string, args ...any) {
	e.wrong++
	e.write("! ", label, format, args)
}

func (e *examination) write(sign, label, format string, args []any) {
	const indent = 13
	text := wrapAt(report.Escape(fmt.Sprintf(format, args...)), indent, 80) // servers say what they like
	fmt.Fprintf(&e.page, "%s%-10s %s\n", sign, label, text)
}

func (e *examination) look(ctx context.Context) {
	e.health(e.client.Health(ctx))
	e.rights()
	e.schemas()
	if e.wrong == 0 {
		e.line("verdict", "nothing is wrong")
	} else {
		e.line("verdict", "look at the %s marked with !", number(e.wrong, "line", "lines"))
	}
}

// health is about the processes and their ports.
func (e *examination) health(h *dql.Health) {
	for _, a := range h.Alphas {
		if a.Err != nil {
			e.mark("alpha", "%v", a.Err) // which begins with the address
		} else {
			e.line("alpha", "%s answers over gRPC, version %s", a.Addr, a.Version)
		}
	}
	switch {
	case denied(e.graphql.ServedErr) && h.MembersErr == nil:
		e.line("http", "the GraphQL admin answers, and tells only members of the group guardians what it serves")
	case e.graphql.ServedErr != nil:
		e.mark("http", "%v", e.graphql.ServedErr)
	case h.MembersErr != nil:
		e.mark("http", "%v", h.MembersErr)
	default:
		e.line("http", "the GraphQL admin answers")
	}
	seen := map[string]bool{}
	for _, m := range h.Members {
		text := fmt.Sprintf("%s %s of group %s is %s, version %s, up for %v", m.Instance, m.Address, m.Group, m.Status, m.Version, m.Uptime)
		switch {
		case seen[m.Instance+m.Address]:
		case m.Status != "healthy":
			e.mark("member", "%s", text)
		default:
			e.line("member", "%s", text)
		}
		seen[m.Instance+m.Address] = true
		if len(m.Ongoing) > 0 {
			e.line("ongoing", "%s at %s", strings.Join(m.Ongoing, ", "), m.Address)
		}
	}
	if indexing := h.Indexing(); len(indexing) > 0 {
		e.mark("indexing", "indexes of %s are being built: filters by them fail until that is done", strings.Join(indexing, ", "))
	}
}

// rights are about who we are and what we may read.
func (e *examination) rights() {
	who := "nobody is logged in"
	if e.settings.User != "" {
		who = fmt.Sprintf("logged in as %s, namespace %d", e.settings.User, e.settings.Namespace)
	}
	e.line("login", "%s", who)
	if e.limited {
		e.mark("rights", "%s can be read, and what is missing cannot be told from what may not be read; to look at the GraphQL schema and drift "+
			remedy, number(len(own(e.stored)), "predicate", "predicates"))
		return
	}
	e.line("rights", "everything can be read%s", map[bool]string{true: " but what the GraphQL admin serves"}[denied(e.graphql.ServedErr)])
}

// own are the predicates that are not Dgraph's.
func own(s *dql.Stored) []dql.Predicate {
	return slices.DeleteFunc(slices.Clone(s.Predicates), func(p dql.Predicate) bool { return strings.HasPrefix(p.Name, "dgraph.") })
}

// schemas are about what is served and stored.
func (e *examination) schemas() {
	e.line("storage", "%s, %s", number(len(own(e.stored)), "predicate", "predicates"), number(len(slices.DeleteFunc(slices.Clone(e.stored.Types), func(t dql.Type) bool { return strings.HasPrefix(t.Name, "dgraph.") })), "type", "types"))
	if e.limited {
		return
	}
	files, err := e.schema()
	if err != nil {
		e.mark("schema", "%v", err)
		return
	}
	if len(files) == 0 {
		e.line("schema", "no GraphQL schema is %s", e.how())
		return
	}
	parsed, err := sdl.Parse(files...)
	if err != nil {
		e.mark("schema", "the served GraphQL schema cannot be read: %v", err)
		return
	}
	served := diff.New(parsed)
	e.line("schema", "a GraphQL schema of %s is %s, %s", number(len(served.Types), "type", "types"), e.how(), parsed.Fingerprint())
	d := diff.Compare(served, served, diff.Options{})
	findings := rules.Drift(d, rules.Live{Name: e.name, Served: served, Stored: e.stored, Writes: e.writes,
		Kept: e.graphql.KeptErr == nil && e.graphql.ServedErr == nil && e.graphql.Kept != e.graphql.Served})
	for _, f := range findings {
		e.mark("drift", "%s. %s", f.Message, f.Consequence)
	}
	switch {
	case len(findings) > 0:
	case len(e.writes) > 0:
		e.line("drift", "none: what is stored is what the GraphQL schema says, and what a plan has declared that has begun to run")
	default:
		e.line("drift", "none: what is stored is what the GraphQL schema says")
	}
}

// how says which of the two GraphQL schemas was looked at.
func (e *examination) how() string {
	if e.graphql.ServedErr != nil {
		return "kept"
	}
	return "served"
}
