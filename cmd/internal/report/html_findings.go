package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// findingsView is the list of findings, in groups by type.
type findingsView struct {
	Groups []*groupView
	Rules  []ruleView
	// Total are all findings of the report, Short those that are shown without
	// their details, and LeftOut those that are not shown. Known are those that
	// the baseline has.
	Total, Short, LeftOut, Known int
}

type ruleView struct {
	Name string
	N    int
}

// groupView has the findings on one type, the gravest first, and those that are
// known last. Counts leaves out what is known.
type groupView struct {
	ID, Name string
	Counts   []countView
	Cards    []*cardView
}

type cardView struct {
	ID                   string
	Severity             Severity
	Known                bool
	Rule, About          string
	Tags                 []string
	Consequence, Message string
	Places               []placeView
	Details              *detailView // nil where they are left out
}

type placeView struct {
	Label, Text, Remark string
	Href                string // of the line, or empty where it is not shown
}

type detailView struct {
	Source   []sourceLine
	Because  string
	Used     string
	Data     *barView // nil where nothing was to be asked
	Impact   []string
	Lists    []listView
	Question string
	Fixes    []fixView
	Explain  string
}

// sourceLine is a line of a schema or of a patch. What differs in it stands
// between A and Z.
type sourceLine struct {
	N       int    // 0 in a patch
	Class   string // "old", "new", "head" or empty
	A, M, Z string
}

type listView struct {
	Name    string
	N       int
	Items   []string
	LeftOut int
}

// barView is what the data said about one finding.
type barView struct {
	Class   string // "affected", "clean", "part" or "unasked"
	Text    string
	Drawn   bool // there is a share to draw, or the good news that it is none
	Percent float64
}

type fixView struct {
	ID, Kind, Title string
	Risk            string
	Class           string // "safe", "destructive", or empty for all others
	Patch           []sourceLine
	// Whole says that the patch is shown as it is, so that it can be copied.
	Whole  bool
	Choose string // the flag that takes this fix, or empty
	Chosen bool   // this run takes it
}

type factView struct {
	Href, About string
	Severity    Severity
	Bar         *barView
}

// htmlBook knows where everything of a report is on its page.
type htmlBook struct {
	most    htmlLimits
	compare bool       // there are two schemas
	asked   bool       // the data was asked
	listed  []*Finding // the findings that are shown, the gravest first, known ones last
	total   int        // all findings
	// operations are those that the run looked at, or -1.
	operations int
	renamed    map[string]string // old names of types to new ones
	former     map[string]string // and the other way round
	// find is the line of a place, and false where it is in no schema at hand.
	find  func(l Location, old bool) (lineKey, bool)
	lines map[lineKey]*markedLine
	types map[string]string // IDs of the groups, by the name of the type
	// chosen are the IDs of the fixes that are taken, by the anchors of their findings.
	chosen map[string]string
}

func newHTMLBook(r *Report, most htmlLimits) *htmlBook {
	b := &htmlBook{
		most: most, compare: r.Before != (Source{}), asked: r.Data.Asked, total: len(r.Findings), operations: r.operations(),
		renamed: map[string]string{}, former: map[string]string{}, lines: map[lineKey]*markedLine{}, types: map[string]string{},
		chosen: map[string]string{},
	}
	all := make([]*Finding, len(r.Findings))
	for i := range r.Findings {
		f := &r.Findings[i]
		all[i] = f
		if f.To != "" && typeOf(f.Coordinate) == f.Coordinate && typeOf(f.To) == f.To {
			b.renamed[f.Coordinate], b.former[f.To] = f.To, f.Coordinate
		}
	}
	slices.SortStableFunc(all, func(x, y *Finding) int {
		switch {
		case x.Known && !y.Known:
			return 1
		case y.Known && !x.Known:
			return -1
		}
		return cmp.Compare(shownAs(y.Severity).rank(), shownAs(x.Severity).rank())
	})
	b.listed = all[:min(len(all), most.listed)]
	for _, f := range b.listed {
		if name := b.typeNow(f); b.types[name] == "" {
			b.types[name] = fmt.Sprintf("t-%d", len(b.types)+1)
		}
	}
	return b
}

// typeOf is the type that a coordinate is about, and empty for one of the whole
// schema.
func typeOf(coordinate string) string {
	name, _, _ := strings.Cut(coordinate, ".")
	name, _, _ = strings.Cut(name, "(")
	return name
}

// typeNow is the type that a finding is about, under its new name.
func (b *htmlBook) typeNow(f *Finding) string {
	name := typeOf(f.Coordinate)
	return cmp.Or(b.renamed[name], name)
}

// anchor is the ID of a finding on the page: the same one in every report.
func anchor(f *Finding) string {
	return "f-" + Fingerprint(f.Rule, f.Coordinate, f.To, f.Subject)[:16]
}

// prose is one sentence for the page.
func (b *htmlBook) prose(text string) string {
	short, left := cut(Redact(text), b.most.line)
	if short = Escape(short); left > 0 {
		short += fmt.Sprintf(" … and %d more characters", left)
	}
	return short
}

func (b *htmlBook) findings() findingsView {
	v := findingsView{Total: b.total, LeftOut: b.total - len(b.listed), Short: max(0, len(b.listed)-b.most.detailed)}
	groups, rules := map[string]*groupView{}, map[string]int{}
	for i, f := range b.listed {
		name := b.typeNow(f)
		g := groups[name]
		if g == nil {
			g = &groupView{ID: b.types[name], Name: cmp.Or(b.prose(name), "The whole schema")}
			if old := b.former[name]; old != "" {
				g.Name = b.prose(old + " → " + name)
			}
			groups[name] = g
			v.Groups = append(v.Groups, g)
		}
		rule := b.prose(f.Rule)
		rules[rule]++
		card := &cardView{
			ID: anchor(f), Severity: shownAs(f.Severity), Known: f.Known, Rule: rule, About: b.prose(about(f)), Places: b.places(f),
			Consequence: b.prose(f.Consequence), Message: b.prose(f.Message),
		}
		if f.Known {
			card.Tags = append(card.Tags, "known")
			v.Known++
		}
		if f.Confidence != "" {
			card.Tags = append(card.Tags, b.prose(f.Confidence))
		}
		if !f.Reversible && f.Severity != Info {
			card.Tags = append(card.Tags, "one-way")
		}
		if i < b.most.detailed {
			card.Details = b.details(f)
		}
		g.Cards = append(g.Cards, card)
	}
	for _, g := range v.Groups {
		g.Counts = countsOf(g.Cards)
	}
	for name, n := range rules {
		v.Rules = append(v.Rules, ruleView{name, n})
	}
	slices.SortFunc(v.Rules, func(x, y ruleView) int { return cmp.Compare(x.Name, y.Name) })
	return v
}

// countsOf counts cards by their severity, leaving out what is known, and what
// there is none of.
func countsOf(cards []*cardView) []countView {
	n := map[Severity]int{}
	for _, c := range cards {
		if !c.Known {
			n[c.Severity]++
		}
	}
	return counted(n)
}

func counted(n map[Severity]int) []countView {
	var counts []countView
	for _, s := range []Severity{Error, Warning, Info} {
		if n[s] > 0 {
			name := string(s)
			if s != Info {
				name = pick(n[s], name, name+"s")
			}
			counts = append(counts, countView{N: n[s], Name: name, Severity: s})
		}
	}
	return counts
}

// places are where a finding is, with links to the lines that are shown.
func (b *htmlBook) places(f *Finding) []placeView {
	remark := ""
	switch f.Location.Anchor {
	case "owner":
		remark = "what it was part of"
	case "neighbour":
		remark = "the definition before it"
	}
	var places []placeView
	if f.Location != (Location{Anchor: f.Location.Anchor}) {
		places = append(places, placeView{"at", Escape(place(f.Location)), remark, b.href(f.Location, false)})
	}
	if f.Previous != (Location{}) {
		places = append(places, placeView{"was", Escape(place(f.Previous)), "", b.href(f.Previous, true)})
	}
	return places
}

func (b *htmlBook) details(f *Finding) *detailView {
	d := &detailView{Source: b.excerpts(f), Because: b.prose(strings.Join(f.Reasons, "; ")), Data: b.bar(f.Evidence), Used: b.prose(used(f.Usage, f.Severity, b.operations))}
	for _, i := range [][2]string{{"API", f.Impact.API}, {"storage", f.Impact.Storage}, {"data", f.Impact.Data}} {
		if orNone(i[1]) != "none" {
			d.Impact = append(d.Impact, i[0]+" "+b.prose(i[1]))
		}
	}
	d.Lists = slices.DeleteFunc([]listView{
		b.list(pick(len(f.API), "API change", "API changes"), each(f.API, func(c APIChange) string { return c.Coordinate + " " + c.Change })),
		b.list("also concerned", f.Affects),
		b.list(pick(len(f.Predicates), "predicate", "predicates"), f.Predicates),
	}, func(l listView) bool { return l.N == 0 })
	d.Question = b.prose(f.Evidence.Question)
	for _, x := range f.Fixes {
		one := b.fix(&x)
		one.Patch, one.Whole = b.patch(x.Diff)
		if one.Chosen = b.chosen[anchor(f)] == x.ID; !one.Chosen {
			one.Choose = choosing(f, x)
		}
		d.Fixes = append(d.Fixes, *one)
	}
	if kebab.MatchString(f.Rule) {
		d.Explain = "schemacheck explain " + f.Rule
	}
	return d
}

// fix is a way out without its patch.
func (b *htmlBook) fix(x *Fix) *fixView {
	v := &fixView{ID: b.prose(x.ID), Kind: b.prose(x.Kind), Risk: b.prose(x.Risk), Title: b.prose(x.Title)}
	if x.Risk == "safe" || x.Risk == "destructive" {
		v.Class = x.Risk
	}
	return v
}

// What goes into commands that people copy: names, and nothing that a shell
// would read.
var (
	kebab    = regexp.MustCompile(`^[a-z0-9-]+$`)
	pathLike = regexp.MustCompile(`^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$`)
)

// choosing is the flag of fix that takes one fix. Where a name could mean
// something to a shell, there is none.
func choosing(f *Finding, x Fix) string {
	if !pathLike.MatchString(f.Coordinate) || !kebab.MatchString(x.ID) {
		return ""
	}
	return "--choose " + f.Coordinate + "=" + x.ID
}

func (b *htmlBook) list(name string, items []string) listView {
	v := listView{Name: name, N: len(items), LeftOut: max(0, len(items)-b.most.names)}
	for _, item := range items[:len(items)-v.LeftOut] {
		v.Items = append(v.Items, b.prose(item))
	}
	return v
}

// patch are the lines of a unified diff. It is whole where nothing had to be
// escaped or cut.
func (b *htmlBook) patch(diff string) (lines []sourceLine, whole bool) {
	whole = true
	for line := range strings.Lines(diff) {
		if len(lines) == b.most.patch {
			return append(lines, sourceLine{Class: "head", A: "…"}), false
		}
		line = strings.TrimSuffix(line, "\n")
		shown := sourceText(line, b.most.line)
		whole = whole && shown == line
		class := ""
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "@@"):
			class = "head"
		case strings.HasPrefix(line, "-"):
			class = "old"
		case strings.HasPrefix(line, "+"):
			class = "new"
		}
		lines = append(lines, sourceLine{Class: class, A: shown})
	}
	return lines, whole
}

// excerpts are the source lines of a finding: what was, and what is. What only
// says where something was removed from is left out.
func (b *htmlBook) excerpts(f *Finding) []sourceLine {
	class := ""
	inSchema := true
	if b.find != nil {
		_, inSchema = b.find(f.Location, false)
	}
	if b.compare && inSchema && (f.Location.Anchor == "self" || f.Location.Anchor == "") {
		class = "new" // an operation of an application is no line of the new schema
	}
	was := excerptLines(f.PreviousExcerpt, f.Previous, "old")
	if len(was) > 0 && class == "" {
		return was
	}
	now := excerptLines(f.Excerpt, f.Location, class)
	if len(was) == 1 && len(now) == 1 {
		was[0], now[0] = differing(was[0], now[0])
	}
	return append(was, now...)
}

// excerptLines are the first lines of a place, each cut around what it is about.
func excerptLines(lines []string, at Location, class string) []sourceLine {
	const columns = 200
	if lastLine(at, lines) == 0 {
		return nil
	}
	var out []sourceLine
	for i, text := range lines[:min(len(lines), maxExcerpt)] {
		text = strings.TrimRight(text, "\r\n")
		shown := Redact(text)
		from, to := 1, 2
		if len(lines) == 1 {
			if from, to = (excerpt{at: at}).span(text); shown != text {
				from, to = aroundKey(shown, from, to)
			}
		}
		source, _, _ := clip(shown, from, to, columns)
		out = append(out, sourceLine{N: at.Line + i, Class: class, A: source})
	}
	if len(lines) > maxExcerpt {
		out = append(out, sourceLine{Class: class, A: "…"})
	}
	return out
}

// differing marks the words in the middle that two versions of a line do not
// share, unless that is most of it.
func differing(old, new sourceLine) (sourceLine, sourceLine) {
	a, z := []rune(old.A), []rune(new.A)
	from := 0
	for from < min(len(a), len(z)) && a[from] == z[from] {
		from++
	}
	end := 0
	for end < min(len(a), len(z))-from && a[len(a)-1-end] == z[len(z)-1-end] {
		end++
	}
	for from > 0 && (inWord(a, from) || inWord(z, from)) {
		from--
	}
	for end > 0 && (inWord(a, len(a)-end) || inWord(z, len(z)-end)) {
		end--
	}
	blank := len(a) - len([]rune(strings.TrimLeft(old.A, " \t")))
	if from+end-blank < (max(len(a), len(z))-blank)/4 || from+end == len(a) && len(a) == len(z) {
		return old, new
	}
	old.A, old.M, old.Z = string(a[:from]), string(a[from:len(a)-end]), string(a[len(a)-end:])
	new.A, new.M, new.Z = string(z[:from]), string(z[from:len(z)-end]), string(z[len(z)-end:])
	return old, new
}

// inWord reports whether the place before the code point at i is inside a word.
func inWord(text []rune, i int) bool {
	letter := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return i > 0 && i < len(text) && letter(text[i-1]) && letter(text[i])
}

// bar is what the data said about a finding, and nil where there was nothing to
// ask.
func (b *htmlBook) bar(e Evidence) *barView {
	at := answered(e)
	if at == answerNone {
		return nil
	}
	v := &barView{Class: []string{"affected", "clean", "part", "unasked"}[at], Text: b.prose(told(e))}
	const least = 1.5 // percent that can be seen
	switch {
	case e.Total > 0 && e.Violations > 0:
		v.Drawn, v.Percent = true, max(least, min(100, 100*float64(e.Violations)/float64(e.Total)))
	case at == answerClean, at == answerPart:
		v.Drawn = true
	}
	return v
}

// facts are the answers of the data, what concerns most nodes first. Where it
// was not asked at all there are none.
func (b *htmlBook) facts() (facts []factView, left int) {
	if !b.asked {
		return nil, 0
	}
	var told []*Finding
	for _, f := range b.listed {
		if answered(f.Evidence) != answerNone {
			told = append(told, f)
		}
	}
	slices.SortStableFunc(told, func(x, y *Finding) int {
		return cmp.Or(cmp.Compare(answered(x.Evidence), answered(y.Evidence)), cmp.Compare(y.Evidence.Violations, x.Evidence.Violations))
	})
	left = max(0, len(told)-b.most.names)
	for _, f := range told[:len(told)-left] {
		e := f.Evidence
		e.Samples, e.Remarks = nil, nil
		facts = append(facts, factView{"#" + anchor(f), b.prose(about(f)), shownAs(f.Severity), b.bar(e)})
	}
	return facts, left
}
