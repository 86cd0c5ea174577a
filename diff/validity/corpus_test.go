package validity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestCorpus holds the verdicts on real schemas against Dgraph's. Nearly all of
// them are valid.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("../../../shared/corpus/*/*.graphql")
	if len(files) == 0 {
		t.Skip("no corpus beside the repository")
	}
	judge := dgraphtest.Oracle(t)
	valid := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if agree(t, judge, string(text)).Accepted() {
			valid++
		}
		if t.Failed() {
			t.Fatal(file)
		}
	}
	if valid < len(files)*9/10 {
		t.Errorf("only %d of %d real schemas are valid", valid, len(files))
	}
}

// TestSecretsStaySecret: no message holds what a setting hides.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, line := range []string{
		`# Dgraph.Secret KEY ` + secret,
		`# Dgraph.Secret ` + secret,
		`# Dgraph.Authorization ` + secret,
		`# Dgraph.Authorization {"VerificationKey":"` + secret + `","Header":"X","Namespace":"n","Algo":"` + secret + `"}`,
		`# Dgraph.Authorization {"VerificationKey":"` + secret + `","Header":"X","Namespace":"n","Algo":"RS256"}`,
		`# Dgraph.Authorization ` + secret + ` ` + secret + ` ` + secret + ` "` + secret + `"`,
		`# Dgraph.Allow-Origin ` + secret,
	} {
		r := check("type T { a: String }\n" + line)
		if len(r.Problems) == 0 {
			t.Errorf("no problem in %s", line)
		}
		if strings.Contains(list(r), secret) {
			t.Errorf("a message tells the secret:\n%s", list(r))
		}
	}
}

// TestLambda: what needs a lambda-url is not checked unless there is one.
func TestLambda(t *testing.T) {
	t.Parallel()
	src, err := sdl.Parse(&sdl.File{Name: "a", Text: "type T @lambdaOnMutate(add: true) { id: ID! a: Int b: Int @lambda }"})
	if err != nil {
		t.Fatal(err)
	}
	for _, configured := range []bool{false, true} {
		r := validity.Check(schema.Resolve(src), validity.Options{Lambda: configured})
		want := 2
		if configured {
			want = 0
		}
		if len(r.Problems) > 0 || len(r.Unchecked) != want {
			t.Errorf("lambda %v: %d problems, %d not checked, want 0 and %d", configured, len(r.Problems), len(r.Unchecked), want)
		}
		for _, u := range r.Unchecked {
			if u.Message == "" || u.Coordinate == "" {
				t.Errorf("odd report: %+v", u)
			}
		}
	}
}

// large is a schema of n types with ten fields each, linked in a ring, with
// interfaces, unions, shared predicates and as many mistakes as asked for.
func large(n int, mistakes bool) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "type T%d implements I%d {\n  next: T%d @hasInverse(field: last)\n  last: T%d\n  all: [T%d] @dgraph(pred: \"all%d\")\n", i, i%50, (i+1)%n, (i+n-1)%n, (i+7)%n, i)
		for f := range 6 {
			fmt.Fprintf(&b, "  f%d: String @search(by: [hash, term])", f)
			if mistakes {
				fmt.Fprintf(&b, " @nope%d", i)
			}
			b.WriteString("\n")
		}
		if mistakes {
			fmt.Fprintf(&b, "  wrong: Unknown%d\n  shared: T%d @dgraph(pred: \"shared\")\n", i, i)
		}
		b.WriteString("}\n")
	}
	for i := range 50 {
		fmt.Fprintf(&b, "interface I%d { id: ID! common%d: Int @id }\n", i, i)
	}
	return b.String()
}

// TestLarge: the time grows with the size, not with its square, also when
// everything is wrong. The bound is far above what is measured.
func TestLarge(t *testing.T) {
	for _, mistakes := range []bool{false, true} {
		src, err := sdl.Parse(&sdl.File{Name: "large", Text: large(10_000, mistakes)})
		if err != nil {
			t.Fatal(err)
		}
		s := schema.Resolve(src)
		start := time.Now()
		r := validity.Check(s, validity.Options{})
		t.Logf("mistakes %v: %d problems in %v", mistakes, len(r.Problems), time.Since(start))
		if took := time.Since(start); took > time.Minute {
			t.Errorf("10,000 types took %v", took)
		}
		if mistakes != (len(r.Problems) > 0) {
			t.Errorf("%d problems", len(r.Problems))
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	src, err := sdl.Parse(&sdl.File{Name: "large", Text: large(1_000, false)})
	if err != nil {
		b.Fatal(err)
	}
	s := schema.Resolve(src)
	for b.Loop() {
		validity.Check(s, validity.Options{})
	}
}

// FuzzCheck: no text that parses makes Check panic, and all places are in the
// text.
func FuzzCheck(f *testing.F) {
	for _, file := range caseFiles(f) {
		for _, c := range file.cases {
			f.Add(c.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range check(text).Problems {
			if p.Message == "" || int(p.Span.End) > len(text) || p.Span.Start > p.Span.End {
				t.Errorf("odd problem: %+v", p)
			}
		}
	})
}
