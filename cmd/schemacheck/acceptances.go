package main

import (
	"path/filepath"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
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
		accepted := rules.Acceptance{Fingerprint: a.Fingerprint, Reason: a.Reason, Expired: a.Expired(now), Span: file.Rest(sdl.Position{Line: a.Line, Column: a.Column})}
		if !a.Until.IsZero() {
			accepted.Until = a.Until.Format(time.DateOnly)
		}
		all = append(all, accepted)
	}
	return all
}
