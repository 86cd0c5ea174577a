//go:build chaos

package migrate

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

// harm is what a network does to what is sent through it.
type harm struct {
	name string
	// requests and answers say what gets lost. A connection that has lost something
	// carries nothing of the kind any more.
	requests, answers bool
	// late holds everything up, for up to so long a piece.
	late time.Duration
	// least and most are how long it lasts. Then the connections that have lost
	// something are cut.
	least, most time.Duration
	// timeout is that of the client.
	timeout time.Duration
}

var harms = []harm{
	{name: "requests get lost", requests: true, least: 5 * time.Millisecond, most: 100 * time.Millisecond},
	{name: "answers get lost", answers: true, least: 5 * time.Millisecond, most: 100 * time.Millisecond},
	{name: "everything is late", late: 300 * time.Millisecond, least: 100 * time.Millisecond, most: 700 * time.Millisecond, timeout: 400 * time.Millisecond},
	{name: "silence", requests: true, answers: true, least: 100 * time.Millisecond, most: 1500 * time.Millisecond, timeout: 500 * time.Millisecond},
}

// network is a proxy that does harm.
type network struct {
	net.Listener
	mu    sync.Mutex
	now   harm
	links map[*link]bool
	lost  int // pieces
}

// link is a connection through it.
type link struct {
	client, server net.Conn
	spoilt         bool
}

func newNetwork(t *testing.T, to string) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{Listener: l, links: map[*link]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		n.cut(func(*link) bool { return true })
	})
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			via := &link{client: client, server: server}
			n.mu.Lock()
			n.links[via] = true
			n.mu.Unlock()
			go n.carry(via, client, server, func(h harm) bool { return h.requests })
			go n.carry(via, server, client, func(h harm) bool { return h.answers })
		}
	}()
	return n
}

// carry carries one direction of a connection.
func (n *network) carry(via *link, from, to net.Conn, loses func(harm) bool) {
	defer n.cut(func(l *link) bool { return l == via })
	deaf := false // nothing may come after a gap
	buffer := make([]byte, 1<<16)
	for {
		k, err := from.Read(buffer)
		if err != nil {
			return
		}
		n.mu.Lock()
		late := n.now.late
		if loses(n.now) {
			deaf, via.spoilt = true, true
			n.lost++
		}
		n.mu.Unlock()
		if late > 0 {
			time.Sleep(rand.N(late))
		}
		if deaf {
			continue
		}
		if _, err := to.Write(buffer[:k]); err != nil {
			return
		}
	}
}

// cut ends connections, on both sides.
func (n *network) cut(which func(*link) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for l := range n.links {
		if which(l) {
			_, _ = l.client.Close(), l.server.Close()
			delete(n.links, l)
		}
	}
}

// suffer does harm for a time.
func (n *network) suffer(h harm, d time.Duration) {
	n.mu.Lock()
	n.now = h
	n.mu.Unlock()
	time.Sleep(d)
	n.mu.Lock()
	n.now = harm{}
	n.mu.Unlock()
	n.cut(func(l *link) bool { return l.spoilt })
}

// TestChaosNetwork does harm to the connection twenty times in each of several runs.
func TestChaosNetwork(t *testing.T) {
	t.Parallel()
	a := newArena(t, dgraphproc.Options{}, 1)
	f, taskOf := countingPlan()
	for _, h := range harms {
		t.Run(h.name, func(t *testing.T) {
			a.fill(t, 3000)
			alpha := a.cluster.Alphas()[0]
			n := newNetwork(t, alpha.GRPC)
			c := a.open(t, func(config *dql.Config) {
				config.Alphas, config.HTTP = []string{n.Addr().String()}, alpha.HTTP
				if h.timeout > 0 {
					config.Timeout = h.timeout
				}
			})
			if err := prepareState(t.Context(), a.open(t)); err != nil {
				t.Fatal(err)
			}
			const times = 20
			var lasts [times]time.Duration
			for i := range lasts {
				lasts[i] = a.within(h.least, h.most)
			}
			ended := 0
			a.during(t, times, 20*time.Millisecond, 150*time.Millisecond, func(i int) error {
				n.suffer(h, lasts[i])
				return nil
			}, func() {
				ended = a.done(t, c, f, Options{BatchSize: 3, Concurrency: 2, taskOf: taskOf})
			})
			n.mu.Lock()
			t.Logf("%d pieces were lost, %d runs did not see it through", n.lost, ended)
			n.mu.Unlock()
			a.wantExact(t, f, Before, taskOf, "N.hits")
			a.wantTakenBack(t, f, Before, "N.hits")
		})
	}
}
