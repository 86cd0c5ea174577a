package migrate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

const listBefore = `type T { id: ID! name: String f: [String] @search n: [Int64] d: [DateTime] r: [T] }`

const listData = `
_:a <dgraph.type> "T" .
_:a <T.name> "a" .
_:a <T.f> "b" (q=2) .
_:a <T.f> "a \"q\" \\ {{x}}" (q=1) .
_:a <T.n> "10" .
_:a <T.n> "9" .
_:a <T.n> "9007199254740993" (big=true) .
_:a <T.n> "9007199254740992" .
_:a <T.d> "2020-01-01T00:00:00Z" .
_:a <T.d> "2020-01-01T00:30:00+01:00" .
_:a <T.r> _:b (since=2020-01-01T00:00:00Z) .
_:a <T.r> _:c (w=0.5) .
_:b <dgraph.type> "T" .
_:b <T.name> "b" .
_:b <T.f> "" .
_:b <T.r> _:b .
_:c <dgraph.type> "T" .
_:c <T.name> "c" .
_:d <T.f> "no type" .
`

func TestListToSingle(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const after = `type T { id: ID! name: String f: String @search @dgraph(pred: "T.oneF") n: Int64 @dgraph(pred: "T.oneN") d: DateTime @dgraph(pred: "T.oneD") r: T @dgraph(pred: "T.oneR") }`
	d.DropAll(t)
	apply(t, d, listBefore)
	uids := d.Mutate(t, listData)
	was, is := stored(t, listBefore), stored(t, after)
	unchanged := untouched(t, d, "T.name", "T.f", "T.n", "T.d", "T.r{uid}")
	var all []*Recipe
	for _, m := range []struct{ from, to, policy string }{
		{"T.f", "T.oneF", "first"}, {"T.n", "T.oneN", "largest"}, {"T.d", "T.oneD", "smallest"}, {"T.r", "T.oneR", "only"},
	} {
		all = append(all, built(t, ListToSingle(Single{From: was.Predicate(m.from), To: is.Predicate(m.to)}), m.policy))
	}
	steps := planned(t, all...)
	did := carryOut(t, c, steps, Before)
	if len(did.left) != 1 || did.left[0].Reason != "it has 2 values under T.r" || string(dql.Node(did.left[0].UID)) != uids["a"] {
		t.Errorf("%+v", did.left)
	}
	unchanged()
	d.Mutate(t, "<"+uids["c"]+"> <T.f> \"late\" .\n<"+uids["b"]+"> <T.f> \"!\" .\n") // by the old application
	apply(t, d, after)
	if did = carryOut(t, c, steps, After); len(did.left) != 1 || did.changed != 1 {
		t.Errorf("%+v", did)
	}
	answers(t, d, `{queryT(order: {asc: name}) {name f n d r {name}}}`, `{"queryT":[`+
		`{"name":"a","f":"a \"q\" \\ {{x}}","n":9007199254740993,"d":"2020-01-01T00:30:00+01:00","r":null},`+
		`{"name":"b","f":"","n":null,"d":null,"r":{"name":"b"}},{"name":"c","f":"late","n":null,"d":null,"r":null}]}`)
	asks(t, d, `{q(func: uid(`+uids["a"]+`)) {T.oneF @facets T.oneN @facets}}`,
		`{"q":[{"T.oneF|q":1,"T.oneF":"a \"q\" \\ {{x}}","T.oneN|big":true,"T.oneN":9007199254740993}]}`)
}

func TestListToSingleInPlace(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const after = `type T { id: ID! name: String f: String @search(by: [hash]) n: Int64 d: DateTime @search r: T }`
	d.DropAll(t)
	apply(t, d, listBefore)
	uids := d.Mutate(t, listData)
	was, is := stored(t, listBefore), stored(t, after)
	unchanged := untouched(t, d, "T.name")
	var all []*Recipe
	for _, m := range []struct{ predicate, policy string }{{"T.f", "first"}, {"T.n", "largest"}, {"T.d", "smallest"}, {"T.r", "lowest"}} {
		all = append(all, built(t, ListToSingleInPlace(Single{From: was.Predicate(m.predicate), To: is.Predicate(m.predicate)}), m.policy))
	}
	steps := planned(t, all...)
	if did := carryOut(t, c, steps, Before); len(did.left) > 0 {
		t.Errorf("%+v", did.left)
	}
	unchanged()
	// As the title of the step says: the old schema reads single values as lists.
	if got := d.GraphQL(t, `{queryT(order: {asc: name}) {f}}`, nil); string(got.Data) != `{"queryT":[{"f":[]},{"f":[]},{"f":[]}]}` || len(got.Errors) == 0 {
		t.Errorf("until the update: %s %q", got.Data, got.Errors)
	}
	apply(t, d, after)
	lowest := "b" // Dgraph gives blank nodes their uids as it likes
	if uidOf(t, uids["c"]) < uidOf(t, uids["b"]) {
		lowest = "c"
	}
	answers(t, d, `{queryT(order: {asc: name}) {name f n d r {name}} hit: queryT(filter: {f: {eq: ""}}) {name}}`, `{"queryT":[`+
		`{"name":"a","f":"a \"q\" \\ {{x}}","n":9007199254740993,"d":"2020-01-01T00:30:00+01:00","r":{"name":"`+lowest+`"}},`+
		`{"name":"b","f":"","n":null,"d":null,"r":{"name":"b"}},{"name":"c","f":null,"n":null,"d":null,"r":null}],"hit":[{"name":"b"}]}`)
	asks(t, d, `{q(func: has(T.f)) @filter(NOT has(dgraph.type)) {T.f}}`, `{"q":[{"T.f":"no type"}]}`)
	// Until contract nothing is lost.
	asks(t, d, `{q(func: uid(`+uids["a"]+`)) {T.f @facets T.f__others @facets T.n__others T.d__others T.r__others {uid}}}`,
		`{"q":[{"T.f|q":1,"T.f":"a \"q\" \\ {{x}}","T.f__others|q":{"0":2},"T.f__others":["b"],"T.n__others":[9007199254740992,9,10],`+
			`"T.d__others":["2020-01-01T00:00:00Z"],"T.r__others":[{"uid":"`+uids[map[string]string{"b": "c", "c": "b"}[lowest]]+`"}]}]}`)
	carryOut(t, c, steps, Contract)
	if schema := d.StoredSchema(t); strings.Contains(schema, "__") {
		t.Errorf("left:\n%s", schema)
	}
}

func uidOf(t *testing.T, text string) uint64 {
	t.Helper()
	return dql.Ref(text).UID()
}

// TestListToSingleRefuses has what would be lost by the drop.
func TestListToSingleRefuses(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type T { id: ID! n: String f: [String] }`, `type T { id: ID! n: String f: String }`
	d.DropAll(t)
	apply(t, d, before)
	s := Single{From: stored(t, before).Predicate("T.f"), To: stored(t, after).Predicate("T.f")}
	uids := d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.n> \"a\" .\n_:a <T.f> \"1\" .\n_:b <dgraph.type> \"T\" .\n_:b <T.n> \"b\" .\n_:b <T.f> \"2\" .\n")
	steps := build(t, ListToSingleInPlace(s), "only")
	drop := steps[2].Redeclare
	dropped := func() error {
		t.Helper()
		live, err := c.Stored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return drop.alter(t.Context(), c, live)
	}
	if err := dropped(); err == nil || !strings.Contains(err.Error(), "declared") {
		t.Errorf("before anything is staged: %v", err)
	}
	pass(t, c, &steps[0], true)
	pass(t, c, &steps[1], true)
	d.Mutate(t, "<"+uids["b"]+"> <T.f> \"3\" .\n") // by the application, meanwhile
	if err := dropped(); err == nil || !strings.Contains(err.Error(), "2 values") {
		t.Errorf("a node with two values: %v", err)
	}
	d.Mutate(t, "_:c <T.n> \"c\" .\n_:c <T.f> \"4\" .\n")
	steps = build(t, ListToSingleInPlace(s), "largest")
	drop = steps[2].Redeclare
	if err := dropped(); err == nil || !strings.Contains(err.Error(), "kept nowhere else") {
		t.Errorf("a value that is not staged: %v", err)
	}
	asks(t, d, `{q(func: has(T.f), orderasc: T.n) {T.f}}`, `{"q":[{"T.f":["1"]},{"T.f":["2","3"]},{"T.f":["4"]}]}`)
	pass(t, c, &steps[1], true)
	// It ends between the drop and the declaration, and is carried out again.
	if err := c.DropPredicate(t.Context(), "T.f"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := dropped(); err != nil {
			t.Error(err)
		}
	}
	pass(t, c, &steps[3], true)
	apply(t, d, after)
	answers(t, d, `{queryT(order: {asc: n}) {f}}`, `{"queryT":[{"f":"1"},{"f":"3"}]}`)
	asks(t, d, `{q(func: has(T.f), orderasc: T.n) {T.f T.f__others}}`, `{"q":[{"T.f":"1"},{"T.f":"3","T.f__others":["2"]},{"T.f":"4"}]}`)
}

func TestChooseJudge(t *testing.T) {
	t.Parallel()
	quad := func(predicate, typ string, data any) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: predicate, Data: data, Type: typ}
	}
	edge := func(predicate string, to uint64) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: predicate, Object: dql.Node(to)}
	}
	number := func(n string) any { return json.Number(n) }
	for _, c := range []struct {
		typ, policy string
		values      []any
		there       any
		overwrite   bool
		want        any   // nil for none
		rest        []any // with overwrite
		told        int
	}{
		{"int", smallest, []any{number("10"), number("9")}, nil, false, number("9"), nil, 0},
		{"int", largest, []any{number("9007199254740992"), number("9007199254740993")}, nil, false, number("9007199254740993"), nil, 0},
		{"int", smallest, []any{number("-1"), number("-10")}, nil, false, number("-10"), nil, 0},
		{"float", largest, []any{number("1e3"), number("999.5")}, nil, false, number("1e3"), nil, 0},
		{"string", smallest, []any{"b", "", "a"}, nil, false, "", nil, 0},
		{"string", largest, []any{"b", "Z", "a"}, nil, false, "b", nil, 0},
		{"string", only, []any{"b"}, nil, false, "b", nil, 0},
		{"string", only, []any{"b", "a"}, nil, true, nil, nil, 1},
		{"string", smallest, []any{"b", "a"}, "a", false, nil, nil, 0},
		{"string", smallest, []any{"b", "a"}, "c", false, nil, nil, 1},
		{"string", smallest, []any{"b", "a"}, "c", true, "a", []any{"b", "c"}, 0},
		{"string", smallest, nil, "c", true, nil, nil, 0},
		{"bool", smallest, []any{true, false}, nil, false, false, nil, 0},
		{"dateTime", largest, []any{"2020-01-01T00:30:00+01:00", "2020-01-01T00:00:00Z"}, nil, false, "2020-01-01T00:00:00Z", nil, 0},
		{"string", smallest, []any{"b", "a", "c"}, "c", true, "a", []any{"b", "c"}, 0},
		{"string", largest, []any{"b", "a"}, "b", true, nil, []any{"a"}, 0},
	} {
		live := &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: c.typ, List: true}, {Name: "q", Type: c.typ}}}
		n := &node{uid: 1, quads: map[string][]dql.Quad{}}
		for _, v := range c.values {
			n.quads["p"] = append(n.quads["p"], quad("p", c.typ, v))
		}
		if c.there != nil {
			n.quads["q"] = []dql.Quad{quad("q", c.typ, c.there)}
		}
		var want []dql.Quad
		if c.want != nil {
			want = []dql.Quad{quad("q", c.typ, c.want)}
		}
		task := &Choose{From: "p", To: "q", Policy: c.policy}
		if c.overwrite {
			task.Overwrite, task.Rest = true, "r"
			live.Predicates = append(live.Predicates, dql.Predicate{Name: "r", Type: c.typ, List: true})
			for _, other := range c.rest {
				want = append(want, quad("r", c.typ, other))
			}
		}
		got, err := task.judge(&page{live: live, nodes: []*node{n}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.set); diff != "" || len(got.left) != c.told || len(got.del) > 0 {
			t.Errorf("%s of %v: %+v, -want +got:\n%s", c.policy, c.values, got.left, diff)
		}
	}
	live := &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: "uid", List: true}, {Name: "q", Type: "uid"}}}
	n := &node{uid: 1, quads: map[string][]dql.Quad{"p": {edge("p", 0x10), edge("p", 0x9), edge("p", 0x100)}}}
	got, err := (&Choose{From: "p", To: "q", Policy: smallest}).judge(&page{live: live, nodes: []*node{n}})
	if err != nil || len(got.set) != 1 || got.set[0].Object != "0x9" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestSingleBuild(t *testing.T) {
	t.Parallel()
	s := stored(t, `type T { id: ID! f: [String] g: String n: Int r: [T] }`)
	m := ListToSingle(Single{From: s.Predicate("T.f"), To: s.Predicate("T.g")})
	for _, given := range [][]string{nil, {"lowest"}, {"first", "largest"}, {""}} {
		if _, err := m.Build(given); err == nil {
			t.Errorf("%q is accepted", given)
		}
	}
	for _, to := range []string{"T.n", "T.f", "T.r"} {
		if ListToSingle(Single{From: s.Predicate("T.f"), To: s.Predicate(to)}) != nil || ListToSingleInPlace(Single{From: s.Predicate("T.f"), To: s.Predicate(to)}) != nil {
			t.Errorf("T.f becomes %s", to)
		}
	}
}
