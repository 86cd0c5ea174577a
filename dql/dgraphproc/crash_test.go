//go:build unix

package dgraphproc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestCrashes kills processes of a group of three, one after the other and all together: they come back with their
// data, and where there is a majority the others go on meanwhile.
func TestCrashes(t *testing.T) {
	slow(t)
	t.Parallel()
	c := start(t, context.Background(), dgraphproc.Options{Alphas: 3, PortOffset: offsetOfCrash})
	dgraphtest.Connect(t, c).Mutate(t, `_:a <name> "one" .`)
	ctx := t.Context()
	lead := func(but int) int {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			i, err := c.Leader(ctx, 1)
			if err == nil && i != but {
				return i
			}
			if time.Now().After(deadline) {
				t.Fatalf("the leader is alpha %d, %v", i, err)
			}
		}
	}
	first := lead(-1)
	if _, err := c.Leader(ctx, 2); err == nil {
		t.Error("a group that is not there has a leader")
	}
	was := c.Alphas()
	c.KillAlpha(first)
	c.KillAlpha(first)
	if alive(was[first].Pid) {
		t.Error("the killed leader lives")
	}
	second := lead(first)
	t.Logf("alpha %d leads after alpha %d", second, first)
	again := func(what string) {
		t.Helper()
		began := time.Now()
		if err := c.Restart(ctx); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%s: back after %v", what, time.Since(began))
		d := dgraphtest.Connect(t, c)
		d.Mutate(t, `_:a <name> "more" .`)
		if got := string(d.Query(t, `{q(func: has(name), first: 1) {name}}`)); got != `{"q":[{"name":"one"}]}` {
			t.Errorf("%s: %s", what, got)
		}
	}
	again("the leader")
	now := c.Alphas()
	for i, a := range now {
		if (a.Pid == was[i].Pid) == (i == first) || !alive(a.Pid) || a.GRPC != was[i].GRPC {
			t.Errorf("alpha %d was %+v and is %+v", i, was[i], a)
		}
	}
	zero := c.Pids()[0]
	c.KillZero()
	if alive(zero) {
		t.Error("the killed zero lives")
	}
	if _, err := c.Leader(ctx, 1); err == nil {
		t.Error("a dead zero knows the leader")
	}
	again("the zero")
	for i := range now {
		c.KillAlpha(i)
	}
	c.KillZero()
	again("all of them")
	pids := c.Pids()
	c.Stop()
	gone(t, pids, c.Dir())
	if err := c.Restart(ctx); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a stopped cluster is started again: %v", err)
	}
	for _, pid := range c.Pids() {
		if alive(pid) {
			t.Errorf("process %d of a stopped cluster lives", pid)
		}
	}
}
