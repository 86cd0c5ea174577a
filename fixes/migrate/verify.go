package migrate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

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
	// Counted is how many nodes the server itself counts where Nodes were looked
	// at; nil when that was not asked, or others added or removed some meanwhile.
	Counted *uint64 `json:"counted,omitempty"`
	// Found is the server's answer to the step's own question, verify in the plan:
	// no more than are open or left. nil when the step has none that is asked.
	Found *uint64 `json:"found,omitempty"`
	// Unasked says why the step's own question was not; empty when it was, or there
	// is none.
	Unasked string `json:"unasked,omitempty"`
	// Wrong is how the stored schema is not as the step left it.
	Wrong []string `json:"wrong,omitempty"`
	// differs are those of Left where something else is stored already where the step
	// writes.
	differs uint64
	// alters says that the step goes through no nodes.
	alters bool
}

// Clean reports whether nothing is to be done, and the server's own counts say
// the same.
func (c Check) Clean() bool {
	return c.Open == 0 && c.Left == 0 && len(c.Wrong) == 0 && c.agrees()
}

// agrees reports whether the server's own counts are those of the closing
// question.
func (c Check) agrees() bool {
	return (c.Counted == nil || *c.Counted == c.Nodes) && (c.Found == nil || *c.Found <= c.Open+c.Left)
}

// nodes are so many, in words.
func nodes(n uint64) string { return plural(n, "node", "nodes") }

// plural is a number with the words for one or for many.
func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// String says it in words.
func (c Check) String() string {
	var all []string
	switch {
	case len(c.Wrong) > 0:
		all = c.Wrong
	case c.alters:
		all = append(all, "the stored schema is as it left it")
	case c.Clean():
		all = append(all, "clean, "+nodes(c.Nodes)+" looked at")
	case c.Open > 0 || c.Left > 0:
		verb := "are"
		if c.Open == 1 || c.Nodes == 1 {
			verb = "is"
		}
		all = append(all, fmt.Sprintf("%d of %s %s still to be changed, and %d cannot be", c.Open, nodes(c.Nodes), verb, c.Left))
	}
	if c.Counted != nil && *c.Counted != c.Nodes {
		all = append(all, fmt.Sprintf("%s looked at, and the server counts %d", nodes(c.Nodes), *c.Counted))
	}
	if c.Found != nil && *c.Found > c.Open+c.Left {
		all = append(all, fmt.Sprintf("its question in the plan finds %s, and going through the nodes found %d", nodes(*c.Found), c.Open+c.Left))
	}
	if c.Unasked != "" {
		all = append(all, "its question in the plan was not asked: "+c.Unasked)
	}
	return fmt.Sprintf("step %s: %s", c.Step, strings.Join(all, "; "))
}

// Verify asks whether what the steps of a phase did still holds: the closing
// question of those that go through nodes, whether the step, carried out again,
// would change anything, with the server's own counts beside it; and for others
// whether the stored schema is as they left it. Nothing is written.
//
// later are plans that were carried out after this one. What a later step takes
// away or declares otherwise is not asked for, and the stored schema only while
// the GraphQL schema is served under which the phase ran.
//
// Steps that were not applicable have left nothing, but nodes that they would change
// may have come since. Of a phase that was not applicable that is asked only while
// one of the GraphQL schemas is served that the plan is for. Of the status nothing
// but the phase is needed.
func Verify(ctx context.Context, c *dql.Client, p *Plan, of Status, later ...*Plan) ([]Check, error) {
	served, err := servedFingerprint(ctx, c)
	if err != nil {
		return nil, err
	}
	if of.State == NotApplicable && p.bound() && served != p.From && served != p.To {
		return nil, nil
	}
	var all []Check
	for i := range p.Steps {
		s := &p.Steps[i]
		after := append(p.following(i), stepsOf(later)...)
		if s.Phase != of.Phase || s.moot(after) || s.Select != nil && !s.Convergent { // would do it a second time
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
		r, isPaged := t.(paged)
		switch {
		case isPaged:
			check, err := proved(ctx, c, &reader{step: s, task: r, live: live}, nil)
			if err != nil {
				return all, fmt.Errorf("verifying step %s: %w", s.ID, err)
			}
			all = append(all, check)
		case of.State == NotApplicable, slices.Contains(of.NotApplicable, s.ID):
		case p.current(s, served):
			all = append(all, s.altered(live, after))
		}
	}
	return all, nil
}

// closing goes through all nodes of a step, those of all ranges of the reader at
// once. between is called before each page, and may end it; nil is not.
func closing(ctx context.Context, c *dql.Client, r *reader, between func(context.Context) error) (Check, error) {
	if r.began.IsZero() {
		r.began = time.Now()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ends := append(slices.Clone(r.ends), math.MaxUint64)
	checks := make([]Check, len(ends))
	var group sync.WaitGroup
	after := uint64(0)
	for i, end := range ends {
		from := after
		group.Go(func() {
			if err := checks[i].closing(ctx, c, r, from, end, between); err != nil {
				cancel(err)
			}
		})
		after = end
	}
	group.Wait()
	all := Check{Step: r.step.ID}
	for _, check := range checks {
		all.Nodes += check.Nodes
		all.Open += check.Open
		all.Left += check.Left
		all.differs += check.differs
		all.First = append(all.First, check.First[:min(len(check.First), mostFirst-len(all.First))]...)
	}
	return all, context.Cause(ctx)
}

// mostFirst is how many open nodes are kept.
const mostFirst = 5

// closing goes through the nodes of one range.
func (check *Check) closing(ctx context.Context, c *dql.Client, r *reader, after, end uint64, between func(context.Context) error) error {
	most := defaultBatch
	for after < end {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if between != nil {
			if err := between(ctx); err != nil {
				return err
			}
		}
		rest, size := r.courtesy.work(), r.courtesy.limit(most)
		// A moment is read for one page only: a server forgets moments that are long
		// over.
		p, at, err := r.page(ctx, c.Snapshot(), after, size)
		if err := rest(ctx); err != nil {
			return err
		}
		switch {
		case isTooLarge(err) && size > leastBatch:
			most = size / 2
			continue
		case isOther(err) && size > leastBatch:
			most = max(size/10, leastBatch)
			continue
		case err != nil:
			err = r.unread(ctx, c.Snapshot(), after, size, err)
		}
		var change *change
		if err == nil {
			p.upTo(end)
			change, err = r.task.judge(p)
		}
		var late *ofNode
		switch {
		case errors.As(err, &late) && size > leastBatch:
			most = max(size/10, leastBatch) // one node is in the way, and is found by smaller pages
			continue
		case late != nil:
			check.Nodes++
			check.Left++
			after, most = late.uid, defaultBatch
			continue
		case err != nil:
			return err
		}
		check.Nodes += uint64(len(p.nodes))
		check.Open += uint64(change.changed)
		check.Left += uint64(len(change.left))
		for _, l := range change.left {
			if l.differs {
				check.differs++
			}
		}
		for _, q := range append(change.set, change.del...) {
			if uid := q.Subject.UID(); uid != 0 && len(check.First) < mostFirst && (len(check.First) == 0 || check.First[len(check.First)-1] != uid) {
				check.First = append(check.First, uid)
			}
		}
		if at.nodes < uint64(size) {
			return nil
		}
		after, most = at.last, min(max(most, 2*size), defaultBatch)
	}
	return nil
}
