package report

import (
	"fmt"
	"strings"
)

// shop is a report with both schemas at hand: a rename, something removed, an
// interface that is new, and answers of the data of every kind.
func shop() *Report {
	old := `"""Who buys."""
type Customer {
  id: ID!
  email: String! @search(by: [hash])
  phone: String
  fax: String
  orders: [Order]
}

type Order {
  id: ID!
  customer: Customer!
  status: Status
}

enum Status { OPEN PAID }

type Voucher {
  code: String! @id
}
# one
# two
# three
# four
# five
# six
# seven
# eight
# nine
# ten
# eleven
# Dgraph.Secret key "sesame"`
	new := `"""Who buys."""
type Client implements Named {
  id: ID!
  name: String
  email: String! @id
  tel: String
  orders: [Order]
}

type Order {
  id: ID!
  customer: Client!
  status: Status
}

enum Status { OPEN PAID }

interface Named {
  name: String
}
# one
# two
# three
# four
# five
# six
# seven
# eight
# nine
# ten
# eleven
# Dgraph.Secret key "sesame"`
	at := func(anchor, file string, line int) Location {
		return Location{Anchor: anchor, File: file, Line: line, Column: 3, EndLine: line, EndColumn: 9}
	}
	r := compare(
		Finding{
			Rule: "type-renamed", Severity: Error, Coordinate: "Customer", To: "Client", Confidence: "likely", Message: "type Customer looks renamed to Client",
			Location: at("self", "new.graphql", 2), Previous: at("", "old.graphql", 2), Reversible: true,
			Evidence: Evidence{Asked: true, Complete: true, Violations: 250, Total: 1000},
			Excerpt:  []string{"type Client implements Named {"}, PreviousExcerpt: []string{"type Customer {"},
		},
		Finding{
			Rule: "id-added", Severity: Error, Coordinate: "Customer.email", To: "Client.email", Message: "Customer.email gets @id", Reversible: true,
			Location: at("self", "new.graphql", 5), Previous: at("", "old.graphql", 4), Evidence: Evidence{Asked: true, Complete: true, Violations: 1, Groups: 1, Total: 1000},
			Fixes: []Fix{{ID: "make-unique", Kind: "migration", Risk: "review", Title: "make the values unique"}},
		},
		Finding{
			Rule: "field-renamed", Severity: Error, Coordinate: "Customer.phone", To: "Client.tel", Confidence: "likely", Message: "Customer.phone looks renamed to tel",
			Location: at("self", "new.graphql", 6), Previous: at("", "old.graphql", 5), Reversible: true, Evidence: Evidence{Reason: "no time was left"},
			Excerpt: []string{"  tel: String"}, PreviousExcerpt: []string{"  phone: String"},
			Fixes: []Fix{{
				ID: "pin-predicate", Kind: "directive", Risk: "safe", Title: `add @dgraph(pred: "Customer.phone") to Client.tel`,
				Diff: "--- new.graphql\n+++ new.graphql\n@@ -6 +6 @@\n-\ttel: String\n+\ttel: String @dgraph(pred: \"Customer.phone\")\n",
			}, {ID: "delete-values", Kind: "migration", Risk: "destructive", Title: "delete the values"}},
		},
		Finding{
			Rule: "field-removed", Severity: Warning, Coordinate: "Customer.fax", Message: "Customer.fax is removed",
			Location: at("owner", "new.graphql", 2), Previous: at("", "old.graphql", 6), Evidence: Evidence{Asked: true, Complete: true, Total: 1000},
			Excerpt: []string{"type Client implements Named {"}, PreviousExcerpt: []string{"  fax: String"},
		},
		Finding{
			Rule: "type-removed", Severity: Warning, Coordinate: "Voucher", Message: "type Voucher is removed", Evidence: Evidence{Asked: true},
			Location: at("neighbour", "new.graphql", 16), Previous: Location{"", "old.graphql", "", 18, 1, 20, 2},
		},
		Finding{
			Rule: "interface-added", Severity: Info, Coordinate: "Named", Message: "interface Named is new", Reversible: true, Addition: true,
			Location: at("self", "new.graphql", 18), API: []APIChange{{"Query.queryNamed", "added"}},
		},
		Finding{Rule: "schema-drift", Severity: Warning, Subject: "dgraph.type", Message: "What is served is another schema.", Location: Location{Anchor: "file", File: "dgraph://localhost:9080", Line: 1, Column: 1}},
	)
	r.Data = asked(false)
	r.Notes = []Note{{"not-checked", "what needs the network", Location{}}}
	r.Old = Schema{
		Files: []SourceFile{{Name: "old.graphql", Lines: strings.Split(old, "\n")}},
		Types: []Type{
			{Name: "Customer", Kind: "type", Uses: []string{"Order"}}, {Name: "Order", Kind: "type", Uses: []string{"Customer", "Status"}},
			{Name: "Status", Kind: "enum"}, {Name: "Voucher", Kind: "type"},
		},
	}
	r.New = Schema{
		Files: []SourceFile{{Name: "new.graphql", Lines: strings.Split(new, "\n")}},
		Types: []Type{
			{Name: "Client", Kind: "type", Uses: []string{"Order"}, Implements: []string{"Named"}}, {Name: "Order", Kind: "type", Uses: []string{"Client", "Status"}},
			{Name: "Status", Kind: "enum"}, {Name: "Named", Kind: "interface"},
		},
	}
	r.Seal()
	return r
}

// audited looks at one schema only.
func audited() *Report {
	r := shop()
	r.Before, r.Old = Source{}, Schema{}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Previous, f.PreviousExcerpt, f.To, f.Location.Anchor = Location{}, nil, "", "self"
	}
	r.Seal()
	return r
}

// htmlSamples are all samples, and those with schemas.
func htmlSamples() map[string]*Report {
	all := map[string]*Report{"shop": shop(), "audited": audited()}
	for _, s := range samples() {
		all[s.name] = s.report
	}
	return all
}

// large is a report with so many findings, types and lines.
func large(findings, lines int) *Report {
	r := compare()
	var old, new []string
	perType := max(2, lines/max(1, lines/10))
	for i := 0; len(new) < lines; i++ {
		name := fmt.Sprintf("T%d", i)
		old, new = append(old, "type "+name+" {"), append(new, "type "+name+" {")
		for f := range perType {
			old = append(old, fmt.Sprintf("  f%d: String @search(by: [hash])", f))
			line := fmt.Sprintf("  f%d: String @search(by: [hash])", f)
			if len(r.Findings) < findings && f%3 == 1 {
				line = fmt.Sprintf("  f%d: Int @search", f)
				r.Findings = append(r.Findings, Finding{
					Rule: fmt.Sprintf("rule-%d", f), Severity: []Severity{Error, Warning, Info}[i%3], Coordinate: fmt.Sprintf("%s.f%d", name, f),
					Message: name + " changes", Consequence: "Clients read something else.", Location: Location{"self", "new.graphql", "", len(new) + 1, 3, len(new) + 1, 9},
					Previous: Location{"", "old.graphql", "", len(old), 3, len(old), 9}, Excerpt: []string{line}, PreviousExcerpt: []string{old[len(old)-1]},
					Evidence: Evidence{Asked: true, Complete: true, Violations: uint64(i), Total: 1_000_000},
					API:      []APIChange{{name + "Filter", "removed"}, {name + "Patch", "changed"}},
					Fixes:    []Fix{{ID: "restore", Kind: "directive", Risk: "safe", Title: "restore it", Diff: "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"}},
				})
			}
			new = append(new, line)
		}
		old, new = append(old, "}"), append(new, "}")
		t := Type{Name: name, Kind: "type", Uses: []string{fmt.Sprintf("T%d", i+1), "T0"}}
		r.Old.Types, r.New.Types = append(r.Old.Types, t), append(r.New.Types, t)
	}
	r.Old.Files, r.New.Files = []SourceFile{{Name: "old.graphql", Lines: old}}, []SourceFile{{Name: "new.graphql", Lines: new}}
	r.Data = asked(true)
	r.Seal()
	return r
}
