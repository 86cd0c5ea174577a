package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// moved pairs predicates of two schemas: "User.name>AppUser.name".
func moved(t *testing.T, before, after string, pairs ...string) []Moving {
	t.Helper()
	was, is := stored(t, before), stored(t, after)
	var all []Moving
	for _, pair := range pairs {
		from, to, _ := strings.Cut(pair, ">")
		m := Moving{From: was.Predicate(from), To: is.Predicate(to), FromStays: is.Predicate(from) != nil}
		if m.From == nil || m.To == nil {
			t.Fatalf("%s: one of them is in no schema", pair)
		}
		all = append(all, m)
	}
	return all
}

// stands compares the answer of a DQL query, whatever the order of its lists.
func stands(t *testing.T, d *dgraphtest.Dgraph, query, want string) {
	t.Helper()
	if diff := cmp.Diff(unordered(t, want), unordered(t, string(d.Query(t, query)))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

// TestRetagType renames a type that implements an interface and is a member of
// a union. Its fields are of every kind, one name is the interface's, one is
// used by another type as well.
func TestRetagType(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const rest = `
interface Being { id: ID! name: String! @search(by: [hash]) }
union Owned = %T | Box
type Box { id: ID! owner: %T label: String @dgraph(pred: "label") }
type Owner { id: ID! has: [Owned] likes: Being }
`
	const fields = ` implements Being {
  code: String @id
  mail: [String] @dgraph(pred: "%T.mail")
  motto: String
  mottoDe: String @dgraph(pred: "%T.motto@de")
  friends: [%T]
  best: %T
  born: DateTime
  at: Point
  big: Int64
  ratio: Float
  ok: Boolean
  label: String @dgraph(pred: "label")
}
`
	before := strings.ReplaceAll("type User"+fields+rest, "%T", "User")
	after := strings.ReplaceAll("type Member"+fields+rest, "%T", "Member")
	d.DropAll(t)
	apply(t, d, before)
	uids := d.Mutate(t, `
_:a <dgraph.type> "User" .
_:a <dgraph.type> "Being" .
_:a <Being.name> "Ann" .
_:a <User.code> "a\"1\\ {{" .
_:a <User.mail> "x" (f=1) .
_:a <User.mail> "" .
_:a <User.motto> "hi" (w=0.5) .
_:a <User.motto> "hallo"@de .
_:a <User.friends> _:b (since=2020-01-01T00:00:00Z) .
_:a <User.friends> _:a .
_:a <User.best> _:b .
_:a <User.born> "2000-01-02T03:04:05.123456789+05:30" .
_:a <User.at> "{'type':'Point','coordinates':[1.5,2.25]}"^^<geo:geojson> .
_:a <User.big> "9007199254740993" .
_:a <User.ratio> "0.1" .
_:a <User.ok> "false" .
_:a <label> "shared" .
_:b <dgraph.type> "User" .
_:b <dgraph.type> "Being" .
_:b <Being.name> "Bob" .
_:b <User.motto> "nur deutsch"@de .
_:gone <dgraph.type> "User" .
_:gone <dgraph.type> "Being" .
_:gone <Being.name> "Gone" .
_:gone <User.code> "gone" .
_:box <dgraph.type> "Box" .
_:box <Box.owner> _:a .
_:box <label> "box" .
_:o <dgraph.type> "Owner" .
_:o <Owner.has> _:a .
_:o <Owner.has> _:box .
_:o <Owner.likes> _:a .
_:orphan <User.code> "of no type" .
`)
	m := RetagType(Retagging{From: "User", To: "Member", Moves: moved(t, before, after,
		"User.code>Member.code", "User.mail>Member.mail", "User.motto>Member.motto", "User.friends>Member.friends",
		"User.best>Member.best", "User.born>Member.born", "User.at>Member.at", "User.big>Member.big", "User.ratio>Member.ratio", "User.ok>Member.ok")})
	steps := build(t, m)
	untouched := func() string {
		return string(d.Query(t, `{q(func: has(Being.name)) {uid Being.name} l(func: has(label)) {uid label} b(func: type(Box)) {uid Box.owner {uid}}}`))
	}
	was := untouched()
	all := func(typ string) (query, want string) {
		return `{query` + typ + `(order: {asc: code}) {name code mail motto mottoDe friends {name} best {name} born at {latitude} big ratio ok label}
  queryBeing(order: {asc: name}) {__typename name}
  queryOwner {has {__typename ... on Box {label owner {name}} ... on ` + typ + ` {name code}} likes {__typename name}}}`,
			`{"query` + typ + `":[` +
				`{"name":"Ann","code":"a\"1\\ {{","mail":["","x"],"motto":"hi","mottoDe":"hallo","friends":[{"name":"Ann"},{"name":"Bob"}],"best":{"name":"Bob"},` +
				`"born":"2000-01-02T03:04:05.123456789+05:30","at":{"latitude":2.25},"big":9007199254740993,"ratio":0.1,"ok":false,"label":"shared"},` +
				`{"name":"Bob","code":null,"mail":[],"motto":null,"mottoDe":"nur deutsch","friends":[],"best":null,"born":null,"at":null,"big":null,"ratio":null,"ok":null,"label":null}],` +
				`"queryBeing":[{"__typename":"` + typ + `","name":"Ann"},{"__typename":"` + typ + `","name":"Bob"}],` +
				`"queryOwner":[{"has":[{"__typename":"` + typ + `","name":"Ann","code":"a\"1\\ {{"},{"__typename":"Box","label":"box","owner":{"name":"Ann"}}],"likes":{"__typename":"` + typ + `","name":"Ann"}}]}`
	}
	carryOut(t, c, steps, Before)
	// The old application deletes one, with its copies.
	answers(t, d, `mutation {deleteUser(filter: {id: ["`+uids["gone"]+`"]}) {numUids}}`, `{"deleteUser":{"numUids":1}}`)
	stands(t, d, `{q(func: eq(Member.code, "gone")) {uid}}`, `{"q":[]}`)
	query, want := all("User")
	answers(t, d, query, want)
	// It adds one, too.
	late := d.GraphQL(t, `mutation {addUser(input: {name: "Late", code: "late", friends: [{id: "`+uids["b"]+`"}]}) {numUids}}`, nil)
	if len(late.Errors) > 0 {
		t.Fatal(late.Errors)
	}
	apply(t, d, after)
	did := carryOut(t, c, steps, After)
	if len(did.left) > 0 {
		t.Errorf("%+v", did.left)
	}
	answers(t, d, `{getMember(code: "late") {name friends {name}}}`, `{"getMember":{"name":"Late","friends":[{"name":"Bob"}]}}`)
	answers(t, d, `mutation {deleteMember(filter: {code: {eq: "late"}}) {numUids}}`, `{"deleteMember":{"numUids":1}}`)
	stands(t, d, `{q(func: has(User.code)) @filter(NOT uid(`+uids["a"]+`)) {User.code}}`, `{"q":[{"User.code":"of no type"}]}`) // "late" took its old values along
	query, want = all("Member")
	answers(t, d, query, want)
	facets := `{q(func: uid(` + uids["a"] + `)) {Member.mail @facets Member.motto @facets Member.friends @facets @filter(uid(` + uids["b"] + `)) {uid}}}`
	stands(t, d, facets, `{"q":[{"Member.mail|f":{"1":1},"Member.mail":["","x"],"Member.motto|w":0.5,"Member.motto":"hi","Member.friends":[{"uid":"`+uids["b"]+`","Member.friends|since":"2020-01-01T00:00:00Z"}]}]}`)
	carryOut(t, c, steps, Contract)
	answers(t, d, query, want)
	stands(t, d, `{q(func: type(User)) {uid} r(func: has(User.code)) {uid} m(func: has(Member.code)) @filter(NOT type(Member)) {uid}}`, `{"q":[],"r":[],"m":[]}`)
	if schema := d.StoredSchema(t); strings.Contains(schema, "User") {
		t.Errorf("left in the stored schema:\n%s", schema)
	}
	gone := `{"uid":"` + uids["gone"] + `","Being.name":"Gone"}` // the first of them, or a later one
	was = strings.Replace(strings.Replace(was, ","+gone, "", 1), gone+",", "", 1)
	if diff := cmp.Diff(was, untouched()); diff != "" {
		t.Errorf("what is not moved (-before +after):\n%s", diff)
	}
}

// TestRetagRefuses has what cannot be moved, and the way out that the errors name.
func TestRetagRefuses(t *testing.T) {
	const before = `type User @secret(field: "pwd") { id: ID! name: String tags: [String] n: Int text: String textDe: String @dgraph(pred: "User.text@de") }
type Post { id: ID! of: User @dgraph(pred: "of") }`
	const after = `type Member @secret(field: "pwd") { id: ID! name: String tags: String n: String text: String }`
	for _, test := range []struct{ pair, want string }{
		{"User.pwd>Member.pwd", `@secret(field: ..., pred: "User.pwd")`},
		{"User.tags>Member.tags", "it takes a policy which of them stays"},
		{"User.n>Member.n", "User.n is stored as int and Member.n as string: it takes a conversion"},
		{"User.text>Member.text", `@dgraph(pred: "Member.text@en")`},
	} {
		m := moved(t, before, after, test.pair)
		for name, migration := range map[string]*Migration{
			"retag": RetagType(Retagging{From: "User", To: "Member", Moves: m}),
			"copy":  CopyValues(m[0]),
			"into":  MoveIntoInterface(Crossing{Interface: "Member", Members: []Member{{"User", m}}}),
			"out":   MoveOutOfInterface(Crossing{Interface: "User", Members: []Member{{"Member", m}}}),
		} {
			if _, err := migration.Build(nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s of %s: %v", name, test.pair, err)
			}
		}
	}
	if _, err := RetagType(Retagging{From: "User", To: "Member", FromStays: true}).Build(nil); err == nil || !strings.Contains(err.Error(), "in a later update") {
		t.Errorf("a type that stays: %v", err)
	}
	for _, name := range []string{"", "a b", "uid", "a\"b"} {
		if _, err := RetagType(Retagging{From: name, To: "Member"}).Build(nil); err == nil {
			t.Errorf("the type %q", name)
		}
	}
	// What the new schema still uses is not dropped, and nothing else is lost.
	r, err := RetagType(Retagging{From: "User", To: "Member", Moves: []Moving{{From: stored(t, before).Predicate("User.name"), To: stored(t, after).Predicate("Member.name"), FromStays: true}}}).Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Steps {
		if s.Drop != nil && (len(s.Drop.Predicates) > 0 || s.Phase != Contract) {
			t.Errorf("%+v", s.Drop)
		}
	}
}
