package dgraphtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestMain(m *testing.M) { dgraphtest.Main(m) }

const person = `type Person @secret(field: "pwd") {
  id: ID!
  mail: String! @id
  name: String @search(by: [term, fulltext])
  nom: String @dgraph(pred: "Person.name@fr")
  born: DateTime @search(by: [day])
  vec: [Float!] @embedding @search(by: ["hnsw(metric: euclidean, exponent: 4)"])
  friends: [Person] @dgraph(pred: "friend")
  fans: [Person] @dgraph(pred: "~friend")
}
`

func TestSchemaRoundTrip(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	if got := d.StoredSchema(t); got != "" {
		t.Errorf("after DropAll the stored schema is\n%s", got)
	}
	if r := d.ApplySchema(t, person); r.Refused || !r.Saved || r.Message != "" {
		t.Fatalf("applying: %+v", r)
	}
	if got := d.ServedSchema(t); got != person {
		t.Errorf("served schema:\n%s", cmp.Diff(person, got))
	}
	d.Alter(t, "z: string @index(exact) @count @unique @upsert @noconflict .")
	want := `type Person {
  Person.mail
  Person.name
  Person.born
  Person.vec
  friend
  Person.pwd
}
Person.born: dateTime @index(day) .
Person.mail: string @index(hash) @upsert .
Person.name: string @index(fulltext, term) @lang .
Person.pwd: password .
Person.vec: float32vector @index(hnsw(exponent: "4", metric: "euclidean")) .
friend: [uid] @reverse .
z: string @index(exact) @upsert @count @unique @noconflict .
`
	if diff := cmp.Diff(want, d.StoredSchema(t)); diff != "" {
		t.Errorf("stored schema (-want +got):\n%s", diff)
	}

	uids := d.Mutate(t, `_:a <dgraph.type> "Person" .
_:a <Person.mail> "a@example.org" .`)
	if uids["a"] == "" {
		t.Errorf("uids %v lack the blank node", uids)
	}
	if got, want := string(d.Query(t, "{q(func:type(Person)){Person.mail}}")), `{"q":[{"Person.mail":"a@example.org"}]}`; got != want {
		t.Errorf("the query gives %s, want %s", got, want)
	}
	r := d.GraphQL(t, "query($m: String!){getPerson(mail: $m){mail born}}", map[string]any{"m": "a@example.org"})
	if got, want := string(r.Data), `{"getPerson":{"mail":"a@example.org","born":null}}`; got != want || r.Errors != nil {
		t.Errorf("GraphQL gives %s %v, want %s", got, r.Errors, want)
	}
	if r := d.GraphQL(t, "{getPerson{nonsense}}", nil); len(r.Errors) == 0 {
		t.Error("an unknown field is no error")
	}

	d.DropAll(t)
	if got := d.ServedSchema(t); got != "" {
		t.Errorf("after DropAll Dgraph serves\n%s", got)
	}
}

func TestRefusedUpdates(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	const list, single = "type T { id: ID! f: [String] }", "type T { id: ID! f: String }"
	if r := d.ApplySchema(t, list); r.Refused {
		t.Fatal(r.Message)
	}
	d.Mutate(t, `_:a <T.f> "x" .`)

	r := d.ApplySchema(t, "type T { id: ID! f: Nothing }")
	if !r.Refused || r.Saved || !strings.Contains(r.Message, "Undefined type Nothing") {
		t.Errorf("an invalid text: %+v", r)
	}
	if got := d.ServedSchema(t); got != list {
		t.Errorf("after an invalid text Dgraph serves %q", got)
	}

	r = d.ApplySchema(t, single)
	if !r.Refused || !r.Saved || !strings.Contains(r.Message, "succeeded in saving GraphQL schema but failed to alter Dgraph schema") {
		t.Errorf("list to single over data: %+v", r)
	}
	if got := d.ServedSchema(t); got != single {
		t.Errorf("after a refusal that came too late Dgraph serves %q", got)
	}
	if got, want := d.StoredSchema(t), "type T {\n  T.f\n}\nT.f: [string] .\n"; got != want {
		t.Errorf("and stores\n%swant\n%s", got, want)
	}
}

// TestUpdatesAreServedAtOnce repeats texts, which the server takes for nothing new when it compares them
// with the wrong schema.
func TestUpdatesAreServedAtOnce(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	for _, field := range []string{"a", "b", "a", "c", "b"} {
		if r := d.ApplySchema(t, "type T { id: ID! "+field+": Int }"); r.Refused {
			t.Fatal(r.Message)
		}
		if r := d.GraphQL(t, "{queryT{"+field+"}}", nil); r.Errors != nil {
			t.Errorf("field %s after the update that adds it: %v", field, r.Errors)
		}
	}
}
