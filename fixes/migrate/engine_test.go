package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// tally adds one to a number of each node: done twice it shows.
type tally struct{ predicate string }

func (tally) check() error       { return nil }
func (c tally) reads() []string  { return []string{c.predicate} }
func (c tally) writes() []string { return []string{c.predicate} }

func (c tally) judge(p *page) (*change, error) {
	result := &change{}
	for _, n := range p.nodes {
		was := int64(0)
		for _, q := range n.quads[c.predicate] {
			was, _ = q.Data.(json.Number).Int64()
		}
		result.write([]dql.Quad{{Subject: dql.Node(n.uid), Predicate: c.predicate, Data: number(was + 1), Type: "int"}}, nil)
	}
	return result, nil
}

// countingPlan has one step that counts.
func countingPlan() (File, func(*Step) (task, error)) {
	s := Step{ID: "count", Phase: Before, Kind: "count", Select: &Select{Root: "type(N)"}, Reads: []string{"N.hits"}, Writes: []string{"N.hits"}, Undo: UndoYes}
	return File{&Plan{Version: 1, ID: "20260101000000-count", Steps: []Step{s}}, "abc"}, func(*Step) (task, error) { return tally{"N.hits"}, nil }
}

// fillCounted stores n nodes of type N, with others between them.
func fillCounted(t *testing.T, d *dgraphtest.Dgraph, n int) {
	t.Helper()
	d.DropAll(t)
	d.Alter(t, "N.hits: int .\nN.name: string .\ntype N {\n N.hits\n N.name\n}\n")
	if n > 0 {
		d.Mutate(t, nodesToCount(n))
	}
}

func nodesToCount(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "_:n%d <dgraph.type> \"N\" .\n_:n%d <N.name> \"%d\" .\n_:o%d <N.name> \"other\" .\n", i, i, i, i)
	}
	return text.String()
}

// hits says how many nodes were counted how often.
func hits(t *testing.T, d *dgraphtest.Dgraph) map[string]int {
	t.Helper()
	var answer struct {
		Q []struct {
			Hits json.Number `json:"N.hits"`
		}
	}
	if err := json.Unmarshal(d.Query(t, "{q(func: type(N)) {uid N.hits}}"), &answer); err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, n := range answer.Q {
		all[n.Hits.String()]++
	}
	return all
}

func wantOnce(t *testing.T, d *dgraphtest.Dgraph, n int) {
	t.Helper()
	if h := hits(t, d); h["1"] != n || len(h) != 1 {
		t.Errorf("nodes by how often they were counted: %v, want %d once", h, n)
	}
}

// TestRunInterrupted ends runs at random points and goes on, until the plan is done.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := open(t, d)
	const n = 1500
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	runs, ended := 0, 0
	for ; ; runs++ {
		if runs > 200 {
			t.Fatal("it does not come to an end")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var at atomic.Int32
		at.Store(int32(1 + random.IntN(11)))
		result, err := Run(ctx, c, f, Before, Options{BatchSize: 20, Concurrency: 1 + random.IntN(3), taskOf: taskOf, point: func(string) {
			if at.Add(-1) == 0 {
				cancel()
			}
		}})
		cancel()
		if err == nil {
			if result.Status.Counts.Nodes != n || result.Status.Counts.Changed != n || result.Status.State != Done {
				t.Errorf("%+v", result.Status)
			}
			break
		}
		ended++
		if !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "interrupted") {
			t.Fatal(err)
		}
	}
	if ended < 3 {
		t.Errorf("only %d runs were interrupted", ended)
	}
	wantOnce(t, d, n)
	again, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf})
	if err != nil || !again.Already {
		t.Errorf("%+v, %v", again, err)
	}
	wantOnce(t, d, n)
	f.Checksum = "other"
	if _, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); !errors.As(err, new(*Edited)) {
		t.Errorf("an edited plan: %v", err)
	}
}

// TestRacers starts several runs at once: one works, and the others are told who.
func TestRacers(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	const n = 400
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	var busy, done atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		c := open(t, d)
		group.Go(func() {
			_, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, Who: fmt.Sprint("racer ", i), Beat: 100 * time.Millisecond, Lease: 20 * time.Second, taskOf: taskOf})
			var b *Busy
			switch {
			case err == nil:
				done.Add(1)
			case errors.As(err, &b):
				if !strings.HasPrefix(b.Who, "racer ") || !strings.Contains(err.Error(), f.ID) {
					t.Errorf("%v", err)
				}
				busy.Add(1)
			default:
				t.Errorf("racer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if done.Load() == 0 || done.Load()+busy.Load() != 8 {
		t.Errorf("%d done, %d told that it is busy", done.Load(), busy.Load())
	}
	wantOnce(t, d, n)
}

// TestThawed freezes a run before its commit until another one has taken over and is done.
func TestThawed(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	const n = 100
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	frozen, thaw := make(chan struct{}), make(chan struct{})
	result := make(chan error)
	first := open(t, d)
	go func() {
		batches := 0
		_, err := Run(t.Context(), first, f, Before, Options{BatchSize: 30, Who: "frozen", Beat: time.Hour, taskOf: taskOf, point: func(name string) {
			if name != "before commit" {
				return
			}
			if batches++; batches == 2 {
				close(frozen)
				<-thaw
			}
		}})
		result <- err
	}()
	select {
	case <-frozen:
	case err := <-result:
		t.Fatalf("the run that was to freeze ends with %v", err)
	}
	if _, err := Run(t.Context(), open(t, d), f, Before, Options{BatchSize: 30, Who: "second", Beat: 50 * time.Millisecond, Lease: 300 * time.Millisecond, taskOf: taskOf}); err != nil {
		t.Errorf("taking over: %v", err)
	}
	close(thaw)
	if err := <-result; !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the frozen run ends with %v", err)
	}
	wantOnce(t, d, n)
}

// cutting is a proxy that can cut connections off.
type cutting struct {
	net.Listener
	to string

	mu    sync.Mutex
	conns []net.Conn
	mute  atomic.Bool // answers are not handed on
}

func newCutting(t *testing.T, to string) *cutting {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &cutting{Listener: l, to: to}
	t.Cleanup(func() { _ = l.Close(); p.cut() })
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
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() {
				buffer := make([]byte, 1<<16)
				for {
					n, err := out.Read(buffer)
					if err != nil {
						_ = in.Close()
						return
					}
					if p.mute.Load() {
						continue
					}
					if _, err := in.Write(buffer[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return p
}

func (p *cutting) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
	p.mute.Store(false)
}

// TestCutOff cuts the connection while batches are committed, before and after the server has them.
func TestCutOff(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const n = 1000
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	p := newCutting(t, d.GRPC)
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{p.Addr().String()}, HTTP: d.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	cuts := 0
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 20, taskOf: taskOf, point: func(name string) {
		if name != "before commit" || random.IntN(3) > 0 {
			return
		}
		cuts++
		p.mute.Store(true) // the server gets the commit, and its answer is lost
		time.AfterFunc(time.Duration(random.IntN(30))*time.Millisecond, p.cut)
	}}); err != nil {
		t.Fatal(err)
	}
	if cuts < 5 {
		t.Errorf("%d cuts", cuts)
	}
	wantOnce(t, d, n)
}

// TestWriters has others write the same nodes all the time.
func TestWriters(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 300
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	var committed atomic.Int64
	other := open(t, d)
	go func() {
		// They add a thousand to a node each: what of it commits must stay.
		defer close(ended)
		for ctx.Err() == nil {
			tx := other.Txn()
			answer, err := tx.Query(ctx, "{q(func: type(N), first: 1, offset: "+strconv.Itoa(rand.IntN(n))+") {uid N.hits}}", nil)
			if err != nil {
				continue
			}
			var quads []dql.Quad
			_ = dql.Rows(answer, "q", func(r dql.Row) error {
				quads = append(quads, dql.Quad{Subject: dql.Node(r.UID), Predicate: "N.hits", Data: number(int64(r.Count("N.hits")) + 1000), Type: "int"})
				return nil
			})
			if _, err := tx.Commit(context.WithoutCancel(ctx), quads, nil); err == nil {
				committed.Add(1)
			}
		}
	}()
	result, err := Run(t.Context(), c, f, Before, Options{BatchSize: 50, taskOf: taskOf, point: func(name string) {
		if name == "before commit" {
			time.Sleep(10 * time.Millisecond)
			waitFor(t, func() bool { return committed.Load() > 0 })
		}
	}})
	cancel()
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for value, nodes := range hits(t, d) {
		v, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		if v%1000 != 1 {
			t.Errorf("%d nodes have %d", nodes, v)
		}
		sum += v / 1000 * nodes
	}
	if int64(sum) != committed.Load() || sum == 0 {
		t.Errorf("%d writes of others are there, %d were committed", sum, committed.Load())
	}
	t.Logf("%d writes of others, %d batches given up", sum, result.Status.Counts.Aborts)
}

// TestUndo takes a copy back, and leaves what was changed meanwhile.
func TestUndo(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "U.name: string @lang .\nU.title: string @lang .\nU.tags: [string] .\nU.labels: [string] .\ntype U {\n U.name\n}\n")
	uids := d.Mutate(t, `
_:a <dgraph.type> "U" .
_:a <U.name> "Ann" .
_:a <U.name> "Anna"@de (sure=true) .
_:a <U.tags> "x" .
_:a <U.tags> "y" .
_:a <U.labels> "y" .
_:b <dgraph.type> "U" .
_:b <U.name> "Bob" .
_:c <dgraph.type> "U" .
_:c <U.name> "Cid" .
_:c <U.title> "Cid" .
`)
	everything := func() string {
		return string(d.Query(t, "{q(func: has(dgraph.type)) @filter(NOT has(schemacheck.key)) {uid dgraph.type U.name@* @facets U.title@* @facets U.tags @facets U.labels @facets}}"))
	}
	was := everything()
	f := File{&Plan{Version: 1, ID: "20260101000000-undo", Steps: []Step{
		{ID: "names", Phase: Before, Kind: "copy", Select: &Select{Root: "has(U.name@.)"}, Reads: []string{"U.name", "U.title"}, Writes: []string{"U.title"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "U.name", To: "U.title"}},
		{ID: "tags", Phase: Before, Kind: "copy", Select: &Select{Root: "has(U.tags)"}, Reads: []string{"U.tags", "U.labels"}, Writes: []string{"U.labels"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "U.tags", To: "U.labels"}},
		{ID: "types", Phase: Before, Kind: "add-type", Select: &Select{Root: "type(U)"}, Reads: []string{"dgraph.type"}, Writes: []string{"dgraph.type"}, Convergent: true, Undo: UndoYes, AddType: &AddType{Of: "U", Type: "V"}},
	}}, "abc"}
	for round := range 2 {
		ran, err := Run(t.Context(), c, f, Before, Options{BatchSize: 2})
		if err != nil {
			t.Fatal(err)
		}
		if ran.Status.Counts.Changed != 2+1+3 || everything() == was || len(ran.Unclean) > 0 {
			t.Errorf("round %d: %+v", round, ran)
		}
		if round == 1 {
			d.Mutate(t, "<"+uids["b"]+"> <U.title> \"Robert\" .\n")
		}
		back, err := Undo(t.Context(), c, f, Before, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if now := everything(); now != was || len(back.Left) > 0 {
				t.Errorf("before:\n%s\nundone:\n%s\n%+v", was, now, back.Left)
			}
		} else if len(back.Left) != 1 || string(dql.Node(back.Left[0].UID)) != uids["b"] || !strings.Contains(everything(), `"U.title":"Robert"`) {
			t.Errorf("%+v\n%s", back.Left, everything())
		}
	}
}

// TestSweepOverwrites: between the phases the old application changes a value that was copied, and the new one writes
// another.
func TestSweepOverwrites(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "U.name: string .\nU.title: string .\ntype U {\n U.name\n}\n")
	uids := d.Mutate(t, `
_:a <dgraph.type> "U" .
_:a <U.name> "Ann" .
_:b <dgraph.type> "U" .
_:b <U.name> "Bob" .
_:c <dgraph.type> "U" .
_:c <U.name> "Cid" .
`)
	step := Step{ID: "names", Phase: Before, Kind: "copy", Select: &Select{Root: "has(U.name)"}, Reads: []string{"U.name", "U.title"}, Writes: []string{"U.title"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "U.name", To: "U.title"}}
	again := step
	again.ID, again.Phase = "sweep", After
	f := File{&Plan{Version: 1, ID: "20260101000000-sweep", Steps: []Step{step, again}}, "abc"}
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 2}); err != nil {
		t.Fatal(err)
	}
	d.Mutate(t, "<"+uids["a"]+"> <U.name> \"Anna\" .\n<"+uids["b"]+"> <U.name> \"Bobby\" .\n<"+uids["b"]+"> <U.title> \"Robert\" .\n")
	r, err := Run(t.Context(), c, f, After, Options{BatchSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Left) != 1 || string(dql.Node(r.Left[0].UID)) != uids["b"] || r.Status.Counts.Changed != 1 {
		t.Errorf("%+v", r)
	}
	if got := string(d.Query(t, "{q(func: type(U), orderasc: U.title) {U.name U.title}}")); got != `{"q":[{"U.name":"Anna","U.title":"Anna"},{"U.name":"Cid","U.title":"Cid"},{"U.name":"Bobby","U.title":"Robert"}]}` {
		t.Error(got)
	}
}
