package migrate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

const defaultBeat = 2 * time.Second

// DefaultLease is after which time without a sign of life a run is taken over.
const DefaultLease = 20 * time.Second

// lockHolder is who holds the lock.
type lockHolder struct {
	// Token is empty when nobody does.
	Token string    `json:"token"`
	Who   string    `json:"who"`
	Since time.Time `json:"since"`
	// Doing is what the holder says that it does, and Run the key of the run that it
	// is at; empty when it is at none.
	Doing string `json:"doing"`
	Run   string `json:"run,omitempty"`
}

// Busy is the error for a lock that somebody else holds who is alive.
type Busy struct {
	Who   string
	Since time.Time
	Doing string
}

// Error says who and since when.
func (b *Busy) Error() string {
	return fmt.Sprintf("%s has been at work on this database since %s: %s; wait for it, or stop it with schemacheck migrate cancel --all",
		b.Who, b.Since.UTC().Format(time.RFC3339), b.Doing)
}

// ErrLeaseLost is why a run ends whose lock somebody else has taken.
var ErrLeaseLost = errors.New("another process has taken over, since this one gave no sign of life for the time of the lease; nothing was written twice")

// lease is a held lock. While it is held a counter in the database goes up; one
// who sees it stand still for the time of the lease, by a clock of its own, takes
// the lock.
type lease struct {
	client *dql.Client
	token  string
	me     lockHolder
	began  time.Time
	stop   context.CancelFunc
	beats  sync.WaitGroup
	pace   atomic.Pointer[Pace] // goes along with the signs of life
}

// acquire takes the lock. Options are filled. The returned context ends with [ErrLeaseLost] when
// somebody else has it.
func acquire(ctx context.Context, c *dql.Client, doing string, o Options) (context.Context, *lease, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return nil, nil, err
	}
	l := &lease{client: c, token: hex.EncodeToString(random), began: time.Now()}
	l.me = lockHolder{Token: l.token, Who: o.Who, Since: l.began.UTC().Truncate(time.Second), Doing: doing}
	for {
		found, err := l.take(ctx, "")
		if err != nil {
			return nil, nil, err
		}
		if found.Token == l.token {
			break
		}
		if err := observe(ctx, c, found, o); err != nil {
			return nil, nil, err
		}
		// It stood still: whoever held it is gone, or frozen.
		if found, err = l.take(ctx, found.Token); err != nil {
			return nil, nil, err
		}
		if found.Token == l.token {
			break
		}
	}
	l.began = time.Now() // to wait for the lock is no part of the run
	held, cancel := context.WithCancelCause(ctx)
	beating, stop := context.WithCancel(held)
	l.stop = stop
	l.beats.Go(func() { l.keep(beating, o.Beat, cancel) })
	return held, l, nil
}

// take takes the lock when nobody has it, or the holder of a token that is to
// be replaced. It returns who has it then.
func (l *lease) take(ctx context.Context, replaced string) (lockHolder, error) {
	for {
		tx := l.client.Txn()
		nodes, err := find(ctx, tx, lockKey, beatKey)
		if err != nil {
			return lockHolder{}, err
		}
		var now lockHolder
		if err := nodes[0].decode(&now); err != nil {
			return lockHolder{}, err
		}
		if now.Token != "" && now.Token != replaced {
			return now, nil
		}
		// Whoever is replaced writes no further batch, whatever plan it is at.
		fences, err := fencesOf(ctx, tx, &now, l.token)
		if err != nil {
			return lockHolder{}, err
		}
		err = l.write(ctx, tx, nodes, fences)
		switch {
		case err == nil:
			return l.me, nil
		case isAborted(err) && replaced != "" && replaced != l.token:
			return now, nil // it may have been a sign of life
		case isAborted(err):
		case isUnknown(err):
			// The next look shows who has it.
			replaced = l.token
		default:
			return lockHolder{}, fmt.Errorf("taking the lock in the database: %w", err)
		}
	}
}

// fencesOf take the cursors from the holder that is replaced.
func fencesOf(ctx context.Context, tx asker, now *lockHolder, token string) ([]dql.Quad, error) {
	run, ok := strings.CutPrefix(now.Run, "run/")
	if now.Token == "" || !ok {
		return nil, nil
	}
	spans, err := below(ctx, tx, "span/"+run+"/")
	if err != nil {
		return nil, err
	}
	var all []dql.Quad
	for _, n := range spans {
		all = append(all, text(n.ref(), fencePredicate, token))
	}
	return all, nil
}

// write writes the lock and the counter, and more.
func (l *lease) write(ctx context.Context, tx *dql.Txn, nodes []*kept, more []dql.Quad) error {
	lock, err := nodes[0].quads(&l.me)
	if err != nil {
		return err
	}
	// The predicates that batches write, too: a right that is missing shows here, and
	// not when the first one is written.
	beat, err := nodes[1].quads(newSign(), dql.Quad{Predicate: beatPredicate, Data: number(nodes[1].beat + 1), Type: "int"},
		dql.Quad{Predicate: fencePredicate, Data: l.token, Type: "string"}, dql.Quad{Predicate: logPredicate, Data: "-", Type: "string"})
	if err != nil {
		return err
	}
	_, err = tx.Commit(ctx, slices.Concat(lock, beat, more), nil)
	return err
}

// newSign is a sign of life of one who goes through no nodes.
func newSign() *Pace { return &Pace{At: time.Now().UTC().Truncate(time.Second)} }

// heldBy reads the lock, and returns ErrLeaseLost when it is not that of a token.
func heldBy(ctx context.Context, tx asker, token string) (*kept, error) {
	nodes, err := find(ctx, tx, lockKey)
	if err != nil {
		return nil, err
	}
	var now lockHolder
	if err := nodes[0].decode(&now); err != nil {
		return nil, err
	}
	if now.Token != token {
		return nil, ErrLeaseLost
	}
	return nodes[0], nil
}

// at notes what the holder is at now. Nobody else may write there while the lock
// is held, so that an abort shows only that it is not any more.
func (l *lease) at(ctx context.Context, doing, run string) error {
	if l.me.Doing == doing && l.me.Run == run {
		return nil
	}
	l.pace.Store(nil)
	for {
		tx := l.client.Txn()
		held, err := heldBy(ctx, tx, l.token)
		if err != nil {
			return err
		}
		l.me.Doing, l.me.Run = doing, run
		lock, err := held.quads(&l.me)
		if err != nil {
			return err
		}
		_, err = tx.Commit(ctx, lock, nil)
		if err == nil || !isAborted(err) && !isUnknown(err) {
			return err
		}
	}
}

// observe returns an error when the holder is alive, and nil after the time of
// the lease without a sign of it.
func observe(ctx context.Context, c *dql.Client, of lockHolder, o Options) error {
	busy := &Busy{Who: of.Who, Since: of.Since, Doing: of.Doing}
	told := o.Silent == nil
	seen, since := int64(-1), time.Time{}
	for {
		// By the time before the question: this process can be frozen while it waits
		// for the answer.
		at := time.Now()
		nodes, err := find(ctx, c.Snapshot(), lockKey, beatKey)
		if err != nil {
			return err
		}
		var now lockHolder
		if err := nodes[0].decode(&now); err != nil {
			return err
		}
		switch {
		case now.Token != of.Token:
			return nil // whoever it is now, the next attempt sees
		case seen < 0:
			seen, since = nodes[1].beat, time.Now()
		case nodes[1].beat != seen:
			return busy
		case at.Sub(since) >= o.Lease:
			return nil
		case !told && at.Sub(since) > silentBeats*o.Beat:
			told = true
			o.Silent(busy)
		}
		if err := sleep(ctx, o.Beat/2); err != nil {
			return err
		}
	}
}

// silentBeats is for how many beats none may come before that is told.
const silentBeats = 2

// keep lets the counter go up, until the lock is somebody else's.
func (l *lease) keep(ctx context.Context, beat time.Duration, lost context.CancelCauseFunc) {
	for sleep(ctx, beat) == nil {
		tx := l.client.Txn()
		nodes, err := find(ctx, tx, lockKey, beatKey)
		if err != nil {
			continue // the batches meet the same trouble, and say so
		}
		var now lockHolder
		if nodes[0].decode(&now) == nil && now.Token != l.token {
			lost(ErrLeaseLost)
			return
		}
		sign := newSign()
		if p := l.pace.Load(); p != nil {
			at := sign.At
			*sign = *p
			sign.At = at
		}
		quads, err := nodes[1].quads(sign, dql.Quad{Predicate: beatPredicate, Data: number(nodes[1].beat + 1), Type: "int"})
		if err == nil {
			_, _ = tx.Commit(ctx, quads, nil) // one beat less does no harm
		}
	}
}

// release gives the lock back. Without it the next one has to wait for the time
// of the lease.
func (l *lease) release(ctx context.Context) {
	l.stop()
	l.beats.Wait()
	for range 5 {
		tx := l.client.Txn()
		nodes, err := find(ctx, tx, lockKey, beatKey)
		if err != nil {
			return
		}
		var now lockHolder
		if nodes[0].decode(&now) != nil || now.Token != l.token {
			return
		}
		quads, err := nodes[0].quads(&lockHolder{})
		if err != nil {
			return
		}
		if _, err = tx.Commit(ctx, quads, nil); err == nil || !isAborted(err) && !isUnknown(err) {
			return
		}
	}
}

// releaseAfter gives the lock back even when the caller has given up.
func (l *lease) releaseAfter(ctx context.Context) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	l.release(last)
}

// sleep waits, and returns why the context ended when it did.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
