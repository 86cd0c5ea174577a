package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// copying is a plan that declares a predicate and copies into it.
func copying(id, from, to string) File {
	return File{&Plan{Version: 1, ID: id, Steps: []Step{
		{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: &Declare{Predicates: []Declared{{Name: to, Type: "string"}}}},
		{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(" + from + ")"}, Reads: []string{from, to}, Writes: []string{to},
			Convergent: true, Undo: UndoYes, Copy: &Copy{From: from, To: to}},
	}}, strings.Repeat("c", 50) + id}
}

// TestCrossed meets plans that were made on two branches.
func TestCrossed(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	old, young, youngest := copying("20260101000000-old", "T.a", "T.b"), copying("20260102000000-young", "T.a", "T.c"), copying("20260103000000-youngest", "T.a", "T.b")
	if _, err := Up(t.Context(), c, []File{young}, Series{}); err != nil {
		t.Fatal(err)
	}
	_, err := Up(t.Context(), c, []File{youngest, old, young}, Series{})
	var crossed *Crossed
	if !errors.As(err, &crossed) || crossed.Plan != old.ID || crossed.Other != young.ID || !crossed.Ran || len(crossed.Shared) > 0 {
		t.Fatalf("%v", err)
	}
	if _, err := Up(t.Context(), c, []File{old}, Series{}); !errors.As(err, &crossed) {
		t.Errorf("the file of the younger one is not here: %v", err)
	}
	all, err := Up(t.Context(), c, []File{old, young, youngest}, Series{OutOfOrder: true})
	if err != nil || len(all) != 3 || all[2].Results[0].Status.State != Done {
		t.Fatalf("%+v, %v", all, err)
	}
	if all, err := Up(t.Context(), c, []File{old, young, youngest}, Series{}); err != nil {
		t.Errorf("all are done: %+v, %v", all, err)
	}

	// From one schema to two.
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	old.From, old.To, youngest.From, youngest.To = "s0", "s1", "s0", "s2"
	_, err = Up(t.Context(), c, []File{old, youngest}, Series{})
	if !errors.As(err, &crossed) || crossed.Ran || crossed.Plan != youngest.ID || !slices.Equal(crossed.Shared, []string{"T.b"}) {
		t.Errorf("%v", err)
	}
	youngest.From = "s1"
	if _, err = Up(t.Context(), c, []File{old, youngest}, Series{}); errors.As(err, &crossed) {
		t.Errorf("one behind the other: %v", err)
	}
}

// TestNotApplicable carries plans out where nothing is that they change.
func TestNotApplicable(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = "type T { a: String }\n", "type T { a: String b: String }\n"
	f := copying("20260101000000-copy", "T.a", "T.b")
	sweep := f.Steps[1]
	sweep.ID, sweep.Phase = "sweep", After
	f.Steps = append(f.Steps, sweep)
	f.From, f.To = fingerprintOf(t, before), fingerprintOf(t, after)
	up := func() ([]Status, error) {
		t.Helper()
		_, err := Up(t.Context(), c, []File{f}, Series{})
		all, failed := Statuses(t.Context(), c, []File{f})
		if failed != nil {
			t.Fatal(failed)
		}
		return all, err
	}
	for _, schema := range []string{"", "type Other { x: Int }\n", after} {
		d.DropAll(t)
		if schema != "" {
			d.ApplySchema(t, schema)
		}
		all, err := up()
		if err != nil || all[0].State != NotApplicable || all[1].State != NotApplicable || !slices.Equal(all[0].NotApplicable, []string{"declare", "copy"}) {
			t.Fatalf("an empty database with %q: %+v, %v", schema, all, err)
		}
		if stored := d.StoredSchema(t); schema != after && strings.Contains(stored, "T.b") {
			t.Errorf("something was declared:\n%s", stored)
		}
		// What is stored later is of the later schema: the plan is over.
		d.Alter(t, "T.a: string .\n")
		d.Mutate(t, "_:a <T.a> \"x\" .\n")
		if all, err := up(); err != nil || all[0].State != NotApplicable {
			t.Errorf("later, with %q: %+v, %v", schema, all, err)
		}
	}

	// With the schema that it comes from, what arrives in time is not forgotten.
	d.DropAll(t)
	d.ApplySchema(t, before)
	if all, err := up(); err != nil || all[0].State != NotApplicable || all[1].State != Waiting {
		t.Fatalf("%+v, %v", all, err)
	}
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	if all, err := up(); err != nil || all[0].State != Done || all[0].Counts.Changed != 1 || len(all[0].NotApplicable) > 0 {
		t.Errorf("%+v, %v", all, err)
	}

	// A plan that leads nowhere, and cannot be carried out twice, is over for good, whatever comes later. Nothing of it
	// was written: its text may be another one.
	d.DropAll(t)
	d.Alter(t, "N.hits: int .\n")
	counting, taskOf := countingPlan()
	for _, text := range []string{"one", "other"} {
		counting.Checksum = text
		all, err := Up(t.Context(), c, []File{counting}, Series{Options: Options{taskOf: taskOf}})
		if err != nil {
			t.Fatal(err)
		}
		if state, err := Statuses(t.Context(), c, []File{counting}); err != nil || state[0].State != NotApplicable {
			t.Errorf("%+v, %+v, %v", all, state, err)
		}
		d.Mutate(t, "_:n <dgraph.type> \"N\" .\n")
	}
	if h := hits(t, d); h["1"] > 0 {
		t.Errorf("%v", h)
	}

	// Data and another schema: that is not for this plan.
	d.DropAll(t)
	d.ApplySchema(t, "type Other { x: Int }\n")
	d.Alter(t, "T.a: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	if all, err := up(); !errors.As(err, new(*Foreign)) || all[0].State != Pending {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestEdited: a plan that was changed after it was begun is refused, and what was changed is told.
func TestEdited(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\nT.c: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	f := copying("20260101000000-copy", "T.a", "T.b")
	if _, err := Up(t.Context(), c, []File{f}, Series{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		text string
		edit func(*Plan)
	}{
		{`step copy: was "root: has(T.a)", is "root: has(T.c)"`, func(p *Plan) { p.Steps[1].Select = &Select{Root: "has(T.c)"} }},
		{"step copy is gone", func(p *Plan) { p.Steps = p.Steps[:1] }},
		{"step again is new", func(p *Plan) { more := p.Steps[1]; more.ID = "again"; p.Steps = append(p.Steps, more) }},
		{"the order of the steps is another one", func(p *Plan) { slices.Reverse(p.Steps) }},
		{"what stands around them is not", func(p *Plan) { p.Name = "other" }},
	} {
		changed := *f.Plan
		changed.Steps = slices.Clone(f.Steps)
		want.edit(&changed)
		for _, phase := range []Phase{"", Before} {
			_, err := Up(t.Context(), c, []File{{&changed, "other"}}, Series{Phase: phase})
			if !errors.As(err, new(*Edited)) || !strings.Contains(err.Error(), want.text) {
				t.Errorf("%q: %v", want.text, err)
			}
		}
	}
}

// TestFromCursor begins behind some nodes, and does not where there is a cursor already.
func TestFromCursor(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, "_:n%d <T.a> \"%d\" .\n", i, i)
	}
	d.Mutate(t, text.String())
	f := copying("20260101000000-copy", "T.a", "T.b")
	d.Alter(t, "T.b: string .\n")
	_, err := Run(t.Context(), c, f, Before, Options{BatchSize: 6, AfterBatch: hookAfter(2)})
	var stopped *Stopped
	if !errors.As(err, &stopped) {
		t.Fatal(err)
	}
	all, err := Statuses(t.Context(), c, []File{f})
	if err != nil {
		t.Fatal(err)
	}
	at, err := ParseCursor(all[0].Cursor)
	if err != nil || at.Step != "copy" || at.After == 0 || !at.of(f) {
		t.Fatalf("%q: %+v, %v", all[0].Cursor, at, err)
	}
	if _, err := Up(t.Context(), c, []File{f}, Series{Options: Options{From: at}}); !errors.As(err, new(*Unfit)) {
		t.Errorf("there is a cursor: %v", err)
	}
	// The same data without the state, as after a restore.
	if err := Reset(t.Context(), c, []string{f.ID}, Options{}); err != nil {
		t.Fatal(err)
	}
	edited := f
	edited.Checksum = "edited " + f.Checksum
	if _, err := Up(t.Context(), c, []File{edited}, Series{Options: Options{From: at}}); !errors.As(err, new(*Unfit)) || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("an edited plan: %v", err)
	}
	elsewhere := *at
	elsewhere.Step = "declare"
	if _, err := Up(t.Context(), c, []File{f}, Series{Options: Options{From: &elsewhere}}); !errors.As(err, new(*Unfit)) {
		t.Errorf("a step without nodes: %v", err)
	}
	outcomes, err := Up(t.Context(), c, []File{f}, Series{Options: Options{From: at}})
	if err != nil || outcomes[0].Results[0].Status.Counts.Nodes != 8 {
		t.Errorf("%+v, %v", outcomes, err)
	}
	if got := string(d.Query(t, "{q(func: has(T.b)) {count(uid)}}")); got != `{"q":[{"count":20}]}` {
		t.Error(got)
	}
	for _, bad := range []string{"", "abc/copy/0x1", strings.Repeat("c", 12) + "/copy/12", strings.Repeat("c", 12) + "/copy", strings.Repeat("c", 12) + "//0x1"} {
		if at, err := ParseCursor(bad); err == nil {
			t.Errorf("%q: %+v", bad, at)
		}
	}
}

// TestReset begins anew, and forgets nothing while somebody undoes.
func TestReset(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 30
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	for range 2 {
		if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 7, taskOf: taskOf}); err != nil {
			t.Fatal(err)
		}
	}
	wantOnce(t, d, n)
	history, err := History(t.Context(), c, f.ID)
	if err != nil || len(history) != 1 || history[0].State != Done || history[0].Counts.Changed != n {
		t.Errorf("%+v, %v", history, err)
	}
	if err := Reset(t.Context(), c, []string{f.ID}, Options{}); err != nil {
		t.Fatal(err)
	}
	if left := string(d.Query(t, `{q(func: has(schemacheck.key)) {schemacheck.key}}`)); strings.Contains(left, f.ID+"/") {
		t.Errorf("%s is left", left)
	}
	if r, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil || r.Status.Counts.Changed != n {
		t.Errorf("%+v, %v", r, err)
	}
	if h := hits(t, d); h["2"] != n {
		t.Errorf("%v", h)
	}
	// Of what is half undone the logs are needed.
	if _, err := Run(t.Context(), c, File{f.Plan, "other"}, Before, Options{BatchSize: 7, taskOf: taskOf}); !errors.As(err, new(*Edited)) {
		t.Error(err)
	}
	if err := Reset(t.Context(), c, []string{f.ID}, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 7, taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if r, err := Undo(ctx, c, f, Before, Options{point: func(name string) {
		if name == "batch undone" {
			cancel()
		}
	}}); err == nil {
		t.Fatalf("%+v", r)
	}
	if err := Reset(t.Context(), c, []string{f.ID}, Options{}); !errors.As(err, new(*HalfUndone)) {
		t.Errorf("half undone: %v", err)
	}
	if _, err := Undo(t.Context(), c, f, Before, Options{}); err != nil {
		t.Error(err)
	}
}
