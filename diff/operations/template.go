package operations

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// template is a document in a program that can have others put in.
type template struct {
	literal
	name      string
	arguments []hole // documents that are handed over with it
	document  *Document
}

// source is a file with what its host found in it.
type source struct {
	file *sdl.File
	extraction
	named map[string][]named // in the order of their places
	local map[string][]importing
}

// named is what a name in a program stands for: a template or a string.
type named struct {
	source   *source
	template *template
	constant *constant
}

// at is where it stands in its file.
func (n named) at() int {
	if n.template != nil {
		return n.template.start
	}
	return n.constant.text.start
}

// program is all files, for names that stand in others.
type program struct {
	files  map[string]*source
	byName map[string][]named
}

func programOf(sources []*source) *program {
	p := &program{files: map[string]*source{}, byName: map[string][]named{}}
	for _, s := range sources {
		p.files[s.file.Name] = s
		s.named = map[string][]named{}
		for _, t := range s.templates {
			// The text comes when all names are known.
			t.document = &Document{File: s.file, at: t.start}
			if t.name != "" {
				s.named[t.name] = append(s.named[t.name], named{source: s, template: t})
			}
		}
		for i := range s.constants {
			c := &s.constants[i]
			s.named[c.name] = append(s.named[c.name], named{source: s, constant: c})
		}
		s.local = map[string][]importing{}
		for _, i := range s.extraction.imports {
			s.local[i.local] = append(s.local[i.local], i)
		}
		for name, all := range s.named {
			slices.SortStableFunc(all, func(a, b named) int { return a.at() - b.at() })
			p.byName[name] = append(p.byName[name], all...)
		}
	}
	return p
}

// scriptExtensions are what an import of a script can leave out.
var scriptExtensions = []string{"", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".graphql", ".gql",
	"/index.ts", "/index.tsx", "/index.js", "/index.jsx"}

// file is what a file imports; nil when that is not among the files.
func (p *program) file(from *source, spec string) *source {
	if spec == "" {
		return from
	}
	if !strings.HasPrefix(spec, ".") && !isGraphQLFile(from.file.Name) {
		return nil
	}
	at := path.Join(path.Dir(from.file.Name), spec)
	// In TypeScript, ./a.js is what ./a.ts becomes.
	for _, base := range []string{at, strings.TrimSuffix(at, path.Ext(at))} {
		for _, extension := range scriptExtensions {
			if s := p.files[base+extension]; s != nil && s != from {
				return s
			}
		}
	}
	return nil
}

func isGraphQLFile(name string) bool {
	return slices.Contains(graphQL.extensions, strings.ToLower(path.Ext(name)))
}

// imports are the names of the files that one imports.
func (p *program) imports(name string) []string {
	from := p.files[name]
	if from == nil {
		return nil
	}
	var all []string
	for _, i := range from.extraction.imports {
		if s := p.file(from, i.from); s != nil && !slices.Contains(all, s.file.Name) {
			all = append(all, s.file.Name)
		}
	}
	return all
}

// namePath is an expression that does nothing but name something, as UserFields or User.fragments.entry.
var namePath = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{N}_$]*(?:\s*\??\.\s*[\p{L}_$][\p{L}\p{N}_$]*)*$`)

// lookup is what an expression at a place in a file stands for. Of several it is the one in the same file that was
// defined last, else one that is imported, else one of that name anywhere if it is the only one.
func (p *program) lookup(from *source, expression string, at int) []named {
	expression = strings.TrimSpace(expression)
	if !namePath.MatchString(expression) {
		return nil
	}
	root, rest, isMember := strings.Cut(expression, ".")
	root = strings.TrimRight(strings.TrimSpace(root), "?")
	name := root
	if isMember {
		name = strings.TrimSpace(rest[strings.LastIndexByte(rest, '.')+1:])
	}
	for _, i := range from.local[root] {
		if i.from == "" {
			continue
		}
		if s := p.file(from, i.from); s != nil {
			wanted := i.exported
			if isMember {
				wanted = name
			}
			if all := p.exported(s, wanted, map[*source]bool{}); len(all) > 0 {
				return all
			}
		}
	}
	if own := from.named[name]; len(own) > 0 {
		i, _ := slices.BinarySearchFunc(own, at, func(n named, at int) int { return n.at() - at })
		return own[max(0, i-1):][:1]
	}
	if all := p.byName[name]; len(all) == 1 {
		return all
	}
	return nil
}

// maxReexports is through how many files a name is followed.
const maxReexports = 100

// exported is what a file has under a name. Seen are the files that were asked.
func (p *program) exported(s *source, name string, seen map[*source]bool) []named {
	if all := s.named[name]; len(all) > 0 {
		return all[len(all)-1:]
	}
	if name == "default" || name == "*" {
		if len(s.templates) == 1 {
			return []named{{source: s, template: s.templates[0]}}
		}
		if len(s.documents) == 1 {
			return []named{{source: s, template: &template{document: s.documents[0]}}}
		}
	}
	for _, local := range []string{name, "*"} {
		for _, i := range s.local[local] {
			if len(seen) > maxReexports {
				return nil
			}
			next := p.file(s, i.from)
			if next == nil || next != s && seen[next] {
				continue
			}
			wanted := name
			if local == name {
				wanted = i.exported
			}
			if next == s { // under another name
				if all := s.named[wanted]; len(all) > 0 {
					return all[len(all)-1:]
				}
				continue
			}
			seen[next] = true
			if all := p.exported(next, wanted, seen); len(all) > 0 {
				return all
			}
		}
	}
	return nil
}

// nesting is where in GraphQL a text ends.
type nesting struct {
	at             int // how far the text was read
	braces, parens int
	in             byte // '#' in a comment, '"' in a string, 'b' in a block string
	dots           int  // that it ends with
}

func (n *nesting) read(text string) {
	for ; n.at < len(text); n.at++ {
		c := text[n.at]
		switch n.in {
		case '#':
			if c == '\n' || c == '\r' {
				n.in = 0
			}
			continue
		case '"':
			switch c {
			case '\\':
				n.at++
			case '"', '\n', '\r':
				n.in = 0
			}
			continue
		case 'b':
			switch {
			case strings.HasPrefix(text[n.at:], `\"""`):
				n.at += 3
			case strings.HasPrefix(text[n.at:], `"""`):
				n.at += 2
				n.in = 0
			}
			continue
		}
		switch c {
		case '.':
			n.dots++
			continue
		case ' ', '\t', '\n', '\r':
			continue
		}
		n.dots = 0
		switch c {
		case '#':
			n.in = '#'
		case '"':
			n.in = '"'
			if strings.HasPrefix(text[n.at:], `"""`) {
				n.in = 'b'
				n.at += 2
			}
		case '{':
			n.braces++
		case '}':
			n.braces--
		case '(':
			n.parens++
		case ')':
			n.parens--
		}
	}
}

// fill gives a template's document its text, and what is put into it.
func (p *program) fill(s *source, t *template) {
	d := t.document
	var b builder
	var n nesting
	start := t.start
	budget := maxPutIn
	for _, h := range t.holes {
		b.add(t.literal, start, h.start)
		start = h.end
		n.read(b.text.String())
		if n.in != 0 {
			continue // nothing asks for what stands in comments and strings
		}
		all := p.lookup(s, h.expression, h.start)
		said, known := p.said(all, d.File, n.dots == len("..."), &budget)
		switch {
		case known:
			b.put(said, nil)
		case n.braces <= 0 && n.parens <= 0:
			for _, one := range all {
				if one.template != nil && one.template.document != d {
					d.prefers = append(d.prefers, one.template.document)
				}
			}
			b.text.WriteString(" ")
			d.holes = append(d.holes, h)
		default:
			b.text.WriteString(" ")
			d.holes = append(d.holes, h)
			if d.unknown == nil {
				d.unknown = &h
			}
		}
	}
	b.add(t.literal, start, t.end)
	for _, h := range t.arguments {
		for _, one := range p.lookup(s, h.expression, t.end) {
			if one.template != nil && one.template.document != d {
				d.prefers = append(d.prefers, one.template.document)
			}
		}
	}
	d.Text, d.pieces = b.text.String(), b.pieces
}

// maxPutIn is how much is put into a document, in strings and in bytes: strings in strings in strings could be any number.
const maxPutIn = 1 << 20

// said is what a name stands for in a template of a file: a string, or after "..." the name of a document's fragment. Of a
// string that is one name and nothing else, no place is known: it can be a key elsewhere in the program.
func (p *program) said(all []named, in *sdl.File, isSpread bool, budget *int) (b *builder, known bool) {
	if len(all) != 1 {
		return nil, false
	}
	b = &builder{}
	if c := all[0].constant; c != nil {
		own := &builder{}
		start := c.text.start
		for _, h := range c.text.holes {
			own.add(c.text, start, h.start)
			start = h.end
			*budget -= 1000 // so that what is a part of itself comes to an end
			if *budget < 0 {
				return nil, false
			}
			inner, known := p.said(p.lookup(all[0].source, h.expression, h.start), c.text.file, false, budget)
			if !known {
				return nil, false
			}
			own.put(inner, nil)
		}
		own.add(c.text, start, c.text.end)
		*budget -= own.text.Len()
		var from *sdl.File
		if c.text.file != in {
			from = c.text.file
		}
		b.put(own, from)
		if isName(strings.TrimSpace(b.text.String())) {
			b.pieces = nil
		}
		return b, *budget >= 0
	}
	if !isSpread {
		return nil, false
	}
	document := all[0].template.skeleton()
	name := ""
	for _, def := range definitions(document) {
		if def.keyword != "fragment" || name != "" {
			return nil, false // not one fragment
		}
		at := skipIgnored(document, def.start+len(def.keyword))
		if at < len(document) {
			name = document[at:tokenEnd(document, at)]
		}
	}
	b.text.WriteString(name)
	return b, name != ""
}

// dqlRoot is what queries in DQL begin with.
var dqlRoot = regexp.MustCompile(`\(\s*func\s*:`)

// skeleton is a document without what is put in.
func (t *template) skeleton() string {
	if t.file == nil { // it is a whole file
		return t.document.Text
	}
	var b builder
	start := t.start
	for _, h := range t.holes {
		b.add(t.literal, start, h.start)
		b.text.WriteString(" ")
		start = h.end
	}
	b.add(t.literal, start, t.end)
	return b.text.String()
}

// readFilled takes apart a document that was filled: what is wrong with it can be what was not known.
func (d *Document) readFilled() parsed {
	if !utf8.ValidString(d.Text) {
		if !utf8.ValidString(d.File.Text) {
			return parsed{} // that has been told
		}
		return parsed{problem: &Problem{Unreadable, d.place(d.at, d.at), "the document is not UTF-8: an escape in it is no character"}}
	}
	p := d.read()
	quote := func(h hole) (sdl.Span, string) {
		return d.place(h.start, h.end), plain("${" + strings.Join(strings.Fields(h.expression), " ") + "}")
	}
	switch {
	case p.problem != nil && d.loose && dqlRoot.MatchString(d.Text):
		return parsed{} // Dgraph's other language looks like it
	case p.problem != nil && len(d.holes) > 0:
		last := d.holes[0]
		for _, h := range d.holes {
			if h.start <= int(p.problem.Span.Start) {
				last = h
			}
		}
		if d.unknown != nil {
			last = *d.unknown
		}
		at, said := quote(last)
		return parsed{problem: &Problem{Computed, at, "the document cannot be read: what " + said + " stands for is only known when the program runs"}}
	case p.problem == nil && d.unknown != nil:
		at, said := quote(*d.unknown)
		p.problem = &Problem{Skipped, at, "what " + said + " stands for is only known when the program runs, and was left out"}
	}
	return p
}
