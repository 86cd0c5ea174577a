package migrate

import (
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestPaceTold: each step begins without numbers, and then tells of more and more of
// its nodes, up to all of them; so does taking it back. What is told after the end of
// a run has its state.
func TestPaceTold(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 100
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	var told []Status
	o := Options{BatchSize: 10, taskOf: taskOf, Progress: func(s Status) { told = append(told, s) }}
	for _, state := range []State{Running, Undoing} {
		told = nil
		var err error
		if state == Running {
			_, err = Run(t.Context(), c, f, Before, o)
		} else {
			_, err = Undo(t.Context(), c, f, Before, o)
		}
		if err != nil {
			t.Fatal(err)
		}
		var nodes []uint64
		for _, s := range told {
			if s.Pace == nil || s.State != state {
				continue
			}
			if s.Pace.Step != f.Steps[0].ID || s.Pace.Plan != f.ID || s.Pace.Phase != Before || s.Pace.Nodes > 0 && s.Pace.Total != n {
				t.Errorf("%s: %+v", state, s.Pace)
			}
			if len(nodes) == 0 && s.Pace.Total != 0 {
				t.Errorf("%s: it begins with %+v", state, s.Pace)
			}
			if len(nodes) > 0 && s.Pace.Nodes < nodes[len(nodes)-1] {
				t.Errorf("%s: %d nodes after %v", state, s.Pace.Nodes, nodes)
			}
			nodes = append(nodes, s.Pace.Nodes)
		}
		if len(nodes) < n/10 || nodes[len(nodes)-1] != n {
			t.Errorf("%s: %d nodes were told %v", state, n, nodes)
		}
		if last := told[len(told)-1].State; last != map[State]State{Running: Done, Undoing: Pending}[state] {
			t.Errorf("%s: the last state is %s", state, last)
		}
	}
}

// TestPaceLeft: nothing is said of the time that is left before that is meaningful.
func TestPaceLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pace Pace
		want time.Duration
	}{
		{Pace{Nodes: 10, Total: 110, Rate: 10}, 10 * time.Second},
		{Pace{Nodes: 10, Total: 110}, 0},
		{Pace{Nodes: 110, Total: 110, Rate: 10}, 0},
		{Pace{Nodes: 120, Total: 110, Rate: 10}, 0},
		{Pace{Nodes: 10, Total: 110, Rate: 10, Held: "somebody"}, 0},
	} {
		if got := c.pace.Left(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.pace, got, c.want)
		}
	}
}
