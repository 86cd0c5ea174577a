package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// acceptFile is the configuration of cases.
const acceptFile = "accept.txt"

// acceptances reads accept.txt: for each line "forever" or, for one that has
// expired, "over", and the identity of a finding.
func acceptances(t *testing.T, text string) []rules.Acceptance {
	t.Helper()
	file := &sdl.File{Name: acceptFile, Text: text}
	var all []rules.Acceptance
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		until, finding, ok := strings.Cut(line, " ")
		a := rules.Acceptance{Fingerprint: finding, Reason: "it was decided", Span: file.Rest(sdl.Position{Line: n + 1, Column: 1})}
		switch {
		case until == "over":
			a.Expired, a.Until = true, "2026-01-31"
		case until != "forever" || !ok:
			t.Fatalf("accept.txt: %q", line)
		}
		all = append(all, a)
	}
	return all
}

func renderSuppressed(suppressed []rules.Suppressed) string {
	var out strings.Builder
	for _, s := range suppressed {
		fmt.Fprintf(&out, "\nsuppressed %s: %s\n", identity(s.Finding), s.Reason)
	}
	return out.String()
}

// TestIgnoreComments is about what a comment stands on. Comments in the texts
// are numbered: "#1 RULE" is short for "# schemacheck:ignore RULE 1". What is
// wanted are the findings that each takes out; a number alone is unused.
func TestIgnoreComments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"above a field": {
			"type A { a: String }", "type A {\n  #1 field-type-changed\n  a: Int\n}",
			[]string{"1 field-type-changed A.a"},
		},
		"at the end of its line": {
			"type A { a: String b: String }", "type A {\n  a: Int #1 field-type-changed\n  b: Int\n}",
			[]string{"1 field-type-changed A.a"},
		},
		"not of the line before": {
			"type A { a: String b: String }", "type A {\n  a: String #1 field-type-changed\n  b: Int\n}",
			[]string{"1"},
		},
		"above a description, among others": {
			"type A { a: String }", "type A {\n  # about a\n  #1 field-type-changed\n\t,# more\n  \"\"\"\n  a\n  \"\"\"\n  a: Int\n}",
			[]string{"1 field-type-changed A.a"},
		},
		"below a description": {
			"type A { a: String }", "type A {\n  \"a\"\n  #1 field-type-changed\n  a: Int\n}",
			[]string{"1 field-type-changed A.a"},
		},
		"at the end of a description": {
			"type A { a: String }", "type A {\n  \"\"\"\n  a\n  \"\"\" #1 field-type-changed\n  a: Int\n}",
			[]string{"1 field-type-changed A.a"},
		},
		"within a field of several lines": {
			"type A { a: String b: String }", "type A {\n  a: Int\n  #1 field-type-changed\n  @search(by: [int])\n  b: Int\n  @search #2 field-type-changed\n}",
			[]string{"1 field-type-changed A.a", "2 field-type-changed A.b"},
		},
		"above a blank line": {
			"type A { a: String }", "type A {\n  #1 field-type-changed\n\n  a: Int\n}",
			[]string{"1"},
		},
		"several rules, one comment each": {
			"type A { a: String b: String }", "type A {\n  #1 field-type-changed\n  #2 field-made-required\n  a: Int! #3 field-removed\n}",
			[]string{"1 field-type-changed A.a", "2 field-made-required A.a", "3"},
		},
		"CRLF": {
			"type A { a: String b: String }", "type A {\r\n  #1 field-type-changed\r\n  # more\r\n  a: Int\r\n  b: Int #2 field-type-changed\r\n}",
			[]string{"1 field-type-changed A.a", "2 field-type-changed A.b"},
		},
		"CR": {
			"type A { a: String b: String }", "type A {\r  #1 field-type-changed\r  # more\r  a: Int\r  b: Int #2 field-type-changed\r}",
			[]string{"1 field-type-changed A.a", "2 field-type-changed A.b"},
		},
		"a type is not its fields": {
			"type A { a: String }", "#1 field-type-changed\ntype A { #2 field-type-changed\n  a: Int\n}",
			[]string{"1", "2"},
		},
		"a line of a whole type": {
			"type A { a: String b: String } type B { c: String }", "type A { a: Int b: Int } #1 field-type-changed\ntype B { c: Int }",
			[]string{"1 field-type-changed A.a", "1 field-type-changed A.b"},
		},
		"above a line of a whole type": {
			"type A { a: String b: String }", "#1 field-type-changed\n#2 field-removed\ntype A { a: Int }",
			[]string{"1", "2 field-removed A.b"},
		},
		"what is removed, on its owner": {
			"type A { a: String b: String c: String }", "\"A\" #1 field-removed\ntype A { #2 field-removed\n  a: String #3 field-removed\n}",
			[]string{"1; 2 field-removed A.b", "1; 2 field-removed A.c", "3"},
		},
		"a removed type, on the one before": {
			"type A { a: String } type B { b: String }", "type A #1 type-removed\n{ a: String } #2 type-removed\n",
			[]string{"1 type-removed B", "2"},
		},
		"a removed type, at the top": {
			"type A { a: String } type B { b: String }", "#1 type-removed\n\n# more\n\n#2 type-removed\ntype B { #3 type-removed\n  b: String\n}\n#4 type-removed",
			[]string{"1; 2 type-removed A", "3", "4"},
		},
		"an enum's value": {
			"enum E { A } type T { e: E }", "enum E {\n  A\n  #1 enum-value-added\n  B\n  C #2 enum-value-added\n}\ntype T { e: E }",
			[]string{"1 enum-value-added E.B", "2 enum-value-added E.C"},
		},
		"a removed enum value": {
			"enum E { A B } type T { e: E }", "#1 enum-value-removed\nenum E {\n  A #2 enum-value-removed\n}\ntype T { e: E }",
			[]string{"1 enum-value-removed E.B", "2"},
		},
		"a union's member": {
			"union U = A type A { a: String } type B { b: String } type C { c: String } type T { u: [U] }",
			"union U =\n  A\n  #1 union-member-added\n  | B\n  | C #2 union-member-added\ntype A { a: String } type B { b: String } type C { c: String } type T { u: [U] }",
			[]string{"1 union-member-added U (B)", "2 union-member-added U (C)"},
		},
		"an interface": {
			"interface I { i: String } type A { a: String }",
			"interface I { i: String }\n#1 interface-added\ntype A implements I @dgraph(type: \"A\") { #2 interface-added\n  a: String\n}",
			[]string{"1; 2 interface-added A (I)"},
		},
		"a head of several lines": {
			"interface I { i: String } type A { a: String } type B { b: String } type C { c: String }",
			"interface I { i: String }\ntype A\n  implements I #1 interface-added\n{ a: String }\ntype B implements I\n  @dgraph(type: \"B\") { #2 interface-added\n b: String }\n" +
				"type C\n#3 interface-added\nimplements I { c: String }",
			[]string{"1 interface-added A (I)", "2 interface-added B (I)", "3 interface-added C (I)"},
		},
		"a password": {
			"type A @secret(field: \"p\") { a: String } type B { b: String } type C { p: String c: String }",
			"type A @secret(field: \"p\") { a: String } type B { b: String }\ntype C #1 update-refused\n#2 update-refused\n@secret(field: \"p\") { #3 field-removed\n  c: String\n}",
			[]string{"1; 2 update-refused C.p (p)", "3"},
		},
		"an inherited field, at the interface": {
			"interface I { i: String } type A implements I { a: String }",
			"interface I {\n  i: Int #1 field-type-changed\n}\n#2 field-type-changed\ntype A implements I { a: String }",
			[]string{"1 field-type-changed I.i", "2"},
		},
		"a setting": {
			"type A { a: String }\ntype B { b: String }\n# Dgraph.Authorization {\"VerificationKey\":\"old\",\"Header\":\"X\",\"Namespace\":\"n\",\"Algo\":\"HS256\"}",
			"type B { b: String }\n#1 auth-changed\n\n#2 auth-changed\n# more\n  # Dgraph.Authorization {\"VerificationKey\":\"new\",\"Header\":\"X\",\"Namespace\":\"n\",\"Algo\":\"HS256\"}\n#3 auth-changed\ntype A { #4 auth-changed\n  a: String\n}",
			[]string{"1", "2 auth-changed (Dgraph.Authorization)", "3", "4"},
		},
		"a setting, at the top": {
			"type A { a: String }\n# Dgraph.Authorization {\"VerificationKey\":\"old\",\"Header\":\"X\",\"Namespace\":\"n\",\"Algo\":\"HS256\"}",
			"#1 auth-changed\ntype A { a: String }\n# Dgraph.Authorization {\"VerificationKey\":\"new\",\"Header\":\"X\",\"Namespace\":\"n\",\"Algo\":\"HS256\"}",
			[]string{"1 auth-changed (Dgraph.Authorization)"},
		},
		"above a setting and a type": {
			"type A { a: String }\n# Dgraph.Authorization {\"VerificationKey\":\"old\",\"Header\":\"X\",\"Namespace\":\"n\",\"Algo\":\"HS256\"}\ntype B { b: String c: String }",
			"type A { a: String }\n#1 field-removed\n# Dgraph.Authorization {\"VerificationKey\":\"new\",\"Header\":\"X\",\"Namespace\":\"n\",\"Algo\":\"HS256\"}\ntype B { b: String }",
			[]string{"1 field-removed B.c"},
		},
		"an extension": {
			"extend type A @key(fields: \"id\") { id: String! @id @external b: String c: String } type T { t: String }",
			"#1 field-removed\nextend type A @key(fields: \"id\") {\n  id: String! @id @external\n  #2 field-type-changed\n  b: Int\n}\ntype T { t: String }",
			[]string{"1 field-removed A.c", "2 field-type-changed A.b"},
		},
		"between two types on a line": {
			"type A { a: String } type B { b: String c: String }", "type A {\n  a: String\n#1 field-removed\n} type B { b: String }",
			[]string{"1"},
		},
		"in a string": {
			"type A { a: String }", "type A {\n  \"\"\"\n  #1 field-type-changed\n  \"\"\"\n  a: Int\n}",
			[]string{},
		},
		"spelt loosely": {
			"type A { a: String b: String }",
			"type A {\n  ## SchemaCheck:ignore \t field-type-changed  1\n  a: Int\n  b: Int #schemacheck: ignore field-type-changed 2 \n}",
			[]string{"1 field-type-changed A.a", "2 field-type-changed A.b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := c.new
			for n := range 10 {
				rule := fmt.Sprintf("#%d ", n)
				for strings.Contains(text, rule) {
					before, rest, _ := strings.Cut(text, rule)
					end := strings.IndexAny(rest+"\n", "\r\n")
					text = fmt.Sprintf("%s# schemacheck:ignore %s %d%s", before, rest[:end], n, rest[end:])
				}
			}
			kept, suppressed := (&testCase{old: c.old, new: text}).reported(t)
			got := []string{}
			for _, s := range suppressed {
				got = append(got, s.Reason+" "+identity(s.Finding))
			}
			for _, f := range kept {
				if strings.HasPrefix(f.Rule.ID, "suppression-") {
					words := strings.Fields(f.Place.Span.Text())
					got = append(got, words[len(words)-1])
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s%s", d, text)
			}
		})
	}
}

// TestSuppressionsOfRulesThatAreOff are neither used nor unused.
func TestSuppressionsOfRulesThatAreOff(t *testing.T) {
	t.Parallel()
	c := &testCase{old: "type A { a: String b: String c: String }", new: "type A {\n  a: Int # schemacheck:ignore field-type-changed because\n" +
		"  # schemacheck:ignore field-removed because\n  b: Int\n  # schemacheck:ignore field-type-changed\n  c: String\n}"}
	findings, _, after := judged(t, c.old, c.new, nil)
	s := rules.Suppressions{
		Schema:      after,
		Accepted:    acceptances(t, "over field-type-changed A.b"),
		Fingerprint: identity,
	}
	for _, test := range []struct{ off, want string }{
		{"", "field-type-changed A.b, suppression-expired A.b (field-type-changed), suppression-invalid A.c (field-type-changed), suppression-unused A.b (field-removed)"},
		{"field-type-changed", "field-type-changed A.a, field-type-changed A.b, suppression-invalid A.c (field-type-changed), suppression-unused A.b (field-removed)"},
		{"field-removed", "field-type-changed A.b, suppression-expired A.b (field-type-changed), suppression-invalid A.c (field-type-changed)"},
	} {
		s.Off = func(f *rules.Finding) bool { return f.Rule.ID == test.off }
		kept, _ := rules.Suppress(findings, s)
		var got []string
		for _, f := range kept {
			got = append(got, identity(f))
		}
		slices.Sort(got)
		if d := cmp.Diff(test.want, strings.Join(got, ", ")); d != "" {
			t.Errorf("with %q off (-want +got):\n%s", test.off, d)
		}
	}
}

// TestAcceptancesOfOtherRuns: what a run could not have found is not missed in it.
func TestAcceptancesOfOtherRuns(t *testing.T) {
	t.Parallel()
	// The rule of an acceptance, and the runs in which it is unused when it fits
	// nothing: d a diff, l one with a live Dgraph, a an audit.
	for rule, want := range map[string]string{
		"": "dl", "field-removed": "dl", "duplicate-id": "a", "leftover-values": "a", "schema-drift": "l", "predicate-reused": "l",
	} {
		got := ""
		for _, run := range []struct {
			name         string
			live, atRest bool
		}{{"d", false, false}, {"l", true, false}, {"a", true, true}} {
			kept, _ := rules.Suppress(nil, rules.Suppressions{
				Accepted: []rules.Acceptance{{Fingerprint: "x", Rule: rules.Find(rule), Reason: "because"}}, Live: run.live, AtRest: run.atRest,
				Elsewhere: func(print string) bool { return print == "y" }, Fingerprint: identity,
			})
			if len(kept) > 0 {
				got += run.name
			}
		}
		if got != want {
			t.Errorf("an acceptance of %q is unused in %q, want %q", rule, got, want)
		}
	}
	kept, _ := rules.Suppress(nil, rules.Suppressions{
		Accepted: []rules.Acceptance{{Fingerprint: "y", Reason: "because"}}, Elsewhere: func(print string) bool { return print == "y" },
	})
	if len(kept) > 0 {
		t.Errorf("what an audit could find is unused: %s", kept[0].Message)
	}
}

// TestWhatCannotBeSuppressed stays, whatever is accepted.
func TestWhatCannotBeSuppressed(t *testing.T) {
	t.Parallel()
	c := &testCase{old: "type A { a: String }", new: "type A {\n  # schemacheck:ignore schema-invalid because\n  a: Strnig\n}"}
	findings, _, after := judged(t, c.old, c.new, nil)
	kept, suppressed := rules.Suppress(findings, rules.Suppressions{
		Schema: after, Accepted: acceptances(t, "forever "+identity(findings[0])), Fingerprint: identity,
	})
	if !slices.Contains(kept, findings[0]) || len(suppressed) > 0 {
		t.Errorf("%s is suppressed", identity(findings[0]))
	}
	for _, r := range rules.All {
		if want := r.ID != "schema-invalid" && !strings.HasPrefix(r.ID, "suppression-"); r.Suppressible() != want {
			t.Errorf("that %s can be suppressed is %v", r.ID, r.Suppressible())
		}
	}
}

// TestTheTopIsOfTheFirstFile merges two files.
func TestTheTopIsOfTheFirstFile(t *testing.T) {
	t.Parallel()
	parse := func(texts ...string) *diff.Schema {
		var files []*sdl.File
		for _, text := range texts {
			files = append(files, &sdl.File{Name: "new.graphql", Text: text})
		}
		s, err := sdl.Parse(files...)
		if err != nil {
			t.Fatal(err)
		}
		return diff.New(s)
	}
	before := parse("type Gone { a: String } type A { a: String } type B { b: String }")
	const comment = "# schemacheck:ignore type-removed because\n"
	for _, c := range []struct {
		first, second string
		want          int
	}{{comment, "", 1}, {"", comment, 0}} {
		after := parse(c.first+"type A { a: String }", c.second+"type B { b: String }")
		_, suppressed := rules.Suppress(rules.Judge(diff.Compare(before, after, diff.Options{})), rules.Suppressions{Schema: after.Source})
		if len(suppressed) != c.want {
			t.Errorf("with %q and %q, %d findings are suppressed, want %d", c.first, c.second, len(suppressed), c.want)
		}
	}
}

func TestAcceptedAndIgnored(t *testing.T) {
	t.Parallel()
	c := &testCase{
		old:      "interface I { i: String } type A { phone: String a: String } type B { b: String }",
		new:      "interface I { i: String } type A {\n  phoneNumber: String\n  a: Int # schemacheck:ignore field-type-changed it is known\n} type B implements I { b: String }",
		accepted: acceptances(t, "over field-renamed A.phone -> A.phoneNumber\nover interface-added B (I)\nforever field-type-changed A.a"),
	}
	kept, suppressed := c.reported(t)
	var got []string
	for _, f := range kept {
		got = append(got, identity(f))
	}
	for _, s := range suppressed {
		got = append(got, identity(s.Finding)+": "+s.Reason)
	}
	slices.Sort(got)
	want := []string{
		"field-renamed A.phone -> A.phoneNumber",
		"field-type-changed A.a: it is known; it was decided",
		"interface-added B (I)",
		"suppression-expired A.phone -> A.phoneNumber (field-renamed)",
		"suppression-expired B (interface-added, I)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestNearestRule(t *testing.T) {
	t.Parallel()
	nearest := func(name string, known []string) string { return name + " of " + known[0] }
	s := derive(t, "new.graphql", "# schemacheck:ignore x y\n# schemacheck:z\n# schemacheck:ignore "+strings.Repeat("é", 200)+" y\ntype A { a: String }").Source
	kept, _ := rules.Suppress(nil, rules.Suppressions{Schema: s, Nearest: nearest})
	var got []string
	for _, f := range kept {
		got = append(got, f.Message)
	}
	long := strings.Repeat("é", 200)
	want := []string{
		`there is no rule "x"; did you mean x of schema-invalid?`,
		`there is no comment schemacheck:z; did you mean z of ignore?`,
		`there is no rule "` + long[:80] + `..."; did you mean ` + long + ` of schema-invalid?`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestManyComments is about texts that are made to take long.
func TestManyComments(t *testing.T) {
	t.Parallel()
	const many = 50_000
	text := strings.Repeat("# schemacheck:ignore field-removed because\n", many) + "type A {\n  a: String\n}\n"
	old := "type A {\n  a: String\n"
	for n := range 1000 {
		old += fmt.Sprintf("  f%d: String\n", n)
	}
	c := &testCase{old: old + "}\n", new: text}
	findings, _, after := judged(t, c.old, c.new, nil)
	began := time.Now()
	kept, suppressed := rules.Suppress(findings, rules.Suppressions{Schema: after})
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("%d comments took %v", many, took)
	}
	if len(kept) > 0 || len(suppressed) != 1000 {
		t.Errorf("%d kept, %d suppressed", len(kept), len(suppressed))
	}
}

// TestSuppressionsOfBothKinds: a schema has comments for changes and for data at
// rest, and neither looks unused where the other is looked at.
func TestSuppressionsOfBothKinds(t *testing.T) {
	t.Parallel()
	const text = "type A {\n  # schemacheck:ignore field-type-changed it is known\n  # schemacheck:ignore missing-required it is being filled\n" +
		"  a: Int!\n  # schemacheck:ignore missing-required nothing\n  # schemacheck:ignore field-type-changed nothing\n  b: Int\n}"
	accepted := acceptances(t, "forever field-removed A.c")
	for _, c := range []struct {
		atRest bool
		want   []string
	}{
		{false, []string{"field-type-changed A.a: it is known", "suppression-unused (fingerprint field-remove)",
			"suppression-unused A.b (field-type-changed)"}},
		{true, []string{"missing-required A.a: it is being filled", "suppression-unused A.b (missing-required)"}},
	} {
		findings, _, after := judged(t, "type A { a: String! b: Int }", text, nil)
		if c.atRest {
			s := derive(t, "new.graphql", text)
			findings, after = rules.Audit(s, nil), s.Source
		}
		kept, suppressed := rules.Suppress(findings, rules.Suppressions{Schema: after, AtRest: c.atRest, Accepted: accepted, Fingerprint: identity})
		var got []string
		for _, f := range kept {
			if f.Rule.ID == "suppression-unused" {
				got = append(got, identity(f))
			}
		}
		for _, s := range suppressed {
			got = append(got, identity(s.Finding)+": "+s.Reason)
		}
		slices.Sort(got)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("at rest: %v (-want +got):\n%s", c.atRest, d)
		}
	}
}
