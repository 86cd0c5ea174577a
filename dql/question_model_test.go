package dql_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// questioner makes readers of a server, and remembers what they were asked.
type questioner struct {
	client api.DgraphClient
	// before is called with each request, and can answer it with an error; nil never does.
	before func(text string) error
	// limit is the size of the largest answer that is taken; 0 means 256 MiB.
	limit int
	// forget makes transactions that have begun before be answered from the newest moment.
	forget atomic.Bool

	mu    sync.Mutex
	made  int
	texts []string
}

func newQuestioner(t testing.TB, d *dgraphtest.Dgraph) *questioner {
	t.Helper()
	conn, err := grpc.NewClient(d.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &questioner{client: api.NewDgraphClient(conn)}
}

func (q *questioner) reader(context.Context) (dql.Reader, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.made++
	return &questionReader{of: q}, nil
}

// asked returns the requests so far, and forgets them.
func (q *questioner) asked() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	texts := q.texts
	q.texts = nil
	return texts
}

// questionReader is a read-only transaction.
type questionReader struct {
	of *questioner
	mu sync.Mutex
	ts uint64
}

func (r *questionReader) ReadTs() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ts
}

func (r *questionReader) Query(ctx context.Context, text string, vars map[string]string) ([]byte, error) {
	r.of.mu.Lock()
	r.of.texts = append(r.of.texts, text)
	r.of.mu.Unlock()
	if r.of.before != nil {
		if err := r.of.before(text); err != nil {
			return nil, err
		}
	}
	limit, ts := cmp.Or(r.of.limit, 256<<20), r.ReadTs()
	if r.of.forget.Load() {
		ts = 0
	}
	resp, err := r.of.client.Query(ctx, &api.Request{Query: text, Vars: vars, StartTs: ts, ReadOnly: true}, grpc.MaxCallRecvMsgSize(limit))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ts = resp.Txn.StartTs
	return resp.Json, nil
}

// stored is everything that a server has, read with the simplest queries.
type stored struct {
	types  map[uint64][]string
	values map[string]map[uint64]map[string][]any // predicate, node, tag
	edges  map[string]map[uint64][]uint64

	typed map[string][]uint64 // what ofTypes has found
}

// readAll reads the values of the predicates; those that end in @ are @lang, those that begin with > are edges.
func readAll(t testing.TB, d *dgraphtest.Dgraph, predicates ...string) *stored {
	t.Helper()
	s := &stored{types: map[uint64][]string{}, values: map[string]map[uint64]map[string][]any{},
		edges: map[string]map[uint64][]uint64{}, typed: map[string][]uint64{}}
	nodes := func(query string) []map[string]any {
		var answer struct{ Q []map[string]any }
		dec := json.NewDecoder(bytes.NewReader(d.Query(t, query)))
		dec.UseNumber()
		if err := dec.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.Q
	}
	for _, n := range nodes("{q(func: has(dgraph.type)) {uid dgraph.type}}") {
		for _, name := range n["dgraph.type"].([]any) {
			s.types[uidIn(t, n)] = append(s.types[uidIn(t, n)], name.(string))
		}
	}
	for _, p := range predicates {
		if name, ok := strings.CutPrefix(p, ">"); ok {
			s.edges[name] = map[uint64][]uint64{}
			for _, n := range nodes(fmt.Sprintf("{q(func: has(<%s>)) {uid x: <%s> {uid}}}", name, name)) {
				to, isList := n["x"].([]any)
				if !isList {
					to = []any{n["x"]}
				}
				for _, m := range to {
					s.edges[name][uidIn(t, n)] = append(s.edges[name][uidIn(t, n)], uidIn(t, m.(map[string]any)))
				}
			}
			continue
		}
		name, tagged := strings.CutSuffix(p, "@")
		query := fmt.Sprintf("{q(func: has(<%s>)) {uid x: <%s>}}", name, name)
		if tagged {
			query = fmt.Sprintf("{q(func: has(<%s>@.)) {uid x: <%s>@*}}", name, name)
		}
		s.values[name] = map[uint64]map[string][]any{}
		for _, n := range nodes(query) {
			byTag := map[string][]any{}
			for key, v := range n {
				tag, isValue := strings.CutPrefix(key, "x")
				if !isValue {
					continue
				}
				list, isList := v.([]any)
				if !isList {
					list = []any{v}
				}
				byTag[strings.TrimPrefix(tag, "@")] = list
			}
			s.values[name][uidIn(t, n)] = byTag
		}
	}
	return s
}

func uidIn(t testing.TB, n map[string]any) uint64 {
	t.Helper()
	uid, err := strconv.ParseUint(strings.TrimPrefix(n["uid"].(string), "0x"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

// ofTypes are the nodes of any of the types, sorted.
func (s *stored) ofTypes(types ...string) []uint64 {
	key := strings.Join(types, " ")
	if all, ok := s.typed[key]; ok {
		return slices.Clone(all)
	}
	var all []uint64
	for uid, have := range s.types {
		if slices.ContainsFunc(have, func(name string) bool { return slices.Contains(types, name) }) {
			all = append(all, uid)
		}
	}
	slices.Sort(all)
	s.typed[key] = all
	return slices.Clone(all)
}

// under are the nodes with something under a predicate, sorted. The tag "*" stands for all.
func (s *stored) under(predicate, tag string) []uint64 {
	all := slices.Collect(maps.Keys(s.edges[predicate]))
	for uid, byTag := range s.values[predicate] {
		if len(byTag[tag]) > 0 || tag == "*" {
			all = append(all, uid)
		}
	}
	slices.Sort(all)
	return all
}

// scope are the nodes that a field is about.
func (s *stored) scope(f dql.Field) []uint64 {
	if len(f.Types) > 0 {
		return s.ofTypes(f.Types...)
	}
	return s.under(f.Predicate, f.Lang)
}

// of are the values of a node.
func (s *stored) of(f dql.Field, uid uint64) []any {
	byTag := s.values[f.Predicate][uid]
	if f.Lang != "*" {
		return byTag[f.Lang]
	}
	var all []any
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		all = append(all, byTag[tag]...)
	}
	return all
}

// remove deletes what the N-Quads say.
func remove(t testing.TB, d *dgraphtest.Dgraph, nquads string) {
	t.Helper()
	if _, err := d.Client().NewTxn().Mutate(t.Context(), &api.Mutation{DelNquads: []byte(nquads), CommitNow: true}); err != nil {
		t.Error(err)
	}
}
