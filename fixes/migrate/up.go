package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Outcome is what came of a plan in a series.
type Outcome struct {
	Plan string
	// Results are those of the phases that ran or had run.
	Results []*Result
	// Waiting says what the plan waits for; empty when it does not.
	Waiting string
	// Deployed tells of the update of the GraphQL schema, if there was one.
	Deployed *Deployed
}

// Foreign is the error for a plan that was made for other schemas.
type Foreign struct {
	Plan             string
	From, To, Served string
}

// Error says which.
func (f *Foreign) Error() string {
	served := "no GraphQL schema"
	if f.Served != "" {
		served = fmt.Sprintf("one with the fingerprint %.19s", f.Served)
	}
	return fmt.Sprintf("the plan %s is for the way from the schema %.19s to %.19s, and what is served is %s: make it anew with schemacheck fix --out", f.Plan, f.From, f.To, served)
}

// Series says how plans are carried out one after the other.
type Series struct {
	Options
	// Phase runs only this one; empty runs what can be run with the schema that is
	// served.
	Phase Phase
	// Deploy is the text of a GraphQL schema that is deployed when phase before of
	// the plan for it is done; empty deploys nothing.
	Deploy string
	// Today is the day that contract steps are compared with; zero is now.
	Today time.Time
}

// Up carries out plans in the order of their IDs. It ends at the first that fails
// or waits. What was done before is not done again.
func Up(ctx context.Context, c *dql.Client, files []File, s Series) ([]Outcome, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.ID, b.ID) })
	for i := range files {
		if i > 0 && files[i].ID == files[i-1].ID {
			return nil, fmt.Errorf("two plans have the id %s", files[i].ID)
		}
	}
	var all []Outcome
	for _, f := range files {
		o, err := s.one(ctx, c, f)
		all = append(all, o)
		if err != nil || o.Waiting != "" {
			return all, err
		}
	}
	return all, nil
}

// one carries out what can be carried out of one plan.
func (s *Series) one(ctx context.Context, c *dql.Client, f File) (Outcome, error) {
	o := Outcome{Plan: f.ID}
	if s.Phase != "" {
		if err := s.due(f, s.Phase); err != nil {
			return o, err
		}
		return o, s.run(ctx, c, f, s.Phase, &o)
	}
	done, err := s.isDone(ctx, c, f)
	if err != nil || done {
		return o, err
	}
	served, err := servedFingerprint(ctx, c)
	if err != nil {
		return o, err
	}
	bound := f.From != "" || f.To != ""
	if bound && served != f.From && served != f.To {
		return o, &Foreign{f.ID, f.From, f.To, served}
	}
	if err := s.run(ctx, c, f, Before, &o); err != nil {
		return o, err
	}
	if bound && served != f.To && s.Deploy != "" {
		if o.Deployed, err = Deploy(ctx, c, s.Deploy); err != nil {
			return o, err
		}
		if served, err = servedFingerprint(ctx, c); err != nil {
			return o, err
		}
	}
	if bound && served != f.To {
		if f.has(After) {
			o.Waiting = "the new GraphQL schema is not served yet: deploy it, and run this again for phase after"
		}
		return o, nil
	}
	return o, s.run(ctx, c, f, After, &o)
}

// isDone reports whether phases before and after are done.
func (s *Series) isDone(ctx context.Context, c *dql.Client, f File) (bool, error) {
	all, err := Statuses(ctx, c, []File{f})
	if err != nil {
		return false, err
	}
	for _, st := range all {
		if st.Phase != Contract && st.State != Done && st.State != NotApplicable {
			return false, nil
		}
	}
	return true, nil
}

// due refuses phase contract before its day.
func (s *Series) due(f File, phase Phase) error {
	if phase != Contract || !f.has(Contract) {
		return nil
	}
	day, err := time.Parse(time.DateOnly, f.NotBefore)
	if err != nil {
		return fmt.Errorf("notBefore of the plan %s is no day such as 2026-01-31: %w", f.ID, err)
	}
	now := s.Today
	if now.IsZero() {
		now = time.Now()
	}
	if now.Before(day) {
		return fmt.Errorf("phase contract of the plan %s deletes, and is not to run before %s", f.ID, f.NotBefore)
	}
	return nil
}

// run carries out one phase, if the plan has steps in it.
func (s *Series) run(ctx context.Context, c *dql.Client, f File, phase Phase, o *Outcome) error {
	if !f.has(phase) {
		return nil
	}
	r, err := Run(ctx, c, f, phase, s.Options)
	if r != nil {
		o.Results = append(o.Results, r)
	}
	return err
}

// has reports whether a plan has steps in a phase.
func (p *Plan) has(phase Phase) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Phase == phase })
}

// Statuses are where plans are, one for each phase that a plan has steps in. It
// only reads, and of nothing that a run writes it disturbs the writing.
func Statuses(ctx context.Context, c *dql.Client, files []File) ([]Status, error) {
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	known := live.Predicate(keyPredicate) != nil && len(live.Predicate(keyPredicate).Index) > 0
	var all []Status
	tx := c.Snapshot()
	for _, f := range files {
		for _, phase := range []Phase{Before, After, Contract} {
			if !f.has(phase) {
				continue
			}
			st := Status{Plan: f.ID, Phase: phase, State: Pending, Checksum: f.Checksum}
			if known {
				if err := readStatus(ctx, tx, &st); err != nil {
					return nil, err
				}
			}
			all = append(all, st)
		}
	}
	return all, nil
}

// readStatus reads where a phase is, with what its cursors say.
func readStatus(ctx context.Context, tx asker, st *Status) error {
	nodes, err := find(ctx, tx, runKey(st.Plan, st.Phase))
	if err != nil {
		return err
	}
	if nodes[0].uid == 0 {
		return nil
	}
	if err := nodes[0].decode(st); err != nil {
		return err
	}
	spans, err := below(ctx, tx, spanPrefix(st.Plan, st.Phase, ""))
	if err != nil {
		return err
	}
	var counts Counts
	for _, n := range spans {
		var sp span
		if err := n.decode(&sp); err != nil {
			return err
		}
		counts.add(sp.Counts)
	}
	st.Counts = counts
	return nil
}
