package validity

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// oneOf lists the names: "a", "a or b", "a, b or c".
func oneOf(names []string) string { return list(names, "or") }

// allOf lists the names: "a", "a and b", "a, b and c".
func allOf(names []string) string { return list(names, "and") }

func list(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	n := len(names) - 1
	return strings.Join(names[:n], ", ") + " " + last + " " + names[n]
}

// nearest is ` (did you mean "x"?)` for the candidate that is most like name,
// or empty when none is alike.
func nearest(name string, candidates []string) string {
	const longest = 64 // the distance costs the product of the lengths
	if len(name) > longest {
		return ""
	}
	best, found := len(name)/3+1, ""
	for _, candidate := range candidates {
		if len(candidate) > longest || len(candidate)-len(name) >= best || len(name)-len(candidate) >= best {
			continue
		}
		distance := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate))
		if distance < best {
			best, found = distance, candidate
		}
	}
	if found == "" {
		return ""
	}
	return ` (did you mean "` + found + `"?)`
}

// maxSuggestions bounds how many names of a run get a suggestion: each one is
// compared with all candidates.
const maxSuggestions = 100

// suggest reports whether one more name may get a suggestion.
func (c *checker) suggest() bool {
	c.suggestions++
	return c.suggestions <= maxSuggestions
}

// nearestType is nearest for the name of a type.
func (c *checker) nearestType(name string) string {
	if !c.suggest() {
		return ""
	}
	if c.names == nil {
		c.names = strings.Fields("Int Int64 Float String Boolean ID DateTime Point Polygon MultiPolygon")
		for _, t := range c.schema.Types {
			c.names = append(c.names, t.Name)
		}
		slices.Sort(c.names)
	}
	return nearest(name, c.names)
}

// nearestDirective is nearest for the name of a directive.
func (c *checker) nearestDirective(name string) string {
	if !c.suggest() {
		return ""
	}
	return nearest(name, slices.Sorted(maps.Keys(c.directives)))
}

// clip keeps hostile text from filling the screen.
func clip(s string) string {
	const most = 60
	r := []rune(s[:min(len(s), 4*most)])
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "..."
}

// kindName is the kind with its article: "an enum".
func kindName(k sdl.Kind) string {
	switch k {
	case sdl.Scalar:
		return "a scalar"
	case sdl.Object:
		return "an object type"
	case sdl.Interface:
		return "an interface"
	case sdl.Union:
		return "a union"
	case sdl.Enum:
		return "an enum"
	case sdl.InputObject:
		return "an input"
	}
	return "unknown"
}

// valueName is what a literal is: "a string".
func valueName(v *sdl.Value) string {
	switch v.Kind {
	case sdl.IntValue, sdl.FloatValue:
		return "a number"
	case sdl.StringValue, sdl.BlockValue:
		return "a string"
	case sdl.BooleanValue:
		return "a boolean"
	case sdl.NullValue:
		return "null"
	case sdl.ListValue:
		return "a list"
	case sdl.ObjectValue:
		return "an object"
	}
	return "a bare word"
}
