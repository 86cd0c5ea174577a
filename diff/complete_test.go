package diff_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/schema"
)

// complete checks that nothing stored is lost without a change that tells: each
// predicate that is gone, and each whose type is another, is spoken of.
func complete(t *testing.T, d *diff.Diff) {
	t.Helper()
	told := map[string]bool{}
	field := func(fields ...*schema.Field) {
		for _, f := range fields {
			told[f.Predicate] = true
		}
	}
	own := func(typ *schema.Type) {
		for _, f := range typ.Fields {
			if f.Source == nil && strings.HasPrefix(strings.TrimPrefix(f.Predicate, "<"), typ.Stored+".") {
				field(f)
			}
		}
	}
	moved := func(moves []diff.Move) {
		for _, m := range moves {
			field(m.Before, m.After)
		}
	}
	for _, c := range d.Changes {
		switch c := c.(type) {
		case diff.TypeRemoved:
			field(c.Type.Fields...)
		case diff.TypeKindChanged:
			field(c.Before.Fields...)
		case diff.TypeRenamed:
			own(c.Before)
		case diff.StoredTypeChanged:
			own(c.Before)
		case diff.InterfaceAdded:
			moved(c.Moved)
		case diff.InterfaceRemoved:
			moved(c.Moved)
			field(c.Lost...)
		case diff.FieldAdded:
			field(c.Field)
		case diff.FieldRemoved:
			field(c.Field)
		case diff.FieldRenamed:
			field(c.Before)
		case diff.PredicateChanged:
			field(c.Before)
		case diff.ComputedChanged:
			field(c.Before, c.After)
		case diff.FieldTypeChanged:
			field(c.Before)
		case diff.EmbeddingChanged:
			field(c.Before)
		case diff.BecameList:
			field(c.Before)
		case diff.PredicateRefused:
			told[c.Before.Name] = true
		}
	}
	after := map[string]string{}
	for _, p := range d.After.Storage.Predicates {
		after[p.Stored()] = p.Type
		if p.List {
			after[p.Stored()] += " list"
		}
	}
	unknown := func(f *schema.Field) bool { // of a type that is gone: the new schema is not valid
		other := d.Counterpart(f)
		return other != nil && d.After.Kind(other.Type().Named()) == 0
	}
	for _, p := range d.Before.Storage.Predicates {
		if slices.ContainsFunc(p.Fields, unknown) {
			continue
		}
		is := p.Type
		if p.List {
			is += " list"
		}
		if len(p.Fields) > 0 && len(p.Secrets) == 0 && after[p.Stored()] != is && !told[p.Name] {
			t.Errorf("nothing tells that %s becomes %q:\n%s", p, after[p.Stored()], lines(d))
		}
	}
}

func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	random(t, generate.Options{}, func(t *testing.T, rng *rand.Rand, text string) {
		other := edited(rng, parse(t, text))
		if rng.IntN(3) == 0 {
			other = generate.Schema(rng, generate.Options{})
		}
		complete(t, compare(t, text, other, nil))
		complete(t, compare(t, other, text, nil))
	})
}

// TestCorpus compares real versions of real schemas, where they are at hand.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, p := range corpusPairs(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			before, after := p.before, p.after
			d := compare(t, before, after, nil)
			complete(t, d)
			consistent(t, d)
			for _, c := range d.Changes {
				switch r := c.(type) {
				case diff.TypeRenamed:
					t.Logf("%s (%.2f: %s)", line(c), r.Score, strings.Join(r.Reasons, "; "))
				case diff.FieldRenamed:
					t.Logf("%s (%.2f: %s)", line(c), r.Score, strings.Join(r.Reasons, "; "))
				}
			}
			back := compare(t, after, before, nil)
			complete(t, back)
			consistent(t, back)
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
