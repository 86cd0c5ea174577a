package migrate

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// resolved is a schema in which names are looked up.
func resolved(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return schema.Resolve(s)
}

const (
	transformBefore = `
type User @secret(field: "pwd") {
  id: ID!
  login: String! @id
  name: String
  raw: String @dgraph(pred: "User.nick")
  nick: String @dgraph(pred: "User.nick@de:en")
  de: String @dgraph(pred: "User.nick@de")
  isPro: Boolean
  age: Int
  score: Float
  born: DateTime
  tags: [String]
  at: Point
  team: Team
  boss: User
  posts: [Post] @hasInverse(field: author)
  computed: String @lambda
  legacy: Legacy
}
enum Legacy { OLD OLDER }
type Team { id: ID! name: String! lead: User }
type Post { id: ID! title: String author: User votes: Int }
`
	transformAfter = `
interface Named { id: ID! label: String }
type User @secret(field: "pwd") {
  id: ID!
  login: String! @id
  name: String
  raw: String @dgraph(pred: "User.nick")
  nick: String @dgraph(pred: "User.nick@de:en")
  de: String @dgraph(pred: "User.nick@de")
  plan: Plan!
  age: Int
  score: Float
  born: DateTime
  tags: [String]
  at: Point
  team: Team
  boss: User
  posts: [Post] @hasInverse(field: author)
  profile: Profile @hasInverse(field: user)
  computed: String @lambda
}
enum Plan { BASIC PRO }
type Team { id: ID! name: String! lead: User }
type Post { id: ID! title: String author: User votes: Int }
type Profile implements Named { key: String! @id bio: String! user: User size: Int }
`
)

// draft reads a draft and makes its steps.
func draft(t *testing.T, text string) (*Recipe, error) {
	t.Helper()
	d, err := DecodeDraft([]byte(text))
	if err != nil {
		return nil, err
	}
	return NewTransform(resolved(t, transformBefore), resolved(t, transformAfter), nil, d)
}

func drafted(t *testing.T, text string) *Recipe {
	t.Helper()
	r, err := draft(t, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r
}

// TestTransformErrors: what is wrong in a draft is found when it is read, with the
// line and the column.
func TestTransformErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"type: User\nset:\n  plna: PRO\n", "[3:9] set: there is no field plna; did you mean plan?"},
		{"type: User\nset:\n  plan: '=node.isPor ? \"PRO\" : \"BASIC\"'\n", "[3:15] set plan: there is no field isPor in node; did you mean isPro?"},
		{"type: User\nset:\n  plan: =node.isPor\n", "[3:14] set plan: there is no field isPor"},
		{"type: User\nset:\n  name: 'x'\n  plan: '=''a'' == node.isPor'\n", "[4:24] set plan: there is no field isPor"},
		{"type: User\nset:\n  plan: |\n    =node.isPro\n      ? node.nmae\n      : \"BASIC\"\n", "[5:13] set plan: there is no field nmae"},
		{"type: User\nset:\n  plan: >\n    =node.isPro ?\n    node.nmae : \"\"\n", "set plan, 1:18: there is no field nmae"},
		{"type: User\nset:\n  plan: \"=node.isPro ? \\\"\\\" : node.nmae\"\n", "[3:11] set plan, 1:23: there is no field nmae"},
		{"type: User\nwhen: node.isPro && node.age\nset: {plan: PRO}\n", "[2:25] when: expected type 'bool' but found 'int'"},
		{"type: User\nset: {plan: PREMIUM}\n", `set plan: "PREMIUM" is no Plan that Dgraph reads back`},
		{"type: User\nset: {age: 3000000000}\n", "32 bits"},
		{"type: User\nset: {age: x}\n", "no integer"},
		{"type: User\nset: {born: 2020-02-30}\n", "no time"},
		{"type: User\nset: {name: _STAR_ALL}\n", "everything"},
		{"type: User\nset: {name: '=node.age'}\n", "[2:19] set name: it is of type int, and a string is wanted: write string(...)"},
		{"type: User\nset: {age: '=node.score'}\n", "write int(...)"},
		{"type: User\nset: {name: [a, b]}\n", "one value, and a list"},
		{"type: User\nset: {name: }\n", "it has no value"},
		{"type: User\nset: {name: {a: b}}\n", "[2:"},
		{"type: User\nset: {tags: ['=node.name']}\n", "=[...]"},
		{"type: User\nadd: {name: x}\n", "no list"},
		{"type: User\nset: {name: '=node.pwd'}\n", "it is a password"},
		{"type: User\nset: {name: '=node.computed'}\n", "it is computed, not stored"},
		{"type: User\nset: {name: '=node.team.name'}\n", "related: [team]"},
		{"type: User\nrelated: [team]\nset: {name: '=node.team.lead.name'}\n", "related: [team.lead]"},
		{"type: User\nrelated: [tean]\nset: {name: x}\n", "did you mean team?"},
		{"type: User\nrelated: [name]\nset: {name: x}\n", "no edge"},
		{"type: Usr\nset: {name: x}\n", "did you mean User?"},
		{"type: User\nset: {name: x}\nunset: [name]\n", "another part"},
		{"type: User\nset: {de: x, nick: y}\n", "several languages"},
		{"type: User\nset: {id: '=\"0x1\"'}\n", "Dgraph gives it"},
		{"type: User\nunset: [plan]\n", "Plan!"},
		{"type: User\nunset: [isPor]\n", "[2:9] unset: there is no field isPor"},
		{"type: User\nunset:\n  isPro: node.age\n", "[3:14] unset isPro: it is of type int"},
		{"type: User\n", "something to set"},
		{"type: User\nsett: {name: x}\n", "[2:1]"},
		{"type: User\nset: {name: x}\nfields: {a: {type: string}}\n", "not for drafts"},
		{"type: User\nset: {profile: '=node.boss'}\n", "is single"},
		{"type: User\nrelated: [boss]\nset: {name: '=node.boss.name'}\n", "the order"},
		{"type: User\nretag: {add: [Usr]}\n", "did you mean User?"},
		{"type: User\nretag: {}\n", "types to add"},
		{"type: User\ncreate: [{type: Profile, key: {key: =node.login}}]\n", "bio is String!, and has no value"},
		{"type: User\ncreate: [{type: Profile, key: {key: =node.login}, set: {bio: x}, link: [prfile]}]\n", "did you mean profile?"},
		{"type: User\ncreate: [{type: Profile, key: {key: =node.login}, set: {bio: x}, link: [name]}]\n", "no edge"},
		{"type: User\ncreate: [{type: Profile, key: {key: =node.login}, set: {bio: x}, back: [user]}]\n", "link the field"},
		{"type: User\ncreate: [{type: Profile, key: {key: =node.age}, set: {bio: x}}]\n", "create Profile key key: it is of type int"},
		{"type: User\nset: {name: '=node.tags.map(a, node.tags.map(b, \"x\").join()).join()'}\n", ""},
		{"type: User\nset: {name: '=lists.range(100000000).map(x, \"a\").join()'}\n", "steps for each node"},
		{"type: User\nset: &a {name: x}\n", "anchors"},
		{"type: User\nrelated: [boss]\ndelete: {when: has(node.boss.name)}\n", "deleted themselves"},
		{"type: User\ndelete: {predicates: [User.name]}\n", "not for drafts"},
		{"type: User\ndelete: {when: node.nmae == \"\"}\n", "[2:20] delete when: there is no field nmae"},
		{"type: User\nset: {nick: x}\nunset: {nick: 'true'}\n", "several languages"},
		{"type: User\nset: {team: '=\"x\"', boss: 0x0}\n", "no uid of a node"},
		{"type: User\nset: {team: Red}\n", "no uid of a node"},
	} {
		_, err := draft(t, c.text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v\nwant %q of\n%s", err, c.want, c.text)
		}
	}
}

const wholeDraft = `
type: User
filter: NOT eq(User.login, "root")
related: [team, team.lead, posts]
guard: true
when: node.login != "nobody"
set:
  plan: '=node.?isPro.orValue(false) ? "PRO" : "BASIC"'
  name: |
    =has(node.name)
      ? node.name + " of " + node.?team.?name.orValue("nobody's")
      : node.?team.?lead.?login.orValue("")
  age: 5
  tags: [a, "true"]
unset:
  isPro: node.posts.size() == 0
  legacy: true
create:
  - type: Profile
    when: node.login != ""
    key: {key: =node.login}
    set: {bio: "= no, a constant", size: =node.posts.size()}
    link: [profile]
retag: {add: [Team], remove: [Post]}
`

// TestTransformPlan: a plan has all that the step needs, is read again as it was
// written, and fits the published JSON Schema.
func TestTransformPlan(t *testing.T) {
	t.Parallel()
	r := drafted(t, strings.Replace(wholeDraft, `"= no, a constant"`, `'="= a text"'`, 1))
	p, err := Assemble(Plan{ID: "20260102030405-test", Name: "A test"}, r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	second, err := again.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(second)); diff != "" {
		t.Errorf("written, read and written again:\n%s", diff)
	}
	if err := fitsSchema(t, publishedSchema(t), text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	for _, part := range []string{"kind: transform", "plan:\n", "precondition", "type(User)", "Profile.user"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the plan has no %q", part)
		}
	}
}

// TestTransformPage: the examples of the page for people can be carried out.
func TestTransformPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../cmd/docs/transform.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := func(language string) []string {
		var all []string
		for _, part := range strings.Split(string(text), "```"+language+"\n")[1:] {
			block, _, _ := strings.Cut(part, "```")
			all = append(all, block)
		}
		return all
	}
	schemas, drafts := blocks("graphql"), blocks("yaml")
	if len(schemas) != 2 || len(drafts) < 8 {
		t.Fatalf("%d schemas and %d examples", len(schemas), len(drafts))
	}
	for _, each := range drafts {
		d, err := DecodeDraft([]byte(each))
		if err != nil {
			t.Errorf("%v\n%s", err, each)
			continue
		}
		r, err := NewTransform(resolved(t, schemas[0]), resolved(t, schemas[1]), nil, d)
		if err != nil {
			t.Errorf("%v\n%s", err, each)
			continue
		}
		p, err := Assemble(Plan{ID: "20260102030405-test", Name: "A test", NotBefore: "2026-02-03"}, r)
		if err != nil {
			t.Errorf("%v\n%s", err, each)
			continue
		}
		encoded, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(encoded); err != nil {
			t.Errorf("%v\n%s", err, encoded)
		}
		if err := fitsSchema(t, publishedSchema(t), encoded); err != nil {
			t.Errorf("%v\n%s", err, encoded)
		}
	}
	var kinds []string // of those that do not transform
	for _, each := range blocks("yml") {
		p, err := Decode([]byte(each))
		if err != nil {
			t.Errorf("%v\n%s", err, each)
			continue
		}
		if err := fitsSchema(t, publishedSchema(t), []byte(each)); err != nil {
			t.Errorf("%v\n%s", err, each)
		}
		if p.Steps[0].Transform == nil {
			kinds = append(kinds, p.Steps[0].Kind)
			continue
		}
		for _, wrong := range []struct{ old, new, want string }{
			{"?isPro.", "?isPor.", "[19:21] set plan: there is no field isPor in node; did you mean isPro?"},
			{", Team.name]", "]", "reads Team.name of related nodes"},
			{"[User.isPro, User.plan,", "[User.plan,", "reads User.isPro"},
			{"writes: [User.plan]", "writes: [User.isPro]", "writes User.plan"},
			{"type: bool", "type: password", "password"},
			{"type: bool", "type: float32vector", "not for expressions"},
			{"{predicate: User.isPro, ", "{", "no predicate"},
			{"type(User)", "\"eq(count(User.posts), 1)\"", "root"},
		} {
			text := strings.Replace(each, wrong.old, wrong.new, 1)
			if _, err := Decode([]byte(text)); text == each || err == nil || !strings.Contains(err.Error(), wrong.want) {
				t.Errorf("%q: %v, want %q", wrong.new, err, wrong.want)
			}
		}
	}
	if !slices.Equal(kinds, []string{"upsert"}) {
		t.Errorf("plans of other kinds: %v", kinds)
	}
	for _, name := range indexFunctions {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the page does not name %s", name)
		}
	}
}

// TestTransformMutilated: a plan that somebody has mutilated is read or refused, and
// nothing falls over.
func TestTransformMutilated(t *testing.T) {
	t.Parallel()
	r := drafted(t, strings.Replace(wholeDraft, `"= no, a constant"`, `'="= a text"'`, 1))
	p, err := Assemble(Plan{ID: "20260102030405-test", Name: "A test"}, r, drafted(t, "id: gone\ntype: Post\ndelete: {when: node.title == \"x\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	read, refused := 0, 0
	first := slices.Index(lines, "    transform:")
	for i, line := range lines {
		if i < first || strings.HasPrefix(line, "          - ") {
			continue
		}
		key, _, _ := strings.Cut(line, ":")
		for _, other := range []string{"", key + ": []", key + ": '='"} {
			broken := append(append(append([]string{}, lines[:i]...), other), lines[i+1:]...)
			if p, err := Decode([]byte(strings.Join(broken, "\n"))); err != nil {
				refused++
			} else if _, err := p.Encode(); err != nil {
				t.Errorf("read, and not written: %v", err)
			} else {
				read++
			}
		}
	}
	if read < 20 || refused < 100 {
		t.Errorf("%d are read, %d refused", read, refused)
	}
}
