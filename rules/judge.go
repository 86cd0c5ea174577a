package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/fixes"
)

// Judge turns the changes into findings, in the order of the new schema: by
// file, position and rule.
func Judge(d *diff.Diff) []*Finding {
	p := newPass(d)
	g := &grouping{p, map[any][]*Finding{}}
	var findings []*Finding
	for _, c := range d.Changes {
		for _, r := range All {
			if r.judge == nil {
				continue
			}
			if f := r.judge(p, c); f != nil {
				f.Rule = r
				f.Severity = cmp.Or(f.Severity, r.Severity)
				f.Impact.complete()
				g.own(f, c)
				findings = append(findings, f)
			}
		}
	}
	findings = append(findings, g.contract(d.API)...)
	Sort(findings)
	return findings
}

// Sort orders findings by file, position, rule, coordinate and subject.
func Sort(findings []*Finding) {
	file := func(s sdl.Span) string {
		if s.File == nil {
			return ""
		}
		return s.File.Name
	}
	slices.SortStableFunc(findings, func(a, b *Finding) int {
		return cmp.Or(
			strings.Compare(file(a.Place.Span), file(b.Place.Span)),
			cmp.Compare(a.Place.Span.Start, b.Place.Span.Start),
			strings.Compare(a.Rule.ID, b.Rule.ID),
			strings.Compare(a.Coordinate, b.Coordinate),
			strings.Compare(a.Subject, b.Subject),
		)
	})
}

// on makes a judge for one kind of change.
func on[C diff.Change](judge func(*pass, C) *Finding) func(*pass, diff.Change) *Finding {
	return func(p *pass, c diff.Change) *Finding {
		if c, ok := c.(C); ok {
			return judge(p, c)
		}
		return nil
	}
}

// pass is what the rules know while they judge one diff.
type pass struct {
	*diff.Diff
	// reaching are, for each predicate of the new schema, the fields that use
	// it, those of interfaces once. A password has the type that it belongs to.
	reaching map[string][]user
	// held are the predicates of the old schema, by their names on a server.
	held map[string]*storage.Predicate
	// refused are the predicates that Dgraph refuses to alter.
	refused map[string]diff.Refusal
	// reused are the new fields that reach a predicate in use.
	reused map[*schema.Field]bool
	// used are the names on a server of all predicates of the new schema, and stored those of its stored types, in order.
	// beside are the places next to old definitions. Few changes need them; where they do, thousands can.
	used   func() map[string]bool
	stored func() ([]string, map[string]bool)
	beside func() map[*sdl.Definition]Place
	// builds is the number of predicates whose indexes the update builds.
	builds int
	// edits makes the edits of the new schema.
	edits *fixes.Directives
}

// user is who uses a predicate.
type user struct {
	coordinate string
	owner      *schema.Type
}

func newPass(d *diff.Diff) *pass {
	p := &pass{
		Diff:     d,
		reaching: make(map[string][]user, len(d.After.Storage.Predicates)),
		held:     make(map[string]*storage.Predicate, len(d.Before.Storage.Predicates)),
		refused:  map[string]diff.Refusal{},
		reused:   map[*schema.Field]bool{},
	}
	p.edits = fixes.NewDirectives(d, fixes.Options{Readable: p.readable})
	p.used, p.stored, p.beside = sync.OnceValue(p.allUsed), sync.OnceValues(p.allStored), sync.OnceValue(p.allBeside)
	for _, c := range d.Changes {
		switch c := c.(type) {
		case diff.PredicateRefused:
			p.refused[c.Before.Stored()] = c.Refusal
		case diff.PredicateReused:
			p.reused[c.Field] = true
		}
	}
	for _, b := range d.Before.Storage.Predicates {
		p.held[b.Stored()] = b
	}
	for _, a := range d.After.Storage.Predicates {
		if p.refused[a.Stored()] == "" && p.rebuilt(a) == StorageRebuild {
			p.builds++
		}
	}
	users := make([]user, 0, len(d.After.Storage.Predicates)) // nearly all predicates have one
	use := func(predicate string, u user) {
		if p.reaching[predicate] != nil {
			p.reaching[predicate] = append(p.reaching[predicate], u)
			return
		}
		users = append(users, u)
		p.reaching[predicate] = users[len(users)-1 : len(users) : len(users)]
	}
	for _, t := range d.After.Types {
		for _, f := range t.Fields {
			if f.Predicate != "" && f.Source == nil {
				use(storedAs(f), user{f.Coordinate(), t})
			}
		}
		if t.Secret != nil && t.Secret.Source == nil {
			use(unquoted(t.Secret.Predicate), user{t.Name, t})
		}
	}
	return p
}

// place places a finding on a field of the new schema.
func place(f *schema.Field) Place {
	d := f.Definition
	if f.Written != nil {
		d = f.Written
	}
	return Place{AnchorSelf, fieldSpan(d)}
}

// fieldSpan is a field without its description.
func fieldSpan(d *sdl.Field) sdl.Span { return d.Name.Span.To(d.Span) }

// previous is the span of an old field.
func previous(f *schema.Field) sdl.Span {
	if f.Written != nil {
		return fieldSpan(f.Written)
	}
	return fieldSpan(f.Definition)
}

// aboutChanged is what findings on a field that both schemas have, under the
// same coordinate or not, have in common.
func aboutChanged(b, a *schema.Field) *Finding {
	f := &Finding{
		Coordinate: b.Coordinate(),
		Place:      place(a),
		Previous:   previous(b),
		Affects:    inherits(a),
		Predicates: predicates(b.Predicate, a.Predicate),
		Reversible: true,
	}
	if to := a.Coordinate(); to != f.Coordinate {
		f.To = to
	}
	return f
}

// onType places a finding on the name of a type of the new schema.
func onType(t *schema.Type) Place { return Place{AnchorSelf, t.Definition.Name.Span} }

// onOwner places a finding about something that is gone on what it was part of.
func onOwner(t *schema.Type) Place { return Place{AnchorOwner, t.Definition.Name.Span} }

// onNeighbour places a finding about a removed definition: on the nearest
// definition before it that survives, else at the start of the new schema.
func (p *pass) onNeighbour(gone *schema.Type) Place { return p.beside()[gone.Definition] }

// allBeside are the places for all old definitions.
func (p *pass) allBeside() map[*sdl.Definition]Place {
	all := make(map[*sdl.Definition]Place, len(p.Before.Source.Definitions))
	at := p.onFile()
	for _, d := range p.Before.Source.Definitions {
		all[d] = at
		t := p.Before.Type(d.Name.Text)
		if t == nil {
			continue
		}
		if survivor := p.Survivor(t); survivor != nil {
			at = Place{AnchorNeighbour, survivor.Definition.Name.Span}
		}
	}
	return all
}

func (p *pass) allUsed() map[string]bool {
	all := make(map[string]bool, len(p.After.Storage.Predicates))
	for _, q := range p.After.Storage.Predicates {
		all[q.Stored()] = true
	}
	return all
}

func (p *pass) allStored() ([]string, map[string]bool) {
	var all []string
	is := map[string]bool{}
	for _, t := range p.After.Storage.Types {
		all = append(all, unquoted(t.Name))
		is[unquoted(t.Name)] = true
	}
	return all, is
}

// storedBut are the stored types of the new schema but for one. They are nobody's to change.
func (p *pass) storedBut(name string) []string {
	all, is := p.stored()
	if !is[name] {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(other string) bool { return other == name })
}

// onFile is the start of the new schema.
func (p *pass) onFile() Place { return start(p.After) }

// start is the start of a schema.
func start(s *diff.Schema) Place {
	if len(s.Source.Files) == 0 {
		return Place{Anchor: AnchorFile}
	}
	return Place{AnchorFile, sdl.Span{File: s.Source.Files[0]}}
}

// inherits are the coordinates of the fields that a field of an interface is
// handed down as.
func inherits(f *schema.Field) []string {
	var all []string
	for _, t := range f.Owner.Implementors {
		if other := t.Field(f.Name); other != nil && other.Source == f.Owner {
			all = append(all, other.Coordinate())
		}
	}
	return all
}

// names are the names of types.
func names(types []*schema.Type) []string {
	var all []string
	for _, t := range types {
		all = append(all, t.Name)
	}
	return all
}

// predicates lists names once each, as a server has them, leaving out empty
// ones.
func predicates(names ...string) []string {
	var all []string
	for _, n := range names {
		if n = unquoted(n); n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// unquoted is a predicate's name without the "<" and ">" that only quote it.
func unquoted(predicate string) string {
	if name, ok := strings.CutPrefix(predicate, "<"); ok {
		return strings.TrimSuffix(name, ">")
	}
	return predicate
}

// kindWord is "type", "interface", "enum", "union" or "input", with "remote "
// before it where @remote keeps the type out of storage.
func kindWord(t *schema.Type) string {
	if t.Remote {
		return "remote " + t.Definition.Kind.Keyword()
	}
	return t.Definition.Kind.Keyword()
}

// list joins words for a sentence: "a, b and c". Past six it counts the rest.
func list(words []string) string {
	const most = 6
	if len(words) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// written is a field's type as a person would name it, with @embedding.
func written(f *schema.Field) string {
	s := f.Type().String()
	if f.Has("embedding") {
		s += " @embedding"
	}
	return s
}

// inUse reports whether a field of the old schema used a field's predicate, in
// the same language.
func (p *pass) inUse(f *schema.Field) bool {
	held := p.held[unquoted(f.Predicate)]
	return held != nil && (len(held.Secrets) > 0 ||
		slices.ContainsFunc(held.Fields, func(b *schema.Field) bool { return b.Language == f.Language }))
}

// storage is what Dgraph does to the values of a field's predicate that are
// there already, whichever field of the old schema stored them. Source:
// needsTokIndexRebuild, needsReverseEdgesRebuild, rebuildListType.
func (p *pass) storage(f *schema.Field) Storage {
	if a := p.After.Storage.Predicate(f.Predicate); a != nil {
		return p.rebuilt(a)
	}
	return StorageNone
}

func (p *pass) rebuilt(a *storage.Predicate) Storage {
	b := p.held[a.Stored()]
	if b == nil {
		return StorageNone // nothing is stored there yet
	}
	lacks := func(index string) bool { return !slices.Contains(b.Tokenizers, index) }
	switch {
	case !b.List && a.List && a.Type != "uid":
		return StorageRewrite
	case a.Reverse && !b.Reverse, slices.ContainsFunc(a.Tokenizers, lacks), len(a.Tokenizers) > 0 && b.Type != a.Type:
		return StorageRebuild
	}
	return StorageNone
}
