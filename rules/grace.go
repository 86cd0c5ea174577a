package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Deprecation is since when an element is @deprecated without a break.
type Deprecation struct {
	Since time.Time
	// Longer says that it may have been so before: nobody looked further back.
	Longer bool
}

// Grace makes warnings of errors about elements that are removed after they were
// @deprecated for so long. It is asked once for all deprecated elements that are
// gone, by their coordinates in the old schema, since when they were; of those that
// it does not answer for nothing is known, and the findings stay as they are.
func Grace(before, after *diff.Schema, findings []*Finding, grace time.Duration, now time.Time, since func(elements []string) map[string]Deprecation) {
	retired := map[*Finding][]string{}
	var all []string
	for _, f := range findings {
		if elements := retires(before, after, f); len(elements) > 0 {
			retired[f] = elements
			for _, e := range elements {
				if !slices.Contains(all, e) {
					all = append(all, e)
				}
			}
		}
	}
	if len(all) == 0 {
		return
	}
	known := since(all)
	for _, f := range findings {
		if elements := retired[f]; len(elements) > 0 {
			f.spare(elements, known, grace, now)
		}
	}
}

// spare makes a warning of an error when its elements were deprecated long enough,
// and tells in either case.
func (f *Finding) spare(elements []string, known map[string]Deprecation, grace time.Duration, now time.Time) {
	var last Deprecation // the one that was deprecated last
	for _, e := range elements {
		d, ok := known[e]
		if !ok {
			return
		}
		if d.Since.After(last.Since) {
			last = d
		}
	}
	lasted := max(0, now.Sub(last.Since))
	f.Message += fmt.Sprintf("; @deprecated since %s", last.Since.Format(time.DateOnly))
	if last.Longer {
		f.Message += " or longer"
	}
	f.Message += fmt.Sprintf(" (%s)", inDays(lasted))
	if lasted < grace {
		f.Reasons = append(slices.Clip(f.Reasons), fmt.Sprintf("it was @deprecated for %s, and deprecationGrace asks for %s", inDays(lasted), inDays(grace)))
		return
	}
	f.Reasons = append(slices.Clip(f.Reasons), fmt.Sprintf("it was @deprecated for %s, and %s are enough by deprecationGrace", inDays(lasted), inDays(grace)))
	if f.Severity == Error {
		f.Severity = Warning
	}
	// To keep it for a while is what was done already.
	f.Fixes = slices.DeleteFunc(slices.Clone(f.Fixes), func(x Fix) bool { return x.ID == "keep-and-deprecate" })
}

// inDays is a time as people say it: hours up to two days.
func inDays(d time.Duration) string {
	if hours := int(d.Hours()); hours < 48 {
		return count(uint64(hours), "hour")
	}
	return count(uint64(d.Hours())/24, "day")
}

// retires are the elements that a finding says are gone, when all of them were
// @deprecated; a type is by its fields, since Dgraph knows no deprecated types. Nil
// for other findings.
func retires(before, after *diff.Schema, f *Finding) []string {
	var elements []string
	switch f.Rule {
	case fieldRemoved, enumValueRemoved, apiRemoved:
		if f.To != "" {
			return nil // it has another name
		}
		elements = []string{f.Coordinate}
		name, member, _ := strings.Cut(f.Coordinate, ".")
		if t := before.Type(name); t != nil {
			if b := t.Field(member); b != nil && b.Source != nil {
				elements[0] = b.Source.Name + "." + member
			}
		}
		if _, there := directivesOf(after.Source, elements[0]); there {
			return nil
		}
	case typeRemoved:
		for _, b := range before.Type(f.Coordinate).Fields {
			owner := b.Owner
			if b.Source != nil {
				owner = b.Source
			}
			if b.Type().Named() != "ID" {
				elements = append(elements, owner.Name+"."+b.Name)
			}
		}
	}
	for _, e := range elements {
		if !Deprecated(before.Source, e) {
			return nil
		}
	}
	return elements
}

// Deprecated reports whether the field or enum value at a coordinate is @deprecated
// in a schema, as it is written there.
func Deprecated(s *sdl.Schema, coordinate string) bool {
	directives, _ := directivesOf(s, coordinate)
	return sdl.Lookup(directives, "deprecated") != nil
}

// directivesOf are the directives of the field or enum value at a coordinate, and
// false when there is none.
func directivesOf(s *sdl.Schema, coordinate string) ([]*sdl.Directive, bool) {
	name, member, ok := strings.Cut(coordinate, ".")
	if !ok {
		return nil, false
	}
	for _, d := range s.Definitions {
		if d.Name.Text != name {
			continue
		}
		for _, f := range d.Fields {
			if f.Name.Text == member {
				return f.Directives, true
			}
		}
		for _, v := range d.Values {
			if v.Name.Text == member {
				return v.Directives, true
			}
		}
	}
	return nil, false
}
