package validity_test

import (
	"flag"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

var (
	seed      = flag.Uint64("seed", 0, "seed of the random tests; 0 takes the time")
	mutations = flag.Int("mutations", 400, "how many mutated schemas to try")
)

// firstSeed is the seed of a random test, which it logs.
func firstSeed(t *testing.T) uint64 {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -seed %d", s)
	return s
}

// TestRandomSchemas: what Dgraph accepts has no problem.
func TestRandomSchemas(t *testing.T) {
	t.Parallel()
	first := firstSeed(t)
	for i := range uint64(300) {
		text := generate.Schema(generate.Rand(first+i), generate.Options{})
		if r := check(text); len(r.Problems) > 0 {
			t.Fatalf("seed %d: problems in a valid schema\n%s%s", first+i, list(r), text)
		}
	}
}

// TestMutatedSchemas breaks valid schemas at random and holds the verdicts
// against Dgraph's.
func TestMutatedSchemas(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	first := firstSeed(t)
	refused := 0
	for i := range uint64(*mutations) {
		rng := generate.Rand(first + i)
		text := generate.Schema(rng, generate.Options{Odd: rng.IntN(4) == 0})
		text = mutate(rng, text)
		if !agree(t, judge, text).Accepted() {
			refused++
		}
		if t.Failed() {
			t.Fatalf("seed %d", first+i)
		}
	}
	if refused < *mutations/4 {
		t.Errorf("only %d of %d mutated schemas were refused: the mutations are too tame", refused, *mutations)
	}
}

// tokens splits a schema so that the pieces joined are the schema again.
var tokens = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|#[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[ \n\t]+|.`)

// spices are put where they may or may not belong.
var spices = strings.Split(`@search|@search(by: [hash])|@search(by: ["exact", "term"])|@search(by: [year])|@search(by: "hash")|@search(by: [int])`+
	`|@search(by: ["hnsw(metric: euclidean)"])|@id|@id(interface: true)|@embedding|@dgraph(pred: "shared")|@dgraph(pred: "T.name@en")|@dgraph(pred: "~shared")`+
	`|@dgraph(type: "Stored")|@dgraph|@hasInverse(field: name)|@hasInverse|@default(add: {value: "1"})|@default(add: {})|@default(update: {value: "$now"})`+
	`|@secret(field: "pwd")|@secret|@secret(field: "name")|@remote|@auth(query: {rule: "{$R: {eq: \"A\"}}"})|@auth(add: {})|@withSubscription|@lambda`+
	`|@lambdaOnMutate(add: true)|@generate(query: {get: false, query: false, aggregate: false}, mutation: {add: false, update: false, delete: false})`+
	`|@generate(query: {get: 1})|@key(fields: "id")|@key(fields: "name")|@extends|@external|@requires(fields: "id")|@provides(fields: "id")|@deprecated`+
	`|@deprecated(reason: "\u0007")|@cascade|@remoteResponse(name: "x")|@custom(dql: "{ q(func: uid(1)) { uid } }")`+
	`|@custom(http: {url: "http://x.io/$id", method: GET})|@custom(http: {url: "http://x.io", method: POST, body: "{id: $id}"})`+
	`|@custom(http: {url: "http://x.io", method: POST, graphql: "query($id: ID!) { f(id: $id) }", skipIntrospection: true})|extend|implements|interface|type`+
	`|input|enum|union|Int|Int64|Float|String|Boolean|ID|DateTime|Point|Query|Mutation|Subscription|uid|as|name|id|has|not|and|or|count|__x|_Entity|PointList`+
	`|!|[|]|:|&|null|true|"x"|5|"text \"quoted\""|"a\\"|filter|first|vector_distance|nameAggregate|Msg|numUids`, "|")

// mutate changes text in one to three places.
func mutate(rng *rand.Rand, text string) string {
	for range 1 + rng.IntN(3) {
		parts := tokens.FindAllString(text, -1)
		var words []int
		for i, p := range parts {
			if strings.TrimSpace(p) != "" {
				words = append(words, i)
			}
		}
		if len(words) == 0 {
			return text
		}
		at, other := words[rng.IntN(len(words))], words[rng.IntN(len(words))]
		switch rng.IntN(8) {
		case 0:
			parts[at] = ""
		case 1:
			parts[at], parts[other] = parts[other], parts[at]
		case 2, 3:
			if name(parts[at]) && name(parts[other]) {
				parts[at] = parts[other]
			} else {
				parts[at] += " " + parts[other]
			}
		case 4:
			parts[at] = spices[rng.IntN(len(spices))]
		case 5:
			parts[at] += " " + spices[rng.IntN(len(spices))]
		case 6:
			// At the end of a line, where the directives of a field or type go.
			lines := strings.Split(strings.Join(parts, ""), "\n")
			i := rng.IntN(len(lines))
			lines[i] = strings.TrimRight(lines[i], "{ ") + " " + spices[rng.IntN(len(spices))] + lines[i][len(strings.TrimRight(lines[i], "{ ")):]
			parts = []string{strings.Join(lines, "\n")}
		case 7:
			lines := strings.Split(strings.Join(parts, ""), "\n")
			i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
			parts = []string{strings.Join(lines, "\n")}
		}
		text = strings.Join(parts, "")
	}
	return text
}

func name(token string) bool {
	return token[0] == '_' || token[0] >= 'A' && token[0] <= 'Z' || token[0] >= 'a' && token[0] <= 'z'
}
