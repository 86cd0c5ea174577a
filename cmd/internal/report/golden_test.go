package report

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package")

// variants are the ways in which every sample is written.
var variants = []struct {
	name string
	Options
}{
	{"text", Options{}},
	{"text-40", Options{Width: 40, FailOn: Never}},
	{"text-verbose", Options{Verbose: true, FailOn: Info}},
	{"text-color", Options{Color: true, Verdict: "exit 2: the new schema is invalid"}},
	{"text-quiet", Options{Quiet: true}},
	{"json", Options{Color: true, Width: 40}},
	{"markdown", Options{}},
	{"markdown-verbose", Options{Verbose: true, Verdict: "exit 2: the new schema is invalid"}},
	{"markdown-small", Options{Limit: 1, FailOn: Warning}},
	{"sarif", Options{}},
	{"sarif-verbose", Options{Verbose: true, Verdict: "exit 3: not finished"}},
	{"github", Options{FailOn: Never}},
	{"gitlab", Options{}},
	{"junit", Options{}},
	{"junit-verbose", Options{Verbose: true, FailOn: Info, Verdict: "exit 2: the new schema is invalid"}},
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		for _, v := range variants {
			if s.name == "many" && v.name != "text-quiet" && v.name != "markdown-small" {
				continue // 500 findings say nothing more at full length
			}
			t.Run(s.name+"/"+v.name, func(t *testing.T) {
				t.Parallel()
				got := render(t, s.report, v.name, v.Options)
				golden(t, filepath.Join("testdata", s.name, v.name+".golden"), got)
			})
		}
	}
}

// TestInvariants holds for every sample at every width, in colour or not.
func TestInvariants(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		if twice := Duplicates(s.report.Findings); twice != nil {
			t.Errorf("%s: fingerprints that two findings share: %v", s.name, twice)
		}
		if text := render(t, s.report, "json", Options{}); strings.Contains(text, "sesame") {
			t.Errorf("%s: prints a key:\n%s", s.name, text)
		} else {
			checkSafe(t, s.name, text)
		}
		for _, opt := range []Options{{}, {Verbose: true}, {Quiet: true}, {Width: 40}, {Width: 61, Verbose: true}, {Width: 200}, {Width: 1}} {
			plain := render(t, s.report, "text", opt)
			inked := opt
			inked.Color = true
			colored := render(t, s.report, "text", inked)
			if colored == plain && plain != "" {
				t.Errorf("%s %+v: no colour in the coloured report", s.name, opt)
			}
			if diff := cmp.Diff(plain, sgr.ReplaceAllString(colored, "")); diff != "" {
				t.Errorf("%s %+v: colours change the text:\n%s", s.name, opt, diff)
			}
			checkSafe(t, s.name, plain)
			if !opt.Quiet {
				checkWidth(t, s.name, plain, opt.Width)
			}
			if strings.Contains(plain, "sesame") {
				t.Errorf("%s %+v: prints a key:\n%s", s.name, opt, plain)
			}
		}
	}
}

// TestKeysAreNeverPrinted puts a key into every text that a report has.
func TestKeysAreNeverPrinted(t *testing.T) {
	t.Parallel()
	r := filled(t, "x # Dgraph.Secret a \"sesame\"\r\n  # Dgraph.Authorization {\"VerificationKey\":\"sesame\"}")
	for _, asked := range []bool{true, false} {
		r.Data.Asked, r.Findings[0].Evidence.Asked, r.Findings[0].Severity, r.Findings[0].Known = asked, asked, Error, false
		for _, v := range variants {
			text := render(t, r, v.name, v.Options)
			if strings.Contains(text, "sesame") || !strings.Contains(text, "Dgraph.Secret [redacted]") {
				t.Errorf("%s: prints a key, or nothing at all:\n%s", v.name, text)
			}
		}
	}
}

// checkSafe fails on anything that a terminal or a CI system would act on.
func checkSafe(t *testing.T, name, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: not UTF-8: %q", name, text)
	}
	for _, r := range text {
		if r != '\n' && (r < ' ' || 0x7f <= r && r < 0xa0 || 0x200b <= r && r <= 0x200f || 0x2028 <= r && r <= 0x202e || 0x2060 <= r && r <= 0x206f || r == 0xfeff) {
			t.Errorf("%s: raw %U in the output: %q", name, r, text)
			return
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			t.Errorf("%s: a workflow command in the output: %q", name, line)
		}
	}
}

// checkWidth fails on a line beyond the width, unless it is a single word
// (with its label, or with the blanks of a file name).
func checkWidth(t *testing.T, name, text string, width int) {
	t.Helper()
	if width == 0 {
		width = maxWidth
	}
	width = min(max(width, minWidth), maxWidth)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		words := strings.Fields(line)
		if displayWidth(line) > width && !(len(words) <= 2) {
			t.Errorf("%s: %d columns where %d fit: %q", name, displayWidth(line), width, line)
		}
	}
}

func render(t testing.TB, r *Report, format string, opt Options) string {
	t.Helper()
	name, _, _ := strings.Cut(format, "-")
	f, ok := FormatNamed(name)
	if !ok {
		t.Fatalf("no format %q", name)
	}
	var b strings.Builder
	if err := f.Write(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); go test ./cmd/internal/report -update rewrites it:\n%s", path, diff)
	}
}
