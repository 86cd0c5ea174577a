package main

import (
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// schemaOf is a schema as reports show it. What cannot be parsed has no types: parsed is nil then.
func schemaOf(files []*sdl.File, parsed *sdl.Schema) report.Schema {
	var s report.Schema
	for _, f := range files {
		s.Files = append(s.Files, report.SourceFile{Name: f.Name, Ref: f.Ref, Lines: shownLines(f.Text)})
	}
	if parsed == nil {
		return s
	}
	at := map[string]int{} // of the types in s.Types
	for _, d := range parsed.Definitions {
		if _, ok := at[d.Name.Text]; !ok && !d.Extend {
			at[d.Name.Text] = len(s.Types)
			s.Types = append(s.Types, report.Type{Name: d.Name.Text, Kind: d.Kind.Keyword(), Location: location("self", d.Name.Span)})
		}
	}
	for _, d := range parsed.Definitions {
		i, ok := at[d.Name.Text]
		if !ok {
			continue // it extends what is not there
		}
		t := &s.Types[i]
		for _, name := range d.Interfaces {
			t.Implements = append(t.Implements, name.Text)
		}
		for _, name := range used(d) {
			if _, ok := at[name]; ok && name != t.Name {
				t.Uses = append(t.Uses, name)
			}
		}
	}
	for i := range s.Types {
		t := &s.Types[i]
		slices.Sort(t.Implements)
		slices.Sort(t.Uses)
		t.Implements, t.Uses = slices.Compact(t.Implements), slices.Compact(t.Uses)
	}
	return s
}

// used are the names of types in a definition, but for its interfaces.
func used(d *sdl.Definition) []string {
	var names []string
	for _, m := range d.Members {
		names = append(names, m.Text)
	}
	for _, f := range d.Fields {
		names = append(names, f.Type.Named())
		for _, a := range f.Arguments {
			names = append(names, a.Type.Named())
		}
	}
	return names
}

// shownLines are all lines of a file, as sdl counts them, with keys left out. A lone CR ends a line for GraphQL, and
// not for Dgraph's settings: what goes on with a key after it is left out as well.
func shownLines(text string) []string {
	lines := make([]string, 0, strings.Count(text, "\n")+1)
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if whole, ok := strings.CutSuffix(line, "\r\n"); ok {
			line = whole
		} else {
			line = strings.TrimSuffix(line, "\n")
		}
		shown := report.Redact(line)
		if !strings.Contains(line, "\r") {
			lines = append(lines, shown)
			continue
		}
		kept := 0 // bytes before the key
		for kept < min(len(line), len(shown)) && line[kept] == shown[kept] {
			kept++
		}
		at := 0
		for part := range strings.SplitSeq(line, "\r") {
			switch end := at + len(part); {
			case shown == line || end <= kept:
				lines = append(lines, part)
			case at >= kept:
				lines = append(lines, "[redacted]")
			default:
				lines = append(lines, part[:kept-at]+"[redacted]")
			}
			at += len(part) + 1
		}
	}
	return lines
}
