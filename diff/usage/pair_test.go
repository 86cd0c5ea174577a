package usage_test

import (
	"math/rand/v2"
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
			if after == nil {
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

// deriveText is nil for what does not parse.
func deriveText(text string) *api.Schema {
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		return nil
	}
	return api.Derive(schema.Resolve(parsed), api.Options{})
}
