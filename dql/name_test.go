package dql_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want string }{
		{"User.name", "User.name"},
		{"a_b.c9", "a_b.c9"},
		{"~User.friends", "<~User.friends>"},
		{"_private", "<_private>"},
		{"9lives", "<9lives>"},
		{"a-b", "<a-b>"},
		{"http://schema.org/name", "<http://schema.org/name>"},
		{"größe", "<größe>"},
		{"a)b,c:d", "<a)b,c:d>"},
		{"counter", "counter"},
		{"a.count", "a.count"},
	} {
		if got, err := dql.Quote(c.name); err != nil || got != c.want {
			t.Errorf("Quote(%q) = %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, name := range []string{"", "~", "a b", "a>b", "a<b", "a\nb", "a\x00b", "a\tb", `a"b`, `a\b`, "a{b", "a}b", "a|b", "a^b",
		"a`b", "a@en", "a~b", "~~a", "a\u2028b", "a\u007fb", "\xff", "uid", "UID", "count", "Expand", "as", "-", "=a", "$a", "_all_", strings.Repeat("a", 1<<16)} {
		if got, err := dql.Quote(name); err == nil {
			t.Errorf("Quote(%.20q) = %q, want it refused", name, got)
		} else if len(err.Error()) > 300 {
			t.Errorf("Quote refuses a name with %d bytes", len(err.Error()))
		}
	}
}

// places are the parts of DQL where a name can stand.
var places = []string{
	"{q(func: has(N)) {uid}}",
	"{q(func: type(N)) {uid N}}",
	"{q(func: eq(N, \"x\")) {N N a N}}",
	"{q(func: has(a)) @filter(has(N) and not type(N) or eq(N, 1)) {uid}}",
	"{q(func: has(a), orderasc: N, first: 3) {uid}}",
	"{q(func: has(a)) {x: N v as N b: N} r(func: uid(v)) {uid}}",
	"{q(func: has(a)) {N (first: 5, offset: 1) @filter(has(N)) {uid}}}",
	"{q(func: has(a)) {count(N) x: count(N)}}",
	"{q(func: has(a)) {expand(N) {uid}}}",
	"{q(func: has(a)) @groupby(N) {count(uid)}}",
	"{q(func: has(a)) @cascade(N) {N}}",
	"{q(func: has(a)) {N @facets}}",
	"{q(func: uid(1)) {uid} r(func: has(a)) @filter(uid_in(N, 1)) {uid}}",
	"schema(pred: [N, a]) {type}",
	"schema(type: N) {}",
}

// nasty are pieces that random names are made of.
var nasty = []string{"a", "B", "9", "_", ".", "-", "~", "$", "@", "#", "/", ":", ",", ";", "(", ")", "[", "]", "{", "}", "<", ">", "=", "!", "*",
	"+", "%", "&", "|", "^", "`", "'", "\"", "\\", "\\u0041", " ", "\t", "\n", "\r", "\x00", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "\ufffd",
	"ä", "世", "😀", "uid", "count", "as", "type", "func", "val", "first", "true", "expand", "_all_", "query", "schema", "fragment", "...", "regexp",
	">) {uid}} r(func: has(<b", "@en", "dgraph.type", "0x1", "min", "pred", "not", "and", "or", "id", "var", "from", "len", "since", "_STAR_ALL", "__all__"}

func randomName(r *rand.Rand) string {
	var s strings.Builder
	for range 1 + r.IntN(4) {
		if r.IntN(4) == 0 {
			s.WriteRune(rune(r.IntN(0x300)))
			continue
		}
		s.WriteString(nasty[r.IntN(len(nasty))])
	}
	return s.String()
}

func newRandom(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// tries is how many random cases to try; SCHEMACHECK_RANDOM makes it more.
func tries(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("SCHEMACHECK_RANDOM")); err == nil {
		return max(n, usual)
	}
	return usual
}

// quotable are names that Quote takes: all the pieces, and random ones.
func quotable(t *testing.T, n int) map[string]string {
	r := newRandom(t)
	names := append([]string{}, nasty...)
	for range n {
		names = append(names, randomName(r))
	}
	quoted := map[string]string{}
	for _, name := range names {
		if q, err := dql.Quote(name); err == nil {
			quoted[name] = q
		}
	}
	if len(quoted) < n/10 {
		t.Fatalf("only %d of %d names can be quoted", len(quoted), n)
	}
	return quoted
}

func TestQuotedNamesParse(t *testing.T) {
	t.Parallel()
	oracle := dgraphtest.Oracle(t)
	for name, q := range quotable(t, tries(400)) {
		for _, place := range places {
			text := strings.ReplaceAll(place, "N", q)
			if v := oracle.Query(text, nil); !v.Accepted() {
				t.Errorf("%q: %s: %+v", name, text, v)
			}
		}
		if strings.HasPrefix(name, "~") || strings.HasPrefix(name, "dgraph.") {
			continue // not to be declared
		}
		text := fmt.Sprintf("%s: string @index(exact) .\ntype %s {\n  %s\n}\n", q, q, q)
		if v := oracle.DQLSchema(text); !v.Accepted() {
			t.Errorf("%q: %s: %+v", name, text, v)
		}
	}
}

// TestQuotedNamesMean stores a value under each name by a typed N-Quad, where no name is parsed, and finds it
// by the quoted name in the places that choose.
func TestQuotedNamesMean(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	quoted := quotable(t, tries(150))
	var mu api.Mutation
	for name := range quoted {
		if strings.HasPrefix(name, "~") || strings.HasPrefix(name, "dgraph.") {
			delete(quoted, name)
			continue
		}
		mu.Set = append(mu.Set, &api.NQuad{Subject: "_:x", Predicate: name, ObjectValue: &api.Value{Val: &api.Value_StrVal{StrVal: name}}},
			&api.NQuad{Subject: "_:x", Predicate: "dgraph.type", ObjectValue: &api.Value{Val: &api.Value_StrVal{StrVal: name}}})
	}
	mu.CommitNow = true
	resp, err := d.Client().NewTxn().Mutate(t.Context(), &mu)
	if err != nil {
		t.Fatal(err)
	}
	uid := resp.Uids["x"]
	c := open(t, dql.Config{Alphas: []string{d.GRPC}})
	for name, q := range quoted {
		text := strings.NewReplacer("U", uid, "N", q).Replace(`query q($v: string) {
  selected(func: uid(U)) {N}
  beside(func: uid(U)) {uid N dgraph.type}
  aliased(func: uid(U)) {x: N}
  root(func: has(N)) {x: N}
  typed(func: type(N)) {x: N}
  filtered(func: uid(U)) @filter(has(N) and eq(N, $v) and type(N)) {x: N}
}`)
		got, err := c.Snapshot().Query(t.Context(), text, map[string]string{"$v": name})
		if err != nil {
			t.Errorf("%q: %v\n%s", name, err, text)
			continue
		}
		var answer map[string][]map[string]any
		if err := json.Unmarshal(got, &answer); err != nil {
			t.Fatal(err)
		}
		for block, key := range map[string]string{"selected": name, "beside": name, "aliased": "x", "root": "x", "typed": "x", "filtered": "x"} {
			if nodes := answer[block]; len(nodes) != 1 || nodes[0][key] != name || block == "selected" && len(nodes[0]) != 1 {
				t.Errorf("%q: block %s gives %v\n%s", name, block, nodes, text)
			}
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, piece := range nasty {
		f.Add(piece)
	}
	f.Fuzz(func(t *testing.T, name string) {
		q, err := dql.Quote(name)
		if err != nil {
			return
		}
		if q != name && q != "<"+name+">" {
			t.Fatalf("%q is written %q", name, q)
		}
		text := strings.ReplaceAll("{q(func: has(N), orderasc: N) @filter(type(N)) {N (first: 1) @filter(has(N)) {x: N}}}", "N", q)
		if v := dgraphtest.Oracle(t).Query(text, nil); !v.Accepted() {
			t.Errorf("%q: %s: %+v", name, text, v)
		}
	})
}
