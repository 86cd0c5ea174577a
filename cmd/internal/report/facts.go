package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fact is one thing that is told of a finding. Its text is as the report has
// it: whoever writes it escapes it.
type fact struct{ label, text string }

// facts are what is told of a finding beside its consequence.
// operations are those that the run looked at, or -1 where that is not known.
func facts(f *Finding, asked bool, operations int, verbose bool) []fact {
	var all []fact
	add := func(label, text string) {
		if text != "" {
			all = append(all, fact{label, text})
		}
	}
	if f.Consequence != "" {
		add("change", f.Message)
	}
	add("because", strings.Join(f.Reasons, "; "))
	if asked {
		add("data", told(f.Evidence))
	}
	add("used", used(f.Usage, f.Severity, operations))
	if f.Previous != (Location{}) {
		add("was", place(f.Previous))
	}
	add("also", some(f.Affects, verbose))
	add("api", some(each(f.API, func(c APIChange) string { return c.Coordinate + " " + c.Change }), verbose))
	if verbose {
		add("stored", some(f.Predicates, verbose))
		add("impact", fmt.Sprintf("api %s, storage %s, data %s", orNone(f.Impact.API), orNone(f.Impact.Storage), orNone(f.Impact.Data)))
		add("asked", f.Evidence.Question)
		if f.Acceptable {
			add("accept", "schemacheck accept "+f.Fingerprint[:min(len(f.Fingerprint), shortPrint)]+" --reason WHY")
		}
	}
	return all
}

// some names the first of a list, all of them for who wants details.
func some(names []string, verbose bool) string {
	if len(names) <= maxNamed || verbose {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:maxNamed], ", ") + " and " + strconv.Itoa(len(names)-maxNamed) + " more"
}

// essence is the one sentence on a finding.
func essence(f *Finding) string { return cmp.Or(f.Consequence, f.Message) }

// wayOut is a fix in words.
func wayOut(x Fix) string { return x.Title + " (" + x.ID + ", " + x.Kind + ", " + x.Risk + ")" }

// account is all that is told of a finding, escaped, a line for each fact.
func account(f *Finding, r *Report, verbose bool) string {
	var b strings.Builder
	b.WriteString(Escape(essence(f)))
	for _, x := range facts(f, r.Data.Asked, r.operations(), verbose) {
		b.WriteString("\n" + x.label + ": " + Escape(x.text))
	}
	for _, x := range f.Fixes {
		b.WriteString("\nfix: " + Escape(wayOut(x)))
	}
	return b.String()
}

// heading names a finding in one line, escaped.
func heading(f *Finding) string {
	return Escape(strings.Join(slices.DeleteFunc([]string{f.Rule, about(f), tags(f)}, func(s string) bool { return s == "" }), " "))
}

// operations is how many operations the run looked at, or -1 where it did not.
func (r *Report) operations() int {
	if r.Operations == nil {
		return -1
	}
	return r.Operations.Total
}

// tally is how many findings there are, in words.
func tally(s Summary) string {
	text := plural(s.Error, "error") + ", " + plural(s.Warning, "warning") + ", " + strconv.Itoa(s.Info) + " info"
	if s.Known > 0 {
		text += ", " + strconv.Itoa(s.Known) + " known"
	}
	if s.Suppressed > 0 {
		text += ", " + strconv.Itoa(s.Suppressed) + " suppressed"
	}
	return text
}

// shown are the findings that a platform is told of, but for the known ones:
// what is only new when it is wanted alone.
func (r *Report) shown(additions bool) []*Finding {
	shown := make([]*Finding, 0, len(r.Findings))
	for i := range r.Findings {
		if f := &r.Findings[i]; !f.Known && (!f.Addition || f.Severity != Info || additions) {
			shown = append(shown, f)
		}
	}
	return shown
}

// known are the findings that the baseline of the run has already.
func (r *Report) known() []*Finding {
	var known []*Finding
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Known {
			known = append(known, f)
		}
	}
	return known
}

// worst sorts findings by severity, the gravest first, and leaves their order
// otherwise.
func worst(findings []*Finding) []*Finding {
	slices.SortStableFunc(findings, func(a, b *Finding) int { return cmp.Compare(b.Severity.rank(), a.Severity.rank()) })
	return findings
}

// inTree reports whether a place is in a file of the working tree, where
// platforms can show it: not in another commit, on standard input, or in a
// Dgraph.
func inTree(l Location) bool {
	return l.File != "" && l.Ref == "" && l.File != "-" && l.File != "<stdin>" && !strings.HasPrefix(l.File, "git:") && !strings.Contains(l.File, "://")
}

// pathOf is the path in the repository for a place, of whichever commit, or
// empty.
func pathOf(l Location) string {
	if inTree(l) || l.Ref != "" {
		return l.File
	}
	return ""
}

// File is the path of the schema in the tree that it is from, or empty where it is in none.
func (s Source) File() string {
	name, _ := strings.CutPrefix(s.Source, "git:"+s.Ref+":")
	return pathOf(Location{File: name, Ref: s.Ref})
}

// untilLine is the last line that a place covers: ends are exclusive.
func untilLine(l Location) int {
	if l.EndLine > l.Line && l.EndColumn == 1 {
		return l.EndLine - 1
	}
	return max(l.EndLine, l.Line)
}

// short cuts text after so many code points.
func short(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
