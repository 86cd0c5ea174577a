package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// TestHostile is about time and stack: each of these once took seconds, or
// would, without a bound.
func TestHostile(t *testing.T) {
	t.Parallel()
	lines := func(n int, line func(int) string) string {
		var b strings.Builder
		for i := 0; i < n && b.Len() < maxSize-1200; i++ {
			b.WriteString(line(i))
		}
		return b.String()
	}
	// A quarter of what is allowed: the times that matter grow with the square.
	const size = maxSize / 4
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	laughs := "operations:\n  - &a0 x\n" + lines(30, func(i int) string {
		return fmt.Sprintf("  - &a%d [%s]\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9)+fmt.Sprintf("*a%d", i))
	})
	environments := "environments:\n  e0: &a0 {alpha: ['x:1']}\n" + lines(4000, func(i int) string { return fmt.Sprintf("  e%d: *a0\n", i+1) })
	for name, c := range map[string]struct{ text, want string }{
		"laughs":        {laughs, ""},
		"itself":        {"operations: &a [*a]", ""},
		"environments":  {environments, "too many values, aliases followed"},
		"flow":          {fill("["), ""},
		"deep flow":     {"operations: " + strings.Repeat("[", 40), "nested more than"},
		"deep dashes":   {"operations:\n" + strings.Repeat("- ", 40) + "x", "nested more than"},
		"flow in flow":  {fill("{a: ["), ""},
		"flow lines":    {fill("[\n"), ""},
		"dashes":        {fill("- "), ""},
		"questions":     {fill("? "), ""},
		"tags":          {fill("!a "), ""},
		"tag lines":     {fill("!a\n"), ""},
		"anchors":       {fill("&a "), ""},
		"aliases":       {fill("*a "), ""},
		"colons":        {fill("a: "), ""},
		"keys":          {lines(maxSize, func(i int) string { return fmt.Sprintf("k%d: v\n", i) }), ""},
		"fewer keys":    {lines(6_000, func(i int) string { return fmt.Sprintf("k%d: v\n", i) }), "is not a key"},
		"same keys":     {lines(6_000, func(int) string { return "schema: v\n" }), "stands twice"},
		"items":         {"operations:\n" + fill("- x\n")[:size-8], ""},
		"quote":         {"schema: \"" + fill("x\n")[:size-8] + "\"", "?"},
		"unended quote": {"schema: \"" + fill("x\n")[:size-8], ""},
		"plain":         {"schema: " + fill("x\n "), "?"},
		"long key":      {fill("x") + ": 1", ""},
		"comments":      {fill("#\n"), "?"},
		"blanks":        {fill("\n"), "?"},
		"documents":     {fill("---\n"), "?"},
		"indented":      {lines(1000, func(i int) string { return strings.Repeat(" ", i) + "k:\n" }), "nested more than"},
		"literal":       {"schema: |\n" + fill(" x\n")[:size-8], "?"},
		"zeros":         {fill("\x00"), ""},
		"braces":        {fill("}"), ""},
		"commas":        {fill(","), ""},
		"percent":       {fill("%\n"), ""},
		"crs":           {fill("\r"), "?"},
	} {
		start := time.Now()
		_, err := Parse("c.yaml", []byte(c.text), ruleIDs)
		if spent := time.Since(start); spent > 30*time.Second {
			t.Errorf("%s: took %s", name, spent)
		}
		if c.want == "?" {
			continue // good or not, it has to end
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %.200v, want one with %q", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	for _, c := range bad {
		f.Add([]byte(c.text))
	}
	f.Add([]byte("operations: &a [*a, *b, ! x, !!x, ? , -, <<: *a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("c.yaml", data, ruleIDs)
		if (c == nil) == (err == nil) {
			t.Fatalf("configuration %v and error %v", c, err)
		}
		if err == nil {
			return
		}
		var all Errors
		if !errors.As(err, &all) || len(all) == 0 {
			t.Fatalf("error %T without problems", err)
		}
		lines := strings.Count(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") + strings.Count(string(data), "\r") + 1
		for i, e := range all {
			if e.Line < 0 || e.Line > lines || (e.Line > 0) != (e.Column > 0) {
				t.Errorf("%q: a problem at %d:%d", data, e.Line, e.Column)
			}
			if e.Message == "" || !utf8.ValidString(e.Message) || strings.ContainsFunc(e.Message, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q: message %q", data, e.Message)
			}
			if i > 0 && (all[i-1].Line > e.Line || *all[i-1] == *e) {
				t.Errorf("%q: problems out of order, or twice: %v", data, err)
			}
		}
	})
}
