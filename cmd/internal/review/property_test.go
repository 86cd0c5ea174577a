package review

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/cmd/internal/review/githubtest"
)

// tries is the number of random cases: SCHEMACHECK_RANDOM, or few.
func tries(t *testing.T, few int) int {
	t.Helper()
	if text := os.Getenv("SCHEMACHECK_RANDOM"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return few
}

// script are random changes of a text: lines go, come, and change.
func script(r *rand.Rand, text string) string {
	lines := strings.SplitAfter(text, "\n")
	for range 1 + r.IntN(4) {
		i := r.IntN(len(lines))
		switch r.IntN(3) {
		case 0:
			lines[i] = fmt.Sprintf("  f%d: Int\n", r.IntN(30))
		case 1:
			lines = append(lines[:i:i], lines[i+1:]...)
		default:
			lines = append(lines[:i:i], append([]string{fmt.Sprintf("  f%d: String\n", r.IntN(30))}, lines[i:]...)...)
		}
		if len(lines) == 0 {
			lines = []string{"\n"}
		}
	}
	out := strings.Join(lines, "")
	switch {
	case out == "":
		return "\n"
	case r.IntN(4) == 0:
		return strings.TrimSuffix(out, "\n")
	}
	return out
}

func schema(r *rand.Rand) string {
	var b strings.Builder
	for i := range 5 + r.IntN(40) {
		fmt.Fprintf(&b, "  f%d: Int\n", i)
	}
	return b.String()
}

// findings are random ones, most of them those of the run before.
func findings(r *rand.Rand, texts map[string]string) []report.Finding {
	var all []report.Finding
	for n := range 30 {
		if r.IntN(3) == 0 {
			continue
		}
		file := fmt.Sprintf("s%d.graphql", n%3)
		lines := strings.Count(texts["api/"+file], "\n") + 1
		f := at(fmt.Sprintf("rule-%d", n), fmt.Sprintf("T.f%d", n), 1+(n*5)%lines)
		f.Location.File = file
		f.Severity = []report.Severity{report.Error, report.Warning, report.Info}[n%3]
		f.Addition = n%11 == 0
		if r.IntN(5) == 0 {
			f.Message = "another text"
		}
		if n%4 == 0 {
			f.Location.Anchor = "owner"
			f.Previous = report.Location{File: file, Line: 1 + n%20, Column: 3}
		}
		all = append(all, f)
	}
	return all
}

// TestRuns: whatever is pushed and found, said and resolved by people, after each run the pull request has exactly the
// comments that it should, and another run writes nothing.
func TestRuns(t *testing.T) {
	t.Parallel()
	for range tries(t, 12) {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			w := newWorld(t)
			base, head := map[string]string{}, map[string]string{}
			for i := range 3 {
				path := fmt.Sprintf("api/s%d.graphql", i)
				base[path] = schema(r)
				head[path] = script(r, base[path])
			}
			w.PageSize = 1 + r.IntN(5)
			w.Open(githubtest.PullRequest{Number: number, HeadSHA: commit, Base: base, Head: head})
			w.Allow(token, githubtest.Account{Login: bot, MayResolve: r.IntN(3) > 0})
			strangers := map[int64]string{}
			closed := map[string]bool{} // fingerprints of conversations that people resolved
			for round := range 6 {
				sha := fmt.Sprintf("%040x", seed>>8+uint64(round))
				if r.IntN(2) == 0 {
					next := maps.Clone(head)
					path := fmt.Sprintf("api/s%d.graphql", r.IntN(3))
					next[path] = script(r, head[path])
					head = next
				}
				w.Push(number, sha, head)
				for _, c := range w.Threads() {
					if c.Author != bot {
						continue
					}
					switch m := findingMarker.FindStringSubmatch(c.Body); r.IntN(8) {
					case 0:
						w.Change(c.ID, func(c *githubtest.Comment) { c.Replies = append(c.Replies, "hm") })
					case 1:
						if m[3] == "" {
							w.Change(c.ID, func(c *githubtest.Comment) { c.Resolved = true })
							closed[m[2]] = true
						}
					case 2:
						id := w.Remark(githubtest.Comment{Author: "stranger", Body: c.Body, Path: c.Path, Side: c.Side, Line: c.Line})
						strangers[id] = c.Body
					case 3:
						copied := c
						copied.Replies = nil
						w.Remark(copied) // a run at once with ours left it
					}
				}
				q := request(findings(r, head)...)
				q.Target.Commit = sha
				q.MaxComments = 5 + r.IntN(60)
				out, _ := w.run(q)
				checkState(t, w, q, head, closed)
				for _, c := range w.Threads() {
					if text, ok := strangers[c.ID]; ok && c.Body != text {
						t.Errorf("a stranger's comment is touched")
					}
				}
				w.quiet(q)
				if t.Failed() {
					t.Fatalf("seed %d, round %d: %s", seed, round, out)
				}
			}
		})
	}
}

// checkState compares the conversations of a pull request with what the findings should have.
func checkState(t *testing.T, w *world, q *Request, head map[string]string, closed map[string]bool) {
	t.Helper()
	places := map[string]string{}
	for _, f := range q.Report.Findings {
		if f.Addition || f.Severity == report.Info {
			continue
		}
		path, line := "api/"+f.Location.File, f.Location.Line
		if text := head[path]; line == strings.Count(text, "\n")+1 && strings.HasSuffix(text, "\n") {
			line-- // the end of the file
		}
		switch old := "api/" + f.Previous.File; {
		case f.Previous.Line > 0 && w.Deletes(number, old, f.Previous.Line) && strings.Contains(w.BaseLine(number, old, f.Previous.Line), lastName(f.Coordinate)):
			places[f.Fingerprint] = fmt.Sprintf("%s LEFT %d", old, f.Previous.Line)
		case w.Shows(number, path, "RIGHT", line):
			places[f.Fingerprint] = fmt.Sprintf("%s RIGHT %d", path, line)
		}
	}
	want := min(len(places), q.MaxComments)
	live, over := map[string]int{}, 0
	for _, c := range w.Threads() {
		m := findingMarker.FindStringSubmatch(c.Body)
		if c.Author != bot || m == nil {
			continue
		}
		at, due := places[m[2]]
		here := due && at == fmt.Sprintf("%s %s %d", c.Path, c.Side, c.Line)
		switch {
		case here && m[3] == "" && live[m[2]] == 0:
			live[m[2]]++
			if c.Resolved {
				over++ // it stays there, also when there would be too many
			}
			if c.Resolved && !closed[m[2]] {
				t.Errorf("the comment on %s is resolved", at)
			}
		case !c.Resolved && m[3] == "":
			t.Errorf("there is a comment too many at %s %s %d, want it at %q", c.Path, c.Side, c.Line, at)
		case !c.Resolved && m[3] == " settled" && len(c.Replies) == 0:
			t.Errorf("the settled comment at %s %s %d is not resolved", c.Path, c.Side, c.Line)
		}
	}
	if len(live) < want || len(live)-over > want {
		t.Errorf("%d findings have comments, want %d", len(live), want)
	}
	if s := w.Summaries(); len(s) != 1 || !strings.HasPrefix(s[0].Body, markSummary("schema")) {
		t.Errorf("there are %d summaries", len(s))
	}
}

// TestHunks: a patch is read as it was meant.
func TestHunks(t *testing.T) {
	t.Parallel()
	for range tries(t, 300) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		old := schema(r)
		new := script(r, old)
		switch r.IntN(8) {
		case 0:
			old = ""
		case 1:
			new = ""
		}
		patch, left, right := githubtest.Patch(old, new)
		got := parsePatch(patch)
		seen := 0
		for n, h := range got {
			for line := h.first; line <= h.last; line++ {
				if seen++; right[line] != n+1 {
					t.Fatalf("seed %d: line %d is not in hunk %d:\n%s", seed, line, n+1, patch)
				}
			}
			for line, text := range h.deleted {
				if left[line] != n+1 || !strings.HasPrefix(strings.SplitAfter(old, "\n")[line-1], text) {
					t.Fatalf("seed %d: %q is not what line %d deletes:\n%s", seed, text, line, patch)
				}
			}
		}
		if seen != len(right) {
			t.Fatalf("seed %d: %d lines of %d are seen:\n%s", seed, seen, len(right), patch)
		}
	}
	for _, bad := range []string{"", "Binary files differ", "@@ -1 +1 @@", "@@ -1,2 +1,2 @@\n a\n", "@@ -x +1 @@\n", "@@ -1,99999999999999999999 +1 @@\n", "@@ -1 +1 @@\n?\n", "@@ -0,0 +1,-1 @@\n"} {
		if got := parsePatch(bad); len(got) > 0 {
			t.Errorf("%q has hunks: %v", bad, got)
		}
	}
}

func FuzzHunks(f *testing.F) {
	patch, _, _ := githubtest.Patch(before, after)
	f.Add(patch)
	f.Fuzz(func(t *testing.T, patch string) {
		for _, h := range parsePatch(patch) {
			if h.last < h.first-1 {
				t.Errorf("%q has the hunk %d-%d", patch, h.first, h.last)
			}
		}
	})
}
