package diff_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

// TestDirectives makes every edit that a rule offers for random changes: the
// schema is valid with it, its finding is settled, nothing else got worse, and
// it is not offered again. Repair says where that is not so, and makes no such
// edit; rules may offer few of that kind, as where an edit has other renames look
// likely.
func TestDirectives(t *testing.T) {
	t.Parallel()
	options := generate.Options{NoFederation: true, NoLambda: true}
	pairs, made := 0, 0
	var failures []string
	random(t, options, func(t *testing.T, rng *rand.Rand, text string) {
		before := load(t, "old.graphql", text)
		if !valid(before) {
			return
		}
		var after *diff.Schema
		for range 20 {
			if after = load(t, "new.graphql", edited(rng, before.Source)); valid(after) {
				break
			}
		}
		if !valid(after) {
			return
		}
		pairs++
		judge := func(files []*sdl.File) ([]*rules.Finding, error) {
			parsed, err := sdl.Parse(files...)
			if err != nil {
				return nil, err
			}
			s := diff.New(parsed)
			if problems := validity.Check(s.Schema, validity.Options{}).Problems; len(problems) > 0 {
				return nil, errors.New(problems[0].Message)
			}
			return rules.Judge(diff.Compare(before, s, diff.Options{})), nil
		}
		files := after.Source.Files
		findings, err := judge(files)
		if err != nil {
			t.Fatal(err)
		}
		var first []rules.Chosen
		for _, f := range findings {
			for i, x := range f.Fixes {
				if x.Kind != rules.Directive {
					continue
				}
				c := rules.Chosen{Finding: f, Fix: x}
				if i == 0 {
					first = append(first, c)
				}
				made++
				for _, failed := range rules.Repair(files, findings, []rules.Chosen{c}, judge, nil).Failed {
					failures = append(failures, fmt.Sprintf("%s %s: %s: %v\n%s", f.Rule.ID, f.Coordinate, x.ID, failed.Err, x.Patch.Diff()))
				}
			}
		}
		r := rules.Repair(files, findings, first, judge, nil)
		if left, err := judge(r.Files); err != nil || len(left) != len(r.Left) {
			t.Errorf("the result was not looked at: %v", err)
		}
		if len(r.Done)+len(r.Failed) != len(first) {
			t.Errorf("%d of %d fixes were made and %d failed", len(r.Done), len(first), len(r.Failed))
		}
	})
	t.Logf("%d edits of %d pairs, of which %d did not stand the check", made, pairs, len(failures))
	if len(failures)*100 > made {
		t.Errorf("too many edits do not stand the check:\n%s", strings.Join(failures, "\n"))
	}
	if pairs < rounds/4 || made < rounds/2 {
		t.Errorf("only %d edits of %d pairs were tried", made, pairs)
	}
}

func valid(s *diff.Schema) bool {
	return len(validity.Check(s.Schema, validity.Options{}).Problems) == 0
}
