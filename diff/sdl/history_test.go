package sdl

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// commitAt commits files on a day of 2026.
func (r repository) commitAt(day string, files map[string]string) {
	r.t.Helper()
	write(r.t, r.path, files)
	r.git("add", "-A")
	r.at(day, "commit", "-q", "-m", day, "--allow-empty")
}

func (r repository) at(day string, args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.path, append(gitEnvironment(), "GIT_COMMITTER_DATE=2026-"+day+"T12:00:00Z", "GIT_AUTHOR_DATE=2001-01-01T00:00:00Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// told is all that a history has: a line for each version, with its files.
func told(t *testing.T, h *History) string {
	t.Helper()
	var out strings.Builder
	for {
		versions, err := h.Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(versions) == 0 {
			return strings.TrimSpace(out.String())
		}
		for _, v := range versions {
			out.WriteString("\n" + v.Time.Format("01-02"))
			for _, f := range v.Files {
				fmt.Fprintf(&out, " %s=%s", f.Name, f.Text)
			}
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.git("config", "log.showSignature", "true")
	r.git("config", "log.diffMerges", "combined")
	r.git("config", "diff.renames", "false")
	r.git("config", "log.date", "relative")
	text := func(n int) string { return fmt.Sprintf("one two three four five six seven %d", n) }
	r.commitAt("01-01", map[string]string{"old *.graphql": text(1), "more/a.graphql": "a1", "more/x.txt": "x"})
	r.commitAt("01-02", map[string]string{"old *.graphql": text(2), "other": "y"})
	r.commitAt("01-03", map[string]string{"other": "z", "more/b.gql": "b1"})
	write(t, r.path, map[string]string{"schema.graphql": text(2)})
	r.git("rm", "-q", "old *.graphql")
	r.commitAt("01-04", nil)
	r.git("checkout", "-q", "-b", "branch")
	r.commitAt("01-05", map[string]string{"schema.graphql": text(3)}) // not on the way of first parents
	r.commitAt("01-06", map[string]string{"schema.graphql": text(4), "more/a.graphql": "a2"})
	r.git("checkout", "-q", "main")
	r.commitAt("01-07", map[string]string{"other": "q"})
	r.at("01-08", "merge", "-q", "--no-ff", "-m", "merge", "branch")
	r.commitAt("01-09", map[string]string{"more/a.graphql": "a3"})
	r.git("tag", "v1")
	r.commitAt("01-10", map[string]string{"schema.graphql": text(5), "fresh.graphql": "fresh"})
	write(t, r.path, map[string]string{"schema.graphql": "not committed", "new.graphql": "new"})
	if err := os.Symlink("schema.graphql", filepath.Join(r.path, "link.graphql")); err != nil {
		t.Fatal(err)
	}
	const before = "\n01-04 schema.graphql=one two three four five six seven 2" +
		"\n01-02 old *.graphql=one two three four five six seven 2\n01-01 old *.graphql=one two three four five six seven 1"
	const folder = "01-09 more/a.graphql=a3 more/b.gql=b1\n01-08 more/a.graphql=a2 more/b.gql=b1\n01-03 more/a.graphql=a1 more/b.gql=b1\n01-01 more/a.graphql=a1"
	for _, c := range []struct{ dir, arg, want string }{
		{"", "schema.graphql", "01-10 schema.graphql=" + text(5) + "\n01-08 schema.graphql=" + text(4) + before},
		{"", "link.graphql", "01-10 schema.graphql=" + text(5) + "\n01-08 schema.graphql=" + text(4) + before},
		{"", "git:v1:schema.graphql", "01-08 schema.graphql=" + text(4) + before},
		{"more", "git:v1:../schema.graphql", "01-08 schema.graphql=" + text(4) + before},
		{"", "git::schema.graphql", "01-10 schema.graphql=" + text(5) + "\n01-08 schema.graphql=" + text(4) + before},
		{"", "git:branch:schema.graphql", "01-06 schema.graphql=" + text(4) + "\n01-05 schema.graphql=" + text(3) + before},
		{"", "more", folder},
		{"more", ".", folder},
		{"", "git:v1:more", folder},
		{"", "more/**/*.gql", "01-09 more/b.gql=b1\n01-08 more/b.gql=b1\n01-03 more/b.gql=b1\n01-01"},
		{"other-folder", "../more/*.gql", "01-09 more/b.gql=b1\n01-08 more/b.gql=b1\n01-03 more/b.gql=b1\n01-01"},
		{"", "git:v1:m*/a.graphql", ""},
	} {
		dir := filepath.Join(r.path, c.dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		h, err := Loader{Dir: dir}.History(t.Context(), c.arg, 100)
		if err != nil {
			t.Errorf("%s: %v", c.arg, err)
			continue
		}
		got := told(t, h)
		if c.want == "" { // a glob from the root on: every commit is looked at
			if !strings.HasPrefix(got, "01-09 more/a.graphql=a3\n01-08 more/a.graphql=a2\n") || !strings.HasSuffix(got, "01-01 more/a.graphql=a1") {
				t.Errorf("%s:\n%s", c.arg, got)
			}
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.arg, d)
		}
		if h.Cut() != "" {
			t.Errorf("%s is cut: %s", c.arg, h.Cut())
		}
	}

	for arg, want := range map[string]string{
		"new.graphql": "never committed", "git:v1:nothing.graphql": "never committed", "-": "not in git", "git:nowhere:schema.graphql": "git knows no commit",
		"git:--output=x:schema.graphql": "git knows no commit", "git:v1:../../x": "the path leaves the repository", "git:v1": "expected git:REF:PATH", "dgraph://h:1": "not in git",
	} {
		if _, err := (Loader{Dir: r.path}).History(t.Context(), arg, 100); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
	if _, err := (Loader{Dir: t.TempDir()}).History(t.Context(), filepath.Join(r.path, "schema.graphql"), 9); err != nil {
		t.Errorf("a schema of another repository: %v", err)
	}

	// Not all of it.
	h, err := Loader{Dir: r.path}.History(t.Context(), "schema.graphql", 2)
	if err != nil || strings.Count(told(t, h), "\n") != 1 || h.Cut() != "more than 2 versions are younger" {
		t.Errorf("two versions: %v, %q", err, h.Cut())
	}
	shallow := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "-q", "--depth", "3", "file://"+r.path, shallow)
	h, err = Loader{Dir: shallow}.History(t.Context(), "schema.graphql", 100)
	if err != nil {
		t.Fatal(err)
	}
	if got := told(t, h); !strings.HasSuffix(got, "01-08 schema.graphql="+text(4)) || !strings.Contains(h.Cut(), "begins on 2026-01-08: fetch more of this shallow clone") {
		t.Errorf("a shallow clone: %s\n%q", got, h.Cut())
	}
	if h, err = (Loader{Dir: shallow}).History(t.Context(), "fresh.graphql", 100); err != nil || h.Cut() != "" {
		t.Errorf("what is younger than a shallow clone is cut: %v, %q", err, h.Cut())
	}
}

func TestVersionsOfGarbage(t *testing.T) {
	t.Parallel()
	for _, out := range []string{"x\x00", "abc def\x00", ":100644 100644 a b M\x00f\x00", "abc 12\x00\n:100644\x00f", "abc 12\x00\n:1 1 a b M"} {
		if v, err := versions(out); err == nil {
			t.Errorf("%q reads as %v", out, v)
		}
	}
	if v, err := versions("abc 12\x00\n:100644 120000 a b T\x00f\x00"); err != nil || len(v) != 1 || len(v[0].blobs) != 0 {
		t.Errorf("a link is no file: %v, %v", v, err)
	}
}
