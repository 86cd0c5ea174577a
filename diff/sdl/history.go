package sdl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Version is a schema as a commit left it.
type Version struct {
	Commit string
	// Time is when the commit was made, as its committer's clock had it. Whoever
	// makes a commit can write any time into it.
	Time  time.Time
	Files []*File // none where the schema was not there

	parents bool // the commit has some, as far as the clone knows
	blobs   []blob
}

// History are the versions of a schema in git, the newest first, along first
// parents: what was merged counts from its merge.
type History struct {
	git      git
	name     string // what is listed in each commit; empty for one file
	versions []Version
	most     int
	shallow  bool
	read     int
}

// History finds the versions of the schema that arg names, as for Load: those of
// git:REF:PATH from that commit backwards, and of files of a work tree from the
// checked-out commit. A single file is followed where it was renamed. No more than
// most versions are looked at. A schema that is not in git is an error.
func (l Loader) History(ctx context.Context, arg string, most int) (*History, error) {
	h := &History{git: git{ctx, l.Dir}, most: most}
	ref, name, err := h.find(l, arg)
	if err != nil {
		return nil, err
	}
	commit, err := h.git.commit(ref)
	if err != nil {
		return nil, err
	}
	base, _ := doublestar.SplitPattern(name)
	there, err := h.git.tree(commit, name)
	if err != nil {
		return nil, err
	}
	single := len(there) == 1 && there[0].name == name
	if single || len(there) > 0 || !isGlob(name) {
		base = name
	}
	if !single {
		h.name = name
	}
	top := ":(top,literal)" + base
	if base == "." {
		top = ":(top)"
	}
	// Settings of the user that would change what is printed are overruled.
	args := []string{"-c", "log.diffMerges=separate", "log", "-z", "--first-parent", "-m", "--no-show-signature", "--no-color",
		"--format=tformat:%H %ct %P", "-n", strconv.Itoa(most + 1)}
	if single {
		args = append(args, "--follow", "--raw", "--no-abbrev")
	}
	out, err := h.git.run(append(args, commit, "--", top)...)
	if err != nil {
		return nil, err
	}
	if h.versions, err = versions(out); err != nil {
		return nil, err
	}
	if len(h.versions) == 0 {
		return nil, errors.New("git has no version of it: it was never committed")
	}
	shallow, err := h.git.run("rev-parse", "--is-shallow-repository")
	h.shallow = err == nil && strings.TrimSpace(shallow) == "true"
	return h, nil
}

// find says in which commit the schema is looked for, and under which name from the
// root of the repository.
func (h *History) find(l Loader, arg string) (ref, name string, err error) {
	if strings.HasPrefix(arg, "git:") {
		var ok bool
		if ref, name, ok = cutRef(strings.TrimPrefix(arg, "git:")); !ok || name == "" {
			return "", "", errors.New("expected git:REF:PATH")
		}
	} else {
		if arg == "-" || strings.HasPrefix(arg, "dgraph://") {
			return "", "", errors.New("it is not in git")
		}
		base, pattern := filepath.Split(l.abs(arg))
		if info, err := os.Stat(l.abs(arg)); err == nil {
			// Git knows a file by its own name, not by that of a link.
			real, err := filepath.EvalSymlinks(l.abs(arg))
			if err != nil {
				return "", "", err
			}
			base, pattern = filepath.Split(real)
			if info.IsDir() {
				base, pattern = real, "."
			}
		} else if isGlob(arg) {
			base, pattern = doublestar.SplitPattern(filepath.ToSlash(arg))
			base = l.abs(base)
		}
		h.git.dir, name = base, "./"+filepath.ToSlash(pattern)
	}
	here, err := h.git.here()
	if err != nil {
		return "", "", err
	}
	if name, err = fromTop(here, name); err != nil {
		return "", "", err
	}
	if ref == "" {
		ref = "HEAD"
	}
	return ref, name, nil
}

// versions reads what git log prints: for each commit its hash, its time and its
// parents, and where --raw was asked for, the file that it changed.
func versions(out string) ([]Version, error) {
	var all []Version
	words := strings.Split(out, "\x00")
	for i := 0; i < len(words); i++ {
		word := strings.TrimLeft(words[i], "\n")
		if word == "" {
			continue
		}
		if about, ok := strings.CutPrefix(word, ":"); ok {
			fields := strings.Fields(about) // modes, objects, what happened
			if len(fields) != 5 || len(all) == 0 || i+1 >= len(words) {
				return nil, fmt.Errorf("git log prints %q", word)
			}
			i++
			if status := fields[4][0]; (status == 'R' || status == 'C') && i+1 < len(words) {
				i++
			}
			if last := &all[len(all)-1]; strings.HasPrefix(fields[1], "100") && len(last.blobs) == 0 {
				last.blobs = []blob{{fields[3], words[i]}}
			}
			continue
		}
		fields := strings.Fields(word)
		if len(fields) < 2 {
			return nil, fmt.Errorf("git log prints %q", word)
		}
		seconds, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log prints %q", word)
		}
		all = append(all, Version{Commit: fields[0], Time: time.Unix(seconds, 0).UTC(), parents: len(fields) > 2})
	}
	return all, nil
}

// Next reads the next versions, some at a time; none after the last one.
func (h *History) Next() ([]Version, error) {
	const some = 16
	begin := h.read
	h.read = min(begin+some, len(h.versions), h.most)
	next := h.versions[begin:h.read]
	var blobs []blob
	var files []*File
	for i := range next {
		v := &next[i]
		if h.name != "" {
			var err error
			if v.blobs, err = h.git.list(v.Commit, h.name); err != nil {
				return nil, err
			}
		}
		for _, b := range v.blobs {
			v.Files = append(v.Files, &File{Name: b.name, Ref: v.Commit})
		}
		blobs, files = append(blobs, v.blobs...), append(files, v.Files...)
	}
	return next, h.git.read(blobs, files)
}

// Cut says why older versions than those of Next may have been there, and is empty
// where there were none.
func (h *History) Cut() string {
	if len(h.versions) > h.most {
		return fmt.Sprintf("more than %d versions are younger", h.most)
	}
	if last := h.versions[len(h.versions)-1]; h.shallow && !last.parents {
		return fmt.Sprintf("the history here begins on %s: fetch more of this shallow clone, with git fetch --unshallow (or fetch-depth: 0)", last.Time.Format(time.DateOnly))
	}
	return ""
}
