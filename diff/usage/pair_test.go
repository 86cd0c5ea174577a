package usage_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
)

// TestUntouched: where a pair says that an operation need not be held against the new API, that would say the same as the
// old one. Schemas are changed word by word. SCHEMACHECK_RANDOM=n tries n schemas instead of 40, SCHEMACHECK_SEED=n
// repeats a run.
func TestUntouched(t *testing.T) {
	t.Parallel()
	first, count := number(t, "SCHEMACHECK_SEED", rand.Uint64N(1<<40)), number(t, "SCHEMACHECK_RANDOM", 40)
	t.Logf("SCHEMACHECK_SEED=%d", first)
	skipped, looked, broken := 0, 0, 0
	for seed := first; seed < first+count; seed++ {
		rng := generate.Rand(seed)
		text := generate.Schema(rng, generate.Options{Types: 6})
		before := deriveText(text)
		if before == nil {
			continue
		}
		for range 5 {
			after := deriveText(changed(rng, text))
			if after == nil || !complete(after) {
				continue
			}
			pair, alone := usage.NewPair(before, after), usage.New(after)
			w := &writer{Rand: rng, Schema: before}
			for i := range 20 {
				w.odd = []int{0, 0, 60}[i%3]
				text := w.operation()
				o := parse(t, text)[0]
				outcome := pair.Check(o)
				want := alone.Check(o)
				if outcome.After == nil {
					skipped++
					if d := cmp.Diff(want.Refusals, outcome.Before.Refusals); d != "" {
						t.Errorf("seed %d: taken for untouched, and (-new +old) %s in\n%s", seed, d, text)
					}
					continue
				}
				looked++
				// Within what is unknown, what is said depends on what was asked before.
				if (len(want.Refusals) == 0) != (len(outcome.After.Refusals) == 0) {
					t.Errorf("seed %d: alone %q, and after others %q for\n%s", seed, want.Refusals, outcome.After.Refusals, text)
				}
				if len(outcome.Before.Refusals) == 0 && len(want.Refusals) > 0 {
					broken++
					if len(want.Faults) == 0 {
						t.Errorf("seed %d: a walk does not find why %q in\n%s", seed, want.Refusals, text)
					}
				}
			}
		}
	}
	t.Logf("%d operations were untouched and %d looked at, of which %d break", skipped, looked, broken)
	if skipped < int(count) || broken < int(count)/2 {
		t.Error("the changes are one-sided")
	}
}

// TestTouched: each of these is looked at again, since something else may be said of it.
func TestTouched(t *testing.T) {
	t.Parallel()
	const before = `
interface Node { id: ID! }
type User implements Node { name: String @search(by: [hash]) color: Color }
type Photo implements Node { url: String }
enum Color { RED GREEN }
type Query { some(most: Int): [User] @custom(dql: "query { some(func: type(User)) { id: uid } }") }
`
	for _, c := range []struct {
		name, from, to, text string
		touched              bool
	}{
		{"nothing", "url", "uri", `{ queryUser { name } }`, false},
		{"an element more", "name", "more: Int name", `{ queryUser { name } }`, false},
		{"what was unknown is there", "name", "more: Int name", `{ queryUser { more } }`, true},
		{"a field's type", "name: String", "name: Int", `{ queryUser { name } }`, true},
		{"a field is gone", "name", "nome", `{ queryUser { name } }`, true},
		{"an argument", "most: Int", "most: Int!", `{ some { id } }`, true},
		{"an argument more", "most: Int", "most: Int, least: Int!", `{ some { id } }`, true},
		{"an input that is sent", " @search(by: [hash])", "", `query ($f: UserFilter) { queryUser(filter: $f) { id } }`, true},
		{"an enum", "RED GREEN", "RED", `{ queryUser { color } }`, true},
		{"an interface's objects", "type Photo implements Node {", "type Photo { id: ID!", `{ queryNode { ... on Photo { url } } }`, true},
		{"a type is gone", "Photo", "Picture", `{ queryUser { id } } fragment F on Photo { url }`, false},
		{"a type that is used is gone", "Photo", "Picture", `{ queryNode { ... on Photo { url } } }`, true},
	} {
		if !strings.Contains(before, c.from) {
			t.Fatalf("%s: no %s", c.name, c.from)
		}
		pair := usage.NewPair(deriveText(before), deriveText(strings.Replace(before, c.from, c.to, 1)))
		if got := pair.Check(parse(t, c.text)[0]).After != nil; got != c.touched {
			t.Errorf("%s: looked at again: %v, want %v", c.name, got, c.touched)
		}
	}
}

// changed is a schema with some words changed, or lines left out.
func changed(rng *rand.Rand, text string) string {
	lines := strings.Split(text, "\n")
	for range 1 + rng.IntN(3) {
		i := rng.IntN(len(lines))
		switch rng.IntN(3) {
		case 0:
			if strings.Contains(lines[i], ":") && !strings.ContainsAny(lines[i], "{}\"") {
				lines[i] = ""
			}
		case 1:
			lines[i] = strings.Replace(lines[i], ":", "Renamed:", 1)
		default:
			words := []string{"String", "Int", "!", "@search", "@id", "[", "ID", "Float", " & ", "Boolean"}
			from, to := pick(rng, words), pick(rng, append(words, "", ""))
			lines[i] = strings.Replace(lines[i], from, to, 1)
		}
	}
	return strings.Join(lines, "\n")
}

// complete reports whether there is a type for each field. Nothing is compared with a schema that lacks one: Dgraph
// refuses it.
func complete(s *api.Schema) bool {
	scalars := []string{"ID", "String", "Int", "Float", "Boolean"}
	for _, t := range s.Types {
		for _, f := range t.Fields {
			if of := f.Type.Named(); s.Type(of) == nil && !slices.Contains(scalars, of) {
				return false
			}
		}
	}
	return true
}

// deriveText is nil for what does not parse.
func deriveText(text string) *api.Schema {
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		return nil
	}
	return api.Derive(schema.Resolve(parsed), api.Options{})
}
