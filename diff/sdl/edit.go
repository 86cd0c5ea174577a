package sdl

import (
	"fmt"
	"slices"
	"strings"
)

// Edit replaces the bytes of a span; an empty span inserts.
type Edit struct {
	Span Span
	New  string
}

// Apply is the text of f after the edits. No byte outside their spans changes.
// Edits may come in any order; insertions at one place keep theirs. It is an
// error when an edit is of another file, out of bounds, or overlaps another.
func Apply(f *File, edits []Edit) (string, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		if a.Span.Start != b.Span.Start {
			return int(a.Span.Start) - int(b.Span.Start)
		}
		return int(a.Span.End) - int(b.Span.End)
	})
	var out strings.Builder
	done := int32(0)
	for _, e := range sorted {
		switch {
		case e.Span.File != f:
			return "", fmt.Errorf("editing %s: an edit is for another file", f.Name)
		case e.Span.Start < 0 || e.Span.End < e.Span.Start || int(e.Span.End) > len(f.Text):
			return "", fmt.Errorf("editing %s: bytes %d to %d are not in the file", f.Name, e.Span.Start, e.Span.End)
		case e.Span.Start < done:
			return "", fmt.Errorf("editing %s: two edits change byte %d", f.Name, e.Span.Start)
		}
		out.WriteString(f.Text[done:e.Span.Start])
		out.WriteString(e.New)
		done = e.Span.End
	}
	out.WriteString(f.Text[done:])
	return out.String(), nil
}
