package operations

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// project writes files that have an operation each, of the name of the file, and git's lists.
func project(t testing.TB, names string) string {
	t.Helper()
	dir := t.TempDir()
	for name := range strings.FieldsSeq(names) {
		write(t, filepath.Join(dir, name), "query Q { a }")
	}
	return dir
}

func gitIn(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func find(t testing.TB, dir string, patterns ...string) *Found {
	t.Helper()
	found, err := Find(context.Background(), sdl.Loader{Dir: dir}, Options{Patterns: patterns})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// files are the names of those that operations were found in.
func (f *Found) files() string {
	var names []string
	for _, o := range f.Operations {
		names = append(names, o.Document.File.Name)
	}
	return strings.Join(names, " ")
}

const tree = "a.graphql b.gql c.ts.graphql sub/d.graphql sub/deep/e.gql sub/keep.graphql out/f.graphql out/tracked.graphql " +
	".hidden/g.graphql .h.graphql node_modules/x/i.graphql sub/node_modules/j.graphql [id].graphql secret.graphql notes.txt query.txt"

func TestPatterns(t *testing.T) {
	t.Parallel()
	dir := project(t, tree)
	write(t, filepath.Join(dir, ".gitignore"), "/out\n*.gql\n!/b.gql\n")
	write(t, filepath.Join(dir, "sub", ".gitignore"), "*.graphql\n!keep.graphql\n")
	gitIn(t, dir, "init", "-q")
	write(t, filepath.Join(dir, ".git", "info", "exclude"), "secret.*\n")
	gitIn(t, dir, "add", "-f", "out/tracked.graphql")
	const all = "[id].graphql a.graphql b.gql c.ts.graphql out/tracked.graphql sub/keep.graphql"
	cases := []struct{ patterns, want string }{
		{".", all},
		{"**/*", all},
		{"**/*.graphql", "[id].graphql a.graphql c.ts.graphql out/tracked.graphql sub/keep.graphql"},
		{". !out !**/*.ts.graphql", "[id].graphql a.graphql b.gql sub/keep.graphql"},
		{"!sub/** ./sub a.graphql ./a.graphql " + filepath.Join(dir, "a.graphql"), "a.graphql"},
		{"[id].graphql", "[id].graphql"},
		{"secret.graphql sub/d.graphql", "secret.graphql sub/d.graphql"}, // who names a file means it
		{"out", "out/f.graphql out/tracked.graphql"},                     // and a folder
		{"node_modules", "node_modules/x/i.graphql"},
		{"**/node_modules/**", "node_modules/x/i.graphql sub/node_modules/j.graphql"},
		{".hidden", ".hidden/g.graphql"},
		{".h*", ".h.graphql"},
		{"**/.hidden/*", ".hidden/g.graphql"},
		{"query.txt", "query.txt"},
		{"*.txt", "notes.txt query.txt"},
		{"git::*.graphql", ""}, // nothing of these is in the index
	}
	for _, c := range cases {
		if got := find(t, dir, strings.Fields(c.patterns)...).files(); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.patterns, got, c.want)
		}
	}
	if got := find(t, filepath.Join(dir, "sub"), "..", "!deep").files(); got != "../[id].graphql ../a.graphql ../b.gql ../c.ts.graphql ../out/tracked.graphql keep.graphql" {
		t.Errorf("from below: %s", got)
	}
	// Without a repository the lists count as well, but nothing is tracked.
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if got := find(t, dir, ".").files(); got != "[id].graphql a.graphql b.gql c.ts.graphql secret.graphql sub/keep.graphql" {
		t.Errorf("without a repository: %s", got)
	}
	// A repository within is one of its own.
	gitIn(t, filepath.Join(dir, "sub"), "init", "-q")
	write(t, filepath.Join(dir, "sub", ".gitignore"), "*.gql")
	if got := find(t, dir, ".", "!*.graphql").files(); got != "b.gql sub/d.graphql sub/keep.graphql" {
		t.Errorf("a repository within: %s", got)
	}
	for patterns, want := range map[string]string{
		"gone.graphql": "gone.graphql: there is no such file or folder",
		"*.nothing":    "*.nothing: no file matches",
		"a.graphql [":  "[: the glob is malformed",
		"!a":           "only patterns with ! are given",
		"!":            "is empty",
		"empty":        "the folder has no file that can have operations: none of .graphql .gql",
	} {
		if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o777); err != nil {
			t.Fatal(err)
		}
		_, err := Find(context.Background(), sdl.Loader{Dir: dir}, Options{Patterns: strings.Fields(patterns)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", patterns, err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Find(ctx, sdl.Loader{Dir: dir}, Options{Patterns: []string{"."}}); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("called off: %v", err)
	}
	found, err := Find(context.Background(), sdl.Loader{Stdin: strings.NewReader("{ a }")}, Options{Patterns: []string{"-"}})
	if err != nil || found.files() != sdl.Stdin {
		t.Errorf("standard input: %v %v", found, err)
	}
}

// TestNoGit: lists of what to ignore are git's to read.
func TestNoGit(t *testing.T) {
	dir := project(t, tree)
	write(t, filepath.Join(dir, ".gitignore"), "*.gql\n")
	t.Setenv("PATH", t.TempDir())
	found := find(t, dir, "sub", "*.g*")
	if got, want := found.files(), "[id].graphql a.graphql b.gql c.ts.graphql secret.graphql sub/d.graphql sub/deep/e.gql sub/keep.graphql"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if len(found.Problems) != 1 || !found.Problems[0].Note() || !strings.Contains(found.Problems[0].What, "git is not installed") {
		t.Errorf("%v", found.Problems)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	outside := project(t, "o.graphql dir/p.graphql")
	dir := project(t, "a.graphql .shared/s.graphql sub/b.graphql")
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o777); err != nil { // as far as links may lead
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"sub/out.graphql":    filepath.Join(outside, "o.graphql"),
		"sub/shared.graphql": "../.shared/s.graphql",
		"sub/twice.graphql":  "../a.graphql",
		"sub/gone.graphql":   "nowhere",
		"sub/dir.graphql":    filepath.Join(outside, "dir"),
		"dir":                filepath.Join(outside, "dir"),
		"around":             ".",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	found := find(t, filepath.Join(dir, "sub"), "..")
	if got, want := found.files(), "../a.graphql b.graphql shared.graphql"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if d := cmp.Diff("out.graphql:1:1: skipped: the link leads out of the project and is not followed\n", problems(found)); d != "" {
		t.Error(d)
	}
	for _, named := range []string{"dir", "sub/out.graphql"} {
		found, err := Find(context.Background(), sdl.Loader{Dir: dir}, Options{Patterns: []string{named}})
		if err == nil && (len(found.Operations) > 0 || len(found.Problems) != 1) {
			t.Errorf("%s: %s", named, found.files())
		}
	}
	// What is outside can be named.
	if got := find(t, filepath.Join(dir, "sub"), filepath.Join(outside, "dir")); len(got.Operations) != 1 {
		t.Errorf("%v", got)
	}
}

func problems(f *Found) string {
	f.Operations = nil
	return told(f)
}

// TestOddFiles: what is no text, or none that people wrote.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const doc = "gql`query Q { a }`;"
	for name, text := range map[string]string{
		"binary.ts":       "G\x00\x01" + doc,
		"utf16.graphql":   "\xff\xfeq\x00",
		"utf16be.js":      "\xfe\xff\x00g",
		"latin1.js":       "// caf\xe9\n" + doc,
		"latin1doc.js":    doc + "gql`query R { a(b: \"\xe9\") }`",
		"other.js":        "// caf\xe9\n",
		"bom.js":          "\ufeff" + doc,
		"bom.graphql":     "\ufeffquery B { b }",
		"crlf.js":         "gql`\r\n  query C {\r\n    c }\r\n`",
		"bundle.js":       strings.Repeat("a;", maxLine) + doc,
		"lib.min.mjs":     doc,
		"large.ts":        doc + strings.Repeat("// line\n", maxWritten/8),
		"large.json":      `{"1": "query Large { a }"` + strings.Repeat(" ", maxLine) + "}",
		"long.graphql":    "query Long { " + strings.Repeat("a ", maxLine) + "}",
		"deep.ts":         strings.Repeat("(", 200_000) + strings.Repeat("`${", 200_000) + doc,
		"deep.tsx":        strings.Repeat("<a>", 100_000) + doc,
		"deeper.tsx":      strings.Repeat("<a b={", 100_000) + "\n" + doc,
		"deep.go":         "package a\nvar a = " + strings.Repeat("(", 100_000) + "1 // graphql\n",
		"deep.json":       `{"1": "query Deep { a }", "2": ` + strings.Repeat("[", 400_000),
		"sum.go":          "package a\nvar _ = graphql.NewRequest(\"query Sum { \" + " + strings.Repeat("\"a \" +\n", 20_000) + `"}")`,
		"comment.graphql": "# only this",
		"unclosed.js":     "gql`query U { u }` /* gql`query V { v }`",
	} {
		// Lines of their own, where that is not what the file is about.
		if strings.HasPrefix(name, "deep") {
			text = wrapped(text)
		}
		write(t, filepath.Join(dir, name), text)
	}
	found := find(t, dir, ".")
	checkFound(t, found)
	if got, want := found.files(), "bom.graphql bom.js crlf.js deep.ts deep.tsx deeper.tsx large.json latin1.js latin1doc.js long.graphql sum.go unclosed.js"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	told := problems(found)
	for _, want := range []string{
		"binary.ts:1:1: skipped: the file is binary",
		"bundle.js:1:1: skipped: the file is what a bundler made",
		"large.ts:1:1: skipped: the file is larger than 1 MiB",
		"latin1.js:1:7: unreadable: the file is not UTF-8 from here on",
		"latin1doc.js:1:40: unreadable: the file is not UTF-8",
		"lib.min.mjs:1:1: skipped: the file is what a bundler made",
		"utf16.graphql:1:1: unreadable: the file is UTF-16: save it as UTF-8",
		"utf16be.js:1:1: unreadable: the file is UTF-16",
		"deep.go:",
	} {
		if strings.Count(told, want) != 1 {
			t.Errorf("%s is not there once:\n%s", want, told)
		}
	}
	if lines := strings.Count(told, "\n"); lines != 9 {
		t.Errorf("%d problems:\n%s", lines, told)
	}
}

// wrapped has lines that are not too long for people to have written.
func wrapped(text string) string {
	var b strings.Builder
	for len(text) > 600 {
		b.WriteString(text[:600] + "\n")
		text = text[600:]
	}
	return b.String() + text
}

// TestOwnNames: the tags and calls that are looked for.
func TestOwnNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.js"), "gql`query A { a }`; ask`query B { b }`; ask('query C { c }')")
	write(t, filepath.Join(dir, "b.go"), "package b\nvar _ = api.Ask(`query D { d }`)\nvar _ = other.Ask(`query E { e }`)\nvar _ = x.Run[int](ctx, `{ f }`)\nvar _ = x.Post(`{ g }`)")
	found, err := Find(context.Background(), sdl.Loader{Dir: dir}, Options{Patterns: []string{"."}, Tags: []string{"ask"}, Calls: []string{"api.Ask", "Run"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := found.files(), "a.js a.js b.go b.go"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// manyFiles writes a project with five operations in each file.
func manyFiles(t testing.TB, n int) string {
	dir := t.TempDir()
	for i := range n {
		var b strings.Builder
		fmt.Fprintf(&b, "import { gql } from '@apollo/client';\nimport { UserFields } from '../fragments/f%d';\n\n", i%100)
		for j := range 5 {
			fmt.Fprintf(&b, "export const Q%d_%d = gql`\n  query Q%d_%d($first: Int, $name: String!) {\n    queryUser(first: $first, filter: {name: {eq: $name}}) {\n"+
				"      id\n      name\n      posts(order: {desc: date}) { id title text author { ...UserFields%d } }\n    }\n  }\n  ${UserFields}\n`;\n\n"+
				"export function use%d(id: string) {\n  // it's a hook\n  return useQuery<Data>(Q%d_%d, { variables: { first: 10, name: `user ${id}` } }) / 2;\n}\n\n", i, j, i, j, i%100, j, i, j)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("src/queries/q%d.ts", i)), b.String())
	}
	for i := range 100 {
		write(t, filepath.Join(dir, fmt.Sprintf("src/fragments/f%d.ts", i)), fmt.Sprintf("export const UserFields = gql`fragment UserFields%d on User { id name email }`;\n", i))
	}
	return dir
}

// TestLinear: four times the files take four times as long, and not sixteen times.
func TestLinear(t *testing.T) {
	small, large := manyFiles(t, 150), manyFiles(t, 600)
	took := func(dir string, n int) time.Duration {
		best := time.Hour
		for range 3 {
			start := time.Now()
			found := find(t, dir, ".")
			best = min(best, time.Since(start))
			if len(found.Operations) != 5*n || len(found.Problems) != 0 || len(found.Operations[0].Fragments) != 1 {
				t.Fatalf("%d operations, %v", len(found.Operations), found.Problems)
			}
		}
		return best
	}
	var one, four time.Duration
	for range 5 { // others use this machine, too
		one, four = took(small, 150), took(large, 600)
		if four < 8*one {
			t.Logf("750 operations in %v, 3,000 in %v", one, four)
			return
		}
	}
	t.Errorf("750 operations took %v, and 3,000 took %v", one, four)
}

// TestHostile: text that means to take long takes no longer than other text of its size.
func TestHostile(t *testing.T) {
	t.Parallel()
	fill := func(piece string) string { return wrapped(strings.Repeat(piece, 200_000/len(piece))) }
	for name, text := range map[string]string{
		"slashes":   fill("/["),
		"quotes":    fill(`'\`),
		"tags":      fill("<a "),
		"more tags": fill("(<a<"),
		"types":     fill("gql<"),
		"imports":   fill("import{a,"),
		"exports":   fill("export{a "),
		"holes":     "const b = ``; const a = `" + fill("${b}") + "`; gql`{" + fill("${a}") + "}`",
		"itself":    "const a = `" + fill("${a}") + "`; gql`{" + fill("${a}") + "}`",
		"constants": fill("const a='';") + "; gql`{" + fill("${a}") + "}`",
		"spreads":   "gql`" + fill("fragment F on T{...F}") + "`",
		"templates": fill("gql`{...F}`,"),
		"circles":   "export * from './a.tsx'; export {a as b}; gql`{${b}}`",
		"braces":    fill("{`${"),
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "a.tsx"), text)
		start := time.Now()
		checkFound(t, find(t, dir, "."))
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s took %v", name, took)
		} else {
			t.Logf("%s: %v", name, took)
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "package a\nfunc f() {\n"+strings.Repeat("q = `{ a }`\nc.Post(q)\nc.Post(r)\n", 5_000)+"}\nconst a = \"\" + b + b + b\nconst b = \"\" + c + c + c\nconst c = a + a\nvar _ = graphql.NewRequest(a)")
	start := time.Now()
	checkFound(t, find(t, dir, "."))
	if took := time.Since(start); took > time.Minute {
		t.Errorf("Go took %v", took)
	}
}

func BenchmarkFind(b *testing.B) {
	dir := manyFiles(b, 2000)
	b.ResetTimer()
	for b.Loop() {
		find(b, dir, ".")
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
}
