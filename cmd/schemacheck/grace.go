package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// mostVersions bounds how many versions of a schema are looked at.
const mostVersions = 1000

// grace is the deprecation grace of a configuration, and what git's history says about
// the old schema. Nil is none.
type grace struct {
	ctx    context.Context
	loader sdl.Loader
	schema string // the argument that names the old schema
	long   time.Duration
	now    time.Time
	budget time.Duration // 0 is no limit
	// known is what was found out, and asked what was looked for.
	known map[string]rules.Deprecation
	asked map[string]bool
}

// graceOf is that of a configuration, for the old schema that is called so.
func graceOf(ctx context.Context, loader sdl.Loader, cfg *config.Config, schema string, budget time.Duration) *grace {
	if cfg.DeprecationGrace == 0 {
		return nil
	}
	return &grace{
		ctx: ctx, loader: loader, schema: schema, long: cfg.DeprecationGrace, now: time.Now(), budget: budget,
		known: map[string]rules.Deprecation{}, asked: map[string]bool{},
	}
}

// apply makes findings milder, and notes in the report why that could not be judged.
func (g *grace) apply(before, after *diff.Schema, findings []*rules.Finding, r *report.Report) {
	if g == nil {
		return
	}
	rules.Grace(before, after, findings, g.long, g.now, func(elements []string) map[string]rules.Deprecation {
		elements = slices.DeleteFunc(elements, func(e string) bool { return g.asked[e] })
		if len(elements) == 0 {
			return g.known
		}
		for _, e := range elements {
			g.asked[e] = true
		}
		if err := g.look(elements); err != nil {
			what := "elements that are gone were"
			if len(elements) == 1 {
				what = elements[0] + " was"
			}
			r.Notes = append(r.Notes, report.Note{Kind: "not-checked", Message: fmt.Sprintf(
				"for how long %s @deprecated, which deprecationGrace asks: %v", what, err)})
		}
		return g.known
	})
}

// look goes back in git's history until each element was not deprecated, or was for
// long enough.
func (g *grace) look(elements []string) error {
	if fromDgraph(g.schema) {
		return errors.New("the old schema is the one that a Dgraph serves, and not in git")
	}
	if g.schema == "-" {
		return errors.New("the old schema comes from standard input")
	}
	ctx := g.ctx
	if g.budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.budget)
		defer cancel()
	}
	history, err := g.loader.History(ctx, g.schema, mostVersions)
	if err != nil {
		return g.failed(err)
	}
	since := map[string]time.Time{}
	pending := slices.Clone(elements)
	for len(pending) > 0 {
		versions, err := history.Next()
		if err != nil {
			return g.failed(err)
		}
		if len(versions) == 0 {
			break
		}
		for _, v := range versions {
			s := deprecating(v.Files)
			if s == nil {
				continue // it does not parse: Dgraph never served that
			}
			pending = slices.DeleteFunc(pending, func(e string) bool {
				if !rules.Deprecated(s, e) {
					// From the version after this one on; what is in none is not committed yet.
					at, ok := since[e]
					if !ok {
						at = g.now
					}
					g.known[e] = rules.Deprecation{Since: at}
					return true
				}
				if at, ok := since[e]; !ok || v.Time.Before(at) {
					since[e] = v.Time
				}
				if g.now.Sub(since[e]) >= g.long {
					g.known[e] = rules.Deprecation{Since: since[e], Longer: true}
					return true
				}
				return false
			})
		}
	}
	if len(pending) == 0 {
		return nil
	}
	if why := history.Cut(); why != "" {
		return errors.New(why)
	}
	for _, e := range pending { // deprecated ever since the schema is in git
		if at, ok := since[e]; ok {
			g.known[e] = rules.Deprecation{Since: at}
		}
	}
	return nil
}

// failed is why the history could not be read.
func (g *grace) failed(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && g.ctx.Err() == nil {
		return fmt.Errorf("git's history was not read to the end within --budget %v", g.budget)
	}
	return err
}

// deprecating is the schema of files, nil for one that does not parse. Where nothing
// is deprecated, it is empty: parsing is what costs the time.
func deprecating(files []*sdl.File) *sdl.Schema {
	if !slices.ContainsFunc(files, func(f *sdl.File) bool { return strings.Contains(f.Text, "deprecated") }) {
		return &sdl.Schema{}
	}
	s, err := sdl.Parse(files...)
	if err != nil {
		return nil
	}
	return s
}
