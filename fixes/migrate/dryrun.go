package migrate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

// Foretold is what the next batches of a step would do.
type Foretold struct {
	Plan  string
	Phase Phase
	Step  *Step
	// Not says why no batch was computed: the step changes the DQL schema, is done,
	// or needs what an earlier one declares. Otherwise it is empty.
	Not string
	// Batches were computed, and End says that there are none after them. Sent of them
	// were sent to Dgraph and given up: it takes them. The others would have made
	// predicates appear that are not declared yet.
	Batches, Sent int
	End           bool
	// Refused is what Dgraph said to a batch that it would not take; empty when it
	// took all that were sent.
	Refused string
	// Nodes were looked at; Changed would be written, and Left would have to be and
	// cannot.
	Nodes, Changed, Left uint64
	// First are some of the nodes that would be written.
	First []Difference

	// waits says that a step before it is still to write what it reads.
	waits bool
}

// Difference is what a node holds under a predicate before and after a step.
type Difference struct {
	UID           uint64
	Predicate     string
	Before, After []dql.Quad
}

const isDone = "it is done"

// mostForetold bounds the nodes whose differences are kept.
const mostForetold = 10

// DryRun computes the next batches of each step that would run now, sends them to
// Dgraph, and gives them up, so that nothing is written. Even a transaction that is
// given up makes predicates that are not there yet appear in the DQL schema: batches
// that set such ones are not sent. What earlier steps of the plan would declare
// counts as if it were there, what they would write does not.
func DryRun(ctx context.Context, c *dql.Client, files []File, s Series, batches int) ([]Foretold, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, byID)
	s.Options = s.filled()
	if err := s.fit(ctx, c, files); err != nil {
		return nil, err
	}
	var all []Foretold
	for _, f := range files {
		phases, err := s.next(ctx, c, f)
		if err != nil {
			return all, err
		}
		live, err := c.Stored(ctx)
		if err != nil {
			return all, err
		}
		asIf := live
		var coming []string // predicates that are still to be written
		for i := range f.Steps {
			step := &f.Steps[i]
			if step.Declare != nil {
				asIf = with(asIf, step.Declare)
			}
			if !slices.Contains(phases, step.Phase) {
				continue
			}
			p := Foretold{Plan: f.ID, Phase: step.Phase, Step: step}
			p.waits = slices.ContainsFunc(step.Reads, func(name string) bool { return slices.Contains(coming, name) })
			before, begins := s.From.place(f, step)
			if before {
				p.Not = isDone
			} else if err := p.compute(ctx, c, live, asIf, s.Options, batches, begins); err != nil {
				return all, fmt.Errorf("step %s: %w", step.ID, err)
			}
			if p.Not != isDone {
				coming = append(coming, step.Writes...)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// next are the phases of a plan that would run now.
func (s *Series) next(ctx context.Context, c *dql.Client, f File) ([]Phase, error) {
	all, err := Statuses(ctx, c, []File{f})
	if err != nil {
		return nil, err
	}
	served, err := servedFingerprint(ctx, c)
	if err != nil {
		return nil, err
	}
	states := statesOf(all)
	if s.Phase != "" {
		if err := s.due(f, states, served); err != nil {
			return nil, err
		}
		if s.Phase == Contract && !states.settled(f, Contract, served) {
			if err := f.unused(ctx, c); err != nil {
				return nil, err
			}
		}
		return []Phase{s.Phase}, f.unchanged(ctx, c, all)
	}
	bound := f.bound()
	if bound && served != f.From && served != f.To && !(states.done(Before) && states.done(After)) {
		if some, err := s.finds(ctx, c, f); err != nil || !some {
			return nil, err
		}
		return nil, &Foreign{Plan: f.ID, From: f.From, To: f.To, Served: served}
	}
	var phases []Phase
	for _, phase := range []Phase{Before, After} {
		if !s.From.passed(f, phase) && !states.settled(f, phase, served) && (phase == Before || !bound || served == f.To) {
			phases = append(phases, phase)
		}
	}
	return phases, f.unchanged(ctx, c, all)
}

// with is the DQL schema with what a step declares.
func with(live *dql.Stored, d *Declare) *dql.Stored {
	next := &dql.Stored{Predicates: slices.Clone(live.Predicates), Types: live.Types}
	for _, p := range d.Predicates {
		whole := p.whole(live.Predicate(p.Name))
		if old := next.Predicate(p.Name); old != nil {
			*old = whole
		} else {
			next.Predicates = append(next.Predicates, whole)
		}
	}
	return next
}

// compute goes through the next batches of the step. begins is where one begins that
// has not run.
func (p *Foretold) compute(ctx context.Context, client *dql.Client, live, asIf *dql.Stored, o Options, batches int, begins uint64) error {
	t, err := o.taskOf(p.Step)
	if err != nil {
		return err
	}
	task, ok := t.(paged)
	if !ok {
		p.Not = "it changes the stored schema"
		return nil
	}
	spans, err := p.cursors(ctx, live, client.Snapshot(), begins)
	if err != nil {
		return err
	}
	if len(spans) == 0 {
		p.Not = isDone
		return nil
	}
	r := &reader{step: p.Step, task: task, live: live, asIf: asIf}
	size := (&work{run: &run{options: o, tuned: tuned{size: o.BatchSize}}}).firstSize(p.Step)
	for p.Batches < batches && !p.End {
		tx := client.Txn()
		sp := &spans[0]
		page, at, err := r.page(ctx, tx, sp.After, size)
		if isTooLarge(err) && size > leastBatch {
			size /= 2
			continue
		}
		if isOther(err) && size > leastBatch && !p.waits {
			size = max(size/10, leastBatch)
			continue
		}
		if err != nil {
			err = r.unread(ctx, tx, sp.After, size, err)
		}
		var c *change
		if err == nil {
			if at.last > sp.UpTo {
				page.nodes = slices.DeleteFunc(page.nodes, func(n *node) bool { return n.uid > sp.UpTo })
			}
			c, err = task.judge(page)
		}
		var known *dql.Error
		var late *ofNode
		switch {
		case err == nil:
		case errors.As(err, &late) && !p.waits:
			return fmt.Errorf("node %s: %w", dql.Node(late.uid), err)
		case errors.As(err, &known) && known.Kind != dql.Other:
			return err
		default:
			p.Not = "it cannot be computed before the steps before it have run: " + err.Error()
			return nil
		}
		if err := p.Step.within(c, asIf); err != nil {
			return err
		}
		p.add(page, c, asIf)
		if err := p.send(ctx, tx, c, live); err != nil {
			return err
		}
		p.Batches++
		p.Nodes += uint64(len(page.nodes))
		if sp.pass(at, size); sp.Done {
			spans = spans[1:]
		}
		p.End = len(spans) == 0
	}
	return nil
}

// send tries a batch on the server and gives it up, when that leaves nothing there.
func (p *Foretold) send(ctx context.Context, tx *dql.Txn, c *change, live *dql.Stored) error {
	for _, q := range slices.Concat(c.set, c.del) {
		if q.Predicate != dgraphType && live.Predicate(q.Predicate) == nil {
			return nil
		}
	}
	err := tx.Try(ctx, c.set, c.del)
	var known *dql.Error
	switch {
	case err == nil:
		p.Sent++
		return nil
	case errors.As(err, &known) && known.Kind != dql.Other && known.Kind != dql.TooLarge:
		return err
	}
	p.Sent++
	p.Refused = (&ofNode{error: err}).Error()
	return nil
}

// cursors are the ranges in which a run would go on; none when all of them are done.
func (p *Foretold) cursors(ctx context.Context, live *dql.Stored, tx asker, begins uint64) ([]span, error) {
	whole := []span{{After: begins, UpTo: math.MaxUint64}}
	if key := live.Predicate(keyPredicate); key == nil || len(key.Index) == 0 {
		return whole, nil // nothing has ever run
	}
	nodes, err := below(ctx, tx, spanPrefix(p.Plan, p.Phase, p.Step.ID))
	if err != nil || len(nodes) == 0 {
		return whole, err
	}
	var spans []span
	for _, n := range nodes {
		var sp span
		if err := n.decode(&sp); err != nil {
			return nil, err
		}
		if !sp.Done {
			spans = append(spans, sp)
		}
	}
	return spans, nil
}

// add counts what a batch would change, and keeps what is different in the first
// nodes.
func (p *Foretold) add(of *page, c *change, live *dql.Stored) {
	p.Changed += uint64(c.changed)
	p.Left += uint64(len(c.left))
	before := byPlace(c.before)
	for _, n := range of.nodes {
		subject := string(dql.Node(n.uid))
		for name := range n.quads {
			before[spot{subject, name}] = n.holds(name)
		}
		before[spot{subject, dgraphType}] = n.holds(dgraphType)
	}
	set, del := map[spot][]dql.Quad{}, map[spot][]dql.Quad{}
	var places []spot
	for _, each := range []struct {
		quads []dql.Quad
		into  map[spot][]dql.Quad
	}{{c.set, set}, {c.del, del}} {
		for _, q := range each.quads {
			at := spot{string(q.Subject), q.Predicate}
			if each.into[at] = append(each.into[at], q); !slices.Contains(places, at) && len(places) < 1000 {
				places = append(places, at)
			}
		}
	}
	nodes := map[uint64]bool{}
	for _, d := range p.First {
		nodes[d.UID] = true
	}
	for _, at := range places {
		uid := dql.Ref(at.subject).UID()
		if !nodes[uid] && len(nodes) == mostForetold {
			continue
		}
		nodes[uid] = true
		p.First = append(p.First, Difference{uid, at.predicate, before[at], applied(before[at], set[at], del[at], live.Predicate(at.predicate))})
	}
}

// applied is what is stored under a predicate of a node after a batch.
func applied(before, set, del []dql.Quad, stored *dql.Predicate) []dql.Quad {
	after := slices.Clone(before)
	for _, q := range del {
		after = slices.DeleteFunc(after, func(have dql.Quad) bool {
			return q.All && (q.Lang == "" || q.Lang == have.Lang) || sameObject(have, q)
		})
	}
	for _, q := range set {
		after = slices.DeleteFunc(after, func(have dql.Quad) bool {
			return sameObject(have, q) || stored != nil && !stored.List && have.Lang == q.Lang
		})
		after = append(after, q)
	}
	return after
}
