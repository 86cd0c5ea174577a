package migrate

import (
	"fmt"
	"slices"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestMarks: however many nodes there are, some hundred marks divide them into ranges that are about equal.
func TestMarks(t *testing.T) {
	t.Parallel()
	for _, nodes := range []uint64{0, 3_999, 40_000, 1_000_000, 1_024_000, 123_456_789} {
		m := &marks{every: markEvery}
		for uid := m.every; uid <= nodes; uid += m.every { // a node's uid is its number
			m.add(uid)
		}
		for _, n := range []uint64{2, 10, 64} {
			bounds, ok := m.bounds(int(n))
			if want := nodes >= 4*n*markEvery; ok != want {
				t.Errorf("%d nodes, %d ranges: %v", nodes, n, ok)
			}
			if !ok {
				continue
			}
			after := uint64(0)
			for _, end := range append(slices.Clone(bounds), nodes) {
				if share := nodes / n; end-after < share/2 || end-after > 2*share {
					t.Errorf("%d nodes, %d ranges: one of %d nodes\n%v", nodes, n, end-after, bounds)
				}
				after = end
			}
			if len(bounds) != int(n)-1 || len(m.uids) >= mostMarks {
				t.Errorf("%d nodes, %d ranges: %v, of %d marks", nodes, n, bounds, len(m.uids))
			}
		}
	}
	if _, ok := (*marks)(nil).bounds(2); ok {
		t.Error("ranges of no marks")
	}
}

// TestMeasure: the nodes are counted once, and the ranges that come of it have all of them.
func TestMeasure(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 10_000)
	c := open(t, d)
	count := func(root string, after, upTo uint64) uint64 {
		t.Helper()
		// The nodes of a range are those after its beginning but for those after its end.
		answer, err := c.Snapshot().Query(t.Context(), fmt.Sprintf("{a(func: %s, after: %s) {count(uid)} b(func: %s, after: %s) {count(uid)}}", root, dql.Node(after), root, dql.Node(upTo)), nil)
		if err != nil {
			t.Fatal(err)
		}
		var counts []uint64
		for _, block := range []string{"a", "b"} {
			if err := dql.Rows(answer, block, func(r dql.Row) error { counts = append(counts, r.Count("count")); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		return counts[0] - counts[1]
	}
	for _, test := range []struct {
		root, filter string
		ranges       int
		marked       bool
		nodes        int
	}{
		{"has(V.n)", "", 2, true, n},
		{"has(V.gap)", "", 2, true, n - n/1000},
		{"has(V.nothing)", "", 2, true, 0},
		{"has(V.n)", "", 1, false, n},
		{"has(V.n)", "NOT has(V.gap)", 2, false, n / 1000},
		{"type(V)", "", 2, false, n},
	} {
		w := &work{run: &run{client: c, options: Options{Concurrency: test.ranges}}, reader: &reader{step: &Step{Select: &Select{Root: test.root, Filter: test.filter}}}}
		nodes, err := w.measure(t.Context())
		if err != nil || nodes != uint64(test.nodes) || (w.marks != nil) != test.marked {
			t.Errorf("%+v: %d nodes, %v, %+v", test, nodes, err, w.marks)
		}
		bounds, ok := w.marks.bounds(test.ranges)
		if !ok {
			if test.marked && nodes > 0 {
				t.Errorf("%+v: no ranges of %v", test, w.marks)
			}
			continue
		}
		if first := count(test.root, 0, bounds[0]); len(bounds) != 1 || first < nodes/3 || first > nodes/3*2 {
			t.Errorf("%+v: %d of %d nodes in the first half", test, first, nodes)
		}
	}
}
