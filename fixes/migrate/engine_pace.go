package migrate

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// limiter bounds nodes a second.
type limiter struct {
	mu   sync.Mutex
	rate float64 // 0 for no bound
	free time.Time
}

func (l *limiter) begin(rate float64) { l.rate, l.free = rate, time.Now() }

// set changes the bound.
func (l *limiter) set(rate float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rate != l.rate {
		l.rate, l.free = rate, time.Now()
	}
}

// longestPause bounds pauses, in seconds: those of slower rates would not fit into a
// duration.
const longestPause = 1e9

// took notes n nodes, and returns how long they should have taken from now on; 0 for
// no bound.
func (l *limiter) took(n uint64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate <= 0 {
		return 0
	}
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(min(float64(n)/l.rate, longestPause) * float64(time.Second)))
	return time.Until(l.free)
}

// bound is how many nodes a second there may be.
func (l *limiter) bound() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rate
}

// throttle takes as long as n nodes should have taken. In a long pause it does what
// somebody wants of the run, and another rate begins anew.
func (r *run) throttle(ctx context.Context, n uint64) error {
	if r.options.SingleTxn { // nothing comes after it
		return nil
	}
	end, rate := time.Now().Add(r.limit.took(n)), r.limit.bound()
	for {
		left := time.Until(end)
		if err := sleep(ctx, min(left, heldLook)); err != nil || left <= heldLook {
			return err
		}
		if err := r.between(ctx); err != nil || r.limit.bound() != rate {
			return err
		}
	}
}

// jitter is the pause after a number of failures: longer each time, and never
// the same for two that met each other.
func jitter(failures int) time.Duration {
	base := 20 * time.Millisecond << min(failures, 7)
	return base/2 + rand.N(base)
}

// meter knows how fast a step was lately.
type meter struct {
	seen []sample
}

type sample struct {
	at    time.Time
	nodes uint64
}

// The rate is that of meterTime, and is not known before meterLeast.
const (
	meterTime  = 30 * time.Second
	meterLeast = 2 * time.Second
)

// note notes how many nodes were gone through until now, and returns the rate.
func (m *meter) note(now time.Time, nodes uint64) float64 {
	if n := len(m.seen); n > 1 && now.Sub(m.seen[n-2].at) < time.Second {
		m.seen[n-1] = sample{now, nodes} // one a second is enough
	} else {
		m.seen = append(m.seen, sample{now, nodes})
	}
	for len(m.seen) > 2 && now.Sub(m.seen[1].at) >= meterTime {
		m.seen = m.seen[1:]
	}
	first := m.seen[0]
	took := now.Sub(first.at)
	if took < meterLeast {
		return 0
	}
	return float64(nodes-min(first.nodes, nodes)) / took.Seconds()
}

// paced notes how far the step is; the caller holds the lock of the run.
func (w *work) paced(nodes uint64) {
	w.goes(Pace{Step: w.reader.step.ID, Nodes: nodes, Total: max(w.nodes, nodes), Rate: w.meter.note(time.Now(), nodes),
		BatchSize: w.makesWay(w.reader.step).limit(w.within(w.size)), FixedSize: w.fixedSize(w.reader.step), Limit: w.tuned.rate})
}

// stepBegins tells that a step begins, of whose nodes nothing is known yet.
func (r *run) stepBegins(s *Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter = meter{}
	r.goes(Pace{Step: s.ID, Limit: r.tuned.rate})
	r.tell()
}

// goes notes the pace, for the next sign of life too.
func (r *run) goes(p Pace) {
	p.Plan, p.Phase = r.file.ID, r.phase
	r.status.Pace = &p
	r.lease.pace.Store(&p)
}

// firstSize is the number of nodes of the first batch.
func (w *work) firstSize(s *Step) int {
	if n := w.fixedSize(s); n > 0 {
		return n
	}
	return defaultBatch
}

// fixedSize is the number of nodes of a batch that somebody wants; 0 when nobody
// has said it.
func (w *work) fixedSize(s *Step) int {
	switch {
	case w.options.SingleTxn:
		return MostSingle
	case w.tuned.size > 0:
		return w.tuned.size
	case s.BatchSize > 0:
		return s.BatchSize
	}
	return w.options.DefaultBatch
}

// batchSize is the size of the next batch.
func (w *work) batchSize() int {
	return w.courteous(w.reader.step).limit(w.wantedSize())
}

// wantedSize is that size where nobody is made way for.
func (w *work) wantedSize() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.fixedSize(w.reader.step); n != w.fixed { // it was changed while this runs
		w.fixed, w.size = n, max(n, leastBatch)
		if n == 0 {
			w.size = defaultBatch
		}
	}
	return w.within(w.size)
}

// within is a number of nodes with the rate in mind: of all ranges together not more
// than a second allows, so that they go on evenly. The caller holds the lock of the
// run.
func (w *work) within(size int) int {
	if rate := w.tuned.rate; rate > 0 && !w.options.SingleTxn {
		return min(size, max(int(min(rate, mostQuads))/w.options.Concurrency, leastBatch))
	}
	return size
}

func (w *work) shrink(size int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size = min(w.size, size)
}

// took lets the size of batches follow the time that they take, unless somebody
// has said it.
func (w *work) took(size int, d time.Duration, failures int) {
	// Of several at once each waits for the others, and one that was smaller would
	// not be faster. All that are in memory together are bounded.
	ranges := w.options.Concurrency
	target := targetTime * time.Duration(ranges)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.fixedSize(w.reader.step) > 0:
	case failures > 0 || d > 2*target:
		w.size = max(size/2, leastBatch)
	case d < target/2 && size == w.size:
		w.size = min(size+size/2+1, defaultBatch)
	}
}
