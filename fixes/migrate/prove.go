package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// mostLooks is how often a step is verified anew when the counts are not those
// that were expected: somebody who writes meanwhile can be the reason.
const mostLooks = 3

// countable is a task of whose open nodes the server can count some by itself.
type countable interface {
	paged
	// unmet is a filter that only nodes under the root of a step pass that the step
	// would change, or cannot; it need not find all of them. Empty passes all.
	unmet(root string) string
}

// proved asks the closing question of a step, and holds it against what the
// server counts by itself. between is that of [closing].
func proved(ctx context.Context, c *dql.Client, r *reader, between func(context.Context) error) (Check, error) {
	var before account
	for look := 1; ; look++ {
		check, err := closing(ctx, c, r, between)
		if err != nil {
			return check, err
		}
		after, err := r.step.account(ctx, c)
		if err != nil {
			return check, err
		}
		// The first time nothing was counted before: numbers that agree need no excuse.
		if look == 1 || before.nodes == after.nodes {
			check.Counted = &after.nodes
		}
		// What comes or is mended meanwhile is found only once.
		if check.Unasked, check.Found = after.unasked, after.found; look > 1 && before.found != nil && after.found != nil {
			found := min(*before.found, *after.found)
			check.Found = &found
		}
		if check.agrees() || look == mostLooks {
			return check, nil
		}
		before = after
	}
}

// account is what the server counts by itself of the nodes of a step.
type account struct {
	nodes   uint64
	found   *uint64 // by the step's own question
	unasked string  // why that was not asked
}

// account asks the server. A question of the step's that Dgraph does not take is
// no reason to end: a plan can have been written for a type that a predicate no
// longer has.
func (s *Step) account(ctx context.Context, c *dql.Client) (account, error) {
	var a account
	var err error
	if a.nodes, err = count(ctx, c, counting(s.Select.Root, s.Select.Filter)); err != nil {
		return a, err
	}
	question, err := s.question()
	if err != nil {
		a.unasked = err.Error()
		return a, nil
	}
	if question == "" {
		return a, nil
	}
	found, err := count(ctx, c, question)
	if err != nil && isOther(err) {
		a.unasked = err.Error()
		return a, nil
	}
	a.found = &found
	return a, err
}

// count is the answer to a question of [counting].
func count(ctx context.Context, c *dql.Client, question string) (n uint64, err error) {
	answer, err := c.Snapshot().Query(ctx, question, nil)
	if err != nil {
		return 0, err
	}
	err = dql.Rows(answer, "q", func(row dql.Row) error { n = row.Count("count"); return nil })
	return n, err
}

// question is the step's own one, written anew: a count of nodes under the root
// of the step, with a filter or without. Nothing else that stands in a plan is
// asked. Empty when the step has none.
func (s *Step) question() (string, error) {
	if strings.TrimSpace(s.Verify) == "" {
		return "", nil
	}
	errForm := fmt.Errorf("it is not of the form {q(func: %s) @filter(...) {count(uid)}}", s.Select.Root)
	rest := s.Verify
	for _, part := range []string{"{", "q(func: " + s.Select.Root + ")"} {
		var ok bool
		if rest, ok = strings.CutPrefix(strings.TrimSpace(rest), part); !ok {
			return "", errForm
		}
	}
	for _, part := range []string{"}", "}", "count(uid)", "{"} {
		var ok bool
		if rest, ok = strings.CutSuffix(strings.TrimSpace(rest), part); !ok {
			return "", errForm
		}
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return counting(s.Select.Root, ""), nil
	}
	filter, begins := strings.CutPrefix(rest, "@filter(")
	filter, ends := strings.CutSuffix(filter, ")")
	if !begins || !ends || strings.TrimSpace(filter) == "" || enclosed(filter) != nil {
		return "", errForm
	}
	return counting(s.Select.Root, filter), nil
}

// conjunction joins filters, leaving out those that are empty.
func conjunction(filters ...string) string {
	return strings.Join(slices.DeleteFunc(filters, func(f string) bool { return f == "" }), " AND ")
}

// ofTypes is a filter for nodes that have one of some stored types; empty for
// none, which takes all.
func ofTypes(types []string) string {
	if len(types) == 0 {
		return ""
	}
	return anyType(types)
}

func (c *Copy) unmet(root string) string { return unfilled(root, c.From, c.To, c.Types) }

func (c *Choose) unmet(root string) string { return unfilled(root, c.From, c.To, c.Types) }

func (r *Refer) unmet(root string) string {
	return conjunction("has("+quote(r.From)+")", "NOT has("+quote(r.To)+")", ofTypes(r.Types))
}

// unfilled is a filter for nodes that hold something under one predicate and
// nothing under another one. Under a root that finds values in languages, those
// of the other one are found too.
func unfilled(root, from, to string, types []string) string {
	if strings.HasSuffix(root, "@.)") {
		return conjunction("NOT has("+quote(to)+"@.)", ofTypes(types))
	}
	return conjunction("has("+quote(from)+")", "NOT has("+quote(to)+")", ofTypes(types))
}

func (a *AddType) unmet(string) string {
	if a.Of == "" {
		return "NOT has(dgraph.type)"
	}
	return conjunction("type("+quote(a.Of)+")", "NOT type("+quote(a.Type)+")")
}

func (r *RemoveType) unmet(string) string {
	filters := []string{"type(" + quote(r.Type) + ")"}
	for _, t := range r.Unless {
		filters = append(filters, "NOT type("+quote(t)+")")
	}
	return conjunction(filters...)
}

func (i *InferType) unmet(string) string { return "NOT has(dgraph.type)" }

func (f *Fill) unmet(string) string { return conjunction("type("+quote(f.Type)+")", f.missing()) }

// unmet does not look for values of the predicates that have languages only,
// unless the root does.
func (d *DeleteValues) unmet(root string) string {
	var held []string
	for _, name := range d.Predicates {
		if root == "has("+quote(name)+")" || root == "has("+quote(name)+"@.)" {
			held = nil
			break
		}
		held = append(held, "has("+quote(name)+")")
	}
	filters := []string{""}
	if len(held) > 0 {
		filters[0] = "(" + strings.Join(held, " OR ") + ")"
	}
	if d.Untyped {
		filters = append(filters, "NOT has(dgraph.type)")
	}
	filters = append(filters, ofTypes(d.Types))
	if len(d.Keep) > 0 {
		filters = append(filters, "NOT "+anyType(d.Keep))
	}
	return conjunction(filters...)
}

// following are the steps that run after one.
func (p *Plan) following(i int) []*Step {
	var later []*Step
	for _, phase := range []Phase{Before, After, Contract} {
		for j := range p.Steps {
			s := &p.Steps[j]
			if s.Phase == phase && (nth(phase) > nth(p.Steps[i].Phase) || phase == p.Steps[i].Phase && j > i) {
				later = append(later, s)
			}
		}
	}
	return later
}

func nth(p Phase) int { return slices.Index([]Phase{Before, After, Contract}, p) }

func stepsOf(plans []*Plan) []*Step {
	var steps []*Step
	for _, p := range plans {
		for i := range p.Steps {
			steps = append(steps, &p.Steps[i])
		}
	}
	return steps
}

// moot reports whether a later step, by now, has taken away what a step reads, so
// that something else is there when the predicate is stored again. What is
// dropped in phase contract is not: then there is nothing to look at.
func (s *Step) moot(later []*Step) bool {
	return s.Select != nil && slices.ContainsFunc(later, func(l *Step) bool {
		if l.Phase == Contract {
			return false
		}
		if l.Drop != nil && slices.ContainsFunc(l.Drop.Predicates, func(name string) bool { return slices.Contains(s.Reads, name) }) {
			return true
		}
		if l.Redeclare == nil {
			return false
		}
		keeper, from := l.Redeclare.keeper()
		return keeper != nil && slices.Contains(s.Reads, from)
	})
}

// current reports whether the stored schema can be expected to be as a step left
// it: once the next GraphQL schema is deployed, that one decides.
func (p *Plan) current(s *Step, served string) bool {
	switch {
	case p.From == "" && p.To == "":
		return true
	case s.Phase == Before:
		return served == p.From
	}
	return served == p.To
}

// altered says how the stored schema is not as a step left it. What one of the
// later steps declares or drops is theirs.
func (s *Step) altered(live *dql.Stored, later []*Step) Check {
	check := Check{Step: s.ID, alters: true}
	theirs := func(name string) bool {
		return slices.ContainsFunc(later, func(l *Step) bool {
			return l.Declare != nil && slices.ContainsFunc(l.Declare.Predicates, func(d Declared) bool { return d.Name == name }) ||
				l.Drop != nil && slices.Contains(l.Drop.Predicates, name) || l.Redeclare != nil && l.Redeclare.Predicate.Name == name
		})
	}
	wrong := func(format string, args ...any) { check.Wrong = append(check.Wrong, fmt.Sprintf(format, args...)) }
	var declared []Declared
	if s.Declare != nil {
		declared = s.Declare.Predicates
	}
	if s.Redeclare != nil {
		declared = append(declared, s.Redeclare.Predicate)
	}
	for _, d := range declared {
		is := live.Predicate(d.Name)
		switch {
		case theirs(d.Name):
		case is == nil:
			wrong("%s is not stored", d.Name)
		case is.Type != d.Type || is.List != d.List:
			wrong("%s is stored as %s, not as %s", d.Name, written(is.Type, is.List), written(d.Type, d.List))
		case s.Phase == Before && len(d.whole(is).Index) > len(is.Index):
			// What is declared after the deploy, for a time, another deploy takes away.
			wrong("%s is not indexed by %s", d.Name, strings.Join(d.Index, ", "))
		}
	}
	if s.Drop != nil {
		for _, name := range s.Drop.Predicates {
			if !theirs(name) && live.Predicate(name) != nil {
				wrong("%s is stored again", name)
			}
		}
		for _, name := range s.Drop.Types {
			if live.Type(name) != nil {
				wrong("the type %s is stored again", name)
			}
		}
	}
	return check
}

// closeAltered looks whether the stored schema is what a step made of it.
func (r *run) closeAltered(ctx context.Context, s *Step) error {
	live, err := r.client.Stored(ctx)
	if err != nil {
		return err
	}
	if check := s.altered(live, nil); !check.Clean() {
		r.result.Unclean = append(r.result.Unclean, check)
	}
	return nil
}

// again verifies phase before once more when phase after is done: what was
// written between the two, while nobody looked, is found too. It does nothing
// when the series has neither deployed nor carried out anything of phase after.
func again(ctx context.Context, c *dql.Client, f File, o *Outcome) error {
	of := func(phase Phase) *Result {
		i := slices.IndexFunc(o.Results, func(r *Result) bool { return r.Status.Phase == phase })
		if i < 0 {
			return nil
		}
		return o.Results[i]
	}
	before, after := of(Before), of(After)
	if before == nil || !before.Status.State.Over() || o.Deployed == nil && (after == nil || after.Already) {
		return nil
	}
	checks, err := Verify(ctx, c, f.Plan, before.Status)
	if err != nil {
		return errors.Join(errors.New("phase before could not be verified again after the new schema was deployed"), err)
	}
	for _, check := range checks {
		before.Unclean = slices.DeleteFunc(before.Unclean, func(was Check) bool { return was.Step == check.Step })
		if !check.Clean() {
			before.Unclean = append(before.Unclean, check)
		}
	}
	return nil
}
