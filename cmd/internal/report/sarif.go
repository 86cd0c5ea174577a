package report

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// maxResults is how many results code scanning on GitHub takes.
const maxResults = 25_000

// The wire structs of SARIF 2.1.0, as far as a report needs it. (The libraries
// with the whole model link a network client, for schemas by URL, and write
// each property with its default value.)
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
		Properties  sarifRunFacts     `json:"properties"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string        `json:"id"`
		ShortDescription sarifText     `json:"shortDescription"`
		FullDescription  *sarifText    `json:"fullDescription,omitempty"`
		Help             *sarifText    `json:"help,omitempty"`
		Default          *sarifDefault `json:"defaultConfiguration,omitempty"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		ExitCode      *int                `json:"exitCode,omitempty"`
		Description   string              `json:"exitCodeDescription,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Baseline     string             `json:"baselineState,omitempty"` // empty where there is no baseline
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints sarifFingerprints  `json:"partialFingerprints"`
		Fixes        []sarifFix         `json:"fixes,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions"`
		Properties   sarifFacts         `json:"properties"`
	}
	// Code scanning looks at no other fingerprint than the second one. Without it, it takes the text of the line: two
	// fields that are removed from one type would be one alert.
	sarifFingerprints struct {
		Fingerprint string `json:"schemacheck/v1"`
		Scanning    string `json:"primaryLocationLineHash"`
	}
	sarifLocation struct {
		ID       int            `json:"id,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted struct {
			Text string `json:"text"`
		} `json:"insertedContent"`
	}
	sarifSuppression struct {
		Kind          string         `json:"kind"`
		Justification string         `json:"justification,omitempty"`
		Location      *sarifLocation `json:"location,omitempty"`
	}
	sarifRunFacts struct {
		Before wireSource `json:"before,omitzero"`
		After  wireSource `json:"after,omitzero"`
		Data   wireData   `json:"data"`
	}
	sarifFacts struct {
		Coordinate string        `json:"coordinate"`
		To         string        `json:"to,omitempty"`
		Subject    string        `json:"subject,omitempty"`
		Affects    []string      `json:"affects,omitempty"`
		Predicates []string      `json:"predicates,omitempty"`
		Impact     wireImpact    `json:"impact"`
		Reversible bool          `json:"reversible"`
		Confidence string        `json:"confidence,omitempty"`
		Evidence   *wireEvidence `json:"evidence,omitempty"` // nil where nothing is to be asked
	}
)

// writeSARIF writes the gravest findings up to what code scanning takes. Rules
// are explained as far as they have results.
func writeSARIF(w io.Writer, r *Report, opt Options) error {
	r = r.Rooted(opt.Folder)
	type result struct {
		*Finding
		left *Suppressed // nil unless somebody decided to live with it
	}
	var all []result
	for _, f := range worst(r.shown(opt.additions())) {
		all = append(all, result{Finding: f})
	}
	known := worst(r.known())
	invocation := invocationOf(r, opt)
	told := func(text string) {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{Level: "note", Message: sarifText{Text: text}})
	}
	if opt.Scanning && !opt.Verbose {
		if n := len(known) + len(r.Suppressed); n > 0 {
			told(plural(n, "result") + " left out that " + pick(n, "is", "are") + " known or suppressed: code scanning would open alerts for " + pick(n, "it", "them"))
		}
	} else {
		for _, f := range known {
			all = append(all, result{Finding: f})
		}
		for i := range r.Suppressed {
			all = append(all, result{&r.Suppressed[i].Finding, &r.Suppressed[i]})
		}
	}
	if n := len(all) - maxResults; n > 0 {
		all = all[:maxResults]
		invocation.Notifications = append(invocation.Notifications, sarifNotification{Level: "warning", Message: sarifText{Text: fmt.Sprintf(
			"%s left out, the least grave ones: no more than %s are taken", plural(n, "result"), thousands(maxResults))}})
	}
	run := sarifRun{
		Invocations: []sarifInvocation{invocation},
		ColumnKind:  "unicodeCodePoints",
		Results:     make([]sarifResult, 0, len(all)),
		Properties:  sarifRunFacts{wireSource(r.Before), wireSource(r.After), wireDataOf(r.Data)},
	}
	ids := make(map[string]bool)
	for _, x := range all {
		ids[x.Rule] = true
	}
	index := map[string]int{}
	driver := sarifDriver{Name: cmp.Or(Escape(r.Tool.Name), "schemacheck"), Version: Escape(r.Tool.Version), Rules: []sarifRule{}}
	for i := range r.Rules {
		if _, twice := index[r.Rules[i].ID]; ids[r.Rules[i].ID] && !twice {
			index[r.Rules[i].ID] = len(driver.Rules)
			driver.Rules = append(driver.Rules, explained(&r.Rules[i]))
		}
	}
	for _, x := range all {
		at, there := index[x.Rule]
		if !there {
			at = len(driver.Rules)
			index[x.Rule] = at
			driver.Rules = append(driver.Rules, sarifRule{ID: Escape(x.Rule), ShortDescription: message(cmp.Or(x.Rule, "a rule"))})
		}
		one := resultOf(x.Finding, r, opt.Verbose)
		one.RuleIndex = at
		switch {
		case x.Known:
			one.Baseline = "unchanged"
		case known != nil:
			one.Baseline = "new"
		}
		if x.left != nil {
			one.Suppressions = suppressionsOf(x.left)
		}
		run.Results = append(run.Results, one)
	}
	run.Tool.Driver = driver
	return encodeJSON(w, &sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// suppressionsOf are the decisions to live with a finding.
func suppressionsOf(s *Suppressed) []sarifSuppression {
	var all []sarifSuppression
	for _, d := range s.Decisions {
		one := sarifSuppression{Kind: "external", Justification: Escape(d.Reason)}
		if d.InSource {
			one.Kind = "inSource"
		}
		if d.Location.File != "" {
			one.Location = &sarifLocation{Physical: physical(d.Location)}
		}
		all = append(all, one)
	}
	if all == nil {
		all = []sarifSuppression{{Kind: "external", Justification: Escape(s.Reason)}}
	}
	return all
}

// invocationOf says how the run went. One whose exit code something else than
// findings decides did not look at everything.
func invocationOf(r *Report, opt Options) sarifInvocation {
	verdict := opt.concluded(r)
	one := sarifInvocation{Successful: opt.Verdict == "", Description: Escape(verdict)}
	if number, ok := strings.CutPrefix(verdict, "exit "); ok {
		number, _, _ = strings.Cut(number, ":")
		if code, err := strconv.Atoi(number); err == nil {
			one.ExitCode = &code
		}
	}
	for _, n := range r.Notes {
		level := "note"
		if n.Kind == "warning" || n.Kind == "not-checked" {
			level = "warning"
		}
		text := n.Message
		if n.Kind == "not-checked" {
			text = "not checked: " + text
		}
		told := sarifNotification{Level: level, Message: message(text)}
		if n.Location.File != "" {
			told.Locations = []sarifLocation{{Physical: physical(n.Location)}}
		}
		one.Notifications = append(one.Notifications, told)
	}
	return one
}

func resultOf(f *Finding, r *Report, verbose bool) sarifResult {
	one := sarifResult{
		RuleID:       Escape(f.Rule),
		Level:        sarifLevel(f.Severity),
		Message:      sarifText{Text: unlinked(account(f, r, verbose))},
		Fingerprints: sarifFingerprints{f.Fingerprint, f.Fingerprint},
		Suppressions: []sarifSuppression{},
		Properties: sarifFacts{
			f.Coordinate, f.To, f.Subject, each(f.Affects, same), each(f.Predicates, same),
			wireImpact{orNone(f.Impact.API), orNone(f.Impact.Storage), orNone(f.Impact.Data)},
			f.Reversible, f.Confidence, nil,
		},
	}
	if f.Evidence.Asked || f.Evidence.Reason != "" {
		evidence := wireEvidenceOf(f.Evidence)
		one.Properties.Evidence = &evidence
	}
	at := f.Location
	if at.File == "" { // code scanning takes nothing without a file
		at = Location{File: cmp.Or(r.After.File(), r.Before.File(), "schema"), Line: 1}
	}
	where := sarifLocation{Physical: physical(at)}
	if f.Coordinate != "" {
		where.Logical = []sarifLogical{{f.Coordinate}}
	}
	one.Locations = []sarifLocation{where}
	if f.Previous != (Location{}) {
		was := message("the place in the old schema: " + place(f.Previous))
		related := sarifLocation{ID: 1, Message: &was}
		if inTree(f.Previous) {
			related.Physical = physical(f.Previous)
		}
		one.Related = []sarifLocation{related}
	}
	for _, x := range f.Fixes {
		if len(x.Elsewhere) > 0 {
			continue // half of an operation would be rewritten
		}
		if changes := changesOf(x.Edits); changes != nil {
			one.Fixes = append(one.Fixes, sarifFix{message(wayOut(x)), changes})
		}
	}
	return one
}

// changesOf are edits by file; nil where a program could not carry them out,
// since there is no file, or a key would have to stand in the text.
func changesOf(edits []Edit) []sarifChange {
	var all []sarifChange
	for _, e := range edits {
		at := region(e.At)
		if !inTree(e.At) || at == nil || Redact(e.New) != e.New {
			return nil
		}
		artifact := sarifArtifact{uriOf(e.At.File)}
		i := slices.IndexFunc(all, func(c sarifChange) bool { return c.Artifact == artifact })
		if i < 0 {
			i = len(all)
			all = append(all, sarifChange{Artifact: artifact})
		}
		one := sarifReplacement{Deleted: *at}
		one.Inserted.Text = e.New
		all[i].Replacements = append(all[i].Replacements, one)
	}
	return all
}

// physical is a place in a file, or in what stands for one: all that has a name
// is a path, since code scanning refuses other URIs.
func physical(l Location) *sarifPhysical {
	return &sarifPhysical{Artifact: sarifArtifact{uriOf(l.File)}, Region: region(l)}
}

// region is the span of a place: SARIF counts lines, columns and ends as a
// Location does.
func region(l Location) *sarifRegion {
	if l.Line < 1 {
		return nil
	}
	r := &sarifRegion{StartLine: l.Line, StartColumn: max(l.Column, 0)}
	if l.EndLine > l.Line || l.EndLine == l.Line && l.EndColumn >= l.Column {
		r.EndLine, r.EndColumn = l.EndLine, max(l.EndColumn, 0)
	}
	return r
}

// uriOf is a path as a URI reference.
func uriOf(name string) string {
	name = path.Clean(Redact(name))
	var b strings.Builder
	switch {
	case strings.HasPrefix(name, "/"):
		b.WriteString("file://")
	case len(name) > 2 && name[1:3] == ":/": // a drive of Windows
		b.WriteString("file:///" + name[:2])
		name = name[2:]
	}
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func sarifLevel(s Severity) string {
	if s == Info {
		return "note"
	}
	return string(s)
}

// message is text of ours and others in one line.
func message(text string) sarifText { return sarifText{Text: unlinked(Escape(text))} }

// unlinked breaks what SARIF reads as a link in escaped text.
func unlinked(escaped string) string { return strings.ReplaceAll(escaped, "](", `]\x28`) }

// explained is a rule with its explanation, as text and as Markdown.
func explained(d *RuleDoc) sarifRule {
	summary := message(cmp.Or(d.Summary, d.ID, "a rule"))
	rule := sarifRule{ID: Escape(d.ID), ShortDescription: summary, FullDescription: &summary, Default: &sarifDefault{sarifLevel(d.Severity)}}
	var text, markdown strings.Builder
	for i, s := range d.Sections {
		if i > 0 {
			text.WriteByte('\n')
			markdown.WriteByte('\n')
		}
		text.WriteString(Escape(s.Title) + "\n")
		markdown.WriteString("## " + markdownProse(s.Title) + "\n\n")
		if s.Text != "" {
			text.WriteString(Escape(s.Text) + "\n")
			markdown.WriteString(markdownProse(s.Text) + "\n")
		}
		if s.Code != "" {
			markdown.WriteString(fenced("", s.Code))
			for line := range strings.Lines(Redact(s.Code)) {
				text.WriteString("    " + Escape(strings.TrimRight(line, "\r\n")) + "\n")
			}
		}
		for i, step := range s.Steps {
			number := strconv.Itoa(i+1) + ". "
			text.WriteString(number + Escape(step) + "\n")
			markdown.WriteString(number + markdownProse(step) + "\n")
		}
	}
	if text.Len() > 0 {
		rule.Help = &sarifText{unlinked(text.String()), markdown.String()}
	}
	return rule
}
