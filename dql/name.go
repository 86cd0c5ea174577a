package dql

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote writes the name of a predicate or type into DQL, in queries and in DQL schemas. It is the only way in
// which names may get there. A name with a ~ before it is the reverse of a predicate.
//
// It refuses names that DQL cannot spell, and those that it would take for something else even in angle
// brackets (dql/state.go and dql/parser.go in Dgraph).
func Quote(name string) (string, error) {
	if reason := unspeakable(name); reason != "" {
		return "", fmt.Errorf("the name %q cannot be written in DQL: %s", shortened(name), reason)
	}
	if plain(name) {
		return name, nil
	}
	return "<" + name + ">", nil
}

// words mean something to DQL wherever a name may stand, with brackets too: its lexer drops the brackets before
// its parser compares names, without regard to case.
var words = []string{"as", "uid", "count", "val", "len", "math", "expand", "checkpwd", "min", "max", "sum", "avg",
	"_all_", "_forward_", "_reverse_", "__all__", "_star_all"}

// unspeakable says why a name cannot be written, or "".
func unspeakable(name string) string {
	switch {
	case strings.TrimPrefix(name, "~") == "":
		return "it is empty"
	case len(name) > maxStoredName:
		return "it is too long"
	case !utf8.ValidString(name):
		return "it is not UTF-8"
	case slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, name) }):
		return "it is a word of the language"
	case name == "-":
		return "the parser joins it with the names around it"
	case name[0] == '=':
		return "it begins with =, so that the bracket before it reads as a comparison"
	case name[0] == '$':
		return "it begins with $ like a variable"
	}
	for _, r := range strings.TrimPrefix(name, "~") {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>\"{}|^`\\@~", r) {
			return fmt.Sprintf("it contains %q", r)
		}
	}
	return ""
}

// plain says that a name needs no brackets, in queries and in schemas.
func plain(name string) bool {
	for i, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case i > 0 && (r >= '0' && r <= '9' || r == '_' || r == '.'):
		default:
			return false
		}
	}
	return true
}

// shortened bounds a name that is quoted in an error.
func shortened(name string) string {
	const most = 80
	if len(name) <= most {
		return name
	}
	return name[:most] + "..."
}
