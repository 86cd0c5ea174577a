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
	d.DropAll(t)
	const nodes, kills = 2500, 6
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
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
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (*exec.Cmd, *strings.Builder) {
		var out strings.Builder
		// The test binary is the program when it is called like it (see TestMain).
		cmd := &exec.Cmd{Path: self, Args: append([]string{"schemacheck"}, args...), Dir: dir, Stdout: &out, Stderr: &out}
		return cmd, &out
	}
	up := []string{"migrate", "up", plan.ID + ".yaml", "--alpha", d.GRPC, "--http", d.HTTP, "--yes", "--batch-size", "10"}
	copied := func() int {
		var answer struct{ Q []struct{ Count int } }
		if err := json.Unmarshal(d.Query(t, "{q(func: has(K.b)) {count(uid)}}"), &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Q[0].Count
	}
	kill := func(args ...string) {
		cmd, out := command(args...)
		before, end := copied(), time.Now().Add(30*time.Second)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for copied() == before { // not at work yet
			if time.Now().After(end) {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				t.Fatalf("nothing happens\n%s", out.String())
			}
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("it ended before it was killed: %v\n%s", err, out.String())
		}
		t.Logf("%s killed at %d nodes", args[1], copied())
		unlock(t, d)
	}
	for range kills {
		kill(append(up, "--concurrency", fmt.Sprint(1+random.IntN(3)))...)
	}
	cmd, out := command(up...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if want := fmt.Sprintf("phase before: done; %d nodes looked at, %d changed, 0 left", nodes, nodes); !strings.Contains(out.String(), want) {
		t.Errorf("want %q in\n%s", want, out.String())
	}
	a := string(d.Query(t, "{q(func: has(K.a)) {uid v: K.a @facets}}"))
	b := string(d.Query(t, "{q(func: has(K.b)) {uid v: K.b @facets}}"))
	if a != b || strings.Count(a, "uid") != nodes {
		t.Errorf("what was copied is not what was there: %d and %d bytes", len(a), len(b))
	}

	undo := []string{"migrate", "undo", plan.ID, "--dir", ".", "--alpha", d.GRPC, "--http", d.HTTP, "--yes"}
	for range kills / 2 {
		kill(undo...)
	}
	cmd, out = command("migrate", "status", "--alpha", d.GRPC, plan.ID+".yaml")
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "undoing, but nobody is at work") || !strings.Contains(out.String(), "next: schemacheck migrate undo "+plan.ID) {
		t.Errorf("status of what is half undone: %v\n%s", err, out.String())
	}
	cmd, out = command(up...)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != int(exitUsage) || !strings.Contains(out.String(), "end it first (schemacheck migrate undo") {
		t.Errorf("migrate up of what is half undone: %v\n%s", err, out.String())
	}
	cmd, out = command(undo...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if left := copied(); left > 0 {
		t.Errorf("undone, and %d are left\n%s", left, out.String())
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
