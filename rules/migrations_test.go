package rules_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/rules"
)

// fixOf is a fix of the finding about an element.
func fixOf(t *testing.T, findings []*rules.Finding, coordinate, id string) rules.Fix {
	t.Helper()
	for _, f := range findings {
		if i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == id }); f.Coordinate == coordinate && i >= 0 {
			return f.Fixes[i]
		}
	}
	t.Fatalf("no fix %s of %s: %s", id, coordinate, render(findings))
	return rules.Fix{}
}

// TestNamesTakenAgain: what gets a name under which something else is stored is
// copied and mapped by no plan, since afterwards nobody could tell which is which.
func TestNamesTakenAgain(t *testing.T) {
	t.Parallel()
	const two = "type S {\n  id: ID!\n  a: String\n  b: String\n}\n"
	for _, c := range []struct {
		name, before, after string
		renames             map[string]string
		coordinate, fix     string
		err                 string // empty when the plan can be made
	}{
		{"a field in a chain", two, "type S {\n  id: ID!\n  b: String\n  c: String\n}\n", map[string]string{"S.a": "S.b", "S.b": "S.c"},
			"S.a", "copy-values", "the old S.b is stored under S.b"},
		{"the end of a chain of fields", two, "type S {\n  id: ID!\n  b: String\n  c: String\n}\n", map[string]string{"S.a": "S.b", "S.b": "S.c"},
			"S.b", "copy-values", ""},
		{"onto what another field of the nodes has", two, "type S {\n  id: ID!\n  a: String @dgraph(pred: \"S.b\")\n  b: String\n}\n", nil,
			"S.a", "copy-values", "the old S.b is stored under S.b"},
		{"onto what an implementing type has", "interface I {\n  id: ID!\n  a: String\n}\ntype T implements I {\n  b: String\n}\n",
			"interface I {\n  id: ID!\n  a: String @dgraph(pred: \"T.b\")\n}\ntype T implements I {\n  c: Int\n}\n", nil,
			"I.a", "copy-values", "the old T.b is stored under T.b"},
		{"onto what other nodes have", "type S {\n  id: ID!\n  a: String\n}\ntype T {\n  id: ID!\n  b: String\n}\n",
			"type S {\n  id: ID!\n  a: String @dgraph(pred: \"T.b\")\n}\ntype T {\n  id: ID!\n  b: String\n}\n", nil,
			"S.a", "copy-values", ""},
		{"a value in a chain", "type S {\n  c: C\n}\nenum C { RED GREEN }\n", "type S {\n  c: C\n}\nenum C { GREEN BLUE }\n",
			map[string]string{"C.RED": "C.GREEN", "C.GREEN": "C.BLUE"}, "C.RED", "map-value", "GREEN is stored for something else already"},
		{"a value in a swap", "type S {\n  c: C\n}\nenum C { RED GREEN }\n", "type S {\n  c: C\n}\nenum C { GREEN RED }\n",
			map[string]string{"C.RED": "C.GREEN", "C.GREEN": "C.RED"}, "C.GREEN", "map-value", "RED is stored for something else already"},
		{"a value that gets a new name", "type S {\n  c: C\n}\nenum C { RED GREEN }\n", "type S {\n  c: C\n}\nenum C { CRIMSON GREEN }\n",
			map[string]string{"C.RED": "C.CRIMSON"}, "C.RED", "map-value", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := fixOf(t, judge(t, c.before, c.after, c.renames), c.coordinate, c.fix).Migration
			if m == nil {
				t.Fatal("it is left to people")
			}
			_, err := m.Build(nil)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("the plan: %v, want %q", err, c.err)
			}
		})
	}
}

// TestValuesMappedOneByOne: the step that maps one removed value does not count
// the others as values that cannot be mended, since they have steps of their own.
func TestValuesMappedOneByOne(t *testing.T) {
	t.Parallel()
	findings := judge(t, "type S {\n  c: C\n}\nenum C { RED GREEN BLUE }\n", "type S {\n  c: C\n}\nenum C { GREEN }\n", nil)
	r, err := fixOf(t, findings, "C.BLUE", "map-value").Migration.Build([]string{"GREEN"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Steps {
		if !slices.Equal(s.Convert.Reading.Enum, []string{"GREEN", "RED"}) {
			t.Errorf("%s takes %v", s.ID, s.Convert.Reading.Enum)
		}
	}
	if _, err := fixOf(t, findings, "C.BLUE", "map-value").Migration.Build([]string{"RED"}); err == nil {
		t.Error("BLUE is mapped to RED, which is removed too")
	}
}

// TestGrowth: when all types get other names, four times as many of them allocate about four times as much. Each removed type
// knows what stays of all others.
func TestGrowth(t *testing.T) {
	judge := func(n int) uint64 {
		schema := func(format string) *diff.Schema {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "type "+format+" {\n  id: ID!\n  key: String! @id\n  text: String @search(by: [term])\n  a: "+format+"\n  b: "+format+"\n}\n",
					i, (i+1)%n, (i*7+3)%n)
			}
			return derive(t, "schema.graphql", b.String())
		}
		d := diff.Compare(schema("Old%d"), schema("Quite%dOther"), diff.Options{})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		findings := rules.Judge(d)
		runtime.ReadMemStats(&after)
		if gone := ofRule(t, findings, "type-removed"); len(findings) < n || len(gone.Fixes) == 0 {
			t.Fatalf("%d findings on %d types, the first with %v", len(findings), n, gone.Fixes)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := judge(250), judge(1_000)
	t.Logf("250 types allocate %d KiB, 1,000 types %d", few>>10, many>>10)
	if many > 5*few {
		t.Errorf("four times as many types allocate %.1f times as much", float64(many)/float64(few))
	}
}
