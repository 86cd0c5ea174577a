package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestStandstill: while nothing new comes a line says what is waited for and since when, in words that cannot steer a
// terminal, and no more than one in each interval.
func TestStandstill(t *testing.T) {
	t.Parallel()
	plan := &migrate.Plan{ID: "p", Steps: []migrate.Step{{ID: "declare\x1b", Phase: migrate.Before}, {ID: "copy", Phase: migrate.Before, Select: &migrate.Select{}}}}
	at := func(step string, p migrate.Pace) migrate.Status {
		p.Step = step
		return migrate.Status{Plan: "p", Phase: migrate.Before, State: migrate.Running, Step: step, Pace: &p}
	}
	ended := at("copy", migrate.Pace{})
	ended.State = migrate.Done
	now := time.Now()
	seen, away := now.Add(-12*time.Second), now.Add(-31*time.Second)
	since := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	for _, c := range []struct {
		name     string
		last     migrate.Status
		at, away time.Time
		deploy   *string
		text     string
		event    string
	}{
		{"batch", at("copy", migrate.Pace{Nodes: 250, Total: 1000}), seen, time.Time{}, nil,
			"p, phase before, step copy (2 of 2): 250 of 1000 nodes (25%), no batch has ended since " + since(seen) + " (12s)", `"plan":"p","phase":"before","step":"copy","for":"batch"`},
		{"schema", at("declare\x1b", migrate.Pace{}), seen, time.Time{}, nil,
			`p, phase before, step declare\x1b (1 of 2): waiting for the stored schema to be altered, which can build indexes, since ` + since(seen) + " (12s)", `"for":"schema"`},
		{"resume", at("copy", migrate.Pace{Held: "me"}), seen, time.Time{}, nil, "p, phase before, step copy (2 of 2): paused by me, waiting to be resumed since " + since(seen) + " (12s)", `"for":"resume"`},
		{"server", at("copy", migrate.Pace{}), seen, away, nil, "p, phase before, step copy (2 of 2): no answer from the server since " + since(away) + " (31s)", `"for":"server","since":"` + away.UTC().Format("2006-01-02T15:04:05")},
		{"server, before anything is known", migrate.Status{}, seen, away, nil, "the run: no answer from the server since " + since(away) + " (31s)", `"msg":"waiting","for":"server"`},
		{"deploy", ended, seen, time.Time{}, &plan.ID, "deploying the GraphQL schema of p: waiting for the update, which can build indexes, since " + since(seen) + " (12s)", `"plan":"p","for":"deploy"`},
		{"deploy without a plan", migrate.Status{}, seen, time.Time{}, new(string), "deploying the GraphQL schema: waiting for the update, which can build indexes, since " + since(seen) + " (12s)", `"plan":"","for":"deploy"`},
		{"over", ended, seen, time.Time{}, nil, "", ""},
		{"just heard of", at("copy", migrate.Pace{}), now, time.Time{}, nil, "", ""},
	} {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			g := &progress{to: &out, last: now.Add(-interval)}
			if format == "json" {
				g.log = slog.New(slog.NewJSONHandler(&out, nil))
			}
			a := &account{files: []migrate.File{{Plan: plan}}, progress: g, away: func() time.Time { return c.away }, last: c.last, at: c.at, deploy: c.deploy}
			a.stands()
			a.stands() // too soon after the first
			got := out.String()
			switch {
			case format == "json" && c.event != "" && (strings.Count(got, "\n") != 1 || !strings.Contains(got, c.event)):
				t.Errorf("%s: %s, want %s", c.name, got, c.event)
			case format == "json" && c.event == "" && got != "":
				t.Errorf("%s: %s", c.name, got)
			case format == "text" && c.text != "" && got != "schemacheck: "+c.text+"\n", format == "text" && c.text == "" && got != "":
				t.Errorf("%s: %q, want %q", c.name, got, c.text)
			}
		}
	}
}
