package dql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"
)

// Txn is a transaction that reads, and then writes once. All that it reads is of one moment. It is used by one
// goroutine, and needs no closing: without [Txn.Commit] nothing of it stays.
type Txn struct {
	client *Client
	moment moment
	done   bool
}

// Txn begins a transaction. It asks nothing yet.
func (c *Client) Txn() *Txn { return &Txn{client: c} }

// Query asks a DQL question, as [Snapshot.Query] does.
func (t *Txn) Query(ctx context.Context, dql string, vars map[string]string) ([]byte, error) {
	var resp *api.Response
	err := t.client.call(ctx, reads, func(ctx context.Context, a *alpha) (err error) {
		resp, err = a.link.api().Query(ctx, &api.Request{Query: dql, Vars: vars, StartTs: t.moment.ts, Hash: t.moment.hash})
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.moment.ts == 0 {
		t.moment = moment{ts: resp.GetTxn().GetStartTs(), hash: resp.GetTxn().GetHash()}
	}
	return resp.GetJson(), nil
}

// StartTs is the moment that the transaction reads, as a timestamp of Dgraph; 0 before its first answer.
func (t *Txn) StartTs() uint64 { return t.moment.ts }

var errDone = errors.New("the transaction has ended")

// Commit deletes quads, sets others, and ends the transaction. It returns the uids of the new nodes by the names
// that [Blank] was given. What is deleted is so before anything is set; but never set what a [Quad] with All deletes:
// of a single value Dgraph then shows neither (posting/lists.go, GetSinglePosting).
//
// Errors are an [*Error]. With kind Aborted nothing was written, and the whole transaction may be repeated. With
// Unknown set, whether it was written has to be found out.
func (t *Txn) Commit(ctx context.Context, set, del []Quad) (map[string]uint64, error) {
	if t.done {
		return nil, errDone
	}
	t.done = true
	m, err := mutation(set, del)
	if err != nil {
		return nil, fmt.Errorf("writing to dgraph: %w", err)
	}
	if m == nil {
		return nil, nil
	}
	var resp *api.Response
	err = t.client.call(ctx, commits, func(ctx context.Context, a *alpha) (err error) {
		resp, err = a.link.api().Query(ctx, &api.Request{StartTs: t.moment.ts, Hash: t.moment.hash, Mutations: []*api.Mutation{m}, CommitNow: true})
		return err
	})
	if err != nil {
		return nil, err
	}
	uids := map[string]uint64{}
	for name, text := range resp.GetUids() {
		uid, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
		if err != nil {
			return nil, &Error{Kind: WrongServer, Unknown: true, Text: "the answer is not of the form that Dgraph's have", cause: err}
		}
		uids[name] = uid
	}
	return uids, nil
}

// Try sends what [Txn.Commit] would write, and gives it up: nothing of it stays, provided that all its predicates are
// in the stored schema. Others appear there even so. It ends the transaction. Errors are an [*Error]: Dgraph would not
// take it.
func (t *Txn) Try(ctx context.Context, set, del []Quad) error {
	if t.done {
		return errDone
	}
	t.done = true
	m, err := mutation(set, del)
	if err != nil {
		return fmt.Errorf("trying what would be written to dgraph: %w", err)
	}
	if m == nil {
		return nil
	}
	var resp *api.Response
	err = t.client.call(ctx, commits, func(ctx context.Context, a *alpha) (err error) {
		resp, err = a.link.api().Query(ctx, &api.Request{StartTs: t.moment.ts, Hash: t.moment.hash, Mutations: []*api.Mutation{m}})
		return err
	})
	if err != nil {
		return err
	}
	given := resp.GetTxn()
	// Whoever gives up meanwhile: what is pending would be in the way of others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.client.config.Timeout)
	defer cancel()
	return t.client.call(ctx, commits, func(ctx context.Context, a *alpha) error {
		_, err := a.link.api().CommitOrAbort(ctx, &api.TxnContext{StartTs: given.GetStartTs(), Hash: given.GetHash(), Keys: given.GetKeys(), Preds: given.GetPreds(), Aborted: true})
		return err
	})
}

// mutation is nil when there is nothing to write. Quads with facets go as text: of a facet that is sent ready Dgraph
// makes no words to search by (types/facets, FacetFor).
func mutation(set, del []Quad) (*api.Mutation, error) {
	if len(set)+len(del) == 0 {
		return nil, nil
	}
	m := &api.Mutation{}
	var text strings.Builder
	for _, q := range set {
		if q.All {
			return nil, fmt.Errorf("%s: only what is deleted can be everything", q)
		}
		if len(q.Facets) > 0 {
			line, err := q.text()
			if err != nil {
				return nil, err
			}
			text.WriteString(line)
			continue
		}
		n, err := q.nquad()
		if err != nil {
			return nil, err
		}
		m.Set = append(m.Set, n)
	}
	for _, q := range del {
		if q.Data == starAll {
			return nil, fmt.Errorf("%s: %w", q, errStar)
		}
		q.Facets = nil // a value or an edge is deleted with whatever is noted at it
		n, err := q.nquad()
		if err != nil {
			return nil, err
		}
		m.Del = append(m.Del, n)
	}
	m.SetNquads = []byte(text.String())
	return m, nil
}

// Alter sends lines of a DQL schema. What it does is done even when others of its lines are refused. Errors are an
// [*Error].
func (c *Client) Alter(ctx context.Context, schema string) error {
	return c.alter(ctx, &api.Operation{Schema: schema})
}

// DropPredicate removes a predicate and all that is stored under it.
func (c *Client) DropPredicate(ctx context.Context, name string) error {
	return c.alter(ctx, &api.Operation{DropOp: api.Operation_ATTR, DropValue: name})
}

// DropType removes a type of the DQL schema; nodes keep it as their dgraph.type.
func (c *Client) DropType(ctx context.Context, name string) error {
	return c.alter(ctx, &api.Operation{DropOp: api.Operation_TYPE, DropValue: name})
}

// alterTime bounds how long an alteration may take: of a large predicate an index is
// not built in the time that other requests have.
const alterTime = time.Hour

func (c *Client) alter(ctx context.Context, op *api.Operation) error {
	ctx, cancel := context.WithTimeout(ctx, alterTime)
	defer cancel()
	for {
		// The same change a second time changes nothing.
		err := c.call(ctx, reads, func(ctx context.Context, a *alpha) error {
			_, err := a.link.api().Alter(ctx, op)
			return err
		})
		if err == nil {
			return nil
		}
		e := (*Error)(nil)
		if !errors.As(err, &e) || ctx.Err() != nil || c.config.Patience < 0 || e.Kind != Timeout && !e.indexing {
			return fmt.Errorf("altering the stored schema: %w", err)
		}
	}
}
