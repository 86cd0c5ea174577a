package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/rules"
)

// live is a Dgraph that a command talks to, and what it says of itself.
type live struct {
	client *dql.Client
	name   string // dgraph://host:port, without user info
	addr   string // host:port
	// destination is where something would be written.
	destination destination
	stored      *dql.Stored
	// graphql is the GraphQL schema as it is kept and served.
	graphql *dql.GraphQLSchema
	// limited says that the user may not read everything: what is not in stored
	// may be there all the same.
	limited bool
	// writes are the predicates that plans write which have begun to run.
	writes []string
	// unseen is what drift could not look at.
	unseen []string
}

// connect opens the connection that flags and configuration come to, and reads
// both schemas.
func (p program) connect(ctx context.Context, settings dql.Config, c *connection, cfg *config.Config) (*live, error) {
	l, err := p.open(ctx, settings)
	if err == nil {
		l.destination = destinationOf(c, settings, cfg)
	}
	return l, err
}

// dial connects.
func (p program) dial(ctx context.Context, settings dql.Config) (*dql.Client, error) {
	settings.Timeout, settings.Patience, settings.ReadOnly = p.timeout, p.patience, p.readOnly
	client, err := dql.Open(ctx, settings)
	var known *dql.Error
	if errors.As(err, &known) || err != nil && ctx.Err() != nil {
		return nil, &problem{exitUnfinished, err}
	}
	return client, err // or a mistake in the settings
}

// nameOf is the Dgraph that the settings mean, without user info.
func nameOf(settings dql.Config) string { return "dgraph://" + settings.Alphas[0] }

// open connects, and reads both schemas.
func (p program) open(ctx context.Context, settings dql.Config) (*live, error) {
	client, err := p.dial(ctx, settings)
	if err != nil {
		return nil, err
	}
	l := &live{client: client, addr: settings.Alphas[0], name: nameOf(settings)}
	all, err := client.ReadsAll(ctx)
	if l.limited = !all; err == nil {
		l.stored, err = client.Stored(ctx)
	}
	if err != nil {
		client.Close()
		return nil, &problem{exitUnfinished, err}
	}
	if l.graphql, err = client.GraphQLSchema(ctx); err != nil {
		l.graphql = &dql.GraphQLSchema{KeptErr: err, ServedErr: err}
		if !denied(err) {
			client.Close()
			return nil, &problem{exitUnfinished, err}
		}
	}
	return l, nil
}

// denied reports whether the user may not do something.
func denied(err error) bool {
	var known *dql.Error
	return errors.As(err, &known) && known.Kind == dql.PermissionDenied
}

// schema is the GraphQL schema that Dgraph serves, or keeps where that cannot
// be read; no files when it has none.
func (l *live) schema() ([]*sdl.File, error) {
	text, err := l.graphql.Served, l.graphql.ServedErr
	if err != nil {
		text, err = l.graphql.Kept, l.graphql.KeptErr
	}
	if err != nil {
		return nil, &problem{exitUnfinished, fmt.Errorf("the schema of %s cannot be read: %w", l.name, err)}
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return []*sdl.File{{Name: l.name, Text: text}}, nil
}

// readable finds out what the user may read of what questions need; nil is all.
func (l *live) readable() func(context.Context, []dql.Question) (func(string) bool, error) {
	if !l.limited {
		return nil
	}
	return l.client.Readable
}

// drift are the findings about the Dgraph itself. Who may not read everything
// is told that it was not looked at.
func (l *live) drift(d *diff.Diff, r *report.Report) []*rules.Finding {
	is := rules.Live{Name: l.name, Stored: l.stored, Limited: l.limited, Writes: l.writes}
	meant := "the old schema"
	if d.Before == d.After { // an audit
		meant = "this schema"
	}
	l.unseen = nil
	defer func() { notChecked(r, l.unseen) }()
	if l.limited {
		l.unseen = append(l.unseen, "whether "+l.name+" serves "+meant+" and stores what it serves: the user may not read that; "+remedy)
		return rules.Drift(d, is)
	}
	files, err := l.schema()
	if err == nil {
		var parsed *sdl.Schema
		if parsed, err = sdl.Parse(files...); err == nil {
			is.Served = diff.New(parsed)
			if err := l.graphql.ServedErr; err != nil {
				l.unseen = append(l.unseen, "whether "+l.name+" serves the GraphQL schema that it keeps: "+err.Error())
			}
			is.Kept = l.graphql.KeptErr == nil && l.graphql.ServedErr == nil && l.graphql.Kept != l.graphql.Served
			return rules.Drift(d, is)
		}
	}
	l.unseen = append(l.unseen, "whether "+l.name+" serves "+meant+": "+err.Error())
	is.Limited = true
	return rules.Drift(d, is)
}

// notChecked notes what was not looked at.
func notChecked(r *report.Report, what []string) {
	for _, w := range what {
		r.Notes = append(r.Notes, report.Note{Kind: "not-checked", Message: w})
	}
}

// remedy is what a user needs who may not read everything.
const remedy = "it takes a member of the group guardians, or a rule to read dgraph.all"

// fromDgraph reports whether a schema argument is a live Dgraph.
func fromDgraph(schema string) bool { return strings.HasPrefix(strings.ToLower(schema), "dgraph://") }

// liveSchema opens the Dgraph of a schema argument, with the credentials of the
// flags where the argument has none, or those of the environment that it is of.
func (p program) liveSchema(ctx context.Context, flags *pflag.FlagSet, schema string, c *connection, cfg *config.Config) (*live, error) {
	settings, err := dql.ParseConnStr(schema)
	if err != nil {
		return nil, err
	}
	if settings.User == "" && settings.APIKey == "" && settings.BearerToken == "" && settings.TLS == nil && c.connStr == "" {
		around, err := c.around(p, flags, settings.Alphas, cfg)
		if err != nil {
			return nil, err
		}
		if settings.Namespace != 0 { // the argument is nearer to what is meant than the flags
			around.Namespace = settings.Namespace
		}
		settings = around
	}
	return p.open(ctx, settings)
}

// around is how alphas of a schema argument are reached: as the environment says
// if all are its own, else as the flags alone say. Nobody else gets to see its
// credentials.
func (c *connection) around(p program, flags *pflag.FlagSet, alphas []string, cfg *config.Config) (dql.Config, error) {
	if c.env != "" {
		settings, err := c.config(p, flags, cfg)
		foreign := func(alpha string) bool { return !slices.Contains(settings.Alphas, alpha) }
		if err != nil || !slices.ContainsFunc(alphas, foreign) {
			settings.Alphas = alphas
			return settings, err
		}
	}
	rest, err := c.read(p)
	if err != nil {
		return dql.Config{}, err
	}
	rest.alpha = alphas
	return rest.separate(flags)
}

// shown is an argument without what a URL could hide in it.
func shown(arg string) string {
	scheme, _, ok := strings.Cut(arg, "://")
	if !ok {
		return arg
	}
	u, err := url.Parse(arg)
	if err != nil {
		return scheme + "://"
	}
	return u.Scheme + "://" + u.Host
}

// noURL refuses a schema argument that is a URL, without quoting what could be
// a password.
func noURL(schema string) error {
	if strings.Contains(schema, "://") && !strings.HasPrefix(schema, "git:") {
		return fmt.Errorf("%s... is no schema: it has to be a file, a folder, a glob, git:REF:PATH, dgraph://HOST:PORT or -", schema[:strings.Index(schema, "://")+3])
	}
	return nil
}
