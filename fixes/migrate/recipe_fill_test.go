package migrate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// untouched is what is stored under predicates that a recipe must not change.
func untouched(t *testing.T, d *dgraphtest.Dgraph, predicates ...string) func() {
	t.Helper()
	question := "{q(func: has(dgraph.type)) {uid dgraph.type"
	for _, p := range predicates {
		question += " " + p
	}
	was := string(d.Query(t, question+"}}"))
	return func() {
		t.Helper()
		if diff := cmp.Diff(was, string(d.Query(t, question+"}}"))); diff != "" {
			t.Errorf("the predicates that are not concerned (-before +after):\n%s", diff)
		}
	}
}

// verified asks the closing questions of steps.
func verified(t *testing.T, d *dgraphtest.Dgraph, steps []Step) {
	t.Helper()
	for _, s := range steps {
		if s.Verify != "" {
			asks(t, d, s.Verify, `{"q":[{"count":0}]}`)
		}
	}
}

// targetIn is how a field reads its values.
func targetIn(s *storage.Schema, predicate string) convert.Target {
	p := s.Predicate(predicate)
	f := p.Fields[0]
	return convert.Target{Type: p.Type, GraphQL: f.Type().Named()}
}

func TestFillDefault(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `
interface Thing { id: ID! name: String label: String de: String @dgraph(pred: "Thing.label@de") }
type Box implements Thing { size: Int lines: [String] }
type Other { id: ID! name: String }`
	const after = `
interface Thing { id: ID! name: String label: String! de: String @dgraph(pred: "Thing.label@de") state: State! born: DateTime! ok: Boolean! big: Int64! f: Float! at: Point! }
enum State { NEW OLD }
type Box implements Thing { size: Int! lines: [String]! }
type Other { id: ID! name: String }`
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, `
_:a <dgraph.type> "Thing" .
_:a <dgraph.type> "Box" .
_:a <Thing.name> "a" .
_:a <Box.size> "0" .
_:b <dgraph.type> "Thing" .
_:b <dgraph.type> "Box" .
_:b <Thing.name> "b" .
_:b <Thing.label> "nur deutsch"@de .
_:c <dgraph.type> "Thing" .
_:c <dgraph.type> "Box" .
_:c <Thing.name> "c" .
_:c <Thing.label> "" .
_:c <Box.lines> "own" .
_:d <dgraph.type> "Other" .
_:d <Other.name> "d" .
`)
	is := stored(t, after)
	hostile := "\"q\" \\ {{x}} \n $a uid(v)"
	unchanged := untouched(t, d, "Thing.name", "Other.name")
	var all []*Recipe
	for _, f := range []struct {
		predicate, of string
		given         []string
	}{
		{"Thing.label", "Thing", []string{hostile}}, {"Thing.state", "Thing", []string{"NEW"}}, {"Thing.born", "Thing", []string{"2020-02-29"}},
		{"Thing.ok", "Thing", []string{"false"}}, {"Thing.big", "Thing", []string{"-9007199254740993"}}, {"Thing.f", "Thing", []string{"1e-3"}},
		{"Thing.at", "Thing", []string{`{"type":"Point","coordinates":[1.5,-2.25]}`}}, {"Box.size", "Box", []string{"7"}}, {"Box.lines", "Box", []string{"x", ""}},
	} {
		target := targetIn(is, f.predicate)
		if target.GraphQL == "State" {
			target.Enum = []string{"NEW", "OLD"}
		}
		all = append(all, built(t, FillDefault(Filling{Into: is.Predicate(f.predicate), Target: target, Type: f.of}), f.given...))
	}
	steps := planned(t, all...)
	carryOut(t, c, steps, Before)
	unchanged()
	d.Mutate(t, "_:e <dgraph.type> \"Thing\" .\n_:e <dgraph.type> \"Box\" .\n_:e <Thing.name> \"e\" .\n") // by the old application
	apply(t, d, after)
	if left := carryOut(t, c, steps, After).left; len(left) > 0 {
		t.Errorf("%+v", left)
	}
	quotedHostile, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	rest := `,"state":"NEW","born":"2020-02-29T00:00:00Z","ok":false,"big":-9007199254740993,"f":0.001,"at":{"longitude":1.5,"latitude":-2.25},`
	answers(t, d, `{queryBox(order: {asc: name}) {name label state born ok big f at {longitude latitude} size lines}}`, `{"queryBox":[`+strings.Join([]string{
		`{"name":"a","label":` + string(quotedHostile) + rest + `"size":0,"lines":["","x"]}`,
		`{"name":"b","label":` + string(quotedHostile) + rest + `"size":7,"lines":["","x"]}`,
		`{"name":"c","label":""` + rest + `"size":7,"lines":["own"]}`,
		`{"name":"e","label":` + string(quotedHostile) + rest + `"size":7,"lines":["","x"]}`,
	}, ",")+`]}`)
	if german := string(d.Query(t, `{q(func: has(Thing.label@de)) {Thing.label@de}}`)); german != `{"q":[{"Thing.label@de":"nur deutsch"}]}` {
		t.Errorf("the German label: %s", german)
	}
	verified(t, d, steps)
	if other := string(d.Query(t, `{q(func: has(Thing.label)) @filter(NOT type(Thing)) {uid}}`)); other != `{"q":[]}` {
		t.Errorf("filled elsewhere: %s", other)
	}
}

func TestFillNow(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type A { id: ID! n: String }`, `type A { id: ID! n: String born: DateTime! @default(add: {value: "$now"}) }`
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, "_:a <dgraph.type> \"A\" .\n_:b <dgraph.type> \"A\" .\n_:c <dgraph.type> \"A\" .\n_:d <dgraph.type> \"A\" .\n")
	is, now := stored(t, after), "$now"
	steps := build(t, FillDefault(Filling{Into: is.Predicate("A.born"), Target: targetIn(is, "A.born"), Type: "A", Default: &now}))
	from := time.Now().Truncate(time.Second)
	carryOut(t, c, steps, Before)
	to := time.Now()
	apply(t, d, after)
	got := d.GraphQL(t, `{queryA {born}}`, nil)
	var data struct{ QueryA []struct{ Born time.Time } }
	if err := json.Unmarshal(got.Data, &data); err != nil || len(got.Errors) > 0 || len(data.QueryA) != 4 {
		t.Fatalf("%s %v %v", got.Data, got.Errors, err)
	}
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{step: &steps[1], task: steps[1].Fill, live: live}
	var times []time.Time
	for range 2 { // pages of one run
		p, _, err := r.page(t.Context(), c.Txn(), 0, 2)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, p.now)
	}
	if times[0].IsZero() || !times[0].Equal(times[1]) {
		t.Errorf("a run has the times %v", times)
	}
	for _, a := range data.QueryA {
		if a.Born.Before(from) || a.Born.After(to) || a.Born != data.QueryA[0].Born {
			t.Errorf("born %s, filled from %s to %s", a.Born, from, to)
		}
	}
}

func TestFillBuild(t *testing.T) {
	t.Parallel()
	s := stored(t, `enum E { A B } type T { id: ID! i: Int i64: Int64 f: Float b: Boolean d: DateTime e: E p: Point s: String l: [Int] key: String @id r: T x: [E!] }`)
	for _, c := range []struct {
		predicate string
		given     []string
		wrong     string // a part of the error
	}{
		{"T.i", []string{"2147483647"}, ""},
		{"T.i", []string{"2147483648"}, "32 bits"},
		{"T.i", []string{"-2147483649"}, "32 bits"},
		{"T.i", []string{"3.0"}, "no integer"},
		{"T.i", []string{""}, "no integer"},
		{"T.i", []string{"1", "2"}, "one value"},
		{"T.i", nil, "takes a value"},
		{"T.i64", []string{"9223372036854775807"}, ""},
		{"T.i64", []string{"9223372036854775808"}, "no integer"},
		{"T.f", []string{"NaN"}, "no float"},
		{"T.f", []string{"Inf"}, "not printed"},
		{"T.f", []string{"0.1"}, ""},
		{"T.b", []string{"true"}, ""},
		{"T.b", []string{"yes"}, "no boolean"},
		{"T.d", []string{"2020-02-30"}, "no time"},
		{"T.d", []string{"2020-02-29T10:00:00+01:00"}, ""},
		{"T.d", []string{"$now"}, ""},
		{"T.d", []string{"2020-02-29 10:00"}, "no time"},
		{"T.e", []string{"A"}, ""},
		{"T.e", []string{"a"}, "no member"},
		{"T.x", []string{"A", "B"}, ""},
		{"T.x", []string{"A", "A"}, "twice"},
		{"T.x", []string{"A", "C"}, "no member"},
		{"T.p", []string{`{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[0,0]]]}`}, "no JSON"},
		{"T.p", []string{"null"}, "ends the alpha"},
		{"T.s", []string{"$now"}, ""},
		{"T.s", []string{"_STAR_ALL"}, "everything"},
		{"T.s", []string{""}, ""},
		{"T.l", []string{"1", "2"}, ""},
		{"T.l", []string{"1", "x"}, "no integer"},
	} {
		target := targetIn(s, c.predicate)
		if target.GraphQL == "E" {
			target.Enum = []string{"A", "B"}
		}
		_, err := FillDefault(Filling{Into: s.Predicate(c.predicate), Target: target, Type: "T"}).Build(c.given)
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s %q: %v, want %q", c.predicate, c.given, err, c.wrong)
		}
	}
	for _, name := range []string{"T.key", "T.r"} {
		if FillDefault(Filling{Into: s.Predicate(name), Type: "T"}) != nil {
			t.Errorf("%s can be filled", name)
		}
	}
}

func TestFillJudge(t *testing.T) {
	t.Parallel()
	live := &dql.Stored{Predicates: []dql.Predicate{{Name: "T.x", Type: "string", Lang: true}}}
	value := func(lang string) map[string][]dql.Quad {
		return map[string][]dql.Quad{"T.x": {{Subject: "0x1", Predicate: "T.x", Data: "", Type: "string", Lang: lang}}}
	}
	for _, c := range []struct {
		lang string
		node node
		want int
	}{
		{"", node{uid: 1, types: []string{"T"}}, 1},
		{"", node{uid: 1, types: []string{"U"}}, 0},
		{"", node{uid: 1, types: []string{"T"}, quads: value("")}, 0},
		{"", node{uid: 1, types: []string{"T"}, quads: value("fr")}, 1},
		{"fr", node{uid: 1, types: []string{"T"}, quads: value("fr")}, 0},
		{"fr", node{uid: 1, types: []string{"T"}, quads: value("")}, 1},
	} {
		f := &Fill{Predicate: "T.x", Type: "T", Reading: Reading{Type: "string"}, Values: []string{"v"}, Lang: c.lang}
		got, err := f.judge(&page{nodes: []*node{&c.node}, live: live})
		if err != nil || len(got.set) != c.want || got.changed != c.want {
			t.Errorf("%q %+v: %+v %v", c.lang, c.node, got, err)
		}
		for _, q := range got.set {
			if q.Lang != c.lang || q.Data != "v" {
				t.Errorf("%+v", q)
			}
		}
	}
	f := &Fill{Predicate: "T.y", Type: "T", Reading: Reading{Type: "string"}, Values: []string{"v"}}
	if _, err := f.judge(&page{live: live}); err == nil {
		t.Error("a predicate that is not declared is filled")
	}
}
