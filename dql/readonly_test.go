package dql_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// methods are those of a connection: with what tries to write, or nil for those that only read. One that is not
// listed here fails the test.
var methods = map[string]func(context.Context, *dql.Client) error{
	"Client.Alter":         func(ctx context.Context, c *dql.Client) error { return c.Alter(ctx, "R.b: string .") },
	"Client.DropPredicate": func(ctx context.Context, c *dql.Client) error { return c.DropPredicate(ctx, "R.a") },
	"Client.DropType":      func(ctx context.Context, c *dql.Client) error { return c.DropType(ctx, "R") },
	"Client.UpdateGraphQLSchema": func(ctx context.Context, c *dql.Client) error {
		return c.UpdateGraphQLSchema(ctx, "type R { b: String }")
	},
	"Client.GraphQL": func(ctx context.Context, c *dql.Client) error {
		_, err := c.GraphQL(ctx, `mutation { deleteR(filter: {}) { numUids } }`, nil)
		return err
	},
	"Txn.Commit": func(ctx context.Context, c *dql.Client) error {
		_, err := c.Txn().Commit(ctx, []dql.Quad{{Subject: dql.Blank("x"), Predicate: "R.a", Data: "new", Type: "string"}}, nil)
		return err
	},
	"Txn.Try": func(ctx context.Context, c *dql.Client) error {
		return c.Txn().Try(ctx, []dql.Quad{{Subject: dql.Blank("x"), Predicate: "R.a", Data: "new", Type: "string"}}, nil)
	},
	// It begins what can be committed, and so it is refused too.
	"Txn.Query": func(ctx context.Context, c *dql.Client) error {
		_, err := c.Txn().Query(ctx, "{q(func: has(R.a)) {uid}}", nil)
		return err
	},

	// Of export_test.go.
	"Client.Admin": func(ctx context.Context, c *dql.Client) error {
		return c.Admin(ctx, `mutation { updateGQLSchema(input: {set: {schema: "type R { c: String }"}}) { gqlSchema { id } } }`, nil)
	},
	"Client.Token": nil, "Client.Write": nil,

	"Client.Away": nil, "Client.Close": nil, "Client.Format": nil, "Client.GraphQLSchema": nil, "Client.Health": nil, "Client.Membership": nil, "Client.Readable": nil,
	"Client.ReadsAll": nil, "Client.RoundsFloats": nil, "Client.SchemaURL": nil, "Client.Snapshot": nil, "Client.Stored": nil, "Client.String": nil,
	"Client.Txn": nil, "Client.Unreadable": nil, "Client.User": nil,
	"Snapshot.Query": nil, "Snapshot.ReadTs": nil,
	"Txn.StartTs": nil,
}

// TestReadOnly: nothing that could write leaves a read-only connection, and the data and both schemas are the same
// afterwards. What only reads works.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	if r := d.ApplySchema(t, "type R { a: String }"); r.Refused {
		t.Fatal(r.Message)
	}
	d.Mutate(t, "_:n <R.a> \"old\" .\n_:n <dgraph.type> \"R\" .\n")
	everything := func() string {
		return d.StoredSchema(t) + d.ServedSchema(t) + string(d.Query(t, "{q(func: has(dgraph.type)) {uid R.a R.b dgraph.type dgraph.graphql.schema}}"))
	}
	before := everything()

	target, err := url.Parse(d.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var posted []string
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		posted = append(posted, r.Method+" "+r.URL.Path)
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	config := dql.Config{Alphas: []string{d.GRPC}, HTTP: server.URL, ReadOnly: true}
	c := open(t, config)
	if !strings.Contains(c.String(), "read-only") {
		t.Errorf("it does not say that it only reads: %s", c)
	}

	for _, typ := range []reflect.Type{reflect.TypeFor[*dql.Client](), reflect.TypeFor[*dql.Snapshot](), reflect.TypeFor[*dql.Txn]()} {
		for m := range typ.Methods() {
			name := typ.Elem().Name() + "." + m.Name
			try, known := methods[name]
			if !known {
				t.Errorf("%s is not in the table: say there whether it can write", name)
				continue
			}
			if try == nil {
				continue
			}
			if err := try(t.Context(), c); !errors.Is(err, dql.ErrReadOnly) {
				t.Errorf("%s: error %v, want that it was not sent", name, err)
			}
			if len(posted) > 0 {
				t.Errorf("%s sent %v", name, posted)
			}
		}
	}
	if after := everything(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}

	if s, err := c.Stored(t.Context()); err != nil || s.Predicate("R.a") == nil {
		t.Errorf("reading the stored schema: %v", err)
	}
	if s, err := c.GraphQLSchema(t.Context()); err != nil || s.Kept != s.Served || s.Kept == "" {
		t.Errorf("reading the GraphQL schema: %+v, %v", s, err)
	}
	if answer, err := c.Snapshot().Query(t.Context(), "{q(func: has(R.a)) {R.a}}", nil); err != nil || !strings.Contains(string(answer), "old") {
		t.Errorf("asking: %s, %v", answer, err)
	}
	if m, err := c.Membership(t.Context()); err != nil || len(m.Groups) == 0 {
		t.Errorf("asking for the members: %+v, %v", m, err)
	}
	if h := c.Health(t.Context()); h.Version() == "" || h.MembersErr != nil || len(h.Members) == 0 {
		t.Errorf("health: %+v", h)
	}

	// The same does write without the word.
	config.ReadOnly = false
	if err := methods["Client.Alter"](t.Context(), open(t, config)); err != nil {
		t.Error(err)
	}
	if everything() == before {
		t.Error("what is refused would not have written anything")
	}
}
