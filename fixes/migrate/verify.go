package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/schemacheck/schemacheck/dql"
)

// mostSweeps is how often a convergent step is carried out again for what came
// while it ran.
const mostSweeps = 3

// Check is what a step's closing question found.
type Check struct {
	Step string `json:"step"`
	// Nodes were looked at; of these Open would be changed by the step, and Left
	// should be and cannot.
	Nodes uint64 `json:"nodes"`
	Open  uint64 `json:"open"`
	Left  uint64 `json:"left"`
	// First are the open ones with the lowest uids.
	First []uint64 `json:"-"`
}

// Clean reports whether nothing is to be done.
func (c Check) Clean() bool { return c.Open == 0 && c.Left == 0 }

// String says it in words.
func (c Check) String() string {
	if c.Clean() {
		return fmt.Sprintf("step %s: clean, %d nodes looked at", c.Step, c.Nodes)
	}
	return fmt.Sprintf("step %s: %d of %d nodes are still to be changed, and %d cannot be", c.Step, c.Open, c.Nodes, c.Left)
}

// Verify asks the closing question of each step of a phase that has one: whether
// the step, carried out again, would change anything. Nothing is written.
func Verify(ctx context.Context, c *dql.Client, p *Plan, phase Phase) ([]Check, error) {
	var all []Check
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Phase != phase || !s.Convergent || s.Select == nil {
			continue
		}
		t, err := s.task()
		if err != nil {
			return all, err
		}
		live, err := c.Stored(ctx)
		if err != nil {
			return all, err
		}
		check, err := closing(ctx, c, &reader{step: s, task: t.(paged), live: live}, nil)
		if err != nil {
			return all, fmt.Errorf("verifying step %s: %w", s.ID, err)
		}
		all = append(all, check)
	}
	return all, nil
}

// closing goes through all nodes of a step. between is called before each page,
// and may end it; nil is not.
func closing(ctx context.Context, c *dql.Client, r *reader, between func(context.Context) error) (Check, error) {
	check := Check{Step: r.step.ID}
	size := defaultBatch
	for after := uint64(0); ; {
		if between != nil {
			if err := between(ctx); err != nil {
				return check, err
			}
		}
		// A moment is read for one page only: a server forgets moments that are long
		// over.
		p, at, err := r.page(ctx, c.Snapshot(), after, size)
		if isTooLarge(err) && size > leastBatch {
			size /= 2
			continue
		}
		var change *change
		if err == nil {
			change, err = r.task.judge(p)
		}
		var late *atCommit
		switch {
		case errors.As(err, &late) && size > leastBatch:
			size = max(size/10, leastBatch) // one node is in the way, and is found by smaller pages
			continue
		case late != nil:
			check.Nodes++
			check.Left++
			after, size = late.uid, defaultBatch
			continue
		case err != nil:
			return check, err
		}
		check.Nodes += uint64(len(p.nodes))
		check.Open += uint64(change.changed)
		check.Left += uint64(len(change.left))
		for _, q := range append(change.set, change.del...) {
			if uid := q.Subject.UID(); uid != 0 && len(check.First) < 5 && (len(check.First) == 0 || check.First[len(check.First)-1] != uid) {
				check.First = append(check.First, uid)
			}
		}
		if at.nodes < uint64(size) {
			return check, nil
		}
		after = at.last
	}
}
