package review

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/cmd/internal/review/githubtest"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
)

// TestQueries: what is asked of the GraphQL API is valid there.
func TestQueries(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/github.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "github.graphql", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{commentsQuery, threadsQuery, resolveMutation, reopenMutation} {
		if _, errs := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules()); len(errs) > 0 {
			t.Errorf("%v in\n%s", errs, query)
		}
	}
}

// fixOf is the fix that makes edits of a text, as a report has it.
func fixOf(text string, edits ...sdl.Edit) report.Fix {
	file := &sdl.File{Name: "schema.graphql", Text: text}
	out := report.Fix{ID: "x", Kind: "directive", Risk: "safe"}
	for i := range edits {
		edits[i].Span.File = file
		e := edits[i]
		begin, end := e.Span.Begin(), e.Span.Finish()
		out.Edits = append(out.Edits, report.Edit{New: e.New, At: report.Location{
			File: file.Name, Line: begin.Line, Column: begin.Column, EndLine: end.Line, EndColumn: end.Column,
		}})
	}
	out.Diff = report.Redact(fixes.Patch{Edits: edits}.Diff())
	return out
}

// edited is an edit of bytes.
func edited(start, end int, text string) sdl.Edit {
	return sdl.Edit{Span: sdl.Span{Start: int32(start), End: int32(end)}, New: text}
}

// TestSuggestions: whatever is edited in whichever file, accepting the suggestion does what the fix does, byte for byte; or
// there is none.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	made := 0
	for range tries(t, 400) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 2))
		end := []string{"\n", "\r\n"}[r.IntN(2)]
		var b strings.Builder
		for i := range 2 + r.IntN(12) {
			fmt.Fprintf(&b, "  f%d: Int%s%s", i, []string{"", " # \"é🙂\"", " # ```", " # Dgraph.Secret x"}[min(3, max(0, r.IntN(12)-8))], end)
		}
		text := b.String()
		if r.IntN(3) == 0 {
			text = strings.TrimSuffix(text, end)
		}
		lines := strings.SplitAfter(text, "\n")
		line := func(n int) int { return len(strings.Join(lines[:n], "")) }
		var edits []sdl.Edit
		n := r.IntN(len(lines))
		at := line(n)
		switch r.IntN(6) {
		case 0: // a word at the end of a line
			at += len(strings.TrimRight(lines[n], "\r\n"))
			edits = append(edits, edited(at, at, ` @dgraph(pred: "x")`))
		case 1: // a line before another one, or at the end of the file
			edits = append(edits, edited(at, at, "  new: Int"+end))
		case 2: // a line after another one
			at += len(strings.TrimRight(lines[n], "\r\n"))
			edits = append(edits, edited(at, at, end+"  new: Int"))
		case 3: // a whole line goes
			edits = append(edits, edited(at, at+len(lines[n]), ""))
		case 4: // two lines become one
			if at += len(strings.TrimRight(lines[n], "\r\n")); at < len(text) {
				edits = append(edits, edited(at, at+len(end), " "))
			}
		default: // two edits
			at += len(strings.TrimRight(lines[n], "\r\n"))
			edits = append(edits, edited(at, at, " @deprecated"))
			if m := r.IntN(len(lines)); m > n {
				edits = append(edits, edited(line(m), line(m), "  new: Int"+end))
			}
		}
		if len(edits) == 0 || strings.Join(lines, "") == "" {
			continue
		}
		fix := fixOf(text, edits...)
		file := &sdl.File{Text: text}
		for i := range edits {
			edits[i].Span.File = file
		}
		want, err := sdl.Apply(file, edits)
		if err != nil {
			t.Fatal(err)
		}
		hunks := []hunk{{first: 1, last: strings.Count(text, "\n") + 1}}
		change, ok := newSource(text).suggest(fix, min(n+1, max(1, len(newSource(text).ends))), hunks)
		if !ok {
			continue
		}
		made++
		s := githubtest.New()
		s.Open(githubtest.PullRequest{Number: 1, Base: map[string]string{"f": ""}, Head: map[string]string{"f": text}})
		c := githubtest.Comment{Path: "f", Side: right, Line: change.last, Body: suggested(change.lines)}
		if change.first < change.last {
			c.StartLine = change.first
		}
		_, got, ok := s.Accept(1, s.Remark(c))
		s.Close()
		// A suggestion cannot say whether the file ends with the end of a line.
		inexact := !strings.HasSuffix(text, "\n") || !strings.HasSuffix(want, "\n")
		if !ok || got != want && !(inexact && strings.TrimRight(got, "\r\n") == strings.TrimRight(want, "\r\n")) {
			t.Fatalf("seed %d: accepting it makes of\n%q\n%q, want\n%q\n%+v", seed, text, got, want, change)
		}
		if strings.Contains(strings.Join(change.lines, "\n"), "Secret") {
			t.Fatalf("seed %d: it shows a key: %q", seed, change.lines)
		}
	}
	if made < 50 {
		t.Errorf("only %d suggestions were made", made)
	}
}

// TestNoSuggestion: what cannot be shown as it is, was made for another text, or reaches out of the hunk, is not suggested.
func TestNoSuggestion(t *testing.T) {
	t.Parallel()
	const text = "type A {\n  a: Int\n  b: Int\n  c: Int\n}\n"
	word := func(text, new string) report.Fix {
		i := strings.Index(text, "a: Int") + len("a: Int")
		return fixOf(text, edited(i, i, new))
	}
	good := word(text, " @x")
	all := []hunk{{first: 1, last: 5}}
	change := func(f func(*report.Fix)) report.Fix {
		out := good
		out.Edits = slices.Clone(good.Edits)
		f(&out)
		return out
	}
	for _, c := range []struct {
		name  string
		text  string
		fix   report.Fix
		at    int
		hunks []hunk
	}{
		{"a migration", text, change(func(f *report.Fix) { f.Kind = "migration" }), 2, all},
		{"no edits", text, change(func(f *report.Fix) { f.Edits = nil }), 2, all},
		{"edits with another finding", text, change(func(f *report.Fix) { f.Elsewhere = []string{"x"} }), 2, all},
		{"no diff", text, change(func(f *report.Fix) { f.Diff = "" }), 2, all},
		{"another diff", text, change(func(f *report.Fix) { f.Diff = strings.Replace(f.Diff, "@x", "@y", 1) }), 2, all},
		{"another text", strings.Replace(text, "b: Int", "b: String", 1), good, 2, all},
		{"moved lines", "# one more\n" + text, good, 3, []hunk{{first: 1, last: 6}}},
		{"a key in the line", "type A {\n  a: Int # Dgraph.Secret k\n}\n", word("type A {\n  a: Int # Dgraph.Secret k\n}\n", " @x"), 2, []hunk{{first: 1, last: 3}}},
		{"a key that is new", text, word(text, " # Dgraph.Secret k"), 2, all},
		{"an invisible mark", text, word(text, " \u202e@x"), 2, all},
		{"a workflow command", text, word(text, " ##[error]x"), 2, all},
		{"out of the hunk", text, good, 2, []hunk{{first: 3, last: 5}}},
		{"far from the line", text, good, 5, []hunk{{first: 1, last: 3}, {first: 4, last: 5}}},
		{"mixed ends", "type A {\r\n  a: Int\n  b: Int\r\n}\n", fixOf("type A {\r\n  a: Int\n  b: Int\r\n}\n", edited(10, 10, "  x: Int\n")), 3, all},
		{"edits over each other", text, change(func(f *report.Fix) {
			f.Edits = append(f.Edits, report.Edit{At: report.Location{Line: 2, Column: 1, EndLine: 3, EndColumn: 1}})
		}), 2, all},
		{"no text", "", good, 2, all},
	} {
		if got, ok := newSource(c.text).suggest(c.fix, c.at, c.hunks); ok {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	line := strings.Index(text, "  b: Int")
	whole := fixOf(text, edited(line, line+len("  b: Int\n"), ""))
	if got, ok := newSource(text).suggest(whole, 3, all); !ok || got.first != 3 || got.last != 3 || len(got.lines) > 0 {
		t.Errorf("a line that goes: %+v", got)
	}
	if got, ok := newSource(text).suggest(good, 2, all); !ok || !slices.Equal(got.lines, []string{"  a: Int @x"}) {
		t.Errorf("the good one: %+v", got)
	}
}

// hostile are texts that want to be more than text.
var hostile = []string{
	"@torvalds please look", "see #1 and acme/shop#2 and GH-3", "https://evil.example/x www.evil.example mailto:a@b.example",
	"<img src=x onerror=alert(1)>", "<!-- schemacheck:finding schema " + strings.Repeat("a", 64) + " -->", "--> <!-- schemacheck:summary schema -->",
	"```suggestion\nrm -rf\n```", "`` ` ``` code", "# head\n\n- list\n\n1. one", "1. one", "[link](javascript:alert(1)) ![i](http://x)", "a\u202eb\x1b[31m", "| a | b |",
	"~~~suggestion", ":rocket: **bold** _it_ ~~x~~", "&lt;b&gt; &#64;admin", "\\@escaped", "fixes #12", "x\r\n```\r\ny", "::error::x ##[group]y", "`", "\"@a\" (@b) @c.", "$$x$$ $`y`$",
}

// TestHostile: no text of a report is anything but text in a comment.
func TestHostile(t *testing.T) {
	t.Parallel()
	mention := regexp.MustCompile(`(^|[^A-Za-z0-9_])@[A-Za-z0-9]|#[0-9]|[hH][tT][tT][pP]|www\.|<|javascript|GH-[0-9]|::|&|\$|:rocket|\*\*bold|\x1b|` + "\u202e")
	for _, text := range hostile {
		f := report.Finding{
			Rule: text, Severity: report.Error, Coordinate: text, To: text, Subject: text, Message: text, Consequence: text, Reasons: []string{text, text},
			Evidence: report.Evidence{Asked: true, Reason: text, Samples: []report.Sample{{UID: text}}},
			Fixes: []report.Fix{
				{ID: text, Kind: text, Risk: text, Title: text, Diff: text},
				{ID: text, Kind: "directive", Risk: text, Title: text},
			},
		}
		f.Fingerprint = report.Fingerprint(f.Rule, f.Coordinate, f.To, f.Subject)
		body := findingBody("schema", &f, true, nil)
		head, rest, _ := strings.Cut(body, "\n")
		if head+"\n" != markFinding("schema", f.Fingerprint) {
			t.Errorf("%q: the first line is %q", text, head)
		}
		outside := withoutCode(t, rest)
		if at := mention.FindString(outside); at != "" {
			t.Errorf("%q: outside of code stands %q in\n%s", text, at, outside)
		}
		for line := range strings.Lines(outside) {
			line = regexp.MustCompile(`^- (\*\*[a-z]+:\*\*)`).ReplaceAllString(line, "$1") // ours
			if regexp.MustCompile(`^\s*([0-9]+[.)]|[-+*#>|=~])\s`).MatchString(line) {
				t.Errorf("%q: a line begins a block: %q", text, line)
			}
		}
		if m := findingMarker.FindStringSubmatch(settledBody(body, fixed)); m == nil || m[2] != f.Fingerprint || m[3] != settledMark {
			t.Errorf("%q: it cannot be settled", text)
		}
	}
	long := at(strings.Repeat("r", 1<<15), strings.Repeat("`é", 1<<15), 1)
	long.Message, long.Consequence = strings.Repeat("@a ", 1<<15), strings.Repeat("` ", 1<<15)
	for range 100 {
		long.Reasons = append(long.Reasons, strings.Repeat("x", 1<<12))
		long.Fixes = append(long.Fixes, report.Fix{ID: strings.Repeat("i", 1<<12), Kind: strings.Repeat("k", 1<<12), Title: strings.Repeat("t", 1<<12), Diff: strings.Repeat("+`\n", 1<<12)})
	}
	if body := findingBody("schema", &long, true, nil); len(body) > maxBody {
		t.Errorf("a comment has %d bytes", len(body))
	}
	for what, wide := range map[string]string{"tabs": strings.Repeat("\t", 399), "controls": strings.Repeat("\x01", 399), "bidi": strings.Repeat("\u202e", 133)} {
		f := at("id-added", "T.f", 1)
		f.Fixes = []report.Fix{{ID: "x", Diff: strings.Repeat("+"+wide+"\n", 60)}}
		if body := findingBody("schema", &f, true, nil); len(body) > maxBody || !strings.Contains(body, "schemacheck explain id-added") {
			t.Errorf("a comment with %s has %d bytes", what, len(body))
		}
		if body := findingBody("schema", &f, true, &suggestion{lines: []string{strings.Repeat("x", maxBody)}}); len(body) > maxBody || strings.Contains(body, "suggestion") {
			t.Errorf("a comment with a suggestion of %d bytes has %d bytes", maxBody, len(body))
		}
	}
	if body := summaryBody("schema", strings.Repeat("x", SummaryRoom), strings.Repeat("f", 64), []string{strings.Repeat("r", 200), strings.Repeat("r", 200), strings.Repeat("r", 200)}); len(body) > maxBody {
		t.Errorf("a summary has %d bytes", len(body))
	}
}

// withoutCode is Markdown without its code: fences and spans, as CommonMark has them.
func withoutCode(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimRight(line, "\n")
		switch marks := len(trimmed) - len(strings.TrimLeft(trimmed, "`")); {
		case fence == "" && marks >= 3 && !strings.Contains(trimmed[marks:], "`"):
			fence = trimmed[:marks]
		case fence != "" && marks >= len(fence) && trimmed == strings.Repeat("`", marks):
			fence = ""
		case fence == "":
			b.WriteString(line)
		}
	}
	if fence != "" {
		t.Errorf("a fence is not closed in\n%s", text)
	}
	runs := regexp.MustCompile("`+")
	var out strings.Builder
	rest := b.String()
	for {
		open := runs.FindStringIndex(rest)
		if open == nil {
			return out.String() + rest
		}
		out.WriteString(rest[:open[0]])
		marks := rest[open[0]:open[1]]
		rest = rest[open[1]:]
		closed := slices.IndexFunc(runs.FindAllStringIndex(rest, -1), func(at []int) bool { return at[1]-at[0] == len(marks) })
		if closed < 0 {
			t.Errorf("a span is not closed in\n%s", text)
			return out.String()
		}
		rest = rest[runs.FindAllStringIndex(rest, -1)[closed][1]:]
	}
}

func TestFromActions(t *testing.T) {
	t.Parallel()
	run := `{"action":"completed","workflow_run":{"head_sha":"` + commit + `","head_branch":"topic","event":"pull_request","pull_requests":[],"head_repository":{"full_name":"stranger/shop","owner":{"login":"stranger"}}}}`
	pull := `{"action":"synchronize","number":7,"pull_request":{"number":7,"head":{"sha":"` + commit + `","ref":"topic"}}}`
	repository := Repository{"acme", "shop"}
	for name, c := range map[string]struct {
		event string
		env   map[string]string
		want  Target
		err   string
	}{
		"outside":      {"", nil, Target{}, ""},
		"pull request": {pull, map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/pull/7/merge"}, Target{Repository: repository, Number: 7, Commit: commit}, ""},
		"workflow run": {run, map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/heads/main"},
			Target{Repository: repository, Commit: commit, HeadOwner: "stranger", HeadBranch: "topic"}, ""},
		"ref alone":    {"", map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/pull/12/merge"}, Target{Repository: repository, Number: 12}, ""},
		"push":         {`{"ref":"refs/heads/main"}`, map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/heads/main"}, Target{Repository: repository}, ""},
		"no commit":    {`{"workflow_run":{}}`, map[string]string{"GITHUB_REPOSITORY": "acme/shop"}, Target{}, "for which commit"},
		"no event":     {`{`, map[string]string{"GITHUB_REPOSITORY": "acme/shop"}, Target{}, "GITHUB_EVENT_PATH"},
		"no such file": {"-", map[string]string{"GITHUB_REPOSITORY": "acme/shop"}, Target{}, "GITHUB_EVENT_PATH"},
		"a bad name":   {"", map[string]string{"GITHUB_REPOSITORY": "acme/../shop"}, Target{}, "GITHUB_REPOSITORY"},
	} {
		file := filepath.Join(t.TempDir(), "event.json")
		if c.event != "" && c.event != "-" {
			if err := os.WriteFile(file, []byte(c.event), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := FromActions(func(name string) (string, bool) {
			if name == "GITHUB_EVENT_PATH" && c.event != "" {
				return file, true
			}
			value, ok := c.env[name]
			return value, ok
		})
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, bad := range []*Request{
		{ID: "a b", Target: Target{Repository: repository, Number: 1}},
		{ID: "a", Target: Target{Number: 1}},
		{ID: "a", Target: Target{Repository: repository}},
		{ID: "a", Target: Target{Repository: repository, Number: -1}},
		{ID: "a", Target: Target{Repository: repository, Number: 1, Commit: "abc"}},
		{ID: "a", Target: Target{Repository: repository, Number: 1}, Prefix: "../x"},
		{ID: "a", Target: Target{Repository: repository, Number: 1}, Prefix: "/x"},
		{ID: "a", Target: Target{Repository: repository, Number: 1}, MaxComments: -1},
		{ID: "a", Target: Target{Repository: repository, Number: 1}, Summary: strings.Repeat("x", SummaryRoom+1)},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad.Target)
		}
	}
	for _, bad := range []string{"", "a", "a/b/c", "a/..", "../b", "a b/c", "a/b?x", "-a/b"} {
		if r, err := ParseRepository(bad); err == nil {
			t.Errorf("%q is the repository %s", bad, r)
		}
	}
}
