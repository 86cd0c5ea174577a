package rules

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// The words after "schemacheck:" in a comment. The second is read elsewhere.
const (
	ignoreWord      = "ignore"
	renamedFromWord = "renamed-from"
)

// ignores are the ignore comments of a schema, and what each is on.
type ignores struct {
	all      []*ignore // in order of appearance
	elements elements
	covering map[target][]*ignore
}

// ignore is one comment: `# schemacheck:ignore RULE reason`.
type ignore struct {
	rule   *Rule
	reason string
	span   sdl.Span
	on     []*element
	used   bool
}

// target is what a comment takes out: the findings of one rule on one element.
type target struct {
	element *element
	rule    *Rule
}

// element is what a comment can stand on: a definition, or a field, enum value
// or union member in one.
type element struct {
	coordinate string
	owner      *element // nil for a definition
	whole      sdl.Span
	// head is the whole without what has elements of its own.
	head sdl.Span
}

// start is what a comment before all definitions stands on, along with the
// first of them: the place of a finding that has only a file.
var start = &element{}

// elements are those of each file in order. Their heads do not overlap.
type elements map[*sdl.File][]*element

// readIgnores finds the ignore comments, and gives a finding for each that says
// nothing.
func (s Suppressions) readIgnores() (*ignores, []*Finding) {
	all := &ignores{covering: map[target][]*ignore{}}
	if s.Schema == nil {
		return all, nil
	}
	var malformed []*Finding
	for _, c := range s.Schema.Comments {
		word, rest, ok := toUs(c)
		if !ok {
			continue
		}
		if all.elements == nil { // most schemas have no such comment
			all.elements = elementsOf(s.Schema)
		}
		i := &ignore{span: c.Span, on: all.elements.under(c)}
		if len(s.Schema.Files) > 0 && c.Span.File == s.Schema.Files[0] && all.elements.first(c) {
			i.on = append(i.on, start)
		}
		subject, message := s.read(i, word, rest)
		if message != "" {
			malformed = append(malformed, aboutSuppression(suppressionInvalid, i.coordinate(), subject, c.Span, message,
				"The comment has no effect."))
			continue
		}
		all.all = append(all.all, i)
		for _, e := range i.on {
			all.covering[target{e, i.rule}] = append(all.covering[target{e, i.rule}], i)
		}
	}
	return all, malformed
}

// toUs splits `# schemacheck:word rest`. A hint for renames is not for here.
func toUs(c sdl.Comment) (word, rest string, ok bool) {
	const name = "schemacheck:"
	text := strings.TrimSpace(strings.TrimLeft(c.Text, "#"))
	if len(text) < len(name) || !strings.EqualFold(text[:len(name)], name) {
		return "", "", false
	}
	text = text[len(name):]
	word, rest = cut(text)
	// With a blank before the word it may be prose, unless it is the word.
	prose := strings.TrimLeft(text, " \t") != text && word != ignoreWord
	return word, rest, !prose && word != "" && word != renamedFromWord
}

// read fills in the rule and the reason, or says what is wrong with the comment
// and what that is about.
func (s Suppressions) read(i *ignore, word, rest string) (subject, message string) {
	if word != ignoreWord {
		return clip(word), fmt.Sprintf("there is no comment schemacheck:%s%s", clip(word),
			s.suggestion(word, []string{ignoreWord, renamedFromWord}))
	}
	id, reason := cut(rest)
	i.rule, i.reason = Find(id), reason
	switch {
	case id == "":
		return ignoreWord, "schemacheck:ignore names no rule: write schemacheck:ignore RULE reason"
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

// on are the comments that a finding is ignored by.
func (all *ignores) on(f *Finding) []*ignore {
	if len(all.all) == 0 {
		return nil
	}
	e := all.elements.at(f.Place.Span)
	if f.Place.Anchor == AnchorFile {
		e = start
	}
	return all.covering[target{e, f.Rule}]
}

// coordinate is that of the first element that the comment is on, or empty.
func (i *ignore) coordinate() string {
	if len(i.on) == 0 {
		return ""
	}
	return i.on[0].coordinate
}

func (i *ignore) unused() *Finding {
	message := fmt.Sprintf("schemacheck:ignore %s is on nothing: no type, field or value begins directly below it or shares its line", i.rule.ID)
	switch {
	case i.coordinate() != "":
		message = fmt.Sprintf("schemacheck:ignore %s ignores nothing: there is no such finding on %s", i.rule.ID, i.coordinate())
	case len(i.on) > 0:
		message = fmt.Sprintf("schemacheck:ignore %s ignores nothing: there is no such finding on the whole schema", i.rule.ID)
	}
	return aboutSuppression(suppressionUnused, i.coordinate(), i.rule.ID, i.span, message,
		"Remove the comment: left behind, it can hide a later finding.")
}

func elementsOf(s *sdl.Schema) elements {
	all := elements{}
	for _, d := range s.Definitions {
		end := d.Name.Span
		if n := len(d.Interfaces); n > 0 {
			end = d.Interfaces[n-1].Span
		}
		if n := len(d.Directives); n > 0 {
			end = d.Directives[n-1].Span
		}
		file := d.Span.File
		owner := &element{coordinate: d.Name.Text, whole: d.Span, head: d.Span.To(end)}
		all[file] = append(all[file], owner)
		member := func(coordinate string, span sdl.Span) {
			all[file] = append(all[file], &element{coordinate, owner, span, span})
		}
		for _, f := range d.Fields {
			member(d.Name.Text+"."+f.Name.Text, f.Span)
		}
		for _, v := range d.Values {
			member(d.Name.Text+"."+v.Name.Text, v.Span)
		}
		for _, m := range d.Members { // members of a union have no coordinate
			member(d.Name.Text, m.Span)
		}
	}
	return all
}

// at is the innermost element around the beginning of a span, or nil.
func (all elements) at(s sdl.Span) *element {
	in := all[s.File]
	n := sort.Search(len(in), func(i int) bool { return in[i].whole.Start > s.Start })
	if n == 0 {
		return nil
	}
	e := in[n-1]
	for e != nil && s.Start >= e.whole.End {
		e = e.owner
	}
	return e
}

// first reports whether a comment stands before all elements of its file.
func (all elements) first(c sdl.Comment) bool {
	in := all[c.Span.File]
	return len(in) == 0 || c.Span.Start < in[0].whole.Start
}

// under are the elements that a comment stands on. At the end of a line, these
// are all elements with a part of their heads in that line. On a line of its
// own, it is the element on the next line that is no comment, if that follows
// directly: where the element begins, goes on after its description, or goes on
// with a directive.
func (all elements) under(c sdl.Comment) []*element {
	const blanks = " \t,\ufeff"
	text, in := c.Span.File.Text, all[c.Span.File]
	line := 1 + strings.LastIndexAny(text[:c.Span.Start], "\r\n")
	if strings.Trim(text[line:c.Span.Start], blanks) != "" {
		from := sort.Search(len(in), func(i int) bool { return int(in[i].head.End) > line })
		to := from
		for to < len(in) && in[to].head.Start < c.Span.Start {
			to++
		}
		return slices.Clone(in[from:to])
	}
	rest := text[c.Span.End:]
	for strings.HasPrefix(rest, "\r") || strings.HasPrefix(rest, "\n") {
		rest = strings.TrimPrefix(rest, "\r")
		rest = strings.TrimLeft(strings.TrimPrefix(rest, "\n"), blanks)
		if !strings.HasPrefix(rest, "#") {
			break
		}
		rest = rest[max(0, strings.IndexAny(rest+"\n", "\r\n")):]
	}
	rest = strings.TrimLeft(rest, blanks+"=|") // signs before a member of a union
	at := sdl.Span{File: c.Span.File, Start: int32(len(text) - len(rest))}
	if e := all.at(at); e != nil && at.Start < e.head.End {
		return []*element{e}
	}
	return nil
}
