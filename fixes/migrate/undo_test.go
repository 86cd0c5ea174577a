package migrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestUndoInterrupted ends undoing at random points and goes on, until everything is as it was. In between no run goes
// on from the cursors.
func TestUndoInterrupted(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := open(t, d)
	const n = 300
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	o := Options{BatchSize: 10, Concurrency: 3, taskOf: taskOf}
	if _, err := Run(t.Context(), c, f, Before, o); err != nil {
		t.Fatal(err)
	}
	wantOnce(t, d, n)
	for ended := 0; ; ended++ {
		ctx, cancel := context.WithCancel(t.Context())
		at := 2 + random.IntN(20)
		o.point = func(string) {
			if at--; at == 0 {
				cancel()
			}
		}
		_, err := Undo(ctx, c, f, Before, o)
		cancel()
		if err == nil {
			if ended < 2 {
				t.Errorf("only interrupted %d times", ended)
			}
			break
		}
		if ended > 100 {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); !errors.As(err, new(*HalfUndone)) {
			t.Fatalf("a run of what is half undone: %v", err)
		}
	}
	if h := hits(t, d); h[""] != n {
		t.Errorf("undone: %v", h)
	}
	f.Checksum = "edited meanwhile"
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 100, taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	wantOnce(t, d, n)
}

// TestUndoRefused: what could be taken back in part only is not begun.
func TestUndoRefused(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	keep := &Copy{From: "T.tags", To: "T.kept"}
	kept := Step{ID: "keep", Phase: Before, Kind: "copy", Select: &Select{Root: "has(T.tags)"}, Reads: keep.reads(), Writes: keep.writes(), Convergent: true, Undo: UndoYes, Copy: keep}
	more := kept
	more.ID, more.Copy, more.Writes = "more", &Copy{From: "T.kept", To: "T.more"}, []string{"T.more"}
	more.Reads, more.Select = []string{"T.kept", "T.more"}, &Select{Root: "has(T.kept)"}
	declare := &Declare{Predicates: []Declared{{Name: "T.kept", Type: "string", List: true}, {Name: "T.more", Type: "string", List: true}}}
	declared := Step{ID: "declare", Phase: Before, Kind: "declare", Undo: UndoNo, Declare: declare}
	for _, test := range []struct {
		name  string
		steps []Step
		first Options // of an interrupted run
		then  Options
		want  string
	}{
		{"dropped", []Step{declared, kept, {ID: "anew", Phase: Before, Kind: "redeclare", Undo: UndoNo,
			Redeclare: &Redeclare{Predicate: Declared{Name: "T.tags", Type: "string"}, Copied: keep}}}, Options{}, Options{}, "step anew cannot be undone"},
		{"no log", []Step{declared, kept}, Options{}, Options{NoUndo: true}, "without the log"},
		{"half a log", []Step{declared, kept}, Options{BatchSize: 1}, Options{BatchSize: 1, NoUndo: true}, "without the log"},
		{"half a log, of the first step", []Step{declared, kept, more}, Options{BatchSize: 1, NoUndo: true}, Options{BatchSize: 1}, "step keep ran without the log"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.DropAll(t)
			d.Alter(t, "T.tags: [string] .\n")
			d.Mutate(t, "_:a <T.tags> \"x\" .\n_:a <T.tags> \"y\" .\n_:b <T.tags> \"z\" .\n")
			f := File{&Plan{Version: 1, ID: "20260101000000-refused", Steps: test.steps}, "abc"}
			ctx, cancel := context.WithCancel(t.Context())
			test.first.point = func(name string) {
				if name == "batch done" && test.first.BatchSize > 0 {
					cancel()
				}
			}
			if test.first.BatchSize > 0 {
				if _, err := Run(ctx, c, f, Before, test.first); err == nil {
					t.Error("not interrupted")
				}
			}
			cancel()
			if _, err := Run(t.Context(), c, f, Before, test.then); err != nil {
				t.Fatal(err)
			}
			read := "{q(func: has(T.kept)) {T.kept} r(func: has(T.more)) {T.more}}"
			was := string(d.Query(t, read))
			if _, err := Undo(t.Context(), c, f, Before, Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if now := string(d.Query(t, read)); now != was || !strings.Contains(was, "z") {
				t.Errorf("before:\n%s\nafter:\n%s", was, now)
			}
			if again, err := Run(t.Context(), c, f, Before, Options{}); err != nil || !again.Already {
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
}

// TestUndoOrder: what a later phase stands on is not taken away under it, whether the plan is for schemas or not.
func TestUndoOrder(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 5)
	f, taskOf := countingPlan()
	for _, phase := range []Phase{After, Contract} {
		s := f.Steps[0]
		s.ID, s.Phase = "count-"+string(phase), phase
		f.Steps = append(f.Steps, s)
	}
	o := Options{taskOf: taskOf}
	undo := func(phase Phase, want string) {
		t.Helper()
		was := hits(t, d)
		_, err := Undo(t.Context(), c, f, phase, o)
		if want == "" && err != nil || want != "" && (!errors.As(err, new(*Unfit)) || !strings.Contains(err.Error(), want)) {
			t.Errorf("undoing %s: %v, want %q", phase, err, want)
		}
		if now := hits(t, d); want != "" && !maps.Equal(now, was) {
			t.Errorf("undoing %s was refused, and %v became %v", phase, was, now)
		}
	}
	for _, phase := range phases {
		if _, err := Run(t.Context(), c, f, phase, o); err != nil {
			t.Fatal(err)
		}
	}
	undo(Before, "take it back first (schemacheck migrate undo 20260101000000-count --phase after)")
	undo(After, "take it back first, if it can be (schemacheck migrate undo 20260101000000-count --phase contract)")
	undo(Contract, "")
	undo(After, "")
	undo(Before, "")
	if h := hits(t, d); h[""] != 5 {
		t.Errorf("%v", h)
	}
}

// TestUndoKinds takes back what makes nodes, what fills in values that Dgraph writes in another form, and values of
// lists to which others have added.
func TestUndoKinds(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	for _, test := range []struct {
		name string
		step Step
		meanwhile,
		want string // of what was added meanwhile
	}{
		{"refer", Step{Kind: "refer", Select: &Select{Root: "has(U.city)"}, Refer: &Refer{From: "U.city", To: "U.in", Key: "C.name", Target: []string{"C"}}}, "", ""},
		{"refer lists", Step{Kind: "refer", Select: &Select{Root: "has(U.tags)"}, Refer: &Refer{From: "U.tags", To: "U.ins", Key: "C.name", Target: []string{"C"}}}, "", ""},
		{"float", Step{Kind: "fill", Select: &Select{Root: "type(U)"}, Fill: &Fill{Predicate: "U.f", Type: "U", Reading: Reading{Type: "float"}, Values: []string{"1.50"}}}, "", ""},
		{"whole float", Step{Kind: "fill", Select: &Select{Root: "type(U)"}, Fill: &Fill{Predicate: "U.f", Type: "U", Reading: Reading{Type: "float"}, Values: []string{"2"}}}, "", ""},
		{"time", Step{Kind: "fill", Select: &Select{Root: "type(U)"}, Fill: &Fill{Predicate: "U.at", Type: "U", Reading: Reading{Type: "dateTime"}, Values: []string{"2020-02-03T04:05:06.700+02:00"}}}, "", ""},
		{"now", Step{Kind: "fill", Select: &Select{Root: "type(U)"}, Fill: &Fill{Predicate: "U.at", Type: "U", Reading: Reading{Type: "dateTime"}, Now: true}}, "", ""},
		{"list", Step{Kind: "copy", Select: &Select{Root: "has(U.tags)"}, Copy: &Copy{From: "U.tags", To: "U.labels"}}, "<A> <U.labels> \"new\" .\n", `"U.labels":["new"]`},
		{"deleted single", Step{Kind: "delete-values", Select: &Select{Root: "has(U.city)"}, DeleteValues: &DeleteValues{Predicates: []string{"U.city"}, Types: []string{"U"}}}, "", `"Rome"`},
		{"deleted", Step{Kind: "delete-values", Select: &Select{Root: "has(U.tags)"}, DeleteValues: &DeleteValues{Predicates: []string{"U.tags"}, Types: []string{"U"}}}, "<A> <U.tags> \"new\" .\n", `"new"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.DropAll(t)
			d.Alter(t, "U.city: string .\nU.in: uid .\nU.ins: [uid] .\nU.tags: [string] .\nU.labels: [string] .\nU.f: float .\nU.at: dateTime .\nC.name: string @index(hash) @upsert .\n")
			uids := d.Mutate(t, `
_:a <dgraph.type> "U" .
_:a <U.city> "Rome" .
_:a <U.tags> "x" (since=2020) .
_:a <U.tags> "y" .
_:b <dgraph.type> "U" .
_:b <U.city> "Rome" .
_:b <U.tags> "y" .
_:c <C.name> "y" .
_:c <dgraph.type> "C" .
`)
			s := test.step
			s.ID, s.Phase, s.Undo = "s", Before, UndoYes
			task, err := s.task()
			if err != nil {
				t.Fatal(err)
			}
			s.Reads, s.Writes = task.(paged).reads(), task.(paged).writes()
			if err := s.check(); err != nil {
				t.Fatal(err)
			}
			everything := func() string {
				return string(d.Query(t, "{q(func: type(U)) {uid dgraph.type U.city U.in {uid} U.ins {uid} U.tags @facets U.labels U.f U.at}}"))
			}
			was := everything()
			f := File{&Plan{Version: 1, ID: "20260101000000-kinds", Steps: []Step{s}}, "abc"}
			ran, err := Run(t.Context(), c, f, Before, Options{BatchSize: 1})
			if err != nil || ran.Status.Counts.Changed != 2 || everything() == was {
				t.Fatalf("%+v, %v\n%s", ran, err, everything())
			}
			if test.meanwhile != "" {
				d.Mutate(t, strings.ReplaceAll(test.meanwhile, "<A>", "<"+uids["a"]+">"))
			}
			back, err := Undo(t.Context(), c, f, Before, Options{})
			if err != nil || len(back.Left) > 0 {
				t.Errorf("%+v, %v", back, err)
			}
			now := everything()
			if test.meanwhile == "" && now != was {
				t.Errorf("before:\n%s\nundone:\n%s", was, now)
			}
			if !strings.Contains(now, test.want) || strings.Count(now, `"y"`) != 2 || !strings.Contains(now, `U.tags|since`) {
				t.Errorf("undone:\n%s", now)
			}
		})
	}
}

// TestPrune removes logs that are old enough, after which nothing can be undone.
func TestPrune(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 100
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	logs := func() int {
		return strings.Count(string(d.Query(t, "{q(func: between(schemacheck.key, \"log/\", \"log0\")) @filter(has(schemacheck.log)) {uid}}")), "uid")
	}
	if pruned, err := Prune(t.Context(), c, []File{f}, time.Now().Add(-time.Hour), Options{}); err != nil || len(pruned) > 0 || logs() != 10 {
		t.Errorf("too young: %+v, %v, %d logs", pruned, err, logs())
	}
	pruned, err := Prune(t.Context(), c, []File{f}, time.Now().Add(time.Hour), Options{})
	if err != nil || len(pruned) != 1 || pruned[0].Bytes == 0 || logs() != 0 {
		t.Errorf("%+v, %v, %d logs", pruned, err, logs())
	}
	if _, err := Undo(t.Context(), c, f, Before, Options{taskOf: taskOf}); err == nil || !strings.Contains(err.Error(), "the log was removed") {
		t.Errorf("undoing without logs: %v", err)
	}
	if again, err := Run(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil || !again.Already || again.Status.Counts.Changed != n {
		t.Errorf("%+v, %v", again, err)
	}
	wantOnce(t, d, n)
}

// TestForget removes all that is known of a plan, and nothing of one that is not over unless that is wanted.
func TestForget(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 20)
	f, taskOf := countingPlan()
	other := f
	plan := *f.Plan
	other.Plan = &plan
	other.Plan.ID += "-too" // the other's id begins so
	enough := hookAfter(1)
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 5, taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), c, other, Before, Options{BatchSize: 5, taskOf: taskOf, AfterBatch: enough}); !errors.As(err, new(*Stopped)) {
		t.Fatal(err)
	}
	nodes := func(id string) int {
		return strings.Count(string(d.Query(t, fmt.Sprintf("{q(func: has(schemacheck.key)) @filter(between(schemacheck.key, \"log/span/%[1]s/\", \"log/span/%[1]s0\") OR between(schemacheck.key, \"span/%[1]s/\", \"span/%[1]s0\") OR between(schemacheck.key, \"run/%[1]s/\", \"run/%[1]s0\")) {uid}}", id))), "uid")
	}
	was := hits(t, d)
	begun, all := nodes(other.ID), nodes(f.ID)
	if begun == 0 || all != 6 {
		t.Fatalf("%d and %d nodes", begun, all)
	}
	// One that is not over keeps the others as well.
	if err := Forget(t.Context(), c, []string{f.ID, other.ID}, false, Options{}); !errors.As(err, new(*Unfit)) || !strings.Contains(err.Error(), "--unfinished") || nodes(other.ID) != begun || nodes(f.ID) != all {
		t.Errorf("%v, %d and %d nodes", err, nodes(other.ID), nodes(f.ID))
	}
	if err := Forget(t.Context(), c, []string{f.ID}, false, Options{}); err != nil || nodes(f.ID) != 0 || nodes(other.ID) != begun {
		t.Errorf("%v, %d and %d nodes", err, nodes(other.ID), nodes(f.ID))
	}
	// Half undone it is only with a word, too.
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{taskOf: taskOf, point: func(name string) {
		if name == "batch undone" || name == "before commit" {
			cancel()
		}
	}}
	if _, err := Undo(ctx, c, other, Before, o); err == nil {
		t.Error("not interrupted")
	}
	cancel()
	if err := Forget(t.Context(), c, []string{other.ID}, false, Options{}); !errors.As(err, new(*Unfit)) || !strings.Contains(err.Error(), "is undoing") {
		t.Errorf("%v", err)
	}
	if err := Forget(t.Context(), c, []string{other.ID}, true, Options{}); err != nil || nodes(other.ID) != 0 {
		t.Errorf("%v, %d nodes", err, nodes(other.ID))
	}
	if all, err := Known(t.Context(), c, ""); err != nil || len(all) > 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if now := hits(t, d); len(now) == 0 || now[""] == 20 {
		t.Errorf("the data were %v, and are %v", was, now)
	}
}

// TestUndoPace: undoing is as slow as somebody wants it, hears what is wanted of it, ends when its time is over, and
// makes way for readers where nobody has said how fast it is to be.
func TestUndoPace(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const n = 60
	fillCounted(t, d, n)
	f, taskOf := countingPlan()
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	status := func() Status {
		t.Helper()
		all, err := Statuses(t.Context(), c, []File{f})
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	start := time.Now()
	var stopped *Stopped
	_, err := Undo(t.Context(), c, f, Before, Options{Rate: 20, MaxDuration: 700 * time.Millisecond, taskOf: taskOf})
	if took := time.Since(start); !errors.As(err, &stopped) || took < 400*time.Millisecond || took > 10*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	if s := status(); s.State != Undoing || s.Ended.IsZero() || s.Error != "" || hits(t, d)["1"] == 0 || hits(t, d)[""] == 0 {
		t.Errorf("%+v, %v", s, hits(t, d))
	}
	undone, done := make(chan bool, 10), make(chan error, 1)
	go func() {
		_, err := Undo(t.Context(), c, f, Before, Options{Rate: 0.001, taskOf: taskOf, point: func(name string) {
			if name == "batch undone" {
				undone <- true
			}
		}})
		done <- err
	}()
	<-undone
	if s := status(); s.State != Undoing || !s.Ended.IsZero() {
		t.Errorf("%+v", s)
	}
	fast := 0.0
	if _, err := Tell(t.Context(), c, "", Wish{Rate: &fast}, "somebody"); err != nil {
		t.Error(err)
	}
	select {
	case err := <-done:
		if err != nil || status().State != Pending || hits(t, d)[""] != n {
			t.Errorf("%v, %+v, %v", err, status(), hits(t, d))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it heard nothing")
	}
	for _, o := range []struct {
		o   Options
		way bool
	}{{Options{}, true}, {Options{FullSpeed: true}, false}, {Options{Rate: 5}, false}, {Options{Concurrency: 4, BatchSize: 5}, true}} {
		u := &undoing{&run{options: o.o, tuned: tuned{rate: o.o.Rate}}}
		if got := u.courteous() != nil; got != o.way {
			t.Errorf("%+v: makes way %v", o.o, got)
		}
	}
}

// TestUndoFails: why undoing could not go on is noted.
func TestUndoFails(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	fillCounted(t, d, 20)
	f, taskOf := countingPlan()
	if _, err := Run(t.Context(), c, f, Before, Options{BatchSize: 10, taskOf: taskOf}); err != nil {
		t.Fatal(err)
	}
	f.Steps[0].Writes = []string{"N.name"} // as if the log had been tampered with
	_, err := Undo(t.Context(), c, f, Before, Options{taskOf: taskOf})
	all, failed := Statuses(t.Context(), c, []File{f})
	if err == nil || !strings.Contains(err.Error(), "tampered with") || failed != nil || all[0].State != Undoing || !strings.Contains(all[0].Error, "tampered with") {
		t.Errorf("%v; %+v, %v", err, all, failed)
	}
	f.Steps[0].Writes = []string{"N.hits"}
	if r, err := Undo(t.Context(), c, f, Before, Options{taskOf: taskOf}); err != nil || r.Status.State != Pending || hits(t, d)[""] != 20 {
		t.Errorf("%+v, %v", r, err)
	}
}
