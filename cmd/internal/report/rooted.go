package report

import (
	"path"
	"slices"
	"strings"
)

// Rooted is a report whose files count from the root of the repository: platforms know no other place. folder is the
// one of the repository that its files count from so far, and empty where that is the root, or not known. What is not
// in the repository stays as it is.
func (r *Report) Rooted(folder string) *Report {
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
		l := Location{File: s.File(), Ref: s.Ref}
		commit, rest, ok := strings.Cut(s.Source, "git:"+s.Ref+":")
		switch first, _, _ := strings.Cut(rest, "/"); {
		case l.File == "":
		case l.Ref == "":
			move(&l)
			s.Source = l.File
		case ok && commit == "" && (first == "." || first == ".."): // others of a commit count from the root
			move(&l)
			s.Source = "git:" + s.Ref + ":" + path.Clean(l.File)
		}
	}
	out := *r
	source(&out.Before)
	source(&out.After)
	moved := map[string]string{} // names of files in patches
	out.Findings = slices.Clone(r.Findings)
	for i := range out.Findings {
		f := &out.Findings[i]
		move(&f.Location)
		move(&f.Previous)
		f.Fixes = slices.Clone(f.Fixes)
		for k := range f.Fixes {
			x := &f.Fixes[k]
			x.Edits = slices.Clone(x.Edits)
			for e := range x.Edits {
				before := x.Edits[e].At.File
				move(&x.Edits[e].At)
				moved[before] = x.Edits[e].At.File
			}
			x.Diff = headed(x.Diff, moved)
		}
	}
	if r.Repairs != nil {
		out.Repairs = &Repairs{List: slices.Clone(r.Repairs.List), Diff: headed(r.Repairs.Diff, moved), Conclusion: r.Repairs.Conclusion}
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
	out.Files = slices.Clone(r.Files)
	for i := range out.Files {
		f := &out.Files[i]
		l := Location{File: f.Name, Ref: f.Ref}
		move(&l)
		f.Name = l.File
	}
	return &out
}

// headed is a patch with other names of its files.
func headed(patch string, names map[string]string) string {
	var b strings.Builder
	for line := range strings.Lines(patch) {
		for _, mark := range []string{"--- ", "+++ "} {
			if name, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), mark); ok && names[name] != "" {
				line = mark + names[name] + "\n"
			}
		}
		b.WriteString(line)
	}
	return b.String()
}
