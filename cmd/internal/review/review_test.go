package review

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/cmd/internal/review/githubtest"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

const (
	token  = "ghs_TopSecretTokenOfTheTest"
	bot    = "github-actions"
	commit = "1111111111111111111111111111111111111111"
	newer  = "2222222222222222222222222222222222222222"
	number = 7
)

const before = `type Customer {
  id: ID!
  name: String
  email: String @search(by: [hash])
  phone: String
}

type Order {
  id: ID!
  note: String
  a: Int
  b: Int
  c: Int
  d: Int
  e: Int
  f: Int
  g: Int
  total: Float
}
`

const after = `type Customer {
  id: ID!
  name: String
  email: String! @id
  phoneNumber: String
}

type Order {
  id: ID!
  note: String
  a: Int
  b: Int
  c: Int
  d: Int
  e: Int
  f: Int
  g: Int
  total: Float
}
`

// world is a GitHub with a pull request, and a client of it.
type world struct {
	*githubtest.Server
	*testing.T
	client *Client
	waits  []time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Server: githubtest.New(), T: t}
	t.Cleanup(w.Close)
	w.Allow(token, githubtest.Account{Login: bot, MayResolve: true})
	w.Open(githubtest.PullRequest{
		Number: number, HeadSHA: commit, HeadOwner: "stranger", HeadRef: "topic",
		Base: map[string]string{"api/schema.graphql": before, "api/other.graphql": "a\n"},
		Head: map[string]string{"api/schema.graphql": after, "api/other.graphql": "b\n"},
	})
	w.client = w.connect()
	return w
}

// connect makes a client that does not wait.
func (w *world) connect() *Client {
	c, err := Open(Config{URL: w.URL, Token: token, Agent: "schemacheck-test"})
	if err != nil {
		w.Fatal(err)
	}
	c.pause = func(ctx context.Context, d time.Duration) error {
		w.waits = append(w.waits, d)
		return ctx.Err()
	}
	return c
}

func request(findings ...report.Finding) *Request {
	r := &report.Report{Findings: findings}
	r.Seal()
	return &Request{
		Target: Target{Repository: Repository{"acme", "shop"}, Number: number, Commit: commit}, ID: "schema", Report: r,
		Summary: fmt.Sprintf("%d findings", len(findings)), Prefix: "api", CommentFrom: report.Warning, MaxComments: 50,
	}
}

// at is a finding on a line of the new schema.
func at(rule, coordinate string, line int) report.Finding {
	return report.Finding{
		Rule: rule, Severity: report.Error, Coordinate: coordinate, Message: "what " + coordinate + " does", Reversible: true,
		Location: report.Location{Anchor: "self", File: "schema.graphql", Line: line, Column: 3, EndLine: line, EndColumn: 9},
	}
}

// renamed is the finding that the suggestion of the tests mends.
func renamed() report.Finding {
	f := at("field-renamed", "Customer.phone", 5)
	f.To, f.Previous = "Customer.phoneNumber", report.Location{File: "schema.graphql", Line: 5, Column: 3}
	f.Fixes = []report.Fix{{
		ID: "pin-predicate", Kind: "directive", Risk: "safe", Title: `add @dgraph(pred: "Customer.phone") to Customer.phoneNumber`,
		Diff: "--- schema.graphql\n+++ schema.graphql\n@@ -4,3 +4,3 @@\n   email: String! @id\n-  phoneNumber: String\n+  phoneNumber: String @dgraph(pred: \"Customer.phone\")\n }\n",
		Edits: []report.Edit{{
			At:  report.Location{File: "schema.graphql", Line: 5, Column: 22, EndLine: 5, EndColumn: 22},
			New: ` @dgraph(pred: "Customer.phone")`,
		}},
	}}
	return f
}

// removed is a finding on a line that the pull request deletes.
func removed() report.Finding {
	return report.Finding{
		Rule: "field-removed", Severity: report.Error, Coordinate: "Customer.phone", Reversible: true,
		Location: report.Location{Anchor: "owner", File: "schema.graphql", Line: 1, Column: 6, EndLine: 1, EndColumn: 14},
		Previous: report.Location{File: "schema.graphql", Line: 5, Column: 3, EndLine: 5, EndColumn: 8},
	}
}

// run reviews, and fails the test where a client of GitHub may not do what it does.
func (w *world) run(r *Request) (Outcome, []githubtest.Call) {
	w.Helper()
	out, err := w.client.Review(w.Context(), r)
	calls, broken := w.Calls()
	if err != nil || len(broken) > 0 {
		w.Fatalf("%v, and %v", err, broken)
	}
	return out, calls
}

// quiet runs again, which must not write.
func (w *world) quiet(r *Request) {
	w.Helper()
	w.client = w.connect()
	if out, calls := w.run(r); githubtest.Writes(calls) > 0 {
		w.Fatalf("running again writes: %s\n%v", out, calls)
	}
}

// open are our conversations that are not resolved, as "path side line: rule".
func (w *world) open() map[string]int {
	out := map[string]int{}
	for _, c := range w.Threads() {
		if c.Author == bot && !c.Resolved {
			_, rule, _ := strings.Cut(c.Body, "`** `")
			rule, _, _ = strings.Cut(rule, "`")
			out[fmt.Sprintf("%s %s %d-%d: %s", c.Path, c.Side, c.StartLine, c.Line, rule)]++
		}
	}
	return out
}

func (w *world) want(places ...string) {
	w.Helper()
	got := w.open()
	for _, p := range places {
		if got[p] != 1 {
			w.Errorf("there are %d comments at %s, want one", got[p], p)
		}
		delete(got, p)
	}
	if len(got) > 0 {
		w.Errorf("there are also %v", got)
	}
	if s := w.Summaries(); len(s) == 0 {
		w.Error("there is no summary")
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info := at("field-added", "Customer.phoneNumber", 5)
	info.Severity, info.Addition = report.Info, true
	r := request(at("id-added", "Customer.email", 4), renamed(), removed(), at("far", "Order.total", 18), info)
	out, _ := w.run(r)
	if got := out.String(); got != "acme/shop#7: 3 comments posted, the summary posted" {
		t.Errorf("it says %q", got)
	}
	w.want("api/schema.graphql RIGHT 0-4: id-added", "api/schema.graphql RIGHT 0-5: field-renamed", "api/schema.graphql LEFT 0-5: field-removed")
	summary := w.Summaries()[0].Body
	for _, part := range []string{"5 findings", "1 finding is on no line that this pull request touches", "commit " + commit} {
		if !strings.Contains(summary, part) {
			t.Errorf("the summary does not say %q:\n%s", part, summary)
		}
	}
	for _, c := range w.Threads() {
		if strings.Contains(c.Body, "field-renamed") {
			want := strings.Replace(after, "phoneNumber: String", `phoneNumber: String @dgraph(pred: "Customer.phone")`, 1)
			if path, text, ok := w.Accept(number, c.ID); !ok || path != "api/schema.graphql" || text != want {
				t.Errorf("the suggestion makes of %s:\n%s", path, text)
			}
		}
	}
	w.quiet(r)

	// Another text at the same line.
	again := at("id-added", "Customer.email", 4)
	again.Message = "another text"
	r = request(again, renamed(), removed())
	if out, _ := w.run(r); out.Edited != 1 || out.Posted+out.Settled+out.Removed != 0 || out.Summary != "edited" {
		t.Errorf("a text changed, and it says %s", out)
	}
	w.quiet(r)

	// A finding gets milder.
	milder := at("id-added", "Customer.email", 4)
	milder.Severity = report.Info
	if out, _ := w.run(request(milder, renamed(), removed())); out.Settled != 1 || out.Removed != 0 {
		t.Errorf("a finding is only for information now, and it says %s", out)
	}
	w.run(r)
	w.quiet(r)

	// A finding goes, and comes back.
	gone := request(renamed(), removed())
	if out, _ := w.run(gone); out.Settled != 1 || out.Removed != 0 {
		t.Errorf("a finding went, and it says %s", out)
	}
	w.want("api/schema.graphql RIGHT 0-5: field-renamed", "api/schema.graphql LEFT 0-5: field-removed")
	w.quiet(gone)
	if out, _ := w.run(r); out.Reopened != 1 || out.Edited != 1 || out.Posted != 0 {
		t.Errorf("a finding came back, and it says %s", out)
	}
	w.want("api/schema.graphql RIGHT 0-4: id-added", "api/schema.graphql RIGHT 0-5: field-renamed", "api/schema.graphql LEFT 0-5: field-removed")
	w.quiet(r)
}

// TestNothingToTell: a pull request that never had a finding gets no comment; one that had is told that it is over.
func TestNothingToTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if out, calls := w.run(request()); out.Summary != "" || githubtest.Writes(calls) != 0 {
		t.Errorf("there is nothing to tell, and it says %s", out)
	}
	w.run(request(at("id-added", "Customer.email", 4)))
	if out, _ := w.run(request()); out.Summary != "edited" || out.Settled != 1 {
		t.Errorf("what was found is gone, and it says %s", out)
	}
	noted := request()
	noted.Report.Notes, noted.ID = []report.Note{{Kind: "not-checked", Message: "the history"}}, "other"
	if out, _ := w.run(noted); out.Summary != "posted" {
		t.Errorf("something was not checked, and it says %s", out)
	}
}

// TestAccepted: what somebody decided to live with is told as that, and not as gone.
func TestAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(request(at("id-added", "Customer.email", 4)))
	r := request()
	r.Report.Suppressed = []report.Suppressed{{Finding: at("id-added", "Customer.email", 4), Reason: "test data"}}
	r.Report.Seal()
	if out, _ := w.run(r); out.Settled != 1 {
		t.Errorf("a finding is accepted, and it says %s", out)
	}
	if body := w.Threads()[0].Body; !strings.Contains(body, "**Settled:** "+accepted+".") {
		t.Errorf("the comment does not say so:\n%s", body)
	}
	w.quiet(r)
}

// TestOperationSuggested: what an operation is rewritten to can be accepted, where it is in one file of the pull request.
func TestOperationSuggested(t *testing.T) {
	t.Parallel()
	for _, elsewhere := range []bool{false, true} {
		w := newWorld(t)
		f := renamed()
		f.Fixes[0].Kind = "operation"
		if elsewhere { // a fragment of it
			f.Fixes[0].Edits = append(f.Fixes[0].Edits, report.Edit{At: report.Location{File: "other.graphql", Line: 1, Column: 1, EndLine: 1, EndColumn: 1}, New: "x"})
		}
		w.run(request(f))
		if all := w.Threads(); len(all) != 1 || strings.Contains(all[0].Body, "```suggestion") == elsewhere {
			t.Errorf("with edits elsewhere %v: %+v", elsewhere, all)
		}
	}
}

// TestMoved: a comment goes with its line; one whose line is gone makes place for another one, unless people talk there.
func TestMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(request(at("id-added", "Customer.email", 4), renamed()))
	for _, c := range w.Threads() {
		if strings.Contains(c.Body, "field-renamed") {
			w.Change(c.ID, func(c *githubtest.Comment) { c.Replies = []string{"we know"} })
		}
	}
	head := strings.Replace("# a new line\n"+after, "phoneNumber: String", "phoneNumber:   String", 1)
	w.Push(number, newer, map[string]string{"api/schema.graphql": head, "api/other.graphql": "b\n"})
	r := request(at("id-added", "Customer.email", 5), at("field-renamed", "Customer.phone", 6))
	r.Report.Findings[1].To = "Customer.phoneNumber"
	r.Report.Seal()
	r.Target.Commit = newer
	out, _ := w.run(r)
	if out.Posted != 1 || out.Settled != 1 || out.Removed != 0 || out.Edited != 0 {
		t.Errorf("it says %s", out)
	}
	w.want("api/schema.graphql RIGHT 0-5: id-added", "api/schema.graphql RIGHT 0-6: field-renamed")
	for _, c := range w.Threads() {
		if strings.Contains(c.Body, "```suggestion") || !strings.Contains(c.Body, "**Settled:**") && c.Resolved {
			t.Errorf("a comment that is over says\n%s", c.Body)
		}
	}
	w.quiet(r)
	head = strings.Replace(head, "phoneNumber:   String", "phoneNumber :String", 1)
	w.Push(number, commit, map[string]string{"api/schema.graphql": head, "api/other.graphql": "b\n"})
	r.Target.Commit = commit
	if out, _ = w.run(r); out.Posted != 1 || out.Settled != 0 || out.Removed != 1 {
		t.Errorf("it says %s", out)
	}
	w.want("api/schema.graphql RIGHT 0-5: id-added", "api/schema.graphql RIGHT 0-6: field-renamed")
	w.quiet(r)
}

// TestResolvedStays: a conversation that is over stays where it was when its finding comes back elsewhere.
func TestResolvedStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(request(at("id-added", "Customer.email", 4)))
	w.run(request())
	r := request(at("id-added", "Customer.email", 5))
	if out, _ := w.run(r); out.Posted != 1 || out.Removed != 0 {
		t.Errorf("it says %s", out)
	}
	w.want("api/schema.graphql RIGHT 0-5: id-added")
	if n := len(w.Threads()); n != 2 {
		t.Errorf("there are %d conversations", n)
	}
	w.quiet(r)
}

// TestPeople: what people wrote, resolved or opened again stays so, with our marker or without.
func TestPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := request(at("id-added", "Customer.email", 4), renamed())
	fake := r.Report.Findings[0].Fingerprint
	w.Say("stranger", markSummary("schema")+"nothing to see")
	w.Remark(githubtest.Comment{Author: "stranger", Body: markFinding("schema", fake) + "fine", Path: "api/schema.graphql", Side: "RIGHT", Line: 4})
	w.Remark(githubtest.Comment{Author: bot, Body: "another workflow of the same bot says " + markFinding("schema", fake), Path: "api/schema.graphql", Side: "RIGHT", Line: 4})
	w.Remark(githubtest.Comment{Author: bot, Body: markFinding("orders", fake) + "** `other` of another schema", Path: "api/schema.graphql", Side: "RIGHT", Line: 4})
	w.Say(bot, markSummary("orders")+"of another schema")
	if out, _ := w.run(r); out.Posted != 2 || out.Summary != "posted" {
		t.Errorf("it says %s", out)
	}
	w.quiet(r)
	for _, c := range w.Threads() {
		if strings.HasPrefix(c.Body, markFinding("schema", fake)) && c.Author == bot {
			w.Change(c.ID, func(c *githubtest.Comment) { c.Resolved = true })
		}
	}
	w.quiet(r)
	other := request(renamed())
	if out, _ := w.run(other); out.Settled != 0 {
		t.Errorf("what people resolved is touched: %s", out)
	}
	if out, _ := w.run(r); out.Reopened != 0 {
		t.Errorf("what people resolved is opened again: %s", out)
	}
	w.quiet(r)
}

func TestMayNotResolve(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Allow(token, githubtest.Account{Login: bot})
	w.run(request(at("id-added", "Customer.email", 4), at("x", "Customer.email", 4), renamed()))
	r := request(renamed())
	out, calls := w.run(r)
	if out.Settled != 2 || len(out.Remarks) != 1 || !strings.Contains(out.Remarks[0], "contents: write") {
		t.Errorf("it says %s, %q", out, out.Remarks)
	}
	asked := 0
	for _, c := range calls {
		if c.Path == "/graphql" {
			asked++
		}
	}
	if asked > 5 {
		t.Errorf("%d questions: what the token may not do is tried again", asked)
	}
	settled := 0
	for _, c := range w.Threads() {
		if strings.Contains(c.Body, "**Settled:**") {
			settled++
		}
	}
	if settled != 2 {
		t.Errorf("%d comments say that they are settled", settled)
	}
	w.client = w.connect()
	if out, calls := w.run(r); githubtest.Writes(calls) > 0 || len(out.Remarks) > 0 {
		t.Errorf("running again tries it again: %s %q", out, out.Remarks)
	}
}

func TestManyFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var findings []report.Finding
	for i := range 70 {
		f := at("id-added", fmt.Sprintf("Customer.f%d", i), 4)
		if i >= 40 {
			f.Severity = report.Warning
		}
		findings = append(findings, f)
	}
	r := request(findings...)
	out, calls := w.run(r)
	reviews := 0
	for _, c := range calls {
		if strings.HasSuffix(c.Path, "/reviews") {
			reviews++
		}
	}
	if out.Posted != 50 || reviews != 3 || !strings.Contains(w.Summaries()[0].Body, "20 more findings have no comment") {
		t.Errorf("%s, in %d reviews\n%s", out, reviews, w.Summaries()[0].Body)
	}
	bad := 0
	for _, c := range w.Threads() {
		if strings.Contains(c.Body, "**error**") {
			bad++
		}
	}
	if bad != 40 {
		t.Errorf("%d errors have a comment: the worst come first", bad)
	}
	w.quiet(r)
	r.CommentFrom = report.Never
	if out, _ := w.run(r); out.Removed != 50 {
		t.Errorf("it says %s", out)
	}
	w.quiet(r)
}

// TestTarget: the pull request of a commit is found, from a fork too, and one that went on is told nothing.
func TestTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := 20; n < 25; n++ {
		w.Open(githubtest.PullRequest{Number: n, HeadSHA: fmt.Sprintf("%040d", n), HeadOwner: "stranger", HeadRef: "topic"})
	}
	r := request(at("id-added", "Customer.email", 4))
	r.Target = Target{Repository: r.Target.Repository, Commit: commit, HeadOwner: "stranger", HeadBranch: "topic"}
	if out, _ := w.run(r); out.Number != number || out.Posted != 1 {
		t.Errorf("it says %s", out)
	}
	r.Target.Commit = newer
	if out, calls := w.run(r); out.Stale == "" || githubtest.Writes(calls) > 0 {
		t.Errorf("no pull request has the commit: %s", out)
	}
	r.Target.Number = number
	if out, calls := w.run(r); !strings.Contains(out.Stale, commit) || githubtest.Writes(calls) > 0 {
		t.Errorf("the pull request has another commit: %s", out)
	}
	r.Target = Target{Repository: r.Target.Repository, Commit: "3333333333333333333333333333333333333333"}
	w.Open(githubtest.PullRequest{Number: 30, HeadSHA: r.Target.Commit, HeadOwner: "acme", HeadRef: "x"})
	if out, _ := w.run(r); out.Number != 30 {
		t.Errorf("it says %s", out)
	}
	w.Open(githubtest.PullRequest{Number: 31, HeadSHA: r.Target.Commit, HeadOwner: "acme", HeadRef: "x"})
	if _, err := w.client.Review(t.Context(), r); err == nil || !strings.Contains(err.Error(), "--pr") {
		t.Errorf("two pull requests have the commit: %v", err)
	}
	// A commit that is pushed between two looks.
	r = request(at("id-added", "Customer.email", 4), renamed())
	pushed := false
	w.Before = func(method, path, body string) *githubtest.Fault {
		if strings.HasSuffix(path, "/files") && !pushed {
			pushed = true
			w.Push(number, newer, map[string]string{"api/schema.graphql": after})
		}
		return nil
	}
	if out, calls := w.run(r); !strings.Contains(out.Stale, "meanwhile") || githubtest.Writes(calls) > 0 {
		t.Errorf("a commit came meanwhile: %s", out)
	}
}

// TestPlaces: files that the API gives no patch of, other versions than the pull request's, and paths outside.
func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Open(githubtest.PullRequest{
		Number: number, HeadSHA: commit,
		Base:    map[string]string{"api/old.graphql": before, "api/big.graphql": "a\n", "api/gone.graphql": "type Gone {\n  x: Int\n}\n", "schema.graphql": "x\n"},
		Head:    map[string]string{"api/schema.graphql": after, "api/big.graphql": "b\n", "api/added.graphql": "type Added {\n  y: Int\n}\n", "schema.graphql": "y\n"},
		Renamed: map[string]string{"api/schema.graphql": "api/old.graphql"}, NoPatch: map[string]bool{"api/big.graphql": true},
	})
	was := removed()
	was.Previous.File = "old.graphql"
	type_ := removed()
	type_.Rule, type_.Coordinate, type_.Location.Anchor = "type-removed", "Gone", "file"
	type_.Previous = report.Location{File: "gone.graphql", Line: 1, Column: 6}
	other := removed()
	other.Rule, other.Coordinate, other.Previous.Line = "not-there", "Customer.fax", 5
	other.Previous.File = "old.graphql"
	big := at("big", "A.a", 1)
	big.Location.File = "big.graphql"
	added := at("added", "Added.y", 2)
	added.Location.File = "added.graphql"
	outside := at("outside", "A.a", 1)
	outside.Location.File = "../../schema.graphql"
	up := at("up", "A.a", 1)
	up.Location.File = "../schema.graphql"
	absolute := at("absolute", "A.a", 1)
	absolute.Location.File = "/api/schema.graphql"
	live := at("live", "A.a", 1)
	live.Location.File = "dgraph://localhost:9080"
	end := at("end", "A.a", 400)
	known := at("known", "Customer.email", 4)
	known.Known = true
	long := at("long", "Customer", 1) // its first line is far from what changed, one of its others is not
	long.Location.EndLine = 5
	r := request(was, type_, other, big, added, outside, up, absolute, live, end, long, known)
	w.run(r)
	w.want("api/schema.graphql LEFT 0-5: field-removed", "api/gone.graphql LEFT 0-1: type-removed", "api/schema.graphql RIGHT 0-1: not-there",
		"api/added.graphql RIGHT 0-2: added", "schema.graphql RIGHT 0-1: up", "api/schema.graphql RIGHT 0-1: long")
	if !strings.Contains(w.Summaries()[0].Body, "5 findings are on no line") {
		t.Errorf("the summary says\n%s", w.Summaries()[0].Body)
	}
	w.quiet(r)
	r.Report.Looked("schema.graphql", "", after+"# more\n")
	r.Report.Looked("added.graphql", "", "type Added {\r\n  y: Int\r\n}\r\n")
	w.run(r)
	w.want("api/schema.graphql LEFT 0-5: field-removed", "api/gone.graphql LEFT 0-1: type-removed", "api/added.graphql RIGHT 0-2: added", "schema.graphql RIGHT 0-1: up")
	if !strings.Contains(w.Summaries()[0].Body, "3 findings are told here only: the files that were checked") {
		t.Errorf("the summary says\n%s", w.Summaries()[0].Body)
	}
}

// TestMerged: a report of what the pull request comes to when it is merged, where the base has changed the file too.
func TestMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := request(at("id-added", "Customer.email", 4))
	for text, posted := range map[string]int{after + "# only a comment\n": 1, "type More {\n  id: ID!\n}\n" + after: 0} {
		parsed, err := sdl.Parse(&sdl.File{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		r.Report.After = report.Source{Source: "schema.graphql", Fingerprint: parsed.Fingerprint()}
		w.run(r)
		if got := len(w.open()); got != posted {
			t.Errorf("%d comments, want %d", got, posted)
		}
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(request(at("x", "Customer.x", 4), at("y", "Customer.y", 4)))
	var out strings.Builder
	r := request(at("id-added", "Customer.email", 4), renamed(), at("y", "Customer.y", 5))
	r.DryRun = &out
	_, calls := w.run(r)
	if githubtest.Writes(calls) > 0 {
		t.Errorf("a dry run writes: %v", calls)
	}
	for _, line := range []string{
		"would POST /repos/acme/shop/pulls/7/reviews  3 comments\n", "  api/schema.graphql:4 (RIGHT): ", " bytes, with a suggestion\n",
		"would PATCH /repos/acme/shop/pulls/comments/30000000", "would POST /graphql  resolveReviewThread PRRT_", "would DELETE /repos/acme/shop/pulls/comments/30000000",
		"would PATCH /repos/acme/shop/issues/comments/30000000",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("it does not say %q:\n%s", line, out.String())
		}
	}
	out.Reset()
	r.DryRun = nil
	w.run(r)
	r.DryRun = &out
	if w.run(r); out.String() != "acme/shop#7: all comments are right already, nothing would be written\n" {
		t.Errorf("it says %s", out.String())
	}
	out.Reset()
	nobody, err := Open(Config{URL: w.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Review(t.Context(), r); err != nil || !strings.Contains(out.String(), "GITHUB_TOKEN") || !strings.Contains(out.String(), "up to 3 findings") {
		t.Errorf("without a token: %v\n%s", err, out.String())
	}
}
