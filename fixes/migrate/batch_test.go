package migrate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestPagesReadLittle: what a task does not look at, and what nothing is stored under, is not read.
func TestPagesReadLittle(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Alter(t, "P.from: string .\nP.to: string .\nP.tagged: string @lang .\nP.edge: [uid] .\n")
	uids := d.Mutate(t, `_:a <P.from> "a" .
_:b <P.from> "b" .
_:b <dgraph.type> "P" .
_:c <P.from> "c" .
`)
	c := open(t, d)
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var nodes []uint64
	for _, uid := range uids {
		nodes = append(nodes, dql.Ref(uid).UID())
	}
	slices.Sort(nodes)
	reading := func(task paged) *reader {
		return &reader{step: &Step{Select: &Select{Root: "has(P.from)"}}, task: task, live: live}
	}
	for _, test := range []struct {
		task  paged
		typed bool
	}{
		{&Copy{From: "P.from", To: "P.to"}, false},
		{&Copy{From: "P.from", To: "P.to", Types: []string{"P"}}, true},
		{&Choose{From: "P.from", To: "P.to"}, false},
		{&Convert{Predicate: "P.from"}, false},
		{&Convert{Predicate: "P.from", Types: []string{"P"}}, true},
		{tally{"P.from"}, true},
	} {
		text, err := reading(test.task).question("0x0", 10, manner{})
		if err != nil || strings.Contains(text, "dgraph.type") != test.typed {
			t.Errorf("%+v: %v\n%s", test.task, err, text)
		}
	}

	for from, plain := range map[string]bool{"P.from": true, "P.tagged": false, "P.edge": false} {
		text, err := reading(&Copy{From: from, To: "P.new"}).question("0x0", 10, manner{plain: true})
		if err != nil || strings.Contains(text, "@facets") == plain || !strings.Contains(text, "c0: "+from) {
			t.Errorf("%s: %v\n%s", from, err, text)
		}
	}

	unheld := func(to string, after, upTo uint64, want bool) {
		t.Helper()
		r := reading(&Copy{From: "P.from", To: to})
		holders, err := r.holders(after)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Txn().Query(t.Context(), "{\n"+holders+"}", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.unheld(answer, upTo)
		if err != nil || slices.Contains(got, to) != want || slices.Contains(got, "P.from") {
			t.Errorf("unheld after %#x up to %#x: %v, %v", after, upTo, got, err)
		}
		// Whether it is read or not, the page is the same.
		with, _, err := r.page(t.Context(), c.Txn(), after, 10)
		if err != nil {
			t.Fatal(err)
		}
		without, _, err := r.pageBy(t.Context(), c.Txn(), after, 10, manner{unheld: got})
		if err != nil || len(with.nodes) != len(without.nodes) {
			t.Fatalf("%d and %d nodes, %v", len(with.nodes), len(without.nodes), err)
		}
		for i, n := range with.nodes {
			if n.uid <= upTo && len(n.quads[to]) != len(without.nodes[i].quads[to]) {
				t.Errorf("%s of %#x: %v and %v", to, n.uid, n.quads[to], without.nodes[i].quads[to])
			}
		}
	}
	for _, to := range []struct{ name, value string }{{"P.to", `"x"`}, {"P.tagged", `"x"@de`}, {"P.edge", "<0x1>"}} {
		unheld(to.name, 0, math.MaxUint64, true)
		d.Mutate(t, "<"+string(dql.Node(nodes[1]))+"> <"+to.name+"> "+to.value+" .\n")
		unheld(to.name, 0, math.MaxUint64, false)
		unheld(to.name, 0, nodes[0], true)
		unheld(to.name, nodes[0], nodes[1], false)
		unheld(to.name, nodes[1], math.MaxUint64, true)
	}
}

// TestClosingInRanges: the closing question looks at each node once, however the nodes are divided.
func TestClosingInRanges(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Alter(t, "P.from: string .\nP.to: string .\n")
	const n = 40
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "_:n%d <P.from> \"%d\" .\n", i, i)
		switch {
		case i%4 == 0:
			fmt.Fprintf(&text, "_:n%d <P.to> \"%d\" .\n", i, i)
		case i%10 == 1:
			fmt.Fprintf(&text, "_:n%d <P.to> \"other\" .\n", i)
		}
	}
	var nodes []uint64
	for _, uid := range d.Mutate(t, text.String()) {
		nodes = append(nodes, dql.Ref(uid).UID())
	}
	slices.Sort(nodes)
	c := open(t, d)
	f := copyOne("has(P.from)", "P.from", "P.to")
	step := &f.Steps[0]
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ends := range [][]uint64{nil, {nodes[0]}, {nodes[9], nodes[10], nodes[30]}, {1, nodes[n-1]}, {nodes[5], nodes[n-1] + 100}} {
		check, err := closing(t.Context(), c, &reader{step: step, task: step.Copy, live: live, ends: ends}, nil)
		if err != nil || check.Nodes != n || check.Open != 26 || check.Left != 4 || len(check.First) != mostFirst || !slices.IsSorted(check.First) || check.First[0] < nodes[0] || check.First[mostFirst-1] > nodes[12] {
			t.Errorf("ranges that end with %v: %+v, %v", ends, check, err)
		}
	}

	// The ranges are those of the step, or as many as may go at once now.
	r := &run{client: c, file: f, phase: Before, options: Options{Concurrency: 4, NoUndo: true}.filled()}
	if _, err := Run(t.Context(), c, f, Before, r.options); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ atOnce, want int }{{8, 3}, {4, 3}, {3, 1}, {2, 1}, {1, 0}} {
		r.options.Concurrency = test.atOnce
		ends, err := r.ends(t.Context(), step)
		if err != nil || len(ends) != test.want || !slices.IsSorted(ends) {
			t.Errorf("%d at once: %v, %v", test.atOnce, ends, err)
		}
		if test.atOnce == 2 && (len(ends) != 1 || ends[0] != nodes[n/2-1]) {
			t.Errorf("the first half ends with %v, want %d", ends, nodes[n/2-1])
		}
	}
}
