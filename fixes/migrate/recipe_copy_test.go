package migrate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// stored is what Dgraph makes of a GraphQL schema.
func stored(t *testing.T, text string) *storage.Schema {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return storage.Derive(schema.Resolve(parsed))
}

// apply deploys a GraphQL schema.
func apply(t *testing.T, d *dgraphtest.Dgraph, text string) {
	t.Helper()
	if r := d.ApplySchema(t, text); r.Refused {
		t.Fatalf("applying the schema: %s", r.Message)
	}
}

// unordered is JSON with its lists in one order: that of a server follows the uids, which it gives to new nodes as it
// likes.
func unordered(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var sorted func(any) any
	sorted = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for key := range v {
				v[key] = sorted(v[key])
			}
		case []any:
			for i := range v {
				v[i] = sorted(v[i])
			}
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(textOf(a), textOf(b)) })
		}
		return v
	}
	return textOf(sorted(value))
}

// answers compares the answer of a GraphQL query, whatever the order of its lists.
func answers(t *testing.T, d *dgraphtest.Dgraph, query, want string) {
	t.Helper()
	got := d.GraphQL(t, query, nil)
	if len(got.Errors) > 0 {
		t.Errorf("%s: %s", query, strings.Join(got.Errors, "; "))
	}
	if diff := cmp.Diff(unordered(t, want), unordered(t, string(got.Data))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

// build makes the steps of a migration, and sends them through a plan file.
func build(t *testing.T, m *Migration, given ...string) []Step {
	t.Helper()
	return planned(t, built(t, m, given...))
}

// built is what a migration does.
func built(t *testing.T, m *Migration, given ...string) *Recipe {
	t.Helper()
	r, err := m.Build(given)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// planned makes one plan of recipes, and sends it through a file. What is
// written first after a declaration takes a second, so that one for all is fast.
func planned(t *testing.T, all ...*Recipe) []Step {
	t.Helper()
	p, err := Assemble(Plan{ID: "20260102030405-test", Name: "A test", From: "sha256:a", To: "sha256:b", NotBefore: "2026-02-03"}, all...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Decode(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(p, read); diff != "" {
		t.Errorf("the plan after its file (-want +got):\n%s\n%s", diff, text)
	}
	t.Logf("%s", text)
	return read.Steps
}

func TestCopyValues(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type User { id: ID! name: String @search(by: [hash]) tags: [String] friends: [User] boss: User born: DateTime at: Point n: Int64 }`
	const after = `type User { id: ID! fullName: String @search(by: [hash]) labels: [String] pals: [User] chief: User birth: DateTime place: Point big: Int64 }`
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, `
_:a <dgraph.type> "User" .
_:a <User.name> "Ann \"A\" \\ {{x}}" .
_:a <User.tags> "x" (f=1) .
_:a <User.tags> "" .
_:a <User.friends> _:b (since=2020-01-01T00:00:00Z) .
_:a <User.friends> _:c .
_:a <User.boss> _:c .
_:a <User.born> "2000-01-02T03:04:05.123456789+05:30" .
_:a <User.at> "{'type':'Point','coordinates':[1.5,2.25]}"^^<geo:geojson> .
_:a <User.n> "9007199254740993" .
_:b <dgraph.type> "User" .
_:b <User.name> "" .
_:c <dgraph.type> "User" .
_:c <User.name> "Cid" .
_:d <User.name> "no type" .
`)
	was, is := stored(t, before), stored(t, after)
	var all []*Recipe
	for _, m := range []struct{ from, to string }{
		{"User.name", "User.fullName"}, {"User.tags", "User.labels"}, {"User.friends", "User.pals"}, {"User.boss", "User.chief"},
		{"User.born", "User.birth"}, {"User.at", "User.place"}, {"User.n", "User.big"},
	} {
		all = append(all, built(t, CopyValues(Moving{From: was.Predicate(m.from), To: is.Predicate(m.to)})))
	}
	steps := planned(t, all...)
	carryOut(t, c, steps, Before)
	d.Mutate(t, "_:e <dgraph.type> \"User\" .\n_:e <User.name> \"late\" .\n") // by the old application
	apply(t, d, after)
	if left := carryOut(t, c, steps, After).left; len(left) > 0 {
		t.Errorf("%+v", left)
	}
	answers(t, d, `{queryUser(order: {asc: fullName}) {fullName labels pals(order: {asc: fullName}) {fullName} chief {fullName} birth place {longitude latitude} big}}`,
		`{"queryUser":[`+
			`{"fullName":"","labels":[],"pals":[],"chief":null,"birth":null,"place":null,"big":null},`+
			`{"fullName":"Ann \"A\" \\ {{x}}","labels":["","x"],"pals":[{"fullName":""},{"fullName":"Cid"}],"chief":{"fullName":"Cid"},"birth":"2000-01-02T03:04:05.123456789+05:30","place":{"longitude":1.5,"latitude":2.25},"big":9007199254740993},`+
			`{"fullName":"Cid","labels":[],"pals":[],"chief":null,"birth":null,"place":null,"big":null},`+
			`{"fullName":"late","labels":[],"pals":[],"chief":null,"birth":null,"place":null,"big":null}]}`)
	carryOut(t, c, steps, Contract)
	if left := string(d.Query(t, "{q(func: has(User.friends)) {uid}}")); left != `{"q":[]}` {
		t.Errorf("left: %s", left)
	}
}

// TestCopyConflict has the new application write a value before the copy gets there.
func TestCopyConflict(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type User { id: ID! name: String }`, `type User { id: ID! title: String }`
	d.DropAll(t)
	apply(t, d, before)
	steps := build(t, CopyValues(Moving{From: stored(t, before).Predicate("User.name"), To: stored(t, after).Predicate("User.title")}))
	apply(t, d, after)
	uids := d.Mutate(t, "_:a <dgraph.type> \"User\" .\n_:a <User.name> \"old\" .\n_:a <User.title> \"newer\" .\n"+
		"_:b <dgraph.type> \"User\" .\n_:b <User.name> \"old\" .\n")
	did := carryOut(t, c, steps, After)
	if len(did.left) != 1 || did.changed != 1 || string(dql.Node(did.left[0].UID)) != uids["a"] {
		t.Errorf("%+v, %s", did, uids["a"])
	}
	answers(t, d, `{queryUser(order: {asc: title}) {title}}`, `{"queryUser":[{"title":"newer"},{"title":"old"}]}`)
}

func TestPlace(t *testing.T) {
	value := func(data any, lang string, facets ...dql.Facet) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: "p", Data: data, Lang: lang, Type: "string", Facets: facets}
	}
	edge := func(to string, facets ...dql.Facet) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: "p", Object: dql.Ref(to), Facets: facets}
	}
	f := dql.Facet{Key: "f", Data: "1"}
	single, list, edges := dql.Predicate{Name: "q", Type: "string"}, dql.Predicate{Name: "q", Type: "string", List: true}, dql.Predicate{Name: "q", Type: "uid", List: true}
	for _, test := range []struct {
		name         string
		quads, there []dql.Quad
		to           dql.Predicate
		set          int
		differs      bool
	}{
		{"nothing", nil, nil, single, 0, false},
		{"one", []dql.Quad{value("a", "")}, nil, single, 1, false},
		{"one that is there", []dql.Quad{value("a", "")}, []dql.Quad{value("a", "")}, single, 0, false},
		{"one and its facets", []dql.Quad{value("a", "", f)}, []dql.Quad{value("a", "")}, single, 1, false},
		{"another one is there", []dql.Quad{value("a", "")}, []dql.Quad{value("b", "")}, single, 0, true},
		{"empty is another one", []dql.Quad{value("a", "")}, []dql.Quad{value("", "")}, single, 0, true},
		{"another one in a language", []dql.Quad{value("a", "de")}, []dql.Quad{value("b", "de"), value("a", "")}, single, 0, true},
		{"other languages", []dql.Quad{value("a", "de"), value("a", "")}, []dql.Quad{value("b", "fr")}, single, 2, false},
		{"two into one", []dql.Quad{value("a", ""), value("b", "")}, nil, single, 1, true},
		{"two into a list", []dql.Quad{value("a", ""), value("b", "")}, []dql.Quad{value("c", "")}, list, 2, false},
		{"equal ones with other facets", []dql.Quad{value("a", "", f), value("a", "")}, nil, list, 1, false},
		{"equal ones, of which the first is there", []dql.Quad{value("a", "", f), value("a", "")}, []dql.Quad{value("a", "", f)}, list, 0, false},
		{"edges", []dql.Quad{edge("0x2"), edge("0x3", f)}, []dql.Quad{edge("0x3"), edge("0x4")}, edges, 2, false},
	} {
		set, differs := arranged(test.quads, test.there, test.to)
		if len(set) != test.set || differs != test.differs {
			t.Errorf("%s: %v %t", test.name, set, differs)
		}
		for _, q := range set {
			if q.Predicate != "q" || q.Type != test.to.Type || q.Subject != "0x1" {
				t.Errorf("%s: %+v", test.name, q)
			}
		}
	}
}

// TestCopyDeletedMeanwhile has the old application delete a node whose value was
// copied already: nothing of it is left.
func TestCopyDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = `type User { id: ID! name: String note: String }`, `type User { id: ID! title: String note: String noted: Note @dgraph(pred: "User.ref") } type Note { text: String @id }`
	d.DropAll(t)
	apply(t, d, before)
	was, is := stored(t, before), stored(t, after)
	steps := slices.Concat(
		build(t, CopyValues(Moving{From: was.Predicate("User.name"), To: is.Predicate("User.title")})),
		build(t, ScalarToReference(Referencing{Moving{From: was.Predicate("User.note"), To: is.Predicate("User.ref"), FromStays: true}, []string{"Note"}, []*storage.Predicate{is.Predicate("Note.text")}})))
	uids := d.Mutate(t, "_:a <dgraph.type> \"User\" .\n_:a <User.name> \"a\" .\n_:a <User.note> \"n\" .\n_:b <dgraph.type> \"User\" .\n_:b <User.name> \"b\" .\n")
	carryOut(t, c, steps, Before)
	answers(t, d, `mutation {deleteUser(filter: {id: ["`+uids["a"]+`"]}) {numUids}}`, `{"deleteUser":{"numUids":1}}`)
	stands(t, d, `{q(func: has(User.title)) {User.title} r(func: has(User.ref)) {uid}}`, `{"q":[{"User.title":"b"}],"r":[]}`)
	apply(t, d, after)
	carryOut(t, c, steps, After)
	answers(t, d, `{queryUser {title note noted {text}}}`, `{"queryUser":[{"title":"b","note":null,"noted":null}]}`)
}

// TestRetagInterface renames an interface, whose nodes have the types that
// implement it as well.
func TestRetagInterface(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const rest = ` { id: ID! name: String @search(by: [hash]) } type Dog implements %I { breed: String } type Pack { lead: %I all: [%I] }`
	before, after := "interface Animal"+strings.ReplaceAll(rest, "%I", "Animal"), "interface Creature"+strings.ReplaceAll(rest, "%I", "Creature")
	d.DropAll(t)
	apply(t, d, before)
	d.Mutate(t, "_:a <dgraph.type> \"Animal\" .\n_:a <dgraph.type> \"Dog\" .\n_:a <Animal.name> \"Rex\" .\n_:a <Dog.breed> \"pug\" .\n"+
		"_:p <dgraph.type> \"Pack\" .\n_:p <Pack.lead> _:a .\n_:p <Pack.all> _:a .\n")
	steps := build(t, RetagType(Retagging{From: "Animal", To: "Creature", Moves: moved(t, before, after, "Animal.name>Creature.name")}))
	query := `(filter: {name: {eq: "Rex"}}) {__typename name ... on Dog {breed}} queryPack {lead {name} all {__typename name}} queryDog {name}}`
	want := `":[{"__typename":"Dog","name":"Rex","breed":"pug"}],"queryPack":[{"lead":{"name":"Rex"},"all":[{"__typename":"Dog","name":"Rex"}]}],"queryDog":[{"name":"Rex"}]}`
	carryOut(t, c, steps, Before)
	answers(t, d, `{queryAnimal`+query, `{"queryAnimal`+want)
	apply(t, d, after)
	answers(t, d, `{queryCreature`+query, `{"queryCreature`+want)
	carryOut(t, c, steps, After)
	carryOut(t, c, steps, Contract)
	answers(t, d, `{queryCreature`+query, `{"queryCreature`+want)
	stands(t, d, `{q(func: type(Animal)) {uid}}`, `{"q":[]}`)
}
