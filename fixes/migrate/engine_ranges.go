package migrate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// fence makes the spans of a step this run's own, and reads them in the same
// transaction: whoever had them before writes nothing any more.
func (r *run) fence(ctx context.Context, step string) ([]*span, error) {
	for {
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return nil, err
		}
		nodes, err := below(ctx, tx, spanPrefix(r.file.ID, r.phase, step))
		if err != nil {
			return nil, err
		}
		var spans []*span
		var quads []dql.Quad
		for _, n := range nodes {
			sp := &span{key: n.key, uid: n.uid}
			if err := n.decode(sp); err != nil {
				return nil, err
			}
			spans = append(spans, sp)
			quads = append(quads, text(dql.Node(n.uid), fencePredicate, r.token))
		}
		if len(spans) == 0 {
			return nil, nil
		}
		_, err = tx.Commit(ctx, quads, nil)
		if err == nil {
			return spans, nil
		}
		if !isAborted(err) && !isUnknown(err) {
			return nil, fmt.Errorf("taking over the cursors: %w", err)
		}
	}
}

// cut divides the nodes of a step into ranges of uids, one for each batch that
// may run at once, and notes them.
func (w *work) cut(ctx context.Context, s *Step) ([]*span, error) {
	r, name := w.run, w.name
	bounds, ok := w.marks.bounds(r.options.Concurrency)
	if !ok {
		var err error
		if bounds, err = r.bounds(ctx, s, w.nodes); err != nil {
			return nil, err
		}
	}
	var spans []*span
	after := r.begins(name)
	bounds = slices.DeleteFunc(bounds, func(upTo uint64) bool { return upTo <= after })
	for _, upTo := range append(bounds, math.MaxUint64) {
		spans = append(spans, &span{After: after, UpTo: upTo, key: spanPrefix(r.file.ID, r.phase, name) + fmt.Sprintf("%04d", len(spans))})
		after = upTo
	}
	var quads []dql.Quad
	for _, sp := range spans {
		k := &kept{key: sp.key}
		all, err := k.quads(sp, dql.Quad{Predicate: fencePredicate, Data: r.token, Type: "string"})
		if err != nil {
			return nil, err
		}
		quads = append(quads, all...)
	}
	for {
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return nil, err
		}
		there, err := below(ctx, tx, spanPrefix(r.file.ID, r.phase, name))
		if err != nil {
			return nil, err
		}
		if len(there) > 0 { // an earlier attempt whose answer was lost
			return r.fence(ctx, name)
		}
		uids, err := tx.Commit(ctx, quads, nil)
		switch {
		case err == nil:
			for _, sp := range spans {
				k := &kept{key: sp.key}
				sp.uid = uids[strings.TrimPrefix(string(k.ref()), "_:")]
			}
			return spans, nil
		case !isAborted(err) && !isUnknown(err):
			return nil, fmt.Errorf("noting the ranges of the step: %w", err)
		}
	}
}

// bounds are the last uids of all ranges but the last one, so that each has as
// many of the nodes.
func (r *run) bounds(ctx context.Context, s *Step, nodes uint64) ([]uint64, error) {
	n := uint64(r.options.Concurrency)
	if n == 1 {
		return nil, nil
	}
	tx := r.client.Snapshot()
	if s.Select.Filter != "" { // pages are of those that it leaves out, too
		var err error
		if nodes, err = countNodes(ctx, tx, &Select{Root: s.Select.Root}); err != nil {
			return nil, err
		}
	}
	if nodes < 4*n || nodes >= math.MaxInt32 {
		return nil, nil
	}
	var bounds []uint64
	after := uint64(0)
	for range n - 1 {
		// A server counts what it passes over, so that each begins where the last one
		// ended.
		answer, err := tx.Query(ctx, fmt.Sprintf("{b(func: %s, first: 1, offset: %d, after: %s) {uid}}", s.Select.Root, nodes/n-1, dql.Node(after)), nil)
		if err != nil {
			return nil, fmt.Errorf("dividing the nodes of the step: %w", err)
		}
		if err := dql.Rows(answer, "b", func(row dql.Row) error { after = row.UID; return nil }); err != nil {
			return nil, err
		}
		if len(bounds) == 0 || after > bounds[len(bounds)-1] {
			bounds = append(bounds, after)
		}
	}
	return bounds, nil
}

// marks are uids of some nodes of a step, of which each is as many nodes after the
// one before.
type marks struct {
	every uint64
	uids  []uint64
}

// The nodes between two marks, at first, and how many marks are kept.
const (
	markEvery = 1000
	mostMarks = 1024
)

// measure is how many nodes the step goes through. Where ranges of them are wanted,
// and a server takes the time to pass over all of them for an answer, the same
// answers tell where they are.
func (w *work) measure(ctx context.Context) (uint64, error) {
	s := w.reader.step.Select
	polite := w.courteous(w.reader.step)
	if w.options.Concurrency == 1 && polite == nil || s.Filter != "" || !strings.HasPrefix(s.Root, "has(") {
		return countNodes(ctx, w.client.Snapshot(), s)
	}
	w.marks = &marks{every: markEvery}
	nodes, after := uint64(0), uint64(0)
	for ctx.Err() == nil {
		rest := polite.work()
		// Moments of their own: a server forgets those that are long over.
		answer, err := w.client.Snapshot().Query(ctx, fmt.Sprintf("{m(func: %s, first: 1, offset: %d, after: %s) {uid}}", s.Root, w.marks.every-1, dql.Node(after)), nil)
		if err != nil {
			return 0, fmt.Errorf("counting the nodes of the step: %w", err)
		}
		was := after
		if err := dql.Rows(answer, "m", func(row dql.Row) error { after = row.UID; return nil }); err != nil {
			return 0, err
		}
		if after <= was {
			break
		}
		nodes += w.marks.every
		w.marks.add(after)
		if nodes > courteousFrom {
			polite.start(ctx, w.lookUp(w.reader.step))
		}
		if err := rest(ctx); err != nil {
			return 0, err
		}
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	answer, err := w.client.Snapshot().Query(ctx, fmt.Sprintf("{r(func: %s, after: %s) {count(uid)}}", s.Root, dql.Node(after)), nil)
	if err != nil {
		return 0, fmt.Errorf("counting the nodes of the step: %w", err)
	}
	err = dql.Rows(answer, "r", func(row dql.Row) error { nodes += row.Count("count"); return nil })
	return nodes, err
}

// add notes the next mark. When there are many, every other one goes, and those that
// follow are twice as far from each other.
func (m *marks) add(uid uint64) {
	m.uids = append(m.uids, uid)
	if len(m.uids) < mostMarks {
		return
	}
	for i := range mostMarks / 2 {
		m.uids[i] = m.uids[2*i+1]
	}
	m.uids, m.every = m.uids[:mostMarks/2], 2*m.every
}

// bounds are the last uids of n ranges but for the last one, that have about as many
// nodes. ok is false where there are too few marks for that.
func (m *marks) bounds(n int) (bounds []uint64, ok bool) {
	if m == nil || len(m.uids) < 4*n {
		return nil, false
	}
	for i := 1; i < n; i++ {
		bounds = append(bounds, m.uids[i*(len(m.uids)+1)/n-1])
	}
	return bounds, true
}

// ends are the last uids of the ranges of a step but for the last one: of as many
// as may go at once, should an earlier run have made more.
func (r *run) ends(ctx context.Context, s *Step) ([]uint64, error) {
	nodes, err := below(ctx, r.client.Snapshot(), spanPrefix(r.file.ID, r.phase, s.ID))
	if err != nil {
		return nil, err
	}
	var ends []uint64
	for chunk := range slices.Chunk(nodes, max(1, (len(nodes)+r.options.Concurrency-1)/r.options.Concurrency)) {
		var sp span
		if err := chunk[len(chunk)-1].decode(&sp); err != nil {
			return nil, err
		}
		if sp.UpTo < math.MaxUint64 {
			ends = append(ends, sp.UpTo)
		}
	}
	return ends, nil
}
