package diff

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// typePair is one type in both schemas.
type typePair struct {
	before, after *schema.Type
	rename        *Rename // nil when the name stays
}

// typeMatch says which type is which.
type typeMatch struct {
	pairs  []typePair // in the order of the new schema
	after  map[*schema.Type]*schema.Type
	before map[*schema.Type]*schema.Type
}

func (m *typeMatch) match(before, after *schema.Type) {
	m.after[before], m.before[after] = after, before
}

// matchTypes pairs the types, surest evidence first: what the user declares,
// the same name with the same stored type, the same stored type, the same
// name, and at last the likeness of what is left.
func matchTypes(before, after *Schema, declared declared) *typeMatch {
	m := &typeMatch{
		after:  make(map[*schema.Type]*schema.Type, len(before.Types)),
		before: make(map[*schema.Type]*schema.Type, len(after.Types)),
	}
	renames := map[*schema.Type]*Rename{}
	free := func(b, a *schema.Type) bool {
		return b != nil && a != nil && m.after[b] == nil && m.before[a] == nil
	}
	for _, r := range declared.types {
		b, a := before.Type(r.before), after.Type(r.after)
		if free(b, a) && b.Kind == a.Kind &&
			declared.types.applies(r, sameShape(b, after.Type(r.before)), sameShape(before.Type(r.after), a),
				after.Type(r.before) != nil, before.Type(r.after) != nil) {
			m.match(b, a)
			renames[a] = &Rename{Confidence: Declared, Score: 1, Reasons: []string{declaredReason}}
			if b.Stores() && b.Stored == a.Stored {
				renames[a] = storedRename(a)
			}
		}
	}
	for _, b := range before.Types {
		if a := after.Type(b.Name); free(b, a) && before.Type(b.Name) == b && sameType(b, a) {
			m.match(b, a)
		}
	}
	stored := map[string]*schema.Type{}
	for _, a := range after.Types {
		if a.Stores() && m.before[a] == nil && stored[a.Stored] == nil {
			stored[a.Stored] = a
		}
	}
	for _, b := range before.Types {
		if a := stored[b.Stored]; b.Stores() && free(b, a) && b.Kind == a.Kind {
			m.match(b, a)
			if b.Name != a.Name {
				renames[a] = storedRename(a)
			}
		}
	}
	for _, b := range before.Types {
		if a := after.Type(b.Name); free(b, a) && before.Type(b.Name) == b {
			m.match(b, a)
		}
	}
	for _, l := range likelyTypes(before, after, m) {
		m.match(l.before, l.after)
		renames[l.after] = &l.rename
	}
	for _, a := range after.Types {
		if b := m.before[a]; b != nil {
			m.pairs = append(m.pairs, typePair{b, a, renames[a]})
		}
	}
	return m
}

func storedRename(t *schema.Type) *Rename {
	return &Rename{Confidence: Certain, Score: 1, Reasons: []string{"both are stored as " + t.Stored}}
}

// sameType reports whether two types of one name are also stored alike.
func sameType(b, a *schema.Type) bool {
	return b != nil && a != nil && b.Kind == a.Kind && b.Stored == a.Stored
}

// sameShape reports whether two types have the same fields, values or members.
func sameShape(b, a *schema.Type) bool {
	if b == nil || a == nil || b.Kind != a.Kind || len(b.Fields) != len(a.Fields) {
		return false
	}
	for i, f := range b.Fields {
		if f.Name != a.Fields[i].Name || f.Type().String() != a.Fields[i].Type().String() {
			return false
		}
	}
	name := func(v *sdl.EnumValue) string { return v.Name.Text }
	return slices.EqualFunc(b.Definition.Values, a.Definition.Values,
		func(x, y *sdl.EnumValue) bool { return name(x) == name(y) }) &&
		slices.EqualFunc(b.Definition.Members, a.Definition.Members,
			func(x, y sdl.Name) bool { return x.Text == y.Text })
}

// compareTypes reports what changed about the types themselves.
func (d *Diff) compareTypes(p typePair) {
	switch {
	case p.rename != nil:
		d.add(TypeRenamed{p.before, p.after, *p.rename})
	case p.before.Kind != p.after.Kind:
		d.add(TypeKindChanged{p.before, p.after})
	case p.before.Stores() && p.after.Stores() && p.before.Stored != p.after.Stored:
		d.add(StoredTypeChanged{p.before, p.after})
	}
	if p.before.Kind != p.after.Kind {
		return
	}
	switch p.after.Kind {
	case sdl.Object:
		d.compareInterfaces(p)
	case sdl.Union:
		b, a := p.before.Definition.Members, p.after.Definition.Members
		for _, n := range b {
			if !slices.ContainsFunc(a, func(m sdl.Name) bool { return d.sameNamed(n.Text, m.Text) }) {
				d.add(UnionMemberRemoved{p.before, p.after, n})
			}
		}
		for _, n := range a {
			if !slices.ContainsFunc(b, func(m sdl.Name) bool { return d.sameNamed(m.Text, n.Text) }) {
				d.add(UnionMemberAdded{p.before, p.after, n})
			}
		}
	case sdl.Enum:
		d.compareEnum(p)
	}
}

func (d *Diff) compareEnum(p typePair) {
	before := map[string]bool{}
	for _, v := range p.before.Definition.Values {
		before[v.Name.Text] = true
	}
	after := map[string]bool{}
	for _, v := range p.after.Definition.Values {
		if !before[v.Name.Text] && !after[v.Name.Text] {
			d.add(EnumValueAdded{p.before, p.after, v})
		}
		after[v.Name.Text] = true
	}
	for _, v := range p.before.Definition.Values {
		if !after[v.Name.Text] {
			d.add(EnumValueRemoved{p.before, p.after, v})
			after[v.Name.Text] = true // once, also when it was written twice
		}
	}
}

// compareInterfaces reports the interfaces that a type starts and stops to
// implement, each with the fields that move, come or go with it.
func (d *Diff) compareInterfaces(p typePair) {
	for _, i := range p.before.Interfaces {
		if slices.Contains(p.after.Interfaces, d.types.after[i]) {
			continue
		}
		c := InterfaceRemoved{Before: p.before, After: p.after, Interface: i}
		for _, f := range p.before.Fields {
			if f.Source != i {
				continue
			}
			switch other := d.fields[f]; {
			case other == nil:
				c.Lost = append(c.Lost, f)
			case moved(f, other) && d.arrivesWith(p, other) == nil:
				c.Moved = append(c.Moved, Move{f, other})
			}
		}
		d.add(c)
	}
	for _, i := range p.after.Interfaces {
		if slices.Contains(p.before.Interfaces, d.types.before[i]) {
			continue
		}
		c := InterfaceAdded{Before: p.before, After: p.after, Interface: i}
		for _, f := range p.after.Fields {
			if f.Source != i {
				continue
			}
			switch other := d.fields[f]; {
			case other == nil:
				c.Gained = append(c.Gained, f)
			case moved(other, f):
				c.Moved = append(c.Moved, Move{other, f})
			}
		}
		d.add(c)
	}
}

// moved reports whether the values of a field are looked for elsewhere.
func moved(before, after *schema.Field) bool {
	return before.Predicate != "" && after.Predicate != "" &&
		(storedName(before) != storedName(after) || before.Reverse != after.Reverse || before.Language != after.Language)
}

// storedName is a field's predicate as a server names it: "<" and ">" around a
// name only quote it.
func storedName(f *schema.Field) string {
	if name, ok := strings.CutPrefix(f.Predicate, "<"); ok {
		return strings.TrimSuffix(name, ">")
	}
	return f.Predicate
}

// arrivesWith is the interface that the new field is inherited from when the
// type did not implement it before, else nil.
func (d *Diff) arrivesWith(p typePair, f *schema.Field) *schema.Type {
	if f.Source == nil || slices.Contains(p.before.Interfaces, d.types.before[f.Source]) {
		return nil
	}
	return f.Source
}

// leavesWith is the interface that the old field is inherited from when the
// type no longer implements it, else nil.
func (d *Diff) leavesWith(p typePair, f *schema.Field) *schema.Type {
	if f.Source == nil || slices.Contains(p.after.Interfaces, d.types.after[f.Source]) {
		return nil
	}
	return f.Source
}
