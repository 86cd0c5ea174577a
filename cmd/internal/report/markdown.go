package report

import (
	"cmp"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	// maxComment is what a comment on GitHub may have, and markerRoom what is
	// left for whoever posts one. Comments count in characters: bytes are never
	// fewer.
	maxComment, markerRoom = 65_536, 1_024
	// minLimit is what the frame of a report takes at most.
	minLimit = 4 << 10
	// maxName, maxSentence and maxFrame are code points of names and sentences
	// where there has to be room for others.
	maxName, maxSentence, maxFrame = 120, 240, 300
)

// block is a piece of a page: nothing, an item of a list, or something to
// unfold.
type block struct {
	finding *Finding // nil for what has no details
	brief   string
	text    string // what is written
	list    bool   // it is an item of a list
}

// writeMarkdown writes for comments and job summaries: what follows from the
// findings, then the findings, the gravest first, each with details to unfold.
// Where that is too long, the last ones lose their details, and then their
// place; the page says how many.
func writeMarkdown(w io.Writer, r *Report, opt Options) error {
	r = r.Rooted(opt.Folder)
	limit := opt.Limit
	if limit <= 0 {
		limit = maxComment - markerRoom
	}
	limit = max(limit, minLimit)

	shown := worst(r.shown(opt.additions()))
	known := worst(r.known())
	head := frame(r, opt, len(r.Findings)-len(shown)-len(known))
	const furniture = 1 << 10 // headings, and what is said of what is left out
	room := limit - len(head) - furniture
	repairs, edits, room := mended(r.Repairs, room)
	findings, room := list(len(shown), room, func(i int) block { return block{finding: shown[i], brief: brief(shown[i])} })
	remarks := noteworthy(r.Notes, opt.Verbose)
	notes, room := list(len(remarks), room, func(i int) block { return block{brief: remark(remarks[i])} })
	before, room := list(len(known), room, func(i int) block { return block{brief: brief(known[i])} })
	suppressed, room := list(len(r.Suppressed), room, func(i int) block { return block{brief: livedWith(&r.Suppressed[i])} })
	if len(edits) > room || opt.Quiet {
		edits = ""
	}
	room -= len(edits)
	if !opt.Quiet {
		unfold(findings, room, func(f *Finding) string { return full(f, r, opt.Verbose) })
	}

	var b strings.Builder
	b.WriteString(head)
	if r.Repairs != nil {
		b.WriteString("\n#### Fixes\n\n" + join(repairs, len(r.Repairs.Conclusion)+len(r.Repairs.List)) + edits)
	}
	b.WriteString(leftOut(findings, len(shown), opt.Quiet))
	for _, s := range []struct {
		Severity
		one, many string
	}{{Error, "error", "errors"}, {Warning, "warning", "warnings"}, {Info, "for information", "for information"}} {
		count := ofSeverity(shown, s.Severity)
		group := findings[:min(count, len(findings))]
		findings = findings[len(group):]
		if len(group) > 0 {
			b.WriteString("\n#### " + strconv.Itoa(count) + " " + pick(count, s.one, s.many) + "\n\n" + join(group, len(group)))
		}
	}
	if len(remarks) > 0 {
		b.WriteString("\n#### Notes\n\n" + join(notes, len(remarks)))
	}
	if n := len(known); n > 0 {
		b.WriteString("\n<details><summary>" + strconv.Itoa(n) + " known: the baseline has " + pick(n, "it", "them") + "</summary>\n\n" + join(before, n) + "\n</details>\n")
	}
	if n := len(r.Suppressed); n > 0 {
		b.WriteString("\n<details><summary>" + strconv.Itoa(n) + " suppressed</summary>\n\n" + join(suppressed, n) + "\n</details>\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mended is what fix does about the findings, the sentences on it first, and all edits, for which there may be no room.
func mended(r *Repairs, room int) (repairs []block, edits string, left int) {
	if r == nil {
		return nil, "", room
	}
	repairs, left = list(len(r.Conclusion)+len(r.List), room/2, func(i int) block {
		if i < len(r.Conclusion) {
			return block{brief: "- " + markdownProse(short(Escape(r.Conclusion[i]), maxFrame)) + "\n"}
		}
		return block{brief: repairOf(r.List[i-len(r.Conclusion)])}
	})
	if r.Diff != "" {
		edits = "\n<details><summary>All edits</summary>\n\n" + fenced("diff", r.Diff) + "\n</details>\n"
	}
	return repairs, edits, left + room - room/2
}

// repairOf is a finding with the way out that is taken, as an item of a list.
func repairOf(r Repair) string {
	text := "- "
	if what := short(Escape(about(r.Finding)), maxName); what != "" {
		text += "**" + codeSpan(what) + "** "
	}
	text += codeSpan(short(Escape(r.Finding.Rule), maxName)) + ": "
	note := markdownProse(short(Escape(r.Note), maxSentence))
	fix := r.fix()
	if fix == nil {
		return text + cmp.Or(note, "nothing") + "\n"
	}
	text += markdownProse(short(Escape(fix.Title), maxSentence)) + " (" + codeSpan(short(Escape(fix.ID), maxName)) + ", " +
		markdownProse(short(Escape(fix.Kind+", "+fix.Risk), maxName)) + ")"
	if note != "" {
		text += ": " + note
	}
	return text + "\n"
}

// frame says what the run came to.
func frame(r *Report, opt Options, hidden int) string {
	var b strings.Builder
	b.WriteString("### schemacheck: ")
	if len(r.Findings)+r.Summary.Suppressed == 0 {
		b.WriteString("no findings")
	} else {
		b.WriteString(tally(r.Summary))
	}
	b.WriteString("\n\n")
	if verdict := markdownProse(short(Escape(opt.concluded(r)), maxFrame)); verdict != "" && !opt.NoVerdict {
		b.WriteString("**" + verdict + "**\n\n")
	}
	words := compared(r)
	text := make([]string, len(words))
	for i, word := range words {
		text[i] = short(word.text, maxName)
	}
	b.WriteString(markdownProse(short(strings.Join(text, " "), 2*maxFrame)) + "\n")
	if text := fared(r); text != "" {
		b.WriteString("\n" + markdownProse(short(Escape(text), 2*maxFrame)) + "\n")
	}
	if hidden > 0 {
		b.WriteString("\n" + plural(hidden, "addition") + " " + pick(hidden, "is", "are") + " not shown.\n")
	}
	return b.String()
}

// title is a finding in one line; code and prose say how text becomes markup.
func title(f *Finding, strong [2]string, code, prose func(string) string) string {
	var b strings.Builder
	if what := short(Escape(about(f)), maxName); what != "" {
		b.WriteString(strong[0] + code(what) + strong[1] + " ")
	}
	b.WriteString(code(short(Escape(f.Rule), maxName)))
	if tags := tags(f); tags != "" {
		b.WriteString(" " + prose("("+short(Escape(tags[1:len(tags)-1]), maxName)+")"))
	}
	b.WriteString(": " + prose(short(Escape(essence(f)), maxSentence)))
	if f.Evidence.Asked && f.Evidence.Violations > 0 {
		b.WriteString(" " + prose("("+affected(f.Evidence)+")"))
	}
	return b.String()
}

// brief is a finding as an item of a list.
func brief(f *Finding) string {
	text := "- " + title(f, [2]string{"**", "**"}, codeSpan, markdownProse)
	if at := short(Escape(place(f.Location)), maxName); at != "" {
		text += " (" + codeSpan(at) + ")"
	}
	return text + "\n"
}

// full is a finding with details to unfold.
func full(f *Finding, r *Report, verbose bool) string {
	var b strings.Builder
	b.WriteString("<details><summary>" + title(f, [2]string{"<b>", "</b>"}, htmlCode, htmlProse) + "</summary>\n\n")
	if text := Escape(essence(f)); short(text, maxSentence) != text {
		b.WriteString("- **what:** " + markdownProse(text) + "\n")
	}
	if at := place(f.Location); at != "" {
		b.WriteString("- **at:** " + codeSpan(Escape(at)) + "\n")
	}
	for _, x := range facts(f, r.Data.Asked, r.operations(), verbose) {
		b.WriteString("- **" + x.label + ":** " + markdownFact(x, math.MaxInt) + "\n")
	}
	for _, x := range f.Fixes {
		b.WriteString("- **fix:** " + markdownProse(x.Title) + " (" + codeSpan(Escape(x.ID)) + ", " + markdownProse(x.Kind+", "+x.Risk) + ")\n")
	}
	for _, x := range f.Fixes {
		if x.Diff != "" {
			b.WriteString("\n" + codeSpan(Escape(x.ID)) + ":\n\n" + fenced("diff", x.Diff))
		}
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// noteworthy are the notes that a reader gets to see.
func noteworthy(notes []Note, verbose bool) []Note {
	var all []Note
	for _, n := range notes {
		if n.Kind == "not-checked" || n.Kind == "warning" || verbose {
			all = append(all, n)
		}
	}
	return all
}

// remark is a note as an item of a list.
func remark(n Note) string {
	text := "- "
	switch n.Kind {
	case "not-checked":
		text += "**not checked:** "
	case "warning":
		text += "**warning:** "
	}
	text += markdownProse(short(Escape(n.Message), maxSentence))
	if at := short(Escape(place(n.Location)), maxName); at != "" {
		text += " (" + codeSpan(at) + ")"
	}
	return text + "\n"
}

// livedWith is a suppressed finding as an item of a list.
func livedWith(s *Suppressed) string {
	return "- " + codeSpan(short(Escape(about(&s.Finding)), maxName)) + " " + codeSpan(short(Escape(s.Finding.Rule), maxName)) + ": " +
		markdownProse(short(Escape(s.Reason), maxSentence)) + "\n"
}

// list makes the first of n blocks, in brief, as long as there is room, and
// gives what room is left.
func list(n, room int, nth func(int) block) ([]block, int) {
	var blocks []block
	for i := range n {
		b := nth(i)
		if len(b.brief) > room {
			break
		}
		room -= len(b.brief)
		b.text, b.list = b.brief, true
		blocks = append(blocks, b)
	}
	return blocks, room
}

// unfold gives blocks their details, the first ones first: one with many does
// not take those of the others.
func unfold(blocks []block, room int, full func(*Finding) string) {
	for i := range blocks {
		b := &blocks[i]
		text := full(b.finding)
		if more := len(text) + len("\n") - len(b.brief); more <= room {
			b.text, b.list = text, false
			room -= more
		}
	}
}

// join writes blocks, and how many of all are missing. A list and what unfolds
// need a blank line between them.
func join(blocks []block, all int) string {
	var b strings.Builder
	for i, x := range blocks {
		if i > 0 && x.list != blocks[i-1].list {
			b.WriteByte('\n')
		}
		b.WriteString(x.text)
	}
	if n := all - len(blocks); n > 0 {
		b.WriteString("- and " + strconv.Itoa(n) + " more\n")
	}
	return b.String()
}

// leftOut says what there was no room for.
func leftOut(findings []block, all int, quiet bool) string {
	brief := 0
	for _, b := range findings {
		if b.list && !quiet {
			brief++
		}
	}
	var parts []string
	if brief > 0 {
		parts = append(parts, plural(brief, "finding")+" without details")
	}
	if n := all - len(findings); n > 0 {
		parts = append(parts, plural(n, "finding")+" left out")
	}
	if parts == nil {
		return ""
	}
	return "\n**There is not room for all here:** " + strings.Join(parts, ", ") + "; a report in another format has them.\n"
}

// ofSeverity counts the findings of one severity.
func ofSeverity(findings []*Finding, s Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
