package migrate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// bareCopy reads pages of values and writes them under another predicate, each page in a transaction, and keeps no
// account of it.
func bareCopy(t *testing.T, c *dql.Client, from, to string) time.Duration {
	t.Helper()
	start := time.Now()
	for after := uint64(0); ; {
		tx := c.Txn()
		answer, err := tx.Query(t.Context(), fmt.Sprintf("{q(func: type(V), first: 1000, after: %s) {uid x: %s}}", dql.Node(after), from), nil)
		if err != nil {
			t.Fatal(err)
		}
		var quads []dql.Quad
		if err := dql.Rows(answer, "q", func(r dql.Row) error {
			after = r.UID
			for _, text := range r.Texts("x") {
				quads = append(quads, dql.Quad{Subject: dql.Node(r.UID), Predicate: to, Data: text, Type: "string"})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(quads) == 0 {
			return time.Since(start)
		}
		if _, err := tx.Commit(t.Context(), quads, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScale copies one predicate of some thousand nodes, or of many when it is told to (see dgraphtest.NodesEnv), and
// compares the time with that of a loop that does the same without any account. What it logs is in BENCHMARKS.md.
func TestScale(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 10_000)
	c := open(t, d)
	var schema strings.Builder
	for i := range 4 {
		fmt.Fprintf(&schema, "V.copy%d: string .\n", i)
	}
	d.Alter(t, schema.String())
	loop := bareCopy(t, c, "V.n", "V.copy0")
	for i, o := range []Options{{NoUndo: true, BatchSize: 1000}, {FullSpeed: true}, {Concurrency: 4, NoUndo: true}} {
		to := fmt.Sprint("V.copy", i+1)
		f := File{&Plan{Version: 1, ID: fmt.Sprint("2026010100000", i, "-scale"), Steps: []Step{{ID: "copy", Phase: Before, Kind: "copy",
			Select: &Select{Root: "type(V)"}, Reads: []string{"V.n", to}, Writes: []string{to}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "V.n", To: to}}}}, "abc"}
		start := time.Now()
		r, err := Run(t.Context(), c, f, Before, o)
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		if r.Status.Counts.Changed != uint64(n) || len(r.Unclean) > 0 {
			t.Errorf("%+v", r)
		}
		t.Logf("%d nodes, %d ranges, undo %v: %v with its closing question, %.2f of the loop, %d batches", n, max(o.Concurrency, 1), !o.NoUndo,
			took, float64(took)/float64(loop), r.Status.Counts.Batches)
	}
	// The nodes may serve again; the copies and the accounts may not.
	for i := range 4 {
		if err := c.DropPredicate(t.Context(), fmt.Sprint("V.copy", i)); err != nil {
			t.Error(err)
		}
	}
	for _, p := range statePredicates {
		if err := c.DropPredicate(t.Context(), p.Name); err != nil {
			t.Error(err)
		}
	}
}
