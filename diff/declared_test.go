package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// TestSaid tells the tool what every labelled case means, in the configuration
// or by comments: then all renames are found, and nothing but them is declared.
func TestSaid(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(tuning, heldOut) {
		want := strings.Fields(c.want)
		if len(want) == 0 {
			continue
		}
		renames := map[string]string{}
		for _, r := range want {
			from, to, _ := strings.Cut(r, ">")
			renames[from] = to
		}
		hinted := insert(t, c.after, want, func(from string, at sdl.Span) (int32, string) {
			return at.Start, "\n# schemacheck:renamed-from " + from + "\n"
		})
		for how, d := range map[string]*diff.Diff{
			"configuration": compare(t, c.before, c.after, renames),
			"comment":       compare(t, c.before, hinted, nil),
		} {
			got := renamesOf(d)
			for _, r := range want {
				if !slices.ContainsFunc(got, func(g renamed) bool { return g.what == r && g.Confidence == diff.Declared }) {
					t.Errorf("%s: %s is declared and not found, by %s:\n%s", c.name, r, how, lines(d))
				}
			}
			for _, r := range got {
				switch {
				case r.Confidence != diff.Declared:
					t.Errorf("%s: %s is %s", c.name, r.what, r.Confidence)
				case r.Score != 1 || len(r.Reasons) != 1 || !strings.Contains(r.Reasons[0], how):
					t.Errorf("%s: %s by %s has the score %v for the reasons %q", c.name, r.what, how, r.Score, r.Reasons)
				}
			}
		}
	}
}

// TestPinned pins what the labelled cases rename to where it is stored: that is
// certain.
func TestPinned(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, c := range slices.Concat(tuning, heldOut) {
		before, after := load(t, "old.graphql", c.before), load(t, "new.graphql", c.after)
		pins := map[string]string{}
		var want []string
		for _, r := range strings.Fields(c.want) {
			from, to, _ := strings.Cut(r, ">")
			owner, field, isField := strings.Cut(from, ".")
			switch b := before.Type(owner); {
			case !b.Stores():
				continue
			case isField:
				newOwner, newField, _ := strings.Cut(to, ".")
				b, a := b.Field(field), after.Type(newOwner).Field(newField)
				if b.Predicate == "" || a.Predicate == "" || b.Type().List() && !a.Type().List() {
					continue
				}
				pins[from] = fmt.Sprintf(" @dgraph(pred: %q)", b.Predicate)
			default:
				pins[from] = fmt.Sprintf(" @dgraph(type: %q)", b.Stored)
			}
			want = append(want, r)
		}
		if len(want) == 0 {
			continue
		}
		tried += len(want)
		pinned := insert(t, c.after, want, func(from string, at sdl.Span) (int32, string) {
			return at.End, pins[from]
		})
		got := renamesOf(compare(t, c.before, pinned, nil))
		for _, r := range want {
			if !slices.ContainsFunc(got, func(g renamed) bool { return g.what == r && g.Confidence == diff.Certain }) {
				t.Errorf("%s: %s is certain and not found in %s", c.name, r, pinned)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d renames were tried", tried)
	}
}

// insert puts something at the elements that renames lead to. At is the element
// up to its last directive.
func insert(t *testing.T, text string, renames []string, what func(from string, at sdl.Span) (int32, string)) string {
	t.Helper()
	s := parse(t, text)
	var edits []sdl.Edit
	seen := map[string]bool{}
	add := func(coordinate string, at sdl.Span) {
		for _, r := range renames {
			from, to, _ := strings.Cut(r, ">")
			if to == coordinate && !seen[to] {
				seen[to] = true
				start, text := what(from, at)
				edits = append(edits, sdl.Edit{Span: sdl.Span{File: at.File, Start: start, End: start}, New: text})
			}
		}
	}
	for _, d := range s.Definitions {
		head := d.Span.To(d.Name.Span)
		for _, i := range d.Interfaces {
			head = d.Span.To(i.Span)
		}
		for _, dir := range d.Directives {
			head = d.Span.To(dir.Span)
		}
		add(d.Name.Text, head)
		for _, f := range d.Fields {
			add(d.Name.Text+"."+f.Name.Text, f.Span)
		}
		for _, v := range d.Values {
			add(d.Name.Text+"."+v.Name.Text, v.Span)
		}
	}
	if len(edits) != len(renames) {
		t.Errorf("%d of %v are in %s", len(edits), renames, text)
	}
	edited, err := sdl.Apply(s.Files[0], edits)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}
