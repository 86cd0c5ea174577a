package rules_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	mutants     = flag.Int("mutants", 3, "how many broken versions of the rules TestMutants tries; a negative number tries all")
	mutantsSeed = flag.Uint64("mutants-seed", 1, "which ones")
)

// harmless are mutants that change nothing that anybody could see, and why. All
// others have been tried once, by -mutants=-1.
var harmless = map[string]string{}

// TestMutants breaks a rule's condition and sees that the other tests of this
// package notice, for a sample of all conditions: each is turned into its
// opposite, and each rule into one that never fires.
func TestMutants(t *testing.T) {
	t.Parallel()
	all := allMutants(t)
	sample := slices.Clone(all)
	if *mutants >= 0 {
		t.Logf("%d of %d mutants, -mutants-seed=%d", min(*mutants, len(sample)), len(sample), *mutantsSeed)
		rand.New(rand.NewPCG(*mutantsSeed, 0)).Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
		sample = sample[:min(*mutants, len(sample))]
	}
	for name := range harmless {
		if !slices.ContainsFunc(all, func(m mutant) bool { return m.name == name }) {
			t.Errorf("there is no mutant %q: take it out of the list", name)
		}
	}
	for _, m := range sample {
		t.Run(m.name, func(t *testing.T) {
			if m.survives(t) && harmless[m.name] == "" {
				t.Errorf("no test fails with %s in %s", m.new, m.name)
			}
		})
	}
}

// mutant is a rule's file with one thing changed.
type mutant struct {
	name, file string
	begin, end int // bytes
	new        string
}

// allMutants finds the conditions in the files of the rules.
func allMutants(t *testing.T) []mutant {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	for _, file := range files {
		text := read(t, file)
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(text, "&Rule{") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		within := ""
		add := func(at ast.Node, new func(string) string) {
			begin, end := set.Position(at.Pos()).Offset, set.Position(at.End()).Offset
			old := text[begin:end]
			name := fmt.Sprintf("%s, %s: %s", file, within, strings.Join(strings.Fields(old), " "))
			if strings.HasPrefix(new(old), "nil") {
				name = fmt.Sprintf("%s, %s: judge", file, within)
			}
			if seen[name]++; seen[name] > 1 {
				name += fmt.Sprintf(", number %d", seen[name])
			}
			all = append(all, mutant{name, file, begin, end, new(old)})
		}
		opposite := func(old string) string { return "!(" + old + ")" }
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				within = d.Name.Name
			case *ast.GenDecl:
				if len(d.Specs) == 1 {
					if v, ok := d.Specs[0].(*ast.ValueSpec); ok {
						within = v.Names[0].Name
					}
				}
			}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.IfStmt:
					add(n.Cond, opposite)
				case *ast.SwitchStmt:
					if n.Tag != nil {
						return true
					}
					for _, c := range n.Body.List {
						for _, e := range c.(*ast.CaseClause).List {
							add(e, opposite)
						}
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "judge" || key.Name == "audit") {
						add(n.Value, func(string) string { return "nil" })
					}
				}
				return true
			})
		}
	}
	if len(all) < 200 {
		t.Fatalf("found only %d mutants", len(all))
	}
	return all
}

// survives reports whether the tests pass with the mutant, but for TestLive, and
// for those on data at rest where the file has nothing to do with it.
func (m mutant) survives(t *testing.T) bool {
	t.Helper()
	dir := t.TempDir()
	text := read(t, m.file)
	new := m.new
	if new == "nil" {
		// What the judge used is used still, so that it builds.
		judge := text[m.begin:m.end]
		new = "func(p *pass, c diff.Change) *Finding { if false { return (" + judge + ")(p, c) }; return nil }"
		if strings.HasPrefix(judge, "func(a *audit)") {
			new = "func(a *audit) []*Finding { if false { return (" + judge + ")(a) }; return nil }"
		}
	}
	broken := filepath.Join(dir, m.file)
	if err := os.WriteFile(broken, []byte(text[:m.begin]+new+text[m.end:]), 0o600); err != nil {
		t.Fatal(err)
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: broken}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		t.Fatal(err)
	}
	skip := "TestLive|TestMutants|TestReadme"
	if !strings.Contains(text, "audit: ") {
		skip += "|TestAudit" // they take their time on a server
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-failfast", "-vet=off", "-overlay", overlay,
		"-skip", skip, ".").CombinedOutput()
	if err != nil && !strings.Contains(string(out), "--- FAIL") && !strings.Contains(string(out), "panic:") {
		t.Fatalf("%v\n%s", err, out)
	}
	return err == nil
}
