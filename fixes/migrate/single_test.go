package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// hookAfter ends a run after some batches.
func hookAfter(batches int) func(context.Context, Status) error {
	return func(context.Context, Status) error {
		if batches--; batches <= 0 {
			return errors.New("enough")
		}
		return nil
	}
}

// TestSingleTxn writes all nodes at once, or none.
func TestSingleTxn(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 2500
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	r, err := Run(t.Context(), c, f, Before, Options{SingleTxn: true, taskOf: taskOf})
	if err != nil || r.Status.Counts.Batches != 1 || r.Status.Counts.Nodes != n {
		t.Errorf("%+v, %v", r, err)
	}
	wantOnce(t, d, n)
	if err := Reset(t.Context(), c, []string{f.ID}, Options{}); err != nil {
		t.Fatal(err)
	}
	d.Bulk(t, MostSingle-n, func(_ int, add func(string, *api.Value)) {
		add("dgraph.type", &api.Value{Val: &api.Value_StrVal{StrVal: "N"}})
	})
	var stopped *Stopped
	if r, err = Run(t.Context(), c, f, Before, Options{SingleTxn: true, taskOf: taskOf}); !errors.As(err, &stopped) || !strings.Contains(err.Error(), fmt.Sprint(MostSingle)) {
		t.Errorf("%+v, %v", r, err)
	}
	f.Steps[0].Select = &Select{Root: "type(N)", Filter: "NOT has(N.hits)"} // the page has all of them
	if _, err = Run(t.Context(), c, f, Before, Options{SingleTxn: true, taskOf: taskOf}); !errors.As(err, &stopped) || !strings.Contains(err.Error(), "goes through") {
		t.Errorf("%v", err)
	}
	if h := hits(t, d); h["1"] != n || h[""] != MostSingle-n {
		t.Errorf("%v", h)
	}
}

// TestUndoLimitGuessed: a step whose log would be too large is not begun.
func TestUndoLimitGuessed(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 1500
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	var stopped *Stopped
	if r, err := Run(t.Context(), c, f, Before, Options{UndoLimit: 5000, taskOf: taskOf}); !errors.As(err, &stopped) || !strings.Contains(err.Error(), "--undo-limit") || r.Status.Counts.Batches > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := Run(t.Context(), c, f, Before, Options{UndoLimit: 5000, NoUndo: true, taskOf: taskOf}); err != nil || r.Status.State != Done {
		t.Errorf("%+v, %v", r, err)
	}
	wantOnce(t, d, n)
}

// TestHooks are called around each batch, and can end the run.
func TestHooks(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 40
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	var calls []string
	note := func(name string) func(context.Context, Status) error {
		return func(_ context.Context, s Status) error {
			calls = append(calls, fmt.Sprint(name, s.Counts.Nodes))
			return nil
		}
	}
	var stopped *Stopped
	_, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, taskOf: taskOf, BeforeBatch: note("b"), AfterBatch: hookAfter(2)})
	if !errors.As(err, &stopped) || stopped.Cancelled || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, taskOf: taskOf, BeforeBatch: note("b"), AfterBatch: note("a")}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(calls, " "), "b0 b10 b20 a30 b30 a40 b40 a40"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	wantOnce(t, d, n)
}

// TestHookHangs: a command that does not end is ended when somebody cancels the run, or its time is over.
func TestHookHangs(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 40)
	f, taskOf := countingPlan()
	for _, most := range []time.Duration{0, time.Second} {
		_, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, MaxDuration: most, taskOf: taskOf, BeforeBatch: func(ctx context.Context, _ Status) error {
			if most == 0 {
				if _, err := Tell(t.Context(), c, "", Wish{Cancel: true}, "me"); err != nil {
					t.Error(err)
				}
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(20 * time.Second):
				return errors.New("it hangs")
			}
		}})
		var stopped *Stopped
		if !errors.As(err, &stopped) || stopped.Cancelled != (most == 0) || strings.Contains(err.Error(), "hangs") {
			t.Errorf("%v: %v", most, err)
		}
	}
}
