package dql

import "context"

// Membership is what the zeros have agreed on, as an alpha has heard of it: zero tells every second.
type Membership struct {
	// Counter grows with everything that they agree on: each commit of a transaction and each giving up of one that
	// had written, in all namespaces and on all alphas, and what the cluster does by itself. Reading is not among it
	// (dgraph/cmd/zero/raft.go in Dgraph, applyProposal).
	Counter uint64
	// MaxTxnTs is the last timestamp that may be given out before they have to agree on more.
	MaxTxnTs uint64
	Groups   []Group
}

// Group is one group of alphas.
type Group struct {
	ID uint64
	// SnapshotTs is the moment of the last snapshot that its alphas took of themselves.
	SnapshotTs uint64
	// Leaders are the addresses of those alphas that lead it, by which the members know them.
	Leaders []string
	// Space is how many bytes the predicates take on disk, of those that the user may see; it is brought up to date
	// from time to time.
	Space map[string]int64
}

// stateQuery asks an alpha's admin endpoint for what the cluster is made of.
const stateQuery = "{state {counter maxTxnTs groups {id snapshotTs members {addr leader} tablets {predicate space}}}}"

// Membership asks an alpha. Where access is controlled only guardians may. Errors are an [*Error].
func (c *Client) Membership(ctx context.Context) (*Membership, error) {
	var data struct {
		State *struct {
			Counter, MaxTxnTs uint64
			Groups            []struct {
				ID, SnapshotTs uint64
				Members        []struct {
					Addr   string
					Leader bool
				}
				Tablets []struct {
					Predicate string
					Space     int64
				}
			}
		}
	}
	if err := c.admin(ctx, reads, stateQuery, &data); err != nil {
		return nil, err
	}
	if data.State == nil {
		return nil, &Error{Kind: WrongServer, Text: "the answer is not of the form that Dgraph's have"}
	}
	m := &Membership{Counter: data.State.Counter, MaxTxnTs: data.State.MaxTxnTs}
	for _, g := range data.State.Groups {
		one := Group{ID: g.ID, SnapshotTs: g.SnapshotTs, Space: map[string]int64{}}
		for _, a := range g.Members {
			if a.Leader {
				one.Leaders = append(one.Leaders, a.Addr)
			}
		}
		for _, t := range g.Tablets {
			one.Space[t.Predicate] = t.Space
		}
		m.Groups = append(m.Groups, one)
	}
	return m, nil
}
