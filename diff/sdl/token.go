package sdl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// kind is the kind of a token: its own byte for punctuation, and one of these
// for the others.
type kind byte

const (
	endOfFile kind = iota
	nameToken
	intToken
	floatToken
	stringToken
	blockToken
	spread
)

// String is what messages call the token.
func (k kind) String() string {
	switch k {
	case endOfFile:
		return "the end of the file"
	case nameToken:
		return "a name"
	case intToken, floatToken:
		return "a number"
	case stringToken, blockToken:
		return "a string"
	case spread:
		return `"..."`
	}
	return fmt.Sprintf("%q", string(rune(k)))
}

// token is the smallest meaningful piece of a text.
type token struct {
	kind kind
	// value is the text of a name or a number, what a string says, and empty
	// for the others.
	value      string
	start, end int32 // byte offsets
}

// scanner cuts a file into tokens, without its comments.
//
// gqlparser's lexer would do for most files, but it counts in runes, loses its
// column after strings, and reads some strings otherwise than Dgraph, whose
// lexer is older: \u{...}, pairs of surrogates, more than three closing quotes.
type scanner struct {
	file     *File
	at       int // byte offset after the last token
	comments []Comment
}

// next is the next token that is no comment, endOfFile at the end.
func (s *scanner) next() (token, error) {
	s.skipIgnored()
	text, start := s.file.Text, s.at
	if start == len(text) {
		return token{endOfFile, "", int32(start), int32(start)}, nil
	}
	switch c := text[start]; {
	case isLetter(c):
		for s.at++; s.at < len(text) && (isLetter(text[s.at]) || isDigit(text[s.at])); s.at++ {
		}
		return token{nameToken, text[start:s.at], int32(start), int32(s.at)}, nil
	case isPunctuation(c):
		s.at++
		return token{kind(c), "", int32(start), int32(s.at)}, nil
	case isDigit(c) || c == '-':
		return s.number()
	case strings.HasPrefix(text[start:], `"""`):
		return s.block()
	case c == '"':
		return s.string()
	case strings.HasPrefix(text[start:], "..."):
		s.at += len("...")
		return token{spread, "", int32(start), int32(s.at)}, nil
	}
	return token{}, s.unexpected(start)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func isPunctuation(c byte) bool {
	switch c {
	case '!', '$', '&', '(', ')', ':', '=', '@', '[', ']', '{', '|', '}':
		return true
	}
	return false
}

// skipIgnored passes white space, commas, byte order marks and comments.
func (s *scanner) skipIgnored() {
	text := s.file.Text
	for s.at < len(text) {
		switch text[s.at] {
		case ' ', '\t', ',', '\n', '\r':
			s.at++
		case '#':
			start := s.at
			for s.at++; s.at < len(text) && (text[s.at] >= ' ' || text[s.at] == '\t'); s.at++ {
			}
			s.comments = append(s.comments, Comment{text[start:s.at], s.span(start, s.at)})
		case mark[0]:
			if !strings.HasPrefix(text[s.at:], mark) {
				return
			}
			s.at += len(mark)
		default:
			return
		}
	}
}

func (s *scanner) span(start, end int) Span { return Span{s.file, int32(start), int32(end)} }

func (s *scanner) failf(start, end int, format string, args ...any) error {
	return &Error{s.span(start, min(end, len(s.file.Text))), fmt.Sprintf(format, args...)}
}

// unexpected is the error for a character that begins no token.
func (s *scanner) unexpected(at int) error {
	r, size := utf8.DecodeRuneInString(s.file.Text[at:])
	switch r {
	case '\'', '‘', '’', '“', '”', '„', '`':
		return s.failf(at, at+size, "unexpected character %+q: strings stand in double quotes (\")", r)
	}
	return s.failf(at, at+size, "unexpected character %+q", r)
}

// number reads an integer or a decimal. What follows it begins another token,
// even a letter: Dgraph reads 1a as 1 and a.
func (s *scanner) number() (token, error) {
	text, start := s.file.Text, s.at
	digits := func() bool {
		from := s.at
		for s.at < len(text) && isDigit(text[s.at]) {
			s.at++
		}
		return s.at > from
	}
	incomplete := func() (token, error) {
		return token{}, s.failf(start, s.at, "the number %s is incomplete: expected a digit after it", clip(text[start:s.at]))
	}
	accept := func(bytes string) bool {
		if s.at == len(text) || strings.IndexByte(bytes, text[s.at]) < 0 {
			return false
		}
		s.at++
		return true
	}
	accept("-")
	if accept("0") {
		if digits() {
			return token{}, s.failf(start, s.at, "a number cannot begin with 0: %s", clip(text[start:s.at]))
		}
	} else if !digits() {
		return incomplete()
	}
	found := intToken
	if accept(".") {
		found = floatToken
		if !digits() {
			return incomplete()
		}
	}
	if accept("eE") {
		found = floatToken
		accept("+-")
		if !digits() {
			return incomplete()
		}
	}
	return token{found, text[start:s.at], int32(start), int32(s.at)}, nil
}

// string reads a string on one line.
func (s *scanner) string() (token, error) {
	text, start := s.file.Text, s.at
	var value []byte  // what is said up to from, once there was an escape
	from := start + 1 // what follows the last escape
	for at := from; at < len(text); {
		switch c := text[at]; {
		case c == '"':
			s.at = at + 1
			said := text[from:at]
			if value != nil {
				said = string(append(value, said...))
			}
			return token{stringToken, said, int32(start), int32(s.at)}, nil
		case c == '\n' || c == '\r':
			return token{}, s.failf(start, at, "the string does not end on its line")
		case c < ' ' && c != '\t':
			return token{}, s.failf(at, at+1, "the character %+q cannot stand in a string", c)
		case c == '\\':
			r, size := escape(text[at+1:])
			if size == 0 {
				_, size = utf8.DecodeRuneInString(text[at+1:])
				return token{}, s.failf(at, at+1+size, `Dgraph knows no such escape: only \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits`)
			}
			value = utf8.AppendRune(append(value, text[from:at]...), r)
			at += 1 + size
			from = at
		default:
			at++
		}
	}
	return token{}, s.failf(start, len(text), "the string does not end")
}

// escape reads what follows a backslash; size is 0 when Dgraph knows no such
// escape. Half a pair of surrogates is the replacement character, as in Dgraph.
func escape(text string) (r rune, size int) {
	if text == "" {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, text[0]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 1
	}
	if text[0] != 'u' || len(text) < len("uXXXX") {
		return 0, 0
	}
	for _, c := range []byte(text[1:5]) {
		i := strings.IndexByte("0123456789abcdef", c|0x20)
		if i < 0 || c < '0' {
			return 0, 0
		}
		r = r<<4 | rune(i)
	}
	return r, 5
}

// block reads a block string. It ends at the first three quotes.
func (s *scanner) block() (token, error) {
	const quotes, escaped = `"""`, `\"""`
	text, start := s.file.Text, s.at
	plain := true
	for at := start + len(quotes); at < len(text); at++ {
		switch c := text[at]; {
		case c == '"' && strings.HasPrefix(text[at:], quotes):
			s.at = at + len(quotes)
			said := text[start+len(quotes) : at]
			if !plain {
				said = strings.NewReplacer(escaped, quotes, "\r\n", "\n", "\r", "\n").Replace(said)
			}
			return token{blockToken, dedent(said), int32(start), int32(s.at)}, nil
		case c == '\\' && strings.HasPrefix(text[at:], escaped):
			plain = false
			at += len(escaped) - 1
		case c == '\r':
			plain = false
		case c < ' ' && c != '\t' && c != '\n':
			return token{}, s.failf(at, at+1, "the character %+q cannot stand in a string", c)
		}
	}
	return token{}, s.failf(start, start+len(quotes), "the block string does not end")
}

// dedent is what a block string says: without the blank lines around it and
// the indentation that its lines share. As in Dgraph, the first line counts.
func dedent(text string) string {
	const blank = " \t"
	if !strings.Contains(text, "\n") {
		if strings.Trim(text, blank) == "" {
			return ""
		}
		return text
	}
	lines := strings.Split(text, "\n")
	shared := len(text)
	for _, line := range lines {
		if rest := strings.TrimLeft(line, blank); rest != "" {
			shared = min(shared, len(line)-len(rest))
		}
	}
	for i, line := range lines[1:] {
		lines[i+1] = line[min(shared, len(line)):]
	}
	for len(lines) > 0 && strings.Trim(lines[0], blank) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.Trim(lines[len(lines)-1], blank) == "" {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}
