package diff

import "github.com/schemacheck/schemacheck/diff/schema"

// compareInverses finds the @hasInverse pairs that came, went or changed. A
// pair is reported once, at the end that declares it; a pair of two new fields
// or of two removed ones is not, since no data is concerned.
func (d *Diff) compareInverses() {
	for _, f := range declaredInverses(d.After) {
		b, other := d.fields[f], d.fields[f.Inverse]
		switch {
		case b == nil && other == nil:
		case b != nil && b.Inverse != nil:
			if !d.becomes(b.Inverse, f.Inverse) {
				d.add(InverseChanged{b, f})
			}
		case other != nil && other.Inverse != nil:
			// Where the two name different inverses, Dgraph refuses the schema.
			if f.Inverse.Inverse == f && !d.becomes(other.Inverse, f) {
				d.add(InverseChanged{other, f.Inverse})
			}
		default:
			d.add(InverseAdded{Field: f, Before: [2]*schema.Field{b, other}})
		}
	}
	for _, f := range declaredInverses(d.Before) {
		a, other := d.fields[f], d.fields[f.Inverse]
		if a != nil && other != nil && a.Inverse == nil && other.Inverse == nil {
			d.add(InverseRemoved{Field: f, After: a})
		}
	}
}

// becomes reports whether an old field is the new one, or moved into the
// interface that declares the new one, or out of the one that declared the old.
func (d *Diff) becomes(b, a *schema.Field) bool {
	if d.fields[b] == a {
		return true
	}
	declaring := func(f *schema.Field) *schema.Field {
		if f != nil && f.Source != nil {
			return f.Source.Field(f.Name)
		}
		return f
	}
	return declaring(d.fields[b]) == a || declaring(d.fields[a]) == b
}

// declaredInverses are the fields that declare @hasInverse themselves, one for
// each pair: of two that do, the one that comes first by name, wherever the
// types stand.
func declaredInverses(s *Schema) []*schema.Field {
	var fields []*schema.Field
	seen := map[*schema.Field]bool{}
	for _, t := range s.Types {
		for _, f := range t.Fields {
			if f.Source != nil || f.Inverse == nil || !f.Has("hasInverse") || seen[f] {
				continue
			}
			end := f
			if other := f.Inverse; other.Inverse == f {
				seen[other] = true
				if other.Source == nil && other.Has("hasInverse") && other.Coordinate() < f.Coordinate() {
					end = other
				}
			}
			seen[f] = true
			fields = append(fields, end)
		}
	}
	return fields
}
