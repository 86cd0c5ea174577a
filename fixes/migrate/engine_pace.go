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

// wait takes as long as n nodes should have taken.
func (l *limiter) wait(ctx context.Context, n uint64) error {
	if l.rate <= 0 {
		return nil
	}
	l.mu.Lock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	pause := time.Until(l.free)
	l.mu.Unlock()
	return sleep(ctx, pause)
}

// jitter is the pause after a number of failures: longer each time, and never
// the same for two that met each other.
func jitter(failures int) time.Duration {
	base := 20 * time.Millisecond << min(failures, 7)
	return base/2 + rand.N(base)
}
