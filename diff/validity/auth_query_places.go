package validity

import (
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// ruleText finds what stands in a string of the schema in the schema's file.
type ruleText struct {
	v      *sdl.Value
	tokens map[tokenPlace]lexer.Token
}

// tokenPlace is what the lexer tells of a token. Its columns are off after strings,
// so they serve to know a token again and for nothing else.
type tokenPlace struct{ line, column int }

func newRuleText(v *sdl.Value) *ruleText { return &ruleText{v: v} }

// span is the token at p, or the whole string when that cannot be told.
func (s *ruleText) span(p *ast.Position) sdl.Span {
	if p == nil {
		return s.v.Span
	}
	if s.tokens == nil {
		s.tokens = map[tokenPlace]lexer.Token{}
		l := lexer.New(&ast.Source{Input: s.v.Raw})
		for {
			t, err := l.ReadToken()
			if err != nil || t.Kind == lexer.EOF {
				break
			}
			s.tokens[tokenPlace{t.Pos.Line, t.Pos.Column}] = t
		}
	}
	t, ok := s.tokens[tokenPlace{p.Line, p.Column}]
	if !ok {
		return s.v.Span
	}
	start, end := s.offset(t.Pos.Start), s.offset(t.Pos.End)
	if start < 0 || end <= start || int32(end) > s.v.Span.End-s.v.Span.Start {
		return s.v.Span
	}
	return sdl.Span{File: s.v.Span.File, Start: s.v.Span.Start + int32(start), End: s.v.Span.Start + int32(end)}
}

// offset is where the rune with that number stands in the literal, in bytes
// from its first quote; -1 when that cannot be told.
func (s *ruleText) offset(runes int) int {
	literal := s.v.Span.Text()
	if s.v.Kind == sdl.BlockValue {
		return blockOffset(literal, s.v.Raw, runes)
	}
	at := len(`"`)
	for ; runes > 0 && at < len(literal); runes-- {
		at += stringRune(literal[at:])
	}
	return at
}

// stringRune is the length of the rune that the text of a string begins with.
func stringRune(text string) int {
	switch {
	case text[0] != '\\':
		_, size := utf8.DecodeRuneInString(text)
		return size
	case !strings.HasPrefix(text, `\u`):
		return len(`\n`)
	case len(text) > 8 && text[6:8] == `\u` && (text[2] == 'd' || text[2] == 'D') && strings.ContainsRune("89abAB", rune(text[3])):
		return len(`\ud83d\ude00`)
	}
	return len(`\u0000`)
}

// blockOffset finds a rune of the value of a block string: its lines are those
// of the literal, without indentation and without empty ones at the ends.
func blockOffset(literal, value string, runes int) int {
	line, column := 0, 0
	for _, r := range value {
		if runes == 0 {
			break
		}
		runes--
		column++
		if r == '\n' {
			line, column = line+1, 0
		}
	}
	body := strings.TrimSuffix(strings.TrimPrefix(literal, `"""`), `"""`)
	at := len(`"""`)
	skipping := true // empty lines at the beginning
	for {
		end := strings.IndexAny(body, "\r\n")
		text := body
		if end >= 0 {
			text = body[:end]
		}
		if skipping = skipping && strings.Trim(text, " \t") == ""; !skipping {
			if line == 0 {
				return columnOffset(at, text, value, column)
			}
			line--
			if _, rest, ok := strings.Cut(value, "\n"); ok {
				value = rest
			}
		}
		if end < 0 {
			return -1
		}
		end++
		if strings.HasPrefix(body[end-1:], "\r\n") {
			end++
		}
		at, body = at+end, body[end:]
	}
}

// columnOffset finds a column of the first line of value in the text of the
// line, which stands at the offset at.
func columnOffset(at int, text, value string, column int) int {
	value, _, _ = strings.Cut(value, "\n")
	if !strings.HasSuffix(text, value) {
		return -1 // there are escaped quotes in it
	}
	at += len(text) - len(value)
	for range column {
		_, size := utf8.DecodeRuneInString(value)
		at, value = at+size, value[size:]
	}
	return at
}
