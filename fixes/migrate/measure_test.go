package migrate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestEstimated estimates nodes whose uids are known, and divides them.
func TestEstimated(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const n = 100_000
	uids := func(uid func(i uint64) uint64) []uint64 {
		var all []uint64
		for i := range uint64(n) {
			all = append(all, uid(i))
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	for _, test := range []struct {
		name string
		uids []uint64
	}{
		{"one after the other", uids(func(i uint64) uint64 { return 1 + i })},
		{"far from zero", uids(func(i uint64) uint64 { return 1<<40 + 3*i })},
		{"up to the last uid", uids(func(i uint64) uint64 { return 1<<64 - 1 - 2*i })},
		{"anywhere", uids(func(uint64) uint64 { return 1 + random.Uint64N(1<<62) })},
		{"between others", uids(func(uint64) uint64 { return 1 + random.Uint64N(20*n) })},
		{"one far away", append(uids(func(i uint64) uint64 { return 1 + i }), 1<<61)},
		{"one before all", append([]uint64{1}, uids(func(i uint64) uint64 { return 1<<55 + i })...)},
		{"two places", uids(func(i uint64) uint64 { return 1 + i%2<<50 + i })},
		{"ten places", uids(func(i uint64) uint64 { return 1 + i%10<<45 + i/10 })},
		{"in leases", uids(func(i uint64) uint64 { return 1 + i/10_000*50_000 + i%10_000 })},
		{"closer and closer", uids(func(i uint64) uint64 { return 1<<40 - (n-i)*(n-i) })},
		{"farther and farther", uids(func(i uint64) uint64 { return 1 + i*i })},
	} {
		asked := 0
		at := func(_ context.Context, after, others uint64) (uint64, bool, error) {
			asked++
			i, found := slices.BinarySearch(test.uids, after)
			if found {
				i++
			}
			if i += int(others); i >= len(test.uids) {
				return 0, false, nil
			}
			return test.uids[i], true, nil
		}
		for _, ranges := range []int{2, 10} {
			asked = 0
			e, err := estimated(t.Context(), at, ranges)
			if nodes := e.nodes(); err != nil || nodes < 0.7*n || nodes > 1.3*n || asked > 600 {
				t.Errorf("%s: %.0f nodes after %d questions, %v", test.name, nodes, asked, err)
			}
			bounds, after := e.bounds(ranges), 0
			if len(bounds) != ranges-1 || !slices.IsSorted(bounds) {
				t.Errorf("%s: %d ranges: %v", test.name, ranges, bounds)
			}
			for _, end := range append(bounds, 1<<64-1) {
				i, found := slices.BinarySearch(test.uids, end)
				if found {
					i++
				}
				if share := n / ranges; i-after < share/2 || i-after > 2*share {
					t.Errorf("%s: %d ranges: one of %d nodes\n%v", test.name, ranges, i-after, bounds)
				}
				after = i
			}
		}
	}
	none := func(context.Context, uint64, uint64) (uint64, bool, error) { return 0, false, nil }
	if e, err := estimated(t.Context(), none, 10); err != nil || e.nodes() != 0 || len(e.bounds(10)) != 0 {
		t.Errorf("no nodes: %v, %v", e, err)
	}
	one := func(_ context.Context, after, others uint64) (uint64, bool, error) {
		return 5, after < 5 && others == 0, nil
	}
	if e, err := estimated(t.Context(), one, 10); err != nil || e.nodes() > sampleSize {
		t.Errorf("one node: %v, %v", e, err)
	}
}

// TestMeasure counts and estimates nodes on a server.
func TestMeasure(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 10_000)
	c := open(t, d)
	for _, test := range []struct {
		root, filter string
		ranges       int
		nodes        int
	}{
		{"has(V.n)", "", 2, n},
		{"has(V.gap)", "", 2, n - n/1000},
		{"has(V.nothing)", "", 2, 0},
		{"has(V.n)", "", 1, n},
		{"has(V.n)", "NOT has(V.gap)", 2, n / 1000},
		{"type(V)", "", 2, n},
	} {
		step := &Step{Select: &Select{Root: test.root, Filter: test.filter}}
		w := &work{run: &run{client: c, options: Options{Concurrency: test.ranges}}, reader: &reader{step: step}}
		nodes, err := w.measure(t.Context())
		estimates := n >= countedMost && test.ranges > 1 && test.filter == "" && test.root != "type(V)"
		if err != nil || nodes != uint64(test.nodes) && !estimates || (w.bounds != nil) != estimates {
			t.Errorf("%+v: %d nodes, %v, %v", test, nodes, w.bounds, err)
		}
	}
	w := &work{run: &run{client: c}, reader: &reader{step: &Step{Select: &Select{Root: "has(V.n)"}}}}
	e, err := estimated(t.Context(), w.seek, 4)
	if nodes := e.nodes(); err != nil || nodes < 0.9*float64(n) || nodes > 1.1*float64(n) {
		t.Errorf("%.0f nodes are estimated, %v", nodes, err)
	}
	after := uint64(0)
	for _, end := range append(e.bounds(4), 1<<62) {
		answer, err := c.Snapshot().Query(t.Context(), fmt.Sprintf("{a(func: has(V.n), after: %s) {count(uid)} b(func: has(V.n), after: %s) {count(uid)}}", dql.Node(after), dql.Node(end)), nil)
		if err != nil {
			t.Fatal(err)
		}
		var counts []uint64
		for _, block := range []string{"a", "b"} {
			if err := dql.Rows(answer, block, func(r dql.Row) error { counts = append(counts, r.Count("count")); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if nodes := counts[0] - counts[1]; nodes < uint64(n)/6 || nodes > uint64(n)/3 {
			t.Errorf("one of four ranges has %d of %d nodes", nodes, n)
		}
		after = end
	}
}
