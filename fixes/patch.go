// Package fixes edits schema files; package migrate in it changes stored data.
//
// A constructor gives the empty patch where the edit cannot be made safely:
// whoever offers a fix must not promise more.
package fixes

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Patch is a set of edits of the files of one schema. The zero Patch changes
// nothing. Its edits do not overlap.
type Patch struct{ Edits []sdl.Edit }

// Empty reports whether the patch changes nothing.
func (p Patch) Empty() bool { return len(p.Edits) == 0 }

// ErrConflict says that two patches change the same place in different ways.
var ErrConflict = errors.New("two fixes change the same place")

// Join is one patch that does what all of them do. An edit that several have is
// made once. The error wraps ErrConflict and names the place.
func Join(patches ...Patch) (Patch, error) {
	type place struct {
		file       *sdl.File
		start, end int32
	}
	made := map[place][]string{}
	var all []sdl.Edit
	for _, p := range patches {
		for _, e := range p.Edits {
			at := place{e.Span.File, e.Span.Start, e.Span.End}
			if slices.Contains(made[at], e.New) {
				continue
			}
			for _, other := range made[at] {
				if at.start < at.end || firstWord(other) == firstWord(e.New) {
					return Patch{}, conflict(e.Span)
				}
			}
			made[at] = append(made[at], e.New)
			all = append(all, e)
		}
	}
	for _, edits := range byFile(all) {
		for i := 1; i < len(edits); i++ {
			if edits[i].Span.Start < edits[i-1].Span.End {
				return Patch{}, conflict(edits[i].Span)
			}
		}
	}
	// What belongs to an element goes before another element behind it.
	slices.SortStableFunc(all, func(a, b sdl.Edit) int {
		return cmp.Or(strings.Compare(a.Span.File.Name, b.Span.File.Name), cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Span.End, b.Span.End), cmp.Compare(rank(a.New), rank(b.New)))
	})
	return Patch{all}, nil
}

// rank is 0 for what goes on with the element before it, and 1 for another one.
func rank(text string) int {
	if text = strings.TrimLeft(text, " "); text == "" || strings.ContainsRune("@(,|", rune(text[0])) {
		return 0
	}
	return 1
}

func conflict(at sdl.Span) error {
	begin := at.Begin()
	return fmt.Errorf("%w: %s:%d:%d", ErrConflict, at.File.Name, begin.Line, begin.Column)
}

// firstWord tells what an insertion adds: "@dgraph", "pred", "name", "type User".
// Two of one word at one place say the same thing in two ways.
func firstWord(text string) string {
	const blanks = " \t\r\n,|="
	text = strings.TrimLeft(text, blanks)
	for _, quotes := range []string{`"""`, `"`} { // a description
		if rest, ok := strings.CutPrefix(text, quotes); ok {
			_, text, _ = strings.Cut(rest, quotes)
			text = strings.TrimLeft(text, blanks)
			break
		}
	}
	word, rest := text, ""
	if end := strings.IndexAny(text, blanks+"(:{"); end >= 0 {
		word, rest = text[:end], text[end:]
	}
	switch word {
	case "type", "interface", "enum", "union", "input", "scalar":
		return word + " " + firstWord(rest)
	}
	return word
}

// byFile are the edits of each file, in the order of their places, and the
// files in the order of their names.
func byFile(edits []sdl.Edit) [][]sdl.Edit {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b sdl.Edit) int {
		return cmp.Or(strings.Compare(a.Span.File.Name, b.Span.File.Name),
			cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
	})
	var all [][]sdl.Edit
	for i, e := range sorted {
		if i == 0 || sorted[i-1].Span.File != e.Span.File {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], e)
	}
	return all
}

// Apply gives the files with their texts after the patch. Files that it does
// not change are the same ones. Positions count from the new texts, so that
// whoever goes on must parse them again.
func (p Patch) Apply(files []*sdl.File) ([]*sdl.File, error) {
	edits := map[*sdl.File][]sdl.Edit{}
	for _, e := range p.Edits {
		edits[e.Span.File] = append(edits[e.Span.File], e)
	}
	out := make([]*sdl.File, len(files))
	for i, f := range files {
		out[i] = f
		if len(edits[f]) == 0 {
			continue
		}
		text, err := sdl.Apply(f, edits[f])
		if err != nil {
			return nil, err
		}
		out[i] = &sdl.File{Name: f.Name, Ref: f.Ref, Path: f.Path, Text: text}
		delete(edits, f)
	}
	if len(edits) > 0 {
		return nil, errors.New("applying a patch: it is for other files than these")
	}
	return out, nil
}

// apart is the patch of some edits, with a blank wherever a name would run into
// another one: blanks between tokens are not needed where one of them is a
// punctuation mark, as in `[Int]next:Int`.
func apart(edits []sdl.Edit) Patch {
	for i, e := range edits {
		text := e.Span.File.Text
		before, after := byte(' '), byte(' ')
		if e.Span.Start > 0 {
			before = text[e.Span.Start-1]
		}
		if int(e.Span.End) < len(text) {
			after = text[e.Span.End]
		}
		if e.New == "" {
			if inName(before) && inName(after) {
				edits[i].New = " "
			}
			continue
		}
		if inName(before) && inName(e.New[0]) {
			edits[i].New = " " + edits[i].New
		}
		if inName(after) && inName(e.New[len(e.New)-1]) {
			edits[i].New += " "
		}
	}
	return Patch{edits}
}

func inName(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
