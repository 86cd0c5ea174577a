package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// interrupted is a run of migrate up as a process that is sent signals.
type interrupted struct {
	*exec.Cmd
	out strings.Builder
}

func startUp(t *testing.T, d *dgraphtest.Dgraph, dir, alpha, size string) *interrupted {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test binary is the program when it is called like it (see TestMain).
	run := &interrupted{Cmd: &exec.Cmd{Path: self, Dir: dir,
		Args: []string{"schemacheck", "migrate", "up", "--alpha", alpha, "--http", d.HTTP, "--yes", "--batch-size", size}}}
	run.Stdout, run.Stderr = &run.out, &run.out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Process.Kill() })
	return run
}

// signal sends a signal.
func (i *interrupted) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := i.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ended waits for the end, which has to come soon.
func (i *interrupted) ended(t *testing.T, soon time.Duration) syscall.WaitStatus {
	t.Helper()
	from := time.Now()
	err := i.Wait()
	if took := time.Since(from); took > soon {
		t.Errorf("it took %v to end", took)
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		t.Fatalf("it ended with %v\n%s", err, i.out.String())
	}
	return ended.Sys().(syscall.WaitStatus)
}

// goesOn lets the rest be done, and wants every node to have been looked at and
// changed exactly once.
func goesOn(t *testing.T, d *dgraphtest.Dgraph, dir string, nodes int) {
	t.Helper()
	if n := copiedOf(t, d); n == 0 || n == nodes {
		t.Errorf("it was interrupted after %d of %d nodes", n, nodes)
	}
	run := startUp(t, d, dir, d.GRPC, "200")
	if err := run.Wait(); err != nil {
		t.Fatalf("going on: %v\n%s", err, run.out.String())
	}
	if want := fmt.Sprintf("phase before: done; %d nodes looked at, %[1]d changed, 0 left", 2*nodes); !strings.Contains(run.out.String(), want) {
		t.Errorf("want %q in\n%s", want, run.out.String())
	}
	if n := copiedOf(t, d); n != nodes {
		t.Errorf("%d of %d nodes are copied", n, nodes)
	}
}

func copiedOf(t *testing.T, d *dgraphtest.Dgraph) int {
	t.Helper()
	var answer struct{ Q []struct{ Count int } }
	if err := json.Unmarshal(d.Query(t, "{q(func: has(A.b)) {count(uid)}}"), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Q[0].Count
}

// TestSignal: one signal ends migrate up after its batch or in it, with the state
// saved, the lock given back and the way to go on told.
func TestSignal(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	const nodes = 1500
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		dir, _ := longPlan(t, d, nodes)
		run := startUp(t, d, dir, d.GRPC, "10")
		for end := time.Now().Add(time.Minute); copiedOf(t, d) == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nothing happens")
			}
		}
		run.signal(t, s)
		if at := run.ended(t, 30*time.Second); at.ExitStatus() != int(exitInterrupted) {
			t.Errorf("%v: it ended with %v", s, at)
		}
		for _, want := range []string{"phase before: paused", "1 plan: 0 done, 0 failed, 0 skipped (not begun), 0 not applicable, 1 stopped\n",
			"next: schemacheck migrate up --batch-size 10 --alpha " + d.GRPC, "schemacheck: interrupted"} {
			if !strings.Contains(run.out.String(), want) {
				t.Errorf("%v: no %q in\n%s", s, want, run.out.String())
			}
		}
		code, told := schemacheck(t, d, dir, io.Discard, "migrate", "status")
		for _, want := range []string{"before    paused; ", "step first (2 of 3)", "cursor: ", "/first/0x", ", ended ", "next: schemacheck migrate up --alpha"} {
			if code != 0 || !strings.Contains(told, want) {
				t.Errorf("%v: exit %d, no %q in the status\n%s", s, code, want, told)
			}
		}
		goesOn(t, d, dir, nodes)
	}
}

// TestTwoSignals: when ending takes too long, as with a server that does not answer,
// the second signal ends migrate up at once. Nothing is lost.
func TestTwoSignals(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	const nodes = 600
	dir, _ := longPlan(t, d, nodes)
	silent, release := make(chan bool), make(chan bool)
	between := newProxy(t, d.GRPC, 40<<10, func() { close(silent); <-release })
	run := startUp(t, d, dir, between.addr, "10")
	select {
	case <-silent:
	case <-time.After(time.Minute):
		t.Fatal("it does not get that far")
	}
	run.signal(t, syscall.SIGINT)
	time.Sleep(500 * time.Millisecond)
	if copiedOf(t, d) == 0 || run.Process.Signal(syscall.Signal(0)) != nil {
		t.Fatalf("%d nodes are copied, and it may not run any more\n%s", copiedOf(t, d), run.out.String())
	}
	run.signal(t, syscall.SIGINT)
	go func() { // a process that did not come to the first meanwhile takes both for one
		for time.Sleep(500 * time.Millisecond); run.Process.Signal(syscall.SIGINT) == nil; time.Sleep(500 * time.Millisecond) {
		}
	}()
	// By itself it would end, not by a signal, after ten seconds.
	if at := run.ended(t, 8*time.Second); !at.Signaled() || at.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", at)
	}
	close(release)
	unlock(t, d)
	_, told := schemacheck(t, d, dir, io.Discard, "migrate", "status")
	for _, want := range []string{"running, but nobody is at work: the run was killed or lost its server", "next: schemacheck migrate up --alpha", "it takes over"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in the status\n%s", want, told)
		}
	}
	goesOn(t, d, dir, nodes)
}
