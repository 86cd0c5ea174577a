//go:build chaos

package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestChaosKilled kills the program more often than TestKilled does.
func TestChaosKilled(t *testing.T) {
	t.Parallel()
	killed(t, dgraphtest.Connect(t, dgraphtest.Cluster(t, dgraphproc.Options{})), 12_000, 30)
}

// TestChaosLease kills the program, and lets the next one wait until the lease of the killed is over.
func TestChaosLease(t *testing.T) {
	t.Parallel()
	p := newPrey(t, dgraphtest.Connect(t, dgraphtest.Cluster(t, dgraphproc.Options{})), 2500)
	cmd, _ := p.start(t, p.up...)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	began := time.Now()
	cmd, out := p.command(p.up...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if took := time.Since(began); took < 20*time.Second || took > 50*time.Second {
		t.Errorf("taking over and going on takes %v", took)
	}
	p.wantDone(t, out.String())
}

// TestChaosEight starts the program eight times at once: one works, and the others are told who and since when.
func TestChaosEight(t *testing.T) {
	t.Parallel()
	p := newPrey(t, dgraphtest.Connect(t, dgraphtest.Cluster(t, dgraphproc.Options{})), 3000)
	began := time.Now()
	const racers = 8
	var cmds [racers]*exec.Cmd
	var outs [racers]*strings.Builder
	var all sync.WaitGroup
	for i := range racers {
		cmds[i], outs[i] = p.command(append(p.up, "--rate", "200")...)
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
		all.Go(func() { _ = cmds[i].Wait() }) // the exit code says it
	}
	all.Wait()
	told := regexp.MustCompile(`\(process (\d+)\) has been at work on this database since (\S+): plan 20260101000000-kill, phase before`)
	winner := ""
	for i, cmd := range cmds {
		if cmd.ProcessState.ExitCode() == int(exitOK) {
			if winner != "" {
				t.Errorf("another one did the work as well\n%s", outs[i])
			}
			winner = fmt.Sprint(cmd.Process.Pid)
			p.wantDone(t, outs[i].String())
		}
	}
	for i, cmd := range cmds {
		if fmt.Sprint(cmd.Process.Pid) == winner {
			continue
		}
		said := told.FindStringSubmatch(outs[i].String())
		if cmd.ProcessState.ExitCode() != int(exitUnfinished) || said == nil || said[1] != winner {
			t.Errorf("exit %d, and %s does the work\n%s", cmd.ProcessState.ExitCode(), winner, outs[i])
			continue
		}
		if since, err := time.Parse(time.RFC3339, said[2]); err != nil || since.Before(began.Add(-2*time.Second)) || since.After(time.Now()) {
			t.Errorf("since %s: %v", said[2], err)
		}
	}
}

// TestChaosStopped stops the program for longer than its lease. Another one takes over, and what was stopped writes
// nothing any more.
func TestChaosStopped(t *testing.T) {
	t.Parallel()
	p := newPrey(t, dgraphtest.Connect(t, dgraphtest.Cluster(t, dgraphproc.Options{})), 4000)
	args := append(p.up, "--concurrency", "3", "--rate", "400")
	first, said := p.start(t, args...)
	if err := first.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // what was sent already is written
	second, out := p.start(t, args...)
	if err := first.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // the exit code says it
	if first.ProcessState.ExitCode() != int(exitUnfinished) || !strings.Contains(said.String(), "another process has taken over") {
		t.Errorf("exit %d\n%s", first.ProcessState.ExitCode(), said.String())
	}
	if now := p.copied(t); now == p.nodes {
		t.Error("all was copied when the stopped one ended: it may have met nothing")
	}
	if err := second.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	p.wantDone(t, out.String())
}
