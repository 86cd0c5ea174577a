package report

import (
	"fmt"
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
	for name, r := range map[string]*Report{"shop": shop(), "audited": audited(), "shapes": shapes(), "suppressed": suppressed(), "fixed": fixed()} {
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
	for name, r := range map[string]*Report{"shop": shop(), "suppressed": suppressed(), "fixed": fixed()} {
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

// TestHTMLKnown: what the baseline has is told apart from what is new, comes
// after it, and counts nowhere.
func TestHTMLKnown(t *testing.T) {
	t.Parallel()
	r := shop()
	base := shop()
	base.Findings = slices.DeleteFunc(base.Findings, func(f Finding) bool { return f.Coordinate == "Customer.fax" })
	if len(base.Findings) != len(r.Findings)-1 {
		t.Fatal("the sample has another finding than this test takes out")
	}
	base.Seal()
	r.Against(base)
	text := render(t, r, "html", Options{})
	cards := regexp.MustCompile(`<article class="card (\w+)( known)?" id="[^"]+" data-severity="(\w+)"`).FindAllStringSubmatch(text, -1)
	if len(cards) != len(r.Findings) || cards[0][2] != "" || cards[0][3] != cards[0][1] {
		t.Fatalf("%d findings, the first of them %q", len(cards), cards[0])
	}
	for _, c := range cards[1:] {
		if c[2] != " known" || c[3] != "known" {
			t.Errorf("the page does not say that a finding is known: %q", c)
		}
	}
	if want := fmt.Sprintf(`data-severity="known" aria-pressed="true">Known (%d)<`, len(cards)-1); !strings.Contains(text, want) {
		t.Errorf("the page has no filter for what is known, %s", want)
	}
	for _, box := range newHTMLBook(r, htmlMost).typeMap(r).Drawing.Boxes {
		n := 0
		for _, c := range box.Counts {
			n += c.N
		}
		if want := map[string]int{"Client": 1}[box.Name]; n != want {
			t.Errorf("the map counts %d findings of %s, want %d", n, box.Title(), want)
		}
	}
	r = shop()
	r.Against(shop())
	if text := render(t, r, "html", Options{}); !strings.Contains(text, "<h1>No new findings</h1>") || !strings.Contains(text, "only known findings") {
		t.Error("a report in which all is known does not say so")
	}
	if text := render(t, shop(), "html", Options{}); strings.Contains(text, `data-severity="known"`) {
		t.Error("a page without known findings has a filter for them")
	}
}

// TestHTMLOperations: a line of an application is shown as it is, and not as one that is new in the schema.
func TestHTMLOperations(t *testing.T) {
	t.Parallel()
	r := shop()
	r.Findings = append(r.Findings, operations().Findings...)
	r.Seal()
	text := render(t, r, "html", Options{})
	line := regexp.MustCompile(`<span class="line ([a-z]*)"><span class="n">12</span>  queryUser`).FindStringSubmatch(text)
	if line == nil || line[1] != "" {
		t.Errorf("the line of the operation is shown as %q", line)
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
