package migrate

import (
	"context"
	"slices"
)

// deployable refuses to deploy a schema while nodes are left that phase before could
// not change. Those that it could are no reason: who writes all the time would keep
// the schema from ever being deployed, and phase after goes on with them.
func (s *series) deployable(ctx context.Context, f File, all []Status, o *Outcome) error {
	if s.AcceptLeft || !f.has(Before) {
		return nil
	}
	checks, err := s.left(ctx, f, Before, all, o.Results)
	if err != nil {
		return err
	}
	checks = slices.DeleteFunc(checks, func(c Check) bool { return c.Left == 0 })
	if len(checks) > 0 {
		return &Remains{Plan: f.ID, Deploying: true, Steps: checks}
	}
	return nil
}

// mended asks again for what phase before left in an earlier run: nobody but the people
// who were told of it can have looked at it since.
func (s *series) mended(ctx context.Context, f File, all []Status, o *Outcome) error {
	i := slices.IndexFunc(o.Results, func(r *Result) bool {
		return r.Status.Phase == Before && r.Already && r.Status.Counts.Left > 0
	})
	if i < 0 {
		return nil
	}
	checks, err := s.left(ctx, f, Before, all, nil)
	if err != nil {
		return err
	}
	o.Results[i].Mended = !slices.ContainsFunc(checks, func(c Check) bool { return c.Left > 0 })
	return nil
}

// deletable refuses phase contract while something that it deletes may be the only
// copy. What the new predicate holds otherwise is no reason where nothing was left
// when the plan ran: it is what clients have written since.
func (s *series) deletable(ctx context.Context, f File, all []Status) error {
	if s.AcceptLeft {
		return nil
	}
	var remain []Check
	for _, phase := range []Phase{Before, After} {
		if !f.has(phase) {
			continue
		}
		checks, err := s.left(ctx, f, phase, all, nil)
		if err != nil {
			return err
		}
		ran := slices.ContainsFunc(all, func(st Status) bool { return st.Phase == phase && st.Counts.Left > 0 })
		for _, c := range checks {
			if !ran {
				c.Left -= c.differs
			}
			if c.Open+c.Left > 0 {
				remain = append(remain, c)
			}
		}
	}
	if len(remain) > 0 {
		return &Remains{Plan: f.ID, Steps: remain}
	}
	return nil
}

// left is what the steps of a phase have left or would have to do again: what the
// phase has just found, else what is asked now.
func (s *series) left(ctx context.Context, f File, phase Phase, all []Status, results []*Result) ([]Check, error) {
	var checks []Check
	if i := slices.IndexFunc(results, func(r *Result) bool { return r.Status.Phase == phase && !r.Already }); i >= 0 {
		checks = slices.Clone(results[i].Unclean)
	} else {
		i := slices.IndexFunc(all, func(st Status) bool { return st.Phase == phase })
		if i < 0 {
			return nil, nil
		}
		var err error
		if checks, err = Verify(ctx, s.client, f.Plan, all[i]); err != nil {
			return nil, err
		}
	}
	for i := range f.Steps {
		if step := &f.Steps[i]; step.Phase == phase && step.Select != nil && !step.Convergent { // of it nothing can be asked
			n, err := s.leftBy(ctx, f, phase, step.ID)
			if err != nil {
				return nil, err
			}
			checks = append(checks, Check{Step: step.ID, Left: n})
		}
	}
	return checks, nil
}

// leftBy is how many nodes a step left when it ran.
func (s *series) leftBy(ctx context.Context, f File, phase Phase, step string) (uint64, error) {
	spans, err := below(ctx, s.client.Snapshot(), spanPrefix(f.ID, phase, step))
	if err != nil {
		return 0, err
	}
	c, err := countsOf(spans, "")
	return c.Left, err
}
