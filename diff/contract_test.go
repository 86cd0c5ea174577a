package diff_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/api"
)

// TestContract says what clients feel of a change; the names of the cases are
// those of what other tools get wrong.
func TestContract(t *testing.T) {
	t.Parallel()
	// query is a schema with a query of the user's, where every position can be
	// had: arguments, inputs, enums that are only sent or only answered.
	query := func(arguments, rest string) string {
		return "type T { id: ID! a: Int } type Query { q(" + arguments + `): R @custom(http: {url: "https://example.org", method: GET}) } type R @remote { n: Int } ` + rest
	}
	for _, c := range []struct{ name, before, after, want string }{
		{"nothing", query("a: Int", ""), query("a: Int", ""), ""},
		{"optional argument added", query("a: Int", ""), query("a: Int, b: Int", ""), ""},
		{"argument removed", query("a: Int, b: Int", ""), query("a: Int", ""), "removed Query.q(b:): removed"},
		{"required argument added", query("a: Int", ""), query("a: Int, b: Int!", ""), "required Query.q(b:): new and required"},
		{"required argument with default added", query("a: Int", ""), query("a: Int, b: Int! = 1", ""), ""},
		{"default removed from a non-null argument", query("a: Int! = 1", ""), query("a: Int!", ""), "required Query.q(a:): no default any more"},
		{"default removed from a nullable argument", query("a: Int = 1", ""), query("a: Int", ""), "dangerous Query.q(a:): other default"},
		{"default added to a nullable argument", query("a: Int", ""), query("a: Int = 1", ""), "dangerous Query.q(a:): other default"},
		{"default null added", query("a: Int", ""), query("a: Int = null", ""), ""},
		{"default added to a required argument", query("a: Int!", ""), query("a: Int! = 1", ""), ""},
		{"default changed", query("a: Int = 1", ""), query("a: Int = 2", ""), "dangerous Query.q(a:): other default"},
		{"default written otherwise", query("a: [Int] = [1, 2]", ""), query("a: [Int] = [1,2]", ""), ""},
		{"nullable argument becomes non-null", query("a: Int", ""), query("a: Int!", ""), "required Query.q(a:): now Int!"},
		{"nullable argument becomes non-null with default", query("a: Int", ""), query("a: Int! = 1", ""), "changed Query.q(a:): now Int!"},
		{"non-null argument becomes nullable", query("a: Int!", ""), query("a: Int", ""), ""},
		{"and loses its default", query("a: Int! = 1", ""), query("a: Int", ""), "dangerous Query.q(a:): other default"},
		{"elements become non-null", query("a: [Int]", ""), query("a: [Int!]", ""), "changed Query.q(a:): now [Int!]"},
		{"argument becomes coercible", query("a: Int", ""), query("a: Float", ""), "changed Query.q(a:): now Float"},
		{"argument becomes a list", query("a: Int", ""), query("a: [Int]", ""), "changed Query.q(a:): now [Int]"},

		{"input field added", query("a: I", "input I { x: Int }"), query("a: I", "input I { x: Int y: Int }"), ""},
		{"input field removed", query("a: I", "input I { x: Int y: Int }"), query("a: I", "input I { x: Int }"), "removed I.y: removed"},
		{"input field required", query("a: I", "input I { x: Int }"), query("a: I", "input I { x: Int y: Int! }"), "required I.y: new and required"},
		{"default removed from a non-null input field", query("a: I", "input I { x: Int! = 1 }"), query("a: I", "input I { x: Int! }"),
			"required I.x: no default any more"},
		{"input that nothing reaches", query("a: Int", "input I { x: Int }"), query("a: Int", "input I { y: Int! }"), ""},
		{"input that another reaches", query("a: J", "input I { x: Int } input J { i: [I!] }"), query("a: J", "input I { y: Int } input J { i: [I!] }"), "removed I.x: removed"},

		{"value added to an enum that is only sent", query("a: E", "enum E { A }"), query("a: E", "enum E { A B }"), ""},
		{"value removed from an enum that is only sent", query("a: E", "enum E { A B }"), query("a: E", "enum E { A }"), "removed E.B: removed"},
		{"value added to an enum that is answered", "type T { a: E } enum E { A }", "type T { a: E } enum E { A B }", "dangerous E.B: added"},
		{"value removed from an enum that is only answered",
			`type T { id: ID! a: Int } type Query { q: E @custom(http: {url: "https://example.org", method: GET}) } enum E { A B }`,
			`type T { id: ID! a: Int } type Query { q: E @custom(http: {url: "https://example.org", method: GET}) } enum E { A }`,
			"dangerous E.B: no longer answered"},
		{"value added to a generated enum", "type T { a: Int }", "type T { a: Int b: Int }", ""},

		{"field becomes non-null in answers", `type R @remote { n: Int } type T { a: Int r: R @custom(http: {url: "https://example.org", method: GET}) }`,
			`type R @remote { n: Int! } type T { a: Int r: R @custom(http: {url: "https://example.org", method: GET}) }`, ""},
		{"field becomes nullable", `type R @remote { n: [Int!]! } type T { a: Int r: R @custom(http: {url: "https://example.org", method: GET}) }`,
			`type R @remote { n: [Int]! } type T { a: Int r: R @custom(http: {url: "https://example.org", method: GET}) }`, "dangerous R.n: now [Int]!"},
		{"field gains and loses", `type R @remote { n: [Int!] } type T { a: Int r: R @custom(http: {url: "https://example.org", method: GET}) }`,
			`type R @remote { n: [Int]! } type T { a: Int r: R @custom(http: {url: "https://example.org", method: GET}) }`, "dangerous R.n: now [Int]!"},
		{"remote type that nothing reaches", "type R @remote { n: Int } type T { a: Int }", "type R @remote { m: Int } type T { a: Int }", ""},

		{"described and deprecated, and another type", query("a: Int", "input I { x: Int }"),
			strings.Replace(query("a: Float", "input I { x: Int }"), "q(", `"new" q("new" `, 1), "changed Query.q(a:): now Float"},
		{"described, and gone", "type T { id: ID! a: Int b: Int }", `"now described" type T implements N { id: ID! b: Int } interface N { b: Int }`,
			"removed T.a: removed"},

		{"other key", `type T @key(fields: "id") { id: ID! a: String! @id }`, `type T @key(fields: "a") { id: ID! a: String! @id }`,
			"changed Query._entities(representations:): finds T by a instead of id"},
		{"key written otherwise", `type T @key(fields: "id") { id: ID! a: Int }`, `type T @key(fields: """id""") { id: ID! a: Int }`, ""},

		{"interface added", "interface I { a: Int } type T { b: Int }", "interface I { a: Int } type T implements I { b: Int }", "dangerous T: implements I"},
		{"new interface", "type T { a: Int b: Int }", "interface I { a: Int } type T implements I { b: Int }", ""},
		{"new type of an old interface", "interface I { a: Int } type T implements I { b: Int }",
			"interface I { a: Int } type T implements I { b: Int } type S implements I { c: Int }", "dangerous S: implements I"},
		{"union's member added", "union U = A type A { a: Int u: U } type B { b: Int }", "union U = A | B type A { a: Int u: U } type B { b: Int }", "dangerous U: can be B"},
		{"union that nothing reaches", "union U = A | B type A { a: Int } type B { b: Int }", "union U = A type A { a: Int } type B { b: Int }", ""},

		{"interface to its only type", `interface I @remote { a: Int } type T implements I @remote { b: Int } type H @remote { i: I } type N { n: Int h: H @custom(http: {url: "https://example.org", method: GET}) }`,
			`interface I @remote { a: Int } type T implements I @remote { b: Int } type H @remote { i: T } type N { n: Int h: H @custom(http: {url: "https://example.org", method: GET}) }`, ""},
		{"interface to one of its types", `interface I @remote { a: Int } type T implements I @remote { b: Int } type S implements I @remote { c: Int } type H @remote { i: I } type N { n: Int h: H @custom(http: {url: "https://example.org", method: GET}) }`,
			`interface I @remote { a: Int } type T implements I @remote { b: Int } type S implements I @remote { c: Int } type H @remote { i: T } type N { n: Int h: H @custom(http: {url: "https://example.org", method: GET}) }`, "changed H.i: now T"},
		{"unreachable references", "type T { id: ID! a: Int b: Int @dgraph(pred: \"x\") }", "type T { id: ID! a: Int }", "removed T.b: removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range compare(t, c.before, c.after, nil).API {
				got = append(got, fmt.Sprintf("%s %s: %s", []string{"", "removed", "required", "changed", "dangerous"}[change.Kind], change.Coordinate, change.What))
			}
			if c.want == "" {
				if len(got) > 0 {
					t.Errorf("clients feel %q, want nothing", got)
				}
			} else if !slices.Contains(got, c.want) {
				t.Errorf("clients feel %q, want %q", got, c.want)
			}
			for _, line := range got {
				if strings.Contains(line, "TRef") {
					t.Errorf("no operation can reach %s", line)
				}
			}
		})
	}
}

// TestContractOfNothing: a schema's API does not differ from itself, nor from
// that of an API that only grew.
func TestContractOfNothing(t *testing.T) {
	t.Parallel()
	text := "interface I { id: ID! a: Int } type T implements I @secret(field: \"p\") { s: String! @id v: [Float!] @embedding t: [T] e: E u: U } enum E { A } union U = T"
	d := compare(t, text, text+" type New { t: T n: Int }", nil)
	b := api.Derive(d.Before.Schema, api.Options{})
	for _, changes := range [][]diff.ContractChange{d.API, d.Contract(b, b), d.Contract(b, api.Derive(d.After.Schema, api.Options{}))} {
		if len(changes) > 0 {
			t.Errorf("clients feel\n%s", contractLines(changes))
		}
	}
}

// TestContractGrows: types that lead to each other and are all gone, under other names or for good, have each other for
// causes. What the comparison allocates for them grows as they do, and not as their pairs do.
func TestContractGrows(t *testing.T) { // alone, so that nobody else allocates
	const few, times, most = 50, 4, 6
	for _, c := range []struct {
		name  string
		after func(n int) string
	}{
		{"renamed", func(n int) string { return shape(n, true, numbered("Renamed"), numbered("f")) }},
		{"removed", func(int) string { return "type Other { id: ID! }" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			allocated := func(n int) (bytes uint64, changes int) {
				d := compare(t, shape(n, true, numbered("Type"), numbered("f")), c.after(n), nil)
				b, a := api.Derive(d.Before.Schema, api.Options{}), api.Derive(d.After.Schema, api.Options{})
				var begin, end runtime.MemStats
				runtime.ReadMemStats(&begin)
				all := d.Contract(b, a)
				runtime.ReadMemStats(&end)
				for _, change := range all {
					for range change.Causes() {
						break
					}
				}
				return end.TotalAlloc - begin.TotalAlloc, len(all)
			}
			small, n := allocated(few)
			large, m := allocated(few * times)
			t.Logf("%d changes take %d KiB, %d changes %d KiB", n, small>>10, m, large>>10)
			if n < few || m < n*(times-1) || large > small*most {
				t.Errorf("%d changes take %d KiB, %d changes %d KiB: want no more than %d times as much", n, small>>10, m, large>>10, most)
			}
		})
	}
}
