package operations

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// awkward has what makes the parser's own positions go wrong.
const awkward = "\ufeff# ünï\r\n\"\"\"Ein\r\n Wort: é\"\"\" query Überall_not {a}"

var texts = []string{
	"\ufeffquery Q($a: Int = 3, $in: [In!]! @x) @d(a: \"é\\u00e9\") { alias: field(arg: $a, o: {k: [E, null, 1.5]}) @include(if: true) { id } }",
	"{ a(text: \"\"\"ä\r\n  b \r\nc\"\"\", more: E) { b\r\n... on T { c } ... @skip(if: false) { d } ...F @x } } fragment F($on: Int = 1) on T @y { e }",
	"subscription{a:b# comment }\n,,,c:\ufeffd}\"d\" query {x}",
	"\"what\" query Named { a } mutation M { addUser(input: [{name: \"}\"}]) { user { id } } }",
	"fragment F on on { on: on(on: on) }",
	"{a}{b}", "", "#", "query { a", "type T { a: Int }", "{ \"", "{ a(b: \"\"\"", awkward,
}

// checkNames holds all that is said about places in a document against its text.
func checkNames(t *testing.T, d *Document, operations []*Operation, fragments []*Fragment) {
	t.Helper()
	is := func(what string, r Range, want string) {
		t.Helper()
		if r.Start < 0 || r.End > len(d.Text) || r.Start > r.End || d.Text[r.Start:r.End] != want {
			t.Fatalf("%s %q is at %v in %q", what, want, r, d.Text)
		}
	}
	var values func(v *ast.Value)
	values = func(v *ast.Value) {
		switch v.Kind {
		case ast.EnumValue, ast.BooleanValue, ast.NullValue, ast.Variable:
			is("the value", d.Name(v.Position), v.Raw)
		}
		for _, c := range v.Children {
			if c.Name != "" {
				is("the field", d.Name(c.Position), c.Name)
			}
			values(c.Value)
		}
	}
	arguments := func(all ast.ArgumentList) {
		for _, a := range all {
			is("the argument", d.Name(a.Position), a.Name)
			is("the argument", Range{a.Position.Start, a.Position.End}, a.Name)
			values(a.Value)
		}
	}
	directives := func(all ast.DirectiveList) {
		for _, x := range all {
			is("the directive", d.Name(x.Position), x.Name)
			arguments(x.Arguments)
		}
	}
	variables := func(all ast.VariableDefinitionList) {
		for _, v := range all {
			is("the variable", d.Name(v.Position), v.Variable)
			inner := v.Type
			for inner.Elem != nil {
				inner = inner.Elem
			}
			is("the type", d.Name(inner.Position), inner.NamedType)
			directives(v.Directives)
			if v.DefaultValue != nil {
				values(v.DefaultValue)
			}
		}
	}
	var selections func(set ast.SelectionSet)
	selections = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				alias, name := d.FieldName(s)
				is("the name", name, s.Name)
				if alias.Start == alias.End {
					is("the alias", name, s.Alias)
				} else {
					is("the alias", alias, s.Alias)
				}
				arguments(s.Arguments)
				directives(s.Directives)
				selections(s.SelectionSet)
			case *ast.InlineFragment:
				is("the type", d.InlineType(s), s.TypeCondition)
				directives(s.Directives)
				selections(s.SelectionSet)
			case *ast.FragmentSpread:
				is("the fragment", d.Name(s.Position), s.Name)
				directives(s.Directives)
			}
		}
	}
	for _, o := range operations {
		is("the operation", d.OperationName(o.AST), o.Name)
		variables(o.AST.VariableDefinitions)
		directives(o.AST.Directives)
		selections(o.AST.SelectionSet)
		text := d.Text[o.Start:o.End]
		if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, o.Kind) || !strings.HasSuffix(text, "}") {
			t.Fatalf("the operation %s is %q", o.Name, text)
		}
		alone := &Document{File: d.File, Text: text}
		if again, rest, err := alone.parse(); err != nil || len(again) != 1 || len(rest) != 0 || again[0].Name != o.Name {
			t.Fatalf("%q alone: %d and %d, %v", text, len(again), len(rest), err)
		}
	}
	for _, f := range fragments {
		is("the fragment", d.FragmentName(f.AST), f.Name)
		is("the type of the fragment", d.FragmentType(f.AST), f.AST.TypeCondition)
		variables(f.AST.VariableDefinition)
		directives(f.AST.Directives)
		selections(f.AST.SelectionSet)
		if text := d.Text[f.Start:f.End]; !strings.HasPrefix(text, "fragment") || !strings.HasSuffix(text, "}") {
			t.Fatalf("the fragment %s is %q", f.Name, text)
		}
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	read := 0
	for _, text := range texts {
		d := Whole(&sdl.File{Name: "q", Text: text})
		if operations, fragments, err := d.parse(); err == nil {
			checkNames(t, d, operations, fragments)
			read += len(operations) + len(fragments)
		}
	}
	if read != 10 {
		t.Errorf("%d definitions were read", read)
	}
	_, _, err := Whole(&sdl.File{Name: "q", Text: "{ é }"}).parse()
	if e, ok := err.(*sdl.Error); !ok || e.Span.Start != 2 {
		t.Errorf("an error: %v", err)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	found := Join(
		Whole(&sdl.File{Name: "a", Text: "# é\r\nquery { a ...F }"}),
		Whole(&sdl.File{Name: "b", Text: "# é\r\nfragment F on T { b }"}))
	o := found.Operations[0]
	field := o.Clean().Fragments[0].SelectionSet[0].(*ast.Field)
	err := &gqlerror.Error{Locations: []gqlerror.Location{{Line: field.Position.Line, Column: field.Position.Column}}}
	err.SetFile(field.Position.Src.Name)
	if d, at := o.Locate(err); d.File.Name != "b" || d.Text[at] != 'b' {
		t.Errorf("%s %d", d.File.Name, at)
	}
	if d, at := o.Locate(&gqlerror.Error{}); d != o.Document || at != o.Start {
		t.Errorf("%s %d", d.File.Name, at)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // Find refuses it
		}
		d := Whole(&sdl.File{Name: "q", Text: text})
		operations, fragments, err := d.parse()
		if err != nil {
			e := err.(*sdl.Error)
			if e.Span.File != d.File || e.Span.Start < 0 || int(e.Span.End) > len(text) || len(e.Message) > 300 ||
				strings.ContainsFunc(e.Message, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%v at %d of %d", err, e.Span.Start, len(text))
			}
			return
		}
		checkNames(t, d, operations, fragments)
		for _, o := range join([]parsed{{operations, fragments, nil}}, nil).Operations {
			clean := o.Clean()
			if len(clean.Operations) > 1 {
				t.Fatal("several operations")
			}
			o.Text()
		}
	})
}
