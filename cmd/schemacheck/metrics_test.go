package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestMetrics: counts are those of this run, not of the ones that it goes on from, and
// belong to the step that was at work.
func TestMetrics(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	m.file = filepath.Join(t.TempDir(), "x.prom")
	m.stop = func() {}
	at := func(step string, nodes, stepNodes, total uint64, held string) migrate.Status {
		return migrate.Status{Plan: "p", Phase: migrate.Before, State: migrate.Running, Step: step, Counts: migrate.Counts{Nodes: nodes, Aborts: nodes / 100},
			Pace: &migrate.Pace{Step: step, Nodes: stepNodes, Total: total, Held: held, BatchSize: 10}}
	}
	was := migrate.Status{Plan: "p", Phase: migrate.Before, State: migrate.Running}
	for _, now := range []migrate.Status{
		at("a", 700, 0, 0, ""), at("a", 1000, 500, 900, ""), at("a", 1300, 800, 900, ""), at("a", 1400, 900, 900, ""),
		at("b\xff", 1400, 0, 0, ""), at("b\xff", 1400, 0, 50, ""), at("b\xff", 1420, 20, 50, "somebody"),
	} {
		m.see(was, now)
		was = now
	}
	text := func() string {
		if err := m.write(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	has := func(text string, all ...string) {
		t.Helper()
		for _, want := range all {
			if !strings.Contains(text, "\nschemacheck_migrate_"+want+"\n") {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
	}
	a, b := `{phase="before",plan="p",step="a"} `, `{phase="before",plan="p",step="b?"} `
	has(text(), "nodes_total"+a+"400", "aborts_total"+a+"4", "nodes_total"+b+"20", "aborts_total"+b+"0", "step_nodes_done"+a+"900", "step_nodes_done"+b+"20", "step_nodes"+b+"50",
		"batch_size"+b+"10", "running 1", "paused 1", "end_timestamp_seconds 0", `state{phase="before",plan="p",state="running"} 1`)
	failed := was
	failed.State = migrate.Failed
	m.see(was, failed)
	if err := m.end(errors.New("bad"), false); err != nil {
		t.Fatal(err)
	}
	end := text()
	has(end, "running 0", "paused 0", `last_result{result="failed"} 1`, `state{phase="before",plan="p",state="failed"} 1`)
	if strings.Contains(end, `state="running"`) || strings.Contains(end, "end_timestamp_seconds 0\n") {
		t.Errorf("ended\n%s", end)
	}
}
