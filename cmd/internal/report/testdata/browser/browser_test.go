// Package browser opens reports in the format html in a real Chromium. It is a
// module of its own, so that the product does not depend on what drives one.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// requireEnv, set to 1, makes the tests fail where there is no Chromium.
const requireEnv = "SCHEMACHECK_REQUIRE_CHROMIUM"

// chromium is the browser of all tests, or nil where there is none. scratch is a
// folder for its profile, and for the program.
var (
	chromium context.Context
	scratch  string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	path := installed()
	if path == "" {
		if os.Getenv(requireEnv) == "1" {
			fmt.Fprintln(os.Stderr, requireEnv+"=1, and there is no chromium and no google-chrome in the PATH: apt-get install chromium")
			return 1
		}
		return m.Run()
	}
	var err error
	if scratch, err = os.MkdirTemp("", "schemacheck-chromium"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(scratch, "profile")), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WSURLReadTimeout(time.Minute)}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage", "no-default-browser-check", "disable-default-apps", "disable-extensions"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, cancel := chromedp.NewContext(allocated)
	defer cancel()
	if err := chromedp.Run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "starting %s: %v\n", path, err)
		return 1
	}
	defer chromedp.Cancel(ctx)
	chromium = ctx
	return m.Run()
}

// installed is the path of a browser, or empty.
func installed() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func skipWithout(t *testing.T) {
	t.Helper()
	if chromium == nil {
		t.Skip("no chromium and no google-chrome in the PATH")
	}
}

// look is how a page is opened.
type look struct {
	width, height int // 1280 by 900 when they are 0
	dark          bool
	media         string // "print", or empty for the screen
	noScript      bool
}

// tab is a page that is open. What it does that no report may do fails the test.
type tab struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

// open opens a page from a file, as people do.
func open(t *testing.T, text string, l look) *tab {
	t.Helper()
	skipWithout(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(chromium)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	tab := &tab{T: t, ctx: ctx}
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		for _, what := range tab.bad {
			t.Error(what)
		}
	})
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != "file://"+file {
				tab.report("a request for %s", e.Request.URL)
			}
		case *page.EventJavascriptDialogOpening:
			tab.report("a dialog: %s", e.Message)
			go chromedp.Run(ctx, page.HandleJavaScriptDialog(true))
		case *log.EventEntryAdded:
			tab.report("the browser says: %s %s", e.Entry.Level, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			tab.report("an exception: %s", e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			tab.report("something is written to the console: %s", e.Type)
		}
	})
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	if l.width == 0 {
		l.width, l.height = 1280, 900
	}
	tab.do(network.Enable(), log.Enable(),
		emulation.SetDeviceMetricsOverride(int64(l.width), int64(l.height), 1, false),
		emulation.SetEmulatedMedia().WithMedia(l.media).WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}),
		emulation.SetScriptExecutionDisabled(l.noScript),
		emulation.SetFocusEmulationEnabled(true),
		chromedp.Navigate("file://"+file))
	return tab
}

func (t *tab) report(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bad = append(t.bad, fmt.Sprintf(format, args...))
}

func (t *tab) do(actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(t.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval is the value of an expression in the page.
func eval[T any](t *tab, expression string) T {
	t.Helper()
	var v T
	if err := chromedp.Run(t.ctx, chromedp.Evaluate(expression, &v, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) })); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// becomes waits until an expression has a value.
func becomes[T comparable](t *tab, expression string, want T) {
	t.Helper()
	var got T
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = eval[T](t, expression); got == want {
			return
		}
	}
	t.Fatalf("%s is %v, want %v", expression, got, want)
}

// click clicks on the middle of an element, once it stands still: what comes into
// sight is laid out only then, and moves what is below.
func (t *tab) click(selector string) {
	t.Helper()
	at := fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: 'center' }); return JSON.stringify(e.getBoundingClientRect()); })()`, selector)
	for last, i := "", 0; i < 200; i++ {
		now := eval[string](t, at)
		if now == last {
			break
		}
		last = now
		time.Sleep(30 * time.Millisecond)
	}
	t.do(chromedp.Click(selector, chromedp.ByQuery))
}

// visible is what the cards are about that can be seen.
const visible = `Array.from(document.querySelectorAll('.card')).filter((c) => c.checkVisibility()).map((c) => c.querySelector('h4 code').textContent).join(', ')`

// seen reports whether an element is in the window.
func seen(selector string) string {
	return fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight; })()`, selector)
}

var root = filepath.Join("..", "..", "..", "..", "..")

// program is the program, built once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "schemacheck")
	out, err := exec.Command("go", "build", "-C", root, "-o", path, "./cmd/schemacheck").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, nil
})

// shop is what the program says about the two schemas in testdata/shop.
func shop(t *testing.T, format string) string {
	t.Helper()
	return ran(t, "diff", format)
}

// ran is what a command says about them.
func ran(t *testing.T, command, format string) string {
	t.Helper()
	skipWithout(t)
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, command, "old.graphql", "new.graphql", "--format", format, "--color", "never")
	cmd.Dir = filepath.Join(root, "testdata", "shop")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// shopReport is the same as a value, with both schemas.
func shopReport(t *testing.T) *report.Report {
	t.Helper()
	r, err := report.Read(strings.NewReader(shop(t, "json")))
	if err != nil {
		t.Fatal(err)
	}
	r.Data = report.Data{Asked: true, Complete: true, Alpha: "localhost:9080", Duration: time.Second}
	for side, s := range map[string]*report.Schema{"old": &r.Old, "new": &r.New} {
		text, err := os.ReadFile(filepath.Join(root, "testdata", "shop", side+".graphql"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		s.Files = []report.SourceFile{{Name: side + ".graphql", Lines: lines}}
		for _, name := range []string{"Customer", "Order"} {
			s.Types = append(s.Types, report.Type{Name: name, Kind: "type", Uses: []string{"Customer", "Order", "Status"}})
		}
		s.Types = append(s.Types, report.Type{Name: "Status", Kind: "enum"})
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Evidence = report.Evidence{Asked: true, Complete: i > 0, Violations: uint64(i), Total: 3, Samples: []report.Sample{{UID: "0x1", Values: []string{"value"}}}}
		f.Excerpt, f.PreviousExcerpt = []string{"new line"}, []string{"old line"}
	}
	r.Notes = []report.Note{{Kind: "warning", Message: "a note", Location: report.Location{File: "new.graphql", Line: 1}}}
	r.Suppressed = []report.Suppressed{{Finding: r.Findings[0], Reason: "a reason"}}
	return r
}

func written(t *testing.T, r *report.Report) string {
	t.Helper()
	format, ok := report.FormatNamed("html")
	if !ok {
		t.Fatal("there is no format html")
	}
	var b strings.Builder
	if err := format.Write(&b, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const everything = "Customer.email, Customer.phone -> Customer.phoneNumber, Order.note"

// TestFilters uses the filters of a page as the program writes it.
func TestFilters(t *testing.T) {
	t.Parallel()
	p := open(t, shop(t, "html"), look{})
	check := func(want, said string) {
		t.Helper()
		becomes(p, visible, want)
		becomes(p, `document.querySelector('#shown').textContent`, said)
	}
	check(everything, "3 shown")
	p.click(".toggle.error")
	check("Order.note", "1 of 3 shown")
	if got := eval[string](p, `document.querySelector('.toggle.error').ariaPressed + ' ' + Array.from(document.querySelectorAll('.note')).filter((n) => n.checkVisibility()).length + ' ' + Array.from(document.querySelectorAll('.drawing .dim')).map((b) => b.querySelector('.name').textContent)`); got != "false 1 Customer" {
		t.Errorf("without errors: pressed, notes, dim types: %s", got)
	}
	p.click(".toggle.info")
	check("", "0 of 3 shown")
	if !eval[bool](p, `document.querySelector('#nothing').checkVisibility()`) {
		t.Error("nothing says that no finding fits")
	}
	p.click("#reset")
	check(everything, "3 shown")
	choose := func(selector, text string) {
		t.Helper()
		p.do(chromedp.Focus(selector, chromedp.ByQuery), chromedp.SendKeys(selector, text, chromedp.ByQuery))
	}
	choose("#by-type", "Order")
	check("Order.note", "1 of 3 shown")
	p.click("#reset")
	choose("#by-rule", "id-added")
	check("Customer.email", "1 of 3 shown")
	p.click("#reset")
	choose("#by-text", "  LOOKS renamed ")
	check("Customer.phone -> Customer.phoneNumber", "1 of 3 shown")
	choose("#by-text", "zzz")
	check("", "0 of 3 shown")
	// A link to a finding that is hidden shows it.
	p.click(".drawing a")
	check(everything, "3 shown")
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	p := open(t, shop(t, "html"), look{})
	const focused = `(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e); return [e.textContent.trim(), r.left >= 0 && r.width > 0, parseFloat(s.outlineWidth) >= 2 && s.outlineStyle !== 'none'].join('; '); })()`
	p.do(chromedp.KeyEvent("\t"))
	if got := eval[string](p, focused); got != "Skip to the findings; true; true" {
		t.Errorf("the first stop is %s", got)
	}
	p.do(chromedp.KeyEvent("\r"))
	becomes(p, `location.hash`, "#findings")
	p.do(chromedp.KeyEvent("\t"))
	if got := eval[string](p, focused); got != "✕ Errors; true; true" {
		t.Errorf("after skipping, the next stop is %s", got)
	}
	p.do(chromedp.KeyEvent(" "))
	becomes(p, visible, "Order.note")
	// Everything that can be used can be reached and shows that it is focused.
	var stops []string
	for range 60 {
		p.do(chromedp.KeyEvent("\t"))
		got := eval[string](p, `(() => { const e = document.activeElement, s = getComputedStyle(e); return e === document.body ? '' : [e.tagName, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0].join(' '); })()`)
		if got == "" {
			break
		}
		if strings.HasSuffix(got, "false") {
			t.Errorf("stop %d (%s) does not show that it is focused", len(stops), got)
		}
		stops = append(stops, strings.Fields(got)[0])
	}
	for _, want := range []string{"BUTTON", "SELECT", "INPUT", "SUMMARY", "A"} {
		if !slices.Contains(stops, want) {
			t.Errorf("no stop at a %s: %v", want, stops)
		}
	}
}

func TestCopy(t *testing.T) {
	t.Parallel()
	p := open(t, shop(t, "html"), look{})
	p.do(browser.GrantPermissions([]browser.PermissionType{browser.PermissionTypeClipboardReadWrite, browser.PermissionTypeClipboardSanitizedWrite}))
	for selector, want := range map[string]string{
		`[data-copy="flag"]`: "--choose Customer.email=make-unique",
		`[data-copy="new"]`:  "  phoneNumber: String @dgraph(pred: \"Customer.phone\")\n",
		`[data-copy="all"]`:  "--- new.graphql\n+++ new.graphql\n@@ -1,7 +1,7 @@\n type Customer {\n   id: ID!\n   email: String! @id\n-  phoneNumber: String\n+  phoneNumber: String @dgraph(pred: \"Customer.phone\")\n   orders: [Order] @hasInverse(field: customer)\n }\n \n",
	} {
		p.click(selector)
		becomes(p, `document.querySelector('#said').textContent`, "Copied")
		if got := eval[string](p, `navigator.clipboard.readText()`); got != want {
			t.Errorf("%s copies %q, want %q", selector, got, want)
		}
		becomes(p, `document.querySelector('#said').textContent`, "")
	}
}

// TestFixes: what fix would do stands before the findings, leads to them, and can be copied as a whole.
func TestFixes(t *testing.T) {
	t.Parallel()
	p := open(t, ran(t, "fix", "html"), look{})
	if got := eval[string](p, `Array.from(document.querySelectorAll('.repairs li .risk'), (r) => r.textContent).join()`); got != "review,safe" {
		t.Errorf("the fixes are %q", got)
	}
	if got := eval[string](p, `document.querySelector('[data-rule="field-renamed"] .fix .tag').textContent`); got != "chosen" {
		t.Errorf("the fix of the finding is %q", got)
	}
	p.do(browser.GrantPermissions([]browser.PermissionType{browser.PermissionTypeClipboardReadWrite, browser.PermissionTypeClipboardSanitizedWrite}))
	p.click(`#fixes [data-copy="all"]`)
	becomes(p, `document.querySelector('#said').textContent`, "Copied")
	if got := eval[string](p, `navigator.clipboard.readText()`); !strings.HasPrefix(got, "--- new.graphql\n+++ new.graphql\n") || !strings.Contains(got, "\n+  phoneNumber: String @dgraph(pred: \"Customer.phone\")\n") {
		t.Errorf("it copies %q", got)
	}
	p.click(`.repairs li:nth-child(2) a`)
	becomes(p, `document.querySelector('.card:target').dataset.rule`, "field-renamed")
	becomes(p, seen(`.card:target`), true)
}

// TestLinks goes from a type to its findings, to their lines and back.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, noScript := range []bool{false, true} {
		p := open(t, shop(t, "html"), look{noScript: noScript})
		p.click(".drawing a")
		becomes(p, seen(`#t-1`), true)
		p.click(`[data-rule="field-renamed"] .places a`)
		becomes(p, `location.hash`, "#new-1-4")
		becomes(p, seen(`#new-1-4`), true)
		if got := eval[string](p, `document.querySelector('td:target + td').textContent`); got != "  phoneNumber: String" {
			t.Errorf("the link leads to the line %q", got)
		}
		p.click(`tr:has(#new-1-4) + tr .note`)
		becomes(p, `document.querySelector('.card:target').dataset.rule`, "field-renamed")
		becomes(p, seen(`.card:target`), true)
		p.click(`[data-rule="field-renamed"] .places span:nth-child(2) a`)
		becomes(p, `location.hash`, "#old-1-4")
		becomes(p, seen(`#old-1-4`), true)
	}
}

// TestWithoutScript: all content is there, and nothing that would not work.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	const text = `document.querySelector('main').innerText.replace(/\s+/g, ' ').replace(/Copy (flag|patch|new lines)/g, '').replace(/ +/g, ' ').replace(/✕ Errors.*?3 shown/, '').replace(/ +/g, ' ')`
	plain, scripted := open(t, shop(t, "html"), look{noScript: true}), open(t, shop(t, "html"), look{})
	becomes(scripted, `document.querySelector('#shown').textContent`, "3 shown")
	with, without := eval[string](scripted, text), eval[string](plain, text)
	if with != without || !strings.Contains(without, "phoneNumber reads null") {
		t.Errorf("without scripts the page says\n%s\nand with scripts\n%s", without, with)
	}
	if n := eval[int](plain, `Array.from(document.querySelectorAll('button, select, input')).filter((e) => e.checkVisibility()).length`); n != 0 {
		t.Errorf("%d controls are shown that do nothing", n)
	}
	if got := eval[string](plain, visible); got != everything {
		t.Errorf("the findings are %s", got)
	}
	plain.click(".card .more summary")
	becomes(plain, `document.querySelector('.card .more p').checkVisibility()`, true)
}
