package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// linked is n types of ten fields, each linked to the next, the last to the
// first: one component, which is what costs Dgraph quadratic time.
func linked(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "type T%d { id: ID! name: String! @id @search(by: [term, regexp]) next: T%d all: [T%d!]!", i, (i+1)%n, (i+7)%n)
		b.WriteString(" age: Int @search at: DateTime @search open: Boolean ratio: Float place: Point @search tags: [String] }\n")
	}
	return b.String()
}

// chain is n types that can only be emptied one after the other.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("type Root { name: String down: [T0] @dgraph(pred: \"down\") }\ntype T0 { up: [Root] @dgraph(pred: \"~down\") }\n")
	for i := range n {
		fmt.Fprintf(&b, "type T%d { t: T%d }\n", i+1, i)
	}
	return b.String()
}

func BenchmarkDerive(b *testing.B) {
	for _, c := range []struct {
		name, text string
	}{
		{"ring/100", linked(100)}, {"ring/1000", linked(1000)}, {"ring/2000", linked(2000)},
		{"ring/5000", linked(5000)}, {"ring/10000", linked(10000)}, {"chain/20000", chain(20000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: c.text})
			if err != nil {
				b.Fatal(err)
			}
			s := schema.Resolve(parsed)
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				api.Derive(s, api.Options{})
			}
		})
	}
}

func BenchmarkString(b *testing.B) {
	s := derive(b, linked(2000), "")
	b.SetBytes(int64(len(s.String())))
	for b.Loop() {
		_ = s.String()
	}
}

// TestLong: what can only be emptied one after the other is emptied to the end,
// however long it is.
func TestLong(t *testing.T) {
	t.Parallel()
	s := derive(t, chain(20000), "")
	for _, name := range []string{"T0Patch", "T20000Ref", "AddT20000Input", "UpdateT10000Input"} {
		if s.Type(name) != nil {
			t.Errorf("%s was not cleaned away", name)
		}
	}
	if s.Mutation.Field("addT20000") != nil || s.Mutation.Field("addRoot") == nil {
		t.Error("the mutations were not cleaned up")
	}
}
