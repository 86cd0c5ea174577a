package report

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
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

func parsePage(t *testing.T, text string) *html.Node {
	t.Helper()
	page, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// elements calls visit for all elements below n.
func elements(n *html.Node, visit func(*html.Node)) {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode {
			visit(c)
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// find is the one element that is selected.
func find(t *testing.T, page *html.Node, selects func(*html.Node) bool) *html.Node {
	t.Helper()
	var found []*html.Node
	elements(page, func(n *html.Node) {
		if selects(n) {
			found = append(found, n)
		}
	})
	if len(found) != 1 {
		t.Fatalf("%d elements where one is expected", len(found))
	}
	return found[0]
}

// TestHTMLGolden shows the pages without their style sheet and script.
func TestHTMLGolden(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Report{"shop": shop(), "audited": audited(), "shapes": shapes(), "suppressed": suppressed()} {
		r.Seal()
		text := render(t, r, "html", Options{Verdict: map[string]string{"audited": "exit 3: not finished"}[name]})
		_, body, _ := strings.Cut(text, "</style>")
		body, _, _ = strings.Cut(body, "<script>")
		golden(t, filepath.Join("testdata", name, "html.golden"), body)
	}
}

// TestHTMLPolicy: a page has one style sheet and one script, which its policy
// names by their hashes; nothing else in it is code, and nothing is fetched.
func TestHTMLPolicy(t *testing.T) {
	t.Parallel()
	for name, r := range htmlSamples() {
		page := parsePage(t, render(t, r, "html", Options{}))
		policy := attribute(find(t, page, func(n *html.Node) bool { return attribute(n, "http-equiv") == "Content-Security-Policy" }), "content")
		for _, tag := range []string{"style", "script"} {
			text := textOf(find(t, page, func(n *html.Node) bool { return n.Data == tag }))
			if want := tag + "-src '" + hashOf([]byte(text)) + "';"; !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q does not have %s", name, policy, want)
			}
		}
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Count(policy, "-src") != 3 {
			t.Errorf("%s: the policy is %q", name, policy)
		}
		ids := map[string]bool{}
		elements(page, func(n *html.Node) {
			for _, a := range n.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset", a.Key == "srcdoc", a.Key == "action":
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				case a.Key == "href" && !strings.HasPrefix(a.Val, "#"):
					t.Errorf("%s: a link to %q", name, a.Val)
				case a.Key == "id" && ids[a.Val]:
					t.Errorf("%s: two elements are #%s", name, a.Val)
				case a.Key == "id":
					ids[a.Val] = true
				}
			}
			if strings.Contains(" iframe object embed link base img audio video ", " "+n.Data+" ") {
				t.Errorf("%s: <%s>", name, n.Data)
			}
		})
		elements(page, func(n *html.Node) {
			for _, key := range []string{"href", "aria-labelledby"} {
				if to := strings.TrimPrefix(attribute(n, key), "#"); to != "" && !ids[to] {
					t.Errorf("%s: %s leads to #%s, which is not there", name, key, to)
				}
			}
		})
	}
}

// texts changes every text of a report, but for what decides on its shape.
func texts(v reflect.Value, change func(string) string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[Severity]() {
			v.SetString(change(v.String()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Anchor" && name != "Confidence" {
				texts(v.Field(i), change)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), change)
		}
	}
}

// nasty are texts that would be markup, code or links if they were not escaped
// for the place where they stand.
var nasty = []string{
	`"><script>document.title=1</script>`, `'><img src=x onerror=alert(1)>`, `</style></script><script>alert(1)</script>`,
	`<!--`, `-->`, `]]>`, `<![CDATA[`, `&lt;b&gt;&amp;#60;`, `javascript:alert(1)`, `" onmouseover="alert(1)" x="`, "' autofocus onfocus='x", "`${1}`", `{{.}}`,
	`</title><svg onload=alert(1)>`, `</select></details></table><h1>`, `<base href=//x>`, `<meta http-equiv=refresh content=0>`, `\u003cscript\u003e`, `</textarea>`,
	`/*</style>`, `url(//x)`, `data-severity="error"`,
}

// shape is the tree of a page: its elements, in order, with the names of their
// attributes, and whether there is text.
func shape(n *html.Node, depth int, b *strings.Builder) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.ElementNode:
			fmt.Fprintf(b, "%*s%s", depth, "", c.Data)
			for _, a := range c.Attr {
				b.WriteString(" " + a.Key)
				if a.Key == "class" || a.Key == "id" || a.Key == "href" {
					if !strings.HasPrefix(strings.TrimPrefix(a.Val, "#"), "f-") { // fingerprints
						b.WriteString("=" + a.Val)
					}
				}
			}
			b.WriteByte('\n')
			shape(c, depth+1, b)
		case html.CommentNode, html.DoctypeNode:
			fmt.Fprintf(b, "%*s<!%s>\n", depth, "", c.Data)
		}
	}
}

// TestHTMLHostile: whatever a report says, its page has the elements of one that
// says the same in plain letters, and shows every character.
func TestHTMLHostile(t *testing.T) {
	t.Parallel()
	for _, text := range nasty {
		plain := strings.NewReplacer("<", "x", ">", "x", `"`, "x", "'", "x", "&", "x", "`", "x", "/", "x", "!", "x", "{", "x", "}", "x", "[", "x", "]", "x", "$", "x").Replace(text)
		trees := map[bool]string{}
		for _, isNasty := range []bool{true, false} {
			with := map[bool]string{true: text, false: plain}[isNasty]
			var all strings.Builder
			for _, r := range []*Report{shop(), audited(), shapes(), suppressed()} {
				texts(reflect.ValueOf(r).Elem(), func(s string) string { return s + " " + with })
				r.Seal()
				page := parsePage(t, render(t, r, "html", Options{Verdict: "exit 2: " + with}))
				shape(page, 0, &all)
				if got := textOf(page); strings.Count(got, with) < 40 {
					t.Errorf("%q is shown %d times only", with, strings.Count(got, with))
				}
			}
			trees[isNasty] = all.String()
		}
		if diff := cmp.Diff(trees[false], trees[true]); diff != "" {
			t.Errorf("%q changes what the page is made of:\n%s", text, diff)
		}
	}
}

// TestHTMLShowsWhatIsInvisible: what steers, hides or is a key is nowhere in a
// page, whichever text of the report it stands in.
func TestHTMLShowsWhatIsInvisible(t *testing.T) {
	t.Parallel()
	for name, r := range htmlSamples() {
		checkPage(t, name, render(t, r, "html", Options{}))
	}
	const bad = "\x1b[31m\u202e\u200b\x00\u009b\xff\u2066 # Dgraph.Secret a \"sesame\""
	for name, r := range map[string]*Report{"shop": shop(), "suppressed": suppressed()} {
		n := 0
		texts(reflect.ValueOf(r).Elem(), func(s string) string { n++; return s + bad })
		page := render(t, r, "html", Options{Verdict: "exit 2: " + bad})
		checkPage(t, name, page)
		if shown := strings.Count(page, `\x1b[31m\u202e\u200b\x00\u009b\xff\u2066 # Dgraph.Secret [redacted]`); shown < 40 {
			t.Errorf("%s: %d of %d texts are shown", name, shown, n)
		}
	}
}

// checkPage fails on a key, and on characters that nobody would see.
func checkPage(t *testing.T, name, page string) {
	t.Helper()
	if strings.Contains(page, "sesame") {
		t.Errorf("%s: the page has a key", name)
	}
	_, body, _ := strings.Cut(page, "</style>")
	body, _, _ = strings.Cut(body, "<script>")
	checkSafe(t, name, strings.ReplaceAll(body, "\t", " "))
}

// TestHTMLPlaces: findings stand at their lines, what is removed at its old one,
// and lines and findings lead to each other.
func TestHTMLPlaces(t *testing.T) {
	t.Parallel()
	r := shop()
	page := parsePage(t, render(t, r, "html", Options{}))
	byID := map[string]*html.Node{}
	elements(page, func(n *html.Node) {
		if id := attribute(n, "id"); id != "" {
			byID[id] = n
		}
	})
	for coordinate, want := range map[string][]string{
		"Customer":       {"new-1-2", "old-1-2"},
		"Customer.email": {"new-1-5", "old-1-4"},
		"Customer.phone": {"new-1-6", "old-1-5"},
		"Customer.fax":   {"new-1-2", "old-1-6"},
		"Voucher":        {"", "old-1-18"},
		"Named":          {"new-1-18"},
		"":               {""},
	} {
		i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Coordinate == coordinate })
		f := &r.Findings[i]
		card := byID[anchor(f)]
		var got []string
		elements(card, func(n *html.Node) {
			if n.Data == "span" && n.Parent.Data == "p" && attribute(n.Parent, "class") == "places" {
				to := ""
				elements(n, func(a *html.Node) { to = strings.TrimPrefix(attribute(a, "href"), "#") })
				got = append(got, to)
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s leads to other lines (-want +got):\n%s", coordinate, diff)
		}
	}
	// The first line after the one with the ID has the notes; the side is the cell.
	side := func(id string) int { return map[bool]int{true: 0, false: 1}[strings.HasPrefix(id, "old")] }
	for id, want := range map[string]string{
		"new-1-5": "error id-added Customer.email gets @id", "old-1-6": "warning field-removed Customer.fax is removed",
		"old-1-18": "warning type-removed type Voucher is removed", "new-1-18": "info interface-added interface Named is new",
	} {
		row := byID[id].Parent
		next := row.NextSibling
		for next.Type != html.ElementNode {
			next = next.NextSibling
		}
		var cells []string
		elements(next, func(n *html.Node) {
			if n.Data == "td" {
				cells = append(cells, strings.Join(strings.Fields(textOf(n)), " "))
			}
		})
		if len(cells) != 2 || !strings.HasSuffix(cells[side(id)], want) || cells[1-side(id)] != "" {
			t.Errorf("below %s stands %q, want %q", id, cells, want)
		}
	}
}

// TestHTMLData: what was not asked never looks like a good answer.
func TestHTMLData(t *testing.T) {
	t.Parallel()
	classes := func(e Evidence) string {
		v := (&htmlBook{most: htmlMost}).bar(e)
		if v == nil {
			return ""
		}
		return fmt.Sprintf("%s %v %.1f", v.Class, v.Drawn, v.Percent)
	}
	for want, e := range map[string]Evidence{
		"":                    {},
		"unasked false 0.0":   {Reason: "no time was left", Total: 100},
		"part true 0.0":       {Asked: true, Total: 100},
		"clean true 0.0":      {Asked: true, Complete: true},
		"affected true 25.0":  {Asked: true, Complete: true, Violations: 25, Total: 100},
		"affected true 1.5":   {Asked: true, Violations: 1, Total: 1_000_000},
		"affected true 100.0": {Asked: true, Violations: 300, Total: 100},
		"affected false 0.0":  {Asked: true, Violations: 300},
	} {
		if got := classes(e); got != want {
			t.Errorf("%+v is shown as %q, want %q", e, got, want)
		}
	}
	r := shop()
	r.Data = Data{}
	if text := render(t, r, "html", Options{}); !strings.Contains(text, `<b class="unasked">The stored data was not asked</b>`) || strings.Contains(text, `id="facts"`) {
		t.Error("a report without data shows answers, or does not say that there are none")
	}
}

// TestHTMLDegrades: details go first, then findings, then what did not change,
// and the page says how much.
func TestHTMLDegrades(t *testing.T) {
	t.Parallel()
	r := shop()
	page := func(most htmlLimits) (*html.Node, string) {
		var b strings.Builder
		if err := writePage(&b, r, Options{}, most); err != nil {
			t.Fatal(err)
		}
		return parsePage(t, b.String()), strings.Join(strings.Fields(textOf(find(t, parsePage(t, b.String()), func(n *html.Node) bool { return n.Data == "main" }))), " ")
	}
	count := func(n *html.Node, class string) (found int) {
		elements(n, func(e *html.Node) {
			if slices.Contains(strings.Fields(attribute(e, "class")), class) {
				found++
			}
		})
		return found
	}
	most := htmlMost
	most.detailed, most.listed = 2, 5
	tree, text := page(most)
	if count(tree, "card") != 5 || count(tree, "source") != 1 || count(tree, "note") != 4 {
		t.Errorf("%d findings, %d with source, %d notes", count(tree, "card"), count(tree, "source"), count(tree, "note"))
	}
	if !strings.Contains(text, "2 of 7 findings are left out, and 3 are shown without details") {
		t.Errorf("the page does not say what is left out: %s", text)
	}
	most = htmlMost
	most.detailed = 3
	if _, text := page(most); !strings.Contains(text, "4 of 7 findings are shown without details") {
		t.Errorf("the page does not say what is left out: %s", text)
	}
	most = htmlMost
	most.rows, most.folded = 9, 5
	tree, text = page(most)
	if got := count(tree, "same") + count(tree, "void"); got > 9 {
		t.Errorf("%d rows", got)
	}
	if !regexp.MustCompile(`\d+ lines are left out: this page would be too large`).MatchString(text) || count(tree, "note") != 6 {
		t.Errorf("with few lines the page has %d notes: %s", count(tree, "note"), text)
	}
	most = htmlMost
	most.line = 10
	if _, text := page(most); !strings.Contains(text, "What is se … and 23 more characters") {
		t.Errorf("long sentences are not cut: %s", text)
	}
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

// TestHTMLLarge: a page of 5,000 findings in 20,000 lines can be opened, and one of
// many more does not grow with them.
func TestHTMLLarge(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 4} {
		r := large(5000*n, 20_000*n)
		began := time.Now()
		text := render(t, r, "html", Options{})
		t.Logf("%d findings: %d bytes in %v", len(r.Findings), len(text), time.Since(began).Round(time.Millisecond))
		if len(text) > 16<<20 {
			t.Errorf("%d findings make a page of %d MiB", len(r.Findings), len(text)>>20)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{500, 1000, 2000, 5000} {
		r := large(n, 4*n)
		b.Run(fmt.Sprintf("findings=%d", n), func(b *testing.B) {
			for b.Loop() {
				render(b, r, "html", Options{})
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/finding")
		})
	}
}

func TestHTMLMap(t *testing.T) {
	t.Parallel()
	r := shop()
	v := newHTMLBook(r, htmlMost).typeMap(r)
	got := map[string]string{}
	for _, b := range v.Drawing.Boxes {
		got[b.Name] = fmt.Sprintf("%s %s %d", b.Title(), b.Group, len(b.Counts))
	}
	if diff := cmp.Diff(map[string]string{
		"Client":  "Client, type, was Customer, 3 errors, 1 warning t-1 2",
		"Order":   "Order, type, no findings  0",
		"Status":  "Status, enum, no findings  0",
		"Named":   "Named, interface, added, 1 info t-4 1",
		"Voucher": "Voucher, type, removed, 1 warning t-3 1",
	}, got); diff != "" {
		t.Errorf("the boxes differ (-want +got):\n%s", diff)
	}
	var curves []string
	for _, c := range v.Drawing.Curves {
		curves = append(curves, c.Title)
	}
	slices.Sort(curves)
	if diff := cmp.Diff([]string{"Client implements Named (added)", "Client uses Order", "Order uses Client", "Order uses Status"}, curves); diff != "" {
		t.Errorf("the lines differ (-want +got):\n%s", diff)
	}
	many := large(900, 8000)
	v = newHTMLBook(many, htmlMost).typeMap(many)
	if v.Drawing != nil || len(v.Boxes) == 0 || v.RestN == 0 || len(v.Boxes)+v.LeftOut+v.RestN != len(many.New.Types) {
		t.Errorf("of %d types %d are on the map, and %d beside it", len(many.New.Types), len(v.Boxes), v.RestN)
	}
	alone := large(9, 8000)
	alone.Before, alone.Old = Source{}, Schema{}
	if a := newHTMLBook(alone, htmlMost).typeMap(alone); a.RestN == 0 || a.RestN > len(alone.New.Types)-3 {
		t.Errorf("of one schema with findings on 3 types %d of %d are not on the map", a.RestN, len(alone.New.Types))
	}
	for i := 1; i < len(v.Boxes); i++ {
		if v.Boxes[i].Severity.rank() > v.Boxes[i-1].Severity.rank() {
			t.Fatalf("%s comes before the graver %s", v.Boxes[i-1].Name, v.Boxes[i].Name)
		}
	}
}

// TestHTMLDrawing lays random graphs out: no two boxes touch, every link has its
// way from box to box, and everything is within the picture.
func TestHTMLDrawing(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		n := 1 + rng.IntN(mostDrawn)
		nodes := make([]*node, n)
		var chosen []int
		for i := range nodes {
			nodes[i] = &node{name: fmt.Sprint("T", i), new: &Type{Name: fmt.Sprint("T", i)}}
			chosen = append(chosen, i)
		}
		links := 0
		for range rng.IntN(mostLinks) {
			from, to := rng.IntN(n), rng.IntN(n)
			if from != to {
				nodes[from].edges = append(nodes[from].edges, link{to: to})
				links++
			}
		}
		d := layout(nodes, chosen)
		for _, s := range d.strands {
			if left, right := s.ends(); d.column[left] >= d.column[right] || len(s.slots) != d.column[right]-d.column[left]+1 {
				t.Fatalf("a link goes from column %d to %d over %d slots", d.column[left], d.column[right], len(s.slots))
			}
		}
		v := (&htmlBook{most: htmlMost}).draw(nodes, chosen)
		if len(v.Boxes) != n || len(v.Curves) != links {
			t.Fatalf("%d boxes of %d, %d lines of %d", len(v.Boxes), n, len(v.Curves), links)
		}
		for i, a := range v.Boxes {
			if a.X < 0 || a.Y < 0 || a.X+boxWidth > v.Width || a.Y+boxHeight > v.Height {
				t.Fatalf("the box at %d,%d is outside of %dx%d", a.X, a.Y, v.Width, v.Height)
			}
			for _, z := range v.Boxes[:i] {
				if a.X < z.X+boxWidth && z.X < a.X+boxWidth && a.Y < z.Y+boxHeight && z.Y < a.Y+boxHeight {
					t.Fatalf("the boxes at %d,%d and %d,%d overlap", a.X, a.Y, z.X, z.Y)
				}
			}
		}
	}
}

// TestHTMLAlign: every line of both files is there once and in order, lines that
// are called the same are the same, and what defines the same stands together.
func TestHTMLAlign(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	none := func(bool, int) string { return "" }
	random := func() []string {
		lines := make([]string, rng.IntN(40))
		for i := range lines {
			lines[i] = []string{"}", "", "type A {", "  a: Int", "  a: String", "  b: Int", "  c: ID!", "-- x", "@@ -1,2 +1,2 @@", "\\ No newline"}[rng.IntN(10)]
		}
		return lines
	}
	for range 2000 {
		old, new := random(), random()
		i, j := 0, 0
		for _, row := range align(old, new, none) {
			if row.old > 0 {
				if i++; row.old != i {
					t.Fatalf("old line %d stands where %d is expected: %q %q", row.old, i, old, new)
				}
			}
			if row.new > 0 {
				if j++; row.new != j {
					t.Fatalf("new line %d stands where %d is expected: %q %q", row.new, j, old, new)
				}
			}
			if row.same != (row.old > 0 && row.new > 0 && old[row.old-1] == new[row.new-1]) {
				t.Fatalf("row %+v of %q %q", row, old, new)
			}
		}
		if i != len(old) || j != len(new) {
			t.Fatalf("%d of %d and %d of %d lines: %q %q", i, len(old), j, len(new), old, new)
		}
	}
	old := []string{"type A {", "  phone: String", "  mail: String", "}"}
	new := []string{"type A {", "  mail: Int", "  tel: String", "}"}
	if got := align(old, new, none); !reflect.DeepEqual(got, []linePair{{1, 1, true}, {2, 0, false}, {3, 2, false}, {0, 3, false}, {4, 4, true}}) {
		t.Errorf("by name: %v", got)
	}
	hint := func(isOld bool, line int) string {
		if isOld && line == 2 || !isOld && line == 3 {
			return "\x001"
		}
		return ""
	}
	if got := align(old[:2], new[:3], hint); !reflect.DeepEqual(got, []linePair{{1, 1, true}, {0, 2, false}, {2, 3, false}}) {
		t.Errorf("by finding: %v", got)
	}
}

func TestHTMLPairsFiles(t *testing.T) {
	t.Parallel()
	files := func(names string) (all []SourceFile) {
		for _, name := range strings.Fields(names) {
			all = append(all, SourceFile{Name: name})
		}
		return all
	}
	for names, want := range map[string]string{
		"old | new":       "[{0 0}]",
		"a b | b a":       "[{1 0} {0 1}]",
		"a b | a c":       "[{0 0} {1 1}]",
		"a b c | a d":     "[{0 0} {-1 1} {1 -1} {2 -1}]",
		"| a b":           "[{-1 0} {-1 1}]",
		"a | ":            "[{0 -1}]",
		"x a | a new.gql": "[{1 0} {0 1}]",
	} {
		old, new, _ := strings.Cut(names, "|")
		if got := fmt.Sprint(pairs(files(old), files(new))); got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
}

// TestHTMLCommands: what is offered for copying into a shell is made of names.
func TestHTMLCommands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ coordinate, id, want string }{
		{"User.phone", "pin-predicate", "--choose User.phone=pin-predicate"},
		{"User", "pin-type", "--choose User=pin-type"},
		{"Query.user(id:)", "x", ""}, {"", "x", ""}, {"User;rm", "x", ""}, {"User", "x;y", ""}, {"User.$(x)", "x", ""}, {"User\n", "x", ""}, {"-x", "x", ""}, {"User", "x\n", ""},
	} {
		if got := choosing(&Finding{Coordinate: c.coordinate}, Fix{ID: c.id}); got != c.want {
			t.Errorf("%s=%s: %q, want %q", c.coordinate, c.id, got, c.want)
		}
	}
	b := &htmlBook{most: htmlMost}
	if _, whole := b.patch("-\ttel: String # 名\n"); !whole {
		t.Error("a patch in plain text cannot be copied")
	}
	for _, diff := range []string{"+a\u202e\n", "+# Dgraph.Secret k \"x\"\n", "+" + strings.Repeat("x", 5000) + "\n", strings.Repeat("+x\n", 5000)} {
		if _, whole := b.patch(diff); whole {
			t.Errorf("a patch that is not shown as it is can be copied: %.40q", diff)
		}
	}
}
