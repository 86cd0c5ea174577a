package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxTokens and maxDepth bound what the YAML parser is given: it recurses,
	// and its time grows with the square of some of them.
	maxTokens = 20_000
	maxDepth  = 32
	// maxValues bounds how often values are read, aliases followed.
	maxValues = 10_000
)

// reader turns YAML nodes into values and collects every problem on the way.
type reader struct {
	file    string
	problem Errors
	anchors map[string]ast.Node
	values  int // read so far
	depth   int // of nested aliases and values
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    *token.Token
	value ast.Node
}

func (r *reader) fail(at *token.Token, format string, args ...any) {
	e := &Error{File: r.file, Message: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		e.Line, e.Column = at.Position.Line, at.Position.Column
	}
	r.problem = append(r.problem, e)
}

// document parses text and returns its top value, nil for an empty file.
func (r *reader) document(text string) (top ast.Node) {
	tokens := lexer.Tokenize(text)
	if !r.bounded(tokens) {
		return nil
	}
	// The parser is not ours and the text is anybody's.
	defer func() {
		if recover() != nil {
			r.fail(nil, "not valid YAML")
			top = nil
		}
	}()
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		message, at := "", (*token.Token)(nil)
		if e := yaml.Error(nil); errors.As(err, &e) {
			message, at = ": "+printable(e.GetMessage()), e.GetToken()
		}
		r.fail(at, "not valid YAML%s", message)
		return nil
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if top != nil {
			r.fail(place(doc.Body), "a second YAML document; the configuration is a single one")
			return nil
		}
		top = doc.Body
	}
	return top
}

// bounded refuses what would make the parser recurse too deeply.
func (r *reader) bounded(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		r.fail(nil, "too long: more than %d words and signs", maxTokens)
		return false
	}
	flow, run, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			run, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType, token.AliasType:
			run++
		}
		// The lexer's own count of levels goes wrong after block literals.
		if flow+t.Position.IndentNum/2 > maxDepth || run > maxDepth && flow == 0 {
			r.fail(t, "nested more than %d levels deep", maxDepth)
			return false
		}
	}
	return true
}

// enter follows anchors and aliases to the value itself, and calls read with
// it. A missing value (null) reads as not set: read is not called.
func (r *reader) enter(n ast.Node, read func(ast.Node)) {
	r.values++
	r.depth++
	defer func() { r.depth-- }()
	switch {
	case r.values == maxValues+1:
		r.fail(place(n), "too many values, aliases followed: more than %d", maxValues)
		return
	case r.values > maxValues:
		return
	case r.depth > maxDepth:
		r.fail(place(n), "nested more than %d levels deep, aliases followed", maxDepth)
		return
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		if n.Value == nil {
			return
		}
		r.anchors[n.Name.GetToken().Value] = n.Value
		r.enter(n.Value, read)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		value, ok := r.anchors[name]
		if !ok {
			r.fail(place(n), "alias of %s, which no anchor before it defines", quoted(name))
			return
		}
		r.enter(value, read)
	case *ast.TagNode:
		r.fail(place(n), "tags such as %s are not supported; put text into quotes instead", quoted(n.Start.Value))
	case *ast.NullNode:
	default:
		read(n)
	}
}

// mapping reads the entries of a mapping. What names the value in messages.
func (r *reader) mapping(n ast.Node, what string, each func(entry)) {
	r.enter(n, func(n ast.Node) {
		m, ok := n.(*ast.MappingNode)
		if !ok {
			r.fail(place(n), "%s is %s, but keys with values are needed here", what, kind(n))
			return
		}
		seen := make(map[string]*token.Token, len(m.Values))
		for _, v := range m.Values {
			at := v.Key.GetToken()
			switch v.Key.(type) {
			case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
			case *ast.MergeKeyNode:
				r.fail(at, "merge keys (<<) are not supported; write the keys out")
				continue
			default:
				r.fail(at, "a key of %s has to be plain text", what)
				continue
			}
			if first := seen[at.Value]; first != nil {
				r.fail(at, "%s stands twice in %s, first in line %d", quoted(at.Value), what, first.Position.Line)
				continue
			}
			seen[at.Value] = at
			each(entry{at.Value, at, v.Value})
		}
	})
}

// keys reads a mapping whose keys are known, each by its own function.
func (r *reader) keys(n ast.Node, what string, known []key) {
	r.mapping(n, what, func(e entry) {
		names := make([]string, len(known))
		for i, k := range known {
			if names[i] = k.name; k.name == e.key {
				k.read(r, e)
				return
			}
		}
		r.fail(e.at, "%s is not a key of %s%s", quoted(e.key), what, suggestion(e.key, names))
	})
}

// key is a known key and what reads its value.
type key struct {
	name string
	read func(*reader, entry)
}

// text reads text in one line. Numbers and booleans are not taken for text:
// YAML has changed their spelling by then.
func (r *reader) text(n ast.Node, what string, use func(string, *token.Token)) {
	r.enter(n, func(n ast.Node) {
		var text string
		switch n := n.(type) {
		case *ast.StringNode:
			text = n.Value
		case *ast.LiteralNode:
			text = strings.Join(strings.Fields(n.Value.Value), " ")
		default:
			r.fail(place(n), "%s is %s, but text is needed here; put it into quotes", what, kind(n))
			return
		}
		switch {
		case strings.TrimSpace(text) == "":
			r.fail(place(n), "%s is empty", what)
		case strings.ContainsFunc(text, unicode.IsControl):
			r.fail(place(n), "%s has a control character in it", what)
		default:
			use(text, place(n))
		}
	})
}

// texts reads a list of texts, or a single one.
func (r *reader) texts(n ast.Node, what string, use func(string, *token.Token)) {
	r.enter(n, func(inner ast.Node) {
		list, ok := inner.(*ast.SequenceNode)
		if !ok {
			r.text(inner, what, use)
			return
		}
		for _, item := range list.Values {
			r.text(item, what, use)
		}
	})
}

// choice reads one of the words in options.
func (r *reader) choice(n ast.Node, what string, options []string, use func(string)) {
	r.text(n, what, func(text string, at *token.Token) {
		for _, o := range options {
			if text == o {
				use(text)
				return
			}
		}
		r.fail(at, "%s is %s, but has to be one of %s", what, quoted(text), strings.Join(options, ", "))
	})
}

// place is the token at which a value begins. A mapping's own token is its
// first colon.
func place(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken()
	}
	return n.GetToken()
}

// kind says what a value is.
func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "something else"
}

// quoted shows text from the file, safely and not at any length.
func quoted(text string) string {
	const longest = 60
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// printable blanks out what is not fit for a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
