package dql_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestUpdateUnsettled: an update that Dgraph has saved is told as such even when it only asks to repeat it, and one
// whose answer does not come is sent again.
func TestUpdateUnsettled(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	real, err := url.Parse(d.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(real)
	connect := func(patience, timeout time.Duration, update http.HandlerFunc) *dql.Client {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/admin/schema" {
				update(w, r)
				return
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{d.GRPC}, HTTP: server.URL, Patience: patience, Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	const text = "type T { a: String }\n"

	busy := connect(300*time.Millisecond, 0, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"errors":[{"message":"succeeded in saving GraphQL schema but failed to alter Dgraph schema. `+
			`Please retry, this may prevent any issues: Pending transactions found. Please retry operation"}]}`)
	})
	var half *dql.HalfDone
	if err := busy.UpdateGraphQLSchema(t.Context(), text); !errors.As(err, &half) || !strings.Contains(half.Cause, "Pending transactions") {
		t.Errorf("%v", err)
	}

	var sent atomic.Int32
	slow := connect(0, 2*time.Second, func(w http.ResponseWriter, r *http.Request) {
		if sent.Add(1) == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done() // the client gives up
			return
		}
		proxy.ServeHTTP(w, r)
	})
	if err := slow.UpdateGraphQLSchema(t.Context(), text); err != nil || sent.Load() != 2 || strings.TrimSpace(d.ServedSchema(t)) != strings.TrimSpace(text) {
		t.Errorf("%v after %d requests", err, sent.Load())
	}
}
