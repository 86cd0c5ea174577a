package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// session is the program as a process of its own, with a temporary folder of its own.
type session struct {
	cmd   *exec.Cmd
	dir   string // the working directory
	temp  string
	lines chan string // of both outputs
}

// begin starts the program.
func begin(t *testing.T, args ...string) *session {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &session{dir: t.TempDir(), temp: t.TempDir(), lines: make(chan string, 10_000)}
	out, in := io.Pipe()
	// The test binary is the program when it is called like it (see TestMain).
	s.cmd = &exec.Cmd{Path: self, Args: append([]string{"schemacheck"}, args...), Dir: s.dir, Stdout: in, Stderr: in,
		Env: append(os.Environ(), "TMPDIR="+s.temp)}
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
	}()
	return s
}

// start runs it.
func (s *session) start(t *testing.T) {
	t.Helper()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
}

// until waits for a line with a text, and gives all lines up to it.
func (s *session) until(t *testing.T, text string) string {
	t.Helper()
	var all strings.Builder
	for end := time.After(time.Minute); ; {
		select {
		case line, ok := <-s.lines:
			fmt.Fprintln(&all, line)
			if !ok || strings.Contains(line, text) {
				if !ok {
					t.Fatalf("it ended before it said %q:\n%s", text, all.String())
				}
				return all.String()
			}
		case <-end:
			t.Fatalf("it does not say %q:\n%s", text, all.String())
		}
	}
}

// servers are the processes that work in the temporary folder.
func (s *session) servers(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, s.temp) {
			all = append(all, link)
		}
	}
	return all
}

// ends sends a signal, and sees that nothing is left: no process and no folder.
func (s *session) ends(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if n := len(s.servers(t)); n != 2 {
		t.Errorf("%d servers are at work, want a zero and an alpha", n)
	}
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	left := func() (folders []string) {
		found, err := filepath.Glob(filepath.Join(s.temp, "schemacheck-*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && info.IsDir() {
				folders = append(folders, f)
			}
		}
		return folders
	}
	patience := time.Now() // who is not killed has cleaned up when it ends
	if signal == syscall.SIGKILL {
		patience = patience.Add(time.Minute)
	}
	for len(s.servers(t))+len(left()) > 0 {
		if time.Now().After(patience) {
			t.Fatalf("%s left the processes %v and the folders %v", signal, s.servers(t), left())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestRehearsalsLeaveNothing: a rehearsal that is interrupted or killed leaves no server and no data.
func TestRehearsalsLeaveNothing(t *testing.T) {
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	if r := d.ApplySchema(t, "type T { a: String }"); r.Refused {
		t.Fatal(r.Message)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			s := begin(t, "rehearse", "new.graphql", "--alpha", d.GRPC, "--http", d.HTTP, "--no-plans", "--dgraph", dgraphtest.Binary(t))
			if err := os.WriteFile(filepath.Join(s.dir, "new.graphql"), []byte("type T { a: String b: Int }"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.start(t)
			s.until(t, "copying a sample")
			s.ends(t, signal)
			if code := s.cmd.ProcessState.ExitCode(); signal != syscall.SIGKILL && code != int(exitInterrupted) {
				t.Errorf("exit %d, want %d", code, exitInterrupted)
			}
		})
	}
}
