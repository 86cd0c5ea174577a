package migrate

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Merging says what merging nodes takes.
type Merging struct {
	// Predicates are all those of the type, inherited ones too.
	Predicates []*storage.Predicate
	// Incoming are the predicates of the schema whose edges can lead to the type.
	Incoming []*storage.Predicate
	// Types are the stored types that such nodes have: that of the type, and those
	// of its interfaces.
	Types []string
}

// mark is the predicate that notes into which node one is merged.
func (u Uniqueness) mark() string { return ownPrefix + "merged." + u.Predicate.Stored() }

// merge makes one node of those with the same value. The mark that the first
// step leaves is all that the others go by: each can be carried out again, and
// until phase contract a marked node keeps all its values.
func (u Uniqueness) merge(r *recipe, chosen choice) {
	name, mark := u.Predicate.Stored(), u.mark()
	r.declare(Declared{Name: mark, Type: "uid"})
	marked, err := hasRoot(mark, false)
	var names []string
	undo := UndoYes
	for _, p := range u.Merged.Predicates {
		names = append(names, p.Stored())
		if p.Type == "password" {
			undo = UndoPartial
		}
	}
	names = unique(append(names, name))
	give := func(phase Phase) {
		r.each(phase, marked, err, Step{
			ID:          fmt.Sprintf("merge-by-%s-%s", name, phase),
			Title:       fmt.Sprintf("Give the nodes that keep their %s what they lack and those have that are merged into them", name),
			MergeValues: &MergeValues{Mark: mark, Predicates: names}, Convergent: true, Undo: UndoYes, Risk: "review",
		})
	}
	for _, phase := range []Phase{Before, After} {
		for _, stored := range u.Types {
			u.step(r, phase, stored, chosen)
		}
		give(phase)
		for _, p := range u.Merged.Incoming {
			root, err := hasRoot(p.Stored(), false)
			r.each(phase, root, err, Step{
				ID:      fmt.Sprintf("repoint-%s-by-%s-%s", p.Stored(), name, phase),
				Title:   fmt.Sprintf("Lead the edges under %s to the nodes that keep their %s", p.Stored(), name),
				Repoint: &Repoint{Mark: mark, Predicate: p.Stored()}, Convergent: true, Undo: UndoYes, Risk: "review",
			})
		}
		r.each(phase, marked, err, Step{
			ID:     fmt.Sprintf("retire-by-%s-%s", name, phase),
			Title:  fmt.Sprintf("Take the type from the nodes that were merged into another one by %s; their values stay until phase contract", name),
			Retire: &Retire{Mark: mark, Predicate: name, Types: unique(slices.Concat(u.Merged.Types, u.Types))}, Convergent: true, Undo: UndoYes, Risk: "review",
		})
	}
	give(Contract) // what was written to a merged node since
	r.each(Contract, marked, err, Step{
		ID:           "delete-merged-by-" + name,
		Title:        fmt.Sprintf("Delete what is left of the nodes that were merged into another one by %s", name),
		DeleteValues: &DeleteValues{Predicates: names, Untyped: true}, Convergent: true, Undo: undo, Risk: "destructive",
	})
	r.drop(Contract, Drop{Predicates: []string{mark}})
	r.DualWrite = u.manners()
}
