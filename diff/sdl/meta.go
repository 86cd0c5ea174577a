package sdl

import "strings"

// MetaKind is a setting that Dgraph reads from a comment line.
type MetaKind string

// The settings, as parseMetaInfo knows them.
const (
	MetaAuthorization MetaKind = "Dgraph.Authorization"
	MetaAllowOrigin   MetaKind = "Dgraph.Allow-Origin"
	MetaSecret        MetaKind = "Dgraph.Secret"
)

// Meta is a comment line with a setting. Its span covers secrets: a
// verification key, a header's value. Print Kind and the place, never the text.
type Meta struct {
	Kind MetaKind
	Span Span // from the "#" to the end of the line
}

// metaLines finds the settings line by line, as Dgraph does: it looks at lines
// that begin with "#", even where they stand inside a block string.
func metaLines(f *File) []*Meta {
	if !strings.Contains(f.Text, "Dgraph.") {
		return nil
	}
	var metas []*Meta
	for start := 0; start < len(f.Text); {
		end := len(f.Text)
		if n := strings.IndexByte(f.Text[start:], '\n'); n >= 0 {
			end = start + n
		}
		line := f.Text[start:end]
		text := strings.TrimSpace(line)
		if kind := metaKind(text); kind != "" {
			from := start + strings.Index(line, text)
			metas = append(metas, &Meta{kind, Span{f, int32(from), int32(from + len(text))}})
		}
		start = end + 1
	}
	return metas
}

func metaKind(line string) MetaKind {
	rest, ok := strings.CutPrefix(line, "#")
	if !ok {
		return ""
	}
	rest = strings.TrimSpace(rest)
	for _, k := range []MetaKind{MetaAuthorization, MetaAllowOrigin, MetaSecret} {
		if strings.HasPrefix(rest, string(k)) {
			return k
		}
	}
	return ""
}
