package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/rules"
)

// factsVersion is the version of the file of --save-data.
const factsVersion = 1

// facts are what the stored data said, in counts only: a job that may ask the
// data writes them, and one without access uses them. They are good for the two
// schemas alone that they were asked for.
type facts struct {
	Version int          `json:"dataVersion"`
	Before  string       `json:"before"` // fingerprints
	After   string       `json:"after"`
	Alpha   string       `json:"alpha"` // host:port
	ReadTs  [2]uint64    `json:"readTs"`
	Took    string       `json:"duration"`
	Whole   bool         `json:"complete"`
	Facts   []singleFact `json:"findings"`
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
}

// saveFacts writes what the data said about the findings.
func saveFacts(path string, r *report.Report, findings []*rules.Finding) error {
	out := facts{
		Version: factsVersion, Before: r.Before.Fingerprint, After: r.After.Fingerprint, Alpha: r.Data.Alpha,
		ReadTs: [2]uint64{r.Data.ReadTs.From, r.Data.ReadTs.To}, Took: r.Data.Duration.Round(time.Millisecond).String(), Whole: r.Data.Complete,
		Facts: []singleFact{},
	}
	for _, f := range findings {
		if e := f.Evidence; e.Asked || e.Reason != "" {
			out.Facts = append(out.Facts, singleFact{fingerprint(f), e.Asked, e.Complete, e.Reason, e.Violations, e.Groups, e.Total, e.Remarks})
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
	return &out, nil
}

// settle has the facts decide about findings, when they were asked for these
// schemas.
func (f *facts) settle(path string, r *report.Report, findings []*rules.Finding) error {
	if f.Before != r.Before.Fingerprint || f.After != r.After.Fingerprint {
		return fmt.Errorf("--data: %s was saved for other schemas than these: ask the data anew with --save-data", path)
	}
	known := make(map[string]singleFact, len(f.Facts))
	for _, one := range f.Facts {
		known[one.Fingerprint] = one
	}
	took, err := time.ParseDuration(f.Took)
	if err != nil {
		return fmt.Errorf("--data: %s: %w", path, err)
	}
	r.Data = report.Data{Asked: true, Complete: f.Whole, Alpha: f.Alpha, Duration: took, ReadTs: report.ReadTs{From: f.ReadTs[0], To: f.ReadTs[1]}}
	r.Notes = append(r.Notes, report.Note{Kind: "not-checked", Message: "whether dgraph://" + f.Alpha +
		" serves the old schema, and what older schemas left there: saved data facts do not tell, a run with --alpha does"})
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
			Groups: one.Groups, Total: one.Total, Remarks: one.Remarks})
	}
	return nil
}
