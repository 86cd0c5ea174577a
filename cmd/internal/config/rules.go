package config

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/goccy/go-yaml/ast"
)

// levels are what a rule can be set to.
var levels = []string{"error", "warning", "info", "off"}

// Rule is what the configuration says about the severity of a rule.
type Rule struct {
	// Severity is "error", "warning", "info" or "off"; empty leaves it to the rule.
	Severity string
	// Types and Paths are other severities for some types or elements, and for
	// those of some files, in the order of the file.
	Types, Paths []Override
}

// Override is a severity for what fits a pattern.
type Override struct{ Pattern, Severity string }

// For is the severity of a finding on the element at a schema coordinate, in the
// file at path, which counts from the folder of the configuration and has "/";
// both can be empty. The first pattern of Types that fits decides, else the first
// of Paths, else Severity.
//
// A pattern of Types without a dot fits a type and all that is part of it, one
// with a dot the whole coordinate.
func (r Rule) For(coordinate, path string) string {
	name, _, _ := strings.Cut(coordinate, ".")
	for _, o := range r.Types {
		of := name
		if strings.Contains(o.Pattern, ".") {
			of = coordinate
		}
		if of != "" && doublestar.MatchUnvalidated(o.Pattern, of) {
			return o.Severity
		}
	}
	for _, o := range r.Paths {
		if path != "" && doublestar.MatchUnvalidated(o.Pattern, path) {
			return o.Severity
		}
	}
	return r.Severity
}

func readRules(r *reader, n ast.Node, known []string) map[string]Rule {
	rules := map[string]Rule{}
	r.mapping(n, "rules", func(e entry) {
		if known != nil && !slices.Contains(known, e.key) {
			r.fail(e.at, "there is no rule %s%s", quoted(e.key), suggestion(e.key, known))
			return
		}
		what := "rules: " + quoted(e.key)
		r.enter(e.value, func(n ast.Node) {
			var rule Rule
			if _, nested := n.(*ast.MappingNode); nested {
				r.keys(n, what, rule.keys(what))
			} else {
				r.choice(n, what, levels, func(s string) { rule.Severity = s })
			}
			rules[e.key] = rule
		})
	})
	return rules
}

// keys lists every key of a rule.
func (rule *Rule) keys(what string) []key {
	return []key{
		{"severity", func(r *reader, e entry) {
			r.choice(e.value, what+": severity", levels, func(s string) { rule.Severity = s })
		}},
		{"types", func(r *reader, e entry) {
			rule.Types = readOverrides(r, e.value, what+": types", func(pattern string) string {
				if pattern == "" || strings.ContainsAny(pattern, "/ ") || !doublestar.ValidatePattern(pattern) {
					return "a pattern of types or coordinates such as Legacy* or User.old*"
				}
				return ""
			})
		}},
		{"paths", func(r *reader, e entry) {
			rule.Paths = readOverrides(r, e.value, what+": paths", func(pattern string) string {
				if pattern == "" || !doublestar.ValidatePattern(pattern) {
					return "a pattern of file names"
				}
				return ""
			})
		}},
	}
}

// readOverrides reads severities by pattern; wrong says what a pattern is not.
func readOverrides(r *reader, n ast.Node, what string, wrong func(string) string) []Override {
	var all []Override
	r.mapping(n, what, func(e entry) {
		if not := wrong(e.key); not != "" {
			r.fail(e.at, "%s is not %s", quoted(e.key), not)
			return
		}
		r.choice(e.value, what+": "+quoted(e.key), levels, func(s string) { all = append(all, Override{e.key, s}) })
	})
	return all
}
