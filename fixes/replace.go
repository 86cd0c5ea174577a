package fixes

import "io/fs"

// Replace puts data into the file at path in one step: whoever reads it
// meanwhile gets all of the old or all of the new. A new file has the
// permissions perm, less the umask, and one that is there keeps its own. A
// link is replaced itself, not what it leads to.
func Replace(path string, data []byte, perm fs.FileMode) error {
	p, err := pend(path, perm)
	if err != nil {
		return err
	}
	defer func() { _ = p.Cleanup() }() // what was replaced has nothing left to clean
	if _, err := p.Write(data); err != nil {
		return err
	}
	return p.CloseAtomicallyReplace()
}
