// Package generate makes random schemas that Dgraph accepts, for the property
// tests of the packages that claim to read schemas as Dgraph does.
//
// It aims for what decides storage and API: names, inheritance, shared and
// reverse predicates, indexes, links, federation. It does not aim for likely
// schemas.
package generate

import (
	"math/rand/v2"
	"strings"
)

// Options say what a schema may hold. The zero value allows everything.
type Options struct {
	// Types is about how many object types there are; 0 lets chance decide
	// between one and eight.
	Types int
	// NoLambda leaves out @lambda and @lambdaOnMutate, which Dgraph refuses
	// when no lambda server is configured.
	NoLambda bool
	// NoCustom leaves out @custom, and with it Query, Mutation and @remote.
	NoCustom bool
	// NoAuth leaves out @auth and the Dgraph.Authorization line.
	NoAuth bool
	// NoFederation leaves out @key and all that needs it.
	NoFederation bool
	// Odd adds what Dgraph accepts as a GraphQL schema, derives a DQL schema
	// from, and then refuses to store: names that DQL cannot read, languages on
	// lists, two sortable indexes.
	Odd bool
	// NoNgram leaves out the ngram index, which Dgraph has since v25.0.
	NoNgram bool
}

// Rand is the source that makes Schema repeatable: the same seed and options
// give the same schema.
func Rand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) }

// Schema makes a schema.
func Schema(rng *rand.Rand, options Options) string {
	b := &builder{
		Rand: rng, options: options,
		taken: map[string]bool{}, claims: map[string]*claim{},
		idType: pick(rng, "ID!", "ID!", "ID"),
		quiet:  rng.IntN(3) > 0,
	}
	b.plan()
	for _, t := range b.interfaces {
		b.fill(t)
	}
	for _, t := range b.objects {
		b.fill(t)
	}
	b.link()
	for _, t := range b.types() {
		b.share(t)
		b.languages(t)
		b.secret(t)
	}
	b.federate()
	b.compute()
	for _, t := range b.types() {
		b.govern(t)
		b.redeclare(t)
		b.Shuffle(len(t.fields), func(i, j int) { t.fields[i], t.fields[j] = t.fields[j], t.fields[i] })
		b.blocks = append(b.blocks, b.typeText(t))
	}
	b.settings()
	b.Shuffle(len(b.blocks), func(i, j int) { b.blocks[i], b.blocks[j] = b.blocks[j], b.blocks[i] })

	var text strings.Builder
	for _, block := range b.blocks {
		text.WriteString(block)
		text.WriteString(b.line())
	}
	if b.one(8) {
		return strings.ReplaceAll(text.String(), "\n", "\r\n")
	}
	return text.String()
}

// builder holds a schema in the making.
type builder struct {
	*rand.Rand
	options Options
	quiet   bool // ordinary spacing, few comments

	interfaces, objects []*object
	extensions          []*object
	enums, unions       []string
	values              map[string][]string // of enums
	inputs              []string
	remotes             []string

	taken  map[string]bool // type names
	serial int             // makes names unique
	idType string          // of all fields of type ID in interfaces

	claims  map[string]*claim // by predicate
	claimed []*claim          // in order

	blocks []string // finished definitions
}

// object is an object type or an interface.
type object struct {
	keyword    string // type or interface
	name       string
	stored     string // what @dgraph(type:) says, or the name
	extend     bool
	implements []*object
	users      []*object // of an interface
	fields     []*field
	directives []string
	password   string // the field of @secret
	hidden     bool   // @generate may leave out its query
}

// field is a field in the making.
type field struct {
	name, of   string // of is the named type
	typ        string // with brackets: "[String!]!"
	arguments  string
	pred       string // of @dgraph, without quotes; "" for the default
	id         bool   // @id
	directives []string
}

func (f *field) list() bool { return strings.HasPrefix(f.typ, "[") }

func (f *field) has(directive string) bool {
	for _, d := range f.directives {
		if d == "@"+directive || strings.HasPrefix(d, "@"+directive+"(") {
			return true
		}
	}
	return false
}

func (f *field) add(directive string) { f.directives = append(f.directives, directive) }

// claim is the use of a predicate. All uses must agree.
type claim struct {
	pred   string
	of     string
	list   bool
	id     bool
	secret bool
	vector bool
	users  []*object
}

// claim takes the predicate for f of t, if Dgraph lets it.
func (b *builder) claim(t *object, f *field, pred string) bool {
	if pred == "" {
		pred = t.stored + "." + f.name
	}
	c := b.claims[pred]
	if c == nil {
		b.remember(&claim{pred: pred, of: f.of, list: f.list(), id: f.id, vector: f.has("embedding"),
			users: []*object{t}})
		return true
	}
	if c.secret || c.of != f.of || c.list != f.list() || c.id != f.id || !c.open(t) {
		return false
	}
	c.users = append(c.users, t)
	return true
}

func (b *builder) remember(c *claim) {
	b.claims[c.pred] = c
	b.claimed = append(b.claimed, c)
}

// open reports whether t may share the predicate: a type must not have a field
// of its own on a predicate of its interfaces, nor inherit one twice.
func (c *claim) open(t *object) bool {
	for _, u := range c.users {
		if u == t || u.keyword == "interface" && t.keyword == "interface" {
			return false
		}
		for _, pair := range [][2]*object{{t, u}, {u, t}} {
			for _, i := range pair[0].implements {
				if i == pair[1] {
					return false
				}
			}
		}
	}
	return true
}

func (b *builder) types() []*object {
	all := append([]*object{}, b.interfaces...)
	all = append(all, b.objects...)
	return append(all, b.extensions...)
}

// one is true once in n times.
func (b *builder) one(n int) bool { return b.IntN(n) == 0 }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }
