package migrate

import (
	"context"
	"fmt"

	"github.com/schemacheck/schemacheck/dql"
)

// Wish is what somebody wants of a run that is at work elsewhere. It is read with
// every batch.
type Wish string

// The wishes.
const (
	WishNone   Wish = ""
	WishPause  Wish = "pause"
	WishCancel Wish = "cancel"
)

type wished struct {
	Wish Wish   `json:"wish"`
	Who  string `json:"who"`
}

func controlKey(plan string) string { return "control/" + plan }

// Tell leaves a wish for the runs of a plan. The run ends after the batches that
// it is at; a later one goes on where it stopped.
func Tell(ctx context.Context, c *dql.Client, plan string, wish Wish, who string) error {
	if err := prepareState(ctx, c); err != nil {
		return err
	}
	for {
		tx := c.Txn()
		nodes, err := find(ctx, tx, controlKey(plan))
		if err != nil {
			return err
		}
		quads, err := nodes[0].quads(wished{wish, who})
		if err != nil {
			return err
		}
		_, err = tx.Commit(ctx, quads, nil)
		if err == nil {
			return nil
		}
		if !isAborted(err) && !isUnknown(err) {
			return fmt.Errorf("leaving a message in the database: %w", err)
		}
	}
}

// obey is why a run ends that somebody wants to end.
func obey(k *kept) error {
	var w wished
	if err := k.decode(&w); err != nil {
		return err
	}
	switch w.Wish {
	case WishPause:
		return &Stopped{Reason: "paused by " + w.Who}
	case WishCancel:
		return &Stopped{Reason: "cancelled by " + w.Who, Cancelled: true}
	}
	return nil
}
