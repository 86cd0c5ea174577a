package migrate

import (
	"context"
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

// Reset forgets what is known of plans: where they are, and what undoing needs.
// Their data stay as they are. Carried out again they begin with the first node.
// Plans that somebody is undoing are refused.
func Reset(ctx context.Context, c *dql.Client, ids []string, o Options) error {
	return forget(ctx, c, ids, o, func(st Status) error {
		if st.State == Undoing {
			return &HalfUndone{Plan: st.Plan, Phase: st.Phase}
		}
		return nil
	})
}

// Forget removes all that is in the database of plans whose files are gone: where they
// are, and what undoing needs. Their data stay as they are. Phases that are not over are
// refused with an [*Unfit] before anything is removed, unless they are unfinished for
// good; those that somebody is at, always.
func Forget(ctx context.Context, c *dql.Client, ids []string, unfinished bool, o Options) error {
	return forget(ctx, c, ids, o, func(st Status) error {
		if unfinished || st.State == Pending || st.State.Over() {
			return nil
		}
		return &Unfit{fmt.Sprintf("phase %s of the plan %s is %s, and not over: what it has not done stays so, and nobody could go on with it or take it back any more. "+
			"Bring its file back and end it first, or say that this is wanted (--unfinished)", st.Phase, st.Plan, st.State)}
	})
}

// forget forgets plans, unless one of their phases may not be forgotten.
func forget(ctx context.Context, c *dql.Client, ids []string, o Options, may func(Status) error) error {
	o = o.filled()
	if err := prepareState(ctx, c); err != nil {
		return err
	}
	held, l, err := acquire(ctx, c, "forgetting what is known of plans", o)
	if err != nil {
		return err
	}
	defer l.releaseAfter(ctx)
	// The last first: ended half way, what is left are the first plans and phases.
	ids = slices.Sorted(slices.Values(ids))
	var known []*run
	for _, id := range slices.Backward(ids) {
		for _, phase := range slices.Backward(phases) {
			nodes, err := find(held, c.Txn(), runKey(id, phase))
			if err != nil {
				return err
			}
			if nodes[0].uid == 0 {
				continue
			}
			was := Status{Plan: id, Phase: phase, State: Pending}
			if err := nodes[0].decode(&was); err != nil {
				return err
			}
			if err := may(was); err != nil {
				return fmt.Errorf("plan %s, phase %s: %w", id, phase, err)
			}
			known = append(known, &run{client: c, file: File{Plan: &Plan{ID: id}}, phase: phase, options: o, token: l.token, lease: l})
		}
	}
	for _, r := range known {
		if err := r.reset(held); err != nil {
			return fmt.Errorf("plan %s, phase %s: %w", r.file.ID, r.phase, err)
		}
	}
	return nil
}

// reset forgets one phase. The logs go first, since a later run has the same
// keys; the cursors go together with the state, since one without the other would
// say that something is done that is not.
func (r *run) reset(ctx context.Context) error {
	if _, err := r.prune(ctx); err != nil {
		return err
	}
	for {
		tx := r.client.Txn()
		if err := r.holds(ctx, tx); err != nil {
			return err
		}
		state, err := find(ctx, tx, runKey(r.file.ID, r.phase), lockKey)
		if err != nil {
			return err
		}
		// Who takes the lock meanwhile goes by what is there, and then it has to stay.
		lock, err := state[1].quads(&r.lease.me)
		if err != nil {
			return err
		}
		state = state[:1]
		spans, err := below(ctx, tx, spanPrefix(r.file.ID, r.phase, ""))
		if err != nil {
			return err
		}
		if state[0].uid == 0 && len(spans) == 0 {
			return nil
		}
		var del []dql.Quad
		for _, n := range append(spans, state...) {
			if n.uid == 0 {
				continue
			}
			for _, p := range statePredicates {
				del = append(del, dql.Quad{Subject: n.ref(), Predicate: p.Name, All: true})
			}
		}
		r.options.point("before forgetting")
		if _, err := tx.Commit(ctx, lock, del); err == nil || !isAborted(err) && !isUnknown(err) {
			return err
		}
	}
}
