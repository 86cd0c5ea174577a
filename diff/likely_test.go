package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
)

// labelledEdit is an edit as a person would judge it: which of the removed
// elements were renamed. All others are removals and additions.
type labelledEdit struct {
	name, before, after string
	want                string // "old>new old>new" in coordinates
}

// replacement is an edit that takes an element out and puts another one into its place.
type replacement struct {
	before, after string
	renamed       bool
}

// inPlace makes edits of a field between two that stay. U is another type.
func inPlace(edits []replacement) []labelledEdit {
	return between(edits, "type T { a: Int ", " b: Int } type U { m: Int r: T }")
}

// values makes edits of an enum's value between two that stay.
func values(edits []replacement) []labelledEdit {
	return between(edits, "type T { a: Int e: E } enum E { FIRST ", " LAST }")
}

func between(edits []replacement, prefix, suffix string) []labelledEdit {
	owner := "T."
	if strings.Contains(prefix, "enum") {
		owner = "E."
	}
	var all []labelledEdit
	for _, e := range edits {
		c := labelledEdit{name: e.before + " and " + e.after, before: prefix + e.before + suffix, after: prefix + e.after + suffix}
		if e.renamed {
			before, _, _ := strings.Cut(e.before, ":")
			after, _, _ := strings.Cut(e.after, ":")
			c.want = owner + before + ">" + owner + after
		}
		all = append(all, c)
	}
	return all
}

// found are the renames of a diff, as in labelledEdit.
func found(d *diff.Diff) []string {
	var all []string
	for _, r := range renamesOf(d) {
		all = append(all, r.what)
	}
	return all
}

// renamed is a rename of a diff, what as in labelledEdit.
type renamed struct {
	what string
	diff.Rename
}

func renamesOf(d *diff.Diff) []renamed {
	var all []renamed
	for _, c := range d.Changes {
		switch c := c.(type) {
		case diff.TypeRenamed:
			all = append(all, renamed{c.Before.Name + ">" + c.After.Name, c.Rename})
		case diff.FieldRenamed:
			all = append(all, renamed{c.Before.Coordinate() + ">" + c.After.Coordinate(), c.Rename})
		case diff.EnumValueRenamed:
			all = append(all, renamed{c.Before.Name + "." + c.From.Name.Text + ">" + c.After.Name + "." + c.To.Name.Text, c.Rename})
		}
	}
	return all
}

// TestLikely measures how well likely renames agree with what a person says.
// Those that go wrong are printed: threshold and weights are to be judged by
// them. What is taken for a rename and is none costs more than what is missed:
// that is still reported, as a removal and an addition.
func TestLikely(t *testing.T) {
	t.Parallel()
	for _, set := range []struct {
		name              string
		edits             []labelledEdit
		precision, recall float64 // at least
	}{
		{"tuning", tuning, 1, 0.96}, // so that any that goes wrong is seen
		{"held out", heldOut, 0.9, 0.85},
	} {
		t.Run(set.name, func(t *testing.T) {
			t.Parallel()
			var s score
			for _, c := range set.edits {
				s.count(t, c.name, found(compare(t, c.before, c.after, nil)), strings.Fields(c.want))
			}
			t.Logf("%d cases: %s", len(set.edits), s)
			if s.precision() < set.precision || s.recall() < set.recall {
				t.Errorf("want precision %.2f and recall %.2f", set.precision, set.recall)
			}
		})
	}
	if len(tuning)+len(heldOut) < 300 || len(heldOut) < 150 {
		t.Errorf("%d and %d cases only", len(tuning), len(heldOut))
	}
}

// score counts how renames agree with what a person says.
type score struct{ right, wrong, missed int }

func (s *score) count(t *testing.T, name string, got, want []string) {
	t.Helper()
	for _, r := range got {
		if slices.Contains(want, r) {
			s.right++
		} else {
			s.wrong++
			t.Logf("%s: %s is no rename", name, r)
		}
	}
	for _, r := range want {
		if !slices.Contains(got, r) {
			s.missed++
			t.Logf("%s: %s is missed", name, r)
		}
	}
}

func (s score) precision() float64 { return float64(s.right) / max(1, float64(s.right+s.wrong)) }
func (s score) recall() float64    { return float64(s.right) / max(1, float64(s.right+s.missed)) }

func (s score) String() string {
	return fmt.Sprintf("%d renames, %d found, %d wrong: precision %.3f, recall %.3f",
		s.right+s.missed, s.right, s.wrong, s.precision(), s.recall())
}

// TestReasons: a likely rename says why, with a score between the threshold
// and 1.
func TestReasons(t *testing.T) {
	t.Parallel()
	d := compare(t, `type T { a: Int phone: String @search b: Int }`, `type T { a: Int phoneNumber: String @search b: Int }`, nil)
	r := d.Changes[0].(diff.FieldRenamed)
	want := []string{"the names are alike (phone, phoneNumber)", "same type String", "same directives", "same place in the type"}
	if !slices.Equal(r.Reasons, want) || r.Score < 0.62 || r.Score >= 1 {
		t.Errorf("score %v, reasons %q", r.Score, r.Reasons)
	}
	d = compare(t, `type Lorry { n: Int m: Int } type G { a: Int x: [Lorry] y: Lorry }`, `type Lorries { n: Int m: Int } type G { a: Int x: [Lorries] y: Lorries }`, nil)
	rename := d.Changes[0].(diff.TypeRenamed)
	want = []string{"the names are alike (Lorry, Lorries)", "2 of 2 fields are the same", "2 elements that named Lorry now name Lorries"}
	if !slices.Equal(rename.Reasons, want) {
		t.Errorf("reasons %q", rename.Reasons)
	}
}
