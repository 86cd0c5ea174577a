package diff

import (
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// fieldRename is what is known about a renamed field, by its new version.
type fieldRenames map[*schema.Field]*Rename

// matchFields pairs the fields of a type, surest evidence first, as matchTypes
// does for types: here the identity is the predicate.
func (d *Diff) matchFields(p typePair, declared declared) {
	before, after := p.before.Fields, p.after.Fields
	match := func(b, a *schema.Field) { d.fields[b], d.fields[a] = a, b }
	free := func(b, a *schema.Field) bool {
		return b != nil && a != nil && d.fields[b] == nil && d.fields[a] == nil
	}
	list := declared.fields[p.before.Name]
	for _, r := range list {
		b, a := p.before.Field(r.before), p.after.Field(r.after)
		stays, came := p.after.Field(r.before), p.before.Field(r.after)
		if free(b, a) && b.Source == nil && a.Source == nil &&
			list.applies(r, sameField(b, stays), sameField(came, a), stays != nil, came != nil) {
			match(b, a)
			d.renamed(a, Rename{Confidence: Declared, Score: 1, Reasons: []string{declaredReason}})
			if b.Predicate != "" && !moved(b, a) {
				d.renamed(a, predicateRename(a))
			}
		}
	}
	for _, b := range before {
		if a := p.after.Field(b.Name); free(b, a) && p.before.Field(b.Name) == b && !moved(b, a) {
			match(b, a)
		}
	}
	if !d.samePredicateNames(p) {
		byPredicate := map[string]*schema.Field{}
		for _, a := range after {
			if a.Predicate != "" && a.Source == nil && d.fields[a] == nil && byPredicate[key(a)] == nil {
				byPredicate[key(a)] = a
			}
		}
		for _, b := range before {
			if a := byPredicate[key(b)]; b.Predicate != "" && b.Source == nil && free(b, a) {
				match(b, a)
				if b.Name != a.Name {
					d.renamed(a, predicateRename(a))
				}
			}
		}
	}
	for _, b := range before {
		if a := p.after.Field(b.Name); free(b, a) && p.before.Field(b.Name) == b {
			match(b, a)
		}
	}
	for _, l := range d.likelyFields(p) {
		match(l.before, l.after)
		d.renamed(l.after, l.rename)
	}
}

// samePredicateNames reports whether every field is already matched, which is
// the usual case and saves the maps.
func (d *Diff) samePredicateNames(p typePair) bool {
	for _, a := range p.after.Fields {
		if d.fields[a] == nil {
			return false
		}
	}
	return true
}

func (d *Diff) renamed(a *schema.Field, r Rename) {
	if d.renames == nil {
		d.renames = fieldRenames{}
	}
	d.renames[a] = &r
}

func predicateRename(f *schema.Field) Rename {
	return Rename{Confidence: Certain, Score: 1, Reasons: []string{"both use the predicate " + key(f)}}
}

// key is the predicate as a field uses it: with direction and language.
func key(f *schema.Field) string {
	k := storedName(f)
	if f.Reverse {
		k = "~" + k
	}
	if f.Language != "" {
		k += "@" + f.Language
	}
	return k
}

// sameField reports whether two fields are alike in type and predicate.
func sameField(b, a *schema.Field) bool {
	return b != nil && a != nil && b.Type().String() == a.Type().String() && !moved(b, a)
}

// compareFields reports what changed about the fields of a type. What it
// inherits on both sides from the same interface is reported there.
func (d *Diff) compareFields(p typePair, refused refusals) {
	if !p.before.Stores() || !p.after.Stores() || p.before.Kind != p.after.Kind {
		return
	}
	for _, a := range p.after.Fields {
		if p.after.Field(a.Name) != a {
			continue // written twice: Dgraph refuses the schema
		}
		if b := d.fields[a]; b != nil {
			if !d.inheritedAlike(b, a) {
				d.compareField(p, b, a, refused)
			}
		} else if a.Source == nil {
			d.add(FieldAdded{p.before, a, d.hadItThemselves(a)})
		}
	}
	for _, b := range p.before.Fields {
		if d.fields[b] == nil && b.Source == nil && p.before.Field(b.Name) == b {
			d.add(FieldRemoved{b, p.after})
		}
	}
}

// inheritedAlike reports whether a field comes from one interface on both
// sides.
func (d *Diff) inheritedAlike(b, a *schema.Field) bool {
	return b.Source != nil && a.Source != nil && d.types.after[b.Source] == a.Source
}

// hadItThemselves are the types that implement f's interface and had a field
// of that name before it came there.
func (d *Diff) hadItThemselves(f *schema.Field) []*schema.Type {
	var types []*schema.Type
	for _, t := range f.Owner.Implementors {
		if own := t.Field(f.Name); own != nil && d.fields[own] != nil {
			types = append(types, t)
		}
	}
	return types
}

func (d *Diff) compareField(p typePair, b, a *schema.Field, refused refusals) {
	rename := d.renames[a]
	elsewhere := moved(b, a)
	switch {
	case rename != nil:
		d.add(FieldRenamed{b, a, *rename})
	case b.Name != a.Name:
	case elsewhere && !d.movesWithType(p, b, a) && d.arrivesWith(p, a) == nil && d.leavesWith(p, b) == nil:
		d.add(PredicateChanged{b, a})
	}
	if b.Predicate == "" && !nodeID(b) || a.Predicate == "" && !nodeID(a) {
		return // computed on one side: no stored value is read as another type
	}
	if !elsewhere && refused[b] {
		return
	}
	d.compareFieldType(b, a)
	d.compareID(b, a)
}

// movesWithType reports whether a field's predicate differs only because the
// stored name of its type does.
func (d *Diff) movesWithType(p typePair, b, a *schema.Field) bool {
	return b.Source == nil && a.Source == nil && p.before.Stored != p.after.Stored &&
		b.Directive("dgraph") == nil && a.Directive("dgraph") == nil
}

// nodeID reports whether the field is the node's uid, which nothing stores.
func nodeID(f *schema.Field) bool {
	return f.Type().Named() == "ID" && f.Predicate == "" && !f.Computed()
}

func (d *Diff) compareFieldType(b, a *schema.Field) {
	before, after := b.Type(), a.Type()
	if nodeID(b) != nodeID(a) || b.Has("embedding") != a.Has("embedding") || !d.sameNamed(before.Named(), after.Named()) {
		d.add(FieldTypeChanged{b, a})
	}
	if !before.List() && after.List() && !a.Has("embedding") {
		d.add(BecameList{b, a})
	}
	if nodeID(b) || nodeID(a) || after.List() || before.List() {
		return // every node has an id, and a list without values reads as []
	}
	switch {
	case after.NonNull && !before.NonNull:
		d.add(MadeRequired{b, a})
	case before.NonNull && !after.NonNull:
		d.add(MadeOptional{b, a})
	}
}

func (d *Diff) compareID(b, a *schema.Field) {
	if nodeID(b) || nodeID(a) {
		return
	}
	before, after := b.Directive("id"), a.Directive("id")
	switch {
	case before == nil && after != nil:
		d.add(IDAdded{b, a})
	case before != nil && after == nil:
		d.add(IDRemoved{b, a})
	case before != nil && interfaceWide(before) != interfaceWide(after):
		d.add(IDScopeChanged{b, a})
	}
}

// interfaceWide reports whether an @id is unique over all implementing types.
func interfaceWide(id *sdl.Directive) bool {
	v := id.Arg("interface")
	return v != nil && v.Kind == sdl.BooleanValue && v.Raw == "true"
}
