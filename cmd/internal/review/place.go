package review

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// The sides of a diff.
const (
	left  = "LEFT"
	right = "RIGHT"
)

// place is where a comment stands in the diff of a pull request.
type place struct {
	path, side  string
	first, line int // first is 0 for a single line
}

// changed is a file of a pull request.
type changed struct {
	path     string // of the new version, or of a removed file
	previous string // of the old version
	blob     string // the hash of the new version
	removed  bool
	hunks    []hunk
}

// changes are all files of a pull request.
type changes struct {
	files []*changed
	// texts are the new versions of the files, by path, as far as they could be read.
	texts map[string]*source
	// elsewhere are the paths of which the report is about another version than the pull request's.
	elsewhere map[string]bool
	// unread are the paths of files that were too many to be read.
	unread map[string]bool
}

// named is the file at a path of the report in its new version, or nil.
func (c *changes) named(file string) *changed {
	at, ok := inRepository("", file)
	if !ok {
		return nil
	}
	for _, f := range c.files {
		if f.path == at && !f.removed {
			return f
		}
	}
	return nil
}

// formerly is the file at a path of the report in its old version, or nil.
func (c *changes) formerly(file string) *changed {
	at, ok := inRepository("", file)
	if !ok {
		return nil
	}
	for _, f := range c.files {
		if f.previous == at {
			return f
		}
	}
	return nil
}

// ids are those that comments on a report have by themselves: the first one is made of the path of the new schema, and the
// second one, where the pull request moves the schema, of its old path.
func (c *changes) ids(r *report.Report) []string {
	was, is := r.Before.File(), r.After.File()
	if is == "" {
		is = r.After.Source
	}
	all := []string{idOf(is)}
	old, ok := inRepository("", was)
	folder := old + "/"
	if at := strings.IndexAny(old, "*?[{"); at >= 0 { // a glob
		folder = old[:strings.LastIndexByte(old[:at], '/')+1]
	}
	goes := func(f *changed) bool {
		return (f.removed || f.path != f.previous) && (f.previous == old || folder != "" && strings.HasPrefix(f.previous, folder))
	}
	if ok && slices.ContainsFunc(c.files, goes) && idOf(was) != all[0] {
		all = append(all, idOf(was))
	}
	return all
}

// idOf is the id that a path comes to: itself, or where it has other signs, or too many, a part of it and its hash.
func idOf(name string) string {
	name = path.Clean(name)
	if pathID.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	plain := strings.Trim(otherSigns.ReplaceAllString(name, "-"), "-")
	return plain[max(0, len(plain)-40):] + "-" + hex.EncodeToString(sum[:6])
}

var (
	pathID     = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,64}$`)
	otherSigns = regexp.MustCompile(`[^A-Za-z0-9._/]+`)
)

// inRepository is a path of a report, counted from the root of the repository. What is no file of it has none.
func inRepository(prefix, file string) (string, bool) {
	if file == "" || path.IsAbs(file) || strings.Contains(file, "://") || strings.HasPrefix(file, "<") {
		return "", false
	}
	at := path.Join(prefix, file)
	return at, at != ".." && !strings.HasPrefix(at, "../") && !path.IsAbs(at)
}

// gone reports whether a finding is about something that the new schema has no longer: it stands at its old place.
func gone(f *report.Finding) bool {
	switch f.Location.Anchor {
	case "owner", "neighbour", "file":
		return f.Previous.File != ""
	}
	return false
}

// of is where the comment on a finding goes, and the suggestion in it, if any. A finding that is on no line of the diff has
// no place: one comment outside makes the API refuse the whole review.
func (c *changes) of(f *report.Finding) (place, *suggestion, bool) {
	if gone(f) {
		if at, ok := c.formerPlace(f); ok {
			return at, nil, true
		}
	}
	file := c.named(f.Location.File)
	if file == nil || c.elsewhere[file.path] || f.Location.Line < 1 {
		return place{}, nil, false
	}
	text := c.texts[file.path]
	line, ok := file.line(text, f.Location)
	if !ok {
		return place{}, nil, false
	}
	at := place{path: file.path, side: right, line: line}
	if text == nil || len(f.Fixes) == 0 {
		return at, nil, true
	}
	for _, e := range f.Fixes[0].Edits {
		if c.named(e.At.File) != file {
			return at, nil, true
		}
	}
	change, ok := text.suggest(f.Fixes[0], line, file.hunks)
	if !ok {
		return at, nil, true
	}
	at.line = change.last
	if change.first < change.last {
		at.first = change.first
	}
	return at, &change, true
}

// line is the line of a place of the report that a comment can stand on: its first one, or where the diff does not have
// that one, as with long elements, the first of its lines that is new.
func (f *changed) line(text *source, at report.Location) (int, bool) {
	first, last := at.Line, max(at.Line, at.EndLine)
	if text != nil {
		from := text.offset(first, 1)
		if text.Position(int32(from)).Line != first {
			return 0, false // the file ends before
		}
		first, last = text.line(from), text.line(text.offset(last, max(at.EndColumn, 1)))
	}
	if holding(f.hunks, first, first) != nil {
		return first, true
	}
	for _, h := range f.hunks {
		for _, n := range slices.Sorted(maps.Keys(h.added)) {
			if n >= first && n <= last {
				return n, true
			}
		}
	}
	return 0, false
}

// formerPlace is the line of the old version that a finding is about, if the pull request deletes that line. The line has
// to name what is gone: the old schema of a report can be another one than the pull request's base.
func (c *changes) formerPlace(f *report.Finding) (place, bool) {
	file := c.formerly(f.Previous.File)
	if file == nil {
		return place{}, false
	}
	for _, h := range file.hunks {
		if text, ok := h.deleted[f.Previous.Line]; ok && strings.Contains(text, lastName(f.Coordinate)) {
			return place{path: file.path, side: left, line: f.Previous.Line}, true
		}
	}
	return place{}, false
}

// lastName is the name at the end of a coordinate: "phone" of User.phone, "by" of @search(by:).
func lastName(coordinate string) string {
	fields := strings.FieldsFunc(coordinate, func(r rune) bool { return strings.ContainsRune(".(:)@", r) })
	if len(fields) == 0 {
		return ""
	}
	return fields[len(fields)-1]
}
