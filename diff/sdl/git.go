package sdl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strconv"
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
	here, err := g.here()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	commit := "" // the index
	if ref != "" {
		if commit, err = g.commit(ref); err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
	}
	if name, err = fromTop(here, name); err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	blobs, err := g.list(commit, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	files := make([]*File, len(blobs))
	for i, b := range blobs {
		files[i] = &File{Name: relativeTo(here, b.name), Ref: ref}
	}
	if err := g.read(blobs, files); err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	return files, nil
}

// Here is the working directory as a path from the root of its repository: "" for the root itself, else with a "/" at the
// end. The error says why git does not know one.
func (l Loader) Here(ctx context.Context) (string, error) { return git{ctx, l.Dir}.here() }

// cutRef splits REF:PATH at the first colon outside the braces that follow "@"
// or "^": a ref can be main@{2026-01-01 10:00}.
func cutRef(s string) (ref, name string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			if depth > 0 || i > 0 && (s[i-1] == '@' || s[i-1] == '^') {
				depth++
			}
		case '}':
			depth = max(0, depth-1)
		case ':':
			if depth == 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return s, "", false
}

// fromTop is the path that a user who stands in the folder here means, counted
// from the root of the repository: "." for the root itself.
func fromTop(here, name string) (string, error) {
	if path.IsAbs(name) {
		return "", errors.New("the path must count from the root of the repository, or begin with ./")
	}
	if first, _, _ := strings.Cut(name, "/"); first == "." || first == ".." {
		name = path.Join(here, name)
	}
	name = path.Clean(name)
	if name == ".." || strings.HasPrefix(name, "../") {
		return "", errors.New("the path leaves the repository")
	}
	return name, nil
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

// git runs git in a folder: never in another one, because GIT_DIR and
// GIT_INDEX_FILE, which hooks have, can be relative to it.
type git struct {
	ctx context.Context
	dir string
}

func (g git) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(g.ctx, "git", args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	return cmd
}

func (g git) run(args ...string) (string, error) {
	cmd := g.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", g.failure(err, stderr.String())
	}
	return string(out), nil
}

// failure says in one line why git ended with err and wrote stderr.
func (g git) failure(err error, stderr string) error {
	said, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(stderr), "fatal: "), "\n")
	switch {
	case g.ctx.Err() != nil:
		return g.ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("git is not installed, or not in PATH")
	case strings.HasPrefix(said, "not a git repository"):
		return errors.New("this folder is not in a git repository: run schemacheck inside one, or name a file")
	case strings.Contains(said, "dubious ownership"):
		return errors.New("the repository belongs to another user: allow it with git config --global --add safe.directory FOLDER")
	case said == "":
		return fmt.Errorf("git: %w", err)
	}
	return fmt.Errorf("git: %s", said)
}

// here is the working directory as a path from the root of the repository: ""
// or with a "/" at the end.
func (g git) here() (string, error) {
	out, err := g.run("rev-parse", "--show-prefix")
	return strings.TrimSuffix(out, "\n"), err
}

// commit is the hash of the commit that ref names.
func (g git) commit(ref string) (string, error) {
	out, err := g.run("rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if g.ctx.Err() != nil {
		return "", g.ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("git knows no commit %q here: check the name, or fetch it first%s", ref, g.fetching(ref))
	}
	return strings.TrimSpace(out), nil
}

// blob is a file in a commit or in the index.
type blob struct{ object, name string }

// read fills the files with the texts of the blobs.
func (g git) read(blobs []blob, files []*File) error {
	if len(blobs) == 0 {
		return nil
	}
	var objects, stderr strings.Builder
	for _, b := range blobs {
		objects.WriteString(b.object + "\n")
	}
	ctx, cancel := context.WithCancel(g.ctx)
	cmd := git{ctx, g.dir}.command("cat-file", "--batch")
	cmd.Stdin, cmd.Stderr = strings.NewReader(objects.String()), &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return g.failure(err, "")
	}
	in := bufio.NewReader(out)
	for i, f := range files {
		if err = readBlob(in, f); err != nil {
			err = fmt.Errorf("reading %s: %w", blobs[i].name, err)
			break
		}
	}
	cancel()
	_ = cmd.Wait() // it was told to end, so it has no more to say
	if err != nil && stderr.Len() > 0 {
		return g.failure(err, stderr.String())
	}
	return err
}

// readBlob reads one answer of cat-file --batch: a line "object type size", the
// content, and a line feed.
func readBlob(in *bufio.Reader, f *File) error {
	header, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	header = strings.TrimSpace(header)
	size, err := strconv.ParseUint(header[strings.LastIndexByte(header, ' ')+1:], 10, 63)
	if err != nil {
		return fmt.Errorf("git answers %q", header)
	}
	if size > maxFileSize {
		return tooLarge(f.Name)
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(in, data); err != nil {
		return err
	}
	_, err = fill(f, data[:size])
	return err
}

// list finds the blobs that name means: the file itself, the schema files
// below the folder, or what matches the glob. No match is no error.
func (g git) list(commit, name string) ([]blob, error) {
	all, err := g.tree(commit, name)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 && all[0].name == name {
		return all, nil
	}
	var found []blob
	if len(all) > 0 || !isGlob(name) {
		for _, b := range all {
			if isSchema(b.name) && !isHidden(below(name, b.name)) {
				found = append(found, b)
			}
		}
		return found, nil
	}
	if !doublestar.ValidatePattern(name) {
		return nil, errors.New("the glob is malformed")
	}
	base, _ := doublestar.SplitPattern(name)
	if all, err = g.tree(commit, base); err != nil {
		return nil, err
	}
	for _, b := range all {
		if doublestar.MatchUnvalidated(name, b.name) && !isHidden(below(base, b.name)) {
			found = append(found, b)
		}
	}
	return found, nil
}

// below is the path of a file counted from the folder dir, "." being the root.
func below(dir, name string) string {
	if dir == "." {
		return name
	}
	return strings.TrimPrefix(name, dir+"/")
}

// tree lists the regular files at and below name, sorted by their paths.
func (g git) tree(commit, name string) ([]blob, error) {
	args, top := []string{"ls-files", "--stage", "-z", "--full-name"}, ":(top,literal)"
	if commit != "" {
		args, top = []string{"--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit}, ""
	}
	switch {
	case name != ".":
		args = append(args, "--", top+name)
	case commit == "":
		args = append(args, "--", top)
	}
	out, err := g.run(args...)
	if err != nil {
		return nil, err
	}
	var blobs []blob
	for line := range strings.SplitSeq(out, "\x00") {
		about, at, ok := strings.Cut(line, "\t")
		fields := strings.Fields(about)
		if !ok || len(fields) != 3 {
			continue
		}
		if !strings.HasPrefix(fields[0], "100") {
			if at == name {
				return nil, errors.New("this is a symbolic link or a submodule there: name the file itself")
			}
			continue
		}
		object := fields[2] // ls-tree: mode type object
		if commit == "" {
			object = fields[1] // ls-files: mode object stage
			if fields[2] != "0" {
				return nil, fmt.Errorf("%s has a merge conflict: resolve it and git add it first", at)
			}
		}
		blobs = append(blobs, blob{object, at})
	}
	return blobs, nil
}
