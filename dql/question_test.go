package dql_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

const trapSchema = `
U.email: string @index(hash) @upsert .
U.name: string @lang .
U.tags: [string] .
U.color: string @index(hash) .
U.colors: [string] .
U.big: int .
U.score: float .
U.posts: [uid] .
U.best: uid .
U.friends: [uid] .
P.author: uid .
P.authors: [uid] .
P.title: string .
U.pwd: password .
U.at: geo .
I.key: string .
<U.größe>: string .
type U {
  U.email
}
type P {
  P.title
}
type A {
  I.key
}
type B {
  I.key
}
type C {
  I.key
}
type I {
  I.key
}
`

// trapPredicates are those of trapSchema as [readAll] takes them.
var trapPredicates = []string{"U.email", "U.name@", "U.tags", "U.color", "U.colors", "U.big", "U.score", ">U.posts", ">U.best",
	">U.friends", ">P.author", ">P.authors", "P.title", "I.key", "U.größe"}

// fillTraps stores random data in which every question finds something.
func fillTraps(t testing.TB, d *dgraphtest.Dgraph, rnd *rand.Rand, users int) {
	t.Helper()
	d.DropAll(t)
	d.Alter(t, trapSchema)
	var quads strings.Builder
	quad := func(format string, args ...any) { fmt.Fprintf(&quads, format+" .\n", args...) }
	chance := func(n int) bool { return rnd.IntN(n) == 0 }
	pick := func(all ...string) string { return all[rnd.IntN(len(all))] }
	text := func(n int) string {
		return pick("", " ", "", "") + pick("mail", "Mail", "MAIL", "maſſe", "masse", "ÖL", "öl") + strconv.Itoa(rnd.IntN(n)) + pick("", "", " ", "\\t")
	}
	for i := range users {
		u, p := fmt.Sprint("_:u", i), fmt.Sprint("_:p", i)
		if !chance(20) {
			quad(`%s <dgraph.type> "U"`, u)
		}
		if chance(10) {
			quad(`%s <dgraph.type> "%s"`, u, pick("Old", "Older", "P"))
		}
		switch {
		case chance(10):
			quad(`%s <U.email> ""`, u)
		case !chance(10):
			quad(`%s <U.email> "%s" (sure=true)`, u, text(users))
		}
		if chance(2) {
			quad(`%s <U.name> "%s"`, u, text(users))
		}
		for _, tag := range []string{"de", "fr", "en-GB"} {
			if chance(4) {
				quad(`%s <U.name> "%s"@%s`, u, text(users), tag)
			}
		}
		if chance(10) {
			same := text(users * 9)
			quad(`%s <U.name> "%s"@it`, u, same)
			quad(`%s <U.name> "%s"@es`, u, same)
		}
		for range rnd.IntN(4) {
			quad(`%s <U.tags> "%s" (at=%d)`, u, text(users*2), i)
		}
		if chance(2) {
			quad(`%s <U.color> "%s"`, u, pick("RED", "GREEN", "BLUE", "", "red"))
		}
		for range rnd.IntN(3) {
			quad(`%s <U.colors> "%s"`, u, pick("RED", "GREEN", "BLUE", "red"))
		}
		if chance(2) {
			quad(`%s <U.big> "%d"`, u, 1<<53+rnd.IntN(users))
		}
		if chance(2) {
			quad(`%s <U.score> "%g"`, u, rnd.NormFloat64()*1e6)
		}
		if chance(3) {
			quad(`%s <U.pwd> "%s"`, u, "longEnough"+strconv.Itoa(i))
		}
		if chance(3) {
			quad(`%s <U.at> "{'type':'Point','coordinates':[1.5,%d]}"^^<geo:geojson>`, u, rnd.IntN(9))
		}
		if chance(5) {
			quad(`%s <U.größe> "%s"`, u, strings.Repeat("x", rnd.IntN(300)))
		}
		if chance(4) {
			quad(`%s <U.friends> %s (close=%d)`, u, fmt.Sprint("_:u", rnd.IntN(users)), i)
		}
		for range rnd.IntN(3) {
			other := fmt.Sprint("_:p", rnd.IntN(users))
			quad(`%s <U.posts> %s`, u, other)
			if !chance(4) {
				quad(`%s <P.author> %s`, other, u)
			}
			if !chance(4) {
				quad(`%s <P.authors> %s`, other, u)
			}
		}
		if chance(3) {
			quad(`%s <U.best> %s`, u, fmt.Sprint("_:p", rnd.IntN(users)))
		}
		if chance(15) {
			quad(`%s <U.posts> _:nobody%d`, u, i)
		}
		if chance(15) {
			quad(`%s <U.posts> %s`, u, fmt.Sprint("_:u", rnd.IntN(users)))
		}
		if chance(10) {
			quad(`%s <P.authors> %s`, p, fmt.Sprint("_:u", rnd.IntN(users)))
		}
		if !chance(8) {
			quad(`%s <dgraph.type> "P"`, p)
		}
		if !chance(6) {
			quad(`%s <P.title> "t"`, p)
		}
		if k := fmt.Sprint("_:k", i); chance(2) {
			quad(`%s <dgraph.type> "I"`, k)
			quad(`%s <dgraph.type> "%s"`, k, pick("A", "B", "C"))
			if chance(10) {
				quad(`%s <dgraph.type> "%s"`, k, pick("A", "B", "C"))
			}
			quad(`%s <I.key> "%s"`, k, text(users/4))
		}
	}
	d.Mutate(t, quads.String())
}

// ask asks, with a bound that a hanging test would run into.
func ask(t testing.TB, q *questioner, o dql.Options, questions ...dql.Question) []dql.Answer {
	t.Helper()
	answers, moment, err := dql.Ask(t.Context(), q.reader, questions, o)
	if err != nil {
		t.Fatal(err)
	}
	if moment.From == 0 || moment.To < moment.From {
		t.Errorf("moment %+v", moment)
	}
	return answers
}

// expectation is a question with what brute force says.
type expectation struct {
	name     string
	question dql.Question
	want     dql.Answer
}

func random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	rnd := random(t)
	fillTraps(t, d, rnd, 400)
	all := expectations(readAll(t, d, trapPredicates...))
	j := dgraphtest.Oracle(t)
	for _, c := range []struct {
		name    string
		options dql.Options
	}{
		{"as usual", dql.Options{}},
		{"small pages", dql.Options{PageSize: 37, Parallel: 1}},
		{"small pages in parallel", dql.Options{PageSize: 37, Parallel: 3}},
		{"little memory", dql.Options{PageSize: 200, Memory: 60_000}},
		{"one transaction for each request", dql.Options{PageSize: 150, Renew: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.ReadGeo = true
			q := newQuestioner(t, d)
			var questions []dql.Question
			for _, e := range all {
				questions = append(questions, e.question)
			}
			start := time.Now()
			answers := ask(t, q, c.options, questions...)
			texts := q.asked()
			t.Logf("%d questions, %d requests, %v", len(questions), len(texts), time.Since(start))
			for i, e := range all {
				e.want.Asked, e.want.Complete = true, true
				got := answers[i]
				if v := j.Query(got.DQL, nil); !v.Accepted() {
					t.Errorf("%s: the question shown does not parse: %+v\n%s", e.name, v.Errors, got.DQL)
				}
				got.DQL = ""
				if c.options.Memory > 0 && strings.Contains(got.Reason, "too many violations") {
					continue // the bound of what is told apart
				}
				if diff := cmp.Diff(e.want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-brute force +answer):\n%s", e.name, diff)
				}
			}
			for _, text := range texts {
				if v := j.Query(text, nil); !v.Accepted() {
					t.Errorf("Dgraph's parser refuses %+v:\n%s", v.Errors, text)
				}
			}
		})
	}
}

// expectations are questions of all kinds with what has to come of them.
func expectations(s *stored) []expectation {
	var all []expectation
	add := func(q dql.Question, name string, want dql.Answer) { all = append(all, expectation{name, q, want}) }
	u := func(predicate, lang string) dql.Field {
		return dql.Field{Types: []string{"U"}, Predicate: predicate, Lang: lang}
	}
	for _, types := range [][]string{{"U"}, {"U", "P"}, {"P", "Old", "Older"}, {"Nothing"}, {"I", "A", "B", "C"}} {
		nodes := s.ofTypes(types...)
		add(dql.Nodes(types...), fmt.Sprint("nodes ", types), dql.Answer{Violations: count(nodes), Total: count(nodes), Samples: samples(nodes, nil)})
	}
	for _, f := range []dql.Field{{Predicate: "U.email"}, {Predicate: "U.name"}, {Predicate: "U.name", Lang: "*"}, {Predicate: "U.name", Lang: "fr"},
		{Predicate: "U.nothing"}, {Predicate: "U.posts"}, {Predicate: "U.größe"}, u("U.name", ""), u("U.name", "*"), u("U.posts", ""), u("U.email", "*"),
		{Types: []string{"Old", "P", "Older"}, Predicate: "P.title"}} {
		have := s.under(f.Predicate, f.Lang)
		if f.Lang == "*" && f.Predicate == "U.email" {
			have = s.under(f.Predicate, "")
		}
		scope := s.scope(f)
		add(dql.Values(f), fmt.Sprintf("values %+v", f), dql.Answer{Violations: count(both(scope, have)), Total: count(scope), Samples: samples(both(scope, have), nil)})
		if len(f.Types) > 0 {
			without := slices.DeleteFunc(slices.Clone(scope), func(uid uint64) bool { return slices.Contains(have, uid) })
			add(dql.Missing(f), fmt.Sprintf("missing %+v", f), dql.Answer{Violations: count(without), Total: count(scope), Samples: samples(without, nil)})
		}
	}
	add(dql.Missing(u("U.nothing", "")), "missing of an unknown predicate", dql.Answer{Violations: count(s.ofTypes("U")), Total: count(s.ofTypes("U")), Samples: samples(s.ofTypes("U"), nil)})
	for _, f := range []dql.Field{u("U.email", ""), {Predicate: "U.email"}, u("U.tags", ""), {Predicate: "U.tags"}, u("U.big", ""), u("U.score", ""),
		u("U.name", ""), u("U.name", "*"), u("U.name", "fr"), u("U.color", ""), u("U.nothing", ""), {Types: []string{"Old", "U", "P"}, Predicate: "U.email"}} {
		add(dql.Duplicates(f), fmt.Sprintf("duplicates %+v", f), s.duplicates(f, false))
		same := func(v dql.Value) (any, bool) { return v.Data, true }
		add(dql.DuplicatesAs(f, same), fmt.Sprintf("duplicates as they are %+v", f), s.duplicates(f, false))
		unread := func(dql.Value) (any, bool) { return nil, false }
		add(dql.DuplicatesAs(f, unread), fmt.Sprintf("duplicates of what is not read %+v", f), dql.Answer{Total: count(s.scope(f))})
	}
	for _, types := range [][]string{{"A", "B", "C"}, {"A", "B"}, {"A"}} {
		f := dql.Field{Types: types, Predicate: "I.key"}
		add(dql.DuplicatesAcross(f), fmt.Sprint("duplicates across ", types), s.duplicates(f, true))
	}
	judge := func(v dql.Value) (string, bool) {
		if v.Type == "" {
			return "no type", false
		}
		n := len(fmt.Sprint(v.Data)) % 3
		return fmt.Sprint("length ", n, v.Lang), n != 1
	}
	for _, f := range []dql.Field{u("U.email", ""), u("U.tags", ""), u("U.big", ""), u("U.name", "*"), {Predicate: "U.name", Lang: "*"}, {Predicate: "U.score"}} {
		add(dql.Unfit(f, judge), fmt.Sprintf("unfit %+v", f), s.judged(f, judge, nil))
	}
	for _, f := range []dql.Field{u("U.color", ""), u("U.colors", ""), {Predicate: "U.color"}} {
		inside := []string{"RED", "GREEN"}
		add(dql.Outside(f, inside...), fmt.Sprintf("outside %+v", f), s.judged(f, func(v dql.Value) (string, bool) {
			if slices.Contains(inside, v.Data.(string)) {
				return "", true
			}
			return v.Data.(string), false
		}, nil))
	}
	add(dql.Larger(u("U.größe", ""), 100), "larger", s.judged(u("U.größe", ""), func(v dql.Value) (string, bool) { return "", len(v.Data.(string)) <= 100 },
		func(v any) any { return json.Number(strconv.Itoa(len(v.(string)))) }))
	for _, f := range []dql.Field{u("U.tags", ""), {Predicate: "U.tags"}, u("U.posts", ""), {Predicate: "P.authors"}, u("U.email", ""), {Predicate: "P.author"}} {
		add(dql.Several(f), fmt.Sprintf("several %+v", f), s.several(f))
	}
	for _, f := range []dql.Field{u("U.email", ""), {Types: []string{"U", "P"}, Predicate: "U.name", Lang: "*"}, {Predicate: "U.posts"}, {Types: []string{"P"}, Predicate: "P.title"}} {
		nodes := s.under(f.Predicate, f.Lang)
		total := count(nodes)
		nodes = slices.DeleteFunc(nodes, func(uid uint64) bool { return slices.Contains(s.ofTypes(f.Types...), uid) })
		add(dql.Leftover(f), fmt.Sprintf("leftover %+v", f), dql.Answer{Violations: count(nodes), Total: total, Samples: s.typeSamples(nodes), Histogram: s.byType(nodes)})
	}
	for _, declared := range [][]string{{"U", "P", "I"}, {"U", "P"}, nil} {
		var nodes []uint64
		total := uint64(0)
		for uid, types := range s.types {
			total++
			if !slices.ContainsFunc(types, func(name string) bool { return slices.Contains(declared, name) || strings.HasPrefix(name, "dgraph.") }) {
				nodes = append(nodes, uid)
			}
		}
		slices.Sort(nodes)
		add(dql.Undeclared(declared...), fmt.Sprint("undeclared ", declared), dql.Answer{Violations: count(nodes), Total: total, Samples: s.typeSamples(nodes), Histogram: s.byType(nodes)})
	}
	for _, c := range [][]string{{"I", "A", "B"}, {"I", "A", "B", "C"}, {"U", "P"}, {"U"}, {"Nothing", "U"}} {
		of, others := c[0], c[1:]
		nodes := s.ofTypes(of)
		total := count(nodes)
		nodes = slices.DeleteFunc(nodes, func(uid uint64) bool {
			return slices.ContainsFunc(s.types[uid], func(name string) bool { return slices.Contains(others, name) })
		})
		add(dql.CountLone(of, others...), fmt.Sprint("count lone ", c), dql.Answer{Violations: count(nodes), Total: total, Samples: samples(nodes, nil)})
		add(dql.Lone(of, others...), fmt.Sprint("lone ", c), dql.Answer{Violations: count(nodes), Total: total, Samples: s.typeSamples(nodes), Histogram: s.byType(nodes)})
	}
	predicates := []string{"U.email", "U.name", "P.title", "U.nothing", "P.authors"}
	by := map[string]uint64{}
	var nodes []uint64
	for _, p := range predicates {
		for _, uid := range s.under(p, "*") {
			if len(s.types[uid]) == 0 {
				by[p]++
				nodes = append(nodes, uid)
			}
		}
	}
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	add(dql.Untyped(predicates...), "untyped", dql.Answer{Violations: count(nodes), Samples: samples(nodes, nil), Histogram: buckets(by)})
	for _, f := range []dql.Field{u("U.posts", ""), {Predicate: "U.posts"}, u("U.best", ""), {Types: []string{"P", "U"}, Predicate: "P.author"}} {
		add(dql.Mistargeted(f, "P", "Older"), fmt.Sprintf("mistargeted %+v", f), s.targets(f, func(uid uint64) bool {
			return !slices.Contains(s.types[uid], "P") && !slices.Contains(s.types[uid], "Older")
		}, func(uint64) bool { return false }))
		untyped := func(uid uint64) bool { return len(s.types[uid]) == 0 }
		add(dql.Dangling(f, "P.title", "U.name", "P.authors"), fmt.Sprintf("dangling %+v", f), s.targets(f, untyped, func(uid uint64) bool {
			return untyped(uid) && !slices.Contains(s.under("P.title", "*"), uid) && !slices.Contains(s.under("U.name", "*"), uid) && !slices.Contains(s.under("P.authors", "*"), uid)
		}))
	}
	for _, pair := range [][2]dql.Side{
		{{Types: []string{"U"}, Predicate: "U.posts", List: true}, {Types: []string{"P"}, Predicate: "P.author"}},
		{{Types: []string{"U"}, Predicate: "U.posts", List: true}, {Types: []string{"P", "U"}, Predicate: "P.authors", List: true}},
		{{Types: []string{"U"}, Predicate: "U.best"}, {Types: []string{"P"}, Predicate: "P.author"}},
		{{Predicate: "U.posts", List: true}, {Predicate: "P.author"}},
		{{Types: []string{"U"}, Predicate: "U.friends", List: true}, {Types: []string{"U"}, Predicate: "U.friends", List: true}},
	} {
		add(dql.OneSided(pair[0], pair[1]), fmt.Sprint("one-sided ", pair), s.oneSided(pair[0], pair[1]))
		add(dql.OneSided(pair[1], pair[0]), fmt.Sprint("one-sided back ", pair), s.oneSided(pair[1], pair[0]))
	}
	for _, f := range []dql.Field{u("U.name", ""), {Predicate: "U.name"}, u("U.email", "")} {
		f.Lang = "*"
		by := map[string]uint64{}
		var nodes []uint64
		tags := map[uint64][]any{}
		want := dql.Answer{Total: count(s.scope(f))}
		if f.Predicate == "U.email" {
			want.Total = count(s.ofTypes("U"))
		}
		for _, uid := range s.scope(f) {
			for _, tag := range slices.Sorted(maps.Keys(s.values[f.Predicate][uid])) {
				by[tag]++
				if tag != "" {
					want.Values++
					tags[uid] = append(tags[uid], tag)
				}
			}
			if tags[uid] != nil {
				nodes = append(nodes, uid)
			}
		}
		want.Violations, want.Samples, want.Histogram = count(nodes), samples(nodes, tags), buckets(by)
		add(dql.Languages(f), fmt.Sprintf("languages %+v", f), want)
	}
	for predicate, facet := range map[string]string{"U.email": "sure", "U.tags": "at", "U.friends": "close"} {
		// The data has the facet on all values but "".
		var nodes []uint64
		values := map[uint64][]any{}
		for _, uid := range s.under(predicate, "") {
			if v := s.of(dql.Field{Predicate: predicate}, uid); len(v) == 1 && v[0] == "" {
				continue
			}
			nodes = append(nodes, uid)
			values[uid] = []any{facet}
		}
		add(dql.Facets(dql.Field{Predicate: predicate}), "facets "+predicate, dql.Answer{Violations: count(nodes), Total: count(s.under(predicate, "")),
			Samples: samples(nodes, values), Histogram: []dql.Bucket{{Key: facet, N: count(nodes)}}})
	}
	return all
}

func count(nodes []uint64) uint64 { return uint64(len(nodes)) }

func both(a, b []uint64) []uint64 {
	return slices.DeleteFunc(slices.Clone(a), func(uid uint64) bool { return !slices.Contains(b, uid) })
}

// samples are the first five of sorted nodes, with at most five values.
func samples(nodes []uint64, values map[uint64][]any) []dql.Sample {
	var all []dql.Sample
	for _, uid := range nodes[:min(len(nodes), 5)] {
		v := values[uid]
		all = append(all, dql.Sample{UID: uid, Values: v[:min(len(v), 5)]})
	}
	return all
}

func buckets(by map[string]uint64) []dql.Bucket {
	var all []dql.Bucket
	for _, key := range slices.Sorted(maps.Keys(by)) {
		all = append(all, dql.Bucket{Key: key, N: by[key]})
	}
	return all
}

func (s *stored) typeSamples(nodes []uint64) []dql.Sample {
	types := map[uint64][]any{}
	for _, uid := range nodes {
		for _, name := range s.types[uid] {
			types[uid] = append(types[uid], name)
		}
	}
	return samples(nodes, types)
}

func (s *stored) byType(nodes []uint64) []dql.Bucket {
	by := map[string]uint64{}
	for _, uid := range nodes {
		for _, name := range s.types[uid] {
			by[name]++
		}
		if len(s.types[uid]) == 0 {
			by[""]++
		}
	}
	return buckets(by)
}

// duplicates compares each value with each other one.
func (s *stored) duplicates(f dql.Field, across bool) dql.Answer {
	a := dql.Answer{Total: count(s.scope(f))}
	holders := map[string][]uint64{}
	data := map[string]any{}
	for _, uid := range s.scope(f) {
		empty := false
		for _, v := range s.of(f, uid) {
			text := fmt.Sprint(v)
			if text == "" {
				empty = true
			} else if !slices.Contains(holders[text], uid) {
				holders[text] = append(holders[text], uid)
				data[text] = v
			}
		}
		if empty {
			a.Empty++
		}
	}
	values := map[uint64][]any{}
	var seen []string
	for _, text := range slices.Sorted(maps.Keys(holders)) {
		var family []string
		nodes := uint64(0)
		if !slices.Contains(seen, text) && !across {
			for other := range holders {
				if strings.EqualFold(strings.TrimSpace(text), strings.TrimSpace(other)) {
					family = append(family, other)
					nodes += count(holders[other])
				}
			}
			if seen = append(seen, family...); len(family) > 1 {
				a.Variants++
				a.VariantNodes += nodes
			}
		}
		if len(holders[text]) < 2 || across && s.common(holders[text], f.Types) {
			continue
		}
		a.Groups++
		a.Values += count(holders[text])
		a.Sets = append(a.Sets, dql.Set{Value: data[text], Nodes: count(holders[text]), UIDs: holders[text][:min(len(holders[text]), 5)]})
	}
	var nodes []uint64
	for _, uid := range s.scope(f) {
		for _, v := range s.of(f, uid) {
			text := fmt.Sprint(v)
			if len(holders[text]) > 1 && !(across && s.common(holders[text], f.Types)) {
				values[uid] = append(values[uid], v)
			}
		}
		if values[uid] != nil {
			nodes = append(nodes, uid)
		}
	}
	for _, list := range values {
		slices.SortFunc(list, func(x, y any) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
	}
	a.Violations, a.Samples = count(nodes), samples(nodes, values)
	slices.SortStableFunc(a.Sets, func(x, y dql.Set) int { return slices.Compare(x.UIDs, y.UIDs) })
	a.Sets = a.Sets[:min(len(a.Sets), 5)]
	return a
}

// common says whether the nodes all have one of the types.
func (s *stored) common(nodes []uint64, types []string) bool {
	return slices.ContainsFunc(types, func(name string) bool {
		return !slices.ContainsFunc(nodes, func(uid uint64) bool { return !slices.Contains(s.types[uid], name) })
	})
}

func (s *stored) judged(f dql.Field, judge dql.Judge, show func(any) any) dql.Answer {
	a := dql.Answer{Total: count(s.scope(f))}
	var nodes []uint64
	values := map[uint64][]any{}
	by := map[string]uint64{}
	for _, uid := range s.scope(f) {
		for _, tag := range slices.Sorted(maps.Keys(s.values[f.Predicate][uid])) {
			list := s.values[f.Predicate][uid][tag]
			if f.Lang != "*" && tag != f.Lang {
				continue
			}
			for _, v := range list {
				verdict, fits := judge(dql.Value{Data: v, Lang: tag, Type: "known"})
				if verdict != "" || !fits && show == nil {
					by[verdict]++
				}
				if fits {
					continue
				}
				a.Values++
				if show != nil {
					v = show(v)
				}
				values[uid] = append(values[uid], v)
			}
		}
		if values[uid] != nil {
			nodes = append(nodes, uid)
		}
	}
	a.Violations, a.Samples, a.Histogram = count(nodes), samples(nodes, values), buckets(by)
	return a
}

func (s *stored) several(f dql.Field) dql.Answer {
	scope := s.under(f.Predicate, "")
	a := dql.Answer{Total: count(scope)}
	if len(f.Types) > 0 {
		a.Total = count(s.ofTypes(f.Types...))
		scope = both(s.ofTypes(f.Types...), scope)
	}
	if f.Predicate == "U.email" || f.Predicate == "P.author" {
		return a
	}
	by := map[int]uint64{}
	var nodes []uint64
	values := map[uint64][]any{}
	for _, uid := range scope {
		n := len(s.edges[f.Predicate][uid]) + len(s.of(f, uid))
		by[n]++
		if n > 1 {
			nodes = append(nodes, uid)
			a.Values += uint64(n - 1)
			values[uid] = []any{json.Number(strconv.Itoa(n))}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(by)) {
		a.Histogram = append(a.Histogram, dql.Bucket{Key: strconv.Itoa(n), N: by[n]})
	}
	a.Violations, a.Samples = count(nodes), samples(nodes, values)
	return a
}

func (s *stored) targets(f dql.Field, bad, empty func(uint64) bool) dql.Answer {
	scope := s.scope(f)
	a := dql.Answer{Total: count(scope)}
	var nodes []uint64
	values := map[uint64][]any{}
	for _, uid := range scope {
		for _, to := range s.edges[f.Predicate][uid] {
			if bad(to) {
				a.Values++
				values[uid] = append(values[uid], fmt.Sprintf("0x%x", to))
			}
		}
		if values[uid] != nil {
			nodes = append(nodes, uid)
		}
		if slices.ContainsFunc(s.edges[f.Predicate][uid], empty) {
			a.Empty++
		}
	}
	a.Violations, a.Samples = count(nodes), samples(nodes, values)
	return a
}

func (s *stored) oneSided(from, back dql.Side) dql.Answer {
	scope := s.scope(dql.Field{Types: from.Types, Predicate: from.Predicate})
	a := dql.Answer{Total: count(scope)}
	var nodes []uint64
	values := map[uint64][]any{}
	candidates := map[uint64]int{}
	for _, x := range scope {
		for _, y := range s.edges[from.Predicate][x] {
			if len(back.Types) > 0 && !slices.Contains(s.ofTypes(back.Types...), y) || slices.Contains(s.edges[back.Predicate][y], x) {
				continue
			}
			a.Values++
			values[x] = append(values[x], fmt.Sprintf("0x%x", y))
			candidates[y]++
		}
		if values[x] != nil {
			nodes = append(nodes, x)
		}
	}
	for y, n := range candidates {
		if !back.List && n+len(s.edges[back.Predicate][y]) > 1 {
			a.Ambiguous++
		}
	}
	a.Violations, a.Samples = count(nodes), samples(nodes, values)
	return a
}
