package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// largestPair is the largest pair of real schemas beside the repository.
const largestPair = "cloudgraph-aws-0_88_0-to-0_89_0-implements-removed-implements-added"

func corpusPair(t testing.TB, name string) (before, after string) {
	t.Helper()
	dir := filepath.Join(moduleRoot(t), "..", "shared", "corpus", name)
	read := func(file string) string {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Skip("the corpus of real schemas is not beside the repository")
		}
		return string(text)
	}
	return read("old.graphql"), read("new.graphql")
}

// ring is a schema of n types with ten fields each, linked in a circle, with a
// change in every 50th type on the other side.
func ring(n int) (before, after string) {
	var b, a strings.Builder
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		text := fmt.Sprintf("type T%d {\n  id: ID!\n  next: T%d\n", i, (i+1)%n)
		for f := range 8 {
			text += fmt.Sprintf("  f%d: %s @search\n", f, []string{"String", "Int", "Float", "DateTime"}[rng.IntN(4)])
		}
		text += "}\n"
		b.WriteString(text)
		if i%50 == 0 {
			text = strings.Replace(text, "f3:", "renamed3:", 1)
		}
		a.WriteString(text)
	}
	return b.String(), a.String()
}

// compareTexts is what the diff command does between reading and writing, and
// the writing.
func compareTexts(tb testing.TB, before, after string) {
	old := []*sdl.File{{Name: "old.graphql", Text: before}}
	new := []*sdl.File{{Name: "new.graphql", Text: after}}
	done, err := comparison{oldName: "old.graphql", newName: "new.graphql", before: old, after: new, cfg: &config.Config{}}.run()
	if err != nil || done.invalid {
		tb.Fatalf("comparing: %+v, %v", done, err)
	}
	var out strings.Builder
	if err := report.Formats[0].Write(&out, done.report, report.Options{}); err != nil || out.Len() == 0 {
		tb.Fatal(err)
	}
}

// parseTexts is only parsing both texts with gqlparser.
func parseTexts(tb testing.TB, texts ...string) {
	for _, text := range texts {
		if _, err := parser.ParseSchema(&ast.Source{Input: text}); err != nil {
			tb.Fatal(err)
		}
	}
}

func BenchmarkParseLargestPair(b *testing.B) {
	before, after := corpusPair(b, largestPair)
	for b.Loop() {
		parseTexts(b, before, after)
	}
}

func BenchmarkDiffLargestPair(b *testing.B) {
	before, after := corpusPair(b, largestPair)
	b.ReportAllocs()
	for b.Loop() {
		compareTexts(b, before, after)
	}
}

func BenchmarkDiffRing(b *testing.B) {
	for _, n := range []int{100, 1_000, 2_000, 10_000} {
		before, after := ring(n)
		b.Run(fmt.Sprintf("types=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compareTexts(b, before, after)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/type")
		})
	}
}

// fixing prepares the directive fixes of a pair of schemas.
func fixing(tb testing.TB, before, after string) func() *mended {
	c := comparison{oldName: "old.graphql", newName: "new.graphql", cfg: &config.Config{},
		before: []*sdl.File{{Name: "old.graphql", Text: before}}, after: []*sdl.File{{Name: "new.graphql", Text: after}}}
	done, err := c.run()
	if err != nil || done.invalid {
		tb.Fatalf("comparing: %+v, %v", done, err)
	}
	o := choiceOptions{prefer: string(rules.Directive)}
	severity := severities{}.of
	choices, err := o.choices(nil, done.findings, severity)
	if err != nil {
		tb.Fatal(err)
	}
	return func() *mended {
		m := mend(c.after, done, slices.Clone(choices), func(so []choice, left []*rules.Finding) []choice { return o.later(so, left, severity) })
		m.severity = severity
		return m
	}
}

func BenchmarkFixLargestPair(b *testing.B) {
	before, after := corpusPair(b, largestPair)
	fix := fixing(b, before, after)
	b.ReportAllocs()
	for b.Loop() {
		fix()
	}
}
