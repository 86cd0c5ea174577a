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

// applies reports whether r says something about these two schemas. stays: the
// old name is still in the new schema, unchanged says whether it means the
// same there. came: the new name was already in the old schema, was says
// whether it meant the same. A rename that was carried out by an earlier
// update must not be seen again; in chains and swaps names stay in use.
func (l declaredList) applies(r declaredRename, unchanged, was, stays, came bool) bool {
	if stays && (unchanged || came && !l.is(func(o declaredRename) string { return o.after }, r.before)) {
		return false
	}
	return !came || !was && l.is(func(o declaredRename) string { return o.before }, r.after)
}

func (l declaredList) is(side func(declaredRename) string, name string) bool {
	return slices.ContainsFunc(l, func(o declaredRename) bool { return side(o) == name })
}
