package dgraphtest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestOracleSchemas(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	const jwk = "# Dgraph.Authorization {\"JWKURL\":\"http://127.0.0.1:1/\",\"Header\":\"X\",\"Namespace\":\"n\",\"Audience\":[\"a\"]}"
	const remote = `@custom(http: {url: "http://127.0.0.1:1/", method: POST, graphql: "query{r}"`
	for _, c := range []struct {
		name, text string
		options    dgraphtest.SchemaOptions
		stage      string
		says       string // part of the first error
		line       int
		dql        string
		network    bool
	}{
		{name: "valid", text: "type A { id: ID! n: String @search }", dql: "type A {\n  A.n\n}\nA.n: string @index(term) .\n"},
		{name: "unknown type", text: "type A {\n  id: ID!\n  n: Nothing\n}", stage: "handler", says: "Undefined type Nothing", line: 3},
		{name: "empty", text: "", stage: "handler", says: "No schema"},
		{name: "auth rule", text: "type A @auth(query: {rule: \"query{queryA(filter:{gone:{eq:1}}){id}}\"}) { id: ID! n: Int }", stage: "schema", says: `"gone" is not defined`},
		{name: "good auth rule", text: "type A @auth(query: {rule: \"query{queryA(filter:{n:{eq:1}}){id}}\"}) { id: ID! n: Int @search }", dql: "type A {\n  A.n\n}\nA.n: int @index(int) .\n"},
		{name: "two types on one", text: "type A @dgraph(type: \"X\") { id: ID! n: Int }\ntype B @dgraph(type: \"X\") { id: ID! m: Int }", stage: "dql", says: "twice", dql: "type X {\n  X.n\n}\nX.n: int .\ntype X {\n  X.m\n}\nX.m: int .\n"},
		{name: "reserved predicate", text: "type A { id: ID! n: Int @dgraph(pred: \"dgraph.n\") }", stage: "dql", says: "reserved", dql: "type A {\n  dgraph.n\n}\ndgraph.n: int .\n"},
		{name: "predicate with a space", text: "type A { id: ID! n: Int @dgraph(pred: \"a b\") }", stage: "dql", line: 2, says: "Missing colon", dql: "type A {\n  a b\n}\na b: int .\n"},
		{name: "lambda, no URL", text: "type A { id: ID! n: Int l: Int @lambda }", stage: "handler", says: "lambda-url", line: 1},
		{name: "lambda", text: "type A { id: ID! n: Int l: Int @lambda }", options: dgraphtest.SchemaOptions{LambdaURL: true}, dql: "type A {\n  A.n\n}\nA.n: int .\n"},
		{name: "key set", text: "type A { id: ID! n: Int }\n" + jwk, dql: "type A {\n  A.n\n}\nA.n: int .\n", network: true},
		{name: "key set, invalid", text: "type A { id: ID! n: Nothing }\n" + jwk, stage: "handler", says: "Undefined type", line: 1},
		{name: "key in the old form", text: "type A { id: ID! n: Int }\n# Dgraph.Authorization X n HS256 \"k\"", dql: "type A {\n  A.n\n}\nA.n: int .\n"},
		{name: "remote endpoint", text: "type A { id: ID! n: Int }\ntype Query { r: String " + remote + "}) }", stage: "network", network: true},
		{name: "remote endpoint, invalid", text: "type A { id: ID! n: Int }\ntype Query { r: String " + remote + "})\n s: String }", stage: "handler", says: "without @custom", line: 2},
		{name: "remote endpoint, not asked", text: "type A { id: ID! n: Int }\ntype Query { r: String " + remote + ", skipIntrospection: true}) }", dql: "type A {\n  A.n\n}\nA.n: int .\n"},
		{name: "only custom", text: "type R @remote { n: Int }\ntype Query { r: R @custom(http: {url: \"http://127.0.0.1:1/\", method: GET}) }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := j.Schema(c.text, c.options)
			if v.Stage != c.stage || v.Network != c.network || v.Panic != "" {
				t.Fatalf("verdict %+v, want stage %q, network %v", v, c.stage, c.network)
			}
			if v.DQL != c.dql {
				t.Errorf("DQL %q, want %q", v.DQL, c.dql)
			}
			if (v.API != "") != (c.stage == "" || c.stage == "dql") {
				t.Errorf("stage %q with an API of %d bytes", v.Stage, len(v.API))
			}
			if c.says == "" {
				if len(v.Errors) > 0 {
					t.Errorf("errors %+v", v.Errors)
				}
				return
			}
			if len(v.Errors) == 0 || !strings.Contains(v.Errors[0].Message, c.says) || v.Errors[0].Line != c.line {
				t.Errorf("errors %+v, want %q at line %d", v.Errors, c.says, c.line)
			}
		})
	}
}

func TestOraclePanic(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	v := j.Schema("type A @secret { id: ID! n: Int }", dgraphtest.SchemaOptions{})
	if v.Accepted() || v.Stage != "handler" || !strings.Contains(v.Panic, "nil pointer") || strings.Contains(v.Panic, "died") {
		t.Errorf("a @secret without field: %+v", v)
	}
}

// TestOracleDies needs the process to be replaced: Go cannot recover from a stack overflow.
func TestOracleDies(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	v := j.Schema("type A { id: ID! n: "+strings.Repeat("[\n", 1<<20)+"Int }", dgraphtest.SchemaOptions{})
	if v.Accepted() || !strings.Contains(v.Panic, "stack overflow") {
		t.Errorf("a very deep type: %+v", v)
	}
	if v := j.Schema("type A { id: ID! n: Int }", dgraphtest.SchemaOptions{}); !v.Accepted() {
		t.Errorf("the next schema: %+v", v)
	}
}

func TestOracleQueries(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	for _, c := range []struct {
		text  string
		vars  map[string]string
		says  string
		lines int
	}{
		{text: "{q(func: has(<a-b>)) {uid}}"},
		{text: "{\n q(func: has(a) {uid}}", says: "Unclosed Brackets", lines: 2},
		{text: "{q(func: has(a)) {uid} r(func: uid(v)) {uid}}", says: "Some variables are used but not defined"},
		{text: "query q($a: int) {q(func: eq(a, $a)) {uid}}", vars: map[string]string{"$a": "7"}},
		{text: "query q($a: int) {q(func: eq(a, $a)) {uid}}", vars: map[string]string{"$a": "x"}, says: "Expected an int"},
	} {
		v := j.Query(c.text, c.vars)
		if c.says == "" {
			if !v.Accepted() {
				t.Errorf("%s: %+v", c.text, v)
			}
			continue
		}
		if v.Stage != "dql" || len(v.Errors) != 1 || !strings.Contains(v.Errors[0].Message, c.says) || v.Errors[0].Line != c.lines {
			t.Errorf("%s: %+v, want %q at line %d", c.text, v, c.says, c.lines)
		}
	}
}

func TestOracleDQLSchemas(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	for _, c := range []struct {
		text, says string
		line       int
	}{
		{text: "a: string @index(exact) .\ntype T {\n a\n}"},
		{text: "dgraph.type: [string] @index(exact) ."}, // as it is
		{text: "a: string @index(exac) .", says: "Invalid tokenizer", line: 1},
		{text: "a: string .\nb: int .\na: int .", says: `predicate "a" stands twice`},
		{text: "type T {\n a\n}\ntype T {\n a\n}\na: int .", says: `type "T" stands twice`},
		{text: "dgraph.foo: int .", says: "reserved"},
		{text: "dgraph.type: string .", says: "Dgraph's own"},
		{text: "type dgraph.T {\n a\n}\na: int .", says: "reserved"},
		{text: "type dgraph.graphql {\n a\n}\na: int .", says: "Dgraph's own"},
	} {
		v := j.DQLSchema(c.text)
		if c.says == "" {
			if !v.Accepted() {
				t.Errorf("%s: %+v", c.text, v)
			}
			continue
		}
		if v.Stage != "dql" || len(v.Errors) != 1 || !strings.Contains(v.Errors[0].Message, c.says) || v.Errors[0].Line != c.line {
			t.Errorf("%s: %+v, want %q at line %d", c.text, v, c.says, c.line)
		}
	}
}

func TestOracleIsShared(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	j := dgraphtest.Oracle(t)
	for i := range 40 {
		all.Go(func() {
			name := "T" + strings.Repeat("x", i)
			v := j.Schema("type "+name+" { id: ID! n: Int l: Int @lambda }", dgraphtest.SchemaOptions{LambdaURL: i%2 == 0})
			if v.Accepted() != (i%2 == 0) || v.Accepted() && !strings.HasPrefix(v.DQL, "type "+name+" {") {
				t.Errorf("%s got the verdict %+v", name, v)
			}
		})
	}
	all.Wait()
}
