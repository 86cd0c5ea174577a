package operations

import (
	"path"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// javaScript is JavaScript and TypeScript, where documents are tagged templates, the first argument of a call of a tag, and
// literals after a comment /* GraphQL */ or that begin with #graphql.
var javaScript = host{
	extensions: []string{".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"},
	maxSize:    maxWritten,
	written:    true,
	marks:      scriptMarks,
	extract: func(f *sdl.File, o *Options) extraction {
		extension := strings.ToLower(path.Ext(f.Name))
		tags := extension != ".ts" && extension != ".mts" && extension != ".cts" // there, <T> is a type
		return scanScript(f, 0, len(f.Text), tags, o)
	},
}

func scriptMarks(o *Options) []string {
	return append([]string{"graphql", "GraphQL", "GRAPHQL"}, o.Tags...)
}
