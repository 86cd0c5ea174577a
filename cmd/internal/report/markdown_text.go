package report

import (
	"html"
	"strings"
	"unicode/utf8"
)

// Text from schemas, data and servers becomes Markdown in three ways: prose,
// code in a line, and fenced lines. In prose, everything but plain words goes
// into code, where neither Markdown nor what GitHub does after it (mentions,
// references, links, emoji, formulas) finds anything to act on: backslashes
// would stop the one and not the other.

// markdownProse is text as Markdown within a line.
func markdownProse(text string) string { return dressed(text, codeSpan) }

// markdownFact is what is told of a finding as Markdown, of at most so many code
// points. What stands for itself, such as a command to copy, is code as a whole.
func markdownFact(x fact, most int) string {
	text := short(Escape(x.text), most)
	switch x.label {
	case "was", "asked", "accept":
		return codeSpan(text)
	}
	return markdownProse(text)
}

// htmlProse is text as HTML, for the inside of an HTML block, which Markdown
// leaves alone.
func htmlProse(text string) string { return dressed(text, htmlCode) }

// htmlCode is escaped text as code in HTML.
func htmlCode(escaped string) string {
	if escaped == "" {
		return ""
	}
	return "<code>" + html.EscapeString(escaped) + "</code>"
}

// codeSpan is escaped text as code in Markdown.
func codeSpan(escaped string) string {
	escaped = noComment(escaped)
	if escaped == "" {
		return ""
	}
	longest := longestRun(escaped)
	if longest == 0 && strings.TrimSpace(escaped) == escaped {
		return "`" + escaped + "`"
	}
	fence := strings.Repeat("`", longest+1)
	return fence + " " + escaped + " " + fence
}

// fenced is a block of lines as they are.
func fenced(language, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for _, c := range expandTabs(cells(Redact(strings.TrimRight(line, "\r\n")))) {
			b.WriteString(c.text)
		}
		b.WriteByte('\n')
	}
	body := noComment(b.String())
	fence := MarkdownFenceMark(body)
	return fence + language + "\n" + body + fence + "\n"
}

// noComment breaks the begin of an HTML comment: comments on GitHub are found
// again by one.
func noComment(escaped string) string { return strings.ReplaceAll(escaped, "<!--", `<\x21--`) }

// longestRun is how many backticks follow each other at most.
func longestRun(text string) int {
	longest, run := 0, 0
	for i := range len(text) {
		if text[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// dressed leaves plain words as they are, and dresses what lies between as
// code.
func dressed(text string, code func(string) string) string {
	words := strings.Fields(Escape(text))
	var b strings.Builder
	for i := 0; i < len(words); {
		if i > 0 {
			b.WriteByte(' ')
		}
		if plain(words[i]) {
			b.WriteString(words[i])
			i++
			continue
		}
		next := codeEnd(words, i)
		before, inner, after := punctuation(strings.Join(words[i:next], " "))
		b.WriteString(before + code(inner) + after)
		i = next
	}
	return b.String()
}

// codeEnd is where the code that begins with the word at i ends: behind the
// word that closes its brackets and quotes, and the code words after that one.
func codeEnd(words []string, i int) int {
	const reach = 40 // words; brackets that are open longer are no brackets
	end := i
	for {
		depth, quotes, closed := 0, 0, end
		for k := end; k < min(len(words), end+reach); k++ {
			word := words[k]
			if k == i {
				word = strings.TrimLeft(word, "(")
			}
			for _, c := range []byte(word) {
				switch c {
				case '(', '[', '{':
					depth++
				case ')', ']', '}':
					depth--
				case '"':
					quotes++
				}
			}
			if depth <= 0 && quotes%2 == 0 {
				closed = k
				break
			}
		}
		end = closed + 1
		if end == len(words) || plain(words[end]) || strings.HasPrefix(words[end], "(") || strings.ContainsAny(words[end-1][len(words[end-1])-1:], ",;:.") {
			return end
		}
	}
}

// punctuation takes from code what belongs to the sentence around it.
func punctuation(text string) (before, code, after string) {
	for len(text) > 1 {
		last := text[len(text)-1]
		surplus := last == ')' && strings.Count(text, ")") > strings.Count(text, "(")
		if !surplus && (!strings.ContainsRune(",;:.", rune(last)) || after != "" && after[0] != ')') {
			break
		}
		text, after = text[:len(text)-1], string(last)+after
	}
	if strings.HasPrefix(text, "(") && len(text) > 1 && strings.Count(text, "(") > strings.Count(text, ")") {
		before, text = "(", text[1:]
	}
	return before, text, after
}

// plain reports whether an escaped word means nothing to Markdown and GitHub,
// wherever it stands: letters, with hyphens and apostrophes in them, or a
// number, in brackets or before punctuation. What looks like the start of a
// list, a commit or a reference such as GH-1 is not plain.
func plain(word string) bool {
	core := strings.TrimPrefix(word, "(")
	if n := len(core); n > 0 && strings.IndexByte(",;:.!?", core[n-1]) >= 0 {
		core = core[:n-1]
	}
	core = strings.TrimSuffix(core, ")")
	letters, digits, run := 0, 0, 0
	for i, r := range core {
		if '0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' {
			if run++; run == 7 { // the shortest name of a commit
				return false
			}
		} else {
			run = 0
		}
		switch {
		case '0' <= r && r <= '9':
			digits++
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf:
			letters++
		case r == '-' || r == '\'':
			if i == 0 || i == len(core)-1 || core[i+1] == '-' {
				return false
			}
		case r == ',':
			if letters > 0 {
				return false
			}
		default:
			return false
		}
	}
	if letters == 0 {
		return digits > 0 && !strings.ContainsAny(core, "-'") && !strings.ContainsAny(word[len(word)-1:], ".)!?")
	}
	return digits == 0
}
