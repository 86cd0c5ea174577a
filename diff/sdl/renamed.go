package sdl

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Formerly is the path that a file or folder of the working tree had in a commit, where git sees that it was renamed since;
// of a glob it is the one in the folder where its files were. Both paths count from the working directory. It is empty where
// the commit has the path itself, and where nothing there became it.
func (l Loader) Formerly(ctx context.Context, commit, name string) (string, error) {
	g := git{ctx, l.Dir}
	here, err := g.here()
	if err != nil {
		return "", err
	}
	at, err := fromTop(here, name)
	if err != nil {
		return "", err
	}
	if there, err := g.list(commit, at); err != nil || len(there) > 0 {
		return "", err
	}
	out, err := g.run("-c", "diff.relative=false", "diff", "--no-ext-diff", "--find-renames=30%", "--diff-filter=R", "--name-status", "-z", commit, "--")
	if err != nil {
		return "", err
	}
	pattern := ""
	if strings.ContainsAny(at, "*?[{") {
		at, pattern = doublestar.SplitPattern(at)
	}
	inside := at + "/"
	if at == "." {
		inside = ""
	}
	folder := "" // that all files of a renamed folder were in
	fields := strings.Split(out, "\x00")
	for ; len(fields) >= 3; fields = fields[3:] {
		was, is := fields[1], fields[2]
		if is == at && pattern == "" {
			return relativeTo(here, was), nil
		}
		rest, below := strings.CutPrefix(is, inside)
		if !below || !isSchema(is) || pattern != "" && !doublestar.MatchUnvalidated(pattern, rest) {
			continue
		}
		old, alike := strings.CutSuffix(was, "/"+rest)
		if was == rest && pattern != "" {
			old, alike = ".", true // the root of the repository
		}
		if !alike || folder != "" && folder != old {
			return "", nil // they come from several places
		}
		folder = old
	}
	if folder == "" {
		return l.replaced(ctx, commit, name, here)
	}
	return path.Join(relativeTo(here, folder), pattern), nil
}

// replaced is the path of the one schema file of a commit that is gone and became no other one, where it has a type of the
// schema at name: that is how a file looks that was moved and changed so much that git sees no rename, or that git does not
// know yet.
func (l Loader) replaced(ctx context.Context, commit, name, here string) (string, error) {
	g := git{ctx, l.Dir}
	out, err := g.run("-c", "diff.relative=false", "diff", "--no-ext-diff", "--find-renames=30%", "--diff-filter=D", "--name-only", "-z", commit, "--")
	if err != nil {
		return "", err
	}
	gone := slices.DeleteFunc(strings.Split(out, "\x00"), func(n string) bool { return !isSchema(n) })
	if len(gone) != 1 {
		return "", nil
	}
	was := relativeTo(here, gone[0])
	old, err := l.Load(ctx, "git:"+commit+":"+FromHere(was))
	if err != nil {
		return "", err
	}
	now, err := l.Load(ctx, name)
	if err != nil {
		return "", nil //nolint:nilerr // whoever reads the schema says so
	}
	before, err := names(old)
	if err != nil {
		return "", nil //nolint:nilerr // as above
	}
	after, err := names(now)
	if err != nil {
		return "", nil //nolint:nilerr // as above
	}
	for name := range after {
		if before[name] {
			return was, nil
		}
	}
	return "", nil
}

// names are those of all that files define.
func names(files []*File) (map[string]bool, error) {
	s, err := Parse(files...)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, d := range s.Definitions {
		all[d.Name.Text] = true
	}
	return all, nil
}

// FromHere is a path from the working directory as git:REF:PATH has it, where other paths count from the root.
func FromHere(name string) string {
	if first, _, _ := strings.Cut(name, "/"); first == "." || first == ".." {
		return name
	}
	return "./" + name
}
