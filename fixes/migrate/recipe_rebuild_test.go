package migrate

import (
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestRebuild begins with what an update left that Dgraph refused after saving
// it.
func TestRebuild(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type T { id: ID! name: String l: [String] n: String many: String r: String m: [String] back: T }`
	const after = `type T { id: ID! name: String l: String @search n: Int many: [String] r: T m: Int back: String }`
	d.DropAll(t)
	apply(t, d, before)
	uids := d.Mutate(t, `
_:a <dgraph.type> "T" .
_:a <T.name> "a" .
_:a <T.l> "b" .
_:a <T.l> "a" .
_:a <T.n> " 7" .
_:a <T.many> "one" .
_:a <T.r> "text" (f=1) .
_:a <T.m> "5" .
_:a <T.m> "6" .
_:a <T.back> _:b (f=1) .
_:b <dgraph.type> "T" .
_:b <T.name> "b" .
_:b <T.n> "bad" .
_:b <T.m> "bad" .
`)
	if r := d.ApplySchema(t, after); !r.Refused || !r.Saved {
		t.Fatalf("%+v", r)
	}
	is := stored(t, after)
	unchanged := untouched(t, d, "T.name")
	var all []*Recipe
	for _, m := range []struct{ predicate, given string }{{"T.l", "first"}, {"T.n", "trim"}, {"T.many", ""}, {"T.r", ""}, {"T.m", "largest"}, {"T.back", ""}} {
		live, err := c.Stored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var given []string
		if m.given != "" {
			given = []string{m.given}
		}
		all = append(all, built(t, Rebuild(Rebuilding{Live: *live.Predicate(m.predicate), Want: is.Predicate(m.predicate), Target: targetIn(is, m.predicate)}), given...))
	}
	steps := planned(t, all...)
	did := carryOut(t, c, steps, Before)
	if len(did.left) != 2 {
		t.Errorf("%q", reasons(did.left))
	}
	unchanged()
	apply(t, d, after)
	answers(t, d, `{queryT(order: {asc: name}) {name l n many r {name} m back}}`, `{"queryT":[`+
		`{"name":"a","l":"a","n":7,"many":["one"],"r":null,"m":6,"back":null},{"name":"b","l":null,"n":null,"many":[],"r":null,"m":null,"back":null}]}`)
	asks(t, d, `{q(func: uid(`+uids["a"]+`,`+uids["b"]+`), orderasc: T.name) {T.l__others T.n__quarantine T.r__quarantine @facets T.m__staged T.m__others T.back__quarantine @facets {uid}}}`, `{"q":[`+
		`{"T.l__others":["b"],"T.r__quarantine|f":{"0":1},"T.r__quarantine":["text"],"T.m__staged":"6","T.m__others":["5"],"T.back__quarantine":{"uid":"`+uids["b"]+`","T.back__quarantine|f":1}},`+
		`{"T.n__quarantine":["bad"],"T.m__staged":"bad"}]}`)
	carryOut(t, c, steps, Contract)
	if schema := d.StoredSchema(t); strings.Contains(schema, "__") {
		t.Errorf("left:\n%s", schema)
	}
}

func TestRebuildImpossible(t *testing.T) {
	t.Parallel()
	s := stored(t, `type T @secret(field: "pwd") { id: ID! v: [Float!] @embedding f: [Float!] }`)
	for _, c := range []struct {
		live dql.Predicate
		want string
	}{
		{dql.Predicate{Name: "T.pwd", Type: "string"}, "T.pwd"}, {dql.Predicate{Name: "T.v", Type: "float", List: true}, "T.v"},
		{dql.Predicate{Name: "T.f", Type: "password"}, "T.f"}, {dql.Predicate{Name: "T.f", Type: "float32vector"}, "T.f"},
	} {
		if Rebuild(Rebuilding{Live: c.live, Want: s.Predicate(c.want)}) != nil {
			t.Errorf("%s is rebuilt from %s", c.want, c.live.Type)
		}
	}
}
