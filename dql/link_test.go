package dql_test

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestSilentConnection: a connection on which nothing is answered any more is given up after one request, and the next
// one has another.
func TestSilentConnection(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var silent atomic.Int32 // the number of the last connection that is swallowed
	go func() {
		for n := int32(1); ; n++ {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", d.GRPC)
			if err != nil {
				_ = in.Close()
				continue
			}
			pass := func(to io.Writer, from io.Reader) {
				buffer := make([]byte, 1<<16)
				for {
					n2, err := from.Read(buffer)
					if n > silent.Load() {
						_, _ = to.Write(buffer[:n2])
					}
					if err != nil {
						return
					}
				}
			}
			go pass(out, in)
			go pass(in, out)
		}
	}()
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{l.Addr().String()}, HTTP: d.HTTP, Timeout: 2 * time.Second, Patience: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ask := func() error {
		_, err := c.Snapshot().Query(t.Context(), "{q(func: uid(0x1)) {uid}}", nil)
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	silent.Store(1)
	var known *dql.Error
	if err := ask(); !errors.As(err, &known) || known.Kind != dql.Timeout {
		t.Errorf("a silent connection: %v", err)
	}
	if err := ask(); err != nil {
		t.Errorf("after that: %v", err)
	}
}
