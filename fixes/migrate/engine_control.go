package migrate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// tuned is how fast a run may be, as it was started or as somebody wants it now.
type tuned struct {
	rate float64 // nodes a second; 0 for no bound
	size int     // nodes of a batch; 0 leaves it to the engine
}

// heldUp is for a run that somebody wants to wait.
type heldUp struct{ who string }

// Error says who.
func (h *heldUp) Error() string { return "paused by " + h.who }

// heed does what somebody wants of the run, by what is noted: it returns why the
// run ends or waits, or nil.
func (r *run) heed(noted *kept) error {
	w, err := wishOf(noted, r.token)
	if err != nil {
		return err
	}
	next := tuned{r.options.Rate, r.options.BatchSize}
	if w.Rate != nil {
		next.rate = *w.Rate
	}
	if w.BatchSize != nil {
		next.size = *w.BatchSize
	}
	r.mu.Lock()
	r.tuned = next
	r.mu.Unlock()
	r.limit.set(next.rate)
	switch {
	case w.Cancel:
		return &Stopped{Reason: "cancelled by " + w.Who, Cancelled: true}
	case w.Pause:
		return &heldUp{w.Who}
	}
	return nil
}

// mayGoOn returns why no further batch is begun, or nil.
func (r *run) mayGoOn(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.mu.Lock()
	logged := r.logged
	r.mu.Unlock()
	if logged > r.options.UndoLimit {
		return &Stopped{Reason: fmt.Sprintf("the log that undoing needs has reached %d bytes, the limit for a run; allow more (--undo-limit) or do without (--undo off)", logged)}
	}
	if d := r.options.MaxDuration; d > 0 && time.Since(r.started) >= d {
		return &Stopped{Reason: fmt.Sprintf("the time for this run (%v) is over", d)}
	}
	return nil
}

// between is called where no batch asks what somebody wants: it returns why the run
// ends, and takes the time that somebody wants it to wait.
func (r *run) between(ctx context.Context) error {
	if err := r.mayGoOn(ctx); err != nil {
		return err
	}
	err := r.listen(ctx)
	if held := (*heldUp)(nil); errors.As(err, &held) {
		return r.hold(ctx, held.who)
	}
	return err
}

// listen reads what somebody wants of the run, and does it as [run.heed] does.
func (r *run) listen(ctx context.Context) error {
	nodes, err := find(ctx, r.client.Snapshot(), wishKey)
	if err != nil {
		return err
	}
	return r.heed(nodes[0])
}

// heldLook is how often a run that waits looks whether it may go on.
const heldLook = 500 * time.Millisecond

// hold waits until nobody wants the run to wait any more. It holds the lock all
// the time.
func (r *run) hold(ctx context.Context, who string) error {
	r.held(who)
	defer r.held("")
	for {
		if err := sleep(ctx, heldLook); err != nil {
			return err
		}
		if err := r.mayGoOn(ctx); err != nil {
			return err
		}
		err := r.listen(ctx)
		if !errors.As(err, new(*heldUp)) {
			return err
		}
	}
}

// held tells that the run waits; "" that it does not any more.
func (r *run) held(who string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := Pace{Step: r.status.Step, Limit: r.tuned.rate} // before the first step
	if p := r.status.Pace; p != nil {
		now = *p
	}
	if now.Held != who {
		now.Held = who
		r.goes(now)
		r.meter = meter{}
		r.tell()
	}
}

// hook calls what somebody wants to be called around batches.
func (r *run) hook(ctx context.Context, call func(context.Context, Status) error) error {
	if call == nil {
		return nil
	}
	r.mu.Lock()
	now := r.status
	r.mu.Unlock()
	r.hooks.Lock()
	defer r.hooks.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(ctx, cancel) })
	defer watching.Wait()
	err := call(ctx, now)
	switch {
	case err == nil:
		cancel(nil)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	cancel(nil)
	return &Stopped{Reason: err.Error()}
}

// watch ends what takes long elsewhere when somebody wants the run to end, or its
// time is over.
func (r *run) watch(ctx context.Context, end context.CancelCauseFunc) {
	for sleep(ctx, heldLook) == nil {
		if err := r.mayGoOn(ctx); err != nil {
			end(err)
			return
		}
		nodes, err := find(ctx, r.client.Snapshot(), wishKey)
		if err != nil {
			continue // the next batch meets the same trouble, and says so
		}
		if err := r.heed(nodes[0]); err != nil && !errors.As(err, new(*heldUp)) {
			end(err)
			return
		}
	}
}
