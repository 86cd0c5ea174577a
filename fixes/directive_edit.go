package fixes

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// insertAt is an edit that only adds.
func insertAt(f *sdl.File, at int32, text string) sdl.Edit {
	return sdl.Edit{Span: sdl.Span{File: f, Start: at, End: at}, New: text}
}

// host is what a directive stands on: a field, a value of an enum or a type.
type host struct {
	directives []*sdl.Directive
	file       *sdl.File
	end        int32 // where another directive goes
}

func onField(d *sdl.Field) host { return host{d.Directives, d.Span.File, d.Span.End} }

func onDefinition(d *sdl.Definition) host {
	at := d.Name.Span
	if n := len(d.Interfaces); n > 0 {
		at = d.Interfaces[n-1].Span
	}
	if n := len(d.Directives); n > 0 {
		at = d.Directives[n-1].Span
	}
	return host{d.Directives, d.Name.Span.File, at.End}
}

// add puts another directive behind those that are there.
func (h host) add(directive string) sdl.Edit { return insertAt(h.file, h.end, " "+directive) }

// setArgument gives a directive's argument a value, in GraphQL, whether or not
// the argument or the directive is there.
func (h host) setArgument(directive, argument, value string) sdl.Edit {
	d := sdl.Lookup(h.directives, directive)
	if d == nil {
		return h.add(fmt.Sprintf("@%s(%s: %s)", directive, argument, value))
	}
	if v := d.Arg(argument); v != nil {
		return sdl.Edit{Span: v.Span, New: value}
	}
	return addArgument(d, argument, value)
}

func addArgument(d *sdl.Directive, argument, value string) sdl.Edit {
	switch n := len(d.Arguments); {
	case n > 0:
		at := d.Arguments[n-1].Span
		return insertAt(at.File, at.End, fmt.Sprintf(", %s: %s", argument, value))
	case !d.Parens.IsZero():
		return insertAt(d.Parens.File, d.Parens.Start+1, fmt.Sprintf("%s: %s", argument, value))
	}
	return insertAt(d.Span.File, d.Span.End, fmt.Sprintf("(%s: %s)", argument, value))
}

// setDirective makes a directive say what a text says, whether or not it is
// there.
func (h host) setDirective(name, text string) sdl.Edit {
	if d := sdl.Lookup(h.directives, name); d != nil {
		return sdl.Edit{Span: d.Span, New: text}
	}
	return h.add(text)
}

// dropArgument takes an argument out of a directive, and the directive with it
// when it was the only one. It is false when there is none.
func (h host) dropArgument(directive, argument string) (sdl.Edit, bool) {
	d := sdl.Lookup(h.directives, directive)
	if d.Arg(argument) == nil {
		return sdl.Edit{}, false
	}
	if len(d.Arguments) == 1 {
		return sdl.Edit{Span: withBlanks(d.Span)}, true
	}
	for i, a := range d.Arguments {
		if a.Name.Text != argument {
			continue
		}
		// With the comma on one side, unless a comment stands there: commas
		// mean nothing, so that the other one may stay.
		span := a.Span
		if i+1 < len(d.Arguments) {
			span.End = d.Arguments[i+1].Span.Start
		} else {
			span.Start = d.Arguments[i-1].Span.End
		}
		if strings.Contains(span.Text(), "#") && !strings.Contains(a.Span.Text(), "#") {
			span = a.Span
		}
		return sdl.Edit{Span: span}, true
	}
	return sdl.Edit{}, false
}

// withBlanks is a span with the blanks before it, or with its whole line when
// nothing else is there.
func withBlanks(s sdl.Span) sdl.Span {
	text := s.File.Text
	start := len(strings.TrimRight(text[:s.Start], " \t,"))
	if start > 0 && text[start-1] != '\n' {
		s.Start = int32(start)
		return s
	}
	rest := strings.TrimLeft(text[s.End:], " \t,\r")
	if strings.HasPrefix(rest, "\n") {
		s.Start, s.End = int32(start), int32(len(text)-len(rest)+1)
	}
	return s
}

// quote is a text as a GraphQL string. Sources: the grammar of the
// specification, which Dgraph's parser follows.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// lineEnding is what ends the lines of a file.
func lineEnding(f *sdl.File) string {
	if n := strings.IndexByte(f.Text, '\n'); n > 0 && f.Text[n-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// member inserts another member, such as a field, behind one that is there: on
// a line of its own where that one has its line for itself.
func member(neighbour sdl.Span, text string) sdl.Edit {
	f := neighbour.File
	source := f.Text
	begin := lineStart(source, int(neighbour.Start))
	indent := source[begin:neighbour.Start]
	rest, _, _ := strings.Cut(source[neighbour.End:], "\n")
	rest = strings.TrimRight(rest, "\r")
	trimmed := strings.TrimLeft(rest, " \t,")
	alone := strings.Trim(indent, " \t") == "" && (trimmed == "" || trimmed[0] == '#')
	if !alone {
		return insertAt(f, neighbour.End, " "+withEnding(text, lineEnding(f)))
	}
	at := neighbour.End + int32(len(rest))
	if trimmed == "" {
		at = neighbour.End + int32(len(rest)-len(strings.TrimLeft(rest, ",")))
	}
	return insertAt(f, at, lineEnding(f)+indent+withEnding(text, lineEnding(f)))
}

// withEnding is a text with other ends of lines.
func withEnding(text, ending string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.ReplaceAll(text, "\n", ending)
}

// definition inserts another definition behind one that is there.
func definition(neighbour *sdl.Definition, text string) sdl.Edit {
	s := neighbour.Span
	ending := lineEnding(s.File)
	rest, _, _ := strings.Cut(s.File.Text[s.End:], "\n")
	rest = strings.TrimRight(rest, "\r")
	if trimmed := strings.TrimLeft(rest, " \t,"); trimmed == "" || trimmed[0] == '#' {
		return insertAt(s.File, s.End+int32(len(rest)), ending+ending+withEnding(text, ending))
	}
	return insertAt(s.File, s.End, " "+withEnding(text, ending)+" ")
}

// rewrite is a part of a file with other names in it. The replacements are in
// order and within the part.
func rewrite(part sdl.Span, replacements []sdl.Edit) string {
	var b strings.Builder
	at := part.Start
	for _, r := range replacements {
		b.WriteString(part.File.Text[at:r.Span.Start])
		b.WriteString(r.New)
		at = r.Span.End
	}
	b.WriteString(part.File.Text[at:part.End])
	return b.String()
}
