package operations

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// maxTokens bounds what one document costs. How deep it nests is bounded by the parser.
const maxTokens = 1_000_000

// parse takes d apart. Errors are *sdl.Error and say where.
//
// All positions in the syntax trees are in bytes: Start and End are offsets in d.Text, and Line is 1 and Column is Start+1,
// as if the document were one line. The parser's own count runes, and differ for each line of a block string that ends
// with CRLF; what a validator says with them can be found again by Locate.
func (d *Document) parse() ([]*Operation, []*Fragment, error) {
	d.source = &ast.Source{Name: d.File.Name + ":" + strconv.Itoa(d.at), Input: d.Text}
	blocks := strings.Contains(d.Text, `"""`) && strings.Contains(d.Text, "\r\n")
	if blocks {
		d.source.Input = strings.ReplaceAll(d.Text, "\r\n", " \n") // of the same length
	}
	bytes := offsets(d.Text)
	parsed, err := parser.ParseQueryWithTokenLimit(d.source, maxTokens)
	if err != nil {
		return nil, nil, d.failure(err)
	}
	eachPosition(parsed, func(p *ast.Position) {
		p.Start, p.End = bytes.at(p.Start), bytes.at(p.End)
		p.Line, p.Column = 1, p.Start+1
	})
	if blocks {
		eachValue(parsed, func(v *ast.Value) {
			if v.Kind == ast.BlockValue {
				v.Raw = strings.ReplaceAll(v.Raw, " \n", "\n")
			}
		})
	}
	ends := map[int]int{}
	for _, def := range definitions(d.Text) {
		ends[def.start] = def.end
	}
	var operations []*Operation
	var fragments []*Fragment
	for _, o := range parsed.Operations {
		operations = append(operations, &Operation{Name: o.Name, Kind: string(o.Operation), Document: d,
			Start: o.Position.Start, End: ends[o.Position.Start], AST: o, spreads: spreads(o.SelectionSet)})
	}
	for _, f := range parsed.Fragments {
		fragments = append(fragments, &Fragment{Name: f.Name, Document: d,
			Start: f.Position.Start, End: ends[f.Position.Start], AST: f, spreads: spreads(f.SelectionSet)})
	}
	return operations, fragments, nil
}

func spreads(set ast.SelectionSet) []*ast.FragmentSpread {
	var all []*ast.FragmentSpread
	eachSpread(set, func(s *ast.FragmentSpread) { all = append(all, s) })
	return all
}

// failure is what the parser says, in the file. It counts lines by runes, and after strings wrongly, so that only what it
// says is taken, and the place is where a document that ends before it would still be right.
func (d *Document) failure(err error) error {
	message := err.Error()
	at := len(d.Text)
	if e := (*gqlerror.Error)(nil); errors.As(err, &e) {
		message = e.Message
		if len(e.Locations) > 0 {
			at = offsetOf(d.Text, e.Locations[0].Line, e.Locations[0].Column)
		}
	}
	if strings.Contains(message, "<Invalid>") { // the parser keeps the reason to itself
		message = "unexpected end"
		if r, size := utf8.DecodeRuneInString(d.Text[at:]); size > 0 {
			message = "unexpected character " + strconv.QuoteRuneToASCII(r)
		}
		if open := strings.LastIndexByte(d.Text[:at], '"'); open >= 0 && !strings.ContainsAny(d.Text[open:at], "\r\n") {
			message += ", or a string that is not right"
		}
	}
	span, _ := d.Span(at, at)
	return &sdl.Error{Span: span, Message: "not a document of GraphQL operations: " + plain(message)}
}

// plain is what the parser says about text that anybody can have written, for people.
func plain(message string) string {
	const most = 200
	var b strings.Builder
	for _, r := range message {
		if b.Len() > most {
			b.WriteString("...")
			break
		}
		if r < ' ' || r > '~' {
			quoted := strconv.QuoteToASCII(string(r))
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// offsetOf is the byte of text at a line and column of the parser.
func offsetOf(text string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := strings.IndexAny(text[at:], "\r\n")
		if i < 0 {
			return len(text)
		}
		at += i + 1
		if text[at-1] == '\r' && at < len(text) && text[at] == '\n' {
			at++
		}
	}
	for ; column > 1 && at < len(text); column-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// runes finds bytes by runes. It is nil for a text of ASCII, where they are the same.
type runes struct {
	text  string
	known []int // the byte offset of every stride-th rune
}

// stride is the number of runes for which offsets are kept.
const stride = 64

func offsets(text string) *runes {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	r := &runes{text: text}
	n := 0
	for at := range text {
		if n%stride == 0 {
			r.known = append(r.known, at)
		}
		n++
	}
	return r
}

func (r *runes) at(n int) int {
	if r == nil {
		return n
	}
	k := min(n/stride, len(r.known)-1)
	at := r.known[k]
	for n -= k * stride; n > 0 && at < len(r.text); n-- {
		_, size := utf8.DecodeRuneInString(r.text[at:])
		at += size
	}
	return at
}

// definition is one at the top level of a document.
type definition struct {
	keyword    string // "{" for a query without one
	start, end int    // of its bytes, without a description
}

// definitions are those of a text, which need not be valid.
func definitions(text string) []definition {
	var all []definition
	open := -1 // index of the one that is being read
	depth, parens := 0, 0
	for at := 0; at < len(text); {
		at = skipIgnored(text, at)
		if at == len(text) {
			break
		}
		end := tokenEnd(text, at)
		token := text[at:end]
		starts := depth == 0 && parens == 0 && open < 0 && token[0] != '"'
		if starts {
			all = append(all, definition{token, at, end})
			open = len(all) - 1
		}
		switch token {
		case "(":
			parens++
		case ")":
			parens = max(0, parens-1)
		case "{":
			depth++
		case "}":
			depth = max(0, depth-1)
			// Braces in parentheses are values.
			if depth == 0 && parens == 0 && open >= 0 {
				all[open].end = end
				open = -1
			}
		}
		if open >= 0 {
			all[open].end = end
		}
		at = end
	}
	return all
}

// isSchema reports whether a text begins as definitions of types do: then it has no operations, and nothing is wrong.
func isSchema(text string) bool {
	at := skipIgnored(text, 0)
	for at < len(text) && text[at] == '"' {
		at = skipIgnored(text, tokenEnd(text, at))
	}
	if at == len(text) {
		return false
	}
	switch text[at:tokenEnd(text, at)] {
	case "type", "schema", "extend", "interface", "union", "enum", "input", "scalar", "directive":
		return true
	}
	return false
}

// skipIgnored is the first byte from at on that is no white space, comma, comment or byte order mark.
func skipIgnored(text string, at int) int {
	for {
		at = skipBlanks(text, at)
		if at == len(text) || text[at] != '#' {
			return at
		}
		at = lineEnd(text, at)
	}
}

// mark is the byte order mark.
const mark = "\ufeff"

func isNameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= '0' && c <= '9'
}

// isName reports whether a text is one name and nothing else.
func isName(text string) bool {
	return text != "" && isNameByte(text[0]) && tokenEnd(text, 0) == len(text)
}

// tokenEnd is where the token ends that begins at at: a name or number, a string, or a single character.
func tokenEnd(text string, at int) int {
	switch c := text[at]; {
	case isNameByte(c):
		for at < len(text) && isNameByte(text[at]) {
			at++
		}
		return at
	case strings.HasPrefix(text[at:], `"""`):
		for at += 3; at < len(text); at++ {
			switch {
			case strings.HasPrefix(text[at:], `\"""`):
				at += 3
			case strings.HasPrefix(text[at:], `"""`):
				at += 3
				for at < len(text) && text[at] == '"' { // as the parser has it
					at++
				}
				return at
			}
		}
		return len(text)
	case c == '"':
		for at++; at < len(text) && text[at] != '\n' && text[at] != '\r'; at++ {
			switch text[at] {
			case '\\':
				at++
			case '"':
				return at + 1
			}
		}
		return min(at, len(text))
	}
	_, size := utf8.DecodeRuneInString(text[at:])
	return at + size
}

// Range is a half-open range of bytes in the text of a document.
type Range struct{ Start, End int }

// Name is the name that stands at a node's position: of an argument, a field of an object, a directive, a fragment spread,
// a type, a value of an enum, and, without the $, of a variable. It is empty where there is none.
func (d *Document) Name(p *ast.Position) Range { return d.nameAt(p.Start) }

func (d *Document) nameAt(at int) Range {
	if at < len(d.Text) && d.Text[at] == '$' {
		at = skipIgnored(d.Text, at+1)
	}
	end := at
	for end < len(d.Text) && isNameByte(d.Text[end]) {
		end++
	}
	return Range{at, end}
}

// FieldName is the name of a field, and its alias, which is empty and before the name when there is none.
func (d *Document) FieldName(f *ast.Field) (alias, name Range) {
	first := d.Name(f.Position)
	if colon := skipIgnored(d.Text, first.End); colon < len(d.Text) && d.Text[colon] == ':' {
		return first, d.nameAt(skipIgnored(d.Text, colon+1))
	}
	return Range{first.Start, first.Start}, first
}

// OperationName is the name of an operation; it is empty for one without.
func (d *Document) OperationName(o *ast.OperationDefinition) Range {
	keyword := d.Name(o.Position)
	if keyword.Start == keyword.End || o.Name == "" {
		return Range{keyword.End, keyword.End}
	}
	return d.nameAt(skipIgnored(d.Text, keyword.End))
}

// FragmentName is the name of a fragment where it is defined.
func (d *Document) FragmentName(f *ast.FragmentDefinition) Range {
	return d.nameAt(skipIgnored(d.Text, d.Name(f.Position).End))
}

// FragmentType is the type that a fragment is on.
func (d *Document) FragmentType(f *ast.FragmentDefinition) Range {
	at := skipIgnored(d.Text, d.FragmentName(f).End)
	for depth := 0; at < len(d.Text); at = skipIgnored(d.Text, tokenEnd(d.Text, at)) {
		switch d.Text[at] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if on := d.nameAt(at); depth == 0 && d.Text[at] != '$' && d.Text[on.Start:on.End] == "on" {
			return d.nameAt(skipIgnored(d.Text, on.End))
		}
	}
	return Range{at, at}
}

// InlineType is the type that an inline fragment is on; it is empty for one without.
func (d *Document) InlineType(f *ast.InlineFragment) Range {
	if f.TypeCondition == "" {
		return Range{f.Position.Start, f.Position.Start}
	}
	return d.nameAt(skipIgnored(d.Text, d.Name(f.Position).End))
}

// Locate is the place of an error that a validator has about what came of o, for example from Clean. It is the operation
// itself for an error without a place.
func (o *Operation) Locate(err *gqlerror.Error) (d *Document, at int) {
	file, _ := err.Extensions["file"].(string)
	documents := []*Document{o.Document}
	for _, f := range o.Fragments {
		documents = append(documents, f.Document)
	}
	i := slices.IndexFunc(documents, func(d *Document) bool { return d.source.Name == file })
	if i < 0 || len(err.Locations) == 0 {
		return o.Document, o.Start
	}
	return documents[i], min(max(0, err.Locations[0].Column-1), len(documents[i].Text))
}
