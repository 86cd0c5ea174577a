package report

import (
	"cmp"
	"encoding/xml"
	"io"
	"strings"
)

// The wire structs of a JUnit report, as Jenkins and GitLab read it. (The
// libraries with such a model leave out the attribute file, by which GitLab
// leads to the line.)
type (
	wireSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		wireTally
		Suite wireSuite `xml:"testsuite"`
	}
	wireSuite struct {
		wireTally
		Cases []wireCase `xml:"testcase"`
		Out   *wireOut   `xml:"system-out"`
	}
	wireTally struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Time     string `xml:"time,attr"`
	}
	wireCase struct {
		Name      string       `xml:"name,attr"`
		Classname string       `xml:"classname,attr"`
		File      string       `xml:"file,attr,omitempty"`
		Time      string       `xml:"time,attr"`
		Failure   *wireOutcome `xml:"failure"`
		Error     *wireOutcome `xml:"error"`
		Skipped   *wireOutcome `xml:"skipped"`
		Out       *wireOut     `xml:"system-out"`
	}
	wireOutcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	wireOut struct {
		Text string `xml:",cdata"`
	}
)

// writeJUnit writes a test case for each finding: one that makes the run fail
// has failed, one below that has passed and says in its output what it is, and
// one that is known or that somebody decided to live with was skipped. What else ends the run is
// an error, and where there is nothing at all, one test case has passed:
// readers take an empty report for a broken job.
func writeJUnit(w io.Writer, r *Report, opt Options) error {
	r = r.Rooted(opt.Folder)
	threshold := cmp.Or(opt.FailOn, Error)
	var cases []wireCase
	add := func(f *Finding) *wireCase {
		one := wireCase{Name: cdata(cmp.Or(Escape(about(f)), "schema")), Classname: cdata(Escape(f.Rule)), Time: "0"}
		if inTree(f.Location) {
			one.File = cdata(Escape(f.Location.File))
		}
		cases = append(cases, one)
		return &cases[len(cases)-1]
	}
	for _, f := range worst(r.shown(opt.additions())) {
		text := cdata(account(f, r, opt.Verbose) + "\nat: " + Escape(place(f.Location)))
		if c := add(f); f.Severity.Reaches(threshold) {
			c.Failure = &wireOutcome{cdata(short(Escape(essence(f)), maxMessage)), string(f.Severity), text}
		} else {
			c.Out = &wireOut{string(f.Severity) + ": " + text}
		}
	}
	for _, f := range worst(r.known()) {
		add(f).Skipped = &wireOutcome{Message: "known: the baseline has it", Text: cdata(string(f.Severity) + ": " + account(f, r, opt.Verbose))}
	}
	for i := range r.Suppressed {
		reason := cdata(Escape(r.Suppressed[i].Reason))
		add(&r.Suppressed[i].Finding).Skipped = &wireOutcome{Message: reason, Text: reason}
	}
	whole := wireCase{Name: "nothing to report", Classname: "schemacheck", Time: "0"}
	if opt.Verdict != "" {
		whole.Name = "the run"
		whole.Error = &wireOutcome{Message: cdata(Escape(opt.Verdict)), Text: cdata(Escape(opt.Verdict))}
	}
	if len(cases) == 0 || whole.Error != nil {
		cases = append(cases, whole)
	}
	var notes strings.Builder
	for _, n := range r.Notes {
		notes.WriteString(Escape(n.Kind+": "+n.Message) + "\n")
	}
	if text := fared(r); text != "" {
		notes.WriteString(Escape(text) + "\n")
	}
	notes.WriteString("schemacheck: " + tally(r.Summary) + "\n" + Escape(opt.concluded(r)) + "\n")
	suite := wireSuite{wireTally{Name: "schemacheck", Tests: len(cases), Time: "0"}, cases, &wireOut{cdata(notes.String())}}
	for _, c := range cases {
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	var b strings.Builder
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(wireSuites{wireTally: suite.wireTally, Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// maxMessage is how many code points of a message stand in an attribute.
const maxMessage = 500

// cdata breaks up what Jenkins and GitLab read in the output of tests as the
// name of a file to attach.
func cdata(escaped string) string {
	return strings.ReplaceAll(escaped, "[[ATTACHMENT|", `[\x5bATTACHMENT|`)
}
