package dgraphproc

import "syscall"

const inheritsFiles = true

// sysProcAttr makes a process die with its parent, and keeps the terminal's interrupt from it: an
// interrupted program wants its database until it has saved its state.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// apart keeps the terminal's interrupt from a process that outlives its parent.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
