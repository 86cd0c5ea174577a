package report

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// linePair is a row of two files side by side: 1-based lines, 0 for none.
type linePair struct {
	old, new int
	same     bool
}

// align puts two files side by side. Lines that are the same stand beside each
// other; between them, lines that alike gives the same text, or that define what
// has the same name. alike is asked for lines by their numbers, and says "" where
// it knows nothing. A file that is not there has no lines.
func align(old, new []string, alike func(old bool, line int) string) []linePair {
	var rows []linePair
	// gap puts old lines before new ones where nothing belongs together.
	gap := func(oldFrom, oldTo, newFrom, newTo int) {
		for i := oldFrom; i < oldTo; i++ {
			rows = append(rows, linePair{old: i + 1})
		}
		for i := newFrom; i < newTo; i++ {
			rows = append(rows, linePair{new: i + 1})
		}
	}
	stretches(old, new, func(oldFrom, oldTo, newFrom, newTo int) {
		keys := func(lines []string, first int, isOld bool) []string {
			out := make([]string, len(lines))
			for i, line := range lines {
				if out[i] = alike(isOld, first+i+1); out[i] == "" {
					out[i] = defined(line)
				}
			}
			return out
		}
		stretches(keys(old[oldFrom:oldTo], oldFrom, true), keys(new[newFrom:newTo], newFrom, false),
			func(a, b, c, d int) { gap(oldFrom+a, oldFrom+b, newFrom+c, newFrom+d) },
			func(i, j int) {
				i, j = oldFrom+i, newFrom+j
				rows = append(rows, linePair{i + 1, j + 1, old[i] == new[j]})
			})
	}, func(i, j int) { rows = append(rows, linePair{i + 1, j + 1, true}) })
	return rows
}

// defined is what a line of a schema defines, or all of it.
func defined(line string) string {
	line = strings.TrimSpace(line)
	if end := strings.IndexAny(line, ":({@="); end > 0 && line[0] != '#' && line[0] != '"' {
		line = strings.TrimSpace(line[:end])
	}
	return line
}

// stretches walks through two lists of lines, which hold no line ends, and calls
// differs for the stretches that they do not share, and same for every line that
// they do. It takes time in proportion to the lines, but for sorting.
func stretches(old, new []string, differs func(oldFrom, oldTo, newFrom, newTo int), same func(i, j int)) {
	i, j := 0, 0
	equal := func(to int) {
		for ; i < to; i, j = i+1, j+1 {
			same(i, j)
		}
	}
	removed, added := 0, 0
	flush := func() {
		if removed+added > 0 {
			differs(i, i+removed, j, j+added)
			i, j, removed, added = i+removed, j+added, 0, 0
		}
	}
	hunks := false
	for line := range bytes.Lines(diff.Diff("old", joined(old), "new", joined(new))) {
		switch {
		case bytes.HasPrefix(line, []byte("@@ -")):
			hunks = true
			flush()
			from, _, _ := strings.Cut(strings.Fields(string(line))[1][1:], ",")
			first, err := strconv.Atoi(from)
			if err != nil {
				panic(err) // the library's own words
			}
			equal(first - 1)
		case !hunks:
		case line[0] == '-':
			removed++
		case line[0] == '+':
			added++
		default:
			flush()
			equal(i + 1)
		}
	}
	flush()
	equal(len(old))
}

func joined(lines []string) []byte {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n")
	}
	return b.Bytes()
}
