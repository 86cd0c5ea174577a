package migrate

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// readAll is the answer to a DQL query, as text.
func readAll(t *testing.T, d *dgraphtest.Dgraph, query string) string {
	t.Helper()
	return string(d.Query(t, query))
}

// same fails when two texts differ.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestRemoveValues deletes values of every kind of one type, of nodes without
// type, and all.
func TestRemoveValues(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type A @secret(field: "pass", pred: "A.pass") { id: ID! s: String @dgraph(pred: "s") t: DateTime @dgraph(pred: "t") ts: [DateTime] @dgraph(pred: "ts") fs: [Float] @dgraph(pred: "fs") es: [A] @dgraph(pred: "es") e: A @dgraph(pred: "e") was: Int @dgraph(pred: "was") wass: [Int] @dgraph(pred: "wass") g: Point @dgraph(pred: "g") l: String @dgraph(pred: "l") len: String @dgraph(pred: "l@en") keep: String }
type B { id: ID! s: String @dgraph(pred: "s") ts: [DateTime] @dgraph(pred: "ts") keep: String }`
	const after = `type A { id: ID! keep: String } type B { id: ID! s: String @dgraph(pred: "s") ts: [DateTime] @dgraph(pred: "ts") keep: String }`
	d.DropAll(t)
	at := reserve(t, d, c)
	d.Alter(t, "was: string .\nwass: [string] .\ne: uid .\nts: [dateTime] .\nfs: [float] .\nt: dateTime .")
	for i, types := range []string{"<dgraph.type> \"A\"", "<dgraph.type> \"B\"", "<keep> \"no type\"", "<dgraph.type> \"A\" .\n%[1]s <dgraph.type> \"B\""} {
		node := fmt.Sprintf("<0x%d>", i+1)
		at.mutate(fmt.Sprintf("%[1]s "+types+` .
%[1]s <A.keep> "kept" .
%[1]s <s> "a \"quoted\" {{\\}} 🙂" (f=1) .
%[1]s <t> "2000-01-02T03:04:05+00:00" .
%[1]s <ts> "2000-01-02T03:04:05+00:00" (f="x") .
%[1]s <ts> "2001-01-02T03:04:05.123456789+05:30" .
%[1]s <ts> "2002-01-02T03:04:05Z" .
%[1]s <fs> "0.1234567890123456789" .
%[1]s <fs> "1e-300" .
%[1]s <es> <0x1> (since=2020-01-01T00:00:00Z) .
%[1]s <es> <0x2> .
%[1]s <e> <0x2> .
%[1]s <was> "007" .
%[1]s <wass> "007" .
%[1]s <g> "{'type':'Point','coordinates':[1.123456789,2.25]}"^^<geo:geojson> .
`, node))
	}
	apply(t, d, before)
	at.mutate("<0x1> <l> \"hello\"@en .\n<0x1> <l> \"bare\" .\n<0x4> <l> \"hello\"@en .\n<0x1> <A.pass> \"secret1\" .\n<0x4> <A.pass> \"secret2\" .\n")
	was := stored(t, before)
	names := []string{"s", "t", "ts", "fs", "es", "e", "was", "wass", "g", "l", "A.pass"}
	steps := func(of func(l *Leftover)) []Step {
		var all []Step
		for _, name := range names {
			l := Leftover{Predicate: was.Predicate(name), Unread: name == "wass"}
			if l.Predicate == nil {
				t.Fatalf("no predicate %s", name)
			}
			of(&l)
			all = append(all, build(t, RemoveValues(l))...)
		}
		return all
	}
	apply(t, d, after)
	untouched := at.read(`{q(func: has(A.keep)) {uid A.keep dgraph.type}}`)
	const everything = `{q(func: uid(0x1, 0x2, 0x3, 0x4)) {uid s @facets ts @facets fs es @facets {uid} e {uid} t was wass g l@*} p(func: has(A.pass)) {uid}}`
	whole := at.read(everything)
	ofA := steps(func(l *Leftover) { l.Types, l.Keep = []string{"A"}, []string{"B"} })
	carryOut(t, c, ofA, Before)
	carryOut(t, c, ofA, After)
	same(t, "before phase contract", at.read(everything), whole)
	carryOut(t, c, ofA, Contract)
	has := func() string {
		var all string
		for _, name := range names {
			root, err := hasRoot(name, name == "l")
			if err != nil {
				t.Fatal(err)
			}
			all += name
			if err := dql.Rows(d.Query(t, "{q(func: "+root+") {uid}}"), "q", func(r dql.Row) error { all += fmt.Sprintf(" %d", r.UID-at.base); return nil }); err != nil {
				t.Fatal(err)
			}
			all += "\n"
		}
		return all
	}
	same(t, "after A", has(), "s 2 3 4\nt 2 3 4\nts 2 3 4\nfs 2 3 4\nes 2 3 4\ne 2 3 4\nwas 2 3 4\nwass 2 3 4\ng 2 3 4\nl 4\nA.pass 4\n")
	carryOut(t, c, steps(func(l *Leftover) { l.Untyped = true }), Contract)
	same(t, "after nodes without type", has(), "s 2 4\nt 2 4\nts 2 4\nfs 2 4\nes 2 4\ne 2 4\nwas 2 4\nwass 2 4\ng 2 4\nl 4\nA.pass 4\n")
	answers(t, d, `{queryB {s ts}}`, `{"queryB":[{"s":"a \"quoted\" {{\\}} 🙂","ts":["2000-01-02T03:04:05Z","2002-01-02T03:04:05Z","2001-01-02T03:04:05.123456789+05:30"]},{"s":"a \"quoted\" {{\\}} 🙂","ts":["2000-01-02T03:04:05Z","2002-01-02T03:04:05Z","2001-01-02T03:04:05.123456789+05:30"]}]}`)
	names = []string{"t", "fs", "es"}
	carryOut(t, c, steps(func(*Leftover) {}), Contract)
	same(t, "after all", has(), "t\nfs\nes\n")
	same(t, "untouched", at.read(`{q(func: has(A.keep)) {uid A.keep dgraph.type}}`), untouched)
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	edge := dql.Quad{Subject: "0x1", Predicate: "p", Object: "0x2"}
	value := func(data any, lang string) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: "p", Data: data, Type: "string", Lang: lang}
	}
	all := dql.Quad{Subject: "0x1", Predicate: "p", All: true}
	for name, c := range map[string]struct {
		p           dql.Predicate
		quads, want []dql.Quad
	}{
		"nothing":       {dql.Predicate{Type: "string"}, nil, nil},
		"single":        {dql.Predicate{Type: "string"}, []dql.Quad{value("", "")}, []dql.Quad{all}},
		"languages":     {dql.Predicate{Type: "string"}, []dql.Quad{value("a", "en"), value("b", "")}, []dql.Quad{all}},
		"list":          {dql.Predicate{Type: "string", List: true}, []dql.Quad{value("Z", ""), value("b", "")}, []dql.Quad{value("Z", ""), value("b", "")}},
		"single edge":   {dql.Predicate{Type: "uid"}, []dql.Quad{edge}, []dql.Quad{edge}},
		"edges":         {dql.Predicate{Type: "uid", List: true}, []dql.Quad{edge}, []dql.Quad{edge}},
		"list of times": {dql.Predicate{Type: "dateTime", List: true}, []dql.Quad{value("2000-01-02T03:04:05Z", "")}, []dql.Quad{value("2000-01-02T03:04:05Z", ""), value("2000-01-02T03:04:05+00:00", "")}},
	} {
		if diff := cmp.Diff(c.want, deletion(c.p, c.quads)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDeleteValuesChecks(t *testing.T) {
	t.Parallel()
	for _, d := range []DeleteValues{{}, {Predicates: []string{"dgraph.type"}}, {Predicates: []string{"p"}, Untyped: true, Types: []string{"A"}}} {
		if d.check() == nil {
			t.Errorf("%+v is taken", d)
		}
	}
	if _, err := RemoveValues(Leftover{Predicate: &storage.Predicate{Name: "a>b", Type: "string"}, Untyped: true}).Build(nil); err == nil {
		t.Error("a name that cannot be written is taken")
	}
}
