package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/cmd/internal/review/githubtest"
)

// TestReviewScripts runs the program against a small GitHub. The commands of our own are, beside those of all scripts,
//
//	pull BASE HEAD     opens pull request 7 from the commits of the repository in the working folder, or pushes to it
//	comments           prints what is on the pull request, and sets $WRITES to the number of calls that wrote since last time
//	resolvable         lets the token resolve conversations
//	readonly           lets the token only read
func TestReviewScripts(t *testing.T) {
	t.Parallel()
	params := scripts(t, "testdata/review")
	setup := params.Setup
	type server struct{ *githubtest.Server }
	const token = "ghs_NobodyMaySeeThis"
	params.Setup = func(e *testscript.Env) error {
		s := githubtest.New()
		e.Defer(s.Close)
		s.Allow(token, githubtest.Account{Login: "github-actions"})
		e.Values["github"] = server{s}
		e.Setenv("GITHUB_API_URL", s.URL)
		e.Setenv("GITHUB_GRAPHQL_URL", s.URL+"/graphql")
		e.Setenv("GITHUB_REPOSITORY", s.Repository)
		e.Setenv("GITHUB_TOKEN", token)
		e.Setenv("TOKEN", token)
		return setup(e)
	}
	of := func(ts *testscript.TestScript) *githubtest.Server { return ts.Value("github").(server).Server }
	opened := map[*githubtest.Server]bool{}
	params.Cmds["pull"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: pull BASE HEAD")
		}
		git := func(args ...string) string {
			cmd := exec.Command("git", args...)
			cmd.Dir = ts.MkAbs(".")
			out, err := cmd.Output()
			ts.Check(err)
			return string(out)
		}
		files := func(ref string) map[string]string {
			all := map[string]string{}
			for _, name := range strings.Fields(git("ls-tree", "-r", "--full-tree", "--name-only", ref)) {
				all[name] = git("show", ref+":"+name)
			}
			return all
		}
		head := strings.TrimSpace(git("rev-parse", args[1]))
		p := githubtest.PullRequest{Number: 7, HeadSHA: head, HeadOwner: "stranger", HeadRef: "topic", Base: files(args[0]), Head: files(args[1])}
		if opened[of(ts)] {
			of(ts).Push(7, head, p.Head)
		} else {
			of(ts).Open(p)
		}
		opened[of(ts)] = true
		pull, err := json.Marshal(map[string]any{"pull_request": map[string]any{"number": 7, "head": map[string]any{"sha": head}}})
		ts.Check(err)
		run, err := json.Marshal(map[string]any{"workflow_run": map[string]any{"head_sha": head, "head_branch": "topic",
			"pull_requests": []any{}, "head_repository": map[string]any{"owner": map[string]any{"login": "stranger"}}}})
		ts.Check(err)
		for name, text := range map[string][]byte{"pull_request.json": pull, "workflow_run.json": run} {
			ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), name), text, 0o600))
		}
		ts.Setenv("GITHUB_EVENT_PATH", filepath.Join(ts.Getenv("WORK"), "pull_request.json"))
	}
	params.Cmds["comments"] = func(ts *testscript.TestScript, neg bool, args []string) {
		calls, broken := of(ts).Calls()
		if len(broken) > 0 {
			ts.Fatalf("no client of GitHub may do this: %v", broken)
		}
		ts.Setenv("WRITES", fmt.Sprint(githubtest.Writes(calls)))
		var b bytes.Buffer
		for _, c := range of(ts).Summaries() {
			fmt.Fprintf(&b, "summary of %s\n%s\n", c.Author, c.Body)
		}
		for _, c := range of(ts).Threads() {
			state := "open"
			if c.Resolved {
				state = "resolved"
			}
			fmt.Fprintf(&b, "%s %s:%d-%d %s\n%s\n", state, c.Path, c.StartLine, c.Line, c.Side, c.Body)
		}
		_, err := ts.Stdout().Write(b.Bytes())
		ts.Check(err)
	}
	params.Cmds["resolvable"] = func(ts *testscript.TestScript, neg bool, args []string) {
		of(ts).Allow(token, githubtest.Account{Login: "github-actions", MayResolve: true})
	}
	params.Cmds["readonly"] = func(ts *testscript.TestScript, neg bool, args []string) {
		of(ts).Allow(token, githubtest.Account{Login: "github-actions", ReadOnly: true})
	}
	testscript.Run(t, params)
}

// TestNoValuesInComments: a report that has stored values keeps them to itself.
func TestNoValuesInComments(t *testing.T) {
	t.Parallel()
	r := &report.Report{Data: report.Data{Asked: true, Complete: true}, Findings: []report.Finding{{
		Rule: "id-added", Severity: report.Error, Coordinate: "Customer.email", Message: "x", Evidence: report.Evidence{
			Asked: true, Complete: true, Violations: 1, Total: 2, Samples: []report.Sample{{UID: "0x5", Values: []string{`"ann@example.org"`}}},
		},
	}}}
	r.Seal()
	text, err := commentOf(withoutValues(r), report.Options{})
	if err != nil || strings.Contains(text, "ann@") || !strings.Contains(text, "0x5") {
		t.Errorf("%v\n%s", err, text)
	}
	if len(r.Findings[0].Evidence.Samples[0].Values) != 1 {
		t.Error("the report that is printed lost its values")
	}
}
