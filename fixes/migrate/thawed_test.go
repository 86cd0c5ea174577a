package migrate

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// frozenAt lets something begin that freezes at a point, with the lock held. What is returned thaws it and gives its
// error.
func frozenAt(t *testing.T, d *dgraphtest.Dgraph, point string, do func(*dql.Client, Options) error) func() error {
	t.Helper()
	frozen, thaw, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	c, first := open(t, d), true
	go func() {
		result <- do(c, Options{Who: "frozen", Beat: time.Hour, point: func(name string) {
			if name == point && first {
				first = false
				close(frozen)
				<-thaw
			}
		}})
	}()
	select {
	case <-frozen:
	case err := <-result:
		t.Fatalf("it was to freeze, and ends with %v", err)
	}
	return func() error { close(thaw); return <-result }
}

// TestThawedOthers freezes what removes parts of the state, until others have taken over: the nodes that these have
// changed meanwhile are not changed a second time.
func TestThawedOthers(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 60
	f, taskOf := countingPlan()
	takes := Options{BatchSize: 10, Who: "second", Beat: 50 * time.Millisecond, Lease: 300 * time.Millisecond, taskOf: taskOf}
	half := func() {
		t.Helper()
		o := takes
		o.AfterBatch = hookAfter(2)
		if _, err := Run(t.Context(), c, f, Before, o); !errors.As(err, new(*Stopped)) {
			t.Fatal(err)
		}
	}
	reset := func(c *dql.Client, o Options) error { return Reset(t.Context(), c, []string{f.ID}, o) }
	ends := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s ends with %v", what, err)
		}
		if r, err := Run(t.Context(), c, f, Before, takes); err != nil || r.Status.State != Done {
			t.Errorf("%+v, %v", r, err)
		}
		wantOnce(t, d, n)
	}

	fillCounted(t, d, n)
	if _, err := Run(t.Context(), c, f, Before, takes); err != nil {
		t.Fatal(err)
	}
	thaw := frozenAt(t, d, "before removing", func(c *dql.Client, o Options) error {
		_, err := Undo(t.Context(), c, f, Before, o)
		return err
	})
	if _, err := Undo(t.Context(), c, f, Before, takes); err != nil {
		t.Fatal(err)
	}
	half()
	ends("undoing", thaw())

	fillCounted(t, d, n)
	half()
	thaw = frozenAt(t, d, "before unlogging", reset)
	half()
	ends("resetting", thaw())

	// Who has taken the lock goes by the state that is there.
	fillCounted(t, d, n)
	half()
	thaw = frozenAt(t, d, "before forgetting", reset)
	ctx, cancel := context.WithCancel(t.Context())
	locked := takes
	locked.point = func(name string) {
		if name == "locked" {
			cancel()
		}
	}
	if _, err := Run(ctx, c, f, Before, locked); err == nil {
		t.Fatal("it was to end")
	}
	ends("resetting", thaw())
}

// TestResetHalf ends a reset half way: what is left are the first plans.
func TestResetHalf(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	files := []File{copying("20260101000000-first", "T.a", "T.b"), copying("20260102000000-second", "T.a", "T.c")}
	if _, err := Up(t.Context(), c, files, Series{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	forgotten := 0
	if err := Reset(ctx, c, []string{files[0].ID, files[1].ID}, Options{point: func(name string) {
		if name == "before forgetting" {
			if forgotten++; forgotten == 2 {
				cancel()
			}
		}
	}}); err == nil {
		t.Fatal("it was to end half way")
	}
	all, err := Statuses(t.Context(), c, files)
	if err != nil || all[0].State != Done || all[1].State != Pending {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := Up(t.Context(), c, files, Series{}); err != nil {
		t.Error(err)
	}
}
