package migrate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestRemains: no schema is deployed over what phase before could not change, and phase contract deletes no only copy,
// unless somebody says so.
func TestRemains(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = "type P { age: String }\n", "type P { n: Int }\n"
	f := File{&Plan{Version: 1, ID: "20260101000000-age", From: fingerprintOf(t, before), To: fingerprintOf(t, after), NotBefore: "2026-02-01", Steps: []Step{
		{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: &Declare{Predicates: []Declared{{Name: "P.n", Type: "int"}}}},
		{ID: "convert", Phase: Before, Kind: "convert", Select: &Select{Root: "has(P.age)"}, Reads: []string{"P.age", "P.n"}, Writes: []string{"P.n"}, Convergent: true, Undo: UndoYes,
			Convert: &Convert{Predicate: "P.age", Into: "P.n", Reading: Reading{Type: "int"}}},
		{ID: "drop", Phase: Contract, Kind: "drop", Convergent: true, Undo: UndoNo, Drop: &Drop{Predicates: []string{"P.age"}}},
	}}, "abc"}
	begin := func(nquads string) {
		d.DropAll(t)
		if r := d.ApplySchema(t, before); r.Refused {
			t.Fatal(r.Message)
		}
		d.Mutate(t, nquads)
	}
	up := func(s Series) ([]Outcome, error) {
		s.Today = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		return Up(t.Context(), c, []File{f}, s)
	}
	values := func() string {
		return string(d.Query(t, "{q(func: type(P), orderasc: P.key) {P.key P.age P.n}}"))
	}
	serves := func(schema string) {
		t.Helper()
		if got := d.ServedSchema(t); strings.TrimSpace(got) != strings.TrimSpace(schema) {
			t.Errorf("served is %s", got)
		}
	}
	remains := func(what string, err error, deploying bool, left, open uint64) {
		t.Helper()
		var r *Remains
		if !errors.As(err, &r) || r.Deploying != deploying || len(r.Steps) != 1 || r.Steps[0].Left != left || r.Steps[0].Open != open || !strings.Contains(err.Error(), "--accept-left") {
			t.Errorf("%s: %v", what, err)
		}
	}

	begin("_:a <dgraph.type> \"P\" .\n_:a <P.key> \"a\" .\n_:a <P.age> \"7\" .\n_:b <dgraph.type> \"P\" .\n_:b <P.key> \"b\" .\n_:b <P.age> \"old\" .\n")
	outcomes, err := up(Series{Deploy: after})
	remains("just left", err, true, 1, 0)
	if len(outcomes) != 1 || len(outcomes[0].Results) != 1 || outcomes[0].Deployed != nil {
		t.Errorf("%+v", outcomes)
	}
	serves(before)
	_, err = up(Series{Deploy: after})
	remains("left before", err, true, 1, 0)
	serves(before)
	if outcomes, err = up(Series{Deploy: after, AcceptLeft: true}); err != nil || outcomes[0].Deployed == nil {
		t.Errorf("%+v, %v", outcomes, err)
	}
	serves(after)
	_, err = up(Series{Phase: Contract})
	remains("contract", err, false, 1, 0)
	if got := values(); got != `{"q":[{"P.key":"a","P.age":"7","P.n":7},{"P.key":"b","P.age":"old"}]}` {
		t.Error(got)
	}
	if _, err = up(Series{Phase: Contract, AcceptLeft: true}); err != nil || strings.Contains(values(), "P.age") {
		t.Errorf("%v, %s", err, values())
	}

	// Mended by hand, nothing is in the way.
	begin("_:a <dgraph.type> \"P\" .\n_:a <P.key> \"a\" .\n_:a <P.age> \"7\" .\n<0x1> <dgraph.type> \"P\" .\n<0x1> <P.key> \"b\" .\n<0x1> <P.age> \"old\" .\n")
	_, err = up(Series{})
	if err != nil {
		t.Error(err)
	}
	d.Mutate(t, "<0x1> <P.age> \"80\" .\n<0x1> <P.n> \"80\" .\n")
	if _, err = up(Series{Deploy: after}); err != nil {
		t.Error(err)
	}
	serves(after)
	// What was left and mended is told apart from what is another value by now: nobody knows which is right.
	d.Mutate(t, "<0x1> <P.n> \"81\" .\n")
	_, err = up(Series{Phase: Contract})
	remains("once left, and another value now", err, false, 1, 0)

	// Clients go on with what was converted: that is no reason. What was written under the old predicate is.
	begin("<0x1> <dgraph.type> \"P\" .\n<0x1> <P.key> \"a\" .\n<0x1> <P.age> \"7\" .\n")
	if _, err = up(Series{Deploy: after}); err != nil {
		t.Error(err)
	}
	d.Mutate(t, "<0x1> <P.n> \"8\" .\n<0x2> <P.age> \"9\" .\n")
	_, err = up(Series{Phase: Contract})
	remains("written since", err, false, 0, 1)
	d.Mutate(t, "<0x2> <P.n> \"9\" .\n")
	if _, err = up(Series{Phase: Contract}); err != nil || values() != `{"q":[{"P.key":"a","P.n":8}]}` {
		t.Errorf("%v, %s", err, values())
	}
}

// TestDeployOverOther: a plan that has nothing to do where nothing is served is deployed; over another schema than
// those that it is for, nothing is.
func TestDeployOverOther(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after, another = "type P { a: String }\n", "type P { b: String }\n", "type P { c: String }\n"
	f := File{&Plan{Version: 1, ID: "20260101000000-move", From: fingerprintOf(t, before), To: fingerprintOf(t, after), Steps: []Step{
		{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(P.a)"}, Reads: []string{"P.a", "P.b"}, Writes: []string{"P.b"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "P.a", To: "P.b"}},
	}}, "abc"}
	d.DropAll(t)
	outcomes, err := Up(t.Context(), c, []File{f}, Series{Deploy: after})
	if err != nil || len(outcomes) != 1 || outcomes[0].Deployed == nil || outcomes[0].Results[0].Status.State != NotApplicable {
		t.Errorf("%+v, %v", outcomes, err)
	}
	if got := d.ServedSchema(t); strings.TrimSpace(got) != strings.TrimSpace(after) {
		t.Errorf("served is %s", got)
	}
	d.DropAll(t)
	if r := d.ApplySchema(t, another); r.Refused {
		t.Fatal(r.Message)
	}
	if _, err := Up(t.Context(), c, []File{f}, Series{Deploy: after}); !errors.As(err, new(*Foreign)) {
		t.Errorf("over another schema: %v", err)
	}
	if got := d.ServedSchema(t); strings.TrimSpace(got) != strings.TrimSpace(another) {
		t.Errorf("served is %s", got)
	}
	if _, err := Up(t.Context(), c, []File{f}, Series{}); err != nil {
		t.Errorf("nothing to do, and nothing to deploy: %v", err)
	}
}
