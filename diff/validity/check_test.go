package validity_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// check is Check of a text. A text that does not parse has its parse error as
// the one problem.
func check(text string) validity.Result {
	src, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		e := err.(*sdl.Error)
		return validity.Result{Problems: []validity.Problem{{Span: e.Span, Message: e.Message}}}
	}
	return validity.Check(schema.Resolve(src), validity.Options{Lambda: true})
}

// list is the problems as people read them.
func list(r validity.Result) string {
	var b strings.Builder
	for _, p := range r.Problems {
		at := "-"
		if !p.Span.IsZero() {
			begin := p.Span.Begin()
			at = fmt.Sprintf("%d:%d", begin.Line, begin.Column)
		}
		fmt.Fprint(&b, at, " ")
		if p.Update {
			fmt.Fprint(&b, "(update) ")
		}
		fmt.Fprintln(&b, p.Message)
	}
	return b.String()
}

// agree holds the verdict on a text against Dgraph's.
func agree(t *testing.T, judge *dgraphtest.Judge, text string) dgraphtest.Verdict {
	t.Helper()
	r := check(text)
	v := judge.Schema(text, dgraphtest.SchemaOptions{LambdaURL: true})
	want := v.Stage
	if want == "schema" {
		want = "handler"
	}
	have := ""
	switch {
	case !r.Valid():
		have = "handler"
	case len(r.Unchecked) > 0 && v.Stage == "network":
		have = v.Stage // whatever comes after it
	case len(r.Problems) > 0:
		have = "dql"
	}
	if have != want {
		t.Errorf("refused at %q, by Dgraph at %q\nproblems:\n%sDgraph: %v %s\n%s", have, want, list(r), v.Errors, v.Panic, text)
	}
	return v
}

// dgraphTables is the folder of Dgraph's own tests, when the module is there.
func dgraphTables(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/dgraph-io/dgraph/v25")
	cmd.Dir = filepath.Join("..", "..", "testdata", "dgraph")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skip("the Dgraph module is not downloaded")
	}
	return filepath.Join(dir, "graphql", "schema")
}

// TestDgraphTables holds the verdicts on the schemas of Dgraph's own tests
// against Dgraph's.
func TestDgraphTables(t *testing.T) {
	t.Parallel()
	folder := dgraphTables(t)
	judge := dgraphtest.Oracle(t)
	type schemas []struct{ Name, Input string }
	for _, file := range []string{"gqlschema_test.yml", "dgraph_schemagen_test.yml", "auth_schemas_test.yaml"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		var table struct {
			Invalid schemas `yaml:"invalid_schemas"`
			Valid   schemas `yaml:"valid_schemas"`
			Schemas schemas `yaml:"schemas"`
		}
		if err := yaml.Unmarshal(text, &table); err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, list := range []schemas{table.Invalid, table.Valid, table.Schemas} {
			for _, s := range list {
				count++
				t.Run(s.Name, func(t *testing.T) { agree(t, judge, s.Input) })
			}
		}
		if count < 20 {
			t.Errorf("%s: only %d schemas found", file, count)
		}
	}
}
