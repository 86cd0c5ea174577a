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

// matchTypes pairs the types, surest evidence first: what the user declares
// and storage does not contradict, the same name with the same stored type, the
// same stored type, the same name, and at last the likeness of what is left. Of
// types that are declared twice only the first counts.
func matchTypes(before, after *Schema, declared declared) *typeMatch {
	m := &typeMatch{
		after:  make(map[*schema.Type]*schema.Type, len(before.Types)),
		before: make(map[*schema.Type]*schema.Type, len(after.Types)),
	}
	olds, news := firsts(before), firsts(after)
	renames := map[*schema.Type]*Rename{}
	free := func(b, a *schema.Type) bool {
		return b != nil && a != nil && m.after[b] == nil && m.before[a] == nil
	}
	stored := make(map[string]*schema.Type, len(news))
	for _, a := range news {
		if was := before.Type(a.Name); a.Stores() && (was == nil || !sameType(was, a)) && stored[a.Stored] == nil {
			stored[a.Stored] = a
		}
	}
	for _, r := range declared.types.inForce(typeNames(before, after)) {
		b, a := before.Type(r.before), after.Type(r.after)
		if !free(b, a) || b.Kind != a.Kind {
			continue
		}
		rename := r.rename()
		if b.Stores() && a.Stores() {
			if other := stored[b.Stored]; other != nil && other != a && other.Kind == b.Kind && other.Name != b.Name {
				continue // what is stored went to another type
			}
			if b.Stored == a.Stored {
				rename = storedRename(a)
			}
		}
		m.match(b, a)
		renames[a] = rename
	}
	for _, b := range olds {
		if a := after.Type(b.Name); free(b, a) && sameType(b, a) {
			m.match(b, a)
		}
	}
	for _, b := range olds {
		if a := stored[b.Stored]; b.Stores() && free(b, a) && b.Kind == a.Kind {
			m.match(b, a)
			if b.Name != a.Name {
				renames[a] = storedRename(a)
			}
		}
	}
	for _, b := range olds {
		if a := after.Type(b.Name); free(b, a) {
			m.match(b, a)
		}
	}
	for _, l := range likelyTypes(before, after, m) {
		m.match(l.before, l.after)
		renames[l.after] = &l.rename
	}
	for _, a := range news {
		if b := m.before[a]; b != nil {
			m.pairs = append(m.pairs, typePair{b, a, renames[a]})
		}
	}
	return m
}

// firsts are the types without those whose name an earlier one has.
func firsts(s *Schema) []*schema.Type {
	types := make([]*schema.Type, 0, len(s.Types))
	for _, t := range s.Types {
		if s.Type(t.Name) == t {
			types = append(types, t)
		}
	}
	return types
}

// typeNames holds declared renames against the types of two schemas.
func typeNames(before, after *Schema) names {
	return names{
		before:    func(name string) bool { return before.Type(name) != nil },
		after:     func(name string) bool { return after.Type(name) != nil },
		unchanged: func(name string) bool { return sameShape(before.Type(name), after.Type(name)) },
		alike: func(b, a string) float64 {
			return sharedMembers(before.Type(b), after.Type(a), nil).share()
		},
	}
}

func storedRename(t *schema.Type) *Rename {
	return &Rename{Confidence: Certain, Score: 1, Reasons: []string{"both are stored as " + t.Stored}}
}

// sameType reports whether two types of one name are also stored alike.
func sameType(b, a *schema.Type) bool {
	return b.Kind == a.Kind && b.Stored == a.Stored && b.Stores() == a.Stores()
}

// sameShape reports whether two types are stored alike and have the same
// fields, values or members.
func sameShape(b, a *schema.Type) bool {
	if !sameType(b, a) || len(b.Fields) != len(a.Fields) {
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
	if p.rename != nil {
		d.add(TypeRenamed{p.before, p.after, *p.rename})
	}
	if p.before.Kind != p.after.Kind || p.before.Stores() != p.after.Stores() {
		d.add(TypeKindChanged{p.before, p.after})
	}
	if p.before.Stores() && p.after.Stores() {
		if p.rename == nil && p.before.Stored != p.after.Stored {
			d.add(StoredTypeChanged{p.before, p.after})
		}
		d.compareInterfaces(p)
		d.compareSecret(p)
		d.compareAuth(p)
	}
	d.compareProse(p)
	if p.before.Kind != p.after.Kind {
		return
	}
	d.compareOperations(p)
	switch p.after.Kind {
	case sdl.Union:
		d.compareUnion(p)
	case sdl.Enum:
		d.compareEnum(p)
	}
}

func (d *Diff) compareUnion(p typePair) {
	before, after := map[string]bool{}, map[string]bool{} // by the new names
	for _, n := range p.before.Definition.Members {
		before[d.nameAfter(n.Text)] = true
	}
	for _, n := range p.after.Definition.Members {
		if !before[n.Text] && !after[n.Text] {
			d.add(UnionMemberAdded{p.before, p.after, n})
		}
		after[n.Text] = true
	}
	for _, n := range p.before.Definition.Members {
		if name := d.nameAfter(n.Text); !after[name] {
			d.add(UnionMemberRemoved{p.before, p.after, n})
			after[name] = true // once, also when it was written twice
		}
	}
}

// nameAfter is the name that an old type has in the new schema. When it is
// gone and the name is taken by another one, that is no name at all.
func (d *Diff) nameAfter(name string) string {
	b := d.Before.Type(name)
	if b == nil {
		return name
	}
	if a := d.types.after[b]; a != nil {
		return a.Name
	}
	return "-" + name
}

func (d *Diff) compareEnum(p typePair) {
	stays := map[*sdl.EnumValue]bool{} // of the old ones
	after := values(p.after)
	for _, v := range p.after.Definition.Values {
		m := d.values[v]
		stays[m.before] = true
		switch {
		case after[v.Name.Text] != v: // once, also when it is written twice
		case m.before == nil:
			d.add(EnumValueAdded{p.before, p.after, v})
		case m.rename != nil:
			d.add(EnumValueRenamed{p.before, p.after, m.before, v, *m.rename})
		}
	}
	before := values(p.before)
	for _, v := range p.before.Definition.Values {
		if before[v.Name.Text] == v && !stays[v] {
			d.add(EnumValueRemoved{p.before, p.after, v})
		}
	}
}

// compareInterfaces reports the interfaces that a type starts and stops to
// implement, each with the fields that move, come or go with it.
func (d *Diff) compareInterfaces(p typePair) {
	for n, i := range p.before.Interfaces {
		if slices.Contains(p.after.Interfaces, d.types.after[i]) || slices.Contains(p.before.Interfaces[:n], i) {
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
			case moved(f, other) && d.renames[other] == nil && d.arrivesWith(p, other) == nil:
				c.Moved = append(c.Moved, Move{f, other})
			}
		}
		d.add(c)
	}
	for n, i := range p.after.Interfaces {
		if slices.Contains(p.before.Interfaces, d.types.before[i]) || slices.Contains(p.after.Interfaces[:n], i) {
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
			case moved(other, f) && d.renames[f] == nil:
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
func storedName(f *schema.Field) string { return unquoted(f.Predicate) }

func unquoted(predicate string) string {
	if name, ok := strings.CutPrefix(predicate, "<"); ok {
		return strings.TrimSuffix(name, ">")
	}
	return predicate
}

// arrivesWith is the interface that the new field is inherited from when the
// type did not implement it before, else nil.
func (d *Diff) arrivesWith(p typePair, f *schema.Field) *schema.Type {
	if f.Source == nil || !d.arrives(p, f.Source) {
		return nil
	}
	return f.Source
}

// leavesWith is the interface that the old field is inherited from when the
// type no longer implements it, else nil.
func (d *Diff) leavesWith(p typePair, f *schema.Field) *schema.Type {
	if f.Source == nil || !d.leaves(p, f.Source) {
		return nil
	}
	return f.Source
}

// arrives reports whether the type did not implement the new interface before.
func (d *Diff) arrives(p typePair, i *schema.Type) bool {
	return !slices.Contains(p.before.Interfaces, d.types.before[i])
}

// leaves reports whether the type no longer implements the old interface.
func (d *Diff) leaves(p typePair, i *schema.Type) bool {
	return !slices.Contains(p.after.Interfaces, d.types.after[i])
}
