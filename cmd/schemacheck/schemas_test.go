package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestShownLines: lines are those that positions count, and a key is in none.
func TestShownLines(t *testing.T) {
	t.Parallel()
	const rest = "[redacted]"
	for text, want := range map[string][]string{
		"":                               nil,
		"a\nb":                           {"a", "b"},
		"a\r\nb\rc\n":                    {"a", "b", "c"},
		"a\r\r\nb":                       {"a", "", "b"},
		"a\r":                            {"a", ""},
		"\ufeffa\n":                      {"a"},
		"# Dgraph.Secret k \"sesame\"\n": {"# Dgraph.Secret " + rest},
		"# Dgraph.Secret k \"sesame\rsesame\rsesame\"\nb":                 {"# Dgraph.Secret " + rest, rest, rest, "b"},
		"a\r# Dgraph.Authorization{\rsesame\r\nb":                         {"a", "# Dgraph.Authorization" + rest, rest, "b"},
		"# \r Dgraph.Secret sesame\nb":                                    {"# ", " Dgraph.Secret " + rest, "b"},
		"#\rDgraph.Secret\rsesame":                                        {"#", "Dgraph.Secret", rest},
		"type A { # Dgraph.Allow-Origin \"x\"\r# Dgraph.Secret k\rsesame": {"type A { # Dgraph.Allow-Origin \"x\"", "# Dgraph.Secret " + rest, rest},
	} {
		got := shownLines(text)
		if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		f := &sdl.File{Name: "x", Text: text}
		if last := f.Position(int32(len(text))); last.Line != len(got) && !strings.HasSuffix(text, "\n") && text != "" {
			t.Errorf("%q has %d lines, positions count %d", text, len(got), last.Line)
		}
	}
}

// TestExcerptOfKeys: a key after a lone CR is in no excerpt, wherever its comment
// begins.
func TestExcerptOfKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"# Dgraph.Secret k \"sesame\rsesame\"": {"# Dgraph.Secret k \"sesame", "[redacted]"}, // the report leaves out the first
		"# \r Dgraph.Secret sesame":            {"#", " Dgraph.Secret [redacted]"},
		"a\rb # c":                             {"a", "b # c"},
	} {
		f := &sdl.File{Name: "x", Text: text}
		if diff := cmp.Diff(want, excerpt(sdl.Span{File: f, Start: 0, End: int32(len(text))})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestSchemaOf(t *testing.T) {
	t.Parallel()
	files := []*sdl.File{
		{Name: "a.graphql", Ref: "main", Text: "interface N { n: String }\ntype A implements N {\n  b: [[B!]]\n  self: A\n  id: ID!\n  c(of: In): B\n}"},
		{Name: "b.graphql", Text: "type B { u: U }\nunion U = A | B\nenum E { X }\nscalar S\ninput In { e: E }\nextend type A { e: E }\nextend type Gone { e: E }"},
	}
	parsed, err := sdl.Parse(files...)
	if err != nil {
		t.Fatal(err)
	}
	got := schemaOf(files, parsed)
	at := func(file, ref string, line, from, to int) report.Location {
		return report.Location{Anchor: "self", File: file, Ref: ref, Line: line, Column: from, EndLine: line, EndColumn: to}
	}
	if diff := cmp.Diff([]report.Type{
		{Name: "N", Kind: "interface", Location: at("a.graphql", "main", 1, 11, 12)},
		{Name: "A", Kind: "type", Location: at("a.graphql", "main", 2, 6, 7), Implements: []string{"N"}, Uses: []string{"B", "E", "In"}},
		{Name: "B", Kind: "type", Location: at("b.graphql", "", 1, 6, 7), Uses: []string{"U"}},
		{Name: "U", Kind: "union", Location: at("b.graphql", "", 2, 7, 8), Uses: []string{"A", "B"}},
		{Name: "E", Kind: "enum", Location: at("b.graphql", "", 3, 6, 7)},
		{Name: "S", Kind: "scalar", Location: at("b.graphql", "", 4, 8, 9)},
		{Name: "In", Kind: "input", Location: at("b.graphql", "", 5, 7, 9), Uses: []string{"E"}},
	}, got.Types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if len(got.Files) != 2 || got.Files[0].Name != "a.graphql" || got.Files[0].Ref != "main" || !slices.Equal(got.Files[1].Lines, strings.Split(files[1].Text, "\n")) {
		t.Errorf("files: %+v", got.Files)
	}
	if got := schemaOf(files, nil); len(got.Types) != 0 || len(got.Files) != 2 {
		t.Errorf("a schema that cannot be parsed: %+v", got)
	}
}
