package fixes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
)

// Directives makes the edits of the new schema of one comparison. It gives the
// same names to the same things each time it is asked.
type Directives struct {
	d *diff.Diff
	// readable reports whether all values of an old field can be read as those
	// of a new one.
	readable func(before, after *schema.Field) bool
	// taken reports whether a predicate that neither schema has is in use.
	taken func(predicate string) bool
	keeps keeps
}

// Options are what a comparison does not know.
type Options struct {
	// Readable reports whether all values of an old field can be read as those
	// of a new one.
	Readable func(before, after *schema.Field) bool
	// Taken reports whether a predicate that neither schema has is in use; nil
	// where nobody knows.
	Taken func(predicate string) bool
}

// NewDirectives prepares edits for a comparison.
func NewDirectives(d *diff.Diff, o Options) *Directives {
	if o.Taken == nil {
		o.Taken = func(string) bool { return false }
	}
	return &Directives{d: d, readable: o.Readable, taken: o.Taken, keeps: newKeeps()}
}

// A Move is a field whose values are to stay where the old field has them.
type Move struct{ Before, After *schema.Field }

// PinFields gives fields the predicates of old ones. Where another field uses
// such a predicate now, that one goes back to its own in the same patch, or
// gets a new one when it is new.
func (x *Directives) PinFields(moves ...Move) Patch {
	p := pinning{x: x, done: map[*sdl.Field]string{}}
	for _, m := range moves {
		if !p.field(m.Before, m.After) {
			return Patch{}
		}
	}
	return apart(p.edits)
}

// pinning is the work on one patch.
type pinning struct {
	x     *Directives
	edits []sdl.Edit
	// done are the definitions with the predicates that they get.
	done map[*sdl.Field]string
	// explicit says that predicates are written out even where they are what a
	// field has without.
	explicit bool
}

func (p *pinning) field(before, after *schema.Field) bool {
	pred := written(before)
	if set, ok := p.done[after.Definition]; ok {
		return set == pred
	}
	if !p.x.fits(before, after) {
		return false
	}
	p.done[after.Definition] = pred
	p.followed(before, after)
	p.set(after, pred)
	if !before.Reverse && !p.others(before, after, pred) {
		return false
	}
	// Where another old field had the name, it goes on under yet another one:
	// only both together are what they were.
	had := before.Owner.Field(after.Name)
	if had == nil || had == before {
		return true
	}
	next := p.x.d.Counterpart(had)
	return next == nil || written(next) == written(had) || p.field(had, next)
}

// followed has those who read a field's edges backwards read them where they are
// kept, which the field must write out then.
func (p *pinning) followed(before, after *schema.Field) {
	if before.Reverse || after.Reverse {
		return
	}
	for _, used := range p.x.after(unquoted(after.Predicate)) {
		for _, u := range used.Fields {
			if _, ok := p.done[u.Definition]; ok || !u.Reverse || u.Source != nil {
				continue
			}
			kept := *u
			kept.Predicate = before.Predicate
			p.explicit = true
			p.done[u.Definition] = written(&kept)
			p.set(u, written(&kept))
		}
	}
}

// fits reports whether a new field can have an old field's predicate.
func (x *Directives) fits(before, after *schema.Field) bool {
	if before.Predicate == "" || after.Predicate == "" || backwards(before.Predicate) || backwards(after.Predicate) || x.d.Counterpart(before) != after {
		return false
	}
	if i := before.Owner; i.Kind == sdl.Interface && len(i.Implementors) == 0 {
		return false // nothing was stored there
	}
	if before.Language != "" && after.Has("id") || strings.ContainsAny(before.Language, ":.") && after.Has("search") {
		return false
	}
	if i := after.Source; i != nil {
		// The interface's field can serve one type only, and none that had
		// values there before.
		at := i.Field(after.Name)
		if len(i.Implementors) != 1 || at == nil {
			return false
		}
		if was := x.d.Counterpart(at); was != nil && len(was.Owner.Implementors) > 0 && written(was) != written(before) {
			return false
		}
	} else if len(after.Owner.Implementors) > 0 && before.Owner != x.d.Origin(after.Owner) {
		return false
	}
	if before.Type().List() != after.Type().List() || before.Has("embedding") != after.Has("embedding") {
		return false
	}
	if before.Language == "" && !before.Reverse && !x.precedes(after, unquoted(before.Predicate)) {
		return false
	}
	if before.Reverse && (!x.forward(before.Predicate, after.Type().Named(), after.Owner.Name) || after.Has("hasInverse")) {
		return false
	}
	return x.readable(before, after)
}

// precedes reports whether a field stands before those that read a predicate in
// a language: of all fields of a predicate the last one decides about @lang.
func (x *Directives) precedes(f *schema.Field, predicate string) bool {
	spoken := false
	for _, used := range x.after(predicate) {
		for _, u := range used.Fields {
			if u.Language == "" || u == f {
				continue
			}
			if u.Owner != f.Owner || slices.Index(u.Owner.Fields, u) < slices.Index(f.Owner.Fields, f) {
				return false
			}
			spoken = true
		}
	}
	was := x.d.Before.Storage.Predicate(predicate)
	return spoken || was == nil || !was.Lang
}

// searched are the arguments of a field's @search, as they are written.
func searched(f *schema.Field) string {
	d := f.Directive("search")
	if d == nil {
		return ""
	}
	return d.Span.Text()
}

// forward reports whether the new schema has a predicate as `~` wants it:
// written out at a field that leads from one type to the other.
func (x *Directives) forward(predicate, from, to string) bool {
	p := x.d.After.Storage.Predicate(predicate)
	return p != nil && slices.ContainsFunc(p.Fields, func(f *schema.Field) bool {
		return !f.Reverse && f.Source == nil && f.Owner.Name == from && f.Type().Named() == to && f.Directive("dgraph").Arg("pred") != nil && f.Inverse == nil
	})
}

// others takes the predicate from the fields that it does not belong to.
func (p *pinning) others(before, after *schema.Field, pred string) bool {
	for _, used := range p.x.after(unquoted(before.Predicate)) {
		if len(used.Secrets) > 0 {
			return false
		}
		for _, u := range used.Fields {
			if _, ok := p.done[u.Definition]; ok || u.Source != nil || u.Reverse || u.Language != before.Language {
				continue
			}
			switch was := p.x.d.Counterpart(u); {
			case was != nil && written(was) == pred:
				if kind(u) != kind(after) || searched(u) != searched(after) {
					return false
				}
			case was != nil:
				if !p.field(was, u) {
					return false
				}
			default:
				fresh, ok := p.x.fresh(u)
				if !ok {
					return false
				}
				p.done[u.Definition] = fresh
				p.set(u, fresh)
			}
		}
	}
	return true
}

// set writes the predicate at the field's effective definition: what a type
// writes at a field of its interface, Dgraph ignores.
func (p *pinning) set(f *schema.Field, pred string) {
	h := onField(f.Definition)
	owner := f.Owner
	if f.Source != nil {
		owner = f.Source
	}
	if pred == owner.Stored+"."+f.Name && !p.explicit {
		if e, ok := h.dropArgument("dgraph", "pred"); ok {
			p.edits = append(p.edits, e)
			return
		}
	}
	p.edits = append(p.edits, h.setArgument("dgraph", "pred", quote(pred)))
}

// NewPredicate gives fields, which share a predicate, another one that nothing
// uses: the first one's own name where that is free. Fields that read it
// backwards follow.
func (x *Directives) NewPredicate(fields ...*schema.Field) Patch {
	p := pinning{x: x, done: map[*sdl.Field]string{}}
	if len(fields) == 0 {
		return Patch{}
	}
	fresh, ok := x.fresh(fields[0])
	if !ok {
		return Patch{}
	}
	// The forward field must name what is read backwards.
	p.explicit = slices.ContainsFunc(fields, func(f *schema.Field) bool { return f.Reverse })
	for _, f := range fields {
		if _, ok := p.done[f.Definition]; ok {
			continue
		}
		p.done[f.Definition] = fresh
		pred := fresh
		if f.Reverse {
			pred = "~" + pred
		}
		if f.Language != "" {
			pred += "@" + f.Language
		}
		p.set(f, pred)
	}
	return apart(p.edits)
}

// NewSecretPredicate gives the password of a type another predicate.
func (x *Directives) NewSecretPredicate(t *schema.Type) Patch {
	s := t.Secret
	owner := t
	if s.Source != nil {
		owner = s.Source
	}
	fresh, ok := x.free(owner.Stored+"."+s.Field, s.Predicate)
	if !ok {
		return Patch{}
	}
	return apart([]sdl.Edit{onDefinition(owner.Definition).setArgument("secret", "pred", quote(fresh))})
}

// fresh is a predicate for a field that nothing uses.
func (x *Directives) fresh(f *schema.Field) (string, bool) {
	owner := f.Owner
	if f.Source != nil {
		owner = f.Source
	}
	return x.free(owner.Stored+"."+f.Name, f.Predicate)
}

// free is the name, or the name with a number, that is not in use.
func (x *Directives) free(name, now string) (string, bool) {
	if !plain(name) {
		return "", false
	}
	used := func(name string) bool {
		return name == unquoted(now) || len(x.after(name)) > 0 || x.d.Before.Storage.Predicate(name) != nil ||
			x.d.Before.Storage.Predicate("<"+name+">") != nil || x.taken(name)
	}
	for n := 1; n < 1000; n++ {
		numbered := name
		if n > 1 {
			numbered = fmt.Sprintf("%s_%d", name, n)
		}
		if !used(numbered) {
			return numbered, true
		}
	}
	return "", false
}

// after are the predicates of the new schema that a server stores under a name.
func (x *Directives) after(name string) []*storage.Predicate {
	var all []*storage.Predicate
	for _, spelling := range []string{name, "<" + name + ">"} {
		if p := x.d.After.Storage.Predicate(spelling); p != nil {
			all = append(all, p)
		}
	}
	return all
}

// PinType keeps a type where its nodes are stored. Where another type is stored
// there now, that one goes back to its own place in the same patch, or gets a
// new one when it is new. Fields whose old values cannot be read as what they
// are now keep the predicates that they have without the patch.
func (x *Directives) PinType(t *schema.Type, stored string) Patch {
	p := typePinning{x: x, to: map[*schema.Type]string{}, done: map[*sdl.Field]bool{}}
	if origin := x.d.Origin(t); origin == nil || origin.Stored != stored || !p.pin(t, stored) {
		return Patch{}
	}
	for _, t := range p.order {
		if !p.fields(t) {
			return Patch{}
		}
	}
	return apart(p.edits)
}

type typePinning struct {
	x     *Directives
	edits []sdl.Edit
	to    map[*schema.Type]string
	order []*schema.Type
	done  map[*sdl.Field]bool // the definitions that get another predicate
}

func (p *typePinning) pin(t *schema.Type, stored string) bool {
	if set, ok := p.to[t]; ok {
		return set == stored
	}
	p.to[t] = stored
	p.order = append(p.order, t)
	h := onDefinition(t.Definition)
	if e, ok := h.dropArgument("dgraph", "type"); ok && t.Name == stored {
		p.edits = append(p.edits, e)
	} else {
		p.edits = append(p.edits, h.setArgument("dgraph", "type", quote(stored)))
	}
	if had := p.x.d.Before.Type(t.Name); had != nil && had != p.x.d.Origin(t) { // it goes on under another name
		if next := p.x.d.Survivor(had); next != nil && next.Stores() && next.Stored != had.Stored && !p.pin(next, had.Stored) {
			return false
		}
	}
	there := p.x.d.After.Storage.Type(stored)
	if there == nil {
		return true
	}
	for _, u := range there.Sources {
		if u == t {
			continue
		}
		if _, ok := p.to[u]; ok {
			continue
		}
		origin := p.x.d.Origin(u)
		switch {
		case origin != nil && origin.Stored == stored:
			return false // both come from one type
		case origin != nil:
			if !p.pin(u, origin.Stored) {
				return false
			}
		default:
			fresh, ok := p.x.freeType(u.Name)
			if !ok || !p.pin(u, fresh) {
				return false
			}
		}
	}
	return true
}

// fields keeps what follows the type's stored name apart from what it must not
// meet there.
func (p *typePinning) fields(t *schema.Type) bool {
	for _, f := range t.Fields {
		if f.Source != nil || f.Predicate == "" {
			continue
		}
		if f.Directive("dgraph").Arg("pred") != nil {
			p.writtenOut(f)
			continue
		}
		name := p.to[t] + "." + f.Name
		for _, used := range p.x.after(name) {
			for _, u := range used.Fields {
				implicit := u.Directive("dgraph").Arg("pred") == nil
				if owner := u.Owner; implicit && (p.to[owner] != "" || u.Source != nil && p.to[u.Source] != "") {
					continue // it goes elsewhere with its own type
				}
				if !u.Reverse && kind(u) != kind(f) {
					return false
				}
			}
			if len(used.Secrets) > 0 {
				return false
			}
		}
		was := p.x.d.Before.Storage.Predicate(name)
		if was == nil {
			continue
		}
		b, is := p.x.d.Counterpart(f), p.x.d.After.Storage.Predicate(f.Predicate)
		if is == nil || diff.Refused(was, is) != "" || was.List != is.List || b != nil && !p.x.readable(b, f) {
			p.edits = append(p.edits, onField(f.Definition).setArgument("dgraph", "pred", quote(f.Predicate)))
		}
	}
	return true
}

// writtenOut keeps the values of a field whose predicate is written out with the
// name of its type, which it followed so far. Whoever reads it too, backwards or
// in a language, reads it where it is then.
func (p *typePinning) writtenOut(f *schema.Field) {
	b := p.x.d.Counterpart(f)
	if b == nil || f.Reverse || p.done[f.Definition] || !p.x.readable(b, f) || len(p.x.after(unquoted(b.Predicate))) > 0 {
		return
	}
	was, own := strings.CutPrefix(unquoted(b.Predicate), p.to[f.Owner]+".")
	is, stillOwn := strings.CutPrefix(unquoted(f.Predicate), f.Owner.Stored+".")
	if !own || !stillOwn || was != is {
		return // that is told of the field itself
	}
	for _, used := range p.x.after(unquoted(f.Predicate)) {
		for _, u := range used.Fields {
			if u.Source != nil || p.done[u.Definition] || u.Directive("dgraph").Arg("pred") == nil {
				continue
			}
			p.done[u.Definition] = true
			kept := *u
			kept.Predicate = b.Predicate
			p.edits = append(p.edits, onField(u.Definition).setArgument("dgraph", "pred", quote(written(&kept))))
		}
	}
}

// freeType is a stored name for a type that nothing uses.
func (x *Directives) freeType(name string) (string, bool) {
	for n := 2; n < 1000; n++ {
		numbered := fmt.Sprintf("%s_%d", name, n)
		if x.d.After.Storage.Type(numbered) == nil && x.d.Before.Storage.Type(numbered) == nil && x.d.After.Type(numbered) == nil {
			return numbered, true
		}
	}
	return "", false
}

// PinSecret keeps a type's passwords where they are.
func (x *Directives) PinSecret(before, after *schema.Type) Patch {
	was, is := before.Secret, after.Secret
	at := after
	if is.Source != nil {
		at = is.Source
	}
	if at != after && len(at.Implementors) > 1 || sdl.Lookup(at.Definition.Directives, "secret") != is.Directive {
		return Patch{}
	}
	if at.Kind == sdl.Interface && at != after && x.d.Origin(at) != nil && x.d.Origin(at).Secret != nil {
		return Patch{} // the interface has passwords of its own
	}
	for _, used := range x.after(unquoted(was.Predicate)) {
		if len(used.Fields) > 0 || slices.ContainsFunc(used.Secrets, func(t *schema.Type) bool { return t != after && t.Secret.Directive != is.Directive }) {
			return Patch{}
		}
	}
	h := onDefinition(at.Definition)
	if was.Predicate == at.Stored+"."+is.Field && at.Kind == sdl.Object {
		if e, ok := h.dropArgument("secret", "pred"); ok {
			return apart([]sdl.Edit{e})
		}
	}
	return apart([]sdl.Edit{h.setArgument("secret", "pred", quote(was.Predicate))})
}

// written is a field's predicate as @dgraph(pred:) names it.
func written(f *schema.Field) string {
	s := f.Predicate
	if f.Reverse {
		s = "~" + s
	}
	if f.Language != "" {
		s += "@" + f.Language
	}
	return s
}

// kind is what two fields of one predicate must have in common. Source:
// dgraphDirectivePredicateValidation.
func kind(f *schema.Field) string {
	id := ""
	if f.Has("id") {
		id = " @id"
	}
	if f.Type().List() {
		return "[" + f.Type().Named() + "]" + id
	}
	return f.Type().Named() + id
}

// unquoted is a predicate's name without the "<" and ">" that only quote it.
func unquoted(predicate string) string {
	if name, ok := strings.CutPrefix(predicate, "<"); ok {
		return strings.TrimSuffix(name, ">")
	}
	return predicate
}

// plain reports whether a predicate's name needs no quotes in a DQL schema.
func plain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.')
	})
}
