package report

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMarkdownKeepsItsLimit writes reports of all sizes to pages of all sizes:
// none is too long, what is left out is counted, and is never graver than what
// is shown.
func TestMarkdownKeepsItsLimit(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	word := func(most int) string {
		return strings.Repeat([]string{"word ", "名前 ", "a|`b ", "@x ", "Dgraph.x "}[random.IntN(5)], random.IntN(most))
	}
	said := regexp.MustCompile(`(\d+) findings? (without details|left out)`)
	cut := 0
	for range 150 {
		r := compare()
		for i := range random.IntN(400) {
			r.Findings = append(r.Findings, Finding{
				Rule: "rule", Severity: []Severity{Error, Warning, Info}[random.IntN(3)], Coordinate: fmt.Sprintf("T.f%d", i), Message: word(30), Consequence: word(50),
				Reversible: true, Location: Location{"self", "x" + word(8), "", i + 1, 1, i + 1, 2}, Reasons: []string{word(10)},
				Fixes: []Fix{{ID: "fix", Title: word(20), Diff: strings.Repeat("+"+word(9)+"\n", random.IntN(30))}},
			})
		}
		for i := range random.IntN(30) {
			r.Notes = append(r.Notes, Note{"warning", word(100) + strconv.Itoa(i), Location{}})
			r.Suppressed = append(r.Suppressed, Suppressed{Finding: Finding{Rule: "rule", Coordinate: fmt.Sprintf("S.f%d", i)}, Reason: word(100)})
		}
		r.Before.Source, r.After.Source = word(300), word(300)
		r.Seal()
		opt := Options{Limit: []int{1, 5_000, 20_000, 0, 1 << 20}[random.IntN(5)], Verdict: word(300)}
		limit := max(opt.Limit, 4<<10)
		if opt.Limit == 0 {
			limit = 65_536 - 1_024
		}
		text := render(t, r, "markdown", opt)
		if len(text) > limit {
			t.Fatalf("seed %d: %d bytes where %d fit:\n%s", seed, len(text), limit, text)
		}
		left := map[string]int{}
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			left[m[2]], _ = strconv.Atoi(m[1])
		}
		brief, full := strings.Count(text, "\n- **`T.f"), strings.Count(text, "<summary><b><code>T.f")
		if brief != left["without details"] || brief+full+left["left out"] != len(r.Findings) {
			t.Fatalf("seed %d: %d in brief and %d in full of %d, but it says %v:\n%s", seed, brief, full, len(r.Findings), left, text)
		}
		listed := map[Severity]int{}
		for _, f := range r.Findings {
			if strings.Contains(text, "`"+f.Coordinate+"`") || strings.Contains(text, ">"+f.Coordinate+"<") {
				listed[f.Severity]++
			}
		}
		if listed[Error] < r.Summary.Error && listed[Warning]+listed[Info] > 0 || listed[Warning] < r.Summary.Warning && listed[Info] > 0 {
			t.Fatalf("seed %d: %v are shown of %+v", seed, listed, r.Summary)
		}
		if left["left out"] > 0 {
			cut++
		}
		if left["left out"] > 0 && len(text) < limit-4_000 {
			t.Errorf("seed %d: %d bytes of %d are used, and findings are left out", seed, len(text), limit)
		}
	}
	if cut < 15 {
		t.Errorf("seed %d: only %d reports were too long for their page", seed, cut)
	}
}

func TestMarkdownProse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                   "",
		"two plain words, and one more.":     "two plain words, and one more.",
		"User.name becomes an @id.":          "`User.name` becomes an `@id`.",
		"add @dgraph(pred: \"A b\") to A.b":  "add `@dgraph(pred: \"A b\")` to `A.b`",
		"a (see User.name), b":               "a (see `User.name`), b",
		"(User.name)":                        "`(User.name)`",
		"f(x) takes @search(by: [a, b]) now": "`f(x)` takes `@search(by: [a, b])` now",
		"31 of 1,204,113 in 2009.":           "31 of 1,204,113 in `2009`.",
		"@everyone #1 GH-1":                  "`@everyone #1 GH-1`",
		"deadbee 1234567 acknowledge":        "`deadbee 1234567` acknowledge",
		"a `b` c":                            "a `` `b` `` c",
		"one-way, isn't it?":                 "one-way, isn't it?",
		"<!-- schemacheck:x -->":             "`<\\x21-- schemacheck:x -->`",
		"never(closed and more":              "`never(closed` and more",
		"a\nb":                               "`a\\nb`",
	} {
		if got := markdownProse(in); got != want {
			t.Errorf("markdownProse(%q)\n got %s\nwant %s", in, got, want)
		}
	}
}

// TestGitHubCommands looks at the text of commands as the runner gets it.
func TestGitHubCommands(t *testing.T) {
	t.Parallel()
	r := compare(Finding{
		Rule: "a,b:c", Severity: Warning, Coordinate: "100%", Message: "x%0Ay, z: w", Reversible: true,
		Location: Location{"self", "a,b:c%2C.graphql", "", 3, 5, 5, 1},
	})
	const want = "::warning file=a%2Cb%3Ac%252C.graphql,line=3,endLine=4,title=a%2Cb%3Ac 100%25::x%250Ay, z: w\n" +
		"schemacheck: 0 errors, 1 warning, 0 info\nexit 0: nothing at or above --fail-on error\n"
	r.Seal()
	if d := cmp.Diff(want, render(t, r, "github", Options{})); d != "" {
		t.Error(d)
	}
	for file, tree := range map[string]bool{
		"a/b.graphql": true, "../b.graphql": true, "/a/b": true, "<stdin>": false, "-": false, "git:main:a": false, "dgraph://h:1": false, "": false, "a\x1bb": false,
	} {
		r.Findings[0].Location.File = file
		if got := strings.Contains(render(t, r, "github", Options{}), "file="); got != tree {
			t.Errorf("%q: placed in a file: %v", file, got)
		}
	}
	r.Findings[0].Location = Location{"self", "a", "main", 1, 1, 1, 2}
	if text := render(t, r, "github", Options{}); strings.Contains(text, "file=") || !strings.Contains(text, "%0Aat: git:main:a:1:1") {
		t.Errorf("a place in another commit: %s", text)
	}
}

// TestPlatformsGetPaths: what is in no file has a path all the same, where a
// platform takes nothing without one.
func TestPlatformsGetPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at              Location
		before, after   Source
		gitlab, inSARIF string
	}{
		{Location{File: "./a b/ü.graphql", Line: 2}, Source{}, Source{Source: "n"}, "a b/ü.graphql", "a%20b/%C3%BC.graphql"},
		{Location{File: "x"}, Source{}, Source{Source: "n"}, "x", "x"},
		{Location{File: "x", Ref: "main", Line: 2}, Source{}, Source{Source: "n"}, "x", "x"},
		{Location{File: "dgraph://h:1"}, Source{}, Source{Source: "n.graphql"}, "n.graphql", "dgraph%3A/h%3A1"},
		{Location{File: "dgraph://h:1"}, Source{}, Source{Source: "git:main:n.graphql", Ref: "main"}, "n.graphql", "dgraph%3A/h%3A1"},
		{Location{File: "<stdin>", Line: 3}, Source{Source: "o.graphql"}, Source{Source: "<stdin>"}, "o.graphql", "%3Cstdin%3E"},
		{Location{}, Source{}, Source{Source: "dgraph://h:1"}, "schema", "schema"},
		{Location{File: "/a/b", Line: 1}, Source{}, Source{}, "/a/b", "file:///a/b"},
		{Location{File: "C:/a b", Line: 1}, Source{}, Source{}, "C:/a b", "file:///C:/a%20b"},
	} {
		r := compare(Finding{Rule: "x", Severity: Error, Location: c.at})
		r.Before, r.After = c.before, c.after
		r.Seal()
		if text := render(t, r, "gitlab", Options{}); !strings.Contains(text, `"path": "`+c.gitlab+`"`) || strings.Contains(text, `"begin": 0`) || strings.Contains(text, `"description": ":`) {
			t.Errorf("%+v: not %s in\n%s", c, c.gitlab, text)
		}
		if text := render(t, r, "sarif", Options{}); !strings.Contains(text, `"uri": "`+c.inSARIF+`"`) {
			t.Errorf("%+v: not %s in\n%s", c, c.inSARIF, text)
		}
	}
}

// TestAdditionsOnPlatforms: what is only new is told where it is asked for, and
// where it makes the run fail.
func TestAdditionsOnPlatforms(t *testing.T) {
	t.Parallel()
	r := compare(Finding{Rule: "field-added", Severity: Info, Coordinate: "User.fresh", Message: "x", Addition: true})
	r.Seal()
	for _, format := range []string{"markdown", "sarif", "github", "gitlab", "junit"} {
		for _, c := range []struct {
			opt  Options
			told bool
		}{{Options{}, false}, {Options{FailOn: Warning}, false}, {Options{Verbose: true}, true}, {Options{FailOn: Info}, true}} {
			if got := strings.Contains(render(t, r, format, c.opt), "User.fresh"); got != c.told {
				t.Errorf("%s %+v: told: %v", format, c.opt, got)
			}
		}
	}
}

// TestKnownOnPlatforms: what the baseline has fails nowhere, and stands apart
// from what is new.
func TestKnownOnPlatforms(t *testing.T) {
	t.Parallel()
	r := compare(
		Finding{Rule: "old", Severity: Error, Coordinate: "User.old", Message: "x", Known: true},
		Finding{Rule: "new", Severity: Error, Coordinate: "User.new", Message: "x"},
	)
	r.Seal()
	for _, c := range []struct {
		format        string
		verbose       bool
		with, without string
	}{
		{"markdown", false, "<summary>1 known: the baseline has it</summary>\n\n- **`User.old`** `old` (known, one-way): x", "2 errors"},
		{"markdown", true, "#### 1 error\n", "2 errors"},
		{"github", false, "::error title=new User.new", "User.old"},
		{"github", true, "::notice title=old User.old [known%2C one-way]::x", "::error title=old"},
		{"gitlab", false, "User.new", "User.old"},
		{"gitlab", true, "User.old", "baseline"},
		{"junit", false, `<skipped message="known: the baseline has it"><![CDATA[error: x`, `failures="2"`},
		{"sarif", false, `"baselineState": "unchanged"`, "null"},
		{"sarif", false, `"baselineState": "new"`, "null"},
	} {
		text := render(t, r, c.format, Options{Verbose: c.verbose})
		if !strings.Contains(text, c.with) || strings.Contains(text, c.without) {
			t.Errorf("%s, verbose %v: no %q, or %q, in\n%s", c.format, c.verbose, c.with, c.without, text)
		}
	}
	if text := render(t, shapes(), "sarif", Options{}); strings.Contains(text, "baselineState") {
		t.Error("a state without a baseline")
	}
}

// TestCodeScanningOpensNoAlerts: what is known or suppressed is no result where code scanning reads the report, which would
// open alerts for it, unless it is asked for.
func TestCodeScanningOpensNoAlerts(t *testing.T) {
	t.Parallel()
	r := compare(
		Finding{Rule: "old", Severity: Error, Coordinate: "User.old", Message: "x", Known: true},
		Finding{Rule: "new", Severity: Error, Coordinate: "User.new", Message: "x"},
	)
	r.Suppressed = []Suppressed{{Finding: Finding{Rule: "gone", Severity: Error, Coordinate: "User.gone", Message: "x"}, Reason: "y"}}
	r.Seal()
	const remark = "2 results left out that are known or suppressed: code scanning would open alerts for them"
	for _, c := range []struct {
		Options
		all bool
	}{{Options{}, true}, {Options{Scanning: true, Verbose: true}, true}, {Options{Scanning: true}, false}} {
		text := render(t, r, "sarif", c.Options)
		if strings.Contains(text, "User.old") != c.all || strings.Contains(text, "User.gone") != c.all || strings.Contains(text, remark) == c.all || !strings.Contains(text, "User.new") {
			t.Errorf("%+v:\n%s", c.Options, text)
		}
	}
}

// TestSARIFFixesCanBeCarriedOut: a fix that a program could not carry out is
// not one.
func TestSARIFFixesCanBeCarriedOut(t *testing.T) {
	t.Parallel()
	at := func(file, ref string, line int) Edit { return Edit{Location{"", file, ref, line, 1, line, 4}, "new"} }
	for name, c := range map[string]struct {
		edits []Edit
		files int
	}{
		"one":                {[]Edit{at("a", "", 1)}, 1},
		"two in a file":      {[]Edit{at("a", "", 1), at("a", "", 2)}, 1},
		"two in two files":   {[]Edit{at("a", "", 1), at("b", "", 2)}, 2},
		"none":               {nil, 0},
		"in another commit":  {[]Edit{at("a", "", 1), at("a", "main", 2)}, 0},
		"in no file":         {[]Edit{at("<stdin>", "", 1)}, 0},
		"with a key":         {[]Edit{{Location{"", "a", "", 1, 1, 1, 1}, "# Dgraph.Secret k \"v\"\n"}}, 0},
		"without a position": {[]Edit{{Location{File: "a"}, "x"}}, 0},
	} {
		if got := changesOf(c.edits); len(got) != c.files {
			t.Errorf("%s: %d files are changed, want %d", name, len(got), c.files)
		}
	}
}

func TestSARIFKeepsTheGravest(t *testing.T) {
	t.Parallel()
	r := compare()
	for i := range maxResults + 7 {
		f := Finding{Rule: "x", Severity: Info, Coordinate: strconv.Itoa(i)}
		if i > maxResults {
			f.Severity = Error
		}
		r.Findings = append(r.Findings, f)
	}
	text := render(t, r, "sarif", Options{})
	if n := strings.Count(text, `"ruleId"`); n != maxResults {
		t.Errorf("%d results", n)
	}
	if n := strings.Count(text, `"level": "error"`); n != 6 || !strings.Contains(text, "7 results left out, the least grave ones") {
		t.Errorf("%d errors of 6, and not a word of the rest", n)
	}
}

// TestManyFindingsAreQuick: no format takes much longer than json, whose time
// grows as the report does.
func TestManyFindingsAreQuick(t *testing.T) {
	t.Parallel()
	r := compare()
	one := shapes()
	for i := range 10_000 {
		f := one.Findings[i%len(one.Findings)]
		f.Coordinate = fmt.Sprintf("T%d.f%d", i/10, i%10)
		r.Findings = append(r.Findings, f)
	}
	r.Data, r.Rules = one.Data, one.Rules
	r.Seal()
	took := func(format string) time.Duration {
		start := time.Now()
		if text := render(t, r, format, Options{}); len(text) < 1000 {
			t.Errorf("%s: %d bytes", format, len(text))
		}
		return time.Since(start)
	}
	least := took("json")
	for _, f := range Formats {
		spent := took(f.Name)
		t.Logf("%s: %s", f.Name, spent)
		if spent > 10*max(least, 500*time.Millisecond) {
			t.Errorf("%s took %s, and json %s", f.Name, spent, least)
		}
	}
}
