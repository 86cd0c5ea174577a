package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestStatusInWords: what people are told of each state, and how to go on from it.
func TestStatusInWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	plan := &migrate.Plan{ID: "1-p", NotBefore: "2026-02-07", Steps: []migrate.Step{{ID: "a", Phase: migrate.Before}, {ID: "b", Phase: migrate.Before}, {ID: "c", Phase: migrate.Contract}}}
	m := &migration{files: []migrate.File{{Plan: plan}}, spelt: "x", where: "--env e"}
	pace := func(p migrate.Pace) *migrate.Pace {
		p.Plan, p.Phase, p.Step, p.Nodes, p.Total, p.BatchSize = "1-p", migrate.Before, "b", 500, 2000, 100
		return &p
	}
	status := func(s migrate.Status) migrate.Status {
		s.Plan, s.Phase, s.Who, s.Started = "1-p", migrate.Before, "h (process 1)", now.Add(-time.Hour)
		if s.Step == "" {
			s.Step = "b"
		}
		return s
	}
	done := status(migrate.Status{State: migrate.Done, Ended: now})
	contract := migrate.Status{Plan: "1-p", Phase: migrate.Contract, State: migrate.Pending}
	silent, gone := 14.0, 25.0
	const lead = "1-p                                      before    "
	for _, c := range []struct {
		name      string
		times     time.Duration // after now
		all       []phaseAt
		want      string
		elsewhere *migrate.Worker
	}{
		{"deploying", 0, []phaseAt{{Status: done}}, lead + `done
  by h (process 1) since 2026-01-31T11:00:00Z, ended 2026-01-31T12:00:00Z
at work: deploying, by h (process 2) since 2026-01-31T12:00:00Z
next: schemacheck migrate status x --watch --env e (until it is over)
      schemacheck migrate cancel --all --env e (what is done stays)`, &migrate.Worker{Who: "h (process 2)", Doing: "deploying", Since: now}},
		{"undone in part", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Undoing, Abandoned: true, Ended: now, Error: "no log"})}}, lead + `undoing, and ended half way
  step b (2 of 2)
  by h (process 1) since 2026-01-31T11:00:00Z, ended 2026-01-31T12:00:00Z
  error: no log
next: schemacheck migrate undo 1-p --phase before --env e (it goes on where it stopped)`, nil},
		{"running", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Running, NotApplicable: []string{"a"}, Cursor: "no/b/0x1",
			Counts: migrate.Counts{Nodes: 500, Changed: 400, Left: 1, Batches: 5, Aborts: 1, Retries: 2}, Pace: pace(migrate.Pace{Rate: 100, Limit: 150})})}},
			lead + `running; 500 nodes, 400 changed, 1 left, 5 batches, 1 batch repeated, 2 retries
  step b (2 of 2): 500 of 2000 nodes (25%), 100 nodes/s, about 15s left; batches of 100 nodes; at most 150 nodes/s
  by h (process 1) since 2026-01-31T11:00:00Z
  not applicable: a
next: schemacheck migrate pause 1-p --env e
      schemacheck migrate tune 1-p --rate NODES --env e
      schemacheck migrate cancel 1-p --env e (what is done stays)`, nil},
		{"silent", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Running, Pace: pace(migrate.Pace{})}), SilentSeconds: &silent}},
			lead + `running
  step b (2 of 2): 500 of 2000 nodes (25%); batches of 100 nodes
  no sign of life for 14s
  by h (process 1) since 2026-01-31T11:00:00Z
next: schemacheck migrate pause 1-p --env e
      schemacheck migrate tune 1-p --rate NODES --env e
      schemacheck migrate cancel 1-p --env e (what is done stays)`, nil},
		{"gone", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Running, Pace: pace(migrate.Pace{})}), SilentSeconds: &gone}},
			lead + `running
  step b (2 of 2): 500 of 2000 nodes (25%); batches of 100 nodes
  no sign of life for 25s
  by h (process 1) since 2026-01-31T11:00:00Z
next: schemacheck migrate up x --env e (it takes over, and goes on where that stopped)`, nil},
		{"garbled", 0, []phaseAt{{Status: status(migrate.Status{State: "d\x1b"})}},
			lead + `d\x1b
  step b (2 of 2)
  by h (process 1) since 2026-01-31T11:00:00Z
next: schemacheck migrate up x --env e (it goes on where it stopped)`, nil},
		{"held", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Paused, Ended: now, Cursor: "no/b/0x1", Pace: pace(migrate.Pace{Rate: 100, Held: "k\x1b"})})}},
			lead + `paused
  step b (2 of 2): 500 of 2000 nodes (25%), paused by k\x1b; batches of 100 nodes
  by h (process 1) since 2026-01-31T11:00:00Z
next: schemacheck migrate resume 1-p --env e
      schemacheck migrate cancel 1-p --env e (what is done stays)`, nil},
		{"abandoned", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Running, Abandoned: true, Ended: now})}},
			lead + `running, but nobody is at work: the run was killed or lost its server
  step b (2 of 2)
  by h (process 1) since 2026-01-31T11:00:00Z
next: schemacheck migrate up x --env e (it takes over, and goes on where that stopped)`, nil},
		{"failed", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Failed, Step: "a", Error: "bad\x1b[2J\nthing", Cursor: "abc/a/0x1", Ended: now})}},
			lead + `failed
  step a (1 of 2)
  by h (process 1) since 2026-01-31T11:00:00Z, ended 2026-01-31T12:00:00Z
  error: bad\x1b[2J\nthing
  cursor: abc/a/0x1
next: schemacheck migrate up x --env e (it goes on where it stopped)`, nil},
		{"undoing", 0, []phaseAt{{Status: status(migrate.Status{State: migrate.Undoing, Abandoned: true})}},
			lead + `undoing, but nobody is at work: the run was killed or lost its server
  step b (2 of 2)
  by h (process 1) since 2026-01-31T11:00:00Z
next: schemacheck migrate undo 1-p --phase before --env e (it goes on where it stopped)`, nil},
		{"done", 0, []phaseAt{{Status: done}, {Status: contract}},
			lead + `done
  by h (process 1) since 2026-01-31T11:00:00Z, ended 2026-01-31T12:00:00Z
1-p                                      contract  pending
next: from 2026-02-07 on, schemacheck migrate up x --phase contract --allow-destructive --env e (it deletes)
      schemacheck migrate verify x --env e (asks whether what was done still holds)`, nil},
		{"due", 7 * 24 * time.Hour, []phaseAt{{Status: migrate.Status{Plan: "1-p", Phase: migrate.Before, State: migrate.Done, Baseline: true}}, {Status: contract}},
			lead + `done, as migrate baseline noted
1-p                                      contract  pending
next: schemacheck migrate up x --phase contract --allow-destructive --env e (it deletes)
      schemacheck migrate verify x --env e (asks whether what was done still holds)`, nil},
		{"elsewhere", 0, []phaseAt{{Status: migrate.Status{Plan: "0-q", Phase: migrate.After, State: migrate.Cancelled, Step: "z"}, NoFile: true}, {Status: migrate.Status{Plan: "1-p", Phase: migrate.Before, State: migrate.Pending}}},
			`0-q                                      after     cancelled
  step z
  its file is not here
` + lead + `pending
next: schemacheck migrate up x --env e`, nil},
		{"nothing", 0, nil, "no plan has run on this database, and none is here", nil},
	} {
		for i := range c.all {
			if at := &c.all[i]; !at.NoFile {
				at.StepNumber, at.Steps = placeOf(plan, at.Status)
			}
		}
		l := &look{Phases: c.all, Time: now.Add(c.times), AtWork: c.elsewhere}
		l.Next = m.nexts(l)
		if c.all == nil {
			l.Next = (&migration{}).nexts(&look{Time: now})
		}
		if d := cmp.Diff(c.want, strings.Join(l.lines(), "\n")); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestLatest: the last plans with all of their phases.
func TestLatest(t *testing.T) {
	t.Parallel()
	all := []migrate.Status{{Plan: "a", Phase: migrate.Before}, {Plan: "b", Phase: migrate.Before}, {Plan: "b", Phase: migrate.After}, {Plan: "c", Phase: migrate.Before}}
	for plans, want := range map[int]int{0: 4, 1: 1, 2: 3, 3: 4, 9: 4} {
		if got := latest(all, plans); len(got) != want || got[len(got)-1].Plan != "c" {
			t.Errorf("%d plans: %v", plans, got)
		}
	}
}
