package sdl

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
)

func FuzzParse(f *testing.F) {
	f.Add(readText(f, rich))
	for _, text := range append(goodTexts(), badTexts()...) {
		f.Add(text)
	}
	for seed := range uint64(20) {
		f.Add(generate.Schema(generate.Rand(seed), generate.Options{Types: 1, Odd: true}))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // Load refuses it
		}
		file := &File{Name: "s", Text: text}
		s, err := Parse(file)
		if err != nil {
			e := err.(*Error)
			if e.Span.File != file || e.Span.Start < 0 || e.Span.End < e.Span.Start || int(e.Span.End) > len(text) {
				t.Fatalf("%v is at bytes %d to %d of %d", err, e.Span.Start, e.Span.End, len(text))
			}
			if message := e.Error(); strings.ContainsFunc(message, func(r rune) bool { return r < ' ' || r > '~' }) || len(message) > 300 {
				t.Fatalf("the message is not plain or too long: %q", message)
			}
			return
		}
		checkSpans(t, s)
		s.Fingerprint()
		var rest []Edit // takes out what is parsed
		for _, d := range s.Definitions {
			again := parseText(t, d.Span.Text())
			if len(again.Definitions) != 1 || ours(again) != ours(&Schema{Definitions: []*Definition{d}}) {
				t.Fatalf("the text of a definition is another one: %q", d.Span.Text())
			}
			rest = append(rest, Edit{Span: d.Span})
		}
		for _, d := range s.Directives {
			if again := parseText(t, d.Span.Text()); len(again.Directives) != 1 {
				t.Fatalf("the text of a directive definition is none: %q", d.Span.Text())
			}
			rest = append(rest, Edit{Span: d.Span})
		}
		for _, r := range s.Roots {
			rest = append(rest, Edit{Span: r.Span})
		}
		for _, c := range s.Comments {
			if strings.ContainsAny(c.Span.Text(), "\r\n") || c.Span.Text() != c.Text || c.Text[0] != '#' {
				t.Fatalf("a comment is %q at %q", c.Text, c.Span.Text())
			}
			if !inside(c.Span, rest) {
				rest = append(rest, Edit{Span: c.Span})
			}
		}
		left, err := Apply(file, rest)
		if err != nil {
			t.Fatal(err)
		}
		if left = strings.Trim(strings.ReplaceAll(left, mark, ""), " \t\r\n,"); left != "" {
			t.Fatalf("%q is in no span", left)
		}
	})
}

func inside(s Span, edits []Edit) bool {
	for _, e := range edits {
		if s.Start >= e.Span.Start && s.End <= e.Span.End {
			return true
		}
	}
	return false
}

// FuzzApply makes edits from bytes: gap, length and the number of bytes to write, thrice.
func FuzzApply(f *testing.F) {
	f.Add("type A { a: B }", []byte{0, 4, 9, 1, 1, 2, 3, 0, 5})
	f.Add("", []byte{0, 0, 1})
	f.Fuzz(func(t *testing.T, text string, plan []byte) {
		file := &File{Name: "s", Text: text}
		var edits []Edit
		var kept, want strings.Builder
		at := 0
		for ; len(plan) >= 3; plan = plan[3:] {
			start := at + int(plan[0])%16
			end := start + int(plan[1])%16
			if end > len(text) {
				break
			}
			edit := Edit{Span{file, int32(start), int32(end)}, strings.Repeat("+", int(plan[2])%16)}
			kept.WriteString(text[at:start])
			want.WriteString(text[at:start] + edit.New)
			at = end
			edits = append([]Edit{edit}, edits...) // the order does not count ...
			if start == end {
				break // ... but of insertions at one place
			}
		}
		kept.WriteString(text[at:])
		want.WriteString(text[at:])
		got, err := Apply(file, edits)
		if err != nil || got != want.String() {
			t.Fatalf("got %q, %v, want %q", got, err, want.String())
		}
		for i := range edits {
			edits[i].New = edits[i].Span.Text()
		}
		if got, err := Apply(file, edits); err != nil || got != text {
			t.Fatalf("writing what is there gives %q, %v", got, err)
		}
		for i := range edits {
			edits[i].New = ""
		}
		if got, err := Apply(file, edits); err != nil || got != kept.String() {
			t.Fatalf("got %q, %v, want the bytes outside the edits %q", got, err, kept.String())
		}
	})
}

func FuzzGitArgument(f *testing.F) {
	for _, s := range []string{"", ":", "main:a", "main@{a:b}:c", "a{b:c", "a}b:c", "HEAD^{/x:y}:z", "@{", "^{{}}:", ":a:b"} {
		f.Add(s, "sub/dir/")
	}
	f.Fuzz(func(t *testing.T, s, here string) {
		ref, name, ok := cutRef(s)
		if ok && ref+":"+name != s || !ok && (ref != s || name != "") {
			t.Fatalf("%q is cut into %q and %q, %v", s, ref, name, ok)
		}
		if before, after, plain := strings.Cut(s, ":"); plain && !strings.ContainsAny(before, "{") && (ref != before || name != after) {
			t.Fatalf("%q is cut into %q and %q", s, ref, name)
		}
		here = strings.Trim(here, "/")
		if strings.Contains("/"+here+"/", "/./") || strings.Contains("/"+here+"/", "/../") || strings.Contains(here, "//") {
			return // git names no such folder
		}
		if here != "" {
			here += "/"
		}
		top, err := fromTop(here, name)
		if err != nil || name == "" {
			return
		}
		if top == ".." || strings.HasPrefix(top, "../") || strings.HasPrefix(top, "/") {
			t.Fatalf("%q in %q is %q, outside the repository", name, here, top)
		}
		if again, err := fromTop(here, "./"+relativeTo(here, top)); err != nil || again != top {
			t.Fatalf("%q in %q is %q, which is shown as %q, which is %q, %v", name, here, top, relativeTo(here, top), again, err)
		}
	})
}
