package migrate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// delaying is a proxy that can hand requests on long after their client has
// given up.
type delaying struct {
	net.Listener
	mu    sync.Mutex
	conns []*delayed
}

// delayed is one connection through it.
type delayed struct {
	in, out net.Conn
	held    bool
	kept    []byte
}

func newDelaying(t *testing.T, to string) *delaying {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &delaying{Listener: l}
	t.Cleanup(func() {
		_ = l.Close()
		p.each(func(c *delayed) { _, _ = c.in.Close(), c.out.Close() })
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			c := &delayed{in: in, out: out}
			p.mu.Lock()
			p.conns = append(p.conns, c)
			p.mu.Unlock()
			go p.forward(c)
			go func() {
				if _, err := io.Copy(in, out); err != nil {
					_, _ = io.Copy(io.Discard, out) // the client is gone, and the server is not to know
				}
			}()
		}
	}()
	return p
}

func (p *delaying) forward(c *delayed) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := c.in.Read(buffer)
		p.mu.Lock()
		if c.held {
			c.kept = append(c.kept, buffer[:n]...)
		} else if n > 0 {
			_, _ = c.out.Write(buffer[:n])
		}
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *delaying) each(do func(*delayed)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		do(c)
	}
}

// hold keeps back what is sent on the connections that there are.
func (p *delaying) hold() { p.each(func(c *delayed) { c.held = true }) }

// cut ends the held connections on the side of the client.
func (p *delaying) cut() {
	p.each(func(c *delayed) {
		if c.held {
			_ = c.in.Close()
		}
	})
}

// cutLater cuts once as much is held as a commit has, with what comes right after it.
func (p *delaying) cutLater() {
	for kept := 0; kept < 1000; time.Sleep(10 * time.Millisecond) {
		p.each(func(c *delayed) { kept = max(kept, len(c.kept)) })
	}
	time.Sleep(50 * time.Millisecond)
	p.cut()
}

// release hands on what was held.
func (p *delaying) release() {
	p.each(func(c *delayed) { _, _ = c.out.Write(c.kept); c.kept = nil })
}

// TestCommittedLate has a commit arrive at the server while the batch, whose answer did not come, is tried again.
func TestCommittedLate(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	const n = 100
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	p := newDelaying(t, d.GRPC)
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{p.Addr().String()}, HTTP: d.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	commits := 0
	result, err := Run(t.Context(), c, f, Before, Options{BatchSize: 30, taskOf: taskOf, point: func(name string) {
		if name != "before commit" {
			return
		}
		switch commits++; commits {
		case 2:
			p.hold()
			go p.cutLater()
		case 3:
			p.release()
			waitFor(t, func() bool { return hits(t, d)["1"] == 60 })
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Status.Counts; commits != 5 || got.Batches != 4 || got.Changed != n || got.Aborts != 1 {
		t.Errorf("%d commits, %+v", commits, got)
	}
	wantOnce(t, d, n)
}

// TestThawedBeforeCursors freezes a run before it takes the cursors. Thawed, it must not take them from the one who
// took over.
func TestThawedBeforeCursors(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"before cursors", "before alter"} {
		t.Run(at, func(t *testing.T) {
			d := dgraphtest.Server(t)
			d.Lock(t)
			const n = 100
			fillCounted(t, d, n)
			f, taskOf := countingPlan()
			altered := 0
			f.Steps = append([]Step{{ID: "alter", Phase: Before}}, f.Steps...)
			counting := taskOf
			taskOf = func(s *Step) (task, error) {
				if s.ID == "alter" {
					return alterer(func() { altered++ }), nil
				}
				return counting(s)
			}
			frozen, thaw, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			first := open(t, d)
			go func() {
				_, err := Run(t.Context(), first, f, Before, Options{BatchSize: 30, Who: "frozen", Beat: time.Hour, taskOf: taskOf, point: func(name string) {
					if name == at {
						close(frozen)
						<-thaw
					}
				}})
				result <- err
			}()
			<-frozen
			commits := 0
			_, err := Run(t.Context(), open(t, d), f, Before, Options{BatchSize: 30, Who: "second", Beat: 50 * time.Millisecond, Lease: 300 * time.Millisecond, taskOf: taskOf, point: func(name string) {
				if name != "before commit" {
					return
				}
				if commits++; commits == 2 {
					close(thaw)
					if err := <-result; !errors.Is(err, ErrLeaseLost) {
						t.Errorf("the frozen run ends with %v", err)
					}
				}
			}})
			if err != nil {
				t.Errorf("the one who took over ends with %v", err)
			}
			wantOnce(t, d, n)
			if altered != 1 {
				t.Errorf("altered %d times", altered)
			}
		})
	}
}

// TestOnError meets a node that Dgraph refuses, and one whose log would be too large.
func TestOnError(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 60
	for _, on := range []OnError{Stop, Skip} {
		for _, bad := range []string{"refused", "too large to log", "cannot be sent"} {
			t.Run(string(on)+" "+bad, func(t *testing.T) {
				fillCounted(t, d, n)
				f, _ := countingPlan()
				f.Steps[0].Reads = append(f.Steps[0].Reads, "N.name")
				taskOf := func(*Step) (task, error) { return spoilt{tally{"N.hits"}, bad}, nil }
				result, err := Run(t.Context(), c, f, Before, Options{OnError: on, taskOf: taskOf})
				if on == Stop {
					if err == nil || !strings.Contains(err.Error(), "node 0x") || strings.Contains(err.Error(), "many") || result.Status.State != Failed {
						t.Errorf("%+v, %v", result, err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := result.Status.Counts; got.Nodes != n || got.Changed != n-1 || got.Left != 1 || len(result.Left) != 1 || strings.Contains(result.Left[0].Reason, "many") || result.Status.State != Done {
					t.Errorf("%+v", result)
				}
				if h := hits(t, d); h["1"] != n-1 {
					t.Errorf("%v", h)
				}
			})
		}
	}
}

// alterer is an altering task.
type alterer func()

func (alterer) check() error { return nil }

func (a alterer) alter(context.Context, *dql.Client, *dql.Stored) error {
	a()
	return nil
}

// spoilt counts, and writes of the node named 42 what cannot be written.
type spoilt struct {
	tally
	how string
}

func (s spoilt) reads() []string { return []string{"N.hits", "N.name"} }

func (s spoilt) judge(p *page) (*change, error) {
	c, err := s.tally.judge(p)
	for i := range c.set {
		name := p.nodes[i].quads["N.name"]
		if len(name) != 1 || name[0].Data != "42" {
			continue
		}
		switch s.how {
		case "refused":
			c.set[i].Data, c.set[i].Type = "many", ""
		case "cannot be sent":
			c.set[i].Data, c.set[i].Type = "_STAR_ALL", ""
		default:
			random := make([]byte, mostLog)
			_, _ = rand.Read(random)
			c.set[i].Facets = []dql.Facet{{Key: "f", Data: hex.EncodeToString(random)}}
		}
	}
	return c, err
}

// TestPaced: a run with a rate does not sleep past its time, nor past what others want of it, and goes on later.
func TestPaced(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 400
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	start := time.Now()
	result, err := Run(t.Context(), c, f, Before, Options{Rate: 50, MaxDuration: 950 * time.Millisecond, taskOf: taskOf}) // a batch takes a second, with its pause
	var stopped *Stopped
	if !errors.As(err, &stopped) || stopped.Cancelled || result.Status.State != Paused || result.Status.Counts.Nodes != 50 {
		t.Errorf("%+v, %v", result, err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it takes %v", took)
	}
	var batches atomic.Int32
	result, err = Run(t.Context(), c, f, Before, Options{BatchSize: 20, Concurrency: 2, taskOf: taskOf, point: func(name string) {
		if name != "batch done" {
			return
		}
		if batches.Add(1) == 2 {
			if _, err := Tell(t.Context(), c, f.ID, Wish{Cancel: true}, "somebody"); err != nil {
				t.Error(err)
			}
		}
	}})
	if !errors.As(err, &stopped) || !stopped.Cancelled || result.Status.State != Cancelled || !strings.Contains(err.Error(), "somebody") || result.Status.Counts.Nodes == n {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	wantOnce(t, d, n)
}

// TestFenced thaws a run after another one has taken the cursors and before that one has moved any: not one batch of
// it may be written, in no range.
func TestFenced(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	const n = 200
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	frozen, thaw, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var commits, late atomic.Int32
	first := open(t, d)
	go func() {
		_, err := Run(t.Context(), first, f, Before, Options{BatchSize: 10, Concurrency: 2, Who: "frozen", Beat: time.Hour, taskOf: taskOf, point: func(name string) {
			switch {
			case name == "before commit" && commits.Add(1) > 4:
				if commits.Load() == 6 {
					close(frozen)
				}
				<-thaw
			case name == "after commit" && commits.Load() >= 6:
				late.Add(1)
			}
		}})
		result <- err
	}()
	<-frozen
	was := hits(t, d)["1"]
	var once sync.Once
	second, err := Run(t.Context(), open(t, d), f, Before, Options{BatchSize: 10, Concurrency: 2, Who: "second", Beat: 50 * time.Millisecond, Lease: 300 * time.Millisecond, taskOf: taskOf, point: func(name string) {
		if name != "before commit" {
			return
		}
		once.Do(func() { // the others wait for it
			close(thaw)
			if err := <-result; !errors.Is(err, ErrLeaseLost) {
				t.Errorf("the frozen run ends with %v", err)
			}
			if now := hits(t, d)["1"]; now != was || late.Load() > 0 {
				t.Errorf("the frozen run wrote %d batches: %d nodes were counted, and %d are now", late.Load(), was, now)
			}
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if second.Status.Counts.Aborts > 0 {
		t.Errorf("%+v", second.Status.Counts)
	}
	wantOnce(t, d, n)
}
