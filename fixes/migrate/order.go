package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Crossed is the error for plans that were made on two branches, and do not fit
// behind each other.
type Crossed struct {
	// Plan has not run, and Other has, or comes from the same schema.
	Plan, Other string
	// Shared are the predicates that both write, as far as that is known.
	Shared []string
	// Ran says that Other has run here.
	Ran bool
}

// Error says what to do.
func (c *Crossed) Error() string {
	shared := "they write no predicate that both do"
	if len(c.Shared) > 0 {
		shared = "both write " + strings.Join(c.Shared, ", ")
	}
	if c.Ran {
		return fmt.Sprintf("the plan %s has not run here, and %s, which is younger, has: they were made on two branches; %s. "+
			"Give the older one a newer name and id, or allow the order with --out-of-order", c.Plan, c.Other, shared)
	}
	return fmt.Sprintf("the plans %s and %s come from the same schema and lead to two: they were made on two branches; %s. "+
		"Make the younger one anew from the merged schema with schemacheck fix --out", c.Other, c.Plan, shared)
}

// inOrder refuses plans that would run after younger ones, or that come from the
// same schema.
func (s *Series) inOrder(ctx context.Context, c *dql.Client, files []File) error {
	if s.Phase == Contract {
		return nil
	}
	history, err := History(ctx, c, "")
	if err != nil {
		return err
	}
	begun := map[string]bool{}
	for _, st := range history {
		if st.State != NotApplicable {
			begun[st.Plan] = true
		}
	}
	known := map[string]bool{}
	for _, st := range history {
		known[st.Plan] = true
	}
	var earlier []*File // those of them that lead from one schema to another
	for i := range files {
		f := &files[i]
		if known[f.ID] || !f.has(Before) && !f.has(After) {
			continue
		}
		if !s.OutOfOrder {
			for _, st := range history {
				if st.Plan > f.ID && begun[st.Plan] {
					return &Crossed{Plan: f.ID, Other: st.Plan, Ran: true, Shared: shared(f, files, st.Plan)}
				}
			}
		}
		if !f.bound() || f.From == f.To {
			continue
		}
		for _, e := range earlier {
			// One that goes on where the last one ends comes after it, even when the way
			// leads back to a schema that was there before.
			if e.From == f.From && e.To != f.To && earlier[len(earlier)-1].To != f.From {
				return &Crossed{Plan: f.ID, Other: e.ID, Shared: shared(f, files, e.ID)}
			}
		}
		earlier = append(earlier, f)
	}
	return nil
}

// shared are the predicates that a plan and another one of the files write.
func shared(f *File, files []File, other string) []string {
	var both []string
	for _, o := range files {
		if o.ID != other {
			continue
		}
		theirs := o.writes()
		for _, name := range f.writes() {
			if slices.Contains(theirs, name) {
				both = append(both, name)
			}
		}
	}
	return both
}

// writes are the predicates that the steps of a plan write, in order.
func (p *Plan) writes() []string {
	var all []string
	for _, s := range p.Steps {
		all = append(all, s.Writes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
