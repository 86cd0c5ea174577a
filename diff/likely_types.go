package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// likelyType is a type that looks like a renamed one.
type likelyType struct {
	before, after *schema.Type
	rename        Rename
}

// likelyTypes finds the renamed types among those that nothing surer has
// matched. Types that were renamed together refer to each other by their new
// names, so what is found helps to find more.
func likelyTypes(before, after *Schema, m *typeMatch) []likelyType {
	const rounds = 3
	var all []likelyType
	found := &typeMatch{after: map[*schema.Type]*schema.Type{}, before: map[*schema.Type]*schema.Type{}}
	for range rounds {
		likely := likelyRound(before, after, m, found)
		if len(likely) == 0 {
			break
		}
		for _, l := range likely {
			found.match(l.before, l.after)
		}
		all = append(all, likely...)
	}
	return all
}

func likelyRound(before, after *Schema, m, found *typeMatch) []likelyType {
	var gone, come []*schema.Type
	for _, t := range firsts(before) {
		if m.after[t] == nil && found.after[t] == nil && !t.Root() {
			gone = append(gone, t)
		}
	}
	for _, t := range firsts(after) {
		if m.before[t] == nil && found.before[t] == nil && !t.Root() {
			come = append(come, t)
		}
	}
	if len(gone) == 0 || len(come) == 0 {
		return nil
	}
	renamed := map[string]string{}
	uses := &retargets{pairs: map[[2]string]int{}, before: map[string]int{}, after: map[string]int{}}
	for _, matched := range []*typeMatch{m, found} {
		for b, a := range matched.after {
			if b.Name != a.Name {
				renamed[b.Name] = a.Name
			}
			uses.count(b, a)
		}
	}
	var candidates []candidate
	for _, pair := range plausible(gone, come, uses) {
		b, a := gone[pair[0]], come[pair[1]]
		if score, reasons := typeLikeness(b, a, uses, renamed); score >= threshold-margin {
			candidates = append(candidates, candidate{pair[0], pair[1], score, reasons})
		}
	}
	var likely []likelyType
	for _, c := range choose(candidates) {
		likely = append(likely, likelyType{gone[c.before], come[c.after], c.rename()})
	}
	return likely
}

// retargets counts what the types that both schemas have say about the others:
// the places that named one type and name another in the new schema.
type retargets struct {
	pairs         map[[2]string]int // by the old and the new name
	before, after map[string]int    // the places that name a type at all
}

func (r *retargets) count(b, a *schema.Type) {
	place := func(old, new string) {
		r.before[old]++
		r.after[new]++
		if old != new {
			r.pairs[[2]string{old, new}]++
		}
	}
	for _, f := range b.Definition.Fields {
		if other := a.Field(f.Name.Text); other != nil {
			place(f.Type.Named(), other.Type().Named())
		}
	}
	for _, lists := range [][2][]sdl.Name{
		{b.Definition.Interfaces, a.Definition.Interfaces}, {b.Definition.Members, a.Definition.Members},
	} {
		gone, come := difference(lists[0], lists[1]), difference(lists[1], lists[0])
		if len(gone) == 1 && len(come) == 1 { // else nothing says which is which
			place(gone[0], come[0])
		}
	}
}

// difference are the names that only the first list has.
func difference(names, without []sdl.Name) []string {
	other := map[string]bool{}
	for _, n := range without {
		other[n.Text] = true
	}
	var all []string
	for _, n := range names {
		if !other[n.Text] {
			all = append(all, n.Text)
		}
	}
	return all
}

// plausible lists the pairs worth scoring: the shortlist by words of the names,
// fields and values, and the pairs between which uses moved.
func plausible(gone, come []*schema.Type, uses *retargets) [][2]int {
	features := func(types []*schema.Type) ([][]string, map[string]int) {
		all, index := make([][]string, len(types)), make(map[string]int, len(types))
		for i, t := range types {
			all[i], index[t.Name] = typeFeatures(t), i
		}
		return all, index
	}
	before, indexBefore := features(gone)
	after, indexAfter := features(come)
	pairs := shortlist(before, after)
	for names := range uses.pairs {
		i, ok := indexBefore[names[0]]
		j, ok2 := indexAfter[names[1]]
		if ok && ok2 {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	return slices.Compact(pairs)
}

func typeFeatures(t *schema.Type) []string {
	all := words(t.Name)
	for _, f := range t.Definition.Fields {
		all = append(all, "."+f.Name.Text+":"+f.Type.Named())
	}
	for _, v := range t.Definition.Values {
		all = append(all, "="+v.Name.Text)
	}
	for _, m := range t.Definition.Members {
		all = append(all, "|"+m.Text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// typeLikeness is how alike two types are, 0 to 1, and why. Where the names are
// not alike, the descriptions must be the same, or everything must be moved over
// that named the old type. renamed are the new names of types that are known to
// be renamed.
func typeLikeness(b, a *schema.Type, uses *retargets, renamed map[string]string) (float64, []string) {
	if b.Kind != a.Kind || b.Stores() != a.Stores() {
		return 0, nil
	}
	var reasons []string
	names := max(nameOf(b.Name).likeness(nameOf(a.Name)), prefixed(nameOf(b.Name), nameOf(a.Name)))
	score := 0.35 * names
	if names >= alike {
		reasons = append(reasons, fmt.Sprintf("the names are alike (%s, %s)", b.Name, a.Name))
	}
	common := sharedMembers(b, a, renamed)
	overlap := common.share()
	if common.of > 0 {
		weight := 0.5
		if common.shared < 2 { // one common field, such as an id, is little evidence
			weight = 0.3
			if overlap == 1 {
				weight = 0.4
			}
		}
		score += weight * overlap
		if overlap >= 0.3 && common.shared >= 1 {
			what := "fields"
			switch b.Kind {
			case sdl.Enum:
				what = "values"
			case sdl.Union:
				what = "members"
			}
			reasons = append(reasons, fmt.Sprintf("%d of %d %s are the same", int(common.shared), size(b), what))
		}
	}
	moved, all := uses.pairs[[2]string{b.Name, a.Name}], max(uses.before[b.Name], uses.after[a.Name])
	if moved > 0 {
		score += 0.1 + 0.2*float64(moved)/float64(all)
		if moved == all && moved > 1 {
			score += 0.1
		}
		reasons = append(reasons, fmt.Sprintf("%s that named %s now %s %s", count(moved, "element"), b.Name, pluralS(moved, "name"), a.Name))
	}
	described := false
	if x, y := b.Definition.Description, a.Definition.Description; x != nil && y != nil && x.Text == y.Text {
		score += 0.25
		described = true
		reasons = append(reasons, "same description")
	}
	const some = 0.5
	switch {
	case names >= alike, described,
		moved > 0 && moved == all && common.own >= 1 && overlap >= some,
		moved > 0 && moved == all && overlap == 1 && (moved > 1 || common.shared > 1):
	default:
		return 0, nil
	}
	if len(b.Definition.Directives)+len(b.Definition.Interfaces) > 0 && sameHeader(b, a) {
		score += 0.05
		reasons = append(reasons, "same directives and interfaces")
	}
	return min(score, 1), reasons
}

// prefixed is the likeness of two names of types of which one only has words
// before the other, as namespaces are: Listener and awsAlbListener.
func prefixed(x, y name) float64 {
	if len(x.joined) > len(y.joined) {
		x, y = y, x
	}
	before := 0
	for _, w := range y.words {
		if y.joined[before:] == x.joined {
			return 0.7
		}
		if slices.Contains(contrasting, w) {
			return 0
		}
		before += len(w)
	}
	return 0
}

func sameHeader(b, a *schema.Type) bool {
	return sameDirectives(b.Definition.Directives, a.Definition.Directives) &&
		slices.EqualFunc(b.Definition.Interfaces, a.Definition.Interfaces, func(x, y sdl.Name) bool { return x.Text == y.Text })
}

// common is what two types have in common.
type common struct {
	// shared counts the fields, values or members that both have, and of is the
	// mean of how many each has. A field of another type counts half.
	shared, of float64
	// own are those of shared that not every other type has.
	own float64
}

// share is how much of the two types is shared, 0 to 1.
func (c common) share() float64 { return c.shared / max(c.of, 1) }

// usual are names that fields of any type have.
var usual = strings.Fields("id uid uuid key name title label description text type kind status value code url image date age " +
	"createdAt updatedAt deletedAt created_at updated_at deleted_at created updated createdBy updatedBy owner user tags")

// sharedMembers compares the fields, values or members of two types. References
// to renamed types, and to the types themselves, count as equal, and so do names
// that hold the type's name: isCat of Cat is isDog of Dog.
func sharedMembers(b, a *schema.Type, renamed map[string]string) common {
	members := make(map[string]string, size(b))
	byOwner := map[string]string{} // the members whose names hold the type's
	for _, f := range b.Definition.Fields {
		named := f.Type.Named()
		if to, ok := renamed[named]; ok {
			named = to
		}
		members[f.Name.Text] = ownName(named, b.Name)
		if name := withoutOwner(f.Name.Text, b.Name); name != f.Name.Text {
			byOwner[name] = f.Name.Text
		}
	}
	for _, v := range b.Definition.Values {
		members[v.Name.Text] = ""
	}
	for _, m := range b.Definition.Members {
		name := m.Text
		if to, ok := renamed[name]; ok {
			name = to
		}
		members[name] = ""
	}
	c := common{of: float64(size(b)+size(a)) / 2}
	see := func(name, typ string) {
		was, ok := members[name]
		if !ok {
			return
		}
		delete(members, name) // what is written twice counts once
		part := 1.0
		if was != typ {
			part = 0.5
		}
		c.shared += part
		if !slices.Contains(usual, name) {
			c.own += part
		}
	}
	for _, f := range a.Definition.Fields {
		name := f.Name.Text
		if _, ok := members[name]; !ok {
			if other, ok := byOwner[withoutOwner(name, a.Name)]; ok {
				name = other
			}
		}
		see(name, ownName(f.Type.Named(), a.Name))
	}
	for _, v := range a.Definition.Values {
		see(v.Name.Text, "")
	}
	for _, m := range a.Definition.Members {
		see(m.Text, "")
	}
	return c
}

func size(t *schema.Type) int {
	return len(t.Definition.Fields) + len(t.Definition.Values) + len(t.Definition.Members)
}

// withoutOwner is a field's name with "*" for the name of its type.
func withoutOwner(field, owner string) string {
	if rest, ok := strings.CutSuffix(field, owner); ok {
		return rest + "*"
	}
	if len(owner) > 0 && len(field) > len(owner) && strings.EqualFold(field[:len(owner)], owner) {
		return "*" + field[len(owner):]
	}
	return field
}

func ownName(named, self string) string {
	if named == self {
		return "*"
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
