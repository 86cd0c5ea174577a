package review

import (
	"fmt"
	"strings"
)

// hunk is a region of a file's diff: comments can stand on its lines, and nowhere else.
type hunk struct {
	// first and last are its lines in the new version of the file; last is before first where it has none.
	first, last int
	added       map[int]bool
	deleted     map[int]string // the lines that only the old version has, by their number there
}

// parsePatch reads a patch as the API gives it for a file: hunks, and nothing before them. A patch that is no such thing
// has the hunks before the mistake.
func parsePatch(patch string) []hunk {
	var all []hunk
	var left, right int // lines of the hunk that are still to come
	var before, after int
	for line := range strings.Lines(patch) {
		line = strings.TrimSuffix(line, "\n")
		if left == 0 && right == 0 {
			first, second, ok := hunkHead(line)
			if !ok {
				if strings.HasPrefix(line, `\`) {
					continue
				}
				return all
			}
			before, left, after, right = first.start, first.count, second.start, second.count
			all = append(all, hunk{after, after + right - 1, map[int]bool{}, map[int]string{}})
			continue
		}
		h := &all[len(all)-1]
		mark, text := byte(' '), ""
		if line != "" {
			mark, text = line[0], line[1:]
		}
		switch {
		case mark == '+' && right > 0:
			h.added[after] = true
			after, right = after+1, right-1
		case mark == '-' && left > 0:
			h.deleted[before] = text
			before, left = before+1, left-1
		case mark == ' ' && left > 0 && right > 0:
			before, left, after, right = before+1, left-1, after+1, right-1
		case mark == '\\':
		default:
			return all[:len(all)-1]
		}
	}
	if left > 0 || right > 0 { // it was cut off
		return all[:len(all)-1]
	}
	return all
}

// region is one side of a hunk, as its head has it.
type region struct{ start, count int }

// hunkHead reads "@@ -1,2 +3,4 @@" and what follows it.
func hunkHead(line string) (old, new region, ok bool) {
	rest, ok := strings.CutPrefix(line, "@@ -")
	head, _, closed := strings.Cut(rest, " @@")
	one, two, both := strings.Cut(head, " +")
	if !ok || !closed || !both {
		return old, new, false
	}
	return old, new, old.read(one) && new.read(two)
}

// read reads "START,COUNT", or "START" of a single line.
func (r *region) read(text string) bool {
	r.count = 1
	start, count, two := strings.Cut(text, ",")
	if _, err := fmt.Sscanf(start+"\n", "%d\n", &r.start); err != nil {
		return false
	}
	if two {
		if _, err := fmt.Sscanf(count+"\n", "%d\n", &r.count); err != nil {
			return false
		}
	}
	const most = 1 << 30
	return r.start >= 0 && r.count >= 0 && r.start < most && r.count < most
}

// has reports whether lines of the new version stand in the hunk, from first to last.
func (h *hunk) has(first, last int) bool { return first >= h.first && last <= h.last && first <= last }

// holding is the hunk that has all these lines of the new version, or nil.
func holding(hunks []hunk, first, last int) *hunk {
	for i := range hunks {
		if hunks[i].has(first, last) {
			return &hunks[i]
		}
	}
	return nil
}
