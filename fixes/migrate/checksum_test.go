package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestChecksums changes one thing of each kind, and looks which sums become others.
func TestChecksums(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.s: string .\nT.l: string @lang .\nT.m: [string] .\nT.e: [uid] .\nT.g: geo .\nT.v: float32vector .\nT.p: password .\nT.d: default .\nT.i: int .\nT.none: int .\n")
	d.Mutate(t, `<0x10> <T.s> "a" .
<0x10> <T.l> "a" (note="x") .
<0x10> <T.l> "b"@de (note="y") .
<0x11> <T.l> "c"@fr .
<0x10> <T.m> "1" (rank=1) .
<0x10> <T.m> "2" .
<0x10> <T.e> <0x11> (since=2020-01-01) .
<0x10> <T.e> <0x12> .
<0x10> <T.g> "{\"type\":\"Point\",\"coordinates\":[1,2]}"^^<geo:geojson> .
<0x10> <T.v> "[1.5, 2.5]" .
<0x10> <T.p> "secret1" .
<0x10> <T.d> "free" .
<0x10> <T.i> "9007199254740993"^^<xs:int> .
<0x10> <dgraph.type> "T" .
<0x10> <count> "a word of DQL" .
`)
	// More than a page of nodes, and more edges of one than come with a page.
	var many strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&many, "<0x%x> <T.s> \"%d\" .\n<0x10> <T.e> <0x%x> .\n", 0x1000+i, i, 0x1000+i)
	}
	d.Mutate(t, many.String())
	sums := func() map[string]Sum {
		t.Helper()
		all, err := Checksums(t.Context(), c, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	differing := func(was, is map[string]Sum) string {
		var names []string
		for name := range was {
			if was[name] != is[name] {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	was := sums()
	for name, quads := range map[string]uint64{"T.s": 1201, "T.l": 3, "T.m": 2, "T.e": 1202, "T.g": 1, "T.v": 1, "T.d": 1, "T.i": 1, "T.none": 0, "dgraph.type": 1} {
		if was[name].Quads != quads {
			t.Errorf("%s: %d values and edges, want %d", name, was[name].Quads, quads)
		}
	}
	if got := was["count"]; got.Refused == "" {
		t.Errorf("a name that cannot be written: %+v", got)
	}
	if got := was["T.p"]; got.Nodes != 1 {
		t.Errorf("passwords of %d nodes", got.Nodes)
	}
	if is := sums(); differing(was, is) != "" {
		t.Errorf("nothing was changed, and they differ: %s", differing(was, is))
	}
	for _, change := range []struct{ quads, want string }{
		{`<0x1100> <T.s> "other" .`, "T.s"},
		{`<0x10> <T.s> "0" . <0x1000> <T.s> "a" .`, "T.s"},
		{`<0x11> <T.l> "c"@it .`, "T.l"},
		{`<0x10> <T.l> "b"@de (note="z") .`, "T.l"},
		{`<0x10> <T.m> "2" (rank=1) .`, "T.m"},
		{`<0x10> <T.e> <0x12> (since=2020-01-01) .`, "T.e"},
		{`<0x10> <T.e> <0x2000> .`, "T.e"},
		{`<0x10> <T.g> "{\"type\":\"Point\",\"coordinates\":[1,3]}"^^<geo:geojson> .`, "T.g"},
		{`<0x10> <T.v> "[1.5, 2.25]" .`, "T.v"},
		{`<0x11> <T.p> "secret2" .`, "T.p"},
		{`<0x10> <T.d> "1" .`, "T.d"},
		{`<0x10> <T.i> "9007199254740992"^^<xs:int> .`, "T.i"},
		{`<0x10> <dgraph.type> "U" .`, "dgraph.type"},
		{`_:x <dgraph.type> "dgraph.graphql.persisted_query" .`, ""},
	} {
		d.Mutate(t, strings.ReplaceAll(change.quads, " . <", " .\n<"))
		is := sums()
		if got := differing(was, is); got != change.want {
			t.Errorf("%s: %q differ, want %q", change.quads, got, change.want)
		}
		was = is
	}

	// What a value of type geo is can be left unread.
	unread, err := Checksums(t.Context(), c, []string{"T.g"}, false)
	if err != nil || unread["T.g"].Nodes != 1 || unread["T.g"].Quads != 0 || unread["T.g"] == was["T.g"] {
		t.Errorf("%+v, %v", unread, err)
	}
	u, err := Watch(t.Context(), c, nil, Series{}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Mutate(t, "<0x10> <T.g> \"{\\\"type\\\":\\\"Point\\\",\\\"coordinates\\\":[5,5]}\"^^<geo:geojson> .\n")
	if got, err := u.Compare(t.Context()); err != nil || len(got.Changed) > 0 || len(got.NotCompared) != 2 || !strings.Contains(strings.Join(got.NotCompared, "\n"), "T.g: the same 1 node holds something") {
		t.Errorf("%+v, %v", got, err)
	}
	was = sums()

	// An index changes nothing, and a value that cannot be read as the new type is counted.
	d.Alter(t, "T.s: string @index(hash) .\n")
	if is := sums(); differing(was, is) != "" {
		t.Errorf("an index makes them differ: %s", differing(was, is))
	}
	d.Alter(t, "T.s: int .\n")
	if is := sums()["T.s"]; is.Unreadable != 2 || is.Nodes != 1201 || is.Type != "int" {
		t.Errorf("read as another type: %d of %d nodes as %s", is.Unreadable, is.Nodes, is.Type)
	}
}

// TestUntouched carries out a plan and deploys, while somebody else writes one value.
func TestUntouched(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before, after = "type T { a: String n: Int m: Int }\n", "type T { b: String n: Int! m: Float }\n"
	f := File{&Plan{Version: 1, ID: "20260101000000-move", From: fingerprintOf(t, before), To: fingerprintOf(t, after), Steps: []Step{
		{ID: "declare", Phase: Before, Kind: "declare", Convergent: true, Undo: UndoNo, Declare: &Declare{Predicates: []Declared{{Name: "T.b", Type: "string"}}}},
		{ID: "copy", Phase: Before, Kind: "copy", Select: &Select{Root: "has(T.a)"}, Reads: []string{"T.a", "T.b"}, Writes: []string{"T.b"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "T.a", To: "T.b"}},
	}}, "abc"}
	for _, wrote := range []string{"", "T.n", "T.b", "T.c"} {
		d.DropAll(t)
		if r := d.ApplySchema(t, before); r.Refused {
			t.Fatal(r.Message)
		}
		d.Mutate(t, "<0x10> <dgraph.type> \"T\" .\n<0x10> <T.a> \"x\" .\n<0x10> <T.n> \"1\" .\n<0x10> <T.m> \"1\" .\n")
		s := Series{Deploy: after, AcceptLeft: true} // T.b is left where somebody wrote it
		u, err := Watch(t.Context(), c, []File{f}, s, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if wrote != "" {
			d.Alter(t, "T.b: string .\n") // or the first value would declare it
			d.Mutate(t, "<0x10> <"+wrote+"> \"7\" .\n")
		}
		if _, err := Up(t.Context(), c, []File{f}, s); err != nil {
			t.Fatal(err)
		}
		got, err := u.Compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Join(got.Changed, "\n")
		switch wrote {
		case "", "T.b": // what the plan writes is not looked at
			if changed != "" || got.Same != 3 {
				t.Errorf("%s written, and %q; %d as they were", wrote, changed, got.Same)
			}
		default:
			want := "T.n differs on at least 1 node; 1 node held 1 value or edge, now 1 holds 1"
			if wrote == "T.c" {
				want = "T.c is new, and 1 node holds something there"
			}
			if changed != want {
				t.Errorf("%s written, and %q", wrote, changed)
			}
		}
		if len(got.NotCompared) != 1 || !strings.HasPrefix(got.NotCompared[0], "T.m: it is read as float now, and was as int") {
			t.Errorf("not compared: %q", got.NotCompared)
		}
	}
}

// TestSumOrder: neither the order of nodes nor that of what a node holds matters.
func TestSumOrder(t *testing.T) {
	t.Parallel()
	a, b := dql.Quad{Data: "a", Type: "string", Lang: "en"}, dql.Quad{Data: "b", Type: "string"}
	var one, other Sum
	one.add(1, []dql.Quad{a, b})
	one.add(2, nil)
	other.add(2, nil)
	other.add(1, []dql.Quad{b, a})
	if one != other {
		t.Error("the order matters")
	}
	other.add(3, nil)
	one.add(3, []dql.Quad{a}) // of one node that was changed two sums tell one
	if one.nodesApart(&other) != 1 {
		t.Errorf("they differ on %d nodes, want 1", one.nodesApart(&other))
	}
}
