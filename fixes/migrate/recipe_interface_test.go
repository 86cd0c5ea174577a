package migrate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

const (
	apart = `
type Dog { id: ID! name: String! @search(by: [hash]) nick: [String] breed: String }
type Cat { id: ID! name: String! @search(by: [hash]) lives: Int }
type Fish { id: ID! name: String! }
`
	together = `
interface Animal { id: ID! name: String! @search(by: [hash]) }
type Dog implements Animal { nick: [String] breed: String }
type Cat implements Animal { lives: Int }
type Fish { id: ID! name: String! }
`
	// half has the interface, and the dogs not in it.
	half = `
interface Animal { id: ID! name: String! @search(by: [hash]) }
type Dog { id: ID! name: String! @search(by: [hash]) nick: [String] breed: String }
type Cat implements Animal { lives: Int }
type Fish { id: ID! name: String! }
`
)

// fish is what no migration of animals touches.
const fish = `{f(func: type(Fish)) {uid dgraph.type Fish.name @facets} d(func: has(Dog.breed)) {uid Dog.breed @facets Dog.nick @facets}}`

func TestMoveIntoInterface(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	apply(t, d, apart)
	d.Mutate(t, `
_:rex <dgraph.type> "Dog" .
_:rex <Dog.name> "Rex \"\\\" {{" (since=2020) .
_:rex <Dog.nick> "" (f=1) .
_:rex <Dog.breed> "pug" .
_:tom <dgraph.type> "Cat" .
_:tom <Cat.name> "Tom" .
_:none <dgraph.type> "Dog" .
_:none <Dog.breed> "nameless" .
_:both <dgraph.type> "Dog" .
_:both <dgraph.type> "Cat" .
_:both <Dog.name> "Hund" .
_:both <Cat.name> "Katze" .
_:orphan <Dog.name> "of no type" .
_:odd <dgraph.type> "Fish" .
_:odd <Fish.name> "Bubble" .
_:odd <Dog.name> "left by somebody" .
`)
	untouched := string(d.Query(t, fish))
	steps := build(t, MoveIntoInterface(Crossing{Interface: "Animal", Members: []Member{
		{"Dog", moved(t, apart, together, "Dog.name>Animal.name")},
		{"Cat", moved(t, apart, together, "Cat.name>Animal.name")},
	}}))
	did := carryOut(t, c, steps, Before)
	if len(did.left) != 1 || did.left[0].Reason != "Cat.name and Animal.name hold different values" {
		t.Errorf("%+v", did.left)
	}
	// The old application goes on, and deletes no copy of what it does not know of.
	answers(t, d, `mutation {deleteCat(filter: {name: {eq: "Katze"}}) {numUids}}`, `{"deleteCat":{"numUids":1}}`)
	stands(t, d, `{q(func: has(Animal.name)) @filter(NOT has(dgraph.type)) {uid}}`, `{"q":[]}`)
	answers(t, d, `mutation {addDog(input: {name: "Late"}) {numUids}}`, `{"addDog":{"numUids":1}}`)
	answers(t, d, `{queryDog(filter: {name: {eq: "Rex \"\\\" {{"}}) {__typename name breed}}`, `{"queryDog":[{"__typename":"Dog","name":"Rex \"\\\" {{","breed":"pug"}]}`)
	apply(t, d, together)
	if left := carryOut(t, c, steps, After).left; len(left) > 0 {
		t.Errorf("%+v", left)
	}
	check := func() {
		answers(t, d, `{queryAnimal(filter: {has: name}, order: {asc: name}) {__typename name ... on Dog {nick breed} ... on Cat {lives}} queryFish {name}}`,
			`{"queryAnimal":[{"__typename":"Dog","name":"Late","nick":[],"breed":null},{"__typename":"Dog","name":"Rex \"\\\" {{","nick":[""],"breed":"pug"},`+
				`{"__typename":"Cat","name":"Tom","lives":null}],"queryFish":[{"name":"Bubble"}]}`)
		stands(t, d, `{q(func: has(Animal.name)) @filter(NOT type(Animal)) {uid} r(func: eq(Animal.name, "Rex \"\\\" {{")) {Animal.name @facets}}`,
			`{"q":[],"r":[{"Animal.name|since":2020,"Animal.name":"Rex \"\\\" {{"}]}`)
	}
	check()
	carryOut(t, c, steps, Contract)
	check()
	stands(t, d, `{q(func: has(Dog.name)) {uid} r(func: has(Cat.name)) {uid}}`, `{"q":[],"r":[]}`)
	if diff := cmp.Diff(untouched, string(d.Query(t, fish))); diff != "" {
		t.Errorf("what is not moved (-before +after):\n%s", diff)
	}
}

// TestJoinServedInterface has an interface that the old schema serves: its
// clients do not see the dogs in it.
func TestJoinServedInterface(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	apply(t, d, half)
	d.Mutate(t, "_:rex <dgraph.type> \"Dog\" .\n_:rex <Dog.name> \"Rex\" .\n_:tom <dgraph.type> \"Cat\" .\n_:tom <dgraph.type> \"Animal\" .\n_:tom <Animal.name> \"Tom\" .\n")
	steps := build(t, MoveIntoInterface(Crossing{Interface: "Animal", Served: true, Members: []Member{{"Dog", moved(t, half, together, "Dog.name>Animal.name")}}}))
	carryOut(t, c, steps, Before)
	answers(t, d, `{queryAnimal {__typename name}}`, `{"queryAnimal":[{"__typename":"Cat","name":"Tom"}]}`)
	apply(t, d, together)
	carryOut(t, c, steps, After)
	answers(t, d, `{queryAnimal(order: {asc: name}) {__typename name}}`, `{"queryAnimal":[{"__typename":"Dog","name":"Rex"},{"__typename":"Cat","name":"Tom"}]}`)
}

func TestMoveOutOfInterface(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, after string
		crossing    Crossing
		moves       []string // of dogs, and then of cats
		animals     string
	}{
		{"one type", half, Crossing{Interface: "Animal", Served: true, Others: []string{"Cat"}}, []string{"Dog.name"},
			`{"a":[{"count":2}],"d":[{"count":0}],"v":[{"count":3}]}`},
		{"of an interface that is kept", half, Crossing{Interface: "Animal", Served: true, Others: []string{"Cat"}, Kept: true}, []string{"Dog.name"},
			`{"a":[{"count":3}],"d":[{"count":1}],"v":[{"count":3}]}`},
		{"all types", apart, Crossing{Interface: "Animal"}, []string{"Dog.name", "Cat.name"}, `{"a":[{"count":0}],"d":[{"count":0}],"v":[{"count":0}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := dgraphtest.Server(t)
			d.Lock(t)
			c := open(t, d)
			d.DropAll(t)
			apply(t, d, together)
			d.Mutate(t, `
_:rex <dgraph.type> "Dog" .
_:rex <dgraph.type> "Animal" .
_:rex <Animal.name> "Rex" (since=2020) .
_:rex <Dog.breed> "pug" .
_:rex <Dog.nick> "r" (f=1) .
_:tom <dgraph.type> "Cat" .
_:tom <dgraph.type> "Animal" .
_:tom <Animal.name> "Tom" .
_:both <dgraph.type> "Dog" .
_:both <dgraph.type> "Cat" .
_:both <dgraph.type> "Animal" .
_:both <Animal.name> "Both" .
_:odd <dgraph.type> "Fish" .
_:odd <Fish.name> "Bubble" .
`)
			untouched := string(d.Query(t, fish))
			crossing := test.crossing
			for _, to := range test.moves {
				crossing.Members = append(crossing.Members, Member{to[:3], moved(t, together, test.after, "Animal.name>"+to)})
			}
			steps := build(t, MoveOutOfInterface(crossing))
			carryOut(t, c, steps, Before)
			answers(t, d, `{queryAnimal(order: {asc: name}) {name}}`, `{"queryAnimal":[{"name":"Both"},{"name":"Rex"},{"name":"Tom"}]}`)
			answers(t, d, `mutation {addDog(input: {name: "Late"}) {numUids} deleteAnimal(filter: {name: {eq: "nobody"}}) {numUids}}`, `{"addDog":{"numUids":1},"deleteAnimal":{"numUids":0}}`)
			apply(t, d, test.after)
			carryOut(t, c, steps, After)
			answers(t, d, `{queryDog(filter: {name: {eq: "Rex"}}) {__typename name nick breed} queryFish {name}}`,
				`{"queryDog":[{"__typename":"Dog","name":"Rex","nick":["r"],"breed":"pug"}],"queryFish":[{"name":"Bubble"}]}`)
			answers(t, d, `{queryDog(order: {asc: name}) {name} queryCat(order: {asc: name}) {name}}`,
				`{"queryDog":[{"name":"Both"},{"name":"Late"},{"name":"Rex"}],"queryCat":[{"name":"Both"},{"name":"Tom"}]}`)
			answers(t, d, `mutation {deleteDog(filter: {name: {eq: "Late"}}) {numUids}}`, `{"deleteDog":{"numUids":1}}`)
			stands(t, d, `{q(func: has(Animal.name)) @filter(NOT has(dgraph.type)) {uid}}`, `{"q":[]}`)
			carryOut(t, c, steps, Contract)
			stands(t, d, `{a(func: type(Animal)) {count(uid)} d(func: type(Animal)) @filter(type(Dog) AND NOT type(Cat)) {count(uid)} v(func: has(Animal.name)) {count(uid)}}`, test.animals)
			answers(t, d, `{queryDog(order: {asc: name}) {name} queryCat(order: {asc: name}) {name}}`,
				`{"queryDog":[{"name":"Both"},{"name":"Rex"}],"queryCat":[{"name":"Both"},{"name":"Tom"}]}`)
			if diff := cmp.Diff(untouched, string(d.Query(t, fish))); diff != "" {
				t.Errorf("what is not moved (-before +after):\n%s", diff)
			}
		})
	}
}

func TestTagNodes(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	apply(t, d, together)
	d.Mutate(t, `
_:a <Dog.breed> "pug" .
_:a <Dog.nick> "both" .
_:a <Animal.name> "Rex" .
_:b <Dog.nick> "b" .
_:b <Animal.name> "Bo" .
_:c <dgraph.type> "Fish" .
_:c <Dog.breed> "odd" .
_:c <Fish.name> "Bubble" .
_:d <dgraph.type> "Cat" .
_:d <Animal.name> "Tom" .
`)
	is := stored(t, together)
	steps := build(t, TagNodes([]*storage.Predicate{is.Predicate("Dog.breed"), is.Predicate("Dog.nick")}, "Dog", []string{"Animal"}))
	if did := carryOut(t, c, steps, Before); did.changed != 4 {
		t.Errorf("%+v", did)
	}
	answers(t, d, `{queryAnimal(order: {asc: name}) {__typename name} queryFish {name}}`,
		`{"queryAnimal":[{"__typename":"Dog","name":"Bo"},{"__typename":"Dog","name":"Rex"}],"queryFish":[{"name":"Bubble"}]}`)

	steps = build(t, AddInterfaceType("Cat", "Animal", false))
	if did := carryOut(t, c, steps, Before); did.changed != 1 {
		t.Errorf("%+v", did)
	}
	answers(t, d, `{queryAnimal(filter: {name: {eq: "Tom"}}) {__typename name}}`, `{"queryAnimal":[{"__typename":"Cat","name":"Tom"}]}`)
	if did := carryOut(t, c, build(t, AddInterfaceType("Cat", "Animal", true)), Before); did.changed != 0 {
		t.Errorf("%+v", did)
	}

	steps = build(t, RemoveInterfaceType("Cat", "Animal", []string{"Dog"}))
	if did := carryOut(t, c, steps, Contract); did.changed != 1 {
		t.Errorf("%+v", did)
	}
	stands(t, d, `{q(func: type(Animal), orderasc: Animal.name) {Animal.name}}`, `{"q":[{"Animal.name":"Bo"},{"Animal.name":"Rex"}]}`)
}
