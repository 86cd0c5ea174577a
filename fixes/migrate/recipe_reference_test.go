package migrate

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// hostile are values that a query or a mutation could take for something else.
var hostile = []string{
	"", " ", "null", "0x1", "_:a", "[\"a\",\"b\"]", "$v0", "a\"b\\c", "{{x}} }", "\u0000\u0001\n\t\u2028", "😀 größe", "<x>", "uid(v)", "\\u0041",
	strings.Repeat("long ", 5000),
}

func TestScalarToReference(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type Post { id: ID! title: String @search(by: [hash]) tag: String tags: [String] year: Int }
interface Named { id: ID! name: String @search(by: [term]) }
type Tag implements Named { note: String n: Int }`
	const after = `type Post { id: ID! title: String @search(by: [hash]) tag: Tag @dgraph(pred: "Post.tagRef") tags: [Tag] @dgraph(pred: "Post.tagRefs") year: Year @dgraph(pred: "Post.yearRef") }
interface Named { id: ID! name: String @search(by: [term]) }
type Tag implements Named { note: String n: Int }
type Year { n: Int64 @id }`
	d.DropAll(t)
	apply(t, d, before)
	var quads strings.Builder
	for i, v := range hostile {
		for _, twin := range []string{"a", "b"} {
			s := "_:h" + twin + string(rune('a'+i))
			quads.WriteString(s + " <dgraph.type> \"Post\" .\n" + s + " <Post.title> \"hostile\" .\n" + s + " <Post.tag> " + dql.Literal(v) + " .\n")
		}
	}
	d.Mutate(t, quads.String()+`
_:old <dgraph.type> "Tag" .
_:old <dgraph.type> "Named" .
_:old <Named.name> "there" .
_:old <Tag.note> "before" .
_:no <Named.name> "there" .
_:a <dgraph.type> "Post" .
_:a <Post.title> "A" .
_:a <Post.tag> "there" (since=2020) .
_:a <Post.tags> "there" (f=1) .
_:a <Post.tags> "new" .
_:a <Post.tags> "" .
_:a <Post.year> "9007199254740993" .
_:b <dgraph.type> "Post" .
_:b <Post.title> "B" .
_:b <Post.tags> "new" .
_:b <Post.year> "9007199254740992" .
_:c <dgraph.type> "Post" .
_:c <Post.title> "C" .
_:c <Post.year> "9007199254740993" .
_:other <dgraph.type> "Other" .
_:other <Post.tag> "of another type" .
`)
	was, is := stored(t, before), stored(t, after)
	var steps []Step
	for _, m := range []struct {
		from, to string
		target   []string
		keys     []string
	}{
		{"Post.tag", "Post.tagRef", []string{"Tag", "Named"}, []string{"Named.name", "Tag.note"}},
		{"Post.tags", "Post.tagRefs", []string{"Tag", "Named"}, []string{"Named.name", "Tag.note", "Tag.n"}},
		{"Post.year", "Post.yearRef", []string{"Year"}, []string{"Year.n"}},
	} {
		r := Referencing{Moving: Moving{From: was.Predicate(m.from), To: is.Predicate(m.to), Types: []string{"Post"}}, Target: m.target}
		for _, k := range m.keys {
			r.Keys = append(r.Keys, is.Predicate(k))
		}
		migration := ScalarToReference(r)
		var given []string
		if len(m.keys) > 1 {
			given = m.keys[:1]
			if migration.Need == nil || !slices.Equal(migration.Need.Options, []string{"Named.name", "Tag.note"}) {
				t.Errorf("%+v", migration.Need)
			}
		}
		steps = append(steps, build(t, migration, given...)...)
	}
	did := carryOut(t, c, steps, Before)
	d.Mutate(t, "_:e <dgraph.type> \"Post\" .\n_:e <Post.title> \"Late\" .\n_:e <Post.tag> \"new\" .\n_:e <Post.tags> \"late\" .\n_:e <Post.year> \"1\" .\n")
	apply(t, d, after)
	did.left = append(did.left, carryOut(t, c, steps, After).left...)
	if len(did.left) > 0 {
		t.Errorf("%+v", did.left)
	}
	check := func() {
		answers(t, d, `{queryPost(filter: {not: {title: {eq: "hostile"}}}, order: {asc: title}) {title tag {__typename name note} tags(order: {asc: name}) {name note} year {n}}}`,
			`{"queryPost":[`+
				`{"title":"A","tag":{"__typename":"Tag","name":"there","note":"before"},"tags":[{"name":"","note":null},{"name":"new","note":null},{"name":"there","note":"before"}],"year":{"n":9007199254740993}},`+
				`{"title":"B","tag":null,"tags":[{"name":"new","note":null}],"year":{"n":9007199254740992}},`+
				`{"title":"C","tag":null,"tags":[],"year":{"n":9007199254740993}},`+
				`{"title":"Late","tag":{"__typename":"Tag","name":"new","note":null},"tags":[{"name":"late","note":null}],"year":{"n":1}}]}`)
		var nodes struct {
			Q []struct {
				Ref struct {
					UID  string
					Name string
				}
			}
		}
		if err := json.Unmarshal(d.Query(t, `{q(func: eq(Post.title, "hostile")) {Ref: Post.tagRef {UID: uid Name: Named.name}}}`), &nodes); err != nil {
			t.Fatal(err)
		}
		times, uids := map[string]int{}, map[string]string{}
		for _, n := range nodes.Q {
			times[n.Ref.Name]++
			uids[n.Ref.UID] = n.Ref.Name
		}
		for _, v := range hostile {
			if times[v] != 2 {
				t.Errorf("%.20q: %d edges", v, times[v])
			}
		}
		if len(uids) != len(hostile) {
			t.Errorf("%d nodes for %d values", len(uids), len(hostile))
		}
		// Two edges with facets, three values that were no tags, and none twice.
		stands(t, d, `{a(func: has(Post.tagRef)) @filter(eq(Post.title, "A")) {Post.tagRef @facets {Named.name} Post.tagRefs @facets(eq(f, 1)) {Named.name}}
  n(func: type(Tag)) @filter(NOT type(Named)) {count(uid)} y(func: type(Year)) {count(uid)} t(func: type(Tag)) @filter(has(Named.name)) {count(uid)}}`,
			`{"a":[{"Post.tagRef":{"Named.name":"there","Post.tagRef|since":2020},"Post.tagRefs":[{"Named.name":"there"}]}],"n":[{"count":0}],"y":[{"count":3}],"t":[{"count":18}]}`)
		stands(t, d, `{q(func: type(Other)) {Post.tagRef {uid}}}`, `{"q":[]}`)
	}
	check()
	carryOut(t, c, steps, Contract)
	check()
}

func TestReferenceToScalar(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type Post { id: ID! title: String tag: Tag tags: [Tag] first: Tag }
type Tag { id: ID! name: String nameDe: String @dgraph(pred: "Tag.name@de") alias: [String] n: Int64 born: DateTime }`
	const after = `type Post { id: ID! title: String tag: String @dgraph(pred: "Post.tagName") tags: [String] @dgraph(pred: "Post.tagNames") first: Int64 @dgraph(pred: "Post.firstN") }
type Tag { id: ID! name: String nameDe: String @dgraph(pred: "Tag.name@de") alias: [String] n: Int64 born: DateTime }`
	d.DropAll(t)
	apply(t, d, before)
	var quads strings.Builder
	for i, v := range hostile {
		s, to := "_:p"+string(rune('a'+i)), "_:t"+string(rune('a'+i))
		quads.WriteString(s + " <dgraph.type> \"Post\" .\n" + s + " <Post.tag> " + to + " .\n" + to + " <dgraph.type> \"Tag\" .\n" + to + " <Tag.name> " + dql.Literal(v) + " .\n")
	}
	uids := d.Mutate(t, quads.String()+`
_:x <dgraph.type> "Tag" .
_:x <Tag.name> "x" (note="of the target") .
_:x <Tag.name> "ix"@de .
_:x <Tag.alias> "x1" .
_:x <Tag.alias> "x2" .
_:x <Tag.n> "9007199254740993" .
_:twin <dgraph.type> "Tag" .
_:twin <Tag.name> "x" .
_:de <dgraph.type> "Tag" .
_:de <Tag.name> "nur deutsch"@de .
_:a <dgraph.type> "Post" .
_:a <Post.title> "A" .
_:a <Post.tag> _:x (since=2020) .
_:a <Post.tags> _:x .
_:a <Post.tags> _:twin .
_:a <Post.first> _:x .
_:b <dgraph.type> "Post" .
_:b <Post.title> "B" .
_:b <Post.tag> _:de .
_:b <Post.tags> _:x .
_:b <Post.tags> _:gone .
`)
	was, is := stored(t, before), stored(t, after)
	fields := []*storage.Predicate{was.Predicate("Tag.name"), was.Predicate("Tag.alias"), was.Predicate("Tag.n"), was.Predicate("Tag.born")}
	var steps []Step
	for _, m := range []struct{ from, to, field string }{{"Post.tag", "Post.tagName", ""}, {"Post.tags", "Post.tagNames", "Tag.name"}, {"Post.first", "Post.firstN", ""}} {
		var given []string
		if m.field != "" {
			given = []string{m.field}
		}
		steps = append(steps, build(t, ReferenceToScalar(Dereferencing{Moving: Moving{From: was.Predicate(m.from), To: is.Predicate(m.to)}, Fields: fields}), given...)...)
	}
	tags := `{q(func: type(Tag)) {uid Tag.name@* @facets Tag.alias Tag.n}}`
	untouched := string(d.Query(t, tags))
	did := carryOut(t, c, steps, Before)
	d.Mutate(t, "_:e <dgraph.type> \"Post\" .\n_:e <Post.title> \"Late\" .\n_:e <Post.tag> <"+uids["x"]+"> .\n")
	apply(t, d, after)
	again := carryOut(t, c, steps, After)
	for _, did := range []carried{did, again} {
		var reasons []string
		for _, l := range did.left {
			reasons = append(reasons, l.Reason)
		}
		want := []string{"Post.tag leads to nodes without Tag.name: " + uids["de"], "Post.tags leads to nodes without Tag.name: " + uids["gone"]}
		if diff := cmp.Diff(want, reasons); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	check := func() {
		answers(t, d, `{queryPost(filter: {has: title}, order: {asc: title}) {title tag tags first}}`,
			`{"queryPost":[{"title":"A","tag":"x","tags":["x"],"first":9007199254740993},{"title":"B","tag":null,"tags":["x"],"first":null},{"title":"Late","tag":"x","tags":[],"first":null}]}`)
		var nodes struct {
			Q []struct{ V *string }
		}
		if err := json.Unmarshal(d.Query(t, `{q(func: type(Post)) @filter(NOT has(Post.title)) {V: Post.tagName}}`), &nodes); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range nodes.Q {
			got = append(got, *n.V)
		}
		want := slices.Sorted(slices.Values(hostile))
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%.300q", got)
		}
		stands(t, d, `{q(func: has(Post.tagName)) @filter(eq(Post.title, "A")) {Post.tagName @facets}}`, `{"q":[{"Post.tagName|since":2020,"Post.tagName":"x"}]}`)
		if diff := cmp.Diff(untouched, string(d.Query(t, tags))); diff != "" {
			t.Errorf("the targets (-before +after):\n%s", diff)
		}
	}
	check()
	carryOut(t, c, steps, Contract)
	check()
	stands(t, d, `{q(func: has(Post.tag)) {uid}}`, `{"q":[]}`)
}

// TestReferencesInPlace has fields that keep their predicate, there and back.
func TestReferencesInPlace(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const tag = ` type Tag { id: ID! name: String @search(by: [exact]) }`
	const scalar, ref = `type Post { id: ID! title: String tags: [String] main: String mainFr: String @dgraph(pred: "Post.main@fr") }` + tag, `type Post { id: ID! title: String tags: [Tag] main: Tag }` + tag
	d.DropAll(t)
	apply(t, d, scalar)
	d.Mutate(t, `
_:a <dgraph.type> "Post" .
_:a <Post.title> "A" .
_:a <Post.tags> "x" (f=1) .
_:a <Post.tags> "y" .
_:a <Post.main> "x" .
_:b <dgraph.type> "Post" .
_:b <Post.title> "B" .
_:b <Post.tags> "x" .
_:b <Post.main> "principal"@fr .
`)
	was, is := stored(t, scalar), stored(t, ref)
	name := []*storage.Predicate{is.Predicate("Tag.name")}
	steps := slices.Concat(
		build(t, ScalarToReference(Referencing{Moving: Moving{From: was.Predicate("Post.tags"), To: is.Predicate("Post.tags")}, Keys: name, Target: []string{"Tag"}})),
		build(t, ScalarToReference(Referencing{Moving: Moving{From: was.Predicate("Post.main"), To: is.Predicate("Post.main")}, Keys: name, Target: []string{"Tag"}})))
	if left := carryOut(t, c, steps, Before).left; len(left) != 1 || left[0].Reason != "Post.main has values in a language, and a reference is in none" {
		t.Errorf("%+v", left)
	}
	apply(t, d, ref)
	carryOut(t, c, steps, After)
	answers(t, d, `{queryPost(order: {asc: title}) {title tags(order: {asc: name}) {name} main {name}} queryTag(order: {asc: name}) {name}}`,
		`{"queryPost":[{"title":"A","tags":[{"name":"x"},{"name":"y"}],"main":{"name":"x"}},{"title":"B","tags":[{"name":"x"}],"main":null}],"queryTag":[{"name":"x"},{"name":"y"}]}`)
	stands(t, d, `{q(func: has(Post.main__kept@.)) @filter(NOT has(Post.main)) {Post.main__kept@fr} f(func: has(Post.tags__kept)) @filter(NOT has(Post.main__kept@fr)) {Post.tags__kept @facets}}`,
		`{"q":[{"Post.main__kept@fr":"principal"}],"f":[{"Post.tags__kept|f":{"1":1},"Post.tags__kept":["y","x"]}]}`)
	carryOut(t, c, steps, Contract)
	if schema := d.StoredSchema(t); strings.Contains(schema, "__") {
		t.Errorf("%s", schema)
	}

	steps = slices.Concat(
		build(t, ReferenceToScalar(Dereferencing{Moving: Moving{From: is.Predicate("Post.tags"), To: was.Predicate("Post.tags")}, Fields: name})),
		build(t, ReferenceToScalar(Dereferencing{Moving: Moving{From: is.Predicate("Post.main"), To: was.Predicate("Post.main")}, Fields: name})))
	carryOut(t, c, steps, Before)
	apply(t, d, scalar)
	carryOut(t, c, steps, After)
	carryOut(t, c, steps, Contract)
	answers(t, d, `{queryPost(order: {asc: title}) {title tags main}}`, `{"queryPost":[{"title":"A","tags":["y","x"],"main":"x"},{"title":"B","tags":["x"],"main":null}]}`)
	stands(t, d, `{q(func: has(Post.main)) {Post.tags @facets}}`, `{"q":[{"Post.tags|f":{"1":1},"Post.tags":["y","x"]}]}`)
}

// TestReferByHand sends what a plan shows to people.
func TestReferByHand(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Alter(t, "Post.tag: string .\nPost.ref: uid .\nTag.name: string @index(hash) @upsert .")
	d.Mutate(t, "_:a <dgraph.type> \"Post\" .\n_:a <Post.tag> \"VALUE\" .\n_:b <dgraph.type> \"Post\" .\n_:b <Post.tag> \"VALUE\" .\n_:c <dgraph.type> \"Other\" .\n_:c <Post.tag> \"VALUE\" .\n")
	r := &Refer{From: "Post.tag", To: "Post.ref", Key: "Tag.name", Types: []string{"Post"}, Target: []string{"Tag", "Named"}}
	text := r.dql(&Step{Select: &Select{Root: "has(Post.tag)"}})
	for range 2 {
		upserted(t, d, text)
		stands(t, d, `{q(func: has(Post.ref)) {dgraph.type Post.ref {Tag.name}} t(func: has(Tag.name)) {count(uid)}}`,
			`{"q":[{"dgraph.type":["Post"],"Post.ref":{"Tag.name":"VALUE"}},{"dgraph.type":["Post"],"Post.ref":{"Tag.name":"VALUE"}}],"t":[{"count":1}]}`)
	}
}

func TestReferJudge(t *testing.T) {
	const root = "has(Post.tag)"
	live := &dql.Stored{Predicates: []dql.Predicate{
		{Name: "Post.ref", Type: "uid"}, {Name: "Post.refs", Type: "uid", List: true},
		{Name: "Post.tag", Type: "string"}, {Name: "Tag.name", Type: "string", Upsert: true, Index: []dql.Tokenizer{{Name: "hash"}}}, {Name: "Tag.bare", Type: "string"},
	}}
	value := func(text, lang string) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: "Post.tag", Data: text, Type: "string", Lang: lang}
	}
	edge := func(predicate, to string) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: predicate, Object: dql.Ref(to), Type: "uid"}
	}
	for _, test := range []struct {
		name   string
		to     string
		quads  []dql.Quad
		answer string
		set    []string
		left   int
	}{
		{"new", "Post.ref", []dql.Quad{value("a", "")}, `{"q":[]}`, []string{"_:v0 Tag.name a", "_:v0 dgraph.type Tag", "0x1 Post.ref _:v0"}, 0},
		{"lowest of two", "Post.ref", []dql.Quad{value("a", "")}, `{"q":[{"uid":"0x5","c":"a"},{"uid":"0x6","c":"a"}]}`, []string{"0x1 Post.ref 0x5"}, 0},
		{"the one of two that is there", "Post.ref", []dql.Quad{value("a", ""), edge("Post.ref", "0x6")}, `{"q":[{"uid":"0x5","c":"a"},{"uid":"0x6","c":"a"}]}`, nil, 0},
		{"another edge", "Post.ref", []dql.Quad{value("a", ""), edge("Post.ref", "0x7")}, `{"q":[{"uid":"0x5","c":"a"}]}`, nil, 1},
		{"two for one edge", "Post.ref", []dql.Quad{value("a", ""), value("b", "")}, `{"q":[{"uid":"0x5","c":"a"},{"uid":"0x6","c":"b"}]}`, []string{"0x1 Post.ref 0x5"}, 1},
		{"two for two edges", "Post.refs", []dql.Quad{value("a", ""), value("b", ""), edge("Post.refs", "0x9")}, `{"q":[{"uid":"0x6","c":"b"}]}`,
			[]string{"_:v1 Tag.name a", "_:v1 dgraph.type Tag", "0x1 Post.refs _:v1", "0x1 Post.refs 0x6"}, 0},
		{"in a language", "Post.ref", []dql.Quad{value("a", "de")}, `{"q":[]}`, nil, 1},
		{"of the same value twice", "Post.refs", []dql.Quad{value("a", ""), value("a", "")}, `{"q":[]}`, []string{"_:v0 Tag.name a", "_:v0 dgraph.type Tag", "0x1 Post.refs _:v0"}, 0},
		{"none", "Post.ref", nil, `{"q":[]}`, nil, 0},
	} {
		task := &Refer{From: "Post.tag", To: test.to, Key: "Tag.name", Target: []string{"Tag"}}
		n := &node{uid: 1, quads: map[string][]dql.Quad{}}
		for _, q := range test.quads {
			n.quads[q.Predicate] = append(n.quads[q.Predicate], q)
		}
		c, err := task.judge(&page{nodes: []*node{n}, live: live, answer: []byte(test.answer)})
		if err != nil {
			t.Fatal(err)
		}
		var set []string
		for _, q := range c.set {
			to := string(q.Object)
			if to == "" {
				to = textOf(q.Data)
			}
			set = append(set, string(q.Subject)+" "+q.Predicate+" "+to)
		}
		if diff := cmp.Diff(test.set, set); diff != "" || len(c.left) != test.left || len(c.del) > 0 {
			t.Errorf("%s: left %+v, (-want +got):\n%s", test.name, c.left, diff)
		}
	}
	n := &node{uid: 1, quads: map[string][]dql.Quad{"Post.tag": {value("a", "")}}}
	task := &Refer{From: "Post.tag", To: "Post.ref", Key: "Tag.bare", Target: []string{"Tag"}}
	if _, _, err := task.question(&page{nodes: []*node{n}, live: live}); err == nil || !strings.Contains(err.Error(), "needs @upsert and an index") {
		t.Errorf("a key without an index: %v", err)
	}
	task.Key = "Tag.name"
	text, vars, err := task.question(&page{nodes: []*node{n}, live: live})
	if err != nil || !strings.Contains(text, "eq(Tag.name, [$v0])") || vars["$v0"] != "a" {
		t.Errorf("%s %v %v", text, vars, err)
	}
	step := &Step{ID: "x", Phase: Before, Kind: "refer", Undo: UndoYes, Select: &Select{Root: root}, Refer: task, Reads: task.reads(), Writes: task.writes()}
	if err := step.check(); err != nil {
		t.Error(err)
	}
	step.Writes = step.Writes[1:]
	if err := step.check(); err == nil {
		t.Error("a step that does not declare what it writes")
	}
}

func TestReferencesRefuse(t *testing.T) {
	const before = `type Post { id: ID! text: String texts: [String] at: Point tag: Tag tags: [Tag] } type Tag { id: ID! name: String n: Int names: [String] } `
	is := stored(t, before+`type To { id: ID! text: Tag texts: [Tag] at: Tag tag: String tags: [String] one: String n: Int b: Boolean }`)
	p := is.Predicate
	keys := []*storage.Predicate{p("Tag.name"), p("Tag.names"), p("Tag.n"), p("To.one")}
	for _, test := range []struct {
		m     *Migration
		given []string
		want  string
	}{
		{ScalarToReference(Referencing{Moving{From: p("Post.at"), To: p("To.at")}, []string{"Tag"}, keys}), nil, "cannot be looked up"},
		{ScalarToReference(Referencing{Moving{From: p("Post.texts"), To: p("To.text")}, []string{"Tag"}, keys}), nil, "policy"},
		{ScalarToReference(Referencing{Moving{From: p("Post.text"), To: p("To.text")}, []string{"Tag"}, keys[1:3]}), nil, "none is stored as string"},
		{ScalarToReference(Referencing{Moving{From: p("Post.text"), To: p("To.text")}, []string{"Tag"}, keys}), nil, "one of Tag.name, To.one"},
		{ScalarToReference(Referencing{Moving{From: p("Post.text"), To: p("To.text")}, []string{"Tag"}, keys}), []string{"Tag.n"}, `"Tag.n" is not a field`},
		{ScalarToReference(Referencing{Moving{From: p("Post.text"), To: p("To.one")}, []string{"Tag"}, keys}), nil, "To.one holds no references"},
		{ReferenceToScalar(Dereferencing{Moving{From: p("Post.tags"), To: p("To.tag")}, keys}), nil, "policy"},
		{ReferenceToScalar(Dereferencing{Moving{From: p("Post.tag"), To: p("To.b")}, keys}), nil, "none is stored as bool"},
		{ReferenceToScalar(Dereferencing{Moving{From: p("Post.text"), To: p("To.tag")}, keys}), nil, "holds no references"},
		{ReferenceToScalar(Dereferencing{Moving{From: p("Post.tag"), To: p("To.n")}, keys}), []string{"Tag.n"}, "nothing to choose"},
	} {
		if _, err := test.m.Build(test.given); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v", test.want, err)
		}
	}
}

// TestReferTogether has two batches make a node of one value at the same time:
// the later one does not, and finds the node when it tries again.
func TestReferTogether(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "Post.tag: string .")
	d.Mutate(t, "_:a <Post.tag> \"x\" .\n_:b <Post.tag> \"x\" .\n")
	steps := build(t, ScalarToReference(Referencing{Moving{From: pointer(kind("Post.tag", "string")), To: pointer(kind("Post.ref", "uid"))}, []string{"Tag"}, []*storage.Predicate{pointer(kind("Tag.name", "string"))}}))
	var step *Step
	for i := range steps {
		switch s := &steps[i]; {
		case s.Declare != nil && s.Phase == Before:
			pass(t, c, s, true)
		case s.Refer != nil && s.Phase == Before:
			step = s
		}
	}
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{step: step, task: step.Refer, live: live}
	var txns []*dql.Txn
	var changes []*change
	after := uint64(0)
	for range 2 {
		tx := c.Txn()
		p, at, err := r.page(t.Context(), tx, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		after = at.last
		made, err := step.Refer.judge(p)
		if err != nil {
			t.Fatal(err)
		}
		txns, changes = append(txns, tx), append(changes, made)
	}
	if _, err := txns[0].Commit(t.Context(), changes[0].set, nil); err != nil {
		t.Fatal(err)
	}
	var failed *dql.Error
	if _, err := txns[1].Commit(t.Context(), changes[1].set, nil); !errors.As(err, &failed) || failed.Kind != dql.Aborted {
		t.Errorf("%v", err)
	}
	pass(t, c, step, true)
	stands(t, d, `{q(func: type(Tag)) {count(uid)} r(func: has(Post.ref)) {Post.ref {Tag.name}}}`, `{"q":[{"count":1}],"r":[{"Post.ref":{"Tag.name":"x"}},{"Post.ref":{"Tag.name":"x"}}]}`)
}
