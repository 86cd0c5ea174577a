package validity

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// olderSyntax is the text of a query without what Dgraph's parser, which is
// older than ours, reads and ours does not: empty parentheses, which become
// blanks. The error is about what ours reads and Dgraph's does not.
func olderSyntax(text string) (string, error) {
	source := []rune(text)
	l := lexer.New(&ast.Source{Input: text})
	var before [4]lexer.Token // the last tokens, the latest first
	depth, braces := 0, 0
	mayBeEmpty := false // the last token opens parentheses that may be empty
	empty := -1         // an opening one, of the last two tokens
	for {
		t, err := l.ReadToken()
		if err != nil || t.Kind == lexer.EOF || t.Pos.Start > len(source) {
			return string(source), nil // the parser tells what is wrong
		}
		if t.Kind == lexer.Comment {
			continue
		}
		// What follows must not become a part of what was before.
		if joins := t.Kind == lexer.Colon || t.Kind == lexer.ParenL || t.Kind == lexer.Name && braces == 0; empty >= 0 && !joins {
			source[empty], source[before[0].Pos.Start] = ' ', ' '
		}
		opened := mayBeEmpty
		mayBeEmpty, empty = false, -1
		switch t.Kind {
		case lexer.ParenL:
			mayBeEmpty = takesArguments(before, depth)
			depth++
		case lexer.ParenR:
			depth--
			if opened {
				empty = before[0].Pos.Start
			}
		case lexer.BraceL:
			braces++
		case lexer.BraceR:
			braces--
		case lexer.String:
			if bracedEscape(string(source[t.Pos.Start:min(t.Pos.End, len(source))])) {
				return "", errors.New(`escapes of the form \u{...} are not read by Dgraph`)
			}
		case lexer.BlockString:
			if longEnd(source[t.Pos.Start:]) {
				return "", errors.New("the block string ends at the first three quotes for Dgraph")
			}
		}
		before = [4]lexer.Token{t, before[0], before[1], before[2]}
	}
}

// takesArguments reports whether what is before may have arguments or
// variables: operations, fields and directives, but not types and fragments.
func takesArguments(before [4]lexer.Token, depth int) bool {
	word := func(n int, name string) bool { return before[n].Kind == lexer.Name && before[n].Value == name }
	switch {
	case before[0].Kind != lexer.Name:
		return false
	case before[1].Kind == lexer.At:
		return true
	case depth > 0 || before[1].Kind == lexer.Spread:
		return false
	}
	return !word(1, "on") || before[2].Kind != lexer.Spread && !word(3, "fragment")
}

// bracedEscape reports whether the literal has an escape like \u{61}.
func bracedEscape(literal string) bool {
	for i := 0; i+1 < len(literal); i++ {
		if literal[i] == '\\' {
			if strings.HasPrefix(literal[i:], `\u{`) {
				return true
			}
			i++
		}
	}
	return false
}

// longEnd reports whether the block string that text begins with closes with
// more than three quotes.
func longEnd(text []rune) bool {
	quotes := 0
	for i := len(`"""`); i < len(text); i++ {
		switch {
		case text[i] != '"':
			quotes = 0
		case quotes == 0 && text[i-1] == '\\' && i+2 < len(text) && text[i+1] == '"' && text[i+2] == '"':
			i += 2 // escaped
		default:
			quotes++
		}
		if quotes == 3 {
			return i+1 < len(text) && text[i+1] == '"'
		}
	}
	return false
}
