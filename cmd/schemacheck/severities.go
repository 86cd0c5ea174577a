package main

import (
	"cmp"
	"path/filepath"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// severities are what the configuration makes of the severities of rules.
type severities struct {
	rules map[string]config.Rule
	// dir is the folder that the names of files count from, and base that of the
	// configuration, which its patterns count from.
	dir, base string
}

// severitiesOf are those of a configuration, for findings in files that are named
// from the folder dir.
func severitiesOf(cfg *config.Config, dir string) severities {
	base := dir
	if path, err := filepath.Abs(cfg.File); err == nil && cfg.File != "" {
		base = filepath.Dir(path)
	}
	return severities{cfg.Rules, dir, base}
}

// off is the severity of a finding that is not reported at all.
const off = "off"

// of is the severity that a finding has in reports, or off.
func (s severities) of(f *rules.Finding) report.Severity {
	said := ""
	if rule, ok := s.rules[f.Rule.ID]; ok {
		said = rule.For(f.Coordinate, s.path(f))
	}
	return report.Severity(cmp.Or(said, string(f.Severity)))
}

func (s severities) off(f *rules.Finding) bool { return s.of(f) == off }

// path is the file that a finding is about, from the folder of the configuration;
// empty for one that is in no file. What is gone, and is placed beside what it is
// not part of, is about the file that it was in.
func (s severities) path(f *rules.Finding) string {
	at := f.Place.Span
	if gone := f.Place.Anchor == rules.AnchorNeighbour || f.Place.Anchor == rules.AnchorFile; gone && !f.Previous.IsZero() {
		at = f.Previous
	}
	if at.IsZero() || at.File.Name == sdl.Stdin || fromDgraph(at.File.Name) {
		return ""
	}
	name := filepath.FromSlash(at.File.Name)
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.dir, name)
	}
	relative, err := filepath.Rel(s.base, name)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(relative)
}
