package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// quiesced are the options for a database that nobody else writes.
type quiesced struct {
	prove bool
	watch time.Duration
	// readGeo allows to read values of type geo for the proof.
	readGeo bool
}

func (q *quiesced) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&q.prove, "quiesced", false, "nobody else writes: prove that nothing but what the plans name has changed, by a checksum of all other predicates before and after")
	flags.DurationVar(&q.watch, "require-quiesced", 0, "watch for this `TIME` whether anybody writes, and write nothing when so; who reads is not in the way")
}

// begin sees that nobody writes, and takes the checksums of what is not to
// change. Without --quiesced these are nil.
func (q *quiesced) begin(ctx context.Context, m *migration, s migrate.Series, g *progress) (*migrate.Untouched, error) {
	if q.watch > 0 {
		if err := migrate.Quiesced(ctx, m.client, q.watch); err != nil {
			return nil, err
		}
	}
	if !q.prove {
		return nil, nil
	}
	return migrate.Watch(ctx, m.client, m.files, s, q.readGeo, g.reading)
}

// compared ends the progress, and says what became of what was not to change.
func (p program) compared(ctx context.Context, u *migrate.Untouched, g *progress) error {
	if u == nil || ctx.Err() != nil {
		g.end()
		return nil
	}
	c, err := u.Compare(ctx)
	g.end()
	if err != nil {
		return migrationFailed(ctx, fmt.Errorf("comparing what was not to change: %w", err))
	}
	as := "are as they were"
	if c.Same == 1 {
		as = "is as it was"
	}
	fmt.Fprintf(p.out, "outside of what the plans write: %s with %s %s\n",
		number(c.Same, "predicate", "predicates"), number(c.Quads, "value or edge", "values and edges"), as)
	for _, line := range c.NotCompared {
		fmt.Fprintf(p.out, "  not compared: %s\n", report.Escape(line))
	}
	for _, line := range c.Changed {
		fmt.Fprintf(p.out, "  changed: %s\n", report.Escape(line))
	}
	if len(c.Changed) > 0 {
		return &problem{exitFindings, errors.New("predicates that no plan writes have changed: somebody else wrote them meanwhile")}
	}
	return nil
}
