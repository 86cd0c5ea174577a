package diff

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// ContractChange is one difference between two generated APIs that clients can
// feel. What is only new is none, and neither is what no operation can reach.
type ContractChange struct {
	Kind ContractKind
	// Coordinate is the GraphQL schema coordinate in the generated API, of the
	// old one for what is removed: "UserFilter.phone", "Query.getUser(id:)".
	Coordinate string
	// What says it in a few words, for people: "removed", "now String!".
	What string
	// Before and After are the elements of the two schemas that it comes from;
	// zero on the side where the element is not.
	Before, After api.Source

	beside [][]Cause  // those of what went or came beside the element, or within it
	uses   [][]string // the types that the element names: they can be why it is gone
	gone   map[string]*removal
	left   []Cause // the elements that named it and no longer do
}

// Causes are other elements that can be the reason, the likeliest first; one
// can come again. Types lead to types, so that each of many changes can have
// all that is gone behind it: causes are looked for as they are asked for.
func (c ContractChange) Causes() iter.Seq[Cause] {
	return func(yield func(Cause) bool) {
		for _, causes := range c.beside {
			for _, cause := range causes {
				if !yield(cause) {
					return
				}
			}
		}
		seen := map[*removal]bool{} // there are circles
		var reasons func(names []string) bool
		reasons = func(names []string) bool {
			for _, name := range names {
				r := c.gone[name]
				if r == nil || seen[r] {
					continue
				}
				seen[r] = true
				for _, cause := range r.causes {
					if !yield(cause) {
						return false
					}
				}
				if !reasons(r.uses) {
					return false
				}
			}
			return true
		}
		for _, names := range c.uses {
			if !reasons(names) {
				return
			}
		}
		for _, cause := range c.left {
			if !yield(cause) {
				return
			}
		}
	}
}

// Cause is an element of one of the two schemas.
type Cause struct {
	api.Source
	Old bool // of the old schema
}

// ContractKind is how a change of the API meets clients.
type ContractKind uint8

// The kinds, worst first. The zero ContractKind is invalid.
const (
	// Removed: operations that name the element are no longer valid.
	Removed ContractKind = iota + 1
	// Required: operations that leave the element out are no longer valid.
	Required
	// TypeChanged: operations that use the element can be invalid, or get
	// something of another form.
	TypeChanged
	// Dangerous: operations stay valid and can behave otherwise, as where a
	// default changes or null can come.
	Dangerous
)

// Breaking reports whether operations can become invalid.
func (k ContractKind) Breaking() bool { return k != Dangerous }

// Contract compares the APIs of the two schemas as clients see them, in the
// order of the old one. What both APIs lack counts as equal.
func (d *Diff) Contract(before, after *api.Schema) []ContractChange {
	c := &contract{diff: d, before: before, after: after, gone: map[string]*removal{}, left: map[string][]Cause{}}
	roots := []*api.Type{before.Query, before.Mutation, before.Subscription}
	for _, b := range before.Types {
		if b.Origin == api.Static || slices.Contains(roots, b) {
			continue // the same in every schema, or compared by field below
		}
		switch a := after.Type(b.Name); {
		case a == nil:
			c.remove(b)
		case a.Kind != b.Kind:
			c.add(TypeChanged, b.Name, fmt.Sprintf("now %s instead of %s", a.Kind.Keyword(), b.Kind.Keyword()), b.Source, a.Source)
		case a.Origin != api.Static:
			c.types(b, a)
		}
	}
	for i, a := range []*api.Type{after.Query, after.Mutation, after.Subscription} {
		c.types(roots[i], a)
	}
	for _, a := range after.Types {
		if a.Origin == api.Written && a.Kind == sdl.Object && before.Type(a.Name) == nil {
			c.joins(a, nil)
		}
	}
	c.keys()
	return c.reached()
}

type contract struct {
	diff          *Diff
	before, after *api.Schema
	changes       []ContractChange
	// of are, for each change, the type of the API that it is in.
	of   []*api.Type
	at   *api.Type // the one that is being compared
	gone map[string]*removal
	// left are, for each type, the elements that named it and no longer do.
	left map[string][]Cause
	used *usage // of the old schema
}

// removal is a type that the new API lacks.
type removal struct {
	causes []Cause
	uses   []string // other types that can be the reason
}

func (c *contract) remove(b *api.Type) {
	r := &removal{}
	if b.Source.Type != nil {
		r.causes = append(r.causes, Cause{api.Source{Type: b.Source.Type}, true})
	}
	for _, f := range b.Fields {
		r.causes = appendCause(r.causes, f.Source, true)
		r.uses = append(r.uses, namesOf(f)...)
	}
	for _, v := range b.Values {
		r.causes = appendCause(r.causes, v.Source, true)
	}
	if b.Origin == api.Federated {
		r.causes = append(r.causes, c.keyless()...)
	}
	if operation, ok := strings.CutSuffix(b.Name, "Payload"); ok && b.Origin == api.Generated {
		r.uses = append(r.uses, operation+"Input")
	}
	c.gone[b.Name] = r
	c.add(Removed, b.Name, "removed", b.Source, api.Source{}, b.Name)
}

// keyless are the types that were part of a federation and no longer are: with
// the last one goes all that a federation asks for.
func (c *contract) keyless() (causes []Cause) {
	for _, t := range c.diff.Before.Types {
		if after := c.diff.Survivor(t); t.Directive("key") != nil && (after == nil || after.Directive("key") == nil) {
			causes = append(causes, Cause{api.Source{Type: t}, true})
		}
	}
	return causes
}

// keys are about the types by other keys than before: no type of the API says by
// which, and a gateway that sends the old one gets an error for all it asks for.
func (c *contract) keys() {
	for _, b := range c.diff.Before.Types {
		a := c.diff.Survivor(b)
		if a == nil {
			continue
		}
		was, is := keyOf(b), keyOf(a)
		if was == "" || is == "" || was == is {
			continue // with no key at all, the type is gone from a union
		}
		c.add(TypeChanged, "Query._entities(representations:)", fmt.Sprintf("finds %s by %s instead of %s", a.Name, is, was),
			api.Source{Type: b}, api.Source{Type: a})
	}
}

// keyOf is the field that @key names, "" without one.
func keyOf(t *schema.Type) string {
	for _, f := range t.Fields {
		if f.Key() {
			return f.Name
		}
	}
	return ""
}

func (c *contract) add(kind ContractKind, coordinate, what string, before, after api.Source, uses ...string) {
	c.changes = append(c.changes, ContractChange{Kind: kind, Coordinate: coordinate, What: what, Before: before, After: after, uses: [][]string{uses}, gone: c.gone})
	at := c.at
	if at == nil {
		at = c.before.Type(coordinate)
	}
	c.of = append(c.of, at)
}

// because adds causes to the last change.
func (c *contract) because(causes []Cause) {
	if len(causes) > 0 {
		last := &c.changes[len(c.changes)-1]
		last.beside = append(last.beside, causes)
	}
}

// use adds types that can be why the last element changed.
func (c *contract) use(names []string) {
	last := &c.changes[len(c.changes)-1]
	last.uses = append(last.uses, names)
}

// reached are the changes of what operations can reach.
func (c *contract) reached() []ContractChange {
	kept := c.changes[:0]
	for i, change := range c.changes {
		if of := c.of[i]; of != nil && of.Origin == api.Generated {
			change.left = c.left[change.Coordinate]
		}
		if c.of[i] == nil || c.reaches(c.of[i]) {
			kept = append(kept, change)
		}
	}
	return kept
}

// reaches reports whether operations could reach the type of the old API.
func (c *contract) reaches(t *api.Type) bool {
	switch owner := t.Source.Type; {
	case owner == nil:
		return true
	case t.Origin == api.Written:
		return owner.Root() || owner.Stores() || c.usage().out[t.Name] || c.usage().in[t.Name]
	case t.Name == owner.Name+"Ref":
		return c.usage().in[owner.Name]
	case owner.Kind == sdl.Union:
		return c.usage().out[owner.Name]
	}
	return true
}

func (c *contract) usage() *usage {
	if c.used == nil {
		c.used = usageOf(c.diff.Before.Schema)
	}
	return c.used
}

// typeCause is the user's type of that name.
func typeCause(s *Schema, name string, old bool) []Cause {
	if t := s.Type(name); t != nil {
		return []Cause{{api.Source{Type: t}, old}}
	}
	return nil
}

// appendCause adds the source when it is a field: types cause too much.
func appendCause(causes []Cause, s api.Source, old bool) []Cause {
	if s.Field == nil {
		return causes
	}
	return append(causes, Cause{s, old})
}

// types compares two types of one name and kind.
func (c *contract) types(b, a *api.Type) {
	c.at = b
	defer func() { c.at = nil }()
	switch b.Kind {
	case sdl.Enum:
		c.values(b, a)
	case sdl.Union:
		for _, m := range b.Members {
			if !slices.Contains(a.Members, m) {
				c.add(Removed, b.Name, "no longer "+m, b.Source, a.Source)
				c.because(typeCause(c.diff.Before, m, true))
			}
		}
		for _, m := range a.Members {
			// Of federated types a client gets what it asks for by name.
			if b.Origin != api.Federated && !slices.Contains(b.Members, m) {
				c.add(Dangerous, b.Name, "can be "+m, b.Source, a.Source)
				c.because(typeCause(c.diff.After, m, false))
			}
		}
	default:
		for _, i := range b.Interfaces {
			if !slices.Contains(a.Interfaces, i) {
				c.add(Removed, b.Name, "no longer implements "+i, b.Source, a.Source)
				c.because(typeCause(c.diff.Before, i, true))
			}
		}
		c.joins(a, b.Interfaces)
		c.fields(b, a)
	}
}

// joins is about an object that comes out of interfaces that did not answer it
// so far.
func (c *contract) joins(a *api.Type, before []string) {
	for _, i := range a.Interfaces {
		if was := c.diff.Before.Type(i); !slices.Contains(before, i) && was != nil && was.Kind == sdl.Interface {
			c.add(Dangerous, a.Name, "implements "+i, api.Source{}, a.Source)
			c.because(typeCause(c.diff.After, i, false))
		}
	}
}

// values compares two enums. A value that clients only send can come without
// harm, and one that they only receive can go.
func (c *contract) values(b, a *api.Type) {
	after := map[string]bool{}
	for _, v := range a.Values {
		after[v.Name] = true
	}
	in, out := true, false // of a generated enum
	if b.Origin == api.Written {
		in, out = c.usage().in[b.Name], c.usage().out[b.Name]
	}
	for _, v := range b.Values {
		switch {
		case after[v.Name]:
		case in:
			c.add(Removed, b.Name+"."+v.Name, "removed", v.Source, api.Source{})
			if of := v.Source.Type; of != nil && of.Kind == sdl.Union {
				c.because(typeCause(c.diff.Before, v.Name, true))
			}
		default:
			c.add(Dangerous, b.Name+"."+v.Name, "no longer answered", v.Source, api.Source{})
		}
		delete(after, v.Name)
	}
	for _, v := range a.Values {
		if out && after[v.Name] {
			c.add(Dangerous, b.Name+"."+v.Name, "added", api.Source{}, v.Source)
		}
	}
}

func (c *contract) fields(b, a *api.Type) {
	before, after := make(map[string]*api.Field, len(b.Fields)), make(map[string]*api.Field, len(a.Fields))
	for _, f := range b.Fields {
		before[f.Name] = f
	}
	for _, f := range a.Fields {
		after[f.Name] = f
	}
	// beside are the fields that went or came: they can be why others changed. All of these share them.
	beside := sync.OnceValue(func() (causes []Cause) {
		for _, f := range b.Fields {
			if after[f.Name] == nil {
				causes = appendCause(causes, f.Source, true)
			}
		}
		for _, g := range a.Fields {
			if before[g.Name] == nil {
				causes = appendCause(causes, g.Source, false)
			}
		}
		return causes
	})
	beyond := sync.OnceValue(func() (names []string) {
		for _, f := range b.Fields {
			if after[f.Name] == nil {
				names = append(names, namesOf(f)...)
			}
		}
		return names
	})
	input := b.Kind == sdl.InputObject
	for _, f := range b.Fields {
		at := b.Name + "." + f.Name
		switch g := after[f.Name]; {
		case g == nil:
			c.add(Removed, at, "removed", f.Source, api.Source{}, namesOf(f)...)
			for _, x := range f.Arguments {
				c.because(appendCause(nil, x.Source, true))
			}
			if f.Source.Field == nil { // such as "and", which goes with the last field
				c.because(beside())
				c.use(beyond())
			}
			c.leave(f.Type, f.Source)
		case input:
			c.input(at, f.Type, g.Type, f.Default, g.Default, f.Source, g.Source, beside)
		default:
			c.output(at, f, g)
			c.arguments(at, f, g)
		}
	}
	if !input {
		return
	}
	for _, g := range a.Fields {
		if before[g.Name] == nil && g.Type.NonNull && g.Default == nil {
			c.add(Required, b.Name+"."+g.Name, "new and required", api.Source{}, g.Source)
		}
	}
}

// leave notes that an element no longer names a type.
func (c *contract) leave(t *sdl.Type, source api.Source) {
	if source.Field != nil {
		c.left[t.Named()] = append(c.left[t.Named()], Cause{source, true})
	}
}

// namesOf are the types that a field and its arguments name.
func namesOf(f *api.Field) []string {
	names := []string{f.Type.Named()}
	for _, x := range f.Arguments {
		names = append(names, x.Type.Named())
	}
	return names
}

func (c *contract) arguments(at string, b, a *api.Field) {
	beside := sync.OnceValue(func() (causes []Cause) {
		for _, x := range b.Arguments {
			if a.Argument(x.Name) == nil {
				causes = appendCause(causes, x.Source, true)
			}
		}
		for _, y := range a.Arguments {
			if b.Argument(y.Name) == nil {
				causes = appendCause(causes, y.Source, false)
			}
		}
		return causes
	})
	for _, x := range b.Arguments {
		if b.Argument(x.Name) != x {
			continue // Dgraph makes two where an @id has the name of its own
		}
		name := fmt.Sprintf("%s(%s:)", at, x.Name)
		if y := a.Argument(x.Name); y == nil {
			c.add(Removed, name, "removed", x.Source, api.Source{}, x.Type.Named())
		} else {
			c.input(name, x.Type, y.Type, x.Default, y.Default, x.Source, y.Source, beside)
		}
	}
	for _, y := range a.Arguments {
		if b.Argument(y.Name) == nil && y.Type.NonNull && y.Default == nil {
			c.add(Required, fmt.Sprintf("%s(%s:)", at, y.Name), "new and required", api.Source{}, y.Source)
			c.because(beside())
		}
	}
}

// output compares the types of what clients receive: more "!" is harmless,
// less can surprise.
func (c *contract) output(at string, f, g *api.Field) {
	b, a := f.Type, g.Type
	if b.String() == a.String() {
		return
	}
	_, loses, same := compareNulls(b, a)
	what := "now " + a.String()
	switch {
	case same && !loses:
	case same:
		c.add(Dangerous, at, what, f.Source, g.Source)
	case !loses && c.onlyForm(b.Named(), a.Named()):
		// Every operation that was valid for the interface or union stays so.
	default:
		c.add(TypeChanged, at, what, f.Source, g.Source, b.Named())
		c.because(c.renamed(b, a))
	}
}

// input compares the types and defaults of what clients send: less "!" is
// harmless, more is a demand.
func (c *contract) input(at string, b, a *sdl.Type, bDefault, aDefault *sdl.Value, before, after api.Source, beside func() []Cause) {
	gains, _, same := compareNulls(b, a)
	demanded := b.NonNull && bDefault == nil
	demands := a.NonNull && aDefault == nil
	first := len(c.changes)
	switch {
	case !same:
		c.add(TypeChanged, at, "now "+a.String(), before, after, b.Named())
		c.because(c.renamed(b, a))
		c.leave(b, before)
	case demands && !demanded && !b.NonNull:
		c.add(Required, at, "now "+a.String(), before, after)
	case demands && !demanded:
		c.add(Required, at, "no default any more", before, after)
	case gains:
		c.add(TypeChanged, at, "now "+a.String(), before, after)
	case !demanded && literal(bDefault) != literal(aDefault):
		c.add(Dangerous, at, "other default", before, after)
	}
	if len(c.changes) > first {
		c.because(beside())
	}
}

// renamed are the types of the schemas that a field's type and another come
// from, when they are one type under two names.
func (c *contract) renamed(b, a *sdl.Type) []Cause {
	was, is := c.before.Type(b.Named()), c.after.Type(a.Named())
	if was == nil || is == nil || b.Named() == a.Named() || was.Source.Type == nil || is.Source.Type == nil {
		return nil
	}
	if c.diff.Survivor(was.Source.Type) != is.Source.Type {
		return nil
	}
	return []Cause{{api.Source{Type: was.Source.Type}, true}}
}

// onlyForm reports whether a field of the abstract type could only ever answer
// the object: then it can say so.
func (c *contract) onlyForm(abstract, object string) bool {
	t := c.diff.Before.Type(abstract)
	if t == nil || c.diff.After.Kind(object) != sdl.Object {
		return false
	}
	switch t.Kind {
	case sdl.Interface:
		return len(t.Implementors) == 1 && t.Implementors[0].Name == object && c.implements(object, abstract)
	case sdl.Union:
		return len(t.Definition.Members) == 1 && t.Definition.Members[0].Text == object
	}
	return false
}

func (c *contract) implements(object, abstract string) bool {
	t := c.diff.After.Type(object)
	return t != nil && slices.ContainsFunc(t.Interfaces, func(i *schema.Type) bool { return i.Name == abstract })
}

// literal writes a default in one form, however it is laid out; none is null.
func literal(v *sdl.Value) string {
	if v == nil || v.Kind == sdl.NullValue {
		return "null"
	}
	var parts []string
	for _, item := range v.List {
		parts = append(parts, literal(item))
	}
	for _, f := range v.Fields {
		parts = append(parts, f.Name.Text+": "+literal(f.Value))
	}
	slices.Sort(parts[len(v.List):]) // an object's fields have no order
	return fmt.Sprintf("%d %q %q", v.Kind, v.Raw, parts)
}

// compareNulls compares two types place by place: whether a "!" is gained or
// lost anywhere, and whether the types are the same but for that. Lists of other
// depth count as both.
func compareNulls(b, a *sdl.Type) (gains, loses, same bool) {
	gains, loses = a.NonNull && !b.NonNull, b.NonNull && !a.NonNull
	switch {
	case (a.Elem == nil) != (b.Elem == nil):
		return true, true, false
	case a.Elem == nil:
		return gains, loses, a.Name == b.Name
	}
	g, l, same := compareNulls(b.Elem, a.Elem)
	return gains || g, loses || l, same
}
