package rewrite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"flag"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/usage"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// change is two schemas.
type change struct {
	diff *diff.Diff
	apis *usage.Pair
}

func compare(t testing.TB, before, after string) change {
	t.Helper()
	parse := func(name, text string) *diff.Schema {
		parsed, err := sdl.Parse(&sdl.File{Name: name, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return diff.New(parsed)
	}
	b, a := parse("old.graphql", before), parse("new.graphql", after)
	d := diff.Compare(b, a, diff.Options{})
	return change{d, usage.NewPair(api.Derive(b.Schema, api.Options{}), api.Derive(a.Schema, api.Options{}))}
}

// TestCases: each file of testdata has old.graphql and new.graphql, operations in files named in/NAME, what becomes of
// them as out/NAME where that is another text, and what is left to people in left.txt. in/NAME.json has the variables of
// in/NAME.graphql. What follows the first line of a comment in the archive are the options: "no-alias".
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := map[string]string{}
			var in []*sdl.File
			for _, f := range archive.Files {
				text[f.Name] = string(f.Data)
				if strings.HasPrefix(f.Name, "in/") {
					in = append(in, &sdl.File{Name: strings.TrimPrefix(f.Name, "in/"), Path: f.Name, Text: string(f.Data)})
				}
			}
			c := compare(t, text["old.graphql"], text["new.graphql"])
			r := rewritten(t, c, in, strings.Contains(string(archive.Comment), "no-alias"))
			out, err := r.Patch.Apply(in)
			if err != nil {
				t.Fatal(err)
			}
			got := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if !strings.HasPrefix(f.Name, "out/") && f.Name != "left.txt" {
					got.Files = append(got.Files, f)
				}
			}
			for i, f := range out {
				if f != in[i] {
					got.Files = append(got.Files, txtar.File{Name: "out/" + f.Name, Data: []byte(f.Text)})
				}
			}
			got.Files = append(got.Files, txtar.File{Name: "left.txt", Data: []byte(left(r))})
			have := string(txtar.Format(got))
			if *update {
				if err := os.WriteFile(path, []byte(have), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(archive)), have); d != "" {
				t.Errorf("(-want +got); -update rewrites it:\n%s", d)
			}
			valid(t, c, r, out)
		})
	}
}

// rewritten rewrites the operations of files.
func rewritten(t testing.TB, c change, in []*sdl.File, noAlias bool) *Result {
	t.Helper()
	o := Options{NoAlias: noAlias, Variables: map[*sdl.File]*sdl.File{}}
	byName := map[string]*sdl.File{}
	for _, f := range in {
		byName[f.Name] = f
	}
	var documents []*operations.Document
	for _, f := range in {
		if variables := byName[strings.TrimSuffix(f.Name, ".graphql")+".json"]; variables != nil && variables != f {
			o.Variables[f] = variables
		}
		if strings.HasSuffix(f.Name, ".graphql") {
			documents = append(documents, operations.Whole(f))
		}
	}
	found := operations.Join(documents...)
	for _, p := range found.Problems {
		t.Errorf("%v: %s", p.Span, p.What)
	}
	r, err := Operations(c.diff, c.apis, found.Operations, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func left(r *Result) string {
	var b strings.Builder
	for _, l := range r.Left {
		b.WriteString(l.Operation.Document.File.Name + " " + l.Operation.Name)
		if l.Broken {
			b.WriteString(", broken")
		}
		b.WriteString("\n")
		for _, reason := range l.Reasons {
			b.WriteString("  " + reason + "\n")
		}
	}
	return b.String()
}

// valid holds the files after the patch to the new API: what is said to be rewritten is valid there.
func valid(t *testing.T, c change, r *Result, out []*sdl.File) {
	t.Helper()
	var documents []*operations.Document
	for _, f := range out {
		if strings.HasSuffix(f.Name, ".graphql") {
			documents = append(documents, operations.Whole(f))
		}
	}
	refused := map[string][]string{}
	for _, o := range operations.Join(documents...).Operations {
		refused[o.Document.File.Name+" "+o.Name] = c.apis.After.Check(o).Refusals
	}
	for _, rewritten := range r.Rewritten {
		o := rewritten.Operation
		if why, ok := refused[o.Document.File.Name+" "+o.Name]; !ok || len(why) > 0 {
			t.Errorf("%s is said to be rewritten: %v", o.Name, why)
		}
	}
}
