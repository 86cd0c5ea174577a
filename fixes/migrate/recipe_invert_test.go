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

// TestBackfillInverse has pages of authors that share posts, so that who gets a
// post is decided over pages.
func TestBackfillInverse(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const before = `type Author { id: ID! name: String posts: [Post] friends: [Author] twin: Author }
type Post { id: ID! title: String author: Author readers: [Reader] } type Reader { id: ID! name: String read: [Post] }`
	after := strings.NewReplacer("posts: [Post]", "posts: [Post] @hasInverse(field: author)", "friends: [Author]", "friends: [Author] @hasInverse(field: friends)",
		"twin: Author", "twin: Author @hasInverse(field: twin)", "read: [Post]", "read: [Post] @hasInverse(field: readers)").Replace(before)
	d.DropAll(t)
	at := reserve(t, d, c)
	apply(t, d, before)
	var nquads strings.Builder
	for i := range 7 {
		fmt.Fprintf(&nquads, "<0x1%d> <dgraph.type> \"Author\" .\n<0x1%d> <Author.name> \"a%d\" .\n", i, i, i)
		fmt.Fprintf(&nquads, "<0x2%d> <dgraph.type> \"Post\" .\n<0x2%d> <Post.title> \"p%d\" .\n", i, i, i)
		fmt.Fprintf(&nquads, "<0x3%d> <dgraph.type> \"Reader\" .\n<0x3%d> <Reader.name> \"r%d\" .\n", i, i, i)
	}
	at.mutate(nquads.String() + `
<0x10> <Author.posts> <0x20> (since=1) .
<0x16> <Author.posts> <0x21> .
<0x11> <Author.posts> <0x21> .
<0x13> <Author.posts> <0x22> .
<0x12> <Author.posts> <0x22> .
<0x22> <Post.author> <0x13> .
<0x23> <Post.author> <0x14> .
<0x15> <Author.posts> <0x30> .
<0x15> <Author.posts> <0x99> .
<0x98> <Author.posts> <0x24> .
<0x16> <Author.posts> <0x24> .
<0x10> <Author.friends> <0x11> .
<0x10> <Author.friends> <0x10> .
<0x16> <Author.friends> <0x11> .
<0x11> <Author.friends> <0x16> .
<0x10> <Author.twin> <0x16> .
<0x11> <Author.twin> <0x12> .
<0x12> <Author.twin> <0x13> .
<0x20> <Post.readers> <0x30> .
<0x20> <Post.readers> <0x31> .
<0x36> <Reader.read> <0x26> .
<0x30> <Reader.read> <0x21> .
`)
	untouched := at.read(`{q(func: has(dgraph.type), orderasc: Post.title) @filter(NOT type(dgraph.graphql)) {uid dgraph.type Author.name Post.title Reader.name}}`)
	is := stored(t, after)
	side := func(predicate, typ string) Side { return Side{is.Predicate(predicate), []string{typ}} }
	steps := func(several string) []Step {
		return slices.Concat(
			build(t, BackfillInverse(side("Author.posts", "Author"), side("Post.author", "Post")), several),
			build(t, BackfillInverse(side("Author.friends", "Author"), side("Author.friends", "Author"))),
			build(t, BackfillInverse(side("Author.twin", "Author"), side("Author.twin", "Author")), several),
			build(t, BackfillInverse(side("Post.readers", "Post"), side("Reader.read", "Reader"))))
	}
	told := func(did carried) string {
		var all []string
		for _, l := range did.left {
			all = append(all, fmt.Sprintf("%x: %s", l.UID-at.base, at.here(l.Reason)))
		}
		slices.Sort(all)
		return strings.Join(all, "\n")
	}
	first := carryOut(t, c, steps("refuse"), Before)
	same(t, "left", told(first), `11: Author.twin of 0x12 leads to 0x13, not back to it
11: it is one of 2 nodes that Post.author of 0x21 could lead back to
12: Post.author of 0x22 leads to 0x13, not back to it
16: it is one of 2 nodes that Post.author of 0x21 could lead back to`)
	same(t, "refused", at.read(`{q(func: uid(0x21)) {Post.author {uid}}}`), `{"q":[]}`)
	apply(t, d, after)
	second := carryOut(t, c, steps("lowest"), After) // without reverse edges
	same(t, "left", told(second), `11: Author.twin of 0x12 leads to 0x13, not back to it
12: Post.author of 0x22 leads to 0x13, not back to it
16: Post.author of 0x21 leads to 0x11, not back to it`)
	answers(t, d, `{queryAuthor(order: {asc: name}) {name posts(order: {asc: title}) {title} friends(order: {asc: name}) {name} twin {name}}}`, `{"queryAuthor":[`+
		`{"name":"a0","posts":[{"title":"p0"}],"friends":[{"name":"a0"},{"name":"a1"}],"twin":{"name":"a6"}},`+
		`{"name":"a1","posts":[{"title":"p1"}],"friends":[{"name":"a0"},{"name":"a6"}],"twin":{"name":"a2"}},`+
		`{"name":"a2","posts":[{"title":"p2"}],"friends":[],"twin":{"name":"a3"}},`+
		`{"name":"a3","posts":[{"title":"p2"}],"friends":[],"twin":{"name":"a2"}},`+
		`{"name":"a4","posts":[{"title":"p3"}],"friends":[],"twin":null},`+
		`{"name":"a5","posts":[{"title":null},{"title":null}],"friends":[],"twin":null},`+
		`{"name":"a6","posts":[{"title":"p1"},{"title":"p4"}],"friends":[{"name":"a1"}],"twin":{"name":"a0"}}]}`)
	answers(t, d, `{queryPost(order: {asc: title}) {author {name} readers(order: {asc: name}) {name}}}`, `{"queryPost":[`+
		`{"author":{"name":"a0"},"readers":[{"name":"r0"},{"name":"r1"}]},{"author":{"name":"a1"},"readers":[{"name":"r0"}]},{"author":{"name":"a3"},"readers":[]},`+
		`{"author":{"name":"a4"},"readers":[]},{"author":{"name":"a6"},"readers":[]},{"author":null,"readers":[]},{"author":null,"readers":[{"name":"r6"}]}]}`)
	answers(t, d, `{queryReader(order: {asc: name}) {read(order: {asc: title}) {title}}}`, `{"queryReader":[`+
		`{"read":[{"title":"p0"},{"title":"p1"}]},{"read":[{"title":"p0"}]},{"read":[]},{"read":[]},{"read":[]},{"read":[]},{"read":[{"title":"p6"}]}]}`)
	same(t, "untouched", at.read(`{q(func: has(dgraph.type), orderasc: Post.title) @filter(NOT type(dgraph.graphql)) {uid dgraph.type Author.name Post.title Reader.name}}`), untouched)
	same(t, "facets and one-sided edges stay", at.read(`{q(func: uid(0x10, 0x12, 0x98)) {Author.posts @facets {uid}}}`),
		`{"q":[{"Author.posts":[{"uid":"0x20","Author.posts|since":1}]},{"Author.posts":[{"uid":"0x22"}]},{"Author.posts":[{"uid":"0x24"}]}]}`)
}

func TestInvertJudge(t *testing.T) {
	t.Parallel()
	i := &Invert{From: "A.bs", To: "B.a", Of: []string{"A"}, Types: []string{"B"}, Several: severalLowest}
	edge := func(s, p, o string) dql.Quad {
		return dql.Quad{Subject: dql.Ref(s), Predicate: p, Object: dql.Ref(o)}
	}
	p := &page{
		live: &dql.Stored{Predicates: []dql.Predicate{{Name: "B.a", Type: "uid"}}},
		nodes: []*node{
			{uid: 0x9, types: []string{"A"}, quads: map[string][]dql.Quad{"A.bs": {edge("0x9", "A.bs", "0x20"), edge("0x9", "A.bs", "0x21")}}},
			{uid: 0x10, types: []string{"A"}, quads: map[string][]dql.Quad{"A.bs": {edge("0x10", "A.bs", "0x20"), edge("0x10", "A.bs", "0x22")}}},
			{uid: 0x11, quads: map[string][]dql.Quad{"A.bs": {edge("0x11", "A.bs", "0x22")}}},
		},
		found: &inverses{
			back: map[dql.Ref][]dql.Ref{"0x20": nil, "0x22": nil},
			// As text, 0x10 comes before 0x9.
			candidates: map[dql.Ref][]dql.Ref{"0x20": {"0x10", "0x9"}, "0x22": {"0x10"}},
		},
	}
	c, err := i.judge(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dql.Quad{edge("0x20", "B.a", "0x9"), edge("0x22", "B.a", "0x10")}, c.set); diff != "" {
		t.Error(diff)
	}
	if len(c.left) != 1 || c.left[0].UID != 0x10 || len(c.del) > 0 {
		t.Errorf("%+v", c)
	}
}

func TestBackfillInverseAnswers(t *testing.T) {
	t.Parallel()
	uid := func(name, typ string) Side { return Side{&storage.Predicate{Name: name, Type: typ}, []string{"A"}} }
	if _, err := BackfillInverse(uid("a", "uid"), uid("b", "uid")).Build([]string{"highest"}); err == nil {
		t.Error("another policy is taken")
	}
	if _, err := BackfillInverse(uid("a", "uid"), uid("b", "string")).Build(nil); err == nil {
		t.Error("strings are taken")
	}
	if need := BackfillInverse(uid("a", "uid"), uid("b", "uid")).Need; need == nil || need.Default != "refuse" {
		t.Errorf("%+v", need)
	}
}
