package migrate

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// State is where a plan is in one phase.
type State string

// The states. Paused is for one that holds or ended and goes on later, Waiting for
// phase after while the new schema is not served, Undoing for one that is taken
// back until that is done, and NotApplicable for one that found nothing to do: no
// node that a step would go through was there.
const (
	Pending       State = "pending"
	Running       State = "running"
	Paused        State = "paused"
	Waiting       State = "waiting-for-schema"
	Failed        State = "failed"
	Cancelled     State = "cancelled"
	Done          State = "done"
	Undoing       State = "undoing"
	NotApplicable State = "not-applicable"
)

// Begun reports whether a phase in that state can have written something.
func (s State) Begun() bool { return s != Pending && s != Waiting && s != NotApplicable }

// Over reports whether nothing is left to do.
func (s State) Over() bool { return s == Done || s == NotApplicable }

// Status is what is known of a plan in one phase.
type Status struct {
	Plan     string `json:"plan"`
	Phase    Phase  `json:"phase"`
	State    State  `json:"state"`
	Checksum string `json:"checksum"`
	// Step is the one that runs or ran last.
	Step string `json:"step,omitempty"`
	// Finished are the steps that are done, those among them that were not
	// applicable too.
	Finished []string `json:"finished,omitempty"`
	// NotApplicable are the steps that found nothing to do.
	NotApplicable []string `json:"notApplicable,omitempty"`
	// Begins is the cursor that somebody gave for where the phase begins; empty for
	// the first node.
	Begins string `json:"begins,omitempty"`
	// Baseline says that it was noted as done, and never ran.
	Baseline bool `json:"baseline,omitempty"`
	// Who runs it or ran it last: host and process.
	Who     string    `json:"who,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Error   string    `json:"error,omitempty"`
	// Served is the fingerprint of the GraphQL schema that was served when the
	// phase began last.
	Served string `json:"served,omitempty"`
	// Added is what its declare steps have added to the stored schema.
	Added  []Added `json:"added,omitempty"`
	Counts Counts  `json:"counts"`
	// Cursor is where the step is, for [ParseCursor]: all nodes up to it are done.
	// Empty while no step has begun.
	Cursor string `json:"cursor,omitempty"`
	// Pace is how fast the run is that is at work; nil when none is.
	Pace *Pace `json:"pace,omitempty"`
	// Abandoned says that the state is running or undoing, and nobody is at work: the
	// run was killed, or has lost the server.
	Abandoned bool `json:"abandoned,omitempty"`
}

// Counts are about the nodes of steps.
type Counts struct {
	// Nodes were looked at, Changed were written, and Left were not written
	// although they should have been.
	Nodes   uint64 `json:"nodes"`
	Changed uint64 `json:"changed"`
	Left    uint64 `json:"left,omitempty"`
	Batches uint64 `json:"batches"`
	// Aborts are the batches that had to be done again because somebody else
	// wrote the same, and Retries those for any other reason: no answer came, or
	// they were too large.
	Aborts  uint64 `json:"aborts,omitempty"`
	Retries uint64 `json:"retries,omitempty"`
}

func (c *Counts) add(d Counts) {
	c.Nodes += d.Nodes
	c.Changed += d.Changed
	c.Left += d.Left
	c.Batches += d.Batches
	c.Aborts += d.Aborts
	c.Retries += d.Retries
}

// Pace is how far the step that runs is, and how fast. A run tells it with its
// signs of life.
type Pace struct {
	// Plan, Phase and Step say of what.
	Plan  string `json:"plan"`
	Phase Phase  `json:"phase"`
	Step  string `json:"step"`
	// Nodes of the step were gone through, of Total that were there when it began; 0
	// for steps that go through none. While a step is undone they are those that it
	// had changed, in proportion to its batches.
	Nodes uint64 `json:"nodes"`
	Total uint64 `json:"total"`
	// Rate is nodes a second, of the last half minute; 0 while that is not known.
	Rate float64 `json:"rate"`
	// BatchSize is that of the next batch, in nodes.
	BatchSize int `json:"batchSize"`
	// FixedSize is the batch size that somebody wants; 0 when nobody has said it.
	FixedSize int `json:"fixedSize,omitempty"`
	// Limit bounds the rate, in nodes a second; 0 does not.
	Limit float64 `json:"limit,omitempty"`
	// Held says who wants it to wait; empty while it works.
	Held string `json:"held,omitempty"`
	// At is when the sign was given, by the clock of the run.
	At time.Time `json:"at"`
}

// Left is how long the step may still take at this rate; 0 while that cannot be
// said.
func (p *Pace) Left() time.Duration {
	if p.Rate <= 0 || p.Nodes >= p.Total || p.Held != "" {
		return 0
	}
	return time.Duration(float64(p.Total-p.Nodes) / p.Rate * float64(time.Second)).Round(time.Second)
}

// phases are all, in their order.
var phases = []Phase{Before, After, Contract}

// Statuses are where plans are, one for each phase that a plan has steps in. It
// only reads, and of nothing that a run writes it disturbs the writing.
func Statuses(ctx context.Context, c *dql.Client, files []File) ([]Status, error) {
	live, err := storedState(ctx, c)
	if err != nil {
		return nil, err
	}
	known := live.Predicate(keyPredicate) != nil && len(live.Predicate(keyPredicate).Index) > 0
	var all []Status
	tx := c.Snapshot()
	var at atWork
	if known {
		if at, err = whoIsAtWork(ctx, tx); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		before := Done
		for _, phase := range phases {
			if !f.has(phase) {
				continue
			}
			st := Status{Plan: f.ID, Phase: phase, State: Pending, Checksum: f.Checksum}
			if known {
				if err := readStatus(ctx, tx, &st, at); err != nil {
					return nil, err
				}
			}
			if phase == After && st.State == Pending && before.Over() && f.bound() {
				// Where it cannot be asked, pending is true as well.
				if served, err := servedFingerprint(ctx, c); err == nil && served == f.From && served != f.To {
					st.State = Waiting
				}
			}
			before = st.State
			all = append(all, st)
		}
	}
	return all, nil
}

// atWork is who is at work, and how fast.
type atWork struct {
	holder lockHolder
	pace   Pace
}

func whoIsAtWork(ctx context.Context, tx asker) (atWork, error) {
	var at atWork
	nodes, err := find(ctx, tx, lockKey, beatKey)
	if err == nil {
		err = nodes[0].decode(&at.holder)
	}
	if err == nil {
		err = nodes[1].decode(&at.pace)
	}
	return at, err
}

// Worker is who holds the lock of a database.
type Worker struct {
	// Who and Doing say who it is and what he does, and Since when he took the lock.
	Who   string    `json:"who"`
	Doing string    `json:"doing"`
	Since time.Time `json:"since"`
	// Sign is his last sign of life, by his clock; zero when he has given none.
	Sign time.Time `json:"sign,omitzero"`
}

// AtWork is who is at work on a database, at a plan or at something else such as a
// deployment; nil when nobody is. It only reads.
func AtWork(ctx context.Context, c *dql.Client) (*Worker, error) {
	live, err := storedState(ctx, c)
	if err != nil || undeclared(live) != "" {
		return nil, err
	}
	at, err := whoIsAtWork(ctx, c.Snapshot())
	if err != nil || at.holder.Token == "" {
		return nil, err
	}
	return &Worker{Who: at.holder.Who, Doing: at.holder.Doing, Since: at.holder.Since, Sign: at.pace.At}, nil
}

// readStatus reads where a phase is, with what its cursors say.
func readStatus(ctx context.Context, tx asker, st *Status, at atWork) error {
	nodes, err := find(ctx, tx, runKey(st.Plan, st.Phase))
	if err != nil {
		return err
	}
	if nodes[0].uid == 0 {
		return nil
	}
	if err := nodes[0].decode(st); err != nil {
		return err
	}
	spans, err := below(ctx, tx, spanPrefix(st.Plan, st.Phase, ""))
	if err != nil {
		return err
	}
	var counts Counts
	after, begun := ^uint64(0), false
	for _, n := range spans {
		var sp span
		if err := n.decode(&sp); err != nil {
			return err
		}
		counts.add(sp.Counts)
		if strings.HasPrefix(n.key, spanPrefix(st.Plan, st.Phase, st.Step)) && st.Step != "" {
			begun = true
			if !sp.Done {
				after = min(after, sp.After)
			}
		}
	}
	st.Counts = counts
	if begun {
		st.Cursor = Cursor{Checksum: st.Checksum, Step: st.Step, After: after}.String()
	}
	if st.State != Running && st.State != Undoing {
		return nil
	}
	if st.Abandoned = at.holder.Run != runKey(st.Plan, st.Phase); st.Abandoned {
		return nil
	}
	st.Pace = &at.pace
	if at.pace.Plan != st.Plan || at.pace.Phase != st.Phase { // no step has begun, or no sign of life was given since
		st.Pace = &Pace{Plan: st.Plan, Phase: st.Phase, Step: st.Step, At: at.pace.At}
	}
	if st.Pace.Held != "" && st.State == Running {
		st.State = Paused
	}
	return nil
}

// History is what is known of all plans from one id on, in order, whether their
// files are here or not; of those that have not run nothing is known.
func History(ctx context.Context, c *dql.Client, from string) ([]Status, error) {
	all, err := Known(ctx, c, from)
	return slices.DeleteFunc(all, func(s Status) bool { return s.State == Pending }), err
}

// Known is [History] with the phases that were taken back.
func Known(ctx context.Context, c *dql.Client, from string) ([]Status, error) {
	live, err := storedState(ctx, c)
	if err != nil || undeclared(live) != "" {
		return nil, err
	}
	tx := c.Snapshot()
	nodes, err := below(ctx, tx, "run/")
	if err != nil {
		return nil, err
	}
	at, err := whoIsAtWork(ctx, tx)
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, n := range nodes {
		var st Status
		if err := n.decode(&st); err != nil {
			return nil, err
		}
		if st.Plan < from {
			continue
		}
		if err := readStatus(ctx, tx, &st, at); err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b Status) int {
		return cmp.Or(strings.Compare(a.Plan, b.Plan), slices.Index(phases, a.Phase)-slices.Index(phases, b.Phase))
	})
	return all, nil
}
