package migrate

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/dql"
)

// Retagging says which stored type takes the place of which.
type Retagging struct {
	// From and To are the stored types.
	From, To string
	// Moves are the predicates of the type's own fields: from where to where the
	// values of its nodes go. That of its password belongs here, too: it cannot
	// be moved, and the error names the way out. Their Types are not looked at.
	Moves []Moving
	// FromStays says that the new schema stores a type under From, too.
	FromStays bool
}

// RetagType makes nodes of one stored type nodes of another one, and moves what
// they hold to the other one's predicates. Before the new schema is deployed
// they get the new type beside the old one and their values are copied; after
// it so is what was written meanwhile; the old type and the old predicates are
// removed only in phase contract. So both schemas find every node.
//
// The type is declared too: Dgraph deletes what a deleted node holds by the
// fields of its types, so that a node that somebody deletes between the phases
// takes its copies with it.
func RetagType(m Retagging) *Migration {
	if m.FromStays {
		return always(nil, fmt.Errorf("the new schema stores a type under %s, too: the nodes of both could not be told apart; "+
			"deploy the renamed type first, and the other one in a later update", m.From))
	}
	r := &recipe{}
	root, err := typeRoot(m.From)
	if err != nil {
		return always(nil, err)
	}
	moves := slices.Clone(m.Moves)
	for i := range moves {
		moves[i].Types = []string{m.From}
	}
	r.declareFor(m.To, moves)
	tag := Step{
		ID: "tag-" + m.From + "-as-" + m.To, Title: fmt.Sprintf("Make the nodes of type %s nodes of type %s as well", m.From, m.To),
		AddType: &AddType{Of: m.From, Type: m.To}, Convergent: true, Undo: UndoYes, Risk: "safe",
		Verify: lacking(m.From, m.To),
	}
	r.each(Before, root, nil, tag)
	r.moveAll(Before, moves)
	tag.ID, tag.Title = "sweep-"+m.From+"-as-"+m.To, fmt.Sprintf("Make nodes of type %s that were added meanwhile nodes of type %s as well", m.From, m.To)
	r.each(After, root, nil, tag)
	r.moveAll(After, moves)

	r.each(Contract, root, nil, Step{
		ID: "untag-" + m.From, Title: fmt.Sprintf("Take the type %s from the nodes that have the type %s", m.From, m.To),
		RemoveType: &RemoveType{Type: m.From, Keep: m.To}, Convergent: true, Undo: UndoYes, Risk: "review",
		Precondition: lacking(m.From, m.To), Verify: "{q(func: " + root + ") {count(uid)}}",
	})
	d := dropped(moves)
	d.Types = []string{m.From}
	r.drop(Contract, d)
	r.DualWrite = fmt.Sprintf("From the phase before until the new schema is deployed, what is added to %s is copied afterwards; "+
		"a value that is changed or deleted there has to be changed or deleted under %s as well.", m.From, m.To)
	return always(r.done())
}

// declareFor declares the predicates that values move to, as fields of a type
// too.
func (r *recipe) declareFor(stored string, moves []Moving) {
	if len(moves) == 0 {
		return
	}
	d := Declare{}
	t := DeclaredType{Name: stored}
	for _, m := range moves {
		if !slices.Contains(t.Fields, m.To.Stored()) {
			d.Predicates = append(d.Predicates, declared(m.To))
			t.Fields = append(t.Fields, m.To.Stored())
		}
	}
	d.Types = []DeclaredType{t}
	r.declareAll(Before, d)
}

// moveAll copies the values of the nodes of one type each. It notes the first
// move that is not possible.
func (r *recipe) moveAll(phase Phase, moves []Moving) {
	for _, m := range moves {
		if err := m.check(); err != nil {
			r.fail(err)
			continue
		}
		for _, t := range m.Types {
			from, to := m.From.Stored(), m.To.Stored()
			root, err := typeRoot(t)
			s := Step{
				ID: "copy-" + from + "-to-" + to, Title: fmt.Sprintf("Copy what nodes of type %s hold under %s to %s", t, from, to),
				Copy: &Copy{From: from, To: to, Types: []string{t}}, Convergent: true, Undo: UndoYes, Risk: "review",
			}
			if phase == After {
				s.ID, s.Title = "sweep-"+from+"-to-"+to, fmt.Sprintf("Copy what was written under %s meanwhile to %s, for nodes of type %s", from, to, t)
			}
			r.each(phase, root, err, s)
		}
	}
}

// dropped are the predicates that nothing uses any more once their values have
// moved.
func dropped(moves []Moving) Drop {
	var d Drop
	for _, m := range moves {
		if from := m.From.Stored(); !m.FromStays && !slices.Contains(d.Predicates, from) {
			d.Predicates = append(d.Predicates, from)
		}
	}
	return d
}

// lacking is DQL that counts the nodes of one type that lack another one.
func lacking(of, stored string) string {
	a, err := typeRoot(of)
	if err != nil {
		return ""
	}
	b, err := dql.Quote(stored)
	if err != nil {
		return ""
	}
	return "{q(func: " + a + ") @filter(NOT type(" + b + ")) {count(uid)}}"
}
