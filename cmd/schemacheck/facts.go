package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/rules"
)

// factsVersion is the version of the file of --save-data.
const factsVersion = 2

// facts are what the stored data said, in counts only, and what the Dgraph
// itself is like: a job that may ask writes them, and one without access uses
// them. They are good for the two schemas alone that they were asked for.
type facts struct {
	Version int          `json:"dataVersion"`
	Before  string       `json:"before"` // fingerprints
	After   string       `json:"after"`
	Alpha   string       `json:"alpha"` // host:port
	ReadTs  [2]uint64    `json:"readTs"`
	Took    string       `json:"duration"`
	Whole   bool         `json:"complete"`
	Facts   []singleFact `json:"findings"`
	// Drift are the findings of schema-drift, and Leftovers the predicates of
	// older schemas that the new one meets: what follows from these is found
	// anew. Unseen is what could not be looked at.
	Drift     []driftFact    `json:"drift"`
	Leftovers []leftoverFact `json:"leftovers"`
	Unseen    []string       `json:"notChecked"`

	// fit says that they were saved for the schemas of this run. What its own
	// edits make of the new one is judged by them too.
	fit bool
}

// driftFact is a finding of schema-drift.
type driftFact struct {
	Subject     string   `json:"subject"`
	Message     string   `json:"message"`
	Consequence string   `json:"consequence"`
	Predicates  []string `json:"predicates,omitempty"`
}

// leftoverFact is a predicate that an older schema left.
type leftoverFact struct {
	Predicate string `json:"predicate"`
	Type      string `json:"type"`
	List      bool   `json:"list"`
}

// singleFact is what was said about one finding.
type singleFact struct {
	Fingerprint string   `json:"fingerprint"`
	Asked       bool     `json:"asked"`
	Complete    bool     `json:"complete"`
	Reason      string   `json:"reason,omitempty"`
	Violations  uint64   `json:"violations"`
	Groups      uint64   `json:"groups"`
	Total       uint64   `json:"total"`
	Remarks     []string `json:"remarks,omitempty"`
	Reasons     []string `json:"reasons,omitempty"`
}

// saveFacts writes what the data said about the findings in the report, and all
// that the live Dgraph alone shows: who reads it may have another configuration.
func saveFacts(path string, l *live, done *compared) error {
	r := done.report
	out := facts{
		Version: factsVersion, Before: r.Before.Fingerprint, After: r.After.Fingerprint, Alpha: r.Data.Alpha,
		ReadTs: [2]uint64{r.Data.ReadTs.From, r.Data.ReadTs.To}, Took: r.Data.Duration.Round(time.Millisecond).String(), Whole: r.Data.Complete,
		Facts: []singleFact{}, Drift: []driftFact{}, Leftovers: []leftoverFact{}, Unseen: append([]string{}, l.unseen...),
	}
	for _, f := range done.all {
		switch p := f.Leftover; {
		case p != nil:
			out.Leftovers = append(out.Leftovers, leftoverFact{p.Name, p.Type, p.List})
		case f.Rule.ID == "schema-drift":
			out.Drift = append(out.Drift, driftFact{f.Subject, f.Message, f.Consequence, f.Predicates})
		}
	}
	for _, f := range done.findings {
		if e := f.Evidence; e.Asked || e.Reason != "" {
			out.Facts = append(out.Facts, singleFact{fingerprint(f), e.Asked, e.Complete, e.Reason, e.Violations, e.Groups, e.Total, e.Remarks, e.Reasons})
		}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(path, string(text)+"\n"); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("--save-data: writing %s: %w", path, err)}
	}
	return nil
}

// loadFacts reads a file of --save-data.
func loadFacts(path string) (*facts, error) {
	const most = 64 << 20
	info, err := os.Stat(path)
	if err == nil && info.Size() > most {
		err = fmt.Errorf("it is larger than %d MiB", most>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("--data: reading %s: %w", path, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--data: reading %s: %w", path, err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	var out facts
	if err := decoder.Decode(&out); err != nil {
		return nil, fmt.Errorf("--data: %s is no file of --save-data: %w", path, err)
	}
	if out.Version != factsVersion {
		return nil, fmt.Errorf("--data: %s has the version %d, and this program reads %d: save it anew", path, out.Version, factsVersion)
	}
	if err := out.check(); err != nil {
		return nil, fmt.Errorf("--data: %s is no file of --save-data: %w", path, err)
	}
	return &out, nil
}

// check bounds what a file can put into a report: anybody may have written it.
func (f *facts) check() error {
	const (
		most    = 100_000 // things told about the Dgraph
		longest = 64 << 10
	)
	if n := len(f.Drift) + len(f.Leftovers) + len(f.Unseen); n > most {
		return fmt.Errorf("it tells %d things about the Dgraph, and %d is the most", n, most)
	}
	texts := append([]string{f.Alpha}, f.Unseen...)
	for _, one := range f.Facts {
		texts = append(append(append(texts, one.Reason), one.Remarks...), one.Reasons...)
	}
	told := map[string]bool{}
	for _, d := range f.Drift {
		if d.Subject == "" || d.Message == "" || told[d.Subject] {
			return errors.New("a drift without subject or message, or that is told twice")
		}
		told[d.Subject] = true
		texts = append(append(texts, d.Subject, d.Message, d.Consequence), d.Predicates...)
	}
	for _, p := range f.Leftovers {
		texts = append(texts, p.Predicate, p.Type)
	}
	for _, text := range texts {
		if len(text) > longest {
			return fmt.Errorf("a text in it is longer than %d KiB", longest>>10)
		}
	}
	return nil
}

// drift are the findings about the Dgraph itself, as the run with --save-data
// had them.
func (f *facts) drift(d *diff.Diff, r *report.Report) []*rules.Finding {
	notChecked(r, f.Unseen)
	was := rules.Live{Name: "dgraph://" + f.Alpha, Stored: &dql.Stored{}, Limited: true}
	for _, p := range f.Leftovers {
		was.Stored.Predicates = append(was.Stored.Predicates, dql.Predicate{Name: p.Predicate, Type: p.Type, List: p.List})
	}
	for _, x := range f.Drift {
		was.Told = append(was.Told, rules.Told(x))
	}
	return rules.Drift(d, was)
}

// settle has the facts decide about findings, when they were asked for these
// schemas.
func (f *facts) settle(path string, r *report.Report, findings []*rules.Finding) error {
	if !f.fit && (f.Before != r.Before.Fingerprint || f.After != r.After.Fingerprint) {
		return fmt.Errorf("--data: %s was saved for other schemas than these: ask the data anew with --save-data", path)
	}
	f.fit = true
	known := make(map[string]singleFact, len(f.Facts))
	for _, one := range f.Facts {
		known[one.Fingerprint] = one
	}
	took, err := time.ParseDuration(f.Took)
	if err != nil {
		return fmt.Errorf("--data: %s: %w", path, err)
	}
	r.Data = report.Data{Asked: true, Complete: f.Whole, Alpha: f.Alpha, Duration: took, ReadTs: report.ReadTs{From: f.ReadTs[0], To: f.ReadTs[1]}}
	for _, finding := range findings {
		one, ok := known[fingerprint(finding)]
		if !ok {
			if finding.Inquires() {
				finding.Weigh(rules.Evidence{Reason: "the saved data facts say nothing about it"})
				r.Data.Complete = false
			}
			continue
		}
		finding.Weigh(rules.Evidence{Asked: one.Asked, Complete: one.Complete, Reason: one.Reason, Violations: one.Violations,
			Groups: one.Groups, Total: one.Total, Remarks: one.Remarks, Reasons: one.Reasons})
	}
	return nil
}
