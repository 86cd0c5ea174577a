package sdl

import (
	"context"
	"strings"
)

// Formerly is the path that a file or folder of the working tree had in a commit, where git sees that it was renamed since:
// both paths count from the working directory. It is empty where the commit has the path itself, and where nothing there
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
	folder := "" // that all files of a renamed folder were in
	fields := strings.Split(out, "\x00")
	for ; len(fields) >= 3; fields = fields[3:] {
		was, is := fields[1], fields[2]
		if is == at {
			return relativeTo(here, was), nil
		}
		rest, inside := strings.CutPrefix(is, at+"/")
		if !inside || !isSchema(is) {
			continue
		}
		old, alike := strings.CutSuffix(was, "/"+rest)
		if !alike || folder != "" && folder != old {
			return "", nil // they come from several places
		}
		folder = old
	}
	if folder == "" {
		return "", nil
	}
	return relativeTo(here, folder), nil
}
