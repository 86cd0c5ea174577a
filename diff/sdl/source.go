package sdl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
//	FOLDER         every .graphql, .graphqls and .gql file below it, by name
//	GLOB           every file that matches; ** matches folders
//	-              standard input
//	git:REF:PATH   a file, folder or glob as it is in a commit (or in the
//	               index, with an empty REF); PATH counts from the root of the
//	               repository, or from the working directory with "./"
//
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
		f, err := read(&File{Name: Stdin}, l.Stdin)
		return []*File{f}, err
	case strings.HasPrefix(arg, "git:"):
		return l.loadGit(ctx, arg)
	case strings.HasPrefix(arg, "dgraph://"):
		return nil, fmt.Errorf("%s: a live server cannot be read as a schema yet: save what it serves to a file and name that", redactURL(arg))
	}
	return l.loadFiles(arg)
}

// redactURL cuts user info and parameters, which can be secrets.
func redactURL(url string) string {
	rest := strings.TrimPrefix(url, "dgraph://")
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return "dgraph://" + rest
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
		return l.readAll([]string{arg})
	case !errors.Is(err, fs.ErrNotExist) || !isGlob(arg):
		return nil, fmt.Errorf("reading the schema: %w", pathError(arg, err))
	}
	paths, err := doublestar.FilepathGlob(l.abs(arg), doublestar.WithFilesOnly(), doublestar.WithNoHidden())
	if err != nil {
		return nil, fmt.Errorf("%s: the glob is malformed: %w", arg, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no file matches", arg)
	}
	slices.Sort(paths)
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
	switch strings.ToLower(filepath.Ext(name)) {
	case ".graphql", ".graphqls", ".gql":
		return true
	}
	return false
}

// walk lists the schema files below a folder in lexical order. Hidden folders
// and node_modules are left out.
func (l Loader) walk(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(l.abs(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading the folder: %w", pathError(l.rel(path), err))
		}
		name := d.Name()
		if d.IsDir() && path != l.abs(dir) && (strings.HasPrefix(name, ".") || name == "node_modules") {
			return filepath.SkipDir
		}
		if !d.IsDir() && isSchema(name) {
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

func (l Loader) readAll(paths []string) ([]*File, error) {
	files := make([]*File, 0, len(paths))
	for _, path := range paths {
		f := &File{Name: l.rel(path), Path: l.abs(path)}
		r, err := os.Open(f.Path)
		if err != nil {
			return nil, fmt.Errorf("reading the schema: %w", pathError(f.Name, err))
		}
		f, err = read(f, r)
		r.Close()
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// read fills f with the text of r.
func read(f *File, r io.Reader) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", pathError(f.Name, err))
	}
	return fill(f, data)
}

// fill gives f its text, or says why data is no text.
func fill(f *File, data []byte) (*File, error) {
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("%s: the file is larger than %d MiB, which no schema is", f.Name, maxFileSize>>20)
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

func (l Loader) abs(path string) string {
	if filepath.IsAbs(path) || l.Dir == "" {
		return path
	}
	return filepath.Join(l.Dir, path)
}

// rel is the name for reports: relative to the working directory, with "/".
func (l Loader) rel(path string) string {
	dir := l.Dir
	if dir == "" {
		dir, _ = os.Getwd()
	}
	if abs, err := filepath.Abs(l.abs(path)); err == nil && dir != "" {
		if rel, err := filepath.Rel(dir, abs); err == nil {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(path)
}
