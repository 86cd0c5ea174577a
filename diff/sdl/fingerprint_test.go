package sdl

import (
	"strings"
	"testing"
)

func TestFingerprintIsOfTokens(t *testing.T) {
	t.Parallel()
	for _, group := range [][]string{
		{"type A { a: B b: C } enum E { X Y }", "enum E{X,Y}\r\n# x\r\ntype A{a:B,b:C,}", `"d" enum E { "x" X """y""" Y } """t""" type A { "a" a: B b: C }`, mark + "enum E { X Y } type A { a: B b: C } # Dgraph.Secret a \"b\""},
		{"union U = A | B", "union U = | A | B"},
		{"type A implements I & J", "type A implements & I & J"},
		{"type A { a(x: I y: J): B }", "type A { a(\"x\" x: I, y: J): B }"},
		{`scalar S @d(a: "A\u0042")`, `scalar S @d(a: "AB")`},
		{"directive @d on ENUM scalar S", "scalar S directive @d on | ENUM"},
		{"schema { query: Q } extend schema { mutation: M }", "extend schema { mutation: M } schema { query: Q }"},
		{"type A { a: B } extend type A { b: C }", "extend type A { b: C } type A { a: B }"},
	} {
		want := parseText(t, group[0]).Fingerprint()
		for _, text := range group[1:] {
			if got := parseText(t, text).Fingerprint(); got != want {
				t.Errorf("%q is %s, but %q is %s", text, got, group[0], want)
			}
		}
		if !strings.HasPrefix(want, "sha256:") || len(want) != len("sha256:")+64 {
			t.Errorf("the fingerprint is %q", want)
		}
	}
	one, two := &File{Text: "type A { a: B }"}, &File{Text: "scalar B"}
	apart, err := Parse(one, two)
	if err != nil {
		t.Fatal(err)
	}
	if apart.Fingerprint() != parseText(t, one.Text+two.Text).Fingerprint() {
		t.Error("the division into files counts")
	}
}

// TestFingerprintTells has schemas that differ in a token or in its place.
func TestFingerprintTells(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, text := range []string{
		"", "type A", "interface A", "input A", "extend type A @a", "type A @a", "type A @a()", "type A @a(a: 1)", "type A @a(a: 1.0)", `type A @a(a: "1")`, `type A @a(a: """1""")`, "type A @a(a: A)", `type A @a(a: "A")`,
		"type A @a(a: [1])", "type A @a(a: [[1]])", "type A @a(a: [[1] 1])", "type A @a(a: [[1 1]])", "type A @a(a: [{a: 1} {b: 1}])", "type A @a(a: [{a: 1 b: 1}])", "type A @a(a: [1 1])", "type A @a(a: [])", "type A @a(a: {})", "type A @a(a: {a: 1})", "type A @a(a: {a: 1} b: 1)", "type A @a(a: {a: 1 b: 1})", "type A @a(a: null)", "type A @a(a: true)",
		"type A @a @b", "type A @b @a", "type A { a: B }", "type A { a: B! }", "type A { a: [B] }", "type A { a: [B!] }", "type A { a: [B]! }", "type A { a: B @a }", "type A @a { a: B }",
		"type A { a: B b: C }", "type A { b: C a: B }", "type A { a(b: C): D }", "type A { a: B } type B { b: C }", "type A { a: B b: C } type B", "type A implements B", "type A implements B & C", "type A implements C & B",
		"input A { a: B }", "input A { a: B = 1 }", "input A { a: B = A b: C }", "input A { a: B = A @b }", "enum A { B }", "enum A { B C }", "enum A { C B }", "enum A { B @c }", "enum A @c { B }", "union A = B", "union A = B | C", "union A = C | B", "scalar A",
		"type A { a(b: B c: C): D }", "type A { a(b: B = c): D }", "type A { a(b: B @c): D }", "type A { a(b: B): D @c }",
		"schema { query: A }", "schema { mutation: A }", "schema { query: B }", "schema @a { query: A }", "extend schema { query: A }", "schema", "directive @a on ENUM", "directive @b on ENUM", "directive @a on ENUM | ENUM", "directive @a(b: C) on ENUM",
		"type A { a: B } extend type A { b: C }", "extend type A { a: B } extend type A { b: C }", "extend type A { b: C } extend type A { a: B }",
		`type A @a(a: "\n")`, `type A @a(a: "\\n")`, `type A @a(a: "\"\nB\n\"")`, `type A @a(a: "a" b: "b")`, `type A @a(a: "a\"\nb\n:\n\"b")`,
	} {
		f := parseText(t, text).Fingerprint()
		if other, ok := seen[f]; ok {
			t.Errorf("%q and %q have one fingerprint", text, other)
		}
		seen[f] = text
	}
}

// TestFingerprintOfMutants changes one token of a schema at a time: names,
// punctuation, strings and numbers.
func TestFingerprintOfMutants(t *testing.T) {
	t.Parallel()
	text := readText(t, rich)
	whole := parseText(t, text)
	want := whole.Fingerprint()
	described := map[int32]bool{}
	for _, n := range nodes(whole) {
		if strings.HasPrefix(n.what, "description") {
			described[n.span.Start] = true
		}
	}
	described[int32(strings.Index(text, `"d" schema`))] = true
	changed := 0
	s := scanner{file: &File{Text: text}}
	for {
		tok, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		if tok.kind == endOfFile {
			break
		}
		for _, with := range []string{"zz", "7", `"zz"`, "", "!", "[zz]", "@zz"} {
			if with == text[tok.start:tok.end] {
				continue
			}
			mutant, err := Parse(&File{Text: text[:tok.start] + with + text[tok.end:]})
			if err != nil || described[tok.start] || with == "" && strings.ContainsAny(text[tok.start:tok.end], "&|") {
				continue // not a schema, or one that says the same
			}
			changed++
			if mutant.Fingerprint() == want {
				t.Errorf("byte %d: %q for %q keeps the fingerprint", tok.start, with, text[tok.start:tok.end])
			}
		}
	}
	if changed < 200 {
		t.Errorf("only %d changes were tried", changed)
	}
}
