package diff

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestHungarian holds the assignment against all permutations.
func TestHungarian(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		n := rng.IntN(7)
		cost := make([][]float64, n)
		for i := range cost {
			cost[i] = make([]float64, n)
			for j := range cost[i] {
				if rng.IntN(3) > 0 { // many ties and zeros, as candidates have
					cost[i][j] = -float64(rng.IntN(20)) / 20
				}
			}
		}
		columns := hungarian(cost)
		sum := 0.0
		used := map[int]bool{}
		for i, j := range columns {
			sum += cost[i][j]
			used[j] = true
		}
		if len(used) != n || math.Abs(sum-best(cost, 0, make([]bool, n))) > 1e-9 {
			t.Fatalf("seed %d: %v of %v costs %v, the best is %v", seed, columns, cost, sum, best(cost, 0, make([]bool, n)))
		}
	}
}

// best is the least sum of any assignment of the rows from row on.
func best(cost [][]float64, row int, used []bool) float64 {
	if row == len(cost) {
		return 0
	}
	least := math.Inf(1)
	for j := range cost {
		if !used[j] {
			used[j] = true
			least = min(least, cost[row][j]+best(cost, row+1, used))
			used[j] = false
		}
	}
	return least
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := func(before, after int, score float64) candidate { return candidate{before, after, score, nil} }
	for _, test := range []struct {
		name       string
		candidates []candidate
		want       [][2]int
	}{
		{"nothing", nil, nil},
		{"one", []candidate{c(0, 0, 0.9)}, [][2]int{{0, 0}}},
		{"at the threshold", []candidate{c(0, 0, threshold)}, [][2]int{{0, 0}}},
		{"below the threshold", []candidate{c(0, 0, threshold-0.01)}, nil},
		{"a clear winner", []candidate{c(0, 0, 0.9), c(0, 1, 0.7)}, [][2]int{{0, 0}}},
		{"a tie for one old", []candidate{c(0, 0, 0.9), c(0, 1, 0.9)}, nil},
		{"a tie for one new", []candidate{c(0, 0, 0.9), c(1, 0, 0.9)}, nil},
		{"too near for one old", []candidate{c(0, 0, 0.9), c(0, 1, 0.9-margin/2)}, nil},
		{"too near for one new", []candidate{c(0, 0, 0.9), c(1, 0, 0.9-margin/2)}, nil},
		{"each has its own", []candidate{c(0, 0, 0.9), c(0, 1, 0.75), c(1, 0, 0.75), c(1, 1, 0.9)}, [][2]int{{0, 0}, {1, 1}}},
		{"all alike", []candidate{c(0, 0, 0.9), c(0, 1, 0.9), c(1, 0, 0.9), c(1, 1, 0.9)}, nil},
		{"the sum counts", []candidate{c(0, 0, 0.8), c(0, 1, 0.85), c(1, 0, 0.1), c(1, 1, 0.99)}, [][2]int{{0, 0}, {1, 1}}},
		{"the rival is better off elsewhere", []candidate{c(0, 0, 0.8), c(1, 0, 0.78), c(1, 1, 0.95)}, [][2]int{{0, 0}, {1, 1}}},
		{"the rival is hardly better off elsewhere", []candidate{c(0, 0, 0.8), c(1, 0, 0.78), c(1, 1, 0.8)}, nil},
		{"groups do not touch", []candidate{c(2, 5, 0.7), c(0, 3, 0.9), c(1, 3, 0.9)}, [][2]int{{2, 5}}},
		{"in the order of the old", []candidate{c(2, 0, 0.9), c(0, 2, 0.9), c(1, 1, 0.9)}, [][2]int{{0, 2}, {1, 1}, {2, 0}}},
	} {
		var got [][2]int
		for _, c := range choose(test.candidates) {
			got = append(got, [2]int{c.before, c.after})
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestChooseRandom: what is chosen is one-to-one, reaches the threshold, does
// not hang on the order of the candidates, and is the same for a group too
// large for the exact way as long as nothing is contested.
func TestChooseRandom(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 2))
	for range 500 {
		var candidates []candidate
		for i := range rng.IntN(8) {
			for j := range 1 + rng.IntN(8) {
				if rng.IntN(2) == 0 {
					candidates = append(candidates, candidate{i, j, 0.5 + rng.Float64()/2, nil})
				}
			}
		}
		before, after := map[int]bool{}, map[int]bool{}
		chosen := choose(candidates)
		for _, c := range chosen {
			if before[c.before] || after[c.after] || c.score < threshold {
				t.Fatalf("seed %d: %v of %v", seed, chosen, candidates)
			}
			before[c.before], after[c.after] = true, true
		}
		shuffled := slices.Clone(candidates)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := choose(shuffled); !slices.EqualFunc(chosen, again, func(x, y candidate) bool {
			return x.before == y.before && x.after == y.after
		}) {
			t.Fatalf("seed %d: %v, in another order %v, of %v", seed, chosen, again, candidates)
		}
	}
}

func TestChooseLarge(t *testing.T) {
	t.Parallel()
	const n = 1000
	var candidates []candidate
	for i := range n {
		candidates = append(candidates, candidate{i, i, 0.9, nil}, candidate{i, (i + 1) % n, 0.7, nil})
	}
	chosen := choose(candidates)
	for i, c := range chosen {
		if c.before != i || c.after != i {
			t.Fatalf("%d goes to %d", c.before, c.after)
		}
	}
	if len(chosen) != n {
		t.Errorf("%d chosen", len(chosen))
	}
}

// TestShortlist: of few elements all pairs are scored, of many only those that
// share what is rare, and never more than a few for each.
func TestShortlist(t *testing.T) {
	t.Parallel()
	if pairs := shortlist([][]string{{"a"}, {"b"}}, [][]string{{"c"}}); len(pairs) != 2 {
		t.Errorf("few: %v", pairs)
	}
	const n = 2000
	gone, come := make([][]string, n), make([][]string, n)
	for i := range n {
		// All share one feature, twenty the next one, two the last one.
		gone[i] = []string{"all", fmt.Sprint("group", i/20), fmt.Sprint("pair", i/2)}
		come[n-1-i] = gone[i]
	}
	pairs := shortlist(gone, come)
	if len(pairs) > 8*n {
		t.Fatalf("%d pairs", len(pairs))
	}
	for i := range n {
		if !slices.Contains(pairs[max(0, 8*i-8):min(len(pairs), 8*i+16)], [2]int{i, n - 1 - i}) {
			t.Fatalf("%d is not held against its like", i)
		}
	}
	if !slices.IsSortedFunc(pairs, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) }) {
		t.Error("the pairs are not in order")
	}
}
