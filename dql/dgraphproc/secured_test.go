//go:build unix

package dgraphproc_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230"
	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestACLAndToken(t *testing.T) {
	slow(t)
	t.Parallel()
	const token = "let-me-in"
	c := start(t, context.Background(), dgraphproc.Options{ACL: true, Token: token})
	d := dgraphtest.Connect(t, c)
	if r := d.ApplySchema(t, "type A { id: ID! n: Int }"); r.Refused || !r.Saved {
		t.Fatalf("the super user cannot update the schema: %+v", r)
	}
	d.Mutate(t, `_:a <A.n> "1" .`)

	client := dial(t, c.Alphas()[0].GRPC, insecure.NewCredentials())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := client.NewReadOnlyTxn().Query(ctx, "{q(func:has(A.n)){uid}}"); err == nil || !strings.Contains(err.Error(), "no accessJwt available") {
		t.Errorf("a query without login gives %v", err)
	}
	withToken := metadata.AppendToOutgoingContext(ctx, "auth-token", token)
	if err := client.Login(withToken, dgraphproc.User, "wrong"); err == nil {
		t.Error("a login with a wrong password succeeds")
	}
	if err := client.Login(withToken, dgraphproc.User, dgraphproc.Password); err != nil {
		t.Fatalf("the login fails: %v", err)
	}
	if _, err := client.NewReadOnlyTxn().Query(ctx, "{q(func:has(A.n)){uid}}"); err != nil {
		t.Errorf("a query after login gives %v", err)
	}
	op := &api.Operation{Schema: "z: int ."}
	if err := client.Alter(ctx, op); err == nil || !strings.Contains(err.Error(), "No Auth Token found") {
		t.Errorf("an alter without token gives %v", err)
	}
	if err := client.Alter(withToken, op); err != nil {
		t.Errorf("an alter with token gives %v", err)
	}
}

func TestTLS(t *testing.T) {
	slow(t)
	t.Parallel()
	c := start(t, context.Background(), dgraphproc.Options{TLS: true, RequireClientCert: true})
	alpha := c.Alphas()[0]
	if !strings.HasPrefix(alpha.HTTP, "https://") {
		t.Errorf("the alpha's URL is %s", alpha.HTTP)
	}
	d := dgraphtest.Connect(t, c)
	if r := d.ApplySchema(t, "type A { id: ID! n: Int }"); r.Refused {
		t.Fatalf("the schema is refused: %s", r.Message)
	}
	d.Mutate(t, `_:a <A.n> "1" .`)

	ca, err := os.ReadFile(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("%s holds no certificate", c.CA)
	}
	pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, try := range []struct {
		name   string
		creds  credentials.TransportCredentials
		served bool
	}{
		{"authority and client certificate", credentials.NewTLS(&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}), true},
		{"no client certificate", credentials.NewTLS(&tls.Config{RootCAs: pool}), false},
		{"the system's authorities", credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}}), false},
		{"plain text", insecure.NewCredentials(), false},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := dial(t, alpha.GRPC, try.creds).NewReadOnlyTxn().Query(ctx, "{q(func:has(A.n)){uid}}")
		cancel()
		if (err == nil) != try.served {
			t.Errorf("%s: %v", try.name, err)
		}
	}
}

func TestTwoGroups(t *testing.T) {
	slow(t)
	t.Parallel()
	c := start(t, context.Background(), dgraphproc.Options{Alphas: 2, Groups: 2})
	alphas := c.Alphas()
	if len(alphas) != 2 || alphas[0].Group != 1 || alphas[1].Group != 2 {
		t.Fatalf("alphas %+v, want one in each of two groups", alphas)
	}
	for i, a := range alphas {
		if got := group(t, a); got != fmt.Sprint(i+1) {
			t.Errorf("alpha %d says that it is in group %s", i, got)
		}
	}
	d := dgraphtest.Connect(t, c)
	if r := d.ApplySchema(t, "type A { id: ID! a: Int b: Int @search c: Int d: Int }"); r.Refused {
		t.Fatalf("the schema is refused: %s", r.Message)
	}
	d.Mutate(t, `_:a <A.a> "1" .
_:a <A.b> "2" .
_:a <A.c> "3" .
_:a <A.d> "4" .`)
	// What was written through the first alpha is read through the second.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	resp, err := dial(t, alphas[1].GRPC, insecure.NewCredentials()).NewReadOnlyTxn().Query(ctx, "{q(func:has(A.a)){A.a A.b A.c A.d}}")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(resp.Json), `{"q":[{"A.a":1,"A.b":2,"A.c":3,"A.d":4}]}`; got != want {
		t.Errorf("the second alpha reads %s, want %s", got, want)
	}
}

// slow leaves the rarer kinds of cluster out of short runs.
func slow(t *testing.T) {
	if testing.Short() {
		t.Skip("starts one more cluster")
	}
}

func dial(t *testing.T, addr string, creds credentials.TransportCredentials) *dgo.Dgraph {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return dgo.NewDgraphClient(api.NewDgraphClient(conn))
}

// group asks an alpha for its group.
func group(t *testing.T, a dgraphproc.Alpha) string {
	t.Helper()
	resp, err := http.Get(a.HTTP + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var health []struct{ Group string }
	if err := json.Unmarshal(bytes.TrimSpace(text), &health); err != nil || len(health) != 1 {
		t.Fatalf("health of %s: %v\n%s", a.HTTP, err, text)
	}
	return health[0].Group
}
