package operations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// lister finds the files that patterns name.
type lister struct {
	ctx context.Context
	dir string // the working directory; "" for the process's own
	// elsewhere are patterns that name no files here: standard input, and git.
	elsewhere []string
	problems  []Problem
	below     map[string][]string // what is below a folder
	noGit     bool
	standing  string // as in Options

	once sync.Once
	tree string // what links may not lead out of
}

// pattern is one of those that were given.
type pattern struct {
	given string
	base  string // the absolute path up to the first wildcard
	glob  string // from there on; "" for a file or folder
}

// matches reports whether a file at an absolute path is meant.
func (p pattern) matches(at string) (ok bool) {
	rel, ok := relative(p.base, at)
	if !ok {
		return false
	}
	return p.glob == "" || doublestar.MatchUnvalidated(p.glob, rel)
}

// relative is the path of a file counted from a folder, with "/".
func relative(folder, at string) (string, bool) {
	if at == folder {
		return ".", true
	}
	rel, ok := strings.CutPrefix(at, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
	return filepath.ToSlash(rel), ok
}

func (l *lister) pattern(given string) (pattern, error) {
	dir, err := filepath.Abs(cmp.Or(l.dir, "."))
	if err != nil {
		return pattern{}, fmt.Errorf("%s: %w", given, err)
	}
	absolute := func(name string) string {
		if filepath.IsAbs(name) {
			return filepath.Clean(name)
		}
		return filepath.Join(dir, name)
	}
	p := pattern{given: given, base: absolute(given)}
	if _, err := os.Lstat(p.base); err == nil || !strings.ContainsAny(given, "*?[{") {
		return p, nil // whatever characters its name has
	}
	base, glob := doublestar.SplitPattern(filepath.ToSlash(given))
	if !doublestar.ValidatePattern(glob) {
		return p, fmt.Errorf("%s: the glob is malformed", given)
	}
	p.base, p.glob = absolute(base), glob
	return p, nil
}

// list gives the files that patterns name, by their names.
func (l *lister) list(patterns []string) ([]listed, error) {
	var wanted, left []pattern
	for _, given := range patterns {
		if given == "-" || strings.HasPrefix(given, "git:") {
			l.elsewhere = append(l.elsewhere, given)
			continue
		}
		given, negative := strings.CutPrefix(given, "!")
		if given == "" {
			return nil, errors.New("a pattern of files with operations is empty: give a file, a folder or a glob")
		}
		p, err := l.pattern(given)
		if err != nil {
			return nil, err
		}
		if negative {
			left = append(left, p)
		} else {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) == 0 && len(l.elsewhere) == 0 && len(left) > 0 {
		return nil, errors.New("only patterns with ! are given, which leave out files: give one that names some")
	}
	all := map[string]listed{}
	l.below = map[string][]string{}
	for _, p := range wanted {
		files, err := l.named(p)
		if err == nil && len(files) == 0 {
			err = p.nothing()
		}
		switch {
		case err == nil:
		case l.standing == "" || l.ctx.Err() != nil:
			return nil, err
		default:
			l.problems = append(l.problems, Problem{Kind: Unreadable, What: l.standing + ": " + plain(err.Error())})
		}
		for _, f := range files {
			if !slices.ContainsFunc(left, func(p pattern) bool { return p.matches(f.path) }) {
				f.name = l.name(f.path)
				all[f.path] = f
			}
		}
	}
	l.dropLinks(all)
	return slices.SortedFunc(maps.Values(all), func(a, b listed) int { return cmp.Compare(a.name, b.name) }), nil
}

// nothing is the error for a pattern that names no file.
func (p pattern) nothing() error {
	if p.glob != "" {
		return fmt.Errorf("%s: no file matches", p.given)
	}
	var extensions []string
	for _, h := range hosts {
		extensions = append(extensions, h.extensions...)
	}
	return fmt.Errorf("%s: the folder has no file that can have operations: none of %s is in or below it, or git ignores them",
		p.given, strings.Join(extensions, " "))
}

// named are the files that a pattern names.
func (l *lister) named(p pattern) ([]listed, error) {
	info, err := os.Stat(p.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if p.glob != "" {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: there is no such file or folder", p.given)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: no permission to read it", p.given)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p.given, err)
	case !info.IsDir() && p.glob != "":
		return nil, nil
	case !info.IsDir():
		return []listed{{path: p.base, host: cmp.Or(hostOf(p.base), &graphQL)}}, nil
	}
	if !l.within(p.base) {
		l.problems = append(l.problems, Problem{Kind: Skipped, What: "the link " + plain(p.given) + " leads out of the project and is not followed"})
		return nil, nil
	}
	below, err := l.files(p)
	if err != nil {
		return nil, err
	}
	// A glob that names an extension means files of GraphQL by it, if nothing else is known of it.
	extension := path.Ext(p.glob)
	isNamed := extension != "" && !strings.ContainsAny(extension, "*?[]{}/")
	var files []listed
	for _, rel := range below {
		h := hostOf(rel)
		if h == nil && isNamed {
			h = &graphQL
		}
		if h != nil && !p.leavesOut(rel) && (p.glob == "" || doublestar.MatchUnvalidated(p.glob, rel)) {
			files = append(files, listed{path: filepath.Join(p.base, filepath.FromSlash(rel)), host: h})
		}
	}
	return files, nil
}

// leavesOut reports whether a file is hidden or other people's, and the pattern does not name such.
func (p pattern) leavesOut(rel string) bool {
	hidden := !strings.HasPrefix(p.glob, ".") && !strings.Contains(p.glob, "/.")
	modules := !strings.Contains(p.glob, modulesFolder)
	for element := range strings.SplitSeq(rel, "/") {
		if hidden && strings.HasPrefix(element, ".") || modules && element == modulesFolder || element == ".git" {
			return true
		}
	}
	return false
}

const modulesFolder = "node_modules"

// files are those below the base of a pattern, as git has them. Who names what git ignores gets it.
func (l *lister) files(p pattern) ([]string, error) {
	if files, ok := l.below[p.base]; ok && !strings.Contains(p.glob, modulesFolder) {
		return files, nil
	}
	var files []string
	var err error
	if strings.Contains(p.glob, modulesFolder) || sdl.Ignored(l.ctx, p.base) {
		return walk(p.base)
	}
	if files, err = sdl.NotIgnored(l.ctx, p.base); err != nil {
		if l.ctx.Err() != nil {
			return nil, l.ctx.Err()
		}
		if !l.noGit {
			l.problems = append(l.problems, Problem{Kind: Skipped, What: "what .gitignore leaves out is read as well: " + plain(err.Error())})
		}
		l.noGit = true
		if files, err = walk(p.base); err != nil {
			return nil, err
		}
	}
	l.below[p.base] = files
	return files, nil
}

// walk lists all files below a folder but those of git.
func walk(base string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(base+string(filepath.Separator), func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(base, at)
		if err != nil {
			return err
		}
		files = append(files, filepath.ToSlash(rel))
		return nil
	})
	return files, err
}

// dropLinks takes out links to files that are listed as well.
func (l *lister) dropLinks(all map[string]listed) {
	for at := range maps.Clone(all) {
		info, err := os.Lstat(at)
		if err != nil {
			delete(all, at) // git remembers it, and it is gone
			continue
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		to, err := filepath.EvalSymlinks(at)
		info, statErr := os.Stat(at)
		_, known := all[to]
		// What leads nowhere or to a folder is no file.
		if err != nil || statErr != nil || info.IsDir() || known {
			delete(all, at)
		}
	}
}

// within reports whether what is at a path is in the project, wherever links lead. What is named outside of it is meant.
func (l *lister) within(at string) bool {
	l.once.Do(func() {
		l.tree, _ = filepath.Abs(cmp.Or(l.dir, "."))
		for up := l.tree; ; up = filepath.Dir(up) {
			if _, err := os.Lstat(filepath.Join(up, ".git")); err == nil {
				l.tree = up
				return
			}
			if up == filepath.Dir(up) {
				return
			}
		}
	})
	if _, ok := relative(l.tree, at); !ok {
		return true
	}
	to, err := filepath.EvalSymlinks(at)
	tree, treeErr := filepath.EvalSymlinks(l.tree)
	if err != nil || treeErr != nil {
		return false
	}
	_, ok := relative(tree, to)
	return ok
}

// name is what reports call a file: relative to the working directory, with "/".
func (l *lister) name(at string) string {
	if dir, err := filepath.Abs(cmp.Or(l.dir, ".")); err == nil {
		if rel, err := filepath.Rel(dir, at); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(at)
}
