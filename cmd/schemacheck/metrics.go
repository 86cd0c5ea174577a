package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// metrics are numbers of a run for Prometheus: in a file, or served over HTTP.
// Their labels are the ids of plans and steps, and names of phases and states.
type metrics struct {
	registry *prometheus.Registry
	file     string // empty for none
	server   *http.Server
	stop     context.CancelFunc
	writing  sync.WaitGroup

	nodes, changed, left, batches, aborts, retries      *prometheus.CounterVec // of this run
	stepTotal, stepNodes, rate, limit, batchSize, state *prometheus.GaugeVec
	running, paused, sign, ended                        prometheus.Gauge
	result                                              *prometheus.GaugeVec
}

// measure begins to keep metrics where somebody wants them.
func (p program) measure(o *accountOptions) (*metrics, error) {
	m := newMetrics()
	if o.metricsFile != "" {
		m.file = p.path(o.metricsFile)
		if err := m.write(); err != nil {
			return nil, &problem{exitUnfinished, fmt.Errorf("--metrics-file: %w", err)}
		}
	}
	if o.metricsListen != "" {
		host, port, err := net.SplitHostPort(o.metricsListen)
		if err != nil {
			return nil, err // check has refused it
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(first(host, "127.0.0.1"), port))
		if err != nil {
			return nil, &problem{exitUnfinished, fmt.Errorf("--metrics-listen: %w", err)}
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
		m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
		fmt.Fprintf(p.err, "schemacheck: metrics are at http://%s/metrics\n", listener.Addr())
		m.writing.Go(func() { _ = m.server.Serve(listener) }) // until it is closed
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	if m.file != "" {
		m.writing.Go(func() { m.keep(ctx) })
	}
	return m, nil
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	const prefix = "schemacheck_migrate_"
	step := []string{"plan", "phase", "step"}
	counter := func(name, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, step)
		m.registry.MustRegister(c)
		return c
	}
	gauges := func(name, help string, labels []string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
		m.registry.MustRegister(g)
		return g
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
		m.registry.MustRegister(g)
		return g
	}
	m.nodes = counter("nodes_total", "Nodes that this run has looked at.")
	m.changed = counter("changed_total", "Nodes that this run has written.")
	m.left = counter("left_total", "Nodes that this run has not written although they should have been.")
	m.batches = counter("batches_total", "Batches that this run has written.")
	m.aborts = counter("aborts_total", "Batches that were repeated because somebody else wrote the same.")
	m.retries = counter("retries_total", "Batches that were repeated for another reason.")
	m.stepTotal = gauges("step_nodes", "Nodes that the step goes through, as many as there were when it began.", step)
	m.stepNodes = gauges("step_nodes_done", "Nodes of the step that are done, by earlier runs too.", step)
	m.rate = gauges("rate", "Nodes a second, of the last half minute; 0 while it is not known.", step)
	m.limit = gauges("rate_limit", "Bound of the nodes a second; 0 for none.", step)
	m.batchSize = gauges("batch_size", "Nodes of the next batch.", step)
	m.state = gauges("state", "1 for the state that the phase of the plan is in.", []string{"plan", "phase", "state"})
	m.running = gauge("running", "1 while a run is at work.")
	m.paused = gauge("paused", "1 while the run waits because somebody wants that.")
	m.sign = gauge("last_sign_timestamp_seconds", "When the run was last seen to go on, in seconds since 1970.")
	m.ended = gauge("end_timestamp_seconds", "When the run ended, in seconds since 1970; 0 while it is at work.")
	m.result = gauges("last_result", "1 for what the run came to: done, stopped (it can go on) or failed.", []string{"result"})
	m.running.Set(1)
	m.sign.SetToCurrentTime()
	return m
}

// see takes what has become of a phase since it was seen last.
func (m *metrics) see(was, now migrate.Status) {
	m.sign.SetToCurrentTime()
	plan, phase := label(now.Plan), string(now.Phase)
	if was.State != now.State {
		m.state.DeleteLabelValues(plan, phase, string(was.State))
	}
	m.state.WithLabelValues(plan, phase, string(now.State)).Set(1)
	p := now.Pace
	if p == nil {
		return
	}
	at := []string{plan, phase, label(p.Step)}
	// At the beginning of a step the database tells what earlier runs have done.
	begins := was.Pace == nil || was.Pace.Step != p.Step || was.Pace.Total == 0
	for _, c := range []struct {
		of       *prometheus.CounterVec
		was, now uint64
	}{
		{m.nodes, was.Counts.Nodes, now.Counts.Nodes}, {m.changed, was.Counts.Changed, now.Counts.Changed},
		{m.left, was.Counts.Left, now.Counts.Left}, {m.batches, was.Counts.Batches, now.Counts.Batches},
		{m.aborts, was.Counts.Aborts, now.Counts.Aborts}, {m.retries, was.Counts.Retries, now.Counts.Retries},
	} {
		grown := 0.0
		if !begins && c.now > c.was {
			grown = float64(c.now - c.was)
		}
		c.of.WithLabelValues(at...).Add(grown)
	}
	m.stepTotal.WithLabelValues(at...).Set(float64(p.Total))
	m.stepNodes.WithLabelValues(at...).Set(float64(p.Nodes))
	m.rate.WithLabelValues(at...).Set(p.Rate)
	m.limit.WithLabelValues(at...).Set(p.Limit)
	m.batchSize.WithLabelValues(at...).Set(float64(p.BatchSize))
	m.paused.Set(0)
	if p.Held != "" {
		m.paused.Set(1)
	}
}

// label is a text that Prometheus takes for one.
func label(text string) string { return strings.ToValidUTF8(text, "?") }

// write replaces the file.
func (m *metrics) write() error {
	if err := prometheus.WriteToTextfile(m.file, m.registry); err != nil {
		return fmt.Errorf("writing metrics to %s: %w", filepath.Base(m.file), err)
	}
	return nil
}

// keep writes the file from time to time.
func (m *metrics) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
			_ = m.write() // the last one tells of what is wrong
		}
	}
}

// end notes what a run came to, with an error when it was not ended, and ends what
// is served.
func (m *metrics) end(err error, stopped bool) error {
	m.running.Set(0)
	m.paused.Set(0)
	m.ended.SetToCurrentTime()
	result := "done"
	switch {
	case stopped:
		result = "stopped"
	case err != nil:
		result = "failed"
	}
	m.result.WithLabelValues(result).Set(1)
	m.stop()
	if m.server != nil {
		_ = m.server.Close()
	}
	m.writing.Wait()
	if m.file == "" {
		return nil
	}
	return m.write()
}
