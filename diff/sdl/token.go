package sdl

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// token is a lexer token with its place in bytes. The lexer's own positions
// count runes, its columns are off after strings and block strings, and the
// end of a block string that closes with more than three quotes is wrong: so
// the places are found again from the bytes, which costs one look at each.
type token struct {
	kind       lexer.Type
	value      string
	start, end int32
}

// scanner hands out the tokens of a file, without its comments.
type scanner struct {
	file     *File
	lexer    lexer.Lexer
	at       int // byte offset after the last token
	comments []Comment
}

func newScanner(f *File) *scanner {
	return &scanner{file: f, lexer: lexer.New(&ast.Source{Name: f.Name, Input: f.Text})}
}

// next is the next token that is no comment, lexer.EOF at the end.
func (s *scanner) next() (token, error) {
	for {
		start := skipIgnored(s.file.Text, s.at)
		t, err := s.lexer.ReadToken()
		if err != nil {
			return token{}, s.failure(err, start)
		}
		end := start + tokenLength(t.Kind, t.Value, s.file.Text[start:])
		s.at = end
		tok := token{t.Kind, t.Value, int32(start), int32(end)}
		switch t.Kind {
		case lexer.Comment:
			s.comments = append(s.comments, Comment{t.Value, Span{s.file, tok.start, tok.end}})
			continue
		case lexer.String, lexer.BlockString:
			if message := olderLexerRefuses(t.Kind, s.file.Text[start:end]); message != "" {
				return token{}, &Error{Span{s.file, tok.start, tok.end}, message}
			}
		}
		return tok, nil
	}
}

// failure turns a lexer error into ours. The lexer knows the place only as a
// line and a column that counts runes; the offending token starts at start,
// which is what a person needs to see.
func (s *scanner) failure(err error, start int) error {
	message := err.Error()
	var g *gqlerror.Error
	if errors.As(err, &g) {
		message = g.Message
	}
	end := min(start+1, len(s.file.Text))
	return &Error{Span{s.file, int32(start), int32(end)}, message}
}

// skipIgnored is the offset of the next byte that is not white space, a comma
// or a byte order mark.
func skipIgnored(text string, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', ',', '\n', '\r':
			at++
		case 0xef:
			if !strings.HasPrefix(text[at:], "\ufeff") {
				return at
			}
			at += len("\ufeff")
		default:
			return at
		}
	}
	return at
}

// tokenLength is the number of bytes of the token that text begins with.
func tokenLength(kind lexer.Type, value, text string) int {
	switch kind {
	case lexer.EOF:
		return 0
	case lexer.Name, lexer.Int, lexer.Float, lexer.Comment:
		return len(value)
	case lexer.Spread:
		return len("...")
	case lexer.String:
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(text)
	case lexer.BlockString:
		for i := 3; i < len(text); i++ {
			switch {
			case strings.HasPrefix(text[i:], `\"""`):
				i += 3
			case strings.HasPrefix(text[i:], `"""`):
				for i += 3; i < len(text) && text[i] == '"'; i++ {
				}
				return i
			}
		}
		return len(text)
	}
	return 1
}

// olderLexerRefuses says why Dgraph, whose fork of the lexer is older, does
// not read a string that ours does; empty when it does.
func olderLexerRefuses(kind lexer.Type, raw string) string {
	if kind == lexer.String {
		for i := 0; i+1 < len(raw); i++ {
			if raw[i] != '\\' {
				continue
			}
			if strings.HasPrefix(raw[i:], `\u{`) {
				return `Dgraph does not read escapes of the form \u{...}: write \uXXXX or the character itself`
			}
			i++
		}
		return ""
	}
	if strings.HasSuffix(raw, `""""`) && len(raw) > len(`""""""`) {
		return `Dgraph ends a block string at the first three quotes: put a blank or a line break before them`
	}
	return ""
}
