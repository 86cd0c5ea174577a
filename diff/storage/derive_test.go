package storage_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
)

func TestPredicate(t *testing.T) {
	t.Parallel()
	s := derive(t, `
interface Node { id: ID!, name: String @search(by: [term, hash]) }
type User implements Node @secret(field: "pwd") { own: [Int!], en: String @dgraph(pred: "Node.name@en"), code: String @id }
type Shop implements Node { owner: User @dgraph(pred: "<own er>") }
type Film { cast: [Star] @dgraph(pred: "cast") }
type Star { films: [Film] @dgraph(pred: "~cast") }
`)
	for _, c := range []struct {
		want    storage.Predicate
		fields  string
		secrets string
		stored  string
	}{
		{storage.Predicate{Name: "Node.name", Type: "string", Tokenizers: []string{"hash", "term"}, Lang: true}, "Node.name User.name User.en Shop.name", "", "Node.name"},
		{storage.Predicate{Name: "User.own", Type: "int", List: true}, "User.own", "", "User.own"},
		{storage.Predicate{Name: "User.code", Type: "string", Tokenizers: []string{"hash"}, Upsert: true}, "User.code", "", "User.code"},
		{storage.Predicate{Name: "User.pwd", Type: "password"}, "", "User", "User.pwd"},
		{storage.Predicate{Name: "<own er>", Type: "uid"}, "Shop.owner", "", "own er"},
		{storage.Predicate{Name: "cast", Type: "uid", List: true, Reverse: true}, "Film.cast Star.films", "", "cast"},
	} {
		p := s.Predicate(c.want.Name)
		if p == nil {
			t.Errorf("no predicate %s", c.want.Name)
			continue
		}
		var fields, secrets []string
		for _, f := range p.Fields {
			fields = append(fields, f.Coordinate())
		}
		for _, typ := range p.Secrets {
			secrets = append(secrets, typ.Name)
		}
		if got := strings.Join(fields, " "); got != c.fields {
			t.Errorf("%s is read by %s, want %s", p.Name, got, c.fields)
		}
		if got := strings.Join(secrets, " "); got != c.secrets {
			t.Errorf("%s is the password of %q, want %q", p.Name, got, c.secrets)
		}
		if p.Stored() != c.stored {
			t.Errorf("%s is stored as %q, want %q", p.Name, p.Stored(), c.stored)
		}
		plain := *p
		plain.Fields, plain.Secrets = nil, nil
		if diff := cmp.Diff(c.want, plain); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if p := s.Predicate("User.id"); p != nil {
		t.Errorf("ID is stored: %v", p)
	}
}

func TestTypeSources(t *testing.T) {
	t.Parallel()
	s := derive(t, `type A @dgraph(type: "Both") { a: Int } type C { c: Int } type B @dgraph(type: "Both") { b: Int }`)
	both := s.Type("Both")
	if both == nil || len(both.Sources) != 2 || both.Sources[0].Name != "A" || both.Sources[1].Name != "B" {
		t.Fatalf("Both comes from %+v", both)
	}
	if !slices.Equal(both.Predicates, []string{"Both.a"}) {
		t.Errorf("the first Both lists %v", both.Predicates)
	}
	if len(s.Types) != 3 || s.Types[2].Name != "Both" || !slices.Equal(s.Types[2].Predicates, []string{"Both.b"}) {
		t.Errorf("the second Both is not printed on its own")
	}
	if s.Type("A") != nil {
		t.Errorf("found a type by its GraphQL name")
	}
}

func TestWriteTo(t *testing.T) {
	t.Parallel()
	s := derive(t, `type A { a: Int }`)
	var b strings.Builder
	n, err := s.WriteTo(&b)
	if err != nil || b.String() != s.String() || n != int64(len(s.String())) {
		t.Errorf("wrote %d bytes (%v): %q", n, err, b.String())
	}
}

// FuzzDerive looks for panics: Derive takes what Dgraph would refuse.
func FuzzDerive(f *testing.F) {
	files, err := filepath.Glob("testdata/*.graphql")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(read(f, file))
	}
	for _, text := range []string{
		`type T { a: String @search(by: [""]) b: String @search(by: "hash") c: Nothing d: [[Int]] }`,
		`type T @secret { a: Int } type U @secret(field: "") { a: Int @dgraph } type U { a: Int @dgraph(pred: 5) }`,
		`type T implements T & Nothing & T { a: Int @dgraph(pred: "~") b: T @dgraph(pred: "~") c: [T] @dgraph(pred: "<~>") }`,
		`type T @key { a: ID @external } type V @key(fields: 1) { a: ID @external @search(by: ["hnsw(a"]) } schema { query: T }`,
		`interface I { r: [T] @dgraph(pred: "~x") } type T { x: String @search @dgraph(pred: "x") }`,
		`type T { a: [Float!] @embedding @search(by: ["hnsw(:)", "hnsw(a:,)", "hnsw('", "hnsw(\"a\\", ")(", "("]) }`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := sdl.Parse(&sdl.File{Name: "fuzz.graphql", Text: text})
		if err != nil {
			return
		}
		s := storage.Derive(schema.Resolve(parsed))
		dql := s.String()
		if utf8.ValidString(text) && !utf8.ValidString(dql) {
			t.Errorf("valid UTF-8 became invalid: %q", dql)
		}
		for _, p := range s.Predicates {
			if !strings.Contains(dql, p.String()+"\n") {
				t.Errorf("%s is not printed", p.Name)
			}
		}
	})
}

// BenchmarkDerive is held to linear time: Dgraph's own code is quadratic on
// connected types.
func BenchmarkDerive(b *testing.B) {
	for _, shape := range []string{"flat", "ring"} {
		for _, count := range []int{100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", shape, count), func(b *testing.B) {
				parsed, err := sdl.Parse(&sdl.File{Name: "bench.graphql", Text: manyTypes(shape, count)})
				if err != nil {
					b.Fatal(err)
				}
				resolved := schema.Resolve(parsed)
				b.ReportAllocs()
				for b.Loop() {
					storage.Derive(resolved)
				}
				b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "types/s")
			})
		}
	}
}

// manyTypes are types with ten fields: of values only, or with links to the
// types before and after.
func manyTypes(shape string, count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "type T%d {\n  id: ID!\n  code: String! @id\n  name: String @search(by: [term, exact])\n"+
			"  size: Int @search\n  at: DateTime @search\n  rate: Float\n  open: Boolean\n  tags: [String!]\n", i)
		if shape == "ring" {
			fmt.Fprintf(&text, "  next: T%d @hasInverse(field: previous)\n  previous: [T%d]\n}\n", (i+1)%count, (i+count-1)%count)
		} else {
			text.WriteString("  place: Point\n  note: String @dgraph(pred: \"note\")\n}\n")
		}
	}
	return text.String()
}
