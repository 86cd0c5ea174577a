package review

import (
	"cmp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// source is the text of a file at the head of a pull request. Git counts its lines by "\n" alone, reports by the ends that
// GraphQL knows.
type source struct {
	*sdl.File
	ends []int // the byte after each line, as git counts them
}

func newSource(text string) *source {
	s := &source{File: &sdl.File{Text: text}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.ends = append(s.ends, i+1)
		}
	}
	if !strings.HasSuffix(text, "\n") && text != "" {
		s.ends = append(s.ends, len(text))
	}
	return s
}

// offset is the byte at a place of a report.
func (s *source) offset(line, column int) int {
	return int(s.Rest(sdl.Position{Line: line, Column: column}).Start)
}

// line is the line of a byte as git counts them: 1-based. The end of the text belongs to its last line.
func (s *source) line(offset int) int {
	n, _ := slices.BinarySearch(s.ends, offset+1)
	return max(1, min(n+1, len(s.ends)))
}

// start is the first byte of a line.
func (s *source) start(line int) int {
	if line <= 1 {
		return 0
	}
	return s.ends[line-2]
}

// suggestion is what lines of a file become: those from first to last, which stand in one hunk.
type suggestion struct {
	first, last int
	lines       []string
}

// widest is the number of lines that a suggestion may replace: one that is longer is no longer read.
const widest = 20

// suggest makes of a fix the suggestion that GitHub puts into the file at a click, for a comment at a line. There is none
// where the fix edits no file or has edits with other findings, where one of them is outside the hunk of the line, where the file is not
// the one that the fix was made for, or where a line cannot be shown as it is: what people accept is what they see.
func (s *source) suggest(fix report.Fix, at int, hunks []hunk) (suggestion, bool) {
	var none suggestion
	if fix.Kind != "directive" && fix.Kind != "operation" || len(fix.Edits) == 0 || len(fix.Elsewhere) > 0 || s.Text == "" {
		return none, false
	}
	edits, ok := s.edits(fix.Edits)
	if !ok {
		return none, false
	}
	after := applied(s.Text, edits)
	if !confirmed(fix.Diff, s.Text, after) {
		return none, false
	}
	out := suggestion{first: at, last: at}
	for _, e := range edits {
		last := s.line(e.end)
		if e.end > e.start && e.end == s.start(last) && (e.start == s.start(s.line(e.start)) || strings.HasSuffix(e.text, "\n")) {
			last-- // whole lines go, or stay whole
		}
		out.first, out.last = min(out.first, s.line(e.start)), max(out.last, last)
	}
	if out.last-out.first >= widest || holding(hunks, out.first, out.last) == nil {
		return none, false
	}
	from, to := s.start(out.first), s.ends[out.last-1]
	changed := after[from : len(after)-(len(s.Text)-to)]
	if to < len(s.Text) && changed != "" && !strings.HasSuffix(changed, "\n") {
		return none, false
	}
	carriage := strings.Count(s.Text[from:to], "\r\n")
	if carriage > 0 && carriage != strings.Count(s.Text[from:to], "\n") {
		return none, false // the ends of lines are mixed: GitHub would make them one kind
	}
	for line := range strings.Lines(changed) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if !shown(line) {
			return none, false
		}
		out.lines = append(out.lines, line)
	}
	return out, true
}

// edit replaces bytes.
type edit struct {
	start, end int
	text       string
}

// edits are those of a fix, in order; false where they do not lie side by side in the text.
func (s *source) edits(of []report.Edit) ([]edit, bool) {
	var all []edit
	for _, e := range of {
		if e.At.Line < 1 || e.At.EndLine < e.At.Line {
			return nil, false
		}
		all = append(all, edit{s.offset(e.At.Line, e.At.Column), s.offset(e.At.EndLine, e.At.EndColumn), e.New})
	}
	slices.SortStableFunc(all, func(a, b edit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	for i, e := range all {
		if e.end < e.start || i > 0 && e.start < all[i-1].end {
			return nil, false
		}
	}
	return all, true
}

// applied is the text after the edits.
func applied(text string, edits []edit) string {
	var b strings.Builder
	done := 0
	for _, e := range edits {
		b.WriteString(text[done:e.start])
		b.WriteString(e.text)
		done = e.end
	}
	b.WriteString(text[done:])
	return b.String()
}

// confirmed reports whether a unified diff of one file is about these two texts: all its lines stand where it says. That is
// how a report that was made for another version of the file is known.
func confirmed(diff, before, after string) bool {
	lines := strings.Split(diff, "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[0], "--- ") || !strings.HasPrefix(lines[1], "+++ ") {
		return false
	}
	old, new := strings.Split(before, "\n"), strings.Split(after, "\n")
	stands := func(in []string, n int, text string) bool {
		return n >= 1 && n <= len(in) && strings.TrimSuffix(in[n-1], "\r") == strings.TrimSuffix(text, "\r")
	}
	var a, b region
	changes := 0
	for _, line := range lines[2:] {
		if a.count == 0 && b.count == 0 {
			if line == "" || strings.HasPrefix(line, `\`) {
				continue
			}
			var ok bool
			if a, b, ok = hunkHead(line); !ok {
				return false // another file
			}
			continue
		}
		if line == "" {
			return false
		}
		mark, text := line[0], line[1:]
		if mark == '\\' {
			continue
		}
		if mark != '+' {
			if !stands(old, a.start, text) {
				return false
			}
			a.start, a.count = a.start+1, a.count-1
		}
		if mark != '-' {
			if !stands(new, b.start, text) {
				return false
			}
			b.start, b.count = b.start+1, b.count-1
		}
		if mark != ' ' {
			changes++
		}
	}
	return a.count == 0 && b.count == 0 && changes > 0
}
