package dql_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestAway: a server that is away is known to be since its first request without an answer, until it answers again.
func TestAway(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	var conns []net.Conn
	serve := func(l net.Listener) (ended chan struct{}) {
		ended = make(chan struct{})
		go func() {
			defer close(ended)
			for {
				in, err := l.Accept()
				if err != nil {
					return
				}
				out, err := net.Dial("tcp", d.GRPC)
				if err != nil {
					_ = in.Close()
					return
				}
				conns = append(conns, in, out)
				go func() { _, _ = io.Copy(out, in) }()
				go func() { _, _ = io.Copy(in, out) }()
			}
		}()
		return ended
	}
	leave := func(l net.Listener, ended chan struct{}) {
		_ = l.Close()
		<-ended
		for _, c := range conns {
			_ = c.Close()
		}
		conns = nil
	}
	ended := serve(l)
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{addr}, HTTP: d.HTTP, Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ask := func() error { _, err := c.Snapshot().Query(t.Context(), "{q(func: uid(0x1)) {uid}}", nil); return err }
	if err := ask(); err != nil || !c.Away().IsZero() {
		t.Fatalf("%v, away since %v", err, c.Away())
	}
	leave(l, ended)
	left := time.Now()
	var known *dql.Error
	if err := ask(); !errors.As(err, &known) || known.Kind != dql.Unreachable {
		t.Errorf("%v", err)
	}
	first := c.Away()
	if err := ask(); err == nil || first.Before(left) || !c.Away().Equal(first) {
		t.Errorf("%v, away since %v, then %v", err, first, c.Away())
	}
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	ended = serve(l)
	defer func() { leave(l, ended) }()
	if err := ask(); err != nil || !c.Away().IsZero() {
		t.Errorf("%v, away since %v", err, c.Away())
	}
}
