package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// ignores are the ignore comments of a schema, and what each is on.
type ignores struct {
	all      []*ignore // in order of appearance
	elements sdl.Elements
	covers   map[target]*cover
	// asked are those in each document with operations.
	asked map[*operations.Document][]*ignore
}

// ignore is one comment: `# schemacheck:ignore RULE reason`.
type ignore struct {
	rule   *Rule
	reason string
	span   sdl.Span
	on     []*sdl.Element
	// old says that the old schema has the comment too, wherever it stands on
	// something: it takes nothing out.
	old bool
	// asks is the comment of one in an operation, else nil, and found says that a finding was there.
	asks  *operations.Comment
	found bool
}

// target is what a comment takes out: the findings of one rule on one element.
type target struct {
	element *sdl.Element
	rule    *Rule
}

// cover is what the comments on one target say. Several can: what is removed
// from one owner has only the owner to stand on.
type cover struct {
	decisions []Decision
	used      bool
}

// top is what a comment before all definitions stands on, along with the
// first of them: the place of a finding that has only a file.
var top = &sdl.Element{}

// readIgnores finds the ignore comments, and gives a finding for each that says
// nothing.
func (s Suppressions) readIgnores() (*ignores, []*Finding) {
	all := &ignores{covers: map[target]*cover{}}
	malformed := s.readAsked(all)
	if s.Schema == nil || !slices.ContainsFunc(s.Schema.Comments, func(c sdl.Comment) bool { _, _, ok := toUs(c); return ok }) {
		return all, malformed
	}
	all.elements = s.Schema.Elements()
	standing := all.elements.Under(s.Schema.Comments)
	earlier := s.earlier()
	for n, c := range s.Schema.Comments {
		word, rest, ok := toUs(c)
		if !ok {
			continue
		}
		i := &ignore{span: c.Span, on: standing[n]}
		if c.Span.File == s.Schema.Files[0] && all.elements.First(c) {
			i.on = append(slices.Clip(i.on), top)
		}
		subject, message := s.read(i, word, rest)
		if message != "" {
			malformed = append(malformed, aboutSuppression(suppressionInvalid, i.coordinate(), subject, c.Span, message,
				"The comment has no effect."))
			continue
		}
		all.all = append(all.all, i)
		i.old = len(i.on) > 0
		for _, e := range i.on {
			if earlier[note{e.Coordinate(), word, rest}] {
				continue
			}
			i.old = false
			t := target{e, i.rule}
			if all.covers[t] == nil {
				all.covers[t] = &cover{}
			}
			all.covers[t].decisions = append(all.covers[t].decisions, Decision{Reason: i.reason, Span: i.span})
		}
	}
	return all, malformed
}

// note is a comment on an element, by its words.
type note struct{ coordinate, word, rest string }

// earlier are the comments of the old schema.
func (s Suppressions) earlier() map[note]bool {
	all := map[note]bool{}
	if s.Before == nil {
		return all
	}
	elements := s.Before.Elements()
	for n, on := range elements.Under(s.Before.Comments) {
		c := s.Before.Comments[n]
		word, rest, ok := toUs(c)
		if !ok {
			continue
		}
		if c.Span.File == s.Before.Files[0] && elements.First(c) {
			on = append(slices.Clip(on), top)
		}
		for _, e := range on {
			all[note{e.Coordinate(), word, rest}] = true
		}
	}
	return all
}

// toUs splits a comment that is an instruction. A hint for renames is not for
// here.
func toUs(c sdl.Comment) (word, rest string, ok bool) {
	word, rest, ok = c.Instruction()
	return word, rest, ok && word != sdl.RenamedFrom
}

// read fills in the rule and the reason, or says what is wrong with the comment
// and what that is about.
func (s Suppressions) read(i *ignore, word, rest string) (subject, message string) {
	if word != sdl.Ignore {
		return clip(word), fmt.Sprintf("there is no comment schemacheck:%s%s", clip(word),
			s.suggestion(word, []string{sdl.Ignore, sdl.RenamedFrom}))
	}
	id, reason := cut(rest)
	i.rule, i.reason = Find(id), reason
	switch {
	case id == "":
		return sdl.Ignore, "schemacheck:ignore names no rule: write schemacheck:ignore RULE reason"
	case i.rule == nil:
		return clip(id), fmt.Sprintf("there is no rule %q%s", clip(id), s.suggestion(id, IDs()))
	case !i.rule.Suppressible():
		return id, id + " cannot be ignored"
	case !strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }):
		return id, fmt.Sprintf("schemacheck:ignore %s gives no reason: write it after the rule", id)
	}
	return "", ""
}

func (s Suppressions) suggestion(name string, known []string) string {
	if s.Nearest != nil {
		if nearest := s.Nearest(name, known); nearest != "" {
			return "; did you mean " + nearest + "?"
		}
	}
	return ""
}

// cut splits off the first word.
func cut(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	if at := strings.IndexFunc(text, unicode.IsSpace); at >= 0 {
		return text[:at], strings.TrimSpace(text[at:])
	}
	return text, ""
}

// on is what the comments on a finding say, nil when there are none.
func (all *ignores) on(f *Finding) *cover {
	switch {
	case len(all.all) == 0:
		return nil
	case f.in != nil:
		return all.onOperation(f)
	}
	e := all.elements.At(f.Place.Span)
	if f.Place.Anchor == AnchorFile {
		if c := all.covers[target{all.elements.Setting(f.Place.Span), f.Rule}]; c != nil {
			return c
		}
		e = top
	}
	return all.covers[target{e, f.Rule}]
}

// used reports whether a comment, perhaps along with others, is on a finding.
func (all *ignores) used(i *ignore) bool {
	if i.asks != nil {
		return i.found
	}
	return slices.ContainsFunc(i.on, func(e *sdl.Element) bool {
		c := all.covers[target{e, i.rule}]
		return c != nil && c.used
	})
}

// coordinate is that of the first element that the comment is on, or empty.
func (i *ignore) coordinate() string {
	if len(i.on) == 0 {
		return ""
	}
	return i.on[0].Coordinate()
}

// ignored is the finding that the comment is for, as far as it tells.
func (i *ignore) ignored() *Finding {
	return &Finding{Rule: i.rule, Severity: i.rule.Severity, Coordinate: i.coordinate(), Place: Place{AnchorSelf, i.span}}
}

func (i *ignore) unused() *Finding {
	if i.asks != nil {
		return i.unusedInOperation()
	}
	message := fmt.Sprintf("schemacheck:ignore %s is on nothing: no type, field or value begins directly below it or shares its line", i.rule.ID)
	switch {
	case i.old:
		message = fmt.Sprintf("schemacheck:ignore %s is in the old schema too: it was about an earlier change, and ignores nothing now", i.rule.ID)
	case i.coordinate() != "":
		message = fmt.Sprintf("schemacheck:ignore %s ignores nothing: there is no such finding on %s", i.rule.ID, i.coordinate())
	case len(i.on) > 0:
		message = fmt.Sprintf("schemacheck:ignore %s ignores nothing: there is no such finding on the whole schema", i.rule.ID)
	}
	consequence := "Remove the comment: left behind, it can hide a later finding."
	if i.old {
		consequence = "Remove the comment."
	}
	return aboutSuppression(suppressionUnused, i.coordinate(), i.rule.ID, i.span, message, consequence)
}
