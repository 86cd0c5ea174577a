package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/schemacheck/schemacheck/"

// arrows are the imports of our own that each package may have, outside its
// tests. A package that is not listed may not exist.
var arrows = map[string]string{
	"diff/sdl":                       "",
	"diff/schema":                    "diff/sdl",
	"diff/storage":                   "diff/sdl diff/schema",
	"diff/api":                       "diff/sdl diff/schema",
	"diff/validity":                  "diff/sdl diff/schema diff/storage diff/api",
	"diff/internal/generate":         "",
	"diff/operations":                "diff/sdl",
	"diff/usage":                     "diff/sdl diff/api diff/operations",
	"diff":                           "diff/sdl diff/schema diff/storage diff/api",
	"dql":                            "",
	"dql/convert":                    "",
	"dql/clone":                      "dql",
	"dql/dgraphproc":                 "",
	"dql/dgraphtest":                 "dql/dgraphproc",
	"fixes":                          "diff diff/sdl diff/schema diff/storage",
	"fixes/rewrite":                  "diff diff/sdl diff/schema diff/api diff/operations diff/usage fixes",
	"fixes/expression":               "",
	"fixes/migrate":                  "diff diff/sdl diff/schema diff/storage dql dql/convert fixes/expression",
	"rules":                          "diff diff/sdl diff/schema diff/storage diff/api diff/validity diff/operations diff/usage dql dql/convert fixes fixes/migrate fixes/rewrite",
	"cmd/internal/config":            "",
	"cmd/internal/report":            "",
	"cmd/internal/review":            "cmd/internal/report diff/sdl",
	"cmd/internal/review/githubtest": "",
	"cmd/schemacheck": "cmd/internal/config cmd/internal/report cmd/internal/review rules fixes fixes/migrate fixes/rewrite diff diff/sdl diff/schema diff/storage " +
		"diff/api diff/usage diff/validity diff/operations dql dql/clone dql/dgraphproc",
}

// owners are the packages that may import each of the owner's libraries,
// outside tests: one, or one family.
var owners = map[string]string{
	"github.com/dgraph-io/dgo/":      "dql",
	"github.com/vektah/gqlparser/v2": "diff",
	"github.com/spf13/cobra":         "cmd/schemacheck",
	"github.com/fatih/color":         "cmd/internal/report",
	"charm.land/huh/v2":              "cmd/schemacheck",
	"cel.dev/":                       "fixes/expression",
	"github.com/vbauerster/":         "cmd/schemacheck",
	"github.com/prometheus/":         "cmd/schemacheck",
	"github.com/google/go-github/":   "cmd/internal/review",
	"github.com/google/renameio/":    "fixes", // it leaves Windows out
}

// imports are those of every package of the module, outside tests, by folder.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	root := moduleRoot(t)
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || strings.HasPrefix(name, ".") && file != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		found[dir] = append(found[dir], []string{}...)
		for _, i := range parsed.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			found[dir] = append(found[dir], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

func TestArrows(t *testing.T) {
	t.Parallel()
	found := imports(t)
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		allowed, ok := arrows[dir]
		if !ok {
			t.Errorf("package %s is not in the table of arrows: say there what it may import", dir)
			continue
		}
		for _, p := range found[dir] {
			own, isOwn := strings.CutPrefix(p, module)
			if isOwn && !slices.Contains(strings.Fields(allowed), own) {
				t.Errorf("%s imports %s, which the table of arrows does not allow", dir, own)
			}
			if p == "testing" && dir != "dql/dgraphtest" {
				t.Errorf("%s imports testing outside its tests", dir)
			}
			if strings.HasPrefix(p, "github.com/dgraph-io/dgraph") || strings.HasPrefix(p, "github.com/hypermodeinc/dgraph") {
				t.Errorf("%s imports Dgraph itself, which belongs to the nested test module only", dir)
			}
		}
	}
	for dir := range arrows {
		if _, ok := found[dir]; !ok {
			t.Errorf("the table of arrows names %s, which does not exist", dir)
		}
	}
}

func TestLibrariesHaveOneOwner(t *testing.T) {
	t.Parallel()
	for dir, paths := range imports(t) {
		for _, p := range paths {
			for library, owner := range owners {
				if strings.HasPrefix(p, library) && dir != owner && !strings.HasPrefix(dir, owner+"/") {
					t.Errorf("%s imports %s, which belongs to %s", dir, p, owner)
				}
			}
		}
	}
}

// TestNoNetwork: whatever reads and compares schemas cannot open a connection,
// since nothing that could is linked into it, and the program opens one in a
// single place, which only a flag or a dgraph:// schema leads to, and another one
// that only the command review leads to. It takes them in a single place too, which
// only --metrics-listen leads to. (Package net itself comes with the flag library,
// for the types of addresses.)
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "../../diff/...", "../internal/config", "../internal/report").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/vektah/gqlparser/v2/ast") {
		t.Fatalf("go list gives no dependencies: %s", out)
	}
	for _, d := range deps {
		if d == "net/http" || d == "crypto/tls" || strings.HasPrefix(d, "google.golang.org/grpc") {
			t.Errorf("what compares schemas links %s", d)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	opens := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			opens["dql.Open"] += strings.Count(string(text), "dql.Open(")
			opens["review.Open"] += strings.Count(string(text), "review.Open(")
			for _, way := range []string{"net.Dial", "net.Listen", "http.Get", "http.Post", "http.Head", "http.Client", "http.DefaultClient", "http.NewRequest", "http.ListenAndServe"} {
				opens[way] += strings.Count(string(text), way)
			}
			if strings.Contains(string(text), `"net/http"`) && file != "metrics.go" {
				t.Errorf("%s imports net/http, which serves metrics and nothing else", file)
			}
		}
	}
	for way, n := range opens {
		if want := map[string]int{"dql.Open": 1, "review.Open": 1, "net.Listen": 1}[way]; n != want {
			t.Errorf("connections are opened in other places than one: %s stands there %d times, want %d", way, n, want)
		}
	}
}

// TestTopLevel holds the top level of the repository to what its owner fixed.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	allowed := strings.Fields("cmd diff rules fixes dql testdata go.mod go.sum README.md LICENSE CONTRIBUTING.md " +
		"BENCHMARKS.md CHANGELOG.md SECURITY.md action.yml Dockerfile Makefile")
	entries, err := os.ReadDir(moduleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s is at the top level of the repository, where only %s belong", e.Name(), strings.Join(allowed, ", "))
		}
	}
}
