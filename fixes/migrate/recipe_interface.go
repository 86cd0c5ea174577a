package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Crossing says which types' fields move between them and an interface. All
// names of types are stored ones.
type Crossing struct {
	Interface string
	Members   []Member
	// Served says that both schemas have the interface.
	Served bool
	// Kept says that nodes keep the type of an interface that theirs leaves: queries of
	// the interface go on finding them.
	Kept bool
	// Others are types that implement the interface in the new schema, whatever
	// becomes of the members.
	Others []string
}

// Member is a type, and from where to where the values of its nodes move. The
// Types of Moves are not looked at.
type Member struct {
	Type  string
	Moves []Moving
}

// moves are those of a member, for its nodes only.
func (m Member) moves() []Moving {
	all := slices.Clone(m.Moves)
	for i := range all {
		all[i].Types = []string{m.Type}
	}
	return all
}

// MoveIntoInterface copies what nodes hold under the predicates of their types
// to the ones of an interface that these start to implement, and gives them the
// interface's type. When the old schema has the interface already, it would
// show them there without being able to say what they are, so that they get it
// only after the new schema is deployed.
func MoveIntoInterface(c Crossing) *Migration {
	r := &recipe{}
	var all []Moving
	for _, m := range c.Members {
		r.declareFor(m.Type, m.moves())
		all = append(all, m.moves()...)
	}
	for _, phase := range []Phase{Before, After} {
		r.moveAll(phase, all)
		for _, m := range c.Members {
			if phase == After || !c.Served {
				r.joins(phase, m.Type, c.Interface)
			}
		}
	}
	if d := dropped(all); len(d.Predicates) > 0 {
		r.drop(Contract, d)
	}
	r.DualWrite = movedWhile(all)
	return always(r.done())
}

// MoveOutOfInterface copies what nodes of the members hold under the predicates
// of an interface to the ones of their types, and takes the interface's type
// from them in phase contract, unless that is kept. Nodes of other types keep both.
func MoveOutOfInterface(c Crossing) *Migration {
	r := &recipe{}
	var all []Moving
	for _, m := range c.Members {
		r.declareFor(m.Type, m.moves())
		all = append(all, m.moves()...)
	}
	r.moveAll(Before, all)
	r.moveAll(After, all)
	for _, m := range c.Members {
		if !c.Kept {
			r.leaves(m.Type, c.Interface, c.Others)
		}
	}
	d := dropped(all)
	if !c.Served {
		d.Types = []string{c.Interface}
	}
	if len(d.Predicates)+len(d.Types) > 0 {
		r.drop(Contract, d)
	}
	r.DualWrite = movedWhile(all)
	return always(r.done())
}

// movedWhile says what the application has to do meanwhile; empty when nothing
// moves.
func movedWhile(moves []Moving) string {
	if len(moves) == 0 {
		return ""
	}
	return fmt.Sprintf("From the phase before until the new schema is deployed, what is added under %s is copied afterwards; "+
		"a value that is changed or deleted there has to be changed or deleted under %s as well.",
		listed(moves, func(m Moving) string { return m.From.Stored() }), listed(moves, func(m Moving) string { return m.To.Stored() }))
}

// listed are the names of some side of the moves, each once.
func listed(moves []Moving, name func(Moving) string) string {
	var all []string
	for _, m := range moves {
		if n := name(m); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return strings.Join(all, ", ")
}

// AddInterfaceType gives the nodes of a stored type the type of an interface
// that it implements in the new schema: after that is deployed when the old
// schema has the interface already (served), and else before, too.
func AddInterfaceType(stored, iface string, served bool) *Migration {
	r := &recipe{}
	if !served {
		r.joins(Before, stored, iface)
	}
	r.joins(After, stored, iface)
	return always(r.done())
}

// RemoveInterfaceType takes the type of an interface from the nodes of a stored
// type that no longer implements it, unless they are of one of the others,
// which do.
func RemoveInterfaceType(stored, iface string, others []string) *Migration {
	r := &recipe{}
	r.leaves(stored, iface, others)
	return always(r.done())
}

// TagNodes gives nodes that have no type at all one, and then the ones of its
// interfaces: nodes that hold something under one of the predicates, which only
// nodes of the type have. All names are stored ones.
func TagNodes(predicates []*storage.Predicate, stored string, interfaces []string) *Migration {
	r := &recipe{}
	for _, p := range predicates {
		root, err := hasRoot(p.Stored(), p.Lang)
		r.each(Before, root, err, Step{
			ID:      "tag-" + p.Stored() + "-as-" + stored,
			Title:   fmt.Sprintf("Give nodes that hold something under %s and have no type the type %s", p.Stored(), stored),
			AddType: &AddType{Type: stored}, Convergent: true, Undo: UndoYes, Risk: "review",
		})
	}
	for _, i := range interfaces {
		r.joins(Before, stored, i)
	}
	return always(r.done())
}

func (r *recipe) joins(phase Phase, stored, iface string) {
	root, err := typeRoot(stored)
	s := Step{
		ID: "tag-" + stored + "-as-" + iface, Title: fmt.Sprintf("Give the nodes of type %s the type %s of the interface as well", stored, iface),
		AddType: &AddType{Of: stored, Type: iface}, Convergent: true, Undo: UndoYes, Risk: "safe", Verify: lacking(stored, iface),
	}
	if phase == After {
		s.ID, s.Title = "sweep-"+stored+"-as-"+iface, fmt.Sprintf("Give the nodes of type %s that lack it the type %s of the interface", stored, iface)
	}
	r.each(phase, root, err, s)
}

func (r *recipe) leaves(stored, iface string, others []string) {
	root, err := typeRoot(stored)
	r.each(Contract, root, err, Step{
		ID: "untag-" + stored + "-as-" + iface, Title: fmt.Sprintf("Take the type %s of the interface from the nodes of type %s", iface, stored),
		RemoveType: &RemoveType{Type: iface, Keep: stored, Unless: others}, Convergent: true, Undo: UndoYes, Risk: "review",
	})
}
