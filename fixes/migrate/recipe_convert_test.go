package migrate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// asks compares the answer of a DQL query.
func asks(t *testing.T, d *dgraphtest.Dgraph, query, want string) {
	t.Helper()
	if diff := cmp.Diff(unordered(t, want), unordered(t, string(d.Query(t, query)))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

// reasons are what is told of the nodes that were left.
func reasons(left []Left) []string {
	var all []string
	for _, l := range left {
		all = append(all, l.Predicate+" "+textOf(l.Data)+": "+l.Reason)
	}
	slices.Sort(all)
	return all
}

func TestConvertInPlace(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type P { id: ID! name: String n: String l: [String] b: String d: String f: Float de: String @dgraph(pred: "P.n@de") big: Int64 }`
	const after = `type P { id: ID! name: String n: Int @search l: [Int] b: Boolean d: DateTime f: Int big: Int }`
	d.DropAll(t)
	apply(t, d, before)
	uids := d.Mutate(t, `
_:a <dgraph.type> "P" .
_:a <P.name> "a" .
_:a <P.n> " 7 " (unit="kg", since=2020-01-01T00:00:00Z) .
_:a <P.l> "1" .
_:a <P.l> " 2 " (f=2) .
_:a <P.l> "2" .
_:a <P.l> "3.0" .
_:a <P.l> "x" (g=true) .
_:a <P.l> "" .
_:a <P.b> "Yes" .
_:a <P.d> "24.12.2020" .
_:a <P.f> "3.5" .
_:a <P.big> "9007199254740993" .
_:b <dgraph.type> "P" .
_:b <P.name> "b" .
_:b <P.n> "1,234" .
_:b <P.n> "sieben"@de .
_:b <P.b> "maybe \"q\" \\ {{x}}" (f=1) .
_:b <P.d> "2020" .
_:b <P.f> "-0.5" .
_:b <P.big> "2147483647" .
_:c <dgraph.type> "P" .
_:c <P.name> "c" .
_:c <P.n> "none at all" (why="because") .
_:c <P.n> "8"@de .
_:c <P.b> "0" .
_:c <P.d> "31.02.2020" .
_:c <P.f> "1e300" .
_:d <dgraph.type> "P" .
_:d <P.name> "d" .
_:d <P.n> "-" .
_:e <P.n> "no type" .
`)
	was, is := stored(t, before), stored(t, after)
	unchanged := untouched(t, d, "P.name")
	var all []*Recipe
	for _, m := range []struct {
		predicate string
		rules     []string
	}{
		{"P.n", []string{"trim", "numbers", "-=0"}}, {"P.l", []string{"trim", "round:zero"}}, {"P.b", []string{"booleans"}},
		{"P.d", []string{"dates:DD.MM.YYYY"}}, {"P.f", []string{"round:nearest"}}, {"P.big", nil},
	} {
		all = append(all, built(t, ConvertInPlace(Converting{From: was.Predicate(m.predicate), To: is.Predicate(m.predicate), Target: targetIn(is, m.predicate)}), m.rules...))
	}
	steps := planned(t, all...)
	did := carryOut(t, c, steps, Before)
	if diff := cmp.Diff([]string{
		`P.b__quarantine maybe "q" \ {{x}}: it is not read under type Boolean: "maybe \"q\" \\ {{x}}" is no boolean; it is in quarantine under P.b__quarantine`,
		`P.big__quarantine 9007199254740993: it is not read under type Int: 9007199254740993 does not fit into Int, which has 32 bits; it is in quarantine under P.big__quarantine`,
		`P.d__quarantine 31.02.2020: it is not read under type DateTime: "31.02.2020" is no time; it is in quarantine under P.d__quarantine`,
		`P.f__quarantine 1e+300: it is not read under type Int: 1e+300 is outside the integers of 64 bits; it is in quarantine under P.f__quarantine`,
		`P.l__quarantine : it is not read under type Int: "" is no integer of 64 bits; it is in quarantine under P.l__quarantine`,
		`P.l__quarantine x: it is not read under type Int: "x" is no integer of 64 bits; it is in quarantine under P.l__quarantine`,
		`P.n__quarantine 8: it is in the language de, and values of type Int have none; it is in quarantine under P.n__quarantine`,
		`P.n__quarantine no type: it is not read under type Int: "no type" is no integer of 64 bits; it is in quarantine under P.n__quarantine`,
		`P.n__quarantine none at all: it is not read under type Int: "none at all" is no integer of 64 bits; it is in quarantine under P.n__quarantine`,
		`P.n__quarantine sieben: it is in the language de, and values of type Int have none; it is in quarantine under P.n__quarantine`,
	}, reasons(did.left)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	unchanged()
	d.Mutate(t, "<"+uids["d"]+"> <P.big> \"3000000000\" .\n") // by the old application
	apply(t, d, after)
	if did := carryOut(t, c, steps, After); did.changed != 1 || len(did.left) != 1 {
		t.Errorf("%+v", did)
	}
	answers(t, d, `{queryP(order: {asc: name}) {name n l b d f big} high: queryP(filter: {n: {gt: 7}}) {name}}`, `{"queryP":[`+
		`{"name":"a","n":7,"l":[2,1,3],"b":true,"d":"2020-12-24T00:00:00Z","f":4,"big":null},`+
		`{"name":"b","n":1234,"l":[],"b":null,"d":"2020-01-01T00:00:00Z","f":-1,"big":2147483647},`+
		`{"name":"c","n":null,"l":[],"b":false,"d":null,"f":null,"big":null},`+
		`{"name":"d","n":0,"l":[],"b":null,"d":null,"f":null,"big":null}],"high":[{"name":"b"}]}`)
	unchanged()
	asks(t, d, `{q(func: uid(`+uids["a"]+`)) {P.n @facets P.l @facets P.l__quarantine @facets}}`,
		`{"q":[{"P.n|since":"2020-01-01T00:00:00Z","P.n|unit":"kg","P.n":7,"P.l|f":{"0":2},"P.l":[2,1,3],"P.l__quarantine|g":{"1":true},"P.l__quarantine":["","x"]}]}`)
	asks(t, d, `{q(func: uid(`+uids["c"]+`)) {P.n__quarantine@* @facets}}`,
		`{"q":[{"P.n__quarantine|why":"because","P.n__quarantine@de":"8","P.n__quarantine":"none at all"}]}`)

	// Somebody mends what is in quarantine, and it goes back.
	d.Mutate(t, "<"+uids["c"]+"> <P.b__quarantine> \"on\" .\n<"+uids["b"]+"> <P.d__quarantine> \"1/2/2021\" (f=1) .\n")
	did = carryOut(t, c, build(t, PutBack(Converting{From: was.Predicate("P.d"), To: is.Predicate("P.d"), Target: targetIn(is, "P.d")}), "dates:M/D/YYYY"), After)
	if len(did.left) != 2 { // the one that is none, and the one of a node that has a date
		t.Errorf("%+v", did)
	}
	did = carryOut(t, c, build(t, PutBack(Converting{From: was.Predicate("P.f"), To: is.Predicate("P.f"), Target: targetIn(is, "P.f")}), "1E+300=5", "1e+300=6"), After)
	if len(did.left) != 0 || did.changed != 1 {
		t.Errorf("%+v", did)
	}
	answers(t, d, `{queryP(order: {asc: name}) {name f}}`, `{"queryP":[{"name":"a","f":4},{"name":"b","f":-1},{"name":"c","f":6},{"name":"d","f":null}]}`)
	asks(t, d, `{q(func: has(P.f__quarantine)) {uid}}`, `{"q":[]}`)
	carryOut(t, c, steps, Contract)
	if schema := d.StoredSchema(t); strings.Contains(schema, "__quarantine") {
		t.Errorf("left:\n%s", schema)
	}
}

// TestConvertStoredOtherwise has values that were written before the predicate
// was declared, or while it had another type.
func TestConvertStoredOtherwise(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type P { id: ID! name: String s: String l: [String] de: String @dgraph(pred: "P.s@de") }`, `type P { id: ID! name: String s: Int l: [Int] }`
	d.DropAll(t)
	d.Mutate(t, "_:a <dgraph.type> \"P\" .\n_:a <P.s> \"bad\" .\n_:a <P.name> \"a\" .\n")
	d.Alter(t, "P.l: [float] .")
	d.Mutate(t, "_:b <dgraph.type> \"P\" .\n_:b <P.l> \"1.5\" .\n_:b <P.name> \"b\" .\n_:b <P.l> \"2\" .\n")
	apply(t, d, before)
	d.Mutate(t, "_:b <dgraph.type> \"P\" .\n_:b <P.name> \"c\" .\n_:b <P.s> \"acht\"@de .\n_:b <P.l> \"3\" .\n")
	was, is := stored(t, before), stored(t, after)
	var all []*Recipe
	for _, name := range []string{"P.s", "P.l"} {
		all = append(all, built(t, ConvertInPlace(Converting{From: was.Predicate(name), To: is.Predicate(name), Target: targetIn(is, name)}), "strict"))
	}
	steps := planned(t, all...)
	for i := range steps {
		if steps[i].Phase != Before {
			continue
		}
		// What a deletion by value does not find in a list is found by a sweep.
		for _, changes := range []bool{true, steps[i].Convert != nil && steps[i].Convert.Predicate == "P.l", false} {
			if did := pass(t, c, &steps[i], true); changes != (did.changed > 0) && steps[i].Convert != nil {
				t.Errorf("%s changes %d nodes", steps[i].ID, did.changed)
			}
		}
	}
	apply(t, d, after)
	asks(t, d, `{q(func: has(P.l__quarantine)) {P.l__quarantine} s(func: has(P.s__quarantine@.), orderasc: P.name) {P.s__quarantine@*}}`,
		`{"q":[{"P.l__quarantine":["1.5"]}],"s":[{"P.s__quarantine":"bad"},{"P.s__quarantine@de":"acht"}]}`)
	answers(t, d, `{queryP(order: {asc: name}) {s l}}`, `{"queryP":[{"s":null,"l":[]},{"s":null,"l":[2]},{"s":null,"l":[3]}]}`)
}

// TestConvertUnreadable comes too late: the new schema is served already.
func TestConvertUnreadable(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type P { id: ID! n: String name: String }`, `type P { id: ID! n: Int @search name: String }`
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, "_:a <dgraph.type> \"P\" .\n_:a <P.n> \" 7\" (f=1) .\n_:b <dgraph.type> \"P\" .\n_:b <P.n> \"bad\" .\n_:c <dgraph.type> \"P\" .\n_:c <P.n> \"8\" .\n")
	apply(t, d, after)
	if got := d.GraphQL(t, `{queryP {n}}`, nil); len(got.Errors) == 0 {
		t.Fatalf("the values are readable: %s", got.Data)
	}
	was, is := stored(t, before), stored(t, after)
	steps := build(t, ConvertUnreadable(Converting{From: was.Predicate("P.n"), To: is.Predicate("P.n"), Target: targetIn(is, "P.n")}))
	if did := carryOut(t, c, steps, Before); len(did.left) != 1 || did.changed != 2 {
		t.Errorf("%+v", did)
	}
	answers(t, d, `{queryP(order: {asc: n}) {n} high: queryP(filter: {n: {ge: 7}}, order: {asc: n}) {n}}`, `{"queryP":[{"n":7},{"n":8},{"n":null}],"high":[{"n":7},{"n":8}]}`)
	apply(t, d, after)
}

func TestConvertInto(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type P { id: ID! name: String n: String l: [String] at: DateTime }`
	const after = `type P { id: ID! name: String n: Int @dgraph(pred: "P.number") @search l: [Int] @dgraph(pred: "P.numbers") at: Int64 @dgraph(pred: "P.seconds") }`
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, `
_:a <dgraph.type> "P" .
_:a <P.name> "a" .
_:a <P.n> "3.7" (f="x") .
_:a <P.l> "1" .
_:a <P.l> "1.2" (f=1) .
_:a <P.l> "0.9" (f=2) .
_:a <P.l> "many" .
_:a <P.at> "2020-01-01T00:00:00.5+01:00" .
_:b <dgraph.type> "P" .
_:b <P.name> "b" .
_:b <P.n> "bad" .
_:b <P.at> "1969-12-31T23:59:59Z" .
`)
	was, is := stored(t, before), stored(t, after)
	unchanged := untouched(t, d, "P.name", "P.n", "P.l", "P.at")
	var all []*Recipe
	for _, m := range []struct {
		from, to string
		rules    []string
	}{
		{"P.n", "P.number", []string{"round:nearest"}}, {"P.l", "P.numbers", []string{"round:nearest"}}, {"P.at", "P.seconds", nil},
	} {
		all = append(all, built(t, ConvertInto(Converting{From: was.Predicate(m.from), To: is.Predicate(m.to), Target: targetIn(is, m.to)}), m.rules...))
	}
	steps := planned(t, all...)
	did := carryOut(t, c, steps, Before)
	if diff := cmp.Diff([]string{
		`P.at 2020-01-01T00:00:00.5+01:00: it loses something under type Int64: it is read as 1577833200`,
		`P.l 1.2: P.numbers holds something else already`,
		`P.l many: it is not read under type Int: "many" is no integer of 64 bits`,
		`P.n bad: it is not read under type Int: "bad" is no integer of 64 bits`,
	}, reasons(did.left)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	unchanged()
	d.Mutate(t, "_:c <dgraph.type> \"P\" .\n_:c <P.name> \"c\" .\n_:c <P.n> \"5\" .\n") // by the old application
	apply(t, d, after)
	d.Mutate(t, "_:d <dgraph.type> \"P\" .\n_:d <P.name> \"d\" .\n_:d <P.n> \"5\" .\n_:d <P.number> \"6\" .\n") // by the new one
	carryOut(t, c, steps, After)
	answers(t, d, `{queryP(order: {asc: name}) {name n l at}}`, `{"queryP":[`+
		`{"name":"a","n":4,"l":[1],"at":null},{"name":"b","n":null,"l":[],"at":-1},{"name":"c","n":5,"l":[],"at":null},{"name":"d","n":6,"l":[],"at":null}]}`)
	asks(t, d, `{q(func: has(P.numbers)) {P.number @facets P.numbers @facets P.n P.l}}`,
		`{"q":[{"P.number|f":"x","P.number":4,"P.numbers|f":{"0":2},"P.numbers":[1],"P.n":"3.7","P.l":["many","1","0.9","1.2"]}]}`)
}

func TestMapValues(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `enum C { RED GREEN BLUE GREY } type T { id: ID! n: String c: C @dgraph(pred: "<名前>") cs: [C] }`
	const after = `enum C { RED LIME BLUE } type T { id: ID! n: String c: C @dgraph(pred: "<名前>") cs: [C] }`
	d.DropAll(t)
	apply(t, d, before)
	uids := d.Mutate(t, `
_:a <dgraph.type> "T" .
_:a <T.n> "a" .
_:a <名前> "GREEN" (f=1) .
_:a <T.cs> "GREEN" (f=1) .
_:a <T.cs> "RED" (f=2) .
_:b <dgraph.type> "T" .
_:b <T.n> "b" .
_:b <名前> "BLUE" .
_:b <T.cs> "GREEN" .
_:b <T.cs> "LIME" (f=3) .
_:c <dgraph.type> "T" .
_:c <T.n> "c" .
_:c <名前> "GREY" .
_:c <T.cs> "GREY" .
_:c <T.cs> "GREEN" .
`)
	was, is := stored(t, before), stored(t, after)
	unchanged := untouched(t, d, "T.n")
	var all []*Recipe
	for _, name := range []string{"<名前>", "T.cs"} {
		m := Converting{From: was.Predicate(name), To: is.Predicate(name), Target: convert.Target{Type: "string", GraphQL: "C", Enum: []string{"RED", "LIME", "BLUE"}}}
		all = append(all, built(t, MapValues(m, []string{"GREEN", "GREY"}), "GREEN=LIME"))
	}
	steps := planned(t, all...)
	did := carryOut(t, c, steps, Before)
	if diff := cmp.Diff([]string{
		`T.cs GREY: it is not read under type C: "GREY" is no member of C`,
		`名前 GREY: it is not read under type C: "GREY" is no member of C`,
	}, reasons(did.left)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	unchanged()
	d.Mutate(t, "_:d <dgraph.type> \"T\" .\n_:d <T.n> \"d\" .\n_:d <名前> \"GREEN\" .\n") // by the old application
	apply(t, d, after)
	carryOut(t, c, steps, After)
	verified(t, d, steps)
	answers(t, d, `{queryT(filter: {not: {id: ["`+uids["c"]+`"]}}, order: {asc: n}) {n c cs}}`, `{"queryT":[`+
		`{"n":"a","c":"LIME","cs":["LIME","RED"]},{"n":"b","c":"BLUE","cs":["LIME"]},{"n":"d","c":"LIME","cs":[]}]}`)
	asks(t, d, `{q(func: uid(`+uids["a"]+`, `+uids["b"]+`, `+uids["c"]+`), orderasc: T.n) {<名前> @facets T.cs @facets}}`, `{"q":[`+
		`{"名前|f":1,"名前":"LIME","T.cs|f":{"0":1,"1":2},"T.cs":["LIME","RED"]},`+
		`{"名前":"BLUE","T.cs|f":{"0":3},"T.cs":["LIME"]},`+
		`{"名前":"GREY","T.cs":["GREY","LIME"]}]}`)
}

func TestMapValuesBuild(t *testing.T) {
	t.Parallel()
	s := stored(t, `enum C { RED } type T { id: ID! c: C }`)
	m := MapValues(Converting{From: s.Predicate("T.c"), To: s.Predicate("T.c"), Target: convert.Target{Type: "string", GraphQL: "C", Enum: []string{"RED", "BLUE"}}}, []string{"GREEN", "GREY"})
	if diff := cmp.Diff([]string{"GREEN=RED", "GREEN=BLUE", "GREY=RED", "GREY=BLUE"}, m.Need.Options); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		given []string
		wrong string
	}{
		{[]string{"GREEN=RED"}, ""}, {[]string{"GREEN=RED", "GREY=RED"}, ""}, {nil, "it takes"}, {[]string{"GREEN"}, "maps nothing"},
		{[]string{"GREEN=PINK"}, "no member"}, {[]string{"RED=BLUE"}, "none of the values"}, {[]string{"GREEN=RED", "GREEN=BLUE"}, "twice"},
		{[]string{"GREEN=GREY"}, "no member"},
	} {
		_, err := m.Build(c.given)
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%q: %v, want %q", c.given, err, c.wrong)
		}
	}
}

func TestRulesMend(t *testing.T) {
	t.Parallel()
	const same, bad = "(same)", "(bad)"
	point, color := Reading{Type: "geo", GraphQL: "Point"}, Reading{Type: "string", GraphQL: "C", Enum: []string{"RED", "LIME"}}
	i, f, b, when := Reading{Type: "int", GraphQL: "Int"}, Reading{Type: "float", GraphQL: "Float"}, Reading{Type: "bool"}, Reading{Type: "dateTime"}
	for _, c := range []struct {
		rules string
		to    Reading
		value string
		want  string
	}{
		{"strict", i, "7", same}, {"strict", i, " 7", bad}, {"trim", i, " 7\u00a0\n", "7"}, {"trim", i, "+007", same}, {"trim", i, "", bad},
		{"trim", i, "3.0", bad}, {"numbers", i, "3.0", "3"}, {"numbers", i, "3.7", bad}, {"numbers", i, "1e3", "1000"}, {"numbers", i, "1e-3", bad},
		{"numbers", i, "1,234", "1234"}, {"numbers", i, "1 234 567", "1234567"}, {"numbers", i, "1,234 567", bad}, {"numbers", i, "12,34", bad},
		{"numbers", i, "1,2345", bad}, {"numbers", i, "1.234", bad}, {"numbers", i, "1'234'567", "1234567"}, {"numbers", i, " 1,234", bad},
		{"trim numbers", i, " 1,234 ", "1234"}, {"numbers", i, "3,000,000,000", bad}, {"numbers", i, "1e999999999", bad}, {"numbers", i, "1e999", bad},
		{"numbers", f, "1,234.5", "1234.5"}, {"numbers:comma", f, "1.234,5", "1234.5"}, {"numbers:comma", i, "1.234", "1234"}, {"numbers", f, "1e3", same},
		{"numbers:comma", f, "3,5", "3.5"}, {"numbers", f, "1,234_567", bad}, {"numbers", f, "1_234", same}, {"numbers", f, "abc", bad}, {"numbers", f, "NaN", bad}, {"numbers", f, "", bad},
		{"round:nearest", i, "3.5", "4"}, {"round:nearest", i, "-3.5", "-4"}, {"round:nearest", i, "3.4", "3"}, {"round:nearest", i, "-0.4", "0"},
		{"round:zero", i, "-3.9", "-3"}, {"round:down", i, "-3.1", "-4"}, {"round:down", i, "3.9", "3"}, {"round:up", i, "3.1", "4"}, {"round:up", i, "-3.9", "-3"},
		{"round:nearest", i, "1,234.5", bad}, {"round:nearest", i, "0.49999999999999999999999999", "0"}, {"round:up", i, "2147483647.1", bad},
		{"booleans", b, "Yes", "true"}, {"booleans", b, "OFF", "false"}, {"booleans", b, "1", same}, {"booleans", b, "2", bad}, {"strict", b, "yes", bad},
		{"trim booleans", b, " n ", "false"}, {"booleans", b, "tRuE", "true"},
		{"dates:DD.MM.YYYY", when, "24.12.2020", "2020-12-24T00:00:00Z"}, {"dates:DD.MM.YYYY", when, "4.12.2020", bad},
		{"dates:D.M.YYYY", when, "4.1.2020", "2020-01-04T00:00:00Z"}, {"dates:DD.MM.YYYY", when, "2020-01-01", same},
		{"dates:YYYY-MM-DD hh:mm:ss", when, "2020-01-01 10:20:30", "2020-01-01T10:20:30Z"}, {"dates:YYYY-MM-DDThh:mmZ", when, "2020-01-01T10:20+05:30", "2020-01-01T10:20:00+05:30"},
		{"dates:DD/MM/YYYY dates:MM/DD/YYYY", when, "01/02/2020", bad}, {"dates:DD/MM/YYYY dates:MM/DD/YYYY", when, "24/12/2020", "2020-12-24T00:00:00Z"},
		{"dates:DD/MM/YYYY dates:MM/DD/YYYY", when, "02/02/2020", "2020-02-02T00:00:00Z"},
		{"n/a=0", i, "n/a", "0"}, {"7=8", i, "7", "8"}, {"trim n/a=0", i, " n/a ", "0"}, {"n/a=0", i, " n/a ", bad}, {"numbers 1000=5", i, "1,000", "5"},
		{"trim", point, "null", bad}, {"strict", point, `{"type":"Point","coordinates":[1,2]}`, same}, {"strict", point, `{'type':'Point','coordinates':[1,2]}`, same},
		{"strict", color, "RED", same}, {"trim", color, " RED", "RED"}, {"trim", color, "red", bad}, {"GREEN=LIME", color, "GREEN", "LIME"}, {"GREEN=LIME", color, "LIME", same},
		{`"a=b"="1"`, i, "a=b", "1"}, {`"trim"=1`, i, "trim", "1"}, {`"\u0000"=1`, i, "\x00", "1"},
	} {
		rules, err := parseRules(strings.Fields(strings.NewReplacer("DD hh", "DD_hh").Replace(c.rules)))
		if strings.Contains(c.rules, "DD hh") {
			rules, err = parseRules([]string{c.rules})
		}
		if err != nil {
			t.Errorf("%s: %v", c.rules, err)
			continue
		}
		m := rules.mend(dql.Quad{Data: c.value, Type: "string"}, c.to)
		got := m.text
		switch {
		case m.reason != "":
			got = bad
		case !m.mended:
			got = same
		}
		if got != c.want {
			t.Errorf("%s: %q as %s: %q (%s), want %q", c.rules, c.value, c.to.Type, got, m.reason, c.want)
		}
	}
}

func TestParseRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, wrong string }{
		{"trim", ""}, {"strict", ""}, {"a=", ""}, {"a=b=c", ""}, {`"a"=b`, ""}, {"dates:YYYY-MM-DD", ""}, {"Trim", "no rule"}, {"=b", "no rule"},
		{`"a=b`, "no rule"}, {`"a"b`, "no rule"}, {`a="b`, "no rule"}, {"numbers:x", "no mark"}, {"round:half", "no way"}, {"dates:YYYY", "missing"},
		{"dates:Jan 2 2006", "no form"}, {"dates:YYYY-MM-DD DD", "twice"}, {"dates:", "missing"}, {"a=a", "itself"}, {"", "no rule"},
	} {
		_, err := parseRules([]string{c.given})
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%q: %v, want %q", c.given, err, c.wrong)
		}
	}
	if _, err := parseRules([]string{"a=b", "b=c"}); err == nil {
		t.Error("a chain of mappings is accepted")
	}
}

// TestValuesCheck has parameters that somebody wrote into a plan.
func TestValuesCheck(t *testing.T) {
	t.Parallel()
	whole := Reading{Type: "int", GraphQL: "Int"}
	one := Declared{Name: "p", Type: "int"}
	for _, c := range []struct {
		task  task
		wrong string
	}{
		{&Fill{Predicate: "p", Type: "T", Reading: whole, Values: []string{"1"}}, ""},
		{&Fill{Type: "T", Reading: whole, Values: []string{"1"}}, "a predicate to fill"},
		{&Fill{Predicate: "p", Type: "T", Reading: whole}, "either values or"},
		{&Fill{Predicate: "p", Type: "T", Reading: whole, Values: []string{"1"}, Now: true}, "either values or"},
		{&Fill{Predicate: "p", Type: "T", Reading: whole, Now: true}, "time of the run"},
		{&Fill{Predicate: "p", Type: "T", Reading: whole, Values: []string{"x"}}, "no Int"},
		{&Fill{Predicate: "p", Type: "T", Values: []string{"x"}}, "no reading"},
		{&Convert{Predicate: "p", Reading: whole}, ""},
		{&Convert{Predicate: "p", Reading: whole, Quarantine: "q"}, ""},
		{&Convert{Predicate: "p", Reading: whole, Into: "q", Move: true}, ""},
		{&Convert{Predicate: "p", Reading: whole, Into: "p"}, "one predicate"},
		{&Convert{Predicate: "p", Reading: whole, Quarantine: "p"}, "one predicate"},
		{&Convert{Predicate: "p", Reading: whole, Into: "q", Quarantine: "r"}, "no quarantine"},
		{&Convert{Predicate: "p", Reading: whole, Move: true}, "missing"},
		{&Convert{Predicate: "p"}, "DQL type"},
		{&Convert{Predicate: "p", Reading: whole, Rules: Rules{Round: "half"}}, "no way to round"},
		{&Choose{From: "p", To: "q", Policy: "only", Rest: "r"}, ""},
		{&Choose{From: "p", To: "q", Policy: "random"}, "no policy"},
		{&Choose{From: "p", To: "q", Policy: "only", Overwrite: true}, "the rest"},
		{&Choose{From: "p", To: "p", Policy: "only"}, "third"},
		{&Choose{From: "p", To: "q", Policy: "only", Rest: "p"}, "third"},
		{&Redeclare{Predicate: one, Chosen: &Choose{From: "p", To: "q", Policy: "only"}}, ""},
		{&Redeclare{Predicate: one, Copied: &Copy{From: "x", To: "q"}}, "are those of x"},
		{&Redeclare{Predicate: one, Copied: &Copy{From: "p", To: "p"}}, "from one predicate"},
		{&Redeclare{Predicate: one, Chosen: &Choose{From: "p", To: "q", Policy: "only"}, Copied: &Copy{From: "p", To: "q"}}, "not both"},
		{&Redeclare{}, "no name"},
	} {
		err := c.task.check()
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%+v: %v, want %q", c.task, err, c.wrong)
		}
	}
}

// TestConvertReadable has values that Dgraph reads with a loss: in place they
// stay, and another predicate does not get them.
func TestConvertReadable(t *testing.T) {
	t.Parallel()
	quad := dql.Quad{Subject: "0x1", Predicate: "p", Data: json.Number("3.7"), Type: "float"}
	for _, c := range []struct {
		into  string
		rules Rules
		set   []dql.Quad
		told  int
	}{
		{"", Rules{}, nil, 1},
		{"", Rules{Truncate: true}, nil, 0},
		{"", Rules{Round: "nearest"}, []dql.Quad{{Subject: "0x1", Predicate: "p", Data: json.Number("4"), Type: "float"}}, 0},
		{"q", Rules{}, nil, 1},
		{"q", Rules{Truncate: true}, []dql.Quad{{Subject: "0x1", Predicate: "q", Data: json.Number("3"), Type: "int"}}, 0},
		{"q", Rules{Round: "nearest"}, []dql.Quad{{Subject: "0x1", Predicate: "q", Data: json.Number("4"), Type: "int"}}, 0},
		{"q", Rules{Map: []Mapping{{"3.7", "-1"}}}, []dql.Quad{{Subject: "0x1", Predicate: "q", Data: json.Number("-1"), Type: "int"}}, 0},
	} {
		live := &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: "float"}, {Name: "p__quarantine", Type: "float"}, {Name: "q", Type: "int"}}}
		task := &Convert{Predicate: "p", Reading: Reading{Type: "int", GraphQL: "Int"}, Rules: c.rules, Into: c.into}
		if c.into == "" {
			task.Quarantine = "p__quarantine"
		}
		got, err := task.judge(&page{live: live, nodes: []*node{{uid: 1, quads: map[string][]dql.Quad{"p": {quad}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.set, got.set); diff != "" || len(got.del) > 0 || len(got.left) != c.told {
			t.Errorf("%q %+v: %+v, -want +got:\n%s", c.into, c.rules, got, diff)
		}
	}
}

func TestConvertJudge(t *testing.T) {
	t.Parallel()
	text := func(predicate, data, lang string, facets ...dql.Facet) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: predicate, Data: data, Type: "string", Lang: lang, Facets: facets}
	}
	all := func(q dql.Quad) dql.Quad { q.All = true; return q }
	one, two := dql.Facet{Key: "f", Data: "1"}, dql.Facet{Key: "f", Data: "2"}
	for _, c := range []struct {
		name     string
		list     bool
		here     []dql.Quad
		aside    []dql.Quad
		set, del []dql.Quad
		told     int
	}{
		{"single, mended", false, []dql.Quad{text("p", " 7", "", one)}, nil, []dql.Quad{text("p", "7", "", one)}, nil, 0},
		{"single, good", false, []dql.Quad{text("p", "7", "", one)}, nil, nil, nil, 0},
		{"single, bad", false, []dql.Quad{text("p", "x", "", one)}, nil, []dql.Quad{text("q", "x", "", one)}, []dql.Quad{all(text("p", "x", "", one))}, 1},
		{"single, bad, other in quarantine", false, []dql.Quad{text("p", "x", "")}, []dql.Quad{text("q", "y", "")}, nil, nil, 1},
		{"single, bad, same in quarantine", false, []dql.Quad{text("p", "x", "")}, []dql.Quad{text("q", "x", "")}, nil, []dql.Quad{all(text("p", "x", ""))}, 1},
		{"single, bad, same with other facets in quarantine", false, []dql.Quad{text("p", "x", "", one)}, []dql.Quad{text("q", "x", "", two)}, nil, nil, 1},
		{"tagged", false, []dql.Quad{text("p", "7", "de"), text("p", "8", "")}, nil, []dql.Quad{text("q", "7", "de")}, []dql.Quad{all(text("p", "7", "de"))}, 1},
		{"bad beside a tagged one that goes too", false, []dql.Quad{text("p", "x", ""), text("p", "y", "de")}, nil, []dql.Quad{text("q", "x", ""), text("q", "y", "de")},
			[]dql.Quad{all(text("p", "x", "")), all(text("p", "y", "de"))}, 2},
		{"mended beside a tagged one that goes", false, []dql.Quad{text("p", " 7", ""), text("p", "y", "de")}, nil, []dql.Quad{text("p", "7", ""), text("q", "y", "de")},
			[]dql.Quad{all(text("p", "y", "de"))}, 1},
		{"bad beside a tagged one that stays", false, []dql.Quad{text("p", "x", ""), text("p", "y", "de")}, []dql.Quad{text("q", "z", "de")}, []dql.Quad{text("q", "x", "")},
			[]dql.Quad{text("p", "x", "")}, 2},
		{"list", true, []dql.Quad{text("p", " 7", "", one), text("p", "8", "")}, nil, []dql.Quad{text("p", "7", "", one)}, []dql.Quad{text("p", " 7", "", one)}, 0},
		{"list, becomes one that is there", true, []dql.Quad{text("p", " 7", ""), text("p", "7", "", one)}, nil, nil, []dql.Quad{text("p", " 7", "")}, 0},
		{"list, brings facets", true, []dql.Quad{text("p", " 7", "", one), text("p", "7", "")}, nil, []dql.Quad{text("p", "7", "", one)}, []dql.Quad{text("p", " 7", "", one)}, 0},
		{"list, other facets", true, []dql.Quad{text("p", " 7", "", one), text("p", "7", "", two)}, nil, []dql.Quad{text("q", " 7", "", one)}, []dql.Quad{text("p", " 7", "", one)}, 1},
		{"list, two become one", true, []dql.Quad{text("p", " 7", ""), text("p", "7 ", "", one)}, nil, []dql.Quad{text("p", "7", "", one)},
			[]dql.Quad{text("p", " 7", ""), text("p", "7 ", "", one)}, 0},
		{"list, in quarantine and still here", true, []dql.Quad{text("p", "x", ""), text("p", " 7", "", one), text("p", "8", "", two)}, []dql.Quad{text("q", "x", "")},
			[]dql.Quad{text("p", "8", "", two), text("p", "7", "", one)}, []dql.Quad{all(text("p", "x", ""))}, 1},
	} {
		live := &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: "string", List: c.list}, {Name: "q", Type: "string", List: c.list}}}
		task := &Convert{Predicate: "p", Reading: Reading{Type: "int", GraphQL: "Int"}, Rules: Rules{Trim: true}, Quarantine: "q"}
		p := &page{live: live, nodes: []*node{{uid: 1, quads: map[string][]dql.Quad{"p": c.here, "q": c.aside}}}}
		for range 2 { // the same page gives the same change
			got, err := task.judge(p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{c.set, c.del, c.told}, []any{got.set, got.del, len(got.left)}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		// What is not in quarantine stays.
		task.Quarantine = ""
		if got, err := task.judge(p); err != nil || len(got.del) != len(c.del) && len(got.left) != c.told {
			t.Errorf("%s without quarantine: %+v %v", c.name, got, err)
		}
	}
}
