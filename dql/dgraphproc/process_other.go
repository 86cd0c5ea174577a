//go:build !linux

package dgraphproc

import (
	"runtime"
	"syscall"
)

const inheritsFiles = runtime.GOOS != "windows"

// sysProcAttr is empty where a process cannot be made to die with its parent: there the processes get the
// terminal's interrupt together with the parent.
func sysProcAttr() *syscall.SysProcAttr { return nil }
