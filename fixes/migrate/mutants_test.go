package migrate

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestMutants breaks each of what makes batches exact, and sees that tests of this package notice. They run in another
// process, against a server that is there for them only.
func TestMutants(t *testing.T) {
	t.Parallel()
	alpha := dgraphtest.Cluster(t, dgraphproc.Options{}).Alphas()[0].GRPC
	for _, m := range []mutant{
		{"the cursor is written in a transaction of its own", []string{"TestCommittedLate"}, []edit{
			{"engine_batch.go", `if _, err := tx.Commit(ctx, append(set, state...), c.del); err != nil {`,
				`if _, err := tx.Commit(ctx, set, c.del); err != nil {
		return next, c.left, &ofNode{err, at.last}
	}
	if _, err := w.client.Txn().Commit(ctx, state, nil); err != nil {`},
		}},
		{"of two that make a lock both do", []string{"TestRacers"}, []edit{
			{"state.go", `{Name: keyPredicate, Type: "string", Index: []string{"exact"}, Upsert: true},`,
				`{Name: keyPredicate, Type: "string", Index: []string{"exact"}},`},
		}},
		{"nobody looks at the fence, or makes it his own", []string{"TestFenced"}, []edit{
			{"engine_ranges.go", `quads = append(quads, text(dql.Node(n.uid), fencePredicate, r.token))`, ``},
			{"engine_batch.go", `	if nodes[0].fence != w.token {
		return next, nil, ErrLeaseLost
	}
`, ``},
		}},
		{"nobody looks at the lock before he takes the cursors", []string{"TestThawedBeforeCursors"}, []edit{
			{"engine_step.go", `func (r *run) holds(ctx context.Context, tx asker) error {`, `func (r *run) holds(ctx context.Context, tx asker) error {
	if true {
		return nil
	}`},
		}},
		{"after a commit without an answer the cursor is taken from memory", []string{"TestCutOff"}, []edit{
			{"engine_batch.go", `	if next.Counts.Batches != sp.Counts.Batches {
		return next, nil, errMoved
	}`, `	next = *sp`},
		}},
		{"what pages without facets have overlooked is overlooked again", []string{"TestPlainPages"}, []edit{
			{"verify.go", `r.page(ctx, c.Snapshot(), after, size)`, `r.pageBy(ctx, c.Snapshot(), after, size, manner{plain: true})`},
		}},
	} {
		t.Run(m.name, func(t *testing.T) { m.noticed(t, alpha) })
	}
}

// mutant is the package with something broken, and the tests that notice, each for itself.
type mutant struct {
	name  string
	tests []string
	edits []edit
}

// edit is a text that is in a file once, and what stands there instead.
type edit struct{ file, old, new string }

// noticed runs the tests with the mutant, and wants them to fail.
func (m mutant) noticed(t *testing.T, alpha string) {
	t.Helper()
	dir := t.TempDir()
	texts := map[string]string{}
	for _, e := range m.edits {
		if texts[e.file] == "" {
			text, err := os.ReadFile(e.file)
			if err != nil {
				t.Fatal(err)
			}
			texts[e.file] = string(text)
		}
		if n := strings.Count(texts[e.file], e.old); n != 1 {
			t.Fatalf("what is to be broken is %d times in %s: when it was written anew, say here how to break it now\n%s", n, e.file, e.old)
		}
		texts[e.file] = strings.Replace(texts[e.file], e.old, e.new, 1)
	}
	replace := map[string]string{}
	for file, text := range texts {
		broken := filepath.Join(dir, file)
		if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		original, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		replace[original] = broken
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	// What depends on who comes first is noticed most of the time, and in one of some runs for certain.
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=10", "-failfast", "-vet=off", "-timeout=10m", "-overlay", overlay,
		"-run", "^("+strings.Join(m.tests, "|")+")$", ".")
	cmd.Env = append(os.Environ(), dgraphtest.AlphaEnv+"="+alpha, dgraphtest.RequireEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	for _, test := range m.tests {
		failed := regexp.MustCompile(`(?m)^--- FAIL: ` + test + ` `)
		if !failed.Match(out) {
			t.Errorf("%s does not fail\n%s", test, out)
		}
	}
}
