//go:build !race

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestLiveMemory holds the program, asking a real server about as many nodes as dgraphtest.NodesEnv says, to 64 MiB
// and 40 bytes for each distinct value.
func TestLiveMemory(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 25_000)
	dir := t.TempDir()
	program := filepath.Join(dir, "schemacheck")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	const old = "type V {\n  id: ID!\n  n: String\n  m: String\n  few: String\n  gap: Int\n}\n"
	for _, c := range []struct {
		name, before, after string
		distinct            int
		finding             string
	}{
		{"no duplicates", "  n: String\n", "  n: String! @id\n", n, "id-added"},
		{"only duplicates", "  m: String\n", "  m: String! @id\n", n / 2, "id-added"},
		{"missing", "  gap: Int\n", "  gap: Int!\n", 0, "field-made-required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, text := range map[string]string{"old.graphql": old, "new.graphql": strings.Replace(old, c.before, c.after, 1)} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(program, "diff", "--fail-on", "never", "-v", "--budget", "0", "--require-complete", "--alpha", d.GRPC, "old.graphql", "new.graphql")
			cmd.Dir = dir
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			start := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peak, err := watchPeak(cmd)
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			t.Logf("%d nodes, %d distinct values: %d MiB, %v, %v of CPU", n, c.distinct, peak, time.Since(start).Round(time.Millisecond),
				cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
			if most := 64 + 40*c.distinct>>20; peak > most || peak < 10 {
				t.Errorf("%d MiB, want at most %d", peak, most)
			}
			if !strings.Contains(out.String(), c.finding) {
				t.Errorf("no %s in\n%s", c.finding, out.String())
			}
		})
	}
}

// TestMigrateMemory holds the program, copying one predicate with ten ranges at once, to 64 MiB, and to no more for
// ten times as many nodes.
func TestMigrateMemory(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 25_000)
	dir := t.TempDir()
	program := filepath.Join(dir, "schemacheck")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	d.Alter(t, "M.part: string .\n")
	d.Bulk(t, n/10, func(i int, add func(predicate string, value *api.Value)) {
		add("M.part", &api.Value{Val: &api.Value_StrVal{StrVal: fmt.Sprintf("user%d@example.com", i)}})
	})
	stored := []string{"M.part", "schemacheck.key", "schemacheck.doc", "schemacheck.fence", "schemacheck.beat", "schemacheck.log"}
	t.Cleanup(func() { // the nodes may serve again
		for _, p := range stored {
			if err := d.Client().Alter(context.Background(), &api.Operation{DropOp: api.Operation_ATTR, DropValue: p}); err != nil {
				t.Error(err)
			}
		}
	})
	plans := 0
	peakOf := func(from string, nodes int) int {
		to := fmt.Sprint("M.copy", plans)
		stored = append(stored, to)
		d.Alter(t, to+": string .\n")
		step := migrate.Step{ID: "copy", Phase: migrate.Before, Title: "Copy", Kind: "copy", Select: &migrate.Select{Root: "has(" + from + ")"},
			Reads: []string{from, to}, Writes: []string{to}, Convergent: true, Undo: migrate.UndoYes, Copy: &migrate.Copy{From: from, To: to}}
		plan := migrate.Plan{Version: migrate.PlanVersion, ID: fmt.Sprintf("2026010100000%d-memory", plans), Name: "Memory", Steps: []migrate.Step{step}}
		plans++
		file, err := plan.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, plan.ID+".yaml"), file, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, "migrate", "up", plan.ID+".yaml", "--alpha", d.GRPC, "--http", d.HTTP, "--yes", "--concurrency", "10", "--undo", "off")
		cmd.Dir = dir
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		peak, err := watchPeak(cmd)
		if want := fmt.Sprintf("%d changed", nodes); err != nil || !strings.Contains(out.String(), want) {
			t.Fatalf("%v, want %q in\n%s", err, want, out.String())
		}
		t.Logf("%d nodes: %d MiB, %v, %v of CPU", nodes, peak, time.Since(start).Round(time.Millisecond), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		return peak
	}
	for try := 1; ; try++ { // the collector may be late on a busy machine
		few, many := peakOf("M.part", n/10), peakOf("V.n", n)
		if 10 <= few && few <= 64 && many <= 64 && many-few <= 24 {
			return
		}
		if try == 3 {
			t.Errorf("%d and %d MiB, want at most 64, and at most 24 more for ten times as many nodes", few, many)
			return
		}
	}
}
