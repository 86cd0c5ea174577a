package sdl

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFormerly: a schema that a branch moved is found where it was.
func TestFormerly(t *testing.T) {
	t.Parallel()
	const text = "type User {\n  id: ID!\n  name: String\n  age: Int\n  nick: String\n}\n"
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do := func(args ...string) {
		t.Helper()
		if _, err := (git{t.Context(), dir}).run(append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	do("init", "-q")
	write("one.graphql", text)
	write("there.graphql", "type There {\n  a: Int\n}\n")
	write("old dir/a.graphql", "type A {\n  a: Int\n  b: Int\n  c: Int\n}\n")
	write("old dir/sub/b.graphql", "type B {\n  x: String\n  y: String\n  z: String\n}\n")
	write("top1.graphql", "type T1 {\n  l: Float\n  k: Float\n  j: Float\n}\n")
	write("deep/e1.gql", "type E1 {\n  aa: Int64\n  bb: Int64\n  cc: Int64\n}\n")
	write("x/c.graphql", "type C {\n  l: Float\n  m: Float\n  n: Float\n}\n")
	write("y/d.graphql", "type D {\n  q: ID!\n  r: DateTime\n  s: DateTime\n}\n")
	do("add", "-A")
	do("commit", "-q", "-m", "one")
	do("config", "diff.renames", "false")
	do("config", "diff.relative", "true")
	write("api/two.graphql", "type User {\n  id: ID!\n  name: String\n  age: Int\n}\n")
	do("rm", "-q", "one.graphql")
	do("mv", "old dir", "new")
	do("mv", "deep/e1.gql", "e1.gql")
	if err := os.MkdirAll(filepath.Join(dir, "down"), 0o755); err != nil {
		t.Fatal(err)
	}
	do("mv", "top1.graphql", "down/top1.graphql")
	do("mv", "x/c.graphql", "new.graphql")
	if err := os.MkdirAll(filepath.Join(dir, "both"), 0o755); err != nil {
		t.Fatal(err)
	}
	do("mv", "new.graphql", "both/c.graphql")
	do("mv", "y/d.graphql", "both/d.graphql")
	do("add", "-A")
	for _, c := range []struct{ from, name, want string }{
		{".", "./api/two.graphql", "one.graphql"},
		{"api", "./two.graphql", "../one.graphql"},
		{".", "./new", "old dir"},
		{".", "./new/sub/b.graphql", "old dir/sub/b.graphql"},
		{".", "./new/**/*.graphql", "old dir/**/*.graphql"},
		{"api", "../new/*.graphql", "../old dir/*.graphql"},
		{".", "./both/*.graphql", ""},
		{".", "./*.gql", "deep/*.gql"},
		{".", "./down/*.graphql", "*.graphql"},
		{"api", "../down/top?.graphql", "../top?.graphql"},
		{".", "./down/b*.graphql", ""}, // other files
		{".", "./both", ""},            // from two folders
		{".", "./there.graphql", ""},   // it is there
		{".", "./nowhere.graphql", ""},
	} {
		got, err := Loader{Dir: filepath.Join(dir, c.from)}.Formerly(t.Context(), "HEAD", c.name)
		if err != nil || got != c.want {
			t.Errorf("from %s, %s was %q, want %q (%v)", c.from, c.name, got, c.want, err)
		}
	}
}

// TestFormerlyRewritten: a schema that was moved and changed beyond recognition is the one that is gone, where it has a type of
// it, and where no other one is gone.
func TestFormerlyRewritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now  string
		gone []string // beside one.graphql
		want string
	}{
		"a type is left":    {"type User { key: ID! a: Int b: Int c: Int d: Int }\n", nil, "one.graphql"},
		"another schema":    {"type Other { key: ID! a: Int b: Int c: Int d: Int }\n", nil, ""},
		"two are gone":      {"type User { key: ID! a: Int b: Int c: Int d: Int }\n", []string{"two.graphql"}, ""},
		"it does not parse": {"type User {\n", nil, ""},
		"no schema is gone": {"type User { key: ID! a: Int b: Int c: Int d: Int }\n", []string{"one.txt"}, "one.graphql"},
	} {
		dir := t.TempDir()
		do := func(args ...string) {
			t.Helper()
			if _, err := (git{t.Context(), dir}).run(append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...); err != nil {
				t.Fatal(err)
			}
		}
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		do("init", "-q")
		write("one.graphql", "type User {\n  id: ID!\n  name: String\n}\n\ntype There {\n  x: String\n}\n")
		write("two.graphql", "type Two {\n  id: ID!\n}\n")
		write("one.txt", "some words")
		do("add", "-A")
		do("commit", "-q", "-m", "one")
		for _, gone := range append(c.gone, "one.graphql") {
			if err := os.Remove(filepath.Join(dir, gone)); err != nil {
				t.Fatal(err)
			}
		}
		write("new.graphql", c.now)
		for _, known := range []bool{false, true} {
			if known {
				do("add", "-A")
			}
			if got, err := (Loader{Dir: dir}).Formerly(t.Context(), "HEAD", "./new.graphql"); err != nil || got != c.want {
				t.Errorf("%s, known to git %v: it was %q, want %q (%v)", name, known, got, c.want, err)
			}
		}
	}
}
