package migrate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestDryRun compares all data and the whole schema before and after, and what was foretold with what then comes.
func TestDryRun(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "U.name: string @lang .\nU.city: string .\ntype U {\n U.name\n}\n")
	d.Mutate(t, `
_:a <dgraph.type> "U" .
_:a <U.name> "Ann" .
_:a <U.name> "Anna"@de .
_:a <U.city> "Rome" .
_:b <dgraph.type> "U" .
_:b <U.name> "Bob" .
_:b <U.city> "Rome" .
`)
	declare := &Declare{Predicates: []Declared{{Name: "U.title", Type: "string", Lang: true}, {Name: "U.in", Type: "uid"}, {Name: "C.name", Type: "string", Index: []string{"hash"}, Upsert: true}}}
	f := File{&Plan{Version: 1, ID: "20260101000000-dry", Steps: []Step{
		{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: declare},
		{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(U.name@.)"}, Reads: []string{"U.name", "U.title"}, Writes: []string{"U.title"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "U.name", To: "U.title"}},
		{ID: "type", Phase: Before, Kind: "add-type", Select: &Select{Root: "type(U)"}, Reads: []string{"dgraph.type"}, Writes: []string{"dgraph.type"}, Convergent: true, Undo: UndoYes, AddType: &AddType{Of: "U", Type: "V"}},
		{ID: "refer", Phase: Before, Kind: "refer", Select: &Select{Root: "has(U.city)"}, Reads: []string{"U.city", "U.in"}, Writes: []string{"C.name", "U.in", "dgraph.type"}, Convergent: true, Undo: UndoPartial, Refer: &Refer{From: "U.city", To: "U.in", Key: "C.name", Target: []string{"C"}}},
	}}, "abc"}
	everything := func() string {
		return string(d.Query(t, "schema {}")) + string(d.Query(t, "{q(func: has(dgraph.type)) {uid dgraph.type U.name@* U.title U.city U.in {uid} C.name}}"))
	}
	for _, size := range []int{0, 1} {
		was := everything()
		all, err := DryRun(t.Context(), c, []File{f}, Series{Options: Options{BatchSize: size}}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if now := everything(); now != was {
			t.Errorf("before:\n%s\nafter:\n%s", was, now)
		}
		if len(all) != 4 {
			t.Fatalf("%+v", all)
		}
		want := []struct {
			not     string
			changed uint64
		}{{"stored schema", 0}, {"", 2}, {"", 2}, {"", 2}}
		for i, w := range want {
			got := all[i]
			if i == 3 && got.Not != "" { // a server that has never known the key refuses to look it up
				w.not, w.changed = "before the steps before it", 0
			}
			if size == 1 {
				w.changed = min(w.changed, 1)
			}
			if !strings.Contains(got.Not, w.not) || (w.not == "") != (got.Not == "") || got.Changed != w.changed || got.End != (size == 0 && w.not == "") {
				t.Errorf("%d: %+v", i, got)
			}
		}
		var texts []string
		for _, d := range all[1].First {
			if d.Predicate != "U.title" || len(d.Before) > 0 {
				t.Errorf("%+v", d)
			}
			for _, q := range d.After {
				text, _ := json.Marshal(q.Data)
				texts = append(texts, q.Lang+string(text))
			}
		}
		slices.Sort(texts)
		if ann, bob := []string{`"Ann"`, `de"Anna"`}, []string{`"Bob"`}; size == 0 && !slices.Equal(texts, []string{`"Ann"`, `"Bob"`, `de"Anna"`}) ||
			size == 1 && !slices.Equal(texts, ann) && !slices.Equal(texts, bob) {
			t.Errorf("%v", texts)
		}
	}
	// What Dgraph would refuse is told. Names of types are there already; the copies are not sent, since what they set is
	// not declared.
	if all, err := DryRun(t.Context(), c, []File{f}, Series{}, 1); err != nil || all[1].Sent != 0 || all[2].Sent != 1 || all[2].Refused != "" {
		t.Errorf("%+v, %v", all, err)
	}
	d.Alter(t, "N.hits: int .\n")
	d.Mutate(t, "_:n <dgraph.type> \"N\" .\n_:n <N.name> \"42\" .\n")
	bad, _ := countingPlan()
	bad.Steps[0].Reads = append(bad.Steps[0].Reads, "N.name")
	was := everything()
	all, err := DryRun(t.Context(), c, []File{bad}, Series{Options: Options{taskOf: func(*Step) (task, error) { return spoilt{tally{"N.hits"}, "refused"}, nil }}}, 1)
	if err != nil || all[0].Sent != 1 || !strings.Contains(all[0].Refused, "...") || everything() != was {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := Run(t.Context(), c, f, Before, Options{}); err != nil {
		t.Fatal(err)
	}
	was = everything()
	if all, err := DryRun(t.Context(), c, []File{f}, Series{}, 1); err != nil || len(all) > 0 || everything() != was {
		t.Errorf("done: %+v, %v", all, err)
	}
}
