package migrate

import (
	"context"
	"fmt"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Baseline notes plans as done without carrying them out: for a database where
// what they do was done by hand, or that was made with the newest schema. Phases
// that have begun to run are refused. It returns the phases that it noted; those
// that are done already stay as they are. One that was not applicable is noted,
// since it would be asked again.
func Baseline(ctx context.Context, c *dql.Client, files []File, o Options) ([]Status, error) {
	o = o.filled()
	if err := prepareState(ctx, c); err != nil {
		return nil, err
	}
	held, l, err := acquire(ctx, c, "noting plans as done", o)
	if err != nil {
		return nil, err
	}
	defer l.releaseAfter(ctx)
	var runs []*run
	for _, f := range files {
		for _, phase := range []Phase{Before, After, Contract} {
			if !f.has(phase) {
				continue
			}
			r := &run{client: c, file: f, phase: phase, options: o, token: l.token, lease: l}
			if err := r.begin(held); err != nil {
				return nil, err
			}
			switch s := r.status.State; {
			case s == Done:
				continue
			case s != Pending && s != NotApplicable:
				return nil, &Unfit{fmt.Sprintf("phase %s of the plan %s is %s: end it (schemacheck migrate up), undo it, or forget it (schemacheck migrate up --reset); nothing was noted", phase, f.ID, s)}
			}
			runs = append(runs, r)
		}
	}
	var noted []Status
	for _, r := range runs {
		if err := r.baseline(held); err != nil {
			return noted, err
		}
		noted = append(noted, r.status)
	}
	return noted, nil
}

// baseline notes a phase as done.
func (r *run) baseline(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Second)
	r.status.State, r.status.Baseline, r.status.Who, r.status.Started, r.status.Ended = Done, true, r.options.Who, now, now
	r.status.Finished, r.status.NotApplicable = nil, nil
	for _, s := range r.file.Steps {
		if s.Phase == r.phase {
			r.status.Finished = append(r.status.Finished, s.ID)
		}
	}
	if err := r.keepText(ctx); err != nil {
		return err
	}
	return r.save(ctx)
}
