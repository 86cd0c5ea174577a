package sdl

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// NotIgnored lists the files below a folder that git tracks or would, as paths from there with "/", sorted: those that no
// .gitignore, .git/info/exclude or setting of the user's leaves out. It asks the installed git, which needs no repository
// for that. Repositories within are asked on their own. What is listed can be a link, or be gone already.
func NotIgnored(ctx context.Context, dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	names, err := notIgnored(ctx, dir)
	slices.Sort(names)
	return slices.Compact(names), err // a file with a merge conflict is listed for each side
}

func notIgnored(ctx context.Context, dir string) ([]string, error) {
	list := []string{"ls-files", "-z", "--cached", "--others", "--exclude-standard"}
	out, err := git{ctx, dir}.run(list...)
	if err != nil {
		// No repository, or one that belongs to another user: an empty one somewhere else sees all files as new.
		if out, err = withEmptyRepository(ctx, dir, list); err != nil {
			return nil, err
		}
	}
	var names []string
	for name := range strings.SplitSeq(out, "\x00") {
		if name == "" {
			continue
		}
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || !info.IsDir() {
			names = append(names, name)
			continue
		}
		inner, err := notIgnored(ctx, filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for _, i := range inner {
			names = append(names, path.Join(name, i))
		}
	}
	return names, nil
}

func withEmptyRepository(ctx context.Context, dir string, args []string) (string, error) {
	empty, err := os.MkdirTemp("", "schemacheck-git")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(empty)
	if _, err := (git{ctx, empty}).run("init", "--quiet", "--bare", empty); err != nil {
		return "", err
	}
	return git{ctx, dir}.run(append([]string{"--git-dir=" + empty, "--work-tree=" + dir}, args...)...)
}

// Ignored reports whether git leaves out a folder. Without a repository it leaves out none.
func Ignored(ctx context.Context, dir string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	_, err = git{ctx, filepath.Dir(dir)}.run("check-ignore", "--quiet", "--no-index", "--", filepath.Base(dir))
	return err == nil
}
