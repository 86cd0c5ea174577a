package rules_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/rules"
)

// renderAPI is what changes for clients: the first ones, and how many follow.
func renderAPI(f *rules.Finding) string {
	const most = 8
	var all []string
	for i, c := range f.API {
		if i == most {
			all = append(all, fmt.Sprintf("and %d more", len(f.API)-most))
			break
		}
		all = append(all, c.Coordinate+" "+c.Change)
	}
	return strings.Join(all, "; ")
}

// TestContractIsTold: every change of the API is in the list of one finding,
// whose impact and severity do not play it down.
func TestContractIsTold(t *testing.T) {
	eachPair(t, func(t *testing.T, c *testCase) {
		if c.refused(t) {
			return
		}
		for _, texts := range [][2]string{{c.old, c.new}, {c.new, c.old}} {
			d := diff.Compare(derive(t, "old.graphql", texts[0]), derive(t, "new.graphql", texts[1]), diff.Options{Renames: c.renames})
			var want, got []string
			breaking := map[string]bool{}
			for _, change := range d.API {
				line := change.Coordinate + " " + change.What
				want = append(want, line)
				breaking[line] = change.Kind.Breaking()
			}
			for _, f := range rules.Judge(d) {
				for _, change := range f.API {
					line := change.Coordinate + " " + change.Change
					got = append(got, line)
					switch {
					case f.Impact.API == rules.APINone, breaking[line] && f.Impact.API != rules.APIBreaking:
						t.Errorf("%s has the impact %s with %s", identity(f), f.Impact.API, line)
					case breaking[line] && f.Addition, breaking[line] && f.Severity == rules.Info && !strings.HasSuffix(f.Rule.ID, "-renamed"):
						t.Errorf("%s is %s with %s", identity(f), f.Severity, line)
					}
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the contract's changes and those of the findings (-contract +findings):\n%s", d)
			}
		}
	})
}

// apiNeutral are the changes that leave the API as it is, or only add to it.
var apiNeutral = strings.Fields("InverseAdded InverseRemoved InverseChanged " +
	"ComputationChanged WebhookChanged SettingsChanged PredicateReused LanguageLost AuthChanged AuthorizationChanged SubscriptionAdded DeprecationChanged DescriptionChanged")

// TestEveryChangeOwns: a new kind of change must say which elements of the API
// are its own, or that none are.
func TestEveryChangeOwns(t *testing.T) {
	t.Parallel()
	changes := read(t, "../diff/change.go")
	contract := read(t, "contract.go")
	kinds := regexp.MustCompile(`(?m)^func \((\w+)\) change\(\)`).FindAllStringSubmatch(changes, -1)
	if len(kinds) < 26 {
		t.Fatalf("found only %d kinds of changes", len(kinds))
	}
	for _, k := range kinds {
		owns := strings.Contains(contract, "case diff."+k[1]+":")
		if owns == slices.Contains(apiNeutral, k[1]) {
			t.Errorf("%s owns elements of the API: %v, and is listed as neutral: %v", k[1], owns, !owns)
		}
	}
	for _, m := range regexp.MustCompile(`"([a-z]+(?:-[a-z]+)+)": +\w+`).FindAllStringSubmatch(contract, -1) {
		if rules.Find(m[1]) == nil {
			t.Errorf("contract.go speaks of the rule %s, which does not exist", m[1])
		}
	}
}

// TestOwners says, change by change, which finding owns it.
func TestOwners(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, change, owner string }{
		{"a field", "type T { id: ID! a: Int b: Int }", "type T { id: ID! b: Int }", "AddTInput.a removed", "field-removed T.a"},
		{"a field of an interface", "interface I { id: ID! a: Int b: Int } type T implements I { c: Int }",
			"interface I { id: ID! b: Int } type T implements I { c: Int }", "TOrderable.a removed", "field-removed I.a"},
		{"the last field to order by", "type T { id: ID! a: Int b: Boolean }", "type T { id: ID! b: Boolean }", "Query.queryT(order:) removed", "field-removed T.a"},
		{"a renamed type", "type T { id: ID! a: Int } type U { id: ID! t: T }", "type T2 @dgraph(type: \"T\") { id: ID! a: Int } type U { id: ID! t: T2 }",
			"U.t now T2", "type-renamed T -> T2"},
		{"a renamed type's inputs", "type T { id: ID! a: Int } type U { id: ID! t: T }", "type T2 @dgraph(type: \"T\") { id: ID! a: Int } type U { id: ID! t: T2 }",
			"AddUInput.t now T2Ref", "type-renamed T -> T2"},
		{"@id", "type T { id: ID! a: String! @id }", "type T { id: ID! a: String! }", "Query.getT(a:) removed", "id-removed T.a"},
		{"@id, and what follows", "type T { id: ID! a: String! @id }", "type T { id: ID! a: String! }", "Query.getT(id:) now ID!", "id-removed T.a"},
		{"the last @id", "type T { id: ID! a: String! @id }", "type T { id: ID! a: String! }", "Mutation.addT(upsert:) removed", "id-removed T.a"},
		{"a union's member", "union U = A | B type A { a: Int } type B { b: Int } type T { a: Int u: U }",
			"union U = A type A { a: Int } type B { b: Int } type T { a: Int u: U }", "UFilter.bFilter removed", "union-member-removed U (B)"},
		{"an enum's value", "enum E { A B C } type T { a: E @search }", "enum E { A } type T { a: E @search }", "E.C removed", "enum-value-removed E.C"},
		{"a new demand", "type T { id: ID! a: Int }", "type T { id: ID! a: Int! }", "AddTInput.a now Int!", "field-made-required T.a"},
		{"a new demand of a list", "type T { id: ID! a: Int }", "type T { id: ID! a: Int b: [Int!]! }", "AddTInput.b new and required", "api-required T.b"},
		{"null where there was none", "type T { id: ID! a: Int! }", "type T { id: ID! a: Int }", "T.a now Int", "field-made-optional T.a"},
		{"a node's id", "type T { id: ID! a: String! @id }", "type T { a: String! @id }", "Query.getT(id:) removed", "api-removed T.id"},
		{"what stays of a query without the node's id", "type T { id: ID! a: String! @id }", "type T { a: String! @id }", "Query.getT(a:) now String!", "api-required T.id"},
		{"an interface", "interface I { id: ID! a: Int } type T implements I { b: Int }", "interface I { id: ID! a: Int } type T { id: ID! a: Int b: Int }",
			"T no longer implements I", "interface-removed T (I)"},
		{"an unused type", "input A { a: Int } type T { a: Int }", "type T { a: Int }", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			owner := ""
			for _, f := range judge(t, c.before, c.after, nil) {
				for _, change := range f.API {
					if line := change.Coordinate + " " + change.Change; line == c.change {
						owner = identity(f)
					} else if c.change == "" {
						t.Errorf("%s causes %s", identity(f), line)
					}
				}
			}
			if owner != c.owner {
				t.Errorf("%q belongs to %q, want %q", c.change, owner, c.owner)
			}
		})
	}
}
