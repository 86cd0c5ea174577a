package dql

import (
	"sync/atomic"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
)

// link is the connection to one alpha. One that is open on this side only says nothing for ever, and gRPC keeps it;
// pinging would have alphas end connections that wait for a long answer. So a link is made anew after a request
// without an answer.
type link struct {
	dial    func() (*grpc.ClientConn, error)
	current atomic.Pointer[dialled]
}

type dialled struct {
	conn *grpc.ClientConn
	api  api.DgraphClient
}

func newLink(dial func() (*grpc.ClientConn, error)) (*link, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	l := &link{dial: dial}
	l.current.Store(&dialled{conn, api.NewDgraphClient(conn)})
	return l, nil
}

// api is where requests go.
func (l *link) api() api.DgraphClient { return l.current.Load().api }

// renew takes a new connection for what is asked from now on. The old one stays for a time, for answers that it may
// still bring.
func (l *link) renew(after time.Duration) {
	conn, err := l.dial()
	if err != nil {
		return // the same arguments did before
	}
	old := l.current.Swap(&dialled{conn, api.NewDgraphClient(conn)})
	time.AfterFunc(after, func() { _ = old.conn.Close() })
}

func (l *link) resetBackoff() { l.current.Load().conn.ResetConnectBackoff() }

func (l *link) close() { _ = l.current.Load().conn.Close() } // its error only says that it is closed already
