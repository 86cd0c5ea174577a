package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/cmd/internal/review/githubtest"
)

// on is a request without an id, on a schema that moved from one path to the other one.
func on(was, is string, findings ...report.Finding) *Request {
	r := request(findings...)
	r.ID = ""
	r.Report.Before = report.Source{Source: "git:main:./" + was, Ref: "main"}
	r.Report.After = report.Source{Source: is}
	return r
}

// TestSchemasApart: reports on several schemas have comments of their own without anybody naming them, and a schema that the
// pull request moves keeps those that it has.
func TestSchemasApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := at("other", "Other.x", 1)
	other.Location.File = "other.graphql"
	one, two := on("schema.graphql", "schema.graphql", at("id-added", "Customer.email", 4)), on("other.graphql", "other.graphql", other)
	w.run(one)
	w.run(two)
	w.want("api/schema.graphql RIGHT 0-4: id-added", "api/other.graphql RIGHT 0-1: other")
	if s := w.Summaries(); len(s) != 2 || !strings.HasPrefix(s[0].Body, markSummary("api/schema.graphql")) || !strings.HasPrefix(s[1].Body, markSummary("api/other.graphql")) {
		t.Fatalf("the summaries are %+v", s)
	}
	w.quiet(one)
	w.quiet(two)

	w.Push(number, newer, map[string]string{"api/shop.graphql": after, "api/other.graphql": "b\n"})
	there := at("id-added", "Customer.email", 4)
	there.Location.File = "shop.graphql"
	moved := on("schema.graphql", "shop.graphql", there)
	moved.Target.Commit, two.Target.Commit = newer, newer
	if out, _ := w.run(moved); out.Summary != "edited" {
		t.Errorf("it says %s", out)
	}
	w.want("api/shop.graphql RIGHT 0-4: id-added", "api/other.graphql RIGHT 0-1: other")
	if s := w.Summaries(); len(s) != 2 || !strings.HasPrefix(s[0].Body, markSummary("api/shop.graphql")) {
		t.Errorf("the summaries are %+v", s)
	}
	w.quiet(moved)
	w.run(two)
	w.quiet(two)

	// Folders and globs of files move, too.
	c := changes{files: []*changed{{path: "new/a.graphql", previous: "old/a.graphql"}, {path: "b.graphql", previous: "b.graphql"}}}
	for was, want := range map[string]int{"old": 2, "old/*.graphql": 2, "**/*.graphql": 1, "ol": 1, "b.graphql": 1, "new": 1} {
		r := report.Report{Before: report.Source{Source: was}, After: report.Source{Source: "new"}}
		if got := c.ids(&r); len(got) != want || got[0] != "new" {
			t.Errorf("from %s: %q", was, got)
		}
	}

	// A report that says so of a schema that is still there does not get its comments.
	claim := on("other.graphql", "third.graphql")
	claim.Target.Commit = newer
	if out, _ := w.run(claim); out.Summary != "" || len(w.Summaries()) != 2 {
		t.Errorf("it says %s", out)
	}
	w.want("api/shop.graphql RIGHT 0-4: id-added", "api/other.graphql RIGHT 0-1: other")
}

// TestIDs: no path comes to something that could end a marker, and no two come to the same.
func TestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, name := range []string{
		"schema.graphql", "api/schema.graphql", "api schema.graphql", "api-schema.graphql", "a --> b", "a\n<!-- x -->", "**/*.graphql", "*/*.graphql",
		"dgraph://localhost:9080", "<stdin>", strings.Repeat("a/", 100) + "b", strings.Repeat("a/", 101) + "b", "\xff", "", "名前", "名",
	} {
		id := idOf(name)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both %s", name, other, id)
		}
		seen[id] = name
		for _, c := range []struct{ marker, found string }{
			{markSummary(id), strings.Join(summaryMarker.FindStringSubmatch(markSummary(id)), "|")},
			{markFinding(id, strings.Repeat("a", 64)), strings.Join(findingMarker.FindStringSubmatch(markFinding(id, strings.Repeat("a", 64))), "|")},
		} {
			if !strings.HasPrefix(c.found, c.marker+"|"+id) {
				t.Errorf("%q has the marker %q, in which %q is found", name, c.marker, c.found)
			}
		}
	}
}

// TestBounds: who makes reports, such as the job of a stranger, cannot have more and more comments by naming another schema
// each time, or by other findings, nor have all files of a large pull request read.
func TestBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range mostSummaries + 5 {
		w.run(on("x.graphql", fmt.Sprintf("s%d.graphql", i), at("far", "Order.total", 18)))
	}
	if n := len(w.Summaries()); n != mostSummaries {
		t.Errorf("there are %d summaries, want %d", n, mostSummaries)
	}
	if out, calls := w.run(on("x.graphql", "another.graphql", at("far", "Order.total", 18))); githubtest.Writes(calls) > 0 || len(out.Remarks) != 1 {
		t.Errorf("it says %s, %q, and makes %v", out, out.Remarks, calls)
	}
	for i := range mostThreads - 2 {
		w.Remark(githubtest.Comment{Author: bot, Body: markFinding(fmt.Sprintf("s%d", i%7), strings.Repeat("a", 64)) + "x", Path: "api/schema.graphql", Side: "RIGHT", Line: 4, Resolved: true})
	}
	r := on("x.graphql", "s0.graphql")
	for i := range 5 {
		r.Report.Findings = append(r.Report.Findings, at("id-added", fmt.Sprintf("Customer.f%d", i), 4))
	}
	r.Report.Seal()
	if out, _ := w.run(r); out.Posted != 2 || len(w.Threads()) != mostThreads {
		t.Errorf("it says %s, and there are %d conversations", out, len(w.Threads()))
	}
	if s := w.Summaries()[0].Body; !strings.Contains(s, "3 findings have no comment, since this pull request has 500 already.") {
		t.Errorf("the summary says\n%s", s)
	}
	w.quiet(r)

	base, head := map[string]string{}, map[string]string{}
	var findings []report.Finding
	for i := range 200 {
		name := fmt.Sprintf("api/f%03d.graphql", i)
		base[name], head[name] = "a\n", fmt.Sprintf("b%d\n", i)
		f := at("x", fmt.Sprintf("T.f%d", i), 1)
		f.Location.File = strings.TrimPrefix(name, "api/")
		findings = append(findings, f)
	}
	w = newWorld(t)
	w.Open(githubtest.PullRequest{Number: number + 1, HeadSHA: newer, HeadOwner: "stranger", HeadRef: "large", Base: base, Head: head})
	r = request(findings...)
	r.Target.Number, r.Target.Commit, r.MaxComments = number+1, newer, 10
	out, calls := w.run(r)
	read := map[string]bool{}
	for _, c := range calls {
		if strings.Contains(c.Path, "/git/blobs/") {
			read[c.Path] = true
		}
	}
	if len(read) != 10+mostFiles || out.Posted != 10 {
		t.Errorf("%d files are read, and it says %s: %v", len(read), out, slices.Sorted(maps.Keys(read)))
	}
	if s := w.Summaries()[0].Body; !strings.Contains(s, "190 more findings have no comment of their own") {
		t.Errorf("the summary says\n%s", s)
	}
}
