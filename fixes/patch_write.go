package fixes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Write puts texts into the files that they belong to. before are the files as
// they were read and after as they shall be; the two lists go together, and
// files that are the same in both are left alone. It gives the names of the
// files that it wrote.
//
// All are checked before the first is written: that each can be written, and
// that nobody changed it since it was read. Each is replaced in one step and
// keeps its mode. When one fails the others before it stay written, which the
// names tell.
func Write(before, after []*sdl.File) ([]string, error) {
	if len(before) != len(after) {
		return nil, errors.New("writing the schema: there are other files than were read")
	}
	var begun []*pending
	var names []string
	defer func() {
		for _, p := range begun {
			_ = p.Cleanup() // what was replaced has nothing left to clean
		}
	}()
	for i, f := range before {
		if after[i] == f || after[i].Text == f.Text {
			continue
		}
		path, err := writable(f)
		if err != nil {
			return nil, err
		}
		p, err := pend(path, 0o600)
		if err == nil {
			begun = append(begun, p)
			names = append(names, f.Name)
			_, err = p.WriteString(after[i].Text)
		}
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w; nothing was written", f.Name, cause(err))
		}
	}
	for i, p := range begun {
		if err := p.CloseAtomicallyReplace(); err != nil {
			return names[:i], fmt.Errorf("writing %s: %w", names[i], cause(err))
		}
	}
	return names, nil
}

// Writable says why the files of a schema cannot be written, before anybody
// looks for something to write.
func Writable(files []*sdl.File) error {
	for _, f := range files {
		if f.Path == "" || f.Ref != "" {
			return unwritable(f)
		}
	}
	return nil
}

func unwritable(f *sdl.File) error {
	switch {
	case f.Name == sdl.Stdin:
		return errors.New("a schema from standard input cannot be written: name its file")
	case f.Ref != "":
		return fmt.Errorf("%s is read from git at %s and cannot be written: name the file in the work tree", f.Name, f.Ref)
	}
	return fmt.Errorf("%s is no file and cannot be written: name a schema file", f.Name)
}

// writable is the file that a schema's file is, after all links, when it still
// has what was read from it.
func writable(f *sdl.File) (string, error) {
	if err := Writable([]*sdl.File{f}); err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return "", fmt.Errorf("writing %s: %w; nothing was written", f.Name, cause(err))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("writing %s: %w; nothing was written", f.Name, cause(err))
	}
	if string(text) != f.Text {
		return "", fmt.Errorf("%s changed since it was read, and nothing was written: run the command again", f.Name)
	}
	return path, nil
}

// cause is an error without the path in it, which is not the one that the user
// knows.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
