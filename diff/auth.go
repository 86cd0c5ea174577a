package diff

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// guarded are the arguments of @auth.
var guarded = []string{"query", "add", "update", "delete", "password"}

// compareAuth looks at who may do what with a type. Its rules are its own and
// those of its interfaces, and a request must pass them all. What changed about
// an interface that the type has on both sides is reported there, so that here
// its new rules count on both. Source: authRules.
func (d *Diff) compareAuth(p typePair) {
	before, after := []*sdl.Directive{p.before.Directive("auth")}, []*sdl.Directive{p.after.Directive("auth")}
	for _, i := range p.before.Interfaces {
		if d.leaves(p, i) {
			before = append(before, i.Directive("auth"))
		}
	}
	for _, i := range p.after.Interfaces {
		after = append(after, i.Directive("auth"))
		if !d.arrives(p, i) {
			before = append(before, i.Directive("auth"))
		}
	}
	opening := AuthChanged{Before: p.before, After: p.after, Opens: true}
	closing := AuthChanged{Before: p.before, After: p.after}
	for _, operation := range guarded {
		var g guards
		b, a := g.all(before, operation), g.all(after, operation)
		opens, closes := g.compare(b, a)
		switch {
		case opens:
			opening.Operations = append(opening.Operations, operation)
			if len(a.parts) == 0 {
				opening.Bare = append(opening.Bare, operation)
			}
		case closes:
			closing.Operations = append(closing.Operations, operation)
		}
	}
	for _, c := range []AuthChanged{opening, closing} {
		if len(c.Operations) > 0 {
			d.add(c)
		}
	}
}

// guard is a rule of @auth: parts that are combined, or one text.
type guard struct {
	combine byte // '&', '|', '!', or 't' for a text
	parts   []*guard
	text    int // of the guards
}

// guards are the texts of the rules that are compared.
type guards struct{ texts []string }

// all is the rule that those directives make together for one operation. One
// without parts lets everybody through.
func (g *guards) all(directives []*sdl.Directive, operation string) *guard {
	all := &guard{combine: '&'}
	for _, dir := range directives {
		if v := dir.Arg(operation); v != nil {
			all.parts = append(all.parts, g.read(v))
		}
	}
	return all
}

// read reads a rule. Source: parseAuthNode.
func (g *guards) read(v *sdl.Value) *guard {
	for _, c := range []struct {
		name    string
		combine byte
	}{{"or", '|'}, {"and", '&'}} {
		inner := v.Field(c.name)
		if inner == nil {
			continue
		}
		r := &guard{combine: c.combine}
		for _, part := range inner.List {
			r.parts = append(r.parts, g.read(part))
		}
		return r
	}
	if inner := v.Field("not"); inner != nil {
		return &guard{combine: '!', parts: []*guard{g.read(inner)}}
	}
	text := ""
	if rule := v.Field("rule"); rule != nil {
		text = squeezed(rule.Raw)
	}
	at := slices.Index(g.texts, text)
	if at < 0 {
		at = len(g.texts)
		g.texts = append(g.texts, text)
	}
	return &guard{combine: 't', text: at}
}

// most is the number of different texts up to which rules are compared by
// what they let through. Above it, what is not the same is as different as
// can be.
const most = 12

// compare says whether the second rule can let through what the first does
// not, and the reverse. Each text is taken to be true or false whatever the
// others are.
func (g *guards) compare(b, a *guard) (opens, closes bool) {
	if len(g.texts) > most {
		same := b.String() == a.String()
		return !same, !same
	}
	for truth := range uint64(1) << len(g.texts) {
		switch before, after := b.lets(truth), a.lets(truth); {
		case after && !before:
			opens = true
		case before && !after:
			closes = true
		}
	}
	return opens, closes
}

// lets reports whether the rule lets a request through for which the texts are
// true whose bits are set.
func (r *guard) lets(truth uint64) bool {
	lets := func(part *guard) bool { return part.lets(truth) }
	switch r.combine {
	case '&':
		return !slices.ContainsFunc(r.parts, func(part *guard) bool { return !lets(part) })
	case '|':
		return slices.ContainsFunc(r.parts, lets)
	case '!':
		return !lets(r.parts[0])
	}
	return truth&(1<<r.text) != 0
}

// String is the same for two rules that differ in the order of their parts.
func (r *guard) String() string {
	if r.combine == 't' {
		return string(rune('a' + r.text))
	}
	var parts []string
	for _, part := range r.parts {
		parts = append(parts, part.String())
	}
	slices.Sort(parts)
	return string(r.combine) + "(" + strings.Join(parts, " ") + ")"
}

// squeezed is a rule without what means nothing in it: blanks, commas and
// comments outside of strings, but for a blank between two words.
func squeezed(rule string) string {
	var b strings.Builder
	word := func(c byte) bool {
		return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
	}
	last, gap := byte(0), false
	for i := 0; i < len(rule); i++ {
		c := rule[i]
		switch {
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			gap = true
			continue
		case c == '#':
			for i < len(rule) && rule[i] != '\n' {
				i++
			}
			gap = true
			continue
		}
		if gap && word(last) && word(c) {
			b.WriteByte(' ')
		}
		gap, last = false, c
		b.WriteByte(c)
		if c == '"' {
			for i++; i < len(rule); i++ {
				b.WriteByte(rule[i])
				if rule[i] == '\\' && i+1 < len(rule) {
					i++
					b.WriteByte(rule[i])
				} else if rule[i] == '"' {
					break
				}
			}
		}
	}
	return b.String()
}

// compareAuthorization looks at the line that says which tokens count.
func (d *Diff) compareAuthorization() {
	b, a := authorization(d.Before), authorization(d.After)
	if settings(b) == settings(a) {
		return
	}
	was, is := closedByDefault(b), closedByDefault(a)
	d.add(AuthorizationChanged{Before: b, After: a, Opens: was && !is, Closes: !was && is})
}

func authorization(s *Schema) *sdl.Meta {
	for _, m := range s.Source.Meta {
		if m.Kind == sdl.MetaAuthorization {
			return m
		}
	}
	return nil
}

// settings are what follows the name of a line, "" for none.
func settings(m *sdl.Meta) string {
	if m == nil {
		return ""
	}
	text := strings.TrimSpace(strings.TrimPrefix(m.Span.Text(), "#"))
	return strings.TrimSpace(strings.TrimPrefix(text, string(m.Kind))) + " " // never empty
}

// closedByDefault reports whether requests without a token are refused. The
// old form of the line cannot say so.
func closedByDefault(m *sdl.Meta) bool {
	var s struct{ ClosedByDefault bool }
	return json.Unmarshal([]byte(settings(m)), &s) == nil && s.ClosedByDefault
}
