//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

const (
	bigOld = "type Big {\n  id: ID!\n  text: String\n  n: String\n}\n"
	bigNew = "type Big {\n  id: ID!\n  text: String @id\n  n: Int\n}\n"
)

// proxy is between the program and an alpha. Once so many bytes have come from
// the alpha, something happens, and what comes then waits for it.
type proxy struct {
	addr string
	sent atomic.Int64
	once sync.Once
}

func newProxy(t *testing.T, to string, after int64, then func()) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String()}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			go func() { _, _ = io.Copy(s, c); s.Close() }()
			go func() {
				defer c.Close()
				buf := make([]byte, 16<<10)
				for {
					n, err := s.Read(buf)
					if p.sent.Add(int64(n)) > after {
						p.once.Do(then)
					}
					if _, werr := c.Write(buf[:n]); err != nil || werr != nil {
						return
					}
				}
			}()
		}
	}()
	return p
}

// TestFailing is about a Dgraph that fails in the middle of a large question.
func TestFailing(t *testing.T) {
	t.Parallel()
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{ACL: true})
	d := dgraphtest.Connect(t, cluster)
	if r := d.ApplySchema(t, bigOld); r.Refused {
		t.Fatal(r.Message)
	}
	const nodes, part = 9000, 3000
	for from := 0; from < nodes; from += part {
		var text strings.Builder
		for i := from; i < from+part; i++ {
			fmt.Fprintf(&text, "_:n%d <dgraph.type> \"Big\" .\n_:n%[1]d <Big.n> \"%[1]d\" .\n_:n%[1]d <Big.text> \"%[1]d %s\" .\n", i, strings.Repeat("x", 100))
		}
		d.Mutate(t, text.String())
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"old.graphql": bigOld, "new.graphql": bigNew} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pid := cluster.Alphas()[0].Pid
	const middle = 200 << 10 // all of it is more than a megabyte
	args := func(addr string, more ...string) []string {
		return append([]string{"diff", "old.graphql", "new.graphql", "--alpha", addr, "--http", d.HTTP, "--budget", "0"}, more...)
	}
	env := func(name string) (string, bool) {
		return "user=groot;password=password", name == "SCHEMACHECK_CREDS"
	}
	timeout := 20 * time.Second
	run := func(t *testing.T, args []string) (exit, string, string) {
		var out, talk strings.Builder
		p := program{in: strings.NewReader(""), out: &out, err: &talk, dir: dir, env: env, timeout: timeout, patience: time.Second}
		code := p.run(t.Context(), args)
		return code, out.String(), talk.String()
	}
	// unclean wants a report in which nothing looks settled.
	unclean := func(t *testing.T, out, reason string) {
		t.Helper()
		for _, want := range []string{"error[field-type-changed] Big.n", "error[id-added] Big.text", reason, "but not completely", "exit "} {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
				t.Errorf("the report lacks %q:\n%s", want, out)
			}
		}
		if strings.Contains(out, "asked: none") || strings.Contains(out, "none of") || strings.Contains(out, "info[") || strings.Contains(out, "exit 0") || strings.Contains(out, "exit 1:") {
			t.Errorf("the report looks settled:\n%s", out)
		}
	}

	t.Run("nothing fails", func(t *testing.T) {
		p := newProxy(t, d.GRPC, 0, func() {})
		code, out, talk := run(t, args(p.addr))
		if code != exitFindings || strings.Count(out, "asked: none of 9,000 nodes affected") != 2 || talk != "" || p.sent.Load() < 2*middle {
			t.Errorf("exit %d after %d bytes\n%s%s", code, p.sent.Load(), talk, out)
		}
	})
	t.Run("connection string", func(t *testing.T) {
		var out, talk strings.Builder
		p := program{in: strings.NewReader(""), out: &out, err: &talk, dir: dir, env: func(string) (string, bool) { return "", false }}
		code := p.run(t.Context(), []string{"doctor", "--conn-str", "dgraph://groot:password@" + d.GRPC})
		if code != exitOK || !strings.Contains(out.String(), "logged in as groot, namespace 0") || strings.Count(talk.String(), "\n") != 1 {
			t.Errorf("exit %d\n%s%s", code, talk.String(), out.String())
		}
	})
	t.Run("other servers", func(t *testing.T) {
		host, port, err := net.SplitHostPort(d.GRPC)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		at := func(by int) string { return net.JoinHostPort(host, strconv.Itoa(n+by)) }
		starting := startingAlpha(t)
		for _, c := range []struct{ what, addr, says string }{
			{"the HTTP port", at(-1000), "an HTTP server answers here, not gRPC; give the gRPC port of an alpha"},
			{"zero's gRPC port", at(-4000), "this is no alpha"},
			{"zero's HTTP port", at(-3000), "an HTTP server answers here"},
			{"a closed port", "127.0.0.1:1", "nothing listens there"},
			{"a starting alpha", starting, "the server is starting"},
		} {
			for _, args := range [][]string{args(c.addr), {"doctor", "--alpha", c.addr}} {
				code, out, talk := run(t, args)
				if code != exitUnfinished || out != "" || strings.Count(talk, "\n") != 1 || !strings.Contains(talk, c.says) {
					t.Errorf("%s: exit %d\n%s%s", c.what, code, talk, out)
				}
			}
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		middleReached, forever := make(chan struct{}), make(chan struct{})
		t.Cleanup(func() { close(forever) })
		p := newProxy(t, d.GRPC, middle, func() {
			close(middleReached)
			<-forever
		})
		var out, talk bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "schemacheck", args(p.addr)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &talk
		cmd.Env = append(os.Environ(), "SCHEMACHECK_CREDS=user=groot;password=password")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-middleReached:
		case <-time.After(time.Minute):
			t.Error("the middle of the question is never reached")
		}
		at := time.Now()
		_ = cmd.Process.Signal(os.Interrupt)
		err := cmd.Wait()
		took := time.Since(at)
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.ExitCode() != int(exitInterrupted) || took > 20*time.Second { // without an answer it would wait a minute
			t.Errorf("%v after %v", err, took)
		}
		unclean(t, out.String(), "interrupted")
		if talk.String() != "schemacheck: interrupted\n" || !strings.Contains(out.String(), "exit 130: interrupted, this is what was known by then") {
			t.Errorf("%s%s", talk.String(), out.String())
		}
	})
	// Also when the time for questions runs out while the server stands still.
	timeout = 2 * time.Second
	for _, budget := range []string{"0", "1s"} {
		t.Run("stopped, with a budget of "+budget, func(t *testing.T) {
			p := newProxy(t, d.GRPC, middle, func() {
				_ = syscall.Kill(pid, syscall.SIGSTOP)
				time.Sleep(300 * time.Millisecond) // its threads do not stop at once
			})
			start := time.Now()
			code, out, talk := run(t, args(p.addr, "--budget", budget))
			if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			d.Query(t, "schema {}") // it is back
			if code != exitUnfinished || strings.Count(talk, "\n") != 1 || !strings.Contains(talk, "no answer in time") || time.Since(start) > 45*time.Second {
				t.Errorf("exit %d after %v: %s", code, time.Since(start), talk)
			}
			unclean(t, out, "no answer in time")
		})
	}
	timeout = 20 * time.Second
	t.Run("killed", func(t *testing.T) {
		p := newProxy(t, d.GRPC, middle, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
		code, out, talk := run(t, args(p.addr, "--report", "json="+filepath.Join(dir, "report.json"), "--save-data", filepath.Join(dir, "facts.json")))
		if code != exitUnfinished || strings.Count(talk, "\n") != 1 || !strings.Contains(talk, "asking dgraph: "+p.addr) {
			t.Errorf("exit %d: %s", code, talk)
		}
		unclean(t, out, "the server cannot be asked any more")
		if text, err := os.ReadFile(filepath.Join(dir, "report.json")); err != nil || strings.Contains(string(text), `"complete": true`) {
			t.Errorf("%v\n%s", err, text)
		}
		if _, err := os.Stat(filepath.Join(dir, "facts.json")); err == nil {
			t.Error("half of the facts are saved")
		}
		code, out, talk = run(t, args(d.GRPC))
		if code != exitUnfinished || out != "" || !strings.Contains(talk, "nothing listens there") {
			t.Errorf("exit %d: %s%s", code, talk, out)
		}
	})
}

// TestDeadAlpha: of three alphas in two groups one after the other dies. What
// the others can answer is answered, and never anything else.
func TestDeadAlpha(t *testing.T) {
	t.Parallel()
	cluster := dgraphtest.Cluster(t, dgraphproc.Options{Alphas: 3, Groups: 2})
	d := dgraphtest.Connect(t, cluster)
	if r := d.ApplySchema(t, bigOld); r.Refused {
		t.Fatal(r.Message)
	}
	d.Mutate(t, "_:a <dgraph.type> \"Big\" .\n_:a <Big.n> \"1\" .\n_:a <Big.text> \"x\" .\n_:b <dgraph.type> \"Big\" .\n_:b <Big.n> \"x\" .\n_:b <Big.text> \"x\" .")
	dir := t.TempDir()
	for name, text := range map[string]string{"old.graphql": bigOld, "new.graphql": bigNew} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(command string, more ...string) (exit, string, string) {
		args := append(strings.Fields(command), more...)
		for _, a := range cluster.Alphas() {
			args = append(args, "-a", a.GRPC)
		}
		var out, talk strings.Builder
		p := program{in: strings.NewReader(""), out: &out, err: &talk, dir: dir, env: func(string) (string, bool) { return "", false }, timeout: 5 * time.Second, patience: time.Second}
		start := time.Now()
		code := p.run(t.Context(), args)
		t.Logf("%s: exit %d after %v\n%s%s", command, code, time.Since(start), talk.String(), out.String())
		// How far it is is told where it waits for long.
		said := regexp.MustCompile(`(?m)^schemacheck: asking the stored data.*\n`).ReplaceAllString(talk.String(), "")
		return code, out.String(), said
	}
	code, out, _ := run("diff old.graphql new.graphql")
	if code != exitFindings || strings.Count(out, "of 2 nodes affected") != 2 {
		t.Error("with all alphas")
	}
	kill := func(group int) {
		alphas := cluster.Alphas()
		slices.Reverse(alphas)
		at := slices.IndexFunc(alphas, func(a dgraphproc.Alpha) bool { return a.Group == group })
		_ = syscall.Kill(alphas[at].Pid, syscall.SIGKILL)
	}
	kill(1) // one of two
	// Until the cluster has noticed, no answer is right too; a wrong one never is.
	settled := func(command string) (code exit, out, talk string) {
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
			code, out, talk = run(command)
			if code != exitUnfinished && !strings.Contains(out, "not asked: ") || time.Now().After(end) {
				return code, out, talk
			}
		}
	}
	// A group of two whose leader died has none any more: then nobody answers for it.
	switch code, out, talk := settled("diff old.graphql new.graphql"); {
	case !strings.Contains(out, "nodes affected") && (code == exitUnfinished && (out == "" || strings.Count(out, "not asked: ") == 2) ||
		strings.Count(out, "not asked: the server cannot count the nodes: no answer in time") == 2):
		t.Log("the dead alpha was the leader")
	case code != exitFindings || strings.Count(out, "of 2 nodes affected") != 2 || talk != "":
		t.Error("with one alpha dead")
	}
	if code, out, talk := settled("doctor"); code != exitFindings || strings.Count(out, "! alpha") != 1 || strings.Count(out, "answers over gRPC") != 2 || talk != "" {
		t.Error("the doctor does not see that one alpha is dead")
	}
	kill(2) // the only one
	for _, command := range []string{"diff old.graphql new.graphql", "doctor"} {
		if code, out, talk := run(command); code != exitUnfinished || out != "" || strings.Count(talk, "\n") != 1 {
			t.Error("with a group dead")
		}
	}
}

// startingAlpha is an alpha that never gets ready: it waits for a zero.
func startingAlpha(t *testing.T) string {
	t.Helper()
	offset := 54000 + os.Getpid()%1000 // above the ports of clusters and those that the system gives away
	dir := t.TempDir()
	cmd := exec.Command(dgraphtest.Binary(t), "alpha", "--zero", "127.0.0.1:1", "--port_offset", strconv.Itoa(offset), "--bindall=false",
		"--telemetry", "reports=false; sentry=false;", "--cwd", dir)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(9080+offset))
	for range 1200 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no alpha starts at %s\n%s", addr, log.String())
	return ""
}
