package migrate

import (
	"context"
	"errors"
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
	// Deploying is the fingerprint of the schema that was to be deployed past the one
	// that the plan leads to; empty when the plan is for another way altogether.
	Deploying string
	// Earlier is the plan of the same series that leads to From; empty when none does.
	Earlier string
}

// Error says which, and what comes first.
func (f *Foreign) Error() string {
	if f.Deploying != "" {
		return fmt.Sprintf("the plan %s leads to the schema %.19s, which comes before the one that is to be deployed, %.19s: deploy it first, as it was in the version that brought the plan (schemacheck migrate up %[1]s --deploy FILE)", f.Plan, f.To, f.Deploying)
	}
	served := "no GraphQL schema"
	if f.Served != "" {
		served = fmt.Sprintf("one with the fingerprint %.19s", f.Served)
	}
	remedy := "make it anew with schemacheck fix --out"
	if f.Earlier != "" {
		remedy = fmt.Sprintf("deploy the schema first that the plan %s leads to, as it was in the version that brought that plan", f.Earlier)
	}
	return fmt.Sprintf("the plan %s is for the way from the schema %.19s to %.19s, and what is served is %s: %s", f.Plan, f.From, f.To, served, remedy)
}

// Unfit is the error for plans that are refused before anything is written.
type Unfit struct{ Reason string }

// Error says why.
func (u *Unfit) Error() string { return u.Reason }

// Remains is the error for what would hide or delete what is left of earlier phases.
type Remains struct {
	Plan string
	// Deploying says that the new schema was not deployed; else phase contract was
	// not begun, and nothing was written.
	Deploying bool
	// Steps are what is left of the steps; of those that could do something a second
	// time, what was left when they ran.
	Steps []Check
}

// Error says what, and what to do.
func (r *Remains) Error() string {
	var steps []string
	for _, c := range r.Steps {
		steps = append(steps, fmt.Sprintf("step %s: %d still to be changed, %d that cannot be", c.Step, c.Open, c.Left))
	}
	what := "phase contract was not begun, which would delete what they hold"
	if r.Deploying {
		what = "the new schema was not deployed, under which nobody could read them as they are"
	}
	return fmt.Sprintf("nodes are left of the plan %s (%s): %s; mend them and run this again, or give --accept-left", r.Plan, strings.Join(steps, "; "), what)
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
	// Over is the fingerprint of the GraphQL schema that Deploy replaces where there
	// are no plans, which tell it otherwise.
	Over string
	// OutOfOrder allows plans that are older than one that has run already.
	OutOfOrder bool
	// AcceptLeft deploys, and carries out phase contract, although nodes are left that
	// earlier phases could not change.
	AcceptLeft bool
	// Deploying is called before the schema is deployed, and what it returns after
	// that; nil is not.
	Deploying func(plan string) func(*Deployed, error)
	// Today is the day that contract steps are compared with; zero is now.
	Today time.Time
}

// Up carries out plans in the order of their IDs. It ends at the first that fails
// or waits. What was done before is not done again. The lock is held from the
// first that has something to do to the end. Without plans a schema is deployed that
// needs none.
func Up(ctx context.Context, c *dql.Client, files []File, s Series) ([]Outcome, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, byID)
	for i := range files {
		if i == 0 {
			continue
		}
		last, at := files[i-1].ID, files[i].ID
		if at == last {
			return nil, &Unfit{fmt.Sprintf("two plans have the id %s", at)}
		}
		if time, _, _ := strings.Cut(at, "-"); strings.HasPrefix(last, time+"-") {
			return nil, &Unfit{fmt.Sprintf("the plans %s and %s have the same time, so that nobody can say which of them comes first: give one another time, in its name and its id", last, at)}
		}
	}
	deployed := ""
	if s.Deploy != "" {
		parsed, err := sdl.Parse(&sdl.File{Name: "the new schema", Text: s.Deploy})
		if err != nil {
			return nil, &Unfit{fmt.Sprintf("the schema that is to be deployed: %v", err)}
		}
		deployed = parsed.Fingerprint()
		if len(files) > 0 && !slices.ContainsFunc(files, func(f File) bool { return f.To == deployed }) {
			return nil, &Unfit{"no plan is for the schema that is to be deployed: it was changed after they were made; make them anew with schemacheck fix --out"}
		}
	}
	if err := s.fit(ctx, c, files); err != nil {
		return nil, err
	}
	s.Options = s.filled()
	u := &series{Series: s, client: c}
	defer func() {
		if u.lease != nil {
			u.lease.releaseAfter(ctx)
		}
	}()
	if len(files) == 0 && s.Deploy != "" {
		o, err := u.alone(ctx, deployed)
		return []Outcome{o}, err
	}
	var all []Outcome
	for _, f := range files {
		o, err := u.one(ctx, f, deployed)
		if foreign := (*Foreign)(nil); errors.As(err, &foreign) {
			if i := slices.IndexFunc(files, func(e File) bool { return e.ID < f.ID && e.From != e.To && e.To == f.From }); i >= 0 {
				foreign.Earlier = files[i].ID
			}
		}
		all = append(all, o)
		if err != nil || o.Waiting != "" {
			return all, err
		}
	}
	return all, nil
}

// fit refuses plans that do not fit the cursor that was given, or each other.
func (s *Series) fit(ctx context.Context, c *dql.Client, files []File) error {
	if s.From != nil {
		if err := s.From.fits(files); err != nil {
			return err
		}
	}
	return s.inOrder(ctx, c, files)
}

// series is one call of [Up].
type series struct {
	Series
	client *dql.Client
	held   context.Context // ends with the lock; nil while that is not held
	lease  *lease
}

// lock takes the lock, unless it is held already.
func (s *series) lock(ctx context.Context, doing string) error {
	if s.lease != nil {
		return nil
	}
	if err := prepareState(ctx, s.client); err != nil {
		return err
	}
	var err error
	s.held, s.lease, err = acquire(ctx, s.client, doing, s.Options)
	return err
}

func byID(a, b File) int { return strings.Compare(a.ID, b.ID) }

// one carries out what can be carried out of one plan. deployed is the fingerprint of
// the schema that is to be deployed, if there is one.
func (s *series) one(ctx context.Context, f File, deployed string) (Outcome, error) {
	o := Outcome{Plan: f.ID}
	deploys := deployed != "" && f.To == deployed
	all, err := Statuses(ctx, s.client, []File{f})
	if err != nil {
		return o, err
	}
	states := statesOf(all)
	served, err := servedFingerprint(ctx, s.client)
	if err != nil {
		return o, err
	}
	if err := s.pass(ctx, f, states, served); err != nil {
		return o, err
	}
	if s.Phase != "" {
		if err := s.due(f, states, served); err != nil {
			return o, err
		}
		// Its own text is compared when a phase begins, which says nothing of those before it.
		if err := f.unchanged(ctx, s.client, all); err != nil {
			return o, err
		}
		if s.Phase == Contract && !states.settled(f, Contract, served) {
			if err := f.unused(ctx, s.client); err != nil {
				return o, err
			}
			if err := s.deletable(ctx, f, all); err != nil {
				return o, err
			}
		}
		return o, s.run(ctx, f, s.Phase, &o)
	}
	aimed := s.From != nil && s.From.of(f)
	if !aimed && states.settled(f, Before, served) && states.settled(f, After, served) && (!deploys || served == f.To) {
		return o, f.unchanged(ctx, s.client, all)
	}
	bound := f.bound()
	foreign := &Foreign{Plan: f.ID, From: f.From, To: f.To, Served: served}
	if bound && served != f.From && served != f.To {
		switch err := s.inapplicable(ctx, f, foreign, &o); {
		case err != nil || !deploys:
			return o, err
		case served != "":
			return o, foreign // nobody has looked what the way from that one does
		}
		o.Deployed, err = s.deploy(ctx, f)
		return o, err
	}
	// Waiting for a schema that this run passes over would never end.
	if f.From != f.To && served == f.From && deployed != "" && !deploys && served != deployed {
		foreign.Deploying = deployed
		err := s.inapplicable(ctx, f, foreign, &o)
		return o, err
	}
	if err := s.run(ctx, f, Before, &o); err != nil {
		return o, err
	}
	if err := s.mended(ctx, f, all, &o); err != nil {
		return o, err
	}
	if deploys && served != f.To {
		if err := s.deployable(ctx, f, all, &o); err != nil {
			return o, err
		}
	}
	// One that is served can have been sent by a run that did not see it through.
	if deploys && (served != f.To || states[After] == Pending) {
		if o.Deployed, err = s.deploy(ctx, f); err != nil {
			return o, err
		}
		if served, err = servedFingerprint(ctx, s.client); err != nil {
			return o, err
		}
	}
	if bound && served != f.To {
		if f.has(After) {
			o.Waiting = "the new GraphQL schema is not served yet: deploy it, and run this again for phase after"
		}
		return o, nil
	}
	if err := s.run(ctx, f, After, &o); err != nil {
		return o, err
	}
	return o, again(ctx, s.client, f, &o)
}

// inapplicable notes that a plan for other schemas has nothing to do here, or
// returns that it is one.
func (s *series) inapplicable(ctx context.Context, f File, foreign *Foreign, o *Outcome) error {
	some, err := s.finds(ctx, s.client, f)
	if err != nil {
		return err
	}
	if some {
		return foreign
	}
	was := s.foreign
	s.foreign = foreign
	defer func() { s.foreign = was }()
	if err := s.run(ctx, f, Before, o); err != nil {
		return err
	}
	return s.run(ctx, f, After, o)
}

// alone deploys a schema that no plan is for, unless it is served.
func (s *series) alone(ctx context.Context, to string) (o Outcome, err error) {
	served, err := servedFingerprint(ctx, s.client)
	if err != nil || served == to {
		return o, err
	}
	if served != "" && served != s.Over {
		return o, &Unfit{"the GraphQL schema that is served is neither the old one nor the new one: nobody has looked what deploying over it would do"}
	}
	o.Deployed, err = s.deploy(ctx, File{Plan: &Plan{}})
	return o, err
}

// deploy deploys the schema that a plan leads to, while nobody else is at work.
func (s *series) deploy(ctx context.Context, f File) (*Deployed, error) {
	doing := "deploying the GraphQL schema"
	if f.ID != "" {
		doing += " of plan " + f.ID
	}
	if err := s.lock(ctx, doing); err != nil {
		return nil, err
	}
	if err := s.lease.at(s.held, doing, ""); err != nil {
		return nil, err
	}
	// What is sent is seen through: who wants the run to end has to be heard now.
	r := &run{client: s.client, file: f, phase: Before, options: s.Options, token: s.lease.token, lease: s.lease, started: s.lease.began}
	r.options.Progress = nil
	if err := r.between(s.held); err != nil {
		return nil, err
	}
	if s.Deploying == nil {
		return deploy(s.held, s.client, s.Deploy, s.point)
	}
	ended := s.Deploying(f.ID)
	d, err := deploy(s.held, s.client, s.Deploy, s.point)
	ended(d, err)
	return d, err
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
	return !has || state.Over()
}

// settled reports whether nothing is left to do in a phase, and nothing will be.
func (s states) settled(f File, phase Phase, served string) bool {
	state, has := s[phase]
	return !has || f.settled(phase, state, served)
}

// Open are the phases that [Up] may write in: those that are not over for good.
func Open(ctx context.Context, c *dql.Client, files []File, s Series) ([]Status, error) {
	served, err := servedFingerprint(ctx, c)
	if err != nil {
		return nil, err
	}
	var open []Status
	for _, f := range files {
		all, err := Statuses(ctx, c, []File{f})
		if err != nil {
			return nil, err
		}
		for _, st := range all {
			wanted := st.Phase == s.Phase || s.Phase == "" && st.Phase != Contract
			if wanted && !s.From.passed(f, st.Phase) && !f.settled(st.Phase, st.State, served) {
				open = append(open, st)
			}
		}
	}
	return open, nil
}

// unchanged refuses a plan that is not the one that was carried out.
func (f File) unchanged(ctx context.Context, c *dql.Client, all []Status) error {
	for _, st := range all {
		if st.State != Pending && st.State != NotApplicable && st.Checksum != f.Checksum {
			return f.edited(ctx, c, st)
		}
	}
	return nil
}

// due refuses a phase that was asked for by name, and whose time has not come.
func (s *Series) due(f File, states states, served string) error {
	if !f.has(s.Phase) || states.settled(f, s.Phase, served) {
		return nil
	}
	bound := f.bound()
	switch {
	case s.Phase != Contract && bound && served != f.From && served != f.To:
		return &Foreign{Plan: f.ID, From: f.From, To: f.To, Served: served}
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
func (s *series) run(ctx context.Context, f File, phase Phase, o *Outcome) error {
	if !f.has(phase) {
		return nil
	}
	if err := s.lock(ctx, doingOf(f, phase)); err != nil {
		return err
	}
	r, err := s.lease.carryOut(s.held, f, phase, s.Options)
	if r != nil {
		o.Results = append(o.Results, r)
	}
	return err
}

// has reports whether a plan has steps in a phase.
func (p *Plan) has(phase Phase) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Phase == phase })
}
