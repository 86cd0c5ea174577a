package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/diff/sdl"
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

// Unfit is the error for plans that are refused before anything is written.
type Unfit struct{ Reason string }

// Error says why.
func (u *Unfit) Error() string { return u.Reason }

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
	slices.SortFunc(files, byID)
	for i := range files {
		if i > 0 && files[i].ID == files[i-1].ID {
			return nil, &Unfit{fmt.Sprintf("two plans have the id %s", files[i].ID)}
		}
	}
	deployed := ""
	if s.Deploy != "" {
		parsed, err := sdl.Parse(&sdl.File{Name: "the new schema", Text: s.Deploy})
		if err != nil {
			return nil, &Unfit{fmt.Sprintf("the schema that is to be deployed: %v", err)}
		}
		deployed = parsed.Fingerprint()
		if !slices.ContainsFunc(files, func(f File) bool { return f.To == deployed }) {
			return nil, &Unfit{"no plan is for the schema that is to be deployed: it was changed after they were made; make them anew with schemacheck fix --out"}
		}
	}
	var all []Outcome
	for _, f := range files {
		o, err := s.one(ctx, c, f, f.To == deployed && s.Deploy != "")
		all = append(all, o)
		if err != nil || o.Waiting != "" {
			return all, err
		}
	}
	return all, nil
}

func byID(a, b File) int { return strings.Compare(a.ID, b.ID) }

// one carries out what can be carried out of one plan. deploys says that the
// schema that is to be deployed is the one that it leads to.
func (s *Series) one(ctx context.Context, c *dql.Client, f File, deploys bool) (Outcome, error) {
	o := Outcome{Plan: f.ID}
	all, err := Statuses(ctx, c, []File{f})
	if err != nil {
		return o, err
	}
	states := statesOf(all)
	served, err := servedFingerprint(ctx, c)
	if err != nil {
		return o, err
	}
	if s.Phase != "" {
		if err := s.due(f, states, served); err != nil {
			return o, err
		}
		return o, s.run(ctx, c, f, s.Phase, &o)
	}
	if states.done(Before) && states.done(After) && (!deploys || served == f.To) {
		return o, f.unchanged(all)
	}
	bound := f.From != "" || f.To != ""
	if bound && served != f.From && served != f.To {
		return o, &Foreign{f.ID, f.From, f.To, served}
	}
	if err := s.run(ctx, c, f, Before, &o); err != nil {
		return o, err
	}
	// One that is served can have been sent by a run that did not see it through.
	if deploys && (served != f.To || states[After] == Pending) {
		if o.Deployed, err = s.deploy(ctx, c, f); err != nil {
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
	if err := s.run(ctx, c, f, After, &o); err != nil {
		return o, err
	}
	return o, s.again(ctx, c, f, &o)
}

// deploy deploys the schema that a plan leads to, while nobody else is at work.
func (s *Series) deploy(ctx context.Context, c *dql.Client, f File) (*Deployed, error) {
	if err := prepareState(ctx, c); err != nil {
		return nil, err
	}
	o := s.filled()
	held, l, err := acquire(ctx, c, o.Who, "deploying the GraphQL schema of plan "+f.ID, o.Beat, o.Lease)
	if err != nil {
		return nil, err
	}
	defer l.releaseAfter(ctx)
	return Deploy(held, c, s.Deploy)
}

// states are those of the phases that a plan has steps in.
type states map[Phase]State

func statesOf(all []Status) states {
	s := states{}
	for _, st := range all {
		s[st.Phase] = st.State
	}
	return s
}

// done reports whether nothing is left to do in a phase.
func (s states) done(phase Phase) bool {
	state, has := s[phase]
	return !has || state == Done || state == NotApplicable
}

// unchanged refuses a plan that is not the one that was carried out.
func (f File) unchanged(all []Status) error {
	for _, st := range all {
		if st.State != Pending && st.Checksum != f.Checksum {
			return &Edited{Plan: f.ID, Was: st.Checksum, Is: f.Checksum, State: st.State}
		}
	}
	return nil
}

// due refuses a phase that was asked for by name, and whose time has not come.
func (s *Series) due(f File, states states, served string) error {
	if !f.has(s.Phase) || states.done(s.Phase) {
		return nil
	}
	bound := f.From != "" || f.To != ""
	switch {
	case s.Phase != Contract && bound && served != f.From && served != f.To:
		return &Foreign{f.ID, f.From, f.To, served}
	case s.Phase != Before && bound && served != f.To && served == f.From:
		return &Unfit{fmt.Sprintf("phase %s of the plan %s is for the new GraphQL schema, and the old one is served: deploy the new one first", s.Phase, f.ID)}
	case s.Phase != Before && !states.done(Before), s.Phase == Contract && !states.done(After):
		return &Unfit{fmt.Sprintf("phase %s of the plan %s comes last, and the phases before it are not done: run schemacheck migrate up first", s.Phase, f.ID)}
	case s.Phase != Contract:
		return nil
	}
	day, err := time.Parse(time.DateOnly, f.NotBefore)
	if err != nil {
		return &Unfit{fmt.Sprintf("notBefore of the plan %s is no day such as 2026-01-31: %v", f.ID, err)}
	}
	now := s.Today
	if now.IsZero() {
		now = time.Now()
	}
	if now.Before(day) {
		return &Unfit{fmt.Sprintf("phase contract of the plan %s deletes, and is not to run before %s", f.ID, f.NotBefore)}
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
