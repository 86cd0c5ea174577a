package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// schemasView are both schemas, side by side.
type schemasView struct {
	Compare bool // there is an old one
	Files   []*fileView
	LeftOut int // lines that are not shown
}

// fileView is one file, before and after.
type fileView struct {
	Name           string
	Added, Removed int  // lines
	Findings       int  // that stand in it
	Open           bool // there is something to see
	Parts          []partView
}

// partView is rows, or a fold over lines that nothing happened to.
type partView struct {
	Fold *foldView
	Rows []rowView
}

type foldView struct {
	N                            int
	OldFirst, NewFirst           int // 0 on a side that has no lines
	OldNumbers, NewNumbers, Text string
	Gone                         bool // the lines are left out
}

type rowView struct {
	Old, New           *cellView // nil where a side has no line
	OldNotes, NewNotes []markView
}

type cellView struct {
	ID       string // empty where no link leads
	Severity Severity
	sourceLine
}

type markView struct {
	Href                 string
	Severity             Severity
	Rule, About, Message string
	Was                  bool
}

// lineKey is a line of one of the files of one of the schemas.
type lineKey struct {
	old  bool
	file int
	line int // 1-based
}

// markedLine is a line that findings are about.
type markedLine struct {
	findings []*Finding
	shown    bool
}

// primary is where a finding is told, old saying in which schema: what is gone
// is told where it was.
func primary(f *Finding) (at Location, old bool) {
	switch f.Location.Anchor {
	case "owner", "neighbour", "file":
		if f.Previous.Line > 0 {
			return f.Previous, true
		}
	}
	return f.Location, false
}

// fileIndex finds files by what Locations say of them.
type fileIndex map[[2]string]int

func indexOf(files []SourceFile) fileIndex {
	index := fileIndex{}
	for i := len(files) - 1; i >= 0; i-- {
		index[[2]string{files[i].Name, files[i].Ref}] = i
	}
	return index
}

// pairing is one file of each schema that belong together. -1 is none.
type pairing struct{ old, new int }

// pairs puts files of the same name together, and what is left over if it is one
// file on each side.
func pairs(old, new []SourceFile) []pairing {
	byName := map[string]int{}
	for i, f := range old {
		if _, ok := byName[f.Name]; !ok {
			byName[f.Name] = i
		}
	}
	var all []pairing
	taken := make([]bool, len(old))
	for i, f := range new {
		p := pairing{-1, i}
		if j, ok := byName[f.Name]; ok && !taken[j] {
			taken[j], p.old = true, j
		}
		all = append(all, p)
	}
	alone := slices.DeleteFunc(slices.Clone(all), func(p pairing) bool { return p.old >= 0 })
	var rest []int
	for i := range old {
		if !taken[i] {
			rest = append(rest, i)
		}
	}
	if len(rest) == 1 && len(alone) == 1 {
		all[slices.Index(all, alone[0])].old = rest[0]
		return all
	}
	for _, i := range rest {
		all = append(all, pairing{i, -1})
	}
	return all
}

// sides are the lines of one file, before and after, as they are shown.
type sides struct {
	pairing
	name     string
	old, new []string
	rows     []linePair
	seen     []bool // the rows that are not folded away
}

func (b *htmlBook) schemas(r *Report) *schemasView {
	if len(r.Old.Files)+len(r.New.Files) == 0 {
		return nil
	}
	oldIndex, newIndex := indexOf(r.Old.Files), indexOf(r.New.Files)
	b.find = func(l Location, old bool) (lineKey, bool) {
		files, index := r.New.Files, newIndex
		if old {
			files, index = r.Old.Files, oldIndex
		}
		i, ok := index[[2]string{l.File, l.Ref}]
		if !ok || l.Line < 1 || l.Line > len(files[i].Lines) {
			return lineKey{}, false
		}
		return lineKey{old, i, l.Line}, true
	}
	alike := map[lineKey]string{} // lines that findings connect, with the same text
	for i, f := range b.listed {
		at, old := primary(f)
		key, ok := b.find(at, old)
		if ok {
			b.mark(key, f)
		}
		if was, known := b.find(f.Previous, true); known && !old {
			b.mark(was, f)
			if ok {
				alike[key], alike[was] = fmt.Sprintf("\x00%d", i), fmt.Sprintf("\x00%d", i)
			}
		}
	}

	v := &schemasView{Compare: b.compare}
	var files []*sides
	for _, p := range pairs(r.Old.Files, r.New.Files) {
		s := &sides{pairing: p}
		var names []string
		if p.old >= 0 {
			s.old = b.shownLines(r.Old.Files[p.old].Lines)
			names = append(names, fileName(r.Old.Files[p.old]))
		}
		if p.new >= 0 {
			s.new = b.shownLines(r.New.Files[p.new].Lines)
			names = append(names, fileName(r.New.Files[p.new]))
		}
		s.name = Escape(strings.Join(slices.Compact(names), " → "))
		s.rows = align(s.old, s.new, func(old bool, line int) string {
			if old {
				return alike[lineKey{true, p.old, line}]
			}
			return alike[lineKey{false, p.new, line}]
		})
		for i := range s.rows {
			s.rows[i].same = s.rows[i].same || !b.compare
		}
		files = append(files, s)
	}
	b.unfold(files)
	folded := b.most.folded
	for _, s := range files {
		v.Files = append(v.Files, b.file(s, &folded))
	}
	for _, f := range v.Files {
		for _, p := range f.Parts {
			if p.Fold != nil && p.Fold.Gone {
				v.LeftOut += p.Fold.N
			}
		}
	}
	return v
}

func (b *htmlBook) mark(at lineKey, f *Finding) {
	if b.lines[at] == nil {
		b.lines[at] = &markedLine{}
	}
	b.lines[at].findings = append(b.lines[at].findings, f)
}

// href is the link to a place, and empty where its line is not shown.
func (b *htmlBook) href(l Location, old bool) string {
	if b.find == nil {
		return ""
	}
	key, ok := b.find(l, old)
	if !ok || b.lines[key] == nil || !b.lines[key].shown {
		return ""
	}
	return "#" + key.id()
}

func (k lineKey) id() string {
	side := "new"
	if k.old {
		side = "old"
	}
	return fmt.Sprintf("%s-%d-%d", side, k.file+1, k.line)
}

func fileName(f SourceFile) string {
	return place(Location{File: f.Name, Ref: f.Ref})
}

func (b *htmlBook) shownLines(lines []string) []string {
	return each(lines, func(line string) string { return sourceText(line, b.most.line) })
}

// unfold decides which lines are seen: what changed, what a finding is about,
// and some lines around them, as far as the page may grow.
func (b *htmlBook) unfold(files []*sides) {
	const context = 3
	for _, around := range []int{context, 0} {
		n := 0
		for _, s := range files {
			s.seen = make([]bool, len(s.rows))
			until := 0 // rows before it are seen already
			for i, row := range s.rows {
				if row.same && !b.marked(s.pairing, row) {
					continue
				}
				for j := max(until, i-around); j < min(len(s.rows), i+around+1); j++ {
					s.seen[j] = true
					n++
				}
				until = max(until, min(len(s.rows), i+around+1))
			}
		}
		if n <= b.most.rows {
			return
		}
	}
	room := b.most.rows
	for _, withFinding := range []bool{true, false} {
		for _, s := range files {
			for i, row := range s.rows {
				if s.seen[i] && b.marked(s.pairing, row) == withFinding {
					s.seen[i] = room > 0
					room--
				}
			}
		}
	}
}

// marked reports whether a finding is about a line of the row.
func (b *htmlBook) marked(p pairing, row linePair) bool {
	return row.old > 0 && b.lines[lineKey{true, p.old, row.old}] != nil ||
		row.new > 0 && b.lines[lineKey{false, p.new, row.new}] != nil
}

// file lays out one file.
func (b *htmlBook) file(s *sides, folded *int) *fileView {
	const short = 4 // as many lines are not worth a fold
	v := &fileView{Name: s.name}
	for i := 0; i < len(s.rows); {
		end := i
		for end < len(s.rows) && s.seen[end] == s.seen[i] {
			end++
		}
		rows := s.rows[i:end]
		for _, row := range rows {
			if !row.same && b.compare {
				v.Added += min(row.new, 1)
				v.Removed += min(row.old, 1)
			}
		}
		if !s.seen[i] && (len(rows) > short || !allSame(rows)) {
			v.Parts = append(v.Parts, partView{Fold: b.fold(s, rows, folded)})
			i = end
			continue
		}
		var shown []rowView
		for _, row := range rows {
			one := b.row(s, row)
			v.Findings += len(one.OldNotes) + len(one.NewNotes)
			shown = append(shown, one)
		}
		if last := len(v.Parts) - 1; last >= 0 && v.Parts[last].Fold == nil {
			v.Parts[last].Rows = append(v.Parts[last].Rows, shown...)
		} else {
			v.Parts = append(v.Parts, partView{Rows: shown})
		}
		i = end
	}
	v.Open = v.Added+v.Removed+v.Findings > 0
	return v
}

func allSame(rows []linePair) bool {
	return !slices.ContainsFunc(rows, func(row linePair) bool { return !row.same })
}

// fold hides lines that are the same on both sides. Those that would make the
// page too large, and lines that changed and found no room, are left out.
func (b *htmlBook) fold(s *sides, rows []linePair, folded *int) *foldView {
	f := &foldView{N: len(rows), OldFirst: rows[0].old, NewFirst: rows[0].new}
	if !allSame(rows) || len(rows) > *folded {
		f.Gone = true
		return f
	}
	*folded -= len(rows)
	var old, new, text strings.Builder
	for i, row := range rows {
		if i > 0 {
			old.WriteByte('\n')
			new.WriteByte('\n')
			text.WriteByte('\n')
		}
		if row.old > 0 {
			old.WriteString(strconv.Itoa(row.old))
		}
		new.WriteString(strconv.Itoa(row.new))
		text.WriteString(s.new[row.new-1])
	}
	f.OldNumbers, f.NewNumbers, f.Text = old.String(), new.String(), text.String()
	return f
}

// row is one line of each side, with what is found there.
func (b *htmlBook) row(s *sides, pair linePair) rowView {
	var v rowView
	if pair.old > 0 {
		v.Old = b.cell(lineKey{true, s.pairing.old, pair.old}, s.old[pair.old-1])
	}
	if pair.new > 0 {
		v.New = b.cell(lineKey{false, s.pairing.new, pair.new}, s.new[pair.new-1])
	}
	if !pair.same && b.compare {
		if v.Old != nil {
			v.Old.Class = "old"
		}
		if v.New != nil {
			v.New.Class = "new"
		}
		if v.Old != nil && v.New != nil {
			v.Old.sourceLine, v.New.sourceLine = differing(v.Old.sourceLine, v.New.sourceLine)
		}
	}
	here := map[*Finding]bool{}
	if pair.new > 0 {
		key := lineKey{false, s.pairing.new, pair.new}
		v.NewNotes = b.notes(key, func(*Finding) bool { return false })
		if at := b.lines[key]; at != nil {
			for _, f := range at.findings {
				here[f] = true
			}
		}
	}
	if pair.old > 0 {
		v.OldNotes = b.notes(lineKey{true, s.pairing.old, pair.old}, func(f *Finding) bool { return here[f] })
	}
	return v
}

func (b *htmlBook) cell(key lineKey, text string) *cellView {
	c := &cellView{sourceLine: sourceLine{N: key.line, A: text}}
	if at := b.lines[key]; at != nil {
		at.shown = true
		c.ID = key.id()
		c.Severity = Info
		for _, f := range at.findings {
			if s := shownAs(f.Severity); !f.Known && s.rank() > c.Severity.rank() {
				c.Severity = s
			}
		}
	}
	return c
}

// notes link a line to its findings, but for those that are told beside it.
func (b *htmlBook) notes(key lineKey, beside func(*Finding) bool) []markView {
	at := b.lines[key]
	if at == nil {
		return nil
	}
	var notes []markView
	for _, f := range at.findings {
		if beside(f) {
			continue
		}
		_, old := primary(f)
		message, left := cut(Redact(f.Message), 160)
		if left > 0 {
			message += "…"
		}
		rule := b.prose(f.Rule)
		if f.Known {
			rule += " (known)"
		}
		notes = append(notes, markView{"#" + anchor(f), shownAs(f.Severity), rule, b.prose(about(f)), Escape(message), key.old && !old})
	}
	slices.SortStableFunc(notes, func(x, y markView) int { return cmp.Compare(y.Severity.rank(), x.Severity.rank()) })
	return notes
}
