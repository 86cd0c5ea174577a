package diff

import (
	"cmp"
	"fmt"
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

// likelyType is a type that looks like a renamed one.
type likelyType struct {
	before, after *schema.Type
	rename        Rename
}

// likelyField is a field that looks like a renamed one.
type likelyField struct {
	before, after *schema.Field
	rename        Rename
}

// likelyFields finds the renamed fields among those of a type that nothing
// surer has matched. Inherited fields are looked at in their interface.
func (d *Diff) likelyFields(p typePair) []likelyField {
	open := func(fields []*schema.Field) (own []*schema.Field) {
		for _, f := range fields {
			if d.fields[f] == nil && f.Source == nil && f.Owner.Field(f.Name) == f {
				own = append(own, f)
			}
		}
		return own
	}
	before, after := open(p.before.Fields), open(p.after.Fields)
	if len(before) == 0 || len(after) == 0 {
		return nil
	}
	place := places(p)
	var candidates []candidate
	for i, b := range before {
		for j, a := range after {
			if score, reasons := d.fieldLikeness(b, a, place); score >= threshold-margin {
				candidates = append(candidates, candidate{i, j, score, reasons})
			}
		}
	}
	var likely []likelyField
	for _, c := range choose(candidates) {
		likely = append(likely, likelyField{before[c.before], after[c.after], c.rename()})
	}
	return likely
}

// places maps each field of a pair of types to its index among the fields that
// its definition writes, for judging neighbourhood.
func places(p typePair) map[*sdl.Field]int {
	place := map[*sdl.Field]int{}
	for _, t := range []*schema.Type{p.before, p.after} {
		for i, f := range t.Definition.Fields {
			place[f] = i
		}
	}
	return place
}

func (d *Diff) fieldLikeness(b, a *schema.Field, place map[*sdl.Field]int) (float64, []string) {
	bt, at := b.Type(), a.Type()
	sameType := d.sameNamed(bt.Named(), at.Named())
	if bt.List() != at.List() || !sameType && (d.reference(b) || d.reference(a) || nodeID(b) != nodeID(a)) {
		return 0, nil
	}
	if b.Computed() != a.Computed() {
		return 0, nil
	}
	var reasons []string
	names := nameLikeness(b.Name, a.Name)
	score := 0.55 * names
	if names >= 0.5 {
		reasons = append(reasons, fmt.Sprintf("the names are alike (%s, %s)", b.Name, a.Name))
	}
	switch {
	case sameType && bt.NonNull == at.NonNull:
		score += 0.2
		reasons = append(reasons, "same type "+at.String())
	case sameType:
		score += 0.16
		reasons = append(reasons, "same type "+at.Named())
	}
	if d.sameDirectives(b.Definition.Directives, a.Definition.Directives) {
		score += 0.1
		if len(a.Definition.Directives) > 0 {
			reasons = append(reasons, "same directives")
		}
	}
	if i, j := place[b.Definition], place[a.Definition]; d.sameNeighbours(b, a, i, j) {
		score += 0.15
		reasons = append(reasons, "same place in the type")
	}
	if b.Definition.Description != nil && a.Definition.Description != nil &&
		b.Definition.Description.Text == a.Definition.Description.Text {
		score += 0.15
		reasons = append(reasons, "same description")
	}
	// A type that is used once on each side says as much as a name does: the
	// only list of Invoice was renamed to another list of Invoice.
	if sameType && d.reference(b) && d.onlyUse(b) && d.onlyUse(a) {
		score += 0.2
		reasons = append(reasons, "the type's only field of "+at.Named())
	}
	return min(score, 1), reasons
}

// reference reports whether a field points to nodes.
func (d *Diff) reference(f *schema.Field) bool {
	named := f.Type().Named()
	if schema.Geo(named) {
		return false
	}
	kind := d.After.Kind(named)
	if kind == 0 {
		kind = d.Before.Kind(named)
	}
	return kind == sdl.Object || kind == sdl.Interface || kind == sdl.Union
}

func (d *Diff) onlyUse(f *schema.Field) bool {
	uses := 0
	for _, o := range f.Owner.Fields {
		if o.Type().Named() == f.Type().Named() {
			uses++
		}
	}
	return uses == 1
}

// sameDirectives compares directives and their arguments, but for @hasInverse,
// whose other end is often renamed along.
func (d *Diff) sameDirectives(before, after []*sdl.Directive) bool {
	text := func(directives []*sdl.Directive) []string {
		var all []string
		for _, x := range directives {
			if x.Name.Text == "hasInverse" {
				all = append(all, "@hasInverse")
				continue
			}
			all = append(all, strings.Join(strings.Fields(x.Span.Text()), " "))
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(text(before), text(after))
}

// sameNeighbours reports whether two fields stand in the same place: both
// neighbours that exist are counterparts, and at least one exists; or both
// fields are the only ones.
func (d *Diff) sameNeighbours(b, a *schema.Field, i, j int) bool {
	before, after := b.Owner.Definition.Fields, a.Owner.Definition.Fields
	same := func(i, j int) bool {
		bOut, aOut := i < 0 || i >= len(before), j < 0 || j >= len(after)
		if bOut || aOut {
			return bOut && aOut
		}
		x, y := b.Owner.Field(before[i].Name.Text), a.Owner.Field(after[j].Name.Text)
		return x != nil && d.fields[x] == y
	}
	return same(i-1, j-1) && same(i+1, j+1)
}

// likelyTypes finds the renamed types among those that nothing surer has
// matched.
func likelyTypes(before, after *Schema, m *typeMatch) []likelyType {
	var gone, come []*schema.Type
	for _, t := range before.Types {
		if m.after[t] == nil && before.Type(t.Name) == t && !t.Root() {
			gone = append(gone, t)
		}
	}
	for _, t := range after.Types {
		if m.before[t] == nil && after.Type(t.Name) == t && !t.Root() {
			come = append(come, t)
		}
	}
	if len(gone) == 0 || len(come) == 0 {
		return nil
	}
	retargets := countRetargets(before, after, m)
	var candidates []candidate
	for _, pair := range plausible(gone, come, retargets) {
		i, j := pair[0], pair[1]
		score, reasons := typeLikeness(gone[i], come[j], retargets[[2]string{gone[i].Name, come[j].Name}])
		if score >= threshold-margin {
			candidates = append(candidates, candidate{i, j, score, reasons})
		}
	}
	var likely []likelyType
	for _, c := range choose(candidates) {
		likely = append(likely, likelyType{gone[c.before], come[c.after], c.rename()})
	}
	return likely
}

// countRetargets counts, for pairs of type names, the fields of matched types
// that pointed to the first and point to the second.
func countRetargets(before, after *Schema, m *typeMatch) map[[2]string]int {
	counts := map[[2]string]int{}
	for b, a := range m.after {
		for _, f := range b.Definition.Fields {
			if other := a.Field(f.Name.Text); other != nil && f.Type.Named() != other.Type().Named() {
				counts[[2]string{f.Type.Named(), other.Type().Named()}]++
			}
		}
		for _, n := range b.Definition.Interfaces {
			for _, o := range a.Definition.Interfaces {
				if n.Text != o.Text {
					counts[[2]string{n.Text, o.Text}]++
				}
			}
		}
	}
	return counts
}

// plausible lists the pairs worth scoring, so that thousands of removed and
// added types do not cost millions of comparisons: those that share a word of
// their names or an uncommon field or value, or between which fields moved.
func plausible(gone, come []*schema.Type, retargets map[[2]string]int) [][2]int {
	const common = 50 // a feature of more types than that tells nothing
	byFeature := map[string][]int{}
	index := map[string]int{}
	for j, t := range come {
		index[t.Name] = j
		for _, f := range features(t) {
			byFeature[f] = append(byFeature[f], j)
		}
	}
	var pairs [][2]int
	for i, t := range gone {
		seen := map[int]bool{}
		add := func(j int) {
			if !seen[j] && come[j].Kind == t.Kind {
				seen[j] = true
				pairs = append(pairs, [2]int{i, j})
			}
		}
		for _, f := range features(t) {
			if list := byFeature[f]; len(list) <= common {
				for _, j := range list {
					add(j)
				}
			}
		}
		if len(come) <= common {
			for j := range come {
				add(j)
			}
		}
	}
	for names := range retargets {
		j, ok := index[names[1]]
		i := slices.IndexFunc(gone, func(t *schema.Type) bool { return t.Name == names[0] })
		if ok && i >= 0 && !slices.Contains(pairs, [2]int{i, j}) && come[j].Kind == gone[i].Kind {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	return pairs
}

func features(t *schema.Type) []string {
	all := words(t.Name)
	for _, f := range t.Definition.Fields {
		all = append(all, "."+f.Name.Text+":"+f.Type.Named())
	}
	for _, v := range t.Definition.Values {
		all = append(all, "="+v.Name.Text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func typeLikeness(b, a *schema.Type, retargets int) (float64, []string) {
	if b.Kind != a.Kind || b.Remote != a.Remote {
		return 0, nil
	}
	var reasons []string
	names := nameLikeness(b.Name, a.Name)
	score := 0.35 * names
	if names >= 0.5 {
		reasons = append(reasons, fmt.Sprintf("the names are alike (%s, %s)", b.Name, a.Name))
	}
	shared, total := sharedMembers(b, a)
	if total > 0 {
		overlap := float64(shared) / float64(total)
		weight := 0.5
		if shared < 2 { // one common field, such as an id, is no evidence
			weight = 0.3
		}
		score += weight * overlap
		if overlap >= 0.3 && shared > 0 {
			what := "fields"
			if b.Kind == sdl.Enum {
				what = "values"
			} else if b.Kind == sdl.Union {
				what = "members"
			}
			reasons = append(reasons, fmt.Sprintf("%d of %d %s are the same", shared, total, what))
		}
	}
	if retargets > 0 {
		score += 0.25
		reasons = append(reasons, fmt.Sprintf("%s that named %s now %s %s", count(retargets, "element"), b.Name, pluralS(retargets, "name"), a.Name))
	}
	if len(b.Definition.Directives)+len(b.Definition.Interfaces) > 0 && sameHeader(b, a) {
		score += 0.05
		reasons = append(reasons, "same directives and interfaces")
	}
	return min(score, 1), reasons
}

func sameHeader(b, a *schema.Type) bool {
	text := func(t *schema.Type) []string {
		var all []string
		for _, d := range t.Definition.Directives {
			all = append(all, strings.Join(strings.Fields(d.Span.Text()), " "))
		}
		for _, n := range t.Definition.Interfaces {
			all = append(all, "&"+n.Text)
		}
		return all
	}
	return slices.Equal(text(b), text(a))
}

// sharedMembers counts the fields, values or members that two types have in
// common, and those that either has. A field of the same name and another type
// counts half; references to the types themselves count as equal.
func sharedMembers(b, a *schema.Type) (shared, total int) {
	halves := 0
	members := map[string]string{}
	for _, f := range b.Definition.Fields {
		members[f.Name.Text] = ownName(f.Type.Named(), b.Name)
	}
	for _, v := range b.Definition.Values {
		members[v.Name.Text] = ""
	}
	for _, m := range b.Definition.Members {
		members[m.Text] = ""
	}
	total = len(members)
	see := func(name, typ string) {
		was, ok := members[name]
		switch {
		case !ok:
			total++
		case was == typ:
			halves += 2
		default:
			halves++
		}
	}
	for _, f := range a.Definition.Fields {
		see(f.Name.Text, ownName(f.Type.Named(), a.Name))
	}
	for _, v := range a.Definition.Values {
		see(v.Name.Text, "")
	}
	for _, m := range a.Definition.Members {
		see(m.Text, "")
	}
	return halves / 2, total
}

func ownName(named, self string) string {
	if named == self {
		return "self"
	}
	return named
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func pluralS(n int, verb string) string {
	if n == 1 {
		return verb + "s"
	}
	return verb
}
