package sdl

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository is a real one in a temporary folder.
type repository struct {
	t    *testing.T
	path string
}

// gitEnvironment keeps the settings of the machine away from the tests, and
// the variables that a hook would pass on.
func gitEnvironment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") {
			env = append(env, v)
		}
	}
	return append(env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
}

func newRepository(t *testing.T) repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := repository{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.path, gitEnvironment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) commit(files map[string]string) string {
	r.t.Helper()
	write(r.t, r.path, files)
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "more", "--allow-empty")
	return r.git("rev-parse", "HEAD")
}

func TestLoadGit(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(map[string]string{"README": "no schema yet"})
	first := r.commit(map[string]string{"schema.graphql": "1", "sub/dir/x.graphql": "x1"})
	r.git("branch", "feature/a{b")
	r.git("tag", "-a", "v1.0", "-m", "tag")
	r.commit(map[string]string{
		"schema.graphql": "2", "sub/a.graphql": "a", "sub/a/z.gql": "z", "sub/.hidden/h.graphql": "h", "sub/node_modules/n.graphql": "n", "sub/t.txt": "t",
		"subfolder/no.graphql": "no", ".github/g.graphql": "g", "with space/ü 'q\" $x.graphql": "ü", "w[x].graphql": "w", "tab\tname.graphql": "tab", "a:b.graphql": "colon", ":!x.graphql": "magic", "bin": "\x00",
		"latin1.graphql": "\n \xe9",
	})
	if err := os.Symlink("schema.graphql", filepath.Join(r.path, "link.graphql")); err != nil {
		t.Skip(err)
	}
	r.commit(map[string]string{"schema.graphql": "3"})
	r.git("update-ref", "refs/heads/-dash", "HEAD~1")
	write(t, r.path, map[string]string{"schema.graphql": "staged"})
	r.git("add", "schema.graphql")
	write(t, r.path, map[string]string{"schema.graphql": "unstaged", "untracked.graphql": "u"})
	if err := os.MkdirAll(filepath.Join(r.path, "sub", "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, arg string
		want      []string
		err       string
	}{
		{arg: "git:HEAD:schema.graphql", want: []string{"schema.graphql=3"}},
		{arg: "git:main:schema.graphql", want: []string{"schema.graphql=3"}},
		{arg: "git:HEAD~1:schema.graphql", want: []string{"schema.graphql=2"}},
		{arg: "git:v1.0:schema.graphql", want: []string{"schema.graphql=1"}},
		{arg: "git:" + first + ":schema.graphql", want: []string{"schema.graphql=1"}},
		{arg: "git:" + first[:8] + ":schema.graphql", want: []string{"schema.graphql=1"}},
		{arg: "git:feature/a{b:schema.graphql", want: []string{"schema.graphql=1"}},
		{arg: "git:refs/heads/feature/a{b:schema.graphql", want: []string{"schema.graphql=1"}},
		{arg: "git:main@{0}:schema.graphql", want: []string{"schema.graphql=3"}},
		{arg: "git:main@{2037-01-01 10:00:00}:schema.graphql", want: []string{"schema.graphql=3"}},
		{arg: "git:main^{/more}:schema.graphql", want: []string{"schema.graphql=3"}},
		{arg: "git:-dash:schema.graphql", want: []string{"schema.graphql=2"}},
		{arg: "git::schema.graphql", want: []string{"schema.graphql=staged"}},
		{arg: "git::sub", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z", "sub/dir/x.graphql=x1"}},
		{arg: "git::sub/*.graphql", want: []string{"sub/a.graphql=a"}},
		{arg: "git::untracked.graphql"},
		{arg: "git:HEAD~3:schema.graphql"}, // there was no schema yet
		{arg: "git:HEAD:none.graphql"},
		{arg: "git:HEAD:none/*.graphql"},
		{arg: "git:HEAD:sub", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z", "sub/dir/x.graphql=x1"}},
		{arg: "git:HEAD:sub/", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z", "sub/dir/x.graphql=x1"}},
		{arg: "git:HEAD:sub/../schema.graphql", want: []string{"schema.graphql=3"}},
		{arg: "git:v1.0:.", want: []string{"schema.graphql=1", "sub/dir/x.graphql=x1"}},
		{arg: "git:HEAD:.github", want: []string{".github/g.graphql=g"}},
		{arg: "git:HEAD:sub/**/*.g*", want: []string{"sub/a.graphql=a", "sub/a/z.gql=z", "sub/dir/x.graphql=x1"}},
		{arg: "git:HEAD:s*/*.graphql", want: []string{"sub/a.graphql=a", "subfolder/no.graphql=no"}},
		{arg: "git:HEAD:with space/ü 'q\" $x.graphql", want: []string{"with space/ü 'q\" $x.graphql=ü"}},
		{arg: "git:HEAD:with space", want: []string{"with space/ü 'q\" $x.graphql=ü"}},
		{arg: "git:HEAD:w[x].graphql", want: []string{"w[x].graphql=w"}},
		{arg: "git:HEAD:tab\tname.graphql", want: []string{"tab\tname.graphql=tab"}},
		{arg: "git:HEAD:a:b.graphql", want: []string{"a:b.graphql=colon"}},
		{arg: "git:HEAD::!x.graphql", want: []string{":!x.graphql=magic"}},
		{arg: "git:::!x.graphql", want: []string{":!x.graphql=magic"}},
		{from: "sub/dir", arg: "git:HEAD:schema.graphql", want: []string{"../../schema.graphql=3"}},
		{from: "sub/dir", arg: "git::schema.graphql", want: []string{"../../schema.graphql=staged"}},
		{from: "sub/dir", arg: "git:HEAD:./x.graphql", want: []string{"x.graphql=x1"}},
		{from: "sub/dir", arg: "git:HEAD:../a.graphql", want: []string{"../a.graphql=a"}},
		{from: "sub/dir", arg: "git:HEAD:..", want: []string{"../a.graphql=a", "../a/z.gql=z", "x.graphql=x1"}},
		{from: "sub/dir", arg: "git::.", want: []string{"x.graphql=x1"}},
		{from: "sub/dir", arg: "git:HEAD:../*.graphql", want: []string{"../a.graphql=a"}},
		{from: "sub/dir", arg: "git:v1.0:../../*.graphql", want: []string{"../../schema.graphql=1"}},
		{arg: "git:HEAD:../x.graphql", err: "git:HEAD:../x.graphql: the path leaves the repository"},
		{arg: "git:HEAD:..", err: "git:HEAD:..: the path leaves the repository"},
		{arg: "git:HEAD:/schema.graphql", err: "git:HEAD:/schema.graphql: the path must count from the root of the repository, or begin with ./"},
		{arg: "git:HEAD:a[.graphql", err: "git:HEAD:a[.graphql: the glob is malformed"},
		{arg: "git:HEAD:link.graphql", err: "git:HEAD:link.graphql: this is a symbolic link or a submodule there: name the file itself"},
		{arg: "git:HEAD:bin", err: "git:HEAD:bin: reading bin: bin: this is a binary file: byte 1 is zero"},
		{from: "sub", arg: "git:HEAD:latin1.graphql", err: "git:HEAD:latin1.graphql: reading latin1.graphql: ../latin1.graphql:2:2: the file is not UTF-8 from here on: save it as UTF-8"},
		{arg: "git:HEAD", err: "git:HEAD: expected git:REF:PATH, such as git:main:schema.graphql"},
		{arg: "git:HEAD:", err: "git:HEAD:: expected git:REF:PATH, such as git:main:schema.graphql"},
		{arg: "git:main@{1:schema.graphql", err: "git:main@{1:schema.graphql: expected git:REF:PATH, such as git:main:schema.graphql"},
		{arg: "git:nope:schema.graphql", err: `git:nope:schema.graphql: git knows no commit "nope" here: check the name, or fetch it first`},
		{arg: "git:HEAD~9:schema.graphql", err: `git:HEAD~9:schema.graphql: git knows no commit "HEAD~9" here: check the name, or fetch it first`},
		{arg: "git:--help:schema.graphql", err: `git:--help:schema.graphql: git knows no commit "--help" here: check the name, or fetch it first`},
		{arg: "git:HEAD^{tree}:schema.graphql", err: `git:HEAD^{tree}:schema.graphql: git knows no commit "HEAD^{tree}" here: check the name, or fetch it first`},
	} {
		checkLoad(t, Loader{Dir: filepath.Join(r.path, filepath.FromSlash(c.from))}, c.arg, c.want, c.err)
	}
	files, err := (Loader{Dir: r.path}).Load(t.Context(), "git:v1.0:schema.graphql")
	if err != nil || files[0].Ref != "v1.0" || files[0].Path != "" {
		t.Errorf("got %+v, %v", files, err)
	}

	t.Run("worktree", func(t *testing.T) {
		tree := filepath.Join(t.TempDir(), "tree")
		r.git("worktree", "add", "-q", tree, "v1.0")
		checkLoad(t, Loader{Dir: tree}, "git:HEAD:schema.graphql", []string{"schema.graphql=1"}, "")
		checkLoad(t, Loader{Dir: tree}, "git:main:schema.graphql", []string{"schema.graphql=3"}, "")
		checkLoad(t, Loader{Dir: filepath.Join(tree, "sub")}, "git::./dir", []string{"dir/x.graphql=x1"}, "")
	})
	t.Run("bare", func(t *testing.T) {
		bare := repository{t, t.TempDir()}
		bare.git("clone", "-q", "--bare", r.path, ".")
		checkLoad(t, Loader{Dir: bare.path}, "git:main:sub/*.graphql", []string{"sub/a.graphql=a"}, "")
		checkLoad(t, Loader{Dir: filepath.Join(r.path, ".git")}, "git:v1.0:schema.graphql", []string{"schema.graphql=1"}, "")
	})
	t.Run("shallow", func(t *testing.T) {
		shallow := repository{t, t.TempDir()}
		shallow.git("clone", "-q", "--depth=1", "file://"+filepath.ToSlash(r.path), ".")
		checkLoad(t, Loader{Dir: shallow.path}, "git:origin/main:schema.graphql", []string{"schema.graphql=3"}, "")
		checkLoad(t, Loader{Dir: shallow.path}, "git:HEAD~1:schema.graphql", nil, `git:HEAD~1:schema.graphql: git knows no commit "HEAD~1" here: check the name, or fetch it first. This clone is shallow`+deepen)
	})
}

func TestLoadGitLargeFile(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	write(t, r.path, map[string]string{"a.graphql": "a", "b.graphql": ""})
	if err := os.Truncate(filepath.Join(r.path, "b.graphql"), maxFileSize+1); err != nil {
		t.Fatal(err)
	}
	r.commit(nil)
	checkLoad(t, Loader{Dir: r.path}, "git:HEAD:.", nil, "git:HEAD:.: reading b.graphql: b.graphql: the file is larger than 32 MiB, which no schema is")
}

func TestLoadGitConflict(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(map[string]string{"schema.graphql": "1"})
	r.git("checkout", "-q", "-b", "other")
	r.commit(map[string]string{"schema.graphql": "2"})
	r.git("checkout", "-q", "main")
	r.commit(map[string]string{"schema.graphql": "3"})
	cmd := exec.Command("git", "merge", "other")
	cmd.Dir, cmd.Env = r.path, gitEnvironment()
	if err := cmd.Run(); err == nil {
		t.Fatal("the merge has no conflict")
	}
	checkLoad(t, Loader{Dir: r.path}, "git::schema.graphql", nil, "git::schema.graphql: schema.graphql has a merge conflict: resolve it and git add it first")
	checkLoad(t, Loader{Dir: r.path}, "git:HEAD:schema.graphql", []string{"schema.graphql=3"}, "")
}

func TestLoadGitOutside(t *testing.T) {
	t.Setenv("GIT_CEILING_DIRECTORIES", os.TempDir())
	dir := t.TempDir()
	checkLoad(t, Loader{Dir: dir}, "git:HEAD:x.graphql", nil, "git:HEAD:x.graphql: this folder is not in a git repository: run schemacheck inside one, or name a file")
	if _, err := (Loader{Dir: dir}).MergeBase(t.Context(), Target{}); err == nil || !strings.Contains(err.Error(), "not in a git repository") {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", dir)
	checkLoad(t, Loader{Dir: dir}, "git:HEAD:x.graphql", nil, "git:HEAD:x.graphql: git is not installed, or not in PATH")
}

// TestLoadGitInHook has the variables that git sets for hooks: relative to the
// root of the repository.
func TestLoadGitInHook(t *testing.T) {
	r := newRepository(t)
	r.commit(map[string]string{"schema.graphql": "1", "sub/x.graphql": "x"})
	write(t, r.path, map[string]string{"schema.graphql": "2"})
	r.git("add", "schema.graphql")
	t.Setenv("GIT_DIR", ".git")
	t.Setenv("GIT_INDEX_FILE", ".git/index")
	checkLoad(t, Loader{Dir: r.path}, "git:HEAD:schema.graphql", []string{"schema.graphql=1"}, "")
	checkLoad(t, Loader{Dir: r.path}, "git::.", []string{"schema.graphql=2", "sub/x.graphql=x"}, "")
	t.Setenv("GIT_DIR", filepath.Join(r.path, ".git"))
	t.Setenv("GIT_INDEX_FILE", "")
	os.Unsetenv("GIT_INDEX_FILE")
	checkLoad(t, Loader{Dir: t.TempDir()}, "git:HEAD:schema.graphql", []string{"schema.graphql=1"}, "")
}

func TestMergeBase(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	base := r.commit(map[string]string{"schema.graphql": "1"})
	l := Loader{Dir: r.path}
	check := func(l Loader, want, wantErr string) {
		t.Helper()
		got, err := l.MergeBase(t.Context(), Target{})
		if got != want || (err == nil) != (wantErr == "") || err != nil && err.Error() != wantErr {
			t.Errorf("got %q, %v, want %q %s", got, err, want, wantErr)
		}
	}
	check(l, base, "")
	r.git("checkout", "-q", "-b", "feature")
	r.commit(map[string]string{"schema.graphql": "2"})
	r.git("checkout", "-q", "main")
	r.commit(map[string]string{"other": ""})
	r.git("checkout", "-q", "feature")
	check(l, base, "")

	clone := repository{t, t.TempDir()}
	clone.git("clone", "-q", r.path, ".") // the remote's default branch is now feature
	check(Loader{Dir: clone.path}, clone.git("rev-parse", "HEAD"), "")

	r.git("checkout", "-q", "--orphan", "apart")
	r.commit(nil)
	check(l, "", "the checked-out commit and main have no history in common: name the old schema, such as git:main:schema.graphql")
	r.git("branch", "-q", "-D", "main")
	check(l, "", "git knows no main branch here (origin/HEAD, main or master): name the old schema, such as git:REF:schema.graphql")
}

// TestMergeBaseInCI has the clones that CI systems make: of one commit of a pull request, merged or not, shallow or whole,
// with a detached HEAD, and without branches of their own.
func TestMergeBaseInCI(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(nil)
	r.git("checkout", "-q", "-b", "release/1.x")
	base := r.commit(map[string]string{"schema.graphql": "1"})
	r.git("checkout", "-q", "-b", "feature")
	r.commit(map[string]string{"schema.graphql": "2"})
	head := r.commit(map[string]string{"schema.graphql": "3"})
	r.git("checkout", "-q", "release/1.x")
	newest := r.commit(map[string]string{"other": ""})
	r.git("checkout", "-q", "--detach")
	r.git("merge", "-q", "--no-ff", "-m", "merged", "feature")
	merged := r.git("rev-parse", "HEAD")
	r.git("update-ref", "refs/pull/1/merge", merged)
	r.git("checkout", "-q", "main")

	// clone fetches as actions/checkout and the runner of GitLab do.
	clone := func(commit string, refspecs []string, options ...string) Loader {
		c := repository{t, t.TempDir()}
		c.git("init", "-q", "-b", "nothing")
		c.git("remote", "add", "origin", "file://"+r.path)
		c.git(append(append([]string{"fetch", "-q", "--no-tags"}, options...), append([]string{"origin"}, refspecs...)...)...)
		c.git("checkout", "-q", "--detach", commit)
		return Loader{Dir: c.path}
	}
	pull := "+" + merged + ":refs/remotes/pull/1/merge"
	all := "+refs/heads/*:refs/remotes/origin/*"
	target := Target{Ref: "refs/remotes/origin/release/1.x", From: "GITHUB_BASE_REF"}
	for _, c := range []struct {
		name   string
		l      Loader
		target Target
		want   string
		err    string
	}{
		{"GitHub, whole: what is merged leaves the newest commit of the base", clone(merged, []string{all, pull}), target, newest, ""},
		{"GitHub, whole, the branch as it is", clone(head, []string{all, pull}), target, base, ""},
		{"the base is not named", clone(head, []string{all, pull}), Target{}, r.git("rev-parse", "main"), ""},
		{"GitHub, shallow, as it is by default", clone(merged, []string{pull}, "--depth=1"), target, "",
			"git knows no origin/release/1.x here, which GITHUB_BASE_REF says that this is to be merged into: fetch it first, " +
				"with git fetch origin release/1.x:refs/remotes/origin/release/1.x. This clone is shallow" + deepen},
		{"GitHub, shallow, no base named", clone(merged, []string{pull}, "--depth=1"), Target{}, "",
			"git knows no main branch here (origin/HEAD, main or master): name the old schema, such as git:REF:schema.graphql. This clone is shallow" + deepen},
		{"GitHub, shallow, with the base", clone(merged, []string{all, pull}, "--depth=1"), target, "",
			"this clone is shallow, and its history does not reach back to origin/release/1.x" + deepen},
		{"GitHub, shallow, deep enough", clone(merged, []string{all, pull}, "--depth=2"), target, newest, ""},
		{"GitLab: no branch, but the commit", clone(head, []string{"+refs/heads/feature:refs/remotes/origin/feature"}), Target{Ref: base, From: "CI_MERGE_REQUEST_DIFF_BASE_SHA"}, base, ""},
		{"GitLab, not deep enough", clone(head, []string{"+refs/heads/feature:refs/remotes/origin/feature"}, "--depth=2"), Target{Ref: base, From: "CI_MERGE_REQUEST_DIFF_BASE_SHA"}, "",
			"git knows no " + base + " here, which CI_MERGE_REQUEST_DIFF_BASE_SHA says that this is to be merged into: fetch it first. This clone is shallow" + deepen},
		{"a branch like an option", clone(head, []string{all}), Target{Ref: "refs/remotes/origin/--output=x y", From: "GITHUB_BASE_REF"}, "",
			"git knows no origin/--output=x y here, which GITHUB_BASE_REF says that this is to be merged into: fetch it first"},
	} {
		got, err := c.l.MergeBase(t.Context(), c.target)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if got != c.want || said != c.err {
			t.Errorf("%s: got %q, %s, want %q, %s", c.name, got, said, c.want, c.err)
		}
	}
}
