package diff

import (
	"cmp"
	"math"
	"slices"
)

// candidate is a possible rename: indexes into the removed and the added ones.
type candidate struct {
	before, after int
	score         float64
	reasons       []string
}

func (c candidate) rename() Rename {
	return Rename{Confidence: Likely, Score: math.Round(c.score*100) / 100, Reasons: c.reasons}
}

// choose picks candidates so that each side is used at most once and the sum
// of the scores is greatest, and of those keeps the ones that reach the
// threshold and that no rival comes near. The result is in order of before.
func choose(candidates []candidate) []candidate {
	var chosen []candidate
	for _, group := range components(candidates) {
		r := rivalry{
			byBefore: map[int][]candidate{}, byAfter: map[int][]candidate{},
			pickedBefore: map[int]candidate{}, pickedAfter: map[int]candidate{},
		}
		for _, c := range group {
			r.byBefore[c.before] = append(r.byBefore[c.before], c)
			r.byAfter[c.after] = append(r.byAfter[c.after], c)
		}
		picked := assign(group)
		for _, c := range picked {
			r.pickedBefore[c.before], r.pickedAfter[c.after] = c, c
		}
		for _, c := range picked {
			if c.score >= threshold && !r.contested(c) {
				chosen = append(chosen, c)
			}
		}
	}
	slices.SortFunc(chosen, func(a, b candidate) int { return a.before - b.before })
	return chosen
}

// rivalry is a group of candidates by their elements, with the picked ones.
type rivalry struct {
	byBefore, byAfter         map[int][]candidate
	pickedBefore, pickedAfter map[int]candidate
}

// contested reports whether another candidate for one of c's elements is
// nearly as good. A rival whose other element has a clearly better partner of
// its own is none.
func (r rivalry) contested(c candidate) bool {
	near := func(rival candidate) bool { return rival.score > c.score-margin }
	for _, rival := range r.byBefore[c.before] {
		if rival.after != c.after && near(rival) {
			if p, ok := r.pickedAfter[rival.after]; !ok || p.score < rival.score+margin {
				return true
			}
		}
	}
	for _, rival := range r.byAfter[c.after] {
		if rival.before != c.before && near(rival) {
			if p, ok := r.pickedBefore[rival.before]; !ok || p.score < rival.score+margin {
				return true
			}
		}
	}
	return false
}

// components splits the candidates into groups that share no element.
func components(candidates []candidate) [][]candidate {
	parent := map[[2]int][2]int{}
	var root func(n [2]int) [2]int
	root = func(n [2]int) [2]int {
		p, ok := parent[n]
		if !ok || p == n {
			return n
		}
		r := root(p)
		parent[n] = r
		return r
	}
	for _, c := range candidates {
		b, a := root([2]int{0, c.before}), root([2]int{1, c.after})
		parent[a] = b
	}
	groups := map[[2]int][]candidate{}
	for _, c := range candidates {
		r := root([2]int{0, c.before})
		groups[r] = append(groups[r], c)
	}
	split := make([][]candidate, 0, len(groups))
	for _, g := range groups {
		split = append(split, g)
	}
	slices.SortFunc(split, func(a, b []candidate) int {
		return cmp.Or(a[0].before-b[0].before, a[0].after-b[0].after)
	})
	return split
}

// assign solves the assignment problem for one group: by the Hungarian
// algorithm, which is cubic, or best first when the group is very large.
func assign(group []candidate) []candidate {
	rows, columns := numbered(group, func(c candidate) int { return c.before }), numbered(group, func(c candidate) int { return c.after })
	if max(len(rows), len(columns)) > 128 {
		return greedy(group)
	}
	n := max(len(rows), len(columns))
	cost := make([][]float64, n)
	at := make([][]int, n) // index into group + 1
	for i := range cost {
		cost[i], at[i] = make([]float64, n), make([]int, n)
	}
	for k, c := range group {
		i, j := rows[c.before], columns[c.after]
		cost[i][j], at[i][j] = -c.score, k+1
	}
	var picked []candidate
	for i, j := range hungarian(cost) {
		if at[i][j] > 0 {
			picked = append(picked, group[at[i][j]-1])
		}
	}
	return picked
}

func numbered(group []candidate, side func(candidate) int) map[int]int {
	number := map[int]int{}
	for _, c := range group {
		if _, ok := number[side(c)]; !ok {
			number[side(c)] = len(number)
		}
	}
	return number
}

func greedy(group []candidate) []candidate {
	sorted := slices.Clone(group)
	slices.SortStableFunc(sorted, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	before, after := map[int]bool{}, map[int]bool{}
	var picked []candidate
	for _, c := range sorted {
		if !before[c.before] && !after[c.after] {
			before[c.before], after[c.after] = true, true
			picked = append(picked, c)
		}
	}
	return picked
}

// hungarian gives, for each row of a square matrix, the column of an
// assignment with the least sum. It is the variant with potentials that adds
// one row at a time along a shortest augmenting path.
func hungarian(cost [][]float64) []int {
	n := len(cost)
	u, v := make([]float64, n+1), make([]float64, n+1)
	rowOf, way := make([]int, n+1), make([]int, n+1) // of columns, 1-based; 0 is the virtual column
	for row := 1; row <= n; row++ {
		rowOf[0] = row
		column := 0
		least := slices.Repeat([]float64{math.Inf(1)}, n+1)
		used := make([]bool, n+1)
		for rowOf[column] != 0 {
			used[column] = true
			delta, next := math.Inf(1), 0
			for j := 1; j <= n; j++ {
				if used[j] {
					continue
				}
				if c := cost[rowOf[column]-1][j-1] - u[rowOf[column]] - v[j]; c < least[j] {
					least[j], way[j] = c, column
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := 0; j <= n; j++ {
				if used[j] {
					u[rowOf[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			column = next
		}
		for column != 0 {
			rowOf[column] = rowOf[way[column]]
			column = way[column]
		}
	}
	columns := make([]int, n)
	for j := 1; j <= n; j++ {
		columns[rowOf[j]-1] = j - 1
	}
	return columns
}
