package diff

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// A pair must have evidence of its own that it is one element, reach threshold
// to count as a likely rename, and beat every other pair of its two elements by
// margin. The weights below are chosen so that a rename in place, with nothing
// else changed, scores far above; the tests print which labelled cases go wrong.
const (
	threshold = 0.62
	margin    = 0.08
)

// likelyField is a field that looks like a renamed one.
type likelyField struct {
	before, after *schema.Field
	rename        Rename
}

// openField is a field that nothing sure has matched, with what likeness is
// judged by.
type openField struct {
	*schema.Field
	name       name
	directives []string
	place      place[*schema.Field]
	reference  bool // points to nodes
	// description is the field's, empty when another field has the same one.
	description string
}

// place is where an element stands: between two that have counterparts, of
// which the new ones are given, or nil at the ends.
type place[T comparable] struct {
	previous, next T
	offset, run    int // among the open elements between the two
}

// places are the places of the open elements. Counterpart is the new one of
// what is not open, nil for what is.
func places[T comparable](all []T, counterpart func(T) T) map[T]place[T] {
	var none, previous T
	found := map[T]place[T]{}
	var run []T
	end := func(next T) {
		for i, e := range run {
			found[e] = place[T]{previous, next, i, len(run)}
		}
		run, previous = nil, next
	}
	for _, e := range all {
		if c := counterpart(e); c == none {
			run = append(run, e)
		} else {
			end(c)
		}
	}
	end(none)
	return found
}

// likeness is 1 for the same place, and less for one beside the same element.
func (p place[T]) likeness(q place[T]) (float64, string) {
	switch {
	case p == q:
		return 1, "same place in the "
	case p.previous == q.previous && p.offset == q.offset, p.next == q.next && p.run-p.offset == q.run-q.offset:
		return 0.5, "beside the same "
	}
	return 0, ""
}

// likelyFields finds the renamed fields among those of a type that nothing
// surer has matched. Inherited fields are looked at in their interface.
func (d *Diff) likelyFields(p typePair) []likelyField {
	before, after := d.open(d.Before, p.before), d.open(d.After, p.after)
	if len(before) == 0 || len(after) == 0 {
		return nil
	}
	features := func(fields []openField) [][]string {
		all := make([][]string, len(fields))
		for i, f := range fields {
			all[i] = f.name.words
			if f.reference {
				all[i] = append(slices.Clip(all[i]), ":"+f.Type().Named())
			}
		}
		return all
	}
	var candidates []candidate
	for _, pair := range shortlist(features(before), features(after)) {
		if score, reasons := d.fieldLikeness(before[pair[0]], after[pair[1]]); score >= threshold-margin {
			candidates = append(candidates, candidate{pair[0], pair[1], score, reasons})
		}
	}
	var likely []likelyField
	for _, c := range choose(candidates) {
		likely = append(likely, likelyField{before[c.before].Field, after[c.after].Field, c.rename()})
	}
	return likely
}

// open are the type's own fields without a counterpart.
func (d *Diff) open(s *Schema, t *schema.Type) []openField {
	var fields []openField
	for _, f := range t.Fields {
		if d.fields[f] == nil && f.Source == nil && t.Field(f.Name) == f {
			fields = append(fields, openField{Field: f})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	var written []*schema.Field
	for _, definition := range t.Definition.Fields {
		written = append(written, t.Field(definition.Name.Text))
	}
	stand := places(written, func(f *schema.Field) *schema.Field {
		if other := d.fields[f]; other == nil || s == d.Before {
			return other
		}
		return f
	})
	described := map[string]int{}
	for _, f := range t.Definition.Fields {
		if f.Description != nil {
			described[f.Description.Text]++
		}
	}
	for i := range fields {
		f := &fields[i]
		f.name = nameOf(f.Name)
		f.directives = directiveTexts(f.Definition.Directives)
		f.place = stand[f.Field]
		f.reference = s.reference(f.Type().Named())
		if text := f.Definition.Description; text != nil && described[text.Text] == 1 {
			f.description = text.Text
		}
	}
	return fields
}

// reference reports whether fields of the type point to nodes.
func (s *Schema) reference(named string) bool {
	if schema.Geo(named) {
		return false
	}
	kind := s.Kind(named)
	return kind == sdl.Object || kind == sdl.Interface || kind == sdl.Union
}

// fieldLikeness is how alike two fields are, 0 to 1, and why. Two fields of one
// type in one place are still two, unless something else makes them one: their
// names, a description that no other field has, or the same inverse.
func (d *Diff) fieldLikeness(b, a openField) (float64, []string) {
	bt, at := b.Type(), a.Type()
	sameType := d.sameNamed(bt.Named(), at.Named())
	switch {
	case bt.List() && !at.List(), // which would be refused at the same predicate
		!storedAlike(b.Field, a.Field), b.Computed() != a.Computed(),
		!sameType && (b.reference || a.reference || nodeID(b.Field) || nodeID(a.Field)):
		return 0, nil
	}
	score, reasons := d.likeNames(b, a)
	evidence := len(reasons) > 0
	if b.description != "" && b.description == a.description {
		score += 0.35
		evidence = true
		reasons = append(reasons, "same description")
	}
	if d.sameInverse(b.Field, a.Field) {
		score += 0.35
		evidence = true
		reasons = append(reasons, "same inverse "+a.Inverse.Coordinate())
	}
	if !evidence {
		return 0, nil
	}
	switch {
	case !sameType:
	case bt.List() != at.List():
		score += 0.12
		reasons = append(reasons, "same type "+at.Named())
	case bt.NonNull != at.NonNull:
		score += 0.16
		reasons = append(reasons, "same type "+at.Named())
	default:
		score += 0.2
		reasons = append(reasons, "same type "+at.String())
	}
	if slices.Equal(b.directives, a.directives) {
		score += 0.1
		if len(a.directives) > 0 {
			reasons = append(reasons, "same directives")
		}
	}
	if near, reason := b.place.likeness(a.place); near == 1 {
		score += 0.15
		reasons = append(reasons, reason+"type")
	} else if near > 0 {
		score += 0.08
		reasons = append(reasons, reason+"field")
	}
	return min(score, 1), reasons
}

// likeNames is what the names of two fields add to their likeness. Without a
// reason they are no evidence.
func (d *Diff) likeNames(b, a openField) (float64, []string) {
	likeness := b.name.likeness(a.name, append(words(b.Owner.Name), words(a.Owner.Name)...)...)
	of := fmt.Sprintf("(%s, %s)", b.Name, a.Name)
	switch {
	case likeness == 1: // but for case and underscores
		return 0.65, []string{"the names differ in spelling only " + of}
	case b.Owner.Name != a.Owner.Name && withoutOwner(b.Name, b.Owner.Name) == withoutOwner(a.Name, a.Owner.Name),
		b.reference && b.Type().Named() != a.Type().Named() && namedAfter(b.Name, b.Type().Named(), a.Name, a.Type().Named()):
		return 0.65, []string{"the names follow their types' " + of}
	case likeness >= alike:
		return 0.55 * likeness, []string{"the names are alike " + of}
	}
	return 0.55 * likeness, nil
}

// namedAfter reports whether two names, lorries and mainTruck, contain the
// names of their types, Lorry and Truck, and are else equal.
func namedAfter(before, typeBefore, after, typeAfter string) bool {
	rest := func(name, typ string) (string, bool) {
		w := words(name)
		for i := range w {
			w[i] = singular(w[i])
		}
		name, typ = strings.Join(w, "_"), strings.Join(words(typ), "_")
		return strings.Replace(name, typ, "*", 1), strings.Contains(name, typ)
	}
	b, ok := rest(before, typeBefore)
	a, ok2 := rest(after, typeAfter)
	return ok && ok2 && b == a
}

// sameInverse reports whether two fields are the other end of one field that
// both schemas have.
func (d *Diff) sameInverse(b, a *schema.Field) bool {
	x, y := b.Inverse, a.Inverse
	if x == nil || y == nil || b == x || a == y || d.types.after[x.Owner] != y.Owner {
		return false
	}
	if d.fields[x] != nil || d.fields[y] != nil {
		return d.fields[x] == y
	}
	return x.Name == y.Name
}

// sameDirectives compares directives and their arguments, but for the argument
// of @hasInverse, whose other end is often renamed along.
func sameDirectives(before, after []*sdl.Directive) bool {
	return slices.Equal(directiveTexts(before), directiveTexts(after))
}

// directiveTexts writes directives in one way, whatever their layout, sorted.
// @deprecated is left out: it is prose.
func directiveTexts(directives []*sdl.Directive) []string {
	var all []string
	for _, d := range directives {
		if d.Name.Text == "deprecated" {
			continue
		}
		var b strings.Builder
		b.WriteString(d.Name.Text)
		if d.Name.Text != "hasInverse" {
			for _, a := range d.Arguments {
				b.WriteString("(" + a.Name.Text + ":")
				writeValue(&b, a.Value)
			}
		}
		all = append(all, b.String())
	}
	slices.Sort(all)
	return all
}

func writeValue(b *strings.Builder, v *sdl.Value) {
	b.WriteString(v.Raw)
	for _, item := range v.List {
		b.WriteByte(' ')
		writeValue(b, item)
	}
	for _, f := range v.Fields {
		b.WriteString("{" + f.Name.Text + ":")
		writeValue(b, f.Value)
	}
}

// shortlist gives the pairs of old and new elements that are worth scoring, in
// order: all of them when there are few. Among thousands, those that share the
// rarest features, a few for each old element.
func shortlist(gone, come [][]string) [][2]int {
	const (
		few    = 64 * 64
		common = 50 // a feature of more elements than that tells nothing
		most   = 8
	)
	var pairs [][2]int
	if len(gone)*len(come) <= few {
		for i := range gone {
			for j := range come {
				pairs = append(pairs, [2]int{i, j})
			}
		}
		return pairs
	}
	byFeature := map[string][]int{}
	for j, features := range come {
		for _, f := range features {
			byFeature[f] = append(byFeature[f], j)
		}
	}
	for i, features := range gone {
		weight := map[int]float64{}
		var found []int
		for _, f := range features {
			list := byFeature[f]
			if len(list) > common {
				continue
			}
			for _, j := range list {
				if weight[j] == 0 {
					found = append(found, j)
				}
				weight[j] += 1 / float64(len(list))
			}
		}
		slices.SortFunc(found, func(x, y int) int {
			if weight[x] != weight[y] {
				return int(math.Copysign(1, weight[y]-weight[x]))
			}
			return x - y
		})
		found = found[:min(len(found), most)]
		slices.Sort(found)
		for _, j := range found {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	return pairs
}
