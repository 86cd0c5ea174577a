//go:build chaos && unix

package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

// childEnv makes TestChaosChild a runner of its own: what it holds says which.
const childEnv = "SCHEMACHECK_MIGRATE_CHILD"

// child is a runner in a process of its own.
type child struct {
	GRPC, HTTP  string
	Who         string
	Concurrency int
	Beat        time.Duration
	Undo        bool
	// Point is where it kills itself, at the given time that it comes there; empty
	// lets it end.
	Point string
	Time  int
	// Freeze stops it instead, when all of its ranges are there.
	Freeze bool
}

// threePlan counts in two steps before the deployment and in one after it, and declares a predicate in between.
func threePlan() (File, func(*Step) (task, error)) {
	f, _ := countingPlan()
	count := f.Steps[0]
	declare := Step{ID: "declare", Phase: Before, Kind: "declare", Declare: &Declare{Predicates: []Declared{{Name: "N.more", Type: "int"}, {Name: "N.late", Type: "int"}}}}
	more, late := count, count
	more.ID, more.Reads, more.Writes = "more", []string{"N.more"}, []string{"N.more"}
	late.ID, late.Phase, late.Reads, late.Writes = "late", After, []string{"N.late"}, []string{"N.late"}
	f.Plan = &Plan{Version: 1, ID: "20260101000000-three", Steps: []Step{count, declare, more, late}}
	return f, func(s *Step) (task, error) {
		if s.Declare != nil {
			return s.task()
		}
		return tally{s.Writes[0]}, nil
	}
}

// TestChaosChild is no test: it is what the processes of other tests run.
func TestChaosChild(t *testing.T) {
	var me child
	if text := os.Getenv(childEnv); text == "" {
		t.Skip("it is for processes that other tests start")
	} else if err := json.Unmarshal([]byte(text), &me); err != nil {
		t.Fatal(err)
	}
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{me.GRPC}, HTTP: me.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f, taskOf := threePlan()
	var mu sync.Mutex
	times, thawed, late := 0, false, 0
	all := make(chan struct{})
	o := Options{BatchSize: 10, Concurrency: me.Concurrency, Who: me.Who, Beat: me.Beat, Lease: chaosLease, taskOf: taskOf, point: func(name string) {
		mu.Lock()
		if thawed && name == "after commit" {
			late++
		}
		if name != me.Point || thawed {
			mu.Unlock()
			return
		}
		times++
		here := times - me.Time // from 0 on once it is time
		mu.Unlock()
		switch {
		case here < 0:
		case !me.Freeze:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it arrives
		case here == me.Concurrency-1:
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			time.Sleep(50 * time.Millisecond) // its threads do not stop at once
			mu.Lock()
			thawed = true
			mu.Unlock()
			close(all)
		default:
			<-all
		}
	}}
	phases := []Phase{Before, After}
	if me.Undo { // what was done last is taken back first
		slices.Reverse(phases)
	}
	for _, phase := range phases {
		if me.Undo {
			_, err = Undo(t.Context(), c, f, phase, o)
		} else {
			_, err = Run(t.Context(), c, f, phase, o)
		}
		if err != nil {
			break
		}
	}
	fmt.Printf("child: late %d, lost %v, %v\n", late, errors.Is(err, ErrLeaseLost), err)
}

// start starts a child. Its output is complete when it has ended.
func (me child) start(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	text, err := json.Marshal(me)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestChaosChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// child is a child at work on an arena.
func (a *arena) child(who string) child {
	alpha := a.cluster.Alphas()[0]
	return child{GRPC: alpha.GRPC, HTTP: alpha.HTTP, Who: who, Concurrency: 1 + a.random.IntN(3), Beat: chaosBeat}
}

// TestChaosKilledAt kills runners at each point that has a name, and lets the next one take over. It does so with the
// undoing, too.
func TestChaosKilledAt(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 300)
	f, taskOf := threePlan()
	kill := func(undo bool, points ...string) {
		t.Helper()
		for i, point := range points {
			me := a.child(fmt.Sprint("killed ", point))
			me.Undo, me.Point, me.Time = undo, point, 1
			if strings.Contains(point, "commit") || strings.Contains(point, "batch") {
				me.Time += a.random.IntN(3)
			}
			cmd, out := me.start(t)
			if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("%d: at %q it is not killed: %v\n%s", i, point, err, out)
			}
		}
	}
	// In the order in which a run comes there: what was done before is not come by
	// again.
	kill(false, "locked", "before cursors", "before commit", "after commit", "batch done", "before commit", "after commit", "batch done", "step done",
		"before alter", "before cursors", "after commit", "before commit", "batch done", "after commit", "step done", "before unlock",
		"after commit", "before commit", "step done", "before unlock")
	c := a.open(t)
	for _, phase := range []Phase{Before, After} {
		if _, err := Run(t.Context(), c, f, phase, Options{Beat: chaosBeat, Lease: chaosLease, taskOf: taskOf}); err != nil {
			t.Fatal(err)
		}
	}
	a.wantExact(t, f, Before, taskOf, "N.hits", "N.more")
	a.wantExact(t, f, After, taskOf, "N.late")
	kill(true, "before commit", "batch undone", "before commit", "batch undone")
	a.wantTakenBack(t, f, After, "N.late")
	a.wantTakenBack(t, f, Before, "N.hits", "N.more")
}

// TestChaosFrozen freezes runners for longer than their lease, and thaws them while the next one is at work.
func TestChaosFrozen(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 2000)
	f, taskOf := threePlan()
	t.Run("at commits", func(t *testing.T) {
		// Its commits of all ranges are under way when it freezes, and it finds out by
		// nothing but them: it gives no signs of life.
		me := a.child("frozen")
		me.Concurrency, me.Beat, me.Point, me.Time, me.Freeze = 3, time.Hour, "before commit", 10, true
		cmd, out := me.start(t)
		stopped(t, cmd, out)
		_, was, _ := tallied(t, a.connect(t), "N.hits")
		var once sync.Once
		if _, err := Run(t.Context(), a.open(t), f, Before, Options{BatchSize: 10, Concurrency: 3, Who: "second", Beat: chaosBeat, Lease: chaosLease, taskOf: taskOf, point: func(name string) {
			if name != "before commit" {
				return
			}
			once.Do(func() { // the other ranges wait for it
				thaw(t, cmd)
				if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "child: late 0, lost true, ") {
					t.Errorf("the thawed runner: %v\n%s", err, out)
				}
				if _, now, _ := tallied(t, a.connect(t), "N.hits"); now != was {
					t.Errorf("%d nodes were counted when it froze, and %d are when it is thawed", was, now)
				}
			})
		}}); err != nil {
			t.Fatal(err)
		}
		a.wantExact(t, f, Before, taskOf, "N.hits", "N.more")
	})
	t.Run("anywhere", func(t *testing.T) {
		a.fill(t, 2000)
		c := a.open(t)
		type runner struct {
			cmd *exec.Cmd
			out *bytes.Buffer
		}
		var frozen []runner
		for i := range 6 {
			me := a.child(fmt.Sprint("frozen ", i))
			cmd, out := me.start(t)
			for end := time.Now().Add(time.Minute); lockedBy(t, c) != me.Who; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) { // it waits for the lease of the one before, no longer
					t.Fatalf("nothing happens\n%s", out)
				}
			}
			time.Sleep(a.within(time.Millisecond, 200*time.Millisecond))
			for _, r := range frozen { // while this one is at work
				thaw(t, r.cmd)
				if err := r.cmd.Wait(); err != nil || !strings.Contains(r.out.String(), "lost true") {
					t.Errorf("thawed: %v\n%s", err, r.out)
				}
			}
			time.Sleep(a.within(time.Millisecond, 300*time.Millisecond))
			if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			frozen = []runner{{cmd, out}}
		}
		for _, phase := range []Phase{Before, After} {
			if _, err := Run(t.Context(), a.open(t), f, phase, Options{Beat: chaosBeat, Lease: chaosLease, taskOf: taskOf}); err != nil {
				t.Fatal(err)
			}
		}
		thaw(t, frozen[0].cmd)
		if err := frozen[0].cmd.Wait(); err != nil || !strings.Contains(frozen[0].out.String(), "lost true") {
			t.Errorf("thawed when all is done: %v\n%s", err, frozen[0].out)
		}
		a.wantExact(t, f, Before, taskOf, "N.hits", "N.more")
		a.wantExact(t, f, After, taskOf, "N.late")
	})
}

// lockedBy is who has the lock.
func lockedBy(t *testing.T, c *dql.Client) string {
	t.Helper()
	nodes, err := find(t.Context(), c.Snapshot(), lockKey)
	if err != nil {
		return "" // nobody has declared the predicates yet
	}
	var now lockHolder
	if err := nodes[0].decode(&now); err != nil {
		t.Fatal(err)
	}
	return now.Who
}

// stopped waits until a process has stopped itself.
func stopped(t *testing.T, cmd *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	for range 600 {
		state, err := exec.CommandContext(t.Context(), "ps", "-o", "stat=", "-p", fmt.Sprint(cmd.Process.Pid)).Output()
		if err == nil && strings.HasPrefix(strings.TrimSpace(string(state)), "T") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	t.Fatalf("it does not freeze\n%s", out)
}

func thaw(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Error(err)
	}
}
