package dgraphtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// nested is the folder of the module that names the Dgraph version, seen from the repository's root.
const nested = "testdata/dgraph"

// OldEnv, set to 1, makes the tests use the oldest Dgraph that is supported instead of the newest. The oracle
// stays the newest.
const OldEnv = "SCHEMACHECK_OLD_DGRAPH"

// program is something that is built from a nested module.
type program struct {
	name    string // of the binary
	module  string // folder of the nested module, seen from the repository's root
	dgraph  string // import path of Dgraph
	target  string // package
	sources string // glob of the module's own sources, in the module
	notice  string // what is said before it is built; %s is Dgraph's version
	talk    io.Writer
}

var (
	server = sync.OnceValues(func() (string, error) {
		p := program{
			name:   "dgraph",
			module: nested,
			dgraph: "github.com/dgraph-io/dgraph/v25",
			target: "github.com/dgraph-io/dgraph/v25/dgraph",
			notice: "building Dgraph %s once, about two minutes ...",
			talk:   os.Stderr,
		}
		if os.Getenv(OldEnv) == "1" {
			p.module, p.dgraph = "testdata/dgraph24", "github.com/hypermodeinc/dgraph/v24"
			p.target = p.dgraph + "/dgraph"
		}
		return p.build()
	})
	oracle = sync.OnceValues(program{
		name:    "oracle",
		module:  nested,
		dgraph:  "github.com/dgraph-io/dgraph/v25",
		target:  "./oracle",
		sources: "oracle/*.go",
		notice:  "building the oracle on Dgraph %s once, up to two minutes ...",
		talk:    os.Stderr,
	}.build)
)

// build returns the path of the binary in the user's cache, and makes it when it is not there: once for
// all processes that ask at the same time.
func (p program) build() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, p.module)
	version, err := dgraphVersion(module, p.dgraph)
	if err != nil {
		return "", err
	}
	args := []string{"build", "-C", module, "-trimpath", "-mod=readonly",
		"-ldflags", "-s -w -X " + p.dgraph + "/x.dgraphVersion=" + version}
	folder, err := p.cacheFolder(module, args[3:])
	if err != nil {
		return "", err
	}
	binary := filepath.Join(folder, p.name)
	if isFile(binary) {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("creating the cache of binaries: %w", err)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(folder, "lock")).Lock()
	if err != nil {
		return "", fmt.Errorf("waiting for another build of %s: %w", p.name, err)
	}
	defer unlock()
	if isFile(binary) {
		return binary, nil
	}
	start := time.Now()
	fmt.Fprintf(p.talk, p.notice+"\n", version)
	fresh := binary + ".new"
	cmd := exec.Command("go", append(args, "-o", fresh, p.target)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", p.target, err, bytes.TrimSpace(out))
	}
	if err := os.Rename(fresh, binary); err != nil {
		return "", fmt.Errorf("keeping the built %s: %w", p.name, err)
	}
	fmt.Fprintf(p.talk, "built %s in %v: %s\n", p.name, time.Since(start).Round(time.Second), binary)
	return binary, nil
}

// cacheFolder is named after everything that the binary is made of.
func (p program) cacheFolder(module string, flags []string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("looking for the user's cache: %w", err)
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, p.target, flags)
	files := []string{"go.mod", "go.sum"}
	if p.sources != "" {
		own, err := filepath.Glob(filepath.Join(module, p.sources))
		if err != nil {
			return "", err
		}
		for _, path := range own {
			name, err := filepath.Rel(module, path)
			if err != nil {
				return "", err
			}
			files = append(files, name)
		}
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", fmt.Errorf("reading the sources of %s: %w", p.name, err)
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return filepath.Join(cache, "schemacheck", "dgraph", fmt.Sprintf("%x", h.Sum(nil)[:8])), nil
}

// dgraphVersion reads the version that the module asks for; a server that is not stamped calls itself "dev".
func dgraphVersion(module, dgraph string) (string, error) {
	text, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("looking for Dgraph's version: %w", err)
	}
	found := regexp.MustCompile(`(?m)^(?:require|\t)\s*` + regexp.QuoteMeta(dgraph) + ` (v\S+)`).FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("looking for Dgraph's version: %s requires no dgraph", filepath.Join(module, "go.mod"))
	}
	return string(found[1]), nil
}

// moduleRoot walks up from the test's folder.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if isFile(filepath.Join(folder, nested, "go.mod")) {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("no " + nested + "/go.mod above the working directory; run the test inside a checkout")
		}
		folder = parent
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
