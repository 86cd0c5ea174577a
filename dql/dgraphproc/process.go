package dgraphproc

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// process is one running zero or alpha.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    *tail
	exited chan struct{} // closed once the process is gone
}

// startProcess runs the binary in a folder. It inherits the file held, so that a lock on it lasts as long
// as the process.
func startProcess(name, binary string, args []string, folder string, log io.Writer, held *os.File) (*process, error) {
	p := &process{name: name, log: &tail{to: log}, exited: make(chan struct{})}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Dir = folder
	// Dgraph takes any flag from the environment; what is set there is meant for other clusters.
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DGRAPH_") })
	// Its log files and the scratch files of index builds go where its data goes, and with it.
	p.cmd.Env = append(p.cmd.Env, "TMPDIR="+folder)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = sysProcAttr()
	if inheritsFiles {
		p.cmd.ExtraFiles = []*os.File{held}
	}
	started := make(chan error)
	go func() {
		// Linux takes the end of the thread that started a process for the end of its parent.
		// This thread lives until the process is gone, and dies with this goroutine.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // failure reads it from the process state
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// kill ends the process the hard way: its data is thrown away, a zero takes 11 seconds to end by itself,
// and an alpha that has lost its zero does not end at all.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when the process has ended
	<-p.exited
}

// gone reports whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// failure tells why an exited process is gone.
func (p *process) failure() error {
	log := p.log.last(20)
	return &processError{name: p.name, state: p.cmd.ProcessState.String(), log: log,
		portTaken: strings.Contains(log, "address already in use")}
}

// processError is a process that ended although nobody stopped it.
type processError struct {
	name, state, log string
	portTaken        bool
}

func (e *processError) Error() string {
	return fmt.Sprintf("%s ended: %s; its log ends with:\n%s", e.name, e.state, e.log)
}

// Is makes a process that found its port in use count as errTaken.
func (e *processError) Is(target error) bool { return target == errTaken && e.portTaken }

// tail passes a log on and remembers its end.
type tail struct {
	mu  sync.Mutex
	to  io.Writer
	end []byte
}

const tailSize = 16 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if extra := len(t.end) - tailSize; extra > 0 {
		t.end = slices.Delete(t.end, 0, extra)
	}
	if t.to != nil {
		// A reader of the log that fails must not stop the server.
		_, _ = t.to.Write(b)
	}
	return len(b), nil
}

// serial lets the processes of a cluster share a writer that knows nothing of concurrency.
type serial struct {
	mu sync.Mutex
	to io.Writer
}

func (s *serial) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}

// stackFrame is the second line of a frame; the first is the function.
var stackFrame = regexp.MustCompile(`^\s+\S+\.(go|s):\d+`)

// last returns the last lines that say something, without stacks (the reason of an end stands above its
// stack) and without control characters (the log quotes schemas).
func (t *tail) last(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(t.end)) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case stackFrame.MatchString(line):
			lines = lines[:max(0, len(lines)-1)]
		case line != "":
			lines = append(lines, strings.Map(printable, line))
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func printable(r rune) rune {
	if unicode.IsPrint(r) || r == '\t' {
		return r
	}
	return ' '
}
