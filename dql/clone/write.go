package clone

import (
	"context"
	"errors"

	"github.com/schemacheck/schemacheck/dql"
)

const (
	// batchQuads is how many quads one transaction writes.
	batchQuads = 5000
	// leaseAhead is how many uids are leased beyond the one that is needed.
	leaseAhead = 1 << 20
	// mostTries bounds how often a batch is written again when it is not known whether it was.
	mostTries = 5
)

// write writes quads to the copy, some transactions' worth at a time.
func (c *copying) write(ctx context.Context, quads []dql.Quad) error {
	c.batch = append(c.batch, quads...)
	for len(c.batch) >= batchQuads {
		if err := c.commit(ctx, c.batch[:batchQuads]); err != nil {
			return err
		}
		c.batch = append(c.batch[:0], c.batch[batchQuads:]...)
	}
	return nil
}

// flush writes the rest.
func (c *copying) flush(ctx context.Context) error {
	batch := c.batch
	c.batch = nil
	return c.commit(ctx, batch)
}

// commit writes quads in one transaction. To write them twice is to write them once.
func (c *copying) commit(ctx context.Context, quads []dql.Quad) error {
	if len(quads) == 0 {
		return nil
	}
	if err := c.lease(ctx, quads); err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err := c.out.Txn().Commit(ctx, quads, nil)
		var known *dql.Error
		again := errors.As(err, &known) && (known.Kind == dql.Aborted || known.Unknown)
		switch {
		case err == nil:
			for _, q := range quads {
				if q.Type == "password" {
					c.copied.Passwords++
				}
			}
			c.copied.Quads += uint64(len(quads))
			if c.options.Progress != nil {
				c.options.Progress(c.copied.Quads)
			}
			return nil
		case errors.Is(err, dql.ErrReadOnly):
			return err
		case again && try < mostTries && ctx.Err() == nil:
		case len(quads) > 1 && ctx.Err() == nil && !again && (known == nil || known.Kind == dql.Other):
			half := len(quads) / 2
			return errors.Join(c.commit(ctx, quads[:half]), c.commit(ctx, quads[half:]))
		case known == nil || known.Kind == dql.Other:
			c.refuse(quads[0], err)
			return nil
		default:
			return err
		}
	}
}

// mostSkipped bounds what is told by name.
const mostSkipped = 100

// refuse notes a statement that cannot be in the copy.
func (c *copying) refuse(q dql.Quad, err error) {
	if c.copied.Unreadable++; len(c.copied.Skipped) < mostSkipped {
		// The error could quote the value.
		reason := "this Dgraph refuses to store it"
		if known := (*dql.Error)(nil); !errors.As(err, &known) {
			reason = "it cannot be written"
		}
		c.copied.Skipped = append(c.copied.Skipped, q.String()+": "+reason)
	}
}

// lease lets the uids of quads be written.
func (c *copying) lease(ctx context.Context, quads []dql.Quad) error {
	most := uint64(0)
	for _, q := range quads {
		most = max(most, q.Subject.UID(), q.Object.UID())
	}
	if most <= c.leased {
		return nil
	}
	upTo := most + leaseAhead
	if upTo < most {
		upTo = most
	}
	if err := c.options.Lease(ctx, upTo); err != nil {
		return err
	}
	c.leased = upTo
	return nil
}
