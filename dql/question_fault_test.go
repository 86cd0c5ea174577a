package dql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// fill stores n nodes of type V, their quads by number.
func fill(t testing.TB, d *dgraphtest.Dgraph, schema string, n int, quads func(i int, node string) string) []uint64 {
	t.Helper()
	d.DropAll(t)
	d.Alter(t, schema)
	var all []uint64
	for start := 0; start < n; start += 5000 {
		var text strings.Builder
		for i := start; i < min(start+5000, n); i++ {
			node := fmt.Sprint("_:n", i)
			fmt.Fprintf(&text, "%s <dgraph.type> \"V\" .\n%s", node, quads(i, node))
		}
		uids := d.Mutate(t, text.String())
		for i := start; i < min(start+5000, n); i++ {
			all = append(all, uidIn(t, map[string]any{"uid": uids[fmt.Sprint("n", i)]}))
		}
	}
	return all
}

func v(predicate string) dql.Field { return dql.Field{Types: []string{"V"}, Predicate: predicate} }

func anything(v dql.Value) (string, bool) { return "fine", true }

func TestUnreadableValues(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	bad := []int{7, 399, 400, 777}
	uids := fill(t, d, "V.n: string .\nV.m: string .\n", 800, func(i int, node string) string {
		n := fmt.Sprint(i / 2)
		if slices.Contains(bad, i) {
			n = "many"
		}
		return fmt.Sprintf("%s <V.n> %q .\n%s <V.m> \"%d\" .\n", node, n, node, i/2)
	})
	d.Alter(t, "V.n: int .")
	var nodes []uint64
	for _, i := range bad {
		nodes = append(nodes, uids[i])
	}
	slices.Sort(nodes)
	for _, o := range []dql.Options{{}, {PageSize: 90}, {PageSize: 300, Parallel: 1}} {
		q := newQuestioner(t, d)
		answers := ask(t, q, o, dql.Duplicates(v("V.m")), dql.Unfit(v("V.n"), anything), dql.Duplicates(v("V.n")), dql.Missing(v("V.n")))
		if n := len(q.asked()); n > 2*len(bad)*2*10+50 {
			t.Errorf("%+v: %d requests to find %d values", o, n, len(bad))
		} else {
			t.Logf("page size %d: %d requests", o.PageSize, n)
		}
		for i := range answers {
			answers[i].DQL, answers[i].Sets = "", nil
		}
		if a := answers[0]; !a.Complete || a.Groups != 400 || a.Violations != 800 {
			t.Errorf("the predicate beside it: %+v", a)
		}
		want := dql.Answer{Asked: true, Complete: true, Violations: 4, Total: 800, Unreadable: 4, Samples: samples(nodes, nil),
			Histogram: []dql.Bucket{{Key: "fine", N: 796}, {Key: "unreadable", N: 4}}}
		if diff := cmp.Diff(want, answers[1], cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("unfit (-want +got):\n%s", diff)
		}
		// 7, 399, 400 and 777 leave their twins alone.
		if a := answers[2]; a.Complete || a.Unreadable != 4 || a.Groups != 396 || a.Violations != 792 || !strings.Contains(a.Reason, "4 nodes") {
			t.Errorf("duplicates: %+v", a)
		}
		if a := answers[3]; !a.Complete || a.Violations != 0 {
			t.Errorf("missing: %+v", a)
		}
	}
}

// TestGarbledAnswers has a value that makes the server's answer be no JSON.
func TestGarbledAnswers(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	uids := fill(t, d, "V.n: float .\n", 100, func(i int, node string) string {
		if i == 40 {
			return fmt.Sprintf("%s <V.n> \"1e300\" .\n", node)
		}
		return fmt.Sprintf("%s <V.n> \"%d\" .\n", node, i/2)
	})
	d.Alter(t, "V.n: float32vector .")
	answers := ask(t, newQuestioner(t, d), dql.Options{}, dql.Unfit(v("V.n"), func(v dql.Value) (string, bool) {
		return fmt.Sprint(len(v.Data.([]any))), true
	}), dql.Duplicates(v("V.n")))
	if a := answers[0]; !a.Complete || a.Violations != 1 || a.Samples[0].UID != uids[40] || a.Histogram[0] != (dql.Bucket{Key: "1", N: 99}) {
		t.Errorf("%+v", a)
	}
	if a := answers[1]; a.Complete || a.Unreadable != 1 || a.Groups != 49 || a.Violations != 98 {
		t.Errorf("%+v", a)
	}
}

func TestManyUnreadableValues(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\nV.m: string .\n", 3000, func(i int, node string) string {
		return fmt.Sprintf("%s <V.n> \"word %d\" .\n%s <V.m> \"%d\" .\n", node, i, node, i/2)
	})
	d.Alter(t, "V.n: int .")
	q := newQuestioner(t, d)
	answers := ask(t, q, dql.Options{}, dql.Unfit(v("V.n"), anything), dql.Duplicates(v("V.m")))
	if n := len(q.asked()); n > 400 {
		t.Errorf("%d requests", n)
	}
	if a := answers[0]; a.Complete || !a.Asked || a.Violations < 15 || !strings.Contains(a.Reason, "strconv.ParseInt") {
		t.Errorf("%+v", a)
	}
	if a := answers[1]; !a.Complete || a.Groups != 1500 {
		t.Errorf("the predicate beside it: complete %v, %d groups", a.Complete, a.Groups)
	}
}

// TestLargeAnswers has a client that takes less than one page at first.
func TestLargeAnswers(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	uids := fill(t, d, "V.n: string .\n", 1500, func(i int, node string) string {
		return fmt.Sprintf("%s <V.n> \"%s\" .\n", node, strings.Repeat("x", 1000+i))
	})
	q := newQuestioner(t, d)
	q.limit = 200_000
	a := ask(t, q, dql.Options{}, dql.Larger(v("V.n"), 2000))[0]
	if !a.Complete || a.Violations != 499 || a.Total != 1500 || len(a.Samples) != 5 || len(a.Histogram) > 0 {
		t.Errorf("%+v", a)
	}
	for _, sample := range a.Samples {
		if i := slices.Index(uids, sample.UID); fmt.Sprint(sample.Values) != fmt.Sprintf("[%d]", 1000+i) {
			t.Errorf("node %d: %+v", i, sample)
		}
	}
	if n := len(q.asked()); n < 10 || n > 60 {
		t.Errorf("%d requests", n)
	}
	q.limit = 2000
	a = ask(t, q, dql.Options{}, dql.Larger(v("V.n"), 2000))[0]
	if a.Complete || !strings.Contains(a.Reason, "larger than max") {
		t.Errorf("with values that do not fit at all: %+v", a)
	}
}

func TestNodesWithManyEdges(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	// Node 0 has edges to all others, of which every third leads back; node 1 has the same edges.
	const n = 1700
	uids := fill(t, d, "V.all: [uid] .\nV.one: uid .\nV.back: [uid] .\n", n, func(i int, node string) string {
		if i < 2 {
			var text strings.Builder
			for k := 2; k < n; k++ {
				fmt.Fprintf(&text, "%s <V.all> _:n%d (f%d=1) .\n", node, k, k%7)
			}
			return text.String()
		}
		if i%3 == 0 {
			return fmt.Sprintf("%s <V.one> _:n%d .\n%s <V.back> _:n0 .\n%s <V.back> _:n1 .\n", node, i%2, node, node)
		}
		return ""
	})
	single := dql.Side{Types: []string{"V"}, Predicate: "V.one"}
	all := dql.Side{Types: []string{"V"}, Predicate: "V.all", List: true}
	list := dql.Side{Types: []string{"V"}, Predicate: "V.back", List: true}
	for _, o := range []dql.Options{{}, {PageSize: 1}, {PageSize: 100}} {
		answers := ask(t, newQuestioner(t, d), o, dql.OneSided(all, single), dql.OneSided(single, all), dql.OneSided(all, list),
			dql.Facets(dql.Field{Predicate: "V.all"}), dql.Several(v("V.all")), dql.OneSided(list, all))
		third := uint64(0)
		for i := 2; i < n; i++ {
			if i%3 == 0 {
				third++
			}
		}
		if a := answers[0]; !a.Complete || a.Violations != 2 || a.Values != 2*(n-2)-third || a.Ambiguous != n-2 {
			t.Errorf("%+v: one-sided: %+v", o, a)
		}
		if a := answers[1]; !a.Complete || a.Violations != 0 || a.Total != n {
			t.Errorf("%+v: the other way: %+v", o, a)
		}
		if a := answers[2]; !a.Complete || a.Violations != 2 || a.Values != 2*(n-2-third) || a.Ambiguous != 0 {
			t.Errorf("%+v: list: %+v", o, a)
		}
		if a := answers[3]; !a.Complete || a.Violations != 2 || len(a.Histogram) != 7 || a.Histogram[6] != (dql.Bucket{Key: "f6", N: 2}) {
			t.Errorf("%+v: facets: %+v", o, a)
		}
		if a := answers[4]; a.Values != 2*(n-3) || len(a.Samples) != 2 || a.Samples[0].UID != min(uids[0], uids[1]) {
			t.Errorf("%+v: several: %+v", o, a)
		}
		if a := answers[5]; !a.Complete || a.Violations != 0 {
			t.Errorf("%+v: list, the other way: %+v", o, a)
		}
	}
}

func TestStopping(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\nV.m: string .\nV.few: string .\n", 2000, func(i int, node string) string {
		if i < 10 {
			return fmt.Sprintf("%s <V.n> \"x\" .\n%s <V.few> \"y\" .\n", node, node)
		}
		return fmt.Sprintf("%s <V.n> \"x\" .\n", node)
	})
	questions := []dql.Question{dql.Nodes("V"), dql.Outside(v("V.n"), "y"), dql.Values(dql.Field{Predicate: "V.m"}), dql.Leftover(dql.Field{Predicate: "V.n"}),
		dql.Leftover(dql.Field{Predicate: "V.few"})}
	stop := errors.New("that is enough")
	for _, c := range []struct {
		name   string
		after  int // pages
		budget time.Duration
		fault  error
		cancel bool
		reason string
		err    error
	}{
		{name: "interrupted", after: 3, cancel: true, reason: "interrupted", err: stop},
		{name: "budget", after: 3, budget: time.Minute, fault: context.DeadlineExceeded, reason: "the time for questions (3s) ran out"},
		{name: "server gone", after: 3, fault: status.Error(codes.Unavailable, "gone"), reason: "the server cannot be asked any more", err: status.Error(codes.Unavailable, "gone")},
		{name: "at once", after: -3, fault: status.Error(codes.Unavailable, "gone"), reason: "the server cannot be asked any more", err: status.Error(codes.Unavailable, "gone")},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := newQuestioner(t, d)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var requests atomic.Int64
			o, begun := dql.Options{PageSize: 100, Parallel: 1}, time.Now()
			q.before = func(text string) error {
				if strings.Contains(text, "schema(pred: [dgraph.type])") {
					return nil // whether the server still answers anything: it does
				}
				if int(requests.Add(1)) <= c.after+3 { // the schema, the counts and a small scan come first
					return nil
				}
				if c.cancel {
					cancel(stop)
					return ctx.Err()
				}
				if o.Budget > 0 {
					time.Sleep(time.Until(begun.Add(o.Budget)) + 100*time.Millisecond)
				}
				return c.fault
			}
			if c.budget > 0 {
				o.Budget = 3 * time.Second
			}
			answers, _, err := dql.Ask(ctx, q.reader, questions, o)
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if c.after < 0 {
				for _, a := range answers {
					if a.Asked || a.Complete || !strings.Contains(a.Reason, c.reason) {
						t.Errorf("%+v", a)
					}
				}
				return
			}
			if a := answers[0]; !a.Complete || a.Violations != 2000 || a.Reason != "" {
				t.Errorf("what was known before: %+v", a)
			}
			if a := answers[1]; !a.Asked || a.Complete || a.Violations != 300 || a.Total != 2000 || len(a.Samples) != 5 || !strings.Contains(a.Reason, c.reason) {
				t.Errorf("what was half done: %+v", a)
			}
			if a := answers[2]; !a.Complete || a.Violations != 0 || a.Reason != "" {
				t.Errorf("where there is nothing: %+v", a)
			}
			if a := answers[3]; a.Asked || a.Complete || !strings.Contains(a.Reason, c.reason) {
				t.Errorf("what came last: %+v", a)
			}
			if a := answers[4]; !a.Complete || a.Violations != 10 || a.Reason != "" {
				t.Errorf("what was done: %+v", a)
			}
			if n := int(requests.Load()); n != c.after+4 {
				t.Errorf("%d requests, the last of them after the end: %q", n, q.asked())
			}
		})
	}
}

// TestHalfRead ends after one of two ranges.
func TestHalfRead(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	uids := fill(t, d, "V.n: string .\n", 1000, func(i int, node string) string { return fmt.Sprintf("%s <V.n> \"x\" .\n", node) })
	slices.Sort(uids)
	q := newQuestioner(t, d)
	half := make(chan struct{})
	q.before = func(text string) error {
		_, page, isPage := strings.Cut(text, "after: 0x")
		if !isPage {
			return nil
		}
		var after uint64
		if _, err := fmt.Sscanf(page, "%x", &after); err != nil {
			return err
		}
		if after < uids[499] {
			return nil
		}
		<-half
		time.Sleep(200 * time.Millisecond) // the range ends right after what is told of its last page
		return status.Error(codes.Unavailable, "gone")
	}
	told := func(p dql.Progress) {
		if p.Nodes == 500 {
			close(half)
		}
	}
	answers, _, err := dql.Ask(t.Context(), q.reader, []dql.Question{dql.Outside(v("V.n"))}, dql.Options{PageSize: 100, Parallel: 2, Progress: told})
	if a := answers[0]; err == nil || !a.Asked || a.Complete || a.Violations != 500 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestGrowingScans has more data come between the counts and the transaction with which small scans are read.
func TestGrowingScans(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\nV.m: string .\n", 10, func(i int, node string) string {
		return fmt.Sprintf("%s <V.n> \"x\" .\n%s <V.m> \"x\" .\n", node, node)
	})
	q := newQuestioner(t, d)
	var counts atomic.Int32
	q.before = func(text string) error {
		if !strings.Contains(text, "count(uid)") || counts.Add(1) != 2 {
			return nil
		}
		var more strings.Builder
		for i := range 500 {
			fmt.Fprintf(&more, "_:n%d <V.n> \"y\" .\n", i)
		}
		d.Mutate(t, more.String())
		return nil
	}
	answers := ask(t, q, dql.Options{Renew: 1}, dql.Outside(dql.Field{Predicate: "V.n"}), dql.Outside(dql.Field{Predicate: "V.m"}))
	if a, b := answers[0], answers[1]; a.Violations != 510 || b.Violations != 10 || !a.Complete || !b.Complete {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestNotAsked(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\nV.at: geo .\nV.nowhere: geo .\nV.pwd: password .\nV.to: [uid] .\n", 3, func(i int, node string) string {
		return fmt.Sprintf("%s <V.at> \"{'type':'Point','coordinates':[1.5,2]}\"^^<geo:geojson> .\n%s <V.pwd> \"longEnough\" .\n", node, node)
	})
	rights := func(may func(string) bool) func(context.Context, []dql.Question) (func(string) bool, error) {
		return func(context.Context, []dql.Question) (func(string) bool, error) { return may, nil }
	}
	mayRead := rights(func(p string) bool { return p != "V.secret" })
	only := func(name string) func(context.Context, []dql.Question) (func(string) bool, error) {
		return rights(func(p string) bool { return p == name })
	}
	for _, c := range []struct {
		question dql.Question
		reason   string // "" where it is asked
		options  dql.Options
	}{
		{question: dql.Unfit(v("V.at"), anything), reason: "V.at holds places"},
		{question: dql.Unfit(v("V.at"), anything), options: dql.Options{ReadGeo: true}},
		{question: dql.Unfit(v("V.nowhere"), anything)},
		{question: dql.Values(v("V.at"))},
		{question: dql.Missing(v("V.pwd"))},
		{question: dql.Duplicates(v("V.pwd")), reason: "V.pwd holds passwords"},
		{question: dql.Facets(v("V.pwd")), reason: "V.pwd holds passwords"},
		{question: dql.Duplicates(v("V.to")), reason: "V.to holds edges, not values"},
		{question: dql.Mistargeted(v("V.n"), "V"), reason: "V.n holds values, not edges"},
		{question: dql.OneSided(dql.Side{Predicate: "V.to"}, dql.Side{Predicate: "V.n"}), reason: "V.n holds values, not edges"},
		{question: dql.Values(dql.Field{Predicate: "V.n", Lang: "fr"}), reason: "V.n keeps no languages"},
		{question: dql.Values(dql.Field{Predicate: "V.n", Lang: "*"})},
		{question: dql.Values(dql.Field{Predicate: "V.n", Lang: "f.r"}), reason: "no language tag"},
		{question: dql.Values(dql.Field{Predicate: "V.n>) {uid}"}), reason: "cannot be written"},
		{question: dql.Nodes("V\"])"), reason: "cannot be written"},
		{question: dql.Untyped("V.n", "a b"), reason: "cannot be written"},
		{question: dql.Missing(dql.Field{Predicate: "V.n"}), reason: "no types are given"},
		{question: dql.Unfit(v("V.n"), nil), reason: "nobody is there to judge"},
		{question: dql.Question{}, reason: "the question is empty"},
		{question: dql.Values(v("V.secret")), options: dql.Options{Readable: mayRead}, reason: "no permission to read V.secret"},
		{question: dql.Untyped("V.n", "V.secret"), options: dql.Options{Readable: mayRead}, reason: "no permission to read V.secret"},
		{question: dql.OneSided(dql.Side{Predicate: "V.to"}, dql.Side{Predicate: "V.secret"}), options: dql.Options{Readable: mayRead}, reason: "no permission to read V.secret"},
		{question: dql.Leftover(dql.Field{Predicate: "V.n"}), options: dql.Options{Readable: only("V.n")}, reason: "no permission to read dgraph.type"},
		{question: dql.Values(dql.Field{Predicate: "V.n"}), options: dql.Options{Readable: only("V.n")}},
	} {
		q := newQuestioner(t, d)
		answers, _, err := dql.Ask(t.Context(), q.reader, []dql.Question{c.question}, c.options)
		if err != nil {
			t.Fatal(err)
		}
		a := answers[0]
		if a.Asked != (c.reason == "") || a.Complete != a.Asked || !strings.Contains(a.Reason, c.reason) || a.Asked && a.Reason != "" {
			t.Errorf("want reason %q, got %+v", c.reason, a)
		}
		for _, text := range q.asked() {
			// Whether there are places at all reads none.
			isAny := strings.Contains(c.reason, "places") && strings.Join(strings.Fields(text), " ") == "{ p0(func: has(V.at), first: 1) { uid } }"
			if c.reason != "" && !strings.HasPrefix(text, "schema(") && !isAny {
				t.Errorf("%q was sent:\n%s", c.reason, text)
			}
		}
	}
}

// TestSharing counts requests.
func TestSharing(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	var schema strings.Builder
	for i := range 20 {
		fmt.Fprintf(&schema, "V.p%d: string .\n", i)
	}
	fill(t, d, schema.String(), 900, func(i int, node string) string {
		return fmt.Sprintf("%s <V.p%d> \"x\" .\n", node, i%20)
	})
	var questions []dql.Question
	for i := range 20 {
		f := v(fmt.Sprint("V.p", i))
		questions = append(questions, []dql.Question{dql.Unfit(f, anything), dql.Outside(f, "x"), dql.Missing(f), dql.Larger(f, 10)}[i%4])
	}
	q := newQuestioner(t, d)
	one := ask(t, q, dql.Options{PageSize: 300, Parallel: 1}, questions[:1]...)[0]
	alone := len(q.asked())
	answers := ask(t, q, dql.Options{PageSize: 300, Parallel: 1}, questions...)
	if together := len(q.asked()); together != alone || alone != 7 { // schema, counts, pages until one is empty, and whether the moment is still there
		t.Errorf("1 question costs %d requests, 20 cost %d", alone, together)
	}
	if diff := cmp.Diff(one, answers[0]); diff != "" {
		t.Errorf("alone and in company:\n%s", diff)
	}
	for i, a := range answers {
		if !a.Complete || i%4 == 2 && a.Violations != 900-45 {
			t.Errorf("question %d: %+v", i, a)
		}
	}
	// Roots that are small go into one request.
	questions = nil
	for i := range 20 {
		questions = append(questions, dql.Unfit(dql.Field{Predicate: fmt.Sprint("V.p", i)}, anything))
	}
	ask(t, q, dql.Options{}, questions...)
	if n := len(q.asked()); n != 4 {
		t.Errorf("20 predicates of 45 values cost %d requests", n)
	}
}

// TestMovingRanges has the data change under ranges that were made for what it was before.
func TestMovingRanges(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	uids := fill(t, d, "V.n: string .\n", 1000, func(i int, node string) string { return fmt.Sprintf("%s <V.n> \"%d\" .\n", node, i) })
	slices.Sort(uids)
	q := newQuestioner(t, d)
	var cutting, moved atomic.Bool
	q.before = func(text string) error {
		if strings.Contains(text, "offset") {
			cutting.Store(true)
			return nil
		}
		if !cutting.Load() || !moved.CompareAndSwap(false, true) {
			return nil
		}
		// Of the first range half is gone, and the second has more than it had.
		var gone, more strings.Builder
		for _, uid := range uids[:150] {
			fmt.Fprintf(&gone, "<0x%x> * * .\n", uid)
		}
		for i, uid := range uids[300:500] {
			fmt.Fprintf(&more, "<0x%x> <V.n> \"new %d\" .\n", uid, i)
		}
		remove(t, d, gone.String())
		d.Mutate(t, more.String())
		return nil
	}
	answers, moment, err := dql.Ask(t.Context(), q.reader, []dql.Question{dql.Duplicates(v("V.n")), dql.Missing(v("V.n")), dql.Several(dql.Field{Predicate: "V.n"}),
		dql.Larger(v("V.n"), 0)}, dql.Options{PageSize: 100, Parallel: 3, Renew: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !moved.Load() || moment.From == moment.To {
		t.Errorf("nothing has moved: %+v", moment)
	}
	for i, a := range answers {
		if want := []uint64{0, 0, 0, 850}[i]; !a.Complete || a.Violations != want {
			t.Errorf("question %d: %+v, want %d", i, a, want)
		}
	}
	if q.made < 10 {
		t.Errorf("%d transactions", q.made)
	}
}

// TestUncountable has a server that fails to count one root, and to find the ranges of another.
func TestUncountable(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\nV.m: string .\n", 1000, func(i int, node string) string {
		return fmt.Sprintf("%s <V.n> \"%d\" .\n%s <V.m> \"%d\" .\n", node, i/2, node, i)
	})
	q := newQuestioner(t, d)
	q.before = func(text string) error {
		if strings.Contains(text, "(func: has(V.n)") || strings.Contains(text, "offset") {
			return status.Error(codes.DeadlineExceeded, "too long")
		}
		return nil
	}
	n, m := dql.Field{Predicate: "V.n"}, dql.Field{Predicate: "V.m"}
	answers := ask(t, q, dql.Options{PageSize: 100}, dql.Values(n), dql.Values(m), dql.Duplicates(n), dql.Duplicates(m), dql.Duplicates(v("V.n")))
	for i, a := range answers {
		if i == 0 || i == 2 {
			if a.Asked || a.Complete || !strings.Contains(a.Reason, "too long") {
				t.Errorf("%d: %+v", i, a)
			}
		} else if !a.Complete || a.Total != 1000 {
			t.Errorf("%d: %+v", i, a)
		}
	}
	if answers[4].Groups != 500 {
		t.Errorf("%d groups", answers[4].Groups)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\n", 1000, func(i int, node string) string { return fmt.Sprintf("%s <V.n> \"%d\" .\n", node, i/2) })
	q := newQuestioner(t, d)
	var all []dql.Progress
	ask(t, q, dql.Options{PageSize: 100, Parallel: 3, Progress: func(p dql.Progress) { all = append(all, p) }}, dql.Duplicates(v("V.n")))
	last := dql.Progress{}
	for _, p := range all {
		if p.Of != 1000 || p.Requests < last.Requests || p.Pass == last.Pass && p.Nodes < last.Nodes {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}
	if last.Pass != 2 || last.Nodes != 1000 || last.Requests != len(q.asked()) {
		t.Errorf("at the end %+v", last)
	}
}

// TestReadingAhead holds up the judging of the first page until the second one is asked for.
func TestReadingAhead(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	fill(t, d, "V.n: string .\n", 1000, func(i int, node string) string { return fmt.Sprintf("%s <V.n> \"%d\" .\n", node, i) })
	q := newQuestioner(t, d)
	sent, judged := 0, 0
	a := ask(t, q, dql.Options{PageSize: 100, Parallel: 1}, dql.Unfit(v("V.n"), func(dql.Value) (string, bool) {
		// How it is stored, how many nodes, and the first page are asked before.
		for end := time.Now().Add(20 * time.Second); judged == 0 && sent < 4 && time.Now().Before(end); time.Sleep(time.Millisecond) {
			sent += len(q.asked())
		}
		judged++
		return "fine", true
	}))[0]
	if sent != 4 || judged != 1000 || !a.Complete {
		t.Errorf("%d requests before the first value was judged, %d values judged: %+v", sent, judged, a)
	}
}
