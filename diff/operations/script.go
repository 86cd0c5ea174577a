package operations

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// script reads JavaScript or TypeScript as far as it must to know what is a string, a template, a comment, a regular
// expression and text between tags, and finds the documents among the strings and templates. What it has opened is on a
// stack of its own: however deep a program nests, this does not recurse. All that is kept can be gone back to by keeping
// the script: frames are never changed, and slices only grow.
type script struct {
	file  *sdl.File
	text  string // up to the end of what is to be read
	at    int
	tags  []string
	jsx   bool // whether tags can begin here
	stack *frame
	// last are the last tokens, the newest one first.
	last [4]lexeme
	// operand is true where a value is expected: a slash begins a regular expression there, and "<" a tag.
	operand bool
	// marked is where a comment ends that says that the next literal is GraphQL; 0 for none.
	marked int
	// sticky is such a comment that counts for the next literal of a statement.
	sticky bool
	// declared is the name after const, let or var, until its "="; name is what the next literal gets for a name.
	declared, name string
	// saved is where to go on if what began as tags turns out to be none; failures bounds how often that is tried.
	saved    *script
	failures int
	// strays are the quotes and slashes that turned out to begin nothing.
	strays int

	extraction
}

// lexeme is a piece of a program: a name, or a character of punctuation.
type lexeme struct {
	start, end int
	word       bool
}

// frame is something that is open. It is immutable.
type frame struct {
	below *frame
	kind  frameKind
	// inTags is true for tags and all that is open in them.
	inTags bool
	// operand is what follows when it is closed.
	operand bool
	// open is a template that is being read.
	open *opened
}

type frameKind byte

const (
	braces    frameKind = iota // of a block or an object
	parens                     // and brackets
	quasi                      // the text of a template
	hollow                     // an interpolation of a template
	tag                        // what is between "<" and ">"
	children                   // text between tags
	contained                  // braces in tags or between them
)

// opened is a template from its opening quote on.
type opened struct {
	literal
	found found
	hole  int // where the hole begins that is being read
}

// found is what is known about a literal from what stands before it.
type found struct {
	document bool
	name     string
	constant bool // it is all that the name stands for
	call     bool // documents that it uses follow it as arguments
}

// maxFailures is how often reading goes back in a file, and maxStrays how often it looks in vain for the end of a string or
// regular expression: files that do not mean to be read take no longer than others.
const (
	maxFailures = 16
	maxStrays   = 2000
)

// scanScript reads text from start to end of a file.
func scanScript(f *sdl.File, start, end int, jsx bool, o *Options) extraction {
	s := script{file: f, text: f.Text[:end], at: start, tags: o.Tags, jsx: jsx, operand: true}
	for {
		s.run()
		// Tags that do not end were none.
		if s.saved == nil || s.stack == nil || !s.stack.inTags {
			break
		}
		s.back()
	}
	for f := s.stack; f != nil; f = f.below {
		if f.kind == quasi && f.open.found.document {
			s.problems = append(s.problems, Problem{Unreadable, s.span(f.open.start-1, f.open.start), "the template that begins here does not end"})
		}
	}
	return s.extraction
}

func (s *script) span(start, end int) sdl.Span {
	return sdl.Span{File: s.file, Start: int32(start), End: int32(end)}
}

func (s *script) top() frameKind {
	if s.stack == nil {
		return braces
	}
	return s.stack.kind
}

func (s *script) run() {
	for s.at < len(s.text) {
		switch s.top() {
		case quasi:
			s.inTemplate()
		case tag:
			s.inTag()
		case children:
			s.inChildren()
		default:
			s.code()
		}
	}
}

func (s *script) push(f frame) {
	f.below = s.stack
	f.inTags = f.kind == tag || f.kind == children || s.stack != nil && s.stack.inTags
	s.stack = &f
}

func (s *script) pop() frame {
	f := *s.stack
	s.stack = f.below
	return f
}

// pass notes a token, and that what begins at the next one is a value or not.
func (s *script) pass(start, end int, word, operand bool) {
	s.last = [4]lexeme{{start, end, word}, s.last[0], s.last[1], s.last[2]}
	s.at, s.operand = end, operand
}

// word is the name that the i-th last token is; "" for others.
func (s *script) word(i int) string {
	if t := s.last[i]; t.word {
		return s.text[t.start:t.end]
	}
	return ""
}

// sign is the punctuation that the i-th last token is; "" for others.
func (s *script) sign(i int) string {
	if t := s.last[i]; !t.word {
		return s.text[t.start:t.end]
	}
	return ""
}

// wordEnd is where the name ends that begins at at.
func wordEnd(text string, at int) int {
	for at < len(text) {
		c := text[at]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[at:])
			if isWideSpace(r) {
				break
			}
			at += size
			continue
		}
		if !isNameByte(c) && c != '$' {
			break
		}
		at++
	}
	return at
}

// isWideSpace reports whether a character is one of the spaces that programs can have and are not ASCII.
func isWideSpace(r rune) bool { return r >= utf8.RuneSelf && unicode.IsSpace(r) || r == '\ufeff' }

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

// code reads one token of a program.
func (s *script) code() {
	text, at := s.text, s.at
	switch c := text[at]; {
	case isSpace(c):
		s.at++
	case strings.HasPrefix(text[at:], "//") || at == 0 && strings.HasPrefix(text, "#!"):
		end := strings.IndexAny(text[at:], "\r\n")
		if end < 0 {
			end = len(text) - at
		}
		s.comment(text[at+2:at+end], at+end)
	case strings.HasPrefix(text[at:], "/*"):
		end := strings.Index(text[at+2:], "*/")
		if end < 0 {
			s.at = len(text)
			return
		}
		s.comment(text[at+2:at+2+end], at+2+end+2)
	case (c == '"' || c == '\'') && s.strays < maxStrays:
		s.string()
	case c == '`':
		s.push(frame{kind: quasi, open: &opened{literal: literal{file: s.file, start: at + 1, escapes: scriptText}, found: s.before(true)}})
		s.at++
	case isNameByte(c) || c == '$' || c >= utf8.RuneSelf:
		if end := wordEnd(text, at); end > at {
			s.readWord(end)
			return
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		s.at += size
	case c == '/' && s.operand && s.regularExpression():
	case c == '<' && s.operand && s.jsx && s.failures < maxFailures && at+1 < len(text) && (text[at+1] == '>' || isNameByte(text[at+1]) || text[at+1] == '$'):
		if s.stack == nil || !s.stack.inTags {
			before := *s
			before.saved = nil
			s.saved = &before
		}
		s.push(frame{kind: tag})
		s.at++
	default:
		s.punctuation()
	}
}

// back goes back to where tags began, which were none.
func (s *script) back() {
	failures := s.failures + 1
	*s = *s.saved
	s.failures, s.saved = failures, nil
	s.pass(s.at, s.at+1, false, true)
}

// comment passes a comment, which can say what the next literal is.
func (s *script) comment(said string, end int) {
	said = strings.TrimSpace(said)
	language := strings.EqualFold(strings.ReplaceAll(said, " ", ""), "language=graphql")
	if strings.EqualFold(said, "graphql") || language {
		s.marked, s.sticky = end, language
	}
	s.at = end
}

// isMarked reports whether a comment before a literal says that it is GraphQL.
func (s *script) isMarked() bool {
	return s.sticky || s.marked > 0 && strings.TrimSpace(s.text[s.marked:s.at]) == ""
}

// before is what stands before a literal, and what that makes of it.
func (s *script) before(isTemplate bool) found {
	f := found{name: s.name, document: s.isMarked()}
	f.constant = s.sign(0) == "=" && s.name != ""
	isTag := func(i int) bool {
		return slices.Contains(s.tags, s.word(i)) && s.word(i+1) != "function"
	}
	switch {
	case isTemplate && isTag(0):
		f.document = true
	case s.sign(0) == "(" && isTag(1):
		f.document, f.call = true, true
	}
	s.marked, s.sticky = 0, false
	return f
}

// string passes a string. What does not end on its line was a lone quote, in text of some kind.
func (s *script) string() {
	start, quote := s.at, s.text[s.at]
	for at := start + 1; at < len(s.text); at++ {
		switch s.text[at] {
		case quote:
			f := s.before(false)
			l := literal{file: s.file, start: start + 1, end: at, escapes: scriptText}
			s.requires(l)
			s.finish(l, f)
			s.pass(start, at+1, false, false)
			return
		case '\\':
			at++
			if strings.HasPrefix(s.text[min(at, len(s.text)):], "\r\n") {
				at++
			}
		case '\n', '\r':
			s.strays++
			s.at++
			return
		}
	}
	s.strays++
	s.at++
}

// finish takes a literal that has been read.
func (s *script) finish(l literal, f found) {
	s.name = ""
	switch {
	case f.document:
		t := &template{literal: l, name: f.name}
		if f.call {
			t.arguments = s.argumentsAfter(l.end + 1)
		}
		if rest := strings.TrimLeft(s.text[min(l.end+1, len(s.text)):], " \t\r\n"); strings.HasPrefix(rest, "+") && !strings.HasPrefix(rest, "++") {
			s.problems = append(s.problems, Problem{Computed, s.span(l.start-1, l.end+1),
				"a document that is put together from parts cannot be read: write it as one template"})
			return
		}
		s.templates = append(s.templates, t)
	case f.constant:
		s.constants = append(s.constants, constant{f.name, l})
	}
}

// argumentsAfter are the names that follow the document in a call, as in gql(text, [UserFields]).
func (s *script) argumentsAfter(at int) []hole {
	const most = 2000
	rest := s.text[min(at, len(s.text)):min(at+most, len(s.text))]
	m := furtherArguments.FindStringSubmatchIndex(rest)
	if m == nil {
		return nil
	}
	var holes []hole
	for name := range strings.SplitSeq(rest[m[2]:m[3]], ",") {
		if name = strings.TrimSpace(name); name != "" {
			holes = append(holes, hole{expression: name})
		}
	}
	return holes
}

var furtherArguments = regexp.MustCompile(`^\s*,\s*\[([\w$.,\s]*)\]`)

// importStatement is what stands between import and where from.
var importStatement = regexp.MustCompile(`^(?:import|export)\s*(?:type\s+)?([\w$]+)?\s*,?\s*(?:\{([^{}'"]*)\})?\s*(?:\*(?:\s+as\s+([\w$]+))?)?\s*from\s*['"]([^'"\r\n]+)['"]`)

// exportStatement is one that exports what the file has.
var exportStatement = regexp.MustCompile(`^export\s*\{([^{}'"]*)\}`)

var exportsNames = regexp.MustCompile(`^\s*(?:type\s*)?[*{]`)

// importsAt notes the names of an import statement.
func (s *script) importsAt(at int) {
	rest := s.text[at:min(len(s.text), at+5000)]
	if next, ok := strings.CutPrefix(rest, "export"); ok && !exportsNames.MatchString(next) {
		return // most of them
	}
	m := importStatement.FindStringSubmatch(rest)
	if m == nil {
		if m = exportStatement.FindStringSubmatch(rest); m != nil {
			s.importsNamed(m[1], "", true)
		}
		return
	}
	if m[1] != "" {
		s.imports = append(s.imports, importing{m[1], "default", m[4]})
	}
	s.importsNamed(m[2], m[4], strings.HasPrefix(rest, "export"))
	switch {
	case m[3] != "":
		s.imports = append(s.imports, importing{m[3], "*", m[4]})
	case m[1] == "" && m[2] == "":
		s.imports = append(s.imports, importing{"*", "*", m[4]})
	}
}

// importsNamed notes what stands in the braces of a statement: NAME or NAME as NAME. What a file exports under another
// name is as if it imported that.
func (s *script) importsNamed(list, from string, export bool) {
	for part := range strings.SplitSeq(list, ",") {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(part), "type "))
		switch {
		case len(fields) == 1 && (from != "" || !export):
			s.imports = append(s.imports, importing{fields[0], fields[0], from})
		case len(fields) == 3 && fields[1] == "as":
			s.imports = append(s.imports, importing{fields[2], fields[0], from})
		}
	}
}

// requires notes what calls of require and import name, and imports without names.
func (s *script) requires(l literal) {
	if s.word(0) != "import" && (s.sign(0) != "(" || s.word(1) != "require" && s.word(1) != "import") {
		return
	}
	local := s.name
	if local == "" {
		local = "*"
	}
	s.imports = append(s.imports, importing{local, "*", s.text[l.start:l.end]})
}

// readWord reads a name, a keyword or a number.
func (s *script) readWord(end int) {
	word := s.text[s.at:end]
	start := s.at
	member := s.sign(0) == "."
	if s.text[start] >= '0' && s.text[start] <= '9' {
		for end < len(s.text) && (s.text[end] == '.' || isNameByte(s.text[end])) {
			end++
		}
		s.pass(start, end, false, false)
		return
	}
	operand := false
	if !member {
		switch word {
		case "const", "let", "var":
			s.declared, s.name = "", ""
			s.pass(start, end, true, false)
			s.declares()
			return
		case "import", "export":
			s.importsAt(start)
			operand = word == "export"
		case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "do", "else", "yield", "await", "extends":
			operand = true
		}
		if word == "default" && s.word(0) == "export" {
			s.name, operand = "default", true
		}
	}
	s.pass(start, end, true, operand)
	if slices.Contains(s.tags, word) {
		s.typeArguments()
	}
}

// declares notes the name that follows const, let or var.
func (s *script) declares() {
	at := s.at
	for at < len(s.text) && isSpace(s.text[at]) {
		at++
	}
	s.declared = s.text[at:wordEnd(s.text, at)]
}

// typeArguments passes those of TypeScript between a tag and its template.
func (s *script) typeArguments() {
	const most = 4000
	at := s.at
	for at < len(s.text) && isSpace(s.text[at]) {
		at++
	}
	if at == len(s.text) || s.text[at] != '<' {
		return
	}
	depth := 0
	for end := min(len(s.text), at+most); at < end; at++ {
		switch c := s.text[at]; {
		case c == '<':
			depth++
		case c == '>' && s.text[at-1] != '=':
			if depth--; depth == 0 {
				rest := strings.TrimLeft(s.text[at+1:], " \t\r\n")
				if strings.HasPrefix(rest, "`") || strings.HasPrefix(rest, "(") {
					s.at = at + 1
				}
				return
			}
		case c == '`' || c == ';':
			return
		}
	}
}

// regularExpression passes one, and reports whether there is one: it ends on its line.
func (s *script) regularExpression() bool {
	class := false
	for at := s.at + 1; at < len(s.text) && s.strays < maxStrays; at++ {
		switch s.text[at] {
		case '\\':
			at++
		case '[':
			class = true
		case ']':
			class = false
		case '\n', '\r':
			s.strays++
			return false
		case '/':
			if !class {
				s.name, s.sticky = "", false
				s.pass(s.at, wordEnd(s.text, at+1), false, false)
				return true
			}
		}
	}
	return false
}

// punctuation reads a character of it, or several that belong together.
func (s *script) punctuation() {
	start, c := s.at, s.text[s.at]
	two := s.text[start:min(start+2, len(s.text))]
	switch {
	case two == "++" || two == "--":
		s.pass(start, start+2, false, s.operand)
		return
	case two == "=>" || two == "==" || two == "!=" || two == "<=" || two == ">=":
		end := start + 2
		if two != "=>" && end < len(s.text) && s.text[end] == '=' {
			end++
		}
		s.name = ""
		s.pass(start, end, false, true)
		return
	case c == '!' && !s.operand && start > 0 && !isSpace(s.text[start-1]): // TypeScript's: it is not null
		s.pass(start, start+1, false, false)
		return
	}
	switch c {
	case '=':
		switch {
		case s.declared != "":
			s.name, s.declared = s.declared, ""
		case s.sign(1) != ":": // else the word is the type of what has the name
			s.name = s.word(0)
		}
	case ':':
		s.name = s.word(0)
		if l := s.last[0]; s.name == "" && l.end > l.start && (s.text[l.start] == '"' || s.text[l.start] == '\'') {
			s.name = s.text[l.start+1 : l.end-1]
		}
	case '.', '(':
	case ';', ')':
		s.name, s.declared = "", ""
	default:
		s.name = ""
	}
	if s.sticky && c != '=' && c != ':' {
		s.sticky = false
	}
	switch c {
	case '(', '[':
		control := false
		switch s.word(0) {
		case "if", "while", "for", "with":
			control = s.sign(1) != "."
		}
		s.push(frame{kind: parens, operand: control})
		s.pass(start, start+1, false, true)
	case ')', ']':
		operand := false
		if s.top() == parens {
			operand = s.pop().operand
		}
		s.pass(start, start+1, false, operand)
	case '{':
		// After an operator it is an object, and a value; else a block.
		object := s.operand && strings.ContainsAny(s.sign(0), "(,=:[?|&+-!~") && s.sign(0) != "=>"
		if word := s.word(0); word == "return" || word == "default" {
			object = true
		}
		s.push(frame{kind: braces, operand: !object})
		s.pass(start, start+1, false, true)
	case '}':
		s.closeBrace()
	default:
		s.pass(start, start+1, false, true)
	}
}

func (s *script) closeBrace() {
	at := s.at
	if s.stack == nil {
		s.pass(at, at+1, false, true)
		return
	}
	// Parentheses that do not close were none, or are not finished.
	for s.stack.below != nil && s.top() == parens {
		s.pop()
	}
	switch f := s.pop(); f.kind {
	case hollow:
		s.at = at + 1
		o := *s.pop().open
		o.holes = append(o.holes, hole{o.hole, at + 1, s.text[o.hole+len("${") : at]})
		s.push(frame{kind: quasi, open: &o})
	case contained:
		s.at = at + 1
	default:
		s.pass(at, at+1, false, f.operand)
	}
}

// inTemplate passes text of a template up to a hole or its end.
func (s *script) inTemplate() {
	o := *s.stack.open
	for at := s.at; at < len(s.text); at++ {
		switch s.text[at] {
		case '\\':
			at++
		case '$':
			if strings.HasPrefix(s.text[at:], "${") {
				o.hole = at
				s.pop()
				s.push(frame{kind: quasi, open: &o})
				s.push(frame{kind: hollow})
				s.pass(at, at+2, false, true)
				return
			}
		case '`':
			s.pop()
			o.end = at
			if !o.found.document {
				o.found.document = startsMarked(s.text[o.start:at])
			}
			s.finish(o.literal, o.found)
			s.pass(at, at+1, false, false)
			return
		}
	}
	s.at = len(s.text)
}

// startsMarked reports whether a template begins with #graphql, as tools take for a mark.
func startsMarked(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	const mark = "#graphql"
	return len(text) > len(mark) && strings.EqualFold(text[:len(mark)], mark) && isSpace(text[len(mark)])
}
