package api_test

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden derives the API of testdata/*/schema.graphql, where the part that
// every API has is left out. A comment at the top of a case with "version: V"
// chooses a Dgraph; "refused: STAGE" says that Dgraph makes the API and then
// does not take it.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, folder := range goldens(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			c := readCase(t, folder)
			derived := derive(t, c.schema, c.version)
			got := section.ReplaceAllString(derived.String(), "$2")
			if *update {
				if err := os.WriteFile(filepath.Join(folder, "api.txt"), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := gocmp.Diff(c.api, got); diff != "" {
				t.Errorf("derived API (-want +got), rewrite with -update after a look:\n%s", diff)
			}
			consistent(t, derived)
		})
	}
}

// TestStatic looks at the part that the other cases leave out.
func TestStatic(t *testing.T) {
	t.Parallel()
	const path = "testdata/static.txt"
	got := section.FindStringSubmatch(derive(t, "type A { n: Int }", "").String())[1]
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("what is in every API (-want +got):\n%s", diff)
	}
}

// TestGoldenAgainstDgraph holds the cases, not only what we make of them, to
// what Dgraph says.
func TestGoldenAgainstDgraph(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	for _, folder := range goldens(t) {
		c := readCase(t, folder)
		v := oracle.Schema(c.schema, dgraphtest.SchemaOptions{LambdaURL: true})
		switch {
		case v.Stage != c.refused:
			t.Errorf("%s: Dgraph refuses it at stage %q, want %q: %v %s", folder, v.Stage, c.refused, v.Errors, v.Panic)
		case v.API != "" && c.version == "":
			if diff := gocmp.Diff(section.ReplaceAllString(own(v.API), "$2"), c.api); diff != "" {
				t.Errorf("%s (-Dgraph +golden):\n%s", folder, diff)
			}
		}
	}
}

// TestAgainstDgraph compares whole APIs, of all schemas that are at hand.
func TestAgainstDgraph(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	compared := 0
	for _, folder := range []string{"../..", "../../../shared/corpus"} {
		if _, err := os.Stat(folder); err != nil {
			t.Logf("%s is absent", folder)
			continue
		}
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".graphql" || !strings.Contains(path, "testdata") && folder == "../.." {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if equal(t, oracle, path, string(text)) {
				compared++
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("compared %d schemas", compared)
}

// TestRandomAgainstDgraph compares the APIs of random schemas.
// SCHEMACHECK_RANDOM=n compares n instead of 200, SCHEMACHECK_SEED=n repeats
// a run.
func TestRandomAgainstDgraph(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	first, count := number(t, "SCHEMACHECK_SEED", rand.Uint64N(1<<40)), number(t, "SCHEMACHECK_RANDOM", 200)
	compared := 0
	for seed := first; seed < first+count; seed++ {
		text := generate.Schema(generate.Rand(seed), generate.Options{Odd: seed%4 == 0})
		if equal(t, oracle, fmt.Sprintf("seed %d", seed), text) {
			compared++
		}
	}
	t.Logf("compared %d of %d schemas from SCHEMACHECK_SEED=%d", compared, count, first)
	if compared*10 < int(count)*9 {
		t.Errorf("only %d of %d schemas were accepted", compared, count)
	}
}

// equal compares our API of a schema with that of Dgraph. It reports whether
// Dgraph has one.
func equal(t *testing.T, oracle *dgraphtest.Judge, name, text string) bool {
	t.Helper()
	v := oracle.Schema(text, dgraphtest.SchemaOptions{LambdaURL: true})
	if v.API == "" {
		return false
	}
	derived := derive(t, text, "")
	if diff := gocmp.Diff(own(v.API), derived.String()); diff != "" {
		t.Errorf("%s (-Dgraph +ours):\n%s", name, diff)
	}
	consistent(t, derived)
	return true
}

// consistent checks what Dgraph's text cannot show.
func consistent(t *testing.T, s *api.Schema) {
	t.Helper()
	for i, typ := range s.Types {
		if s.Type(typ.Name) != typ {
			t.Errorf("%s (number %d) is not found by name", typ.Name, i)
		}
		everywhere := typ.Origin == api.Static || typ.Origin == api.Federated || typ == s.Query || typ == s.Mutation ||
			typ == s.Subscription || strings.HasPrefix(typ.Name, "String") // filters of several indexes
		if !everywhere && typ.Source.Type == nil {
			t.Errorf("%s has no source", typ.Name)
		}
		if typ.Origin != api.Generated || everywhere || strings.Contains(typ.Name, "_String") {
			continue // of several filters in one, some come from no type
		}
		for _, f := range typ.Fields {
			if f.Source.Type == nil {
				t.Errorf("%s.%s has no source", typ.Name, f.Name)
			}
			for _, a := range f.Arguments {
				if a.Source.Type == nil {
					t.Errorf("%s.%s(%s:) has no source", typ.Name, f.Name, a.Name)
				}
			}
		}
		for _, v := range typ.Values {
			if v.Source.Type == nil {
				t.Errorf("%s.%s has no source", typ.Name, v.Name)
			}
		}
	}
}

// own puts our words in the places of Dgraph's: the descriptions of two
// scalars, and the reason of a deprecation.
func own(text string) string {
	ours := derive(nil, "type A { n: Int }", "").String()
	text = strings.Replace(text, scalars.FindString(text), scalars.FindString(ours), 1)
	return identity.ReplaceAllString(text, `@deprecated(reason: "`+
		`an @id without (interface: true) is unique within each type only: a later Dgraph will not find nodes of the interface by it")`)
}

var (
	// section is from the definitions that every API has to the next section.
	section  = regexp.MustCompile(`(?s)(#######################\n# Extended Definitions\n.*?between: StringRange\n}\n\ninput StringHashFilter \{.*?\n}\n\n)(.*)`)
	scalars  = regexp.MustCompile(`(?s)# Extended Definitions\n.*?\nscalar DateTime\n`)
	identity = regexp.MustCompile(`@deprecated\(reason: "@id argument for get query on interface is [^"]*"\)`)
)

type goldenCase struct{ schema, api, version, refused string }

func goldens(t *testing.T) []string {
	t.Helper()
	folders, err := filepath.Glob("testdata/*/schema.graphql")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for i, f := range folders {
		folders[i] = filepath.Dir(f)
	}
	return folders
}

func readCase(t *testing.T, folder string) goldenCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "schema.graphql"))
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(filepath.Join(folder, "api.txt"))
	if err != nil && !*update {
		t.Fatal(err)
	}
	c := goldenCase{schema: string(text), api: string(golden)}
	for line := range strings.Lines(c.schema) {
		if v, ok := strings.CutPrefix(line, "# version: "); ok {
			c.version = strings.TrimSpace(v)
		}
		if v, ok := strings.CutPrefix(line, "# refused: "); ok {
			c.refused = strings.TrimSpace(v)
		}
	}
	return c
}

func derive(t testing.TB, text, version string) *api.Schema {
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return api.Derive(schema.Resolve(parsed), api.Options{DgraphVersion: version})
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	n, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 64)
	if err != nil {
		t.Fatalf("reading %s: %v", variable, err)
	}
	if text == "" {
		return otherwise
	}
	return n
}
