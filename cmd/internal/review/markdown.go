package review

import (
	"strings"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// suggested is the block that GitHub puts into the file at a click. Its lines are taken as they are, so that nothing in
// them is escaped: they have nothing to escape (see shown).
func suggested(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	fence := report.MarkdownFenceMark(b.String())
	return fence + "suggestion\n" + b.String() + fence + "\n"
}

// shown reports whether people see a line of source as it is: nothing in it is invisible, steers anything or is a key.
func shown(line string) bool {
	if report.Redact(line) != line {
		return false
	}
	for part := range strings.SplitSeq(line, "\t") {
		if report.Escape(part) != part {
			return false
		}
	}
	return true
}

// short cuts a text of a report that goes on for too long.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + " ..."
}
