package dgraphtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dgraph-io/dgo/v230/protos/api"
)

// NodesEnv is the number of nodes that [Dgraph.Scale] stores, from 10,000; without it a test says how many.
const NodesEnv = "SCHEMACHECK_BENCH_NODES"

const scaleSchema = `
V.n: string .
V.m: string .
V.few: string .
V.gap: int .
scale.mark: string .
`

// Scale stores many nodes of type V, and returns their number. The values of V.n are all different, those of V.m
// are there twice, V.few has ten, and every thousandth node lacks V.gap. On a server that is not ours ([AlphaEnv])
// the nodes of an earlier process are used again.
func (d *Dgraph) Scale(t testing.TB, usual int) int {
	t.Helper()
	n := usual
	if text := os.Getenv(NodesEnv); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 10_000 {
			t.Fatalf("%s=%q: expected a number from 10000", NodesEnv, text)
		}
	}
	n -= n % 2
	var kept struct {
		Q []struct {
			Mark string `json:"scale.mark"`
		}
	}
	if err := json.Unmarshal(d.Query(t, "{ q(func: has(scale.mark)) { scale.mark } }"), &kept); err != nil {
		t.Fatal(err)
	}
	mark := fmt.Sprint("2 of ", n)
	if len(kept.Q) == 1 && kept.Q[0].Mark == mark {
		return n
	}
	d.DropAll(t)
	d.Alter(t, scaleSchema)
	text := func(s string) *api.Value { return &api.Value{Val: &api.Value_StrVal{StrVal: s}} }
	d.Bulk(t, n, func(i int, add func(predicate string, value *api.Value)) {
		add("dgraph.type", text("V"))
		add("V.n", text(fmt.Sprintf("user%d@example.com", i)))
		add("V.m", text(fmt.Sprintf("name %d", i%(n/2))))
		add("V.few", text(fmt.Sprintf("colour %d", i%10)))
		if i%1000 > 0 {
			add("V.gap", &api.Value{Val: &api.Value_IntVal{IntVal: int64(i)}})
		}
	})
	d.Mutate(t, fmt.Sprintf("_:mark <scale.mark> %q .", mark))
	return n
}

// Bulk stores n nodes as fast as one alpha takes them: in batches of some thousand, a few at a time.
func (d *Dgraph) Bulk(t testing.TB, n int, quads func(i int, add func(predicate string, value *api.Value))) {
	t.Helper()
	const batch = 5000
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(batch)) - batch
				if from >= n {
					return
				}
				m := &api.Mutation{CommitNow: true}
				for i := from; i < min(from+batch, n); i++ {
					subject := "_:n" + strconv.Itoa(i)
					quads(i, func(predicate string, value *api.Value) {
						m.Set = append(m.Set, &api.NQuad{Subject: subject, Predicate: predicate, ObjectValue: value})
					})
				}
				if _, err := d.client.NewTxn().Mutate(ctx, m); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		t.Fatalf("storing %d nodes: %v", n, err)
	}
}
