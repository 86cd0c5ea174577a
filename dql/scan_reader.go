package dql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reader is one read-only transaction: all that it answers is of one moment.
type Reader interface {
	// Query asks a DQL question and returns the JSON of the answer's data. After its first answer it is
	// called by several goroutines at once. Errors of the server have a gRPC status in their chain.
	Query(ctx context.Context, dql string, vars map[string]string) ([]byte, error)
	// ReadTs is the moment as a timestamp of Dgraph; 0 before the first answer.
	ReadTs() uint64
}

// readers hands out transactions, a fresh one when the last has become old.
type readers struct {
	make  func(context.Context) (Reader, error)
	renew time.Duration
	told  *teller // of each answer

	turn     sync.RWMutex // whoever asks holds it for reading: a transaction is given up when nobody asks with it
	current  Reader
	until    time.Time
	number   int // of the current transaction, from 1
	from, to uint64
	watched  []*watch
}

// watch is a root whose nodes are being read. A server can forget a moment while it is read: it keeps older
// versions of what has changed since only until its next snapshot, and then finds nothing where there was
// something (worker/draft.go in Dgraph, SetDiscardTs). So the nodes are counted when a transaction is begun and
// once more before it is given up. More than before are no harm, see newHolding.
type watch struct {
	root  string
	nodes uint64
	with  int  // number of the transaction that they were counted with
	lost  bool // there were fewer
}

// query asks with the current transaction. The first question of a transaction is asked alone: it fixes the
// moment.
func (r *readers) query(ctx context.Context, dql string) ([]byte, error) {
	r.turn.RLock()
	if r.current != nil && time.Now().Before(r.until) {
		defer r.turn.RUnlock()
		return r.ask(ctx, r.current, dql)
	}
	r.turn.RUnlock()
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.current != nil && time.Now().Before(r.until) {
		return r.ask(ctx, r.current, dql)
	}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	current, err := r.make(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.countWatched(ctx, current, r.watched, func(w *watch, nodes uint64) { w.nodes = nodes }); err != nil {
		return nil, err
	}
	text, err := r.ask(ctx, current, dql)
	if err != nil {
		return nil, err // the next question tries with another transaction
	}
	r.current, r.until = current, time.Now().Add(r.renew)
	r.number++
	if ts := current.ReadTs(); ts != 0 {
		if r.from == 0 {
			r.from = ts
		}
		r.from, r.to = min(r.from, ts), max(r.to, ts)
	}
	return text, nil
}

func (r *readers) ask(ctx context.Context, reader Reader, dql string) ([]byte, error) {
	answer, err := reader.Query(ctx, dql, nil)
	if err == nil {
		r.told.answered()
	}
	return answer, err
}

// watch begins to watch roots. Those that were counted with an earlier transaction are counted again.
func (r *readers) watch(ctx context.Context, all []*watch) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.watched = all
	var old []*watch
	for _, w := range all {
		if w.with != r.number {
			old = append(old, w)
		}
	}
	return r.countWatched(ctx, r.current, old, func(w *watch, nodes uint64) { w.nodes = nodes })
}

// check counts the nodes of the watched roots again. The caller holds the turn.
func (r *readers) check(ctx context.Context) error {
	if r.current == nil {
		return nil
	}
	return r.countWatched(ctx, r.current, r.watched, func(w *watch, nodes uint64) { w.lost = w.lost || nodes < w.nodes })
}

// release ends the watch, and returns the roots that were not read as they were at one moment.
func (r *readers) release(ctx context.Context) ([]string, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	err := r.check(ctx)
	var lost []string
	for _, w := range r.watched {
		if w.lost {
			lost = append(lost, w.root)
		}
	}
	r.watched = nil
	return lost, err
}

// countWatched counts the nodes of roots with one transaction.
func (r *readers) countWatched(ctx context.Context, reader Reader, all []*watch, each func(*watch, uint64)) error {
	for chunk := range slices.Chunk(all, blocksPerRequest) {
		var text strings.Builder
		text.WriteString("{\n")
		for i, w := range chunk {
			fmt.Fprintf(&text, "  k%d(func: %s) { count(uid) }\n", i, w.root)
		}
		text.WriteString("}")
		answer, err := r.ask(ctx, reader, text.String())
		if err != nil && blameOf(ctx, err) != connection {
			for _, w := range chunk {
				w.lost = true // or not: nobody can say
			}
			continue
		}
		if err != nil {
			return err
		}
		blocks, err := blocksOf(answer)
		if err != nil {
			return err
		}
		for i, w := range chunk {
			nodes := uint64(0)
			if err := eachNode(blocks[fmt.Sprint("k", i)], func(f fields) (err error) {
				nodes, err = countIn(f)
				return err
			}); err != nil {
				return err
			}
			each(w, nodes)
		}
	}
	return nil
}

// leave has the next question asked with another transaction.
func (r *readers) leave() {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.current = nil
}

// now is the number of the current transaction.
func (r *readers) now() int {
	r.turn.RLock()
	defer r.turn.RUnlock()
	return r.number
}

func (r *readers) moment() Moment {
	r.turn.RLock()
	defer r.turn.RUnlock()
	return Moment{r.from, r.to}
}

// blame says what a failed request is due to.
type blame uint8

const (
	connection  blame = iota // the server cannot be asked, or the caller gave up
	refusedPage              // the server cannot answer this question, for example because a value does not convert
	largePage                // the answer is too large, or takes too long
)

// blameOf tells them apart. Dgraph's own errors come with code Unknown (dgraph's edgraph returns them as they
// are).
func blameOf(ctx context.Context, err error) blame {
	if end, ok := ctx.Deadline(); ctx.Err() != nil || ok && !time.Now().Before(end) {
		return connection // though the context may hear of its own end a little later
	}
	switch {
	case errors.As(err, new(hung)):
		return connection
	case errors.Is(err, context.DeadlineExceeded):
		return largePage
	case errors.Is(err, errGarbled):
		return refusedPage
	}
	var known *Error
	if errors.As(err, &known) {
		switch known.Kind {
		case Other:
			return refusedPage
		case Timeout, TooLarge:
			return largePage
		}
		return connection
	}
	s, ok := status.FromError(err)
	if !ok {
		return connection
	}
	switch s.Code() {
	case codes.Unknown:
		return refusedPage
	case codes.DeadlineExceeded:
		return largePage
	case codes.ResourceExhausted:
		if strings.Contains(s.Message(), "larger than max") { // grpc's text; else the server is overloaded
			return largePage
		}
	}
	return connection
}

// hung is the error of a request that was not answered in time by a server that answers nothing any more.
type hung struct{ error }

// Unwrap returns the error of the request.
func (h hung) Unwrap() error { return h.error }

// late reports whether a request was not answered in time, though there is time left for others.
func late(ctx context.Context, err error) bool {
	if blameOf(ctx, err) != largePage {
		return false
	}
	s, ok := status.FromError(err)
	return errors.Is(err, context.DeadlineExceeded) || ok && s.Code() == codes.DeadlineExceeded
}

// saidBy is the server's own text.
func saidBy(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Text
	}
	text := err.Error()
	if s, ok := status.FromError(err); ok {
		text = s.Message()
	}
	return strings.TrimPrefix(text, ": ") // Dgraph wraps errors in nothing
}
