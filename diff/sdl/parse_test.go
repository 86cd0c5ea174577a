package sdl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const rich = "testdata/rich.graphql"

func TestSpans(t *testing.T) {
	t.Parallel()
	s := parseText(t, readText(t, rich))
	checkSpans(t, s)
	golden(t, "testdata/rich.golden", list(s))
}

// TestLineEndings demands the same places, texts and values whatever ends the
// lines, and with a byte order mark in front.
func TestLineEndings(t *testing.T) {
	t.Parallel()
	text := readText(t, rich)
	want := list(parseText(t, text))
	for name, change := range map[string]func(string) string{
		"CRLF": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"CR":   func(s string) string { return strings.ReplaceAll(s, "\n", "\r") },
		"mark": func(s string) string { return mark + s },
	} {
		s := parseText(t, change(text))
		checkSpans(t, s)
		got := list(s)
		// Texts are printed quoted.
		got = strings.NewReplacer(`\r\n`, `\n`, `\r`, `\n`).Replace(got)
		expected := want
		if name == "CR" { // Dgraph's settings stand on lines that end with a line feed
			expected = regexp.MustCompile(`(?m)^.* setting .*\n`).ReplaceAllString(want, "")
		}
		if difference := firstDifference(got, expected); difference != "" {
			t.Errorf("%s: %s", name, difference)
		}
	}
}

// badTexts are refused.
func badTexts() []string {
	deep := func(open, middle, close string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(close, n)
	}
	return []string{
		// definitions
		"{", "}", "type", "type {", "type A {", "type A {}", "type A { a }", "type A { a: }", "type A { a: B",
		"type A { a: [B }", "type A { a: B!! }", "type A { 1: B }", "type A { a(): B }", "type A { a(b): C }", "type A { a(b: C = ): D }",
		"type A { a: B = 1 }", "type A implements { a: B }", "type A implements B & { a: B }", "type A implements B, C { a: B }",
		"interface A implements B { a: B }", "interface A { }", "enum E {}", "enum E { A: B }", "enum E { 1 }", "input I {}",
		"input I { a(b: C): D }", "input I { a: B = }", "union U =", "union U = A |", "union U = { a }", "scalar", "scalar \"S\"",
		"type A & B { a: C }", "typ A { a: B }", "query { a }", "A", "\"only a description\"", "\"a\" \"b\" type C { a: B }",
		// extensions
		"extend", "extend typ A { a: B }", "extend type A", "extend scalar S", "extend union U", "extend enum E", "extend input I", "extend interface I",
		"extend schema", "\"d\" extend type A { a: B }", "extend directive @a on ENUM", "extend \"type\" A { a: B }",
		// directives, values
		"type A @ { a: B }", "type A @d( { a: B }", "type A @d(a) { a: B }", "type A @d(a: ) { a: B }", "type A @d(a: $b) { a: B }", "type A @d(a: [1) { a: B }",
		"type A @d(a: {b}) { a: B }", "type A @d(a: @b) { a: B }", "directive a on ENUM", "directive @a", "directive @a on", "directive @a on Enum",
		"directive @a repeatable on ENUM", "directive @a on VARIABLE_DEFINITION", "directive @a() on ENUM",
		// roots
		"schema {}", "schema { q: Q }", "schema { query }", "schema { query: }", "schema { query: Q",
		// tokens
		"type A { a: B } .", "type A { a: B }\n\n  ..", "...", "type Ä { a: B }", "type A { a: 'b' }", "type A @d(a: “b”) { a: B }", "type A\u00a0{ a: B }", "type A { a\x01: B }",
		"# a comment \x01", "type A @d(a: -) { a: B }", "type A @d(a: 01) { a: B }", "type A @d(a: 1.) { a: B }", "type A @d(a: 1e) { a: B }", "type A @d(a: -.5) { a: B }",
		"type A @d(a: \"b) { a: B }\n", "type A @d(a: \"b", "type A @d(a: \"\\x\") { a: B }", "type A @d(a: \"\\é\") { a: B }", "type A @d(a: \"\\u12g4\") { a: B }", "type A @d(a: \"\\u{41}\") { a: B }", "type A @d(a: \"\\",
		"type A @d(a: \"\x02\") { a: B }", "\"\"\"no end\n\n", "\"\"\"\x02\"\"\" type A { a: B }", "\"\"\"a\"\"\"\" type A { a: B }",
		"\x1b[31mtype A { a: B }", "type A { " + strings.Repeat("x", 100) + " }", strings.Repeat("x", 100), "type A @d(a: " + strings.Repeat("1", 100) + "x) { a: B }",
		// depth
		"type A { a: " + deep("[", "B", "]", maxDepth+1) + " }", "type A @d(a: " + deep("[", "", "]", maxDepth+1) + ") { a: B }",
		"type A @d(a: " + deep("{a:", "1", "}", maxDepth+1) + ") { a: B }",
		// settings
		"Dgraph.Authorization {\"VerificationKey\":\"s3cret\"}", "# Dgraph.Secret a \"s3cret\"\ntype A {",
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, text := range badTexts() {
		_, err := Parse(&File{Name: "s.graphql", Text: text})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want an *Error", text, err)
			continue
		}
		if strings.Contains(e.Message, "s3cret") || strings.ContainsFunc(e.Message, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: the message tells a secret or is not plain: %q", text, e.Message)
		}
		if len(text) > 60 {
			text = text[:30] + "..." + text[len(text)-20:]
		}
		fmt.Fprintf(&out, "%q\n\t%v\n\tat %q\n", text, err, e.Span.Text())
	}
	golden(t, "testdata/bad.golden", out.String())
}

// goodTexts are read, although some look wrong.
func goodTexts() []string {
	return []string{
		"", " \n,,\t", mark, "#", "type A", "type A type B", "interface A", "enum E", "input I", "union U", "schema", "schema @a", "type A { a: B }" + mark,
		"type type { type: type }", "enum on { true false null on }", "type A implements implements", `type A "implements" B`, `type A """implements""" & B`,
		`"" extend type A { a: B }`, `schema { "query": Q """mutation""": M }`, "type A @auth() { a: B }", "type A @d(a: 1b: 2) { a: B }", "type A @d(a: 1.5e-3b: 0) { a: B }", "type A @d(a: -0) { a: B }",
		"type A @d(a: [,,], b: {,}) { a: B }", `type A @d(a: """"""b: "") { a: B }`, "type A{a:B!@c@d e:[F!]!}", `"""a\"""""" type A`, "type A implements B type C", "type A implements B extend type C @d", `type A @d(a: ["""x"""" "]) { a: B }`,
		"type A { a: " + strings.Repeat("[", maxDepth) + "B" + strings.Repeat("]", maxDepth) + " }", "type A { a: B } # \u2028 \x7f",
	}
}

func TestGoodInput(t *testing.T) {
	t.Parallel()
	for _, text := range goodTexts() {
		checkSpans(t, parseText(t, text))
	}
}

// TestStrings compares what strings say with what Dgraph makes of them.
func TestStrings(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]string{
		`""`: "", `"a b"`: "a b", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u0041\u00e9\uFFFDx"`: "Aé\ufffdx", `"\ud83d\ude00"`: "\ufffd\ufffd", `"é\té"`: "é\té",
		`"\\"`: `\`, `"# no comment"`: "# no comment", "\"tab\t\"": "tab\t",
		`""""""`: "", `"""a"""`: "a", `"""  a  """`: "  a  ", `"""   """`: "", "\"\"\"\n  a\n    b\n\n  c\n  \"\"\"": "a\n  b\n\nc", "\"\"\"a\n  b\"\"\"": "a\n  b",
		"\"\"\"  a\n    b\"\"\"": "  a\n  b", "\"\"\"\r\n\ta\r\t\tb\r\n\"\"\"": "a\n\tb", `"""\n \u0041 \" \""""""`: `\n \u0041 \" """`, "\"\"\"a\"\"b\"\"\"": `a""b`, "\"\"\"\n\n\"\"\"": "",
		`"""\\\""""""`: `\\"""`,
	} {
		s, err := Parse(&File{Text: "scalar S @d(a: " + literal + ", b: 1)"})
		if err != nil {
			t.Errorf("%s: %v", literal, err)
			continue
		}
		v := s.Definitions[0].Directives[0].Arg("a")
		if v.Raw != want || v.Span.Text() != literal {
			t.Errorf("%s: got %q at %s, want %q", literal, v.Raw, v.Span.Text(), want)
		}
	}
}

// TestHostileSizes holds the time and the stack: each text is 5 MB.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"{", "}", "[", "(", "\"", "\"\"\"", "#\n", "type A{a:", "type A @a(a:{a:", "@a", "type A{a(a:B=", "\\", "a", "\"\\u0041", "1", ",", mark, "type A{a:B}", "schema{", "extend "} {
		text := strings.Repeat(piece, 5<<20/len(piece))
		for _, text := range []string{text, "type A{a:" + text, "scalar A @d(a:" + text, "\"\"\"" + text} {
			start := time.Now()
			_, err := Parse(&File{Name: "s", Text: text})
			if took := time.Since(start); took > slack*30*time.Second {
				t.Errorf("%.30q... took %v", text, took)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("%.30q...: the message has %d bytes", text, len(err.Error()))
			}
		}
	}
}

func TestParseMerges(t *testing.T) {
	t.Parallel()
	one := &File{Name: "one", Text: "type A { a: B }\n# Dgraph.Secret x \"y\""}
	two := &File{Name: "two", Text: "extend type A { b: B } # note\ndirective @d on ENUM schema { query: Q }"}
	s, err := Parse(one, two)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range nodes(s) {
		if n.depth == 0 {
			got = append(got, fmt.Sprintf("%s %d %s", n.span.File.Name, n.span.Begin().Line, n.span.Text()))
		}
	}
	want := []string{"one 1 type A { a: B }", "two 1 extend type A { b: B }", "two 2 directive @d on ENUM", "two 2 schema { query: Q }", "one 2 # Dgraph.Secret x \"y\"", "one 2 # Dgraph.Secret x \"y\"", "two 1 # note"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = Parse(one, &File{Name: "three", Text: "\n type"})
	if err == nil || !strings.HasPrefix(err.Error(), "three:2:6: ") {
		t.Errorf("got %v, want an error at three:2:6", err)
	}
}

// TestMeta has the lines that Dgraph reads as settings, and those that it does not.
func TestMeta(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# Dgraph.Authorization x":                           "Dgraph.Authorization",
		"  \t#Dgraph.Secret a \"b\"  \r\n":                   "Dgraph.Secret",
		"#\u00a0Dgraph.Allow-Origin \"*\"":                   "Dgraph.Allow-Origin",
		"# Dgraph.Secretive":                                 "Dgraph.Secret",
		"# Dgraph.Authorization a\n# Dgraph.Authorization b": "Dgraph.Authorization Dgraph.Authorization",
		"\"\"\"\n# Dgraph.Secret a \"b\"\n\"\"\"\ntype A":    "Dgraph.Secret",
		"## Dgraph.Secret a":                                 "",
		"# dgraph.Secret a":                                  "",
		"# see Dgraph.Secret":                                "",
		"type A # Dgraph.Secret a":                           "",
		"# a\r# Dgraph.Secret a":                             "",
		"# Dgraph.Lambda a":                                  "",
	} {
		s := parseText(t, text)
		var got []string
		for _, m := range s.Meta {
			got = append(got, string(m.Kind))
			if !strings.HasPrefix(m.Span.Text(), "#") || strings.TrimSpace(m.Span.Text()) != m.Span.Text() {
				t.Errorf("%q: the place is %q", text, m.Span.Text())
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	f := &File{Text: mark + "aé\r\n\r日\n"}
	for offset, want := range map[int32]Position{0: {1, 1}, 2: {1, 1}, 3: {1, 1}, 4: {1, 2}, 6: {1, 3}, 8: {2, 1}, 9: {3, 1}, 12: {3, 2}, 13: {4, 1}, 99: {4, 1}} {
		if got := f.Position(offset); got != want {
			t.Errorf("byte %d is at %v, want %v", offset, got, want)
		}
	}
	for line, want := range []string{"", "aé", "", "日", "", ""} {
		if got := f.Line(line); got != want {
			t.Errorf("line %d is %q, want %q", line, got, want)
		}
	}
}

func TestRest(t *testing.T) {
	t.Parallel()
	f := &File{Name: "x", Text: "\ufeffäb c\r\n\n  dé\rlast"}
	for at, want := range map[Position]string{
		{1, 1}: "äb c", {1, 2}: "b c", {1, 5}: "", {1, 99}: "", {2, 1}: "", {3, 3}: "dé", {3, 4}: "é", {4, 4}: "t", {9, 1}: "", {0, 0}: "äb c",
	} {
		got := f.Rest(at)
		if got.Text() != want {
			t.Errorf("the rest from %v is %q, want %q", at, got.Text(), want)
		}
		if want != "" && at.Line > 0 && got.Begin() != at {
			t.Errorf("the rest from %v begins at %v", at, got.Begin())
		}
	}
}

// TestPositionInOneLine counts code points across the blocks of a long line.
func TestPositionInOneLine(t *testing.T) {
	t.Parallel()
	f := &File{Text: "\n" + strings.Repeat("aé日🦔", 2*block)}
	for at := 1; at < len(f.Text); at += 7 {
		if !utf8.RuneStart(f.Text[at]) {
			continue
		}
		want := Position{2, utf8.RuneCountInString(f.Text[1:at]) + 1}
		if got := f.Position(int32(at)); got != want {
			t.Fatalf("byte %d is at %v, want %v", at, got, want)
		}
	}
	f = &File{Text: strings.Repeat("é", 5<<20)}
	start := time.Now()
	for range 100_000 {
		f.Position(10 << 20)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("100,000 positions took %v", took)
	}
}
