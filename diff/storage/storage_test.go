package storage_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

var update = flag.Bool("update", false, "rewrite testdata/*.dql")

// derive is the DQL schema of a GraphQL text.
func derive(t testing.TB, text string) *storage.Schema {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return storage.Derive(schema.Resolve(parsed))
}

var lambda = dgraphtest.SchemaOptions{LambdaURL: true}

// TestCases compares with goldens, and the goldens with Dgraph.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			t.Parallel()
			text := read(t, file)
			derived := derive(t, text)
			golden := strings.TrimSuffix(file, ".graphql") + ".dql"
			if *update {
				if err := os.WriteFile(golden, []byte(derived.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := read(t, golden)
			if diff := cmp.Diff(want, derived.String()); diff != "" {
				t.Errorf("-golden +derived\n%s", diff)
			}
			consistent(t, derived)
			v := dgraphtest.Oracle(t).Schema(text, lambda)
			if v.Stage != "" && v.Stage != "dql" {
				t.Fatalf("Dgraph refuses the case: %s %v", v.Panic, v.Errors)
			}
			if diff := cmp.Diff(v.DQL, want); diff != "" {
				t.Errorf("-Dgraph +golden\n%s", diff)
			}
		})
	}
}

// TestRepository compares with Dgraph on every schema in the repository.
func TestRepository(t *testing.T) {
	t.Parallel()
	compareAll(t, "../..")
}

// TestCorpus does the same on schemas of real projects, and compares with the
// DQL schemas that lie beside them.
func TestCorpus(t *testing.T) {
	t.Parallel()
	const corpus = "../../../shared/corpus"
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("no corpus beside the repository")
	}
	compareAll(t, corpus)
}

func compareAll(t *testing.T, root string) {
	oracle := dgraphtest.Oracle(t)
	compared := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".graphql" {
			return err
		}
		text := read(t, path)
		parsed, err := sdl.Parse(&sdl.File{Name: path, Text: text})
		if err != nil {
			return nil // whether rightly so is a question for package sdl
		}
		derived := storage.Derive(schema.Resolve(parsed))
		// One file of the corpus holds an error message in place of a schema.
		want, err := os.ReadFile(strings.TrimSuffix(path, ".graphql") + ".dql")
		if err == nil && strings.HasPrefix(string(want), "type ") {
			if diff := cmp.Diff(string(want), derived.String()); diff != "" {
				t.Errorf("%s: -beside it +derived\n%s", path, diff)
			}
		}
		// Keys in authorization lines are redacted or stale, and say nothing
		// about storage.
		v := oracle.Schema(strings.ReplaceAll(text, "Dgraph.Authorization", "authorization"), lambda)
		if v.DQL == "" {
			return nil
		}
		compared++
		consistent(t, derived)
		if diff := cmp.Diff(v.DQL, derived.String()); diff != "" {
			t.Errorf("%s: -Dgraph +derived\n%s", path, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if compared < 20 {
		t.Errorf("only %d schemas compared", compared)
	}
	t.Logf("%d schemas compared", compared)
}

// TestRandom compares with Dgraph on random schemas. SCHEMACHECK_RANDOM=n
// takes n instead of 300, SCHEMACHECK_SEED=n begins with another seed.
func TestRandom(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	first, count := number(t, "SCHEMACHECK_SEED", 1), number(t, "SCHEMACHECK_RANDOM", 300)
	for seed := first; seed < first+count; seed++ {
		text := generate.Schema(generate.Rand(seed), generate.Options{Odd: seed%2 == 0})
		v := oracle.Schema(text, lambda)
		if v.DQL == "" {
			t.Errorf("seed %d: Dgraph refuses it: %s %s %v", seed, v.Stage, v.Panic, v.Errors)
			continue
		}
		derived := derive(t, text)
		consistent(t, derived)
		if diff := cmp.Diff(v.DQL, derived.String()); diff != "" {
			t.Errorf("seed %d: -Dgraph +derived\n%s\n%s", seed, diff, text)
		}
	}
}

// consistent checks what holds for every schema: look-ups find what is listed,
// and who reads a predicate is known.
func consistent(t *testing.T, s *storage.Schema) {
	t.Helper()
	for _, p := range s.Predicates {
		if s.Predicate(p.Name) != p {
			t.Errorf("predicate %s is not found by its name", p.Name)
		}
		introspection := strings.HasSuffix(p.Name, ".__schema") || strings.HasSuffix(p.Name, ".__type")
		if len(p.Fields)+len(p.Secrets) == 0 && !introspection {
			t.Errorf("predicate %s has no reader", p.Name)
		}
		for _, f := range p.Fields {
			if f.Predicate != p.Name {
				t.Errorf("predicate %s is read by %s, whose predicate is %s", p.Name, f.Coordinate(), f.Predicate)
			}
		}
	}
	for _, typ := range s.Types {
		if first := s.Type(typ.Name); first == nil || first.Name != typ.Name {
			t.Errorf("type %s is not found by its name", typ.Name)
		}
		if len(typ.Sources) == 0 {
			t.Errorf("type %s has no source", typ.Name)
		}
		for _, name := range typ.Predicates {
			if s.Predicate(name) == nil {
				t.Errorf("type %s lists %s, which is not declared", typ.Name, name)
			}
		}
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("reading %s: %v", variable, err)
	}
	return n
}
