package rules_test

import (
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/rules"
)

const (
	repairOld = "type User {\n  id: ID!\n  phone: String\n  mail: String\n  age: Int\n}\n"
	repairNew = "type User {\n  id: ID!\n  phoneNumber: String\n  mail: String!\n  age: Int\n}\n"
)

// repairing is a pair with two findings, and their first fixes.
func repairing(t *testing.T) (files []*sdl.File, findings []*rules.Finding, chosen []rules.Chosen, judge func([]*sdl.File) ([]*rules.Finding, error)) {
	t.Helper()
	before, after := derive(t, "old.graphql", repairOld), derive(t, "new.graphql", repairNew)
	findings = rules.Judge(diff.Compare(before, after, diff.Options{}))
	chosen = safest(findings)
	if len(chosen) != 2 || chosen[0].Fix.ID != "pin-predicate" || chosen[1].Fix.ID != "keep-nullable" {
		t.Fatalf("other fixes than expected: %+v", chosen)
	}
	return after.Source.Files, findings, chosen, judging(before, nil)
}

// inserting is a patch that puts a text behind another one.
func inserting(f *sdl.File, behind, text string) fixes.Patch {
	at := int32(strings.Index(f.Text, behind) + len(behind))
	return fixes.Patch{Edits: []sdl.Edit{{Span: sdl.Span{File: f, Start: at, End: at}, New: text}}}
}

func TestRepair(t *testing.T) {
	t.Parallel()
	const pinned = "type User {\n  id: ID!\n  phoneNumber: String @dgraph(pred: \"User.phone\")\n"
	for _, c := range []struct {
		name  string
		patch func(*sdl.File) fixes.Patch // instead of that of the second fix; nil leaves it
		err   string                      // of the second fix; empty when it is made
	}{
		{"both", nil, ""},
		{"invalid", func(f *sdl.File) fixes.Patch { return inserting(f, "mail: String!", ` @dgraph(pred: "")`) }, "pred"},
		{"not parsed", func(f *sdl.File) fixes.Patch { return inserting(f, "mail: String!", "!") }, "expected"},
		{"without effect", func(f *sdl.File) fixes.Patch { return inserting(f, "mail: String!", " ") }, "it leaves the finding as it is"},
		{"worse elsewhere", func(f *sdl.File) fixes.Patch {
			p := inserting(f, "age: Int", "!")
			mark := inserting(f, "mail: String", "").Edits[0].Span
			mark.End++
			return fixes.Patch{Edits: append(p.Edits, sdl.Edit{Span: mark})}
		}, "User.age becomes required"},
		{"in the way of the first", func(f *sdl.File) fixes.Patch { return inserting(f, "phoneNumber: String", ` @dgraph(pred: "x")`) }, "they lead to field-renamed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files, findings, chosen, judge := repairing(t)
			plant := func(f *sdl.File, findings []*rules.Finding) {
				for _, found := range findings {
					if c.patch != nil && found.Coordinate == "User.mail" && len(found.Fixes) > 0 {
						found.Fixes[0].Patch = c.patch(f)
					}
				}
			}
			plant(files[0], findings)
			r := rules.Repair(files, findings, safest(findings)[:len(chosen)], func(files []*sdl.File) ([]*rules.Finding, error) {
				left, err := judge(files)
				plant(files[0], left)
				return left, err
			}, nil)
			if !strings.HasPrefix(r.Files[0].Text, pinned) || files[0].Text != repairNew {
				t.Errorf("the first fix was not made alone:\n%s", r.Files[0].Text)
			}
			switch {
			case c.err == "" && (len(r.Done) != 2 || len(r.Failed) > 0):
				t.Errorf("%d made, failed: %v", len(r.Done), r.Failed)
			case c.err != "" && (len(r.Done) != 1 || len(r.Failed) != 1):
				t.Errorf("%d made, failed: %v", len(r.Done), r.Failed)
			case c.err != "" && !strings.Contains(r.Failed[0].Err.Error(), c.err):
				t.Errorf("failed with %v, want %s", r.Failed[0].Err, c.err)
			}
		})
	}
}

// TestRepairMore: what is chosen of what is left is made too, and nothing twice.
func TestRepairMore(t *testing.T) {
	t.Parallel()
	files, findings, chosen, judge := repairing(t)
	asked := 0
	r := rules.Repair(files, findings, chosen[:1], judge, func(so rules.Repaired) []rules.Chosen {
		asked++
		return append(safest(so.Left), chosen[0])
	})
	if len(r.Done) != 2 || len(r.Failed) > 0 || asked != 2 || !strings.Contains(r.Files[0].Text, "mail: String\n") {
		t.Errorf("%d made, failed: %v, asked %d times:\n%s", len(r.Done), r.Failed, asked, r.Files[0].Text)
	}
}
