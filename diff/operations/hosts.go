package operations

import (
	"path"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// host is a kind of files that have GraphQL documents in them. Another language is another one of these.
type host struct {
	extensions []string
	// maxSize is the size in bytes past which a file is left out.
	maxSize int64
	// written is for files that people write: those that a bundler made are left out.
	written bool
	// marks are what a file without documents lacks; nil when every file is to be looked at.
	marks func(*Options) []string
	// extract finds the documents. It never fails: what it cannot read is a problem.
	extract func(*sdl.File, *Options) extraction
}

const (
	maxWritten   = 1 << 20
	maxGenerated = 32 << 20
	// maxLine is the length in bytes of lines that nobody writes.
	maxLine = 100_000
)

// hosts are all that are known.
var hosts = []host{graphQL, javaScript, components, goLanguage, manifests}

// hostOf is the host for the name of a file; nil for none.
func hostOf(name string) *host {
	extension := strings.ToLower(path.Ext(name))
	for i := range hosts {
		for _, e := range hosts[i].extensions {
			if e == extension {
				return &hosts[i]
			}
		}
	}
	return nil
}

// extraction is what a host finds in a file.
type extraction struct {
	documents []*Document
	// templates are documents that are put together with others.
	templates []*template
	// constants are strings that a program gives names to, for its templates.
	constants []constant
	// imports are what a program imports, by the names that it gives that.
	imports  []importing
	problems []Problem
}

// constant is a string with a name.
type constant struct {
	name string
	text literal
}

// importing is a name that a file has from another one.
type importing struct {
	local, exported string // exported is "default", and "*" for the whole
	from            string // as it is written; "" for the file itself
}
