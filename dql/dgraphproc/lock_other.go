//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package dgraphproc

import "os"

// lockFile only opens the file: these systems have no flock, and clusters tell each other apart by probing
// ports.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
