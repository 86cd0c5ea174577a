package schema

import (
	"sort"
	"strings"
)

// SearchOption is an option behind an argument of @search, as in
// "hnsw(metric: euclidean)".
type SearchOption struct{ Name, Value string }

// SearchName is the argument of @search without its options: the key into
// Searches. Source: parseSearchType.
func SearchName(argument string) string {
	if name, _, ok := strings.Cut(argument, "("); ok {
		return strings.TrimSpace(name)
	}
	return argument
}

// SearchOptions are the options of an argument of @search, sorted by name, and
// whether they are well-formed. Dgraph reads them as a YAML mapping of
// strings; what nobody writes in one, such as anchors and tags, is malformed
// here. Sources: parseSearchOptions, getSearchOptions.
func SearchOptions(argument string) ([]SearchOption, bool) {
	argument = strings.TrimSpace(argument)
	open := strings.IndexByte(argument, '(')
	closed := strings.HasSuffix(argument, ")")
	if open < 0 && !closed {
		return nil, true
	}
	if open < 0 || !closed || open+2 == len(argument) {
		return nil, false
	}
	r := optionReader{rest: argument[open+1 : len(argument)-1]}
	var options []SearchOption
	seen := map[string]bool{}
	for r.skip(); r.rest != ""; r.skip() {
		name, value, ok := r.pair()
		if !ok || seen[name] || value == "" {
			return nil, false
		}
		seen[name] = true
		options = append(options, SearchOption{name, value})
	}
	sort.Slice(options, func(i, j int) bool { return options[i].Name < options[j].Name })
	for i, o := range options {
		options[i] = SearchOption{strings.TrimSpace(o.Name), strings.TrimSpace(o.Value)}
	}
	return options, true
}

// optionReader reads the inside of a YAML flow mapping.
type optionReader struct{ rest string }

func (r *optionReader) skip() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// pair reads `name: value` and the comma after it.
func (r *optionReader) pair() (name, value string, ok bool) {
	name, quoted, ok := r.scalar(true)
	if !ok {
		return "", "", false
	}
	r.skip()
	if !strings.HasPrefix(r.rest, ":") {
		return "", "", false // a name alone stands for null
	}
	r.rest = r.rest[1:]
	if !quoted && r.rest != "" && !strings.ContainsAny(r.rest[:1], " \t\r\n,") {
		return "", "", false
	}
	r.skip()
	value, quoted, ok = r.scalar(false)
	if !ok {
		return "", "", false
	}
	switch value {
	case "~", "null", "Null", "NULL":
		if !quoted {
			value = ""
		}
	}
	r.skip()
	if r.rest == "" {
		return name, value, true
	}
	r.rest, ok = strings.CutPrefix(r.rest, ",")
	return name, value, ok
}

// scalar reads a quoted or plain string; a plain name ends before its colon.
func (r *optionReader) scalar(name bool) (text string, quoted, ok bool) {
	if r.rest == "" {
		return "", false, true
	}
	switch r.rest[0] {
	case '"':
		text, ok = r.double()
		return text, true, ok
	case '\'':
		text, ok = r.single()
		return text, true, ok
	case '[', ']', '{', '}', '&', '*', '!', '|', '>', '%', '@', '`', '#':
		return "", false, false
	}
	end := 0
	for ; end < len(r.rest); end++ {
		c := r.rest[end]
		if c == ',' || c == ':' && r.colon(end) {
			break
		}
		if strings.IndexByte("[]{}", c) >= 0 || c == '#' && end > 0 && strings.IndexByte(" \t\n", r.rest[end-1]) >= 0 {
			return "", false, false
		}
	}
	text = r.rest[:end]
	r.rest = r.rest[end:]
	if !name && strings.HasPrefix(r.rest, ":") {
		return "", false, false // two colons in one pair
	}
	lines := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' })
	for i, line := range lines {
		lines[i] = strings.Trim(line, " \t")
	}
	return strings.Trim(strings.Join(lines, " "), " \t"), false, true
}

// colon reports whether the colon at that place ends a name.
func (r *optionReader) colon(at int) bool {
	return at+1 == len(r.rest) || strings.IndexByte(" \t\r\n,", r.rest[at+1]) >= 0
}

func (r *optionReader) single() (string, bool) {
	var text strings.Builder
	for rest := r.rest[1:]; ; {
		before, after, ok := strings.Cut(rest, "'")
		text.WriteString(before)
		if !ok {
			return "", false
		}
		if !strings.HasPrefix(after, "'") {
			r.rest = after
			return text.String(), true
		}
		text.WriteByte('\'')
		rest = after[1:]
	}
}

func (r *optionReader) double() (string, bool) {
	var text strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; c {
		case '"':
			r.rest = r.rest[i+1:]
			return text.String(), true
		case '\\':
			i++
			if i == len(r.rest) || strings.IndexByte(`"\/ `, r.rest[i]) < 0 {
				return "", false
			}
			text.WriteByte(r.rest[i])
		default:
			text.WriteByte(c)
		}
	}
	return "", false
}
