package diff

import (
	"maps"
	"slices"
	"strings"
)

const declaredReason = "declared in the configuration"

// declared are the renames that the user declares.
type declared struct {
	types  declaredList
	fields map[string]declaredList // by the old type's name
}

// declaredRename is one of them. For fields the names are without the type's.
type declaredRename struct{ before, after string }

// declaredList has at most one rename for each old name.
type declaredList []declaredRename

// parseDeclared sorts the renames. The type in the second coordinate of a
// field is not looked at: the field's owner is the old owner's counterpart.
func parseDeclared(renames map[string]string) declared {
	d := declared{fields: map[string]declaredList{}}
	for _, from := range slices.Sorted(maps.Keys(renames)) {
		owner, field, isField := strings.Cut(from, ".")
		to := renames[from]
		if !isField {
			d.types = append(d.types, declaredRename{from, to})
			continue
		}
		if _, name, ok := strings.Cut(to, "."); ok {
			to = name
		}
		d.fields[owner] = append(d.fields[owner], declaredRename{field, to})
	}
	return d
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
}

// inForce are the renames that these two sides carry out. The others were
// carried out earlier, or will be, and must not be seen: a list of renames
// grows with the history of a schema.
func (l declaredList) inForce(n names) declaredList {
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
		if l.leavesRoom(r.before, target, n, to) && l.leavesName(r.before, n, previous) || l.swaps(r.before, n, to) {
			force = append(force, declaredRename{r.before, target})
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
// elements fit together better that way than each with its own name.
func (l declaredList) swaps(from string, n names, to func(string) string) bool {
	around, stay := 0.0, 0.0
	name := from
	for range l {
		target := to(name)
		if !n.after(name) || !n.before(target) || !n.after(target) {
			return false
		}
		around += n.alike(name, target)
		stay += n.alike(name, name)
		if name = target; name == from {
			return around > stay
		}
	}
	return false
}
