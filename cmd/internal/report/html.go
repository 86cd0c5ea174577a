package report

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
)

// The format html is one file that needs nothing else: no network, no server,
// and for its content no JavaScript. A policy in it allows the one style sheet
// and the one script that it brings, by their hashes, and nothing besides. All
// texts of a report go through Escape on their way into the views below, and
// through html/template from there into the page.

//go:embed html
var htmlFiles embed.FS

// htmlAssets are what every page has in common.
type htmlAssets struct {
	page   *template.Template
	style  template.CSS
	script template.JS
	policy string
}

var htmlPage = sync.OnceValues(func() (*htmlAssets, error) {
	page, err := template.New("page.html").Funcs(template.FuncMap{"icon": icon}).ParseFS(htmlFiles, "html/*.html")
	if err != nil {
		return nil, err
	}
	style, err := htmlFiles.ReadFile("html/page.css")
	if err != nil {
		return nil, err
	}
	script, err := htmlFiles.ReadFile("html/page.js")
	if err != nil {
		return nil, err
	}
	return &htmlAssets{
		page, template.CSS(style), template.JS(script),
		fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'; "+
			"require-trusted-types-for 'script'; trusted-types 'none'", hashOf(style), hashOf(script)),
	}, nil
})

// hashOf is the hash of a style sheet or a script as policies have it.
func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// htmlLimits are how much a page shows, so that browsers can open it. Details
// go first, then findings.
type htmlLimits struct {
	detailed int // findings with everything that is known of them, the gravest first
	listed   int // findings at all
	names    int // names in one list
	patch    int // lines of one patch
	rows     int // lines of schemas that changed, or have a finding, or stand next to such a line
	folded   int // lines of schemas that did not change
	boxes    int // types on the map
	line     int // code points of one line, or of one sentence
}

var htmlMost = htmlLimits{detailed: 500, listed: 4000, names: 60, patch: 300, rows: 25_000, folded: 50_000, boxes: 240, line: 2000}

// htmlView is what the template shows.
type htmlView struct {
	Style  template.CSS
	Script template.JS
	Policy string

	Tool, Title, Headline string
	Failing               bool
	Code, Verdict         string
	Counts                []countView
	Sources               []sourceView
	Data                  dataView
	Operations            string       // what becomes of them; empty where none were looked at
	Repairs               *repairsView // nil where nothing is mended
	Map                   *mapView     // nil when no types are known
	Facts                 []factView
	FactsLeftOut          int
	Findings              findingsView
	Schemas               *schemasView // nil when no texts are at hand
	Suppressed            []suppressedView
	SuppressedLeftOut     int
	Notes                 []noteView
	NotesLeftOut          int
}

type countView struct {
	N           int
	Name, Title string
	Severity    Severity
}

type sourceView struct{ Label, Name, Ref, Fingerprint string }

// dataView says how far the stored data was asked, and what it said.
type dataView struct {
	Asked, Complete  bool
	Sentence, Detail string
	Parts            []shareView
}

// shareView is one part of a bar, in percent.
type shareView struct {
	Class, Name string
	N           int
	X, Width    float64
}

type suppressedView struct {
	Rule, About, Reason, Place string
	Severity                   Severity
}

type noteView struct{ Label, Message, Place string }

// writeHTML writes the page. It shows additions and details whatever Verbose
// says: readers fold and filter them.
func writeHTML(w io.Writer, r *Report, opt Options) error {
	return writePage(w, r, opt, htmlMost)
}

func writePage(w io.Writer, r *Report, opt Options, most htmlLimits) error {
	assets, err := htmlPage()
	if err != nil {
		return err
	}
	view := htmlOf(r, opt, most)
	view.Style, view.Script, view.Policy = assets.style, assets.script, assets.policy
	return assets.page.Execute(w, view)
}

func htmlOf(r *Report, opt Options, most htmlLimits) *htmlView {
	s := r.Summary
	v := &htmlView{
		Tool:     Escape(r.Tool.Name + " " + r.Tool.Version),
		Headline: headline(s, len(r.Findings)),
		Failing:  opt.Verdict != "" || r.Failing(cmp.Or(opt.FailOn, Error)) > 0,
		Counts: []countView{
			{s.Error, pick(s.Error, "error", "errors"), "", Error},
			{s.Warning, pick(s.Warning, "warning", "warnings"), "", Warning},
			{s.Info, "info", "for information, such as additions", Info},
			{s.OneWay, "one-way", "findings without a way back", ""},
			{s.Fixable, "fixable", "findings with at least one fix", ""},
			{s.Suppressed, "suppressed", "findings that somebody decided to live with: they count nowhere else", ""},
		},
		Data:       dataOf(r),
		Operations: Escape(fared(r)),
	}
	if s.Known > 0 {
		v.Counts = append(v.Counts, countView{s.Known, "known", "findings that the baseline has already: they count nowhere else", ""})
	}
	verdict := cmp.Or(opt.Verdict, decided(r, cmp.Or(opt.FailOn, Error)))
	v.Code, v.Verdict, _ = strings.Cut(Escape(verdict), ": ")
	for _, side := range []struct {
		label  string
		source Source
	}{{"Old schema", r.Before}, {"New schema", r.After}} {
		if side.source != (Source{}) {
			short, _ := cut(strings.TrimPrefix(side.source.Fingerprint, "sha256:"), 12)
			v.Sources = append(v.Sources, sourceView{side.label, Escape(side.source.Source), Escape(side.source.Ref), Escape(short)})
		}
	}
	v.Title = v.Headline
	if len(v.Sources) > 0 {
		v.Title += ": " + v.Sources[len(v.Sources)-1].Name
	}

	book := newHTMLBook(r, most)
	v.Repairs = book.repairs(r.Repairs)
	v.Schemas = book.schemas(r)
	v.Map = book.typeMap(r)
	v.Findings = book.findings()
	v.Facts, v.FactsLeftOut = book.facts()
	kept := r.Suppressed[:min(len(r.Suppressed), most.listed)]
	v.SuppressedLeftOut = len(r.Suppressed) - len(kept)
	for i := range kept {
		f := &kept[i].Finding
		v.Suppressed = append(v.Suppressed, suppressedView{
			Escape(f.Rule), book.prose(about(f)), book.prose(kept[i].Reason), Escape(place(f.Location)), shownAs(f.Severity),
		})
	}
	notes := r.Notes[:min(len(r.Notes), most.listed)]
	v.NotesLeftOut = len(r.Notes) - len(notes)
	for _, n := range notes {
		one := noteView{Label: "note", Message: book.prose(n.Message)}
		switch n.Kind {
		case "not-checked":
			one.Label = "not checked"
		case "warning":
			one.Label = "warning"
		}
		if n.Location != (Location{}) {
			one.Place = Escape(place(n.Location))
		}
		v.Notes = append(v.Notes, one)
	}
	return v
}

// headline is the outcome in a few words.
func headline(s Summary, findings int) string {
	if findings == 0 {
		return "No findings"
	}
	var parts []string
	for _, c := range []struct {
		n    int
		noun string
	}{{s.Error, "error"}, {s.Warning, "warning"}} {
		if c.n > 0 {
			parts = append(parts, plural(c.n, c.noun))
		}
	}
	if s.Info > 0 {
		parts = append(parts, fmt.Sprintf("%d info", s.Info))
	}
	if len(parts) == 0 {
		return "No new findings"
	}
	return strings.Join(parts, ", ")
}

// dataOf counts what the data said about the findings. What was not asked is
// told as such, and never as a good answer.
func dataOf(r *Report) dataView {
	d := r.Data
	v := dataView{Asked: d.Asked, Complete: d.Asked && d.Complete}
	switch {
	case !d.Asked:
		v.Sentence = "The stored data was not asked"
		v.Detail = "Nothing below says how many nodes are concerned; with --alpha the live Dgraph is asked."
	case d.Complete:
		v.Sentence = "The stored data was asked, completely"
	default:
		v.Sentence = "The stored data was asked, but not completely"
	}
	if d.Asked {
		v.Detail = fmt.Sprintf("%s, %s, read timestamps %d to %d", Escape(d.Alpha), duration(d.Duration), d.ReadTs.From, d.ReadTs.To)
	}
	counts := []shareView{
		{Class: "affected", Name: "affected"}, {Class: "clean", Name: "nothing affected"},
		{Class: "part", Name: "asked in part, nothing affected so far"}, {Class: "unasked", Name: "not asked"},
	}
	total := 0
	for i := range r.Findings {
		if at := answered(r.Findings[i].Evidence); at >= 0 {
			counts[at].N++
			total++
		}
	}
	x := 0.0
	for _, c := range counts {
		if c.N > 0 {
			c.X, c.Width = x, 100*float64(c.N)/float64(total)
			x += c.Width
			v.Parts = append(v.Parts, c)
		}
	}
	return v
}

// The answers that data can give about a finding, and none.
const (
	answerNone = iota - 1
	answerAffected
	answerClean
	answerPart
	answerUnasked
)

// answered sorts evidence into one of the answers.
func answered(e Evidence) int {
	switch {
	case e.Violations > 0:
		return answerAffected
	case !e.Asked && e.Reason == "":
		return answerNone
	case !e.Asked:
		return answerUnasked
	case !e.Complete:
		return answerPart
	}
	return answerClean
}

// icon marks a severity for eyes that do not tell colours apart.
func icon(s Severity) string {
	switch s {
	case Error:
		return "✕"
	case Warning:
		return "▲"
	}
	return "●"
}

// shownAs is one of the three severities, so that it can be a class: what is
// none of them is information.
func shownAs(s Severity) Severity {
	if s == Error || s == Warning {
		return s
	}
	return Info
}

// cut keeps the first n code points of text, and says how many it left out.
func cut(text string, n int) (string, int) {
	if len(text) <= n {
		return text, 0
	}
	seen := 0
	for i := range text {
		if seen == n {
			return text[:i], len([]rune(text[i:]))
		}
		seen++
	}
	return text, 0
}

// sourceText is a line of a schema or a patch for a page: escaped, but for tabs,
// and cut when nobody could read it.
func sourceText(line string, most int) string {
	line, left := cut(Redact(line), most)
	var b strings.Builder
	for _, c := range cells(line) {
		if c.text == `\t` {
			c.text = "\t"
		}
		b.WriteString(c.text)
	}
	if left > 0 {
		fmt.Fprintf(&b, " … and %d more characters", left)
	}
	return b.String()
}
