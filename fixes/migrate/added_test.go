package migrate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestAdded: what a plan declares for its own work is not taken for hand-made. An update takes it away, undoing too, and
// where neither comes the plan itself; what somebody had before stays, and is put back.
func TestAdded(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = "type A { id: ID! n: String bs: [B] }\ntype B { id: ID! n: String a: A }\n"
	const after = "type A { id: ID! n: String bs: [B] @hasInverse(field: a) }\ntype B { id: ID! n: String a: A }\n"
	const later = "type A { id: ID! n: String bs: [B] @hasInverse(field: a) c: String }\ntype B { id: ID! n: String a: A }\n"
	is := stored(t, after)
	steps := build(t, BackfillInverse(Side{is.Predicate("A.bs"), []string{"A"}}, Side{is.Predicate("B.a"), []string{"B"}}), "lowest")
	for i := range steps {
		steps[i].Kind = kindOf(&steps[i])
	}
	plan := func(id, from, to string) File {
		return File{&Plan{Version: 1, ID: id, From: fingerprintOf(t, from), To: fingerprintOf(t, to), Steps: steps}, "abc"}
	}
	f := plan("20260101000000-invert", before, after)
	begin := func(byHand string) {
		t.Helper()
		d.DropAll(t)
		apply(t, d, before)
		if byHand != "" {
			d.Alter(t, byHand)
		}
		d.Mutate(t, "_:a <dgraph.type> \"A\" .\n_:b <dgraph.type> \"B\" .\n_:a <A.bs> _:b .\n_:a <A.n> \"a\" .\n")
	}
	line := func(name string) string {
		t.Helper()
		live, err := c.Stored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := live.Predicate(name).Line()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	want := func(what, name, text string) {
		t.Helper()
		if got := line(name); got != text {
			t.Errorf("%s: %s, want %s", what, got, text)
		}
	}
	up := func(f File, s Series) Outcome {
		t.Helper()
		all, err := Up(t.Context(), c, []File{f}, s)
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	const plain, reverse = "A.bs: [uid] .", "A.bs: [uid] @reverse ."

	// Killed between noting and altering, between altering and what follows, and not at all.
	for _, at := range []string{"before alter", "step done", ""} {
		begin("A.n: string @index(term) .")
		ctx, cancel := context.WithCancelCause(t.Context())
		var o Options
		o.point = func(name string) {
			if name == at {
				cancel(errors.New("enough"))
			}
		}
		if _, err := Up(ctx, c, []File{f}, Series{Options: o}); (err == nil) != (at == "") {
			t.Fatalf("%q: %v", at, err)
		}
		if at == "" {
			want("before", "A.bs", reverse)
		}
		out := up(f, Series{Deploy: after})
		if out.Deployed == nil || !slices.Equal(out.Deployed.PutBack, []string{"A.n"}) {
			t.Errorf("%q: %+v", at, out.Deployed)
		}
		want("deployed", "A.bs", plain)
		want("deployed", "A.n", "A.n: string @index(term) .")
	}
	// What somebody adds now is his, whatever the plan did.
	d.Alter(t, reverse)
	if dep, err := Deploy(t.Context(), c, later); err != nil || !slices.Equal(dep.PutBack, []string{"A.bs", "A.n"}) {
		t.Errorf("%+v, %v", dep, err)
	}

	// It was there before.
	begin(reverse)
	if out := up(f, Series{Deploy: after}); !slices.Equal(out.Deployed.PutBack, []string{"A.bs"}) {
		t.Errorf("%+v", out.Deployed)
	}
	want("made by hand before", "A.bs", reverse)

	// The update is sent by somebody else.
	begin("")
	up(f, Series{})
	apply(t, d, after)
	up(f, Series{})
	want("deployed by hand", "A.bs", plain)

	// The update was sent, and not seen through.
	begin("")
	up(f, Series{})
	apply(t, d, after)
	d.Alter(t, reverse) // as it was before what comes with the update
	if out := up(f, Series{Deploy: after}); out.Deployed == nil || len(out.Deployed.PutBack) > 0 {
		t.Errorf("%+v", out.Deployed)
	}

	// Undone, and what another plan has added as well only when that is undone too.
	other := plan("20260102000000-too", before, after)
	begin("A.n: string @index(term) .")
	up(f, Series{Phase: Before})
	up(other, Series{Phase: Before})
	for _, undone := range []struct {
		f    File
		then string
	}{{f, reverse}, {other, plain}} {
		if _, err := Undo(t.Context(), c, undone.f, Before, Options{}); err != nil {
			t.Fatal(err)
		}
		want("undone "+undone.f.ID, "A.bs", undone.then)
	}
	want("undone", "A.n", "A.n: string @index(term) .")
	if out := up(f, Series{Deploy: after}); !slices.Equal(out.Deployed.PutBack, []string{"A.n"}) {
		t.Errorf("%+v", out.Deployed)
	}
	want("undone and carried out again", "A.bs", plain)

	// No update comes: the schema is served already.
	for _, byHand := range []string{"", reverse} {
		begin("")
		apply(t, d, after)
		if byHand != "" {
			d.Alter(t, byHand)
		}
		same := plan("20260101000000-invert", after, after)
		out := up(same, Series{})
		if len(out.Results) != 2 || out.Results[0].Status.State != Done {
			t.Fatalf("%+v", out)
		}
		want("without an update", "A.bs", map[string]string{"": plain, reverse: reverse}[byHand])
		for _, r := range out.Results {
			if checks, err := Verify(t.Context(), c, same.Plan, r.Status); err != nil || slices.ContainsFunc(checks, func(c Check) bool { return !c.Clean() }) {
				t.Errorf("%v, %v", checks, err)
			}
		}
	}

	// A plan without schemas is as good as a hand.
	begin("")
	free := plan("20260101000000-free", before, after)
	free.From, free.To = "", ""
	up(free, Series{Phase: Before})
	if dep, err := Deploy(t.Context(), c, after); err != nil || !slices.Equal(dep.PutBack, []string{"A.bs"}) {
		t.Errorf("%+v, %v", dep, err)
	}
}

// TestAddedKey: the key that nodes of values are found by is declared for the plan only, before the update and again
// after it, and the update after that takes it away.
func TestAddedKey(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = "type A { id: ID! m: String }\n"
	const after = "type A { id: ID! b: B }\ntype B { id: ID! m: String }\n"
	const later = "type A { id: ID! b: B c: String }\ntype B { id: ID! m: String }\n"
	was, is := stored(t, before), stored(t, after)
	steps := build(t, ScalarToReference(Referencing{Moving: Moving{From: was.Predicate("A.m"), To: is.Predicate("A.b"), Types: []string{"A"}}, Target: []string{"B"}, Keys: []*storage.Predicate{is.Predicate("B.m")}}))
	f := File{&Plan{Version: 1, ID: "20260101000000-refer", From: fingerprintOf(t, before), To: fingerprintOf(t, after), NotBefore: "2026-02-01", Steps: steps}, "abc"}
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, "_:a <dgraph.type> \"A\" .\n_:a <A.m> \"x\" .\n")
	all, err := Up(t.Context(), c, []File{f}, Series{Deploy: after})
	if err != nil || all[0].Deployed == nil || len(all[0].Deployed.PutBack) > 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	if text := d.StoredSchema(t); !strings.Contains(text, "B.m: string @index(hash) @upsert") {
		t.Errorf("what phase after stands on is gone:\n%s", text)
	}
	if dep, err := Deploy(t.Context(), c, later); err != nil || len(dep.PutBack) > 0 {
		t.Errorf("%+v, %v", dep, err)
	}
	if text := d.StoredSchema(t); strings.Contains(text, "upsert") && strings.Contains(text, "B.m: string @index") {
		t.Error(text)
	}
}
