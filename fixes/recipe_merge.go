package fixes

import "github.com/schemacheck/schemacheck/diff/storage"

// Merging says what merging nodes takes.
type Merging struct {
	// Predicates are all those of the type, inherited ones too.
	Predicates []*storage.Predicate
	// Incoming are the predicates of the schema whose edges can lead to the type.
	Incoming []*storage.Predicate
}

// mark is the predicate that notes into which node one is merged.
func (u Uniqueness) mark() string { return ownPrefix + "merged." + u.Predicate.Stored() }

func (u Uniqueness) merge(r *recipe, chosen choice) {}
