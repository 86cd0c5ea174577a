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
		case b != nil && b.Inverse != nil && b.Inverse == other:
		case b != nil && b.Inverse != nil:
			d.add(InverseChanged{b, f})
		case other != nil && other.Inverse != nil:
			d.add(InverseChanged{other, f.Inverse})
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

// declaredInverses are the fields that declare @hasInverse themselves, one for
// each pair.
func declaredInverses(s *Schema) []*schema.Field {
	var fields []*schema.Field
	seen := map[*schema.Field]bool{}
	for _, t := range s.Types {
		for _, f := range t.Fields {
			if f.Source != nil || f.Inverse == nil || !f.Has("hasInverse") || seen[f] {
				continue
			}
			seen[f] = true
			if f.Inverse.Inverse == f {
				seen[f.Inverse] = true
			}
			fields = append(fields, f)
		}
	}
	return fields
}
