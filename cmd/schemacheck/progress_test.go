package main

import (
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestProgress: away from a terminal a line comes from time to time and stays. What
// a terminal shows is tested by scripts: asking.txtar and runs.txtar.
func TestProgress(t *testing.T) {
	t.Parallel()
	now := dql.Progress{Requests: 7, Pass: 2, Nodes: 50, Of: 200}
	for _, c := range []struct {
		name     string
		progress *progress
		want     string
	}{
		{"early", &progress{last: time.Now()}, ""},
		{"lines", &progress{last: time.Now().Add(-interval)}, "schemacheck: asking the stored data: 7 requests, 25% of 200 nodes, pass 2\n"},
		{"one node", &progress{last: time.Now().Add(-interval)}, "schemacheck: asking the stored data: 1 request, 100% of 1 node\n"},
		{"early on a terminal", &progress{last: time.Now(), terminal: true}, ""},
		{"quiet", &progress{last: time.Now().Add(-interval), quiet: true}, ""},
	} {
		var out strings.Builder
		c.progress.to = &out
		see := now
		if c.name == "one node" {
			see = dql.Progress{Requests: 1, Pass: 1, Nodes: 1, Of: 1}
		}
		c.progress.tell(see)
		c.progress.tell(see) // too soon after the first
		c.progress.end()
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, out.String(), c.want)
		}
	}
}

// TestProgressOfRuns: a line has the pace, and that a run waits is told at once, in
// words that cannot steer a terminal.
func TestProgressOfRuns(t *testing.T) {
	t.Parallel()
	now := migrate.Status{Plan: "p", Phase: migrate.Before, State: migrate.Running, Step: "s", Counts: migrate.Counts{Aborts: 1, Retries: 2},
		Pace: &migrate.Pace{Step: "s", Nodes: 250, Total: 1000, Rate: 10}}
	held := now
	held.Pace = &migrate.Pace{Step: "s", Nodes: 250, Total: 1000, Rate: 10, Held: "a\x1b[31m"}
	small := now
	small.Counts, small.Pace = migrate.Counts{}, &migrate.Pace{Step: "s", Total: 1}
	undoing := now
	undoing.State, undoing.Counts, undoing.Pace = migrate.Undoing, migrate.Counts{}, &migrate.Pace{Step: "t"}
	ended := now
	ended.State = migrate.Done
	for _, c := range []struct {
		name   string
		waited time.Duration
		see    []migrate.Status
		want   string
	}{
		{"early", 0, []migrate.Status{now}, ""},
		{"line", interval, []migrate.Status{now, now}, "schemacheck: p, phase before, step s (2 of 3): 250 of 1000 nodes (25%), 10 nodes/s, about 1m15s left, 1 batch repeated, 2 retries\n"},
		{"one node", interval, []migrate.Status{small}, "schemacheck: p, phase before, step s (2 of 3): 0 of 1 node (0%)\n"},
		{"paused", 0, []migrate.Status{held, held}, "schemacheck: p, phase before, step s (2 of 3): 250 of 1000 nodes (25%), paused by a\\x1b[31m, 1 batch repeated, 2 retries\n"},
		{"undoing", interval, []migrate.Status{undoing}, "schemacheck: undoing p, phase before, step t (2 of 3)\n"},
		{"ended", interval, []migrate.Status{ended}, ""},
	} {
		var out strings.Builder
		g := &progress{to: &out, last: time.Now().Add(-c.waited)}
		for _, s := range c.see {
			g.run(s, 2, 3)
		}
		g.end()
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, out.String(), c.want)
		}
	}
}
