package dql_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

const schema = "type User @secret(field: \"pwd\") { id: ID! name: String! @search(by: [hash, term]) friends: [User] vec: [Float!] @embedding @search(by: [\"hnsw(metric: cosine)\"]) }"

// wants checks that an error is of a kind, says something, and is one plain sentence.
func wants(t *testing.T, what string, err error, kind dql.Kind, says string) {
	t.Helper()
	var e *dql.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: error %v, want a *dql.Error of kind %v", what, err, kind)
		return
	}
	t.Logf("%s: [%v] %v", what, e.Kind, err)
	if e.Kind != kind || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: [%v] %v, want [%v] ...%s...", what, e.Kind, err, kind, says)
	}
	if text := err.Error(); len(text) > 600 || strings.ContainsAny(text, "\n\r\t") || strings.Contains(text, "rpc error") || strings.Contains(text, "desc =") {
		t.Errorf("%s: %q is not one plain sentence", what, text)
	}
}

// change is a copy of a Config with something else.
func change(c dql.Config, f func(*dql.Config)) dql.Config {
	if c.TLS != nil {
		copied := *c.TLS
		c.TLS = &copied
	}
	f(&c)
	return c
}

// refused opens and wants that to fail.
func refused(t *testing.T, what string, c dql.Config, kind dql.Kind, says string) {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	client, err := dql.Open(t.Context(), c)
	if err == nil {
		client.Close()
	}
	wants(t, what, err, kind, says)
}

// apply updates the GraphQL schema, which the server may refuse for some seconds after its start.
func apply(t *testing.T, c *dql.Client, text string) {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Admin(t.Context(), fmt.Sprintf("mutation{updateGQLSchema(input:{set:{schema:%s}}){gqlSchema{id}}}", quoted), &struct{}{})
	if err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, s *dql.Snapshot, text string) string {
	t.Helper()
	got, err := s.Query(t.Context(), text, nil)
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return string(got)
}

// shifted is an address with another port.
func shifted(t *testing.T, addr string, by int) string {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	a.Port += by
	return a.String()
}

func host(url string) string { return url[strings.Index(url, "://")+3:] }

// listen accepts connections, and keeps them until the test ends.
func listen(t *testing.T, use func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.Map
	t.Cleanup(func() {
		l.Close()
		conns.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(c, true)
			use(c)
		}
	}()
	return l.Addr().String()
}
