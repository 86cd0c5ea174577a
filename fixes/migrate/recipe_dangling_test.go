package migrate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestRemoveDanglingEdges(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const schema = `type A { id: ID! name: String bs: [B] b: B }
type B { id: ID! name: String! }
type C { id: ID! text: String @dgraph(pred: "C.text") en: String @dgraph(pred: "C.text@en") }`
	d.DropAll(t)
	at := reserve(t, d, c)
	apply(t, d, schema)
	// 0x20 is a B, 0x21 a C, 0x22 has lost its type, 0x23 never was, 0x24 has
	// only a value in a language, 0x25 only edges of its own.
	at.mutate(`
<0x20> <dgraph.type> "B" .
<0x20> <B.name> "b" .
<0x21> <dgraph.type> "C" .
<0x22> <B.name> "orphan" .
<0x24> <C.text> "bonjour"@en .
<0x25> <A.b> <0x20> .
`)
	for _, n := range []string{"<0x10>", "<0x11>", "<0x12>", "<0x13>"} {
		at.mutate(n + " <dgraph.type> \"A\" .\n" + n + " <A.name> \"a\" .\n" + n + " <A.b> <0x23> .\n")
		for _, to := range []string{"0x20", "0x21", "0x22", "0x23", "0x24", "0x25"} {
			at.mutate(n + " <A.bs> <" + to + "> (since=2020-01-01T00:00:00Z) .\n")
		}
	}
	is := stored(t, schema)
	untouched := at.read(`{q(func: has(A.name)) {uid A.name dgraph.type} b(func: has(B.name)) {uid B.name}}`)
	empty := build(t, RemoveDanglingEdges(Dangling{Predicate: is.Predicate("A.bs")}))
	carryOut(t, c, empty, Before)
	carryOut(t, c, empty, After)
	if did := carryOut(t, c, empty, Contract); did.changed != 4 {
		t.Errorf("%+v", did)
	}
	same(t, "edges to something", at.read(`{q(func: uid(0x10)) {A.bs {uid} A.b {uid}}}`),
		`{"q":[{"A.bs":[{"uid":"0x20"},{"uid":"0x21"},{"uid":"0x22"},{"uid":"0x24"},{"uid":"0x25"}],"A.b":{"uid":"0x23"}}]}`)
	carryOut(t, c, slices.Concat(
		build(t, RemoveDanglingEdges(Dangling{Predicate: is.Predicate("A.bs"), Types: []string{"B"}, Of: []string{"A"}})),
		build(t, RemoveDanglingEdges(Dangling{Predicate: is.Predicate("A.b"), Types: []string{"B", "other"}}))), Contract)
	answers(t, d, `{queryA {name b {name} bs {name}}}`, `{"queryA":[`+
		`{"name":"a","b":null,"bs":[{"name":"b"}]},{"name":"a","b":null,"bs":[{"name":"b"}]},`+
		`{"name":"a","b":null,"bs":[{"name":"b"}]},{"name":"a","b":null,"bs":[{"name":"b"}]}]}`)
	same(t, "facets and other edges", at.read(`{q(func: uid(0x10, 0x25)) {A.bs @facets {uid} A.b {uid}}}`),
		`{"q":[{"A.bs":[{"uid":"0x20","A.bs|since":"2020-01-01T00:00:00Z"}]},{"A.b":{"uid":"0x20"}}]}`)
	same(t, "untouched", at.read(`{q(func: has(A.name)) {uid A.name dgraph.type} b(func: has(B.name)) {uid B.name}}`), untouched)
}

func TestMendUntyped(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const schema = `interface Animal { id: ID! name: String }
type Dog implements Animal { barks: Boolean }
type Cat implements Animal { purrs: Boolean  text: String @dgraph(pred: "text") fr: String @dgraph(pred: "text@fr") }`
	d.DropAll(t)
	apply(t, d, schema)
	d.Alter(t, "loose: string .\nschemacheck.merged: uid .")
	uids := d.Mutate(t, `
_:dog <Animal.name> "dog" .
_:dog <Dog.barks> "true" .
_:dog <schemacheck.merged> _:cat .
_:cat <Animal.name> "cat" .
_:cat <text> "bonjour"@fr .
_:either <Animal.name> "either" .
_:both <Animal.name> "both" .
_:both <Dog.barks> "true" .
_:both <Cat.purrs> "true" .
_:loose <Animal.name> "loose" .
_:loose <loose> "" .
_:typed <dgraph.type> "Cat" .
_:typed <dgraph.type> "Animal" .
_:typed <Dog.barks> "true" .
_:typed <Animal.name> "typed" .
`)
	is := stored(t, schema)
	untyped := Untyped{
		Predicates: []*storage.Predicate{is.Predicate("Animal.name"), is.Predicate("Dog.barks"), is.Predicate("text")},
		Candidates: []Candidate{
			{Types: []string{"Dog", "Animal"}, Predicates: []string{"Animal.name", "Dog.barks"}},
			{Types: []string{"Cat", "Animal"}, Predicates: []string{"Animal.name", "Cat.purrs", "text"}},
		},
	}
	untouched := readAll(t, d, `{q(func: has(Animal.name)) {uid Animal.name Dog.barks Cat.purrs text@* loose}}`)
	did := carryOut(t, c, build(t, MendUntyped(untyped)), After)
	reasons := map[string]string{}
	for _, l := range did.left {
		for name, uid := range uids {
			if uid == string(dql.Node(l.UID)) {
				reasons[name] = l.Reason
			}
		}
	}
	if diff := cmp.Diff(map[string]string{
		"either": "it may be of any of the types Dog, Cat",
		"both":   "no type has all its predicates: Animal.name, Cat.purrs, Dog.barks",
		"loose":  "no type has all its predicates: Animal.name, loose",
	}, reasons); diff != "" {
		t.Error(diff)
	}
	answers(t, d, `{queryAnimal(order: {asc: name}) {__typename name}}`,
		`{"queryAnimal":[{"__typename":"Cat","name":"cat"},{"__typename":"Dog","name":"dog"},{"__typename":"Cat","name":"typed"}]}`)
	same(t, "untouched", readAll(t, d, `{q(func: has(Animal.name)) {uid Animal.name Dog.barks Cat.purrs text@* loose}}`), untouched)

	rest := build(t, MendUntyped(untyped), "delete")
	carryOut(t, c, rest, Before)
	carryOut(t, c, rest, After)
	same(t, "before contract", readAll(t, d, `{q(func: has(Animal.name)) {uid Animal.name Dog.barks Cat.purrs text@* loose}}`), untouched)
	carryOut(t, c, rest, Contract)
	same(t, "left", readAll(t, d, `{q(func: has(Animal.name), orderasc: Animal.name) {Animal.name} b(func: has(Dog.barks)) {count(uid)} l(func: has(loose)) {loose}}`),
		`{"q":[{"Animal.name":"cat"},{"Animal.name":"dog"},{"Animal.name":"typed"}],"b":[{"count":2}],"l":[{"loose":""}]}`)
}

func TestMendUntypedAnswers(t *testing.T) {
	t.Parallel()
	m := MendUntyped(Untyped{Predicates: []*storage.Predicate{{Name: "p", Type: "string"}}, Candidates: []Candidate{{Types: []string{"A"}, Predicates: []string{"p"}}}})
	for _, given := range [][]string{{"drop"}, {"type", "delete"}} {
		if _, err := m.Build(given); err == nil {
			t.Errorf("%v is taken", given)
		}
	}
}

// TestUnlinkRights has answers to users who may not read what decides: Dgraph
// leaves their blocks out.
func TestUnlinkRights(t *testing.T) {
	t.Parallel()
	u := &Unlink{Predicate: "p", Types: []string{"T"}}
	p := &page{nodes: []*node{{uid: 1, quads: map[string][]dql.Quad{"p": {{Subject: "0x1", Predicate: "p", Object: "0x2"}}}}}}
	p.answer = []byte(`{"q":[{"uid":"0x2"}],"w":[{"count":0}]}`)
	if c, err := u.judge(p); err != nil || c.changed != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	p.answer = []byte(`{"q":[{"uid":"0x2"}]}`)
	if c, err := u.judge(p); err == nil {
		t.Errorf("%+v", c)
	}
	infer := &InferType{Candidates: []Candidate{{Types: []string{"T"}, Predicates: []string{"p"}}}}
	p.live = &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: "uid"}}}
	if err := infer.inquire(p, func(string, map[string]string) ([]byte, error) { return []byte(`{"h0":[{"uid":"0x1"}]}`), nil }); err == nil {
		t.Error("predicates that cannot be seen are taken for none")
	}
	untyped := &DeleteValues{Predicates: []string{"p"}, Untyped: true}
	if err := untyped.inquire(p, func(string, map[string]string) ([]byte, error) { return []byte(`{}`), nil }); err == nil {
		t.Error("types that cannot be seen are taken for none")
	}
}
