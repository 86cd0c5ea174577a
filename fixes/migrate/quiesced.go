package migrate

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// tellTime is within what an alpha has heard of what the zeros agreed on: zero
// tells it every second.
const tellTime = 2500 * time.Millisecond

// Writing is the error for a database that somebody writes while it was said to
// be quiet.
type Writing struct {
	// Seen is what gave it away.
	Seen string
	// After is how long it had been watched.
	After time.Duration
}

// Error says what was seen, and how writers are kept away.
func (w *Writing) Error() string {
	return fmt.Sprintf("somebody else writes: %s, within %v. Stop what writes, or keep it away: "+
		"take the permission to write from the application's groups (access control), "+
		"restart the alphas that it uses with --limit \"mutations=disallow\", "+
		"or let those serve nobody (mutation {draining(enable: true) {response {message}}} at /admin of each), and run this on another alpha",
		w.Seen, w.After.Round(100*time.Millisecond))
}

// Quiesced watches for a time whether anybody writes, anywhere in the cluster,
// and writes nothing itself. Then the error is a [*Writing]. Who only reads is
// not in the way, in whatever way he reads.
//
// A transaction that has written and is neither committed nor given up in that
// time is not seen: nothing of it is in the data yet.
func Quiesced(ctx context.Context, c *dql.Client, watch time.Duration) error {
	w := &watching{client: c, began: time.Now()}
	// What somebody did just before comes late to the counter.
	if err := sleep(ctx, tellTime); err != nil {
		return err
	}
	if err := w.begin(ctx); err != nil {
		return fmt.Errorf("watching whether anybody writes: %w", err)
	}
	for end := time.Now().Add(watch); ; {
		left := time.Until(end)
		if err := sleep(ctx, min(max(left, 0), time.Second)); err != nil {
			return err
		}
		last := time.Until(end) <= 0
		quiet, err := w.look(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("watching whether anybody writes: %w", err)
		case w.seen != "":
			return &Writing{w.seen, time.Since(w.began)}
		case last && quiet:
			return nil
		case last:
			// Timestamps were given out, to readers or to writers. What was
			// committed until now the counter has soon.
			if err := sleep(ctx, tellTime); err != nil {
				return err
			}
			if _, err := w.look(ctx); err != nil {
				return fmt.Errorf("watching whether anybody writes: %w", err)
			}
			if w.seen != "" {
				return &Writing{w.seen, time.Since(w.began)}
			}
			return nil
		}
	}
}

// watching is what is known of a database while it is watched.
type watching struct {
	client *dql.Client
	began  time.Time
	ts     uint64 // the last timestamp given out when it began
	stored *dql.Stored
	state  *dql.Membership // when it was looked at last
	// unexplained is by how much the counter has grown for no reason that the
	// cluster has itself.
	unexplained uint64
	seen        string
}

func (w *watching) begin(ctx context.Context) (err error) {
	if w.state, err = w.client.Membership(ctx); err != nil {
		return err
	}
	if w.stored, err = w.client.Stored(ctx); err != nil {
		return err
	}
	w.ts, err = w.now(ctx)
	return err
}

// now is the last timestamp that was given out. To ask for it takes one only when
// another one was taken since it was asked last: who does not read with a
// transaction that could write takes none, and a commit always does
// (dgraph/cmd/zero/assign.go in Dgraph, lease).
func (w *watching) now(ctx context.Context) (uint64, error) {
	tx := w.client.Snapshot()
	_, err := tx.Query(ctx, "{q(func: uid(0x1)) {uid}}", nil)
	return tx.ReadTs(), err
}

// look looks once. It reports whether no timestamp at all was given out since it
// began, so that nothing can have been committed.
func (w *watching) look(ctx context.Context) (bool, error) {
	ts, err := w.now(ctx)
	if err != nil {
		return false, err
	}
	stored, err := w.client.Stored(ctx)
	if err != nil {
		return false, err
	}
	state, err := w.client.Membership(ctx)
	if err != nil {
		return false, err
	}
	if state.Counter > w.state.Counter {
		grown := state.Counter - w.state.Counter
		w.unexplained += grown - min(grown, explained(w.state, state))
	}
	w.state = state
	switch {
	case !reflect.DeepEqual(stored, w.stored):
		w.seen = "the stored schema was changed"
	case ts != w.ts && w.unexplained > 0:
		w.seen = fmt.Sprintf("what zero counts looks like %s committed or given up", plural(w.unexplained, "transaction that was", "transactions that were"))
	}
	return ts == w.ts, nil
}

// explained is how much the counter has to have grown at least for what the
// cluster has done by itself.
func explained(was, is *dql.Membership) uint64 {
	n := uint64(0)
	if is.MaxTxnTs != was.MaxTxnTs { // readers took the last ones
		n++
	}
	for _, g := range is.Groups {
		i := slices.IndexFunc(was.Groups, func(old dql.Group) bool { return old.ID == g.ID })
		if i < 0 {
			n++
			continue
		}
		old := was.Groups[i]
		if g.SnapshotTs != old.SnapshotTs {
			n++
		}
		if !slices.Equal(g.Leaders, old.Leaders) {
			n++
		}
		if !maps.Equal(g.Space, old.Space) {
			n++
		}
	}
	return n
}
