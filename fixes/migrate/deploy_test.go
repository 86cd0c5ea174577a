package migrate

import (
	"errors"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestDeployRefused: what Dgraph would refuse half way is not sent, and what it refuses all the same is put back; where
// that is refused, too, it is told what stands in the way.
func TestDeployRefused(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	const old = "type A { id: ID! a: String c: String d: String }\ntype B { id: ID! n: String }\n"
	begin := func(schema, data string) {
		t.Helper()
		d.DropAll(t)
		if schema != "" {
			d.ApplySchema(t, schema)
		}
		if data != "" {
			d.Mutate(t, data)
		}
	}
	served := func() string {
		t.Helper()
		s, err := c.GraphQLSchema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Kept
	}

	// Values that were deleted: nobody can ask for them, and Dgraph takes them for stored. In the same update c becomes a
	// list, which could not be taken back.
	begin(old, "<0x10> <A.a> \"x\" .\n")
	tx := c.Txn()
	if _, err := tx.Commit(t.Context(), nil, []dql.Quad{{Subject: "0x10", Predicate: "A.a", All: true}}); err != nil {
		t.Fatal(err)
	}
	const edges = "type A { id: ID! a: B c: [String] d: String }\ntype B { id: ID! n: String }\n"
	sent := false
	_, err := deploy(t.Context(), c, edges, func(string) { sent = true })
	var refused *Refused
	if !errors.As(err, &refused) || sent || served() != old || !strings.Contains(d.StoredSchema(t), "A.c: string") || !strings.Contains(err.Error(), "A.a: ") {
		t.Errorf("%v, sent %v, served %q", err, sent, served())
	}

	// Nothing was ever there: it goes through, and edges can be stored.
	begin(old, "")
	if dep, err := Deploy(t.Context(), c, edges); err != nil || dep.To.IsZero() || served() != edges || !strings.Contains(d.StoredSchema(t), "A.a: uid") {
		t.Errorf("%+v, %v\n%s", dep, err, d.StoredSchema(t))
	}

	// One that is no schema changes nothing.
	begin(old, "")
	if _, err := Deploy(t.Context(), c, "type A { id: ID! a: B c: String d: String @search(by: [wrong]) }\ntype B { id: ID! n: String }\n"); err == nil || served() != old || !strings.Contains(d.StoredSchema(t), "A.a: string") {
		t.Errorf("%v, served %q\n%s", err, served(), d.StoredSchema(t))
	}

	// What only comes up when the update is sent: the old schema is put back.
	begin(old, "")
	const fresh = "type A { id: ID! a: String c: String d: String e: String }\ntype B { id: ID! n: String }\n"
	_, err = deploy(t.Context(), c, fresh, func(string) { d.Alter(t, "A.e: [string] .") })
	if !errors.As(err, &refused) || served() != old || !strings.Contains(err.Error(), "the old schema was put back at once") {
		t.Errorf("%v, served %q", err, served())
	}

	// The old one is refused for the same reason.
	begin(old, "")
	_, err = deploy(t.Context(), c, fresh, func(string) { d.Alter(t, "A.d: [string] .") })
	var between *Between
	if !errors.As(err, &between) || between.Old != old || len(between.Stands) != 1 || !strings.HasPrefix(between.Stands[0], "A.d is stored as a list") || between.Serves != "the old one" {
		t.Errorf("%+v, %v", between, err)
	}
	if text := err.Error(); !strings.Contains(text, "Served is the old one") || !strings.Contains(text, "as long as this is so: A.d") {
		t.Error(text)
	}

	// There was none.
	begin("", "")
	_, err = deploy(t.Context(), c, fresh, func(string) { d.Alter(t, "A.d: [string] .") })
	if !errors.As(err, &between) || between.Old != "" || !strings.Contains(err.Error(), "there was no GraphQL schema before") || strings.Contains(err.Error(), "curl") {
		t.Errorf("%v", err)
	}
}
