package migrate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// refused runs a GraphQL mutation that has to fail with a message.
func refused(t *testing.T, d *dgraphtest.Dgraph, mutation, want string) {
	t.Helper()
	if got := d.GraphQL(t, mutation, nil); !strings.Contains(strings.Join(got.Errors, "; "), want) {
		t.Errorf("%s: %v, not %q", mutation, got.Errors, want)
	}
}

// TestMakeUniqueSuffix has two types that share a predicate, groups that go over
// several pages, and values that the suffixes would meet.
func TestMakeUniqueSuffix(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type A { id: ID! code: String @dgraph(pred: "code") n: Int } type B { id: ID! code: String @dgraph(pred: "code") n: Int }`
	const after = `type A { id: ID! code: String! @id @dgraph(pred: "code") n: Int } type B { id: ID! code: String! @id @dgraph(pred: "code") n: Int }`
	d.DropAll(t)
	at := reserve(t, d, c)
	apply(t, d, before)
	hostile := `$v0 "} {{x}} \\ 🙂` + "\n"
	var nquads strings.Builder
	add := func(i int, typ, code string) {
		fmt.Fprintf(&nquads, "<0x%x> <dgraph.type> %q .\n<0x%x> <code> %s (f=1) .\n<0x%x> <%s.n> \"%d\" .\n", i, typ, i, dql.Literal(code), i, typ, i)
	}
	for i := range 7 {
		add(0x10+i, "A", "x")
	}
	add(0x20, "A", "x-2") // a value that is somebody's
	add(0x21, "B", "x-3") // and one of another type
	add(0x22, "B", "x")   // the other type may have it too
	add(0x23, "A", "")
	add(0x24, "A", "")
	add(0x25, "A", hostile)
	add(0x26, "A", hostile)
	add(0x27, "A", "x-2")
	add(0x28, "A", "null")
	at.mutate(nquads.String())
	untouched := at.read(`{a(func: has(A.n)) {uid A.n dgraph.type} b(func: has(B.n)) {uid B.n dgraph.type}}`)
	steps := build(t, MakeUnique(Uniqueness{Predicate: stored(t, after).Predicate("code"), Types: []string{"A", "B"}, NonNull: true}), "suffix")
	carryOut(t, c, steps, Before)
	at.mutate("<0x29> <dgraph.type> \"A\" .\n<0x29> <code> \"x\" .\n") // by the old application
	apply(t, d, after)
	carryOut(t, c, steps, After)
	rows := map[string]string{}
	for _, typ := range []string{"A", "B"} {
		got := d.GraphQL(t, "{query"+typ+"(order: {asc: n}) {code}}", nil)
		if len(got.Errors) > 0 {
			t.Error(got.Errors)
		}
		rows[typ] = string(got.Data)
	}
	same(t, "A", rows["A"], `{"queryA":[{"code":"x"},{"code":"x-4"},{"code":"x-5"},{"code":"x-6"},{"code":"x-7"},{"code":"x-8"},{"code":"x-9"},{"code":"x-2"},{"code":""},{"code":"-2"},`+
		`{"code":"$v0 \"} {{x}} \\\\ 🙂\n"},{"code":"$v0 \"} {{x}} \\\\ 🙂\n-2"},{"code":"x-2-2"},{"code":"null"},{"code":"x-10"}]}`)
	same(t, "B", rows["B"], `{"queryB":[{"code":"x-3"},{"code":"x"}]}`)
	answers(t, d, `{getA(code: "x") {n} }`, `{"getA":{"n":16}}`)
	answers(t, d, `{getB(code: "x") {n} }`, `{"getB":{"n":34}}`)
	refused(t, d, `mutation {addA(input: {code: "x-9"}) {numUids}}`, "already exists")
	same(t, "facets", at.read(`{q(func: eq(code, ["x-9", "-2"])) {code @facets(f)}}`),
		`{"q":[{"code|f":1,"code":"x-9"},{"code|f":1,"code":"-2"}]}`)
	same(t, "untouched", at.read(`{a(func: has(A.n)) {uid A.n dgraph.type} b(func: has(B.n)) {uid B.n dgraph.type}}`), untouched)
}

// TestMakeUniqueClear has an interface over all whose types the values are to be
// unique, whole numbers, and dates that decide.
func TestMakeUniqueClear(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `interface I { id: ID! num: Int64 at: DateTime tag: String } type A implements I { a: Int } type B implements I { b: Int }`
	const after = `interface I { id: ID! num: Int64 @id(interface: true) at: DateTime tag: String } type A implements I { a: Int } type B implements I { b: Int }`
	d.DropAll(t)
	at := reserve(t, d, c)
	apply(t, d, before)
	var nquads strings.Builder
	for i, n := range []struct{ typ, num, at string }{
		{"A", "9007199254740993", "2001-01-01T00:00:00Z"},
		{"B", "9007199254740993", "2001-01-01T04:00:00.000000001+05:30"}, // earlier
		{"B", "9007199254740992", "2000-01-01T00:00:00Z"},
		{"A", "0", ""},
		{"A", "0", "2030-01-01T00:00:00Z"}, // some value comes before none
		{"B", "0", "2030-01-01T00:00:00Z"},
		{"B", "-1", ""},
		{"B", "-1", ""},
	} {
		fmt.Fprintf(&nquads, "<0x1%d> <dgraph.type> %q .\n<0x1%d> <dgraph.type> \"I\" .\n<0x1%d> <I.num> %q .\n<0x1%d> <I.tag> \"%d\" .\n", i, n.typ, i, i, n.num, i, i)
		if n.at != "" {
			fmt.Fprintf(&nquads, "<0x1%d> <I.at> %q .\n", i, n.at)
		}
	}
	at.mutate(nquads.String())
	is := stored(t, after)
	u := Uniqueness{Predicate: is.Predicate("I.num"), Types: []string{"I"}, Fields: map[string]*storage.Predicate{"at": is.Predicate("I.at")}}
	untouched := at.read(`{q(func: has(I.tag)) {uid dgraph.type I.at I.tag}}`)
	steps := build(t, MakeUnique(u), "clear", "first:at")
	carryOut(t, c, steps, Before)
	apply(t, d, after)
	carryOut(t, c, steps, After)
	answers(t, d, `{queryI(order: {asc: tag}) {num tag}}`, `{"queryI":[{"num":null,"tag":"0"},{"num":9007199254740993,"tag":"1"},{"num":9007199254740992,"tag":"2"},`+
		`{"num":null,"tag":"3"},{"num":0,"tag":"4"},{"num":null,"tag":"5"},{"num":-1,"tag":"6"},{"num":null,"tag":"7"}]}`)
	answers(t, d, `{getI(num: 9007199254740993) {tag}}`, `{"getI":{"tag":"1"}}`)
	answers(t, d, `mutation {addA(input: {num: 5}) {a {num}}}`, `{"addA":{"a":[{"num":5}]}}`)
	at.mutate(`<0x10> <I.num> "77" .`) // a value can be set again
	answers(t, d, `{getI(num: 77) {tag}}`, `{"getI":{"tag":"0"}}`)
	same(t, "untouched", at.read(`{q(func: has(I.tag)) {uid dgraph.type I.at I.tag}}`), untouched)
	if _, err := MakeUnique(u).Build([]string{"suffix"}); err == nil || !strings.Contains(err.Error(), "clear") {
		t.Errorf("a suffix for numbers: %v", err)
	}
}

func TestUniqueAnswers(t *testing.T) {
	t.Parallel()
	m := MakeUnique(Uniqueness{
		Predicate: &storage.Predicate{Name: "A.s", Type: "string"}, Types: []string{"A"},
		Fields: map[string]*storage.Predicate{"tags": {Name: "A.tags", Type: "string", List: true}, "at": {Name: "A.at", Type: "dateTime"}},
	})
	for _, given := range [][]string{nil, {"lowest"}, {"suffix", "clear"}, {"merge"}, {"suffix", "first:tags"}, {"suffix", "last:nix"}, {"suffix", "last"}, {"suffix", "lowest", "first:at"}, {"drop"}} {
		if _, err := m.Build(given); err == nil {
			t.Errorf("%v is taken", given)
		} else if strings.HasPrefix(strings.Join(given, ","), "suffix,first") && !strings.Contains(err.Error(), "these can: at") {
			t.Errorf("%v: %v", given, err)
		}
	}
	r, err := m.Build([]string{"last:at", "suffix"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Declared{{Name: "A.s", Type: "string", Index: []string{"hash"}, Upsert: true}}, r.Steps[0].Declare.Predicates); diff != "" {
		t.Error(diff)
	}
	if _, err := MakeUnique(Uniqueness{Predicate: &storage.Predicate{Name: "A.f", Type: "float"}, Types: []string{"A"}}).Build([]string{"clear"}); err == nil {
		t.Error("floats are taken")
	}
}

// TestUniqueKeepers has few holders, and so many that each value is asked for
// alone.
func TestUniqueKeepers(t *testing.T) {
	t.Parallel()
	u := &Unique{Predicate: "p", Type: "T", Keep: keepLowest, Losers: losersMerge, Mark: "schemacheck.merged.p"}
	p := &page{live: &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: "int"}}}}
	for _, holders := range []int{2, 1000} {
		questions := 0
		put := func(text string, vars map[string]string) ([]byte, error) {
			questions++
			if vars["$v0"] != "9007199254740993" || !strings.Contains(text, "NOT has(schemacheck.merged.p)") {
				t.Errorf("%s with %v", text, vars)
			}
			if strings.Contains(text, "k0(") {
				return []byte(`{"k0":[{"uid":"0x1"}]}`), nil
			}
			var rows []string
			for i := range min(holders, 102) {
				rows = append(rows, fmt.Sprintf("{\"uid\":\"0x%x\",\"v\":9007199254740993}", i+2))
			}
			return []byte(`{"q":[` + strings.Join(rows, ",") + `]}`), nil
		}
		known := &claims{keeper: map[string]uint64{}}
		if err := u.askKeepers(p, []string{"9007199254740993"}, known, put); err != nil {
			t.Fatal(err)
		}
		want := map[int]uint64{2: 2, 1000: 1}[holders]
		if got := known.keeper["9007199254740993"]; got != want || questions != int(3-want) {
			t.Errorf("%d holders: %d keeps it, after %d questions", holders, got, questions)
		}
	}
}

// TestUniqueFree asks for values that are free among many that are not.
func TestUniqueFree(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{}
	for k := range 5000 {
		taken[fmt.Sprintf("-%d", k)] = k != 3
	}
	questions := 0
	put := func(_ string, vars map[string]string) ([]byte, error) {
		var rows []string
		for _, v := range vars {
			if taken[v] {
				rows = append(rows, fmt.Sprintf("{\"v\":%q}", v))
			}
		}
		questions++
		return []byte(`{"q":[` + strings.Join(rows, ",") + `]}`), nil
	}
	known := &claims{free: map[string][]string{}}
	u := &Unique{Predicate: "p"}
	if err := u.askFree(map[string]int{"": 3, "a": 1}, known, put); err != nil {
		t.Fatal(err)
	}
	free := known.free[""]
	if len(free) != 3 || free[0] != "-3" || taken[free[1]] || taken[free[2]] || free[1] == free[2] || questions > 20 {
		t.Errorf("%v after %d questions", known.free, questions)
	}
	if diff := cmp.Diff([]string{"a-2"}, known.free["a"]); diff != "" {
		t.Error(diff)
	}
}

func TestUniqueOrder(t *testing.T) {
	t.Parallel()
	at := func(uid uint64, typ string, data any) *holder {
		r, err := rankOf([]dql.Quad{{Data: "tagged", Type: "string", Lang: "en"}, {Data: data, Type: typ}})
		if err != nil {
			t.Fatal(err)
		}
		return &holder{uid, r}
	}
	for name, c := range map[string]struct {
		keep         string
		keeps, other *holder
	}{
		"first time, by the moment":   {keepFirst, at(2, "dateTime", "2001-01-01T04:00:00+05:30"), at(1, "dateTime", "2001-01-01T00:00:00Z")},
		"last time":                   {keepLast, at(2, "dateTime", "2001-01-01T00:00:00Z"), at(1, "dateTime", "2001-01-01T04:00:00+05:30")},
		"the same moment":             {keepLast, at(1, "dateTime", "2001-01-01T00:00:00Z"), at(2, "dateTime", "2001-01-01T05:30:00+05:30")},
		"numbers, not texts":          {keepFirst, at(2, "int", json.Number("9")), at(1, "int", json.Number("10"))},
		"numbers that floats confuse": {keepLast, at(2, "int", json.Number("9007199254740993")), at(1, "int", json.Number("9007199254740992"))},
		"floats":                      {keepLast, at(2, "float", json.Number("-1e-9")), at(1, "float", json.Number("-2"))},
		"texts":                       {keepFirst, at(2, "string", ""), at(1, "string", "a")},
		"none is last of the first":   {keepFirst, at(2, "string", "z"), &holder{uid: 1}},
		"none is last of the last":    {keepLast, at(2, "string", ""), &holder{uid: 1}},
		"none at all":                 {keepLast, &holder{uid: 1}, &holder{uid: 2}},
	} {
		if !c.keeps.before(c.other, c.keep) || c.other.before(c.keeps, c.keep) {
			t.Errorf("%s: the other one keeps the value", name)
		}
	}
	for _, q := range []dql.Quad{{Data: true, Type: "bool"}, {Data: "yesterday", Type: "dateTime"}, {Data: json.Number("1.5"), Type: "int"}} {
		if _, err := rankOf([]dql.Quad{q}); err == nil {
			t.Errorf("%v is taken", q.Data)
		}
	}
}

func TestUniqueJudge(t *testing.T) {
	t.Parallel()
	value := func(s dql.Ref, lang string) dql.Quad {
		return dql.Quad{Subject: s, Predicate: "p", Data: "x", Type: "string", Lang: lang}
	}
	for name, c := range map[string]struct {
		task     Unique
		live     dql.Predicate
		set, del []dql.Quad
	}{
		"suffix": {Unique{Losers: losersSuffix}, dql.Predicate{}, []dql.Quad{
			{Subject: "0x2", Predicate: "p", Data: "x-2", Type: "string"}, {Subject: "0x3", Predicate: "p", Data: "x-5", Type: "string"},
		}, nil},
		"clear":             {Unique{Losers: losersClear}, dql.Predicate{}, nil, []dql.Quad{{Subject: "0x2", Predicate: "p", All: true}, {Subject: "0x3", Predicate: "p", All: true}}},
		"clear without tag": {Unique{Losers: losersClear}, dql.Predicate{Lang: true}, nil, []dql.Quad{value("0x2", ""), value("0x3", "")}},
		"merge": {Unique{Losers: losersMerge, Mark: "schemacheck.m"}, dql.Predicate{}, []dql.Quad{
			{Subject: "0x2", Predicate: "schemacheck.m", Object: "0x99"},
		}, nil},
	} {
		c.live.Name, c.live.Type = "p", "string"
		c.task.Predicate, c.task.Type, c.task.Keep = "p", "T", keepLowest
		typed := func(uid uint64, types ...string) *node {
			return &node{uid: uid, types: types, quads: map[string][]dql.Quad{"p": {value(dql.Node(uid), "fr"), value(dql.Node(uid), "")}}}
		}
		p := &page{
			live:  &dql.Stored{Predicates: []dql.Predicate{c.live}},
			nodes: []*node{typed(2, "T"), typed(3, "T", "Other"), typed(0x99, "T"), typed(5, "Other"), {uid: 6, types: []string{"T"}}},
			found: &claims{keeper: map[string]uint64{"x": 0x99}, free: map[string][]string{"x": {"x-2", "x-5"}}},
		}
		if c.task.Mark != "" { // the second one has its mark
			p.nodes[1].quads[c.task.Mark] = []dql.Quad{{Subject: "0x3", Predicate: c.task.Mark, Object: "0x99"}}
		}
		got, err := c.task.judge(p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]dql.Quad{c.set, c.del}, [][]dql.Quad{got.set, got.del}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
