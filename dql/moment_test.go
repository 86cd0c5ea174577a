package dql_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// fillKept stores n nodes with values that nobody changes: each is there twice, and every tenth node has none.
func fillKept(t testing.TB, d *dgraphtest.Dgraph, n int) []uint64 {
	return fill(t, d, "V.n: string .\nV.m: string .\n", n, func(i int, node string) string {
		text := fmt.Sprintf("%s <V.m> \"%d\" .\n", node, i)
		if i%10 > 0 {
			text += fmt.Sprintf("%s <V.n> \"%d\" .\n", node, i/2)
		}
		return text
	})
}

// write adds nodes of type V that have everything, and overwrites V.m of others, until ctx ends.
func write(ctx context.Context, d *dgraphtest.Dgraph, pause time.Duration) (rounds *atomic.Int64, ended chan struct{}) {
	rounds, ended = &atomic.Int64{}, make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			round := rounds.Add(1)
			var text strings.Builder
			for i := range 500 {
				fmt.Fprintf(&text, "_:a%d <dgraph.type> \"V\" .\n_:a%d <V.n> \"new %d %d\" .\n_:a%d <V.m> \"%s\" .\n", i, i, round, i, i, strings.Repeat("x", 200))
			}
			// What comes of a write is no matter: the next one follows.
			_, _ = d.Client().NewTxn().Mutate(ctx, &api.Mutation{SetNquads: []byte(text.String()), CommitNow: true})
			_, _ = d.Client().NewTxn().Do(ctx, &api.Request{CommitNow: true, Query: "{u as var(func: type(V), first: 3000)}",
				Mutations: []*api.Mutation{{SetNquads: fmt.Appendf(nil, "uid(u) <V.m> \"over %d %s\" .", round, strings.Repeat("y", 200))}}})
			time.Sleep(pause)
		}
	}()
	return rounds, ended
}

// TestRenewal has others write while transactions are renewed.
func TestRenewal(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	const n = 4000
	fillKept(t, d, n)
	ctx, cancel := context.WithCancel(t.Context())
	rounds, ended := write(ctx, d, 20*time.Millisecond)
	defer func() { cancel(); <-ended }()
	q := newQuestioner(t, d)
	var asked atomic.Int64
	q.before = func(string) error {
		time.Sleep(5 * time.Millisecond)
		for asked.Add(1) > 20 && rounds.Load() < 3 && t.Context().Err() == nil {
			time.Sleep(5 * time.Millisecond) // a slow machine lets others write too
		}
		return nil
	}
	var answers []dql.Answer
	var moment dql.Moment
	// What was seen of newer nodes and then no more looks like a moment that was discarded: then one asks again.
	for try := 1; ; try++ {
		var err error
		answers, moment, err = dql.Ask(t.Context(), q.reader, []dql.Question{dql.Duplicates(v("V.n")), dql.Missing(v("V.n")), dql.Missing(v("V.m"))},
			dql.Options{PageSize: 100, Renew: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		again := func(a dql.Answer) bool { return strings.Contains(a.Reason, "ask again") }
		if try == 4 || !slices.ContainsFunc(answers, again) {
			break
		}
		t.Log("the server gave other counts for one moment: asking again")
	}
	if moment.From == 0 || moment.To <= moment.From || q.made < 3 || rounds.Load() < 2 {
		t.Errorf("%+v with %d transactions, while others wrote %d times", moment, q.made, rounds.Load())
	}
	// Of the values 0, 5, 10 and so on one of the two nodes has none.
	for i, want := range []uint64{n - 2*n/10, n / 10, 0} {
		if a := answers[i]; !a.Complete || a.Violations != want {
			t.Errorf("question %d: %+v, want %d", i, a, want)
		}
	}
}

// TestForgottenMoment has a server that answers from another moment in the middle of a pass, as one does that has
// discarded older versions: once, which asking again mends, and in every pass.
func TestForgottenMoment(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	uids := fillKept(t, d, 1000)
	for _, c := range []struct {
		renew  time.Duration
		always bool
	}{{0, false}, {50 * time.Millisecond, false}, {0, true}, {50 * time.Millisecond, true}} {
		q := newQuestioner(t, d)
		q.forget.Store(true)
		pages := 0
		q.before = func(text string) error {
			if !strings.Contains(text, "after: 0x") {
				return nil
			}
			if pages++; pages%3 == 0 && (c.always || pages == 3) {
				var gone strings.Builder
				for _, uid := range uids[:20] {
					fmt.Fprintf(&gone, "<0x%x> * * .\n", uid)
				}
				uids = uids[20:]
				remove(t, d, gone.String())
			}
			if pages%3 == 1 {
				time.Sleep(2 * c.renew) // the next page is read with another transaction
			}
			return nil
		}
		answers, _, err := dql.Ask(t.Context(), q.reader, []dql.Question{dql.Unfit(v("V.n"), anything), dql.Duplicates(v("V.n"))},
			dql.Options{PageSize: 100, Parallel: 1, Renew: c.renew})
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			// Of ten nodes one has no value, and another is alone with its.
			want := dql.Answer{Asked: true, Complete: true, Total: uint64(len(uids)), Violations: []uint64{0, uint64(len(uids) * 8 / 10)}[i]}
			switch {
			case !c.always:
				if a.Complete != want.Complete || a.Reason != "" || a.Total != want.Total || a.Violations != want.Violations {
					t.Errorf("renewed after %v: question %d: %+v, want %+v", c.renew, i, a, want)
				}
			case a.Complete || !strings.Contains(a.Reason, "discarded"):
				t.Errorf("always, renewed after %v: question %d: %+v", c.renew, i, a)
			}
		}
	}
}

// TestSnapshots has a server that makes snapshots and throws away old versions as often as it can, which is once
// in a minute, while a slow scan reads. It takes two minutes, and runs only when it is asked for.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	if os.Getenv(dgraphtest.NodesEnv) == "" {
		t.Skipf("set %s for this", dgraphtest.NodesEnv)
	}
	d := dgraphtest.Connect(t, dgraphtest.Cluster(t, dgraphproc.Options{ExtraAlphaFlags: []string{
		"--raft=group=1;snapshot-after-entries=20;snapshot-after-duration=0s",
		"--badger=compression=none;numgoroutines=2;memtablesize=2097152;basetablesize=1048576;baselevelsize=2097152;numlevelzerotables=2;valuethreshold=262144",
	}}))
	const n = 20_000
	fillKept(t, d, n)
	ctx, cancel := context.WithCancel(t.Context())
	_, ended := write(ctx, d, 300*time.Millisecond)
	defer func() { cancel(); <-ended }()
	questions := []dql.Question{dql.Duplicates(v("V.n")), dql.Missing(v("V.n")), dql.Unfit(v("V.n"), anything)}
	for _, c := range []struct {
		renew, pause time.Duration
		page         int
	}{
		{10 * time.Minute, 450 * time.Millisecond, 200},
		{5 * time.Second, 200 * time.Millisecond, 1000}, // faster than the writer adds nodes
	} {
		q := newQuestioner(t, d)
		q.before = func(string) error { time.Sleep(c.pause); return nil }
		start := time.Now()
		answers, moment, err := dql.Ask(t.Context(), q.reader, questions, dql.Options{PageSize: c.page, Parallel: 1, Renew: c.renew})
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			want := []uint64{n - 2*n/10, n / 10, 0}[i]
			t.Logf("renewed after %v, %v long, %d transactions, %+v: question %d: complete %v, %d of %d, %d nodes: %s", c.renew,
				time.Since(start).Round(time.Second), q.made, moment, i, a.Complete, a.Violations, want, a.Total, a.Reason)
			if a.Complete && a.Violations != want || !a.Complete && !strings.Contains(a.Reason, "discarded") {
				t.Errorf("%+v", a)
			}
		}
	}
}
