package diff

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// A pair must reach threshold to count as a likely rename, and must beat every
// other pair of its two elements by margin. The weights below are chosen so
// that a rename in place, with nothing else changed, scores far above, and a
// removal beside an unrelated addition far below; the tests print where the
// labelled cases lie.
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
	place      place
	reference  bool // points to nodes
	only       bool // no other field of the type is of its named type
}

// place is where a field stands: between two fields that have counterparts,
// of which the new ones are given, or nil at the ends.
type place struct {
	previous, next *schema.Field
	offset, run    int // among the open fields between the two
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
	places := d.places(s, t)
	uses := map[string]int{}
	for _, f := range t.Fields {
		uses[f.Type().Named()]++
	}
	for i := range fields {
		f := &fields[i]
		f.name = nameOf(f.Name)
		f.directives = directiveTexts(f.Definition.Directives)
		f.place = places[f.Field]
		f.reference = s.reference(f.Type().Named())
		f.only = uses[f.Type().Named()] == 1
	}
	return fields
}

// places are the places of the open fields of a type of either schema.
func (d *Diff) places(s *Schema, t *schema.Type) map[*schema.Field]place {
	places := map[*schema.Field]place{}
	var run []*schema.Field
	var previous *schema.Field
	end := func(next *schema.Field) {
		for i, f := range run {
			places[f] = place{previous, next, i, len(run)}
		}
		run, previous = nil, next
	}
	for _, definition := range t.Definition.Fields {
		f := t.Field(definition.Name.Text)
		switch other := d.fields[f]; {
		case other == nil:
			run = append(run, f)
		case s == d.Before:
			end(other)
		default:
			end(f)
		}
	}
	end(nil)
	return places
}

// reference reports whether fields of the type point to nodes.
func (s *Schema) reference(named string) bool {
	if schema.Geo(named) {
		return false
	}
	kind := s.Kind(named)
	return kind == sdl.Object || kind == sdl.Interface || kind == sdl.Union
}

// fieldLikeness is how alike two fields are, 0 to 1, and why.
func (d *Diff) fieldLikeness(b, a openField) (float64, []string) {
	bt, at := b.Type(), a.Type()
	sameType := d.sameNamed(bt.Named(), at.Named())
	switch {
	case bt.List() && !at.List(), // which would be refused at the same predicate
		!storedAlike(b.Field, a.Field), b.Computed() != a.Computed(),
		!sameType && (b.reference || a.reference || nodeID(b.Field) || nodeID(a.Field)):
		return 0, nil
	}
	var reasons []string
	names := b.name.likeness(a.name)
	score := 0.55 * names
	switch {
	case names == 1: // but for case and underscores
		score += 0.1
		reasons = append(reasons, fmt.Sprintf("the names differ in spelling only (%s, %s)", b.Name, a.Name))
	case b.Owner.Name != a.Owner.Name && withoutOwner(b.Name, b.Owner.Name) == withoutOwner(a.Name, a.Owner.Name):
		score = 0.65
		reasons = append(reasons, fmt.Sprintf("the names follow their types' (%s, %s)", b.Name, a.Name))
	case names >= 0.5:
		reasons = append(reasons, fmt.Sprintf("the names are alike (%s, %s)", b.Name, a.Name))
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
	switch x, y := b.place, a.place; {
	case x == y:
		score += 0.15
		reasons = append(reasons, "same place in the type")
	case x.previous == y.previous && x.offset == y.offset, x.next == y.next && x.run-x.offset == y.run-y.offset:
		score += 0.08
		reasons = append(reasons, "beside the same field")
	}
	if x, y := b.Definition.Description, a.Definition.Description; x != nil && y != nil && x.Text == y.Text {
		score += 0.15
		reasons = append(reasons, "same description")
	}
	// A type that is used once on each side says much by itself: the only list
	// of Invoice was renamed to another list of Invoice.
	if sameType && b.reference && b.only && a.only && !b.name.opposes(a.name) {
		score += 0.15
		if len(a.directives) > 0 && slices.Equal(b.directives, a.directives) {
			score += 0.05
		}
		reasons = append(reasons, "the type's only field of "+at.Named())
	}
	return min(score, 1), reasons
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
