// Package report holds the result of a run as one self-contained value, and
// its renderings. It judges nothing and asks nothing: whoever fills a Report
// has already decided, and a rendering needs no more than the Report.
package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"time"
)

// Severity is how much a finding weighs.
type Severity string

// The severities, and Never, which is only a threshold: no finding reaches it.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
	Never   Severity = "never"
)

// rank grows with the weight. A severity that does not exist weighs nothing.
func (s Severity) rank() int {
	switch s {
	case Never:
		return 4
	case Error:
		return 3
	case Warning:
		return 2
	case Info:
		return 1
	}
	return 0
}

// Reaches reports whether a finding of severity s is at or above threshold.
func (s Severity) Reaches(threshold Severity) bool { return s.rank() >= threshold.rank() }

// Report is the result of one run.
type Report struct {
	Tool Tool
	// Before and After are the two schemas. The zero Source is none: an audit
	// looks at one schema only.
	Before, After Source
	Data          Data
	// Operations are those of the application; nil where none were looked at.
	Operations *Operations
	Summary    Summary
	Findings   []Finding
	// Suppressed are findings that somebody decided to live with. They count
	// nowhere but in Summary.Suppressed.
	Suppressed []Suppressed
	Notes      []Note
	// Folder is the one of the repository that the names of files count from, as a path from its root, and "." for the root.
	// Empty is not known.
	Folder string
	// Files are those that findings stand in; none where they are not known.
	Files []File
	// Repairs are what fix does about the findings, or would do; nil in reports of other commands. Only renderings for
	// people have them.
	Repairs *Repairs
	// Rules explain rules, at least those of the findings as far as they are
	// known. No program needs them: they are not in the JSON report.
	Rules []RuleDoc
	// Old and New are the two schemas themselves, for renderings that show
	// them. They are not in the JSON report.
	Old, New Schema
}

// Tool names the program that made the report.
type Tool struct{ Name, Version string }

// Source is where a schema came from.
type Source struct {
	// Source is the argument as people know it: a path, "<stdin>",
	// "git:REF:PATH", or "dgraph://host:port" without user info.
	Source string
	// Ref is the git ref, or empty.
	Ref string
	// Fingerprint is "sha256:" and 64 hex digits, or empty for a schema that
	// could not be read to its end.
	Fingerprint string
}

// Schema is the text of a schema, and its types. The zero Schema is one that is
// not at hand.
type Schema struct {
	Files []SourceFile
	Types []Type // in the order of their first definitions
}

// SourceFile is one file of a schema. Name and Ref are those of Locations in it.
type SourceFile struct {
	Name, Ref string
	// Lines are all lines as Locations count them, without their ends. Keys are
	// left out.
	Lines []string
}

// Type is a named type that a schema defines.
type Type struct {
	Name string
	Kind string // "type", "interface", "union", "enum", "input" or "scalar"
	// Location is the name in the first definition.
	Location Location
	// Implements are its interfaces. Uses are the other types of the schema that
	// its fields and arguments have, and the members of a union. Each stands
	// there once.
	Implements, Uses []string
}

// Data says whether the stored data was asked, and how completely. The zero
// Data is "not asked".
type Data struct {
	Asked    bool
	Complete bool
	Alpha    string        // host:port that answered
	ReadTs   ReadTs        // the snapshots that the answers are true for
	Duration time.Duration // time spent on questions
}

// ReadTs is the first and the last read timestamp of a run's questions.
type ReadTs struct{ From, To uint64 }

// Operations says how the GraphQL operations of an application fare.
type Operations struct {
	Total, Files        int // that were looked at
	Broken, BrokenFiles int // valid before, and not after
	Affected            int // valid, and can answer or do otherwise
	Invalid             int // not valid before: nobody can say what becomes of them
	Unread              int // files and documents that could not be read
}

// Summary counts findings. Report.Seal fills it.
type Summary struct {
	Error, Warning, Info int
	OneWay               int // findings that are not reversible
	Fixable              int // findings with at least one fix
	Suppressed           int // what is left out of all other counts
	Known                int // findings that the baseline has, left out of all other counts too
}

// Finding is one judgement on one element of a schema. The fields are those of
// the JSON report; values that say nothing are empty.
type Finding struct {
	Rule     string
	Severity Severity
	// Coordinate is a GraphQL schema coordinate: of the old schema for what
	// was removed, renamed or moved.
	Coordinate string
	To         string   // the new coordinate of a rename or move
	Subject    string   // what a coordinate cannot say: an interface, a union member, an argument
	Affects    []string // coordinates touched along with it
	API        []APIChange
	Message    string
	Location   Location
	Previous   Location // the place in the old schema; zero when there is none
	Predicates []string // old names before new ones
	Impact     Impact
	Reversible bool
	Confidence string   // "declared", "certain" or "likely"; of renames and moves only
	Reasons    []string // why a rename is believed to be one, why a removal is milder or not, or what changed for an operation
	Usage      *Usage   // nil where no operations were looked at, or none could use it
	Evidence   Evidence
	// Consequence is what clients see after the deploy, in one sentence.
	Consequence string
	Fixes       []Fix // the safest one first
	Fingerprint string
	// Known marks what the baseline of the run has already, as severe or more. It
	// makes no run fail; renderings for people show it only when they are verbose.
	Known bool

	// Acceptable says that the configuration can accept it. Only renderings for people
	// tell.
	Acceptable bool

	// Addition marks what is only new and endangers nothing. Renderings for
	// people show it only when they are verbose.
	Addition bool

	// Excerpt holds the lines of source from Location's first to its last, or
	// fewer, and PreviousExcerpt those of Previous. Only renderings for people
	// show them, redacted and escaped; without them the place is shown alone.
	Excerpt, PreviousExcerpt []string
}

// Suppressed is a finding that an ignore comment or the configuration takes out
// of the report, with the reason given there.
type Suppressed struct {
	Finding Finding
	Reason  string // all reasons
	// Decisions are where that is said; none where that is not known.
	Decisions []Decision
}

// Decision is a place that says why a finding can be lived with.
type Decision struct {
	InSource bool // a comment of the schema, and not the configuration
	Reason   string
	Location Location // zero when the place is not known
}

// APIChange is a change of the generated API that a finding causes.
type APIChange struct {
	Coordinate string
	Change     string // "added", "removed", "changed", ...
}

// Location is a place in a file: 1-based, columns count Unicode code points,
// ends are exclusive. The zero Location is nowhere.
type Location struct {
	// Anchor says what stands there: "self", "owner" (what the element was
	// removed from), "neighbour" (the definition before a removed one) or
	// "file". It is empty where the question does not arise.
	Anchor             string
	File               string
	Ref                string // git ref that the file was read at, or empty
	Line, Column       int
	EndLine, EndColumn int // zero when only the start is known
}

// Impact says what a change does to each of the three. Empty means "none".
type Impact struct {
	API     string // "breaking", "dangerous" or "none"
	Storage string // "refused", "rebuild", "rewrite" or "none"
	Data    string // "hidden", "orphaned", "invalid", "truncated", "one-sided" or "none"
}

// Evidence is what the stored data said about a finding.
type Evidence struct {
	Asked    bool
	Complete bool
	Reason   string // why something was not asked
	// Violations counts distinct nodes, and is a lower bound when the evidence
	// is not complete. Groups counts the sets of duplicates. Total counts the
	// nodes of the type, implementing types included.
	Violations, Groups, Total uint64
	Remarks                   []string // what the numbers do not say
	Samples                   []Sample // the lowest uids
	Question                  string   // the DQL that was asked
}

// Usage says how many operations use what a finding is about.
type Usage struct {
	Operations, Files int // that name it
	Sending           int // operations that do not, and can send it in a variable
	// Lowered is the severity that it would have if some operation used it, or empty.
	Lowered Severity
}

// Sample is one node that violates.
type Sample struct {
	UID    string
	Values []string // in JSON; none unless somebody asked to see them
}

// Fix is one way out. The fixes of a finding are alternatives.
type Fix struct {
	ID    string
	Kind  string // "directive", "migration", or "operation" for an edit of what clients ask
	Risk  string // "safe", "review" or "destructive"
	Title string
	Diff  string // unified diff of a fix that edits files; empty where lines are too long to be shown
	Edits []Edit // the same, for programs: they do not overlap
	// Elsewhere are the fingerprints of the findings whose fixes have the rest of the edits: what many operations share is
	// edited once. Empty is a fix that is whole.
	Elsewhere []string
}

// Edit replaces the text at a place; where the place is empty, it inserts.
type Edit struct {
	// At has both ends, and no anchor.
	At  Location
	New string
}

// RuleDoc explains a rule to the person who meets it.
type RuleDoc struct {
	ID       string
	Severity Severity // of the worst case
	Summary  string   // when the rule fires, in one sentence
	Sections []Section
}

// Section is a part of an explanation: one of Text, Code and Steps.
type Section struct {
	Title string
	Text  string   // prose
	Code  string   // lines to be shown as they are
	Steps []string // prose, to be numbered
}

// Note is a remark on the run itself, such as a check that needs the network.
// Notes never decide an exit code.
type Note struct {
	Kind     string // "not-checked", "warning" or "info"
	Message  string
	Location Location // zero when the remark has no place
}

// Seal fills what follows from the rest: fingerprints, order and summary.
func (r *Report) Seal() {
	r.Summary = Summary{Suppressed: len(r.Suppressed)}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Fingerprint = Fingerprint(f.Rule, f.Coordinate, f.To, f.Subject)
		if f.Known {
			r.Summary.Known++
			continue
		}
		switch f.Severity {
		case Error:
			r.Summary.Error++
		case Warning:
			r.Summary.Warning++
		case Info:
			r.Summary.Info++
		}
		if !f.Reversible {
			r.Summary.OneWay++
		}
		if len(f.Fixes) > 0 {
			r.Summary.Fixable++
		}
	}
	Sort(r.Findings)
	for i := range r.Suppressed {
		f := &r.Suppressed[i].Finding
		f.Fingerprint = Fingerprint(f.Rule, f.Coordinate, f.To, f.Subject)
	}
	slices.SortStableFunc(r.Suppressed, func(a, b Suppressed) int { return order(a.Finding, b.Finding) })
}

// Failing counts the findings at or above threshold that are not known.
func (r *Report) Failing(threshold Severity) int {
	n := 0
	for i := range r.Findings {
		if f := &r.Findings[i]; !f.Known && f.Severity.Reaches(threshold) {
			n++
		}
	}
	return n
}

// Fingerprint identifies a finding over time: the sha256, in hex, of what it
// is about, and never of its wording, line or counts. Every part is preceded
// by its length, so that no two different findings share their bytes. Bytes that
// are not UTF-8 count as what JSON makes of them: a report that is read back has
// the same fingerprints.
func Fingerprint(rule, coordinate, to, subject string) string {
	h := sha256.New()
	for _, part := range []string{rule, coordinate, to, subject} {
		part = string([]rune(part))
		io.WriteString(h, strconv.Itoa(len(part))+":"+part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Sort orders findings by file, position and rule, then by what they are
// about, so that the same findings always come in the same order.
func Sort(findings []Finding) { slices.SortStableFunc(findings, order) }

func order(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Location.File, b.Location.File),
		cmp.Compare(a.Location.Ref, b.Location.Ref),
		cmp.Compare(a.Location.Line, b.Location.Line),
		cmp.Compare(a.Location.Column, b.Location.Column),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Coordinate, b.Coordinate),
		cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.To, b.To),
	)
}

// Duplicates returns every fingerprint that more than one finding has, each
// once. A sound report has none.
func Duplicates(findings []Finding) []string {
	seen := make(map[string]int, len(findings))
	var twice []string
	for _, f := range findings {
		if seen[f.Fingerprint]++; seen[f.Fingerprint] == 2 {
			twice = append(twice, f.Fingerprint)
		}
	}
	return twice
}
