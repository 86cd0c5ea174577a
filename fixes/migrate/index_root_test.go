package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestIndexRoots: pages of the functions over an index that plans may have are
// whole, whatever the index.
func TestIndexRoots(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	c := open(t, d)
	d.Alter(t, `I.exact: string @index(exact) .
I.hash: string @index(hash) .
I.term: string @index(term) .
I.full: string @index(fulltext) .
I.int: int @index(int) .
I.float: float @index(float) .
I.bool: bool @index(bool) .
I.year: dateTime @index(year) .
I.hour: dateTime @index(hour) .
I.list: [string] @index(exact, term) .
I.lang: string @lang @index(exact) .
`)
	var b strings.Builder
	for i := range 60 {
		for _, quad := range []string{
			fmt.Sprintf(`<I.exact> "v%d"`, i%5), fmt.Sprintf(`<I.hash> "v%d"`, i%5), fmt.Sprintf(`<I.term> "a%d b%d"`, i%5, i%3),
			fmt.Sprintf(`<I.full> "running a%d b%d"`, i%5, i%3), fmt.Sprintf(`<I.int> "%d"`, (i*7)%50),
			fmt.Sprintf(`<I.float> "%d.%d"`, (i*7)%5, i%10), fmt.Sprintf(`<I.bool> "%v"`, i%2 == 0), fmt.Sprintf(`<I.year> "20%02d-%02d-01T00:00:00Z"`, i%30, 1+i%12),
			fmt.Sprintf(`<I.hour> "2020-01-01T%02d:%02d:00Z"`, i%24, i%60), fmt.Sprintf(`<I.list> "l%d"`, i%4), fmt.Sprintf(`<I.list> "m%d x"`, i%6),
			fmt.Sprintf(`<I.lang> "%s"@de`, "xyz"[i%3:i%3+1]),
		} {
			fmt.Fprintf(&b, "_:n%d %s .\n", i, quad)
		}
	}
	d.Mutate(t, b.String())
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{
		`eq(I.exact, "v1")`, `eq(<I.exact>, ["v1", "v3"])`, `ge(I.exact, "v2")`, `between(I.exact, "v1", "v3")`, `eq(I.hash, ["v3", "v1", "v0"])`,
		`anyofterms(I.term, "a1 b2")`, `allofterms(I.term, "a1 b2")`, `anyoftext(I.full, "run a1")`, `alloftext(I.full, "run a1")`,
		`eq(I.int, 7)`, `ge(I.int, 20)`, `lt(I.int, 20)`, `between(I.int, 5, 30)`, `ge(I.float, 2.5)`, `le(I.float, 2.5)`, `gt(I.float, 2.5)`,
		`eq(I.bool, true)`, `ge(I.year, "2010-06-01T00:00:00Z")`, `le(I.year, "2010-06-01T00:00:00Z")`, `lt(I.hour, "2020-01-01T12:30:00Z")`,
		`eq(I.list, ["l1", "m2 x"])`, `anyofterms(I.list, "l1 m2")`, `ge(I.list, "l2")`, `eq(I.lang@de, "x")`,
	} {
		if _, _, ok := indexed(root); !ok {
			t.Errorf("%s is refused", root)
		}
		answer := d.Query(t, "{q(func: "+root+") {uid}}")
		var want []uint64
		if err := dql.Rows(answer, "q", func(row dql.Row) error { want = append(want, row.UID); return nil }); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 7} {
			r := &reader{step: &Step{Select: &Select{Root: root}}, task: writing{"I.exact"}, live: live}
			var got []uint64
			for after := uint64(0); len(got) <= len(want); {
				p, at, err := r.page(t.Context(), c.Snapshot(), after, size)
				if err != nil {
					t.Fatal(root, err)
				}
				for _, n := range p.nodes {
					got = append(got, n.uid)
				}
				after = at.last
				if at.nodes < uint64(size) {
					break
				}
			}
			if len(want) == 0 || !slices.Equal(want, got) {
				t.Errorf("%s in pages of %d: %d nodes of %d", root, size, len(got), len(want))
			}
		}
	}
	for _, root := range []string{
		`ge(count(I.to), 1)`, `eq(I.exact)`, `eq(I.exact, "x") { uid } x(func: has(S)`, `eq(I.exact, "x"), first: 1`, `eq(I.exact, val(x))`, `eq(I.exact, "a\")`,
		`eq(val(x), 1)`, `eq(I.exact, [["x"]])`, `eq(I.exact, {"a": 1})`, `eq(I.exact, $x)`, `regexp(I.tri, /x/)`, `uid(0x1)`, `eq(uid, 1)`, `eq(I.lang@de) { uid }, "x")`, `eq(I.exact, [])`,
	} {
		if _, _, ok := indexed(root); ok {
			t.Errorf("%s is accepted", root)
		}
	}
	for _, root := range []string{`eq(I.term, "a1 b2")`, `eq(I.full, "running a1 b1")`, `between(I.float, 1.5, 3.5)`, `eq(I.year, "2005-06-01T00:00:00Z")`, `eq(I.nowhere, 1)`} {
		r := &reader{step: &Step{Select: &Select{Root: root}}, task: writing{"I.exact"}, live: live}
		if _, _, err := r.page(t.Context(), c.Snapshot(), 0, 7); err == nil || !strings.Contains(err.Error(), "takes an index") {
			t.Errorf("%s: %v", root, err)
		}
	}
}
