package clone_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/clone"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestMain(m *testing.M) { dgraphtest.Main(m) }

func open(t *testing.T, d *dgraphtest.Dgraph, readOnly bool) *dql.Client {
	t.Helper()
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{d.GRPC}, HTTP: d.HTTP, ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// copyAll copies the schema and the nodes of one server to another, which is emptied before.
func copyAll(t *testing.T, from, to *dgraphtest.Dgraph, lease func(context.Context, uint64) error, o clone.Options) (*clone.Copied, []string) {
	t.Helper()
	to.DropAll(t)
	source, target := open(t, from, true), open(t, to, false)
	stored, err := source.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	skipped, err := clone.Schema(t.Context(), stored, target, false)
	if err != nil {
		t.Fatal(err)
	}
	o.Lease = lease
	copied, err := clone.Data(t.Context(), source, stored, target, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clone.Schema(t.Context(), stored, target, true); err != nil {
		t.Fatal(err)
	}
	return copied, skipped
}

// holds is what a server answers, with the keys in order.
func holds(t *testing.T, d *dgraphtest.Dgraph, query string) any {
	t.Helper()
	var data any
	if err := json.Unmarshal(d.Query(t, query), &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// TestCopies: what is in the copy is what is in the source, in every form that Dgraph can hold. What cannot be read is
// told, and does not keep anything else back.
func TestCopies(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{})
	to := dgraphtest.Connect(t, cluster)

	// Of age there will be a value that is no number, and of u two that are the same.
	d.Alter(t, "C.age: string .\nC.u: string @index(exact) @upsert .\n")
	d.Mutate(t, `
_:a <dgraph.type> "C" .
_:a <C.age> "12" .
_:a <C.u> "same" .
_:b <dgraph.type> "C" .
_:b <dgraph.type> "D" .
_:b <C.age> "twelve" .
_:b <C.u> "same" .
_:b <C.name> "after the bad one" .
`)
	d.Alter(t, `
C.age: int .
C.u: string @index(exact) @upsert @unique .
C.name: string @index(term, trigram) @lang .
C.list: [string] @index(exact) .
C.when: dateTime .
C.big: int .
C.f: float .
C.yes: bool .
C.at: geo .
C.vec: float32vector .
C.pwd: password .
C.ref: uid @reverse .
C.refs: [uid] @count .
<C.an_odd-name/é>: string .
type C {
  C.age
  C.name
}
type D {
  C.list
}
`)
	d.Mutate(t, strings.ReplaceAll(`
_:n <dgraph.type> "C" .
_:n <C.name> "plain" (by="me", n=3) .
_:n <C.name> "deutsch"@de (since=2020-01-02T03:04:05Z) .
_:m <C.name> "nur deutsch"@de .
_:n <C.list> "b" (w=1.5) .
_:n <C.list> "a" .
_:n <C.list> "_STAR_ALL\n\"x\"" .
_:n <C.when> "2020-01-02T03:04:05.678901+02:00" .
_:n <C.big> "9007199254740993" .
_:n <C.f> "0.1234567891234" .
_:n <C.yes> "false"^^<xs:boolean> .
_:n <C.at> "{'type':'Point','coordinates':[1.5,2.5]}"^^<geo:geojson> .
_:n <C.vec> "[1.5, 2.5]" .
_:n <C.pwd> "secret1" .
_:n <C.ref> _:m (k="v") .
_:n <C.refs> _:m .
_:n <C.refs> _:gone (x=true) .
_:n <C.odd> "odd" .
<0x2000> <C.name> "far away" .
`, "C.odd", "C.an_odd-name/é"))
	query := `{
q(func: has(dgraph.type)) @filter(NOT type(dgraph.graphql)) { uid dgraph.type C.name @facets C.name@de @facets C.list @facets C.when C.big C.f C.yes C.at C.vec C.u
  C.ref @facets {uid} C.refs @facets {uid} count(C.refs) ~C.ref {uid} <C.an_odd-name/é> }
p(func: has(C.pwd)) {uid}
l(func: has(C.name@.)) {uid C.name@*}
t(func: anyofterms(C.name, "plain far")) {uid}
}`
	copied, skipped := copyAll(t, d, to, cluster.LeaseUIDs, clone.Options{All: true, ReadGeo: true})
	if diff := cmp.Diff(holds(t, d, query), holds(t, to, query)); diff != "" {
		t.Errorf("-source +copy\n%s", diff)
	}
	if len(skipped)+len(copied.Skipped) > 0 {
		t.Errorf("left out: %v %v", skipped, copied.Skipped)
	}
	if copied.Nodes != 3 || copied.Passwords != 1 || copied.Unreadable != 1 || copied.LeftOut != 0 || copied.Moments != 1 {
		t.Errorf("copied %+v", copied)
	}
	if is, want := to.StoredSchema(t), d.StoredSchema(t); is != want {
		t.Errorf("stored in the copy\n%s\nand in the source\n%s", is, want)
	}
	for _, check := range []string{"secret1", "-", ""} {
		if data := string(to.Query(t, fmt.Sprintf(`{q(func: has(C.pwd)) {ok: checkpwd(C.pwd, %q)}}`, check))); !strings.Contains(data, `"ok":false`) {
			t.Errorf("the password %q in the copy: %s", check, data)
		}
	}
	ages := string(to.Query(t, `{q(func: has(C.age)) {C.age}}`))
	if ages != `{"q":[{"C.age":12}]}` {
		t.Errorf("readable ages in the copy: %s", ages)
	}
	// Uids of new nodes do not meet those that were copied.
	if fresh := to.Mutate(t, "_:new <C.name> \"new\" .\n")["new"]; len(fresh) <= len("0x2000") {
		t.Errorf("a new node in the copy is %s", fresh)
	}

	sums(t, to)

	copied, _ = copyAll(t, d, to, cluster.LeaseUIDs, clone.Options{All: true})
	if len(copied.Skipped) != 1 || !strings.HasPrefix(copied.Skipped[0], "C.at is of type geo") {
		t.Errorf("without reading geo, left out: %v", copied.Skipped)
	}

	samples(t, d, to, cluster.LeaseUIDs)
}

// sums: one value, edge or facet that is another shows, in its predicate and nowhere else.
func sums(t *testing.T, d *dgraphtest.Dgraph) {
	c := open(t, d, true)
	sum := func() map[string]clone.Sum {
		stored, err := c.Stored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all, err := clone.Sums(t.Context(), c, stored, false)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := sum()
	if d := cmp.Diff(before, sum()); d != "" {
		t.Errorf("added up again, %s", d)
	}
	for name, quad := range map[string]string{
		"C.list":      "<0x2000> <C.list> \"more\" .\n",
		"C.when":      "<0x2000> <C.when> \"2021-01-01T00:00:00Z\" .\n",
		"C.refs":      "<0x2000> <C.refs> <0x2000> .\n",
		"dgraph.type": "<0x2000> <dgraph.type> \"C\" .\n",
		"C.name":      "<0x2000> <C.name> \"far away\" (n=1) .\n",
	} {
		d.Mutate(t, quad)
		after := sum()
		for p := range after {
			if same := after[p] == before[p]; same == (p == name) {
				t.Errorf("%s was changed, and the sum of %s is the same: %t", name, p, same)
			}
		}
		before = after
	}
}

// samples: a sample comes from everywhere, with what it refers to, and says where it ends.
func samples(t *testing.T, d, to *dgraphtest.Dgraph, lease func(context.Context, uint64) error) {
	d.DropAll(t)
	d.Alter(t, "S.next: uid @reverse .\nS.n: int .\nS.marked: string .\nHub.all: [uid] .\ntype S {\nS.n\nS.next\n}\ntype Hub {\nHub.all\n}\n")
	const nodes = 3000
	var text strings.Builder
	for i := range nodes {
		fmt.Fprintf(&text, "<%#x> <dgraph.type> \"S\" .\n<%#[1]x> <S.n> \"%[2]d\" .\n<%#[1]x> <S.next> <%#[3]x> .\n<0x5> <Hub.all> <%#[1]x> .\n", 0x100+i, i, 0x100+(i+7)%nodes)
		if i%3 == 0 {
			fmt.Fprintf(&text, "<%#x> <Plain.x> \"x\" .\n", 0x1000+i)
		}
	}
	text.WriteString("<0x5> <dgraph.type> \"Hub\" .\n<0x6> <S.marked> \"x\" .\n<0x7> <S.n> \"7\" .\n")
	text.WriteString("_:x <S.marked> \"y\" .\n")
	d.Mutate(t, text.String())
	copied, _ := copyAll(t, d, to, lease, clone.Options{Sample: 40, Seed: 1, Roots: []string{"has(S.marked)", "has(Plain.x)"}, Nodes: []uint64{0x7}})
	var answer struct {
		S, M, N, P []struct{ UID string }
		Hub        []struct{ Count int }
	}
	if err := json.Unmarshal(to.Query(t, `{S(func: type(S)) {uid} P(func: has(Plain.x)) {uid} M(func: has(S.marked)) {uid} N(func: uid(0x7)) @filter(has(S.n)) {uid} Hub(func: uid(0x5)) {Count: count(Hub.all)}}`), &answer); err != nil {
		t.Fatal(err)
	}
	// 40, what they lead to, what leads to them, and at most 100 of the hub.
	if n := len(answer.S); n < 80 || n > 40*3+100*1 {
		t.Errorf("%d nodes of type S", n)
	}
	if len(answer.M) != 2 || len(answer.N) != 1 {
		t.Errorf("nodes that were asked for by name: %+v, %+v", answer.M, answer.N)
	}
	for first, all := range map[int][]struct{ UID string }{0x100: answer.S, 0x1000: answer.P} {
		low, high := 0, 0
		for _, n := range all {
			var uid int
			if _, err := fmt.Sscanf(n.UID, "0x%x", &uid); err != nil {
				t.Fatal(err)
			}
			if uid < first+nodes/3 {
				low++
			}
			if uid > first+nodes*2/3 {
				high++
			}
		}
		if low < 10 || high < 10 {
			t.Errorf("from %#x on, %d nodes of the lowest third and %d of the highest", first, low, high)
		}
	}
	if len(answer.P) != 40 {
		t.Errorf("%d nodes without a type", len(answer.P))
	}
	if copied.LeftOut == 0 || !copied.AtRim(0x5) {
		t.Errorf("edges that lead out are not told: %+v", copied)
	}
	// No edge leads to where nothing is.
	if data := string(to.Query(t, `{q(func: has(S.next)) @cascade {uid S.next @filter(NOT has(S.n)) {uid}}}`)); data != `{"q":[]}` {
		t.Errorf("edges that lead nowhere: %s", data)
	}
	again, _ := copyAll(t, d, to, lease, clone.Options{Sample: 40, Seed: 1, Roots: []string{"has(S.marked)", "has(Plain.x)"}, Nodes: []uint64{0x7}})
	if again.Nodes != copied.Nodes || again.Quads != copied.Quads {
		t.Errorf("the same seed gives %d and %d nodes", copied.Nodes, again.Nodes)
	}
}

// TestInterrupted: copying ends with its context.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	d.Mutate(t, "_:n <I.a> \"x\" .\n")
	source := open(t, d, true)
	stored, err := source.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var known *dql.Error
	if _, err := clone.Data(ctx, source, stored, source, clone.Options{All: true}); !errors.As(err, &known) || known.Kind != dql.Canceled {
		t.Errorf("error %v", err)
	}
	// And what is taken for the copy by mistake is not written to, when it is the source.
	if _, err := clone.Data(t.Context(), source, stored, source, clone.Options{All: true, Lease: func(context.Context, uint64) error { return nil }}); !errors.Is(err, dql.ErrReadOnly) {
		t.Errorf("error %v", err)
	}
}
