package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

func resolve(t *testing.T, text string) *schema.Schema {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return schema.Resolve(parsed)
}

// TestFields tells of each field of a type, in order, its predicate, and the
// interface that it comes from.
func TestFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, of string
		want           []string
	}{
		{"plain", `type T { id: ID!, a: Int, b: [String!]! @dgraph(pred: "p.b") }`, "T",
			[]string{"id -", "a T.a", "b p.b"}},
		{"stored name", `type T @dgraph(type: "Old") { a: Int, b: Int @dgraph(pred: "b") }`, "T",
			[]string{"a Old.a", "b b"}},
		{"the last interface comes first, the first one names",
			`interface I { a: Int, b: Int } interface J { c: Int } type T implements I & J { own: Int }`, "T",
			[]string{"c J.c (J)", "a I.a (I)", "b I.b (I)", "own T.own"}},
		{"interfaces with ID in common",
			`interface I { id: ID! a: Int } interface J { id: ID! b: Int } type T implements I & J { c: Int }`, "T",
			[]string{"b J.b (J)", "id - (I)", "a I.a (I)", "c T.c"}},
		{"interface after its implementor, with a stored name",
			`type T implements I { b: Int } interface I @dgraph(type: "Old.I") { a: Int, c: Int @dgraph(pred: "c") }`, "T",
			[]string{"a Old.I.a (I)", "c c (I)", "b T.b"}},
		{"redeclared fields keep their place and lose what the type writes",
			`interface I { a: Int, b: Int @dgraph(pred: "i.b") } type T implements I { x: Int, b: Int @dgraph(pred: "mine"), y: Int, a: Int @dgraph(pred: "mine2") }`, "T",
			[]string{"x T.x", "b i.b (I)", "y T.y", "a I.a (I)"}},
		{"unknown interfaces and types that are none",
			`type U { u: Int } type T implements Nothing & U { a: Int }`, "T",
			[]string{"a T.a"}},
		{"computed fields",
			`type T { id: ID! a: Int @lambda b: Int @custom(http: {url: "http://x", method: GET}) c: Int }`, "T",
			[]string{"id -", "a -", "b -", "c T.c"}},
		{"external fields",
			`extend type T @key(fields: "id") { id: ID! @external a: Int @external b: Int @external c: Int } type U { t: T @provides(fields: "x  b") }`, "T",
			[]string{"id T.id", "a -", "b T.b", "c T.c"}},
		{"an ID that is key but not external", `type T @key(fields: "id") { id: ID! c: Int }`, "T",
			[]string{"id -", "c T.c"}},
		{"provided by a remote type does not count",
			`type T @extends @key(fields: "k") { k: String @id @external b: Int @external } type U @remote { t: T @provides(fields: "b") }`, "T",
			[]string{"k T.k", "b -"}},
		{"reverse", `type T { a: [T] @dgraph(pred: "p"), b: [T] @dgraph(pred: "~p"), c: [T] @dgraph(pred: "<~p>") }`, "T",
			[]string{"a p", "b ~p", "c <~p>"}},
		{"a tilde on a value is part of the name", `type T { a: Int @dgraph(pred: "~p") }`, "T",
			[]string{"a ~p"}},
		{"languages", `type T { a: String @dgraph(pred: "p@en"), b: String @dgraph(pred: "p@en:fr"), c: String @dgraph(pred: "p@."), d: String @dgraph(pred: "p") }`, "T",
			[]string{"a p @en", "b p @en:fr", "c p @.", "d p"}},
		{"a language on a link is part of the name", `type T { a: T @dgraph(pred: "p@en") }`, "T",
			[]string{"a p@en"}},
		{"remote types", `type T @remote { a: Int }`, "T", []string{"a -"}},
		{"operations", `type Query { a: Int @lambda, b: Int }`, "Query", []string{"a -", "b -"}},
		{"interfaces inherit nothing", `interface I { a: Int }`, "I", []string{"a I.a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range resolve(t, c.text).Type(c.of).Fields {
				s := f.Name + " "
				switch {
				case f.Predicate == "":
					s += "-"
				case f.Reverse:
					s += "~" + f.Predicate
				default:
					s += f.Predicate
				}
				if f.Language != "" {
					s += " @" + f.Language
				}
				if f.Source != nil {
					s += " (" + f.Source.Name + ")"
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestOverwrittenDefinition(t *testing.T) {
	t.Parallel()
	s := resolve(t, `interface I { a: Int @search } type T implements I { a: Int @id, b: Int }`)
	i, f := s.Type("I"), s.Type("T").Field("a")
	if f.Definition != i.Definition.Fields[0] || f.Written != s.Type("T").Definition.Fields[0] {
		t.Error("the interface's definition does not count, or the type's own is not kept as written")
	}
	if !f.Has("search") || f.Has("id") {
		t.Error("the directives are not the interface's")
	}
	if b := s.Type("T").Field("b"); b.Written != b.Definition {
		t.Error("a field of its own is not as written")
	}
	inherited := resolve(t, `interface I { a: Int } type T implements I { b: Int }`).Type("T").Field("a")
	if inherited.Written != nil || inherited.Coordinate() != "T.a" {
		t.Errorf("inherited: written %v, coordinate %s", inherited.Written, inherited.Coordinate())
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	s := resolve(t, `
extend type E @key(fields: "a") { a: String @id @external }
type B @dgraph(type: "Old") { a: Int }
interface I { i: Int }
type C implements I { c: Int }
type D implements I @extends @key(fields: "d") { d: String @id }
type R @remote { r: Int }
extend type Query { q: Int @lambda }
union U = B | C
enum X { Y }
input N { n: Int }
`)
	var names, extends, stored []string
	for _, typ := range s.Types {
		names = append(names, typ.Name)
		if typ.Extends {
			extends = append(extends, typ.Name)
		}
		if typ.Stores() {
			stored = append(stored, typ.Stored)
		}
	}
	for _, c := range []struct{ what, got, want string }{
		{"order", strings.Join(names, " "), "B I C D R U X N E Query"},
		{"extensions", strings.Join(extends, " "), "D E"},
		{"stored", strings.Join(stored, " "), "Old I C D E"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	implementors := s.Type("I").Implementors
	if len(implementors) != 2 || implementors[0] != s.Type("C") || implementors[1] != s.Type("D") {
		t.Errorf("implementors of I: %v", implementors)
	}
	for name, want := range map[string]sdl.Kind{"B": sdl.Object, "U": sdl.Union, "X": sdl.Enum, "N": sdl.InputObject,
		"Int64": sdl.Scalar, "Point": sdl.Object, "IntFilter": sdl.InputObject, "Mode": sdl.Enum, "Nothing": 0, "Password": 0} {
		if got := s.Kind(name); got != want {
			t.Errorf("%s is of kind %d, want %d", name, got, want)
		}
	}
}

func TestTwice(t *testing.T) {
	t.Parallel()
	s := resolve(t, `type T { a: Int, a: String } type T { b: Int }`)
	if len(s.Types) != 2 || s.Type("T") != s.Types[0] {
		t.Error("of two types T the first is not found, or the second is lost")
	}
	if f := s.Types[0].Field("a"); len(s.Types[0].Fields) != 2 || f.Type().Named() != "Int" {
		t.Error("of two fields a the first is not found, or the second is lost")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       string // of T: field, predicate and source
	}{
		{"own", `type T @secret(field: "pwd") { a: Int }`, "pwd T.pwd"},
		{"stored name", `type T @secret(field: "pwd") @dgraph(type: "Old") { a: Int }`, "pwd Old.pwd"},
		{"predicate", `type T @secret(field: "pwd", pred: "p") { a: Int }`, "pwd p"},
		{"inherited", `interface I @secret(field: "pwd") @dgraph(type: "Old") { a: Int } type T implements I { b: Int }`, "pwd Old.pwd (I)"},
		{"inherited with a predicate", `interface I @secret(field: "pwd", pred: "p") { a: Int } type T implements I { b: Int }`, "pwd p (I)"},
		{"of the second interface", `interface J { j: Int } interface I @secret(field: "pwd") { a: Int } type T implements J & I { b: Int }`, "pwd I.pwd (I)"},
		// The API knows the type's own name, whatever the last field is.
		{"own after inherited fields", `interface I { a: Int } type T implements I @secret(field: "pwd") { id: ID! }`, "pwd T.pwd"},
		{"none", `type T { a: Int }`, ""},
		{"without a field", `type T @secret { a: Int }`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if s := resolve(t, c.text).Type("T").Secret; s != nil {
				got = s.Field + " " + s.Predicate
				if s.Source != nil {
					got += " (" + s.Source.Name + ")"
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestInverse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string // "from -> to", for all fields that have one, in order
	}{
		{"declared at one end", `type A { b: B @hasInverse(field: a) } type B { a: A }`, []string{"A.b -> B.a", "B.a -> A.b"}},
		{"declared at the later end", `type A { b: [B] } type B { a: A @hasInverse(field: "b") }`, []string{"A.b -> B.a", "B.a -> A.b"}},
		{"at both", `type A { b: B @hasInverse(field: a) } type B { a: A @hasInverse(field: b) }`, []string{"A.b -> B.a", "B.a -> A.b"}},
		{"itself", `type A { a: [A] @hasInverse(field: a) }`, []string{"A.a -> A.a"}},
		{"within one type", `type A { up: A @hasInverse(field: down), down: [A] }`, []string{"A.up -> A.down", "A.down -> A.up"}},
		{"an unknown field", `type A { b: B @hasInverse(field: x) } type B { a: A }`, nil},
		{"an unknown type", `type A { b: B @hasInverse(field: x) }`, nil},
		{"without a field", `type A { b: B @hasInverse } type B { a: A }`, nil},
		{"an interface at the other end", `interface I { b: B } type A implements I { x: Int } type B { i: I @hasInverse(field: b) }`,
			[]string{"I.b -> B.i", "B.i -> I.b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, typ := range resolve(t, c.text).Types {
				for _, f := range typ.Fields {
					if f.Inverse != nil {
						got = append(got, f.Coordinate()+" -> "+f.Inverse.Coordinate())
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	s := resolve(t, `type T @key(fields: "id") { id: ID!, a: Int } type U @key { id: ID! }`)
	if !s.Type("T").Field("id").Key() || s.Type("T").Field("a").Key() || s.Type("U").Field("id").Key() {
		t.Error("the key is not the field that @key names")
	}
}

func TestSearches(t *testing.T) {
	t.Parallel()
	for name, s := range schema.Searches {
		if s.Index == "" || schema.Scalar(s.Type) == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for _, scalar := range []string{"Boolean", "Int", "Int64", "Float", "String", "DateTime", "Point", "Polygon", "MultiPolygon"} {
		if s, ok := schema.Searches[schema.DefaultSearch(scalar)]; !ok || s.Type != scalar {
			t.Errorf("a bare @search on %s stands for %+v", scalar, s)
		}
	}
	if schema.DefaultSearch("ID") != "" {
		t.Error("ID can be searched")
	}
	if !slices.Contains([]string{"geo"}, schema.Scalar("Point")) || schema.Geo("PointList") {
		t.Error("geo types")
	}
}
