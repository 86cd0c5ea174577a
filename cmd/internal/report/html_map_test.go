package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHTMLMap(t *testing.T) {
	t.Parallel()
	r := shop()
	v := newHTMLBook(r, htmlMost).typeMap(r)
	got := map[string]string{}
	for _, b := range v.Drawing.Boxes {
		got[b.Name] = fmt.Sprintf("%s %s %d", b.Title(), b.Group, len(b.Counts))
	}
	if diff := cmp.Diff(map[string]string{
		"Client":  "Client, type, was Customer, 3 errors, 1 warning t-1 2",
		"Order":   "Order, type, no findings  0",
		"Status":  "Status, enum, no findings  0",
		"Named":   "Named, interface, added, 1 info t-4 1",
		"Voucher": "Voucher, type, removed, 1 warning t-3 1",
	}, got); diff != "" {
		t.Errorf("the boxes differ (-want +got):\n%s", diff)
	}
	var curves []string
	for _, c := range v.Drawing.Curves {
		curves = append(curves, c.Title)
	}
	slices.Sort(curves)
	if diff := cmp.Diff([]string{"Client implements Named (added)", "Client uses Order", "Order uses Client", "Order uses Status"}, curves); diff != "" {
		t.Errorf("the lines differ (-want +got):\n%s", diff)
	}
	many := large(900, 8000)
	v = newHTMLBook(many, htmlMost).typeMap(many)
	if v.Drawing != nil || len(v.Boxes) == 0 || v.RestN == 0 || len(v.Boxes)+v.LeftOut+v.RestN != len(many.New.Types) {
		t.Errorf("of %d types %d are on the map, and %d beside it", len(many.New.Types), len(v.Boxes), v.RestN)
	}
	alone := large(9, 8000)
	alone.Before, alone.Old = Source{}, Schema{}
	if a := newHTMLBook(alone, htmlMost).typeMap(alone); a.RestN == 0 || a.RestN > len(alone.New.Types)-3 {
		t.Errorf("of one schema with findings on 3 types %d of %d are not on the map", a.RestN, len(alone.New.Types))
	}
	for i := 1; i < len(v.Boxes); i++ {
		if v.Boxes[i].Severity.rank() > v.Boxes[i-1].Severity.rank() {
			t.Fatalf("%s comes before the graver %s", v.Boxes[i-1].Name, v.Boxes[i].Name)
		}
	}
}

// TestHTMLDrawing lays random graphs out: no two boxes touch, every link has its
// way from box to box, and everything is within the picture.
func TestHTMLDrawing(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		n := 1 + rng.IntN(mostDrawn)
		nodes := make([]*node, n)
		var chosen []int
		for i := range nodes {
			nodes[i] = &node{name: fmt.Sprint("T", i), new: &Type{Name: fmt.Sprint("T", i)}}
			chosen = append(chosen, i)
		}
		links := 0
		for range rng.IntN(mostLinks) {
			from, to := rng.IntN(n), rng.IntN(n)
			if from != to {
				nodes[from].edges = append(nodes[from].edges, link{to: to})
				links++
			}
		}
		d := layout(nodes, chosen)
		for _, s := range d.strands {
			if left, right := s.ends(); d.column[left] >= d.column[right] || len(s.slots) != d.column[right]-d.column[left]+1 {
				t.Fatalf("a link goes from column %d to %d over %d slots", d.column[left], d.column[right], len(s.slots))
			}
		}
		v := (&htmlBook{most: htmlMost}).draw(nodes, chosen)
		if len(v.Boxes) != n || len(v.Curves) != links {
			t.Fatalf("%d boxes of %d, %d lines of %d", len(v.Boxes), n, len(v.Curves), links)
		}
		for i, a := range v.Boxes {
			if a.X < 0 || a.Y < 0 || a.X+boxWidth > v.Width || a.Y+boxHeight > v.Height {
				t.Fatalf("the box at %d,%d is outside of %dx%d", a.X, a.Y, v.Width, v.Height)
			}
			for _, z := range v.Boxes[:i] {
				if a.X < z.X+boxWidth && z.X < a.X+boxWidth && a.Y < z.Y+boxHeight && z.Y < a.Y+boxHeight {
					t.Fatalf("the boxes at %d,%d and %d,%d overlap", a.X, a.Y, z.X, z.Y)
				}
			}
		}
	}
}
