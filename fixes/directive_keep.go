package fixes

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// mostKept is how many elements may have to come back along with one. What
// hangs together with more is better put back by hand.
const mostKept = 25

// The reasons that kept elements tell clients.
const (
	fieldReason = "This field is going away."
	valueReason = "This value is going away."
)

// keeps are the texts of old elements, made once.
type keeps struct {
	types  map[*schema.Type]*kept
	fields map[*schema.Field]*kept
	// standing are the places of old definitions that survive among all, at, and where each of all stands.
	standing []int
	at       map[*sdl.Definition]int
}

// kept is one old element in the new schema, nil edit when it cannot be there.
type kept struct {
	edits []sdl.Edit
	ok    bool
	// types and fields are the old elements that it needs.
	types  []*schema.Type
	fields []*schema.Field
}

func newKeeps() keeps {
	return keeps{types: map[*schema.Type]*kept{}, fields: map[*schema.Field]*kept{}}
}

// KeepField brings a removed field back with its old text and marks it
// @deprecated, along with the types and inverse fields that it needs.
func (x *Directives) KeepField(f *schema.Field) Patch { return x.keep(nil, f) }

// KeepType brings a removed type back with its old text, along with the types
// and inverse fields that it needs. Dgraph has no @deprecated for types.
func (x *Directives) KeepType(t *schema.Type) Patch { return x.keep(t, nil) }

// keep collects an element and all that it needs.
func (x *Directives) keep(t *schema.Type, f *schema.Field) Patch {
	var p Patch
	seen := map[any]bool{}
	types, fields := []*schema.Type{t}, []*schema.Field{f}
	if t == nil {
		types = nil
	}
	if f == nil {
		fields = nil
	}
	for len(types)+len(fields) > 0 {
		var k *kept
		switch {
		case len(types) > 0:
			t := types[0]
			types = types[1:]
			if seen[t] {
				continue
			}
			seen[t] = true
			k = x.keptType(t)
		default:
			f := fields[0]
			fields = fields[1:]
			if seen[f] {
				continue
			}
			seen[f] = true
			k = x.keptField(f)
		}
		if !k.ok || len(seen) > mostKept {
			return Patch{}
		}
		p.Edits = append(p.Edits, k.edits...)
		types = append(types, k.types...)
		fields = append(fields, k.fields...)
	}
	return apart(p.Edits)
}

// keptField is a removed field in the new type of its owner.
func (x *Directives) keptField(f *schema.Field) *kept {
	if k := x.keeps.fields[f]; k != nil {
		return k
	}
	k := &kept{}
	x.keeps.fields[f] = k
	owner := x.d.Survivor(f.Owner)
	if owner == nil || f.Written == nil || f.Source != nil || owner.Kind != f.Owner.Kind || owner.Field(f.Name) != nil ||
		owner.Secret != nil && owner.Secret.Field == f.Name {
		return k
	}
	for _, t := range owner.Implementors {
		if t.Field(f.Name) != nil || t.Secret != nil && t.Secret.Field == f.Name {
			return k // it would get another predicate there
		}
	}
	if f.Has("embedding") && !slices.ContainsFunc(owner.Fields, sortable) {
		return k // the API that Dgraph generates would not be valid
	}
	replacements, ok := x.references(k, f, f.Written)
	if !ok || !x.shares(f, f.Predicate) || !x.spoken(f, nil) {
		return k
	}
	text := rewrite(f.Written.Span, replacements)
	if sdl.Lookup(f.Written.Directives, "deprecated") == nil {
		text += " @deprecated(reason: " + quote(fieldReason) + ")"
	}
	k.edits, k.ok = []sdl.Edit{x.beside(f, owner, text)}, true
	return k
}

// sortable reports whether Dgraph generates an order by the field.
func sortable(f *schema.Field) bool {
	switch f.Type().Named() {
	case "String", "Int", "Int64", "Float", "DateTime":
		return f.Predicate != "" && !f.Type().List()
	}
	return false
}

// beside puts a field's text into a type: behind the old field's nearest
// neighbour that is still there.
func (x *Directives) beside(f *schema.Field, owner *schema.Type, text string) sdl.Edit {
	fields := f.Owner.Definition.Fields
	for i := slices.Index(fields, f.Written) - 1; i >= 0; i-- {
		if a := x.d.Counterpart(f.Owner.Field(fields[i].Name.Text)); a != nil && a.Owner == owner && a.Written != nil {
			return member(a.Written.Span, text)
		}
	}
	if n := len(owner.Definition.Fields); n > 0 {
		return member(owner.Definition.Fields[n-1].Span, text)
	}
	return body(owner.Definition, text)
}

// body gives a definition without members its first one.
func body(d *sdl.Definition, text string) sdl.Edit {
	ending := lineEnding(d.Span.File)
	text = withEnding(text, ending)
	if strings.HasSuffix(d.Span.Text(), "}") {
		return insertAt(d.Span.File, d.Span.End-1, ending+"  "+text+ending)
	}
	return insertAt(d.Span.File, d.Span.End, " {"+ending+"  "+text+ending+"}")
}

// keptType is a removed type beside the definition that stood before it.
func (x *Directives) keptType(t *schema.Type) *kept {
	if k := x.keeps.types[t]; k != nil {
		return k
	}
	k := &kept{}
	x.keeps.types[t] = k
	if x.d.After.Type(t.Name) != nil || t.Extends || x.d.Survivor(t) != nil || x.d.Before.Type(t.Name) != t ||
		t.Stores() && x.d.After.Storage.Type(t.Stored) != nil || !x.ruleHolds(t.Directive("auth")) {
		return k
	}
	var replacements []sdl.Edit
	rename := func(n sdl.Name) bool {
		to, ok := x.named(k, n.Text)
		if ok && to != n.Text {
			replacements = append(replacements, sdl.Edit{Span: n.Span, New: to})
		}
		return ok
	}
	for _, n := range slices.Concat(t.Definition.Interfaces, t.Definition.Members) {
		if !rename(n) {
			return k
		}
	}
	if !x.interfacesHold(t) {
		return k
	}
	for _, d := range t.Definition.Fields {
		f := t.Field(d.Name.Text)
		if f == nil || f.Written != d {
			f = &schema.Field{Owner: t, Name: d.Name.Text, Definition: d, Written: d}
		}
		more, ok := x.references(k, f, d)
		if !ok || f.Source == nil && (!x.shares(f, f.Predicate) || !x.spoken(f, t)) {
			return k
		}
		replacements = append(replacements, more...)
	}
	if t.Secret != nil && t.Secret.Source == nil && len(x.after(unquoted(t.Secret.Predicate))) > 0 {
		return k
	}
	if beside := x.neighbour(t); beside != nil {
		k.edits, k.ok = []sdl.Edit{definition(beside, rewrite(t.Definition.Span, replacements))}, true
	}
	return k
}

// neighbour is a definition of the new schema that stood near a removed one.
func (x *Directives) neighbour(gone *schema.Type) *sdl.Definition {
	definitions := x.d.Before.Source.Definitions
	survivor := func(d *sdl.Definition) *sdl.Definition {
		if t := x.d.Before.Type(d.Name.Text); t != nil && t.Definition == d {
			if a := x.d.Survivor(t); a != nil {
				return a.Definition
			}
		}
		return nil
	}
	if x.keeps.at == nil {
		x.keeps.at = make(map[*sdl.Definition]int, len(definitions))
		for i, d := range definitions {
			x.keeps.at[d] = i
			if survivor(d) != nil {
				x.keeps.standing = append(x.keeps.standing, i)
			}
		}
	}
	// Those of one file stand together: the nearest ones on both sides are of another file only where its own has none there.
	next, _ := slices.BinarySearch(x.keeps.standing, x.keeps.at[gone.Definition])
	var near []*sdl.Definition
	if next > 0 {
		near = append(near, definitions[x.keeps.standing[next-1]])
	}
	if next < len(x.keeps.standing) {
		near = append(near, definitions[x.keeps.standing[next]])
	}
	for _, sameFile := range []bool{true, false} {
		for _, d := range near {
			if !sameFile || d.Span.File == gone.Definition.Span.File {
				return survivor(d)
			}
		}
	}
	if all := x.d.After.Source.Definitions; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// interfacesHold reports whether the interfaces that a removed type implements
// and that are still there hand down what they did.
func (x *Directives) interfacesHold(t *schema.Type) bool {
	for _, i := range t.Interfaces {
		now := x.d.Survivor(i)
		if now == nil {
			continue // it comes back too
		}
		if now.Kind != i.Kind {
			return false
		}
		for _, d := range t.Definition.Fields {
			was, is := i.Field(d.Name.Text), now.Field(d.Name.Text)
			if (was == nil) != (is == nil) || is != nil && is.Type().String() != d.Type.String() {
				return false
			}
		}
		for _, is := range now.Fields {
			if i.Field(is.Name) == nil && (is.Type().Named() == "ID" || is.Type().NonNull) {
				return false // a type has one ID at most, and no node of it has the rest
			}
		}
		computes := slices.ContainsFunc(t.Fields, (*schema.Field).Computed)
		for _, d := range i.Definition.Fields {
			if is := now.Field(d.Name.Text); computes && (is == nil || is.Type().String() != d.Type.String()) {
				return false // what is computed may need it
			}
		}
		if t.Secret != nil && t.Secret.Source == nil && (now.Secret != nil || now.Field(t.Secret.Field) != nil) {
			return false
		}
	}
	return true
}

// references are the names in a field's text that are others now. What it
// needs and is gone goes to k.
func (x *Directives) references(k *kept, f *schema.Field, d *sdl.Field) ([]sdl.Edit, bool) {
	var all []sdl.Edit
	typ := func(t *sdl.Type) bool {
		for t.Elem != nil {
			t = t.Elem
		}
		to, ok := x.named(k, t.Name)
		if ok && to != t.Name {
			at := t.Span
			at.End = at.Start + int32(len(t.Name))
			all = append(all, sdl.Edit{Span: at, New: to})
		}
		return ok
	}
	for _, a := range d.Arguments {
		if !typ(a.Type) {
			return nil, false
		}
	}
	if !typ(d.Type) {
		return nil, false
	}
	for _, name := range []string{"requires", "provides", "external"} {
		if sdl.Lookup(d.Directives, name) != nil {
			return nil, false
		}
	}
	if f.Reverse && !x.forward(f.Predicate, x.now(f.Type().Named()), x.now(f.Owner.Name)) {
		return nil, false
	}
	v := sdl.Lookup(d.Directives, "hasInverse").Arg("field")
	if v == nil {
		return all, true
	}
	other := f.Inverse
	if other == nil {
		return nil, false
	}
	if x.d.Survivor(other.Owner) == nil {
		return all, true // it comes back with its type
	}
	a := x.d.Counterpart(other)
	switch {
	case a == nil && other.Source == nil:
		k.fields = append(k.fields, other)
	case a == nil || a.Inverse != nil || a.Reverse || kind(a) != kind(other) && a.Type().Named() != x.now(other.Type().Named()):
		return nil, false
	case a.Name != v.Raw:
		all = append(all, sdl.Edit{Span: v.Span, New: a.Name})
	}
	return all, true
}

// now is what a type of the old schema is called in the new one.
func (x *Directives) now(name string) string {
	if t := x.d.Before.Type(name); t != nil {
		if a := x.d.Survivor(t); a != nil {
			return a.Name
		}
	}
	return name
}

// named is what a type of the old schema is called in the new one, once what is
// gone is back.
func (x *Directives) named(k *kept, name string) (string, bool) {
	t := x.d.Before.Type(name)
	if t == nil {
		return name, schema.Builtin(name) != 0
	}
	if a := x.d.Survivor(t); a != nil {
		return a.Name, a.Kind == t.Kind && a.Remote == t.Remote
	}
	if t.Kind == 0 || x.d.After.Type(name) != nil {
		return "", false
	}
	k.types = append(k.types, t)
	return name, true
}

// shares reports whether an old field can have its predicate next to those who
// use it in the new schema.
func (x *Directives) shares(f *schema.Field, predicate string) bool {
	if predicate == "" || f.Reverse {
		return true
	}
	if backwards(predicate) {
		return false
	}
	is := kind(f)
	if named := x.now(f.Type().Named()); named != f.Type().Named() {
		is = strings.Replace(is, f.Type().Named(), named, 1)
	}
	for _, used := range x.after(unquoted(predicate)) {
		if len(used.Secrets) > 0 {
			return false
		}
		for _, u := range used.Fields {
			if !u.Reverse && kind(u) != is {
				return false
			}
		}
	}
	return true
}

// backwards reports whether a predicate is one that Dgraph reads backwards in
// its validation and stores as it stands.
func backwards(predicate string) bool { return strings.HasPrefix(predicate, "<~") }

// spoken reports whether a field without a language does not come back to a
// predicate with languages, which it would take them from: of the fields of a
// predicate the last one decides. Those of the type whole come back with it.
func (x *Directives) spoken(f *schema.Field, whole *schema.Type) bool {
	if f.Predicate == "" || f.Language != "" || f.Reverse {
		return true
	}
	tagged := func(u *schema.Field) bool { return u.Language != "" && (whole == nil || u.Owner != whole) }
	if was := x.d.Before.Storage.Predicate(f.Predicate); was != nil && slices.ContainsFunc(was.Fields, tagged) {
		return false
	}
	return !slices.ContainsFunc(x.after(unquoted(f.Predicate)), func(p *storage.Predicate) bool { return slices.ContainsFunc(p.Fields, tagged) })
}

// ruleHolds reports whether what an old @auth directive names is still there.
func (x *Directives) ruleHolds(auth *sdl.Directive) bool {
	if auth == nil {
		return true
	}
	words := map[string]bool{}
	var read func(v *sdl.Value)
	read = func(v *sdl.Value) {
		if v.Kind == sdl.StringValue || v.Kind == sdl.BlockValue {
			for _, w := range strings.FieldsFunc(v.Raw, func(r rune) bool {
				return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_')
			}) {
				words[w] = true
			}
		}
		for _, inner := range v.List {
			read(inner)
		}
		for _, inner := range v.Fields {
			read(inner.Value)
		}
	}
	for _, a := range auth.Arguments {
		read(a.Value)
	}
	for _, t := range x.d.Before.Types {
		now := x.d.Survivor(t)
		if gone := now == nil || now.Name != t.Name; gone && (words["query"+t.Name] || words[t.Name]) {
			return false
		}
		for _, f := range t.Fields {
			if !words[f.Name] {
				continue
			}
			if a := x.d.Counterpart(f); now != nil && (a == nil || a.Name != f.Name || a.Type().Named() != x.now(f.Type().Named())) {
				return false
			}
		}
	}
	return true
}

// KeepValue brings a removed value of an enum back and marks it @deprecated.
func (x *Directives) KeepValue(before, after *schema.Type, v *sdl.EnumValue) Patch {
	there := func(name string) *sdl.EnumValue {
		for _, a := range after.Definition.Values {
			if a.Name.Text == name {
				return a
			}
		}
		return nil
	}
	values := after.Definition.Values
	if there(v.Name.Text) != nil || len(values) == 0 {
		return Patch{}
	}
	text := v.Span.Text()
	if sdl.Lookup(v.Directives, "deprecated") == nil {
		text += " @deprecated(reason: " + quote(valueReason) + ")"
	}
	neighbour := values[len(values)-1]
	for i := slices.Index(before.Definition.Values, v) - 1; i >= 0; i-- {
		if a := there(before.Definition.Values[i].Name.Text); a != nil {
			neighbour = a
			break
		}
	}
	return apart([]sdl.Edit{member(neighbour.Span, text)})
}

// KeepMember brings a removed member of a union back, and its type when that is
// gone.
func (x *Directives) KeepMember(after *schema.Type, member string) Patch {
	k := &kept{}
	name, ok := x.named(k, member)
	if !ok {
		return Patch{}
	}
	var p Patch
	for _, t := range k.types {
		more := x.KeepType(t)
		if more.Empty() {
			return Patch{}
		}
		p.Edits = append(p.Edits, more.Edits...)
	}
	d := after.Definition
	if n := len(d.Members); n > 0 {
		at := d.Members[n-1].Span
		p.Edits = append(p.Edits, insertAt(at.File, at.End, " | "+name))
	} else {
		p.Edits = append(p.Edits, insertAt(d.Span.File, d.Span.End, " = "+name))
	}
	return apart(p.Edits)
}
