package migrate

import (
	"context"
	"slices"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Pruned is a phase of a plan whose logs were removed.
type Pruned struct {
	Plan  string
	Phase Phase
	Bytes int64
}

// Prune removes the logs of what was done before a moment: it cannot be undone
// afterwards. The state stays.
func Prune(ctx context.Context, c *dql.Client, files []File, before time.Time, o Options) ([]Pruned, error) {
	o = o.filled()
	if err := prepareState(ctx, c); err != nil {
		return nil, err
	}
	held, l, err := acquire(ctx, c, "removing the logs of what was done", o)
	if err != nil {
		return nil, err
	}
	defer l.releaseAfter(ctx)
	all, err := Statuses(held, c, files)
	if err != nil {
		return nil, err
	}
	var pruned []Pruned
	for _, st := range all {
		if st.State != Done || !st.Ended.Before(before) {
			continue
		}
		i := slices.IndexFunc(files, func(f File) bool { return f.ID == st.Plan })
		r := &run{client: c, file: files[i], phase: st.Phase, options: o, token: l.token}
		bytes, err := r.prune(held)
		if err != nil {
			return pruned, err
		}
		if bytes > 0 {
			pruned = append(pruned, Pruned{st.Plan, st.Phase, bytes})
		}
	}
	return pruned, nil
}

// prune removes the logs of a phase. That they are gone is noted first.
func (r *run) prune(ctx context.Context) (int64, error) {
	prefix, bytes := spanPrefix(r.file.ID, r.phase, ""), int64(0)
	spans, err := r.fence(ctx, "")
	if err != nil {
		return 0, err
	}
	for _, sp := range spans {
		if sp.Logs == 0 {
			continue
		}
		bytes += sp.LogBytes
		r.options.point("before unlogging")
		if err := r.unlog(ctx, sp.key); err != nil {
			return 0, err
		}
	}
	return bytes, r.remove(ctx, "log/"+prefix)
}

// unlog notes that the logs of a range are gone. One who was frozen must not bring
// back where the range was before others went on.
func (r *run) unlog(ctx context.Context, key string) error {
	for {
		tx := r.client.Txn()
		nodes, err := find(ctx, tx, key)
		if err != nil {
			return err
		}
		if nodes[0].fence != r.token {
			return ErrLeaseLost
		}
		var sp span
		if err := nodes[0].decode(&sp); err != nil {
			return err
		}
		sp.Unlogged, sp.Logs, sp.LogBytes = sp.Counts.Changed, 0, 0
		quads, err := nodes[0].quads(&sp)
		if err != nil {
			return err
		}
		if _, err := tx.Commit(ctx, quads, nil); err == nil || !isAborted(err) && !isUnknown(err) {
			return err
		}
	}
}
