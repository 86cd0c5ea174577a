package dgraphproc

import (
	"io"
	"os"
	"os/exec"
)

// janitor is a process that removes a temporary folder when this process is gone, however it ends: a cluster's data
// can be a copy of somebody's. nil where the system has no shell.
type janitor struct {
	cmd  *exec.Cmd
	wake io.Closer
}

// sweep waits for the end of its input, which comes by the caller's word or with its end. Then the servers may be
// writing yet.
const sweep = `cat >/dev/null; for i in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && break; sleep 1; done`

// watchOver starts a janitor. It inherits the lock of the block, which nobody else has before the folder is gone.
func watchOver(folder string, held *os.File) *janitor {
	shell, err := exec.LookPath("sh")
	if err != nil || !inheritsFiles {
		return nil
	}
	j := &janitor{cmd: exec.Command(shell, "-c", sweep, "sh", folder)}
	j.cmd.SysProcAttr = apart()
	j.cmd.ExtraFiles = []*os.File{held}
	if j.wake, err = j.cmd.StdinPipe(); err != nil {
		return nil
	}
	if err := j.cmd.Start(); err != nil {
		return nil
	}
	return j
}

// work has the janitor do its work, and waits for its end.
func (j *janitor) work() {
	if j == nil {
		return
	}
	_ = j.wake.Close() // fails only when the janitor has ended
	_ = j.cmd.Wait()
}
