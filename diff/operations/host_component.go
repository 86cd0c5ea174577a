package operations

import (
	"regexp"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// components are single-file components of Vue and Svelte: the programs in their scripts, and blocks that are documents.
var components = host{
	extensions: []string{".vue", ".svelte"},
	maxSize:    maxWritten,
	written:    true,
	marks:      func(o *Options) []string { return append(scriptMarks(o), "query>") },
	extract:    fromComponent,
}

// blockStart begins a comment, or a block that can have documents.
var blockStart = regexp.MustCompile(`(?i)<!--|<(script|graphql|page-query|static-query)((?:\s+(?:[^"'>]|"[^"]*"|'[^']*')*)?)>`)

var typedTags = regexp.MustCompile(`(?i)\blang\s*=\s*["']?[jt]sx\b`)

func fromComponent(f *sdl.File, o *Options) extraction {
	var all extraction
	for at := 0; ; {
		m := blockStart.FindStringSubmatchIndex(f.Text[at:])
		if m == nil {
			return all
		}
		start := at + m[1]
		if m[2] < 0 {
			end := strings.Index(f.Text[start:], "-->")
			if end < 0 {
				return all
			}
			at = start + end
			continue
		}
		element, attributes := strings.ToLower(f.Text[at+m[2]:at+m[3]]), f.Text[at+m[4]:at+m[5]]
		end := closing(f.Text, start, element)
		at = end
		if strings.HasSuffix(attributes, "/") {
			at = start
			continue
		}
		if element != "script" {
			l := literal{file: f, start: start, end: end}
			all.documents = append(all.documents, l.document())
			continue
		}
		one := scanScript(f, start, end, typedTags.MatchString(attributes), o)
		all.templates = append(all.templates, one.templates...)
		all.constants = append(all.constants, one.constants...)
		all.imports = append(all.imports, one.imports...)
		all.problems = append(all.problems, one.problems...)
	}
}

// closing is where the element ends that is open at start.
func closing(text string, start int, element string) int {
	for at := start; ; {
		i := strings.Index(text[at:], "</")
		if i < 0 {
			return len(text)
		}
		at += i
		if rest := text[at+2:]; len(rest) >= len(element) && strings.EqualFold(rest[:len(element)], element) {
			return at
		}
		at += 2
	}
}
