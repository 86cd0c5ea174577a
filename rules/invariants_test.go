package rules_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

const corpus = "../../shared/corpus"

// pairs are the cases, and the pairs of real schemas that may lie beside the
// repository.
func pairs(t *testing.T) []*testCase {
	t.Helper()
	all := allCases(t)
	dirs, err := filepath.Glob(corpus + "/*-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		before, err := os.ReadFile(filepath.Join(dir, "old.graphql"))
		if err != nil {
			continue // not a pair
		}
		all = append(all, &testCase{rule: "corpus", name: filepath.Base(dir), dir: dir,
			old: string(before), new: read(t, filepath.Join(dir, "new.graphql"))})
	}
	return all
}

// eachPair runs a check on every pair of schemas.
func eachPair(t *testing.T, check func(t *testing.T, c *testCase)) {
	t.Parallel()
	for _, c := range pairs(t) {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			check(t, c)
		})
	}
}

func TestNoChangeBetweenEqualSchemas(t *testing.T) {
	eachPair(t, func(t *testing.T, c *testCase) {
		for _, text := range []string{c.old, c.new} {
			d := diff.Compare(derive(t, "old.graphql", text), derive(t, "new.graphql", text), diff.Options{})
			if len(d.Changes) > 0 {
				t.Errorf("a schema differs from itself: %T %+v", d.Changes[0], d.Changes[0])
			}
		}
	})
}

// TestFindingsAreWhole is about what every finding has, whatever its rule.
func TestFindingsAreWhole(t *testing.T) {
	eachPair(t, func(t *testing.T, c *testCase) {
		findings, _ := c.reported(t)
		checkWhole(t, findings, c.new)
	})
}

func checkWhole(t *testing.T, findings []*rules.Finding, after string) {
	t.Helper()
	risks := []rules.Risk{rules.Safe, rules.Review, rules.Destructive}
	seen := map[string]bool{}
	for _, f := range findings {
		id := identity(f)
		if seen[id] {
			t.Errorf("two findings are known as %s", id)
		}
		seen[id] = true
		if f.Message == "" || f.Consequence == "" {
			t.Errorf("%s lacks a message or a consequence: %q %q", id, f.Message, f.Consequence)
		}
		if f.Place.Anchor == "" || after != "" && f.Place.Span.IsZero() && f.Rule.ID != "schema-invalid" {
			t.Errorf("%s has no place", id)
		}
		onOperation := f.Rule.OnOperations()
		if onOperation != (!f.Place.Span.IsZero() && strings.HasPrefix(f.Place.Span.File.Name, "operations")) ||
			!onOperation && !f.Place.Span.IsZero() && f.Place.Span.File.Name != "new.graphql" && f.Place.Span.File.Name != acceptFile {
			t.Errorf("%s is placed in %s", id, f.Place.Span.File.Name)
		}
		if !f.Previous.IsZero() && f.Previous.File.Name != "old.graphql" {
			t.Errorf("%s was previously in %s", id, f.Previous.File.Name)
		}
		if rank(f.Severity) < 0 || rank(f.Severity) > rank(f.Rule.Severity) {
			t.Errorf("%s is %s, but the worst of its rule is %s", id, f.Severity, f.Rule.Severity)
		}
		if f.Impact.API == "" || f.Impact.Storage == "" || f.Impact.Data == "" {
			t.Errorf("%s has the impact %+v", id, f.Impact)
		}
		if f.Addition && (f.Severity != rules.Info || f.Impact.Data != rules.DataNone) {
			t.Errorf("%s is called an addition, and %s with data %s", id, f.Severity, f.Impact.Data)
		}
		if f.Severity != rules.Error && f.Impact.Storage == rules.StorageRefused {
			t.Errorf("%s is refused, and only %s", id, f.Severity)
		}
		rename := strings.HasSuffix(f.Rule.ID, "-renamed") || f.Rule.ID == "enum-value-removed" && f.To != ""
		// A finding on an operation has the change as its reason, and is no rename itself.
		if rename != (f.Confidence != "") || rename != (len(f.Reasons) > 0) && !onOperation {
			t.Errorf("%s has the confidence %q for the reasons %q", id, f.Confidence, f.Reasons)
		}
		if slices.Contains(f.Predicates, "") || slices.Contains(f.Affects, "") || slices.Contains(f.Affects, f.Coordinate) {
			t.Errorf("%s affects %q, predicates %q", id, f.Affects, f.Predicates)
		}
		for i, fix := range f.Fixes {
			if !kebab.MatchString(fix.ID) || fix.Title == "" || fix.Kind != rules.Directive && fix.Kind != rules.Migration {
				t.Errorf("%s has the fix %+v", id, fix)
			}
			if slices.IndexFunc(f.Fixes, func(o rules.Fix) bool { return o.ID == fix.ID }) != i {
				t.Errorf("%s has two fixes %s", id, fix.ID)
			}
			if i > 0 && slices.Index(risks, fix.Risk) < slices.Index(risks, f.Fixes[i-1].Risk) {
				t.Errorf("%s ranks %s before %s", id, f.Fixes[i-1].ID, fix.ID)
			}
		}
	}
}

// TestOrderDoesNotMatter shuffles the definitions of both schemas.
func TestOrderDoesNotMatter(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	eachPair(t, func(t *testing.T, c *testCase) {
		if c.refused(t) {
			return // which of two clashing elements is to blame depends on their order
		}
		if strings.Contains(c.new, sdl.RenamedFrom) {
			return // a comment before a definition does not move with it
		}
		want := identities(c.findings(t))
		for round := range uint64(3) {
			random := rand.New(rand.NewPCG(seed, round))
			before, after := shuffled(t, random, c.old), shuffled(t, random, c.new)
			if d := cmp.Diff(want, identities(judge(t, before, after, c.renames))); d != "" {
				t.Fatalf("with other orders the findings differ (seed %d):\n%s\nold:\n%s\nnew:\n%s", seed, d, head(before), head(after))
			}
		}
	})
}

func head(text string) string { return text[:min(len(text), 2000)] }

func identities(findings []*rules.Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, string(f.Severity)+" "+identity(f))
	}
	slices.Sort(all)
	return all
}

// shuffled is the text with its definitions in another order. Settings in
// comments stay at the end, where they stand in real schemas.
func shuffled(t *testing.T, random *rand.Rand, text string) string {
	t.Helper()
	s, err := sdl.Parse(&sdl.File{Name: "x.graphql", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, d := range s.Definitions {
		parts = append(parts, d.Span.Text())
	}
	for _, d := range s.Directives {
		parts = append(parts, d.Span.Text())
	}
	for _, d := range s.Roots {
		parts = append(parts, d.Span.Text())
	}
	random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for _, m := range s.Meta {
		parts = append(parts, m.Span.Text())
	}
	return strings.Join(parts, "\n")
}

// TestProseDoesNotMatter changes of the new schema only what clients and data
// do not see: descriptions, deprecations, comments, blanks and line ends. They
// are told, and hide nothing.
func TestProseDoesNotMatter(t *testing.T) {
	changes := map[string]func(s *sdl.Schema) []sdl.Edit{
		"described":  described,
		"deprecated": deprecated,
		"commented":  commented,
	}
	eachPair(t, func(t *testing.T, c *testCase) {
		if c.refused(t) {
			return // Dgraph refuses the text: it may quote it
		}
		want := contents(withoutProse(c.findings(t)))
		for name, change := range changes {
			if name == "commented" && strings.Contains(c.new, sdl.RenamedFrom) {
				continue // such a comment has to stand directly above its element
			}
			after := edited(t, c.new, change)
			if after == c.new && c.new != "" && name != "deprecated" {
				t.Errorf("%s changes nothing", name)
			}
			if d := cmp.Diff(want, contents(withoutProse(judge(t, c.old, after, c.renames)))); d != "" {
				t.Errorf("%s, the new schema gives other findings:\n%s\n%s", name, d, head(after))
			}
		}
		crlf := strings.ReplaceAll(strings.ReplaceAll(c.new, "\r\n", "\n"), "\n", "\r\n")
		if d := cmp.Diff(want, contents(withoutProse(judge(t, c.old, crlf, c.renames)))); d != "" {
			t.Errorf("with CRLF the new schema gives other findings:\n%s", d)
		}
	})
}

// withoutProse are the findings that are not about prose.
func withoutProse(findings []*rules.Finding) []*rules.Finding {
	return slices.DeleteFunc(findings, func(f *rules.Finding) bool {
		return f.Rule.ID == "deprecated" || f.Rule.ID == "description-changed"
	})
}

// contents are the findings without their places, in an order of their own.
func contents(findings []*rules.Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, string(f.Severity)+" "+identity(f)+"\n"+renderContent(f))
	}
	slices.Sort(all)
	return all
}

func edited(t *testing.T, text string, edits func(*sdl.Schema) []sdl.Edit) string {
	t.Helper()
	f := &sdl.File{Name: "new.graphql", Text: text}
	s, err := sdl.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sdl.Apply(f, edits(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func described(s *sdl.Schema) (edits []sdl.Edit) {
	say := func(had *sdl.Description, at sdl.Span) {
		if had == nil {
			edits = append(edits, before(at, `"""described: here""" `))
		}
	}
	for _, d := range s.Definitions {
		if !d.Extend {
			say(d.Description, d.Span)
		}
		for _, f := range d.Fields {
			say(f.Description, f.Span)
		}
		for _, v := range d.Values {
			say(v.Description, v.Span)
		}
	}
	return edits
}

func deprecated(s *sdl.Schema) (edits []sdl.Edit) {
	mark := func(directives []*sdl.Directive, at sdl.Span) {
		if sdl.Lookup(directives, "deprecated") == nil {
			edits = append(edits, sdl.Edit{Span: sdl.Span{File: at.File, Start: at.End, End: at.End}, New: ` @deprecated(reason: "old")`})
		}
	}
	for _, d := range s.Definitions {
		if d.Kind == sdl.InputObject {
			continue
		}
		for _, f := range d.Fields {
			mark(f.Directives, f.Span)
		}
		for _, v := range d.Values {
			mark(v.Directives, v.Span)
		}
	}
	return edits
}

func commented(s *sdl.Schema) (edits []sdl.Edit) {
	for _, d := range s.Definitions {
		edits = append(edits, before(d.Span, "\n# type Comment { x: Int! @id }\n \t "))
		for _, f := range d.Fields {
			edits = append(edits, before(f.Span, ",,\n\n# ! @id \"\"\"\n\t"))
		}
	}
	return edits
}

func before(at sdl.Span, text string) sdl.Edit {
	return sdl.Edit{Span: sdl.Span{File: at.File, Start: at.Start, End: at.Start}, New: text}
}

// TestBackwards judges every pair the other way round, which makes hundreds of
// changes that no case is written for.
func TestBackwards(t *testing.T) {
	eachPair(t, func(t *testing.T, c *testCase) {
		d := diff.Compare(derive(t, "old.graphql", c.new), derive(t, "new.graphql", c.old), diff.Options{})
		checkWhole(t, rules.Judge(d), c.old)
	})
}
