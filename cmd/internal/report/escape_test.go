package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                "",
		"User.name: [String!] @id":        "User.name: [String!] @id",
		`back\slash`:                      `back\slash`,
		"名前 é e\u0301 😀":                  "名前 é e\u0301 😀",
		"\x1b[31mred\x1b[0m":              `\x1b[31mred\x1b[0m`,
		"a\x00\b\x7f":                     `a\x00\x08\x7f`,
		"a\tb\r\n":                        `a\tb\r\n`,
		"\u009b31m":                       `\u009b31m`,
		"\xff\xc3(":                       `\xff\xc3(`,
		"a\u202eb\u2066c\u2069":           `a\u202eb\u2066c\u2069`,
		"\u200b\u200d\u2060\ufeff":        `\u200b\u200d\u2060\ufeff`,
		"\u2028\u2029\u00a0\u00ad":        `\u2028\u2029\u00a0\u00ad`,
		"\u115f\u3164\u034f\u2800":        `\u115f\u3164\u034f\u2800`,
		"\U000e0041\U000e0100":            `\U000e0041\U000e0100`,
		"\ue000\U0010ffff":                `\ue000\U0010ffff`,
		"z" + strings.Repeat("\u0301", 6): "z\u0301\u0301\u0301\u0301" + `\u0301\u0301`,
		"::error::x":                      `\x3a:error::x`,
		" ::error::x":                     ` \x3a:error::x`,
		"\n::error::x":                    `\n\x3a:error::x`,
		"[::1]:9080 a::b":                 "[::1]:9080 a::b",
		"##[group]x":                      `#\x23[group]x`,
		"x###vso[y]":                      `x##\x23vso[y]`,
		"## heading [x] #[y]":             "## heading [x] #[y]",
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"abc": 3, "名前": 4, "e\u0301": 1, "😀": 2, "\u1112\u1161\u11ab": 2, "ａ": 2, "ｱ": 1, "\x1b": 4, "é": 1, "\ufe0f": 0,
	} {
		if got := displayWidth(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range samples() {
		for _, finding := range s.report.Findings[:min(len(s.report.Findings), 20)] {
			f.Add(finding.Message)
			f.Add(strings.Join(finding.Excerpt, "\n"))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = Redact(text)
		got := Escape(text)
		checkSafe(t, "escape", got)
		if strings.Contains(got, "\n") {
			t.Errorf("a raw line end in %q", got)
		}
		// Lines that became one are redacted as one.
		if again := Escape(got); again != got && Redact(got) == got {
			t.Errorf("escaping twice changes %q to %q", got, again)
		}
		// Ordinary text stays: ASCII that is no part of a workflow command.
		if printable(text) && !strings.Contains(text, "::") && !strings.Contains(text, "##") && got != text {
			t.Errorf("printable %q became %q", text, got)
		}
		if n := len(cells(text)); n != utf8.RuneCountInString(text) {
			t.Errorf("%d cells for %d code points: columns would shift", n, utf8.RuneCountInString(text))
		}
		if displayWidth(got) != displayWidth(text) {
			t.Errorf("%q takes %d columns, but is planned with %d", got, displayWidth(got), displayWidth(text))
		}
	})
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`# Dgraph.Authorization {"VerificationKey":"sesame"}`:    `# Dgraph.Authorization [redacted]`,
		`# Dgraph.Secret name "sesame"`:                          `# Dgraph.Secret [redacted]`,
		"\t #  Dgraph.Secret\tname \"sesame\"":                   "\t #  Dgraph.Secret [redacted]",
		`#Dgraph.Secret name "sesame"`:                           `#Dgraph.Secret [redacted]`,
		`## # Dgraph.Secret name "sesame"`:                       `## # Dgraph.Secret [redacted]`,
		`#dgraph.secret name "sesame"`:                           `#dgraph.secret [redacted]`,
		`# Dgraph.Secretsesame`:                                  `# Dgraph.Secret [redacted]`,
		`# Dgraph.Authorization{"sesame":1}`:                     `# Dgraph.Authorization [redacted]`,
		`# Dgraph.Authorisation sesame`:                          `# Dgraph.Authorisation [redacted]`,
		`# Dgraph.Allow-Origin "https://example.com"`:            `# Dgraph.Allow-Origin "https://example.com"`,
		`# Dgraph.Allow-Origin "x" # Dgraph.Secret k "sesame"`:   `# Dgraph.Allow-Origin "x" # Dgraph.Secret [redacted]`,
		`type A { # Dgraph.Secret k "sesame"`:                    `type A { # Dgraph.Secret [redacted]`,
		`# Dgraph.Secret`:                                        `# Dgraph.Secret`,
		`# about Dgraph.Secret and its use`:                      `# about Dgraph.Secret and its use`,
		`  name: String # the name`:                              `  name: String # the name`,
		`# Dgraph.Secret k "sesame""""`:                          `# Dgraph.Secret [redacted]"""`,
		`"""# Dgraph.Secret"""`:                                  `"""# Dgraph.Secret"""`,
		`# Dgraph`:                                               `# Dgraph`,
		"\"\"\"\r\n# Dgraph.Secret k \"sesame\"\r\nmore # x\n\n": "\"\"\"\r\n# Dgraph.Secret [redacted]\r\nmore # x\n\n",
		"# Dgraph.Secret k \"sesame\rsesame\"":                   "# Dgraph.Secret [redacted]",
		``:                                                       ``,
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}
