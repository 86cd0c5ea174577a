package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestKilled kills migrate up at random moments, until at last it is let end: everything is copied, and every node was
// looked at and counted once. Then it does so with migrate undo, and nothing is left of it. The locks of the killed are
// given back as if their leases were over.
func TestKilled(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	killed(t, d, 2500, 6)
}

// killed kills migrate up a number of times, and migrate undo half as often.
func killed(t *testing.T, d *dgraphtest.Dgraph, nodes, kills int) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p := newPrey(t, d, nodes)
	for range kills {
		p.kill(t, random, append(p.up, "--concurrency", fmt.Sprint(1+random.IntN(3)))...)
	}
	cmd, out := p.command(p.up...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	p.wantDone(t, out.String())

	for range kills / 2 {
		p.kill(t, random, p.undo...)
	}
	cmd, out = p.command("migrate", "status", "--alpha", d.GRPC, p.up[2])
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "undoing, but nobody is at work") || !strings.Contains(out.String(), "next: schemacheck migrate undo "+p.undo[2]) {
		t.Errorf("status of what is half undone: %v\n%s", err, out.String())
	}
	cmd, out = p.command(p.up...)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != int(exitUsage) || !strings.Contains(out.String(), "end it first (schemacheck migrate undo") {
		t.Errorf("migrate up of what is half undone: %v\n%s", err, out.String())
	}
	cmd, out = p.command(p.undo...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if left := p.copied(t); left > 0 {
		t.Errorf("undone, and %d are left\n%s", left, out.String())
	}
}

// prey is a plan that copies, and the program that carries it out in processes that can be killed.
type prey struct {
	*dgraphtest.Dgraph
	nodes    int
	dir      string
	up, undo []string
}

func newPrey(t *testing.T, d *dgraphtest.Dgraph, nodes int) *prey {
	t.Helper()
	d.DropAll(t)
	d.Alter(t, "K.a: [string] .\nK.b: [string] .\n")
	var text strings.Builder
	for i := range nodes {
		fmt.Fprintf(&text, "_:n%d <K.a> \"%d\" .\n_:n%d <K.a> \"x\" (f=%d) .\n", i, i, i, i)
	}
	d.Mutate(t, text.String())
	step := migrate.Step{ID: "copy", Phase: migrate.Before, Title: "Copy", Kind: "copy", Select: &migrate.Select{Root: "has(K.a)"},
		Reads: []string{"K.a", "K.b"}, Writes: []string{"K.b"}, Convergent: true, Undo: migrate.UndoYes, Copy: &migrate.Copy{From: "K.a", To: "K.b"}}
	plan := migrate.Plan{Version: migrate.PlanVersion, ID: "20260101000000-kill", Name: "Kill", Steps: []migrate.Step{step}}
	file, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, plan.ID+".yaml"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return &prey{Dgraph: d, nodes: nodes, dir: dir,
		up:   []string{"migrate", "up", plan.ID + ".yaml", "--alpha", d.GRPC, "--http", d.HTTP, "--yes", "--batch-size", "10"},
		undo: []string{"migrate", "undo", plan.ID, "--dir", ".", "--alpha", d.GRPC, "--http", d.HTTP, "--yes"}}
}

// command is a process of the program. What it says can be read when it has ended.
func (p *prey) command(args ...string) (*exec.Cmd, *strings.Builder) {
	var out strings.Builder
	// The test binary is the program when it is called like it (see TestMain).
	return &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{"schemacheck"}, args...), Dir: p.dir, Stdout: &out, Stderr: &out}, &out
}

// copied is the number of nodes that have what is copied.
func (p *prey) copied(t *testing.T) int {
	t.Helper()
	var answer struct{ Q []struct{ Count int } }
	if err := json.Unmarshal(p.Query(t, "{q(func: has(K.b)) {count(uid)}}"), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Q[0].Count
}

// start starts a process, and returns when it is at work.
func (p *prey) start(t *testing.T, args ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	cmd, out := p.command(args...)
	before, end := p.copied(t), time.Now().Add(time.Minute)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for p.copied(t) == before {
		if time.Now().After(end) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Fatalf("nothing happens\n%s", out.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	return cmd, out
}

// kill kills a process at work, at a random moment.
func (p *prey) kill(t *testing.T, random *rand.Rand, args ...string) {
	t.Helper()
	cmd, out := p.start(t, args...)
	time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("it ended before it was killed: %v\n%s", err, out.String())
	}
	t.Logf("%s killed at %d nodes", args[1], p.copied(t))
	unlock(t, p.Dgraph)
}

// wantDone wants everything to be copied, and each node to have been looked at once, by what the last process said.
func (p *prey) wantDone(t *testing.T, out string) {
	t.Helper()
	if want := fmt.Sprintf("phase before: done; %d nodes looked at, %d changed, 0 left", p.nodes, p.nodes); !strings.Contains(out, want) {
		t.Errorf("want %q in\n%s", want, out)
	}
	a := string(p.Query(t, "{q(func: has(K.a)) {uid v: K.a @facets}}"))
	b := string(p.Query(t, "{q(func: has(K.b)) {uid v: K.b @facets}}"))
	if a != b || strings.Count(a, "uid") != p.nodes {
		t.Errorf("what was copied is not what was there: %d and %d bytes", len(a), len(b))
	}
}

// unlock is what the end of a lease comes to, without waiting for it.
func unlock(t *testing.T, d *dgraphtest.Dgraph) {
	t.Helper()
	var answer struct{ Q []struct{ UID string } }
	if err := json.Unmarshal(d.Query(t, `{q(func: eq(schemacheck.key, "lock")) {uid}}`), &answer); err != nil {
		t.Fatal(err)
	}
	for _, n := range answer.Q {
		d.Mutate(t, "<"+n.UID+"> <schemacheck.doc> \"{}\" .\n")
	}
}
