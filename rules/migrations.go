package rules

import (
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// by is the fix with what it does to stored data; nil leaves it to people.
func (f Fix) by(m *migrate.Migration) Fix {
	f.Migration = m
	return f
}

// copying moves what a field of the old schema holds to a field of the new one,
// in the form in which that reads it.
func (p *pass) copying(before, after *schema.Field) *migrate.Migration {
	from, to := p.Before.Storage.Predicate(before.Predicate), p.After.Storage.Predicate(after.Predicate)
	if from == nil || to == nil || before.Reverse || after.Reverse || before.Language != "" || after.Language != "" || storesOneOf(after) != storesOneOf(before) {
		return nil
	}
	if other := p.occupant(before, to); other != nil {
		return impossible("the old %s is stored under %s, in the same nodes, and the two could not be told apart; keep the values of %s "+
			"where they are with @dgraph(pred:), or have them stored under a predicate that is new", other.Coordinate(), to.Stored(), before.Coordinate())
	}
	stays := p.After.Storage.Predicate(before.Predicate)
	m := migrate.Moving{From: from, To: to, FromStays: stays != nil}
	if stays != nil {
		m.Types = storedTypes(before.Owner)
	}
	if !after.Has("id") || before.Has("id") && interfaceWide(before) == interfaceWide(after) {
		return p.moving(m, before, after)
	}
	if before.Type().Named() != after.Type().Named() || stays != nil {
		return nil // which values are the same shows only when they are there
	}
	// What is copied has to differ, also what is copied later.
	return migrate.Together(uniqueness(p.Before, before, scopesOf(after), nil), p.moving(m, before, after))
}

// occupant is another old field whose values nodes with the given one have under
// a predicate; nil when there is none.
func (p *pass) occupant(before *schema.Field, to *storage.Predicate) *schema.Field {
	held := p.held[to.Stored()]
	if held == nil {
		return nil
	}
	for _, f := range held.Fields {
		same := f.Owner == before.Owner || slices.Contains(before.Owner.Implementors, f.Owner)
		if same && f.Name != before.Name && !f.Reverse && f.Language == "" {
			return f
		}
	}
	return nil
}

// impossible is a migration that nobody can carry out, with the reason and the
// ways out.
func impossible(format string, about ...any) *migrate.Migration {
	return &migrate.Migration{Build: func([]string) (*migrate.Recipe, error) { return nil, fmt.Errorf(format, about...) }}
}

// moving chooses the recipe by what the two sides are.
func (p *pass) moving(m migrate.Moving, before, after *schema.Field) *migrate.Migration {
	target := targetOf(p.After, after)
	switch {
	case m.From.Type == "uid" && m.To.Type != "uid":
		return migrate.ReferenceToScalar(migrate.Dereferencing{Moving: m, Fields: scalars(p.Before, before.Type().Named())})
	case m.From.Type != "uid" && m.To.Type == "uid":
		t := p.After.Type(after.Type().Named())
		if t == nil || t.Kind != sdl.Object {
			return nil // of which type the nodes would be, nobody can say
		}
		return migrate.ScalarToReference(migrate.Referencing{Moving: m, Target: withInterfaces(t), Keys: scalars(p.After, t.Name)})
	case m.From.List && !m.To.List && m.From.Type == m.To.Type:
		return migrate.ListToSingle(migrate.Single(m))
	case m.From.List && !m.To.List:
		return nil
	case m.From.Type != m.To.Type || m.To.Type != "uid" && before.Type().Named() != after.Type().Named():
		return migrate.ConvertInto(migrate.Converting{From: m.From, To: m.To, Target: target, Types: m.Types, FromStays: m.FromStays})
	}
	return migrate.CopyValues(m)
}

// withInterfaces are what nodes of a type have as dgraph.type.
func withInterfaces(t *schema.Type) []string {
	all := []string{t.Stored}
	for _, i := range t.Interfaces {
		all = append(all, i.Stored)
	}
	return all
}

// scalars are the predicates of a type with values that can be looked up.
func scalars(s *diff.Schema, name string) []*storage.Predicate {
	t := s.Type(name)
	if t == nil {
		return nil
	}
	var all []*storage.Predicate
	for _, f := range t.Fields {
		if p := s.Storage.Predicate(f.Predicate); p != nil && !f.Reverse && f.Language == "" && p.Type != "uid" && p.Type != "password" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// moves are from where to where the values of a type's own fields move, its
// password too.
func (p *pass) moves(before, after *schema.Type) []migrate.Moving {
	var all []migrate.Moving
	add := func(from, to string) {
		f, t := p.Before.Storage.Predicate(from), p.After.Storage.Predicate(to)
		if f != nil && t != nil && f.Stored() != t.Stored() && !slices.ContainsFunc(all, func(m migrate.Moving) bool { return m.From == f }) {
			all = append(all, migrate.Moving{From: f, To: t, FromStays: p.After.Storage.Predicate(from) != nil})
		}
	}
	for _, f := range before.Fields {
		if to := p.Counterpart(f); to != nil && to.Owner == after && !f.Reverse && !to.Reverse {
			add(f.Predicate, to.Predicate)
		}
	}
	if before.Secret != nil && after.Secret != nil {
		add(before.Secret.Predicate, after.Secret.Predicate)
	}
	return all
}

// retagging makes the nodes of one stored type those of another one.
func (p *pass) retagging(before, after *schema.Type) *migrate.Migration {
	return migrate.RetagType(migrate.Retagging{
		From: before.Stored, To: after.Stored, Moves: p.moves(before, after), FromStays: p.After.Storage.Type(before.Stored) != nil,
	})
}

// crossing is about a type whose fields move into an interface or out of it.
func (p *pass) crossing(t, i *schema.Type, moved []diff.Move) migrate.Crossing {
	m := migrate.Member{Type: t.Stored}
	for _, x := range moved {
		from, to := p.Before.Storage.Predicate(x.Before.Predicate), p.After.Storage.Predicate(x.After.Predicate)
		if from != nil && to != nil {
			m.Moves = append(m.Moves, migrate.Moving{From: from, To: to, FromStays: p.After.Storage.Predicate(x.Before.Predicate) != nil})
		}
	}
	return migrate.Crossing{Interface: i.Stored, Members: []migrate.Member{m}, Served: p.Before.Storage.Type(i.Stored) != nil, Others: p.implementing(i, t)}
}

// implementing are the stored types that implement an interface in the new
// schema, but for one.
func (p *pass) implementing(i, but *schema.Type) []string {
	var all []string
	for _, t := range p.After.Types {
		if t.Stored != but.Stored && slices.ContainsFunc(t.Interfaces, func(x *schema.Type) bool { return x.Stored == i.Stored }) {
			all = append(all, t.Stored)
		}
	}
	return all
}

// filling gives the nodes that lack a value one.
func filling(s *diff.Schema, f *schema.Field) *migrate.Migration {
	if f.Source != nil {
		return fillingIn(s, f, f.Source.Stored)
	}
	return fillingIn(s, f, f.Owner.Stored)
}

// fillingIn does so for the nodes of one stored type.
func fillingIn(s *diff.Schema, f *schema.Field, stored string) *migrate.Migration {
	into := s.Storage.Predicate(f.Predicate)
	if into == nil || f.Reverse {
		return nil
	}
	fill := migrate.Filling{Into: into, Target: targetOf(s, f), Type: stored, Lang: f.Language}
	if v := f.Directive("default").Arg("add").Field("value"); v != nil {
		fill.Default = &v.Raw
	}
	return migrate.FillDefault(fill)
}

// converting mends values of a predicate for the field that reads it.
func (p *pass) converting(before, after *schema.Field) *migrate.Migration {
	from, to := p.Before.Storage.Predicate(before.Predicate), p.After.Storage.Predicate(after.Predicate)
	if from == nil || to == nil || before.Reverse || after.Reverse {
		return nil
	}
	return migrate.ConvertInPlace(migrate.Converting{From: from, To: to, Target: targetOf(p.After, after)})
}

// mapping replaces a member of an enum that goes, under all predicates.
func (p *pass) mapping(before, after *schema.Type, gone string, given ...string) *migrate.Migration {
	var all []*migrate.Migration
	var done []string
	for _, f := range p.usesOf(before, after) {
		from, to := p.Before.Storage.Predicate(f.Predicate), p.After.Storage.Predicate(f.Predicate)
		if from == nil || to == nil || slices.Contains(done, from.Stored()) {
			continue
		}
		done = append(done, from.Stored())
		target := targetOf(p.After, f)
		target.Enum = members(after)
		m := leaving(others(members(before), append(members(after), gone)),
			migrate.MapValues(migrate.Converting{From: from, To: to, Target: target}, []string{gone}))
		if len(given) > 0 {
			m = m.Saying(given...)
		}
		all = append(all, m)
	}
	return migrate.Together(all...)
}

// leaving is a migration of values of an enum that leaves some others alone: what
// becomes of these is told of them.
func leaving(values []string, m *migrate.Migration) *migrate.Migration {
	if m == nil {
		return nil
	}
	build := m.Build
	return &migrate.Migration{Need: m.Need, Build: func(given []string) (*migrate.Recipe, error) {
		r, err := build(given)
		if err != nil {
			return nil, err
		}
		for i := range r.Steps {
			if c := r.Steps[i].Convert; c != nil {
				wider := *c // steps can share it
				wider.Reading.Enum = slices.Concat(c.Reading.Enum, values)
				r.Steps[i].Convert = &wider
			}
		}
		return r, nil
	}}
}

// mappingAny replaces values that are no members of the enum of a field, and sets
// those aside that nobody names.
func mappingAny(s *diff.Schema, f *schema.Field) *migrate.Migration {
	p := s.Storage.Predicate(f.Predicate)
	if p == nil || f.Reverse {
		return nil
	}
	return migrate.ConvertInPlace(migrate.Converting{From: p, To: p, Target: targetOf(s, f)}).Demanding()
}

// mending are the ways to mend values that a field does not read: those that the
// server reads, and those that it reads as text only.
func mending(s *diff.Schema, f *schema.Field) []Fix {
	p := s.Storage.Predicate(f.Predicate)
	all := []Fix{migration("convert-in-place", Review, "mend the values of "+storedAs(f))}
	if p == nil || f.Reverse {
		return all
	}
	c := migrate.Converting{From: p, To: p, Target: targetOf(s, f)}
	all[0] = all[0].by(migrate.ConvertInPlace(c))
	c.From = &storage.Predicate{Name: p.Name, Type: "string", List: p.List, Lang: p.Lang}
	if m := migrate.ConvertUnreadable(c); m != nil {
		all = append(all, migration("convert-as-text", Review, fmt.Sprintf("have the server store text under %s for a while, and mend the values that it does not read", storedAs(f))).by(m))
	}
	return all
}

func members(enum *schema.Type) []string {
	var all []string
	for _, v := range enum.Definition.Values {
		all = append(all, v.Name.Text)
	}
	return all
}

// uniqueness leaves each value of a field with one node of each of some types.
// Before is how the old schema stores them; nil when there is none.
func uniqueness(s *diff.Schema, f *schema.Field, types []string, before *storage.Predicate) *migrate.Migration {
	p := s.Storage.Predicate(f.Predicate)
	if p == nil || len(types) == 0 {
		return nil
	}
	u := migrate.Uniqueness{Predicate: p, Before: before, Types: types, Fields: map[string]*storage.Predicate{}, NonNull: required(f)}
	for _, other := range f.Owner.Fields {
		if q := s.Storage.Predicate(other.Predicate); q != nil && !q.List && !other.Reverse && other.Language == "" && q.Type != "uid" && q.Type != "password" && other != f {
			u.Fields[other.Name] = q
		}
	}
	if f.Owner.Kind == sdl.Object && len(types) == 1 {
		u.Merged = merging(s, f.Owner)
	}
	return migrate.MakeUnique(u)
}

// merging is what it takes to make one node of several of a type.
func merging(s *diff.Schema, t *schema.Type) *migrate.Merging {
	m := &migrate.Merging{Types: withInterfaces(t)}
	for _, f := range t.Fields {
		if p := s.Storage.Predicate(f.Predicate); p != nil && !f.Reverse && !slices.Contains(m.Predicates, p) {
			m.Predicates = append(m.Predicates, p)
		}
	}
	if t.Secret != nil {
		if p := s.Storage.Predicate(t.Secret.Predicate); p != nil {
			m.Predicates = append(m.Predicates, p)
		}
	}
	for _, p := range s.Storage.Predicates {
		if p.Type == "uid" && slices.ContainsFunc(p.Fields, func(f *schema.Field) bool { return slices.Contains(targets(s, f.Type().Named()), t.Stored) }) {
			m.Incoming = append(m.Incoming, p)
		}
	}
	return m
}

// scopesOf are the stored types within each of which values of @id differ.
func scopesOf(f *schema.Field) []string {
	switch {
	case f.Owner.Kind == sdl.Interface && interfaceWide(f):
		return []string{f.Owner.Stored}
	case f.Owner.Kind == sdl.Interface:
		var all []string
		for _, t := range f.Owner.Implementors {
			all = append(all, t.Stored)
		}
		return all
	}
	return []string{f.Owner.Stored}
}

// backfilling writes the missing edges of a field and its inverse.
func backfilling(s *diff.Schema, f *schema.Field) *migrate.Migration {
	side := func(f *schema.Field) (migrate.Side, bool) {
		p := s.Storage.Predicate(f.Predicate)
		return migrate.Side{Predicate: p, Types: storedTypes(f.Owner)}, p != nil && !f.Reverse
	}
	a, ok := side(f)
	b, also := side(f.Inverse)
	if !ok || !also {
		return nil
	}
	return migrate.BackfillInverse(a, b)
}

// removing deletes the values that a field of the old schema leaves behind.
func (p *pass) removing(f *schema.Field) *migrate.Migration {
	from := p.Before.Storage.Predicate(f.Predicate)
	if from == nil || f.Reverse || f.Language != "" {
		return nil
	}
	l := migrate.Leftover{Predicate: from}
	if p.After.Storage.Predicate(f.Predicate) != nil {
		l.Types = storedTypes(f.Owner)
		for _, u := range p.reaching[unquoted(f.Predicate)] {
			l.Keep = append(l.Keep, storedTypes(u.owner)...)
		}
	}
	return migrate.RemoveValues(l)
}

// discarding deletes all that is stored under a predicate.
func discarding(name string) *migrate.Migration {
	return migrate.RemoveValues(migrate.Leftover{Predicate: &storage.Predicate{Name: name}})
}

// nodesOf are the nodes of a type of the old schema, with what they hold.
func (p *pass) nodesOf(t *schema.Type) migrate.Nodes {
	n := migrate.Nodes{Type: t.Stored, Used: p.used(), Interfaces: map[string][]string{}}
	for _, i := range t.Interfaces {
		n.Interfaces[i.Stored] = p.implementing(i, t)
	}
	for _, f := range t.Fields {
		if q := p.Before.Storage.Predicate(f.Predicate); q != nil && !f.Reverse && !slices.Contains(n.Predicates, q) {
			n.Predicates = append(n.Predicates, q)
		}
	}
	return n
}

// replacing makes of what is stored under a predicate what the new schema wants
// there, for which it has to be dropped.
func (p *pass) replacing(c diff.PredicateRefused) *migrate.Migration {
	if c.FieldBefore == nil || c.FieldAfter == nil {
		return nil
	}
	from, to := p.Before.Storage.Predicate(c.FieldBefore.Predicate), p.After.Storage.Predicate(c.FieldAfter.Predicate)
	if from == nil || to == nil || c.FieldBefore.Reverse || c.FieldAfter.Reverse || from.Stored() != to.Stored() {
		return nil
	}
	if c.Refusal == diff.ListToSingle {
		return migrate.ListToSingleInPlace(migrate.Single{From: from, To: to})
	}
	return p.moving(migrate.Moving{From: from, To: to}, c.FieldBefore, c.FieldAfter)
}

// typing gives nodes without a type of the schema one.
func typing(s *diff.Schema, t *schema.Type, own []string) *migrate.Migration {
	u := migrate.Untyped{}
	for _, name := range own {
		if p := s.Storage.Predicate(name); p != nil {
			u.Predicates = append(u.Predicates, p)
		}
	}
	types := []*schema.Type{t}
	if t.Kind == sdl.Interface {
		types = t.Implementors
	}
	for _, c := range types {
		one := migrate.Candidate{Types: withInterfaces(c)}
		for _, f := range c.Fields {
			if p := s.Storage.Predicate(f.Predicate); p != nil && !slices.Contains(one.Predicates, p.Stored()) {
				one.Predicates = append(one.Predicates, p.Stored())
			}
		}
		u.Candidates = append(u.Candidates, one)
	}
	if len(u.Predicates) == 0 || len(u.Candidates) == 0 {
		return nil
	}
	return migrate.MendUntyped(u)
}

// unlinking deletes edges that lead to none of the wanted types.
func unlinking(s *diff.Schema, predicate string, of, to []string) *migrate.Migration {
	p := s.Storage.Predicate(predicate)
	if p == nil || len(to) == 0 {
		return nil
	}
	return migrate.RemoveDanglingEdges(migrate.Dangling{Predicate: p, Types: to, Of: of})
}

// rebuilding gives a predicate the form that the served schema derives.
func rebuilding(served *diff.Schema, got *dql.Predicate, want *storage.Predicate) *migrate.Migration {
	if len(want.Fields) == 0 {
		return nil
	}
	return migrate.Rebuild(migrate.Rebuilding{Live: *got, Want: want, Target: targetOf(served, want.Fields[0])})
}
