package sdl

import (
	"slices"
	"sort"
	"strings"
	"unicode"
)

// The words after "schemacheck:" in a comment.
const (
	// Ignore, with a rule and a reason, suppresses findings.
	Ignore = "ignore"
	// RenamedFrom, with the old name, declares a rename.
	RenamedFrom = "renamed-from"
)

// Instruction splits `# schemacheck:word rest`, which is for this program. A
// word that is neither Ignore nor RenamedFrom was meant for it all the same.
func (c Comment) Instruction() (word, rest string, ok bool) {
	const name = "schemacheck:"
	text := strings.TrimSpace(strings.TrimLeft(c.Text, "#"))
	if len(text) < len(name) || !strings.EqualFold(text[:len(name)], name) {
		return "", "", false
	}
	text = text[len(name):]
	word, rest = strings.TrimSpace(text), ""
	if at := strings.IndexFunc(word, unicode.IsSpace); at >= 0 {
		word, rest = word[:at], strings.TrimSpace(word[at:])
	}
	// With a blank before the word it may be prose, unless it is the word.
	prose := strings.TrimLeft(text, " \t") != text && word != Ignore && word != RenamedFrom
	return word, rest, !prose && word != ""
}

// Element is what a comment can stand on: a definition, a field, enum value or
// union member in one, or a line that Dgraph reads as a setting.
type Element struct {
	// Definition is the definition that the element is or is in; nil for a
	// setting.
	Definition *Definition
	// Member is the name of what is in a definition, else zero.
	Member Name
	// Head is the element without those in it.
	Head Span
}

// Coordinate is the element's GraphQL schema coordinate, of a union's member
// that of the union; empty for a setting.
func (e *Element) Coordinate() string {
	switch {
	case e.Definition == nil:
		return ""
	case e.Member.Text == "", e.Definition.Kind == Union:
		return e.Definition.Name.Text
	}
	return e.Definition.Name.Text + "." + e.Member.Text
}

// Elements are those of a schema.
type Elements struct {
	// of are those of each file in order, without settings. Their heads do not
	// overlap.
	of map[*File][]*Element
	// settings are known by where they begin: spans without a length.
	settings map[Span]*Element
}

// Elements finds all elements of the schema.
func (s *Schema) Elements() Elements {
	all := Elements{map[*File][]*Element{}, map[Span]*Element{}}
	for _, m := range s.Meta {
		all.settings[beginningOf(m.Span)] = &Element{Head: m.Span}
	}
	for _, d := range s.Definitions {
		end := d.Name.Span
		if n := len(d.Interfaces); n > 0 {
			end = d.Interfaces[n-1].Span
		}
		if n := len(d.Directives); n > 0 {
			end = d.Directives[n-1].Span
		}
		file := d.Span.File
		add := func(member Name, head Span) {
			all.of[file] = append(all.of[file], &Element{d, member, head})
		}
		add(Name{}, d.Span.To(end))
		for _, f := range d.Fields {
			add(f.Name, f.Span)
		}
		for _, v := range d.Values {
			add(v.Name, v.Span)
		}
		for _, m := range d.Members {
			add(m, m.Span)
		}
	}
	return all
}

// At is the element with the beginning of a span in its head, or nil.
func (all Elements) At(s Span) *Element {
	in := all.of[s.File]
	n := sort.Search(len(in), func(i int) bool { return in[i].Head.Start > s.Start })
	if n == 0 || s.Start >= in[n-1].Head.End {
		return nil
	}
	return in[n-1]
}

// Setting is the setting at the beginning of a span, or nil.
func (all Elements) Setting(s Span) *Element { return all.settings[beginningOf(s)] }

// beginningOf is an empty span, for a map.
func beginningOf(s Span) Span { return Span{File: s.File, Start: s.Start} }

// First reports whether a comment stands before all elements of its file.
func (all Elements) First(c Comment) bool {
	in := all.of[c.Span.File]
	return len(in) == 0 || c.Span.Start < in[0].Head.Start
}

// Under are the elements that each of the schema's comments stands on. At the
// end of a line, these are all elements with a part of their heads in that line.
// On a line of its own, it is the element on the next line that is no comment,
// if that follows directly: where the element begins, goes on after its
// description, or goes on with a directive. Above a setting, it is that too.
func (all Elements) Under(comments []Comment) [][]*Element {
	const blanks = " \t,\ufeff"
	on := make([][]*Element, len(comments))
	for n := len(comments) - 1; n >= 0; n-- {
		c := comments[n].Span
		text, in := c.File.Text, all.of[c.File]
		line := 1 + strings.LastIndexAny(text[:c.Start], "\r\n")
		if strings.Trim(text[line:c.Start], blanks) != "" {
			from := sort.Search(len(in), func(i int) bool { return int(in[i].Head.End) > line })
			to := from
			for to < len(in) && in[to].Head.Start < c.Start {
				to++
			}
			on[n] = in[from:to]
			continue
		}
		rest := strings.TrimPrefix(text[c.End:], "\r")
		rest = strings.TrimLeft(strings.TrimPrefix(rest, "\n"), blanks)
		if strings.HasPrefix(rest, "#") { // it stands where the next one does, or on it
			on[n] = on[n+1]
			if setting := all.Setting(comments[n+1].Span); setting != nil {
				on[n] = append(slices.Clip(on[n]), setting)
			}
			continue
		}
		rest = strings.TrimLeft(rest, blanks+"=|") // signs before a member of a union
		at := Span{File: c.File, Start: int32(len(text) - len(rest))}
		if e := all.At(at); e != nil {
			on[n] = []*Element{e}
		}
	}
	return on
}
