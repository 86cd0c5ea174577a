package validity_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

var update = flag.Bool("update", false, "rewrite the expected problems")

// elsewhere names the cases in which Dgraph's first error points at another
// definition than any of our problems, with the reason.
var elsewhere = map[string]string{
	"federation/key-remote":          "Dgraph points into its own definitions",
	"federation/extends-remote":      "Dgraph points into its own definitions",
	"federation/entities-query":      "Dgraph points into its own definitions",
	"federation/own-key-directive":   "Dgraph points into its own definitions",
	"fields/own-directive-builtin":   "Dgraph points into its own definitions",
	"names/builtin-object":           "Dgraph points into its own definitions",
	"names/builtin-filter":           "Dgraph points into its own definitions",
	"names/any-federated":            "Dgraph points into its own definitions",
	"types/extend-key-elsewhere":     "Dgraph points into its own definitions",
	"types/extends-no-key":           "Dgraph points into its own definitions",
	"interfaces/two-with-field":      "Dgraph points at the interface, nothing is wrong with it alone",
	"interfaces/twice":               "Dgraph points at the interface, nothing is wrong with it alone",
	"interfaces/id-arguments":        "Dgraph points at the interface, nothing is wrong with it alone",
	"types/two-ids-inherited":        "Dgraph points at the interface, nothing is wrong with it alone",
	"predicates/reverse-other-type":  "Dgraph points at the forward field, we at the one that reads it backwards",
	"predicates/shared-id-second":    "Dgraph points at the first user of the predicate, we at the second one",
	"predicates/shared-secret-first": "Dgraph points at the first user of the predicate, we at the second one",
}

// caseFile is a family of cases.
type caseFile struct {
	path    string
	archive *txtar.Archive
	cases   []testCase
}

type testCase struct {
	name, text string
	problems   *[]byte // the expected ones, in the archive
}

// caseFiles reads testdata/*.txtar, where a case is a file NAME.graphql
// followed by NAME.problems.
func caseFiles(t testing.TB) []caseFile {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var files []caseFile
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := caseFile{path: path, archive: archive}
		family := strings.TrimSuffix(filepath.Base(path), ".txtar")
		for i := 0; i+1 < len(archive.Files); i += 2 {
			in, out := archive.Files[i], &archive.Files[i+1]
			name, ok := strings.CutSuffix(in.Name, ".graphql")
			if !ok || out.Name != name+".problems" {
				t.Fatalf("%s: %s is followed by %s", path, in.Name, out.Name)
			}
			file.cases = append(file.cases, testCase{family + "/" + name, string(in.Data), &out.Data})
		}
		files = append(files, file)
	}
	return files
}

// TestCases holds the problems of small schemas against the expected ones, and
// the verdict and place against Dgraph's.
func TestCases(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	for _, file := range caseFiles(t) {
		for _, c := range file.cases {
			t.Run(c.name, func(t *testing.T) {
				have := listAll(c.text)
				if *update {
					*c.problems = []byte(have)
				} else if diff := cmp.Diff(string(*c.problems), have); diff != "" {
					t.Errorf("problems differ (-want +have), -update rewrites them:\n%s", diff)
				}
				sameDefinition(t, c.name, c.text, agree(t, judge, c.text))
			})
		}
		if *update {
			if err := os.WriteFile(file.path, txtar.Format(file.archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// listAll is the problems and what is not checked.
func listAll(text string) string {
	r := check(text)
	var b strings.Builder
	b.WriteString(list(r))
	for _, u := range r.Unchecked {
		b.WriteString(u.Message + "\n")
	}
	return b.String()
}

// sameDefinition checks that one of our problems is in the definition in which
// Dgraph's first error is.
func sameDefinition(t *testing.T, name, text string, v dgraphtest.Verdict) {
	t.Helper()
	if v.Stage != "handler" || len(v.Errors) == 0 || v.Errors[0].Line == 0 || elsewhere[name] != "" {
		return
	}
	src, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		return
	}
	// definition is the number of the last definition that begins at or before
	// the line: ends are of no use, definitions can share a line.
	definitions := func(line int) map[int]bool {
		in := map[int]bool{}
		for i, d := range src.Definitions {
			if d.Span.Begin().Line <= line && line <= d.Span.Finish().Line {
				in[i] = true
			}
		}
		return in
	}
	want := definitions(v.Errors[0].Line)
	for _, p := range check(text).Problems {
		if p.Span.IsZero() {
			continue
		}
		line := p.Span.Begin().Line
		if line == v.Errors[0].Line {
			return
		}
		for i := range definitions(line) {
			if want[i] {
				return
			}
		}
	}
	t.Errorf("Dgraph's error is at line %d, none of ours is in that definition: %s\n%s\n%s", v.Errors[0].Line, v.Errors[0].Message, list(check(text)), text)
}
