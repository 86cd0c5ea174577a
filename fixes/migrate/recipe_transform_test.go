package migrate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// workshop is a server with what the old and the new schema declare.
type workshop struct {
	*place
	c *dql.Client
}

func transformWorkshop(t *testing.T) *workshop {
	t.Helper()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	c := open(t, d)
	for _, text := range []string{transformBefore, transformAfter} {
		d.Alter(t, stored(t, text).String())
	}
	return &workshop{reserve(t, d, c), c}
}

// data is all that is stored under what the schemas declare.
func (w *workshop) data() string {
	w.t.Helper()
	return w.read(`{
  u(func: has(dgraph.type)) @filter(type(User) OR type(Team) OR type(Post) OR type(Profile) OR type(Extra)) {
    uid dgraph.type
    User.login User.name @facets n: User.nick@* User.isPro User.plan User.age User.score User.born User.tags @facets User.at User.legacy
    User.team @facets { uid } User.boss { uid } User.posts { uid } User.profile { uid }
    Team.name Team.lead { uid } Post.title Post.author { uid } Post.votes Profile.key Profile.bio Profile.user { uid } Profile.size Named.label
  }
}`)
}

// clear deletes the nodes of a test.
func (w *workshop) clear() {
	w.t.Helper()
	var all []string
	for _, f := range strings.Fields("User.login User.name User.nick User.isPro User.plan User.age User.score User.born User.tags User.at User.legacy " +
		"User.team User.boss User.posts User.profile Team.name Team.lead Post.title Post.author Post.votes Profile.key Profile.bio Profile.user Profile.size Named.label dgraph.type") {
		all = append(all, "uid(v) <"+f+"> * .")
	}
	upserted(w.t, w.d, "upsert { query { v as var(func: has(dgraph.type)) @filter(type(User) OR type(Team) OR type(Post) OR type(Profile) OR type(Extra)) }\n mutation @if(gt(len(v), 0)) { delete {\n"+strings.Join(all, "\n")+"\n} } }")
}

var planNumber int

// plan is a plan file with the steps of a draft.
func (w *workshop) plan(text string, edit ...func(*Step)) File {
	w.t.Helper()
	planNumber++
	r := drafted(w.t, text)
	for _, each := range edit {
		each(w.step(File{Plan: &Plan{Steps: r.Steps}}))
	}
	p, err := Assemble(Plan{ID: fmt.Sprintf("20260102%06d-test", planNumber), Name: "A test"}, r)
	if err != nil {
		w.t.Fatal(err)
	}
	encoded, err := p.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	read, err := Decode(encoded)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, encoded)
	}
	return File{read, Checksum(encoded)}
}

// step is the one that transforms.
func (w *workshop) step(f File) *Step {
	w.t.Helper()
	for i := range f.Steps {
		if f.Steps[i].Transform != nil {
			return &f.Steps[i]
		}
	}
	w.t.Fatal("the plan transforms nothing")
	return nil
}

const transformData = `
<0x1> <dgraph.type> "User" .
<0x1> <User.login> "ann" .
<0x1> <User.name> "Ann \"A\" \\ \n😀_sm.jpg" (source="import", n=1) .
<0x1> <User.nick> "Änn"@de .
<0x1> <User.nick> "Annie"@en .
<0x1> <User.nick> "plain" .
<0x1> <User.isPro> "true" .
<0x1> <User.age> "41" .
<0x1> <User.score> "1.5" .
<0x1> <User.born> "2020-02-29T23:59:59.5+02:00" .
<0x1> <User.tags> "x" (since=2020) .
<0x1> <User.tags> "y" .
<0x1> <User.at> "{'type':'Point','coordinates':[1.5,-2.25]}"^^<geo:geojson> .
<0x1> <User.legacy> "OLD" .
<0x1> <User.team> <0x10> (role="dev") .
<0x1> <User.boss> <0x2> .
<0x1> <User.posts> <0x20> .
<0x1> <User.posts> <0x21> .
<0x20> <Post.author> <0x1> .
<0x21> <Post.author> <0x1> .
<0x2> <dgraph.type> "User" .
<0x2> <User.login> "bob" .
<0x2> <User.isPro> "false" .
<0x2> <User.name> "" .
<0x2> <User.tags> "z" .
<0x3> <dgraph.type> "User" .
<0x3> <User.login> "cid" .
<0x3> <User.nick> "nur deutsch"@de .
<0x10> <dgraph.type> "Team" .
<0x10> <Team.name> "Red" .
<0x10> <Team.lead> <0x2> .
<0x20> <dgraph.type> "Post" .
<0x20> <Post.title> "one" .
<0x20> <Post.votes> "3" .
<0x21> <dgraph.type> "Post" .
<0x21> <Post.title> "two" .
`

// TestTransformOperations carries out each operation with the engine, looks at what
// it says beforehand, does it again, and takes it back.
func TestTransformOperations(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	for _, c := range []struct {
		name, draft string
		changed     uint64
		query, want string
		convergent  bool
	}{
		{"constant", "set: {plan: BASIC, age: 7, score: 2, born: 2020-02-29}", 3,
			`{q(func: uid(0x1, 0x3)) {User.plan User.age User.score User.born}}`,
			`{"q":[{"User.plan":"BASIC","User.age":7,"User.score":2,"User.born":"2020-02-29T00:00:00Z"},{"User.plan":"BASIC","User.age":7,"User.score":2,"User.born":"2020-02-29T00:00:00Z"}]}`, true},
		{"expression", `set: {plan: '=node.?isPro.orValue(false) ? "PRO" : "BASIC"'}`, 3,
			`{q(func: type(User)) {User.plan}}`, `{"q":[{"User.plan":"PRO"},{"User.plan":"BASIC"},{"User.plan":"BASIC"}]}`, true},
		{"pro to plan", "when: has(node.isPro)\nset: {plan: '=node.isPro ? \"PRO\" : \"BASIC\"'}\nunset: [isPro]", 2,
			`{q(func: type(User)) {User.plan User.isPro}}`, `{"q":[{"User.plan":"PRO"},{"User.plan":"BASIC"}]}`, false},
		{"nothing for some", `set: {age: '=node.?age.hasValue() ? optional.of(node.age + 1) : optional.none()'}`, 1,
			`{q(func: type(User)) {User.age}}`, `{"q":[{"User.age":42}]}`, false},
		{"replace", "when: has(node.name)\nset: {name: '=node.name.replace(\"_sm.jpg\", \"_lg.jpg\")'}", 1,
			`{q(func: type(User)) {User.name}}`, `{"q":[{"User.name":"Ann \"A\" \\ \n😀_lg.jpg"},{"User.name":""}]}`, false},
		{"a language", `set: {de: "neu \"x\"@en ."}`, 3,
			`{q(func: type(User)) {User.nick@de User.nick@en User.nick}}`,
			`{"q":[{"User.nick@de":"neu \"x\"@en .","User.nick@en":"Annie","User.nick":"plain"},{"User.nick@de":"neu \"x\"@en ."},{"User.nick@de":"neu \"x\"@en ."}]}`, true},
		{"unset a language", "unset: [de]", 2,
			`{q(func: type(User)) {User.nick@de User.nick@en User.nick}}`, `{"q":[{"User.nick@en":"Annie","User.nick":"plain"}]}`, true},
		{"unset without a language", "unset: [raw]", 1,
			`{q(func: type(User)) {User.nick@de User.nick@en User.nick}}`, `{"q":[{"User.nick@de":"Änn","User.nick@en":"Annie"},{"User.nick@de":"nur deutsch"}]}`, true},
		{"one language for another", "unset: [de]\nset: {raw: x}", 3,
			`{q(func: type(User)) {User.nick@de User.nick@en User.nick}}`, `{"q":[{"User.nick@en":"Annie","User.nick":"x"},{"User.nick":"x"},{"User.nick":"x"}]}`, true},
		{"read languages", `set: {name: '=node.?nick.orValue("none")'}`, 3,
			`{q(func: type(User)) {User.name}}`, `{"q":[{"User.name":"Änn"},{"User.name":"none"},{"User.name":"nur deutsch"}]}`, true},
		{"unset", "unset: [isPro, age, tags, at, team, born, legacy]", 2,
			`{q(func: type(User)) {User.isPro User.age User.tags User.at User.team {uid} User.born User.legacy User.score}}`, `{"q":[{"User.score":1.5}]}`, true},
		{"unset if", "unset:\n  isPro: node.login == \"bob\"", 1, `{q(func: type(User)) {User.isPro}}`, `{"q":[{"User.isPro":true}]}`, true},
		{"a list", "set: {tags: [a, x, a]}", 3, `{q(func: type(User)) {User.tags @facets}}`,
			`{"q":[{"User.tags":["a","x"],"User.tags|since":{"1":2020}},{"User.tags":["a","x"]},{"User.tags":["a","x"]}]}`, true},
		{"add", "add: {tags: '=[node.login, \"x\"]'}", 3, `{q(func: type(User)) {User.tags}}`,
			`{"q":[{"User.tags":["ann","x","y"]},{"User.tags":["bob","x","z"]},{"User.tags":["cid","x"]}]}`, true},
		{"remove", "remove: {tags: [x, y, nobody]}", 1, `{q(func: type(User)) {User.tags}}`, `{"q":[{"User.tags":["z"]}]}`, true},
		{"map a list", "set: {tags: '=node.tags.map(t, t.upperAscii())'}", 2, `{q(func: type(User)) {User.tags}}`,
			`{"q":[{"User.tags":["X","Y"]},{"User.tags":["Z"]}]}`, false},
		{"related", "related: [team.lead, posts]\nset:\n  name: '=node.?team.?name.orValue(\"-\") + \"/\" + node.?team.?lead.?login.orValue(\"-\") + \"/\" + node.posts.map(p, p.?title.orValue(\"\")).sort().join(\"+\")'", 3,
			`{q(func: type(User)) {User.name}}`, `{"q":[{"User.name":"Red/bob/one+two"},{"User.name":"-/-/"},{"User.name":"-/-/"}]}`, true},
		{"sum of related", "related: [posts]\nset: {age: '=math.greatest([0] + node.posts.filter(p, has(p.votes)).map(p, p.votes))'}", 3,
			`{q(func: type(User)) {User.age}}`, `{"q":[{"User.age":3},{"User.age":0},{"User.age":0}]}`, true},
		{"an edge with an inverse", "type: Post\nwhen: node.title == \"one\"\nset: {author: '=\"0x2\"'}", 1,
			`{q(func: type(User)) {User.login User.posts {uid}} p(func: uid(0x20, 0x21)) {uid Post.author {uid}}}`,
			`{"q":[{"User.login":"ann","User.posts":[{"uid":"0x21"}]},{"User.login":"bob","User.posts":[{"uid":"0x20"}]},{"User.login":"cid"}],"p":[{"uid":"0x20","Post.author":{"uid":"0x2"}},{"uid":"0x21","Post.author":{"uid":"0x1"}}]}`, true},
		{"unset an edge with an inverse", "type: Post\nunset: [author]", 2,
			`{q(func: type(User)) {User.login User.posts {uid}} p(func: has(Post.author)) {uid}}`,
			`{"q":[{"User.login":"ann"},{"User.login":"bob"},{"User.login":"cid"}],"p":[]}`, true},
		{"date", `set: {age: '=has(node.born) ? node.born.getFullYear() : 0'}`, 3, `{q(func: type(User)) {User.age}}`, `{"q":[{"User.age":2020},{"User.age":0},{"User.age":0}]}`, true},
		{"the same time", `set: {born: '=node.?born'}`, 0, `{q(func: type(User)) {User.born}}`, `{"q":[{"User.born":"2020-02-29T23:59:59.5+02:00"}]}`, false},
		{"geo", `set: {name: '=node.?at'}`, 1, `{q(func: type(User)) {User.name}}`, `{"q":[{"User.name":"{\"coordinates\":[1.5,-2.25],\"type\":\"Point\"}"},{"User.name":""}]}`, true},
		{"uid", `set: {name: '=node.uid == node.id ? node.uid : "differs"'}`, 3, `{q(func: uid(0x2)) {User.name}}`, `{"q":[{"User.name":"0x2"}]}`, true},
		{"an edge", `set: {team: '=node.login == "ann" ? optional.none() : optional.of("` + "0x10" + `")'}`, 2, `{q(func: type(User)) {User.team {uid}}}`,
			`{"q":[{"User.team":{"uid":"0x10"}},{"User.team":{"uid":"0x10"}},{"User.team":{"uid":"0x10"}}]}`, true},
		{"an edge of another", "related: [team]\nset: {boss: =node.?team.?lead}", 0, `{q(func: type(User)) {User.boss {uid}}}`, `{"q":[{"User.boss":{"uid":"0x2"}}]}`, true},
		{"retag", "when: node.login != \"bob\"\nretag: {add: [Team], remove: [User]}", 2, `{q(func: uid(0x1, 0x2, 0x3)) {dgraph.type}}`,
			`{"q":[{"dgraph.type":["Team"]},{"dgraph.type":["User"]},{"dgraph.type":["Team"]}]}`, true},
		{"create", "create:\n  - {type: Profile, key: {key: =node.login}, set: {bio: '=\"of \" + node.login', size: =node.posts.size()}, link: [profile]}", 3,
			`{q(func: type(User)) {User.login User.profile {dgraph.type Profile.key Profile.bio Profile.size Profile.user {User.login}}}}`,
			`{"q":[{"User.login":"ann","User.profile":{"dgraph.type":["Profile","Named"],"Profile.key":"ann","Profile.bio":"of ann","Profile.size":2,"Profile.user":{"User.login":"ann"}}},` +
				`{"User.login":"bob","User.profile":{"dgraph.type":["Profile","Named"],"Profile.key":"bob","Profile.bio":"of bob","Profile.size":0,"Profile.user":{"User.login":"bob"}}},` +
				`{"User.login":"cid","User.profile":{"dgraph.type":["Profile","Named"],"Profile.key":"cid","Profile.bio":"of cid","Profile.size":0,"Profile.user":{"User.login":"cid"}}}]}`, true},
		{"create one for all", "create:\n  - {type: Profile, when: node.login != \"bob\", key: {key: shared}, set: {bio: b}}", 1,
			`{q(func: type(Profile)) {Profile.key Profile.bio}}`, `{"q":[{"Profile.key":"shared","Profile.bio":"b"}]}`, true},
		{"create for one of two", "create:\n  - {type: Profile, key: {key: shared}, set: {bio: b}, link: [profile]}", 1,
			`{q(func: type(User)) {User.login User.profile {Profile.key}}}`, `{"q":[{"User.login":"ann","User.profile":{"Profile.key":"shared"}},{"User.login":"bob"},{"User.login":"cid"}]}`, true},
		{"create nothing for a node that is left", "create:\n  - {type: Profile, when: node.login != \"ann\", key: {key: common}, set: {bio: b}}\n  - {type: Profile, when: node.login != \"cid\", key: {key: shared}, set: {bio: b}, link: [profile]}", 2,
			`{q(func: type(Profile)) {Profile.key Profile.user {User.login}}}`, `{"q":[{"Profile.key":"shared","Profile.user":{"User.login":"ann"}},{"Profile.key":"common"}]}`, true},
		{"delete", "delete: {when: node.login == \"bob\"}", 3,
			`{q(func: uid(0x1, 0x2, 0x10)) {dgraph.type User.login User.name User.boss {uid} Team.lead {uid}}}`,
			`{"q":[{"dgraph.type":["User"],"User.login":"ann","User.name":"Ann \"A\" \\ \n😀_sm.jpg"},{"dgraph.type":["Team"]}]}`, true},
		{"delete all, by an index", "root: eq(User.login, [\"ann\", \"cid\"])\ndelete: {}", 4, `{q(func: has(User.login)) {User.login User.tags} p(func: has(Post.author)) {uid}}`,
			`{"q":[{"User.login":"bob","User.tags":["z"]}],"p":[]}`, true},
		{"an index", "root: eq(User.login, \"bob\")\nfilter: NOT has(User.team)\nset: {name: x, login: bobby}", 1, `{q(func: type(User)) {User.login User.name}}`,
			`{"q":[{"User.login":"ann","User.name":"Ann \"A\" \\ \n😀_sm.jpg"},{"User.login":"bobby","User.name":"x"},{"User.login":"cid"}]}`, true},
		{"guard", "guard: true\nrelated: [team]\nset: {age: '=node.?team.?name.orValue(\"\").size() + (has(node.name) ? node.name.size() : 0)'}", 3,
			`{q(func: uid(0x1, 0x10)) {User.age User.name @facets User.team @facets {uid} Team.name}}`,
			`{"q":[{"User.age":22,"User.name":"Ann \"A\" \\ \n😀_sm.jpg","User.name|source":"import","User.name|n":1,"User.team":{"uid":"0x10","User.team|role":"dev"}},{"Team.name":"Red"}]}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &workshop{&place{t, w.d, w.base}, w.c}
			w.clear()
			w.mutate(transformData)
			was := w.data()
			text := c.draft
			if !strings.HasPrefix(text, "type:") {
				text = "type: User\n" + text
			}
			f := w.plan(w.there(text))
			step := w.step(f)
			if step.Convergent != c.convergent {
				t.Errorf("convergent is %v", step.Convergent)
			}
			foretold, err := DryRun(t.Context(), w.c, []File{f}, Series{}, 10)
			if err != nil {
				t.Fatal(err)
			}
			if now := w.data(); now != was {
				t.Errorf("the dry run has changed something: %s", now)
			}
			size := 2
			if strings.HasPrefix(c.name, "create") {
				size = 3 // all nodes at once
			}
			ran, err := Run(t.Context(), w.c, f, Before, Options{BatchSize: size})
			if err != nil {
				t.Fatal(err)
			}
			if ran.Status.Counts.Changed != c.changed {
				t.Errorf("%+v, want %d changed, left %v, unclean %v", ran.Status.Counts, c.changed, ran.Left, ran.Unclean)
			}
			if c.query != "" && c.want != "" {
				if diff := cmp.Diff(unordered(t, c.want), unordered(t, w.read(c.query))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			for _, each := range foretold {
				if each.Step.ID == step.ID {
					w.asForetold(each)
				}
			}
			left, err := Undo(t.Context(), w.c, f, Before, Options{})
			if err != nil || len(left.Left) > 0 {
				t.Errorf("undone: %v %v", left, err)
			}
			undone := w.data()
			if strings.HasPrefix(c.name, "create") {
				undone = w.read(`{u(func: type(User)) {uid User.login User.profile {uid}}}`)
				was = `{"u":[{"uid":"0x1","User.login":"ann"},{"uid":"0x2","User.login":"bob"},{"uid":"0x3","User.login":"cid"}]}`
			}
			if diff := cmp.Diff(unordered(t, was), unordered(t, undone)); diff != "" {
				t.Errorf("undone (-before +after):\n%s", diff)
			}
		})
	}
}

// asForetold sees to it that what a dry run foretold of nodes that were there is
// what is stored now.
func (w *workshop) asForetold(f Foretold) {
	w.t.Helper()
	live, err := w.c.Stored(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range f.First {
		p := live.Predicate(d.Predicate)
		if d.UID == 0 || d.Predicate == dgraphType {
			continue
		}
		r := &reader{step: &Step{Select: &Select{Root: fmt.Sprintf("uid(0x%x)", d.UID)}}, task: writing{p.Name}, live: live}
		page, _, err := r.page(w.t.Context(), w.c.Snapshot(), 0, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		if now := page.nodes[0].quads[p.Name]; p.Type != "uid" && !sameQuads(now, d.After) {
			w.t.Errorf("0x%x %s: foretold %v, is %v", d.UID, d.Predicate, d.After, now)
		}
	}
}

// TestTransformPure: the same page gives the same change, in whatever order it is
// asked for.
func TestTransformPure(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	w.clear()
	w.mutate(transformData)
	text := strings.Replace(wholeDraft, `"= no, a constant"`, `'="= a text"'`, 1)
	f := w.plan(text)
	step := w.step(f)
	live, err := w.c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var first *change
	for range 5 {
		task, err := step.task()
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{step: step, task: task.(paged), live: live}
		p, _, err := r.page(t.Context(), w.c.Snapshot(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := r.task.judge(p)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			if !reflect.DeepEqual(first, got) || got.changed != 3 {
				t.Errorf("%+v\nand\n%+v", first, got)
			}
		}
	}
}

// TestTransformNodeInTheWay: a node whose expression fails, or yields what the
// schema would refuse, is named, and is not written; nothing is counted twice when
// the run goes on.
func TestTransformNodeInTheWay(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	for _, c := range []struct{ name, draft, want string }{
		{"missing", "set: {age: =node.age + 1}", "age is missing; test it first"},
		{"no member", `set: {plan: '=node.login == "bob" ? "PREMIUM" : "BASIC"'}`, `"PREMIUM" is no Plan that Dgraph reads back`},
		{"too large", `set: {age: '=node.login == "bob" ? 3000000000 : 1'}`, "32 bits"},
		{"no time", `set: {born: '=node.login == "bob" ? "tomorrow" : "2020-01-01"'}`, "no time"},
		{"star", `set: {name: '=node.login == "bob" ? "_STAR_ALL" : "x"'}`, "everything"},
		{"too long", `set: {name: '=node.login == "bob" ? cel.bind(a, "` + strings.Repeat("x", 8000) + `", cel.bind(b, a+a+a+a+a+a+a+a+a+a+a+a, b+b+b+b+b+b+b+b+b+b+b+b)) : "x"'}`, "bytes, and"},
		{"too many steps", `set: {name: '=node.login == "bob" ? string(lists.range(900 + node.tags.size()).all(x, lists.range(900 + node.tags.size()).all(y, x + y >= 0))) : "x"'}`, "stopped"},
		{"no uid", `set: {team: '=node.login == "bob" ? "x" : node.uid'}`, "no uid"},
		{"empty key", `create: [{type: Profile, key: {key: '=node.login == "bob" ? "" : node.login'}, set: {bio: x}}]`, "it is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &workshop{&place{t, w.d, w.base}, w.c}
			w.clear()
			w.mutate(transformData)
			f := w.plan("type: User\n" + c.draft)
			bob := string(dql.Node(w.base + 2))
			was := w.read(`{q(func: uid(0x2, 0x3)) {uid expand(_all_)}}`)
			if _, err := DryRun(t.Context(), w.c, []File{f}, Series{}, 10); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "node "+bob) {
				t.Errorf("dry run: %v, want %q of %s", err, c.want, bob)
			}
			ran, err := Run(t.Context(), w.c, f, Before, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "node "+bob) {
				t.Fatalf("run: %v, want %q of %s", err, c.want, bob)
			}
			if ran.Status.State != Failed || ran.Status.Counts.Changed != 1 {
				t.Errorf("%+v", ran.Status)
			}
			if now := w.read(`{q(func: uid(0x2, 0x3)) {uid expand(_all_)}}`); unordered(t, now) != unordered(t, was) {
				t.Errorf("%s\n%s", was, now)
			}
			wantLeft := uint64(1)
			if c.name == "missing" {
				wantLeft = 2
			}
			ran, err = Run(t.Context(), w.c, f, Before, Options{OnError: Quarantine})
			if err != nil || ran.Status.State != Done || ran.Status.Counts.Left != wantLeft || ran.Status.Counts.Nodes != 3 || len(ran.Left) != int(wantLeft) || ran.Left[0].UID != w.base+2 {
				t.Errorf("%+v %v", ran, err)
			}
			step := w.step(f)
			if step.Convergent && (len(ran.Unclean) != 1 || ran.Unclean[0].Left != 1 || ran.Unclean[0].Open != 0) {
				t.Errorf("%+v", ran.Unclean)
			}
		})
	}
}

// TestTransformWaits: what a step before it is still to write is no reason for a dry
// run to fail.
func TestTransformWaits(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	w.clear()
	w.mutate(transformData)
	p, err := Assemble(Plan{ID: "20260103000000-test", Name: "A test"}, drafted(t, "id: first\ntype: User\nset: {age: 1}"), drafted(t, "id: second\ntype: User\nset: {score: =node.age + 1}"))
	if err != nil {
		t.Fatal(err)
	}
	f := File{p, "x"}
	foretold, err := DryRun(t.Context(), w.c, []File{f}, Series{}, 1)
	if err != nil || !strings.Contains(foretold[len(foretold)-1].Not, "before the steps before it have run") {
		t.Fatalf("%+v %v", foretold, err)
	}
	if ran, err := Run(t.Context(), w.c, f, Before, Options{}); err != nil || ran.Status.Counts.Changed != 6 {
		t.Errorf("%+v %v", ran, err)
	}
}

// TestTransformGuard: somebody who changes what is only read, at the same moment,
// is in each other's way with a guarded step, and not with another one.
func TestTransformGuard(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	for _, guarded := range []bool{false, true} {
		for _, change := range []string{`<0x10> <Team.name> "Blue" .`, `<0x1> <User.isPro> "false" .`} {
			w.clear()
			w.mutate(transformData)
			f := w.plan(fmt.Sprintf("type: User\nguard: %v\nrelated: [team]\nset: {name: '=node.?team.?name.orValue(\"\") + string(node.?isPro.orValue(false))'}", guarded))
			once := false
			ran, err := Run(t.Context(), w.c, f, Before, Options{point: func(name string) {
				if name == "before commit" && !once {
					once = true
					w.mutate(change)
				}
			}})
			if err != nil || (ran.Status.Counts.Aborts > 0) != guarded {
				t.Errorf("guarded %v, %s: %+v %v", guarded, change, ran, err)
			}
		}
	}
}

// TestTransformConvergent: a step that says that it may be carried out again, and
// is another one the second time, is refused before it writes.
func TestTransformConvergent(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	again := func(s *Step) { s.Convergent = true }
	w.clear()
	w.mutate(transformData)
	was := w.data()
	_, err := Run(t.Context(), w.c, w.plan("type: User\nwhen: has(node.age)\nset: {age: =node.age + 1}", again), Before, Options{})
	if err == nil || !strings.Contains(err.Error(), "it would be changed again") {
		t.Errorf("%v", err)
	}
	if now := w.data(); now != was {
		t.Errorf("%s\n%s", was, now)
	}
	for _, draft := range []string{
		"when: has(node.name)\nset: {name: '=node.name.replace(\"_sm.jpg\", \"_lg.jpg\")'}",
		"set: {tags: '=node.tags.map(t, t.upperAscii())'}\nretag: {add: [Team], remove: [Post]}",
		"create:\n  - {type: Profile, when: '!has(node.profile)', key: {key: =node.login}, set: {bio: x}, link: [profile]}",
	} {
		ran, err := Run(t.Context(), w.c, w.plan("type: User\n"+draft, again), Before, Options{})
		if err != nil || len(ran.Unclean) > 0 || ran.Status.Counts.Changed == 0 {
			t.Errorf("%s: %+v %v", draft, ran, err)
		}
	}
}

// TestTransformKeys: the predicate of a key has to keep two transactions from
// making a node with the same key.
func TestTransformKeys(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	w.clear()
	w.mutate(transformData)
	const text = "type: User\ncreate:\n  - {type: Profile, key: {key: =node.login}, set: {bio: b}, link: [profile]}\n"
	w.d.Alter(t, "Profile.key: string @index(hash) .")
	f := w.plan(text)
	f.Steps = f.Steps[1:]
	var late *ofNode
	if _, err := Run(t.Context(), w.c, f, Before, Options{}); !errors.As(err, new(*Unfit)) || errors.As(err, &late) || !strings.Contains(err.Error(), "@upsert") {
		t.Errorf("%v", err)
	}
	stands(t, w.d, `{q(func: type(Profile)) {uid}}`, `{"q":[]}`)
	w.d.Alter(t, "Profile.key: string @index(hash) @upsert .")
	w.mutate("<0x30> <dgraph.type> \"Profile\" .\n<0x30> <Profile.key> \"ann\" .\n<0x30> <Profile.bio> \"own\" .\n<0x31> <Profile.key> \"bob\" .\n")
	ran, err := Run(t.Context(), w.c, w.plan(text), Before, Options{BatchSize: 1, Concurrency: 2})
	if err != nil || ran.Status.Counts.Changed != 3 {
		t.Errorf("%+v %v", ran, err)
	}
	stands(t, w.d, `{q(func: type(User)) {User.login User.profile {Profile.bio}}}`,
		`{"q":[{"User.login":"ann","User.profile":{"Profile.bio":"own"}},{"User.login":"bob","User.profile":{"Profile.bio":"b"}},{"User.login":"cid","User.profile":{"Profile.bio":"b"}}]}`)
}

// TestTransformDeployed transforms before an update and looks at what clients get
// after it.
func TestTransformDeployed(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	c := open(t, d)
	const before = `type U { id: ID! login: String! @id isPro: Boolean image: String tags: [String] }`
	const after = `enum Plan { BASIC PRO }
type U { id: ID! login: String! @id plan: Plan! image: String tags: [String] card: Card @hasInverse(field: of) }
type Card { number: String! @id of: U big: Boolean }`
	apply(t, d, before)
	long := strings.Repeat("é\"\\\n", 16<<10)
	d.Mutate(t, `
_:a <dgraph.type> "U" .
_:a <U.login> "a" .
_:a <U.isPro> "true" .
_:a <U.image> `+dql.Literal(long+"_sm.jpg")+` .
_:a <U.tags> "" .
_:b <dgraph.type> "U" .
_:b <U.login> "b\" OR 1=1 {{x}} $a uid(v)" .
_:b <U.image> "" .
`)
	draft, err := DecodeDraft([]byte(`
type: U
set:
  plan: '=node.?isPro.orValue(false) ? "PRO" : "BASIC"'
  image: =node.image.replace("_sm.jpg", "_lg.jpg")
add: {tags: '="of " + node.login'}
create:
  - type: Card
    key: {number: '="card " + node.login'}
    set: {big: =node.image.size() > 10}
    link: [card]
`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewTransform(resolved(t, before), resolved(t, after), nil, draft)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Assemble(Plan{ID: "20260102030405-deployed", Name: "A test"}, r)
	if err != nil {
		t.Fatal(err)
	}
	if ran, err := Run(t.Context(), c, File{p, "x"}, Before, Options{}); err != nil || ran.Status.Counts.Changed != 2 {
		t.Fatalf("%+v %v", ran, err)
	}
	apply(t, d, after)
	image := strings.TrimSuffix(strings.TrimPrefix(dql.Literal(long+"_lg.jpg"), `"`), `"`)
	answers(t, d, `{queryU(order: {asc: login}) {login plan image tags card {number big of {login}}}}`, `{"queryU":[`+
		`{"login":"a","plan":"PRO","image":"`+image+`","tags":["","of a"],"card":{"number":"card a","big":true,"of":{"login":"a"}}},`+
		`{"login":"b\" OR 1=1 {{x}} $a uid(v)","plan":"BASIC","image":"","tags":["of b\" OR 1=1 {{x}} $a uid(v)"],"card":{"number":"card b\" OR 1=1 {{x}} $a uid(v)","big":false,"of":{"login":"b\" OR 1=1 {{x}} $a uid(v)"}}}]}`)
}

// TestTransformOnce: nodes that change their place in the index that they are
// found by, and drop out of it, are changed once each, however the run ends.
func TestTransformOnce(t *testing.T) {
	t.Parallel()
	w := transformWorkshop(t)
	w.d.Alter(t, "User.age: int @index(int) .")
	for _, root := range []string{"ge(User.age, 0)", "lt(User.age, 100)"} {
		w.clear()
		var quads strings.Builder
		for i := range 200 {
			fmt.Fprintf(&quads, "<0x%x> <dgraph.type> \"User\" .\n<0x%[1]x> <User.login> \"u%[1]d\" .\n<0x%[1]x> <User.age> \"%d\" .\n", i+1, 99-i%3)
		}
		w.mutate(quads.String())
		f := w.plan("type: User\nroot: " + root + "\nset: {age: =node.age + 1}")
		for runs := 0; ; runs++ {
			ctx, cancel := context.WithCancel(t.Context())
			var done atomic.Int32 // of three ranges
			_, err := Run(ctx, w.c, f, Before, Options{BatchSize: 13, Concurrency: 3, point: func(name string) {
				if name == "batch done" && done.Add(1) == 4 {
					cancel()
				}
			}})
			cancel()
			if err == nil {
				break
			}
			if runs > 20 {
				t.Fatal(err)
			}
		}
		stands(t, w.d, `{a(func: eq(User.age, 98)) {count(uid)} b(func: eq(User.age, 99)) {count(uid)} c(func: eq(User.age, 100)) {count(uid)} d(func: has(User.age)) {count(uid)}}`,
			`{"a":[{"count":66}],"b":[{"count":67}],"c":[{"count":67}],"d":[{"count":200}]}`)
	}
}
