//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package dgraphproc

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile opens and locks a file, or returns errTaken. The lock ends when the last process that has
// inherited the file closes it; the file itself stays, for removing it would make two locks of one name.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errTaken
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}
