package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// searchArguments are arguments of @search, their names and their options;
// the latter are "malformed" where Dgraph says so.
var searchArguments = []struct{ argument, name, want string }{
	{`hash`, "hash", "[]"},
	{`hnsw`, "hnsw", "[]"},
	{`hnsw(metric: euclidean, exponent: 4)`, "hnsw", "[{exponent 4} {metric euclidean}]"},
	{`hnsw (exponent: "6")`, "hnsw", "[{exponent 6}]"},
	{` hnsw(a: 1) `, "hnsw", "[{a 1}]"},
	{`hnsw( a : 'it''s' ,b : "q\"," , )`, "hnsw", `[{a it's} {b q",}]`},
	{`hnsw("a":b)`, "hnsw", "[{a b}]"},
	{`hnsw(a: b:c)`, "hnsw", "[{a b:c}]"},
	{`hnsw(b: 0x10, a: -1.50, c: true)`, "hnsw", "[{a -1.50} {b 0x10} {c true}]"},
	{`hnsw(a: 'null')`, "hnsw", "[{a null}]"},
	{`hnsw(a: ' ')`, "hnsw", "[{a }]"},
	{`hnsw(a b: c (d))`, "hnsw", "[{a b c (d)}]"},
	{"hnsw(a: b\n  c)", "hnsw", "[{a b c}]"},
	{`hnsw()`, "hnsw", "malformed"},
	{`hnsw(`, "hnsw", "malformed"},
	{`hnsw)`, "hnsw)", "malformed"},
	{`)(`, ")", "malformed"},
	{`hnsw(a: 1) x`, "hnsw", "malformed"},
	{`hnsw(a)`, "hnsw", "malformed"},
	{`hnsw(a:1)`, "hnsw", "malformed"},
	{`hnsw(a:)`, "hnsw", "malformed"},
	{`hnsw(a: ~)`, "hnsw", "malformed"},
	{`hnsw(a: null)`, "hnsw", "malformed"},
	{`hnsw(a: 1, a: 2)`, "hnsw", "malformed"},
	{`hnsw(a: 1,, b: 2)`, "hnsw", "malformed"},
	{`hnsw(,)`, "hnsw", "malformed"},
	{`hnsw(a: [1])`, "hnsw", "malformed"},
	{`hnsw(a: {b: c})`, "hnsw", "malformed"},
	{`hnsw(a: b: c)`, "hnsw", "malformed"},
	{`hnsw(a: 'b)`, "hnsw", "malformed"},
	{`hnsw(a: "b)`, "hnsw", "malformed"},
	{`hnsw(a: b # c)`, "hnsw", "malformed"},
	{`hnsw( )`, "hnsw", "[]"},
	{``, "", "[]"},
}

func TestSearchOptions(t *testing.T) {
	t.Parallel()
	for _, c := range searchArguments {
		options, ok := schema.SearchOptions(c.argument)
		got := fmt.Sprint(options)
		if !ok {
			got = "malformed"
		}
		if got != c.want {
			t.Errorf("%q: options %s, want %s", c.argument, got, c.want)
		}
		if name := schema.SearchName(c.argument); name != c.name {
			t.Errorf("%q: name %q, want %q", c.argument, name, c.name)
		}
	}
}

// TestSearchOptionsOfDgraph holds the table above against Dgraph.
func TestSearchOptionsOfDgraph(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	for _, c := range searchArguments {
		if c.name != "hnsw" {
			continue
		}
		text := `type T { id: ID! n: Int v: [Float!] @embedding @search(by: ["` + escape.Replace(c.argument) + `"]) }`
		v := oracle.Schema(text, dgraphtest.SchemaOptions{})
		if malformed := v.Stage == "handler"; malformed != (c.want == "malformed") {
			t.Errorf("%q: Dgraph finds it malformed: %v %v", c.argument, malformed, v.Errors)
			continue
		}
		options, ok := schema.SearchOptions(c.argument)
		if !ok {
			continue
		}
		want := "hnsw"
		for i, o := range options {
			want += []string{"(", ", "}[min(i, 1)] + o.Name + `: "` + o.Value + `"`
		}
		if len(options) > 0 {
			want += ")"
		}
		if !strings.Contains(v.DQL, "@index("+want+")") {
			t.Errorf("%q: Dgraph derives\n%swant %s", c.argument, v.DQL, want)
		}
	}
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
