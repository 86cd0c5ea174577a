package diff

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// fieldRenames are what is known about renamed fields, by their new versions.
type fieldRenames map[*schema.Field]*Rename

// matchFields pairs the fields of a type, surest evidence first, as matchTypes
// does for types: here the identity is the predicate. What comes from an
// interface follows the interface, whose fields must be matched before.
func (d *Diff) matchFields(p typePair, declared declared) {
	match := func(b, a *schema.Field) { d.fields[b], d.fields[a] = a, b }
	free := func(b, a *schema.Field) bool {
		return b != nil && a != nil && d.fields[b] == nil && d.fields[a] == nil
	}
	olds, news := firstFields(p.before), firstFields(p.after)
	byPredicate := d.movedHere(p, news)
	for _, r := range declared.of(p.before.Name, p.after.Name).inForce(fieldNames(p)) {
		b, a := p.before.Field(r.before), p.after.Field(r.after)
		if !free(b, a) || d.inheritedAlike(b, a) || !storedAlike(b, a) {
			continue
		}
		if other := byPredicate[key(b)]; other != nil && other != a && other.Name != b.Name {
			continue // the values went to another field
		}
		match(b, a)
		d.renamed(a, *r.rename())
		if key(b) != "" && key(b) == key(a) {
			d.renamed(a, predicateRename(a))
		}
	}
	for _, b := range olds {
		if b.Source == nil {
			continue
		}
		if i := d.fields[b.Source.Field(b.Name)]; i != nil {
			if a := p.after.Field(i.Name); free(b, a) && a.Source == i.Owner {
				match(b, a)
			}
		}
	}
	for _, b := range olds {
		if a := p.after.Field(b.Name); free(b, a) && storedAlike(b, a) && !moved(b, a) {
			match(b, a)
		}
	}
	for _, b := range olds {
		if a := byPredicate[key(b)]; free(b, a) && !d.inheritedAlike(b, a) {
			match(b, a)
			if b.Name != a.Name {
				d.renamed(a, predicateRename(a))
			}
		}
	}
	for _, b := range olds {
		if a := p.after.Field(b.Name); free(b, a) && storedAlike(b, a) {
			match(b, a)
		}
	}
	for _, l := range d.likelyFields(p) {
		match(l.before, l.after)
		d.renamed(l.after, l.rename)
	}
}

// firstFields are the fields of a type without those whose name an earlier one
// has: Dgraph refuses them.
func firstFields(t *schema.Type) []*schema.Field {
	for i, f := range t.Fields {
		if t.Field(f.Name) == f {
			continue
		}
		fields := slices.Clone(t.Fields[:i])
		for _, f := range t.Fields[i:] {
			if t.Field(f.Name) == f {
				fields = append(fields, f)
			}
		}
		return fields
	}
	return t.Fields
}

// movedHere are, by the key of their predicate, the new fields that did not
// have their name or their predicate before. There are none as a rule.
func (d *Diff) movedHere(p typePair, news []*schema.Field) map[string]*schema.Field {
	var fields map[string]*schema.Field
	for _, a := range news {
		k := key(a)
		if k == "" {
			continue
		}
		if was := p.before.Field(a.Name); was != nil && key(was) == k {
			continue
		}
		if fields == nil {
			fields = map[string]*schema.Field{}
		}
		if fields[k] == nil {
			fields[k] = a
		}
	}
	return fields
}

// fieldNames holds declared renames against the fields of a type.
func fieldNames(p typePair) names {
	return names{
		before: func(name string) bool { return p.before.Field(name) != nil },
		after:  func(name string) bool { return p.after.Field(name) != nil },
		trusts: true,
		unchanged: func(name string) bool {
			b, a := p.before.Field(name), p.after.Field(name)
			return b.Type().String() == a.Type().String() && storedAlike(b, a) && (!moved(b, a) || movesWithType(p, b, a))
		},
		alike: func(before, after string) float64 {
			b, a := p.before.Field(before), p.after.Field(after)
			alike := 0.0
			for _, same := range []bool{
				b.Type().Named() == a.Type().Named(),
				b.Type().List() == a.Type().List(),
				b.Type().NonNull == a.Type().NonNull,
				sameDirectives(b.Definition.Directives, a.Definition.Directives),
			} {
				if same {
					alike++
				}
			}
			return alike
		},
	}
}

// storedAlike reports whether both fields keep values in the node, or neither:
// what becomes computed leaves its values behind. A node's id counts as kept.
func storedAlike(b, a *schema.Field) bool { return keeps(b) == keeps(a) }

func keeps(f *schema.Field) bool { return f.Predicate != "" || nodeID(f) }

func (d *Diff) renamed(a *schema.Field, r Rename) {
	if d.renames == nil {
		d.renames = fieldRenames{}
	}
	d.renames[a] = &r
}

func predicateRename(f *schema.Field) Rename {
	reason := "both use the predicate " + key(f)
	if nodeID(f) {
		reason = "both are the node's id"
	}
	return Rename{Confidence: Certain, Score: 1, Reasons: []string{reason}}
}

// key is the identity of what a field reads: the predicate as the field uses
// it, with direction and language; "uid" for the node's id; "" when nothing is
// stored.
func key(f *schema.Field) string {
	k := storedName(f)
	switch {
	case nodeID(f):
		return "uid" // Dgraph refuses a predicate of that name
	case k == "":
		return ""
	case f.Reverse:
		k = "~" + k
	}
	if f.Language != "" {
		k += "@" + f.Language
	}
	return k
}

// compareFields reports what changed about the fields of a type. What it
// inherits on both sides from the same interface is reported there.
func (d *Diff) compareFields(p typePair, refused refusals) {
	if !p.before.Stores() || !p.after.Stores() {
		return
	}
	for _, a := range firstFields(p.after) {
		was := d.nameTaken(p, a)
		if was != nil {
			d.add(PredicateChanged{was, a})
		}
		if b := d.fields[a]; b != nil {
			if !d.inheritedAlike(b, a) {
				d.compareField(p, b, a, refused)
			}
		} else if was != nil {
			continue // to clients it is not new
		} else if b := d.otherwise(p.before, a); b != nil {
			d.add(ComputedChanged{b, a, p.after})
		} else if a.Source == nil {
			d.add(FieldAdded{p.before, a, d.hadItThemselves(a)})
		}
	}
	for _, b := range firstFields(p.before) {
		if d.fields[b] == nil && b.Source == nil && d.otherwise(p.after, b) == nil {
			d.add(FieldRemoved{b, p.after})
		}
	}
}

// nameTaken is the old field of a new one's name when that old field goes on
// under another name, so that clients who stay with the name get what is stored
// elsewhere; nil as a rule.
func (d *Diff) nameTaken(p typePair, a *schema.Field) *schema.Field {
	was := p.before.Field(a.Name)
	if was == nil || was.Source != nil || a.Source != nil || d.fields[was] == nil || d.fields[was] == a || key(was) == key(a) {
		return nil
	}
	if key(was) == "" || key(a) == "" {
		return nil // computed before or now
	}
	return was
}

// otherwise is the field of that name on the other side when one of the two is
// stored there and the other computed; else nil.
func (d *Diff) otherwise(other *schema.Type, f *schema.Field) *schema.Field {
	o := other.Field(f.Name)
	if o == nil || d.fields[o] != nil || o.Source != nil || f.Source != nil || o.Computed() == f.Computed() || storedAlike(o, f) {
		return nil
	}
	return o
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
	elsewhere := moved(b, a)
	switch rename := d.renames[a]; {
	case rename != nil:
		d.add(FieldRenamed{b, a, *rename})
	case !elsewhere || movesWithType(p, b, a) || d.arrivesWith(p, a) != nil || d.leavesWith(p, b) != nil:
	case storedName(b) == storedName(a) && b.Reverse == a.Reverse:
		d.add(LanguageChanged{b, a})
	default:
		d.add(PredicateChanged{b, a})
	}
	if !keeps(b) {
		d.compareComputed(b, a)
		return // no stored value is read as another type
	}
	if elsewhere || !refused[b] {
		d.compareFieldType(b, a)
		d.compareNullability(b, a)
	}
	d.compareID(b, a)
	d.compareSearch(b, a)
	d.compareDefault(b, a)
}

// movesWithType reports whether a field's predicate differs only because the
// stored name of its type does.
func movesWithType(p typePair, b, a *schema.Field) bool {
	if p.before.Stored == p.after.Stored || b.Source != nil || a.Source != nil {
		return false
	}
	was, own := strings.CutPrefix(storedName(b), p.before.Stored+".")
	is, stillOwn := strings.CutPrefix(storedName(a), p.after.Stored+".")
	return own && stillOwn && was == is && b.Reverse == a.Reverse && b.Language == a.Language
}

// nodeID reports whether the field is the node's uid, which nothing stores.
func nodeID(f *schema.Field) bool {
	return f.Predicate == "" && f.Type().Named() == "ID" && f.Owner.Stores() && !f.Computed() && !f.Has("external")
}

func (d *Diff) compareFieldType(b, a *schema.Field) {
	before, after := b.Type(), a.Type()
	// Dgraph stores one value also where the type is a list of Point.
	oneOfMany := after.List() && schema.Geo(after.Named())
	switch {
	case b.Has("embedding") != a.Has("embedding"):
		d.add(EmbeddingChanged{b, a})
	case nodeID(b) != nodeID(a), before.List() && !after.List(), !before.List() && oneOfMany, !d.sameNamed(before.Named(), after.Named()):
		d.add(FieldTypeChanged{b, a})
	}
	if !before.List() && after.List() && !oneOfMany && !a.Has("embedding") {
		d.add(BecameList{b, a})
	}
}

func (d *Diff) compareNullability(b, a *schema.Field) {
	before, after := b.Type(), a.Type()
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
