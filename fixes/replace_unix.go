//go:build !windows

package fixes

import (
	"io/fs"

	"github.com/google/renameio/v2"
)

// pending is a file that is written and not yet in its place.
type pending = renameio.PendingFile

// pend begins the file that is to be at path. One that is there gives its
// permissions, else they are perm, less the umask.
func pend(path string, perm fs.FileMode) (*pending, error) {
	return renameio.NewPendingFile(path, renameio.WithPermissions(perm), renameio.WithExistingPermissions())
}
