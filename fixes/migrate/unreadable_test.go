package migrate

import (
	"errors"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestUnreadableNode: a node that Dgraph does not give out, since its value is none of the type by now, ends a run with
// its name, or is left, and every other one is done once.
func TestUnreadableNode(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	begin := func() File {
		d.DropAll(t)
		d.Alter(t, "T.n: string .\nT.m: int .")
		d.Mutate(t, `<0x10> <T.n> "1" .
<0x11> <T.n> "two" .
<0x12> <T.n> "3" .
<0x13> <T.n> "four" .
`)
		d.Alter(t, "T.n: int .")
		return copyOne("has(T.n)", "T.n", "T.m")
	}
	f := begin()
	_, err := Run(t.Context(), c, f, Before, Options{})
	if err == nil || errors.As(err, new(*Stopped)) || !strings.Contains(err.Error(), "node 0x11") || strings.Contains(err.Error(), "two") {
		t.Errorf("%v", err)
	}
	// The question itself, too, can be what Dgraph does not take.
	wrong := *f.Plan
	wrong.Steps = []Step{f.Steps[0]}
	wrong.Steps[0].Select = &Select{Root: "has(T.n)", Filter: `anyoftext(T.m, "x")`}
	if checks, err := Verify(t.Context(), c, &wrong, Status{Phase: Before}); err == nil || !strings.Contains(err.Error(), "not indexed") {
		t.Errorf("%+v, %v", checks, err)
	}
	if _, err := Run(t.Context(), c, f, Before, Options{SingleTxn: true}); err == nil || strings.Contains(err.Error(), "two") || !strings.Contains(err.Error(), "leave --single-txn out") {
		t.Errorf("%v", err)
	}
	if _, err := DryRun(t.Context(), c, []File{f}, Series{}, 1); err == nil || !strings.Contains(err.Error(), "node 0x11: ") || strings.Contains(err.Error(), "two") {
		t.Errorf("%v", err)
	}
	for _, o := range []Options{{OnError: Skip}, {OnError: Quarantine, BatchSize: 2}, {OnError: Quarantine, Concurrency: 2}, {OnError: Quarantine, BatchSize: 1}} {
		f := begin()
		r, err := Run(t.Context(), c, f, Before, o)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		counts := r.Status.Counts
		if r.Status.State != Done || counts.Nodes != 4 || counts.Changed != 2 || counts.Left != 2 || len(r.Left) != 2 || r.Left[0].UID != 0x11 {
			t.Errorf("%+v: %+v", o, r)
		}
		for _, l := range r.Left {
			if strings.Contains(l.Reason, "two") || strings.Contains(l.Reason, "four") {
				t.Errorf("%+v", l)
			}
		}
		if len(r.Unclean) != 1 || r.Unclean[0].Left != 2 || r.Unclean[0].Open > 0 {
			t.Errorf("%+v: %+v", o, r.Unclean)
		}
		if got := string(d.Query(t, `{q(func: has(T.m)) {uid T.m}}`)); !strings.Contains(got, `{"uid":"0x10","T.m":1},{"uid":"0x12","T.m":3}`) {
			t.Errorf("%+v: %s", o, got)
		}
	}
}
