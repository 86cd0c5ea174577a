package migrate

import (
	"errors"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestSlowHears: a run that is so slow that its pauses take minutes hears in them what is wanted of it.
func TestSlowHears(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 20
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	slow := func(o Options, wish *Wish) (*Result, error) {
		t.Helper()
		o.Rate, o.taskOf = 0.001, taskOf
		batches := make(chan bool, 100)
		o.point = func(name string) {
			if name == "batch done" {
				batches <- true
			}
		}
		type outcome struct {
			r   *Result
			err error
		}
		done := make(chan outcome, 1)
		go func() {
			r, err := Run(t.Context(), c, f, Before, o)
			done <- outcome{r, err}
		}()
		<-batches
		if wish != nil {
			if _, err := Tell(t.Context(), c, "", *wish, "somebody"); err != nil {
				t.Error(err)
			}
		}
		select {
		case o := <-done:
			return o.r, o.err
		case <-time.After(20 * time.Second):
			t.Fatal("it heard nothing")
			return nil, nil
		}
	}
	var stopped *Stopped
	if _, err := slow(Options{}, &Wish{Cancel: true}); !errors.As(err, &stopped) || !stopped.Cancelled {
		t.Errorf("%v", err)
	}
	if _, err := slow(Options{MaxDuration: time.Second}, nil); !errors.As(err, &stopped) || stopped.Cancelled {
		t.Errorf("%v", err)
	}
	fast := 1e6
	if r, err := slow(Options{}, &Wish{Rate: &fast}); err != nil || r.Status.State != Done || r.Status.Counts.Nodes != n {
		t.Errorf("%+v, %v", r, err)
	}
	wantOnce(t, d, n)
}

// TestRateOfRanges: what a second allows is that of all ranges together.
func TestRateOfRanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rate       float64
		ranges     int
		single     bool
		size, want int
	}{{0, 4, false, 1000, 1000}, {100, 1, false, 1000, 100}, {100, 4, false, 1000, 25}, {100, 4, false, 10, 10}, {2, 4, false, 1000, 1}, {0.1, 1, false, 1000, 1}, {1e300, 1, false, 1000, 1000}, {10, 1, true, 5000, 5000}} {
		w := &work{run: &run{options: Options{Concurrency: test.ranges, SingleTxn: test.single}, tuned: tuned{rate: test.rate}}}
		if got := w.within(test.size); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
	l := &limiter{}
	l.begin(10)
	if l.took(20); l.took(20) < 3900*time.Millisecond {
		t.Error("two ranges at once are as fast as one")
	}
	l.begin(1e-300)
	if l.took(1) < time.Hour || l.took(1000) < time.Hour {
		t.Error("a long pause is none")
	}
}

// TestTakenOverInTime: waiting for the lock of one who was killed is no time of the run, and is told; and his run is
// known to be silent although he gave no sign of life but the lock.
func TestTakenOverInTime(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 20
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	began := time.Now().UTC().Truncate(time.Second)
	thaw := frozenAt(t, d, "batch done", func(c *dql.Client, o Options) error {
		o.taskOf, o.BatchSize = taskOf, 5
		_, err := Run(t.Context(), c, f, Before, o)
		return err
	})
	all, err := Statuses(t.Context(), c, []File{f})
	if err != nil || all[0].State != Running || all[0].Pace == nil || all[0].Pace.At.Before(began) || all[0].Pace.Step != "count" {
		t.Errorf("%+v %+v, %v", all, all[0].Pace, err)
	}
	var silent []*Busy
	o := Options{taskOf: taskOf, Beat: 50 * time.Millisecond, Lease: 1500 * time.Millisecond, MaxDuration: 1400 * time.Millisecond,
		Silent: func(b *Busy) { silent = append(silent, b) }}
	r, err := Run(t.Context(), c, f, Before, o)
	if err != nil || r.Status.State != Done || r.Status.Counts.Nodes != n {
		t.Errorf("%+v, %v", r, err)
	}
	if len(silent) != 1 || silent[0].Doing != doingOf(f, Before) {
		t.Errorf("%+v", silent)
	}
	if err := thaw(); !errors.Is(err, ErrLeaseLost) {
		t.Error(err)
	}
	wantOnce(t, d, n)
}

// TestStoppedAtOnce: what is told of a run that ends before its first batch is what was done before it, by one that was
// killed and noted nothing but its cursor.
func TestStoppedAtOnce(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 30)
	f, taskOf := countingPlan()
	thaw := frozenAt(t, d, "batch done", func(c *dql.Client, o Options) error {
		o.taskOf, o.BatchSize = taskOf, 10
		_, err := Run(t.Context(), c, f, Before, o)
		return err
	})
	r, err := Run(t.Context(), c, f, Before, Options{MaxDuration: 1, taskOf: taskOf, Beat: 50 * time.Millisecond, Lease: 300 * time.Millisecond})
	if !errors.As(err, new(*Stopped)) || r.Status.Counts.Nodes != 10 || r.Status.Counts.Changed != 10 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := thaw(); !errors.Is(err, ErrLeaseLost) {
		t.Error(err)
	}
}
