package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// progress tells on standard error how far a long work is: on a terminal by a bar
// that goes away at the end, else by a line from time to time.
type progress struct {
	to io.Writer
	// log has the lines as events; nil has them as text.
	log      *slog.Logger
	terminal bool
	quiet    bool

	mu        sync.Mutex
	last      time.Time     // of a line
	held      string        // who has a run wait, as it was told
	bars      *mpb.Progress // nil before the first is drawn
	name, bar *mpb.Bar
	// now is read while the bars are drawn, which the lock would have wait.
	now atomic.Pointer[moment]
}

const (
	redraw   = 200 * time.Millisecond // on a terminal
	interval = 10 * time.Second       // elsewhere
)

// moment is how far a work is.
type moment struct {
	what, how string
	// nodes were gone through of all; 0 while that is not known.
	nodes, of uint64
	since     time.Time // what it does now
}

func (p program) progress(quiet bool) *progress {
	g := &progress{to: p.err, quiet: quiet, last: time.Now()}
	if t, ok := p.err.(*talk); ok {
		g.to, g.log = t.to, t.log
	}
	dumb, _ := p.env("TERM")
	g.terminal = g.log == nil && isTerminal(g.to) && dumb != "dumb"
	return g
}

// tell tells of questions to the data.
func (g *progress) tell(now dql.Progress) {
	g.say(false, func() moment {
		m := moment{what: "asking the stored data", how: number(now.Requests, "request", "requests"), nodes: now.Nodes, of: now.Of}
		if now.Of > 0 {
			m.how += fmt.Sprintf(", %d%% of %s", 100*now.Nodes/now.Of, number(now.Of, "node", "nodes"))
		}
		if now.Pass > 1 {
			m.how += fmt.Sprintf(", pass %d", now.Pass)
		}
		return m
	}, func() {
		g.log.Info("asking", "requests", now.Requests, "nodes", now.Nodes, "of", now.Of, "pass", now.Pass)
	})
}

// reading tells of reading what is not to change.
func (g *progress) reading(predicate string, nodes uint64) {
	g.say(false, func() moment {
		return moment{what: "reading what is not to change", how: number(nodes, "node", "nodes") + " with " + predicate}
	}, func() { g.log.Info("reading", "predicate", predicate, "nodes", nodes) })
}

// copying tells of filling a throwaway server.
func (g *progress) copying(quads uint64) {
	g.say(false, func() moment {
		return moment{what: "copying", how: number(quads, "quad", "quads")}
	}, func() { g.log.Info("copying", "quads", quads) })
}

// run tells of a run of a plan. Of its steps the one that runs is the nth of all.
func (g *progress) run(s migrate.Status, nth, all int) {
	p := s.Pace
	if p == nil || s.State != migrate.Running && s.State != migrate.Undoing {
		return
	}
	g.mu.Lock()
	changed := g.held != p.Held
	g.held = p.Held
	g.mu.Unlock()
	g.say(changed, func() moment { return momentOf(s, nth, all) }, func() { g.log.Info("progress", paceFields(s)...) })
}

// momentOf is where a run of a plan is. Of its steps the one that runs is the nth of
// all.
func momentOf(s migrate.Status, nth, all int) moment {
	p := s.Pace
	m := moment{what: fmt.Sprintf("%s, phase %s, step %s", s.Plan, s.Phase, p.Step), how: paceInWords(p), nodes: p.Nodes, of: p.Total}
	if s.State == migrate.Undoing {
		m.what = "undoing " + m.what
	}
	if all > 1 {
		m.what += fmt.Sprintf(" (%d of %d)", nth, all)
	}
	if more := troubleInWords(s.Counts); more != "" {
		m.how = strings.TrimPrefix(m.how+", "+more, ", ")
	}
	return m
}

// waiting tells what is waited for, while nothing else is to be told. m is where the run
// is, and at the same as an event has it.
func (g *progress) waiting(m moment, w standstill, at []any) {
	g.say(false, func() moment {
		since := w.since.UTC()
		how := fmt.Sprintf("%s since %s (%v)", w.words(), since.Format(time.RFC3339), time.Since(since).Round(time.Second))
		m.how = strings.TrimPrefix(m.how+", "+how, ", ")
		return m
	}, func() { g.log.Info("waiting", append(at, "for", w.what, "since", w.since.UTC())...) })
}

// standstill is what a run waits for, and since when.
type standstill struct {
	what  string
	since time.Time
}

// What a run waits for.
const (
	forServer = "server" // none answers
	forDeploy = "deploy" // the new GraphQL schema is not served yet
	forSchema = "schema" // the stored schema is not altered yet
	forResume = "resume" // somebody has it wait
	forBatch  = "batch"  // or for the closing question of a step
)

func (w standstill) words() string {
	switch w.what {
	case forServer:
		return "no answer from the server"
	case forDeploy:
		return "waiting for the update, which can build indexes,"
	case forSchema:
		return "waiting for the stored schema to be altered, which can build indexes,"
	case forResume:
		return "waiting to be resumed"
	}
	return "no batch has ended"
}

// paceInWords is how far a step is; empty for one that goes through no nodes.
func paceInWords(p *migrate.Pace) string {
	var all []string
	if p.Total > 0 {
		all = append(all, fmt.Sprintf("%d of %s (%d%%)", p.Nodes, number(p.Total, "node", "nodes"), 100*p.Nodes/p.Total))
	}
	if p.Rate > 0 && p.Held == "" {
		all = append(all, fmt.Sprintf("%.0f nodes/s", p.Rate))
	}
	if left := p.Left(); left > 0 {
		all = append(all, fmt.Sprintf("about %v left", left))
	}
	if p.Held != "" {
		all = append(all, "paused by "+p.Held)
	}
	return strings.Join(all, ", ")
}

// troubleInWords is what batches met; empty when that is nothing.
func troubleInWords(c migrate.Counts) string {
	var all []string
	if c.Aborts > 0 {
		all = append(all, fmt.Sprintf("%s repeated", number(int(c.Aborts), "batch", "batches")))
	}
	if c.Retries > 0 {
		all = append(all, number(int(c.Retries), "retry", "retries"))
	}
	return strings.Join(all, ", ")
}

// say tells how far the work is, when it is time for that or at once: as the moment
// or by the event.
func (g *progress) say(atOnce bool, now func() moment, event func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.quiet {
		return
	}
	wait := interval
	if g.terminal {
		wait = redraw
	}
	if time.Since(g.last) < wait && !atOnce {
		return
	}
	g.last = time.Now()
	if g.log != nil {
		event()
		return
	}
	m := now()
	m.what, m.how = report.Escape(m.what), report.Escape(m.how)
	if !g.terminal {
		fmt.Fprintln(g.to, "schemacheck: "+strings.TrimSuffix(m.what+": "+m.how, ": "))
		return
	}
	m.since = g.last
	if was := g.now.Load(); was != nil && was.what == m.what {
		m.since = was.since
	}
	g.now.Store(&m)
	g.draw(&m)
}

// barWidth is that of the bar alone, in columns.
const barWidth = 30

// draw brings the bar up to date. It has a line above it that says what is done;
// both are cut where the terminal ends.
func (g *progress) draw(now *moment) {
	if g.bars == nil {
		g.bars = mpb.New(mpb.WithConsoleWriter(newScreen(g.to)), mpb.WithRefreshRate(redraw))
		g.name = g.bars.New(0, mpb.NopStyle(), mpb.BarFillerTrim(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			return g.now.Load().what
		})))
		g.bar = g.bars.New(0, mpb.BarStyle(), mpb.BarFillerMiddleware(func(bar mpb.BarFiller) mpb.BarFiller {
			return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
				if s.Total <= 0 {
					return nil
				}
				return bar.Fill(w, s)
			})
		}), mpb.BarWidth(barWidth), mpb.BarFillerTrim(), mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			m := g.now.Load()
			if m.how == "" {
				return fmt.Sprintf(" for %v", time.Since(m.since).Round(time.Second))
			}
			return " " + m.how
		})))
	}
	g.bar.SetTotal(int64(now.of), false)
	g.bar.SetCurrent(int64(now.nodes))
}

// end takes the bar away.
func (g *progress) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.bars != nil {
		g.name.Abort(true)
		g.bar.Abort(true)
		g.bars.Wait()
		g.bars = nil
	}
}
