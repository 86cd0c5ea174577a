package migrate

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

// handiwork knows what earlier phases of a plan wrote, by their logs. It takes
// some 30 bytes a value.
type handiwork struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
}

// has reports whether a quad is what an earlier phase wrote there: nobody has
// changed it since. A nil one has nothing.
func (w *handiwork) has(q dql.Quad) bool {
	if w == nil {
		return false
	}
	_, ok := w.hashes[w.hash(q)]
	return ok
}

func (w *handiwork) hash(q dql.Quad) uint64 {
	return maphash.String(w.seed, string(q.Subject)+"\x00"+q.Predicate+"\x00"+q.Lang+"\x00"+string(q.Object)+"\x00"+textOf(q.Data))
}

// writtenBefore reads what the copies of earlier phases wrote that a copy of this
// phase does again.
func (r *run) writtenBefore(ctx context.Context, s *Step) (*handiwork, error) {
	if s.Copy == nil || r.phase == Before {
		return nil, nil
	}
	w := &handiwork{seed: maphash.MakeSeed(), hashes: map[uint64]struct{}{}}
	for i := range r.file.Steps {
		other := &r.file.Steps[i]
		if other.Copy == nil || other.Phase != Before || other.Copy.From != s.Copy.From || other.Copy.To != s.Copy.To {
			continue
		}
		for round := range mostSweeps + 1 {
			if err := r.logsOf(ctx, Before, roundName(other, round), func(q dql.Quad) { w.hashes[w.hash(q)] = struct{}{} }); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// logsOf calls with each quad that batches have set, by their logs.
func (r *run) logsOf(ctx context.Context, phase Phase, step string, each func(dql.Quad)) error {
	tx := r.client.Snapshot()
	spans, err := below(ctx, tx, spanPrefix(r.file.ID, phase, step))
	if err != nil {
		return err
	}
	for _, n := range spans {
		var sp span
		if err := n.decode(&sp); err != nil {
			return err
		}
		for i := range sp.Logs {
			_, stored, err := logAt(ctx, tx, logKey(n.key, i))
			if errors.Is(err, errNoLog) {
				continue // what it wrote is taken for somebody else's
			}
			if err != nil {
				return err
			}
			e, err := unpacked(stored)
			if err != nil {
				return err
			}
			for _, l := range e.Set {
				each(l.quad())
			}
		}
	}
	return nil
}

// ours are the quads among some that an earlier phase wrote.
func (w *handiwork) ours(quads []dql.Quad) []dql.Quad {
	return slices.DeleteFunc(slices.Clone(quads), func(q dql.Quad) bool { return !w.has(q) })
}
