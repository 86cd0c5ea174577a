package migrate

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// upserting is a plan with one step that somebody wrote in DQL.
func upserting(t *testing.T, root, writes, body string, convergent bool) (File, error) {
	t.Helper()
	text := fmt.Sprintf(`version: 1
id: 20260101000000-upsert
name: upsert
from: ""
to: ""
steps:
  - id: plans
    phase: before
    title: Give people their plans
    kind: upsert
    select: {root: %s}
    reads: [%s]
    writes: [%s]
    convergent: %v
    undo: "yes"
    upsert:
%s
`, root, writes, writes, convergent, indented(body, "      "))
	p, err := Decode([]byte(text))
	if err != nil {
		return File{}, err
	}
	encoded, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := fitsSchema(t, publishedSchema(t), encoded); err != nil {
		t.Errorf("%v\n%s", err, encoded)
	}
	if again, err := Decode(encoded); err != nil || again.Steps[0].Upsert == nil || *again.Steps[0].Upsert != *p.Steps[0].Upsert {
		t.Errorf("%+v, %v\n%s", again, err, encoded)
	}
	return File{p, Checksum(encoded)}, nil
}

// TestUpsert carries out DQL that people wrote, in small batches, and takes it back.
func TestUpsert(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	for _, test := range []struct{ name, writes, body, want string }{
		{"filters and constants", "U.plan, U.pro", `
query: |
  p as var(func: uid(nodes)) @filter(eq(U.pro, true))
  b as var(func: uid(nodes)) @filter(NOT eq(U.pro, true))
  h as var(func: uid(nodes)) @filter(has(U.pro))
set: |
  # those who pay
  uid(p) <U.plan> "PRO" .
  uid(b) <U.plan> "BA\"SIC" .
delete: |
  uid(h) <U.pro> * .`,
			`[{"U.name":"a","U.plan":"PRO","U.age":7},{"U.name":"b","U.plan":"BA\"SIC"},{"U.name":"c","U.plan":"PRO","U.tags":["x"]}]`},
		{"values", "U.plan, U.age, U.tags", `
query: |
  var(func: uid(nodes)) { n as U.name  a as U.age  m as math(a + 1) }
set: |
  uid(nodes) <U.plan> val(n) .
  uid(nodes) <U.age> val(m) .
  uid(nodes) <U.tags> val(n) .
  uid(nodes) <U.tags> "{}()#" .
delete: |
  uid(nodes) <U.tags> "x" .`,
			`[{"U.name":"a","U.pro":true,"U.plan":"a","U.age":8,"U.tags":["a","{}()#"]},{"U.name":"b","U.plan":"b","U.tags":["b","{}()#"]},{"U.name":"c","U.pro":true,"U.plan":"c","U.tags":["c","{}()#"]}]`},
		{"edges and numbers as text", "U.boss, U.plan", `
query: |
  w as var(func: eq(U.name, "a"))
  v as var(func: uid(nodes)) @filter(NOT eq(U.name, "a")) { a as U.age }
  none as var(func: eq(U.name, "nobody"))
  y as var(func: uid(nodes)) { g as U.age }
set: |
  uid(v) <U.boss> uid(w) .
  uid(v) <U.boss> uid(none) .
  uid(y) <U.plan> val(g) .
  uid(v) <U.plan> val(a) .`,
			`[{"U.name":"a","U.pro":true,"U.plan":"7","U.age":7},{"U.name":"b","U.boss":{"U.name":"a"}},{"U.name":"c","U.pro":true,"U.tags":["x"],"U.boss":{"U.name":"a"}}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.DropAll(t)
			d.Alter(t, "U.name: string @index(exact) .\nU.pro: bool @index(bool) .\nU.plan: string .\nU.age: int .\nU.tags: [string] .\nU.boss: uid .\n")
			d.Mutate(t, "_:a <U.name> \"a\" .\n_:a <U.pro> \"true\" .\n_:a <U.age> \"7\" .\n_:b <U.name> \"b\" .\n_:c <U.name> \"c\" .\n_:c <U.pro> \"true\" .\n_:c <U.tags> \"x\" .\n")
			all := func() string {
				return string(d.Query(t, "{q(func: has(U.name), orderasc: U.name) {U.name U.pro U.plan U.age U.tags U.boss {U.name}}}"))
			}
			nodes := func() string { return string(d.Query(t, "{q(func: has(U.name)) {count(uid)}}")) }
			was := all()
			f, err := upserting(t, "has(U.name)", test.writes, test.body, test.name == "edges and numbers as text")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := upserting(t, "has(U.name)", test.writes, test.body, true); (err == nil) != f.Steps[0].Convergent {
				t.Errorf("convergent: %v", err)
			}
			told, err := DryRun(t.Context(), c, []File{f}, Series{Options: Options{BatchSize: 2}}, 5)
			if err != nil || all() != was || told[0].Changed == 0 {
				t.Errorf("%+v, %v\n%s", told, err, all())
			}
			r, err := Run(t.Context(), c, f, Before, Options{BatchSize: 2})
			if err != nil || len(r.Unclean) > 0 {
				t.Fatalf("%+v, %v", r, err)
			}
			if got := all(); unordered(t, got) != unordered(t, `{"q":`+test.want+`}`) {
				t.Errorf("\n%s, want\n%s", got, test.want)
			}
			if got := nodes(); got != `{"q":[{"count":3}]}` {
				t.Error(got)
			}
			if _, err := Undo(t.Context(), c, f, Before, Options{}); err != nil {
				t.Fatal(err)
			}
			if got := all(); unordered(t, got) != unordered(t, was) {
				t.Errorf("undone:\n%s, want\n%s", got, was)
			}
		})
	}
}

// TestUpsertRefused: what goes wrong with upsert blocks is refused, when the plan is read or before anything is written.
func TestUpsertRefused(t *testing.T) {
	t.Parallel()
	query := func(blocks, set string) string {
		return "query: |\n" + indented(blocks, "  ") + "set: |\n" + indented(set, "  ")
	}
	const v = "v as var(func: uid(nodes)) @filter(has(U.name))"
	for _, test := range []struct{ body, want string }{
		{query(v, `uid(w) <U.plan> "x" .`), "defines no variable w"},
		{query(v, `uid(v) <U.plan> val(x) .`), "defines no variable x"},
		{query(v, `_:new <U.plan> "x" .`), "steps of kind transform"},
		{query(v, `uid(v) * * .`), "with S * * only"},
		{query(v, `uid(v) <U.plan> * .`), "only what is deleted can be everything"},
		{query(v, `uid(v) <U.plan> "x"^^<xs:int> .`), "none of val(x), uid(v)"},
		{query(v, `uid(v) <U.plan> "_STAR_ALL" .`), "cannot be written"},
		{query(v, `uid(v) <U.plan> "x"`), "is an N-Quad, and this is none"},
		{query(v, `uid(v) <dgraph.xid> "x" .`), "belongs to Dgraph"},
		{query(v, `uid(v) <schemacheck.doc> "x" .`), "state of migrations"},
		{query(v+"\n}\nq(func: has(U.name)) {uid", `uid(v) <U.plan> "x" .`), "a bracket ends that did not begin"},
		{query(v+" {", `uid(v) <U.plan> "x" .`), "a bracket does not end"},
		{query(v+" # }", `uid(v) <U.plan> "x" .`), "is not for queries"},
		{query("nodes as var(func: has(U.name))", `uid(nodes) <U.plan> "x" .`), "is the batch"},
		{query(v, `uid(v) <U.plan> "x" .`) + "delete: |\n  uid(v) <U.plan> * .\n", "the new value is lost"},
		{query(v, `uid(v) <U.other> "x" .`), "U.other, which is not among its"},
		{"query: |\n  " + v + "\n", "sets and deletes nothing"},
	} {
		if _, err := upserting(t, "has(U.name)", "U.plan", test.body, true); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s\n%v, want %q", test.body, err, test.want)
		}
	}
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	for _, test := range []struct{ writes, body, want string }{
		{"U.plan", query("v as var(func: has(U.name))", `uid(v) <U.plan> "x" .`), "which is no node of the batch"},
		{"U.boss", query("w as var(func: has(U.name))", `uid(nodes) <U.boss> uid(w) .`), "is several nodes"},
		{"U.age", query(v, `uid(v) <U.age> "many" .`), "many"},
		{"U.plan", query(v, `uid(v) <U.plan> <0x1> .`), "is of type string"},
		{"U.boss", query(v, `uid(v) <U.boss> "x" .`), "is of type uid"},
		{"U.gone", query(v, `uid(v) <U.gone> "x" .`), "not declared"},
		{"U.plan", query("v as var(func: uid(nodes)) @filter(nonsense(U.name))", `uid(v) <U.plan> "x" .`), "asking the query of the step"},
	} {
		d.DropAll(t)
		d.Alter(t, "U.name: string .\nU.plan: string .\nU.age: int .\nU.boss: uid .\n")
		d.Mutate(t, "_:a <U.name> \"a\" .\n_:b <U.name> \"b\" .\n_:c <U.name> \"c\" .\n")
		f, err := upserting(t, "has(U.name)", test.writes, test.body, true)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(t.Context(), c, f, Before, Options{BatchSize: 2})
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, new(*Stopped)) {
			t.Errorf("%s\n%+v, %v, want %q", test.body, r, err, test.want)
		}
		if got := string(d.Query(t, "{q(func: has(U.name)) @filter(has(U.plan) OR has(U.age) OR has(U.boss)) {uid}}")); got != `{"q":[]}` {
			t.Errorf("%s\n%s", test.body, got)
		}
	}
}
