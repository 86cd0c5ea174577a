package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// cell is what one code point (or one stray byte) of a text looks like: what
// is printed for it, and the columns that it takes.
type cell struct {
	text  string
	width int
}

// maxMarks is how many combining marks may follow each other. Living scripts
// need fewer; piles of them paint over the lines above and below.
const maxMarks = 4

// Escape makes text safe to show to people: everything that steers a terminal
// (C0 and C1 controls, DEL, bidirectional overrides), that hides (zero-width
// and other invisible characters) or that a CI system would take for a command
// is shown as a visible escape such as \x1b or \u202e. Keys are left out, see
// Redact. All other printable text stays as it is.
func Escape(text string) string {
	var b strings.Builder
	for _, c := range cells(Redact(text)) {
		b.WriteString(c.text)
	}
	return b.String()
}

// cells splits text into its cells, one for each code point, so that a column
// of the source finds its place on the screen. Every cell is safe to print.
func cells(text string) []cell {
	out := make([]cell, 0, len(text))
	marks := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		mark := unicode.Is(unicode.M, r) || r >= 0x1160 && r <= 0x11ff // vowels and finals of Hangul syllables
		if mark {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			out = append(out, visible(fmt.Sprintf(`\x%02x`, text[i])))
		case r < utf8.RuneSelf && (r < ' ' || r == 0x7f):
			out = append(out, visible(control(r)))
		case commandAt(text, i):
			out = append(out, visible(fmt.Sprintf(`\x%02x`, r)))
		case !shown(r) || marks > maxMarks:
			out = append(out, visible(unicodeEscape(r)))
		default:
			out = append(out, cell{text[i : i+size], columns(r, mark)})
		}
		i += size
	}
	return out
}

func visible(escape string) cell { return cell{escape, len(escape)} }

// control names the three controls that everybody knows by their letter.
func control(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return fmt.Sprintf(`\x%02x`, r)
}

func unicodeEscape(r rune) string {
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// shown reports whether r leaves ink, or is the ordinary blank. The two
// variation selectors that choose between text and emoji are harmless.
func shown(r rune) bool {
	if r == 0xfe0e || r == 0xfe0f {
		return true
	}
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		r != 0x2800 // the empty braille cell
}

// columns is the number of columns of a printable character on a terminal.
func columns(r rune, mark bool) int {
	if mark && !unicode.Is(unicode.Mc, r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// commandAt reports whether a workflow command would begin at or before the
// byte at i, and i is the byte to break it at: "::name" at the start of a word
// (GitHub reads it at the start of a line, and lines are wrapped at words), and
// the second # of "##[name]" or "##vso[name]", which GitHub and Azure read
// anywhere in a line.
func commandAt(text string, i int) bool {
	switch text[i] {
	case ':':
		if !strings.HasPrefix(text[i:], "::") {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		return i == 0 || unicode.IsSpace(before)
	case '#':
		if i == 0 || text[i-1] != '#' {
			return false
		}
		name := strings.TrimLeft(text[i+1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
		return strings.HasPrefix(name, "[")
	}
	return false
}

// displayWidth is the number of columns that escaped text takes.
func displayWidth(text string) int {
	n := 0
	for _, c := range cells(text) {
		n += c.width
	}
	return n
}

// redacted stands where a key stood.
const redacted = "[redacted]"

// Redact hides the value in every line of text that is, or ends with, a comment
// in which Dgraph keeps a key: "# Dgraph.Authorization ..." and "# Dgraph.Secret
// ...". Dgraph looks for them line by line, also in descriptions. The word after
// "Dgraph." stays and the rest of the line becomes "[redacted]", but for the end
// of a description. Misspelt words are taken for the real ones, since what
// follows them is a key all the same; only "# Dgraph.Allow-Origin" has nothing to
// hide. Text without keys comes back byte for byte.
func Redact(text string) string {
	if !strings.Contains(text, "#") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		content := strings.TrimRight(line, "\r\n")
		b.WriteString(redactLine(content) + line[len(content):])
	}
	return b.String()
}

func redactLine(line string) string {
	for from := 0; ; {
		hash := strings.IndexByte(line[from:], '#')
		if hash < 0 {
			return line
		}
		from += hash + 1
		comment := strings.TrimLeftFunc(line[from:], unicode.IsSpace)
		const brand = "Dgraph."
		if len(comment) < len(brand) || !strings.EqualFold(comment[:len(brand)], brand) {
			continue
		}
		word := metaWord(comment[len(brand):])
		if strings.EqualFold(word, "Allow-Origin") {
			continue
		}
		kept := len(line) - len(comment) + len(brand) + len(word)
		const end = `"""`
		value, closed := strings.CutSuffix(line[kept:], end)
		switch {
		case strings.TrimSpace(value) == "":
			return line
		case closed:
			return line[:kept] + " " + redacted + end
		}
		return line[:kept] + " " + redacted
	}
}

// metaWord is the word at the start of text. A known word ends where it ends,
// whatever is glued to it.
func metaWord(text string) string {
	for _, known := range []string{"Authorization", "Secret", "Allow-Origin"} {
		if len(text) >= len(known) && strings.EqualFold(text[:len(known)], known) {
			return text[:len(known)]
		}
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-')
	})
	if end < 0 {
		return text
	}
	return text[:end]
}
