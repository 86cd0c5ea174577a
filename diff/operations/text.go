package operations

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// literal is a text as a program or a manifest writes it: from the byte after its opening quote to the one before its
// closing one.
type literal struct {
	file       *sdl.File
	start, end int
	escapes    escapes
	// holes are what a template puts in, from ${ to }.
	holes []hole
}

// hole is an interpolation.
type hole struct {
	start, end int    // with its brackets
	expression string // within
}

// escapes are the rules for what a backslash means.
type escapes byte

const (
	plainText  escapes = iota // nothing
	scriptText                // JavaScript's, of which JSON's are a part
	goText                    // those of Go's interpreted strings
	rawText                   // nothing, but carriage returns are not in the text
)

// builder puts a document together.
type builder struct {
	text   strings.Builder
	pieces []piece
}

// as adds bytes that stand in the file as they are, from at on.
func (b *builder) as(text string, at int) { b.from(nil, text, at) }

// from adds bytes that stand in a file as they are; nil is the document's own.
func (b *builder) from(file *sdl.File, text string, at int) {
	if text == "" {
		return
	}
	start := b.text.Len()
	b.text.WriteString(text)
	if n := len(b.pieces); n > 0 && b.pieces[n-1].file == file && b.pieces[n-1].end == start && b.pieces[n-1].at+start-b.pieces[n-1].start == at {
		b.pieces[n-1].end += len(text)
		return
	}
	b.pieces = append(b.pieces, piece{start, start + len(text), at, file})
}

// put adds what a literal says that is in a file, of a program that puts it into a document of another or the same one.
func (b *builder) put(said *builder, file *sdl.File) {
	text, done := said.text.String(), 0
	for _, p := range said.pieces {
		b.text.WriteString(text[done:p.start])
		in := p.file
		if in == nil {
			in = file
		}
		b.from(in, text[p.start:p.end], p.at)
		done = p.end
	}
	b.text.WriteString(text[done:])
}

// add adds what a part of a literal says.
func (b *builder) add(l literal, start, end int) {
	text := l.file.Text
	if l.escapes == plainText {
		b.as(text[start:end], start)
		return
	}
	for start < end {
		stop := strings.IndexAny(text[start:end], map[bool]string{false: `\`, true: "\r"}[l.escapes == rawText])
		if stop < 0 {
			b.as(text[start:end], start)
			return
		}
		b.as(text[start:start+stop], start)
		start += stop
		if l.escapes == rawText {
			start++
			continue
		}
		said, size := unescape(text[start:end], l.escapes)
		b.text.WriteString(said)
		start += size
	}
}

// unescape is what the escape at the start of text says, and its size.
func unescape(text string, rules escapes) (string, int) {
	if len(text) < 2 {
		return "", len(text)
	}
	if rules == goText {
		if text[1] == '"' || text[1] == '\'' {
			return text[1:2], 2
		}
		r, multibyte, rest, err := strconv.UnquoteChar(text, '"')
		if err != nil {
			return "", 2
		}
		if r < utf8.RuneSelf || !multibyte {
			return string([]byte{byte(r)}), len(text) - len(rest)
		}
		return string(r), len(text) - len(rest)
	}
	switch c := text[1]; c {
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'v':
		return "\v", 2
	case '0':
		return "\x00", 2
	case '\n':
		return "", 2
	case '\r':
		if strings.HasPrefix(text[2:], "\n") {
			return "", 3
		}
		return "", 2
	case 'x':
		if n, ok := hexadecimal(text[2:min(4, len(text))], 2); ok {
			return string(n), 4
		}
		return "", 2
	case 'u':
		return unescapeUnicode(text)
	}
	_, size := utf8.DecodeRuneInString(text[1:])
	return text[1 : 1+size], 1 + size
}

func unescapeUnicode(text string) (string, int) {
	if strings.HasPrefix(text, `\u{`) {
		digits, _, ok := strings.Cut(text[3:min(len(text), 16)], "}")
		if n, fine := hexadecimal(digits, len(digits)); ok && fine {
			return string(n), len(`\u{`) + len(digits) + len("}")
		}
		return "", 2
	}
	r, ok := hexadecimal(text[2:min(6, len(text))], 4)
	if !ok {
		return "", 2
	}
	if utf16.IsSurrogate(r) && len(text) >= 12 && text[6:8] == `\u` {
		if low, ok := hexadecimal(text[8:12], 4); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return string(pair), 12
			}
		}
	}
	return string(r), 6
}

func hexadecimal(digits string, want int) (rune, bool) {
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != want || n > utf8.MaxRune {
		return 0, false
	}
	return rune(n), true
}

// document is a literal without holes.
func (l literal) document() *Document {
	var b builder
	b.add(l, l.start, l.end)
	return &Document{File: l.file, Text: b.text.String(), at: l.start, pieces: b.pieces}
}

// looksGraphQL reports whether a string that nothing marks as one can be a document of operations.
func looksGraphQL(text string) bool {
	at := skipIgnored(text, 0)
	if at == len(text) || !strings.Contains(text[at:], "{") {
		return false
	}
	end := tokenEnd(text, at)
	next := skipIgnored(text, end)
	if next == len(text) {
		return false
	}
	c := text[next]
	switch text[at:end] {
	case "{":
		return isNameByte(c) && (c < '0' || c > '9') || strings.HasPrefix(text[next:], "...")
	case Query, Mutation, Subscription:
		if isNameByte(c) {
			if next = skipIgnored(text, tokenEnd(text, next)); next == len(text) {
				return false
			}
			c = text[next]
		}
		return c == '{' || c == '(' || c == '@'
	case "fragment":
		return isNameByte(c)
	}
	return false
}
