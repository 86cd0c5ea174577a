//go:build chaos

package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// application writes the same nodes as a run, and knows what has to be there: each node is written by one of its writers
// only, so that what that one committed last stays.
type application struct {
	stop    context.CancelFunc
	writers []*writer
	group   sync.WaitGroup
}

type writer struct {
	client *dql.Client
	random *rand.Rand
	name   string
	nodes  []*appNode
	writes int
	failed error
}

// appNode is a node as the application left it.
type appNode struct {
	uid     uint64
	fill    string // what it set; empty when it did not
	added   int64  // to the count, in thousands
	typ     string
	deleted bool
	old     bool // was there when the run began
	lasting bool // and had its type all the time
}

// newApplication stores nodes for an application, and lets it write.
func (a *arena) newApplication(t *testing.T, nodes int) *application {
	t.Helper()
	d := a.connect(t)
	d.DropAll(t)
	d.Alter(t, "N.hits: int .\nN.name: string .\nN.fill: string .\ntype N {\n N.hits\n N.name\n N.fill\n}\ntype M {\n N.hits\n N.name\n N.fill\n}\n")
	var text strings.Builder
	for i := range nodes {
		fmt.Fprintf(&text, "_:n%d <dgraph.type> \"N\" .\n_:n%[1]d <N.name> \"%[1]d\" .\n", i)
	}
	app := &application{}
	for i := range 4 {
		app.writers = append(app.writers, &writer{client: a.open(t), random: rand.New(rand.NewPCG(a.random.Uint64(), 0)), name: fmt.Sprint("app", i)})
	}
	i := 0
	for _, uid := range d.Mutate(t, text.String()) {
		w := app.writers[i%len(app.writers)]
		w.nodes = append(w.nodes, &appNode{uid: dql.Ref(uid).UID(), typ: "N", old: true, lasting: true})
		i++
	}
	ctx, cancel := context.WithCancel(t.Context())
	app.stop = cancel
	for _, w := range app.writers {
		app.group.Go(func() {
			for ctx.Err() == nil && w.failed == nil {
				w.write()
			}
		})
	}
	t.Cleanup(app.end)
	return app
}

// end lets the application write no more.
func (app *application) end() {
	app.stop()
	app.group.Wait()
}

// write does one thing. What is refused because the run was first was not done.
func (w *writer) write() {
	ctx := context.Background()
	n := w.nodes[w.random.IntN(len(w.nodes))]
	if n.deleted {
		return
	}
	subject := dql.Node(n.uid)
	tx := w.client.Txn()
	then := func(set, del []dql.Quad, done func(map[string]uint64)) {
		uids, err := tx.Commit(ctx, set, del)
		switch {
		case err == nil:
			w.writes++
			done(uids)
		case !isAborted(err):
			w.failed = err
		}
	}
	switch dice := w.random.IntN(100); {
	case dice < 40:
		value := fmt.Sprintf("%s %d", w.name, w.writes)
		then([]dql.Quad{text(subject, "N.fill", value)}, nil, func(map[string]uint64) { n.fill = value })
	case dice < 75:
		answer, err := tx.Query(ctx, fmt.Sprintf("{q(func: uid(%s)) {uid N.hits}}", subject), nil)
		if err != nil {
			w.failed = err
			return
		}
		was := int64(0)
		_ = dql.Rows(answer, "q", func(r dql.Row) error { was = int64(r.Count("N.hits")); return nil })
		then([]dql.Quad{{Subject: subject, Predicate: "N.hits", Data: number(was + 1000), Type: "int"}}, nil, func(map[string]uint64) { n.added++ })
	case dice < 80:
		var del []dql.Quad
		for _, p := range []string{"N.hits", "N.name", "N.fill", dgraphType} {
			del = append(del, dql.Quad{Subject: subject, Predicate: p, All: true})
		}
		then(nil, del, func(map[string]uint64) { n.deleted = true })
	case dice < 92:
		made := dql.Blank("new")
		then([]dql.Quad{text(made, dgraphType, "N"), text(made, "N.name", "new")}, nil, func(uids map[string]uint64) {
			for _, uid := range uids {
				w.nodes = append(w.nodes, &appNode{uid: uid, typ: "N"})
			}
		})
	default:
		to := map[string]string{"N": "M", "M": "N"}[n.typ]
		then([]dql.Quad{text(subject, dgraphType, to)}, []dql.Quad{text(subject, dgraphType, n.typ)}, func(map[string]uint64) { n.typ, n.lasting = to, false })
	}
}

// wantKept wants to see all that the application wrote, and that each node that was there all the time was counted once.
// It returns the nodes of type N that nobody filled.
func (app *application) wantKept(t *testing.T, d *dgraphtest.Dgraph) (empty int) {
	t.Helper()
	writes, kinds := 0, map[string]int{}
	for _, w := range app.writers {
		if w.failed != nil {
			t.Error(w.failed)
		}
		writes += w.writes
		for chunk := range slices.Chunk(w.nodes, 200) {
			var uids []string
			for _, n := range chunk {
				uids = append(uids, string(dql.Node(n.uid)))
			}
			var answer struct {
				Q []struct {
					UID  dql.Ref
					Hits *int64   `json:"N.hits"`
					Name *string  `json:"N.name"`
					Fill *string  `json:"N.fill"`
					Type []string `json:"dgraph.type"`
				}
			}
			if err := json.Unmarshal(d.Query(t, "{q(func: uid("+strings.Join(uids, ", ")+")) {uid N.hits N.name N.fill dgraph.type}}"), &answer); err != nil {
				t.Fatal(err)
			}
			for i, is := range answer.Q { // by uid
				at := slices.IndexFunc(chunk, func(n *appNode) bool { return n.uid == is.UID.UID() })
				n := chunk[at]
				fill, hits := "", int64(0)
				if is.Fill != nil {
					fill = *is.Fill
				}
				if is.Hits != nil {
					hits = *is.Hits
				}
				runs := hits - 1000*n.added
				switch {
				case n.deleted:
					kinds["deleted"]++
					if is.Hits != nil || is.Fill != nil || is.Name != nil || len(is.Type) > 0 {
						t.Errorf("%d: node %s was deleted, and holds %+v", i, is.UID, is)
					}
					continue
				case is.Name == nil || !slices.Equal(is.Type, []string{n.typ}):
					t.Errorf("node %s is %+v, want one of type %s", is.UID, is, n.typ)
				case n.fill != "" && fill != n.fill, n.fill == "" && fill != "" && fill != "filled":
					t.Errorf("node %s: the application wrote %q, and %q is there", is.UID, n.fill, fill)
				case n.old && n.lasting && runs != 1, runs != 0 && runs != 1:
					t.Errorf("node %s was counted %d times, besides %d thousand of the application (%+v)", is.UID, runs, n.added, *n)
				}
				if n.typ == "N" && fill == "" {
					empty++
				}
				kinds["type "+n.typ]++
				if !n.old {
					kinds["added"]++
				}
			}
		}
	}
	t.Logf("%d writes of the application; nodes: %v", writes, kinds)
	if writes < 200 || kinds["deleted"] == 0 || kinds["added"] == 0 || kinds["type M"] == 0 {
		t.Error("the application has done too little")
	}
	return empty
}

// TestChaosWriters has an application set, add to, delete, make and retype the nodes that a run counts and fills.
func TestChaosWriters(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 1)
	count, taskOf := countingPlan()
	fill := Step{ID: "fill", Phase: Before, Kind: "fill", Select: &Select{Root: "type(N)"}, Reads: []string{"N.fill"}, Writes: []string{"N.fill"}, Convergent: true, Undo: UndoYes,
		Fill: &Fill{Predicate: "N.fill", Type: "N", Reading: Reading{Type: "string"}, Values: []string{"filled"}}}
	f := File{&Plan{Version: 1, ID: "20260101000000-app", Steps: []Step{count.Steps[0], fill}}, "abc"}
	counting := taskOf
	taskOf = func(s *Step) (task, error) {
		if s.Fill != nil {
			return s.task()
		}
		return counting(s)
	}
	const nodes = 600
	// The application writes until the closing question, which then finds all that is
	// still open; or until the run is over, and then what is open is told.
	for _, until := range []string{"closing", "end"} {
		t.Run(until, func(t *testing.T) {
			app := a.newApplication(t, nodes)
			var steps atomic.Int32
			result, err := Run(t.Context(), a.open(t), f, Before, Options{BatchSize: 20, Concurrency: 2, Beat: chaosBeat, taskOf: taskOf, point: func(name string) {
				switch {
				case name == "before commit":
					time.Sleep(10 * time.Millisecond)
				case name == "step done" && steps.Add(1) == 2 && until == "closing":
					app.end()
				}
			}})
			app.end()
			if err != nil {
				t.Fatal(err)
			}
			if result.Status.Counts.Aborts == 0 {
				t.Error("the run met nobody")
			}
			d := a.connect(t)
			empty := app.wantKept(t, d)
			checks, err := Verify(t.Context(), a.open(t), &Plan{Version: 1, ID: f.ID, Steps: []Step{fill}}, Status{Phase: Before})
			if err != nil || len(checks) != 1 {
				t.Fatalf("%v, %v", checks, err)
			}
			t.Logf("%d batches given up; %d nodes are left open, the run told of %v", result.Status.Counts.Aborts, empty, result.Unclean)
			if int(checks[0].Open) != empty || until == "closing" && (empty > 0 || len(result.Unclean) > 0) {
				t.Errorf("%d nodes of the type are not filled; verifying finds %v", empty, checks)
			}
		})
	}
}

// TestChaosConflict has somebody write the nodes of each page between its reading and its commit, for as long as the run
// tries: it gives up and says so, and is carried out later.
func TestChaosConflict(t *testing.T) {
	t.Parallel()
	const nodes = 60
	a := newArena(t, dgraphproc.Options{}, nodes)
	f, taskOf := countingPlan()
	other := a.open(t)
	touched := int64(0)
	touch := func() {
		tx := other.Txn()
		answer, err := tx.Query(t.Context(), "{q(func: type(N)) {uid N.hits}}", nil)
		if err != nil {
			t.Error(err)
			return
		}
		var quads []dql.Quad
		_ = dql.Rows(answer, "q", func(r dql.Row) error {
			quads = append(quads, dql.Quad{Subject: dql.Node(r.UID), Predicate: "N.hits", Data: number(int64(r.Count("N.hits")) + 1000), Type: "int"})
			return nil
		})
		if _, err := tx.Commit(t.Context(), quads, nil); err != nil {
			t.Error(err)
			return
		}
		touched++
	}
	commits := 0
	c := a.open(t)
	began := time.Now()
	result, err := Run(t.Context(), c, f, Before, Options{BatchSize: 20, Beat: chaosBeat, taskOf: taskOf, point: func(name string) {
		if name != "before commit" {
			return
		}
		if commits++; commits > 1 { // the first page gets through
			touch()
		}
	}})
	t.Logf("it gives up after %v: %v", time.Since(began), err)
	if err == nil || !strings.Contains(err.Error(), "others write the same nodes all the time") || touched < mostFailures || isUnknown(err) {
		t.Fatalf("%d commits: %+v, %v", commits, result, err)
	}
	if s := result.Status; s.State != Failed || s.Counts.Changed != 20 || s.Counts.Aborts < mostFailures || !strings.Contains(s.Error, "others write") {
		t.Errorf("%+v", s)
	}
	var busy *Busy
	if again, err := Run(t.Context(), c, f, Before, Options{BatchSize: 20, Beat: chaosBeat, taskOf: taskOf}); err != nil || again.Status.State != Done || again.Status.Counts.Changed != nodes || errors.As(err, &busy) {
		t.Fatalf("%+v, %v", again, err)
	}
	for value, n := range hits(t, a.connect(t)) {
		if want := fmt.Sprint(1000*touched + 1); value != want {
			t.Errorf("%d nodes have %s, want %s", n, value, want)
		}
	}
}
