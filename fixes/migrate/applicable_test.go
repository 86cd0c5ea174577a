package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestNothingLeftIsDone ends a run between its last batch and the note of it: that its nodes are gone is its own work.
func TestNothingLeftIsDone(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n_:b <T.a> \"y\" .\n")
	f := File{&Plan{Version: 1, ID: "20260101000000-gone", Steps: []Step{{ID: "delete", Phase: Before, Kind: "delete-values", Select: &Select{Root: "has(T.a)"},
		Reads: []string{"T.a", dgraphType}, Writes: []string{"T.a"}, Convergent: true, Undo: UndoYes, DeleteValues: &DeleteValues{Predicates: []string{"T.a"}}}}}, "abc"}
	thaw := frozenAt(t, d, "step done", func(c *dql.Client, o Options) error {
		_, err := Run(t.Context(), c, f, Before, o)
		return err
	})
	r, err := Run(t.Context(), open(t, d), f, Before, Options{Beat: 50 * time.Millisecond, Lease: 300 * time.Millisecond})
	if err != nil || r.Status.State != Done || len(r.Status.NotApplicable) > 0 || r.Status.Counts.Changed != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := thaw(); !errors.Is(err, ErrLeaseLost) {
		t.Error(err)
	}
}

// TestContractAgain: that there was nothing to delete once is no leave to delete at any time.
func TestContractAgain(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = "type T { a: String b: String }\n", "type T { b: String }\n"
	f := File{&Plan{Version: 1, ID: "20260101000000-drop", From: fingerprintOf(t, before), To: fingerprintOf(t, after), NotBefore: "2020-01-01",
		Steps: []Step{{ID: "drop", Phase: Contract, Kind: "drop", Undo: UndoNo, Drop: &Drop{Predicates: []string{"T.a"}}}}}, "abc"}
	d.DropAll(t)
	d.ApplySchema(t, after)
	all, err := Up(t.Context(), c, []File{f}, Series{Phase: Contract})
	if err != nil || all[0].Results[0].Status.State != NotApplicable {
		t.Fatalf("%+v, %v", all, err)
	}
	d.ApplySchema(t, before)
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	if all, err := Up(t.Context(), c, []File{f}, Series{Phase: Contract}); !errors.As(err, new(*Unfit)) {
		t.Errorf("the old schema is served: %+v, %v", all, err)
	}
	if !strings.Contains(d.StoredSchema(t), "T.a") {
		t.Error("what the old schema reads was dropped")
	}
}

// TestNotApplicableLater: what clients write between the phase before, which found nothing, and the new schema is told.
func TestNotApplicableLater(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = "type T { a: String }\n", "type T { a: String b: String c: String }\n"
	f := copying("20260101000000-copy", "T.a", "T.b")
	later := copying("", "T.b", "T.c").Steps[1]
	later.ID, later.Phase = "later", After
	f.Steps = append(f.Steps, later)
	f.From, f.To = fingerprintOf(t, before), fingerprintOf(t, after)
	begin := func() {
		t.Helper()
		d.DropAll(t)
		d.ApplySchema(t, before)
		all, err := Up(t.Context(), c, []File{f}, Series{})
		if err != nil || all[0].Results[0].Status.State != NotApplicable {
			t.Fatalf("%+v, %v", all, err)
		}
		d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.a> \"x\" .\n")
	}
	begin()
	d.ApplySchema(t, after)
	all, err := Up(t.Context(), c, []File{f}, Series{})
	if err != nil || len(all[0].Results) != 2 || len(all[0].Results[0].Unclean) != 1 || all[0].Results[0].Unclean[0].Open != 1 {
		t.Errorf("%+v, %v", all, err)
	}

	// It is told, too, when nobody has run anything since; and not under another schema, which the steps are not for.
	verified := func(want string) {
		t.Helper()
		var got []string
		all, err := Statuses(t.Context(), c, []File{f})
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range all {
			checks, err := Verify(t.Context(), c, f.Plan, st)
			if err != nil {
				t.Fatal(err)
			}
			for _, check := range checks {
				got = append(got, fmt.Sprintf("%s %s: %d open, %d wrong", st.State, check.Step, check.Open, len(check.Wrong)))
			}
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
	d.DropAll(t)
	d.ApplySchema(t, before)
	up := func() {
		t.Helper()
		if _, err := Up(t.Context(), c, []File{f}, Series{}); err != nil {
			t.Fatal(err)
		}
	}
	up()
	d.ApplySchema(t, after)
	up()
	verified("not-applicable copy: 0 open, 0 wrong; not-applicable later: 0 open, 0 wrong")
	d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.a> \"x\" .\n_:b <T.b> \"y\" .\n")
	verified("not-applicable copy: 1 open, 0 wrong; not-applicable later: 1 open, 0 wrong")
	up()
	verified("not-applicable copy: 1 open, 0 wrong; not-applicable later: 1 open, 0 wrong")
	d.ApplySchema(t, "type T { a: String }\ntype U { b: String }\n")
	verified("")

	// Phase after is asked again, too, when phase before has something to do after all.
	d.DropAll(t)
	d.ApplySchema(t, before)
	up()
	d.ApplySchema(t, after)
	up()
	d.ApplySchema(t, before)
	d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.a> \"x\" .\n")
	if all, err := Up(t.Context(), c, []File{f}, Series{Deploy: after}); err != nil || len(all[0].Results) != 2 || all[0].Results[1].Already || all[0].Results[1].Status.Counts.Changed != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	if got := string(d.Query(t, "{q(func: has(T.a)) {T.a T.b T.c}}")); got != `{"q":[{"T.a":"x","T.b":"x","T.c":"x"}]}` {
		t.Error(got)
	}

	// Noted as done it is not asked again.
	begin()
	if noted, err := Baseline(t.Context(), c, []File{f}, Options{}); err != nil || len(noted) != 2 || len(noted[0].Finished) != 2 || len(noted[0].NotApplicable) > 0 {
		t.Errorf("%+v, %v", noted, err)
	}
	if all, err := Up(t.Context(), c, []File{f}, Series{}); err != nil || strings.Contains(d.StoredSchema(t), "T.b") {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestForeignNotBegun: a plan for other schemas that has something to do is refused before anything is noted.
func TestForeignNotBegun(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.b: string .\n")
	d.Mutate(t, "_:a <T.b> \"x\" .\n")
	f := copying("20260101000000-copy", "T.a", "T.b")
	f.From, f.To = "s0", "s1"
	_, err := Up(t.Context(), c, []File{f}, Series{})
	all, failed := Statuses(t.Context(), c, []File{f})
	if !errors.As(err, new(*Foreign)) || failed != nil || all[0].State != Pending {
		t.Errorf("%v; %+v, %v", err, all, failed)
	}
}

// TestFromCursorInterrupted: a run that ends before its first batch has not forgotten where it was to begin.
func TestFromCursorInterrupted(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 30
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	f.Checksum = strings.Repeat("c", 64)
	o := Options{BatchSize: 10, taskOf: taskOf, AfterBatch: hookAfter(2)}
	if _, err := Run(t.Context(), c, f, Before, o); !errors.As(err, new(*Stopped)) {
		t.Fatal(err)
	}
	all, err := Statuses(t.Context(), c, []File{f})
	if err != nil {
		t.Fatal(err)
	}
	if err := Reset(t.Context(), c, []string{f.ID}, Options{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.AfterBatch = nil
	o.point = func(name string) {
		if name == "before cursors" {
			cancel()
		}
	}
	if o.From, err = ParseCursor(all[0].Cursor); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(ctx, c, f, Before, o); err == nil {
		t.Fatal("it was to end")
	}
	o.From, o.point = nil, nil
	if _, err := Run(t.Context(), c, f, Before, o); err != nil {
		t.Fatal(err)
	}
	wantOnce(t, d, n)

	// Undone, and carried out again, it still does not touch the nodes before.
	if _, err := Undo(t.Context(), c, f, Before, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), c, f, Before, o); err != nil {
		t.Fatal(err)
	}
	wantOnce(t, d, n)
}

// TestForetoldFromCursor: a dry run begins where the run would, and refuses what it would.
func TestForetoldFromCursor(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 30)
	f, taskOf := countingPlan()
	f.Checksum = strings.Repeat("c", 64)
	again := f.Steps[0]
	again.ID = "again"
	f.Steps = append(f.Steps, again)
	all, err := DryRun(t.Context(), c, []File{f}, Series{Options: Options{taskOf: taskOf}}, 1)
	if err != nil || len(all) != 2 || all[0].Nodes != 30 {
		t.Fatalf("%+v, %v", all, err)
	}
	at := &Cursor{Checksum: f.Checksum, Step: "again", After: all[0].First[4].UID}
	all, err = DryRun(t.Context(), c, []File{f}, Series{Options: Options{taskOf: taskOf, From: at}}, 1)
	if err != nil || len(all) != 2 || all[0].Not != isDone || all[1].Nodes != 25 {
		t.Errorf("%+v, %v", all, err)
	}
	at.Step = "other"
	if all, err := DryRun(t.Context(), c, []File{f}, Series{Options: Options{taskOf: taskOf, From: at}}, 1); !errors.As(err, new(*Unfit)) {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestFromCursorNotApplicable: of a phase that was not applicable, too, the steps before the cursor are done.
func TestFromCursorNotApplicable(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 20
	f, taskOf := countingPlan()
	f.Checksum = strings.Repeat("c", 64)
	again := f.Steps[0]
	again.ID = "again"
	f.Steps = append(f.Steps, again)
	fillCounted(t, d, 0)
	if r, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil || r.Status.State != NotApplicable {
		t.Fatalf("%+v, %v", r, err)
	}
	d.Mutate(t, nodesToCount(n))
	r, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf, From: &Cursor{Checksum: f.Checksum, Step: "again"}})
	if err != nil || r.Status.State != Done {
		t.Errorf("%+v, %v", r, err)
	}
	wantOnce(t, d, n)
}

// TestBranches finds plans that lead from one schema to two among those that have not run.
func TestBranches(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	for _, tt := range []struct {
		ways    string // from and to, of one plan after the other
		crossed bool
	}{
		{"ab bc cd", false}, {"ab ab bc", false}, {"ab ac", true}, {"ab bc ad", true}, {"ab aa ac", true}, {"ab bb bc", false}, {"ab ba ac", false}, {"ab ba ac bd", true},
	} {
		var files []File
		for i, way := range strings.Fields(tt.ways) {
			f := copying("2026010"+string(rune('1'+i))+"000000-plan", "T.a", "T.b")
			f.From, f.To = way[:1], way[1:]
			files = append(files, f)
		}
		err := (&Series{}).inOrder(t.Context(), c, files)
		if errors.As(err, new(*Crossed)) != tt.crossed {
			t.Errorf("%s: %v", tt.ways, err)
		}
	}
}

// TestNamedIn finds the predicates whose rights decide what a step finds.
func TestNamedIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                "",
		"type(User)":      "",
		"has(T.a)":        "T.a",
		"has(T.a@.)":      "T.a",
		"has(<T.ä b>)":    "T.ä b",
		`eq(T.a@en, "x")`: "T.a",
		`has(T.a) AND NOT (type(User) OR le(count(T.b), 3)) and uid_in( T.c , 0x1) AND eq(T.d, "has(T.e) \" has(T.f)") AND uid(0x1)`: "T.a T.b T.c T.d",
	} {
		if got := strings.Join(namedIn(text), " "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestDeclaredForAfter: what only phase after goes through is enough for what phase before declares.
func TestDeclaredForAfter(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n")
	f := copying("20260101000000-copy", "T.a", "T.b")
	f.Steps[1].Phase = After
	if all, err := Up(t.Context(), c, []File{f}, Series{}); err != nil || all[0].Results[0].Status.State != Done || all[0].Results[1].Status.Counts.Changed != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestForetoldRanges: of a step that was gone through in ranges, a dry run leaves out what is done of each.
func TestForetoldRanges(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 90
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	if _, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf, BatchSize: 10, Concurrency: 3, AfterBatch: hookAfter(5)}); !errors.As(err, new(*Stopped)) {
		t.Fatal(err)
	}
	counted := hits(t, d)["1"]
	all, err := DryRun(t.Context(), c, []File{f}, Series{Options: Options{taskOf: taskOf, BatchSize: 20}}, n)
	if err != nil || counted == 0 || !all[0].End || all[0].Nodes != uint64(n-counted) {
		t.Errorf("%d are counted: %+v, %v", counted, all, err)
	}
	if _, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	wantOnce(t, d, n)
	if all, err := DryRun(t.Context(), c, []File{f}, Series{Options: Options{taskOf: taskOf}}, 1); err != nil || len(all) > 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
