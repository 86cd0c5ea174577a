package diff_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/internal/generate"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

const rounds = 300

// random runs a property on random schemas; a failure names the seed.
func random(t *testing.T, options generate.Options, property func(t *testing.T, rng *rand.Rand, text string)) {
	t.Helper()
	first := uint64(time.Now().UnixNano())
	for seed := first; seed < first+rounds; seed++ {
		rng := generate.Rand(seed)
		text := generate.Schema(rng, options)
		if property(t, rng, text); t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, text)
		}
	}
}

// parse reads a text and lays its definitions out as they are, ready for edits.
func parse(t *testing.T, text string) *sdl.Schema {
	t.Helper()
	parsed, err := sdl.Parse(&sdl.File{Name: "schema.graphql", Text: text})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return parsed
}

func TestSameIsEmpty(t *testing.T) {
	t.Parallel()
	random(t, generate.Options{Odd: true}, func(t *testing.T, _ *rand.Rand, text string) {
		if d := compare(t, text, text, nil); len(d.Changes) > 0 {
			t.Errorf("changes to itself:\n%s", lines(d))
		}
	})
}

// TestOrderIsNoChange writes the definitions, the fields and the values in
// another order and puts comments and descriptions everywhere; only these and
// what the order decides in Dgraph are told.
func TestOrderIsNoChange(t *testing.T) {
	t.Parallel()
	random(t, generate.Options{NoFederation: true}, func(t *testing.T, rng *rand.Rand, text string) {
		other := shuffled(rng, parse(t, text))
		for _, c := range compare(t, text, other, nil).Changes {
			switch c.(type) {
			case diff.DescriptionChanged:
			case diff.AuthorizationChanged, diff.SettingsChanged: // the lines are left out
			case diff.LanguageLost: // Dgraph takes @lang from the last field
			default:
				t.Errorf("a change to\n%s\n%s", other, line(c))
			}
		}
	})
}

// TestOrderDoesNotMatter: two schemas have the same changes, in whatever order
// each is written. Likely renames look at places, so only the order of the
// definitions is another.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	random(t, generate.Options{NoFederation: true}, func(t *testing.T, rng *rand.Rand, text string) {
		other := edited(rng, parse(t, text))
		turned := parse(t, other)
		definitions := make([]string, len(turned.Definitions))
		for i, d := range turned.Definitions {
			definitions[len(definitions)-1-i] = d.Span.Text()
		}
		sorted := func(text string) string {
			all := strings.Split(text, "\n")
			slices.Sort(all)
			return strings.Join(all, "\n")
		}
		one, two := compare(t, text, other, nil), compare(t, text, strings.Join(definitions, "\n"), nil)
		if sorted(one.After.Storage.String()) != sorted(two.After.Storage.String()) {
			return // two fields of one predicate disagree by now, and the first one counts
		}
		if diff := cmp.Diff(sorted(lines(one)), sorted(lines(two))); diff != "" {
			t.Errorf("in another order of\n%s\n%s", other, diff)
		}
	})
}

// TestPinnedRename renames a type or a field and keeps where it is stored: one
// certain rename, and the storage of before.
func TestPinnedRename(t *testing.T) {
	t.Parallel()
	options := generate.Options{NoFederation: true, NoCustom: true, NoLambda: true, NoAuth: true}
	tried := 0
	random(t, options, func(t *testing.T, rng *rand.Rand, text string) {
		s := load(t, "schema.graphql", text)
		if typ := pickType(rng, s); typ != nil && rng.IntN(2) == 0 {
			tried++
			after := renameType(s, typ, "Renamed", true)
			onlyRename(t, text, after, nil, diff.Certain, typ.Name, "Renamed")
		} else if f := pickField(rng, s); f != nil {
			tried++
			after := renameField(s, f, "renamed", true)
			onlyRename(t, text, after, nil, diff.Certain, f.Coordinate(), f.Owner.Name+".renamed")
		}
	})
	if tried < rounds/2 {
		t.Errorf("only %d renames were tried", tried)
	}
}

// TestUnpinnedRename renames a type or a field and nothing else: it is found by
// likeness where the name says so, and always when it is declared.
func TestUnpinnedRename(t *testing.T) {
	t.Parallel()
	options := generate.Options{NoFederation: true, NoCustom: true, NoLambda: true, NoAuth: true}
	tried := 0
	random(t, options, func(t *testing.T, rng *rand.Rand, text string) {
		s := load(t, "schema.graphql", text)
		if typ := pickType(rng, s); typ != nil && typ.Stored == typ.Name && rng.IntN(2) == 0 {
			tried++
			name := typ.Name + "Record"
			after := renameType(s, typ, name, false)
			onlyRename(t, text, after, map[string]string{typ.Name: name}, diff.Declared, typ.Name, name)
			onlyRename(t, text, after, nil, diff.Likely, typ.Name, name)
		} else if f := pickField(rng, s); f != nil && f.Definition.Directives == nil {
			tried++
			name := f.Name + "Record"
			after := renameField(s, f, name, false)
			onlyRename(t, text, after, map[string]string{f.Coordinate(): name}, diff.Declared, f.Coordinate(), f.Owner.Name+"."+name)
			onlyRename(t, text, after, nil, diff.Likely, f.Coordinate(), f.Owner.Name+"."+name)
		}
	})
	if tried < rounds/4 {
		t.Errorf("only %d renames were tried", tried)
	}
}

// onlyRename checks that the one change is a rename of that confidence.
func onlyRename(t *testing.T, before, after string, renames map[string]string, confidence diff.Confidence, from, to string) {
	t.Helper()
	d := compare(t, before, after, renames)
	if confidence == diff.Certain {
		if storage := cmp.Diff(d.Before.Storage.String(), d.After.Storage.String()); storage != "" {
			t.Errorf("storage of\n%s\n%s", after, storage)
		}
	}
	got := found(d)
	var is diff.Confidence
	if len(d.Changes) == 1 {
		switch c := d.Changes[0].(type) {
		case diff.TypeRenamed:
			is = c.Confidence
		case diff.FieldRenamed:
			is = c.Confidence
		}
	}
	if !slices.Equal(got, []string{from + ">" + to}) || is != confidence {
		t.Errorf("renamed %s to %s, %s, in\n%s\n%s", from, to, confidence, after, lines(d))
	}
}

// TestRemovedField removes a field that nothing else names.
func TestRemovedField(t *testing.T) {
	t.Parallel()
	options := generate.Options{NoFederation: true, NoCustom: true, NoLambda: true, NoAuth: true}
	tried := 0
	random(t, options, func(t *testing.T, rng *rand.Rand, text string) {
		s := load(t, "schema.graphql", text)
		f := pickField(rng, s)
		if f == nil || len(f.Owner.Definition.Fields) < 2 || f.Inverse != nil || len(s.Storage.Predicate(f.Predicate).Fields) != 1+implementors(f) {
			return
		}
		tried++
		after := replace(text, []edit{{f.Definition.Span, ""}})
		want := "field removed from " + f.Owner.Name + ": " + field(f) + "\n"
		if got := lines(compare(t, text, after, nil)); got != want {
			t.Errorf("without %s:\n%s\n-want +got %s", f.Coordinate(), after, cmp.Diff(want, got))
		}
		want = "field added to " + f.Owner.Name + ": " + field(f) + "\n"
		if got := lines(compare(t, after, text, nil)); got != want {
			t.Errorf("with %s again: -want +got %s", f.Coordinate(), cmp.Diff(want, got))
		}
	})
	if tried < rounds/4 {
		t.Errorf("only %d removals were tried", tried)
	}
}

func implementors(f *schema.Field) int { return len(f.Owner.Implementors) }

// TestUnrelated compares schemas that have nothing to do with each other, valid
// or not: it does not panic, says the same each time, and says nothing twice.
func TestUnrelated(t *testing.T) {
	t.Parallel()
	random(t, generate.Options{Odd: true}, func(t *testing.T, rng *rand.Rand, text string) {
		other := generate.Schema(rng, generate.Options{Odd: true})
		if rng.IntN(2) == 0 {
			other = edited(rng, parse(t, text))
		}
		if rng.IntN(3) == 0 { // what is declared twice is not valid
			other += "\n" + text
		}
		renames := map[string]string{}
		targets := coordinatesOf(parse(t, other))
		for _, from := range coordinatesOf(parse(t, text)) {
			for _, to := range targets {
				if rng.IntN(20) == 0 {
					renames[from] = to
				}
			}
		}
		d := compare(t, text, other, renames)
		if diff := cmp.Diff(lines(d), lines(compare(t, text, other, renames))); diff != "" {
			t.Errorf("a second time, against\n%s\n%s", other, diff)
		}
		seen := map[string]bool{}
		for _, c := range d.Changes {
			key := reflect.TypeOf(c).Name() + " " + line(c)
			if seen[key] {
				t.Errorf("twice, against\n%s\nwith %v: %s", other, renames, key)
			}
			seen[key] = true
		}
		consistent(t, d)
	})
}

// consistent checks the counterparts: both ways, one-to-one.
func consistent(t *testing.T, d *diff.Diff) {
	t.Helper()
	for _, b := range d.Before.Types {
		if a := d.Survivor(b); a != nil && d.Origin(a) != b {
			t.Errorf("%s goes to %s, which comes from another", b.Name, a.Name)
		}
		for _, f := range b.Fields {
			if a := d.Counterpart(f); a != nil && (d.Counterpart(a) != f || d.Survivor(b) != a.Owner) {
				t.Errorf("%s goes to %s, which does not come from it", f.Coordinate(), a.Coordinate())
			}
		}
	}
}

func coordinatesOf(s *sdl.Schema) []string {
	var all []string
	for _, d := range s.Definitions {
		all = append(all, d.Name.Text)
		for _, f := range d.Fields {
			all = append(all, d.Name.Text+"."+f.Name.Text)
		}
	}
	return all
}

// edit puts text in the place of a span.
type edit struct {
	span sdl.Span
	text string
}

func replace(text string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { return int(b.span.Start - a.span.Start) })
	for _, e := range edits {
		text = text[:e.span.Start] + e.text + text[e.span.End:]
	}
	return text
}

func pickType(rng *rand.Rand, s *diff.Schema) *schema.Type {
	var types []*schema.Type
	for _, t := range s.Types {
		if t.Stores() && t.Secret == nil {
			types = append(types, t)
		}
	}
	if len(types) == 0 {
		return nil
	}
	return types[rng.IntN(len(types))]
}

// pickField picks a stored field that its type declares alone. Reverse fields
// need the name of their forward field written out, so they are left out.
func pickField(rng *rand.Rand, s *diff.Schema) *schema.Field {
	var fields []*schema.Field
	for _, t := range s.Types {
		for _, f := range t.Fields {
			if f.Predicate == "" || f.Source != nil || f.Reverse || s.Storage.Predicate(f.Predicate) == nil {
				continue
			}
			if !slices.ContainsFunc(t.Implementors, func(o *schema.Type) bool { return o.Field(f.Name).Written != nil }) {
				fields = append(fields, f)
			}
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fields[rng.IntN(len(fields))]
}

// renameType renames a type wherever it is named, and pins what it stores.
func renameType(s *diff.Schema, t *schema.Type, to string, pinned bool) string {
	text := s.Source.Files[0].Text
	var edits []edit
	name := func(n sdl.Name) {
		if n.Text == t.Name {
			edits = append(edits, edit{n.Span, to})
		}
	}
	typ := func(x *sdl.Type) {
		for x.Elem != nil {
			x = x.Elem
		}
		if x.Name == t.Name {
			edits = append(edits, edit{sdl.Span{File: x.Span.File, Start: x.Span.Start, End: x.Span.Start + int32(len(x.Name))}, to})
		}
	}
	for _, d := range s.Source.Definitions {
		name(d.Name)
		for _, list := range [][]sdl.Name{d.Interfaces, d.Members} {
			for _, n := range list {
				name(n)
			}
		}
		for _, f := range d.Fields {
			typ(f.Type)
		}
	}
	if pinned && t.Directive("dgraph").Arg("type") == nil {
		at := t.Definition.Name.Span
		if n := len(t.Definition.Interfaces); n > 0 {
			at = t.Definition.Interfaces[n-1].Span
		}
		edits = append(edits, edit{sdl.Span{File: at.File, Start: at.End, End: at.End}, fmt.Sprintf(" @dgraph(type: %q)", t.Stored)})
	}
	return replace(text, edits)
}

// renameField renames a field and what names it as an inverse, and pins its
// predicate.
func renameField(s *diff.Schema, f *schema.Field, to string, pinned bool) string {
	d := f.Definition
	edits := []edit{{d.Name.Span, to}}
	if pinned && f.Directive("dgraph").Arg("pred") == nil {
		edits = append(edits, edit{sdl.Span{File: d.Span.File, Start: d.Span.End, End: d.Span.End}, fmt.Sprintf(" @dgraph(pred: %q)", f.Predicate)})
	}
	for _, t := range s.Source.Definitions {
		for _, other := range t.Fields {
			if v := sdl.Lookup(other.Directives, "hasInverse").Arg("field"); v != nil && v.Raw == f.Name && other.Type.Named() == f.Owner.Name {
				edits = append(edits, edit{v.Span, to})
			}
		}
	}
	return replace(s.Source.Files[0].Text, edits)
}

// shuffled writes a schema in another order, with comments and descriptions.
func shuffled(rng *rand.Rand, s *sdl.Schema) string {
	var texts []string
	for _, d := range s.Definitions {
		text := d.Span.Text()
		if len(d.Fields) > 1 && d.Kind != sdl.InputObject {
			var fields []string
			for _, f := range d.Fields {
				fields = append(fields, "# a comment\n"+f.Name.Span.To(f.Span).Text())
			}
			rng.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
			last := d.Fields[len(d.Fields)-1].Span.End - d.Span.Start
			text = text[:d.Fields[0].Span.Start-d.Span.Start] + strings.Join(fields, "\n") + "\n" + text[last:]
		}
		if d.Description == nil && !d.Extend {
			text = "\"a description\"\n" + text
		}
		texts = append(texts, text)
	}
	rng.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	return strings.Join(texts, "\n# another comment\n")
}

// edited removes, renames and retypes at random.
func edited(rng *rand.Rand, s *sdl.Schema) string {
	var texts []string
	for _, d := range s.Definitions {
		if rng.IntN(8) == 0 {
			continue
		}
		text := d.Span.Text()
		for i := len(d.Fields) - 1; i >= 0; i-- {
			f := d.Fields[i]
			start, end := f.Name.Span.Start-d.Span.Start, f.Name.Span.End-d.Span.Start
			switch rng.IntN(12) {
			case 0:
				text = text[:start] + f.Name.Text + "X" + text[end:]
			case 1:
				at := f.Type.Span
				text = text[:at.Start-d.Span.Start] + "String" + text[at.End-d.Span.Start:]
			case 2:
				if i > 0 { // one must stay
					text = text[:f.Span.Start-d.Span.Start] + text[f.Span.End-d.Span.Start:]
				}
			}
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}
