//go:build chaos

package migrate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

// between is a plan that counts, changes the schema, and counts again.
func between(middle Step) (File, func(*Step) (task, error)) {
	f, taskOf := threePlan()
	middle.ID, middle.Phase = "middle", Before
	first, second := f.Steps[0], f.Steps[2]
	f.Plan = &Plan{Version: 1, ID: "20260101000000-between", Steps: []Step{first, middle, second}}
	return f, func(s *Step) (task, error) {
		if s.ID == "middle" {
			return s.task()
		}
		return taskOf(s)
	}
}

// TestChaosRefused has a server refuse what a step in the middle of a plan declares, until somebody clears the way.
func TestChaosRefused(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 200)
	d := a.connect(t)
	d.Alter(t, "N.more: int .\nR.secret: string .")
	d.Mutate(t, "_:a <R.secret> \"x\" .")
	f, taskOf := between(Step{Kind: "redeclare", Redeclare: &Redeclare{Predicate: Declared{Name: "R.secret", Type: "password"}}})
	c := a.open(t)
	o := Options{BatchSize: 20, Concurrency: 2, Beat: chaosBeat, Lease: chaosLease, taskOf: taskOf}
	for range 3 {
		result, err := Run(t.Context(), c, f, Before, o)
		if err == nil || !strings.Contains(err.Error(), "Schema change not allowed") || !strings.Contains(err.Error(), "step middle") || result.Status.State != Failed || result.Status.Step != "middle" {
			t.Fatalf("%+v, %v", result, err)
		}
		if once, any, _ := tallied(t, d, "N.hits"); once != a.nodes || any != a.nodes {
			t.Errorf("%d nodes are counted once, %d at all", once, any)
		}
		if _, any, _ := tallied(t, d, "N.more"); any != 0 {
			t.Errorf("the step after the refused one has counted %d nodes", any)
		}
	}
	if err := d.Client().Alter(t.Context(), &api.Operation{DropOp: api.Operation_ATTR, DropValue: "R.secret"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), c, f, Before, o); err != nil {
		t.Fatal(err)
	}
	a.wantExact(t, f, Before, taskOf, "N.hits", "N.more")
}

// TestChaosIndexing runs a plan while the server builds an index: batches go on, and what changes the schema waits.
func TestChaosIndexing(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 200)
	f, taskOf := between(Step{Kind: "declare", Declare: &Declare{Predicates: []Declared{{Name: "N.more", Type: "int"}, {Name: "N.found", Type: "string", Index: []string{"hash"}}}}})
	d := a.connect(t)
	d.Alter(t, "I.text: string .")
	d.Bulk(t, 60_000, func(i int, add func(string, *api.Value)) {
		add("I.text", &api.Value{Val: &api.Value_StrVal{StrVal: fmt.Sprintf("the quick brown fox number %d jumps over %d lazy dogs", i, i*7)}})
	})
	if err := prepareState(t.Context(), a.open(t)); err != nil {
		t.Fatal(err)
	}
	if err := d.Client().Alter(t.Context(), &api.Operation{Schema: "I.text: string @index(fulltext, term, trigram) .", RunInBackground: true}); err != nil {
		t.Fatal(err)
	}
	building := false
	var began time.Time
	if _, err := Run(t.Context(), a.open(t), f, Before, Options{BatchSize: 20, Concurrency: 2, Beat: chaosBeat, Lease: chaosLease, taskOf: taskOf, point: func(name string) {
		if name == "before alter" {
			err := d.Client().Alter(t.Context(), &api.Operation{Schema: "I.other: int ."})
			building = err != nil && strings.Contains(err.Error(), "errIndexingInProgress")
			began = time.Now()
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if !building {
		t.Error("the index was built already when the plan came to its alter")
	}
	t.Logf("the alter waits for %v", time.Since(began))
	a.wantExact(t, f, Before, taskOf, "N.hits", "N.more")
}
