package migrate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestUpInOrder: no phase runs before its time, and the schema is deployed that the plan is for.
func TestUpInOrder(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after, another = "type T { a: String }\n", "type T { b: String }\n", "type T { c: String }\n"
	copied := Step{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(T.a)"}, Reads: []string{"T.a", "T.b"}, Writes: []string{"T.b"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "T.a", To: "T.b"}}
	swept := copied
	swept.ID, swept.Phase = "sweep", After
	dropped := Step{ID: "drop", Phase: Contract, Kind: "drop", Convergent: true, Undo: UndoNo, Drop: &Drop{Predicates: []string{"T.a"}}}
	declared := Step{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: &Declare{Predicates: []Declared{{Name: "T.b", Type: "string"}}}}
	f := File{&Plan{Version: 1, ID: "20260101000000-move", From: fingerprintOf(t, before), To: fingerprintOf(t, after), NotBefore: "2026-02-01", Steps: []Step{declared, copied, swept, dropped}}, "abc"}
	today := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	begin := func() {
		d.DropAll(t)
		if r := d.ApplySchema(t, before); r.Refused {
			t.Fatal(r.Message)
		}
		d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.a> \"x\" .\n")
	}
	values := func() string { return string(d.Query(t, "{q(func: type(T)) {T.a T.b}}")) }
	up := func(f File, s Series) ([]Outcome, error) {
		s.Today = today
		return Up(t.Context(), c, []File{f}, s)
	}
	refused := func(what string, err error) {
		t.Helper()
		if !errors.As(err, new(*Unfit)) {
			t.Errorf("%s: %v", what, err)
		}
	}

	begin()
	_, err := up(f, Series{Phase: Contract})
	refused("contract at once", err)
	_, err = up(f, Series{Phase: After})
	refused("after at once", err)
	_, err = up(f, Series{Deploy: another})
	refused("another schema", err)
	if got := values(); got != `{"q":[{"T.a":"x"}]}` {
		t.Errorf("refused, and yet %s", got)
	}
	outcomes, err := up(f, Series{})
	if err != nil || len(outcomes) != 1 || outcomes[0].Waiting == "" || values() != `{"q":[{"T.a":"x","T.b":"x"}]}` {
		t.Errorf("%+v, %v, %s", outcomes, err, values())
	}
	_, err = up(f, Series{Phase: Contract})
	refused("contract while the old schema is served", err)
	if outcomes, err = up(f, Series{Deploy: after}); err != nil || outcomes[0].Deployed == nil || strings.TrimSpace(d.ServedSchema(t)) != strings.TrimSpace(after) {
		t.Errorf("%+v, %v", outcomes, err)
	}
	today = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	_, err = up(f, Series{Phase: Contract})
	refused("contract before its day", err)
	today = today.AddDate(0, 0, 1)
	d.ApplySchema(t, "type T { a: String c: String }\n") // gone back to the old name, and not to the old schema
	_, err = up(f, Series{Phase: Contract})
	refused("contract of what is in use again", err)
	if _, failed := DryRun(t.Context(), c, []File{f}, Series{Phase: Contract, Today: today}, 1); failed == nil || failed.Error() != err.Error() || !strings.Contains(failed.Error(), "would delete T.a,") {
		t.Errorf("%v, and to be seen first: %v", err, failed)
	}
	if got := values(); got != `{"q":[{"T.a":"x","T.b":"x"}]}` {
		t.Errorf("refused, and yet %s", got)
	}
	types := File{&Plan{ID: "20260101000000-types", From: f.From, To: f.To, Steps: []Step{{Phase: Contract, Drop: &Drop{Types: []string{"T", "U"}}}, {Phase: Contract, RemoveType: &RemoveType{Type: "T"}},
		{Phase: After, Drop: &Drop{Predicates: []string{"T.c"}}}, {Phase: Contract, Drop: &Drop{Predicates: []string{"T.b"}}}}}, "abc"}
	if err := types.unused(t.Context(), c); err == nil || !strings.Contains(err.Error(), "would delete the type T, which") {
		t.Errorf("types in use: %v", err)
	}
	types.Steps = types.Steps[1:2]
	if err := types.unused(t.Context(), c); err == nil || !strings.Contains(err.Error(), "would delete the type T, which") {
		t.Errorf("a type in use that nodes lose: %v", err)
	}
	d.ApplySchema(t, after)
	early := File{f.Plan, "edited"}
	if _, err = up(early, Series{Phase: Contract}); !errors.As(err, new(*Edited)) || values() != `{"q":[{"T.a":"x","T.b":"x"}]}` {
		t.Errorf("contract of a plan that was edited after the phases before it: %v, %s", err, values())
	}
	if _, err = up(f, Series{Phase: Contract}); err != nil || values() != `{"q":[{"T.b":"x"}]}` {
		t.Errorf("%v, %s", err, values())
	}
	if outcomes, err = up(f, Series{}); err != nil || len(outcomes[0].Results) > 0 {
		t.Errorf("done, and again: %+v, %v", outcomes, err)
	}
	f.Checksum = "edited"
	if _, err = up(f, Series{}); !errors.As(err, new(*Edited)) {
		t.Errorf("done, and edited: %v", err)
	}

	// A plan without phase after is done before the schema is deployed.
	begin()
	f = File{&Plan{Version: 1, ID: f.ID, From: f.From, To: f.To, Steps: []Step{declared, copied}}, "abc"}
	if outcomes, err = up(f, Series{}); err != nil || outcomes[0].Deployed != nil {
		t.Errorf("%+v, %v", outcomes, err)
	}
	if outcomes, err = up(f, Series{Deploy: after}); err != nil || outcomes[0].Deployed == nil {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

// TestUpPastASchema: a schema is not deployed past the one that an earlier plan leads to, and nothing waits
// for that one in vain.
func TestUpPastASchema(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const first, second, third = "type T { a: String }\n", "type T { b: String }\n", "type T { c: String }\n"
	plan := func(id, from, to, f, g string) File {
		declared := Step{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: &Declare{Predicates: []Declared{{Name: g, Type: "string"}}}}
		copied := Step{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(" + f + ")"}, Reads: []string{f, g}, Writes: []string{g}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: f, To: g}}
		swept := copied
		swept.ID, swept.Phase = "sweep", After
		return File{&Plan{Version: 1, ID: id, From: fingerprintOf(t, from), To: fingerprintOf(t, to), Steps: []Step{declared, copied, swept}}, "abc"}
	}
	files := []File{plan("20260101000000-one", first, second, "T.a", "T.b"), plan("20260102000000-two", second, third, "T.d", "T.c")}
	begin := func(predicate string) {
		d.DropAll(t)
		if r := d.ApplySchema(t, first); r.Refused {
			t.Fatal(r.Message)
		}
		d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <"+predicate+"> \"x\" .\n")
	}
	values := func() string { return string(d.Query(t, "{q(func: type(T)) {T.a T.b T.c}}")) }

	begin("T.a")
	foreign := (*Foreign)(nil)
	if _, err := Up(t.Context(), c, files, Series{Deploy: third}); !errors.As(err, &foreign) || foreign.Plan != files[0].ID || !strings.Contains(err.Error(), "migrate up 20260101000000-one --deploy FILE") || values() != `{"q":[{"T.a":"x"}]}` {
		t.Errorf("past the second schema: %v, %s", err, values())
	}
	if _, err := Up(t.Context(), c, files[1:], Series{Deploy: third}); !errors.As(err, &foreign) || foreign.Earlier != "" || !strings.Contains(err.Error(), "make it anew") {
		t.Errorf("the second plan alone: %v", err)
	}
	// A plan that has nothing to do is passed, and says what is missing where the next one has.
	begin("T.d")
	if _, err := Up(t.Context(), c, files, Series{Deploy: third}); !errors.As(err, &foreign) || foreign.Earlier != files[0].ID || !strings.Contains(err.Error(), "the plan 20260101000000-one leads to") {
		t.Errorf("past a plan with nothing to do: %v", err)
	}
	// One after the other is the way; what the later one prepares is done on it.
	begin("T.a")
	if all, err := Up(t.Context(), c, files, Series{Deploy: second}); err != nil || len(all) != 2 || all[0].Deployed == nil || all[1].Waiting == "" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := Up(t.Context(), c, files, Series{Deploy: third}); err != nil || all[1].Deployed == nil || values() != `{"q":[{"T.a":"x","T.b":"x"}]}` {
		t.Errorf("%+v, %v, %s", all, err, values())
	}
}
