package diff

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// compareLanguages finds the predicates that are no longer @lang although a
// field still reads them. Where that field read one language before, the
// change of language says it.
func (d *Diff) compareLanguages() {
	after := make(map[string]*storage.Predicate, len(d.After.Storage.Predicates))
	for _, a := range d.After.Storage.Predicates {
		after[a.Stored()] = a
	}
	for _, b := range d.Before.Storage.Predicates {
		a := after[b.Stored()]
		if !b.Lang || a == nil || a.Lang || a.Type != b.Type || a.List {
			continue
		}
		if f := d.untagged(a); f != nil {
			d.add(LanguageLost{b, a, f})
		}
	}
}

// untagged is a field that read what has no language from a predicate before
// and still does; else one that is new there; else nil. Of several it is the
// first by name, wherever the types stand.
func (d *Diff) untagged(p *storage.Predicate) *schema.Field {
	var stays, added *schema.Field
	first := func(of, f *schema.Field) *schema.Field {
		if of == nil || f.Coordinate() < of.Coordinate() {
			return f
		}
		return of
	}
	for _, f := range p.Fields {
		switch b := d.fields[f]; {
		case f.Source != nil || f.Language != "":
		case b == nil:
			added = first(added, f)
		case b.Language == "" && storedName(b) == p.Stored():
			stays = first(stays, f)
		}
	}
	if stays != nil {
		return stays
	}
	return added
}
