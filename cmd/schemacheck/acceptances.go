package main

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// acceptances are what the configuration accepts at a time. They are placed in
// its file, which is named from the folder dir.
func acceptances(cfg *config.Config, dir string, now time.Time) []rules.Acceptance {
	file := &sdl.File{Name: filepath.ToSlash(cfg.File), Text: cfg.Text}
	if path, err := filepath.Abs(cfg.File); err == nil {
		if relative, err := filepath.Rel(dir, path); err == nil {
			file.Name = filepath.ToSlash(relative)
		}
	}
	var all []rules.Acceptance
	for _, a := range cfg.Accept {
		accepted := rules.Acceptance{Fingerprint: a.Fingerprint, Rule: rules.Find(a.Rule), Reason: a.Reason, Expired: a.Expired(now), Span: file.Rest(sdl.Position{Line: a.Line, Column: a.Column})}
		if !a.Until.IsZero() {
			accepted.Until = a.Until.Format(time.DateOnly)
		}
		all = append(all, accepted)
	}
	return all
}

// possibleAtRest reports whether an audit under a schema could have a finding with
// a fingerprint. What only a server knows, such as values that older schemas left,
// it does not see.
func possibleAtRest(s *diff.Schema) func(fingerprint string) bool {
	all := sync.OnceValue(func() map[string]bool {
		prints := map[string]bool{}
		for _, f := range rules.Audit(s, nil) {
			prints[fingerprint(f)] = true
		}
		return prints
	})
	return func(print string) bool { return all()[print] }
}
