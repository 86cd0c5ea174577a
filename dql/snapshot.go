package dql

import (
	"context"
	"sync/atomic"

	"github.com/dgraph-io/dgo/v230/protos/api"
)

// Snapshot is the data at one moment: that of its first question. It may be used by several goroutines, and
// needs no closing: the server keeps nothing for it.
type Snapshot struct {
	client *Client
	turn   chan struct{} // holds one value while the first question is asked
	moment atomic.Pointer[moment]
}

// moment is what has to be sent along to be answered from the same one. With access control the server wants
// the hash too (edgraph, getHash).
type moment struct {
	ts   uint64
	hash string
}

// Snapshot begins a read-only transaction. It asks nothing yet.
func (c *Client) Snapshot() *Snapshot { return &Snapshot{client: c, turn: make(chan struct{}, 1)} }

// ReadTs is the moment, as a timestamp of Dgraph; 0 before the first question was answered.
func (s *Snapshot) ReadTs() uint64 {
	if m := s.moment.Load(); m != nil {
		return m.ts
	}
	return 0
}

// Query asks a DQL question, with the values of its variables by their names with the $, and returns the JSON
// of the answer's data. Nothing that a question says can write. Errors are an [*Error].
func (s *Snapshot) Query(ctx context.Context, dql string, vars map[string]string) ([]byte, error) {
	m := s.moment.Load()
	if m == nil {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-ctx.Done():
			return nil, stopped("", ctx.Err())
		}
		m = s.moment.Load()
	}
	if m == nil {
		m = &moment{}
	}
	var resp *api.Response
	err := s.client.call(ctx, reads, func(ctx context.Context, a *alpha) (err error) {
		resp, err = a.link.api().Query(ctx, &api.Request{Query: dql, Vars: vars, StartTs: m.ts, Hash: m.hash, ReadOnly: true})
		return err
	})
	if err != nil {
		return nil, err
	}
	if m.ts == 0 {
		s.moment.Store(&moment{ts: resp.GetTxn().GetStartTs(), hash: resp.GetTxn().GetHash()})
	}
	return resp.GetJson(), nil
}
