package dgraphtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230"
	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

const (
	// callTimeout bounds one request; index builds of a test are long done by then.
	callTimeout = 2 * time.Minute
	// serveTimeout bounds how long a saved schema may take to be served; a few milliseconds are usual.
	serveTimeout = 2 * time.Minute
	maxMessage   = 256 << 20
)

// Dgraph is one alpha that tests talk to. Its methods end the test when the server does not do what the
// test takes for granted.
type Dgraph struct {
	GRPC string // host:port
	HTTP string // base URL

	client *dgo.Dgraph
	conn   *grpc.ClientConn
	http   *http.Client
	header http.Header
	turn   sync.Mutex
}

// endpoint says how an alpha is reached.
type endpoint struct {
	grpc, http string
	tls        *tls.Config // nil for plain text
	token      string
	login      bool
}

func connectCluster(c *dgraphproc.Cluster) (*Dgraph, error) {
	config, err := c.TLSConfig()
	if err != nil {
		return nil, err
	}
	first, o := c.Alphas()[0], c.Options()
	return connect(endpoint{grpc: first.GRPC, http: first.HTTP, tls: config, token: o.Token, login: o.ACL})
}

func connect(e endpoint) (*Dgraph, error) {
	transport := insecure.NewCredentials()
	if e.tls != nil {
		transport = credentials.NewTLS(e.tls)
	}
	conn, err := grpc.NewClient(e.grpc,
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if e.token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "auth-token", e.token)
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		}))
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", e.grpc, err)
	}
	d := &Dgraph{
		GRPC: e.grpc, HTTP: e.http,
		client: dgo.NewDgraphClient(api.NewDgraphClient(conn)),
		conn:   conn,
		http:   &http.Client{Transport: &http.Transport{TLSClientConfig: e.tls}, Timeout: callTimeout},
		header: http.Header{},
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if e.token != "" {
		d.header.Set("X-Dgraph-AuthToken", e.token)
	}
	if e.login {
		if err := d.client.Login(ctx, dgraphproc.User, dgraphproc.Password); err != nil {
			d.close()
			return nil, fmt.Errorf("logging in to %s: %w", e.grpc, err)
		}
		jwt := d.client.GetJwt()
		d.header.Set("X-Dgraph-AccessToken", jwt.GetAccessJwt())
	}
	if _, err := d.client.NewReadOnlyTxn().Query(ctx, `{q(func:has(dgraph.graphql.schema)){uid}}`); err != nil {
		d.close()
		return nil, fmt.Errorf("asking %s: %w", e.grpc, err)
	}
	return d, nil
}

func (d *Dgraph) close() {
	d.http.CloseIdleConnections()
	_ = d.conn.Close() // a closed connection has nothing more to say
}

// Lock waits until no other test of the process holds the server, and holds it until the test ends.
func (d *Dgraph) Lock(t testing.TB) {
	d.turn.Lock()
	t.Cleanup(d.turn.Unlock)
}

// Client is the connected dgo client, for what the other methods cannot do, above all for seeing errors.
func (d *Dgraph) Client() *dgo.Dgraph { return d.client }

// DropAll removes data, DQL schema and GraphQL schema, and waits until the last is served no more.
func (d *Dgraph) DropAll(t testing.TB) {
	t.Helper()
	d.alter(t, &api.Operation{DropAll: true})
	d.waitServed(t)
}

// Alter sends a DQL schema.
func (d *Dgraph) Alter(t testing.TB, schema string) {
	t.Helper()
	d.alter(t, &api.Operation{Schema: schema})
}

// alter repeats what the server only asks to repeat, for two minutes.
func (d *Dgraph) alter(t testing.TB, op *api.Operation) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	var err error
	for range 240 {
		if err = d.client.Alter(ctx, op); err == nil {
			return
		}
		if !strings.Contains(strings.ToLower(err.Error()), "please retry") {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	t.Fatalf("altering %v: %v", op, err)
}

// Mutate adds the N-Quads, one per line, in a transaction of its own, and returns the uids of blank nodes
// by their names without "_:".
func (d *Dgraph) Mutate(t testing.TB, nquads string) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	resp, err := d.client.NewTxn().Mutate(ctx, &api.Mutation{SetNquads: []byte(nquads), CommitNow: true})
	if err != nil {
		t.Fatalf("mutating: %v\n%s", err, nquads)
	}
	return resp.Uids
}

// Query returns the data of a DQL query.
func (d *Dgraph) Query(t testing.TB, dql string) json.RawMessage {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	resp, err := d.client.NewReadOnlyTxn().Query(ctx, dql)
	if err != nil {
		t.Fatalf("querying: %v\n%s", err, dql)
	}
	return resp.Json
}

// Result is what came of a GraphQL schema update.
type Result struct {
	// Refused says that the server answered with an error, which is in Message.
	Refused bool
	Message string
	// Saved says that the text is what Dgraph keeps and serves now. Refused and Saved are both true when
	// Dgraph saved the text and then could not alter its DQL schema.
	Saved bool
}

// ApplySchema sends a GraphQL schema, and returns when the schema that Dgraph keeps is also served.
func (d *Dgraph) ApplySchema(t testing.TB, sdl string) Result {
	t.Helper()
	var r Result
	for range 240 {
		var answer graphqlAnswer
		d.post(t, "/admin/schema", "application/graphql", []byte(sdl), &answer)
		r.Message = strings.Join(answer.messages(), "\n")
		r.Refused = r.Message != ""
		// The index build of an earlier update says nothing about this one.
		if !strings.Contains(r.Message, "errIndexingInProgress") {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	r.Saved = d.waitServed(t) == sdl
	return r
}

// waitServed returns the GraphQL schema that is kept, once it is also the one that is served: the server
// hears of its own writes a few milliseconds late, and loads them all at once.
func (d *Dgraph) waitServed(t testing.TB) string {
	t.Helper()
	var answer struct {
		Q []struct {
			Schema string `json:"dgraph.graphql.schema"`
		}
	}
	if err := json.Unmarshal(d.Query(t, `{q(func:has(dgraph.graphql.schema)){dgraph.graphql.schema}}`), &answer); err != nil {
		t.Fatalf("reading the kept GraphQL schema: %v", err)
	}
	kept := ""
	for _, node := range answer.Q {
		kept = node.Schema
	}
	deadline := time.Now().Add(serveTimeout)
	for {
		served := d.ServedSchema(t)
		if served == kept {
			return kept
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v Dgraph still does not serve the schema that it keeps\nserved:\n%s\nkept:\n%s", serveTimeout, served, kept)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ServedSchema returns the GraphQL schema that is served, byte for byte as it was sent, or "".
func (d *Dgraph) ServedSchema(t testing.TB) string {
	t.Helper()
	var answer struct {
		graphqlAnswer
		Data struct {
			GetGQLSchema *struct{ Schema string }
		}
	}
	d.post(t, "/admin", "application/json", []byte(`{"query":"{getGQLSchema{schema}}"}`), &answer)
	if m := answer.messages(); m != nil {
		t.Fatalf("reading the served GraphQL schema: %s", m)
	}
	if answer.Data.GetGQLSchema == nil {
		return ""
	}
	return answer.Data.GetGQLSchema.Schema
}

// Response is the answer to a GraphQL request. Both fields may be filled.
type Response struct {
	Data   json.RawMessage
	Errors []string
}

// GraphQL sends a query or mutation to the API that the served schema makes.
func (d *Dgraph) GraphQL(t testing.TB, query string, vars map[string]any) Response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		t.Fatalf("writing a GraphQL request: %v", err)
	}
	var answer struct {
		graphqlAnswer
		Data json.RawMessage
	}
	d.post(t, "/graphql", "application/json", body, &answer)
	return Response{Data: answer.Data, Errors: answer.messages()}
}

// graphqlAnswer is the part that all answers over HTTP have.
type graphqlAnswer struct {
	Errors []struct{ Message string }
}

func (a graphqlAnswer) messages() []string {
	var all []string
	for _, e := range a.Errors {
		all = append(all, e.Message)
	}
	return all
}

func (d *Dgraph) post(t testing.TB, path, contentType string, body []byte, into any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, d.HTTP+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = d.header.Clone()
	req.Header.Set("Content-Type", contentType)
	resp, err := d.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the answer of %s: %v", path, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("reading the answer of %s (%s): %v\n%q", path, resp.Status, err, text)
	}
}
