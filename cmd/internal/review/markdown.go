package review

import (
	"strings"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// prose is text of a report as Markdown that shows it as it is: what is no plain word stands in a code span, where GitHub
// knows no markup, no mentions ("@id" is somebody), no references, no links and no HTML.
func prose(text string) string {
	var out []string
	var literal []string
	flush := func() {
		if len(literal) > 0 {
			out = append(out, code(strings.Join(literal, " ")))
			literal = nil
		}
	}
	for _, word := range strings.Fields(report.Escape(text)) {
		head, core, tail := punctuated(word)
		if plain(core) && !(len(out) == 0 && strings.ContainsAny(core, "0123456789")) { // "1." would begin a list
			flush()
			out = append(out, word)
			continue
		}
		if head != "" {
			flush()
		}
		literal = append(literal, core)
		if head == "" && tail == "" {
			continue
		}
		span := code(strings.Join(literal, " "))
		literal = nil
		out = append(out, head+span+tail)
	}
	flush()
	return strings.Join(out, " ")
}

// punctuated splits a word into what opens it, the word itself, and what closes it. Only marks that mean nothing to
// Markdown are split off.
func punctuated(word string) (head, core, tail string) {
	core = strings.TrimLeft(word, `("`)
	head = word[:len(word)-len(core)]
	trimmed := strings.TrimRight(core, `.,:;?)"`)
	return head, trimmed, core[len(trimmed):]
}

// plain reports whether a word is one of letters, or a number.
func plain(word string) bool {
	if word == "" {
		return true
	}
	letters, digits := 0, 0
	for i, r := range word {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			letters++
		case r >= '0' && r <= '9':
			digits++
		case r == '\'' || r == '-' || r == ',' || r == '.':
			if i == 0 || (r == '.' || r == ',') && letters > 0 || (r == '-' || r == '\'') && digits > 0 {
				return false
			}
		default:
			return false
		}
	}
	return letters == 0 || digits == 0
}

// code is text as a code span. It is escaped already, and has no line ends.
func code(text string) string {
	fence := strings.Repeat("`", longest(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.TrimSpace(text) == "" {
		text = " " + text + " "
	}
	return fence + text + fence
}

// span is text of a report as a code span.
func span(text string) string { return code(report.Escape(text)) }

// fenced is lines as a code block of a language. The lines are safe to show.
func fenced(language string, lines []string) string {
	n := 2
	for _, l := range lines {
		n = max(n, longest(l))
	}
	fence := strings.Repeat("`", n+1)
	var b strings.Builder
	b.WriteString(fence + language + "\n")
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	b.WriteString(fence)
	return b.String()
}

// longest is the length of the longest run of backticks.
func longest(text string) int {
	most, n := 0, 0
	for i := range len(text) {
		if text[i] != '`' {
			n = 0
			continue
		}
		n++
		most = max(most, n)
	}
	return most
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

// shown is a line of source as code blocks show it, and whether it is that line still: what is invisible in it, or a key,
// is not shown as it is.
func shown(line string) (string, bool) {
	const tab = "\t"
	parts := strings.Split(report.Redact(line), tab)
	for i, p := range parts {
		parts[i] = report.Escape(p)
	}
	out := strings.Join(parts, tab)
	return out, out == line
}
