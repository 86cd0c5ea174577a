package githubtest

import (
	"fmt"
	"strings"
)

// comparison is the diff of a file: which line became which, and which lines a comment can stand on.
type comparison struct {
	before, after []string
	// kept are the lines that stay: the new number of an old line, 1-based, or 0.
	kept []int
	// left and right give the hunk of each line that the diff shows, by its number; 0 is none.
	left, right map[int]int
	patch       string
}

// lines are those of a text, as git counts them.
func lines(text string) []string {
	all := strings.SplitAfter(text, "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

const context = 3

// compare finds the longest common subsequence, and makes hunks of what is around the rest.
func compare(before, after string) *comparison {
	c := &comparison{before: lines(before), after: lines(after), left: map[int]int{}, right: map[int]int{}}
	n, m := len(c.before), len(c.after)
	common := make([][]int, n+1)
	for i := range common {
		common[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if c.before[i] == c.after[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	c.kept = make([]int, n+1)
	// script has a row for each line of the diff: its mark, and the numbers on both sides.
	type row struct {
		mark     byte
		old, new int
	}
	var script []row
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && c.before[i] == c.after[j]:
			script = append(script, row{' ', i + 1, j + 1})
			c.kept[i+1] = j + 1
			i, j = i+1, j+1
		case i < n && (j == m || common[i+1][j] >= common[i][j+1]):
			script = append(script, row{'-', i + 1, j + 1})
			i++
		default:
			script = append(script, row{'+', i + 1, j + 1})
			j++
		}
	}
	shown := make([]bool, len(script))
	for at, r := range script {
		if r.mark != ' ' {
			for k := max(0, at-context); k <= min(len(script)-1, at+context); k++ {
				shown[k] = true
			}
		}
	}
	var patch strings.Builder
	hunk := 0
	for from := 0; from < len(script); from++ {
		if !shown[from] {
			continue
		}
		to := from
		for to < len(script) && shown[to] {
			to++
		}
		hunk++
		var body strings.Builder
		old, new := 0, 0
		for _, r := range script[from:to] {
			text := ""
			if r.mark != '+' {
				old++
				c.left[r.old] = hunk
				text = c.before[r.old-1]
			}
			if r.mark != '-' {
				new++
				c.right[r.new] = hunk
				text = c.after[r.new-1]
			}
			body.WriteString(string(r.mark) + text)
			if !strings.HasSuffix(text, "\n") {
				body.WriteString("\n\\ No newline at end of file\n")
			}
		}
		side := func(start, count int) string {
			switch count {
			case 0:
				return fmt.Sprintf("%d,0", start-1)
			case 1:
				return fmt.Sprint(start)
			}
			return fmt.Sprintf("%d,%d", start, count)
		}
		fmt.Fprintf(&patch, "@@ -%s +%s @@ type Something {\n%s", side(script[from].old, old), side(script[from].new, new), body.String())
		from = to
	}
	c.patch = strings.TrimSuffix(patch.String(), "\n")
	return c
}
