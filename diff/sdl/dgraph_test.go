package sdl

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// dgraphParses reports whether Dgraph's parser reads the text, whatever the
// rest of Dgraph makes of it. It looks for an error that is put behind the
// text: Dgraph gets there only when it has read all before. The place is one
// where every construct that the text may have left open fails earlier or
// otherwise: a description at the string, a list at the "@", an enum with
// another message.
func dgraphParses(t *testing.T, j *dgraphtest.Judge, text string) bool {
	t.Helper()
	const trap = `"" scalar SchemacheckTrap @d(a: 1)`
	indent := strings.Repeat(" ", 1000)
	v := j.Schema(text+"\n"+indent+trap+" !", dgraphtest.SchemaOptions{})
	if v.Accepted() || len(v.Errors) == 0 && v.Panic == "" {
		t.Fatalf("Dgraph reads a \"!\" behind %q: %+v", text, v)
	}
	return len(v.Errors) == 1 && v.Errors[0].Message == "Unexpected !" && v.Errors[0].Column == len(indent+trap+" !")
}

// TestVerdictsAgree asks Dgraph's parser about the texts of the other tests.
func TestVerdictsAgree(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	texts := append(goodTexts(), readText(t, rich))
	for _, c := range badTexts() {
		if !strings.Contains(c, strings.Repeat("[", maxDepth+1)) && !strings.Contains(c, strings.Repeat("{a:", maxDepth+1)) {
			texts = append(texts, c)
		}
	}
	for _, text := range texts {
		compareVerdicts(t, j, text, "")
	}
}

// TestVerdictsAgreeOnMutants changes tokens of valid schemas.
// SCHEMACHECK_RANDOM=n makes n instead of 1500, SCHEMACHECK_SEED=n begins with
// another seed.
func TestVerdictsAgreeOnMutants(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	first, count := number(t, "SCHEMACHECK_SEED", 1), number(t, "SCHEMACHECK_RANDOM", 1500)
	richText := readText(t, rich)
	read := 0
	for seed := first; seed < first+count; seed++ {
		rng := generate.Rand(seed)
		text := richText
		if seed%3 == 0 {
			text = generate.Schema(rng, generate.Options{Types: 2})
		}
		text = mutate(rng, text)
		if compareVerdicts(t, j, text, fmt.Sprintf("seed %d: ", seed)) {
			read++
		}
	}
	if share := float64(read) / float64(count); count >= 100 && (share < 0.3 || share > 0.7) {
		t.Errorf("Dgraph reads %.0f%% of the texts: too few of one kind to learn from", share*100)
	}
}

func compareVerdicts(t *testing.T, j *dgraphtest.Judge, text, where string) bool {
	t.Helper()
	_, err := Parse(&File{Name: "s.graphql", Text: text})
	theirs := dgraphParses(t, j, text)
	if theirs != (err == nil) {
		t.Errorf("%sDgraph reads it: %v, we say %v\n%s", where, theirs, err, text)
	}
	return theirs
}

// mutate changes one to three tokens, and what stands between some.
func mutate(rng *rand.Rand, text string) string {
	alphabet := []string{
		"!", "&", "(", ")", ":", "=", "@", "[", "]", "{", "}", "|", "...", "a", "A", "type", "interface", "input", "enum", "union", "scalar", "schema", "extend", "directive",
		"implements", "on", "query", "true", "null", `"implements"`, `"query"`, `""`, `"s"`, `"""b"""`, `"\u0041"`, "1", "-1.5", "1e3", "ENUM", "FIELD", "@d", "@d(a: 1)", "()", "{}", "{ a: B }", "= A", "# note\n",
		".", "-", "01", `"\u{41}"`, `"`, `"""`, `""""`, "'", "é", "\x01", mark,
	}
	var tokens []string
	var kinds []kind
	s := scanner{file: &File{Text: text}}
	for {
		t, err := s.next()
		if err != nil {
			panic(err)
		}
		if t.kind == endOfFile {
			break
		}
		tokens, kinds = append(tokens, text[t.start:t.end]), append(kinds, t.kind)
	}
	for range 1 + rng.IntN(3) {
		i, j := rng.IntN(len(tokens)), rng.IntN(len(tokens))
		other := tokens[j]
		if rng.IntN(2) == 0 {
			other = alphabet[rng.IntN(len(alphabet))]
		}
		switch rng.IntN(20) {
		default:
			if kinds[i] == kinds[j] { // often still right
				tokens[i] = tokens[j]
			}
		case 0:
			tokens[i] = other
		case 1:
			tokens[i] += " " + other
		case 2:
			tokens[i] = ""
		case 3:
			next := (i + 1) % len(tokens)
			tokens[i], tokens[next] = tokens[next], tokens[i]
		case 4:
			tokens = tokens[:1+rng.IntN(len(tokens))]
		}
	}
	var out strings.Builder
	for _, t := range tokens {
		gap := " "
		if rng.IntN(200) == 0 {
			gap = ""
		}
		out.WriteString(t + gap)
	}
	return out.String()
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// corpus are the names of the real schemas beside the repository, if any.
func corpus(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*/*.graphql", "single/*/*.graphql"} {
		found, err := filepath.Glob(filepath.Join("../../../shared/corpus", pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}
