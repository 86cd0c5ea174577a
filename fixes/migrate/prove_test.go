package migrate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// blind is a copy that sees nothing to do.
type blind struct{ *Copy }

func (blind) judge(*page) (*change, error) { return &change{}, nil }

// hooked is a copy with something that happens to each page.
type hooked struct {
	*Copy
	hook func(*page)
}

func (h hooked) judge(p *page) (*change, error) {
	h.hook(p)
	return h.Copy.judge(p)
}

// TestProved holds what the server counts against closing questions that are wrong, and against data
// that changes meanwhile.
func TestProved(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\nT.b: string .\n")
	task := &Copy{From: "T.a", To: "T.b"}
	s := &Step{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(T.a)"}, Reads: []string{"T.a", "T.b"}, Writes: []string{"T.b"}, Convergent: true, Undo: UndoYes, Copy: task}
	s.describe()
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	look := func(task paged) Check {
		t.Helper()
		check, err := proved(t.Context(), c, &reader{step: s, task: task, live: live}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return check
	}
	d.Mutate(t, "<0x10> <T.a> \"x\" .\n<0x10> <T.b> \"x\" .\n<0x11> <T.a> \"y\" .\n<0x11> <T.b> \"y\" .\n")
	if check := look(task); !check.Clean() || check.Nodes != 2 || *check.Counted != 2 || *check.Found != 0 {
		t.Errorf("%s", check)
	}
	forget := func(p *page) { p.nodes = p.nodes[1:] }
	if check := look(hooked{task, forget}); check.Clean() || check.String() != "step copy: 1 node looked at, and the server counts 2" {
		t.Errorf("%s", check)
	}
	next := 0x20
	add := func() {
		next++
		d.Mutate(t, fmt.Sprintf("<0x%x> <T.a> \"z\" .\n<0x%x> <T.b> \"z\" .\n", next, next))
	}
	if check := look(hooked{task, func(*page) { add() }}); !check.Clean() || check.Counted != nil {
		t.Errorf("somebody else wrote meanwhile: %s", check)
	}
	once := false
	if check := look(hooked{task, func(p *page) {
		if !once { // as if one was added and another one removed
			once = true
			forget(p)
		}
	}}); !check.Clean() || check.Counted == nil {
		t.Errorf("a second look: %s", check)
	}
	d.Mutate(t, "<0x12> <T.a> \"z\" .\n")
	if check := look(task); check.Clean() || check.Open != 1 || *check.Found != 1 || !check.agrees() {
		t.Errorf("%s", check)
	}
	if check := look(blind{task}); check.Clean() || check.String() != "step copy: its question in the plan finds 1 node, and going through the nodes found 0" {
		t.Errorf("%s", check)
	}
	s.Verify = "{q(func: has(T.a)) @filter(eq(T.a, nothing that DQL knows)) {count(uid)}}"
	if check := look(task); check.Found != nil || check.Unasked == "" || check.Open != 1 {
		t.Errorf("%s", check)
	}
}

// TestQuestion: nothing is asked but a count under the step's own root.
func TestQuestion(t *testing.T) {
	t.Parallel()
	s := &Step{Select: &Select{Root: "has(<T x>)"}}
	for text, want := range map[string]string{
		"":                                     "",
		" { q(func: has(<T x>)) {count(uid)}}": "{\n  q(func: has(<T x>)) { count(uid) }\n}\n",
		"{\n  q(func: has(<T x>)) @filter(eq(T, \"a)(\") AND (NOT has(U))) { count(uid) }\n}\n": "{\n  q(func: has(<T x>)) @filter(eq(T, \"a)(\") AND (NOT has(U))) { count(uid) }\n}\n",
	} {
		s.Verify = text
		if got, err := s.question(); got != want || err != nil {
			t.Errorf("%s\n%s\n%v", text, got, err)
		}
	}
	for _, text := range []string{
		"# schemacheck migrate verify",
		"{q(func: has(T)) {count(uid)}}",
		"{q(func: has(<T x>)) {uid}}",
		"{q(func: has(<T x>), first: 1) {count(uid)}}",
		"{q(func: has(<T x>)) @filter() {count(uid)}}",
		"{q(func: has(<T x>)) @filter(has(T)) {count(uid)} r(func: has(U)) {count(uid)}}",
		"{q(func: has(<T x>)) @filter(has(T)) {uid} r(func: has(U)) @filter(has(T)) {count(uid)}}",
		"{q(func: has(<T x>)) @cascade {count(uid)}}",
		"{q(func: has(<T x>)) @filter(has(T)) @filter(has(U)) {count(uid)}}",
		"upsert {query {q(func: has(<T x>)) {count(uid)}} mutation {delete {<0x1> * * .}}}",
	} {
		s.Verify = text
		if got, err := s.question(); err == nil {
			t.Errorf("%s is asked as %s", text, got)
		}
	}
}

// TestVerifyAfterDeploy: what is written between the phase and the update is found, and so is what somebody
// does to the data or the stored schema later.
func TestVerifyAfterDeploy(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = "type T { n: Int }\n", "type T { n: Int! }\n"
	plan := &Plan{Version: 1, ID: "20260101000000-fill", From: fingerprintOf(t, before), To: fingerprintOf(t, after), NotBefore: "2026-01-01", Steps: []Step{
		{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: &Declare{Predicates: []Declared{{Name: "T.kept", Type: "string", Index: []string{"hash"}}}}},
		{ID: "fill", Phase: Before, Kind: "fill", Select: &Select{Root: "type(T)"}, Reads: []string{"T.n"}, Writes: []string{"T.n"}, Convergent: true, Undo: UndoYes,
			Fill: &Fill{Predicate: "T.n", Type: "T", Reading: Reading{Type: "int", GraphQL: "Int"}, Values: []string{"7"}}},
		{ID: "drop", Phase: Contract, Kind: "drop", Convergent: true, Undo: UndoNo, Drop: &Drop{Predicates: []string{"T.old"}, Types: []string{"Old"}}},
	}}
	for i := range plan.Steps {
		plan.Steps[i].describe()
	}
	f := File{plan, "abc"}
	d.DropAll(t)
	if r := d.ApplySchema(t, before); r.Refused {
		t.Fatal(r.Message)
	}
	d.Mutate(t, "<0x10> <dgraph.type> \"T\" .\n")
	s := Series{Deploy: after}
	s.Progress = func(st Status) {
		if st.State == Done {
			d.Mutate(t, "<0x11> <dgraph.type> \"T\" .\n") // the application, before the deploy
		}
	}
	outcomes, err := Up(t.Context(), c, []File{f}, s)
	if err != nil {
		t.Fatal(err)
	}
	if r := outcomes[0].Results[0]; len(r.Unclean) != 1 || r.Unclean[0].Step != "fill" || r.Unclean[0].Open != 1 {
		t.Errorf("%+v", r.Unclean)
	}
	verify := func(phase Phase, later ...*Plan) string {
		t.Helper()
		checks, err := Verify(t.Context(), c, plan, Status{Phase: phase}, later...)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, check := range checks {
			if !check.Clean() {
				all = append(all, check.String())
			}
		}
		return strings.Join(all, "\n")
	}
	if got := verify(Before); got != "step fill: 1 of 2 nodes is still to be changed, and 0 cannot be" {
		t.Error(got)
	}
	d.Mutate(t, "<0x11> <T.n> \"8\" .\n")
	if got := verify(Before); got != "" {
		t.Error(got)
	}
	d.Alter(t, "T.kept: string .\n")
	if got := verify(Before); got != "" {
		t.Errorf("the new schema decides now: %s", got)
	}
	from := plan.From
	plan.From = plan.To
	if got := verify(Before); got != "step declare: T.kept is not indexed by hash" {
		t.Error(got)
	}
	d.Alter(t, "T.kept: [string] @index(hash) .\n")
	if got := verify(Before); got != "step declare: T.kept is stored as [string], not as string" {
		t.Error(got)
	}
	if got := verify(Before, &Plan{Steps: []Step{{Declare: &Declare{Predicates: []Declared{{Name: "T.kept", Type: "string", List: true}}}}}}); got != "" {
		t.Errorf("a later plan has declared it: %s", got)
	}
	if err := c.DropPredicate(t.Context(), "T.kept"); err != nil {
		t.Fatal(err)
	}
	if got := verify(Before); got != "step declare: T.kept is not stored" {
		t.Error(got)
	}
	plan.From = from
	if got := verify(Contract); got != "" {
		t.Error(got)
	}
	d.Alter(t, "T.old: int .\ntype Old {\n T.old\n}\n")
	if got := verify(Contract); got != "step drop: T.old is stored again; the type Old is stored again" {
		t.Error(got)
	}
	if r := d.ApplySchema(t, "type T { n: Int! m: Int }\n"); r.Refused {
		t.Fatal(r.Message)
	}
	if got := verify(Contract); got != "" {
		t.Errorf("a schema is served that the plan does not know: %s", got)
	}
	if _, err := c.Txn().Commit(t.Context(), nil, []dql.Quad{{Subject: dql.Node(0x10), Predicate: "T.n", All: true}}); err != nil {
		t.Fatal(err)
	}
	if got := verify(Before); !strings.Contains(got, "step fill: 1 of 2 nodes") {
		t.Error(got)
	}
}
