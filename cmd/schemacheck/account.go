package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// account is what people and machines see of a run while it is at work.
type account struct {
	files    []migrate.File
	progress *progress
	log      *slog.Logger
	metrics  *metrics // nil when nobody wants any
	talk     io.Writer
	quiet    bool
	// away is since when the server has not answered; zero when it does.
	away func() time.Time
	stop context.CancelFunc // of the watch
	over sync.WaitGroup

	mu     sync.Mutex // of what follows
	seen   map[phaseOf]migrate.Status
	last   migrate.Status // what was seen last
	at     time.Time      // and when
	deploy *string        // the plan whose schema is being deployed, empty for one without a plan; nil when none is
}

type phaseOf struct {
	plan  string
	phase migrate.Phase
}

// accountOptions say who else is told of a run.
type accountOptions struct {
	metricsFile   string
	metricsListen string
}

func (o *accountOptions) bind(flags *pflag.FlagSet) {
	flags.StringVar(&o.metricsFile, "metrics-file", "", "keep metrics of the run in `FILE`, for Prometheus' textfile collector (a name that ends in .prom)")
	flags.StringVar(&o.metricsListen, "metrics-listen", "", "serve metrics of the run at http://`ADDRESS`/metrics, such as :9464; on this machine only unless a host is given")
}

// check refuses what cannot work, before anything is written.
func (o *accountOptions) check(p program) error {
	if o.metricsFile != "" {
		path := p.path(o.metricsFile)
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("--metrics-file %s: that is no regular file", o.metricsFile)
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return fmt.Errorf("--metrics-file %s: there is no folder %s: create it first", o.metricsFile, filepath.Dir(path))
		}
	}
	if o.metricsListen != "" {
		if _, _, err := net.SplitHostPort(o.metricsListen); err != nil {
			return fmt.Errorf("--metrics-listen %s: expected HOST:PORT or :PORT", o.metricsListen)
		}
	}
	return nil
}

func (o *accountOptions) given() bool { return o.metricsFile != "" || o.metricsListen != "" }

// account begins to tell of a run of plans.
func (p program) account(o *accountOptions, quiet bool, m *migration) (*account, error) {
	a := &account{files: m.files, talk: p.err, quiet: quiet, log: p.events(), away: m.client.Away, seen: map[phaseOf]migrate.Status{}, at: time.Now()}
	if o.given() {
		var err error
		if a.metrics, err = p.measure(o); err != nil {
			return nil, err
		}
	}
	a.progress = p.progress(quiet)
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.over.Go(func() { a.watch(ctx) })
	return a, nil
}

// still is for how long nothing has to come before it is told what is waited for.
const still = 2 * time.Second

// watch looks whether a run stands still, of which it tells nothing itself.
func (a *account) watch(ctx context.Context) {
	for ticks := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			ticks.Stop()
			return
		case <-ticks.C:
			a.stands()
		}
	}
}

// stands tells what a run waits for that has not been heard of for a while.
func (a *account) stands() {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, w := a.last, standstill{what: forBatch, since: a.at}
	if time.Since(w.since) < still {
		return
	}
	works := s.Pace != nil && (s.State == migrate.Running || s.State == migrate.Undoing)
	if away := a.away(); !away.IsZero() {
		w = standstill{forServer, away}
	} else if a.deploy != nil {
		w.what = forDeploy
	} else if !works {
		return
	} else if s.Pace.Held != "" {
		w.what = forResume
	} else if a.alters(s) {
		w.what = forSchema
	}
	switch {
	case a.deploy != nil:
		what := "deploying the GraphQL schema"
		if *a.deploy != "" {
			what += " of " + *a.deploy
		}
		a.progress.waiting(moment{what: what}, w, []any{"plan", *a.deploy})
	case works:
		nth, all := a.place(s)
		a.progress.waiting(momentOf(s, nth, all), w, []any{"plan", s.Plan, "phase", s.Phase, "step", s.Pace.Step})
	default:
		a.progress.waiting(moment{what: "the run"}, w, nil)
	}
}

// alters reports whether the step that is at work changes the stored schema.
func (a *account) alters(s migrate.Status) bool {
	for _, f := range a.files {
		if f.ID != s.Plan {
			continue
		}
		for _, step := range f.Steps {
			if step.ID == s.Pace.Step {
				return step.Select == nil
			}
		}
	}
	return false
}

// see tells of where a run is.
func (a *account) see(s migrate.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last, a.at = s, time.Now()
	at := phaseOf{s.Plan, s.Phase}
	was, known := a.seen[at]
	a.seen[at] = s
	nth, all := a.place(s)
	if !known {
		was = s
		was.Pace = nil
	}
	if a.metrics != nil { // before the events: who hears of one finds it there
		a.metrics.see(was, s)
	}
	if !known {
		a.log.Info("phase begun", "plan", s.Plan, "phase", s.Phase, "undo", s.State == migrate.Undoing, "steps", all)
	}
	a.steps(was, s, nth, all)
	a.progress.run(s, nth, all)
	if known && was.State != s.State {
		a.log.Info("phase ended", append([]any{"plan", s.Plan, "phase", s.Phase, "state", s.State, "error", s.Error}, countFields(s.Counts)...)...)
	}
}

// silent tells of another run that gives no sign of life, while it is waited for.
func (a *account) silent(b *migrate.Busy) {
	if a.quiet {
		return
	}
	fmt.Fprintf(a.talk, "schemacheck: %s was at work (%s) and gives no sign of life: this takes over when none comes for %v\n",
		report.Escape(b.Who), report.Escape(b.Doing), migrate.DefaultLease)
}

// steps tells what has become of the steps of a phase.
func (a *account) steps(was, now migrate.Status, nth, all int) {
	at := []any{"plan", now.Plan, "phase", now.Phase}
	for _, id := range now.Finished {
		if slices.Contains(was.Finished, id) {
			continue
		}
		what := "step done"
		if slices.Contains(now.NotApplicable, id) {
			what = "step not applicable"
		}
		a.log.Info(what, append(at, "step", id)...)
	}
	p, before := now.Pace, was.Pace
	if p == nil {
		return
	}
	at = append(at, "step", p.Step)
	if before == nil || before.Step != p.Step {
		a.log.Info("step begun", append(at, "number", nth, "of", all)...)
		return
	}
	switch {
	case p.Held == before.Held:
	case p.Held != "":
		a.log.Info("paused", append(at, "by", p.Held)...)
	default:
		a.log.Info("resumed", at...)
	}
	if before.Total > 0 && (p.Limit != before.Limit || p.FixedSize != before.FixedSize) {
		a.log.Info("tuned", append(at, "limit", p.Limit, "batchSize", p.FixedSize)...)
	}
}

// place says which of how many steps of its phase the one is that is at work.
func (a *account) place(s migrate.Status) (nth, all int) {
	for _, f := range a.files {
		if f.ID == s.Plan {
			return placeOf(f.Plan, s)
		}
	}
	return 0, 0
}

func placeOf(plan *migrate.Plan, s migrate.Status) (nth, all int) {
	step := s.Step
	if s.Pace != nil {
		step = s.Pace.Step
	}
	for _, one := range plan.Steps {
		if one.Phase == s.Phase {
			if all++; one.ID == step {
				nth = all
			}
		}
	}
	return nth, all
}

// deploying tells of an update of the schema.
func (a *account) deploying(plan string) func(*migrate.Deployed, error) {
	a.log.Info("deploy begun", "plan", plan)
	during := func(plan *string) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.deploy, a.at = plan, time.Now()
	}
	during(&plan)
	return func(d *migrate.Deployed, err error) {
		during(nil)
		if err != nil {
			a.log.Error("deploy failed", "plan", plan, "error", err.Error())
			return
		}
		a.log.Info("deploy ended", "plan", plan, "from", d.From.UTC(), "to", d.To.UTC(), "putBack", d.PutBack)
	}
}

// endAccount ends what is told; err is what the run ended with.
func (p program) endAccount(ctx context.Context, a *account, err error) {
	a.stop()
	a.over.Wait()
	a.progress.end()
	if a.metrics == nil {
		return
	}
	if err := a.metrics.end(err, stopped(ctx, err)); err != nil { // the run itself is as good as it was
		fmt.Fprintf(p.err, "schemacheck: warning: %s\n", report.Escape(err.Error()))
	}
}

// paceFields are a status and its pace as events have them.
func paceFields(s migrate.Status) []any {
	p := s.Pace
	return append([]any{"plan", s.Plan, "phase", s.Phase, "step", p.Step, "stepNodes", p.Nodes, "stepTotal", p.Total, "rate", p.Rate,
		"leftSeconds", int(p.Left().Seconds()), "batchSize", p.BatchSize, "limit", p.Limit, "pausedBy", p.Held}, countFields(s.Counts)...)
}

func countFields(c migrate.Counts) []any {
	return []any{"nodes", c.Nodes, "changed", c.Changed, "left", c.Left, "batches", c.Batches, "aborts", c.Aborts, "retries", c.Retries}
}

// summary counts plans by what came of them.
type summary struct {
	Done, Waiting, Stopped, Failed, Skipped, NotApplicable int
}

// summed is what came of the plans of a series that ended with an error or nil.
func summed(ctx context.Context, files []migrate.File, outcomes []migrate.Outcome, err error) summary {
	s := summary{Skipped: max(0, len(files)-len(outcomes))}
	for i, o := range outcomes {
		applies := func(r *migrate.Result) bool { return r.Status.State != migrate.NotApplicable }
		switch {
		case err != nil && i == len(outcomes)-1 && errors.As(err, new(*migrate.Busy)):
			s.Skipped++
		case err != nil && i == len(outcomes)-1 && stopped(ctx, err):
			s.Stopped++
		case err != nil && i == len(outcomes)-1:
			s.Failed++
		case o.Waiting != "":
			s.Waiting++
		case len(o.Results) > 0 && !slices.ContainsFunc(o.Results, applies):
			s.NotApplicable++
		default:
			s.Done++
		}
	}
	return s
}

// summarize says what came of the plans.
func (p program) summarize(ctx context.Context, files []migrate.File, outcomes []migrate.Outcome, err error) {
	s := summed(ctx, files, outcomes, err)
	p.events().Info("finished", "done", s.Done, "waiting", s.Waiting, "stopped", s.Stopped, "failed", s.Failed, "skipped", s.Skipped, "notApplicable", s.NotApplicable)
	if len(files) == 0 {
		return
	}
	text := fmt.Sprintf("%s: %d done, %d failed, %d skipped (not begun), %d not applicable", number(len(files), "plan", "plans"), s.Done, s.Failed, s.Skipped, s.NotApplicable)
	if s.Waiting > 0 {
		text += fmt.Sprintf(", %d waiting for the schema", s.Waiting)
	}
	if s.Stopped > 0 {
		text += fmt.Sprintf(", %d stopped", s.Stopped)
	}
	fmt.Fprintln(p.out, text)
}

// stopped reports whether a run ended because somebody wanted that.
func stopped(ctx context.Context, err error) bool {
	return errors.As(err, new(*migrate.Stopped)) || err != nil && ctx.Err() != nil
}
