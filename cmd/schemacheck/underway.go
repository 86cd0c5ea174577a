package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// underway are the plans in a folder that lead from one schema to another and have begun
// to run on a database, with what they write: predicates that hold their copies, and
// nothing old. Notes say how to go on with each. Where the plans or how far they are
// cannot be read, nothing is known of them.
func (p program) underway(ctx context.Context, cfg *config.Config, l *live, folder, where string, before, after []*sdl.File) (writes []string, notes []report.Note) {
	old, err := sdl.Parse(before...)
	if err != nil {
		return nil, nil
	}
	next, err := sdl.Parse(after...)
	if err != nil || old.Fingerprint() == next.Fingerprint() {
		return nil, nil
	}
	if folder == "" {
		folder = p.migrationsFolder(cfg)
	}
	files, paths, err := p.plans(cfg, []string{folder})
	if err != nil {
		return nil, nil
	}
	for _, f := range files {
		if f.From != old.Fingerprint() || f.To != next.Fingerprint() {
			continue
		}
		m := &migration{files: []migrate.File{f}, client: l.client, cfg: cfg, where: where, spelt: spelt(filepath.Join(folder, filepath.Base(paths[f.ID])))}
		seen, err := m.look(ctx, 0, false)
		if err != nil {
			return nil, nil
		}
		if !slices.ContainsFunc(seen.Phases, func(at phaseAt) bool { return at.State.Begun() }) {
			continue
		}
		writes = append(writes, writesOf(f)...)
		message := fmt.Sprintf("the plan %s for this change has begun to run on %s, and what it writes is not told as something old", f.ID, l.name)
		if len(seen.Next) > 0 {
			message += "; next: " + seen.Next[0]
		}
		notes = append(notes, report.Note{Kind: "warning", Message: message})
	}
	return writes, notes
}

// prepared are the predicates that plans write which have begun to run and whose new
// schema is still to come: what they declare is no drift from the one that is served.
// Where the plans or how far they are cannot be read, nothing is known of them.
func (p program) prepared(ctx context.Context, cfg *config.Config, l *live) []string {
	if l.limited {
		return nil
	}
	files, err := l.schema()
	if err != nil {
		return nil
	}
	served, err := sdl.Parse(files...)
	if err != nil {
		return nil
	}
	plans, _, err := p.plans(cfg, nil)
	if err != nil {
		return nil
	}
	var writes []string
	for _, f := range plans {
		if f.From != served.Fingerprint() || f.To == f.From {
			continue
		}
		all, err := migrate.Statuses(ctx, l.client, []migrate.File{f})
		if err != nil {
			return nil
		}
		if slices.ContainsFunc(all, func(s migrate.Status) bool { return s.State.Begun() }) {
			writes = append(writes, writesOf(f)...)
		}
	}
	return writes
}

// writesOf are the predicates that the phases of a plan write or declare which run by
// themselves; what phase contract does deletes what is old.
func writesOf(f migrate.File) []string {
	var writes []string
	for _, s := range f.Steps {
		if s.Phase == migrate.Contract {
			continue
		}
		writes = append(writes, s.Writes...)
		if s.Declare != nil {
			for _, d := range s.Declare.Predicates {
				writes = append(writes, d.Name)
			}
		}
	}
	return writes
}
