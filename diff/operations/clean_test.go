package operations

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestClean: the first operation of each text, as a server gets it.
func TestClean(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"client fields": {
			`query Q($a: Int, $b: Int, $c: Int) { me { name local(x: $a) @client ...L @client } open @client { x(y: $b) } all: queryUser(first: $c) @connection(key: "x") { id } }
			fragment L on User { z(v: $a) }`,
			`query Q ($c: Int) { me { name } all: queryUser(first: $c) { id } }`,
		},
		"nothing left within":      {`{ a { b { c @client } } d }`, `query { d }`},
		"nothing left":             {`query Q { a { ...F } ... on T { b @client } } fragment F on T { c @rest(path: "/") }`, ``},
		"directives that stay":     {`query Q($a: Boolean!) @cascade { a @include(if: $a) { b @cascade(fields: ["c"]) c @skip(if: false) } }`, `query Q ($a: Boolean!) @cascade { a @include(if: $a) { b @cascade(fields: ["c"]) c @skip(if: false) } }`},
		"an unused variable stays": {`query Q($a: Int) { b }`, `query Q ($a: Int) { b }`},
		"exported":                 {`query Q($id: ID!) { me @client { id @export(as: "id") } getUser(id: $id) { name } }`, `query Q ($id: ID!) { getUser(id: $id) { name } }`},
		"relay": {
			`query Q($n: Int, $count: String) @raw_response_type { me(count: $count) { ...F @arguments(count: $n) ...G @relay(mask: false) @alias } }
			fragment F on User @refetchable(queryName: "R") @argumentDefinitions(count: {type: "Int!", defaultValue: 3}, cursor: {type: "[ID!]"}, unused: {type: "ID"}, odd: {type: "){"}) {
				posts(first: $count, after: $cursor) @connection(key: "k", filters: []) { edges @required(action: LOG) { id } } }
			fragment G on User @argumentDefinitions(cursor: {type: "Int"}) { more(after: $cursor) { id } }`,
			`query Q ($count: String, $F_count: Int! = 3, $cursor: [ID!], $G_cursor: Int) { me(count: $count) { ... F ... G } }
			fragment F on User { posts(first: $F_count, after: $cursor) { edges { id } } }
			fragment G on User { more(after: $G_cursor) { id } }`,
		},
		"houdini": {
			`{ me { ...F @with(width: 3) @mask_disable } } fragment F on User @arguments(width: {type: "Int", default: 2}) { avatar(width: $width) } `,
			`query ($width: Int = 2) { me { ... F } } fragment F on User { avatar(width: $width) }`,
		},
		"a circle":  {`{ ...F } fragment F on T { a { ...G } } fragment G on T { b ...F c { ...F } }`, `query { ... F } fragment F on T { a { ... G } } fragment G on T { b }`},
		"missing":   {`{ a ...Gone b { ...Gone } }`, `query { a }`},
		"fragments": {`{ ...A ...B ...A } fragment C on T { c } fragment B on T { ...C } fragment A on T { ...C a }`, `query { ... A ... B ... A } fragment A on T { ... C a } fragment C on T { c } fragment B on T { ... C }`},
	} {
		o := Join(Whole(&sdl.File{Name: "q.graphql", Text: c.text})).Operations[0]
		before := o.Document.Text
		for range 2 { // it is a new tree each time
			var b strings.Builder
			clean := o.Clean()
			formatter.NewFormatter(&b).FormatQueryDocument(clean)
			words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
			if words(b.String()) != words(c.want) {
				t.Errorf("%s:\n%s\nwant\n%s", name, words(b.String()), words(c.want))
			}
			for _, f := range clean.Fragments {
				f.SelectionSet[0] = nil
			}
		}
		if o.Document.Text != before {
			t.Error(name)
		}
	}
}

// TestJoin: which of several fragments is meant, and what is wrong with fragments.
func TestJoin(t *testing.T) {
	t.Parallel()
	file := func(name, text string) *Document { return Whole(&sdl.File{Name: name, Text: text}) }
	for name, c := range map[string]struct {
		documents []*Document
		uses      string   // the files of the first operation's fragments
		problems  []string // FILE:LINE:COLUMN: KIND: part of what is said
	}{
		"the same document": {[]*Document{file("a/q", "{ ...F } fragment F on T { own }"), file("a/f", "fragment F on T { other }")}, "a/q", nil},
		"the nearest":       {[]*Document{file("a/b/q", "{ ...F }"), file("f", "fragment F on T { x }"), file("a/f", "fragment F on T { y }"), file("c/f", "fragment F on T { z }")}, "a/f", nil},
		"the same text":     {[]*Document{file("q", "{ ...F }"), file("b", "fragment F on T {\n x }"), file("c", "fragment F on T { x }")}, "b", nil},
		"not certain":       {[]*Document{file("q", "{\n ...F }"), file("q2", "{ ...F }"), file("b", "fragment F on T { x }"), file("c", "\nfragment F on T { y }")}, "b", []string{"q:2:5: guessed: b:1 is taken, not c:2"}},
		"missing":           {[]*Document{file("q", "{ ...F ...G }"), file("q2", "{ ...F ...F }"), file("q3", "fragment G on T { ...F }")}, "q3", []string{"q:1:6: missing: no fragment F in these files (3 other uses)"}},
		"a circle":          {[]*Document{file("q", "{ ...F ...G }"), file("q2", "{ ...G }"), file("f", "fragment F on T { ...G } fragment G on T { ...F }")}, "f f", []string{"f:1:47: circular: the fragment F uses itself by way of G"}},
		"itself":            {[]*Document{file("f", "fragment F on T { ...F }")}, "", []string{"f:1:22: circular: the fragment F uses itself:"}},
		"unreadable":        {[]*Document{file("q", "{ a }"), file("r", "\n{ a b: }")}, "", []string{"r:2:8: unreadable: not a document of GraphQL operations: Expected Name, found }"}},
		"a schema":          {[]*Document{file("q", "{ a }"), file("s", "\"what\" type T { a: Int }")}, "", nil},
	} {
		found := Join(c.documents...)
		var files []string
		if len(found.Operations) > 0 {
			for _, f := range found.Operations[0].Fragments {
				files = append(files, f.Document.File.Name)
			}
		}
		if got := strings.Join(files, " "); got != c.uses {
			t.Errorf("%s: fragments of %q, want %q", name, got, c.uses)
		}
		if len(found.Problems) != len(c.problems) {
			t.Errorf("%s: %v", name, found.Problems)
			continue
		}
		for i, p := range found.Problems {
			said := (&sdl.Error{Span: p.Span, Message: string(p.Kind) + ": " + p.What}).Error()
			start, part, _ := strings.Cut(c.problems[i], ": ")
			kind, part, _ := strings.Cut(part, ": ")
			if !strings.HasPrefix(said, start+": "+kind+": ") || !strings.Contains(said, part) {
				t.Errorf("%s: %s, want %s", name, said, c.problems[i])
			}
		}
	}
}

// TestChains: fragments that use each other by the thousand are followed no further than whoever recurses can.
func TestChains(t *testing.T) {
	t.Parallel()
	const n = 1500
	text := "{ ...F0 }"
	for i := range n {
		text += fmt.Sprintf("\nfragment F%d on T { a ...F%d }", i, i+1)
	}
	text += fmt.Sprintf("\nfragment F%d on T { a }", n)
	found := Join(Whole(&sdl.File{Name: "q", Text: text}))
	if len(found.Problems) != 1 || !strings.Contains(found.Problems[0].What, "in a row") {
		t.Errorf("%v", found.Problems)
	}
	if got := len(found.Operations[0].Clean().Fragments); got != maxChain {
		t.Errorf("%d fragments", got)
	}
	// As deep as brackets go.
	for _, text := range []string{strings.Repeat("{a", 100_000), "{a(b:" + strings.Repeat("[", 100_000), "query($a:" + strings.Repeat("[", 100_000), strings.Repeat("{a ...on T", 100_000)} {
		if found := Join(Whole(&sdl.File{Name: "q", Text: text})); len(found.Problems) != 1 || !strings.Contains(found.Problems[0].What, "nesting") {
			t.Errorf("%v", found.Problems)
		}
	}
}
