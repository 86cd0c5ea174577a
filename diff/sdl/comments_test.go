package sdl_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestUnder says what comments stand on: each is written with the elements
// that it expects behind it.
func TestUnder(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"above":               "# want T\ntype T {\n  # want T.a\n  a: Int\n}\n# want E\nenum E {\n  # want E.A\n  A\n}",
		"above a description": "# want T\n\"\"\"a\ntype\"\"\"\n# want T\ntype T {\n  # want T.a\n  \"a field\"\n  a: Int\n}",
		"above a directive":   "type T\n# want T\n@remote {\n  a: Int\n  # want T.a\n  @search\n}",
		"several":             "# want T\n # want T\n\t# want T\ntype T { a: Int }",
		"after an empty line": "# want nothing\n\ntype T {\n  # want nothing\n\n  a: Int\n}",
		"at the end":          "type T { # want T\n  a: Int # want T.a\n  b: Int, c: Int # want T.b T.c\n} # want nothing\n# want nothing",
		"all in one line":     "enum E { A B } # want E E.A E.B",
		"Windows":             "# want T\r\ntype T {\r\n  # want T.a\r\n  a: Int # want T.a\r\n}\r\n",
		"after a mark":        "\ufeff# want T\ntype T { a: Int }",
		"union":               "type A { a: Int }\n# want U\nunion U =\n  # want U\n  | A # want U",
		"extension":           "# want T\nextend type T {\n  # want T.b\n  b: Int\n}",
		"setting":             "# want setting T\n# Dgraph.Authorization x\ntype T { a: Int }",
		"in a string":         "type T { \"# want T.b\" a: Int # want T T.a\n}",
		"none":                "# want nothing",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := sdl.Parse(&sdl.File{Name: "s.graphql", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			for i, on := range s.Elements().Under(s.Comments) {
				want, ok := strings.CutPrefix(s.Comments[i].Text, "# want ")
				if !ok {
					continue
				}
				var got []string
				for _, e := range on {
					if e.Definition == nil {
						got = append([]string{"setting"}, got...)
					} else {
						got = append(got, e.Coordinate())
					}
				}
				if len(got) == 0 {
					got = []string{"nothing"}
				}
				if is := strings.Join(got, " "); is != want {
					t.Errorf("comment %d stands on %s, want %s", i+1, is, want)
				}
			}
		})
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	s, err := sdl.Parse(&sdl.File{Name: "s.graphql", Text: "type T @remote { a: Int b: Int }"})
	if err != nil {
		t.Fatal(err)
	}
	all := s.Elements()
	for mark, want := range map[string]string{"type": "T", "@remote": "T", "a:": "T.a", "Int b": "T.a", "b:": "T.b", "{": "", "}": ""} {
		at := int32(strings.Index(s.Files[0].Text, mark))
		got := ""
		if e := all.At(sdl.Span{File: s.Files[0], Start: at, End: at + 1}); e != nil {
			got = e.Coordinate()
		}
		if got != want {
			t.Errorf("at %q is %q, want %q", mark, got, want)
		}
	}
	if all.At(sdl.Span{}) != nil {
		t.Error("something stands nowhere")
	}
}

func TestInstruction(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# schemacheck:ignore field-removed why so": "ignore|field-removed why so",
		"#schemacheck:renamed-from old":             "renamed-from|old",
		"## SchemaCheck: renamed-from \t old":       "renamed-from|old",
		"# schemacheck:ignor x":                     "ignor|x",
		"# schemacheck: see the manual":             "",
		"# schemacheck:":                            "",
		"# schemacheck":                             "",
		"# ask schemacheck:ignore":                  "",
	} {
		word, rest, ok := sdl.Comment{Text: text}.Instruction()
		got := fmt.Sprintf("%s|%s", word, rest)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
