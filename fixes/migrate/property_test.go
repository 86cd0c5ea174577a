package migrate

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/storage"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// setting is the number of an environment variable.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// fact is something that is stored of a node: a value with its language and
// facets, or an edge, both as the server writes them.
type fact struct{ uid, predicate, lang, value, facets string }

func (f fact) String() string {
	return fmt.Sprintf("%s %s@%s %s (%s)", f.uid, f.predicate, f.lang, f.value, f.facets)
}

// facts are what is stored, in memory.
type facts []fact

// typed are the nodes of one of some types; all when there are none.
func (all facts) typed(types ...string) func(uid string) bool {
	has := map[string]bool{}
	for _, f := range all {
		if f.predicate == dgraphType && slices.Contains(types, unquoted(f.value)) {
			has[f.uid] = true
		}
	}
	return func(uid string) bool { return len(types) == 0 || has[uid] }
}

// unquoted is a value that is a string of JSON.
func unquoted(value string) string {
	var s string
	_ = json.Unmarshal([]byte(value), &s) // "" for others
	return s
}

// copied adds what nodes of some types hold under one predicate under another.
func (all facts) copied(from, to string, types ...string) facts {
	is := all.typed(types...)
	for _, f := range slices.Clone(all) {
		if f.predicate == from && is(f.uid) {
			f.predicate = to
			all = append(all, f)
		}
	}
	return all
}

// tagged adds a type to the nodes of another one.
func (all facts) tagged(of, add string) facts {
	is, has := all.typed(of), all.typed(add)
	seen := map[string]bool{}
	for _, f := range slices.Clone(all) {
		if is(f.uid) && !has(f.uid) && !seen[f.uid] {
			seen[f.uid] = true
			all = append(all, fact{uid: f.uid, predicate: dgraphType, value: strconv.Quote(add)})
		}
	}
	return all
}

// without are all but those of some predicates, and some types of nodes that
// have another type.
func (all facts) without(remove func(f fact) bool) facts { return slices.DeleteFunc(all, remove) }

// section is a part of a pair of schemas: something that changes.
type section struct {
	old, new string
	// nodes are the kinds of nodes in the old schema.
	nodes []nodeKind
	// migrate makes the migrations.
	migrate func(was, is *storage.Schema) []*Migration
	// after and contract are what the migrations come to, with all facts.
	after, contract func(facts) facts
}

// nodeKind is what a node of a stored type holds.
type nodeKind struct {
	types  []string
	fields []property
	// early nodes are not added once the migration has begun: which of two
	// nodes with one value is taken depends on what was there first.
	early bool
}

// property is a predicate, the way it is declared in GraphQL, and where it leads.
type property struct {
	name string
	kind valueKind
}

// valueKind is a type of GraphQL with values in RDF.
type valueKind struct {
	graphql string
	values  []string // none for references
	list    bool
	lang    bool
}

// written is the field of a predicate, with its languages.
func (k valueKind) field(name, predicate string) string {
	text := fmt.Sprintf("  %s: %s @dgraph(pred: %q)\n", name, k.graphql, predicate)
	if k.lang {
		text += fmt.Sprintf("  %sDe: String @dgraph(pred: %q)\n", name, predicate+"@de")
	}
	return text
}

func literals(values ...string) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, dql.Literal(v))
	}
	return all
}

// valueKinds are all that can be copied. %T is the type itself.
var valueKinds = []valueKind{
	{graphql: "String", values: literals(hostile...), lang: true},
	{graphql: "String", values: literals(hostile...)},
	{graphql: "[String]", values: literals(hostile...), list: true},
	{graphql: "Int", values: literals("0", "-1", "2147483647")},
	{graphql: "Int64", values: literals("9007199254740993", "-9223372036854775808")},
	{graphql: "[Int64]", values: literals("9007199254740993", "9007199254740992", "-1"), list: true},
	{graphql: "Float", values: literals("0.1", "-1e-300", "3", "1e300")},
	{graphql: "Boolean", values: literals("true", "false")},
	{graphql: "DateTime", values: literals("2000-01-02T03:04:05.123456789+05:30", "1600-01-01T00:00:00Z", "9999-12-31T23:59:59Z")},
	{graphql: "[DateTime]", values: literals("2000-01-02T03:04:05.5+05:30", "2020-01-01T00:00:00Z"), list: true},
	{graphql: "Point", values: []string{`"{'type':'Point','coordinates':[1.123456789012345,-2.5]}"^^<geo:geojson>`}},
	{graphql: "MultiPolygon", values: []string{`"{'type':'MultiPolygon','coordinates':[[[[0,0],[2,0],[2,2],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}"^^<geo:geojson>`}},
	{graphql: "[Float!] @embedding", values: literals("[0.1, -2.5, 3e-10]", "[1, 2, 3]")},
	{graphql: "%T"},
	{graphql: "[%T]", list: true},
}

// of is the kind with references to a type.
func (k valueKind) of(name string) valueKind {
	k.graphql = strings.ReplaceAll(k.graphql, "%T", name)
	return k
}

// lookups are the kinds of values that nodes can be made of, and its lists.
func lookups(r *rand.Rand) (one, list valueKind) {
	one = pick(r, []valueKind{valueKinds[1], valueKinds[4], valueKinds[6], valueKinds[7], valueKinds[8]})
	list = one
	list.graphql, list.list = "["+one.graphql+"]", true
	return one, list
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// moving is a pair of predicates.
func moving(was, is *storage.Schema, from, to string) Moving {
	return Moving{From: was.Predicate(from), To: is.Predicate(to), FromStays: is.Predicate(from) != nil}
}

func drops(names ...string) func(facts) facts {
	return func(all facts) facts {
		return all.without(func(f fact) bool { return slices.Contains(names, f.predicate) })
	}
}

// sections make the parts that recipes exist for. n tells the names of one part
// from those of others.
var sections = []func(r *rand.Rand, n int) section{
	// A field is renamed.
	func(r *rand.Rand, n int) section {
		name := fmt.Sprintf("T%d", n)
		k := pick(r, valueKinds).of(name)
		from, to := name+".f", name+".g"
		schema := func(field, predicate string) string {
			return "type " + name + " {\n  id: ID!\n  own: String\n" + k.field(field, predicate) + "}\n"
		}
		return section{
			old: schema("f", from), new: schema("g", to),
			nodes: []nodeKind{{types: []string{name}, fields: []property{{from, k}}}, {fields: []property{{from, k}}}},
			migrate: func(was, is *storage.Schema) []*Migration {
				return []*Migration{CopyValues(moving(was, is, from, to))}
			},
			after: func(all facts) facts { return all.copied(from, to) }, contract: drops(from),
		}
	},
	// A type is renamed.
	func(r *rand.Rand, n int) section {
		old, is := fmt.Sprintf("T%d", n), fmt.Sprintf("Renamed%d", n)
		kinds := []valueKind{pick(r, valueKinds), pick(r, valueKinds), pick(r, valueKinds)}
		schema := func(name string) string {
			text := "type " + name + " {\n  id: ID!\n"
			for i, k := range kinds {
				field := fmt.Sprintf("f%d", i)
				text += k.of(name).field(field, name+"."+field)
			}
			return text + fmt.Sprintf("  same: String @dgraph(pred: \"same%d\")\n}\n", n)
		}
		s := section{old: schema(old), new: schema(is), nodes: []nodeKind{{types: []string{old}, fields: []property{{fmt.Sprintf("same%d", n), valueKinds[1]}}}, {}}}
		var names []string
		for i, k := range kinds {
			p := property{fmt.Sprintf("%s.f%d", old, i), k}
			names = append(names, p.name)
			s.nodes[0].fields, s.nodes[1].fields = append(s.nodes[0].fields, p), append(s.nodes[1].fields, p)
		}
		to := func(from string) string { return strings.Replace(from, old, is, 1) }
		s.migrate = func(a, b *storage.Schema) []*Migration {
			m := Retagging{From: old, To: is}
			for _, name := range names {
				m.Moves = append(m.Moves, moving(a, b, name, to(name)))
			}
			return []*Migration{RetagType(m)}
		}
		s.after = func(all facts) facts {
			for _, name := range names {
				all = all.copied(name, to(name), old)
			}
			return all.tagged(old, is)
		}
		s.contract = func(all facts) facts {
			return drops(names...)(all).without(func(f fact) bool { return f.predicate == dgraphType && unquoted(f.value) == old })
		}
		return s
	},
	// Two types get an interface with a field of theirs, or leave one.
	func(r *rand.Rand, n int) section {
		i, a, b := fmt.Sprintf("I%d", n), fmt.Sprintf("A%d", n), fmt.Sprintf("B%d", n)
		k := pick(r, valueKinds).of(a)
		rest := pick(r, valueKinds).of(b)
		alone := func(name string) string {
			return "type " + name + " {\n  id: ID!\n  own: String\n" + k.field("f", name+".f") + rest.field("g", name+".g") + "}\n"
		}
		member := func(name string) string {
			return "type " + name + " implements " + i + " {\n  own: String\n" + rest.field("g", name+".g") + "}\n"
		}
		apart := alone(a) + alone(b)
		// Dgraph refuses types without a field to order by, hence own and note.
		together := "interface " + i + " {\n  id: ID!\n  note: String\n" + k.field("f", i+".f") + "}\n" + member(a) + member(b)
		fields := func(name, of string) []property { return []property{{of + ".f", k}, {name + ".g", rest}} }
		if r.IntN(2) == 0 {
			return section{
				old: apart, new: together,
				nodes: []nodeKind{{types: []string{a}, fields: fields(a, a)}, {types: []string{b}, fields: fields(b, b)}, {fields: fields(b, a)}},
				migrate: func(was, is *storage.Schema) []*Migration {
					return []*Migration{MoveIntoInterface(Crossing{Interface: i, Members: []Member{
						{a, []Moving{moving(was, is, a+".f", i+".f")}}, {b, []Moving{moving(was, is, b+".f", i+".f")}},
					}})}
				},
				after: func(all facts) facts {
					return all.copied(a+".f", i+".f", a).copied(b+".f", i+".f", b).tagged(a, i).tagged(b, i)
				},
				contract: drops(a+".f", b+".f"),
			}
		}
		return section{
			old: together, new: apart,
			nodes: []nodeKind{{types: []string{a, i}, fields: fields(a, i)}, {types: []string{b, i}, fields: fields(b, i)}, {fields: fields(b, i)}},
			migrate: func(was, is *storage.Schema) []*Migration {
				return []*Migration{MoveOutOfInterface(Crossing{Interface: i, Members: []Member{
					{a, []Moving{moving(was, is, i+".f", a+".f")}}, {b, []Moving{moving(was, is, i+".f", b+".f")}},
				}})}
			},
			after: func(all facts) facts { return all.copied(i+".f", a+".f", a).copied(i+".f", b+".f", b) },
			contract: func(all facts) facts {
				return drops(i + ".f")(all).without(func(f fact) bool { return f.predicate == dgraphType && unquoted(f.value) == i })
			},
		}
	},
	// Values become references, or references values.
	func(r *rand.Rand, n int) section {
		name, key := fmt.Sprintf("T%d", n), fmt.Sprintf("K%d", n)
		one, list := lookups(r)
		of, edge := one, valueKind{graphql: key}
		if r.IntN(2) == 0 && one.graphql != "Boolean" { // of which Dgraph has no lists
			of, edge = list, valueKind{graphql: "[" + key + "]", list: true}
		}
		target := "type " + key + " {\n  id: ID!\n" + one.field("k", key+".k") + "  note: String\n}\n"
		schema := func(k valueKind, predicate string) string {
			return "type " + name + " {\n  id: ID!\n  own: String\n" + k.field("f", predicate) + "}\n" + target
		}
		from, to := name+".f", name+".g"
		targets := nodeKind{[]string{key}, []property{{key + ".k", one}, {key + ".note", valueKinds[1]}}, true}
		if r.IntN(2) == 0 {
			return section{
				old: schema(of, from), new: schema(edge, to),
				nodes: []nodeKind{{types: []string{name}, fields: []property{{from, of}}}, {fields: []property{{from, of}}}, targets},
				migrate: func(was, is *storage.Schema) []*Migration {
					return []*Migration{ScalarToReference(Referencing{moving(was, is, from, to), []string{key}, []*storage.Predicate{is.Predicate(key + ".k")}})}
				},
				after:    func(all facts) facts { return all.referring(from, to, key, key+".k") },
				contract: drops(from),
			}
		}
		return section{
			old: schema(edge, from), new: schema(of, to),
			nodes: []nodeKind{{types: []string{name}, fields: []property{{from, edge}}}, {fields: []property{{from, edge}}}, targets},
			migrate: func(was, is *storage.Schema) []*Migration {
				return []*Migration{ReferenceToScalar(Dereferencing{moving(was, is, from, to), []*storage.Predicate{is.Predicate(key + ".k")}})}
			},
			after:    func(all facts) facts { return all.taking(from, key+".k", to) },
			contract: drops(from),
		}
	},
}

// made is the name of a node that is made of a value.
func made(stored, value string) string { return "new " + stored + " of " + value }

// referring makes nodes of values, and edges to them.
func (all facts) referring(from, to, stored, key string) facts {
	is := all.typed(stored)
	nodes := map[string]string{}
	number := func(uid string) uint64 { return dql.Ref(uid).UID() }
	for _, f := range all {
		if f.predicate == key && is(f.uid) && (nodes[f.value] == "" || number(f.uid) < number(nodes[f.value])) {
			nodes[f.value] = f.uid
		}
	}
	for _, f := range slices.Clone(all) {
		if f.predicate != from {
			continue
		}
		if nodes[f.value] == "" {
			nodes[f.value] = made(stored, f.value)
			all = append(all, fact{uid: nodes[f.value], predicate: dgraphType, value: strconv.Quote(stored)}, fact{uid: nodes[f.value], predicate: key, value: f.value})
		}
		all = append(all, fact{uid: f.uid, predicate: to, value: nodes[f.value], facets: f.facets})
	}
	return all
}

// taking writes the values of the nodes that edges lead to. Of equal ones the
// one of the lowest node counts.
func (all facts) taking(from, field, to string) facts {
	values := map[string]string{}
	for _, f := range all {
		if f.predicate == field {
			values[f.uid] = f.value
		}
	}
	edges := slices.Clone(all)
	slices.SortStableFunc(edges, func(a, b fact) int { return int(dql.Ref(a.value).UID()) - int(dql.Ref(b.value).UID()) })
	for _, f := range edges {
		v, ok := values[f.value]
		again := func(have fact) bool { return have.uid == f.uid && have.predicate == to && have.value == v }
		if f.predicate == from && ok && !slices.ContainsFunc(all, again) {
			all = append(all, fact{uid: f.uid, predicate: to, value: v, facets: f.facets})
		}
	}
	return all
}

// graph is random data for some kinds of nodes, as RDF.
func graph(r *rand.Rand, kinds []nodeKind, prefix string, existing []string) string {
	var b strings.Builder
	type one struct {
		name string
		kind nodeKind
	}
	var nodes []one
	targets := slices.Clone(existing)
	for range 4 + 4*len(kinds) {
		n := one{fmt.Sprintf("_:%s%d", prefix, len(nodes)), pick(r, kinds)}
		nodes, targets = append(nodes, n), append(targets, n.name)
	}
	line := func(subject, predicate, object string) {
		b.WriteString(subject + " <" + predicate + "> " + object + facetsFor(r) + " .\n")
	}
	for _, n := range nodes {
		for _, t := range n.kind.types {
			b.WriteString(n.name + " <dgraph.type> " + dql.Literal(t) + " .\n")
		}
		for _, f := range n.kind.fields {
			times := r.IntN(2)
			if f.kind.list {
				times = r.IntN(4)
			}
			used := map[string]bool{}
			for range times {
				values := f.kind.values
				if len(values) == 0 {
					values = targets
				}
				if v := pick(r, values); !used[v] {
					used[v] = true
					line(n.name, f.name, v)
				}
			}
			if f.kind.lang && r.IntN(2) == 0 {
				for _, tag := range []string{"de", "fr-CA"}[r.IntN(2):] {
					line(n.name, f.name, pick(r, f.kind.values)+"@"+tag)
				}
			}
		}
	}
	return b.String()
}

func facetsFor(r *rand.Rand) string {
	return pick(r, []string{"", "", "", " (f=1)", " (since=2020-01-02T03:04:05Z, g=\"a, \\\"b\\\") .\")", " (wild=true, w=0.5)"})
}

// read is all that is stored but what Dgraph keeps for itself.
func read(t *testing.T, d *dgraphtest.Dgraph) facts {
	t.Helper()
	var schema struct {
		Schema []struct {
			Predicate string
			Type      string
			Lang      bool
			List      bool
		}
	}
	if err := json.Unmarshal(d.Query(t, "schema {}"), &schema); err != nil {
		t.Fatal(err)
	}
	var all facts
	for _, p := range schema.Schema {
		if strings.HasPrefix(p.Predicate, "dgraph.") && p.Predicate != dgraphType {
			continue
		}
		tags, at := []string{""}, ""
		if p.Lang {
			tags, at = []string{"", "de", "fr-CA"}, "@."
		}
		for _, tag := range tags {
			column := "x: <" + p.Predicate + ">"
			if tag != "" {
				column += "@" + tag
			}
			column += " @facets"
			if p.Type == "uid" {
				column += " {uid}"
			}
			var answer struct{ Q []map[string]json.RawMessage }
			if err := json.Unmarshal(d.Query(t, "{Q(func: has(<"+p.Predicate+">"+at+")) {uid "+column+"}}"), &answer); err != nil {
				t.Fatal(err)
			}
			for _, n := range answer.Q {
				all = append(all, decode(t, n, fact{uid: unquoted(string(n["uid"])), predicate: p.Predicate, lang: tag}, p.Type, p.List)...)
			}
		}
	}
	isGraphQL := all.typed("dgraph.graphql", "dgraph.type")
	return all.without(func(f fact) bool { return isGraphQL(f.uid) })
}

// decode is what a node has under the alias x.
func decode(t *testing.T, n map[string]json.RawMessage, f fact, typ string, list bool) facts {
	t.Helper()
	raw, ok := n["x"]
	if !ok {
		return nil
	}
	facets := func(n map[string]json.RawMessage, pick func(json.RawMessage) (json.RawMessage, bool)) string {
		var all []string
		for name, v := range n {
			if key, ok := strings.CutPrefix(name, "x|"); ok {
				if v, ok := pick(v); ok {
					all = append(all, key+"="+string(v))
				}
			}
		}
		slices.Sort(all)
		return strings.Join(all, ", ")
	}
	whole := func(v json.RawMessage) (json.RawMessage, bool) { return v, true }
	var all facts
	switch {
	case typ == "uid":
		var edges []map[string]json.RawMessage
		if err := json.Unmarshal(raw, &edges); err != nil {
			edges = make([]map[string]json.RawMessage, 1)
			if err := json.Unmarshal(raw, &edges[0]); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range edges {
			f.value, f.facets = unquoted(string(e["uid"])), facets(e, whole)
			all = append(all, f)
		}
	case list:
		var values []json.RawMessage
		if err := json.Unmarshal(raw, &values); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			f.value, f.facets = string(v), facets(n, func(v json.RawMessage) (json.RawMessage, bool) {
				var byNumber map[string]json.RawMessage
				_ = json.Unmarshal(v, &byNumber) // none
				at, ok := byNumber[strconv.Itoa(i)]
				return at, ok
			})
			all = append(all, f)
		}
	default:
		f.value, f.facets = string(raw), facets(n, whole)
		all = append(all, f)
	}
	return all
}

// lines are facts in order, for comparing. Nodes that were not known are named
// by what they were made of.
func (all facts) lines(known map[string]bool) []string {
	names := map[string]string{}
	for _, f := range all {
		if stored, ok := strings.CutSuffix(f.predicate, ".k"); ok && !known[f.uid] {
			names[f.uid] = made(stored, f.value)
		}
	}
	var lines []string
	for _, f := range all {
		if name, ok := names[f.uid]; ok {
			f.uid = name
		}
		if name, ok := names[f.value]; ok {
			f.value = name
		}
		lines = append(lines, f.String())
	}
	slices.Sort(lines)
	return lines
}

// TestRandomMigrations carries out what recipes make of random pairs of schemas
// on random data, and compares with a model in memory: all that is stored, what
// is not touched too. SCHEMACHECK_RANDOM=n tries n pairs, SCHEMACHECK_SEED=n
// begins with that one.
func TestRandomMigrations(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	first, count := setting(t, "SCHEMACHECK_SEED", rand.Uint64N(1<<40)), setting(t, "SCHEMACHECK_RANDOM", 1)
	for seed := first; seed < first+count && !t.Failed(); seed++ {
		t.Logf("SCHEMACHECK_SEED=%d", seed)
		migrateAtRandom(t, d, c, rand.New(rand.NewPCG(seed, 0)))
	}
}

func migrateAtRandom(t *testing.T, d *dgraphtest.Dgraph, c *dql.Client, r *rand.Rand) {
	t.Helper()
	all := make([]section, 0, len(sections)+2)
	for n := range len(sections) + 2 { // each once, and two more
		kind := n
		if n >= len(sections) {
			kind = r.IntN(len(sections))
		}
		all = append(all, sections[kind](r, n))
	}
	// Something that nothing touches.
	untouched := section{nodes: []nodeKind{{types: []string{"Rest"}}}}
	untouched.old = "type Rest {\n  id: ID!\n"
	for i, k := range valueKinds {
		name := fmt.Sprintf("f%d", i)
		untouched.old += k.of("Rest").field(name, "Rest."+name)
		untouched.nodes[0].fields = append(untouched.nodes[0].fields, property{"Rest." + name, k})
	}
	untouched.old += "}\n"
	untouched.new = untouched.old
	var before, after string
	var kinds []nodeKind
	for _, s := range append(all, untouched) {
		before, after, kinds = before+s.old, after+s.new, append(kinds, s.nodes...)
	}
	d.DropAll(t)
	apply(t, d, before)
	uids := d.Mutate(t, graph(r, kinds, "n", nil))
	early := read(t, d)

	was, is := stored(t, before), stored(t, after)
	var recipes []*Recipe
	for _, s := range all {
		for _, m := range s.migrate(was, is) {
			made, err := m.Build(nil)
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, before, after)
			}
			recipes = append(recipes, made)
		}
	}
	plan, err := Assemble(Plan{ID: "20260102030405-random", Name: "random", From: "sha256:a", To: "sha256:b", NotBefore: "2026-02-03"}, recipes...)
	if err != nil {
		t.Fatal(err)
	}
	left := carryOut(t, c, plan.Steps, Before).left
	known := slices.Collect(maps.Values(uids))
	slices.Sort(known)
	var targets []string
	for _, uid := range known {
		targets = append(targets, "<"+uid+">")
	}
	kinds = slices.DeleteFunc(kinds, func(k nodeKind) bool { return k.early })
	late := d.Mutate(t, graph(r, kinds, "late", targets)) // of the old application
	isLate := map[string]bool{}
	for _, uid := range late {
		isLate[uid] = true
	}
	model := append(early, read(t, d).without(func(f fact) bool { return !isLate[f.uid] })...)
	isKnown := maps.Clone(isLate)
	for _, uid := range known {
		isKnown[uid] = true
	}
	apply(t, d, after)
	left = append(left, carryOut(t, c, plan.Steps, After).left...)
	for _, l := range left {
		if !strings.Contains(l.Reason, "leads to nodes without") {
			t.Errorf("%+v", l)
		}
	}
	for _, s := range all {
		model = s.after(model)
	}
	if diff := cmp.Diff(model.lines(isKnown), read(t, d).lines(isKnown)); diff != "" {
		t.Errorf("after the migration (-model +stored):\n%s\n%s\n%s", diff, before, after)
		return
	}
	carryOut(t, c, plan.Steps, Contract)
	for _, s := range all {
		model = s.contract(model)
	}
	if diff := cmp.Diff(model.lines(isKnown), read(t, d).lines(isKnown)); diff != "" {
		t.Errorf("after phase contract (-model +stored):\n%s\n%s\n%s", diff, before, after)
	}
}
