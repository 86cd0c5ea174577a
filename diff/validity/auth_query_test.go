package validity_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// authSchema has one rule, RULE, on a type with fields of all kinds.
const authSchema = `
type User @auth(query: {rule: RULE}) @dgraph(type: "U") {
  id: ID!
  name: String! @search(by: [hash])
  both: String @search(by: [exact, term])
  age: Int @search
  big: Int64 @search
  at: DateTime @search
  ratio: Float @search
  open: Boolean @search
  place: Point @search
  level: Level @search
  tags: [String!] @search(by: [term])
  posts(mine: Int!): [Post] @hasInverse(field: author)
  notes: [Post!]
  best: Named
  any: [Any]
  twice(a: Int, b: Int): [Post]
  told(word: String): [Post]
  nth(n: Int64): [Post]
  friends: [User]
}
interface Named { id: ID! title: String! @id }
type Post implements Named @withSubscription { author: User text: String @search(by: [fulltext]) score: Int! }
type Page implements Named { text: Int score: Int }
type Silent @generate(query: {query: false}) { n: Int }
union Any = Post | User
enum Level { LOW HIGH }
`

// authRules are queries that fit, or not, the API of authSchema.
var authRules = []string{
	`query { queryUser { id } }`,
	`{ queryUser { id } }`,
	`query($NAME: String!) { queryUser(filter: {name: {eq: $NAME}}) { id } }`,
	`query Q($NAME: String) { queryUser(filter: {name: {eq: $NAME}}) { __typename } }`,
	`query($NAME: Int) { queryUser(filter: {name: {eq: $NAME}}) { id } }`,
	`query($NAME: String = "x") { queryUser(filter: {name: {eq: $NAME}}) { id } }`,
	`query($IDS: [ID!]) { queryUser(filter: {id: $IDS}) { id } }`,
	`query($IDS: [ID]) { queryUser(filter: {id: $IDS}) { id } }`,
	`query($ID: ID!) { queryUser(filter: {id: $ID}) { id } }`,
	`query($ID: ID!) { queryUser(filter: {id: [$ID]}) { id } }`,
	`query { queryUser(filter: {id: "0x1"}) { id } }`,
	`query { queryUser(filter: {id: 1}) { id } }`,
	`query { queryUser(filter: {id: {a: 1}}) { id } }`,
	`query { queryUser(filter: {id: null}) { id } }`,
	`query { queryUser(filter: {id: [true]}) { id } }`,
	`query { queryUser(filter: {nam: {eq: "a"}}) { id } }`,
	`query { queryUser(filter: {name: {eq: 1}}) { id } }`,
	`query { queryUser(filter: {name: {in: "a"}}) { id } }`,
	`query { queryUser(filter: {name: {in: 1}}) { id } }`,
	`query { queryUser(filter: {name: {in: [1]}}) { id } }`,
	`query { queryUser(filter: {name: {eq: "a", in: ["b"]}}) { id } }`,
	`query { queryUser(filter: {both: {eq: "a", anyofterms: "b"}}) { id } }`,
	`query { queryUser(filter: {name: {eq: "a"}, name: {eq: "b"}}) { id } }`,
	`query { queryUser(filter: {and: {name: {eq: "a"}}}) { id } }`,
	`query { queryUser(filter: {and: {nope: 1}}) { id } }`,
	`query { queryUser(filter: {and: [{nope: 1}]}) { id } }`,
	`query { queryUser(filter: {and: {name: {nope: 1}}}) { id } }`,
	`query { queryUser(filter: {not: {name: {eq: "a"}}, or: [{has: name}, {has: [age]}]}) { id } }`,
	`query { queryUser(filter: {has: nope}) { id } }`,
	`query { queryUser(filter: {has: [nope]}) { id } }`,
	`query { queryUser(filter: {has: "name"}) { id } }`,
	`query { queryUser(filter: {has: id}) { id } }`,
	`query { queryUser(filter: {age: {eq: 99999999999}}) { id } }`,
	`query { queryUser(filter: {age: {eq: "5"}}) { id } }`,
	`query { queryUser(filter: {age: {in: "5"}}) { id } }`,
	`query { queryUser(filter: {age: {in: ["5"]}}) { id } }`,
	`query { queryUser(filter: {age: {in: true}}) { id } }`,
	`query { queryUser(filter: {age: {eq: null}}) { id } }`,
	`query { queryUser(filter: {age: {between: {min: 1, max: 2}}}) { id } }`,
	`query { queryUser(filter: {age: {between: {min: 1}}}) { id } }`,
	`query { queryUser(filter: {age: {between: {min: null, max: 2}}}) { id } }`,
	`query($A: Int! = 3) { queryUser(filter: {age: {between: {min: $A, max: 2}}}) { id } }`,
	`query($A: Int = 3) { queryUser(filter: {age: {between: {min: $A, max: 2}}}) { id } }`,
	`query { queryUser(filter: {big: {eq: 99999999999}}) { id } }`,
	`query { queryUser(filter: {big: {eq: "99999999999"}}) { id } }`,
	`query { queryUser(filter: {big: {eq: 99999999999999999999}}) { id } }`,
	`query { queryUser(filter: {big: {eq: 1.5}}) { id } }`,
	`query { queryUser(filter: {big: {eq: null}}) { id } }`,
	`query { queryUser(filter: {big: {in: [1, "2"]}}) { id } }`,
	`query { queryUser(filter: {big: {in: 1}}) { id } }`,
	`query { queryUser(filter: {at: {eq: "2020"}}) { id } }`,
	`query { queryUser(filter: {at: {eq: 2020}}) { id } }`,
	`query { queryUser(filter: {at: {between: {min: null, max: {a: 1}}}}) { id } }`,
	`query { queryUser(filter: {ratio: {eq: 1}}) { id } }`,
	`query { queryUser(filter: {ratio: {eq: "1"}}) { id } }`,
	`query { queryUser(filter: {open: true}) { id } }`,
	`query { queryUser(filter: {open: {eq: true}}) { id } }`,
	`query { queryUser(filter: {open: TRUE}) { id } }`,
	`query { queryUser(filter: {level: {eq: LOW}}) { id } }`,
	`query { queryUser(filter: {level: {eq: "LOW"}}) { id } }`,
	`query { queryUser(filter: {level: {in: LOW}}) { id } }`,
	`query { queryUser(filter: {level: {in: [MID]}}) { id } }`,
	`query { queryUser(filter: {level: {eq: LOW, in: [LOW]}}) { id } }`,
	`query($L: Level) { queryUser(filter: {level: {eq: $L}}) { id } }`,
	`query { queryUser(filter: {place: {near: {distance: 1, coordinate: {longitude: 1, latitude: 2.5}}}}) { id } }`,
	`query { queryUser(filter: {place: {near: {distance: 1, coordinate: {longitude: 1}}}}) { id } }`,
	`query { queryUser(filter: "x") { id } }`,
	`query { queryUser(filter: null) { id } }`,
	`query { queryUser(filter: [{has: name}]) { id } }`,
	`query($F: UserFilter) { queryUser(filter: $F) { id } }`,
	`query($F: Nope) { queryUser(filter: $F) { id } }`,
	`query($F: User) { queryUser(filter: $F) { id } }`,
	`query { queryUser(filter: $F) { id } }`,
	`query($F: User) { queryUser(filter: {id: {a: $F}}) { id } }`,
	`query($F: UserFilter) { queryUser(filter: {id: {a: $F}}) { id } }`,
	`query($F: UserFilter) { queryUser { id } }`,
	`query($F: UserFilter, $F: UserFilter) { queryUser(filter: $F) { id } }`,
	`query { queryUser(first: 1, offset: 2, order: {asc: name, then: {desc: age}}) { id } }`,
	`query { queryUser(order: {asc: id}) { id } }`,
	`query { queryUser(nope: 1) { id } }`,
	`query { queryUser(first: 1, first: 2) { id } }`,
	`query { queryUser }`,
	`query { queryUser { nope } }`,
	`query { queryUser { id { x } } }`,
	`query { queryUser { friends } }`,
	`query { queryUser { posts(mine: 1) { text } } }`,
	`query { queryUser { posts { text } } }`,
	`query { queryUser { notes(filter: {text: {alloftext: "a"}}) { text author { id } } notesAggregate { count scoreMin } } }`,
	`query { queryUser { place { longitude latitude } } }`,
	`query { queryUser { best { title ... on Post { text } ... on Page { text } } } }`,
	`query { queryUser { best { title ... on Post { score } ... on Page { score } } } }`,
	`query { queryUser { best { ... on Post { text } } } }`,
	`query { queryUser { best { ... on User { id } } } }`,
	`query { queryUser { best { ... on Nope { id } } } }`,
	`query { queryUser { best { ... on Level { id } } } }`,
	`query { queryUser { best { ... { id } } } }`,
	`query { queryUser { best { ... on Level { __typename } } } }`,
	`query { queryUser { id ...g } }`,
	`query { queryUser { ...f } } fragment f on Level { __typename }`,
	`query { queryUser { best { ...f } } } fragment f on Nope { __typename }`,
	`query { queryUser { any { ... on Post { text } ... on User { name } } } }`,
	`query { queryUser { any { text } } }`,
	`query { queryUser { ... on User { id } } }`,
	`query { queryUser { ...f } } fragment f on User { id }`,
	`query { queryUser { ...f } } fragment f on User { id friends { ...f } }`,
	`query { queryUser { ...f } } fragment f on User { nope }`,
	`query { queryUser { ...f } } fragment f on Level { LOW }`,
	`query { queryUser { ...g } } fragment f on User { id }`,
	`query { queryUser { id } } fragment f on User { id }`,
	`query { queryUser { ...f } } fragment f on User { id } fragment f on User { name }`,
	`query { queryUser { id id id: id } }`,
	`query { queryUser { id id: name } }`,
	`query { queryUser { age: big } }`,
	`query { queryUser { notes(first: 1) { text } notes(first: 1) { score } } }`,
	`query { queryUser { notes(first: 1) { text } notes(first: 2) { score } } }`,
	`query { queryUser { notes(filter: {has: text}) { text } notes(filter: {has: score}) { text } } }`,
	`query { queryUser { notes(first: 1, offset: 1) { text } notes(first: 1, offset: 1) { text } } }`,
	`query { queryUser { notes { text } ...f } } fragment f on User { notes(first: 1) { text } }`,
	`query { queryUser { notes { id: text } ...f } } fragment f on User { notes { id } }`,
	`query { queryUser { any { ... on Post { x: text } ... on User { x: age } } } }`,
	`query { queryUser { any { ... on Post { x: text } ... on User { x: name } } } }`,
	`query { queryUser { any { ... on Post { x: text } ... on User { x: level } } } }`,
	`query { queryUser { any { ... on Post { x: author { id } } ... on User { x: age } } } }`,
	`query { queryUser { any { ... on Post { x: author { id } } ... on User { x: friends { id } } } } }`,
	`query { queryUser { best { ... on Post { x: text } ... on Page { x: text } } } }`,
	`query { queryUser @cascade { id name } }`,
	`query { queryUser @cascade(fields: ["name"]) { id } }`,
	`query { queryUser @cascade(fields: "name") { id } }`,
	`query { queryUser @cascade(fields: ["nope"]) { id } }`,
	`query { queryUser @cascade(fields: "nope") { id } }`,
	`query { queryUser @cascade(fields: [nope]) { id } }`,
	`query { queryUser @cascade(fields: null) { id } }`,
	`query { queryUser @cascade(nope: 1) { id } }`,
	`query { queryUser { name @cascade(fields: ["x"]) } }`,
	`query($C: [String]) { queryUser @cascade(fields: $C) { id } }`,
	`query { queryUser @cascade @cascade { id } }`,
	`query @cascade { queryUser { id } }`,
	`query @cacheControl(maxAge: 5) { queryUser { id } }`,
	`query { queryUser @nope { id } }`,
	`query($A: Int @nope) { queryUser(first: $A) { id } }`,
	`query { queryUser { id @skip(if: true) name } }`,
	`query { queryUser { id @include(if: false) } }`,
	`query { queryUser { id @skip } }`,
	`query { queryUser { id @skip(if: 1) } }`,
	`query($S: Boolean!) { queryUser { id @skip(if: $S) } }`,
	`query($S: Boolean! = true) { queryUser { id @skip(if: $S) } }`,
	`query($S: Boolean = true) { queryUser { id @skip(if: $S) } }`,
	`query($S: Boolean!) { queryUser @skip(if: $S) { id } }`,
	`query($S: Boolean!) { queryUser { friends @skip(if: true) { id @skip(if: $S) } } }`,
	`query($S: Boolean!) { queryUser { ...f } } fragment f on User { id @include(if: $S) }`,
	`query($S: Boolean!) { queryUser { best { ... on Post @include(if: $S) { text } } } }`,
	`query() { queryUser() { id } }`,
	`query { queryUser { posts() { text } } }`,
	`query($A: Int @nope()) { queryUser(first: $A) @cascade() { x: id() @skip(if: false) } }`,
	`query($A: Int()) { queryUser(first: $A) { id } }`,
	`query { queryUser { ...f() } } fragment f on User { id }`,
	`query { queryUser { ...f } } fragment f on User() { id }`,
	`query { queryUser { ... on User() { id } } }`,
	`query { queryUser( # nothing
	) { id } }`,
	`() { queryUser { id } }`,
	`query() Q { queryUser { id } }`,
	`query Q() @cascade() { queryUser() @cascade() { id() } }`,
	`query { x() : queryUser { id } }`,
	`query { queryUser() (first: 1) { id } }`,
	`"why" query { queryUser { id } }`,
	`query("why" $A: Int) { queryUser(first: $A) { id } }`,
	`query { queryUser { ...f } } "why" fragment f on User { id }`,
	`query { queryUser(filter: {name: {eq: "\u{61}"}}) { id } }`,
	`query { queryUser(filter: {name: {eq: "\u0061"}}) { id } }`,
	`query { queryUser(filter: {name: {eq: """a"""}}) { id } }`,
	`query { queryUser(filter: {name: {eq: """a" """}}) { id } }`,
	`query { queryUser(filter: {big: {eq: """5"""}}) { id } }`,
	`query { queryUser(filter: {name: {eq: {}}}) { id } }`,
	`query { queryUser(filter: {}) { id } }`,
	`query { queryUser(filter: {name: {}}) { id } }`,
	`query { queryUser(filter: {name: {in: []}}) { id } }`,
	`query { queryUser(filter: {name: {eq: ["a"]}}) { id } }`,
	`query { queryUser(filter: {big: {eq: [1]}}) { id } }`,
	`query { queryUser { twice(a: 1) { text } } }`,
	`query { queryUser { twice(a: 1.0) { text } } }`,
	`query { queryUser { told(word: "a") { text } told(word: "a") { text } } }`,
	`query { queryUser { told(word: "a") { text } told(word: """a""") { text } } }`,
	`query { queryUser { nth(n: 5) { text } nth(n: "5") { text } } }`,
	`query { queryUser { nth(n: 5) { text } nth(n: "6") { text } } }`,
	`query { x: queryUser { id } }`,
	`query { ...f } fragment f on Query { queryUser { id } }`,
	`query { queryUser { id } queryPost { id } }`,
	`query { queryPost { id } }`,
	`query { queryNobody { id } }`,
	`query { __schema { types { name } } }`,
	`mutation { deleteUser(filter: {}) { msg } }`,
	`subscription { queryUser { id } }`,
	`query { queryUser { id } } query { queryUser { id } }`,
	``,
	`query {`,
	`fragment f on User { id }`,
}

// TestAuthQueries holds the verdict on each rule against Dgraph's.
func TestAuthQueries(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	for _, rule := range authRules {
		for _, literal := range []string{strconv.QuoteToASCII(rule), `"""` + "\n\n    " + rule + "\n\n" + `"""`} {
			if strings.HasPrefix(literal, `"""`) && strings.Contains(rule, `"""`) {
				continue
			}
			sameVerdict(t, judge, strings.Replace(authSchema, "RULE", literal, 1))
		}
	}
}

// sameVerdict holds the verdict on a schema against Dgraph's, which it returns.
func sameVerdict(t *testing.T, judge *dgraphtest.Judge, text string) bool {
	t.Helper()
	r := check(text)
	v := judge.Schema(text, dgraphtest.SchemaOptions{LambdaURL: true})
	if r.Valid() != v.Accepted() {
		rule := regexp.MustCompile(`(?s)rule: (.*?)}\) `).FindStringSubmatch(text)
		t.Errorf("valid is %v, Dgraph says: %v %s\n%s%s", r.Valid(), v.Errors, v.Panic, list(r), rule)
	}
	return v.Accepted()
}

// TestAuthTables does the same for the rules of Dgraph's own tests and of the
// schemas beside the repository.
func TestAuthTables(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	text, err := os.ReadFile(filepath.Join(dgraphTables(t), "auth_schemas_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Invalid []struct{ Input string } `yaml:"invalid_schemas"`
		Valid   []struct{ Input string } `yaml:"valid_schemas"`
	}
	if err := yaml.Unmarshal(text, &table); err != nil || len(table.Invalid) == 0 || len(table.Valid) == 0 {
		t.Fatalf("reading Dgraph's table: %v", err)
	}
	for _, c := range append(table.Invalid, table.Valid...) {
		sameVerdict(t, judge, c.Input)
	}
	others, err := filepath.Glob("../../../shared/corpus/*/*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range others {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "@auth") {
			sameVerdict(t, judge, string(text))
		}
	}
}

// TestAuthQueryWithoutQueries: where no query at all is generated, Dgraph
// finds nothing to hold a rule against.
func TestAuthQueryWithoutQueries(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	for _, generated := range []string{
		`query: {get: false, query: false, password: false, aggregate: false}`,
		`query: {query: false}`,
	} {
		for _, rule := range []string{`{ queryT { nope(a: 1) } }`, `{ queryT { n } }`, `query($A: Nope) { queryT(x: $A) { n } }`} {
			sameVerdict(t, judge, fmt.Sprintf(`type T @generate(%s) @auth(add: {rule: %q}) { n: Int }`, generated, rule))
		}
	}
}

// TestAuthQueryProblems says what is told, and where.
func TestAuthQueryProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rule, want string }{
		{`"query { queryUser(filter: {nam: {eq: \"a\"}}) { id } }"`, `2:59 the query rule of @auth on User does not fit the API that Dgraph generates: UserFilter has no field nam (did you mean "name"?)`},
		{`"query { queryUser { agee } }"`, `2:52 the query rule of @auth on User does not fit the API that Dgraph generates: User has no field agee (did you mean "age"?)`},
		{`"query { queryUser(filter: {name: {eq: \"\u00fcö\ud83d\ude00\"}}) { nope } }"`, "2:100 "},
		{"\"\"\"\n\n    query {\n      queryUser(filter: {name: {eq: \"ö\"}}) {\n        nope\n      }\n    }\n\"\"\"", "6:9 "},
		{"\"\"\"query {\r\n    queryUser {\r\n    ö: nope\r\n  } }\"\"\"", "2:31 "}, // not even a query
		{"\"\"\"query {\r\n    queryUser {\r\n    nope\r\n  } }\"\"\"", "4:5 "},
		{"\"\"\"query { queryUser(filter: {name: {eq: \\\"\"\"x\\\"\"\"}}) { nope } }\"\"\"", "2:31 "}, // escapes: the whole string
		{`"query($S: Boolean!) { queryUser { id @skip(if: $S) } }"`, "2:79 "},
		{`"query { queryUser { age: big age } }"`, "2:61 "},
	} {
		got := list(check(strings.Replace(authSchema, "RULE", c.rule, 1)))
		if !strings.HasPrefix(got, c.want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s\nis told as\n%swant one problem at %s", c.rule, got, c.want)
		}
	}
}

// TestAuthQueryMutations changes the rules at random, and holds the verdicts
// against Dgraph's.
func TestAuthQueryMutations(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	first := firstSeed(t)
	accepted := 0
	for i := range uint64(*mutations) {
		rng := generate.Rand(first + i)
		rule := mutateRule(rng, authRules[rng.IntN(len(authRules))])
		if sameVerdict(t, judge, strings.Replace(authSchema, "RULE", strconv.QuoteToASCII(rule), 1)) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", first+i, rule)
		}
	}
	if accepted < *mutations/100 {
		t.Errorf("only %d of %d rules were accepted", accepted, *mutations)
	}
}

var ruleToken = regexp.MustCompile(`"""[^"]*"""|"[^"]*"|\$?\w+|\.\.\.|[^\s]`)

// mutateRule replaces tokens by tokens of other rules.
func mutateRule(rng *rand.Rand, rule string) string {
	tokens := ruleToken.FindAllString(rule, -1)
	for range 1 + rng.IntN(2) {
		if len(tokens) == 0 {
			break
		}
		other := ruleToken.FindAllString(authRules[rng.IntN(len(authRules))], -1)
		if len(other) == 0 {
			continue
		}
		at, from := rng.IntN(len(tokens)), rng.IntN(len(other))
		switch rng.IntN(8) {
		case 0: // leave one out
			tokens = append(tokens[:at:at], tokens[at+1:]...)
		case 1: // put one in
			tokens = append(tokens[:at:at], append([]string{other[from]}, tokens[at:]...)...)
		case 2: // a piece of the other
			end := min(len(other), from+1+rng.IntN(8))
			tokens = append(tokens[:at:at], append(other[from:end:end], tokens[at:]...)...)
		default: // word for word
			for i := range other {
				if a, b := tokens[at], other[(from+i)%len(other)]; (a[0] >= 'A') == (b[0] >= 'A') && a[0] != '$' {
					tokens[at] = b
					break
				}
			}
		}
	}
	return strings.Join(tokens, " ")
}

// BenchmarkAuthQueries checks schemas in which every type has a rule that is a
// query.
func BenchmarkAuthQueries(b *testing.B) {
	for _, n := range []int{100, 1000, 2000} {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "type T%d @auth(query: {rule: \"query($U: String!) { queryT%d(filter: {name: {eq: $U}}) { next { id } } }\"}) "+
				"{ id: ID! name: String @search(by: [hash]) next: T%d all: [T%d] age: Int @search }\n", i, i, (i+1)%n, (i+7)%n)
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				if r := check(text.String()); !r.Valid() {
					b.Fatal(list(r))
				}
			}
		})
	}
}

// TestAuthQueryHostile: no rule is so large that it takes long, or deep enough
// to crash.
func TestAuthQueryHostile(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for name, rule := range map[string]string{
		"fields":    "{ queryUser { " + strings.Repeat("nope ", 15000) + "} }",
		"same":      "{ queryUser { " + strings.Repeat("notes(first: 1) { id } ", 2000) + "} }",
		"deep":      "{ queryUser " + strings.Repeat("{ friends ", 900) + "{ id }" + strings.Repeat("}", 900) + " }",
		"braces":    strings.Repeat("{", 1_000_000),
		"lists":     "{ queryUser(filter: {name: {eq: " + strings.Repeat("[", 5000) + "}}) { id } }",
		"strings":   "{ queryUser { " + strings.Repeat(`"""""" `, 300_000) + "} }",
		"fragments": "{ queryUser { ...f0 } } " + doubling(60),
		"inputs":    "{ queryUser(filter: {" + strings.Repeat("nam: 1 ", 5000) + "}) { id } }",
	} {
		if r := check(strings.Replace(authSchema, "RULE", strconv.QuoteToASCII(rule), 1)); len(r.Problems) > 100 {
			t.Errorf("%s: %d problems", name, len(r.Problems))
		}
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

// doubling is fragments that each spread the next one twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fragment f%d on User { id friends { ...f%d } best { ... on User { ...f%d } } ...f%d ...f%d } ", i, i+1, i+1, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment f%d on User { id }", n)
	return b.String()
}
