package operations_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// parse reads a file, and is strict.
func parse(name, text string) ([]*operations.Operation, error) {
	found := operations.Join(operations.Whole(&sdl.File{Name: name, Text: text}))
	for _, p := range found.Problems {
		if p.Kind != operations.Circular {
			return nil, &sdl.Error{Span: p.Span, Message: p.What}
		}
	}
	return found.Operations, nil
}

func TestParse(t *testing.T) {
	t.Parallel()
	all, err := parse("a.graphql", `
# Comments stay out.
query Users($first: Int = 3, $id: ID!, $to: [String!]!, $maybe: String) { queryUser(first: $first) { ...U @include(if: true) } }
fragment U on User { name posts { ...P } ... on Admin { level } }
fragment P on Post { title ...P2 }
fragment P2 on Post { text author { ...U } }
fragment Other on Post { nothing }
mutation Add { addUser(input: [{name: "x"}]) { numUids } }
subscription { queryPost { ...P2 } }
`)
	if err != nil {
		t.Fatal(err)
	}
	type operation struct {
		Name, Kind      string
		Line            int
		Wanting, Fields []string
	}
	about := func(o *operations.Operation) operation {
		return operation{o.Name, o.Kind, o.Line(), o.Wanting(), o.Fields()}
	}
	var got []operation
	for _, o := range all {
		// One alone is a file of its own, and the same.
		text := o.Text()
		again, err := parse("b.graphql", text)
		if err != nil || len(again) != 1 {
			t.Fatalf("%v\n%s", err, text)
		}
		one, same := about(o), about(again[0])
		same.Line = one.Line
		if d := cmp.Diff(one, same); d != "" || again[0].Text() != text {
			t.Errorf("read again, %s\n%s", d, again[0].Text())
		}
		if strings.Contains(text, "Other") {
			t.Errorf("a fragment that is not used: %s", text)
		}
		got = append(got, one)
	}
	if d := cmp.Diff([]operation{
		{Name: "Users", Kind: operations.Query, Line: 3, Wanting: []string{"id", "to"},
			Fields: []string{"author", "level", "name", "posts", "queryUser", "text", "title"}},
		{Name: "Add", Kind: operations.Mutation, Line: 8, Fields: []string{"addUser", "numUids"}},
		{Kind: operations.Subscription, Line: 9, Fields: []string{"author", "level", "name", "posts", "queryPost", "text", "title"}},
	}, got); d != "" {
		t.Error(d)
	}
	for text, want := range map[string]string{
		"query { a { ...Gone } }": "there is no fragment Gone",
		"query { a":               "c.graphql:1",
		"{ a } type T { a: Int }": "c.graphql:1:7",
	} {
		if _, err := parse("c.graphql", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	} // Types are no operations.
	if all, err := parse("d.graphql", "type T { a: Int }"); len(all) != 0 || err != nil {
		t.Errorf("%d operations, %v", len(all), err)
	}
}
