package sdl

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// Target is the branch that the checked-out commit is to be merged into, where
// a CI system names it. The zero Target is none.
type Target struct {
	// Ref is a full ref, such as refs/remotes/origin/main, or a commit.
	Ref string
	// From is who says so, for errors: an environment variable.
	From string
}

// MergeBase is the commit where the checked-out one left the branch that it is
// to be merged into, and where there is none the main branch: the remote's
// default branch, else main or master. On that branch itself it is the
// checked-out commit. A target that is not in the clone is an error, since
// another branch would be compared in silence.
func (l Loader) MergeBase(ctx context.Context, into Target) (string, error) {
	g := git{ctx, l.Dir}
	if _, err := g.here(); err != nil {
		return "", err
	}
	mains := []string{"refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master"}
	if into.Ref != "" {
		mains = []string{into.Ref}
	}
	for _, main := range mains {
		if _, err := g.commit(main); err != nil {
			continue
		}
		out, err := g.run("merge-base", "HEAD", main)
		if err == nil {
			return strings.TrimSpace(out), nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if g.shallow() {
			return "", fmt.Errorf("this clone is shallow, and its history does not reach back to %s%s", short(main), deepen)
		}
		return "", fmt.Errorf("the checked-out commit and %s have no history in common: name the old schema, such as git:main:schema.graphql", short(main))
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if into.Ref != "" {
		return "", fmt.Errorf("git knows no %s here, which %s says that this is to be merged into: fetch it first%s", short(into.Ref), into.From, g.fetching(short(into.Ref)))
	}
	hint := ""
	if g.shallow() {
		hint = ". This clone is shallow" + deepen
	}
	return "", fmt.Errorf("git knows no main branch here (origin/HEAD, main or master): name the old schema, such as git:REF:schema.graphql%s", hint)
}

// Head is the checked-out commit.
func (l Loader) Head(ctx context.Context) (string, error) { return git{ctx, l.Dir}.commit("HEAD") }

// deepen is what to do about a history that is cut off.
const deepen = ": have all of it with fetch-depth: 0 (actions/checkout), GIT_DEPTH: 0 (GitLab), or git fetch --unshallow"

// short is a ref as people write it.
func short(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/remotes/"), "refs/heads/")
}

// shallow reports whether the history of the clone is cut off.
func (g git) shallow() bool {
	out, err := g.run("rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(out) == "true"
}

var plainBranch = regexp.MustCompile(`^origin/[A-Za-z0-9_][A-Za-z0-9_./-]*$`)

// fetching tells how a commit is fetched that is not in this clone.
func (g git) fetching(ref string) string {
	how := ""
	if branch, ok := strings.CutPrefix(ref, "origin/"); ok && plainBranch.MatchString(ref) {
		how = fmt.Sprintf(", with git fetch origin %s:refs/remotes/%s", branch, ref)
	}
	if g.shallow() {
		how += ". This clone is shallow" + deepen
	}
	return how
}
