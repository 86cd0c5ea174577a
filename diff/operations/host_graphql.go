package operations

import (
	"regexp"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// graphQL is a file of GraphQL. A schema has no operations, and is none of ours.
var graphQL = host{
	extensions: []string{".graphql", ".gql", ".graphqls"},
	maxSize:    maxGenerated,
	extract: func(f *sdl.File, _ *Options) extraction {
		return extraction{documents: []*Document{Whole(f)}, imports: importsIn(f.Text)}
	},
}

// importLine is how loaders of files have them import others.
var importLine = regexp.MustCompile(`(?m)^#[ \t]*import[ \t]+(?:[^'"\r\n]*from[ \t]+)?["']([^"'\r\n]+)["']`)

func importsIn(text string) []importing {
	var all []importing
	for _, m := range importLine.FindAllStringSubmatch(text, -1) {
		all = append(all, importing{"*", "*", m[1]})
	}
	return all
}
