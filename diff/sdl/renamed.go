package sdl

import (
	"context"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Formerly is the path that a file or folder of the working tree had in a commit, where git sees that it was renamed since;
// of a glob it is the one in the folder where its files were. Both paths count from the working directory. It is empty where the commit has the path itself, and where nothing there
// became it.
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
		return "", nil
	}
	return path.Join(relativeTo(here, folder), pattern), nil
}
