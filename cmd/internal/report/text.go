package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fatih/color"
)

const (
	maxWidth = 80 // longer lines of prose are hard to read
	minWidth = 40
	// labelIndent is where the text of labelled lines stands.
	labelIndent = 11
	// maxPlain is how many findings are printed without a table of them.
	maxPlain = 20
	// shortPrint is how many signs of a fingerprint tell findings apart.
	shortPrint = 12
	// maxNamed is how many names of a list are printed without Verbose.
	maxNamed = 5
)

// page writes a report for people.
type page struct {
	strings.Builder
	Options
	ink palette
	// asked says that the stored data was asked at all; when it was not, the
	// summary says so once.
	asked bool
	// operations is how many were looked at.
	operations int
	// explained holds the rules whose explanation was already pointed at.
	explained map[string]bool
	// above is the finding that was printed before this one, or nil.
	above *Finding
}

func writeText(w io.Writer, r *Report, opt Options) error {
	if r.Repairs != nil {
		return writeRepairs(w, r, opt)
	}
	if opt.Width == 0 {
		opt.Width = maxWidth
	}
	opt.Width = min(max(opt.Width, minWidth), maxWidth)
	if opt.FailOn == "" {
		opt.FailOn = Error
	}
	p := page{Options: opt, ink: newPalette(opt.Color), asked: r.Data.Asked, explained: map[string]bool{}}
	if r.Operations != nil {
		p.operations = r.Operations.Total
	}
	shown, additions := make([]*Finding, 0, len(r.Findings)), 0
	for i := range r.Findings {
		switch f := &r.Findings[i]; {
		case opt.Verbose || !f.Known && (!f.Addition || f.Severity != Info || opt.additions()):
			shown = append(shown, f)
		case !f.Known:
			additions++
		}
	}
	for _, f := range shown {
		if opt.Quiet {
			p.line(f)
		} else {
			p.finding(f)
		}
	}
	if !opt.Quiet {
		p.suppressed(r.Suppressed)
		p.notes(r.Notes)
		p.table(shown)
		p.summary(r, additions)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// line is the whole of a finding in quiet mode: what compilers print, so that
// editors and grep understand it.
func (p *page) line(f *Finding) {
	p.WriteString(Escape(place(f.Location)+": ") + paint(p.ink.of(f.Severity), string(f.Severity)) + " " +
		Escape(strings.TrimSuffix(f.Rule+" "+about(f), " ")+": "+f.Message) + "\n")
}

func (p *page) finding(f *Finding) {
	ink := p.ink.of(f.Severity)
	head := prose(string(f.Severity)+"["+f.Rule+"]", ink)
	head = append(head, prose(about(f), p.ink.strong)...)
	head = append(head, prose(tags(f), p.ink.faint)...)
	p.WriteString(wrap("", 0, p.Width, head))
	p.paragraph(f.Consequence)
	if p.above != nil && p.above.Location == f.Location && p.above.Previous == f.Previous && lastLine(f.Location, f.Excerpt) > 0 {
		p.place("at", f.Location, "(shown above)")
	} else {
		p.excerpts(f, ink)
	}
	p.above = f
	p.WriteByte('\n')
	p.details(f)
	p.WriteByte('\n')
}

// excerpts shows the places of a finding, in both schemas.
func (p *page) excerpts(f *Finding, ink *color.Color) {
	remark := ""
	switch f.Location.Anchor {
	case "owner":
		remark = "(what it was part of)"
	case "neighbour":
		remark = "(the definition before it)"
	}
	p.place("at", f.Location, remark)
	digits := len(strconv.Itoa(max(lastLine(f.Location, f.Excerpt), lastLine(f.Previous, f.PreviousExcerpt))))
	drawn := excerpt{f.Excerpt, f.Location, digits, p.Width, '^', ink, p.ink.faint}
	if lastLine(f.Location, f.Excerpt) > 0 {
		p.WriteString("\n" + drawn.String())
	}
	if f.Previous != (Location{}) {
		p.place("was", f.Previous, "")
	}
	if lastLine(f.Previous, f.PreviousExcerpt) > 0 {
		drawn.lines, drawn.at, drawn.mark, drawn.ink = f.PreviousExcerpt, f.Previous, '-', p.ink.before
		p.WriteString(drawn.String())
	}
}

// details are the labelled lines under a finding's excerpt.
func (p *page) details(f *Finding) {
	p.labelled("change", prose(f.Message, nil))
	p.labelled("because", prose(strings.Join(f.Reasons, "; "), nil))
	if p.asked {
		p.labelled("data", prose(told(f.Evidence), nil))
	}
	p.labelled("used", prose(used(f.Usage, f.Severity, p.operations), nil))
	p.labelled("also", p.list(f.Affects))
	p.labelled("api", p.list(each(f.API, func(c APIChange) string { return c.Coordinate + " " + c.Change })))
	if p.Verbose {
		p.labelled("stored", p.list(f.Predicates))
		p.labelled("impact", prose(fmt.Sprintf("api %s, storage %s, data %s",
			orNone(f.Impact.API), orNone(f.Impact.Storage), orNone(f.Impact.Data)), nil))
		p.labelled("asked", prose(f.Evidence.Question, p.ink.faint))
		if f.Acceptable {
			p.labelled("accept", prose("schemacheck accept "+f.Fingerprint[:min(len(f.Fingerprint), shortPrint)]+" --reason WHY", p.ink.faint))
		}
	}
	for _, fix := range f.Fixes {
		words := prose(fix.Title, p.ink.strong)
		words = append(words, prose("("+fix.ID+", "+fix.Kind+",", p.ink.faint)...)
		words = append(words, prose(fix.Risk+")", p.ink.risk(fix.Risk))...)
		p.labelled("fix", words)
		if p.Verbose {
			p.diff(fix.Diff)
		}
	}
	if f.Rule != "" && !p.explained[f.Rule] {
		p.explained[f.Rule] = true
		p.labelled("more", prose("schemacheck explain "+f.Rule, p.ink.faint))
	}
}

// paragraph writes prose that belongs to the headline above it.
func (p *page) paragraph(text string) {
	if words := prose(text, nil); len(words) > 0 {
		p.WriteString(wrap("  ", 2, p.Width, words))
	}
}

// labelled writes "  label    words", and nothing when there are no words.
func (p *page) labelled(label string, words []word) {
	if len(words) == 0 {
		return
	}
	first := "  " + paint(p.ink.label, label) + strings.Repeat(" ", labelIndent-2-len(label))
	p.WriteString(wrap(first, labelIndent, p.Width, words))
}

// place writes where something is, and a remark on it. A file name is never
// broken.
func (p *page) place(label string, l Location, remark string) {
	words := append([]word{{Escape(place(l)), nil}}, prose(remark, p.ink.faint)...)
	indent := 2 + len(label) + 1
	p.WriteString(wrap("  "+paint(p.ink.label, label)+" ", indent, p.Width, words))
}

// list puts commas between names, and cuts a long list short.
func (p *page) list(names []string) []word {
	rest := 0
	if len(names) > maxNamed && !p.Verbose {
		rest = len(names) - maxNamed
		names = names[:maxNamed]
	}
	var words []word
	for i, name := range names {
		if i < len(names)-1 || rest > 0 {
			name += ","
		}
		words = append(words, prose(name, nil)...)
	}
	if rest > 0 {
		words = append(words, prose(fmt.Sprintf("and %d more (-v shows them)", rest), p.ink.faint)...)
	}
	return words
}

// diff shows a patch, one clipped line for each of its lines.
func (p *page) diff(patch string) {
	for line := range strings.Lines(patch) {
		line = Redact(strings.TrimRight(line, "\r\n"))
		source, _, _ := clip(line, 1, 2, p.Width-labelIndent)
		ink := p.ink.faint
		switch {
		case strings.HasPrefix(line, "+"):
			ink = p.ink.good
		case strings.HasPrefix(line, "-"):
			ink = p.ink.fail
		}
		p.WriteString(strings.Repeat(" ", labelIndent) + paint(ink, source) + "\n")
	}
}

// suppressed lists what was left out, when asked to.
func (p *page) suppressed(left []Suppressed) {
	if len(left) == 0 || !p.Verbose {
		return
	}
	for i := range left {
		f := &left[i].Finding
		words := append(prose("suppressed:", p.ink.note), prose(f.Rule+" "+about(f)+": "+left[i].Reason, nil)...)
		words = append(words, word{"(" + Escape(place(f.Location)) + ")", p.ink.faint})
		p.WriteString(wrap("", 0, p.Width, words))
	}
	p.WriteByte('\n')
}

func (p *page) notes(notes []Note) {
	written := false
	for _, n := range notes {
		if n.Kind == "info" && !p.Verbose {
			continue
		}
		label, ink := "note:", p.ink.note
		switch n.Kind {
		case "not-checked":
			label, ink = "not checked:", p.ink.warn
		case "warning":
			label, ink = "warning:", p.ink.warn
		}
		words := append(prose(label, ink), prose(n.Message, nil)...)
		if n.Location != (Location{}) {
			words = append(words, word{"(" + Escape(place(n.Location)) + ")", p.ink.faint})
		}
		p.WriteString(wrap("", 0, p.Width, words))
		written = true
	}
	if written {
		p.WriteByte('\n')
	}
}

// table counts many findings by rule, the gravest and then the most frequent
// rules first: after pages of findings nobody knows what they were about.
func (p *page) table(shown []*Finding) {
	if len(shown) <= maxPlain {
		return
	}
	type row struct {
		rule  string
		worst Severity
		count int
	}
	var rows []*row
	of := map[string]*row{}
	for _, f := range shown {
		r := of[f.Rule]
		if r == nil {
			r = &row{rule: f.Rule}
			of[f.Rule] = r
			rows = append(rows, r)
		}
		r.count++
		if !r.worst.Reaches(f.Severity) {
			r.worst = f.Severity
		}
	}
	slices.SortFunc(rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.worst.rank(), a.worst.rank()), cmp.Compare(b.count, a.count), cmp.Compare(a.rule, b.rule))
	})
	digits := len(strconv.Itoa(len(shown)))
	for _, r := range rows {
		p.WriteString(fmt.Sprintf("  %*d  ", digits, r.count) + paint(p.ink.of(r.worst), string(r.worst)) +
			strings.Repeat(" ", len(Warning)-len(r.worst)+2) + Escape(r.rule) + "\n")
	}
	p.WriteString(wrap("  ", 2, p.Width, prose("-q prints one line for each finding", p.ink.faint)))
	p.WriteByte('\n')
}

// summary closes the report: how many findings, on what, and what follows.
func (p *page) summary(r *Report, hidden int) {
	s, end := r.Summary, ""
	if s.Suppressed+s.Known > 0 {
		end = ","
	}
	counts := prose("No findings"+cmp.Or(end, "."), p.ink.strong)
	switch {
	case s.Known > 0 && s.Known == len(r.Findings):
		counts = prose("No new findings,", p.ink.strong)
	case len(r.Findings) > 0:
		counts = p.count(s.Error, "error", Error, ",")
		counts = append(counts, p.count(s.Warning, "warning", Warning, ",")...)
		info := strconv.Itoa(s.Info) + " info"
		if hidden > 0 {
			some := ""
			if hidden < s.Info {
				some = strconv.Itoa(hidden) + " "
			}
			counts = append(counts, word{info, nil})
			counts = append(counts, prose("("+some+"hidden, -v shows "+pick(hidden, "it", "them")+")"+end, p.ink.faint)...)
		} else {
			counts = append(counts, word{info + end, nil})
		}
	}
	for _, out := range []struct {
		count int
		kind  string
		after string
	}{{s.Known, "known", pick(min(s.Suppressed, 1), ",", "")}, {s.Suppressed, "suppressed", ""}} {
		if out.count == 0 {
			continue
		}
		counted := strconv.Itoa(out.count) + " " + out.kind
		if p.Verbose {
			counts = append(counts, word{counted + out.after, nil})
			continue
		}
		counts = append(counts, word{counted, nil})
		counts = append(counts, prose("(-v shows "+pick(out.count, "it", "them")+")"+out.after, p.ink.faint)...)
	}
	p.WriteString(wrap("", 0, p.Width, counts))
	if text := fared(r); text != "" {
		p.WriteString(wrap("", 0, p.Width, prose(text, nil)))
	}
	p.WriteString(wrap("", 0, p.Width, compared(r)))
	p.WriteString(wrap("", 0, p.Width, prose(p.concluded(r), nil)))
}

// count is a number of findings, coloured when there are any.
func (p *page) count(n int, noun string, s Severity, after string) []word {
	if n == 0 {
		return []word{{"0 " + noun + "s" + after, nil}}
	}
	return []word{{plural(n, noun) + after, p.ink.of(s)}}
}

// compared says which schemas were looked at, and how far the data was asked:
// silence about the data must not look like its consent.
func compared(r *Report) []word {
	var words []word
	if r.Before != (Source{}) {
		words = append(words, word{Escape(r.Before.Source), nil}, word{"->", nil})
	}
	if r.After != (Source{}) {
		words = append(words, word{Escape(r.After.Source) + ":", nil})
	}
	asked := "the stored data was not asked"
	if d := r.Data; d.Asked {
		asked = "the stored data was asked"
		if !d.Complete {
			asked += ", but not completely"
		}
		asked += fmt.Sprintf(" (%s, %s)", d.Alpha, duration(d.Duration))
	}
	return append(words, prose(asked, nil)...)
}

// decided says what the findings mean for the exit code.
func decided(r *Report, failOn Severity) string {
	failing := r.Failing(failOn)
	switch {
	case failOn == Never:
		return "exit 0: --fail-on never"
	case failing == 0:
		return "exit 0: nothing at or above --fail-on " + string(failOn)
	}
	return "exit 1: " + plural(failing, "finding") + " at or above --fail-on " + string(failOn)
}

// About is what a finding is about, in one line: "User.phone -> User.tel", or
// "Admin (interface Person)".
func (f *Finding) About() string { return about(f) }

// about is what a finding is about, in one line.
func about(f *Finding) string {
	text := f.Coordinate
	if f.To != "" {
		text += " -> " + f.To
	}
	switch {
	case text == "":
		return f.Subject
	case f.Subject != "":
		return text + " (" + f.Subject + ")"
	}
	return text
}

// tags are the few things that a reader wants to know at once.
func tags(f *Finding) string {
	var tags []string
	if f.Known {
		tags = append(tags, "known")
	}
	if f.Confidence != "" {
		tags = append(tags, f.Confidence)
	}
	if !f.Reversible && f.Severity != Info {
		tags = append(tags, "one-way")
	}
	if len(tags) == 0 {
		return ""
	}
	return "[" + strings.Join(tags, ", ") + "]"
}

// told is what the stored data said, in words.
func told(e Evidence) string {
	if !e.Asked {
		if e.Reason == "" {
			return ""
		}
		return "not asked: " + e.Reason
	}
	var b strings.Builder
	switch {
	case e.Violations == 0 && !e.Complete:
		b.WriteString("asked in part: nothing affected so far")
	case e.Violations == 0 && e.Total == 0:
		b.WriteString("asked: nothing affected")
	case e.Violations == 0:
		b.WriteString("asked: none of " + thousands(e.Total) + nodes(e.Total) + " affected")
	default:
		b.WriteString(affected(e))
	}
	if e.Groups > 0 {
		b.WriteString(", in " + thousands(e.Groups) + pick(int(min(e.Groups, 2)), " group", " groups") + " of duplicates")
	}
	for _, r := range e.Remarks {
		b.WriteString("; " + r)
	}
	if len(e.Samples) > 0 {
		uids := each(e.Samples, func(s Sample) string {
			if len(s.Values) == 0 {
				return s.UID
			}
			return s.UID + " (" + strings.Join(s.Values, ", ") + ")"
		})
		b.WriteString("; for example " + strings.Join(uids, ", "))
	}
	if !e.Complete {
		b.WriteString("; not asked completely")
		if e.Reason != "" {
			b.WriteString(": " + e.Reason)
		}
	}
	return b.String()
}

// affected says how many nodes violate, where any do.
func affected(e Evidence) string {
	text := thousands(e.Violations)
	if e.Total > 0 {
		text += " of " + thousands(e.Total)
	}
	text += nodes(max(e.Violations, e.Total)) + " affected"
	if !e.Complete {
		return "at least " + text
	}
	return text
}

// used says how many of the operations use what a finding is about, and what follows.
func used(u *Usage, s Severity, of int) string {
	if u == nil {
		return ""
	}
	text := fmt.Sprintf("by none of the %d operations", of)
	switch {
	case of < 0:
		text = "by no operation"
	case of == 1:
		text = "not by the operation"
	case of == 0:
		text = "by no operation: there are none"
	}
	if u.Operations > 0 {
		text = fmt.Sprintf("by %d of %s, in %s", u.Operations, plural(of, "operation"), plural(u.Files, "file"))
		if of < 0 {
			text = fmt.Sprintf("by %s, in %s", plural(u.Operations, "operation"), plural(u.Files, "file"))
		}
	}
	if u.Sending > 0 {
		text += fmt.Sprintf("; %d can send it in a variable", u.Sending)
	}
	if u.Lowered != "" {
		text += fmt.Sprintf(": %s instead of %s", s, u.Lowered)
	}
	return text
}

// fared says what becomes of the operations; nothing where none were looked at.
func fared(r *Report) string {
	o := r.Operations
	if o == nil {
		return ""
	}
	text := fmt.Sprintf("%d of %s %s", o.Broken, plural(o.Total, "operation"), pick(o.Broken, "breaks", "break"))
	if o.Broken > 0 {
		text += ", in " + plural(o.BrokenFiles, "file")
		if names := brokenIn(r); len(names) > 0 {
			text += ": " + some(names, false)
		}
	}
	if o.Affected > 0 {
		text += fmt.Sprintf("; %d can answer or do otherwise", o.Affected)
	}
	if o.Invalid > 0 {
		text += fmt.Sprintf("; %d %s not valid before", o.Invalid, pick(o.Invalid, "was", "were"))
	}
	if o.Unread > 0 {
		text += fmt.Sprintf("; %s could not be read", plural(o.Unread, "place"))
	}
	return text
}

// brokenIn are the files with operations that break, as far as findings tell.
func brokenIn(r *Report) []string {
	var names []string
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Rule == "operation-broken" && f.Location.File != "" && !slices.Contains(names, f.Location.File) {
			names = append(names, f.Location.File)
		}
	}
	slices.Sort(names)
	return names
}

// place is a location as editors understand it.
func place(l Location) string {
	text := l.File
	if l.Ref != "" {
		text = "git:" + l.Ref + ":" + text
	}
	if l.Line > 0 {
		text += ":" + strconv.Itoa(l.Line)
		if l.Column > 0 {
			text += ":" + strconv.Itoa(l.Column)
		}
	}
	return text
}

// lastLine is the number of the last line of an excerpt, and 0 when there is
// nothing to draw.
func lastLine(l Location, lines []string) int {
	if l.Line < 1 || len(lines) == 0 {
		return 0
	}
	return l.Line + min(len(lines), maxExcerpt) - 1
}

func plural(n int, noun string) string { return strconv.Itoa(n) + " " + pick(n, noun, noun+"s") }

func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// nodes is the noun for a number of nodes.
func nodes(n uint64) string {
	if n == 1 {
		return " node"
	}
	return " nodes"
}

// thousands puts commas into a number that people read.
func thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
