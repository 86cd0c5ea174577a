package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Wish is what somebody wants of a run that is at work elsewhere. It is read with
// every batch, and between them.
type Wish struct {
	// Cancel ends the run after the batches that it is at, which nobody can take
	// back. Pause lets it wait, still holding the lock, until Resume.
	Cancel bool `json:"cancel,omitempty"`
	Pause  bool `json:"pause,omitempty"`
	Resume bool `json:"-"`
	// Rate and BatchSize replace those that the run was started with; nil leaves
	// them, and 0 lifts the bound or leaves the size to the engine.
	Rate      *float64 `json:"rate,omitempty"`
	BatchSize *int     `json:"batchSize,omitempty"`
}

// wished is a wish as it is noted.
type wished struct {
	Wish
	// For is the token of the holder of the lock that it is for: no later run
	// takes it for its own.
	For string `json:"for"`
	Who string `json:"who"`
}

// wishKey is of one node for all plans: only one of them runs at a time.
const wishKey = "control"

// Told is the run that a wish was left for.
type Told struct {
	// Who is at work, on Plan, and what it says that it does.
	Who, Plan, Doing string
}

// ErrNobody is for a wish that is for nobody.
var ErrNobody = errors.New("no run is at work on this database")

// Elsewhere is the error for a wish for a plan while the run is at another one.
type Elsewhere struct{ Told }

// Error says which.
func (e *Elsewhere) Error() string {
	return fmt.Sprintf("the run that is at work is %s, by %s", e.Doing, e.Who)
}

// Tell leaves a wish for the run that is at work, if it is at a plan: of which id
// is the whole id, the beginning of it, or that of its name; empty is whatever
// plan it is at. What was wished of the run before and is not mentioned stays. When no run is at work the error is [ErrNobody] or an [*Elsewhere],
// and nothing is written.
func Tell(ctx context.Context, c *dql.Client, id string, wish Wish, who string) (*Told, error) {
	live, err := c.Stored(ctx)
	if err != nil {
		return nil, err
	}
	if undeclared(live) != "" {
		return nil, ErrNobody
	}
	for {
		tx := c.Txn()
		nodes, err := find(ctx, tx, lockKey, wishKey)
		if err != nil {
			return nil, err
		}
		var holder lockHolder
		if err := nodes[0].decode(&holder); err != nil {
			return nil, err
		}
		told := Told{holder.Who, holder.plan(), holder.Doing}
		switch {
		case holder.Token == "":
			return nil, ErrNobody
		case id != "" && !Named(told.Plan, id):
			return nil, &Elsewhere{told}
		}
		var was wished
		if err := nodes[1].decode(&was); err != nil {
			return nil, err
		}
		next := wished{wish, holder.Token, who}
		if was.For == holder.Token {
			next.Cancel = next.Cancel || was.Cancel
			next.Pause = next.Pause || was.Pause && !wish.Resume
			if next.Rate == nil {
				next.Rate = was.Rate
			}
			if next.BatchSize == nil {
				next.BatchSize = was.BatchSize
			}
		}
		quads, err := nodes[1].quads(next)
		if err != nil {
			return nil, err
		}
		_, err = tx.Commit(ctx, quads, nil)
		if err == nil {
			return &told, nil
		}
		if !isAborted(err) && !isUnknown(err) {
			return nil, fmt.Errorf("leaving a message in the database: %w", err)
		}
	}
}

// plan is the id of the plan that the holder is at; empty when it is at none.
func (h *lockHolder) plan() string {
	rest, _ := strings.CutPrefix(h.Run, "run/")
	plan, _, _ := strings.Cut(rest, "/")
	return plan
}

// Named reports whether a plan is meant by a text: its id, the beginning of it, or
// that of its name after the time.
func Named(id, text string) bool {
	_, name, _ := strings.Cut(id, "-")
	return id != "" && (strings.HasPrefix(id, text) || strings.HasPrefix(name, text))
}

// wishOf is the wish for the holder of a token, none when it is for another one.
func wishOf(k *kept, token string) (wished, error) {
	var w wished
	if err := k.decode(&w); err != nil {
		return w, err
	}
	if w.For != token {
		return wished{}, nil
	}
	return w, nil
}
