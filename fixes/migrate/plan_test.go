package migrate

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostilePlans: whoever writes a plan's file cannot do more than its reviewer sees, nor make the program fall over.
func TestHostilePlans(t *testing.T) {
	t.Parallel()
	const good = `version: 1
id: 20260101000000-x
name: x
from: ""
to: ""
steps:
  - id: declare
    phase: before
    title: x
    kind: declare
    convergent: true
    undo: "no"
    declare:
      predicates:
        - name: T.b
          type: string
          index: ["trigram", "hnsw(metric: \"cosine\", exponent: \"5\")"]
  - id: copy
    phase: before
    title: x
    kind: copy
    select:
      root: type(T)
      filter: 'eq(T.a, "(} \" #") AND (has(T.c) OR has(T.d))'
    reads: [T.a, T.b]
    writes: [T.b]
    convergent: true
    undo: "yes"
    copy:
      from: T.a
      to: T.b
`
	if _, err := Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"deep sequence", "[T.a, T.b]", strings.Repeat("[", 200_000), "nested"},
		{"deep mapping", "[T.a, T.b]", strings.Repeat("{a: ", 200_000), "nested"},
		{"deep blocks", "[T.a, T.b]", strings.Repeat("- ", 200_000), "nested"},
		{"alias", "[T.a, T.b]", "&a [T.a, T.b]", "anchors"},
		{"second document", "name: x\n", "name: x\n---\n", "second"},
		{"step in another's folder", "id: copy", "id: copy/0000", "character"},
		{"step like a round", "id: copy", "id: declare~1", "character"},
		{"plan in another's folder", "id: 2026", "id: a/2026", "character"},
		{"escape", "id: copy", `id: "\e[31m"`, "character"},
		{"root", "type(T)", "type(T)) { uid } x(func: has(S)", "root"},
		{"filter", "eq(T.a", "has(T.a)) { uid } x(func: has(S)) @filter(has(S", "filter"},
		{"comment in a filter", "eq(T.a", "has(T.a) #", "filter"},
		{"open string in a filter", `"(} \" #"`, `"(} \" #`, "filter"},
		{"type", "type: string", `type: "string .\nS: int"`, "type"},
		{"type on one line", "type: string", `type: "string . S: int"`, "type"},
		{"tokenizer", `"trigram"`, `"trigram) .\nS: int @index(int"`, "tokenizer"},
		{"state declared", "name: T.b", "name: schemacheck.key", "state"},
		{"state written", "writes: [T.b]", "writes: [T.b, schemacheck.doc]", "state"},
		{"Dgraph's own written", "writes: [T.b]", "writes: [T.b, dgraph.graphql.schema]", "Dgraph"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, test.old, test.new, 1)
			if text == good {
				t.Fatal("nothing is replaced")
			}
			start := time.Now()
			if _, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%.300v", err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it takes %v", took)
			}
		})
	}
}

// TestAssembleGrowth: a plan of four times as many steps is put together in about four times the time.
func TestAssembleGrowth(t *testing.T) {
	took := func(n int) time.Duration {
		var recipes []*Recipe
		for i := range n {
			r, err := RemoveNodes(Nodes{Type: fmt.Sprintf("T%d", i)}).Build(nil)
			if err != nil {
				t.Fatal(err)
			}
			recipes = append(recipes, r)
		}
		best := time.Hour
		for range 3 {
			begin := time.Now()
			p, err := Assemble(Plan{ID: "20260102030405-test", Name: "A test", From: "sha256:a", To: "sha256:b", NotBefore: "2026-02-03"}, recipes...)
			if err != nil || len(p.Steps) != 2*n {
				t.Fatalf("%d steps, %v", len(p.Steps), err)
			}
			best = min(best, time.Since(begin))
		}
		return best
	}
	for try := 1; ; try++ { // a noisy machine gets another chance
		few, many := took(2_000), took(8_000)
		t.Logf("4,000 steps %v, 16,000 steps %v", few, many)
		if many < 8*few {
			return
		}
		if try == 3 {
			t.Fatalf("four times as many steps take %.1f times as long", float64(many)/float64(few))
		}
	}
}
