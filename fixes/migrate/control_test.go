package migrate

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestTold pauses a run from elsewhere, sees that it waits and is told to wait, slows it down, lets it go on and ends it.
func TestTold(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 300
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	if _, err := Tell(t.Context(), c, "", Wish{Pause: true}, "me"); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody is at work: %v", err)
	}
	tell := func(w Wish) {
		t.Helper()
		told, err := Tell(t.Context(), c, "count", w, "somebody")
		if err != nil || told.Plan != f.ID || told.Who != "worker" {
			t.Errorf("%+v, %v", told, err)
		}
	}
	status := func() Status {
		t.Helper()
		all, err := Statuses(t.Context(), c, []File{f})
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		return all[0]
	}
	begun, told, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	between := make(chan chan struct{}) // who sends to it has the run wait after a batch, until what is sent is closed
	var batches atomic.Int32
	go func() {
		_, err := Run(t.Context(), open(t, d), f, Before, Options{BatchSize: 10, Who: "worker", Beat: 20 * time.Millisecond, taskOf: taskOf, point: func(name string) {
			if name != "batch done" {
				return
			}
			if batches.Add(1) == 3 {
				close(begun)
				<-told
			}
			select {
			case until := <-between:
				<-until
			default:
			}
		}})
		done <- err
	}()
	<-begun
	if _, err := Tell(t.Context(), c, "other", Wish{Cancel: true}, "me"); !errors.As(err, new(*Elsewhere)) || !strings.Contains(err.Error(), "worker") {
		t.Errorf("another plan: %v", err)
	}
	tell(Wish{Pause: true})
	close(told)
	waitFor(t, func() bool { s := status(); return s.State == Paused && s.Pace != nil && s.Pace.Held == "somebody" })
	held := status()
	if held.Counts.Nodes != 30 || held.Pace.Total != n || held.Pace.BatchSize != 10 || held.Abandoned {
		t.Errorf("%+v %+v", held, held.Pace)
	}
	time.Sleep(2 * heldLook)
	if now := status(); now.Counts.Nodes != held.Counts.Nodes {
		t.Errorf("it goes on while it is to wait: %+v", now.Counts)
	}
	rate, size := 20.0, 7
	tell(Wish{Rate: &rate, BatchSize: &size}) // which lasts when it is let go, and does not let it go
	time.Sleep(2 * heldLook)
	if now := status(); now.State != Paused || now.Counts.Nodes != held.Counts.Nodes {
		t.Errorf("tuned while it is to wait: %+v", now)
	}
	tell(Wish{Resume: true})
	waitFor(t, func() bool { s := status(); return s.State == Running && s.Counts.Nodes > 30 && s.Pace.BatchSize == 7 })
	if now := status(); now.Pace.Limit != rate || (now.Counts.Nodes-30)%7 != 0 {
		t.Errorf("%+v %+v", now.Counts, now.Pace)
	}
	both := make(chan struct{})
	between <- both
	tell(Wish{Cancel: true})
	tell(Wish{Resume: true}) // does not take that back
	close(both)
	err := <-done
	var stopped *Stopped
	if !errors.As(err, &stopped) || !stopped.Cancelled || status().State != Cancelled || batches.Load() > 20 {
		t.Errorf("%v, %+v after %d batches", err, status(), batches.Load())
	}
	// Nothing of that is for the next one.
	if r, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil || r.Status.State != Done {
		t.Fatalf("%+v, %v", r, err)
	}
	wantOnce(t, d, n)
	if s := status(); s.State != Done || s.Pace != nil || s.Abandoned {
		t.Errorf("%+v", s)
	}
}

// waitFor waits until something is so.
func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come to that")
		}
	}
}

// TestAbandoned: a run that was killed does not pass for one that is at work, once somebody else is.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 50)
	f, taskOf := countingPlan()
	state := func() Status {
		t.Helper()
		all, err := Statuses(t.Context(), c, []File{f})
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	frozen, thaw, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	batches := 0
	go func() {
		_, err := Run(t.Context(), open(t, d), f, Before, Options{BatchSize: 10, Who: "frozen", Beat: time.Hour, taskOf: taskOf, point: func(name string) {
			if name == "batch done" {
				batches++
				if batches == 1 {
					close(frozen)
				}
				<-thaw
			}
		}})
		done <- err
	}()
	<-frozen
	if s := state(); s.State != Running || s.Abandoned || s.Cursor == "" {
		t.Errorf("at work: %+v", s)
	}
	// Another plan takes over the lock, and gives it back.
	held, l, err := acquire(t.Context(), c, "another plan", Options{Who: "second", Beat: 20 * time.Millisecond, Lease: 100 * time.Millisecond})
	if err != nil || held.Err() != nil {
		t.Fatal(err)
	}
	if s := state(); s.State != Running || !s.Abandoned || s.Pace != nil {
		t.Errorf("the lock is somebody else's: %+v", s)
	}
	l.releaseAfter(t.Context())
	if s := state(); !s.Abandoned {
		t.Errorf("nobody has the lock: %+v", s)
	}
	close(thaw)
	if err := <-done; !errors.Is(err, ErrLeaseLost) || batches != 1 {
		t.Errorf("thawed it writes %d batches and ends with %v", batches-1, err)
	}
}

// TestClosingObeys: a run that only asks its closing question is cancelled all the same, and ends when its time is over.
func TestClosingObeys(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 30
	fillCounted(t, d, n)
	d.Alter(t, "N.copy: string .\n")
	f := File{&Plan{Version: 1, ID: "20260101000000-copy", Steps: []Step{{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "type(N)"},
		Reads: []string{"N.name", "N.copy"}, Writes: []string{"N.copy"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "N.name", To: "N.copy"}}}}, "abc"}
	for _, o := range []Options{{MaxDuration: 2 * time.Second}, {}} {
		if err := Reset(t.Context(), c, []string{f.ID}, Options{}); err != nil {
			t.Fatal(err)
		}
		over := time.Now().Add(o.MaxDuration)
		o.point = func(name string) {
			if name != "step done" {
				return
			}
			if o.MaxDuration > 0 {
				time.Sleep(time.Until(over) + 100*time.Millisecond) // the run began a little later
				return
			}
			if _, err := Tell(t.Context(), c, "", Wish{Cancel: true}, "me"); err != nil {
				t.Error(err)
			}
		}
		_, err := Run(t.Context(), c, f, Before, o)
		var stopped *Stopped
		if !errors.As(err, &stopped) || stopped.Cancelled != (o.MaxDuration == 0) {
			t.Errorf("%+v: %v", o.MaxDuration, err)
		}
		all, err := Statuses(t.Context(), c, []File{f})
		if err != nil || all[0].State == Done || all[0].Counts.Nodes != n {
			t.Errorf("%+v, %v", all, err)
		}
	}
	if r, err := Run(t.Context(), c, f, Before, Options{}); err != nil || r.Status.State != Done || r.Status.Counts.Nodes != n {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestCancelledBetween: somebody who ends a run while its last batch is written is heard before what comes after it.
func TestCancelledBetween(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const schema = "type T { a: String }\n"
	for _, next := range []string{"a step that alters", "the deploy"} {
		fillCounted(t, d, 10)
		f, counts := countingPlan()
		s := Series{Options: Options{taskOf: func(s *Step) (task, error) {
			if s.Drop != nil {
				return s.Drop, nil
			}
			return counts(s)
		}}}
		if next == "the deploy" {
			s.Deploy, f.To = schema, fingerprintOf(t, schema)
		} else {
			f.Steps = append(f.Steps, Step{ID: "drop", Phase: Before, Kind: "drop", Undo: UndoNo, Drop: &Drop{Predicates: []string{"N.name"}}})
		}
		s.AfterBatch = func(context.Context, Status) error {
			_, err := Tell(t.Context(), c, "", Wish{Cancel: true}, "somebody")
			return err
		}
		var stopped *Stopped
		if all, err := Up(t.Context(), open(t, d), []File{f}, s); !errors.As(err, &stopped) || !stopped.Cancelled {
			t.Errorf("%s: %+v, %v", next, all, err)
		}
		if stored := d.StoredSchema(t); !strings.Contains(stored, "N.name") || strings.Contains(stored, "T.a") {
			t.Errorf("%s was carried out:\n%s", next, stored)
		}
		wantOnce(t, d, 10)
	}
}
