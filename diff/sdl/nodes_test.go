package sdl

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// node is one place of a parsed schema.
type node struct {
	depth int
	what  string
	span  Span
}

// nodes are all places of a schema: parents before their children, siblings in
// the order of the text, and at the top one kind after the other.
func nodes(s *Schema) []node {
	var w walker
	for _, d := range s.Definitions {
		w.definition(d)
	}
	for _, d := range s.Directives {
		w.in("directive definition", d.Span, func() {
			w.description(d.Description)
			w.name("name", d.Name)
			w.inputs(d.Arguments)
			w.names("place", d.Locations)
		})
	}
	for _, r := range s.Roots {
		w.in(fmt.Sprintf("roots extend=%v", r.Extend), r.Span, func() {
			w.directives(r.Directives)
			for _, op := range r.Operations {
				w.name("operation", op.Operation)
				w.name("type", op.Type)
			}
		})
	}
	for _, m := range s.Meta {
		w.add("setting "+string(m.Kind), m.Span)
	}
	for _, c := range s.Comments {
		w.add("comment", c.Span)
	}
	return w.found
}

type walker struct {
	depth int
	found []node
}

func (w *walker) add(what string, span Span) { w.found = append(w.found, node{w.depth, what, span}) }

func (w *walker) in(what string, span Span, children func()) {
	w.add(what, span)
	w.depth++
	children()
	w.depth--
}

func (w *walker) name(what string, n Name) { w.add(what+" "+n.Text, n.Span) }

func (w *walker) names(what string, names []Name) {
	for _, n := range names {
		w.name(what, n)
	}
}

func (w *walker) description(d *Description) {
	if d != nil {
		w.add(fmt.Sprintf("description %q", d.Text), d.Span)
	}
}

func (w *walker) definition(d *Definition) {
	w.in(fmt.Sprintf("%s extend=%v", d.Kind.Keyword(), d.Extend), d.Span, func() {
		w.description(d.Description)
		w.name("name", d.Name)
		w.names("interface", d.Interfaces)
		w.directives(d.Directives)
		for _, f := range d.Fields {
			w.in("field", f.Span, func() {
				w.description(f.Description)
				w.name("name", f.Name)
				w.inputs(f.Arguments)
				w.typ(f.Type)
				w.value(f.Default)
				w.directives(f.Directives)
			})
		}
		for _, v := range d.Values {
			w.in("enum value", v.Span, func() {
				w.description(v.Description)
				w.name("name", v.Name)
				w.directives(v.Directives)
			})
		}
		w.names("member", d.Members)
	})
}

func (w *walker) inputs(inputs []*Input) {
	for _, in := range inputs {
		w.in("input", in.Span, func() {
			w.description(in.Description)
			w.name("name", in.Name)
			w.typ(in.Type)
			w.value(in.Default)
			w.directives(in.Directives)
		})
	}
}

func (w *walker) typ(t *Type) {
	w.in("type "+t.String(), t.Span, func() {
		if t.Elem != nil {
			w.typ(t.Elem)
		}
	})
}

func (w *walker) directives(directives []*Directive) {
	for _, d := range directives {
		w.in("directive", d.Span, func() {
			w.name("name", d.Name)
			if d.Parens.IsZero() {
				return
			}
			w.in("parentheses", d.Parens, func() { w.arguments(d.Arguments) })
		})
	}
}

func (w *walker) arguments(arguments []*Argument) {
	for _, a := range arguments {
		w.in("argument", a.Span, func() {
			w.name("name", a.Name)
			w.value(a.Value)
		})
	}
}

func (w *walker) value(v *Value) {
	if v == nil {
		return
	}
	w.in(fmt.Sprintf("value %d %q", v.Kind, v.Raw), v.Span, func() {
		for _, item := range v.List {
			w.value(item)
		}
		w.arguments(v.Fields)
	})
}

func (n node) String() string {
	from, to := n.span.Begin(), n.span.Finish()
	return fmt.Sprintf("%s%d:%d-%d:%d %s %q", strings.Repeat("  ", n.depth), from.Line, from.Column, to.Line, to.Column, n.what, n.span.Text())
}

// list prints all nodes, one a line.
func list(s *Schema) string {
	var out strings.Builder
	for _, n := range nodes(s) {
		fmt.Fprintln(&out, n)
	}
	return out.String()
}

// checkSpans fails unless every span is a range of its file that begins and
// ends at a token, lies in its parent and begins where no earlier sibling is.
func checkSpans(t testing.TB, s *Schema) {
	t.Helper()
	var parents []node // one for each depth; the last child before is done
	done := make([]int32, 1)
	all := nodes(s)
	kind := ""
	for _, n := range all {
		if n.depth == 0 { // definitions, directive definitions, ... are each a list of their own
			if first, _, _ := strings.Cut(n.what, " "); first != kind && !isDefinition(first, kind) {
				kind, done = first, []int32{0}
			}
		}
		parents, done = parents[:n.depth], append(done[:n.depth+1], 0)
		from, to, text := n.span.Start, n.span.End, n.span.File.Text
		switch {
		case from < 0 || to <= from || int(to) > len(text):
			t.Fatalf("%s: bytes %d to %d of %d", n.what, from, to, len(text))
		case from < done[n.depth]:
			t.Fatalf("%v begins before byte %d, where the one before ends", n, done[n.depth])
		case n.depth > 0 && (from < parents[n.depth-1].span.Start || to > parents[n.depth-1].span.End):
			t.Fatalf("%v is not inside %v", n, parents[n.depth-1])
		case strings.ContainsAny(text[from:from+1]+text[to-1:to], " \n\r,"):
			if !strings.HasPrefix(n.what, "comment") && !strings.HasPrefix(n.what, "setting") {
				t.Fatalf("%v begins or ends with white space", n)
			}
		}
		done[n.depth], done[n.depth+1] = to, from
		parents = append(parents, n)
	}
}

// isDefinition reports whether both words are keywords of type definitions.
func isDefinition(a, b string) bool { return kindOf(a) != 0 && kindOf(b) != 0 }

func parseText(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Parse(&File{Name: "s.graphql", Text: text})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

func readText(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// golden compares with the file, or rewrites it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if difference := firstDifference(got, readText(t, name)); difference != "" {
		t.Fatalf("%s, %s\n(rewrite it with -update when this is right)", name, difference)
	}
}

// firstDifference names the first line that differs, "" when there is none.
func firstDifference(got, want string) string {
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			return fmt.Sprintf("line %d:\n got %s\nwant %s", i+1, gotLines[i], wantLines[i])
		}
	}
	if len(gotLines) != len(wantLines) {
		return fmt.Sprintf("got %d lines, want %d", len(gotLines), len(wantLines))
	}
	return ""
}
