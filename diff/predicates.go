package diff

import (
	"slices"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// refusals are the old fields whose predicates Dgraph refuses to alter.
type refusals map[*schema.Field]bool

// comparePredicates finds the predicates that stay and that Dgraph would
// refuse to alter.
func (d *Diff) comparePredicates() refusals {
	refused := refusals{}
	after := make(map[string]*storage.Predicate, len(d.After.Storage.Predicates))
	for _, a := range d.After.Storage.Predicates {
		after[a.Stored()] = a
	}
	for _, b := range d.Before.Storage.Predicates {
		a := after[b.Stored()]
		if a == nil {
			continue
		}
		reason := Refused(b, a)
		if reason == "" {
			continue
		}
		c := PredicateRefused{Before: b, After: a, Refusal: reason}
		c.FieldBefore, c.FieldAfter = d.sharedField(b, a)
		if c.FieldBefore == nil && len(b.Secrets) > 0 {
			c.TypeBefore = b.Secrets[0]
		}
		if c.FieldAfter == nil && len(a.Secrets) > 0 {
			c.TypeAfter = a.Secrets[0]
		}
		d.add(c)
		for _, f := range b.Fields {
			refused[f] = true
		}
	}
	return refused
}

// Refused is why Dgraph does not alter b to a, "" when it does. Source:
// checkSchema, and needsListTypeRebuild for lists without values. A predicate
// without a type is one that no valid schema declares.
func Refused(b, a *storage.Predicate) Refusal {
	switch {
	case b.Type == a.Type && b.List == a.List, b.Type == "", a.Type == "":
		return ""
	case b.Type == "password" && a.Type != "password":
		return FromPassword
	case a.Type == "password" && b.Type != "password":
		return ToPassword
	case (b.Type == "uid") != (a.Type == "uid"):
		return ValueToReference
	case b.List && !a.List && a.Type == "float32vector":
		return ToEmbedding
	case b.List && !a.List:
		return ListToSingle
	}
	return ""
}

// compareReuse finds the new fields that store where other fields stored
// before.
func (d *Diff) compareReuse() {
	held := make(map[string]*storage.Predicate, len(d.Before.Storage.Predicates))
	for _, b := range d.Before.Storage.Predicates {
		held[b.Stored()] = b
	}
	for _, t := range firsts(d.After) {
		for _, a := range firstFields(t) {
			if a.Source != nil || a.Predicate == "" || a.Reverse || d.fields[a] != nil || held[storedName(a)] == nil {
				continue
			}
			goesOn := func(b *schema.Field) bool { return d.becomes(b, a) } // through an interface
			if slices.ContainsFunc(held[storedName(a)].Fields, goesOn) {
				continue
			}
			var users []*schema.Field
			for _, b := range held[storedName(a)].Fields {
				twin := d.fields[b] == nil && b.Coordinate() == a.Coordinate() // of a type that is written twice
				if b.Source == nil && !b.Reverse && b.Language == a.Language && !twin {
					users = append(users, b)
				}
			}
			if len(users) > 0 {
				d.add(PredicateReused{a, users})
			}
		}
	}
}

// sharedField picks the fields to speak of: two that are counterparts, else
// the first of each side that is not inherited.
func (d *Diff) sharedField(b, a *storage.Predicate) (before, after *schema.Field) {
	for _, f := range b.Fields {
		if other := d.fields[f]; other != nil && f.Source == nil && storedName(other) == a.Stored() {
			return f, other
		}
	}
	return own(b.Fields), own(a.Fields)
}

func own(fields []*schema.Field) *schema.Field {
	for _, f := range fields {
		if f.Source == nil {
			return f
		}
	}
	if len(fields) > 0 {
		return fields[0]
	}
	return nil
}
