//go:build chaos

package migrate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

// TestChaosAlpha kills the only alpha three times in one run.
func TestChaosAlpha(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 3000)
	a.crashes(t, 3, func(int) { a.cluster.KillAlpha(0) }, func() error { return a.cluster.Restart(t.Context()) })
}

// TestChaosPower kills the alpha and the zero together, as a power cut would.
func TestChaosPower(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 3000)
	a.crashes(t, 3, func(int) {
		var both sync.WaitGroup
		both.Go(a.cluster.KillZero)
		both.Go(func() { a.cluster.KillAlpha(0) })
		both.Wait()
	}, func() error { return a.cluster.Restart(t.Context()) })
}

// TestChaosGroup kills who leads a group of three alphas, and then the zero, each twice in one run. They come back while
// the run goes on.
func TestChaosGroup(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{Alphas: 3}, 2000)
	t.Run("leader", func(t *testing.T) {
		a.crashes(t, 2, func(int) {
			leader, err := a.cluster.Leader(t.Context(), 1)
			if err != nil {
				t.Error(err)
			}
			t.Logf("alpha %d leads", leader)
			a.cluster.KillAlpha(leader)
			time.Sleep(5 * time.Second) // the others elect one and go on
		}, func() error { return a.cluster.Restart(t.Context()) })
	})
	t.Run("zero", func(t *testing.T) {
		a.fill(t, 2000)
		a.crashes(t, 2, func(int) { a.cluster.KillZero(); time.Sleep(2 * time.Second) }, func() error { return a.cluster.Restart(t.Context()) })
	})
}

// crashes carries out a plan in small batches while servers crash and come back. What was acknowledged before a crash is
// there after it.
func (a *arena) crashes(t *testing.T, times int, kill func(i int), back func() error) {
	t.Helper()
	f, taskOf := countingPlan()
	const size = 2
	var acknowledged atomic.Int64 // nodes
	c := a.open(t)
	last := int64(0)
	a.during(t, times, time.Millisecond, 500*time.Millisecond, func(i int) error {
		for acknowledged.Load() == last && t.Context().Err() == nil { // not at work yet, or not again
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(rand.N(300 * time.Millisecond))
		kill(i)
		before := acknowledged.Load()
		if err := back(); err != nil {
			return err
		}
		var answer struct{ Q []struct{ Count int64 } }
		if err := json.Unmarshal(a.connect(t).Query(t, "{q(func: has(N.hits)) {count(uid)}}"), &answer); err != nil {
			return err
		}
		if counted := answer.Q[0].Count; counted < before {
			return fmt.Errorf("crash %d: %d nodes were acknowledged, and %d are counted", i, before, counted)
		}
		t.Logf("crash %d: %d nodes were acknowledged", i, before)
		last = acknowledged.Load()
		return nil
	}, func() {
		ended := a.done(t, c, f, Options{BatchSize: size, Concurrency: 2, taskOf: taskOf, point: func(name string) {
			if name == "after commit" {
				acknowledged.Add(size)
			}
		}})
		t.Logf("%d runs did not see it through", ended)
	})
	a.wantExact(t, f, Before, taskOf, "N.hits")
	a.wantTakenBack(t, f, Before, "N.hits")
}

// TestChaosLogin has logins that last two seconds, and a run that lasts longer.
func TestChaosLogin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := newArena(t, dgraphproc.Options{ACL: true, Dir: dir, ExtraAlphaFlags: []string{"--acl=secret-file=" + dir + "/acl-secret;access-ttl=2s;"}}, 1000)
	f, taskOf := countingPlan()
	began := time.Now()
	if _, err := Run(t.Context(), a.open(t), f, Before, Options{BatchSize: 5, Concurrency: 2, Beat: chaosBeat, taskOf: taskOf, point: func(name string) {
		if name == "before commit" {
			time.Sleep(80 * time.Millisecond)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 6*time.Second {
		t.Errorf("over after %v: the login cannot have expired often", took)
	}
	a.wantExact(t, f, Before, taskOf, "N.hits")
	a.wantTakenBack(t, f, Before, "N.hits")
	if _, err := dql.Open(t.Context(), dql.Config{Alphas: []string{a.cluster.Alphas()[0].GRPC}, User: dgraphproc.User, Password: "other"}); err == nil {
		t.Error("access is not controlled")
	}
}
