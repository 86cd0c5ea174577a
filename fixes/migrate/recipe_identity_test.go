package migrate

import (
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestIdentityTexts has Dgraph's own parser read what people are shown.
func TestIdentityTexts(t *testing.T) {
	t.Parallel()
	judge := dgraphtest.Oracle(t)
	text := &storage.Predicate{Name: "<größe-1>", Type: "string"}
	edges := &storage.Predicate{Name: "<zu/von>", Type: "uid", List: true}
	one := &storage.Predicate{Name: "T.one", Type: "uid"}
	at := map[string]*storage.Predicate{"at": {Name: "T.at", Type: "dateTime"}}
	unique := Uniqueness{Predicate: text, Types: []string{"T", "Ü"}, Fields: at, Merged: &Merging{
		Predicates: []*storage.Predicate{text, edges}, Incoming: []*storage.Predicate{edges, one}, Types: []string{"T"},
	}}
	for _, m := range []struct {
		*Migration
		given []string
	}{
		{RemoveValues(Leftover{Predicate: text, Types: []string{"T", "Ü"}, Keep: []string{"K"}}), nil},
		{RemoveValues(Leftover{Predicate: text, Untyped: true}), nil},
		{RemoveDanglingEdges(Dangling{Predicate: edges, Types: []string{"T", "Ü"}}), nil},
		{RemoveDanglingEdges(Dangling{Predicate: edges}), nil},
		{MendUntyped(Untyped{Predicates: []*storage.Predicate{text}, Candidates: []Candidate{{Types: []string{"T"}, Predicates: []string{"p"}}}}), nil},
		{BackfillInverse(Side{edges, []string{"T"}}, Side{one, []string{"Ü", "T"}}), []string{"lowest"}},
		{MakeUnique(unique), []string{"suffix"}},
		{MakeUnique(unique), []string{"clear", "first:at"}},
		{MakeUnique(unique), []string{"merge", "last:at"}},
	} {
		for _, s := range build(t, m.Migration, m.given...) {
			if s.Select == nil {
				continue
			}
			query := s.DQL
			if _, inner, ok := strings.Cut(query, "upsert {\n  query {"); ok {
				query, _, _ = strings.Cut(inner, "\n  }\n")
				query = "{" + query + " u(func: uid(v)) { uid } }"
			}
			if v := judge.Query(query, nil); !v.Accepted() {
				t.Errorf("%s: %+v\n%s", s.ID, v, s.DQL)
			}
		}
	}
}
