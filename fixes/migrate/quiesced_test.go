package migrate

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestQuiesced lets people read in all ways while it is watched, and then write once each, through an alpha
// of the other group.
func TestQuiesced(t *testing.T) {
	t.Parallel()
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{Alphas: 2, Groups: 2})
	d := dgraphtest.Connect(t, cluster)
	near, far := cluster.Alphas()[0], cluster.Alphas()[1]
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{near.GRPC}, HTTP: near.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	other, err := dql.Open(t.Context(), dql.Config{Alphas: []string{far.GRPC}, HTTP: far.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if r := d.ApplySchema(t, "type T { id: ID! name: String @search }\n"); r.Refused {
		t.Fatal(r.Message)
	}
	d.Mutate(t, "_:a <dgraph.type> \"T\" .\n_:a <T.name> \"a\" .\n")
	const names = "{q(func: has(T.name)) {T.name}}"
	post := func(path, kind, body string) func() error {
		return func() error {
			resp, err := http.Post(far.HTTP+path, kind, strings.NewReader(body))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if strings.Contains(string(text), `"errors"`) {
				return errors.New(string(text))
			}
			return err
		}
	}
	reading := map[string]func() error{
		"GraphQL":          post("/graphql", "application/json", `{"query": "{queryT {name}}"}`),
		"DQL as Ratel":     post("/query", "application/dql", names),
		"DQL, read-only":   post("/query?ro=true", "application/dql", names),
		"DQL, best effort": post("/query?ro=true&be=true", "application/dql", names),
		"a transaction":    func() error { _, err := other.Txn().Query(t.Context(), names, nil); return err },
		"a moment":         func() error { _, err := other.Snapshot().Query(t.Context(), names, nil); return err },
		"an admin":         post("/admin", "application/json", `{"query": "{getGQLSchema {schema}}"}`),
	}
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for name, read := range reading {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := read(); err != nil {
					t.Errorf("reading by %s: %v", name, err)
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	err = Quiesced(t.Context(), c, 3*time.Second)
	cancel()
	readers.Wait()
	if err != nil {
		t.Errorf("while people read: %v", err)
	}

	writing := map[string]func() error{
		"DQL":     post("/mutate?commitNow=true", "application/rdf", "{set {_:a <T.name> \"b\" .}}"),
		"GraphQL": post("/graphql", "application/json", `{"query": "mutation {addT(input: [{name: \"c\"}]) {numUids}}"}`),
		"gRPC": func() error {
			_, err := other.Txn().Commit(t.Context(), []dql.Quad{text(dql.Blank("x"), "T.name", "d")}, nil)
			return err
		},
		"alter": func() error { return other.Alter(t.Context(), "T.name: string @index(hash, trigram) .") },
	}
	// The last of them just before the end.
	for i, name := range []string{"gRPC", "GraphQL", "alter", "DQL"} {
		watch, after := 4*time.Second, 200*time.Millisecond
		if i == 3 {
			watch, after = time.Second, 900*time.Millisecond
		}
		for try, inTime := 0, false; !inTime && try < 20; try++ {
			result, begun := make(chan error), time.Now()
			go func() { result <- Quiesced(t.Context(), c, watch) }()
			time.Sleep(tellTime + after)
			if err := writing[name](); err != nil {
				t.Fatalf("writing by %s: %v", name, err)
			}
			inTime = time.Since(begun) < tellTime+watch // a busy machine gets to it only when nobody watches any more
			var seen *Writing
			if err := <-result; inTime && (!errors.As(err, &seen) || !strings.Contains(err.Error(), "mutations=disallow")) {
				t.Errorf("one write by %s: %v", name, err)
			}
		}
	}
}

// TestExplained: what the cluster does by itself is not taken for writing, and no more of it is explained than
// it takes at least.
func TestExplained(t *testing.T) {
	t.Parallel()
	was := &dql.Membership{MaxTxnTs: 10_000, Groups: []dql.Group{
		{ID: 1, SnapshotTs: 5, Leaders: []string{"a"}, Space: map[string]int64{"T.a": 1, "T.b": 1}},
		{ID: 2, SnapshotTs: 5, Leaders: []string{"b"}, Space: map[string]int64{"T.c": 1}},
	}}
	is := &dql.Membership{MaxTxnTs: 20_000, Groups: []dql.Group{
		{ID: 2, SnapshotTs: 7, Leaders: []string{"c"}, Space: map[string]int64{"T.c": 1}},
		{ID: 1, SnapshotTs: 5, Leaders: []string{"a"}, Space: map[string]int64{"T.a": 2, "T.b": 2}},
	}}
	if n := explained(was, is); n != 4 { // timestamps, a snapshot, a leader and the sizes of one group
		t.Errorf("%d are explained, want 4", n)
	}
	if n := explained(was, was); n != 0 {
		t.Errorf("nothing happened, and %d are explained", n)
	}
}
