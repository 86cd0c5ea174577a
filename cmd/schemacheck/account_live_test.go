package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// longPlan copies A.a to A.b in one step and A.b to A.c in another, of as many
// nodes; a step before them finds nothing to do. It is written to a folder of its own.
func longPlan(t *testing.T, d *dgraphtest.Dgraph, nodes int) (dir string, plan migrate.Plan) {
	t.Helper()
	d.DropAll(t)
	d.Alter(t, "A.a: string .\nA.b: string .\nA.c: string .\nA.x: string .\n")
	var text strings.Builder
	for i := range nodes {
		fmt.Fprintf(&text, "_:n%d <A.a> \"secret%d\" .\n", i, i)
	}
	d.Mutate(t, text.String())
	plan = migrate.Plan{Version: migrate.PlanVersion, ID: "20260101000000-long", Name: "Long"}
	for _, s := range [][3]string{{"none", "A.x", "A.c"}, {"first", "A.a", "A.b"}, {"second", "A.b", "A.c"}} {
		plan.Steps = append(plan.Steps, migrate.Step{ID: s[0], Phase: migrate.Before, Title: "Copy", Kind: "copy", Select: &migrate.Select{Root: "has(" + s[1] + ")"},
			Reads: []string{s[1], s[2]}, Writes: []string{s[2]}, Convergent: true, Undo: migrate.UndoYes, Copy: &migrate.Copy{From: s[1], To: s[2]}})
	}
	file, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "migrations"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "migrations", plan.ID+".yaml"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, plan
}

// schemacheck runs the program in a folder against a server.
func schemacheck(t *testing.T, d *dgraphtest.Dgraph, dir string, err io.Writer, args ...string) (exit, string) {
	var out strings.Builder
	p := program{in: strings.NewReader(""), out: &out, err: err, env: func(string) (string, bool) { return "", false }, dir: dir}
	code := p.run(t.Context(), append(args, "--alpha", d.GRPC, "--http", d.HTTP))
	return code, out.String()
}

// TestAccount: a long run is watched all the time, and is paused, tuned and resumed
// meanwhile. What its events, its metrics and migrate status say of it is true, and
// watching it has made no batch repeat.
func TestAccount(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	const nodes = 3000 // at 150 a second they leave time to look, on a machine that stands still for a while, too
	dir, plan := longPlan(t, d, nodes)
	if code, out := schemacheck(t, d, dir, io.Discard, "migrate", "status"); code != 0 || !strings.Contains(out, "pending\nnext: schemacheck migrate up --alpha") {
		t.Fatalf("exit %d\n%s", code, out)
	}
	talk, said := io.Pipe()
	type ending struct {
		code exit
		out  string
	}
	done := make(chan ending, 1)
	go func() {
		code, out := schemacheck(t, d, dir, said, "migrate", "up", "--yes", "--rate", "150", "--batch-size", "15", "--log-format", "json",
			"--metrics-file", "run.prom", "--metrics-listen", ":0")
		said.Close()
		done <- ending{code, out}
	}()
	events := make(chan map[string]any, 1000)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(talk); lines.Scan(); {
			var event map[string]any
			if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
				t.Errorf("no event: %s", lines.Text())
			}
			events <- event
		}
	}()
	var all []map[string]any
	until := func(msg string) map[string]any {
		for {
			select {
			case e, ok := <-events:
				if !ok {
					t.Fatalf("no event %q in %v", msg, all)
				}
				if all = append(all, e); e["msg"] == msg {
					return e
				}
			case <-time.After(time.Minute):
				t.Fatalf("no event %q in %v", msg, all)
			}
		}
	}
	note := until("note")["text"].(string)
	_, address, ok := strings.Cut(note, "metrics are at ")
	if !ok || !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Fatalf("metrics are served elsewhere: %s", note)
	}
	scrape := func() string {
		resp, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	status := func() (phaseAt, []string) {
		code, out := schemacheck(t, d, dir, io.Discard, "migrate", "status", "--json")
		var l look
		if err := json.Unmarshal([]byte(out), &l); err != nil || code != 0 || len(l.Phases) != 1 {
			t.Fatalf("exit %d: %v\n%s", code, err, out)
		}
		return l.Phases[0], l.Next
	}
	until("step begun")
	var at phaseAt
	for end := time.Now().Add(time.Minute); at.Pace == nil || at.Pace.Rate == 0 || at.LeftSeconds == nil; { // watched without a pause
		if time.Now().After(end) {
			t.Fatalf("no pace: %+v", at)
		}
		at, _ = status()
	}
	if at.State != migrate.Running || at.Pace.Total != nodes || at.Pace.Nodes == 0 || at.Pace.Nodes >= nodes || at.Pace.Rate > 200 || at.Pace.BatchSize != 15 ||
		at.Pace.Limit != 150 || at.StepNumber != 2 || at.Steps != 3 || at.Abandoned || at.SilentSeconds != nil || at.Who == "" {
		t.Errorf("%+v, pace %+v", at, at.Pace)
	}
	tell := func(args ...string) {
		var said strings.Builder
		if code, out := schemacheck(t, d, dir, &said, append([]string{"migrate"}, args...)...); code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, said.String())
		}
	}
	tell("pause", "long")
	if by := until("paused")["by"]; by != whoIsThis() {
		t.Errorf("paused by %v", by)
	}
	if text := scrape(); !strings.Contains(text, "schemacheck_migrate_paused 1\n") || !strings.Contains(text, "schemacheck_migrate_running 1\n") || strings.Contains(text, "secret") {
		t.Errorf("metrics of a paused run\n%s", text)
	}
	for end := time.Now().Add(time.Minute); at.State != migrate.Paused; {
		if time.Now().After(end) {
			t.Fatalf("not paused: %+v", at)
		}
		at, _ = status()
	}
	if _, out := schemacheck(t, d, dir, io.Discard, "migrate", "status"); !strings.Contains(out, "paused by "+whoIsThis()) || !strings.Contains(out, "next: schemacheck migrate resume "+plan.ID) {
		t.Errorf("status of a paused run\n%s", out)
	}
	tell("tune", "long", "--rate", "0", "--batch-size", "100")
	tell("resume", "long")
	until("resumed")
	if e := until("tuned"); e["limit"] != 0.0 || e["batchSize"] != 100.0 {
		t.Errorf("tuned: %v", e)
	}
	until("finished")
	end := <-done
	for e := range events {
		all = append(all, e)
	}
	if end.code != 0 || !strings.Contains(end.out, "1 plan: 1 done, 0 failed, 0 skipped (not begun), 0 not applicable\n") {
		t.Errorf("exit %d\n%s", end.code, end.out)
	}
	var order []string
	for _, e := range all {
		text := e["msg"].(string)
		if step, ok := e["step"]; ok {
			text += " " + step.(string)
		}
		if !slices.Contains([]string{"note", "progress first", "progress second"}, text) {
			order = append(order, text)
		}
	}
	if d := cmp.Diff([]string{"phase begun", "step not applicable none", "step begun first", "paused first", "resumed first", "tuned first", "step done first",
		"step begun second", "step done second", "phase ended", "finished"}, order); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	for _, e := range all {
		if e["msg"] == "phase ended" && (e["state"] != "done" || e["nodes"] != 2.0*nodes || e["changed"] != 2.0*nodes || e["aborts"] != 0.0 || e["retries"] != 0.0) {
			t.Errorf("phase ended: %v", e)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.prom"))
	if err != nil {
		t.Fatal(err)
	}
	labels := func(step string) string { return fmt.Sprintf("{phase=%q,plan=%q,step=%q}", "before", plan.ID, step) }
	every := fmt.Sprintf(" %d\n", nodes)
	for _, want := range []string{"nodes_total" + labels("first") + every, "changed_total" + labels("second") + every, "aborts_total" + labels("first") + " 0\n",
		"step_nodes" + labels("second") + every, "running 0\n", "paused 0\n", `last_result{result="done"} 1`, `state{phase="before",plan="` + plan.ID + `",state="done"} 1`, "last_sign_timestamp_seconds 1"} {
		if !strings.Contains(string(text), "\nschemacheck_migrate_"+want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if strings.Contains(string(text), "secret") || strings.Contains(string(text), `state="running"`) {
		t.Errorf("metrics\n%s", text)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "run.prom?*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	if _, err := http.Get(address); err == nil {
		t.Error("metrics are served after the end")
	}
}

// TestStatusWritesNothing: neither where nothing has run, nor where something has.
func TestStatusWritesNothing(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	dir, plan := longPlan(t, d, 20)
	everything := func() string {
		stored := string(d.Query(t, "schema {}"))
		return stored + string(d.Query(t, "{s(func: has(schemacheck.key)) {uid schemacheck.key schemacheck.doc schemacheck.fence schemacheck.beat schemacheck.log} a(func: has(A.a)) {uid A.a A.b A.c}}"))
	}
	look := func(want string) {
		t.Helper()
		before := everything()
		for _, args := range [][]string{{}, {"--json"}, {"--limit", "1"}, {"migrations"}} {
			code, out := schemacheck(t, d, dir, io.Discard, append([]string{"migrate", "status"}, args...)...)
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("%v: exit %d, want %q in\n%s", args, code, want, out)
			}
		}
		if after := everything(); after != before {
			t.Errorf("it has changed something (-before +after):\n%s", cmp.Diff(before, after))
		}
	}
	look("pending")
	if strings.Contains(everything(), "schemacheck.") {
		t.Error("looking has declared the state")
	}
	if code, out := schemacheck(t, d, dir, io.Discard, "migrate", "up", "--yes", "-q"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	look("done")
	// Of a plan whose file is not here the state is known all the same.
	if err := os.RemoveAll(filepath.Join(dir, "migrations")); err != nil {
		t.Fatal(err)
	}
	code, out := schemacheck(t, d, dir, io.Discard, "migrate", "status")
	if code != 0 || !strings.Contains(out, plan.ID) || !strings.Contains(out, "its file is not here") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, _ := schemacheck(t, d, dir, io.Discard, "migrate", "status", "migrations"); code != exitUsage {
		t.Errorf("exit %d for a folder that is not there", code)
	}
}
