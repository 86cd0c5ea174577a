package rules_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/rules"
)

// withoutPairs are rules that no pair of schemas fires: they need a server, and
// are tested where they have one.
var withoutPairs = map[string]bool{"schema-drift": true}

// TestDrift holds comparisons against what a server could say of itself. That a
// server really says so, the scripts of the program show.
func TestDrift(t *testing.T) {
	t.Parallel()
	const plain = "type User {\n  id: ID!\n  name: String\n}\n"
	const indexed = "type User {\n  id: ID!\n  name: String @search(by: [hash])\n}\n"
	const vector = "type User {\n  id: ID!\n  vec: [Float!] @embedding @search(by: [\"hnsw(metric: euclidean, exponent: 4)\"])\n}\n"
	vectors := func(metric string) dql.Predicate {
		return dql.Predicate{Name: "User.vec", Type: "float32vector", Index: []dql.Tokenizer{{Name: "hnsw", Options: []dql.Option{{Key: "metric", Value: metric}, {Key: "exponent", Value: "4"}}}}}
	}
	stored := func(predicates ...dql.Predicate) *dql.Stored { return &dql.Stored{Predicates: predicates} }
	typed := func(types ...dql.Type) *dql.Stored {
		return &dql.Stored{Predicates: []dql.Predicate{{Name: "User.name", Type: "string"}}, Types: append([]dql.Type{{Name: "Else"}}, types...)}
	}
	name := func(change func(*dql.Predicate)) dql.Predicate {
		p := dql.Predicate{Name: "User.name", Type: "string"}
		if change != nil {
			change(&p)
		}
		return p
	}
	hash := []dql.Tokenizer{{Name: "hash"}}
	for _, c := range []struct {
		name             string
		old, new, served string // served "": as old
		live             rules.Live
		want             string
	}{
		{name: "nothing", old: plain, new: plain, live: rules.Live{Stored: stored(name(nil))}, want: "no findings\n"},
		{name: "other prose", old: plain, new: plain, served: "\"A user.\"\n" + plain, live: rules.Live{Stored: stored(name(nil))}, want: "no findings\n"},
		{name: "another schema", old: plain, new: plain, served: "type User {\n  id: ID!\n  name: String\n  age: Int\n}\n",
			live: rules.Live{Stored: stored(name(nil), dql.Predicate{Name: "User.age", Type: "int"})}, want: `warning schema-drift (served schema)
  at file 1:1-1:1
  message: dgraph://x does not serve the old schema: User.age differs
  consequence: The findings are about a change from a schema that does not run there.
  impact: api none, storage none, data none
`},
		{name: "kept", old: plain, new: plain, live: rules.Live{Kept: true, Stored: stored(name(nil))}, want: `warning schema-drift (kept schema)
  at file 1:1-1:1
  message: dgraph://x keeps another GraphQL schema than it serves
  consequence: After its next start it serves the one that it keeps.
  impact: api none, storage none, data none
`},
		{name: "not stored", old: plain, new: plain, live: rules.Live{Stored: stored()}, want: `warning schema-drift (User.name)
  at self 3:3-3:15
  message: dgraph://x serves a schema with User.name, and does not store that predicate
  consequence: An update of it failed, or the predicate was dropped; applying the served schema again mends it.
  predicates: User.name
  impact: api none, storage none, data none
`},
		{name: "not stored, as far as may be seen", old: plain, new: plain, live: rules.Live{Limited: true, Stored: stored()}, want: "no findings\n"},
		{name: "other type", old: plain, new: plain, live: rules.Live{Stored: stored(name(func(p *dql.Predicate) { p.List = true }))},
			want: `warning schema-drift (User.name)
  at self 3:3-3:15
  message: dgraph://x stores User.name as [string], and serves a schema for string
  consequence: An update failed halfway, or the predicate was altered by hand: reads of it can fail.
  predicates: User.name
  impact: api none, storage none, data none
  fix: rebuild (migration, review) store User.name as string, and convert what is there
`},
		{name: "lost index", old: indexed, new: indexed, live: rules.Live{Stored: stored(name(nil))}, want: `warning schema-drift (User.name)
  at self 3:3-3:35
  message: dgraph://x has no index (hash) for User.name, which the served schema asks for
  consequence: The build of the index failed, or it was taken away by hand: filters by it fail.
  predicates: User.name
  impact: api none, storage none, data none
  fix: build-index (migration, safe) build the index of User.name
`},
		{name: "made by hand", old: plain, new: plain, live: rules.Live{Stored: stored(name(func(p *dql.Predicate) {
			p.Index, p.Unique, p.Count, p.Upsert, p.Lang = hash, true, true, true, true
		}))}, want: `warning schema-drift (User.name)
  at self 3:3-3:15
  message: dgraph://x has @index(hash), @count, @lang, @upsert and @unique for User.name, made by hand
  consequence: The update takes it away: Dgraph writes the predicates of a GraphQL schema anew.
  predicates: User.name
  impact: api none, storage none, data none
`},
		{name: "declared by a plan that has begun", old: plain, new: plain, live: rules.Live{Writes: []string{"User.name"}, Stored: stored(name(func(p *dql.Predicate) {
			p.Index, p.Upsert, p.Lang, p.Reverse = hash, true, true, true
		}))}, want: "no findings\n"},
		{name: "made by hand, beside a plan that has begun", old: plain, new: plain, live: rules.Live{Writes: []string{"User.name"}, Stored: stored(name(func(p *dql.Predicate) {
			p.Index, p.Count = hash, true
		}))}, want: `warning schema-drift (User.name)
  at self 3:3-3:15
  message: dgraph://x has @count for User.name, made by hand
  consequence: The update takes it away: Dgraph writes the predicates of a GraphQL schema anew.
  predicates: User.name
  impact: api none, storage none, data none
`},
		{name: "made by hand, and asked for now", old: plain, new: indexed,
			live: rules.Live{Stored: stored(name(func(p *dql.Predicate) { p.Index = hash }))}, want: "no findings\n"},
		{name: "made by hand, of what the update leaves", old: plain, new: "type Other {\n  id: ID!\n  a: Int\n}\n",
			live: rules.Live{Stored: stored(name(func(p *dql.Predicate) { p.Index = hash }))}, want: "no findings\n"},
		{name: "left over", old: plain, new: "type User {\n  id: ID!\n  name: String\n  age: Int\n}\n",
			live: rules.Live{Stored: stored(name(nil), dql.Predicate{Name: "User.age", Type: "string"})}, want: `warning predicate-reused User.age
  at self 4:3-4:11
  message: User.age is new, and an older schema left User.age (string) on dgraph://x
  consequence: Its values come back: the field reads, filters and overwrites them, as far as they convert; one that does not makes every query that selects the field fail.
  question: How many nodes have a value under User.age?
  predicates: User.age
  impact: api none, storage none, data none
  fix: new-predicate (directive, safe) give User.age another predicate with @dgraph(pred:)
  fix: delete-values (migration, destructive) delete the values of User.age before the update: an audit of the old schema makes the plan for it
`},
		{name: "left over, of an interface", old: plain, new: "type User implements Aged {\n  name: String\n}\ninterface Aged {\n  id: ID!\n  age: Int\n}\n",
			live: rules.Live{Stored: stored(name(nil), dql.Predicate{Name: "Aged.age", Type: "int"})}, want: `warning predicate-reused Aged.age
  at self 6:3-6:11
  message: Aged.age is new, and an older schema left Aged.age (int) on dgraph://x
  consequence: Its values come back: the field reads, filters and overwrites them.
  question: How many nodes have a value under Aged.age?
  affects: User.age
  predicates: Aged.age
  impact: api none, storage none, data none
  fix: new-predicate (directive, safe) give Aged.age another predicate with @dgraph(pred:)
  fix: delete-values (migration, destructive) delete the values of Aged.age before the update: an audit of the old schema makes the plan for it
`},
		{name: "left over, and refused", old: plain, new: "type User {\n  id: ID!\n  name: String\n  age: Int\n}\n",
			live: rules.Live{Stored: stored(name(nil), dql.Predicate{Name: "User.age", Type: "int", List: true})}, want: `error update-refused User.age
  at self 4:3-4:11
  message: User.age is new, and an older schema left User.age ([int]) on dgraph://x, which Dgraph refuses to turn into Int
  consequence: The update fails halfway: the new API is served over the old storage, and User.age cannot be read through it until the old schema is applied again.
  question: How many nodes have a value under User.age?
  predicates: User.age
  impact: api breaking, storage refused, data invalid
  fix: new-predicate (directive, safe) give User.age another predicate with @dgraph(pred:)
  fix: delete-values (migration, destructive) drop User.age, which an older schema left, before the update, also when it is empty: send {"drop_attr": "User.age"} to /alter
`},
		{name: "type not stored", old: plain, new: plain, live: rules.Live{Stored: typed()}, want: `warning schema-drift (type User)
  at self 1:6-1:10
  message: dgraph://x serves a schema with the type User, and does not store it
  consequence: An update of it failed, or the type was dropped; applying the served schema again mends it.
  impact: api none, storage none, data none
`},
		{name: "type without a predicate", old: plain, new: plain, live: rules.Live{Stored: typed(dql.Type{Name: "User", Fields: []string{"other"}})},
			want: `warning schema-drift (type User)
  at self 1:6-1:10
  message: dgraph://x stores the type User without User.name, which the served schema has in it
  consequence: An update failed halfway, or the type was altered by hand: deletes of whole nodes leave these values behind.
  predicates: User.name
  impact: api none, storage none, data none
`},
		{name: "type with a predicate made by hand", old: plain, new: plain,
			live: rules.Live{Stored: typed(dql.Type{Name: "User", Fields: []string{"User.name", "other"}})}, want: `warning schema-drift (type User)
  at self 1:6-1:10
  message: dgraph://x stores the type User with other, which the served schema does not have in it
  consequence: The update takes it away, and deletes of whole nodes leave these values behind: Dgraph writes the types of a GraphQL schema anew.
  predicates: other
  impact: api none, storage none, data none
`},
		{name: "type made by hand, that the update leaves", old: plain, new: "type Other {\n  id: ID!\n  a: Int\n}\n",
			live: rules.Live{Stored: typed(dql.Type{Name: "User", Fields: []string{"User.name", "other"}})}, want: "no findings\n"},
		{name: "other settings", old: plain + "# Dgraph.Secret key \"hush\"\n", new: plain,
			served: plain + "# Dgraph.Secret key \"hush2\"\n# Dgraph.Authorization {\"VerificationKey\":\"hush\",\"Header\":\"X\",\"Algo\":\"HS256\"}\n",
			live:   rules.Live{Stored: stored(name(nil))}, want: `warning schema-drift (served schema)
  at file 1:1-1:1
  message: dgraph://x does not serve the old schema: the setting Dgraph.Secret and the setting Dgraph.Authorization differ
  consequence: The findings are about a change from a schema that does not run there.
  impact: api none, storage none, data none
`},
		{name: "the same settings", old: plain + "# Dgraph.Secret key \"hush\"\n", new: plain, live: rules.Live{Stored: stored(name(nil))}, want: "no findings\n"},
		{name: "other metric", old: vector, new: vector, live: rules.Live{Stored: stored(vectors("cosine"))}, want: `warning schema-drift (User.vec)
  at self 3:3-3:81
  message: dgraph://x has the index hnsw(exponent: 4, metric: cosine) for User.vec, and serves a schema for hnsw(exponent: 4, metric: euclidean)
  consequence: An update failed halfway, or the index was altered by hand: queries by it give other answers than the schema says.
  predicates: User.vec
  impact: api none, storage none, data none
`},
		{name: "the same metric", old: vector, new: vector, live: rules.Live{Stored: stored(vectors("euclidean"))}, want: "no findings\n"},
		{name: "an empty server", old: "", new: plain, live: rules.Live{Stored: stored()}, want: "no findings\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			old, new := derive(t, "old.graphql", c.old), derive(t, "new.graphql", c.new)
			c.live.Name, c.live.Served = "dgraph://x", old
			if c.served != "" {
				c.live.Served = derive(t, "served", c.served)
			}
			if c.live.Stored.Types == nil { // then they are as they should be
				for _, s := range c.live.Served.Storage.Types {
					c.live.Stored.Types = append(c.live.Stored.Types, dql.Type{Name: s.Name, Fields: s.Predicates})
				}
			}
			findings := rules.Drift(diff.Compare(old, new, diff.Options{}), c.live)
			if d := cmp.Diff(c.want, render(findings)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}
