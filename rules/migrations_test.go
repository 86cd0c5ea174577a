package rules_test

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
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

// TestBeforeTheUpdate: what a fix says to do before the update, its plan does not put off until afterwards.
func TestBeforeTheUpdate(t *testing.T) {
	t.Parallel()
	told := func(name string, findings []*rules.Finding) (n int) {
		for _, f := range findings {
			for _, x := range f.Fixes {
				if x.Kind != rules.Migration || !strings.Contains(x.Title, "before the update") {
					continue
				}
				n++
				if x.Migration == nil {
					continue // it is left to people
				}
				var answers []string
				if need := x.Migration.Need; need != nil {
					answers = append(answers, cmp.Or(need.Default, strings.Join(need.Options[:min(1, len(need.Options))], ""), "x"))
				}
				if r, err := x.Migration.Build(answers); err == nil && !slices.ContainsFunc(r.Steps, func(s migrate.Step) bool { return s.Phase == migrate.Before }) {
					t.Errorf("%s: %s, %s: %s", name, f.Coordinate, x.ID, x.Title)
				}
			}
		}
		return n
	}
	n := 0
	for _, c := range pairs(t) {
		n += told(c.dir, judge(t, c.old, c.new, c.renames))
	}
	if n == 0 {
		t.Error("no fix says so")
	}
	old := derive(t, "old.graphql", "type User {\n  id: ID!\n  name: String\n}\n")
	for name, left := range map[string]dql.Predicate{"left over": {Name: "User.age", Type: "string"}, "refused": {Name: "User.age", Type: "int", List: true}} {
		new := derive(t, "new.graphql", "type User {\n  id: ID!\n  name: String\n  age: Int\n}\n")
		live := rules.Live{Name: "dgraph://x", Served: old, Stored: &dql.Stored{Predicates: []dql.Predicate{{Name: "User.name", Type: "string"}, left}}}
		if told(name, rules.Drift(diff.Compare(old, new, diff.Options{}), live)) != 1 {
			t.Errorf("%s: no fix says so", name)
		}
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
