package operations

import (
	"fmt"
	"testing"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestComments: a comment stands on what begins below it, or on its line.
func TestComments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"# schemacheck:ignore r w\nquery Q { a }", "query Q { a }"},
		{"# schemacheck:ignore r w\r\n# more, \r\nquery Q { a }\r\n", "query Q { a }"},
		{"\ufeff# schemacheck:ignore r w\rquery Q { a }", "query Q { a }"},
		{"# schemacheck:ignore r w\n\nquery Q { a }", ""},
		{"query Q { a }\n# schemacheck:ignore r w", ""},
		{"query Q { a # schemacheck:ignore r w\n b }", "query Q { a # schemacheck:ignore r w"},
		{"query Q {\n , # schemacheck:ignore r w\n b\n}", " b"},
		{"query Q { a }\n# schemacheck:ignore r w\nfragment F on U {\n a\n b }\nquery R { a }", "fragment F on U {\n a\n b }"},
		{"query Q { a(s: \"# schemacheck:ignore r w\") b(s: \"\"\"\n# schemacheck:ignore r w\n\"\"\") }", "none"},
		{"# a comment\nquery Q { a }", "none"},
	} {
		d := Whole(&sdl.File{Name: "a.graphql", Text: c.text})
		found := Join(d)
		if len(found.Problems) > 0 {
			t.Fatalf("%q: %s", c.text, found.Problems[0].What)
		}
		got := "none"
		for _, one := range found.Comments() {
			got = c.text[one.Start:one.End]
			if at := one.Span.Text(); at != one.Text {
				t.Errorf("%q: it is said to be %q", c.text, at)
			}
		}
		if got != c.want {
			t.Errorf("%q: it stands on %q, want %q", c.text, got, c.want)
		}
	}
}

// TestCommentsOfTemplate: the places are those of the document, and the span that of the file.
func TestCommentsOfTemplate(t *testing.T) {
	t.Parallel()
	const host = "const q = gql`query Q {\\n  # schemacheck:ignore r w\n  a\n}`"
	f := &sdl.File{Name: "a.ts", Text: host}
	s := scanScript(f, 0, len(host), false, &Options{Tags: DefaultTags})
	p := programOf([]*source{{file: f, extraction: s}})
	found := join(p.parse([]*source{p.files["a.ts"]}), nil)
	all := found.Comments()
	if len(all) != 1 {
		t.Fatal(fmt.Sprint(len(all), " comments"))
	}
	c := all[0]
	if c.Span.Text() != "# schemacheck:ignore r w" || c.Document.Text[c.Start:c.End] != "  a" || c.On(c.Document, c.End) || !c.On(c.Document, c.End-1) {
		t.Errorf("%q stands on %q", c.Span.Text(), c.Document.Text[c.Start:c.End])
	}
}
