//go:build chaos

package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// arena is a Dgraph of a test's own, with nodes to be counted.
type arena struct {
	cluster *dgraphproc.Cluster
	nodes   int
	random  *rand.Rand
	// others is what outside gave at the beginning.
	others string
}

func newArena(t *testing.T, o dgraphproc.Options, nodes int) *arena {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	a := &arena{cluster: dgraphtest.Cluster(t, o), random: rand.New(rand.NewPCG(seed, 0))}
	a.fill(t, nodes)
	return a
}

// fill stores the nodes, and nothing else.
func (a *arena) fill(t *testing.T, nodes int) {
	t.Helper()
	d := a.connect(t)
	fillCounted(t, d, nodes)
	a.nodes, a.others = nodes, outside(t, d)
}

// connect connects anew: a connection that has seen a server die takes its time to try again.
func (a *arena) connect(t *testing.T) *dgraphtest.Dgraph {
	t.Helper()
	return dgraphtest.Connect(t, a.cluster)
}

// open connects as the program does, to all alphas.
func (a *arena) open(t *testing.T, change ...func(*dql.Config)) *dql.Client {
	t.Helper()
	config := dql.Config{Timeout: 10 * time.Second}
	for _, alpha := range a.cluster.Alphas() {
		config.Alphas = append(config.Alphas, alpha.GRPC)
	}
	if a.cluster.Options().ACL {
		config.User, config.Password = dgraphproc.User, dgraphproc.Password
	}
	for _, c := range change {
		c(&config)
	}
	c, err := dql.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// within is a random time.
func (a *arena) within(least, most time.Duration) time.Duration {
	return least + time.Duration(a.random.Int64N(int64(most-least)))
}

// outside is a checksum of all that plans do not write.
func outside(t *testing.T, d *dgraphtest.Dgraph) string {
	t.Helper()
	return fmt.Sprintf("%x", sha256.Sum256(d.Query(t, "{q(func: has(N.name)) {uid N.name dgraph.type}}")))
}

// tallied says of how many nodes a predicate says that they were counted once, how many have it, and how many of those
// should not.
func tallied(t *testing.T, d *dgraphtest.Dgraph, predicate string) (once, any, strays int) {
	t.Helper()
	var answer map[string][]struct{ Count int }
	if err := json.Unmarshal(d.Query(t, fmt.Sprintf(`{
	once(func: type(N)) @filter(eq(%[1]s, 1)) {count(uid)}
	any(func: has(%[1]s)) {count(uid)}
	strays(func: has(%[1]s)) @filter(NOT type(N)) {count(uid)}
}`, predicate)), &answer); err != nil {
		t.Fatal(err)
	}
	return answer["once"][0].Count, answer["any"][0].Count, answer["strays"][0].Count
}

// wantExact wants a phase to be done, each node counted once under each of its predicates, and nothing else touched.
func (a *arena) wantExact(t *testing.T, f File, phase Phase, taskOf func(*Step) (task, error), predicates ...string) {
	t.Helper()
	d := a.connect(t)
	for _, p := range predicates {
		if once, any, strays := tallied(t, d, p); once != a.nodes || any != a.nodes || strays > 0 {
			t.Errorf("%s: %d of %d nodes are counted once, %d at all, %d strays", p, once, a.nodes, any, strays)
		}
	}
	if now := outside(t, d); now != a.others {
		t.Error("what the plan does not write has changed")
	}
	r, err := Run(t.Context(), a.open(t), f, phase, Options{Beat: chaosBeat, Lease: chaosLease, taskOf: taskOf})
	if err != nil || !r.Already || r.Status.Counts.Nodes != uint64(a.nodes*len(predicates)) || r.Status.Counts.Changed != r.Status.Counts.Nodes || r.Status.Counts.Left > 0 {
		t.Errorf("the run that is over: %+v, %v", r, err)
	}
}

// wantTakenBack takes a phase back, by the log that it kept, and wants nothing left of it.
func (a *arena) wantTakenBack(t *testing.T, f File, phase Phase, predicates ...string) {
	t.Helper()
	back, err := Undo(t.Context(), a.open(t), f, phase, Options{Beat: chaosBeat, Lease: chaosLease})
	if err != nil || len(back.Left) > 0 {
		t.Errorf("taking phase %s back: %+v, %v", phase, back, err)
	}
	d := a.connect(t)
	for _, p := range predicates {
		if _, any, _ := tallied(t, d, p); any > 0 {
			t.Errorf("%s: taken back, and %d nodes are counted", p, any)
		}
	}
	if now := outside(t, d); now != a.others {
		t.Error("what the plan does not write has changed when it was taken back")
	}
}

// Short, so that the one who comes after a killed run waits for seconds only.
const (
	chaosBeat  = 200 * time.Millisecond
	chaosLease = 2 * time.Second
)

// done runs a phase again and again, until it is done. An end before that has to be for a server that does not answer.
// It returns how often it ended before.
func (a *arena) done(t *testing.T, c *dql.Client, f File, o Options) int {
	t.Helper()
	o.Beat, o.Lease = chaosBeat, chaosLease
	for ended := 0; ; ended++ {
		_, err := Run(t.Context(), c, f, Before, o)
		if err == nil {
			return ended
		}
		t.Logf("a run ends: %v", err)
		var known *dql.Error
		var busy *Busy
		switch {
		case ended > 30:
			t.Fatal("it does not come to an end")
		case errors.As(err, &busy): // somebody lives whose sign of life came late
		case errors.As(err, &known) && (known.Kind == dql.Unreachable || known.Kind == dql.Timeout || known.Kind == dql.NotReady || known.Kind == dql.Busy || known.Kind == dql.Aborted):
		default:
			t.Fatalf("a run ends for another reason than that nobody answers: %v", err)
		}
		if err := sleep(t.Context(), 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// during makes trouble a number of times at random moments while a run is at work: the run has to last longer.
func (a *arena) during(t *testing.T, times int, least, most time.Duration, trouble func(i int) error, run func()) {
	t.Helper()
	pauses := make([]time.Duration, times)
	for i := range pauses {
		pauses[i] = a.within(least, most)
	}
	ctx, over := context.WithCancel(t.Context())
	defer over()
	made, ended := 0, make(chan struct{})
	go func() {
		defer close(ended)
		for i, p := range pauses {
			if sleep(ctx, p) != nil {
				return
			}
			if err := trouble(i); err != nil {
				t.Error(err)
				return
			}
			made++
		}
	}()
	run()
	over()
	<-ended
	if made != times {
		t.Errorf("the run was over when trouble had been made %d times", made)
	}
}
