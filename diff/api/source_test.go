package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestSource says, of elements of each kind, which element of the user's
// schema they come from.
func TestSource(t *testing.T) {
	t.Parallel()
	s := derive(t, `
		interface Named { name: String! @id }
		type User implements Named @secret(field: "pin") { age: Int @search mood: Mood @search posts: [Post] v: [Float!] @embedding }
		type Post { id: ID! text: String @search(by: [term, regexp]) by: By tone: Mood @search(by: [hash, trigram]) tune: Mood @search(by: [ngram, trigram]) }
		union By = User | Post
		enum Mood { GOOD }
		type Query { mine(n: Int): [Post] @custom(dql: "{q(func: uid(1)) {uid}}") }
	`, "")
	for _, c := range []struct{ element, want string }{
		{"User", "User"},
		{"User.name", "User.name"},
		{"User.posts(filter:)", "User.posts"},
		{"User.postsAggregate", "User.posts"},
		{"User.vector_distance", "User.v"},
		{"UserFilter", "User"},
		{"UserFilter.age", "User.age"},
		{"UserFilter.and", "User"},
		{"UserHasFilter=age", "User.age"},
		{"UserOrderable=name", "User.name"},
		{"UserEmbedding=v", "User.v"},
		{"UserAggregateResult.ageSum", "User.age"},
		{"AddUserInput.name", "User.name"},
		{"AddUserInput.pin", "User"},
		{"UserRef.posts", "User.posts"},
		{"UserPatch.age", "User.age"},
		{"AddUserPayload.user(order:)", "User"},
		{"UpdateUserInput.set", "User"},
		{"Mood_hash.eq", "Mood"},
		{"StringRegExpFilter_StringTermFilter", ""},
		{"Mood_hash_StringRegExpFilter", "Mood"},
		{"StringNgramFilter_StringRegExpFilter", ""},
		{"PostFilter.text", "Post.text"},
		{"PostFilter.id", "Post.id"},
		{"ByRef.userRef", "By"},
		{"ByType=User", "By"},
		{"Query.getUser", "User"},
		{"Query.getUser(name:)", "User.name"},
		{"Query.getPost(id:)", "Post.id"},
		{"Query.checkUserPassword(pin:)", "User"},
		{"Query.querySimilarUserById(name:)", "User.name"},
		{"Query.mine", "Query.mine"},
		{"Query.mine(n:)", "Query.mine"},
		{"Mutation.addUser(upsert:)", "User.name"},
		{"IntFilter.eq", ""},
	} {
		if got := sourceOf(t, s, c.element); got != c.want {
			t.Errorf("%s comes from %q, want %q", c.element, got, c.want)
		}
	}
}

// sourceOf finds TYPE, TYPE=VALUE, TYPE.FIELD or TYPE.FIELD(ARGUMENT:).
func sourceOf(t *testing.T, s *api.Schema, element string) string {
	t.Helper()
	name := func(of api.Source) string {
		switch {
		case of.Type == nil:
			return ""
		case of.Field != nil:
			return of.Type.Name + "." + of.Field.Name
		}
		return of.Type.Name
	}
	typeName, value, isValue := strings.Cut(element, "=")
	typeName, field, isField := strings.Cut(typeName, ".")
	field, argument, isArgument := strings.Cut(field, "(")
	typ := s.Type(typeName)
	switch {
	case typ == nil:
	case isValue:
		for _, v := range typ.Values {
			if v.Name == value {
				return name(v.Source)
			}
		}
	case !isField:
		return name(typ.Source)
	case typ.Field(field) == nil:
	case !isArgument:
		return name(typ.Field(field).Source)
	default:
		if a := typ.Field(field).Argument(strings.TrimSuffix(argument, ":)")); a != nil {
			return name(a.Source)
		}
	}
	t.Errorf("%s does not exist", element)
	return "nothing"
}

// TestLost: a type whose name ends like that of a generated input makes Dgraph
// clean up what it should not.
func TestLost(t *testing.T) {
	t.Parallel()
	const rest = " { id: ID! u: U } type A { n: String } union U = A"
	if lost := derive(t, "type Cross"+rest, "").Lost; len(lost) != 0 {
		t.Errorf("lost %s", lost[0].Name)
	}
	s := derive(t, "type CrossRef"+rest, "")
	if len(s.Lost) != 1 || s.Lost[0].Name != "U" {
		t.Errorf("lost %v, want U", s.Lost)
	}
	if s.Type("U") != nil || s.Type("CrossRef").Field("u") != nil {
		t.Error("U is still there")
	}
}

// TestIntrospection: the fields of introspection count, and do not show.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	s := derive(t, "schema { query: Entry } type Entry { key: String! @id }", "")
	for _, typ := range s.Types {
		for _, f := range typ.Fields {
			if strings.HasPrefix(f.Name, "__") {
				t.Errorf("%s has the field %s", typ.Name, f.Name)
			}
		}
		for _, v := range typ.Values {
			if strings.HasPrefix(v.Name, "__") {
				t.Errorf("%s has the value %s", typ.Name, v.Name)
			}
		}
	}
	if ref := s.Type("EntryRef").Field("key"); ref.Type.NonNull {
		t.Error("EntryRef.key is required: the fields of introspection were not counted")
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version          string
		threshold, ngram bool
	}{
		{"", true, true},
		{"dev", true, true},
		{"v25.3.8", true, true},
		{"26.0.0", true, true},
		{"25.1.0", true, true},
		{"v25.0.0", false, true},
		{"24.1.9", false, false},
	} {
		s := derive(t, "type A { id: ID! n: Int v: [Float!] @embedding }", c.version)
		for _, query := range []string{"querySimilarAById", "querySimilarAByEmbedding"} {
			q := s.Query.Field(query)
			if got := q.Argument("distance_threshold") != nil && q.Argument("ef") != nil; got != c.threshold {
				t.Errorf("%s, %q: distance_threshold and ef: %v", query, c.version, got)
			}
		}
		if got := s.Type("StringNgramFilter") != nil; got != c.ngram {
			t.Errorf("%q: StringNgramFilter: %v", c.version, got)
		}
	}
}

// FuzzDerive: no schema that parses makes Derive panic.
func FuzzDerive(f *testing.F) {
	for _, text := range []string{
		"type A @secret @key @auth() { id: ID @id @search(by: 3) v: [Float!] @embedding @search(by: [\"hnsw(\"]) }",
		"union U = U | V type UARef { u: U! x: [[A]] } input UARef { y: Missing = {a: [1]} }",
		"interface I @secret(field: \"p\") { a: I @hasInverse(field: a) } type T implements I & J & I { a: I } type T { a: T }",
		"schema { query: Int64 } extend type Query { q: Query @default(add: {}) } enum Query { A } type Mutation { addX: Int }",
		"type _Entity @key(fields: \"id\") { id: ID! @external _service: __Type } type PointRef { p: _Any } scalar Query",
		"type Point { x: Point } type Subscription { n: Int } type IntFilter { n: Int @search }",
		"enum A { B } type A_hash { e: A @search(by: [exact, hash]) } type UpdateInput { a: UpdateInput } input AddInput { a: AddInput }",
	} {
		f.Add(text)
	}
	cases, err := filepath.Glob("testdata/*/schema.graphql")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
		if err != nil {
			return
		}
		s := api.Derive(schema.Resolve(parsed), api.Options{})
		_ = s.String()
		for _, typ := range s.Types {
			if s.Type(typ.Name) != typ {
				t.Errorf("%s is not found by name", typ.Name)
			}
		}
	})
}
