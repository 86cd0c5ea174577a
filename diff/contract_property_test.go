package diff_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// contractLines is the contract, a change a line, with the elements that each
// comes from.
func contractLines(changes []diff.ContractChange) string {
	element := func(s api.Source) string {
		switch {
		case s.Field != nil:
			return s.Field.Coordinate()
		case s.Type != nil:
			return s.Type.Name
		}
		return "-"
	}
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s: %s (%s > %s", []string{"", "removed", "required", "changed", "dangerous"}[c.Kind],
			c.Coordinate, c.What, element(c.Before), element(c.After))
		for cause := range c.Causes() {
			fmt.Fprintf(&b, ", %s", element(cause.Source))
		}
		b.WriteString(")\n")
	}
	return b.String()
}

// samePair compares what DerivePair leaves with what Derive gives, and says
// how many changes there are, and whether anything was left out.
func samePair(t *testing.T, before, after string) (changes int, sparse bool) {
	t.Helper()
	d := compare(t, before, after, nil)
	b, a := api.Derive(d.Before.Schema, api.Options{}), api.Derive(d.After.Schema, api.Options{})
	whole := d.Contract(b, a)
	if difference := cmp.Diff(contractLines(whole), contractLines(d.API)); difference != "" {
		t.Errorf("what DerivePair leaves out differs: -whole +pair\n%s\nbefore:\n%s\nafter:\n%s", difference, before, after)
	}
	pairB, pairA := api.DerivePair(d.Before.Schema, d.After.Schema, api.Options{})
	return len(whole), len(pairB.Types) < len(b.Types) || len(pairA.Types) < len(a.Types)
}

// mutated changes a schema in one or a few places, on the level of its text.
func mutated(rng *rand.Rand, text string) string {
	for range 1 + rng.IntN(3) {
		text = mutations[rng.IntN(len(mutations))](rng, text)
	}
	return text
}

// swap replaces one random match of the pattern.
func swap(pattern, with string) func(*rand.Rand, string) string {
	re := regexp.MustCompile(pattern)
	return func(rng *rand.Rand, text string) string {
		all := re.FindAllStringSubmatchIndex(text, -1)
		if len(all) == 0 {
			return text
		}
		at := all[rng.IntN(len(all))]
		return text[:at[0]] + string(re.ExpandString(nil, with, text, at)) + text[at[1]:]
	}
}

var mutations = []func(*rand.Rand, string) string{
	swap(`@search(\([^)]*\))?`, ``),
	swap(`: (String|Int|Float|DateTime)\b`, `: $1 @search`),
	swap(`@search(\(by: \[(\w+)\]\))`, `@search(by: [hash, term])`),
	swap(`@id(\([^)]*\))?`, ``),
	swap(`: String!`, `: String! @id`),
	swap(`: (String|Int|Float|DateTime|ID)!`, `: $1`),
	swap(`: (String|Int|Float|DateTime)\b([^!])`, `: $1!$2`),
	swap(`: (String|Int|DateTime)\b`, `: Float`),
	swap(`: (String|Int|Float|Boolean|DateTime)\b`, `: [$1]`),
	swap(`: ID!?`, `: String`),
	swap(`\n\s*\w+: ID!?`, ``),
	swap(`\n\s*\w+: [\[\]\w!]+[^\n]*`, ``),
	swap(`(\w+): (\w+)`, `${1}X: $2`),
	swap(`type (\w+) ([^{]*)\{`, `type $1 $2 @generate(query: {get: false, aggregate: false}, mutation: {add: false, delete: false}) {`),
	swap(`type (\w+) implements [^{@]*`, `type $1 `),
	swap(`(type|interface) (\w+)`, `$1 ${2}Y`),
	swap(`enum (\w+) \{`, `enum $1 { ADDED`),
	swap(`type (\w+)([^{]*)\{`, `type $1$2 @withSubscription {`),
	swap(`type (\w+)([^{]*)\{`, `type $1$2{ extraField: String! `),
	swap(`type (\w+)([^{]*)\{`, `type Pad { n: Int }
type $1$2{ pad: Pad `),
	swap(`type (\w+)([^{]*)\{`, `type $1$2{ vec: [Float!] @embedding @search(by: ["hnsw"]) `),
	swap(`@dgraph\([^)]*\)`, ``),
	swap(`@default\([^)]*\)+`, ``),
	swap(`= \w+ \|`, `=`),
	func(rng *rand.Rand, text string) string { // the order of two definitions
		parts := strings.SplitAfter(text, "\n}")
		if len(parts) > 3 {
			i := rng.IntN(len(parts) - 2)
			parts[i], parts[i+1] = parts[i+1], parts[i]
		}
		return strings.Join(parts, "")
	},
}

// TestPairIsWhole: leaving out what cannot differ leaves out no change, on
// thousands of random pairs.
func TestPairIsWhole(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	total, pairs, sparse := 0, 0, 0
	want := 2500
	if testing.Short() {
		want = 500
	}
	for i := range want {
		rng := generate.Rand(seed + uint64(i))
		options := generate.Options{NoFederation: rng.IntN(10) > 0, NoLambda: rng.IntN(2) > 0, NoCustom: rng.IntN(2) > 0, NoAuth: true}
		text := generate.Schema(rng, options)
		if rng.IntN(2) == 0 {
			text += links(rng)
		}
		after := mutated(rng, text)
		if !parses(text) || !parses(after) {
			continue
		}
		changes, left := samePair(t, text, after)
		if t.Failed() {
			t.Fatalf("seed %d", seed+uint64(i))
		}
		pairs++
		total += changes
		if left {
			sparse++
		}
	}
	t.Logf("seed %d: %d pairs, %d changes, %d pairs with something left out", seed, pairs, total, sparse)
	if sparse < want/2 || total < 5*want {
		t.Errorf("the pairs hardly test anything: %d of them, %d with something left out, %d changes", pairs, sparse, total)
	}
}

// links are types that consist of little but links to each other, so that
// their inputs stand and fall together.
func links(rng *rand.Rand) string {
	var b strings.Builder
	n := 2 + rng.IntN(5)
	for i := range n {
		fmt.Fprintf(&b, "type L%d {\n", i)
		if rng.IntN(2) == 0 {
			b.WriteString("  id: ID!\n")
		}
		for f := range 1 + rng.IntN(3) {
			of := fmt.Sprint("L", rng.IntN(n))
			switch rng.IntN(6) {
			case 0:
				of = "[" + of + "]"
			case 1:
				of = "LU"
			case 2:
				of = "M"
			case 3:
				of = "ME @search"
			}
			fmt.Fprintf(&b, "  l%d: %s\n", f, of)
		}
		if rng.IntN(3) == 0 {
			b.WriteString("  name: String\n")
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "union LU = L0 | L%d\ninterface M {\n  m: L0\n}\nenum ME { A B }\n", n-1)
	return b.String()
}

func parses(text string) bool {
	_, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	return err == nil
}

// TestCorpusPairsAreWhole is the same for real schemas, both ways.
func TestCorpusPairsAreWhole(t *testing.T) {
	t.Parallel()
	sparse := 0
	for _, p := range corpusPairs(t) {
		_, left := samePair(t, p.before, p.after)
		samePair(t, p.after, p.before)
		if left {
			sparse++
		} else {
			t.Logf("%s: nothing was left out", p.name)
		}
	}
	if sparse < 20 {
		t.Errorf("only %d pairs had something to leave out", sparse)
	}
}
