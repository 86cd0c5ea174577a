package report

import (
	"io"
	"strings"
)

// Repair is a finding and the way out that is taken.
type Repair struct {
	Finding *Finding
	Chosen  string // the ID of one of the finding's fixes, or empty
	// Note says what came of it, or why nothing is done; empty where the
	// choice says everything.
	Note string
}

// Repairs is what a run of fix does, or would do.
type Repairs struct {
	List []Repair
	// Diff is the unified diff of all edits together.
	Diff string
	// Conclusion are the closing sentences, one a line.
	Conclusion []string
}

// fix is the one that is chosen, nil for none.
func (r Repair) fix() *Fix {
	for i := range r.Finding.Fixes {
		if x := &r.Finding.Fixes[i]; x.ID == r.Chosen && r.Chosen != "" {
			return x
		}
	}
	return nil
}

// writeRepairs writes for people what is done about each finding, the edits,
// and what that comes to. The report has the findings that are left.
func writeRepairs(w io.Writer, left *Report, opt Options) error {
	r := left.Repairs
	if opt.Width == 0 {
		opt.Width = maxWidth
	}
	opt.Width = min(max(opt.Width, minWidth), maxWidth)
	if opt.FailOn == "" {
		opt.FailOn = Error
	}
	p := page{Options: opt, ink: newPalette(opt.Color)}
	for _, one := range r.List {
		if opt.Quiet {
			p.repairLine(one)
		} else {
			p.repair(one)
		}
	}
	if !opt.Quiet {
		p.edits(r.Diff)
		for _, sentence := range r.Conclusion {
			p.WriteString(wrap("", 0, p.Width, prose(sentence, nil)))
		}
		p.WriteByte('\n')
		p.notes(left.Notes)
		p.Verbose = true // what is known or suppressed is left alone, and -v would show no more of it
		p.summary(left, 0)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// repairLine is the whole of a repair in quiet mode.
func (p *page) repairLine(r Repair) {
	f, what := r.Finding, r.Note
	if fix := r.fix(); fix != nil {
		what = fix.ID + ": " + fix.Title
	}
	p.WriteString(Escape(place(f.Location)+": ") + paint(p.ink.of(f.Severity), string(f.Severity)) + " " +
		Escape(f.Rule+" "+about(f)+": "+what) + "\n")
}

func (p *page) repair(r Repair) {
	f := r.Finding
	head := prose(string(f.Severity)+"["+f.Rule+"]", p.ink.of(f.Severity))
	head = append(head, prose(about(f), p.ink.strong)...)
	head = append(head, prose(tags(f), p.ink.faint)...)
	p.WriteString(wrap("", 0, p.Width, head))
	p.place("at", f.Location, "")
	p.labelled("change", prose(f.Message, nil))
	for _, chosen := range []bool{true, false} {
		for _, fix := range f.Fixes {
			if (fix.ID == r.Chosen) != chosen {
				continue
			}
			label, ink := "or", p.ink.faint
			if chosen {
				label, ink = "fix", p.ink.strong
			}
			words := prose(fix.Title, ink)
			words = append(words, prose("("+fix.ID+", "+fix.Kind+",", p.ink.faint)...)
			words = append(words, prose(fix.Risk+")", p.ink.risk(fix.Risk))...)
			p.labelled(label, words)
			if p.Verbose {
				p.diff(fix.Diff)
			}
		}
	}
	p.labelled("note", prose(r.Note, p.ink.warn))
	p.WriteByte('\n')
}

// edits shows all edits together, a line for each of their lines.
func (p *page) edits(patch string) {
	if patch == "" {
		return
	}
	const widest = 1 << 10
	for line := range strings.Lines(patch) {
		line = Redact(strings.TrimRight(line, "\r\n"))
		source, _, _ := clip(line, 1, 2, widest)
		ink := p.ink.faint
		switch {
		case strings.HasPrefix(line, "+"):
			ink = p.ink.good
		case strings.HasPrefix(line, "-"):
			ink = p.ink.fail
		}
		p.WriteString(paint(ink, source) + "\n")
	}
	p.WriteByte('\n')
}
