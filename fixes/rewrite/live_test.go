package rewrite

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestMain(m *testing.M) { os.Exit(dgraphtest.Run(m)) }

// TestLive: on a real Dgraph a rewritten operation answers under the new schema what the one before answered under the
// old one for the same data, but for the order of lists that have none. What mutations leave is asked for, too.
func TestLive(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/live/everything.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, f := range archive.Files {
		text[f.Name] = string(f.Data)
	}
	c := compare(t, text["old.graphql"], text["new.graphql"])
	in := []*sdl.File{{Name: "ops.graphql", Text: text["ops.graphql"]}, {Name: "ops.json", Text: text["ops.json"]}}
	r := rewritten(t, c, in, false)
	for _, l := range r.Left {
		t.Errorf("%s is left: %v", l.Operation.Name, l.Reasons)
	}
	out, err := r.Patch.Apply(in)
	if err != nil {
		t.Fatal(err)
	}
	d := dgraphtest.Server(t)
	d.Lock(t)
	before := answersOf(t, d, text["old.graphql"], text["data.rdf"], in)
	after := answersOf(t, d, text["new.graphql"], text["data.rdf"], out)
	if len(before) < 20 {
		t.Errorf("only %d operations", len(before))
	}
	for name, answer := range before {
		if strings.Contains(answer, "error") || !strings.Contains(answer, `"`) {
			t.Errorf("%s says nothing: %s", name, answer)
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("answers (-of the old schema +of the new one):\n%s", diff)
	}
}

// answersOf are the answers of the operations in the first file, with the variables in the second one, in their order.
func answersOf(t *testing.T, d *dgraphtest.Dgraph, schema, data string, files []*sdl.File) map[string]string {
	t.Helper()
	d.DropAll(t)
	if applied := d.ApplySchema(t, schema); applied.Refused {
		t.Fatal(applied.Message)
	}
	d.Mutate(t, data)
	var variables map[string]map[string]any
	if err := json.Unmarshal([]byte(files[1].Text), &variables); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, o := range operations.Join(operations.Whole(files[0])).Operations {
		answer := d.GraphQL(t, o.Text(), variables[o.Name])
		all[o.Name] = ordered(t, answer.Data)
		for _, e := range answer.Errors {
			all[o.Name] += "\nerror: " + e
		}
	}
	return all
}

// ordered is an answer with its lists sorted: new nodes get their uids in any order.
func ordered(t *testing.T, data json.RawMessage) string {
	t.Helper()
	if len(data) == 0 {
		return ""
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	text := func(v any) string {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	var sort func(any)
	sort = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, one := range v {
				sort(one)
			}
		case []any:
			for _, one := range v {
				sort(one)
			}
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		}
	}
	sort(value)
	return text(value)
}
