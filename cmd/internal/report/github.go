package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// maxAnnotations is how many annotations of one level GitHub shows for a
	// step.
	maxAnnotations = 10
	// maxAnnotated and maxTitle are code points: longer texts are cut by GitHub
	// without a word.
	maxAnnotated, maxTitle = 4000, 200
)

// writeGitHub writes a workflow command for each finding, the gravest first,
// since GitHub shows the first ones of each level only, and closes with lines
// that are no commands.
func writeGitHub(w io.Writer, r *Report, opt Options) error {
	r = r.Rooted(opt.Folder)
	var b strings.Builder
	issued := map[string]int{}
	issue := func(level string, at Location, title, message string) {
		issued[level]++
		b.WriteString("::" + level + " ")
		if file := Escape(at.File); inTree(at) && file == at.File { // no annotation finds a name with escapes
			b.WriteString("file=" + commandProperty.Replace(file) + ",")
			if at.Line > 0 {
				fmt.Fprintf(&b, "line=%d,endLine=%d,", at.Line, untilLine(at))
			}
			if at.Line > 0 && at.Column > 0 && untilLine(at) == at.Line {
				fmt.Fprintf(&b, "col=%d,", at.Column)
			}
		}
		b.WriteString("title=" + commandProperty.Replace(short(title, maxTitle)) + "::" + commandData.Replace(short(message, maxAnnotated)) + "\n")
	}
	shown := worst(r.shown(opt.additions()))
	if opt.Verbose {
		shown = append(shown, worst(r.known())...)
	}
	for _, f := range shown {
		message := Escape(essence(f))
		if !opt.Quiet {
			message = account(f, r, opt.Verbose)
		}
		if !inTree(f.Location) && f.Location.File != "" {
			message += "\nat: " + Escape(place(f.Location))
		}
		issue(levelOf(f), f.Location, heading(f), message)
	}
	for _, n := range r.Notes {
		switch n.Kind {
		case "not-checked":
			issue("notice", n.Location, "not checked", Escape(n.Message))
		case "warning":
			issue("notice", n.Location, "warning about this run", Escape(n.Message))
		}
	}
	hidden := 0
	for _, n := range issued {
		hidden += max(n-maxAnnotations, 0)
	}
	b.WriteString("schemacheck: " + tally(r.Summary))
	if hidden > 0 {
		b.WriteString("; GitHub shows " + strconv.Itoa(maxAnnotations) + " annotations of each level, the other " +
			strconv.Itoa(hidden) + " " + pick(hidden, "is", "are") + " in this log only")
	}
	if text := fared(r); text != "" {
		b.WriteString("\n" + Escape(text))
	}
	b.WriteString("\n" + Escape(opt.concluded(r)) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// levelOf is what GitHub calls the severity of a finding. What is known is not
// to stand out.
func levelOf(f *Finding) string {
	if f.Known || f.Severity == Info {
		return "notice"
	}
	return string(f.Severity)
}

// commandData and commandProperty escape the message and the properties of a workflow
// command, as the runner reads them.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
