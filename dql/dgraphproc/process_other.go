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

// apart is empty: who gets the terminal's interrupt ends by it.
func apart() *syscall.SysProcAttr { return nil }
