//go:build !race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
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
