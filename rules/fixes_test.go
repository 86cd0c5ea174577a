package rules_test

import (
	"errors"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

// eachDirective calls f for every fix of a pair that is an edit.
func eachDirective(findings []*rules.Finding, f func(rules.Chosen)) {
	for _, finding := range findings {
		for _, fix := range finding.Fixes {
			if fix.Kind == rules.Directive {
				f(rules.Chosen{Finding: finding, Fix: fix})
			}
		}
	}
}

// safest are the first fixes of findings that endanger something, where these
// are edits.
func safest(findings []*rules.Finding) []rules.Chosen {
	var all []rules.Chosen
	for _, f := range findings {
		if len(f.Fixes) > 0 && f.Fixes[0].Kind == rules.Directive && f.Severity != rules.Info {
			all = append(all, rules.Chosen{Finding: f, Fix: f.Fixes[0]})
		}
	}
	return all
}

// judging gives the findings about a new schema.
func judging(before *diff.Schema, renames map[string]string) func([]*sdl.File) ([]*rules.Finding, error) {
	return func(files []*sdl.File) ([]*rules.Finding, error) {
		parsed, err := sdl.Parse(files...)
		if err != nil {
			return nil, err
		}
		after := diff.New(parsed)
		if problems := validity.Check(after.Schema, validity.Options{}).Problems; len(problems) > 0 {
			return nil, errors.New(problems[0].Message)
		}
		return rules.Judge(diff.Compare(before, after, diff.Options{Renames: renames})), nil
	}
}

// TestDirectives carries out every fix of every case that is an edit, alone:
// the new schema is valid with it, its finding is settled, and nothing else is
// worse. Then it carries out the first ones of all findings together.
func TestDirectives(t *testing.T) {
	eachPair(t, func(t *testing.T, c *testCase) {
		if c.refused(t) {
			return
		}
		before, after := derive(t, "old.graphql", c.old), derive(t, "new.graphql", c.new)
		findings := rules.Judge(diff.Compare(before, after, diff.Options{Renames: c.renames}))
		judge := judging(before, c.renames)
		eachDirective(findings, func(chosen rules.Chosen) {
			r := rules.Repair(after.Source.Files, findings, []rules.Chosen{chosen}, judge, nil)
			for _, f := range r.Failed {
				t.Errorf("%s of %s: %v\n%s", f.Fix.ID, identity(f.Finding), f.Err, f.Fix.Patch.Diff())
			}
		})
		first := safest(findings)
		r := rules.Repair(after.Source.Files, findings, first, judge, func(so rules.Repaired) []rules.Chosen { return safest(so.Left) })
		for _, f := range r.Failed {
			t.Errorf("%s of %s, with the others: %v\n%s", f.Fix.ID, identity(f.Finding), f.Err, f.Fix.Patch.Diff())
		}
		// A second run has nothing to do.
		if len(r.Failed) > 0 {
			return
		}
		for _, c := range safest(r.Left) {
			t.Errorf("a second run would make %s of %s:\n%s", c.Fix.ID, identity(c.Finding), c.Fix.Patch.Diff())
		}
	})
}
