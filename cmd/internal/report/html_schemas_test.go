package report

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// TestHTMLPlaces: findings stand at their lines, what is removed at its old one,
// and lines and findings lead to each other.
func TestHTMLPlaces(t *testing.T) {
	t.Parallel()
	r := shop()
	page := parsePage(t, render(t, r, "html", Options{}))
	byID := map[string]*html.Node{}
	elements(page, func(n *html.Node) {
		if id := attribute(n, "id"); id != "" {
			byID[id] = n
		}
	})
	for coordinate, want := range map[string][]string{
		"Customer":       {"new-1-2", "old-1-2"},
		"Customer.email": {"new-1-5", "old-1-4"},
		"Customer.phone": {"new-1-6", "old-1-5"},
		"Customer.fax":   {"new-1-2", "old-1-6"},
		"Voucher":        {"", "old-1-18"},
		"Named":          {"new-1-18"},
		"":               {""},
	} {
		i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Coordinate == coordinate })
		f := &r.Findings[i]
		card := byID[anchor(f)]
		var got []string
		elements(card, func(n *html.Node) {
			if n.Data == "span" && n.Parent.Data == "p" && attribute(n.Parent, "class") == "places" {
				to := ""
				elements(n, func(a *html.Node) { to = strings.TrimPrefix(attribute(a, "href"), "#") })
				got = append(got, to)
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s leads to other lines (-want +got):\n%s", coordinate, diff)
		}
	}
	// The first line after the one with the ID has the notes; the side is the cell.
	side := func(id string) int { return map[bool]int{true: 0, false: 1}[strings.HasPrefix(id, "old")] }
	for id, want := range map[string]string{
		"new-1-5": "error id-added Customer.email gets @id", "old-1-6": "warning field-removed Customer.fax is removed",
		"old-1-18": "warning type-removed type Voucher is removed", "new-1-18": "info interface-added interface Named is new",
	} {
		row := byID[id].Parent
		next := row.NextSibling
		for next.Type != html.ElementNode {
			next = next.NextSibling
		}
		var cells []string
		elements(next, func(n *html.Node) {
			if n.Data == "td" {
				cells = append(cells, strings.Join(strings.Fields(textOf(n)), " "))
			}
		})
		if len(cells) != 2 || !strings.HasSuffix(cells[side(id)], want) || cells[1-side(id)] != "" {
			t.Errorf("below %s stands %q, want %q", id, cells, want)
		}
	}
}

// TestHTMLAlign: every line of both files is there once and in order, lines that
// are called the same are the same, and what defines the same stands together.
func TestHTMLAlign(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	none := func(bool, int) string { return "" }
	random := func() []string {
		lines := make([]string, rng.IntN(40))
		for i := range lines {
			lines[i] = []string{"}", "", "type A {", "  a: Int", "  a: String", "  b: Int", "  c: ID!", "-- x", "@@ -1,2 +1,2 @@", "\\ No newline"}[rng.IntN(10)]
		}
		return lines
	}
	for range 2000 {
		old, new := random(), random()
		i, j := 0, 0
		for _, row := range align(old, new, none) {
			if row.old > 0 {
				if i++; row.old != i {
					t.Fatalf("old line %d stands where %d is expected: %q %q", row.old, i, old, new)
				}
			}
			if row.new > 0 {
				if j++; row.new != j {
					t.Fatalf("new line %d stands where %d is expected: %q %q", row.new, j, old, new)
				}
			}
			if row.same != (row.old > 0 && row.new > 0 && old[row.old-1] == new[row.new-1]) {
				t.Fatalf("row %+v of %q %q", row, old, new)
			}
		}
		if i != len(old) || j != len(new) {
			t.Fatalf("%d of %d and %d of %d lines: %q %q", i, len(old), j, len(new), old, new)
		}
	}
	old := []string{"type A {", "  phone: String", "  mail: String", "}"}
	new := []string{"type A {", "  mail: Int", "  tel: String", "}"}
	if got := align(old, new, none); !reflect.DeepEqual(got, []linePair{{1, 1, true}, {2, 0, false}, {3, 2, false}, {0, 3, false}, {4, 4, true}}) {
		t.Errorf("by name: %v", got)
	}
	hint := func(isOld bool, line int) string {
		if isOld && line == 2 || !isOld && line == 3 {
			return "\x001"
		}
		return ""
	}
	if got := align(old[:2], new[:3], hint); !reflect.DeepEqual(got, []linePair{{1, 1, true}, {0, 2, false}, {2, 3, false}}) {
		t.Errorf("by finding: %v", got)
	}
}

func TestHTMLPairsFiles(t *testing.T) {
	t.Parallel()
	files := func(names string) (all []SourceFile) {
		for _, name := range strings.Fields(names) {
			all = append(all, SourceFile{Name: name})
		}
		return all
	}
	for names, want := range map[string]string{
		"old | new":       "[{0 0}]",
		"a b | b a":       "[{1 0} {0 1}]",
		"a b | a c":       "[{0 0} {1 1}]",
		"a b c | a d":     "[{0 0} {-1 1} {1 -1} {2 -1}]",
		"| a b":           "[{-1 0} {-1 1}]",
		"a | ":            "[{0 -1}]",
		"x a | a new.gql": "[{1 0} {0 1}]",
	} {
		old, new, _ := strings.Cut(names, "|")
		if got := fmt.Sprint(pairs(files(old), files(new))); got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
}
