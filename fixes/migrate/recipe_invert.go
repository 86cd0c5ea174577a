package migrate

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/storage"
)

// Side is one side of a @hasInverse.
type Side struct {
	Predicate *storage.Predicate
	// Types are the stored types of the nodes that have it.
	Types []string
}

// BackfillInverse writes the missing edges of both sides of a @hasInverse, once
// the schema with it is deployed. Both sides are the same one where a field is
// its own inverse.
func BackfillInverse(a, b Side) *Migration {
	m := &Migration{Build: func(given []string) (*Recipe, error) { return backfill(a, b, given) }}
	if !a.Predicate.List || !b.Predicate.List {
		m.Need = &Need{
			What:    "what becomes of a node that can have one edge back only, has none, and would get several: \"lowest\" leads to the lowest uid, \"refuse\" lists it and writes none",
			Options: []string{severalLowest, severalRefuse}, Default: severalRefuse,
		}
	}
	return m
}

func backfill(a, b Side, given []string) (*Recipe, error) {
	several := severalRefuse
	if len(given) > 0 {
		several = given[0]
	}
	if len(given) > 1 || several != severalLowest && several != severalRefuse {
		return nil, fmt.Errorf("it takes one of %s, %s", severalLowest, severalRefuse)
	}
	for _, s := range []Side{a, b} {
		if s.Predicate.Type != "uid" {
			return nil, fmt.Errorf("%s has no edges: it is stored as %s", s.Predicate.Stored(), s.Predicate.Type)
		}
	}
	// The side with lists comes first: what it gets makes more candidates for the
	// other one, and takes nothing from it.
	sides := [][2]Side{{a, b}, {b, a}}
	if a.Predicate.List && !b.Predicate.List {
		sides[0], sides[1] = sides[1], sides[0]
	}
	if a.Predicate.Stored() == b.Predicate.Stored() {
		sides = sides[:1]
	}
	r := &recipe{}
	for _, s := range sides {
		if s[1].Predicate.List {
			r.declare(declared(s[1].Predicate))
			continue
		}
		// All candidates are to be found, not only those of a page. The update of
		// the schema takes the reverse edges away again.
		from := declared(s[0].Predicate)
		from.Reverse = true
		r.declare(from)
		r.declare(declared(s[1].Predicate))
	}
	for _, phase := range []Phase{Before, After} {
		for _, s := range sides {
			from, to := s[0].Predicate.Stored(), s[1].Predicate.Stored()
			root, err := hasRoot(from, false)
			r.each(phase, root, err, Step{
				ID:         fmt.Sprintf("invert-%s-to-%s-%s", from, to, phase),
				Title:      fmt.Sprintf("Write the edges back under %s for those under %s that have none", to, from),
				Invert:     &Invert{From: from, To: to, Of: s[0].Types, Types: s[1].Types, Several: several},
				Convergent: true, Undo: UndoYes, Risk: "review",
			})
		}
	}
	return r.done()
}
