package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

// nasties are texts that mean something to one of those who read reports.
var nasties = []string{
	"\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x1b\\link\x07",
	"nul \x00 bell \a del \x7f c1 \u009b31m",
	"bidi \u202e\u2066 zero\u200bwidth \ufeff \U000e0041",
	"\xff\xfe not \xc3( UTF-8 \xed\xa0\x80",
	"two\nlines\r\nthree\rfour\u2028five",
	"::error file=x,line=1::pwned",
	"a\n::stop-commands::x\n::set-output name=a::b",
	"##[group]x ##vso[task.setvariable variable=a]b",
	"%0A::error::x %25 %0D%0A,title=x",
	"x]]>y <![CDATA[z]]> &amp; &lt;b&gt; &#64;everyone <!DOCTYPE a>",
	"--> <!-- schemacheck:review --> <!--",
	"</script><script>alert(1)</script><img src=x onerror=alert(1)>",
	"</code></summary></details><h1>big</h1>",
	"'\"><svg/onload=alert(1)>",
	"@everyone @user/team mail@example.org #123 GH-1 owner/repo#5 deadbeefcafe 0123456789abcdef0123456789abcdef01234567",
	"https://evil.example www.evil.example http://x ftp://y mailto:a@b.cc [click](https://evil.example) ![img](https://evil.example/x.png) <https://evil.example>",
	"[ref]: https://evil.example",
	"[^1] [^1]: note",
	":x: :shipit: $a$ $$b$$ $`c`$ ~~gone~~ **bold** __bold__ *it* _it_",
	"`` ` ``` ```` `unclosed",
	"```\n</details>\n```\n# heading\n\n- item",
	"~~~\nx\n~~~",
	"a | b | c\n|---|---|\n| d | e |",
	"\\| \\` \\[ \\ \\\\",
	"# heading", "- item", "1. item", "1) item", "+ item", "> [!WARNING] quote", "---", "===", "\tcode", "    code", "- [ ] task", "* * *",
	"(@user) (#1) \"@user\" (see https://x.example) word(@user", "((((", "))))", "\"", "`", "``", "|", "\\", "[", "{0} {{1}} ${2}",
	"[[ATTACHMENT|/etc/passwd]]",
	"]( ](https://evil.example) \\](x)",
	"../../etc/passwd", "/etc/passwd", "./a/../b", "C:\\windows\\x", "dgraph://u@h:1", "git:main:x", "-", "<stdin>", "a?b#c%20d", "a:b", " ", "",
	strings.Repeat("long ", 2_000), strings.Repeat("`", 500), strings.Repeat("(", 500), strings.Repeat("word(", 200), strings.Repeat("@a ", 1_000),
	"# Dgraph.Secret sesame \"sesame\"", "a # Dgraph.Authorization {\"VerificationKey\":\"sesame\"}\r\nb",
	strings.Repeat("x", 190) + " # Dgraph.Secret sesame \"sesame\"",
}

// filled is a report that has text wherever a report has text, and one of
// everything else.
func filled(t testing.TB, text string) *Report {
	t.Helper()
	texts := 0
	var fill func(reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			if v.Type() != reflect.TypeFor[Severity]() {
				v.SetString(text)
				texts++
			} else {
				v.SetString(string(Error))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem())
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0))
		case reflect.Int, reflect.Int64, reflect.Uint64:
			v.Set(reflect.ValueOf(1).Convert(v.Type()))
		case reflect.Bool:
			v.SetBool(true)
		default:
			t.Fatalf("a report has a %s", v.Type())
		}
	}
	r := &Report{}
	fill(reflect.ValueOf(r).Elem())
	if texts < 75 {
		t.Fatalf("only %d texts in a report", texts)
	}
	return r
}

// arranged are reports full of a text, in the arrangements that formats treat
// differently.
func arranged(t testing.TB, text string) []*Report {
	t.Helper()
	var all []*Report
	for i := range 5 {
		r := filled(t, text)
		f := &r.Findings[0]
		if i != 4 {
			r.Repairs = nil // with them, text is another one
		}
		r.Data.Asked, f.Evidence.Asked, f.Known = i != 1, i != 1, i == 3
		switch i {
		case 1:
			f.Severity, r.Notes[0].Kind = Warning, "not-checked"
		case 2:
			// As it mostly is: what a file holds is nasty, its name is not.
			for _, at := range []*Location{&f.Location, &f.Previous, &f.Fixes[0].Edits[0].At} {
				at.File, at.Ref = "new.graphql", ""
			}
			f.Severity, f.Addition, r.Notes[0].Kind = Info, false, "warning"
		case 3:
			f.Consequence, f.Coordinate, f.Location, r.Rules = "", "", Location{}, nil
		}
		all = append(all, r)
	}
	return all
}

// readers read what a format writes as those do whom it is for, and tell what
// they would be tricked into. A format that is not here is still looked at for
// what steers terminals and CI systems, and for keys.
var readers = map[string]func(t *testing.T, name, text string, r *Report){
	"json":     readJSON,
	"markdown": readMarkdown,
	"sarif":    readSARIF,
	"github":   readGitHub,
	"gitlab":   readGitLab,
	"junit":    readJUnit,
}

// TestHostile writes reports full of nasty texts in all formats.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, f := range Formats {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for _, nasty := range nasties {
				for i, r := range arranged(t, nasty) {
					opt := []Options{{}, {Verbose: true, Verdict: nasty, FailOn: Never}}[i%2]
					name := fmt.Sprintf("%.60q in arrangement %d", nasty, i)
					text := render(t, r, f.Name, opt)
					if strings.Contains(text, "sesame") {
						t.Errorf("%s: prints a key:\n%s", name, text)
					}
					read := readers[f.Name]
					switch {
					case read == nil: // in a page, the tabs of a schema may be tabs
						checkSafe(t, name, strings.ReplaceAll(text, "\t", " "))
					case f.Name != "github": // its reader knows its commands
						checkSafe(t, name, text)
					}
					if read != nil {
						read(t, name, text, r)
					}
					if t.Failed() {
						t.Fatalf("written:\n%.6000s", text)
					}
				}
			}
		})
	}
}

func readJSON(t *testing.T, name, text string, r *Report) {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// command is a workflow command, as the runner of GitHub Actions reads it: a
// line that begins with :: after blanks, a name, properties with commas between,
// :: and the message.
type command struct {
	name, message string
	properties    map[string]string
}

// commandIn reads a line of a log.
func commandIn(line string) (command, bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t\v\f\r\n"), "::")
	head, message, closed := strings.Cut(rest, "::")
	if !ok || !closed {
		return command{}, false
	}
	name, list, _ := strings.Cut(head, " ")
	c := command{name: name, properties: map[string]string{}}
	if !slices.Contains(strings.Fields("error warning notice debug group endgroup add-mask stop-commands echo set-output save-state set-env add-path add-matcher remove-matcher"), name) {
		return c, false
	}
	for pair := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		if key, value, ok := strings.Cut(pair, "="); ok && value != "" {
			c.properties[key] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(value)
		}
	}
	c.message = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(message)
	return c, true
}

func readGitHub(t *testing.T, name, text string, r *Report) {
	t.Helper()
	checkSafe(t, name, strings.ReplaceAll(text, "::", ""))
	if strings.Contains(text, "##[") || strings.Contains(text, "##vso[") {
		t.Errorf("%s: a command in the old form", name)
	}
	issued, said := 0, 0
	for line := range strings.Lines(text) {
		c, ok := commandIn(line)
		if !ok {
			said++
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("%s: what looks like a command is none: %q", name, line)
			}
			continue
		}
		issued++
		if c.name != "error" && c.name != "warning" && c.name != "notice" {
			t.Errorf("%s: the command %s", name, c.name)
		}
		for key := range c.properties {
			if !slices.Contains([]string{"file", "line", "endLine", "col", "title"}, key) {
				t.Errorf("%s: the property %s", name, key)
			}
		}
		if file, ok := c.properties["file"]; ok && file != r.Findings[0].Location.File && file != r.Notes[0].Location.File {
			t.Errorf("%s: the file %q", name, file)
		}
		if c.message == "" || strings.ContainsAny(c.message+c.properties["title"], "\r\x1b") {
			t.Errorf("%s: the message %q", name, c.message)
		}
	}
	notes := 0
	if r.Notes[0].Kind == "not-checked" || r.Notes[0].Kind == "warning" {
		notes = 1
	}
	if want := 1 + notes; issued != want && !(issued == notes && r.Findings[0].Message == "") || said != 3 {
		t.Errorf("%s: %d commands and %d lines, want %d and 3", name, issued, said, want)
	}
}

func readGitLab(t *testing.T, name, text string, r *Report) {
	t.Helper()
	var all []struct {
		Description string `json:"description"`
		Check       string `json:"check_name"`
		Fingerprint string `json:"fingerprint"`
		Severity    string `json:"severity"`
		Location    struct {
			Path  string                `json:"path"`
			Lines struct{ Begin int64 } `json:"lines"`
		} `json:"location"`
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != len(r.Findings) {
		t.Fatalf("%s: %d entries, %v", name, len(all), err)
	}
	for _, one := range all {
		p := one.Location.Path
		if p == "" || strings.HasPrefix(p, "./") || path.Clean(p) != p || one.Location.Lines.Begin < 1 {
			t.Errorf("%s: placed at %q, line %d", name, p, one.Location.Lines.Begin)
		}
		if !slices.Contains(strings.Fields("info minor major critical blocker"), one.Severity) || strings.ContainsAny(one.Description, "\n\r\x1b\x00") {
			t.Errorf("%s: %s %q", name, one.Severity, one.Description)
		}
	}
}

func readJUnit(t *testing.T, name, text string, r *Report) {
	t.Helper()
	var shape []string
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			shape = append(shape, token.Name.Local)
			for _, a := range token.Attr {
				if strings.ContainsAny(a.Value, "\n\r\x1b") {
					t.Errorf("%s: the attribute %s is %q", name, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			if bytes.Contains(token, []byte("[[ATTACHMENT|")) {
				t.Errorf("%s: a file to attach: %s", name, token)
			}
		case xml.Comment, xml.Directive:
			t.Errorf("%s: %v", name, token)
		}
	}
	var suites wireSuites
	if err := xml.Unmarshal([]byte(text), &suites); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want := []string{"testsuites", "testsuite"}
	for _, c := range suites.Suite.Cases {
		want = append(want, "testcase")
		for of, there := range map[string]bool{"failure": c.Failure != nil, "error": c.Error != nil, "skipped": c.Skipped != nil, "system-out": c.Out != nil} {
			if there {
				want = append(want, of)
			}
		}
	}
	if n := suites.Tests; n != len(suites.Suite.Cases) || n < len(r.Findings)+len(r.Suppressed) || n > len(r.Findings)+len(r.Suppressed)+1 {
		t.Errorf("%s: %d tests", name, n)
	}
	if d := cmp.Diff(append(want, "system-out"), shape); d != "" {
		t.Errorf("%s: elements (-want +got):\n%s", name, d)
	}
}

// sarifSchema is the published one; nil where it is not at hand.
func sarifSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	const at = "../../../../shared/data/sarif-schema-2.1.0.json"
	if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func readSARIF(t *testing.T, name, text string, r *Report) {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	run := log.Runs[0]
	if len(run.Results) != len(r.Findings)+len(r.Suppressed) {
		t.Errorf("%s: %d results", name, len(run.Results))
	}
	for _, one := range run.Results {
		if at := one.RuleIndex; at >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[at].ID != one.RuleID {
			t.Errorf("%s: the result of %q has the rule %d", name, one.RuleID, at)
		}
		if one.Level != "error" && one.Level != "warning" && one.Level != "note" {
			t.Errorf("%s: level %q", name, one.Level)
		}
		for _, l := range slices.Concat(one.Locations, one.Related) {
			if l.Physical == nil {
				continue
			}
			u, err := url.Parse(l.Physical.Artifact.URI)
			if err != nil || u.Scheme != "" && u.Scheme != "file" || u.Host != "" || u.RawQuery != "" || u.Fragment != "" || u.Path == "" {
				t.Errorf("%s: the URI %q (%v)", name, l.Physical.Artifact.URI, err)
			}
		}
		for _, x := range one.Fixes {
			for _, c := range x.Changes {
				for _, e := range c.Replacements {
					if want := r.Findings[0].Fixes[0].Edits[0].New; e.Inserted.Text != strings.ToValidUTF8(want, "\ufffd") && utf8.ValidString(want) {
						t.Errorf("%s: the fix writes %q for %q", name, e.Inserted.Text, want)
					}
				}
			}
		}
	}
	// What is for people is harmless once it is decoded, too.
	var visit func(reflect.Value)
	visit = func(v reflect.Value) {
		if text, ok := v.Interface().(sarifText); ok {
			checkSafe(t, name, text.Text)
			if strings.Contains(text.Text, "](") {
				t.Errorf("%s: a link in %q", name, text.Text)
			}
			list, _ := markup(t, text.Markdown)
			for _, e := range list {
				if !slices.Contains(strings.Fields("<html <head <body <h2 <p <pre <code <ol <li"), strings.Fields(e)[0]) {
					t.Errorf("%s: the element %s in %q", name, e, text.Markdown)
				}
			}
			return
		}
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				visit(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i))
			}
		case reflect.Pointer:
			if !v.IsNil() {
				visit(v.Elem())
			}
		}
	}
	visit(reflect.ValueOf(run))
}

// TestSARIFKeepsItsSchema holds reports to the schema that OASIS has published.
func TestSARIFKeepsItsSchema(t *testing.T) {
	t.Parallel()
	schema := sarifSchema(t)
	if schema == nil {
		t.Skip("the JSON Schema of SARIF is not here")
	}
	check := func(name, text string) {
		if err := schema.Validate(decode(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range samples() {
		for _, opt := range []Options{{}, {Verbose: true, Verdict: "exit 3: not finished"}} {
			check(s.name, render(t, s.report, "sarif", opt))
		}
	}
	check("zero", render(t, &Report{}, "sarif", Options{}))
	for _, nasty := range nasties {
		for _, r := range arranged(t, nasty) {
			check(fmt.Sprintf("%.60q", nasty), render(t, r, "sarif", Options{Verdict: nasty}))
		}
	}
	text := render(t, shapes(), "sarif", Options{})
	for from, to := range map[string]string{`"startLine": 3`: `"startLine": 0`, `"level": "note"`: `"level": "info"`, `"columnKind": "unicodeCodePoints"`: `"columnKind": "bytes"`} {
		broken := strings.Replace(text, from, to, 1)
		if broken == text || schema.Validate(decode(t, broken)) == nil {
			t.Errorf("the schema accepts %s", to)
		}
	}
}

// gfm renders as GitHub does, with what users can switch on there, and with raw
// HTML, so that none is overlooked.
var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList), goldmark.WithRendererOptions(renderer.WithUnsafe()))

// markup are those of the page that Markdown makes, with their attributes, but
// for code in lines, of which prose makes as much as it needs.
func markup(t testing.TB, markdown string) (list []string, root *html.Node) {
	t.Helper()
	var page bytes.Buffer
	if err := gfm.Convert([]byte(markdown), &page); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(&page)
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			list = append(list, "<!-- -->")
		case n.Type != html.ElementNode, n.Data == "code" && n.Attr == nil && n.Parent.Data != "pre":
		default:
			list = append(list, fmt.Sprint("<", n.Data, " ", n.Attr, ">"))
		}
	}
	return list, root
}

// active is what GitHub finds in text after Markdown has become HTML, outside
// code: mentions, references, commits, links, emoji, formulas.
var active = regexp.MustCompile(`[@#$]|:[A-Za-z0-9_+-]+:|(?i:(?:https?:|www\.|ftp:|mailto:)\S)|\b[A-Za-z]+-\d|\b[0-9a-fA-F]{7,}\b|[<>\[\]|*_~\\{}&]`)

func readMarkdown(t *testing.T, name, text string, r *Report) {
	t.Helper()
	got, root := markup(t, text)
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "code" && n.Parent.Data != "pre" {
			if bad := active.FindString(n.Data); bad != "" {
				t.Errorf("%s: GitHub acts on %q in %q", name, bad, n.Data)
			}
		}
	}
	if strings.Contains(text, "<!--") {
		t.Errorf("%s: the text of a comment", name)
	}
	allowed := strings.Fields("html head body h3 h4 p strong b details summary ul li pre code")
	for _, e := range got {
		tag, attributes, _ := strings.Cut(strings.Trim(e, "<>"), " ")
		if !slices.Contains(allowed, tag) || attributes != "[]" && !strings.Contains(attributes, "language-diff") && !(tag == "h3" || tag == "h4") {
			t.Errorf("%s: the element %s", name, e)
		}
	}
	if r != nil && len(text) > maxComment-markerRoom {
		t.Errorf("%s: %d bytes", name, len(text))
	}
}

// TestMarkdownHasTheShapeOfItsReport: the page of a nasty report has exactly the
// elements of one of words.
func TestMarkdownHasTheShapeOfItsReport(t *testing.T) {
	t.Parallel()
	for _, nasty := range nasties {
		sameShape(t, nasty)
	}
}

// sameShape compares the pages of reports with a text and with a word of its
// length.
func sameShape(t *testing.T, nasty string) {
	t.Helper()
	shown := Escape(nasty)
	if strings.TrimSpace(shown) == "" {
		return // nothing is told of what is empty
	}
	harmless := strings.Repeat("w", utf8.RuneCountInString(shown))
	for i, r := range arranged(t, nasty) {
		opt := []Options{{}, {Verbose: true}, {}, {Quiet: true}, {}}[i]
		want, _ := markup(t, render(t, arranged(t, harmless)[i], "markdown", opt))
		text := render(t, r, "markdown", opt)
		got, _ := markup(t, text)
		if !slices.Equal(want, got) && len(text) < 40_000 { // longer ones lose details where others do not
			t.Errorf("%.200q in arrangement %d: elements (-harmless +nasty):\n%s\n%.5000s", nasty, i, cmp.Diff(want, got), text)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, nasty := range nasties {
		if len(nasty) < 1000 {
			f.Add(nasty)
		}
	}
	page := func(text string) string {
		return markdownProse(text) + "\n\n**" + markdownProse(text) + "**\n\n- **" + codeSpan(Escape(text)) + "** " + markdownProse(text) + "\n- " + codeSpan(Escape(text)) + "\n\n" +
			fenced("diff", text) + "\n<details><summary><b>" + htmlCode(Escape(text)) + "</b> " + htmlProse(text) + "</summary>\n\n- **x:** " + markdownProse(text) + "\n\n</details>\n"
	}
	want, _ := markup(f, page("word"))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 || strings.TrimSpace(Escape(text)) == "" {
			return
		}
		got := page(text)
		readMarkdown(t, "fuzz", got, nil)
		if list, _ := markup(t, got); !slices.Equal(want, list) {
			t.Errorf("%q makes the elements %v, want %v, of\n%s", text, list, want, got)
		}
	})
}

// TestFormatsLeaveTheReportAlone: one report is written in several formats.
func TestFormatsLeaveTheReportAlone(t *testing.T) {
	t.Parallel()
	const key = "# Dgraph.Secret a \"b\""
	for _, f := range Formats {
		r := filled(t, key)
		render(t, r, f.Name, Options{Verbose: true})
		if d := cmp.Diff(filled(t, key), r); d != "" {
			t.Errorf("%s changes what it writes:\n%s", f.Name, d)
		}
	}
}

// TestReadersAreOfFormats: a reader of a format that is gone reads nothing.
func TestReadersAreOfFormats(t *testing.T) {
	t.Parallel()
	for name := range maps.Keys(readers) {
		if _, ok := FormatNamed(name); !ok {
			t.Errorf("there is no format %s", name)
		}
	}
}
