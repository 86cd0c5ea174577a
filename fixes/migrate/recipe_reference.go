package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Referencing says which values become nodes.
type Referencing struct {
	// Moving is from the predicate of the values to that of the edges. When they
	// are one, it is done in place.
	Moving
	// Target are the stored types of the nodes: of the field's type, and of the
	// interfaces that this implements.
	Target []string
	// Keys are the predicates of that type in the new schema, of which one takes
	// the value.
	Keys []*storage.Predicate
}

// ScalarToReference makes a node of each value, the same one for equal values,
// and edges to it. Before the new schema is deployed the values that are there
// are done, after it those that were written meanwhile; the values are removed
// only in phase contract. Where the key has no @id in the new schema, the step
// after it declares what finds the nodes once more.
func ScalarToReference(m Referencing) *Migration {
	from, to := m.From.Stored(), m.To.Stored()
	switch {
	case len(m.Target) == 0 || m.To.Type != "uid":
		return always(nil, fmt.Errorf("%s holds no references", to))
	case equalities[m.From.Type] == nil:
		return always(nil, fmt.Errorf("values of the type %s under %s cannot be looked up, so that no nodes can be made of them", m.From.Type, from))
	}
	if err := m.single(); err != nil {
		return always(nil, err)
	}
	need, keys, err := needed(fmt.Sprintf("a field of %s that takes the value of %s", m.Target[0], from), m.Keys, m.From.Type,
		func(p *storage.Predicate) bool { return !p.List && !p.Lang })
	if err != nil {
		return always(nil, err)
	}
	return &Migration{Need: need, Build: func(given []string) (*Recipe, error) {
		key, err := chosen(need, keys, given)
		if err != nil {
			return nil, err
		}
		found := declared(key)
		found.Upsert = true
		if !slices.ContainsFunc(found.Index, func(name string) bool { return slices.Contains(equalities[key.Type], name) }) {
			found.Index = append(found.Index, equalities[key.Type][0])
		}
		r := &recipe{}
		r.declareAll(Before, Declare{Predicates: []Declared{found}})
		made := func(to string) Step {
			return Step{
				ID: "refer-" + from, Title: fmt.Sprintf("Make a node of type %s of each value of %s, and edges to it under %s", m.Target[0], from, to),
				Refer:      &Refer{From: from, To: to, Types: m.Types, Key: key.Stored(), Target: m.Target},
				Convergent: true, Undo: UndoPartial, Risk: "review", BatchSize: 500, // the nodes stay
			}
		}
		if r.restate(m.Moving, made) == After && !key.Upsert {
			r.declareAgain(found)
		}
		return r.done()
	}}
}

// Dereferencing says which references become values.
type Dereferencing struct {
	// Moving is from the predicate of the edges to that of the values. When they
	// are one, it is done in place.
	Moving
	// Fields are the predicates of the type that the references lead to, of
	// which one has the values.
	Fields []*storage.Predicate
}

// ReferenceToScalar writes one field of the nodes that edges lead to in place of
// the edges. The nodes stay; edges that lead to a node without a value are left
// and told. Before the new schema is deployed the edges that are there are done,
// after it those that were written meanwhile; the edges are removed only in
// phase contract. A list holds a value once, also when it is that of two nodes.
func ReferenceToScalar(m Dereferencing) *Migration {
	from, to := m.From.Stored(), m.To.Stored()
	if m.From.Type != "uid" {
		return always(nil, fmt.Errorf("%s holds no references", from))
	}
	if err := m.single(); err != nil {
		return always(nil, err)
	}
	need, fields, err := needed(fmt.Sprintf("a field of the nodes that %s leads to, for the value of %s", from, to), m.Fields, m.To.Type,
		func(p *storage.Predicate) bool { return !p.List || m.To.List })
	if err != nil {
		return always(nil, err)
	}
	return &Migration{Need: need, Build: func(given []string) (*Recipe, error) {
		field, err := chosen(need, fields, given)
		if err != nil {
			return nil, err
		}
		r := &recipe{}
		r.restate(m.Moving, func(to string) Step {
			return Step{
				ID: "take-" + from, Title: fmt.Sprintf("Write %s of the nodes that %s leads to under %s", field.Stored(), from, to),
				Take:       &Take{From: from, Field: field.Stored(), To: to, Types: m.Types},
				Convergent: true, Undo: UndoYes, Risk: "review", BatchSize: 100,
			}
		})
		return r.done()
	}}
}

// single refuses predicates under which a node has more than fits.
func (m Moving) single() error {
	from, to := m.From.Stored(), m.To.Stored()
	switch {
	case strings.HasPrefix(from, "~") || strings.HasPrefix(to, "~"):
		return fmt.Errorf("nothing is stored under %s or %s: edges that are read backwards are stored under the predicate without ~", from, to)
	case m.From.List && !m.To.List:
		return fmt.Errorf("a node can hold several values under %s and only one under %s: it takes a policy which of them stays", from, to)
	}
	return nil
}

// restate adds the steps that write under one predicate what is made of what
// another one holds. It returns the last phase that makes something.
//
// Where both are one, Dgraph refuses the new schema while something is stored:
// what is made is staged, what was there is kept elsewhere until phase contract,
// and the predicate is dropped before the new schema is deployed.
func (r *recipe) restate(m Moving, made func(to string) Step) Phase {
	from, to := m.From.Stored(), m.To.Stored()
	root, err := hasRoot(from, m.From.Lang)
	if from != to {
		r.declareAll(Before, Declare{Predicates: []Declared{declared(m.To)}, Types: m.owners()})
		r.each(Before, root, err, made(to))
		again := made(to)
		again.ID, again.Title = "sweep-"+again.ID, again.Title+", for what was written meanwhile"
		r.each(After, root, err, again)
		if !m.FromStays {
			r.drop(Contract, Drop{Predicates: []string{from}})
		}
		r.DualWrite = fmt.Sprintf("From the phase before until the new schema is deployed, what is added under %s is done afterwards; "+
			"a value that is changed or deleted there has to be changed or deleted under %s as well.", from, to)
		return After
	}
	staged, kept := to+"__staged", to+"__kept"
	r.declare(Declared{Name: staged, Type: m.To.Type, List: m.To.List, Lang: m.To.Lang}, Declared{Name: kept, Type: m.From.Type, List: m.From.List, Lang: m.From.Lang})
	r.each(Before, root, err, Step{
		ID: "keep-" + from, Title: fmt.Sprintf("Keep what is stored under %s under %s", from, kept),
		Copy: &Copy{From: from, To: kept}, Convergent: true, Undo: UndoYes, Risk: "safe",
	})
	r.each(Before, root, err, made(staged))
	r.drop(Before, Drop{Predicates: []string{from}})
	root, err = hasRoot(staged, m.To.Lang)
	r.each(After, root, err, Step{
		ID: "restore-" + to, Title: fmt.Sprintf("Copy what is staged under %s to %s", staged, to),
		Copy: &Copy{From: staged, To: to}, Convergent: true, Undo: UndoYes, Risk: "safe",
	})
	r.drop(Contract, Drop{Predicates: []string{staged, kept}})
	r.DualWrite = fmt.Sprintf("From the phase before until the new schema is deployed, the application must not write %s: what it writes is lost, or has Dgraph refuse the new schema.", from)
	return Before
}

// declareAgain declares a predicate before the steps of phase after, too: the
// new schema takes away what it does not say itself.
func (r *recipe) declareAgain(p Declared) {
	first := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Phase == After })
	s := Step{
		ID: "redeclare-" + p.Name, Title: fmt.Sprintf("Declare @upsert and the index of %s once more, until the next update of the schema", p.Name),
		Phase: After, Declare: &Declare{Predicates: []Declared{p}}, Convergent: true, Undo: UndoNo, Risk: "safe",
	}
	s.Kind, s.ID = kindOf(&s), idOf(s.ID)
	r.Steps = slices.Insert(r.Steps, first, s)
}

// needed are those of some predicates that hold values of a type, and what
// somebody has to say when there are several.
func needed(what string, all []*storage.Predicate, typ string, fits func(*storage.Predicate) bool) (*Need, []*storage.Predicate, error) {
	var left []*storage.Predicate
	for _, p := range all {
		if p.Type == typ && fits(p) && !strings.HasPrefix(p.Stored(), "~") {
			left = append(left, p)
		}
	}
	switch len(left) {
	case 0:
		return nil, nil, fmt.Errorf("it takes %s, and none is stored as %s", what, typ)
	case 1:
		return nil, left, nil
	}
	need := &Need{What: what}
	for _, p := range left {
		need.Options = append(need.Options, p.Stored())
	}
	return need, left, nil
}

// chosen is the predicate that was said, or the only one.
func chosen(need *Need, all []*storage.Predicate, given []string) (*storage.Predicate, error) {
	if need == nil {
		if len(given) > 0 {
			return nil, errors.New("there is nothing to choose")
		}
		return all[0], nil
	}
	if len(given) != 1 {
		return nil, fmt.Errorf("it takes %s, one of %s", need.What, strings.Join(need.Options, ", "))
	}
	i := slices.Index(need.Options, given[0])
	if i < 0 {
		return nil, fmt.Errorf("%q is not %s: it takes one of %s", given[0], need.What, strings.Join(need.Options, ", "))
	}
	return all[i], nil
}
