package sdl

import (
	"fmt"
	"strconv"
)

// maxDepth bounds how deeply types and values nest. Real schemas stay below
// ten; without a bound a few megabytes of brackets would exhaust the stack.
const maxDepth = 200

// Parse reads the files as one schema, the way Dgraph would read their texts
// one after the other. The error, if any, is an *Error: the first thing that
// is not in the language. The grammar is that of Dgraph's parser, which is
// older than the current specification: interfaces do not implement
// interfaces, directives are not repeatable, and `@auth()` is legal. Two things
// are refused that it reads: what nests more than maxDepth levels deep, and a
// variable in a directive of `extend input`, on which Dgraph panics later.
func Parse(files ...*File) (*Schema, error) {
	schema := &Schema{Files: files}
	for _, f := range files {
		p := &parser{scanner: scanner{file: f}, schema: schema}
		p.advance()
		p.document()
		if p.err != nil {
			return nil, p.err
		}
		schema.Comments = append(schema.Comments, p.scanner.comments...)
		schema.Meta = append(schema.Meta, metaLines(f)...)
	}
	return schema, nil
}

// parser reads one file with one token of look-ahead. After the first error
// every token is EOF, so that all loops end.
type parser struct {
	scanner scanner
	schema  *Schema
	tok     token // the next token
	last    int32 // end of the token before it
	depth   int
	err     error
}

func (p *parser) advance() {
	p.last = p.tok.end
	if p.err != nil {
		return
	}
	t, err := p.scanner.next()
	if err != nil {
		p.fail(err)
		return
	}
	p.tok = t
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.tok = token{kind: endOfFile, start: p.tok.start, end: p.tok.end}
}

// failf reports what is wrong with the next token.
func (p *parser) failf(format string, args ...any) {
	p.fail(&Error{p.span(p.tok.start, p.tok.end), fmt.Sprintf(format, args...)})
}

func (p *parser) span(start, end int32) Span { return Span{p.scanner.file, start, end} }

// since is the span from start to the end of the last token.
func (p *parser) since(start int32) Span { return p.span(start, p.last) }

// found describes the next token for a message.
func (p *parser) found() string {
	switch p.tok.kind {
	case nameToken:
		return strconv.Quote(clip(p.tok.value))
	case intToken, floatToken:
		return "the number " + clip(p.tok.value)
	}
	return p.tok.kind.String()
}

// clip keeps a hostile token from filling the screen.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

func (p *parser) skip(k kind) bool {
	if p.tok.kind != k {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(k kind, where string) {
	if p.err == nil && !p.skip(k) {
		p.failf("expected %v %s, found %s", k, where, p.found())
	}
}

func (p *parser) name(what string) Name {
	if p.tok.kind != nameToken {
		if p.err == nil {
			p.failf("expected the name of %s, found %s", what, p.found())
		}
		return Name{}
	}
	n := Name{p.tok.value, p.span(p.tok.start, p.tok.end)}
	p.advance()
	return n
}

func (p *parser) keyword() string {
	if p.tok.kind == nameToken {
		return p.tok.value
	}
	return ""
}

// says reports whether the next token is the word, or a string that says it:
// in two places Dgraph does not tell them apart.
func (p *parser) says(word string) bool {
	switch p.tok.kind {
	case nameToken, stringToken, blockToken:
		return p.tok.value == word
	}
	return false
}

func (p *parser) document() {
	for p.tok.kind != endOfFile {
		start := p.tok.start
		description := p.description()
		extend := p.keyword() == "extend"
		if extend {
			if description != nil && description.Text != "" { // Dgraph overlooks an empty one
				p.fail(&Error{description.Span, "an extension cannot have a description"})
				return
			}
			p.advance()
		}
		switch word := p.keyword(); {
		case word == "schema":
			p.schema.Roots = append(p.schema.Roots, p.root(start, extend))
		case word == "directive" && !extend:
			p.schema.Directives = append(p.schema.Directives, p.directiveDefinition(start, description))
		default:
			kind := kindOf(word)
			if kind == 0 {
				if p.err == nil {
					p.failf("expected a definition (type, interface, union, enum or input), found %s", p.found())
				}
				return
			}
			p.advance()
			if d := p.definition(kind, start, description, extend); p.err == nil {
				p.schema.Definitions = append(p.schema.Definitions, d)
			}
		}
	}
}

func kindOf(word string) Kind {
	switch word {
	case "scalar":
		return Scalar
	case "type":
		return Object
	case "interface":
		return Interface
	case "union":
		return Union
	case "enum":
		return Enum
	case "input":
		return InputObject
	}
	return 0
}

func (p *parser) definition(kind Kind, start int32, description *Description, extend bool) *Definition {
	d := &Definition{Kind: kind, Extend: extend, Description: description}
	d.Name = p.name("the " + kind.Keyword())
	switch {
	case kind == Object && p.says("implements"):
		p.advance()
		p.skip('&')
		d.Interfaces = append(d.Interfaces, p.name("an interface"))
		for p.skip('&') {
			d.Interfaces = append(d.Interfaces, p.name("an interface"))
		}
		if word := p.keyword(); word != "" && kindOf(word) == 0 && word != "extend" && word != "schema" && word != "directive" {
			p.failf("expected \"&\" between the interfaces, found %s", p.found())
		}
	case kind == Interface && p.keyword() == "implements":
		p.failf("Dgraph knows no interfaces that implement others: list them all at the types")
	}
	d.Directives = p.directives()
	switch kind {
	case Object, Interface:
		p.block("field", func() { d.Fields = append(d.Fields, p.field(false)) })
	case InputObject:
		p.block("field", func() { d.Fields = append(d.Fields, p.field(true)) })
	case Enum:
		p.block("value", func() { d.Values = append(d.Values, p.enumValue()) })
	case Union:
		if p.skip('=') {
			p.skip('|')
			d.Members = append(d.Members, p.name("a member of the union"))
			for p.skip('|') {
				d.Members = append(d.Members, p.name("a member of the union"))
			}
		}
	}
	d.Span = p.since(start)
	if extend && p.err == nil && len(d.Interfaces)+len(d.Directives)+len(d.Fields)+len(d.Values)+len(d.Members) == 0 {
		p.fail(&Error{d.Name.Span, fmt.Sprintf("the extension of %q adds nothing", clip(d.Name.Text))})
	}
	return d
}

// block reads `{ item item ... }`; without a brace it reads nothing.
func (p *parser) block(what string, item func()) {
	if !p.skip('{') {
		return
	}
	if p.tok.kind == '}' {
		p.failf("expected at least one %s between the braces", what)
		return
	}
	for p.err == nil && !p.skip('}') {
		if p.tok.kind == endOfFile {
			p.failf("a closing brace is missing: the file ends after a %s", what)
			return
		}
		item()
	}
}

func (p *parser) description() *Description {
	if p.tok.kind != stringToken && p.tok.kind != blockToken {
		return nil
	}
	d := &Description{p.tok.value, p.span(p.tok.start, p.tok.end)}
	p.advance()
	return d
}

func (p *parser) field(input bool) *Field {
	start := p.tok.start
	f := &Field{Description: p.description()}
	f.Name = p.name("a field")
	if !input && p.tok.kind == '(' {
		f.Arguments = p.inputs()
	}
	p.expect(':', "after the name of the field")
	f.Type = p.typeReference()
	if input && p.skip('=') {
		f.Default = p.value()
	}
	f.Directives = p.directives()
	f.Span = p.since(start)
	return f
}

// inputs reads the parenthesised argument definitions.
func (p *parser) inputs() []*Input {
	var inputs []*Input
	if !p.skip('(') {
		return nil
	}
	if p.tok.kind == ')' {
		p.failf("expected at least one argument between the parentheses")
	}
	for p.err == nil && !p.skip(')') {
		start := p.tok.start
		in := &Input{Description: p.description()}
		in.Name = p.name("an argument")
		p.expect(':', "after the name of the argument")
		in.Type = p.typeReference()
		if p.skip('=') {
			in.Default = p.value()
		}
		in.Directives = p.directives()
		in.Span = p.since(start)
		inputs = append(inputs, in)
	}
	return inputs
}

func (p *parser) enumValue() *EnumValue {
	start := p.tok.start
	v := &EnumValue{Description: p.description()}
	v.Name = p.name("an enum value")
	v.Directives = p.directives()
	v.Span = p.since(start)
	return v
}

// nested runs f one level deeper, or fails when that is too deep.
func (p *parser) nested(f func()) {
	if p.depth == maxDepth {
		p.failf("nested more than %d levels deep", maxDepth)
		return
	}
	p.depth++
	f()
	p.depth--
}

func (p *parser) typeReference() *Type {
	start := p.tok.start
	t := &Type{}
	if p.skip('[') {
		p.nested(func() { t.Elem = p.typeReference() })
		p.expect(']', "after the type of the list's items")
	} else {
		t.Name = p.name("a type").Text
	}
	t.NonNull = p.skip('!')
	t.Span = p.since(start)
	return t
}

func (p *parser) directives() []*Directive {
	var directives []*Directive
	for p.tok.kind == '@' {
		start := p.tok.start
		p.advance()
		d := &Directive{Name: p.name("a directive")}
		if open := p.tok.start; p.skip('(') {
			d.Arguments = p.arguments(')')
			d.Parens = p.since(open)
		}
		d.Span = p.since(start)
		directives = append(directives, d)
	}
	return directives
}

// arguments reads `name: value` pairs up to the closing token.
func (p *parser) arguments(end kind) []*Argument {
	var arguments []*Argument
	for p.err == nil && !p.skip(end) {
		start := p.tok.start
		a := &Argument{Name: p.name("an argument")}
		p.expect(':', "after the name of the argument")
		a.Value = p.value()
		a.Span = p.since(start)
		arguments = append(arguments, a)
	}
	return arguments
}

func (p *parser) value() *Value {
	start := p.tok.start
	v := &Value{Raw: p.tok.value}
	switch p.tok.kind {
	case intToken:
		v.Kind = IntValue
	case floatToken:
		v.Kind = FloatValue
	case stringToken:
		v.Kind = StringValue
	case blockToken:
		v.Kind = BlockValue
	case nameToken:
		switch p.tok.value {
		case "true", "false":
			v.Kind = BooleanValue
		case "null":
			v.Kind = NullValue
		default:
			v.Kind = EnumLiteral
		}
	case '[':
		v.Kind, v.Raw = ListValue, ""
		p.advance()
		p.nested(func() {
			for p.err == nil && !p.skip(']') {
				v.List = append(v.List, p.value())
			}
		})
		v.Span = p.since(start)
		return v
	case '{':
		v.Kind, v.Raw = ObjectValue, ""
		p.advance()
		p.nested(func() { v.Fields = p.arguments('}') })
		v.Span = p.since(start)
		return v
	default:
		if p.err == nil {
			p.failf("expected a value, found %s", p.found())
		}
		return v
	}
	p.advance()
	v.Span = p.since(start)
	return v
}

func (p *parser) directiveDefinition(start int32, description *Description) *DirectiveDefinition {
	d := &DirectiveDefinition{Description: description}
	p.advance()
	p.expect('@', "before the name of the directive")
	d.Name = p.name("the directive")
	if p.tok.kind == '(' {
		d.Arguments = p.inputs()
	}
	if p.keyword() != "on" {
		if p.err == nil {
			p.failf("expected \"on\" and the places where the directive may stand, found %s", p.found())
		}
		return d
	}
	p.advance()
	p.skip('|')
	for {
		at := p.tok
		location := p.name("a place where the directive may stand")
		if p.err == nil && !directiveLocations[location.Text] {
			p.fail(&Error{p.span(at.start, at.end), fmt.Sprintf("%q is not a place where a directive may stand", clip(location.Text))})
		}
		d.Locations = append(d.Locations, location)
		if !p.skip('|') {
			break
		}
	}
	d.Span = p.since(start)
	return d
}

// directiveLocations are those that Dgraph's parser knows: not
// VARIABLE_DEFINITION.
var directiveLocations = map[string]bool{
	"QUERY": true, "MUTATION": true, "SUBSCRIPTION": true, "FIELD": true,
	"FRAGMENT_DEFINITION": true, "FRAGMENT_SPREAD": true, "INLINE_FRAGMENT": true,
	"SCHEMA": true, "SCALAR": true, "OBJECT": true, "FIELD_DEFINITION": true,
	"ARGUMENT_DEFINITION": true, "INTERFACE": true, "UNION": true, "ENUM": true,
	"ENUM_VALUE": true, "INPUT_OBJECT": true, "INPUT_FIELD_DEFINITION": true,
}

func (p *parser) root(start int32, extend bool) *RootDefinition {
	r := &RootDefinition{Extend: extend}
	p.advance()
	r.Directives = p.directives()
	p.block("operation", func() {
		op := RootOperation{Operation: Name{p.tok.value, p.span(p.tok.start, p.tok.end)}}
		if !p.says("query") && !p.says("mutation") && !p.says("subscription") {
			p.failf("expected query, mutation or subscription, found %s", p.found())
			return
		}
		p.advance()
		p.expect(':', "after the name of the operation")
		op.Type = p.name("a type")
		r.Operations = append(r.Operations, op)
	})
	r.Span = p.since(start)
	if extend && p.err == nil && len(r.Directives)+len(r.Operations) == 0 {
		p.fail(&Error{r.Span, "the extension of the schema adds nothing"})
	}
	return r
}
