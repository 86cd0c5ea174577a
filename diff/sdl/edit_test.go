package sdl

import "testing"

func TestApply(t *testing.T) {
	t.Parallel()
	f, other := &File{Name: "s.graphql", Text: "0123456789"}, &File{Text: "0123456789"}
	at := func(start, end int32, text string) Edit { return Edit{Span{f, start, end}, text} }
	for _, c := range []struct {
		name  string
		edits []Edit
		want  string
		err   string
	}{
		{name: "none", want: "0123456789"},
		{name: "replace, delete, insert", edits: []Edit{at(8, 9, ""), at(2, 4, "ab"), at(5, 5, "é")}, want: "01ab4é5679"},
		{name: "insertions keep their order", edits: []Edit{at(5, 5, "a"), at(0, 0, "b"), at(5, 5, "c")}, want: "b01234ac56789"},
		{name: "before and after a replacement", edits: []Edit{at(2, 4, "x"), at(4, 4, ">"), at(2, 2, "<")}, want: "01<x>456789"},
		{name: "both ends", edits: []Edit{at(10, 10, "e"), at(0, 10, ""), at(0, 0, "b")}, want: "be"},
		{name: "overlap", edits: []Edit{at(4, 6, ""), at(2, 5, "")}, err: "editing s.graphql: two edits change byte 4"},
		{name: "insertion inside", edits: []Edit{at(3, 3, "x"), at(2, 5, "")}, err: "editing s.graphql: two edits change byte 3"},
		{name: "twice the same", edits: []Edit{at(2, 3, "a"), at(2, 3, "a")}, err: "editing s.graphql: two edits change byte 2"},
		{name: "past the end", edits: []Edit{at(9, 11, "")}, err: "editing s.graphql: bytes 9 to 11 are not in the file"},
		{name: "negative", edits: []Edit{at(-1, 1, "")}, err: "editing s.graphql: bytes -1 to 1 are not in the file"},
		{name: "backwards", edits: []Edit{at(3, 2, "")}, err: "editing s.graphql: bytes 3 to 2 are not in the file"},
		{name: "another file", edits: []Edit{{Span{other, 1, 2}, ""}}, err: "editing s.graphql: an edit is for another file"},
		{name: "nowhere", edits: []Edit{{}}, err: "editing s.graphql: an edit is for another file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			first := append([]Edit(nil), c.edits...)
			got, err := Apply(f, c.edits)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Errorf("got %q, %v, want %q, %s", got, err, c.want, c.err)
			}
			for i := range first {
				if c.edits[i] != first[i] {
					t.Error("Apply reordered the edits of its caller")
				}
			}
		})
	}
}
