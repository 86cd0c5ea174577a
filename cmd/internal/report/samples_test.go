package report

import (
	"fmt"
	"strings"
	"time"
)

// sample is a report that the goldens show in every format.
type sample struct {
	name   string
	report *Report
}

// samples returns fresh, sealed reports.
func samples() []sample {
	all := []sample{
		{"empty", compare()},
		{"empty-asked", func() *Report {
			r := compare()
			r.Data = asked(true)
			return r
		}()},
		{"shapes", shapes()},
		{"only-suppressed", func() *Report {
			r := compare()
			r.Suppressed = suppressed().Suppressed[1:]
			return r
		}()},
		{"only-info", compare(Finding{
			Rule: "field-added", Severity: Info, Coordinate: "User.email", Message: "User gains the field email.",
			Location: Location{Anchor: "self", File: "new.graphql", Line: 9, Column: 3}, Reversible: true, Addition: true,
		})},
		{"suppressed", suppressed()},
		{"operations", operations()},
		{"fixed", fixed()},
		{"hostile", hostile()},
		{"lines", lines()},
		{"keys", keys()},
		{"pages", pages()},
		{"many", many()},
	}
	for _, s := range all {
		s.report.Seal()
	}
	return all
}

func compare(findings ...Finding) *Report {
	return &Report{
		Tool:     Tool{"schemacheck", "0.1.0"},
		Before:   Source{Source: "old.graphql", Fingerprint: "sha256:" + strings.Repeat("0a", 32)},
		After:    Source{Source: "new.graphql", Fingerprint: "sha256:" + strings.Repeat("b1", 32)},
		Findings: findings,
	}
}

// operations has findings on operations, and what is known of their use with others.
func operations() *Report {
	r := compare(
		Finding{
			Rule: "field-renamed", Severity: Error, Coordinate: "User.phone", To: "User.tel", Message: "User.phone is renamed to tel",
			Location: Location{"self", "new.graphql", "", 4, 3, 4, 14}, Confidence: "declared", Impact: Impact{API: "breaking", Data: "hidden"},
			Usage: &Usage{Operations: 2, Files: 1, Sending: 3},
		},
		Finding{
			Rule: "search-removed", Severity: Warning, Coordinate: "User.age", Message: "User.age loses @search (int)", Reversible: true,
			Location: Location{"self", "new.graphql", "", 5, 3, 5, 11}, Impact: Impact{API: "breaking"},
			Usage: &Usage{Lowered: Error},
		},
		Finding{
			Rule: "operation-broken", Severity: Error, Coordinate: "User.phone", To: "User.tel", Subject: "app/users.ts#Phones\x1b[31m",
			Message:  "the query Phones breaks: UserFilter has no field phone; User has no field phone",
			Location: Location{"self", "app/users.ts", "", 12, 31, 12, 36}, Excerpt: []string{"  queryUser(filter: {phone: {eq: $p}}) {"},
			Reasons: []string{"User.phone is renamed to tel"}, Reversible: true, Impact: Impact{API: "breaking"},
			API:         []APIChange{{"UserFilter.phone", "removed"}, {"User.phone", "removed"}},
			Consequence: "Dgraph refuses the whole operation after the update, before anything of it runs.",
			Fixes: []Fix{{
				ID: "rewrite-operation", Kind: "operation", Risk: "safe",
				Title:     "rewrite the operation for the new names: the edits of what it shares are with app/list.ts#List",
				Diff:      "--- app/users.ts\n+++ app/users.ts\n@@ -12 +12 @@\n-  queryUser(filter: {phone: {eq: $p}}) {\n+  queryUser(filter: {tel: {eq: $p}}) {\n",
				Edits:     []Edit{{Location{"", "app/users.ts", "", 12, 22, 12, 27}, "tel"}},
				Elsewhere: []string{Fingerprint("operation-broken", "User.phone", "User.tel", "app/list.ts#List")},
			}},
		},
	)
	r.Operations = &Operations{Total: 312, Files: 40, Broken: 1, BrokenFiles: 1, Affected: 2, Invalid: 1, Unread: 2}
	return r
}

func asked(complete bool) Data {
	return Data{Asked: true, Complete: complete, Alpha: "localhost:9080", ReadTs: ReadTs{40118, 40120}, Duration: 2130 * time.Millisecond}
}

// shapes has one finding of every shape: an element that stays, one that is
// gone from its owner, a definition that is gone, a rename of each confidence,
// an inherited field, evidence of each kind, a span over several lines, a git
// source, no place in a line at all.
func shapes() *Report {
	r := compare(
		Finding{
			Rule: "id-added", Severity: Error, Coordinate: "User.username",
			Message:    "User.username becomes an @id. Nodes that share a username stop being reachable one by one, and nodes without one cannot be updated any more.",
			Location:   Location{"self", "new.graphql", "", 3, 3, 3, 24},
			Previous:   Location{"", "old.graphql", "", 3, 3, 3, 20},
			Excerpt:    []string{"  username: String! @id @search"},
			Predicates: []string{"User.username"}, Reversible: true,
			Impact: Impact{API: "breaking", Storage: "rebuild", Data: "invalid"},
			Evidence: Evidence{Asked: true, Complete: true, Violations: 31, Groups: 14, Total: 1204113,
				Samples: []Sample{{UID: "0x5", Values: []string{`"a\u001b[31m"`, `7`}}, {UID: "0x7"}}, Question: `{ q(func: has(User.username)) @groupby(User.username) { count(uid) } }`},
			Consequence:     "getUser(username:) answers with an error for 31 nodes.",
			PreviousExcerpt: []string{"  username: String!"},
			API:             []APIChange{{"Query.getUser", "changed"}, {"UserPatch.username", "removed"}},
			Fixes: []Fix{
				{ID: "suffix", Kind: "migration", Risk: "review", Title: "make the duplicates distinct by adding a number to all but the oldest of each group"},
				{ID: "merge", Kind: "migration", Risk: "destructive", Title: "merge each group into its oldest node"},
			},
		},
		Finding{
			Rule: "field-renamed", Severity: Error, Coordinate: "User.phone", To: "User.tel", Confidence: "likely",
			Message:  "User.phone looks renamed to User.tel. Its values stay under the predicate User.phone, and User.tel reads the predicate User.tel, which holds none of them.",
			Location: Location{"self", "new.graphql", "", 5, 3, 5, 6}, Previous: Location{"", "old.graphql", "main", 5, 3, 5, 8},
			Excerpt: []string{"  tel: String @search(by: [hash])"}, PreviousExcerpt: []string{"  phone: String @search(by: [hash])"},
			Predicates: []string{"User.phone", "User.tel"}, Reversible: true,
			Reasons:     []string{"same type String", "same directives", "same place in User", "next best is User.mail, far behind"},
			Impact:      Impact{API: "breaking", Data: "hidden"},
			Evidence:    Evidence{Reason: "no --alpha was given"},
			Consequence: "Clients read null for tel on every node that is stored today.",
			API: []APIChange{
				{"User.phone", "removed"}, {"UserFilter.phone", "removed"}, {"UserOrderable.phone", "removed"},
				{"UserPatch.phone", "removed"}, {"AddUserInput.phone", "removed"}, {"UserHasFilter.phone", "removed"},
			},
			Fixes: []Fix{{
				ID: "pin-predicate", Kind: "directive", Risk: "safe", Title: `keep the stored name: @dgraph(pred: "User.phone")`,
				Diff:  "--- new.graphql\n+++ new.graphql\n@@ -5 +5 @@\n-  tel: String @search(by: [hash])\n+  tel: String @search(by: [hash]) @dgraph(pred: \"User.phone\")\n",
				Edits: []Edit{{Location{"", "new.graphql", "", 5, 34, 5, 34}, ` @dgraph(pred: "User.phone")`}},
			}},
		},
		Finding{
			Rule: "field-removed", Severity: Error, Coordinate: "User.fax", Message: "User.fax is gone; its values stay behind under the predicate User.fax.",
			Location: Location{"owner", "new.graphql", "", 2, 6, 2, 10}, Previous: Location{"", "old.graphql", "", 7, 3, 7, 14},
			Excerpt: []string{"type User {"}, PreviousExcerpt: []string{"  fax: String"},
			Predicates: []string{"User.fax"}, Impact: Impact{API: "breaking", Data: "orphaned"},
			Evidence:    Evidence{Asked: true, Violations: 12, Total: 900, Reason: "the budget of 60s ran out"},
			Consequence: "Queries that select fax are refused.",
			Fixes:       []Fix{{ID: "keep-deprecated", Kind: "directive", Risk: "safe", Title: "keep the field and mark it @deprecated"}},
		},
		Finding{
			Rule: "type-removed", Severity: Error, Coordinate: "Invoice", Message: "The type Invoice is gone; its nodes stay stored and no query reaches them.",
			Location: Location{"neighbour", "new.graphql", "", 12, 6, 12, 13}, Previous: Location{"", "old.graphql", "", 20, 1, 24, 2},
			Excerpt:         []string{"type Account {"},
			PreviousExcerpt: []string{"type Invoice {", "  number: String! @id", "  due: DateTime", "  paid: Boolean", "}"},
			Impact:          Impact{API: "breaking", Data: "orphaned"},
			Evidence:        Evidence{Asked: true, Complete: true, Total: 1},
		},
		Finding{
			Rule: "field-type-changed", Severity: Warning, Coordinate: "Animal.age", Message: "Animal.age turns from String to Int.",
			Affects:  []string{"Dog.age", "Cat.age", "Cow.age"},
			Location: Location{"self", "new.graphql", "", 99, 3, 101, 5}, Previous: Location{"", "old.graphql", "", 101, 3, 101, 14},
			Excerpt:  []string{"  age: Int", "    @search", "    @deprecated"},
			Evidence: Evidence{Asked: true, Complete: true}, Reversible: true,
		},
		Finding{
			Rule: "interface-removed", Severity: Warning, Coordinate: "Dog", Subject: "Animal", Message: "Dog stops implementing Animal.",
			Location: Location{"file", "new.graphql", "", 1, 1, 0, 0},
		},
		Finding{
			Rule: "schema-drift", Severity: Warning, Subject: "dgraph.type", Reversible: true,
			Message:  "What is served is not what old.graphql derives.",
			Location: Location{"file", "dgraph://localhost:9080", "", 1, 1, 0, 0},
		},
		Finding{
			Rule: "type-renamed", Severity: Info, Coordinate: "Person", To: "Human", Confidence: "certain", Message: "Person is now called Human, and stays stored as Person.",
			Location: Location{"self", "new.graphql", "", 30, 6, 30, 11}, Excerpt: []string{`type Human @dgraph(type: "Person") {`}, Reversible: true,
		},
		Finding{
			Rule: "field-added", Severity: Info, Coordinate: "Human.age", Message: "Human gains the field age.",
			Location: Location{"self", "new.graphql", "", 31, 3, 31, 6}, Excerpt: []string{"  age: Int"}, Reversible: true, Addition: true,
		},
	)
	r.Data = asked(false)
	r.Rules = []RuleDoc{
		{"id-added", Error, "A field gets @id, which stored values may violate.", []Section{
			{Title: "What Dgraph does", Text: "It builds an index and looks at no value."},
			{Title: "Example, before", Code: "type User {\n  username: String!\n}\n"},
			{Title: "Ways out, the safest first", Steps: []string{"Make the values unique.", "Leave @id out."}},
		}},
		{"never-met", Warning, "Nothing.", nil},
		{"type-renamed", Error, "A type goes by another name.", nil},
	}
	r.Notes = []Note{
		{"not-checked", "whether the JWKURL of Dgraph.Authorization answers: that needs the network", Location{File: "new.graphql", Line: 120, Column: 1}},
		{"warning", "the old schema breaks a rule of Dgraph; the comparison goes on", Location{}},
		{"info", "old.graphql does not exist at main: the old schema is empty", Location{}},
	}
	return r
}

// suppressed has findings left out, in an order that Seal must mend, beside one
// that stays and one that is hidden.
func suppressed() *Report {
	r := shapes()
	r.Data, r.Notes = Data{}, nil
	r.Folder = "services/shop"
	r.Looked("new.graphql", "", "type User {\n  id: ID!\n}\n")
	gone, renamed := r.Findings[2], r.Findings[1]
	r.Findings = []Finding{r.Findings[4], r.Findings[8]}
	r.Suppressed = []Suppressed{
		{Finding: renamed, Reason: "the numbers are imported again every night; the old ones are deleted with the next clean-up, see the ticket"},
		{Finding: gone, Reason: "nobody has sent a fax since 2009; it is empty", Decisions: []Decision{
			{true, "nobody has sent a fax since 2009", Location{"", "new.graphql", "", 7, 3, 7, 60}},
			{false, "it is empty", Location{"", ".schemacheck.yaml", "", 12, 5, 14, 1}},
		}},
	}
	return r
}

// fixed is what fix would do: one finding is mended, one changes data, and with one nothing is done.
func fixed() *Report {
	r := shapes()
	r.Notes = nil
	r.Repairs = &Repairs{
		Diff:       "--- new.graphql\n+++ new.graphql\n@@ -3,1 +3,1 @@\n-  tel: String\n+  tel: String @dgraph(pred: \"p\")\n",
		Conclusion: []string{"1 fix would change 1 file: --write makes the edits.", "1 fix changes stored data."},
	}
	for _, f := range r.Findings {
		one := Repair{Finding: &f, Note: "nothing mends it"}
		if len(one.Finding.Fixes) > 0 {
			one.Chosen, one.Note = one.Finding.Fixes[0].ID, ""
			if one.Finding.Fixes[0].Kind == "migration" {
				one.Note = "this changes stored data"
			}
		}
		r.Repairs.List = append(r.Repairs.List, one)
	}
	mended := r.Findings[0]
	mended.Coordinate = "User.mended"
	r.Repairs.List = append(r.Repairs.List, Repair{&mended, "", ""})
	return r
}

// hostile has everything in it that must never reach a terminal raw.
func hostile() *Report {
	const nasty = "a\x1b[31mb\x07c\u009bd\u202ee\u2066f\u200bg\xffh\x00i\x7fj\ufeffk"
	r := compare(
		Finding{
			Rule: "field-removed", Severity: Error, Coordinate: "User." + nasty, To: nasty, Subject: nasty,
			Affects: []string{nasty}, API: []APIChange{{nasty, nasty}}, Predicates: []string{nasty}, Reasons: []string{nasty},
			Message:     "first\r\n::error file=x::second ##[group]third ##vso[task.setvariable]fourth " + nasty,
			Location:    Location{"self", "dir\x1b]0;title\x07/" + nasty + ".graphql", nasty, 3, 3, 3, 9},
			Previous:    Location{"", "::warning::" + nasty, "", 1, 1, 1, 9},
			Evidence:    Evidence{Reason: nasty, Question: nasty},
			Consequence: nasty, Confidence: "likely",
			Excerpt:         []string{"\x1b[2J  " + nasty + " ::error::x ##[error]x"},
			PreviousExcerpt: []string{`# Dgraph.Authorization {"VerificationKey":"sesame","Header":"X-Auth"}`},
			Fixes:           []Fix{{nasty, "directive", "safe", nasty, "+# Dgraph.Secret key \"sesame\"\n+" + nasty + "\n", []Edit{{Location{"", nasty, "", 1, 1, 1, 1}, nasty + "\n# Dgraph.Secret key \"sesame\"\n"}}, nil}},
		},
		Finding{
			Rule: "keys", Severity: Warning, Coordinate: "User", Message: "Keys stand in several lines.", Location: Location{"self", "keys", "", 1, 1, 3, 2},
			Excerpt: []string{"# Dgraph.Secret a \"sesame\"\r\n", "type A { # Dgraph.Secret b \"sesame\"", "# Dgraph.Authorization sesame"},
		},
		Finding{
			Rule: "piled", Severity: Warning, Coordinate: "User.z", Message: "marks: z" + strings.Repeat("\u0301", 40),
			Location: Location{"self", ":", "", 3, 3, 3, 9}, Excerpt: []string{"z" + strings.Repeat("\u0301", 40)},
		},
	)
	r.Before.Source, r.After.Source = nasty, nasty
	r.Tool.Version = nasty
	r.Suppressed = []Suppressed{{r.Findings[0], nasty, []Decision{{true, nasty, Location{"", nasty, nasty, 1, 1, 1, 2}}}}}
	r.Files = []File{{nasty, nasty, Digest(nasty)}}

	r.Notes = []Note{{"warning", nasty, Location{File: nasty, Line: 1, Column: 1}}}
	return r
}

// lines has source lines that are hard to underline.
func lines() *Report {
	r := compare()
	add := func(name, line string, column, end int) {
		n := len(r.Findings) + 1
		r.Findings = append(r.Findings, Finding{
			Rule: "line", Severity: Warning, Coordinate: name, Message: "The marks stand under X.", Reversible: true,
			Location: Location{"self", "new.graphql", "", n, column, n, end}, Excerpt: []string{line},
		})
	}
	// at marks the first and the last X of the line.
	at := func(name, line string) {
		before, rest, _ := strings.Cut(line, "X")
		from := len([]rune(before)) + 1
		add(name, line, from, from+strings.LastIndex("X"+rest, "X")+1)
	}
	at("crlf", "  name: XXX\r\n")
	at("tabs", "\tname:\t\tXXX\t@id")
	at("wide", "  \"名前と住所\" XXX # 住所")
	at("emoji", "  # 😀 👍 XXX")
	at("combining", "  e\u0301te\u0301 XXX")
	at("korean", "  # \u1112\u1161\u11ab XXX")
	at("control", "  \x1b[31m XXX")
	at("bytes", "  \xff\xfe XXX")
	at("long-middle", "  "+strings.Repeat("before ", 40)+"XXX"+strings.Repeat(" after", 40))
	at("long-start", "  XXX"+strings.Repeat(" after", 40))
	at("long-end", "  "+strings.Repeat("before ", 40)+"XXX")
	at("long-span", "  "+strings.Repeat("before ", 40)+strings.Repeat("X", 200)+strings.Repeat(" after", 40))
	at("long-wide", strings.Repeat("名", 90)+"XXX"+strings.Repeat("前", 90))
	at("one-line-schema", strings.Repeat("type A { a: Int } ", 3000)+"XXX"+strings.Repeat(" type A { a: Int }", 3000))
	add("beyond", "  short", 40, 50)
	add("backwards", "  short", 5, 2)
	add("empty", "", 1, 1)
	add("wide-span", "  名前: String", 3, 5)
	return r
}

// keys has places in lines with a key: before the key, the comment with it,
// inside it, and over all of it.
func keys() *Report {
	r := compare()
	for i, at := range [][2]int{{3, 10}, {11, 45}, {34, 38}, {3, 45}, {45, 46}} {
		r.Findings = append(r.Findings, Finding{
			Rule: "line", Severity: Warning, Coordinate: fmt.Sprintf("A.f%d", i), Message: "The key is not shown.", Reversible: true,
			Location: Location{"self", "new.graphql", "", i + 1, at[0], i + 1, at[1]},
			Excerpt:  []string{`  id: ID! # Dgraph.Secret name   "sesame open"`},
		})
	}
	return r
}

// pages has so many findings that a table closes them, and some that stand at
// one place.
func pages() *Report {
	r := compare()
	add := func(rule string, severity Severity, line int, previous Location) {
		r.Findings = append(r.Findings, Finding{
			Rule: rule, Severity: severity, Coordinate: fmt.Sprintf("T.f%d", len(r.Findings)), Message: "It changes.", Reversible: true,
			Location: Location{"self", "new.graphql", "", line, 3, line, 9}, Excerpt: []string{"  name: String"},
			Previous: previous, PreviousExcerpt: []string{"  nick: String"}[:min(1, previous.Line)], Addition: rule == "added",
		})
	}
	was := Location{"", "old.graphql", "", 7, 3, 7, 7}
	add("one", Warning, 1, was)
	add("one", Warning, 1, was)
	add("two", Error, 1, was)
	add("two", Warning, 2, was)
	add("two", Warning, 2, Location{})
	for i := range 16 {
		add([]string{"one", "three", "three", "four"}[i%4], []Severity{Warning, Info, Warning, Info}[i%4], i+3, Location{})
	}
	add("added", Info, 30, Location{})
	return r
}

// many has 500 findings, in an order that Seal must mend.
func many() *Report {
	r := compare()
	for i := range 500 {
		n := (i*7 + 3) % 500
		severity := []Severity{Error, Warning, Info}[n%3]
		field := fmt.Sprintf("T%d.f%d", n/10, n%10)
		r.Findings = append(r.Findings, Finding{
			Rule: "field-removed", Severity: severity, Coordinate: field, Message: field + " is gone.", Addition: severity == Info,
			Location: Location{"owner", fmt.Sprintf("part%d.graphql", n%4), "", n + 1, 6, n + 1, 9},
			Excerpt:  []string{fmt.Sprintf("type T%d {", n/10)},
		})
	}
	return r
}
