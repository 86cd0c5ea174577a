package dgraphtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// TestBuildInParallel sets the environment, so it runs alone.
func TestBuildInParallel(t *testing.T) {
	if _, err := oracle(); err != nil {
		t.Skip(err)
	}
	cache, built, modules := t.TempDir(), goEnv(t, "GOCACHE"), goEnv(t, "GOMODCACHE")
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)    // where macOS keeps its cache
	t.Setenv("GOCACHE", built) // or else everything is compiled again
	t.Setenv("GOMODCACHE", modules)
	var talk bytes.Buffer // one builder at a time writes to it, or the race detector and the count say so
	p := program{name: "oracle", module: nested, dgraph: "github.com/dgraph-io/dgraph/v25", target: "./oracle", sources: "oracle/*.go",
		notice: "building on %s", talk: &talk}
	var all sync.WaitGroup
	var paths [2]string
	for i := range paths {
		all.Go(func() {
			var err error
			if paths[i], err = p.build(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if paths[0] != paths[1] || !strings.HasPrefix(paths[0], cache) {
		t.Fatalf("built %q in cache %s", paths, cache)
	}
	if n := strings.Count(talk.String(), "building on v"); n != 1 {
		t.Errorf("built %d times:\n%s", n, &talk)
	}
	info, err := os.Stat(paths[0])
	if err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("the binary: %v %v", info, err)
	}
	left, err := os.ReadDir(filepath.Dir(paths[0]))
	if err != nil || len(left) != 2 {
		t.Errorf("the cache holds %v (%v), want the binary and its lock", left, err)
	}
	again, err := p.build()
	if err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(again); err != nil || !now.ModTime().Equal(info.ModTime()) {
		t.Errorf("the third call built again (%v)", err)
	}
}

func TestCacheFolderFollowsSources(t *testing.T) {
	t.Parallel()
	module := t.TempDir()
	p := program{target: "./oracle", sources: "oracle/*.go"}
	if err := os.Mkdir(filepath.Join(module, "oracle"), 0o755); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, file := range []string{"go.mod", "go.sum", "oracle/main.go", "go.sum", "oracle/main.go", "oracle/more.go"} {
		for _, name := range []string{"go.mod", "go.sum"} {
			touch(t, filepath.Join(module, name), 0)
		}
		touch(t, filepath.Join(module, file), 1)
		folder, err := p.cacheFolder(module, nil)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[folder]; ok {
			t.Errorf("a change of %s gives the folder that a change of %s gave", file, before)
		}
		seen[folder] = file
		if same, err := p.cacheFolder(module, nil); err != nil || same != folder {
			t.Errorf("unchanged sources give %s and %s (%v)", folder, same, err)
		}
	}
}

// touch makes a file exist, n bytes longer than it was.
func touch(t *testing.T, path string, n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, strings.Repeat("x", n)...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDgraphVersion(t *testing.T) {
	t.Parallel()
	module := t.TempDir()
	if _, err := dgraphVersion(module, "github.com/dgraph-io/dgraph/v25"); err == nil {
		t.Error("a module without go.mod has a version")
	}
	text := "module m\n\ntool github.com/dgraph-io/dgraph/v25/dgraph\n\nrequire github.com/dgraph-io/dgraph/v25 v25.3.8\n"
	if err := os.WriteFile(filepath.Join(module, "go.mod"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if v, err := dgraphVersion(module, "github.com/dgraph-io/dgraph/v25"); err != nil || v != "v25.3.8" {
		t.Errorf("version %q (%v)", v, err)
	}
}

// recorder is a test that notes how it ends.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, a ...any) {
	r.skipped = fmt.Sprintf(format, a...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, a ...any) {
	r.failed = fmt.Sprintf(format, a...)
	runtime.Goexit()
}

// TestUnavailable sets the environment, so it runs alone.
func TestUnavailable(t *testing.T) {
	for _, c := range []struct {
		required     string
		skips, fails bool
	}{{"", true, false}, {"1", false, true}} {
		t.Setenv(RequireEnv, c.required)
		var r recorder
		var test sync.WaitGroup
		test.Go(func() { unavailable(&r, errors.New("no compiler")) })
		test.Wait()
		if strings.Contains(r.skipped, "no compiler") != c.skips || strings.Contains(r.failed, "no compiler") != c.fails {
			t.Errorf("with %s=%q: skipped %q, failed %q", RequireEnv, c.required, r.skipped, r.failed)
		}
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
