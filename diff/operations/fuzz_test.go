package operations

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// fuzzHost has a host look for documents in anything: it never fails, documents lie in the file, and what is said to stand
// in it as it is does.
func fuzzHost(f *testing.F, name string, extensions ...string) {
	paths, err := filepath.Glob("testdata/find/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal("no cases", err)
	}
	for _, at := range paths {
		archive, err := txtar.ParseFile(at)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			for _, e := range extensions {
				if filepath.Ext(file.Name) == e {
					f.Add(string(file.Data))
				}
			}
		}
	}
	h := hostOf(name)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		file := &sdl.File{Name: name, Text: text}
		s := &source{file: file, extraction: h.extract(file, &Options{Tags: DefaultTags, Calls: DefaultCalls})}
		sources := together([]*source{s})
		p := programOf(sources)
		all := p.parse(sources)
		for _, d := range s.documents {
			checkPieces(t, d)
		}
		for _, one := range s.templates {
			checkPieces(t, one.document)
		}
		found := join(all, p.imports)
		found.Problems = append(found.Problems, s.problems...)
		checkFound(t, found)
	})
}

func FuzzTSX(f *testing.F)     { fuzzHost(f, "a.tsx", ".js", ".jsx", ".ts", ".tsx") }
func FuzzTS(f *testing.F)      { fuzzHost(f, "a.ts", ".js", ".ts") }
func FuzzVue(f *testing.F)     { fuzzHost(f, "a.vue", ".vue", ".svelte") }
func FuzzGo(f *testing.F)      { fuzzHost(f, "a.go", ".go") }
func FuzzJSON(f *testing.F)    { fuzzHost(f, "a.json", ".json") }
func FuzzGraphQL(f *testing.F) { fuzzHost(f, "a.graphql", ".graphql", ".graphqls") }
