package sdl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// loadGit reads git:REF:PATH through the installed git, which knows worktrees,
// partial clones and the user's settings.
func (l Loader) loadGit(ctx context.Context, arg string) ([]*File, error) {
	ref, name, ok := cutRef(strings.TrimPrefix(arg, "git:"))
	if !ok || name == "" {
		return nil, fmt.Errorf("%s: expected git:REF:PATH, such as git:main:schema.graphql", arg)
	}
	g := git{ctx, l.Dir}
	prefix, err := g.run("rev-parse", "--show-prefix")
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("%s: git is not installed, or not in PATH", arg)
		}
		if strings.Contains(err.Error(), "dubious ownership") {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		return nil, fmt.Errorf("%s: this folder is not in a git repository: run schemacheck inside one, or name a file", arg)
	}
	here := strings.TrimSuffix(string(prefix), "\n")
	top, err := g.run("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	g.dir = strings.TrimSuffix(string(top), "\n")
	if ref != "" {
		if _, err := g.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}"); err != nil {
			return nil, fmt.Errorf("%s: git knows no commit %q here: fetch it first (git fetch origin %s), or check the name", arg, ref, ref)
		}
	}
	if name == "." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		name = path.Join(here, name)
	}
	name = path.Clean(strings.TrimSuffix(name, "/"))
	if name == ".." || strings.HasPrefix(name, "../") {
		return nil, fmt.Errorf("%s: the path leaves the repository", arg)
	}
	files, err := g.files(ref, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	for _, f := range files {
		f.Name = relativeTo(here, f.Name)
	}
	return files, nil
}

// cutRef splits REF:PATH at the first colon outside braces: a ref can be
// main@{2026-01-01 10:00}.
func cutRef(s string) (ref, name string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ':':
			if depth <= 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return s, "", false
}

// relativeTo is name, which counts from the root of the repository, as seen
// from the folder here, which does too and ends with "/" or is empty.
func relativeTo(here, name string) string {
	up := ""
	for here != "" && !strings.HasPrefix(name, here) {
		here = strings.TrimSuffix(here, "/")
		here = here[:strings.LastIndexByte(here, '/')+1]
		up += "../"
	}
	return up + strings.TrimPrefix(name, here)
}

type git struct {
	ctx context.Context
	dir string
}

func (g git) run(args ...string) ([]byte, error) {
	cmd := exec.CommandContext(g.ctx, "git", args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, fmt.Errorf("git: %s: %w", strings.TrimPrefix(text, "fatal: "), err)
		}
		return nil, fmt.Errorf("git: %w", err)
	}
	return out, nil
}

// blob is a file in a commit or in the index.
type blob struct{ object, name string }

// files reads the file, folder or glob called name. No match is no error.
func (g git) files(ref, name string) ([]*File, error) {
	blobs, err := g.list(ref, name)
	if err != nil {
		return nil, err
	}
	files := make([]*File, 0, len(blobs))
	for _, b := range blobs {
		data, err := g.run("cat-file", "blob", b.object)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", b.name, err)
		}
		f, err := fill(&File{Name: b.name, Ref: ref}, data)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// list finds the blobs that name means: the file itself, the schema files
// below the folder, or what matches the glob.
func (g git) list(ref, name string) ([]blob, error) {
	all, err := g.tree(ref, name)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 && all[0].name == name {
		return all, nil
	}
	var found []blob
	for _, b := range all {
		if isSchema(b.name) && !hidden(b.name, name) {
			found = append(found, b)
		}
	}
	if len(found) > 0 || len(all) > 0 || !isGlob(name) {
		return found, nil
	}
	if !doublestar.ValidatePattern(name) {
		return nil, errors.New("the glob is malformed")
	}
	base, _ := doublestar.SplitPattern(name)
	if all, err = g.tree(ref, base); err != nil {
		return nil, err
	}
	for _, b := range all {
		if doublestar.MatchUnvalidated(name, b.name) && !hidden(b.name, base) {
			found = append(found, b)
		}
	}
	return found, nil
}

// hidden reports whether a folder between base and the file is one that a walk
// over real folders leaves out too.
func hidden(name, base string) bool {
	for _, dir := range strings.Split(path.Dir(strings.TrimPrefix(name, base)), "/") {
		if dir == "node_modules" || len(dir) > 1 && dir[0] == '.' && dir != ".." {
			return true
		}
	}
	return false
}

// tree lists the regular files at and below name, in lexical order.
func (g git) tree(ref, name string) ([]blob, error) {
	args := []string{"ls-files", "--stage", "-z", "--full-name"}
	if ref != "" {
		args = []string{"--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", ref + "^{tree}"}
		if name != "." {
			args = append(args, "--", name)
		}
	}
	out, err := g.run(args...)
	if err != nil {
		return nil, err
	}
	var blobs []blob
	for _, line := range strings.Split(string(out), "\x00") {
		about, at, ok := strings.Cut(line, "\t")
		fields := strings.Fields(about)
		if !ok || len(fields) != 3 || !strings.HasPrefix(fields[0], "100") {
			continue // links and submodules hold no schema
		}
		object := fields[2] // ls-tree: mode type object
		if ref == "" {
			object = fields[1] // ls-files: mode object stage
		}
		if name == "." || at == name || strings.HasPrefix(at, name+"/") {
			blobs = append(blobs, blob{object, at})
		}
	}
	return blobs, nil
}

// MergeBase is the commit where the checked-out branch left the main branch:
// the remote's default branch, else main or master. On the main branch itself
// it is the checked-out commit.
func (l Loader) MergeBase(ctx context.Context) (string, error) {
	g := git{ctx, l.Dir}
	for _, main := range []string{"refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"} {
		if _, err := g.run("rev-parse", "--verify", "--quiet", main+"^{commit}"); err != nil {
			continue
		}
		out, err := g.run("merge-base", "HEAD", main)
		if err != nil {
			return "", fmt.Errorf("the history does not reach back to %s (a shallow clone?): name the old schema, such as git:main:schema.graphql: %w", main, err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	return "", errors.New("git knows no main branch here (origin/HEAD, main or master): name the old schema, such as git:REF:schema.graphql")
}
