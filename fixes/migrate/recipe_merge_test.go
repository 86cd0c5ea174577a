package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// firstBatch carries out the first batch of a step only, as if the run had ended
// there.
func firstBatch(t *testing.T, c *dql.Client, s *Step) {
	t.Helper()
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	task, err := s.task()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := task.(paged)
	if !ok {
		pass(t, c, s, true)
		return
	}
	r := &reader{step: s, task: p, live: live}
	tx := c.Txn()
	batch, at, err := r.page(t.Context(), tx, 0, 2)
	if err != nil {
		t.Fatalf("step %s: %v", s.ID, err)
	}
	if at.nodes == 0 {
		return
	}
	change, err := p.judge(batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context(), change.set, change.del); err != nil {
		t.Fatal(err)
	}
}

const mergeSchema = `interface Named { id: ID! name: String }
type User implements Named @secret(field: "pass") { email: String! @id tags: [String] friends: [User] boss: User born: DateTime n: Int64 at: Point bio: String @dgraph(pred: "User.bio") fr: String @dgraph(pred: "User.bio@fr") posts: [Post] }
type Post { id: ID! title: String author: User likers: [User] about: Named }`

func merging(t *testing.T) Uniqueness {
	is := stored(t, mergeSchema)
	u := Uniqueness{
		Predicate: is.Predicate("User.email"), Types: []string{"User"}, NonNull: true,
		Fields: map[string]*storage.Predicate{"born": is.Predicate("User.born")},
		Merged: &Merging{Types: []string{"User", "Named"}},
	}
	for _, name := range []string{"Named.name", "User.email", "User.tags", "User.friends", "User.boss", "User.born", "User.n", "User.at", "User.bio", "User.posts", "User.pass"} {
		u.Merged.Predicates = append(u.Merged.Predicates, is.Predicate(name))
	}
	if slices.Contains(u.Merged.Predicates, nil) {
		t.Fatalf("a predicate is missing in\n%s", is)
	}
	for _, name := range []string{"User.friends", "User.boss", "Post.author", "Post.likers", "Post.about"} {
		u.Merged.Incoming = append(u.Merged.Incoming, is.Predicate(name))
	}
	return u
}

// TestMerge ends in every step after its first batch, begins again, and has the
// old application write meanwhile.
func TestMerge(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	at := reserve(t, d, c)
	apply(t, d, strings.Replace(mergeSchema, "String! @id", "String", 1))
	var nquads strings.Builder
	for i, email := range []string{"x", "x", "x", "x", "", "", "y"} { // 0x10 to 0x16
		fmt.Fprintf(&nquads, "<0x1%d> <dgraph.type> \"User\" .\n<0x1%d> <dgraph.type> \"Named\" .\n<0x1%d> <User.email> %q .\n<0x1%d> <User.tags> \"t%d\" .\n<0x1%d> <User.tags> \"all\" (f=%d) .\n", i, i, i, email, i, i, i, i)
	}
	for i := range 4 { // 0x20 to 0x23
		fmt.Fprintf(&nquads, "<0x2%d> <dgraph.type> \"Post\" .\n<0x2%d> <Post.title> \"p%d\" .\n<0x2%d> <Post.author> <0x1%d> (f=%d) .\n<0x2%d> <Post.about> <0x1%d> .\n", i, i, i, i, i, i, i, 6-i)
	}
	at.mutate(nquads.String() + `
<0x11> <Named.name> "Ann \"A\" {{\\}} 🙂" (f=1) .
<0x12> <Named.name> "Bob" .
<0x13> <User.n> "9007199254740993" .
<0x12> <User.born> "2000-01-02T03:04:05.123456789+05:30" .
<0x12> <User.at> "{'type':'Point','coordinates':[1.5,2.25]}"^^<geo:geojson> .
<0x10> <User.bio> "plain" .
<0x11> <User.bio> "bonjour"@fr .
<0x13> <User.bio> "other" .
<0x11> <User.friends> <0x16> (since=2020-01-01T00:00:00Z) .
<0x12> <User.friends> <0x13> .
<0x12> <User.friends> <0x16> .
<0x16> <User.friends> <0x11> (w=1) .
<0x16> <User.friends> <0x12> (w=1) .
<0x16> <User.friends> <0x15> .
<0x16> <User.boss> <0x13> (w=2) .
<0x13> <User.boss> <0x15> .
<0x11> <User.posts> <0x20> .
<0x13> <User.posts> <0x21> .
<0x20> <Post.likers> <0x10> .
<0x20> <Post.likers> <0x12> (w=1) .
<0x20> <Post.likers> <0x13> (w=2) .
<0x20> <Post.likers> <0x16> (w=3) .
<0x15> <User.pass> "secret1" .
`)
	const others = `{q(func: has(Post.title)) {uid dgraph.type Post.title} r(func: uid(0x16)) {uid dgraph.type User.email User.tags @facets}}`
	untouched := at.read(others)
	steps := build(t, MakeUnique(merging(t)), "merge")
	for i := range steps {
		if steps[i].Phase == Before {
			firstBatch(t, c, &steps[i])
		}
	}
	left := carryOut(t, c, steps, Before).left
	var told []string
	for _, l := range left {
		told = append(told, fmt.Sprintf("%x %s %v: %s", l.UID-at.base, l.Predicate, l.Data, at.here(l.Reason)))
	}
	slices.Sort(told)
	if diff := cmp.Diff([]string{
		"11 User.tags all: its facets under User.tags are not those of 0x10, into which it is merged",
		"12 Named.name Bob: its Named.name is not that of 0x10, into which it is merged",
		"12 User.tags all: its facets under User.tags are not those of 0x10, into which it is merged",
		"13 User.bio other: its User.bio is not that of 0x10, into which it is merged",
		"13 User.tags all: its facets under User.tags are not those of 0x10, into which it is merged",
		"14 User.email : it is empty, which no @id may be: people have to say what it is",
		"15 User.pass <nil>: it has a password, which cannot be given to 0x14",
		"15 User.tags all: its facets under User.tags are not those of 0x14, into which it is merged",
		`20  <nil>: its facets under Post.likers are not those of its edge to 0x10, which 0x13 is merged into: w=2`,
	}, told); diff != "" {
		t.Error(diff)
	}
	// The old application writes at a node that is merged, leads to one, and adds one
	// more with a lower uid.
	at.mutate(`
<0x11> <User.tags> "late" .
<0x23> <Post.likers> <0x13> .
<0x9> <dgraph.type> "User" .
<0x9> <dgraph.type> "Named" .
<0x9> <User.email> "x" .
<0x9> <User.tags> "lower" .
`)
	apply(t, d, mergeSchema)
	carryOut(t, c, steps, After)
	answers(t, d, `{queryUser(order: {asc: email}) {email name tags n born at {longitude} bio fr boss {email} friends(order: {asc: email}) {email} posts(order: {asc: title}) {title}}}`, `{"queryUser":[`+
		`{"email":"","name":null,"tags":["t5","all","t4"],"n":null,"born":null,"at":null,"bio":null,"fr":null,"boss":null,"friends":[],"posts":[]},`+
		`{"email":"x","name":"Ann \"A\" {{\\}} 🙂","tags":["t1","all","t0","t2","t3","late","lower"],"n":9007199254740993,"born":"2000-01-02T03:04:05.123456789+05:30","at":{"longitude":1.5},"bio":"plain","fr":"bonjour","boss":{"email":""},"friends":[{"email":"x"},{"email":"y"}],"posts":[{"title":"p0"},{"title":"p1"}]},`+
		`{"email":"y","name":null,"tags":["all","t6"],"n":null,"born":null,"at":null,"bio":null,"fr":null,"boss":{"email":"x"},"friends":[{"email":""},{"email":"x"}],"posts":[]}]}`)
	answers(t, d, `{queryPost(order: {asc: title}) {author {email} likers(order: {asc: email}) {email} about {... on User {email}}}}`, `{"queryPost":[`+
		`{"author":{"email":"x"},"likers":[{"email":"x"},{"email":"y"}],"about":{"email":"y"}},`+
		`{"author":{"email":"x"},"likers":[],"about":{"email":""}},{"author":{"email":"x"},"likers":[],"about":{"email":""}},{"author":{"email":"x"},"likers":[{"email":"x"}],"about":{"email":"x"}}]}`)
	served := func() {
		t.Helper()
		answers(t, d, `{getUser(email: "x") {n} queryNamed {__typename}}`, `{"getUser":{"n":9007199254740993},"queryNamed":[{"__typename":"User"},{"__typename":"User"},{"__typename":"User"}]}`)
		refused(t, d, `mutation {addUser(input: {email: "x", pass: "secret2"}) {numUids}}`, "id x already exists for field email inside type User")
		answers(t, d, `mutation {addUser(input: {email: "x", n: 9007199254740993, pass: "secret2"}, upsert: true) {user {email}}}`, `{"addUser":{"user":[{"email":"x"}]}}`)
	}
	served()
	same(t, "facets", at.read(`{q(func: uid(0x9)) {User.friends @facets {uid}} r(func: uid(0x16)) {User.friends @facets {uid} User.boss @facets {uid}} s(func: uid(0x20)) {Post.likers @facets {uid}}}`),
		`{"q":[{"User.friends":[{"uid":"0x9"},{"uid":"0x16","User.friends|since":"2020-01-01T00:00:00Z"}]}],`+
			`"r":[{"User.friends":[{"uid":"0x9","User.friends|w":1},{"uid":"0x14"}],"User.boss":{"uid":"0x9","User.boss|w":2}}],`+
			`"s":[{"Post.likers":[{"uid":"0x9","Post.likers|w":1},{"uid":"0x16","Post.likers|w":3}]}]}`)
	same(t, "what is merged keeps its values", at.read(`{q(func: uid(0x12)) {Named.name User.email} p(func: has(User.pass)) {uid}}`),
		`{"q":[{"Named.name":"Bob","User.email":"x"}],"p":[{"uid":"0x9"},{"uid":"0x15"}]}`)
	at.mutate(`<0x12> <User.tags> "latest" .`)
	carryOut(t, c, steps, Contract)
	served()
	same(t, "written until the end", at.read(`{q(func: uid(0x9)) {count(User.tags)}}`), `{"q":[{"count(User.tags)":8}]}`)
	same(t, "left", at.read(`{q(func: has(User.email)) {uid} n(func: has(Named.name)) {uid} t(func: has(User.tags)) {uid} p(func: has(User.pass)) {uid} m(func: has(<schemacheck.merged.User.email>)) {uid}}`),
		`{"q":[{"uid":"0x9"},{"uid":"0x14"},{"uid":"0x16"}],"n":[{"uid":"0x9"}],"t":[{"uid":"0x9"},{"uid":"0x14"},{"uid":"0x16"}],"p":[{"uid":"0x9"}],"m":[]}`)
	same(t, "untouched", at.read(others), untouched)
}

// TestAskMerged has marks that lead on, to a node that was deleted, and in a circle.
func TestAskMerged(t *testing.T) {
	t.Parallel()
	// Each question is answered from the marks; what has a type is asked last.
	server := func(marks map[dql.Ref]dql.Ref, typed ...dql.Ref) ask {
		return func(text string, _ map[string]string) ([]byte, error) {
			_, list, _ := strings.Cut(text, "uid(")
			list, rest, _ := strings.Cut(list, ")")
			var rows []string
			for _, ref := range strings.Split(list, ", ") {
				switch into, marked := marks[dql.Ref(ref)]; {
				case strings.Contains(rest, "dgraph.type") && slices.Contains(typed, dql.Ref(ref)):
					rows = append(rows, fmt.Sprintf(`{"uid":%q}`, ref))
				case !strings.Contains(rest, "dgraph.type") && marked:
					rows = append(rows, fmt.Sprintf(`{"uid":%q,"into":{"uid":%q}}`, ref, into))
				}
			}
			return []byte(`{"q":[` + strings.Join(rows, ",") + `]}`), nil
		}
	}
	chain := map[dql.Ref]dql.Ref{"0x1": "0x2", "0x2": "0x3", "0x3": "0x4", "0x7": "0x8"}
	got, err := askMerged([]dql.Ref{"0x1", "0x3", "0x5", "0x7"}, "schemacheck.merged.p", server(chain, "0x4", "0x5"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(merged{"0x1": "0x4", "0x2": "0x4", "0x3": "0x4"}, got); diff != "" {
		t.Error(diff) // 0x8 is deleted
	}
	if _, err := askMerged([]dql.Ref{"0x1"}, "schemacheck.merged.p", server(map[dql.Ref]dql.Ref{"0x1": "0x2", "0x2": "0x1"}, "0x1", "0x2")); err == nil {
		t.Error("a circle is followed")
	}
}

func TestRepointJudge(t *testing.T) {
	t.Parallel()
	edge := func(to dql.Ref, facets ...dql.Facet) dql.Quad {
		return dql.Quad{Subject: "0x1", Predicate: "p", Object: to, Facets: facets}
	}
	f, g := dql.Facet{Key: "f", Data: "1"}, dql.Facet{Key: "f", Data: "2"}
	known := merged{"0x2": "0x9", "0x3": "0x9", "0x4": "0x8"}
	for name, c := range map[string]struct {
		list           bool
		edges          []dql.Quad
		set, del       []dql.Quad
		left           int
		expectsNothing bool
	}{
		"nothing to do":       {true, []dql.Quad{edge("0x9"), edge("0x7", f)}, nil, nil, 0, true},
		"single":              {false, []dql.Quad{edge("0x2", f)}, []dql.Quad{edge("0x9", f)}, nil, 0, false},
		"list":                {true, []dql.Quad{edge("0x2", f), edge("0x4")}, []dql.Quad{edge("0x9", f), edge("0x8")}, []dql.Quad{edge("0x2", f), edge("0x4")}, 0, false},
		"there already":       {true, []dql.Quad{edge("0x2"), edge("0x9", f)}, nil, []dql.Quad{edge("0x2")}, 0, false},
		"there without facet": {true, []dql.Quad{edge("0x2", f), edge("0x9")}, []dql.Quad{edge("0x9", f)}, []dql.Quad{edge("0x2", f)}, 0, false},
		"there with another":  {true, []dql.Quad{edge("0x2", f), edge("0x9", g)}, nil, []dql.Quad{edge("0x2", f)}, 1, false},
		"two to one":          {true, []dql.Quad{edge("0x2"), edge("0x3", f)}, []dql.Quad{edge("0x9", f)}, []dql.Quad{edge("0x2"), edge("0x3", f)}, 0, false},
		"two facets to one":   {true, []dql.Quad{edge("0x2", f), edge("0x3", g)}, []dql.Quad{edge("0x9", f)}, []dql.Quad{edge("0x2", f), edge("0x3", g)}, 1, false},
	} {
		p := &page{
			live:  &dql.Stored{Predicates: []dql.Predicate{{Name: "p", Type: "uid", List: c.list}}},
			nodes: []*node{{uid: 1, quads: map[string][]dql.Quad{"p": c.edges}}}, found: known,
		}
		got, err := (&Repoint{Mark: "schemacheck.merged.x", Predicate: "p"}).judge(p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]dql.Quad{c.set, c.del}, [][]dql.Quad{got.set, got.del}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(got.left) != c.left || (got.changed == 0) != c.expectsNothing {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestMergeJudge(t *testing.T) {
	t.Parallel()
	value := func(s dql.Ref, p, v string) dql.Quad {
		return dql.Quad{Subject: s, Predicate: p, Data: v, Type: "string"}
	}
	loser := func(uid uint64, quads ...dql.Quad) *node {
		n := &node{uid: uid, quads: map[string][]dql.Quad{}}
		for _, q := range quads {
			n.quads[q.Predicate] = append(n.quads[q.Predicate], q)
		}
		return n
	}
	p := &page{
		live: &dql.Stored{Predicates: []dql.Predicate{{Name: "s", Type: "string"}, {Name: "l", Type: "string", List: true}, {Name: "e", Type: "uid", List: true}}},
		// Two of one page are merged into one node, and both have what that lacks.
		nodes: []*node{
			loser(2, value("0x2", "s", "first"), value("0x2", "l", ""), dql.Quad{Subject: "0x2", Predicate: "e", Object: "0x3"}),
			loser(3, value("0x3", "s", "second"), value("0x3", "l", ""), dql.Quad{Subject: "0x3", Predicate: "e", Object: "0x2"}),
			loser(4, value("0x4", "s", "its node is gone")),
		},
		found: &survivors{merged: merged{"0x2": "0x1", "0x3": "0x1"}, quads: map[dql.Ref]map[string][]dql.Quad{"0x1": {}}},
	}
	c, err := (&MergeValues{Mark: "schemacheck.merged.x", Predicates: []string{"s", "l", "e"}}).judge(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dql.Quad{value("0x1", "s", "first"), value("0x1", "l", ""), {Subject: "0x1", Predicate: "e", Object: "0x1"}}, c.set); diff != "" {
		t.Error(diff)
	}
	if len(c.left) != 2 || c.left[0].Data != "second" || c.left[1].UID != 4 || len(c.del) > 0 {
		t.Errorf("%+v", c)
	}
}

func TestRetireJudge(t *testing.T) {
	t.Parallel()
	value := func(s dql.Ref, v string) []dql.Quad {
		return []dql.Quad{{Subject: s, Predicate: "s", Data: v, Type: "string"}}
	}
	p := &page{
		live: &dql.Stored{Predicates: []dql.Predicate{{Name: "s", Type: "string"}}},
		nodes: []*node{
			{uid: 2, types: []string{"A", "Other"}, quads: map[string][]dql.Quad{"s": value("0x2", "x")}},
			{uid: 3, types: []string{"A"}, quads: map[string][]dql.Quad{"s": value("0x3", "changed since")}},
			{uid: 4, types: []string{"A"}, quads: map[string][]dql.Quad{"s": value("0x4", "its node is gone")}},
			{uid: 5, types: []string{"A"}},
		},
		found: &survivors{merged: merged{"0x2": "0x1", "0x3": "0x1", "0x5": "0x1"}, quads: map[dql.Ref]map[string][]dql.Quad{"0x1": {"s": value("0x1", "x")}}},
	}
	c, err := (&Retire{Mark: "schemacheck.merged.s", Predicate: "s", Types: []string{"A", "I"}}).judge(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dql.Quad{typeQuad(p.nodes[0], "A"), typeQuad(p.nodes[3], "A")}, c.del); diff != "" {
		t.Error(diff)
	}
	if len(c.left) != 1 || c.left[0].UID != 3 || len(c.set) > 0 {
		t.Errorf("%+v", c)
	}
}
