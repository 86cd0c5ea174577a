package config

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest is the known name that name was probably meant to be: the one with
// the fewest letters to change, if they are few enough for a slip. That is two,
// or a third of a long name, but at most half of a short one. Case, "-" and "_"
// do not count. It is empty when nothing is near; of equally near names it is
// the first.
func Nearest(name string, known []string) string {
	const longest = 100 // nobody slips in more than that
	if len(name) > longest {
		return ""
	}
	plain := strings.NewReplacer("-", "", "_", "")
	fold := func(s string) string { return strings.ToLower(plain.Replace(s)) }
	meant := fold(name)
	best, least := "", 1+min(max(2, len(meant)/3), len(meant)/2)
	for _, k := range known {
		if d := levenshtein.ComputeDistance(meant, fold(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// suggestion is the tail of a message on a name that does not exist.
func suggestion(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
