package browser

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// nasty is markup, code and style for every place where a text could stand.
var nasty = []string{
	`"><script>window.pwned=1;alert(1)</script>`, `'><img src=x onerror="window.pwned=1">`, `</style></script><script>window.pwned=1</script>`,
	`</title></textarea></select><svg onload="window.pwned=1">`, `<!--`, `--><script>window.pwned=1</script>`, `" onfocus="window.pwned=1" autofocus tabindex="0" x="`,
	`' onmouseover='window.pwned=1' x='`, `javascript:window.pwned=1`, "`;window.pwned=1//", `<iframe srcdoc="<script>parent.pwned=1</script>">`,
	`<link rel=stylesheet href=http://127.0.0.1:1/x.css>`, `<meta http-equiv=refresh content="0;url=http://127.0.0.1:1/">`, `<base href="http://127.0.0.1:1/">`,
	`url(http://127.0.0.1:1/x)`, `@import 'http://127.0.0.1:1/x.css';`, `<form action=http://127.0.0.1:1/><button autofocus>`, `<a href="javascript:window.pwned=1">x</a>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>`, `&lt;script&gt;`, `\u003cscript\u003ewindow.pwned=1\u003c/script\u003e`,
}

// texts changes every text of a report.
func texts(v reflect.Value, change func(string) string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() != reflect.TypeFor[report.Severity]() {
			v.SetString(change(v.String()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Anchor" {
				texts(v.Field(i), change)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), change)
		}
	}
}

// TestHostile: nothing that a report says is executed, fetched or made into
// elements, also when everything on its page was used once. (Each tab fails on
// requests, dialogs and what violates the policy.)
func TestHostile(t *testing.T) {
	t.Parallel()
	r := shopReport(t)
	n := 0
	texts(reflect.ValueOf(r).Elem(), func(s string) string { n++; return s + " " + nasty[n%len(nasty)] })
	for i := range r.Findings {
		r.Findings[i].Coordinate += fmt.Sprint(i) // no two are the same
	}
	all := strings.Join(nasty, " ")
	r.Findings[0].Message, r.Findings[1].Rule, r.Old.Types[0].Name, r.Findings[2].Coordinate = all, all, all, all
	r.Findings[1].Fixes[0].Diff = "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+" + all + "\n"
	for side, s := range map[string]*report.Schema{"old": &r.Old, "new": &r.New} {
		for i := range s.Files[0].Lines {
			s.Files[0].Lines[i] += side + all
		}
	}
	p := open(t, written(t, r), look{})
	becomes(p, `document.querySelector('#shown').textContent`, "3 shown")
	for _, use := range []string{
		`document.querySelectorAll('details').forEach((d) => { d.open = true; })`,
		`document.querySelectorAll('button').forEach((b) => { b.focus(); b.click(); })`,
		`document.querySelectorAll('*').forEach((e) => ['mouseover', 'focus', 'load', 'error', 'toggle'].forEach((n) => e.dispatchEvent(new Event(n))))`,
		`document.querySelectorAll('a').forEach((a) => a.click())`,
		`(() => { const s = document.querySelector('#by-rule'); s.selectedIndex = s.options.length - 1; s.dispatchEvent(new Event('change')); })()`,
		`(() => { const i = document.querySelector('#by-text'); i.value = '<img src=x onerror=window.pwned=1>'; i.dispatchEvent(new Event('input')); })()`,
	} {
		p.do(chromedp.Evaluate(use, nil))
	}
	p.do(chromedp.Sleep(300 * time.Millisecond))
	if got := eval[string](p, `[typeof window.pwned, document.scripts.length, document.styleSheets.length, document.querySelectorAll('img, iframe, link, base, math, textarea').length, document.querySelectorAll('main > section').length].join(' ')`); got != "undefined 1 1 0 6" {
		t.Errorf("window.pwned, scripts, style sheets, foreign elements, sections: %s", got)
	}
	for _, text := range nasty {
		if !eval[bool](p, fmt.Sprintf(`document.body.textContent.includes(%q)`, text)) {
			t.Errorf("%q is not shown as it is", text)
		}
	}
	// The same policy stops what would get through: the test above can fail.
	p = open(t, strings.Replace(written(t, shopReport(t)), "<main>", `<main><img src="http://127.0.0.1:1/x" onerror="window.pwned=1"><script>window.pwned=1</script>`, 1), look{})
	becomes(p, `document.querySelector('#shown').textContent`, "3 shown")
	if got := eval[string](p, `typeof window.pwned`); got != "undefined" {
		t.Error("the policy lets a foreign script run")
	}
	p.mu.Lock()
	if got := strings.Join(p.bad, "\n"); strings.Count(got, "Content Security Policy") < 2 {
		t.Errorf("the browser says of a foreign script and image: %s", got)
	}
	p.bad = nil
	p.mu.Unlock()
}

// contrast lists texts whose contrast to what is behind them is less than WCAG AA
// asks for.
const contrast = `(() => {
  const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const behind = (e) => {
    if (e.ownerSVGElement) { const r = e.closest('a, g').querySelector('rect'); return parse(getComputedStyle(r).fill).slice(0, 3); }
    const layers = [];
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) layers.push(c); if (c[3] === 1) break; }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const bad = new Set(); let n = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest('.off, title, script, .skip, #said')) continue;
    const style = getComputedStyle(e), under = behind(e);
    const [a, b] = [light(over(parse(e.ownerSVGElement ? style.fill : style.color), under)), light(under)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), big = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    n++;
    if ((a + 0.05) / (b + 0.05) < (big ? 3 : 4.5)) bad.add(((a + 0.05) / (b + 0.05)).toFixed(2) + ' ' + e.tagName + '.' + e.className.toString() + ' ' + walker.currentNode.data.trim().slice(0, 30));
  }
  return n < 100 ? 'only ' + n + ' texts' : [...bad].join('\n');
})()`

// TestLooks: in light and in dark, on wide and on narrow screens, texts can be
// read and the page does not scroll sideways.
func TestLooks(t *testing.T) {
	t.Parallel()
	r := shopReport(t)
	r.Findings[0].Severity = report.Warning
	r.Findings[0].Coordinate = strings.Repeat("AVeryLongNameOfAType", 5) + ".field"
	r.New.Files[0].Lines[1] += strings.Repeat("x", 300)
	long := strings.Repeat("x", 300)
	r.Repairs = &report.Repairs{Conclusion: []string{long}, Diff: "+" + long + "\n", List: []report.Repair{
		{Finding: &r.Findings[0], Chosen: r.Findings[0].Fixes[0].ID, Note: long}, {Finding: &r.Findings[2], Note: "a note"},
	}}
	r.Seal()
	text := written(t, r)
	for _, l := range []look{{}, {dark: true}, {width: 360, height: 740}, {width: 360, height: 740, dark: true}, {width: 820, height: 1000}, {width: 2000, height: 1200}} {
		p := open(t, text, l)
		becomes(p, `document.querySelector('#shown').textContent`, "3 shown")
		p.do(chromedp.Evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; }); document.querySelector('.toggle').click()`, nil))
		if got := eval[string](p, contrast); got != "" {
			t.Errorf("%+v: too little contrast:\n%s", l, got)
		}
		if got := eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); got > 0 {
			t.Errorf("%+v: the page is %d pixels too wide", l, got)
		}
		light := eval[bool](p, `parseInt(getComputedStyle(document.body).backgroundColor.match(/\d+/)) > 128`)
		if light == l.dark {
			t.Errorf("%+v: the paper is light: %v", l, light)
		}
		// Old and new stand beside each other, or below where there is no room.
		if beside := eval[bool](p, `document.querySelector('#old-1-4').getBoundingClientRect().top === document.querySelector('#new-1-4').getBoundingClientRect().top`); beside != (l.width != 360 && l.width != 820) {
			t.Errorf("%+v: old and new are beside each other: %v", l, beside)
		}
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	p := open(t, shop(t, "html"), look{media: "print"})
	becomes(p, `document.querySelector('#shown').textContent`, "3 shown")
	if got := eval[string](p, `Array.from(document.querySelectorAll('nav, #filters, .buttons, button')).filter((e) => e.checkVisibility()).map((e) => e.tagName + e.className).join(' ')`); got != "" {
		t.Errorf("on paper there is %s", got)
	}
	if got := eval[string](p, visible); got != everything {
		t.Errorf("on paper the findings are %s", got)
	}
	if got := eval[float64](p, `document.querySelector('.more:not([open]) p').getBoundingClientRect().height`); got == 0 {
		t.Error("on paper the details are folded away")
	}
}

// TestAccessible asks the tree that screen readers get.
func TestAccessible(t *testing.T) {
	t.Parallel()
	p := open(t, written(t, shopReport(t)), look{})
	becomes(p, `document.querySelector('#shown').textContent`, "3 shown")
	// The library's own types are of another version than the browser: these are the fields that matter.
	type named struct {
		Value string `json:"value"`
	}
	var tree struct {
		Nodes []struct {
			Ignored bool  `json:"ignored"`
			Role    named `json:"role"`
			Name    named `json:"name"`
		} `json:"nodes"`
	}
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		return cdp.Execute(ctx, "Accessibility.getFullAXTree", nil, &tree)
	}))
	roles := map[string]int{}
	for _, n := range tree.Nodes {
		role, name := n.Role.Value, n.Name.Value
		if n.Ignored {
			continue
		}
		roles[role]++
		switch role {
		case "button", "combobox", "searchbox", "link", "form", "navigation", "table", "heading", "figure", "article", "region":
			if name == "" {
				t.Errorf("a %s has no name", role)
			}
		}
		if role == "button" && (name == "✕ Errors" || name == "✕") {
			t.Errorf("a button is called %q: signs are for eyes", name)
		}
	}
	for role, least := range map[string]int{"banner": 1, "navigation": 1, "main": 1, "button": 5, "combobox": 2, "searchbox": 1, "table": 1, "article": 3, "status": 1, "form": 1, "heading": 8} {
		if roles[role] < least {
			t.Errorf("%d times %s, want %d: %v", roles[role], role, least, roles)
		}
	}
	levels := eval[[]int](p, `Array.from(document.querySelectorAll('h1, h2, h3, h4, h5, h6')).map((h) => Number(h.tagName[1]))`)
	for i, level := range levels {
		if i == 0 && level != 1 || i > 0 && (level == 1 || level > levels[i-1]+1) {
			t.Errorf("heading %d is of level %d: %v", i+1, level, levels)
		}
	}
	if got := eval[string](p, `document.documentElement.lang + ' ' + (document.title.length > 0)`); got != "en true" {
		t.Errorf("language and title: %s", got)
	}
}

// TestLarge opens and filters what 5,000 findings in 20,000 lines give.
func TestLarge(t *testing.T) {
	t.Parallel()
	r := &report.Report{Before: report.Source{Source: "old"}, After: report.Source{Source: "new"}}
	var lines [2][]string
	for i := range 2000 {
		name := fmt.Sprintf("T%d", i)
		for side := range lines {
			lines[side] = append(lines[side], "type "+name+" {")
			for f := range 8 {
				lines[side] = append(lines[side], fmt.Sprintf("  f%d: %s", f, []string{"String", "Int"}[side*f%2]))
			}
			lines[side] = append(lines[side], "}")
		}
		r.New.Types = append(r.New.Types, report.Type{Name: name, Kind: "type"})
		for f := 1; f < 8 && len(r.Findings) < 5000; f += 3 {
			at := report.Location{Anchor: "self", File: "new", Line: i*10 + f + 2, Column: 3}
			r.Findings = append(r.Findings, report.Finding{
				Rule: "field-type-changed", Severity: []report.Severity{report.Error, report.Warning, report.Info}[f%3], Coordinate: fmt.Sprintf("%s.f%d", name, f),
				Message: "It changes.", Location: at, Previous: report.Location{File: "old", Line: at.Line}, Excerpt: []string{"  f: Int"},
			})
		}
	}
	r.Old = report.Schema{Files: []report.SourceFile{{Name: "old", Lines: lines[0]}}, Types: r.New.Types}
	r.New.Files = []report.SourceFile{{Name: "new", Lines: lines[1]}}
	r.Seal()
	text := written(t, r)
	began := time.Now()
	p := open(t, text, look{})
	becomes(p, `document.querySelector('#shown').textContent`, "4000 shown")
	t.Logf("%d bytes were open after %v", len(text), time.Since(began).Round(10*time.Millisecond))
	if got := eval[string](p, `document.querySelector('#findings .left').textContent`); !strings.Contains(got, "1000 of 5000 findings are left out, and 3500 are shown without details") {
		t.Errorf("the page says: %s", got)
	}
	began = time.Now()
	p.do(chromedp.Focus("#by-text", chromedp.ByQuery), chromedp.SendKeys("#by-text", "t1234.f4", chromedp.ByQuery))
	becomes(p, `document.querySelector('#shown').textContent`, "1 of 4000 shown")
	t.Logf("filtered after %v", time.Since(began).Round(10*time.Millisecond))
	p.click(".card:not([hidden]) .places a")
	becomes(p, `document.querySelector('td:target + td')?.textContent ?? ''`, "  f4: String")
}
