package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Suppressions are the findings that people decided to live with: the ignore
// comments of the new schema, and what the configuration accepts.
type Suppressions struct {
	// Schema is the new schema, for its comments; nil has none.
	Schema *sdl.Schema
	// Before is the old schema, or nil. A comment that it has too, on the same
	// element, was about an earlier change.
	Before *sdl.Schema
	// Operations are the comments in the operations that were looked at.
	Operations []operations.Comment
	// Accepted are the acceptances, no two with one fingerprint.
	Accepted []Acceptance
	// AtRest says that the findings are those of an audit. A schema has comments
	// for both, and a configuration acceptances: each leaves those on rules of the
	// other alone. An audit does so with an acceptance that does not tell its rule.
	AtRest bool
	// Live says that what the live Dgraph itself is like was looked at: only then
	// findings on it can be missed.
	Live bool
	// Elsewhere reports whether an audit could have a finding with that
	// fingerprint; acceptances that do not tell their rule are held against it.
	// Nil: none could.
	Elsewhere func(fingerprint string) bool
	// Off reports whether a finding is turned off. Nobody sees it, so that nothing
	// which suppresses it is reported as unused. Nil: none is.
	Off func(*Finding) bool
	// Fingerprint is what acceptances know a finding by. It can be nil when
	// nothing is accepted.
	Fingerprint func(*Finding) string
	// Nearest is the known name that a misspelt one was meant to be, or empty.
	// Nil suggests nothing.
	Nearest func(name string, known []string) string
}

// Acceptance is one finding that the configuration accepts.
type Acceptance struct {
	Fingerprint string
	Rule        *Rule    // nil where it is not told
	Reason      string   // never empty
	Until       string   // the last day, for people; empty is for ever
	Expired     bool     // that day is over
	Span        sdl.Span // the entry in the configuration
}

// Suppressed is a finding that somebody decided to live with, and why.
type Suppressed struct {
	Finding *Finding
	Reason  string // all reasons
	// Decisions are where that is said: comments first, in order, and then the acceptance.
	Decisions []Decision
}

// Decision is a place that says why a finding can be lived with.
type Decision struct {
	Reason   string
	Accepted bool // in the configuration, not in a comment of the schema
	Span     sdl.Span
}

// Suppress takes out of the findings what is ignored or accepted. What is kept
// has findings of its own on comments and acceptances that are malformed,
// unused or expired; both results are in the order of Sort. Only findings on a
// valid new schema can be judged like that: without them all, whatever
// suppresses one looks unused.
func Suppress(findings []*Finding, s Suppressions) (kept []*Finding, suppressed []Suppressed) {
	off := s.Off
	if off == nil {
		off = func(*Finding) bool { return false }
	}
	ignores, extra := s.readIgnores()
	accepted := map[string]*Acceptance{}
	for i := range s.Accepted {
		accepted[s.Accepted[i].Fingerprint] = &s.Accepted[i]
	}
	used := map[*Acceptance]bool{}
	for _, f := range findings {
		if !f.Rule.Suppressible() {
			kept = append(kept, f)
			continue
		}
		var decisions []Decision
		if c := ignores.on(f); c != nil {
			c.used = true
			decisions = c.decisions
		}
		var a *Acceptance
		if len(accepted) > 0 {
			a = accepted[s.Fingerprint(f)]
		}
		if a != nil {
			used[a] = true
		}
		switch {
		case off(f):
			kept = append(kept, f)
			continue
		case a != nil && a.Expired:
			extra = append(extra, expired(f, a, len(decisions) > 0))
		case a != nil:
			decisions = append(slices.Clip(decisions), Decision{a.Reason, true, a.Span})
		}
		if len(decisions) == 0 {
			kept = append(kept, f)
			continue
		}
		var reasons []string
		for _, d := range decisions {
			reasons = append(reasons, d.Reason)
		}
		suppressed = append(suppressed, Suppressed{f, strings.Join(reasons, "; "), decisions})
	}
	for _, i := range ignores.all {
		if i.rule.AtRest() == s.AtRest && !ignores.used(i) && !off(i.ignored()) {
			extra = append(extra, i.unused())
		}
	}
	for i := range s.Accepted {
		if a := &s.Accepted[i]; !used[a] && s.missed(a) {
			extra = append(extra, a.unused())
		}
	}
	number(extra)
	kept = append(kept, extra...)
	Sort(kept)
	return kept, suppressed
}

// missed reports whether the run could have had the finding that is accepted.
func (s Suppressions) missed(a *Acceptance) bool {
	switch {
	case a.Rule == schemaDrift, a.Rule == predicateReused:
		return s.Live && !s.AtRest
	case a.Rule != nil:
		return a.Rule.AtRest() == s.AtRest
	case s.AtRest:
		return false
	}
	return s.Elsewhere == nil || !s.Elsewhere(a.Fingerprint)
}

// Suppressible reports whether findings of the rule can be ignored and
// accepted. A schema that Dgraph refuses stays refused, and what is said about
// suppressions would be lost in them.
func (r *Rule) Suppressible() bool {
	switch r {
	case schemaInvalid, suppressionInvalid, suppressionUnused, suppressionExpired:
		return false
	}
	return true
}

var suppressionInvalid = &Rule{
	ID:       "suppression-invalid",
	Severity: Error,
	Summary:  "A schemacheck: comment cannot be understood, or gives no reason.",
	Doc: Doc{
		Dgraph:   "Nothing: to Dgraph it is a comment.",
		Clients:  "Nothing. The comment is without effect, and what it was meant for is reported as if it were not there.",
		Before:   "type User {\n  id: ID!\n  name: String\n  nick: String\n}\n",
		After:    "# schemacheck:ignore field-removed\ntype User {\n  id: ID!\n  name: String\n}\n",
		Question: "None: it is about the text alone.",
		WaysOut:  []string{"Write # schemacheck:ignore RULE reason, with the id of a rule and a reason that will still tell something in a year."},
		Reverse:  "A comment can go at any time.",
	},
}

var suppressionUnused = &Rule{
	ID:       "suppression-unused",
	Severity: Warning,
	Summary:  "An ignore comment or an acceptance fits no finding.",
	Doc: Doc{
		Dgraph: "Nothing: to Dgraph it is a comment, and it does not see the configuration.",
		Clients: "Nothing now. But a comment that stays behind hides the next finding of its rule on the same element. " +
			"One that is needed once is unused as soon as the new schema is the old one.",
		Before:   "type User {\n  id: ID!\n  nick: String\n}\n",
		After:    "type User {\n  id: ID!\n  # schemacheck:ignore field-type-changed all values are numbers\n  nick: String\n}\n",
		Question: "None: it is about the text alone.",
		WaysOut: []string{
			"Remove the comment, or the entry under accept: in the configuration.",
			"If it was meant for a finding that is reported, move it: it has to stand directly above the element that the " +
				"finding is placed on, or at the end of its line. One on an operation stands in its document.",
			"If only an audit or a live Dgraph shows the finding, name its rule in the entry, under rule:. Then other runs do not miss it.",
		},
		Reverse: "A comment can go at any time.",
	},
}

var suppressionExpired = &Rule{
	ID:       "suppression-expired",
	Severity: Warning,
	Summary:  "A finding was accepted until a day that is over.",
	Doc: Doc{
		Dgraph:  "Nothing: it does not see the configuration.",
		Clients: "What the accepted finding says: it counts again.",
		Before:  "type User {\n  id: ID!\n  name: String\n}\n",
		After: "# In .schemacheck.yaml, on 1 February:\n" +
			"#   accept:\n" +
			"#     - fingerprint: (that of field-made-required User.name)\n" +
			"#       reason: the names are filled in by the end of January\n" +
			"#       until: 2027-01-31\n" +
			"type User {\n  id: ID!\n  name: String!\n}\n",
		Question: "None: it is about the date alone.",
		WaysOut: []string{
			"Do what was put off, and remove the entry.",
			"Decide anew, and write another day into until:.",
		},
		Reverse: "An entry can go at any time.",
	},
}

// aboutSuppression is a finding on something that suppresses findings.
func aboutSuppression(r *Rule, coordinate, subject string, at sdl.Span, message, consequence string) *Finding {
	return &Finding{
		Rule:        r,
		Severity:    r.Severity,
		Coordinate:  coordinate,
		Subject:     subject,
		Message:     message,
		Consequence: consequence,
		Place:       Place{AnchorSelf, at},
		Impact:      Impact{APINone, StorageNone, DataNone},
		Reversible:  true,
	}
}

// expired is about an acceptance of f. Otherwise means that f is suppressed
// anyway, by a comment.
func expired(f *Finding, a *Acceptance, otherwise bool) *Finding {
	subject, about := f.Rule.ID, f.Rule.ID
	if f.Coordinate != "" {
		about += " on " + f.Coordinate
	}
	if f.Subject != "" {
		subject += ", " + f.Subject
	}
	consequence := "The finding counts again: do what was put off, or decide anew and change the day."
	if otherwise {
		consequence = "A comment still ignores the finding: remove this entry."
	}
	out := aboutSuppression(suppressionExpired, f.Coordinate, subject, a.Span,
		fmt.Sprintf("%s was accepted until %s: %s", about, a.Until, a.Reason), consequence)
	out.To = f.To
	return out
}

func (a *Acceptance) unused() *Finding {
	const enough = 12 // signs tell one fingerprint from another
	print := a.Fingerprint[:min(len(a.Fingerprint), enough)]
	until := ""
	if a.Expired {
		until = ", and its last day was " + a.Until
	}
	return aboutSuppression(suppressionUnused, "", "fingerprint "+print, a.Span,
		fmt.Sprintf("no finding has the accepted fingerprint %s...%s: %s", print, until, a.Reason),
		"Nothing is accepted by it: remove the entry.")
}

// number tells findings apart that are about the same, by their subjects.
func number(findings []*Finding) {
	seen := map[string]int{}
	for _, f := range findings {
		key := strings.Join([]string{f.Rule.ID, f.Coordinate, f.To, f.Subject}, "\x00")
		if seen[key]++; seen[key] > 1 {
			f.Subject = fmt.Sprintf("%s, number %d", f.Subject, seen[key])
		}
	}
}

// clip shortens a word that somebody else wrote.
func clip(word string) string {
	const most = 40 // signs; no rule has as many
	if utf8.RuneCountInString(word) <= most {
		return word
	}
	return string([]rune(word)[:most]) + "..."
}
