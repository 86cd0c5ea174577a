package report

import (
	"io"
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

// block is a piece of a page in two lengths.
type block struct {
	severity    Severity
	brief, full string
	shown       int // 0 left out, 1 brief, 2 full
}

// writeMarkdown writes for comments and job summaries: what follows from the
// findings, then the findings, the gravest first, each with details to unfold.
// Where that is too long, the last ones lose their details, and then their
// place; the page says how many.
func writeMarkdown(w io.Writer, r *Report, opt Options) error {
	limit := opt.Limit
	if limit <= 0 {
		limit = maxComment - markerRoom
	}
	limit = max(limit, minLimit)

	shown := worst(r.shown(opt.additions()))
	blocks := make([]block, len(shown))
	for i, f := range shown {
		blocks[i] = block{severity: f.Severity, brief: brief(f)}
		if !opt.Quiet {
			blocks[i].full = full(f, r, opt.Verbose)
		}
	}
	notes := noteBlocks(r.Notes, opt.Verbose)
	suppressed := make([]block, len(r.Suppressed))
	for i := range suppressed {
		f := &r.Suppressed[i].Finding
		suppressed[i].brief = "- " + codeSpan(short(Escape(about(f)), maxName)) + " " + codeSpan(short(Escape(f.Rule), maxName)) + ": " +
			markdownProse(short(Escape(r.Suppressed[i].Reason), maxSentence)) + "\n"
	}

	head := head(r, opt, len(r.Findings)-len(shown))
	const furniture = 1 << 10 // headings, and what is said of what is left out
	room := limit - len(head) - furniture
	room = list(blocks, room)
	room = list(notes, room)
	room = list(suppressed, room)
	unfold(blocks, room)

	var b strings.Builder
	b.WriteString(head)
	b.WriteString(leftOut(blocks))
	for _, s := range []struct {
		Severity
		one, many string
	}{{Error, "error", "errors"}, {Warning, "warning", "warnings"}, {Info, "for information", "for information"}} {
		group := ofSeverity(blocks, s.Severity)
		if text := join(group); text != "" {
			b.WriteString("\n#### " + strconv.Itoa(len(group)) + " " + pick(len(group), s.one, s.many) + "\n\n" + text)
		}
	}
	if text := join(notes); text != "" {
		b.WriteString("\n#### Notes\n\n" + text)
		if n := missing(notes); n > 0 {
			b.WriteString("- and " + strconv.Itoa(n) + " more\n")
		}
	}
	if len(suppressed) > 0 {
		b.WriteString("\n<details><summary>" + strconv.Itoa(len(suppressed)) + " suppressed</summary>\n\n" + join(suppressed))
		if n := missing(suppressed); n > 0 {
			b.WriteString("- and " + strconv.Itoa(n) + " more\n")
		}
		b.WriteString("\n</details>\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// head says what the run came to.
func head(r *Report, opt Options, hidden int) string {
	var b strings.Builder
	b.WriteString("### schemacheck: ")
	switch {
	case len(r.Findings) == 0 && r.Summary.Suppressed == 0:
		b.WriteString("no findings")
	default:
		b.WriteString(counted(r.Summary))
	}
	b.WriteString("\n\n")
	if verdict := markdownProse(short(Escape(opt.concluded(r)), maxFrame)); verdict != "" {
		b.WriteString("**" + verdict + "**\n\n")
	}
	words := compared(r)
	text := make([]string, len(words))
	for i, word := range words {
		text[i] = short(word.text, maxName)
	}
	b.WriteString(markdownProse(short(strings.Join(text, " "), 2*maxFrame)) + "\n")
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
	for _, x := range facts(f, r.Data.Asked, verbose) {
		text := markdownProse(x.text)
		if x.label == "was" {
			text = codeSpan(Escape(x.text))
		}
		b.WriteString("- **" + x.label + ":** " + text + "\n")
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

// noteBlocks are the notes as items of a list.
func noteBlocks(notes []Note, verbose bool) []block {
	var all []block
	for _, n := range notes {
		label := ""
		switch {
		case n.Kind == "not-checked":
			label = "**not checked:** "
		case n.Kind == "warning":
			label = "**warning:** "
		case !verbose:
			continue
		}
		text := "- " + label + markdownProse(short(Escape(n.Message), maxSentence))
		if at := short(Escape(place(n.Location)), maxName); at != "" {
			text += " (" + codeSpan(at) + ")"
		}
		all = append(all, block{brief: text + "\n"})
	}
	return all
}

// list shows blocks in brief, the first ones, as long as there is room, and
// gives what room is left.
func list(blocks []block, room int) int {
	for i := range blocks {
		if len(blocks[i].brief) > room {
			break
		}
		blocks[i].shown = 1
		room -= len(blocks[i].brief)
	}
	return room
}

// unfold gives their details to the blocks that are shown, the first ones
// first: one with many does not take those of the others.
func unfold(blocks []block, room int) {
	for i := range blocks {
		b := &blocks[i]
		if more := len(b.full) + 1 - len(b.brief); b.shown == 1 && b.full != "" && more <= room {
			b.shown = 2
			room -= more
		}
	}
}

// join writes blocks: lists and what unfolds need a blank line between them.
func join(blocks []block) string {
	var b strings.Builder
	last := 0
	for _, x := range blocks {
		if x.shown == 0 {
			continue
		}
		if last != 0 && last != x.shown {
			b.WriteByte('\n')
		}
		if x.shown == 1 {
			b.WriteString(x.brief)
		} else {
			b.WriteString(x.full)
		}
		last = x.shown
	}
	return b.String()
}

// missing counts the blocks that are left out.
func missing(blocks []block) int {
	n := 0
	for _, b := range blocks {
		if b.shown == 0 {
			n++
		}
	}
	return n
}

// leftOut says what there was no room for.
func leftOut(blocks []block) string {
	brief := 0
	for _, b := range blocks {
		if b.shown == 1 && b.full != "" {
			brief++
		}
	}
	var parts []string
	if brief > 0 {
		parts = append(parts, plural(brief, "finding")+" without details")
	}
	if n := missing(blocks); n > 0 {
		parts = append(parts, plural(n, "finding")+" left out")
	}
	if parts == nil {
		return ""
	}
	return "\n**There is not room for all here:** " + strings.Join(parts, ", ") + "; a report in another format has them.\n"
}

// ofSeverity are the blocks of one severity, which stand together.
func ofSeverity(blocks []block, s Severity) []block {
	first := 0
	for first < len(blocks) && blocks[first].severity != s {
		first++
	}
	last := first
	for last < len(blocks) && blocks[last].severity == s {
		last++
	}
	return blocks[first:last]
}
