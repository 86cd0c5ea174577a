package operations

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Options are what Find looks for.
type Options struct {
	// Patterns name files, folders and globs, as sdl.Loader takes them. A folder means the files below it that can have
	// operations. One that begins with "!" leaves files out again, wherever it stands.
	Patterns []string
	// Standing is where the patterns stand for all runs, for the words of a problem: what they name can be gone, and the others
	// count all the same. Where it is empty, a pattern that names nothing is an error.
	Standing string
	// Tags are the names of the tags of templates with documents in JavaScript and TypeScript, and of functions that take
	// one. None means DefaultTags.
	Tags []string
	// Calls are the functions in Go that take documents, as pkg.Name, or Name for those of that name on any value. None
	// means DefaultCalls.
	Calls []string

	packages *goPackages
}

// DefaultTags are gql and graphql, as all clients have them.
var DefaultTags = []string{"gql", "graphql"}

// DefaultCalls are those of the usual clients in Go. A string that does not look like GraphQL is none, so that it does no
// harm that other functions have these names, too.
var DefaultCalls = []string{"graphql.NewRequest", "Post", "MustPost", "RawPost", "Exec", "ExecRaw", "Websocket"}

// Find reads the files that patterns name and takes the operations in them apart; see Join for how fragments are found.
// Files that git ignores, hidden ones and node_modules are left out unless they are named. What cannot be read is a problem
// and the rest goes on; the error is for patterns that name nothing, and for ctx.
func Find(ctx context.Context, loader sdl.Loader, o Options) (*Found, error) {
	if len(o.Tags) == 0 {
		o.Tags = DefaultTags
	}
	if len(o.Calls) == 0 {
		o.Calls = DefaultCalls
	}
	o.packages = &goPackages{}
	l := lister{ctx: ctx, dir: loader.Dir, standing: o.Standing}
	files, err := l.list(o.Patterns)
	if err != nil {
		return nil, err
	}
	sources := make([]*source, len(files))
	each(len(files), func(i int) {
		if ctx.Err() == nil {
			sources[i] = files[i].read(&l, &o)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("reading files with operations: %w", err)
	}
	problems := l.problems
	for _, arg := range l.elsewhere {
		loaded, err := loader.Load(ctx, arg)
		if err != nil {
			return nil, err
		}
		for _, f := range loaded {
			sources = append(sources, &source{file: f, extraction: cmp.Or(hostOf(f.Name), &graphQL).extract(f, &o)})
		}
	}
	sources = together(sources)
	p := programOf(sources)
	found := join(p.parse(sources), p.imports)
	for _, s := range sources {
		problems = append(problems, s.problems...)
	}
	found.Files = len(sources)
	found.Problems = sortedProblems(append(found.Problems, problems...))
	return found, nil
}

// together gives each file the documents that stand in it, whichever file used them, each once, and sorts files by their
// names.
func together(sources []*source) []*source {
	byName := map[string]*source{}
	for _, s := range sources {
		byName[s.file.Name] = s
	}
	var strays []*Document
	for _, s := range sources {
		s.documents = slices.DeleteFunc(s.documents, func(d *Document) bool {
			stray := d.File != s.file
			if stray {
				strays = append(strays, d)
			}
			return stray
		})
	}
	for _, d := range strays {
		s := byName[d.File.Name]
		switch {
		case s == nil:
			s = &source{file: d.File}
			byName[d.File.Name] = s
			sources = append(sources, s)
		case s.file.Text == "": // nothing was looked for in it
			s.file = d.File
		case s.file.Text != d.File.Text: // it is being written
			continue
		}
		if !slices.ContainsFunc(s.documents, func(other *Document) bool { return other.at == d.at }) {
			d.File = s.file
			s.documents = append(s.documents, d)
		}
	}
	for _, s := range sources {
		for _, d := range s.documents {
			d.settle(byName)
		}
	}
	slices.SortStableFunc(sources, func(a, b *source) int { return cmp.Compare(a.file.Name, b.file.Name) })
	return sources
}

// settle lets the pieces of a document that stand in other files be in those that were read. Nobody may edit what is in
// another one, or is being written.
func (d *Document) settle(byName map[string]*source) {
	d.pieces = slices.DeleteFunc(d.pieces, func(p piece) bool {
		if p.file == nil {
			return false
		}
		s := byName[p.file.Name]
		return s == nil || s.file.Text != "" && s.file.Text != p.file.Text
	})
	for i := range d.pieces {
		p := &d.pieces[i]
		if p.file == nil {
			continue
		}
		s := byName[p.file.Name]
		if s.file.Text == "" { // nothing was looked for in it
			s.file = p.file
		}
		if p.file = s.file; p.file == d.File {
			p.file = nil
		}
	}
}

// each calls f with all numbers below n, several at a time.
func each(n int, f func(i int)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// parse takes all documents apart, in the order of files and of places in them.
func (p *program) parse(sources []*source) []parsed {
	var all []*Document
	for _, s := range sources {
		documents := s.documents
		for _, t := range s.templates {
			documents = append(documents, t.document)
		}
		slices.SortStableFunc(documents, func(a, b *Document) int { return a.at - b.at })
		all = append(all, documents...)
	}
	each(len(sources), func(i int) {
		for _, t := range sources[i].templates {
			p.fill(sources[i], t)
		}
	})
	done := make([]parsed, len(all))
	each(len(all), func(i int) { done[i] = all[i].readFilled() })
	return done
}

// listed is a file to be read.
type listed struct {
	name, path string
	host       *host
}

// read reads a file and finds what is in it.
func (f listed) read(l *lister, o *Options) *source {
	s := &source{file: &sdl.File{Name: f.name, Path: f.path}}
	problem := func(kind ProblemKind, at int, format string, args ...any) *source {
		span := sdl.Span{File: s.file, Start: int32(at), End: int32(at)}
		s.problems = append(s.problems, Problem{kind, span, fmt.Sprintf(format, args...)})
		return s
	}
	text, err := f.text(l)
	switch {
	case errors.Is(err, errLeadsOut):
		return problem(Skipped, 0, "the link leads out of the project and is not followed")
	case errors.Is(err, errTooLarge):
		return problem(Skipped, 0, "the file is larger than %d MiB and is left out: no operations are written in such files", f.host.maxSize>>20)
	case errors.Is(err, fs.ErrPermission):
		return problem(Unreadable, 0, "no permission to read the file")
	case err != nil:
		var inner *fs.PathError
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return problem(Unreadable, 0, "the file cannot be read: %s", plain(err.Error()))
	}
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return problem(Unreadable, 0, "the file is UTF-16: save it as UTF-8")
	case bytes.IndexByte(text, 0) >= 0:
		return problem(Skipped, 0, "the file is binary and is left out")
	case f.host.written && isBundled(f.name, text):
		return problem(Skipped, 0, "the file is what a bundler made, and is left out: name what it was made of")
	}
	if f.host.marks != nil && !slices.ContainsFunc(f.host.marks(o), func(mark string) bool { return bytes.Contains(text, []byte(mark)) }) {
		return s
	}
	s.file = &sdl.File{Name: f.name, Path: f.path, Text: string(text)}
	s.extraction = f.host.extract(s.file, o)
	if len(s.documents)+len(s.templates) > 0 && !utf8.ValidString(s.file.Text) {
		at := 0
		for at < len(text) {
			r, size := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		problem(Unreadable, at, "the file is not UTF-8 from here on: what stands here may be missing; save it as UTF-8")
	}
	return s
}

// isBundled reports whether a program is what a tool made of others.
func isBundled(name string, text []byte) bool {
	if strings.Contains(filepath.Base(name), ".min.") {
		return true
	}
	for len(text) > maxLine {
		i := bytes.LastIndexByte(text[:maxLine], '\n')
		if i < 0 {
			return true
		}
		text = text[i+1:]
	}
	return false
}

var (
	errLeadsOut = errors.New("the link leads out")
	errTooLarge = errors.New("too large")
)

// text reads the bytes of a file. Nothing waits for whoever writes to a pipe.
func (f listed) text(l *lister) ([]byte, error) {
	info, err := os.Lstat(f.path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if !l.within(f.path) {
			return nil, errLeadsOut
		}
		if info, err = os.Stat(f.path); err != nil {
			return nil, err
		}
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file but a folder, pipe or device")
	}
	if info.Size() > f.host.maxSize {
		return nil, errTooLarge
	}
	r, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text := make([]byte, 0, info.Size()+1)
	for {
		n, err := r.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case err == io.EOF:
			return text, nil
		case err != nil:
			return nil, err
		case int64(len(text)) > f.host.maxSize:
			return nil, errTooLarge
		case len(text) == cap(text):
			text = slices.Grow(text, 512)
		}
	}
}
