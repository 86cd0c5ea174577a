package dql_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// BenchmarkQuestions asks about 100,000 nodes, and reports the time against a bare loop that reads the same
// values page by page in the same run.
func BenchmarkQuestions(b *testing.B) {
	d := dgraphtest.Server(b)
	d.Lock(b)
	const n = 100_000
	fill(b, d, "V.n: string .\nV.m: string .\nV.one: uid .\nV.all: [uid] .\n", n, func(i int, node string) string {
		text := fmt.Sprintf("%s <V.n> \"user%d@example.com\" .\n%s <V.m> \"%d\" .\n", node, i, node, i/2)
		if i%5000 > 0 {
			text += fmt.Sprintf("%s <V.one> _:n%d .\n_:n%d <V.all> %s .\n", node, i-1, i-1, node)
		}
		return text
	})
	q := newQuestioner(b, d)
	for _, c := range []struct {
		name      string
		columns   string // of the bare loop
		questions []dql.Question
	}{
		{"unfit", "V.n", []dql.Question{dql.Unfit(v("V.n"), anything)}},
		{"no duplicates", "V.n", []dql.Question{dql.Duplicates(v("V.n"))}},
		{"only duplicates", "V.m", []dql.Question{dql.Duplicates(v("V.m"))}},
		{"missing", "V.n", []dql.Question{dql.Missing(v("V.n"))}},
		{"one-sided", "V.one {uid}", []dql.Question{dql.OneSided(dql.Side{Types: []string{"V"}, Predicate: "V.one"}, dql.Side{Types: []string{"V"}, Predicate: "V.all", List: true})}},
		{"six", "V.n V.m", []dql.Question{dql.Unfit(v("V.n"), anything), dql.Outside(v("V.m"), "1"), dql.Larger(v("V.n"), 100), dql.Missing(v("V.m")),
			dql.Unfit(v("V.m"), anything), dql.Several(v("V.n"))}},
	} {
		for _, parallel := range []int{1, 0} {
			b.Run(fmt.Sprintf("%s/parallel=%d", c.name, parallel), func(b *testing.B) {
				var took, base time.Duration
				peak := uint64(0)
				for b.Loop() {
					b.StopTimer()
					base += bareLoop(b, q, c.columns, n)
					b.StartTimer()
					stop := watchHeap(&peak)
					start := time.Now()
					answers := ask(b, q, dql.Options{Parallel: parallel}, c.questions...)
					took += time.Since(start)
					stop()
					for _, a := range answers {
						if !a.Complete || a.Total != n {
							b.Fatalf("%+v", a)
						}
					}
				}
				b.ReportMetric(float64(took)/float64(base), "times-bare")
				b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
				if peak > 128<<20 {
					b.Errorf("%d MiB of heap", peak>>20)
				}
			})
		}
	}
}

// watchHeap notes the largest heap until the function that it returns is called.
func watchHeap(peak *uint64) func() {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var done atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !done.Load() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if m.HeapAlloc > before.HeapAlloc {
				*peak = max(*peak, m.HeapAlloc-before.HeapAlloc)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() { done.Store(true); <-ended }
}
