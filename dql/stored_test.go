package dql_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestStored(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Alter(t, `name: string @index(term, hash) @lang @upsert .
born: dateTime @index(year) .
tags: [string] @index(exact) @count .
friend: [uid] @reverse @count .
boss: uid .
email: string @index(exact) @upsert @unique .
hits: int @noconflict .
secret: password .
place: geo @index(geo) .
big: bigfloat .
anything: default .
vec: float32vector @index(hnsw(metric: "cosine", exponent: "5")) .
<http://x/a-b>: bool @index(bool) .
type Person {
  name
  friend
  <http://x/a-b>
}
type Empty {
}`)
	c := open(t, dql.Config{Alphas: []string{d.GRPC}})
	got, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []dql.Predicate{
		{Name: "name", Type: "string", Index: []dql.Tokenizer{{Name: "term"}, {Name: "hash"}}, Lang: true, Upsert: true},
		{Name: "born", Type: "dateTime", Index: []dql.Tokenizer{{Name: "year"}}},
		{Name: "tags", Type: "string", List: true, Index: []dql.Tokenizer{{Name: "exact"}}, Count: true},
		{Name: "friend", Type: "uid", List: true, Reverse: true, Count: true},
		{Name: "boss", Type: "uid"},
		{Name: "email", Type: "string", Index: []dql.Tokenizer{{Name: "exact"}}, Upsert: true, Unique: true},
		{Name: "hits", Type: "int", NoConflict: true},
		{Name: "secret", Type: "password"},
		{Name: "place", Type: "geo", Index: []dql.Tokenizer{{Name: "geo"}}},
		{Name: "big", Type: "bigfloat"},
		{Name: "anything", Type: "default"},
		{Name: "vec", Type: "float32vector", Index: []dql.Tokenizer{{Name: "hnsw", Options: []dql.Option{{"metric", "cosine"}, {"exponent", "5"}}}}},
		{Name: "http://x/a-b", Type: "bool", Index: []dql.Tokenizer{{Name: "bool"}}},
	} {
		p := got.Predicate(want.Name)
		if p == nil {
			t.Errorf("%s is not there", want.Name)
			continue
		}
		if d := cmp.Diff(want, *p); d != "" {
			t.Errorf("%s (-want +got):\n%s", want.Name, d)
		}
	}
	if got.Predicate("dgraph.type") == nil || got.Predicate("nam") != nil {
		t.Error("the wrong predicates are there")
	}
	types := map[string]string{}
	for _, typ := range got.Types {
		types[typ.Name] = strings.Join(typ.Fields, " ")
	}
	if fields, ok := types["Empty"]; !ok || fields != "" || types["Person"] != "name friend http://x/a-b" {
		t.Errorf("the types are %v", types)
	}
}

func TestStoredDecodes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*dql.Stored{
		`{}`: {},
		`{"schema":[{"predicate":"a","type":"int","newer":{"x":[1]}}]}`: {Predicates: []dql.Predicate{{Name: "a", Type: "int"}}},
		`{"types":[{"name":"T"}]}`:                                      {Types: []dql.Type{{Name: "T"}}},
	} {
		got, err := dql.DecodeStored([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	for _, text := range []string{
		``, `[]`, `{"schema":{}}`, `{} {}`, `{"schema":[{"type":"int"}]}`,
		`{"schema":[{"predicate":"a"},{"predicate":"a"}]}`, `{"types":[{"name":"T"},{"name":"T"}]}`, `{"types":[{"fields":[]}]}`,
		`{"schema":[{"predicate":"` + strings.Repeat("a", 1<<16) + `"}]}`,
		`{"schema":` + strings.Repeat("[", 1<<20),
		strings.Repeat(" ", 65<<20),
	} {
		got, err := dql.DecodeStored([]byte(text))
		var e *dql.Error
		if !errors.As(err, &e) {
			t.Errorf("%.60s: %+v, %v", text, got, err)
		}
	}
}

func TestGraphQLSchema(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	c := open(t, dql.Config{Alphas: []string{d.GRPC}, HTTP: d.HTTP + "/"})
	if s, err := c.GraphQLSchema(t.Context()); err != nil || *s != (dql.GraphQLSchema{}) {
		t.Errorf("without a schema: %+v (%v)", s, err)
	}
	text := "# ä \"世\" \\ \t<&>\r\ntype A { id: ID! \r n: Int }\n\n\n"
	if r := d.ApplySchema(t, text); r.Refused {
		t.Fatal(r.Message)
	}
	s, err := c.GraphQLSchema(t.Context())
	if err != nil || s.Kept != text || s.Served != text || s.KeptErr != nil || s.ServedErr != nil {
		t.Errorf("the schema reads %+q (%v)", s, err)
	}
	h := c.Health(t.Context())
	if h.MembersErr != nil || h.Version() == "" || len(h.Members) < 2 {
		t.Errorf("health is %+v", h)
	}
}

func TestKeptOfSeveral(t *testing.T) {
	t.Parallel()
	got, err := dql.DecodeKept([]byte(`{"q":[{"uid":"0x1","dgraph.graphql.schema":"old"},{"uid":"0x2","dgraph.graphql.schema":"new"}]}`))
	if err != nil || got != "new" {
		t.Errorf("kept is %q (%v)", got, err)
	}
}

func TestSnapshotCannotWrite(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Mutate(t, `<0x1> <a> "1" .`)
	c := open(t, dql.Config{Alphas: []string{d.GRPC}})
	for _, text := range []string{
		`{set {<0x1> <a> "2" .}}`,
		`mutation {set {<0x1> <a> "2" .}}`,
		`{delete {<0x1> * * .}}`,
		`upsert {query {q(func: has(a)) {v as uid}} mutation {set {uid(v) <a> "2" .}}}`,
		"{q(func: has(a)) {uid}}\nmutation {set {<0x1> <a> \"2\" .}}",
	} {
		got, err := c.Snapshot().Query(t.Context(), text, nil)
		t.Logf("%s: %s, %v", text, got, err)
	}
	if got := query(t, c.Snapshot(), "{q(func: uid(0x1)) {a}}"); got != `{"q":[{"a":"1"}]}` {
		t.Errorf("afterwards there is %s", got)
	}
	// An older snapshot does not see what is written later.
	s := c.Snapshot()
	query(t, s, "{q(func: uid(0x1)) {a}}")
	if _, err := d.Client().NewTxn().Mutate(t.Context(), &api.Mutation{SetNquads: []byte(`<0x1> <a> "3" .`), CommitNow: true}); err != nil {
		t.Fatal(err)
	}
	if got := query(t, s, "{q(func: uid(0x1)) {a}}"); got != `{"q":[{"a":"1"}]}` {
		t.Errorf("the snapshot sees %s", got)
	}
	if got := query(t, c.Snapshot(), "{q(func: uid(0x1)) {a}}"); got != `{"q":[{"a":"3"}]}` {
		t.Errorf("a new snapshot sees %s", got)
	}
}
