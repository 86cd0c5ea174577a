package fixes

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// around is the number of unchanged lines on either side of a change.
const around = 3

// longestLine is the most bytes of a line that a diff shows. A diff has whole lines, and a program or a list of operations
// that was made small has thousands of operations in one: each of their diffs would be the whole file.
const longestLine = 4 << 10

// Diff is the patch as a unified diff, with the names of the files as reports
// have them. Lines end with "\n" alone, as patch programs have it. Keys in
// comments are not left out: whoever prints it has to. It is empty where a line of
// the files that it would show has more than 4 KiB: nobody reads that.
func (p Patch) Diff() string {
	for _, e := range p.Edits {
		if !legible(e.Span) {
			return ""
		}
	}
	var b strings.Builder
	for _, edits := range byFile(p.Edits) {
		f := edits[0].Span.File
		fmt.Fprintf(&b, "--- %s\n+++ %s\n", f.Name, f.Name)
		grown := 0 // lines that the hunks before added
		for _, runs := range hunks(f.Text, edits) {
			grown += writeHunk(&b, f.Text, runs, grown)
		}
	}
	return b.String()
}

// run is a region of whole lines that change as one.
type run struct {
	start, end int // byte offsets
	edits      []sdl.Edit
}

// hunks groups edits in order: those that share lines into runs, and runs that
// are close to each other into hunks.
func hunks(text string, edits []sdl.Edit) [][]run {
	var all [][]run
	for _, e := range edits {
		start, end := lineStart(text, int(e.Span.Start)), lineEnd(text, int(e.Span.End))
		if len(all) > 0 {
			h := all[len(all)-1]
			last := &h[len(h)-1]
			if start < last.end {
				last.end = max(last.end, end)
				last.edits = append(last.edits, e)
				continue
			}
			if strings.Count(text[last.end:start], "\n") <= 2*around {
				all[len(all)-1] = append(h, run{start, end, []sdl.Edit{e}})
				continue
			}
		}
		all = append(all, []run{{start, end, []sdl.Edit{e}}})
	}
	return all
}

// legible reports whether the lines of a span, and those around it, are short enough to be shown. It looks no further than
// that.
func legible(s sdl.Span) bool {
	text := s.File.Text
	begin := int(s.Start) // of the line
	for before, at := 0, begin; before <= around && at > 0; before++ {
		within := text[max(0, at-longestLine-1):at]
		n := strings.LastIndexByte(within, '\n')
		if n < 0 && len(within) > longestLine {
			return false
		}
		if before == 0 {
			begin = at - len(within) + n + 1
		}
		at -= len(within) - max(n, 0)
	}
	at := begin
	for ends := 0; at < len(text) && ends <= around; {
		n := strings.IndexByte(text[at:min(len(text), at+longestLine+1)], '\n')
		if n < 0 {
			return len(text)-at <= longestLine
		}
		if at += n + 1; at > int(s.End) {
			ends++
		}
	}
	return true
}

func lineStart(text string, at int) int { return strings.LastIndexByte(text[:at], '\n') + 1 }

// lineEnd is the offset after the line that a byte is in.
func lineEnd(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

// writeHunk writes runs that share a hunk, and gives the number of lines that
// they add. grown is that of the hunks before.
func writeHunk(b *strings.Builder, text string, runs []run, grown int) int {
	from, to := runs[0].start, runs[len(runs)-1].end
	for range around {
		if from > 0 {
			from = lineStart(text, from-1)
		}
		to = lineEnd(text, to)
	}
	var body strings.Builder
	old, new := 0, 0
	put := func(mark byte, lines []string) {
		for _, line := range lines {
			body.WriteByte(mark)
			body.WriteString(line)
			if !strings.HasSuffix(line, "\n") {
				body.WriteString("\n\\ No newline at end of file\n")
			}
		}
		if mark != '+' {
			old += len(lines)
		}
		if mark != '-' {
			new += len(lines)
		}
	}
	at := from
	for _, r := range runs {
		put(' ', splitLines(text[at:r.start]))
		var changed strings.Builder
		done := r.start
		for _, e := range r.edits {
			changed.WriteString(text[done:e.Span.Start])
			changed.WriteString(e.New)
			done = int(e.Span.End)
		}
		changed.WriteString(text[done:r.end])
		before, after := splitLines(text[r.start:r.end]), splitLines(changed.String())
		// What both ends have in common did not change.
		head := 0
		for head < min(len(before), len(after)) && before[head] == after[head] {
			head++
		}
		tail := 0
		for tail < min(len(before), len(after))-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
			tail++
		}
		put(' ', before[:head])
		put('-', before[head:len(before)-tail])
		put('+', after[head:len(after)-tail])
		put(' ', before[len(before)-tail:])
		at = r.end
	}
	put(' ', splitLines(text[at:to]))
	first := 1 + strings.Count(text[:from], "\n")
	fmt.Fprintf(b, "@@ -%s +%s @@\n%s", extent(first, old), extent(first+grown, new), body.String())
	return new - old
}

// extent is a region of lines as the head of a hunk has it.
func extent(first, count int) string {
	switch count {
	case 0:
		return fmt.Sprintf("%d,0", first-1)
	case 1:
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d,%d", first, count)
}

// splitLines are the lines of a text, each with its end.
func splitLines(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		return lines[:last]
	}
	return lines
}
