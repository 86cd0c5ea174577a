package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/clone"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestOnlyRead: all connections of diff, audit, doctor and rehearse refuse to write, but for the one to the server that
// a rehearsal has started. That such connections do refuse it is for TestReadOnly of package dql.
func TestOnlyRead(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	c, err := program{readOnly: true}.dial(t.Context(), dql.Config{Alphas: []string{d.GRPC}, HTTP: d.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Alter(t.Context(), "ReadOnly.a: string ."); !errors.Is(err, dql.ErrReadOnly) {
		t.Errorf("error %v, want that it was not sent", err)
	}

	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	where := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		function := ""
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "func ") {
				function = file + ": " + strings.TrimSpace(line)
			}
			if _, set, ok := strings.Cut(line, "readOnly = "); ok {
				word, _, _ := strings.Cut(strings.TrimSpace(set), " ")
				where[word] = append(where[word], function)
			}
		}
	}
	if d := cmp.Diff(map[string][]string{
		"true": {
			"audit.go: func (p program) audit(cmd *cobra.Command, o *auditOptions) error {",
			"diff.go: func (p program) diff(cmd *cobra.Command, o *diffOptions) error {",
			"doctor.go: func (p program) doctor(cmd *cobra.Command, o *doctorOptions) error {",
			"rehearse.go: func (p program) rehearse(cmd *cobra.Command, o *rehearseOptions) error {",
			"review.go: func (p program) review(cmd *cobra.Command, o *reviewOptions) error {",
		},
		"false": {"rehearse_run.go: func (r *rehearsing) start(ctx context.Context) error {"},
	}, where); d != "" {
		t.Errorf("connections are made to read only, or to write, in other places: %s", d)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	answer := func(data string, errors ...string) *dql.GraphQLAnswer {
		return &dql.GraphQLAnswer{Data: json.RawMessage(data), Errors: errors}
	}
	known := func(name string) bool { return name == "User" }
	for name, c := range map[string]struct {
		before, after *dql.GraphQLAnswer
		showValues    bool
		want          ran
	}{
		"the same": {answer(`{"a":[1,{"b":2}]}`), answer(`{"a": [1, {"b": 2}]}`), false, ran{Outcome: sameAnswer}},
		"large numbers are not rounded": {answer(`{"a":9007199254740993}`), answer(`{"a":9007199254740992}`), true,
			ran{Outcome: otherAnswer, Differences: 1, First: []difference{{"a", "9007199254740993", "9007199254740992"}}}},
		"places": {answer(`{"q":[{"a":1,"b":{"c":"x"}},{"a":2}]}`), answer(`{"q":[{"a":1,"b":{"c":"y"}}],"new":1}`), false,
			ran{Outcome: otherAnswer, Differences: 3, First: []difference{{Path: "new"}, {Path: "q[0].b.c"}, {Path: "q[1]"}}}},
		"of another kind": {answer(`{"q":[1]}`), answer(`{"q":{"a":1}}`), true,
			ran{Outcome: otherAnswer, Differences: 1, First: []difference{{"q", "[1]", `{"a":1}`}}}},
		"errors that were there": {answer(`{"q":null}`, "x", "x"), answer(`{"q":null}`, "x"), false, ran{Outcome: sameErrors}},
		"an error more":          {answer(`{"q":null}`, "x"), answer(`{"q":null}`, "x", "x"), false, ran{Outcome: newErrors, Errors: []string{"x"}}},
		"values in errors": {answer(`{"q":1}`), answer(`{"q":1}`, `value 'secret' of type "User"`), false,
			ran{Outcome: newErrors, Errors: []string{`value '...' of type "User"`}}},
		"values that are to be shown": {answer(`{"q":1}`), answer(`{"q":1}`, "value 'secret'"), true,
			ran{Outcome: newErrors, Errors: []string{"value 'secret'"}}},
		"refused":           {answer(`{"q":1}`), answer(``, "Cannot query"), false, ran{Outcome: noLongerValid, Errors: []string{"Cannot query"}}},
		"refused as before": {answer(``, "Cannot query"), answer(``, "Cannot query"), false, ran{Outcome: sameErrors}},
	} {
		var got ran
		got.compare(c.before, c.after, known, c.showValues)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestUnfitOperations(t *testing.T) {
	t.Parallel()
	parsed, err := sdl.Parse(&sdl.File{Name: "s.graphql", Text: `
type User { id: ID! name: String far: String @custom(http: {url: "http://x", method: GET}) made: Int @lambda }
type Query { near: [User] @custom(dql: "query { near(func: type(User)) { id: uid } }") }`})
	if err != nil {
		t.Fatal(err)
	}
	remote := remoteFields(diff.New(parsed).Schema)
	if d := cmp.Diff(map[string]bool{"far": true, "made": true}, remote); d != "" {
		t.Error(d)
	}
	all, _, err := operationsOf(operations.Join(operations.Whole(&sdl.File{Name: "o.graphql", Text: `
query Fine { near { name } }
query Far { near { ...F } }
fragment F on User { far }
query Given($a: String = "x", $b: String) { near { name } }
query Wanting($a: String!) { near { name } }
mutation M { addUser(input: []) { numUids } }
subscription S { near { name } }`})))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, o := range all {
		got[o.Name] = o.unfit(remote)
	}
	if d := cmp.Diff(map[string]string{
		"Fine": "", "Given": "",
		"Far":     "it asks for far, and a field of that name calls another service",
		"Wanting": "$a has no value: give one in a file with the same name and .json",
		"M":       "it is a mutation, and only queries run",
		"S":       "it is a subscription, and only queries run",
	}, got); d != "" {
		t.Error(d)
	}
}

// TestCorrupted: one value that no plan writes and that is another afterwards is told, and nothing that a plan writes.
func TestCorrupted(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Alter(t, "W.a: string .\nW.b: string .\nW.c: string .\nW.gone: string .\n")
	d.Mutate(t, "_:x <W.a> \"1\" .\n_:x <W.b> \"1\" .\n_:y <W.b> \"2\" .\n_:x <W.c> \"1\" .\n_:x <W.gone> \"1\" .\n")
	c, err := program{}.dial(t.Context(), dql.Config{Alphas: []string{d.GRPC}, HTTP: d.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stored := func() *dql.Stored {
		s, err := c.Stored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before, err := clone.Sums(t.Context(), c, stored(), false)
	if err != nil {
		t.Fatal(err)
	}
	o := &rehearseOptions{}
	o.diff.quiet = true
	plan := &migrate.Plan{Steps: []migrate.Step{{Writes: []string{"W.a"}}, {Drop: &migrate.Drop{Predicates: []string{"W.gone"}}}}}
	r := &rehearsing{options: o, files: []migrate.File{{Plan: plan}}, report: &rehearsal{}}

	d.Mutate(t, "_:z <W.a> \"2\" .\n")
	if err := c.DropPredicate(t.Context(), "W.gone"); err != nil {
		t.Fatal(err)
	}
	d.Alter(t, "W.c: int .\n") // read otherwise, and not changed
	r.copy = &live{client: c, stored: stored()}
	if err := r.untouched(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if len(r.report.Violations) > 0 || r.report.Untouched == 0 {
		t.Errorf("what plans write and drop: %+v", r.report)
	}
	if err := c.DropPredicate(t.Context(), "W.b"); err != nil {
		t.Fatal(err)
	}
	r.copy.stored = stored()
	if err := r.untouched(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if len(r.report.Violations) != 1 || r.report.Violations[0].Where != "W.b" || !strings.Contains(r.report.Violations[0].What, "2 quads before, 0 after") {
		t.Errorf("lost values: %+v", r.report.Violations)
	}
}

// TestRehearsalInWords: one of a kind is told as one.
func TestRehearsalInWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		1: "verified: 1 closing question; 1 predicate that no plan writes is as it was\n" +
			"VIOLATION: left p: phase before could not change it: why; 1 node: 0x1\n",
		2: "verified: 2 closing questions; 2 predicates that no plan writes are as they were\n" +
			"VIOLATION: left p: phase before could not change them: why; 2 nodes: 0x1, 0x2\n",
	} {
		r := &rehearsal{Checks: n, Untouched: n, Copied: &clone.Copied{}}
		result := &migrate.Result{Status: migrate.Status{Phase: migrate.Before}}
		for i := range n {
			result.Left = append(result.Left, migrate.Left{UID: uint64(i + 1), Reason: "why"})
		}
		r.outcome(migrate.Outcome{Plan: "p", Results: []*migrate.Result{result}})
		var out strings.Builder
		r.text(&out)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s\nwant in it:\n%s", out.String(), want)
		}
	}
}

// TestClock: the time between two signs belongs to the step that the first is of, and so do the nodes.
func TestClock(t *testing.T) {
	t.Parallel()
	r := &rehearsal{}
	c := newClock(r)
	status := func(phase migrate.Phase, step string, nodes, changed uint64) migrate.Status {
		return migrate.Status{Plan: "p", Phase: phase, Step: step, Counts: migrate.Counts{Nodes: nodes, Changed: changed}}
	}
	for _, s := range []migrate.Status{
		status(migrate.Before, "a", 0, 0), status(migrate.Before, "a", 600, 10), status(migrate.Before, "a", 1200, 20),
		status(migrate.Before, "b", 1300, 20), status(migrate.Before, "b", 1400, 21), status(migrate.Before, "", 1400, 21),
		status(migrate.After, "c", 0, 0), status(migrate.After, "c", 5, 5),
	} {
		c.tick(s)
	}
	c.stop()
	var got []timing
	for _, s := range r.Steps {
		if million := s.PerMillion != nil; million != (s.Nodes >= enough) || s.Seconds < 0 {
			t.Errorf("times of %+v", s)
		}
		s.Seconds, s.PerMillion = 0, nil
		got = append(got, s)
	}
	if d := cmp.Diff([]timing{
		{Plan: "p", Phase: "before", Step: "a", Nodes: 1300, Changed: 20},
		{Plan: "p", Phase: "before", Step: "b", Nodes: 100, Changed: 1},
		{Plan: "p", Phase: "after", Step: "c", Nodes: 5, Changed: 5},
	}, got); d != "" {
		t.Error(d)
	}
}
