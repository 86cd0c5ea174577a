package usage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
)

const users = `
type User @auth(query: { rule: "{$X: { eq: \"y\" } }" }) {
  id: ID!
  name: String! @id @search(by: [hash, regexp])
  phone: String @search(by: [hash])
  age: Int64
  color: Color @search
  posts: [Post] @hasInverse(field: author)
}
type Post { id: ID! title: String author: User }
enum Color { RED GREEN }
union Thing = User | Post
type Query { some(most: Int!): [User] @custom(dql: "query { some(func: type(User)) { id: uid } }")
  things(most: Int): [Thing] @custom(dql: "query { things(func: type(User)) { id: uid } }") }
`

// TestWalk looks at names and the bytes that they stand at.
func TestWalk(t *testing.T) {
	t.Parallel()
	const text = `# Umlauts: äöü, outside and in "strings".
query Users($f: UserFilter = {phone: {eq: "ü"}, has: [phone]}, $o: [UserFilter!]) @cacheControl(maxAge: 5) {
  people : queryUser(filter: {and: [$f], or: $o, color: {eq: RED}}, order: {asc: age}, first: 3)
    @cascade(fields: ["phone", """name"""]) {
    # phone: not this one
    tel:phone ... on User { name } ...F
  }
  things { __typename ...on # here
    Post { title } }
  __schema { types { fields(includeDeprecated: true) { name } } }
}
fragment F on User { ...@skip(if: false) { posts(filter: {has: title}) { author { id } } } }
`
	a := apiOf(t, users)
	o := parse(t, text)[0]
	w := a.Check(o)
	for _, f := range w.Faults {
		t.Errorf("fault %s %s", f.Coordinate, f.Message)
	}
	if len(w.Refusals) > 0 {
		t.Errorf("refused: %s", w.Refusals)
	}
	var got []string
	for _, u := range w.Uses {
		span, exact := u.Span()
		if !exact || span.Text() != u.Name() {
			t.Errorf("%s is at %q", u.Coordinate, span.Text())
		}
		line := fmt.Sprintf("%d:%d %s %s", span.Begin().Line, span.Begin().Column, u.Name(), u.Coordinate)
		if u.Aliased {
			line += " aliased"
		}
		if u.Source.Type != nil {
			line += " from " + u.Source.Type.Name
			if u.Source.Field != nil {
				line += "." + u.Source.Field.Name
			}
		}
		got = append(got, line)
	}
	if d := cmp.Diff(strings.Split(strings.TrimSpace(`
2:17 UserFilter UserFilter from User
2:31 phone UserFilter.phone from User.phone
2:39 eq StringHashFilter.eq
2:49 has UserFilter.has from User
2:55 phone UserHasFilter.phone from User.phone
2:69 UserFilter UserFilter from User
2:84 cacheControl @cacheControl
2:97 maxAge @cacheControl(maxAge:)
3:12 queryUser Query.queryUser aliased from User
3:22 filter Query.queryUser(filter:) from User
3:31 and UserFilter.and from User
3:42 or UserFilter.or from User
3:50 color UserFilter.color from User.color
3:58 eq Color_hash.eq from Color
3:62 RED Color.RED from Color
3:69 order Query.queryUser(order:) from User
3:77 asc UserOrder.asc from User
3:82 age UserOrderable.age from User.age
3:88 first Query.queryUser(first:) from User
4:6 cascade @cascade
4:14 fields @cascade(fields:)
4:24 phone User.phone from User.phone
4:35 name User.name from User.name
6:9 phone User.phone aliased from User.phone
6:22 User User from User
6:29 name User.name from User.name
8:3 things Query.things from Query.things
9:5 Post Post from Post
9:12 title Post.title from Post.title
10:3 __schema Query.__schema
10:14 types __Schema.types
10:22 fields __Type.fields
10:29 includeDeprecated __Type.fields(includeDeprecated:)
10:56 name __Field.name
12:15 User User from User
12:26 skip @skip
12:31 if @skip(if:)
12:44 posts User.posts from User.posts
12:50 filter User.posts(filter:) from User.posts
12:59 has PostFilter.has from Post
12:64 title PostHasFilter.title from Post.title
12:74 author Post.author from Post.author
12:83 id User.id from User.id
`), "\n"), got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestFaults: what the walk finds wrong, the validator refuses too.
func TestFaults(t *testing.T) {
	t.Parallel()
	a := apiOf(t, users)
	for text, want := range map[string]string{
		`{ queryUser { fone } }`:                                                   `fone: unknown User.fone`,
		`{ queryUser { a: fone } }`:                                                `fone: unknown User.fone`,
		`{ queryUser(flt: 3) { id } }`:                                             `flt: unknown Query.queryUser(flt:)`,
		`{ queryUser(filter: {tel: {eq: "x"}}) {id}}`:                              `tel: unknown UserFilter.tel`,
		`{ queryUser(order: {asc: tel}) { id } }`:                                  `tel: unknown UserOrderable.tel`,
		`query ($f: Userfilter) { queryUser(filter: $f) { id } }`:                  `Userfilter: unknown Userfilter`,
		`query ($f: PostFilter) { queryUser(filter: $f) { id } }`:                  `$f: mismatch Query.queryUser(filter:)`,
		`query ($f: User) { queryUser(filter: $f) { id } }`:                        `User: mismatch User|$f: mismatch Query.queryUser(filter:)`,
		`{ queryUser(first: "x") { id } }`:                                         `": mismatch Query.queryUser(first:)`,
		`{ queryUser }`:                                                            `queryUser: mismatch Query.queryUser`,
		`{ queryUser { name { x } } }`:                                             `name: mismatch User.name`,
		`{ queryUser @cascade(fields: ["tel"]) { id } }`:                           `tel: unknown User.tel`,
		`{ queryUser @other { id } }`:                                              `other: unknown @other`,
		`{ queryUser @include(when: true, if: true) { id } }`:                      `when: unknown @include(when:)`,
		`{ queryUser { ... on Post { id } } }`:                                     `Post: mismatch Post`,
		`{ queryUser { ... on Color { id } } }`:                                    `Color: mismatch Color`,
		`{ queryUser { ... on Gone { id } } }`:                                     `Gone: unknown Gone`,
		`{ queryUser { ...F } } fragment F on Post { id }`:                         `F: mismatch Post`,
		`mutation { addUser { numUids } }`:                                         `addUser: missing Mutation.addUser(input:)`,
		`mutation { addUser(input: [{phone: "x"}]) { numUids } }`:                  `{: missing AddUserInput.name`,
		"mutation { addUser(input: {name: \"x\", fone: 3}) { numUids } } # alone":  `fone: unknown AddUserInput.fone`,
		"{ queryUser(filter: {has: fone}) { id } } # alone":                        `fone: unknown UserHasFilter.fone`,
		`mutation { addUser(input: [{name: null}]) { numUids } }`:                  `null: mismatch AddUserInput.name`,
		`mutation { addUser(input: [{name: "x", color: BLUE}]) { numUids } }`:      `BLUE: unknown Color.BLUE`,
		`mutation { addUser(input: [{name: "x", color: "RED"}]) { numUids } }`:     `": mismatch AddUserInput.color`,
		`mutation { addUser(input: [{name: x}]) { numUids } }`:                     `x: mismatch AddUserInput.name`,
		`mutation { addUser(input: [{name: "x", posts: 3}]) { numUids } } # alone`: `3: mismatch AddUserInput.posts`,
		`query ($n: Int = 3) { some(most: $n) { id } }`:                            `$n: mismatch Query.some(most:)`,
		`{ some { id } }`: `some: missing Query.some(most:)`,
		`{ ...F } fragment F on Query { queryUser { id } }`: `F: mismatch Query`,
		`{ ... on Query { queryUser { id } } }`:             `on: mismatch Query`,
		`subscription { queryUser { id } }`:                 `queryUser: unknown Subscription.queryUser`,
	} {
		o := parse(t, text)[0]
		w := a.Check(o)
		var got []string
		for _, f := range w.Faults {
			kind := map[usage.FaultKind]string{usage.Unknown: "unknown", usage.Missing: "missing", usage.Mismatch: "mismatch"}[f.Kind]
			got = append(got, fmt.Sprintf("%s: %s %s", f.Document.Text[f.Start:f.End], kind, f.Coordinate))
			if f.Unseen != strings.Contains(text, "# alone") {
				t.Errorf("%s: unseen is %v", text, f.Unseen)
			}
			if f.Message == "" {
				t.Errorf("%s: no message", text)
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s\n got %s\nwant %s", text, strings.Join(got, "|"), want)
		}
		if len(w.Refusals) == 0 {
			t.Errorf("%s is not refused", text)
		}
	}
}

func apiOf(t testing.TB, text string) *usage.API {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return usage.New(api.Derive(schema.Resolve(parsed), api.Options{}))
}

// parse gives the operations of a text, each with the fragments that it uses.
func parse(t testing.TB, text string) []*operations.Operation {
	t.Helper()
	found := operations.Join(operations.Whole(&sdl.File{Name: "a.graphql", Text: text}))
	for _, p := range found.Problems {
		if p.Kind == operations.Unreadable {
			t.Fatalf("%s\n%s", p.What, text)
		}
	}
	return found.Operations
}
