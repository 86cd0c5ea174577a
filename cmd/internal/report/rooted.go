package report

import (
	"path"
	"slices"
	"strings"
)

// rooted is a report whose files count from the root of the repository: platforms know no other place. folder is the
// one of the repository that its files count from so far, and empty where that is the root, or not known. What is not
// in the repository stays as it is.
func (r *Report) rooted(folder string) *Report {
	if folder == "" {
		return r
	}
	move := func(l *Location) {
		if pathOf(*l) == "" || path.IsAbs(l.File) || len(l.File) > 1 && l.File[1] == ':' {
			return // no file, or one that has its whole path
		}
		if at := path.Join(folder, l.File); at != ".." && !strings.HasPrefix(at, "../") {
			l.File = at
		}
	}
	source := func(s *Source) {
		if l := (Location{File: s.file(), Ref: s.Ref}); l.Ref == "" { // that of a commit says itself from where it counts
			move(&l)
			if l.File != "" {
				s.Source = l.File
			}
		}
	}
	out := *r
	source(&out.Before)
	source(&out.After)
	out.Findings = slices.Clone(r.Findings)
	for i := range out.Findings {
		f := &out.Findings[i]
		move(&f.Location)
		move(&f.Previous)
		f.Fixes = slices.Clone(f.Fixes)
		for k := range f.Fixes {
			f.Fixes[k].Edits = slices.Clone(f.Fixes[k].Edits)
			for e := range f.Fixes[k].Edits {
				move(&f.Fixes[k].Edits[e].At)
			}
		}
	}
	out.Suppressed = slices.Clone(r.Suppressed)
	for i := range out.Suppressed {
		move(&out.Suppressed[i].Finding.Location)
		move(&out.Suppressed[i].Finding.Previous)
		out.Suppressed[i].Decisions = slices.Clone(r.Suppressed[i].Decisions)
		for k := range out.Suppressed[i].Decisions {
			move(&out.Suppressed[i].Decisions[k].Location)
		}
	}
	out.Notes = slices.Clone(r.Notes)
	for i := range out.Notes {
		move(&out.Notes[i].Location)
	}
	return &out
}
