package migrate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Dangling says which edges are to be deleted.
type Dangling struct {
	Predicate *storage.Predicate
	// Types are the stored types of which a target has to have one. Without them
	// only edges go whose target holds nothing at all.
	Types []string
	// Of are the stored types of the nodes whose edges are looked at; nil looks at
	// all.
	Of []string
}

// RemoveDanglingEdges deletes edges whose target has none of the wanted types,
// in phase contract.
func RemoveDanglingEdges(d Dangling) *Migration {
	name := d.Predicate.Stored()
	r := &recipe{}
	if d.Predicate.Type != "uid" {
		r.err = fmt.Errorf("%s has no edges: it is stored as %s", name, d.Predicate.Type)
		return always(r.done())
	}
	to := "nothing at all"
	if len(d.Types) > 0 {
		to = "no " + strings.Join(d.Types, ", ")
	}
	root, err := hasRoot(name, false)
	r.each(Contract, root, err, Step{
		ID: "unlink-" + name, Title: fmt.Sprintf("Delete the edges under %s whose target is %s", name, to),
		Unlink: &Unlink{Predicate: name, Types: d.Types, Of: d.Of}, Convergent: true, Undo: UndoYes, Risk: "destructive",
	})
	return always(r.done())
}

// Untyped says what is known of nodes without type.
type Untyped struct {
	// Predicates are those under which there are such nodes.
	Predicates []*storage.Predicate
	// Candidates are the types of the schema that such a node may be of.
	Candidates []Candidate
}

const (
	giveType     = "type"
	deleteValues = "delete"
)

// MendUntyped gives nodes without type the one type that has all their
// predicates, or deletes what they hold, in phase contract.
func MendUntyped(u Untyped) *Migration {
	return &Migration{
		Need: &Need{
			What:    "what becomes of nodes without type: \"type\" gives them the one type that has all their predicates, \"delete\" deletes what they hold in phase contract",
			Options: []string{giveType, deleteValues}, Default: giveType,
		},
		Build: u.build,
	}
}

func (u Untyped) build(given []string) (*Recipe, error) {
	policy := giveType
	switch {
	case len(given) == 1:
		policy = given[0]
	case len(given) > 1:
		return nil, fmt.Errorf("it takes one of %s, %s, not %d answers", giveType, deleteValues, len(given))
	}
	if len(u.Predicates) == 0 {
		return nil, errors.New("it takes the predicates under which there are nodes without type")
	}
	r := &recipe{}
	for _, p := range u.Predicates {
		name := p.Stored()
		root, err := hasRoot(name, p.Lang)
		switch policy {
		case giveType:
			r.each(After, root, err, Step{
				ID: "type-of-" + name, Title: fmt.Sprintf("Give the nodes without type that hold %s the one type that has all their predicates", name),
				InferType: &InferType{u.Candidates}, Convergent: true, Undo: UndoYes, Risk: "review",
			})
		case deleteValues:
			r.each(Contract, root, err, Step{
				ID: "delete-untyped-" + name, Title: fmt.Sprintf("Delete what nodes without type hold under %s", name),
				DeleteValues: &DeleteValues{Predicates: []string{name}, Untyped: true}, Convergent: true, Undo: removal(p, false), Risk: "destructive",
			})
		default:
			return nil, fmt.Errorf("%q is neither %s nor %s", policy, giveType, deleteValues)
		}
	}
	return r.done()
}
