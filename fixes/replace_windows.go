package fixes

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/robustio"
)

// pending is a file that is written and not yet in its place. renameio leaves
// Windows out, where replacing is not always one step: it is on NTFS, and what
// holds the old file open for a moment, such as a scanner, is waited for.
type pending struct {
	*os.File
	path string
	done bool
}

// pend begins the file that is to be at path. Windows has no permissions of
// this kind: files have those of their folder.
func pend(path string, _ fs.FileMode) (*pending, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"*")
	if err != nil {
		return nil, err
	}
	return &pending{File: f, path: path}, nil
}

// CloseAtomicallyReplace puts the file into its place.
func (p *pending) CloseAtomicallyReplace() error {
	if err := p.Sync(); err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return err
	}
	if err := robustio.Rename(p.Name(), p.path); err != nil {
		return err
	}
	p.done = true
	return nil
}

// Cleanup removes the file, unless it is in its place.
func (p *pending) Cleanup() error {
	if p.done {
		return nil
	}
	_ = p.Close() // it may be closed already
	return os.Remove(p.Name())
}
