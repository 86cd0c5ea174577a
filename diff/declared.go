package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// declared are the renames that the user declares. For fields and values the
// names are without the type's.
type declared struct {
	types   declaredList
	members map[string]declaredList // by the old type's name
	hints   map[string]declaredList // by the new type's name; the old name can have an owner
}

// declaredRename is one of them.
type declaredRename struct {
	before, after string
	hint          int  // the comment that says so, from 1; 0 for the configuration
	old           bool // the old schema has that comment too
	// alone says that nothing but the declaration tells that the names change places.
	alone bool
}

func (r declaredRename) rename() *Rename {
	reason := "declared in the configuration"
	if r.hint > 0 {
		reason = "declared by a comment in the new schema"
	}
	if r.alone {
		reason += ", and nothing else tells that the names change places: take that out when it is done"
	}
	return &Rename{Confidence: Declared, Score: 1, Reasons: []string{reason}}
}

type declaredList []declaredRename

// parseDeclared sorts the renames. The type in the second coordinate of a field
// or value is not looked at: its owner is the old owner's counterpart.
func parseDeclared(renames map[string]string) declared {
	d := declared{members: map[string]declaredList{}, hints: map[string]declaredList{}}
	for _, from := range slices.Sorted(maps.Keys(renames)) {
		owner, member, isMember := strings.Cut(from, ".")
		to := renames[from]
		if !isMember {
			d.types = append(d.types, declaredRename{before: from, after: to})
			continue
		}
		if _, name, ok := strings.Cut(to, "."); ok {
			to = name
		}
		d.members[owner] = append(d.members[owner], declaredRename{before: member, after: to})
	}
	return d
}

// addHints reads the comments of the new schema. The old one tells which of them were
// there before.
func (d *declared) addHints(before, after *sdl.Schema) {
	type hint struct{ from, owner, member string }
	was := map[hint]bool{}
	eachHint(before, func(_ int, from, owner, member string) { was[hint{from, owner, member}] = true })
	eachHint(after, func(i int, from, owner, member string) {
		r := declaredRename{before: from, after: owner, hint: i + 1, old: was[hint{from, owner, member}]}
		if member == "" {
			d.types = append(d.types, r)
			return
		}
		r.after = member
		d.hints[owner] = append(d.hints[owner], r)
	})
}

// eachHint calls with the comments that say what an element was called: which it is of
// the schema's, the old name, and the element. Member is empty for a type.
func eachHint(s *sdl.Schema, each func(comment int, from, owner, member string)) {
	hint := func(c sdl.Comment) (from string, ok bool) {
		word, rest, ok := c.Instruction()
		names := strings.Fields(rest)
		if !ok || word != sdl.RenamedFrom || len(names) == 0 {
			return "", false
		}
		return names[0], true
	}
	if !slices.ContainsFunc(s.Comments, func(c sdl.Comment) bool { _, ok := hint(c); return ok }) {
		return
	}
	on := s.Elements().Under(s.Comments)
	for i, c := range s.Comments {
		from, ok := hint(c)
		if !ok {
			continue
		}
		for _, e := range on[i] {
			switch {
			case e.Definition == nil:
			case e.Member.Text == "", e.Definition.Kind != sdl.Union: // whose members are named elsewhere
				each(i, from, e.Definition.Name.Text, e.Member.Text)
			}
		}
	}
}

// of are the renames of the fields or values of a type.
func (d declared) of(before, after string) declaredList {
	all := slices.Clip(d.members[before])
	for _, r := range d.hints[after] {
		if owner, name, ok := strings.Cut(r.before, "."); ok {
			if owner != before && owner != after {
				continue
			}
			r.before = name
		}
		all = append(all, r)
	}
	return all
}

// oneToOne leaves out what contradicts the rest: of several renames from or to
// one name that counts which fits the two sides, and of those the first. A
// comment that shares its line with several new elements says nothing about any.
func (l declaredList) oneToOne(n names) declaredList {
	fits := func(r declaredRename) bool { return n.before(r.before) && !n.before(r.after) && n.after(r.after) }
	meant := map[int]int{} // how many elements a comment fits
	for _, r := range l {
		if r.hint > 0 && fits(r) {
			meant[r.hint]++
		}
	}
	kept := make([]bool, len(l))
	from, to := map[string]bool{}, map[string]bool{}
	for _, fitting := range []bool{true, false} {
		for i, r := range l {
			if fits(r) == fitting && meant[r.hint] < 2 && !from[r.before] && !to[r.after] {
				from[r.before], to[r.after], kept[i] = true, true, true
			}
		}
	}
	var all declaredList
	for i, r := range l {
		if kept[i] {
			all = append(all, r)
		}
	}
	return all
}

// names are what declared renames are held against: the elements of two
// schemas, or of two versions of a type, by their names.
type names struct {
	before, after func(name string) bool
	// unchanged reports whether the element of a name that both sides have is
	// the same thing on both.
	unchanged func(name string) bool
	// alike is how alike an old and a new element are, whatever their names.
	alike func(before, after string) float64
	// trusts says that of elements that are alike a declared swap is one. Whose members
	// tell what they are says so by these.
	trusts bool
}

// inForce are the renames that these two sides carry out. The others were
// carried out earlier, or will be, and must not be seen: a list of renames
// grows with the history of a schema.
func (l declaredList) inForce(n names) declaredList {
	l = l.oneToOne(n)
	next, previous := map[string]string{}, map[string]string{}
	for _, r := range l {
		next[r.before] = r.after
		previous[r.after] = r.before
	}
	// to is where a name leads. Two renames of one thing may lie between the
	// two sides; then neither side has the name in the middle.
	to := func(name string) string {
		name = next[name]
		for range l {
			if name == "" || n.before(name) || n.after(name) {
				break
			}
			name = next[name]
		}
		return name
	}
	var force declaredList
	for _, r := range l {
		target := to(r.before)
		if target == r.before || !n.before(r.before) || !n.after(target) {
			continue
		}
		swaps, alone := l.swaps(r.before, n, to)
		if l.leavesRoom(r.before, target, n, to) && l.leavesName(r.before, n, previous) || swaps {
			force = append(force, declaredRename{before: r.before, after: target, hint: r.hint, alone: alone})
		}
	}
	return force
}

// leavesRoom reports whether the new name is free for the renamed element: the
// old side does not have it, or has it and renames that in turn, and so on.
func (l declaredList) leavesRoom(from, target string, n names, to func(string) string) bool {
	for range len(l) + 1 {
		if !n.before(target) {
			return true
		}
		target = to(target)
		if target == "" || target == from || !n.after(target) {
			return false
		}
	}
	return false
}

// leavesName reports whether the old name is gone, or means something else on
// the new side: a new element, or what was renamed to it.
func (l declaredList) leavesName(from string, n names, previous map[string]string) bool {
	for range len(l) + 1 {
		if !n.after(from) || !n.unchanged(from) {
			return true
		}
		from = previous[from]
		if from == "" || !n.before(from) {
			return false
		}
	}
	return false
}

// swaps reports whether the renames lead from a name around to itself, and the
// elements fit together that way no worse than each with its own name. Where they fit
// as well, only the declaration tells it, of fields: then it must not be one that the
// old schema has already.
func (l declaredList) swaps(from string, n names, to func(string) string) (swaps, alone bool) {
	carriedOut := slices.ContainsFunc(l, func(r declaredRename) bool { return r.old })
	around, stay := 0.0, 0.0
	name := from
	for range l {
		target := to(name)
		if !n.after(name) || !n.before(target) || !n.after(target) {
			return false, false
		}
		around += n.alike(name, target)
		stay += n.alike(name, name)
		if name = target; name == from {
			alone = n.trusts && around == stay && !carriedOut
			return around > stay || alone, alone
		}
	}
	return false, false
}
