package sdl

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// maxFileSize bounds one source file, in bytes. The largest real schemas have
// well below one megabyte.
const maxFileSize = 32 << 20

// Stdin is what reports call standard input.
const Stdin = "<stdin>"

// Loader reads schema arguments. The zero Loader reads files relative to the
// working directory and has no standard input.
type Loader struct {
	// Dir is the working directory: relative names are read from it and
	// reported relative to it. Empty means the process's own.
	Dir string
	// Stdin is what "-" reads.
	Stdin io.Reader
}

// Load reads the files that arg names:
//
//	FILE           a file
//	FOLDER         every .graphql, .graphqls and .gql file below it, by path
//	GLOB           every file that matches, by path; ** matches folders
//	-              standard input
//	git:REF:PATH   a file, folder or glob as it is in a commit (or in the
//	               index, with an empty REF); PATH counts from the root of the
//	               repository, or from the working directory with "./"
//
// Folders and globs leave out hidden files and folders, and node_modules.
// An existing commit without PATH gives no files and no error: there was no
// schema yet. Errors name the file, and the line where there is one (*Error).
func (l Loader) Load(ctx context.Context, arg string) ([]*File, error) {
	switch {
	case arg == "":
		return nil, errors.New("the name of the schema is empty: give a file, a folder, a glob, - or git:REF:PATH")
	case arg == "-":
		if l.Stdin == nil {
			return nil, errors.New("there is no standard input to read the schema from")
		}
		f, err := readStdin(ctx, l.Stdin)
		if err != nil {
			return nil, err
		}
		return []*File{f}, nil
	case strings.HasPrefix(arg, "git:"):
		return l.loadGit(ctx, arg)
	case strings.HasPrefix(arg, "dgraph://"): // not named in full: it can hold a password
		return nil, errors.New("a live server (dgraph://...) is no file and is read over its own connection")
	}
	return l.loadFiles(arg)
}

func (l Loader) loadFiles(arg string) ([]*File, error) {
	info, err := os.Stat(l.abs(arg))
	switch {
	case err == nil && info.IsDir():
		paths, err := l.walk(arg)
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%s: the folder has no schema: no .graphql, .graphqls or .gql file is in or below it", arg)
		}
		return l.readAll(paths)
	case err == nil:
		f, err := l.readFile(arg, info)
		if err != nil {
			return nil, err
		}
		return []*File{f}, nil
	case !errors.Is(err, fs.ErrNotExist) || !isGlob(arg):
		return nil, fmt.Errorf("reading the schema: %w", pathError(arg, err))
	}
	paths, err := l.glob(arg)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no file matches", arg)
	}
	return l.readAll(paths)
}

// pathError words the usual failures for people and names arg, not the
// absolute path behind it.
func pathError(arg string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file or folder", arg)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: no permission to read it", arg)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%s: %w", arg, err)
}

func isGlob(arg string) bool { return strings.ContainsAny(arg, "*?[{") }

// isSchema reports whether a file in a folder counts as part of the schema.
func isSchema(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".graphql", ".graphqls", ".gql":
		return true
	}
	return false
}

// isHidden reports whether a folder or a glob leaves out the file at name,
// which counts from that folder and has "/": what begins with a dot, as the
// lock files of editors do, and other people's packages.
func isHidden(name string) bool {
	for element := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(element, ".") || element == "node_modules" {
			return true
		}
	}
	return false
}

// walk lists the schema files below a folder. It follows links to files, not
// to folders, which can lead in circles; but the folder itself can be a link.
func (l Loader) walk(dir string) ([]string, error) {
	top := l.abs(dir)
	var paths []string
	err := filepath.WalkDir(top+string(filepath.Separator), func(at string, d fs.DirEntry, err error) error {
		below, relErr := filepath.Rel(top, at)
		if err = cmp.Or(err, relErr); err != nil {
			return fmt.Errorf("reading the folder: %w", pathError(l.rel(at), err))
		}
		switch {
		case below == ".":
		case isHidden(d.Name()) && d.IsDir():
			return filepath.SkipDir
		case isSchema(d.Name()) && !isHidden(d.Name()) && !d.IsDir():
			paths = append(paths, filepath.Join(dir, below))
		}
		return nil
	})
	return paths, err
}

// glob lists the files that match a pattern. Only the part of it from the first
// folder with a wildcard on is a pattern: the working directory never is.
func (l Loader) glob(arg string) ([]string, error) {
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(arg))
	matches, err := doublestar.Glob(os.DirFS(l.abs(base)), pattern, doublestar.WithFilesOnly(),
		doublestar.WithNoHidden(), doublestar.WithNoFollow(), doublestar.WithFailOnIOErrors())
	if errors.Is(err, doublestar.ErrBadPattern) {
		return nil, fmt.Errorf("%s: the glob is malformed", arg)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for files: %w", pathError(arg, err))
	}
	var paths []string
	for _, m := range matches {
		if !isHidden(m) {
			paths = append(paths, filepath.Join(base, m))
		}
	}
	return paths, nil
}

// readAll reads the files that a folder or glob has, sorted by their paths as
// git sorts them, so that both merge in one order.
func (l Loader) readAll(paths []string) ([]*File, error) {
	slices.SortFunc(paths, func(a, b string) int {
		return strings.Compare(filepath.ToSlash(a), filepath.ToSlash(b))
	})
	files := make([]*File, 0, len(paths))
	for _, at := range paths {
		info, err := os.Stat(l.abs(at))
		if err != nil {
			return nil, fmt.Errorf("reading the schema: %w", pathError(l.rel(at), err))
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("reading the schema: %s: this is no file but a %s", l.rel(at), irregular(info.Mode()))
		}
		f, err := l.readFile(at, info)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func irregular(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	}
	return "device"
}

// readFile reads one file, or what a pipe has when it is named itself, as in
// `diff <(...) new.graphql`. A pipe that nobody writes to is not waited for.
func (l Loader) readFile(at string, info fs.FileInfo) (*File, error) {
	f := &File{Name: l.rel(at), Path: l.abs(at)}
	r, err := os.OpenFile(f.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", pathError(f.Name, err))
	}
	defer r.Close()
	if f, err = read(f, r); err != nil || info.Mode().IsRegular() {
		return f, err
	}
	f.Path = ""
	if f.Text == "" {
		return nil, fmt.Errorf("reading the schema: %s: nothing came out of this %s", f.Name, irregular(info.Mode()))
	}
	return f, nil
}

// readStdin reads standard input, which may never end: a read cannot be
// called off, so that an interrupted one is left behind.
func readStdin(ctx context.Context, r io.Reader) (*File, error) {
	type result struct {
		f   *File
		err error
	}
	done := make(chan result, 1)
	go func() {
		f, err := read(&File{Name: Stdin}, r)
		done <- result{f, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("reading %s: %w", Stdin, ctx.Err())
	case r := <-done:
		return r.f, r.err
	}
}

// read fills f with the text of r.
func read(f *File, r io.Reader) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", pathError(f.Name, err))
	}
	return fill(f, data)
}

func tooLarge(name string) error {
	return fmt.Errorf("%s: the file is larger than %d MiB, which no schema is", name, maxFileSize>>20)
}

// fill gives f its text, or says why data is no text.
func fill(f *File, data []byte) (*File, error) {
	if len(data) > maxFileSize {
		return nil, tooLarge(f.Name)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("%s: the file is UTF-16: save it as UTF-8", f.Name)
	}
	f.Text = string(data)
	if at := strings.IndexByte(f.Text, 0); at >= 0 {
		return nil, fmt.Errorf("%s: this is a binary file: byte %d is zero", f.Name, at+1)
	}
	if !utf8.ValidString(f.Text) {
		for at := 0; at < len(f.Text); {
			r, n := utf8.DecodeRuneInString(f.Text[at:])
			if r == utf8.RuneError && n == 1 {
				return nil, &Error{Span{f, int32(at), int32(at + 1)}, "the file is not UTF-8 from here on: save it as UTF-8"}
			}
			at += n
		}
	}
	return f, nil
}

func (l Loader) abs(name string) string {
	if filepath.IsAbs(name) || l.Dir == "" {
		return name
	}
	return filepath.Join(l.Dir, name)
}

// rel is the name for reports: relative to the working directory, with "/".
func (l Loader) rel(name string) string {
	dir := l.Dir
	if dir == "" {
		dir, _ = os.Getwd()
	}
	if abs, err := filepath.Abs(l.abs(name)); err == nil && dir != "" {
		if rel, err := filepath.Rel(dir, abs); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(name)
}
