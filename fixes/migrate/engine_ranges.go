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
	bounds := w.bounds
	if bounds == nil {
		var err error
		if bounds, err = r.divide(ctx, s, w.nodes); err != nil {
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

// divide returns the last uids of all ranges but the last one, so that each has as
// many of the nodes.
func (r *run) divide(ctx context.Context, s *Step, nodes uint64) ([]uint64, error) {
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
