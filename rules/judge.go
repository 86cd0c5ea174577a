package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Judge turns the changes into findings, in the order of the new schema: by
// file, position and rule.
func Judge(d *diff.Diff) []*Finding {
	p := newPass(d)
	var findings []*Finding
	for _, c := range d.Changes {
		for _, r := range All {
			if r.judge == nil {
				continue
			}
			if f := r.judge(p, c); f != nil {
				f.Rule = r
				f.Severity = cmp.Or(f.Severity, r.Severity)
				f.Impact.API = cmp.Or(f.Impact.API, APINone)
				f.Impact.Storage = cmp.Or(f.Impact.Storage, StorageNone)
				f.Impact.Data = cmp.Or(f.Impact.Data, DataNone)
				findings = append(findings, f)
			}
		}
	}
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
	// reaching are, for each predicate of the new schema, the coordinates that
	// use it.
	reaching map[string][]string
}

func newPass(d *diff.Diff) *pass {
	p := &pass{Diff: d, reaching: map[string][]string{}}
	for _, t := range d.After.Types {
		for _, f := range t.Fields {
			if f.Predicate != "" && f.Source == nil {
				p.reaching[f.Predicate] = append(p.reaching[f.Predicate], f.Coordinate())
			}
		}
		if t.Secret != nil && t.Secret.Source == nil {
			p.reaching[t.Secret.Predicate] = append(p.reaching[t.Secret.Predicate], t.Name)
		}
	}
	return p
}

// field places a finding on a field of the new schema.
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

// onType places a finding on the name of a type of the new schema.
func onType(t *schema.Type) Place { return Place{AnchorSelf, t.Definition.Name.Span} }

// onOwner places a finding about something that is gone on what it was part of.
func onOwner(t *schema.Type) Place { return Place{AnchorOwner, t.Definition.Name.Span} }

// onNeighbour places a finding about a removed definition: on the nearest
// definition before it that survives, else at the start of the new schema.
func (p *pass) onNeighbour(gone *schema.Type) Place {
	definitions := p.Before.Source.Definitions
	at := slices.Index(definitions, gone.Definition)
	for i := at - 1; i >= 0; i-- {
		t := p.Before.Type(definitions[i].Name.Text)
		if t == nil {
			continue
		}
		if survivor := p.Survivor(t); survivor != nil {
			return Place{AnchorNeighbour, survivor.Definition.Name.Span}
		}
	}
	return p.onFile()
}

// onFile is the start of the new schema.
func (p *pass) onFile() Place {
	if len(p.After.Source.Files) == 0 {
		return Place{Anchor: AnchorFile}
	}
	return Place{AnchorFile, sdl.Span{File: p.After.Source.Files[0]}}
}

// implementors are the names of the types that a field of an interface is
// handed down to: coordinates of the inherited fields.
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

// predicates lists names once each, leaving out empty ones.
func predicates(names ...string) []string {
	var all []string
	for _, n := range names {
		if n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// kindWord is "type", "interface", "enum", "union" or "input".
func kindWord(t *schema.Type) string { return t.Definition.Kind.Keyword() }

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

// rebuild is StorageRebuild when the predicate gets an index that it lacks, or
// keeps one while its type changes; a change of the index's name alone is one
// too. Source: needsTokIndexRebuild.
func (p *pass) storage(before, after string) Storage {
	a := p.After.Storage.Predicate(after)
	if a == nil {
		return StorageNone
	}
	b := p.Before.Storage.Predicate(before)
	if b == nil || before != after {
		return StorageNone // nothing is stored there yet
	}
	switch {
	case !b.List && a.List && a.Type != "uid":
		return StorageRewrite
	case len(a.Tokenizers) > 0 && (b.Type != a.Type || !slices.Equal(b.Tokenizers, a.Tokenizers)), a.Reverse && !b.Reverse:
		return StorageRebuild
	}
	return StorageNone
}
