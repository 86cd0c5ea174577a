package migrate

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestSeries meets plans in each state that one can be in when a series comes to it: in progress it is refused, done it
// is skipped, partial it goes on, and one that fails or is cancelled stops the rest; both go on later.
func TestSeries(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 30
	plans := func(ids ...int) []File {
		var all []File
		for _, id := range ids {
			f, _ := countingPlan()
			f.Plan.ID, f.Steps[0].Title = fmt.Sprintf("2026010%d000000-count", id), fmt.Sprint(id)
			all = append(all, f)
		}
		return all
	}
	_, taskOf := countingPlan()
	counted := Options{BatchSize: 7, Beat: 50 * time.Millisecond, Lease: 500 * time.Millisecond, taskOf: taskOf}
	states := func(files []File) []State {
		t.Helper()
		all, err := Statuses(t.Context(), c, files)
		if err != nil {
			t.Fatal(err)
		}
		var states []State
		for _, s := range all {
			states = append(states, s.State)
		}
		return states
	}
	all := plans(1, 2, 3)
	up := func(files []File, o Options) ([]Outcome, error) { return Up(t.Context(), c, files, Series{Options: o}) }
	want := func(what string, err error, into any, hit string, wanted ...State) {
		t.Helper()
		if into != nil && !errors.As(err, into) || into == nil && err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := states(all); fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("%s: %v, want %v", what, got, wanted)
		}
		if h := fmt.Sprint(hits(t, d)); h != hit {
			t.Errorf("%s: counted %s, want %s", what, h, hit)
		}
	}

	// Cancelled in the second one: the third is not begun.
	fillCounted(t, d, n)
	o := counted
	o.point = func(name string) {
		if name == "batch done" {
			if at, _ := Tell(t.Context(), c, all[1].ID, Wish{Cancel: true}, "me"); at != nil && at.Plan != all[1].ID {
				t.Errorf("%+v", at)
			}
		}
	}
	_, err := up(all, o)
	want("cancelled", err, new(*Stopped), fmt.Sprintf("map[1:%d 2:7]", n-7), Done, Cancelled, Pending)

	// Done is skipped, and what fails stops the rest.
	fails, failure := counted, errors.New("no such task")
	fails.taskOf = func(s *Step) (task, error) {
		if s.Title == "2" {
			return nil, failure
		}
		return taskOf(s)
	}
	outcomes, err := up(all, fails)
	want("failed", err, &failure, fmt.Sprintf("map[1:%d 2:7]", n-7), Done, Failed, Pending)
	if len(outcomes) != 2 || len(outcomes[0].Results) > 0 {
		t.Errorf("%+v", outcomes)
	}

	// Failed goes on, too.
	_, err = up(all, counted)
	want("resumed", err, nil, fmt.Sprintf("map[3:%d]", n), Done, Done, Done)
	_, err = up(all, counted)
	want("done", err, nil, fmt.Sprintf("map[3:%d]", n), Done, Done, Done)

	// In progress elsewhere: a series with that plan, or with another one, is refused.
	fillCounted(t, d, n)
	inside, on, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	o = counted
	o.point = func(name string) {
		if name == "batch done" {
			select {
			case <-inside:
			default:
				close(inside)
				<-on
			}
		}
	}
	go func() {
		_, err := Up(t.Context(), open(t, d), all[:2], Series{Options: o})
		ended <- err
	}()
	<-inside
	for _, files := range [][]File{all[1:], all[2:]} {
		var busy *Busy
		if _, err := up(files, counted); !errors.As(err, &busy) {
			t.Errorf("in progress: %v", err)
		}
	}
	close(on)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	// Another series that shares a plan skips that one.
	outcomes, err = up(all[1:], counted)
	want("shared", err, nil, fmt.Sprintf("map[3:%d]", n), Done, Done, Done)
	if len(outcomes) != 2 || len(outcomes[0].Results) > 0 || len(outcomes[1].Results) != 1 {
		t.Errorf("%+v", outcomes)
	}
}
