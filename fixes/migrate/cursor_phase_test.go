package migrate

import (
	"errors"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestFromCursorAfter: a cursor in phase after says that phase before is done, and it is not done once more.
func TestFromCursorAfter(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 20
	f, taskOf := countingPlan()
	f.Checksum = strings.Repeat("c", 64)
	after := f.Steps[0]
	after.ID, after.Phase = "after", After
	f.Steps = append(f.Steps, after)
	fillCounted(t, d, n)
	at := &Cursor{Checksum: f.Checksum, Step: "after"}
	series := func(phase Phase) Series {
		return Series{Phase: phase, Options: Options{taskOf: taskOf, From: at, BatchSize: 7}}
	}
	if open, err := Open(t.Context(), c, []File{f}, series("")); err != nil || len(open) != 1 || open[0].Phase != After {
		t.Errorf("%+v, %v", open, err)
	}
	if all, err := DryRun(t.Context(), c, []File{f}, series(""), 1); err != nil || len(all) != 1 || all[0].Phase != After {
		t.Errorf("%+v, %v", all, err)
	}
	states := func() string {
		t.Helper()
		all, err := Statuses(t.Context(), c, []File{f})
		if err != nil || len(all) != 2 {
			t.Fatalf("%+v, %v", all, err)
		}
		text := string(all[0].State + " " + all[1].State)
		if all[0].Baseline {
			text = "noted as " + text
		}
		return text
	}
	for _, test := range []struct {
		phase Phase
		state string
	}{{"", "noted as done done"}, {After, "noted as done done"}, {Before, "done pending"}} {
		fillCounted(t, d, n)
		if _, err := Up(t.Context(), c, []File{f}, series(test.phase)); err != nil || states() != test.state {
			t.Errorf("%s: %s, %v", test.phase, states(), err)
		}
		wantOnce(t, d, n)
	}

	// One that was not applicable counts as done, too; one that has begun does not.
	fillCounted(t, d, 0)
	if _, err := Up(t.Context(), c, []File{f}, Series{Phase: Before, Options: Options{taskOf: taskOf}}); err != nil || states() != "not-applicable pending" {
		t.Fatalf("%s, %v", states(), err)
	}
	d.Mutate(t, nodesToCount(n))
	if _, err := Up(t.Context(), c, []File{f}, series("")); err != nil || states() != "noted as done done" {
		t.Errorf("%s, %v", states(), err)
	}
	wantOnce(t, d, n)
	fillCounted(t, d, n)
	o := Options{BatchSize: 5, taskOf: taskOf, AfterBatch: hookAfter(1)}
	if _, err := Up(t.Context(), c, []File{f}, Series{Options: o}); !errors.As(err, new(*Stopped)) {
		t.Fatal(err)
	}
	if _, err := Up(t.Context(), c, []File{f}, series("")); !errors.As(err, new(*Unfit)) || states() != "paused pending" {
		t.Errorf("%s, %v", states(), err)
	}

	// The new schema has to be served.
	fillCounted(t, d, n)
	f.From, f.To = "s0", "s1"
	if _, err := Up(t.Context(), c, []File{f}, series("")); !errors.As(err, new(*Unfit)) || !strings.Contains(err.Error(), "is not served: deploy it first") || states() != "pending pending" {
		t.Errorf("%s, %v", states(), err)
	}
}
