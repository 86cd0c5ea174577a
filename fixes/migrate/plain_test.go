package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestPlainPages copies values whose pages are read without facets, of which the first and every sixteenth is read with
// them, too. Whatever is overlooked thus is there in the end.
func TestPlainPages(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n, size = 400, 10
	uid := func(i int) uint64 { return uint64(0x1000 + i) }
	name := func(i int) string { return string(dql.Node(uid(i))) }
	for _, test := range []struct {
		name string
		// more is what is stored beside the values: of the nodes 0 to 9, 160 to 169 and 320 to 329 the pages are
		// read in both ways.
		more func()
		at   int // the node that something is special about
		// want is what its copy is in the end, and rounds how often pages are gone through.
		want   string
		rounds int
		// differs says that it was otherwise when its page was read first than when the closing question looked.
		differs bool
		left    uint64
		// chance says that it need not differ: of such a node a busy server has shown the same value on both pages.
		chance bool
	}{
		{name: "nothing is noted", at: 55, want: `{"copy":"v55"}`, rounds: 1},
		{name: "a facet on a page that is read without", at: 55, want: `{"copy|since":2021,"copy":"v55"}`, rounds: 2, differs: true,
			more: func() { d.Mutate(t, "<"+name(55)+"> <P.from> \"v55\" (since=2021) .\n") }},
		{name: "a facet on a page that is read with them", at: 165, want: `{"copy|since":2021,"copy":"v165"}`, rounds: 1,
			more: func() { d.Mutate(t, "<"+name(165)+"> <P.from> \"v165\" (since=2021) .\n") }},
		{name: "facets on all pages", at: 55, want: `{"copy|since":2021,"copy":"v55"}`, rounds: 1, more: func() {
			var text strings.Builder
			for i := 0; i < n; i += 5 {
				fmt.Fprintf(&text, "<%s> <P.from> \"v%d\" (since=2021) .\n", name(i), i)
			}
			d.Mutate(t, text.String())
		}},
		{name: "something is there already", at: 55, want: `{"copy|since":2021,"copy":"v55"}`, rounds: 1, more: func() {
			d.Mutate(t, "<"+name(55)+"> <P.from> \"v55\" (since=2021) .\n<"+name(n-1)+"> <P.to> \"v399\" .\n")
		}},
		{name: "values in a language that is no more", at: 55, want: `{"copy":"v55"}`, rounds: 1, more: func() {
			d.Alter(t, "P.from: string @lang .\n")
			var text strings.Builder
			for i := 0; i < n; i += 5 {
				fmt.Fprintf(&text, "<%s> <P.from> \"autre\"@fr .\n", name(i))
			}
			d.Mutate(t, text.String())
			d.Alter(t, "P.from: string .\n")
		}},
		{name: "one value in a language that is no more, on a page that is read without", at: 55, want: `{"copy":"autre"}`, rounds: 1, differs: true, left: 1, chance: true, more: func() {
			d.Alter(t, "P.from: string @lang .\n")
			d.Mutate(t, "<"+name(55)+"> <P.from> \"autre\"@fr .\n")
			d.Alter(t, "P.from: string .\n")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.DropAll(t)
			d.Alter(t, "P.from: string .\nP.to: string .\n")
			var text strings.Builder
			for i := range n {
				fmt.Fprintf(&text, "<%s> <P.from> \"v%d\" .\n", name(i), i)
			}
			d.Mutate(t, text.String())
			if test.more != nil {
				test.more()
			}
			f := copyOne("has(P.from)", "P.from", "P.to")
			var seen [][]dql.Quad // of the node, page by page
			o := Options{BatchSize: size, taskOf: func(s *Step) (task, error) {
				return hooked{s.Copy, func(p *page) {
					for _, n := range p.nodes {
						if n.uid == uid(test.at) {
							seen = append(seen, n.quads["P.from"])
						}
					}
				}}, nil
			}}
			if test.differs { // what was overlooked is found even when the run ends before it is looked for
				ctx, cancel := context.WithCancel(t.Context())
				o.point = func(name string) {
					if name == "step done" {
						cancel()
					}
				}
				if r, err := Run(ctx, c, f, Before, o); err == nil || r.Status.State != Paused {
					t.Fatalf("%+v, %v", r, err)
				}
				o.point = nil
			}
			r, err := Run(t.Context(), c, f, Before, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(seen) == 0 {
				t.Fatal("no page had the node")
			}
			last := seen[len(seen)-1] // by the closing question
			differs := !slices.EqualFunc(seen[0], last, func(a, b dql.Quad) bool { return sameObject(a, b) && sameFacets(a.Facets, b.Facets) })
			if test.chance && !differs {
				t.Logf("the server shows %v on either page", last)
				test.want, test.differs, test.left = fmt.Sprintf(`{"copy":"v%d"}`, test.at), false, 0
			}
			if differs != test.differs {
				t.Errorf("the first page had %v, and the last %v", seen[0], last)
			}
			if len(r.Unclean) > 0 != (test.left > 0) || test.left > 0 && r.Unclean[0].Left != test.left {
				t.Errorf("%+v", r)
			}
			rounds, err := below(t.Context(), c.Snapshot(), spanPrefix(f.ID, Before, ""))
			if err != nil || len(rounds) != test.rounds {
				t.Errorf("%d rounds, want %d, %v", len(rounds), test.rounds, err)
			}
			shown := string(d.Query(t, "{q(func: uid("+name(test.at)+")) {copy: P.to @facets}}"))
			if shown != `{"q":[`+test.want+`]}` {
				t.Errorf("%s, want %s", shown, test.want)
			}
			if _, err := Undo(t.Context(), c, f, Before, Options{}); err != nil {
				t.Fatal(err)
			}
			kept := 0
			if strings.HasPrefix(test.name, "something is there") {
				kept = 1
			}
			if left := string(d.Query(t, "{q(func: has(P.to)) {count(uid)}}")); left != fmt.Sprintf(`{"q":[{"count":%d}]}`, kept) {
				t.Errorf("undone: %s", left)
			}
		})
	}
}
