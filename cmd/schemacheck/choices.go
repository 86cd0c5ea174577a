package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/rules"
)

// choiceOptions say which fixes are taken.
type choiceOptions struct {
	choose []string // COORDINATE=FIX-ID
	prefer string   // directive, migration or empty
	// standing are those of the configuration: what fits no finding has no effect.
	standing []string
	// known are the fingerprints of findings that are left as they are.
	known map[string]bool
}

// configured takes what the configuration says where the flags say nothing.
func (o *choiceOptions) configured(c config.Fixes) {
	o.prefer, o.standing = cmp.Or(o.prefer, c.Prefer), c.Choose
}

// leave is the choice of no fix.
const leave = "none"

func (o *choiceOptions) bindChoose(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.choose, "choose", nil, "take this fix, as `COORDINATE=FIX-ID`, or none of them with "+leave+"; can be repeated")
}

func (o *choiceOptions) bind(flags *pflag.FlagSet) {
	o.bindChoose(flags)
	flags.StringVar(&o.prefer, "prefer", "", "take fixes of this `KIND` where there are both: directive or migration (default: the first, which is the safest)")
}

func (o *choiceOptions) check(flags *pflag.FlagSet) error {
	if kinds := []string{string(rules.Directive), string(rules.Migration)}; o.prefer != "" && !slices.Contains(kinds, o.prefer) {
		return given(flags, "prefer", unknown("kind for --prefer", o.prefer, kinds))
	}
	for _, c := range o.choose {
		if coordinate, id, ok := strings.Cut(c, "="); !ok || coordinate == "" || id == "" {
			return given(flags, "choose", fmt.Errorf("--choose %s: expected COORDINATE=FIX-ID, such as User.phone=pin-predicate", c))
		}
	}
	return nil
}

// choice is what is decided about one finding that has fixes.
type choice struct {
	finding *rules.Finding
	fix     *rules.Fix // nil: none is taken
	note    string     // why not
	named   bool       // decided by --choose
}

// choices decides about the findings that have fixes, in their order. Without a
// word from the user it takes the first fix of the preferred kind for what is
// more than an information, and nothing that deletes or waits. severity is that of a
// finding in the report.
func (o *choiceOptions) choices(flags *pflag.FlagSet, findings []*rules.Finding, severity func(*rules.Finding) report.Severity) ([]choice, error) {
	asked := map[*rules.Finding]string{}
	var wrong []error
	for _, c := range o.choose {
		coordinate, id, _ := strings.Cut(c, "=")
		at, err := offering(findings, coordinate, id)
		if err != nil {
			wrong = append(wrong, given(flags, "choose", fmt.Errorf("--choose %s: %w", c, err)))
		}
		for _, f := range at {
			if other := asked[f]; other != "" && other != id {
				wrong = append(wrong, given(flags, "choose", fmt.Errorf("--choose %s: for %s there is also --choose %s=%s", c, f.Rule.ID, coordinate, other)))
			}
			asked[f] = id
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	for _, c := range o.standing {
		coordinate, id, _ := strings.Cut(c, "=")
		at, err := offering(findings, coordinate, id)
		for _, f := range at {
			if err == nil && asked[f] == "" {
				asked[f] = id
			}
		}
	}
	var all []choice
	for _, f := range findings {
		if len(f.Fixes) == 0 {
			continue
		}
		c := choice{finding: f, named: asked[f] != ""}
		switch id := asked[f]; {
		case id == leave:
			c.note = "left as it is, by --choose"
		case id != "":
			c.fix = &f.Fixes[slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == id })]
		case severity(f) == report.Info:
			c.note = "left as it is: nothing is in danger; --choose takes a fix all the same"
		case o.known[fingerprint(f)]:
			c.note = "left as it is: the baseline has it; --choose takes a fix all the same"
		default:
			if c.fix = o.first(f); c.fix == nil {
				c.note = "what deletes is never taken by itself: --choose takes it"
				if i := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.Waits != "" }); i >= 0 {
					c.note = "left as it is: " + f.Fixes[i].Waits + "; --choose takes a fix all the same"
				}
			}
		}
		all = append(all, c)
	}
	return all, nil
}

// first is the fix that is taken without a word from the user, or nil. What no
// plan can do comes last.
func (o *choiceOptions) first(f *rules.Finding) *rules.Fix {
	for _, planned := range []bool{true, false} {
		for _, kind := range []rules.FixKind{rules.FixKind(o.prefer), ""} {
			for i := range f.Fixes {
				x := &f.Fixes[i]
				if x.Risk != rules.Destructive && x.Waits == "" && (kind == "" || x.Kind == kind) && (!planned || !byHand(x)) {
					return x
				}
			}
		}
	}
	return nil
}

// byHand reports whether nothing but people can carry out a fix.
func byHand(x *rules.Fix) bool { return x.Kind == rules.Migration && x.Migration == nil }

// later decides about findings that come up, or offer another fix, once the edits
// so far are made: a field with a new predicate has to be filled. What was decided
// otherwise, or is no danger, stays so.
func (o *choiceOptions) later(so []choice, left []*rules.Finding, severity func(*rules.Finding) report.Severity) []choice {
	before := map[string]choice{}
	for _, c := range so {
		before[fingerprint(c.finding)] = c
	}
	var all []choice
	for _, f := range left {
		c, known := before[fingerprint(f)]
		if known && (c.named || severity(c.finding) == report.Info) || severity(f) == report.Info || o.known[fingerprint(f)] {
			continue
		}
		x := o.first(f)
		if x == nil || known && c.fix != nil && c.fix.ID == x.ID {
			continue
		}
		if x.Kind == rules.Migration && known && (c.fix == nil || c.fix.Kind == rules.Migration) {
			continue
		}
		all = append(all, choice{finding: f, fix: x, note: "this comes up once the other edits are made"})
	}
	return all
}

// callName is what a finding is called on the command line: its coordinate, or
// where it has none its subject.
func callName(f *rules.Finding) string { return cmp.Or(f.Coordinate, f.Subject, f.Rule.ID) }

// offering are the findings at a coordinate that offer a fix.
func offering(findings []*rules.Finding, coordinate, id string) ([]*rules.Finding, error) {
	var at []*rules.Finding
	var coordinates, ids []string
	for _, f := range findings {
		if len(f.Fixes) == 0 {
			continue
		}
		names := []string{callName(f), f.To}
		coordinates = append(coordinates, names...)
		if !slices.Contains(names, coordinate) {
			continue
		}
		for _, x := range f.Fixes {
			ids = append(ids, x.ID)
		}
		if id == leave || slices.ContainsFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == id }) {
			at = append(at, f)
		}
	}
	switch {
	case len(at) > 0:
		return at, nil
	case len(ids) > 0:
		slices.Sort(ids)
		return nil, unknown("fix", id, append(slices.Compact(ids), leave))
	}
	slices.Sort(coordinates)
	coordinates = slices.DeleteFunc(slices.Compact(coordinates), func(s string) bool { return s == "" })
	if len(coordinates) == 0 {
		return nil, errors.New("no finding has a fix")
	}
	return nil, unknown("coordinate", coordinate, coordinates)
}

// ask lets a person decide about what --choose did not decide. preview shows what
// a change of stored data would do.
func ask(ctx context.Context, choices []choice, to asker, preview func(rules.Fix) string) error {
	for i := range choices {
		c := &choices[i]
		if c.named {
			continue
		}
		f := c.finding
		q := question{title: f.Rule.ID + " " + f.Coordinate, about: f.Message + ". " + f.Consequence, start: leave}
		if f.To != "" {
			q.title += " -> " + f.To
		}
		for _, x := range f.Fixes {
			o := option{id: x.ID, label: fmt.Sprintf("%s (%s, %s)", x.Title, x.Kind, x.Risk), preview: x.Patch.Diff()}
			if x.Kind == rules.Migration {
				o.preview = preview(x)
			}
			q.options = append(q.options, o)
		}
		q.options = append(q.options, option{id: leave, label: "leave it as it is"})
		if c.fix != nil {
			q.start = c.fix.ID
		}
		id, err := to(ctx, q)
		if err != nil {
			return err
		}
		c.fix, c.note = nil, "left as it is"
		if at := slices.IndexFunc(f.Fixes, func(x rules.Fix) bool { return x.ID == id }); at >= 0 {
			c.fix, c.note = &f.Fixes[at], ""
		}
	}
	return nil
}
