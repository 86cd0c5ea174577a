package migrate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dgraph-io/dgo/v230"
	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// trap is something that Dgraph calls a success, or only refuses, where data is
// lost. naive shows on the server that it is there, and safe that what is ours
// does not fall into it. Each begins with the same schema and data.
type trap struct {
	name, schema, data string
	naive              func(s *snare)
	safe               func(s *snare)
}

// snare is a test of one trap.
type snare struct {
	*testing.T
	d *dgraphtest.Dgraph
	c *dql.Client
}

// holds compares the answer of a DQL query.
func (s *snare) holds(query, want string) { s.Helper(); stands(s.T, s.d, query, want) }

// upsert sends an upsert with one mutation without any care.
func (s *snare) upsert(query string, m *api.Mutation) error {
	_, err := s.d.Client().NewTxn().Do(s.Context(), &api.Request{Query: query, Mutations: []*api.Mutation{m}, CommitNow: true})
	return err
}

// set is a naive upsert that the server accepts.
func (s *snare) set(query, nquads string) {
	s.Helper()
	if err := s.upsert(query, &api.Mutation{SetNquads: []byte(nquads)}); err != nil {
		s.Fatal(err)
	}
}

// copies carries out the copy of a predicate to another one of the same kind
// through a plan, up to phase after.
func (s *snare) copies(from, to storage.Predicate) {
	s.Helper()
	steps := build(s.T, CopyValues(Moving{From: &from, To: &to}))
	carryOut(s.T, s.c, steps, Before)
	if left := carryOut(s.T, s.c, steps, After).left; len(left) > 0 {
		s.Errorf("%+v", left)
	}
}

// kind is a predicate with the type that it is declared with.
func kind(name, typ string) storage.Predicate {
	p := storage.Predicate{Name: name, Type: strings.Trim(typ, "[]"), List: strings.HasPrefix(typ, "[")}
	p.Type, p.Lang = strings.TrimSuffix(p.Type, " @lang"), strings.HasSuffix(typ, " @lang")
	return p
}

var traps = []trap{
	{
		name: "everything deleted and one value set", schema: "T.p: string .", data: "_:a <T.p> \"old\" .",
		naive: func(s *snare) {
			// The value is seen again when Dgraph happens to write the list anew
			// before somebody asks.
			for range 20 {
				n := dql.Ref(s.d.Mutate(s, "_:a <T.p> \"old\" .")["a"])
				set, del := dql.Quad{Subject: n, Predicate: "T.p", Data: "new", Type: "string"}, dql.Quad{Subject: n, Predicate: "T.p", All: true}
				if _, err := s.c.Txn().Commit(s.Context(), []dql.Quad{set}, []dql.Quad{del}); err != nil {
					s.Fatal(err)
				}
				if string(s.d.Query(s, `{q(func: uid(`+string(n)+`)) {T.p}}`)) == `{"q":[]}` {
					return
				}
			}
			s.Error("no value was lost")
		},
		safe: func(s *snare) {
			n := s.only("has(T.p)")
			step := &Step{ID: "x", Writes: []string{"T.p"}}
			set := dql.Quad{Subject: n, Predicate: "T.p", Data: "new", Type: "string"}
			bad := &change{set: []dql.Quad{set}, del: []dql.Quad{{Subject: n, Predicate: "T.p", All: true}}}
			if err := step.within(bad, &dql.Stored{}); err == nil {
				s.Error("the engine would write it")
			}
			// What it may write: another node, and the value itself.
			for _, del := range []dql.Quad{{Subject: "0xffff", Predicate: "T.p", All: true}, {Subject: n, Predicate: "T.p", Data: "old", Type: "string"}} {
				good := &change{set: []dql.Quad{set}, del: []dql.Quad{del}}
				if err := step.within(good, &dql.Stored{}); err != nil {
					s.Error(err)
				}
				if _, err := s.c.Txn().Commit(s.Context(), good.set, good.del); err != nil {
					s.Fatal(err)
				}
				s.holds(`{q(func: has(T.p)) {T.p}}`, `{"q":[{"T.p":"new"}]}`)
			}
		},
	},
	{
		name: "a set with an empty variable", schema: "T.p: string .\nT.q: string .\nT.r: uid .", data: "_:a <other> \"x\" .",
		naive: func(s *snare) {
			s.set(`{v as var(func: type(T))}`, `uid(v) <dgraph.type> "Made" .`)
			s.holds(`{q(func: type(Made)) {count(uid)}}`, `{"q":[{"count":1}]}`)
		},
		safe: func(s *snare) {
			steps := build(s.T, RetagType(Retagging{From: "T", To: "Made", Moves: []Moving{{From: pointer(kind("T.p", "string")), To: pointer(kind("T.q", "string"))}}}))
			for _, phase := range []Phase{Before, After} {
				for _, step := range steps {
					if step.Phase == phase && step.Select != nil {
						upserted(s.T, s.d, step.DQL)
					}
				}
				carryOut(s.T, s.c, steps, phase)
			}
			s.holds(`{q(func: has(dgraph.type)) @filter(NOT type(dgraph.graphql)) {count(uid)} p(func: has(T.q)) {count(uid)}}`, `{"q":[{"count":0}],"p":[{"count":0}]}`)
		},
	},
	{
		name: "edges by variables are a cross product", schema: "T.p: [uid] .", data: "_:a <T.p> _:x .\n_:b <T.p> _:y .",
		naive: func(s *snare) {
			s.set(`{a as var(func: has(T.p)) {b as T.p}}`, `uid(a) <T.q> uid(b) .`)
			s.holds(`{q(func: has(T.q)) {n: count(T.q)}}`, `{"q":[{"n":2},{"n":2}]}`)
		},
		safe: func(s *snare) {
			s.copies(kind("T.p", "[uid]"), kind("T.q", "[uid]"))
			if p, q := s.d.Query(s, `{q(func: has(T.p)) {uid e: T.p {uid}}}`), s.d.Query(s, `{q(func: has(T.q)) {uid e: T.q {uid}}}`); string(p) != string(q) {
				s.Errorf("%s and then %s", p, q)
			}
		},
	},
	{
		name: "variables of lists", schema: "T.p: [string] .", data: "_:a <T.p> \"x\" .\n_:a <T.p> \"y\" .",
		naive: func(s *snare) {
			err := s.upsert(`{v as var(func: has(T.p)) {x as T.p}}`, &api.Mutation{SetNquads: []byte(`uid(v) <T.q> val(x) .`)})
			if err == nil || !strings.Contains(err.Error(), "list") {
				s.Errorf("%v", err)
			}
		},
		safe: func(s *snare) {
			s.copies(kind("T.p", "[string]"), kind("T.q", "[string]"))
			s.holds(`{q(func: has(T.q)) {T.q}}`, `{"q":[{"T.q":["y","x"]}]}`)
		},
	},
	{
		name: "passwords", schema: "T.p: password .\nT.q: password .", data: "_:a <T.p> \"secret\" .",
		naive: func(s *snare) {
			s.set(`{v as var(func: has(T.p)) {x as T.p}}`, `uid(v) <T.q> val(x) .`)
			s.holds(`{p(func: has(T.p)) {ok: checkpwd(T.p, "secret")} q(func: has(T.q)) {uid}}`, `{"p":[{"ok":true}],"q":[]}`)
		},
		safe: func(s *snare) {
			from, to := kind("T.p", "password"), kind("T.q", "password")
			if _, err := CopyValues(Moving{From: &from, To: &to}).Build(nil); err == nil || !strings.Contains(err.Error(), `@secret(field: ..., pred: "T.p")`) {
				s.Errorf("the recipe: %v", err)
			}
			// A plan that somebody wrote does not get further either.
			live, err := s.c.Stored(s.Context())
			if err != nil {
				s.Fatal(err)
			}
			r := &reader{step: &Step{Select: &Select{Root: "has(T.p)"}}, task: &Copy{From: "T.p", To: "T.q"}, live: live}
			page, _, err := r.page(s.Context(), s.c.Txn(), 0, 3)
			if err == nil {
				_, err = r.task.judge(page)
			}
			if err == nil || !strings.Contains(err.Error(), "password") {
				s.Errorf("the engine: %v", err)
			}
			s.holds(`{p(func: has(T.p)) {ok: checkpwd(T.p, "secret")}}`, `{"p":[{"ok":true}]}`)
		},
	},
	{
		name: "facets", schema: "T.p: string .\nT.e: [uid] .", data: "_:a <T.p> \"x\" (f=1, g=\"two\") .\n_:a <T.e> _:a (since=2020-01-01T00:00:00Z) .",
		naive: func(s *snare) {
			s.set(`{v as var(func: has(T.p)) {x as T.p}}`, `uid(v) <T.q> val(x) .`)
			s.holds(`{q(func: has(T.q)) {T.q @facets}}`, `{"q":[{"T.q":"x"}]}`)
		},
		safe: func(s *snare) {
			s.copies(kind("T.p", "string"), kind("T.q", "string"))
			s.copies(kind("T.e", "[uid]"), kind("T.f", "[uid]"))
			s.holds(`{q(func: has(T.q)) {T.q @facets T.f @facets {T.p}}}`,
				`{"q":[{"T.q|f":1,"T.q|g":"two","T.q":"x","T.f":[{"T.p":"x","T.f|since":"2020-01-01T00:00:00Z"}]}]}`)
		},
	},
	{
		name: "languages", schema: "T.p: string @lang .\nT.q: string @lang .", data: "_:a <T.p> \"hi\" .\n_:a <T.p> \"hallo\"@de .\n_:b <T.p> \"solo\"@fr (f=1) .",
		naive: func(s *snare) {
			s.set(`{v as var(func: has(T.p)) {x as T.p}}`, `uid(v) <T.q> val(x) .`)
			s.holds(`{q(func: has(T.q@.)) {T.q@*}}`, `{"q":[{"T.q":"hi"}]}`)
		},
		safe: func(s *snare) {
			s.copies(kind("T.p", "string @lang"), kind("T.q", "string @lang"))
			s.holds(`{q(func: has(T.q@de)) {T.q@*} f(func: has(T.q@fr)) {x: T.q@fr @facets} n(func: has(T.q@.)) {count(uid)}}`,
				`{"q":[{"T.q@de":"hallo","T.q":"hi"}],"f":[{"x|f":1,"x":"solo"}],"n":[{"count":2}]}`)
		},
	},
	{
		name:   "vectors and large numbers in JSON",
		schema: "T.v: float32vector .\nT.w: float32vector .\nT.n: int .\nT.t: dateTime .\nT.g: geo .",
		data: "_:a <T.v> \"[1.5, -2.5]\" .\n_:a <T.n> \"9007199254740993\" .\n_:a <T.t> \"2000-01-02T03:04:05.123456789+05:30\" .\n" +
			"_:a <T.g> \"{'type':'Point','coordinates':[1.5,2.25]}\"^^<geo:geojson> .",
		naive: func(s *snare) {
			var answer struct{ Q []map[string]any }
			if err := json.Unmarshal(s.d.Query(s, `{q(func: has(T.n)) {T.v T.n}}`), &answer); err != nil {
				s.Fatal(err)
			}
			write := func(name string, value any) error {
				text, err := json.Marshal(map[string]any{"uid": s.only("has(T.n)"), name: value})
				if err != nil {
					s.Fatal(err)
				}
				_, err = s.d.Client().NewTxn().Mutate(s.Context(), &api.Mutation{SetJson: text, CommitNow: true})
				return err
			}
			if err := write("T.w", answer.Q[0]["T.v"]); err == nil || !strings.Contains(err.Error(), "is not vector") {
				s.Errorf("%v", err)
			}
			s.d.Alter(s, "T.m: int .")
			if err := write("T.m", answer.Q[0]["T.n"]); err != nil {
				s.Fatal(err)
			}
			s.holds(`{q(func: has(T.m)) {T.m}}`, `{"q":[{"T.m":9007199254740992}]}`)
		},
		safe: func(s *snare) {
			s.copies(kind("T.v", "float32vector"), kind("T.w", "float32vector"))
			s.copies(kind("T.n", "int"), kind("T.m", "int"))
			s.copies(kind("T.t", "dateTime"), kind("T.u", "dateTime"))
			s.copies(kind("T.g", "geo"), kind("T.h", "geo"))
			s.holds(`{q(func: has(T.w)) {a: T.w b: T.m c: T.u d: T.h} r(func: has(T.v)) {a: T.v b: T.n c: T.t d: T.g}}`,
				strings.Replace(`{"q":[%],"r":[%]}`, "%", `{"a":[1.5E+00,-2.5E+00],"b":9007199254740993,"c":"2000-01-02T03:04:05.123456789+05:30","d":{"type":"Point","coordinates":[1.5,2.25]}}`, 2))
		},
	},
	{
		name: "answers as RDF", schema: "T.p: string @lang .\nT.e: uid .\nT.g: geo .",
		data: "_:a <T.p> \"hallo\"@de (f=1) .\n_:a <T.e> _:a (since=2020) .\n_:a <T.g> \"{'type':'Point','coordinates':[1.5,2.25]}\"^^<geo:geojson> .",
		naive: func(s *snare) {
			answer, err := s.d.Client().NewReadOnlyTxn().QueryRDF(s.Context(), `{q(func: has(T.e)) {T.p@* T.g T.e {uid}}}`)
			if err != nil {
				s.Fatal(err)
			}
			if text := string(answer.GetRdf()); strings.Contains(text, "@de") || strings.Contains(text, "1.5") {
				s.Errorf("it has what was lost before: %s", text)
			}
		},
		safe: func(s *snare) {
			s.copies(kind("T.p", "string @lang"), kind("T.q", "string @lang"))
			s.copies(kind("T.e", "uid"), kind("T.f", "uid"))
			s.copies(kind("T.g", "geo"), kind("T.h", "geo"))
			s.holds(`{q(func: has(T.f)) {x: T.q@de @facets T.f @facets {T.h}}}`,
				`{"q":[{"x|f":1,"x":"hallo","T.f":{"T.h":{"type":"Point","coordinates":[1.5,2.25]},"T.f|since":2020}}]}`)
		},
	},
	{
		name: "filled before it is declared", schema: "T.p: dateTime .", data: "_:a <T.p> \"2020-01-02T03:04:05Z\" .\n_:a <T.l> \"x\" .",
		naive: func(s *snare) {
			s.set(`{v as var(func: has(T.p))}`, `uid(v) <T.q> "text" .`)
			if schema := s.d.StoredSchema(s); !strings.Contains(schema, "T.q: default .") {
				s.Errorf("%s", schema)
			}
		},
		safe: func(s *snare) {
			from, to := kind("T.p", "dateTime"), kind("T.q", "dateTime")
			to.Tokenizers = []string{"hour"}
			carryOut(s.T, s.c, build(s.T, CopyValues(Moving{From: &from, To: &to})), Before)
			carryOut(s.T, s.c, build(s.T, ScalarToReference(Referencing{Moving{From: &from, To: pointer(kind("T.ref", "uid"))}, []string{"Day"}, []*storage.Predicate{pointer(kind("Day.at", "dateTime"))}})), Before)
			for _, line := range []string{"T.q: dateTime @index(hour) .", "T.ref: uid .", "Day.at: dateTime @index(hour) @upsert ."} {
				if schema := s.d.StoredSchema(s); !strings.Contains(schema, line+"\n") {
					s.Errorf("%s is missing in\n%s", line, schema)
				}
			}
			s.holds(`{q(func: has(T.ref)) {T.q T.ref {Day.at}}}`, `{"q":[{"T.q":"2020-01-02T03:04:05Z","T.ref":{"Day.at":"2020-01-02T03:04:05Z"}}]}`)
		},
	},
	{
		name: "everything deleted is every language", schema: "T.p: string @lang .", data: "_:a <T.p> \"hi\" .\n_:a <T.p> \"hallo\"@de .\n_:a <T.p> \"salut\"@fr .",
		naive: func(s *snare) {
			if err := s.upsert(`{v as var(func: has(T.p))}`, &api.Mutation{DelNquads: []byte(`uid(v) <T.p> * .`)}); err != nil {
				s.Fatal(err)
			}
			s.holds(`{q(func: has(T.p@.)) {T.p@*}}`, `{"q":[]}`)
		},
		safe: func(s *snare) {
			n := s.only("has(T.p)")
			if _, err := s.c.Txn().Commit(s.Context(), nil, []dql.Quad{{Subject: n, Predicate: "T.p", Data: "hallo", Lang: "de", Type: "string"}}); err != nil {
				s.Fatal(err)
			}
			s.holds(`{q(func: has(T.p@.)) {T.p@*}}`, `{"q":[{"T.p@fr":"salut","T.p":"hi"}]}`)
			if _, err := s.c.Txn().Commit(s.Context(), nil, []dql.Quad{{Subject: n, Predicate: "T.p", Data: "hi", Type: "string"}}); err != nil {
				s.Fatal(err)
			}
			s.holds(`{q(func: has(T.p@.)) {T.p@*}}`, `{"q":[{"T.p@fr":"salut"}]}`)
		},
	},
	{
		name: "a blank node is one for all", schema: "T.p: string .", data: "_:a <T.p> \"x\" .\n_:b <T.p> \"y\" .\n_:c <T.p> \"x\" .",
		naive: func(s *snare) {
			s.set(`{v as var(func: has(T.p))}`, "uid(v) <T.ref> _:n .\n_:n <K.name> \"one\" .")
			s.holds(`{q(func: has(K.name)) {count(uid)}}`, `{"q":[{"count":1}]}`)
		},
		safe: func(s *snare) {
			carryOut(s.T, s.c, build(s.T, ScalarToReference(Referencing{Moving{From: pointer(kind("T.p", "string")), To: pointer(kind("T.ref", "uid"))}, []string{"K"}, []*storage.Predicate{pointer(kind("K.name", "string"))}})), Before)
			s.holds(`{q(func: type(K), orderasc: K.name) {K.name} t(func: has(T.p), orderasc: T.p) {T.p T.ref {K.name}}}`,
				`{"q":[{"K.name":"x"},{"K.name":"y"}],"t":[{"T.p":"x","T.ref":{"K.name":"x"}},{"T.p":"x","T.ref":{"K.name":"x"}},{"T.p":"y","T.ref":{"K.name":"y"}}]}`)
		},
	},
	{
		name: "limits of answers and mutations", schema: "T.p: string .\nT.e: [uid] .", data: large(),
		naive: func(s *snare) {
			conn, err := grpc.NewClient(s.d.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				s.Fatal(err)
			}
			defer conn.Close()
			_, err = dgo.NewDgraphClient(api.NewDgraphClient(conn)).NewReadOnlyTxn().Query(s.Context(), `{q(func: has(T.p)) {T.p}}`)
			if err == nil || !strings.Contains(err.Error(), "larger than max") {
				s.Errorf("%v", err)
			}
			err = s.upsert(`{a as var(func: has(T.n))}`, &api.Mutation{SetNquads: []byte(`uid(a) <T.f> uid(a) .`)})
			if err == nil || !strings.Contains(err.Error(), "threshold") {
				s.Errorf("%v", err)
			}
		},
		safe: func(s *snare) {
			s.copies(kind("T.p", "string"), kind("T.q", "string"))
			s.copies(kind("T.e", "[uid]"), kind("T.f", "[uid]"))
			s.holds(`{q(func: has(T.e)) {e: count(T.e) f: count(T.f)}}`, fmt.Sprintf(`{"q":[{"e":%d,"f":%[1]d}]}`, many))
			var answer struct{ Q []map[string]string }
			if err := json.Unmarshal(s.d.Query(s, `{q(func: has(T.q)) {T.p T.q}}`), &answer); err != nil {
				s.Fatal(err)
			}
			for _, n := range answer.Q {
				if n["T.p"] != n["T.q"] {
					s.Error("the large values differ")
				}
			}
			if len(answer.Q) != 3 {
				s.Errorf("%d values", len(answer.Q))
			}
		},
	},
}

// many is the number of nodes that make more than a million pairs.
const many = 1010

// large is data of which one page is more than gRPC takes without being told,
// and a node has more edges than are read at once.
func large() string {
	var b strings.Builder
	for i := range 3 {
		fmt.Fprintf(&b, "_:p%d <T.p> %q .\n", i, strings.Repeat(string(rune('a'+i)), 1600000))
	}
	for i := range many {
		fmt.Fprintf(&b, "_:n%d <T.n> \"%[1]d\" .\n_:a <T.e> _:n%[1]d .\n", i)
	}
	return b.String()
}

func pointer[T any](v T) *T { return &v }

// only is the one node under a root.
func (s *snare) only(root string) dql.Ref {
	s.Helper()
	var answer struct{ Q []struct{ UID string } }
	if err := json.Unmarshal(s.d.Query(s, "{Q(func: "+root+") {UID: uid}}"), &answer); err != nil || len(answer.Q) != 1 {
		s.Fatalf("%v %+v", err, answer)
	}
	return dql.Ref(answer.Q[0].UID)
}

func TestTraps(t *testing.T) {
	t.Parallel()
	if len(traps) != 13 {
		t.Errorf("%d traps of 13", len(traps))
	}
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	for _, trap := range traps {
		for _, try := range []struct {
			name string
			run  func(*snare)
		}{{"naive", trap.naive}, {"safe", trap.safe}} {
			t.Run(trap.name+"/"+try.name, func(t *testing.T) {
				d.DropAll(t)
				d.Alter(t, trap.schema)
				d.Mutate(t, trap.data)
				try.run(&snare{t, d, c})
			})
		}
	}
}

// TestStarBesideLanguages: everything of a value without a language can go in the transaction that sets it in one, and
// the other way round; the engine lets that through.
func TestStarBesideLanguages(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "L.p: string @lang @index(exact) .\n")
	uid := dql.Ref(d.Mutate(t, "_:a <L.p> \"x\" .\n_:a <L.p> \"y\"@de .\n_:a <L.p> \"z\"@fr .\n")["a"])
	for _, each := range []struct {
		set, del dql.Quad
		want     string
	}{
		{dql.Quad{Lang: "de", Data: "new"}, dql.Quad{Lang: "fr", All: true}, `{"q":[{"L.p@de":"new","L.p":"x"}]}`},
		{dql.Quad{Data: "new"}, dql.Quad{Lang: "de", All: true}, `{"q":[{"L.p":"new"}]}`},
		{dql.Quad{Lang: "de", Data: "new"}, dql.Quad{All: true}, `{"q":[{"L.p@de":"new"}]}`},
	} {
		for _, q := range []*dql.Quad{&each.set, &each.del} {
			q.Subject, q.Predicate = uid, "L.p"
		}
		each.set.Type = "string"
		if _, err := c.Txn().Commit(t.Context(), []dql.Quad{each.set}, []dql.Quad{each.del}); err != nil {
			t.Fatal(err)
		}
		if got := string(d.Query(t, "{q(func: has(L.p@.)) {L.p@*}}")); got != each.want {
			t.Errorf("%v and %v: %s, want %s", each.set, each.del, got, each.want)
		}
	}
}
