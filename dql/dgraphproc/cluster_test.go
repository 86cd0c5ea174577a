//go:build unix

package dgraphproc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// Blocks of ports that no other cluster chooses: what a test finds there after Stop is its own cluster's.
const (
	offsetOfStop = 15_000 + 100*iota
	offsetOfCrash
	offsetOfParent
	offsetOfLease
)

// childEnv makes the test binary start a cluster, tell its processes, and wait to be killed.
const childEnv = "SCHEMACHECK_DGRAPHPROC_CHILD"

func TestMain(m *testing.M) {
	if binary := os.Getenv(childEnv); binary != "" {
		startAndWait(binary)
		return
	}
	dgraphtest.Main(m)
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	c := start(t, context.Background(), dgraphproc.Options{PortOffset: offsetOfStop})
	d := dgraphtest.Connect(t, c)
	if r := d.ApplySchema(t, "type A { id: ID! s: String @search(by: [fulltext]) }"); r.Refused {
		t.Fatalf("the schema is refused: %s", r.Message)
	}
	pids, offset, folder := c.Pids(), c.Offset(), c.Dir()
	if len(pids) != 2 {
		t.Fatalf("processes %v, want a zero and an alpha", pids)
	}
	for _, pid := range pids {
		if !alive(pid) {
			t.Errorf("process %d is not running while the cluster serves", pid)
		}
	}
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the data folder while the cluster serves: %v", err)
	}
	began := time.Now()
	c.Stop()
	c.Stop()
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("stopping took %v", took)
	}
	gone(t, pids, folder)
	for _, port := range dgraphproc.BlockPorts(offset, 1) {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Errorf("port %d after Stop: %v", port, err)
			continue
		}
		l.Close()
	}
}

func TestTwoClusters(t *testing.T) {
	t.Parallel()
	var ds [2]*dgraphtest.Dgraph
	for i, o := range []dgraphproc.Options{{}, {LambdaURL: "http://127.0.0.1:1/"}} {
		ds[i] = dgraphtest.Connect(t, start(t, context.Background(), o))
	}
	ds[0].Mutate(t, `_:a <name> "one" .`)
	const query = `{q(func: has(name)) {name}}`
	if got := string(ds[0].Query(t, query)); got != `{"q":[{"name":"one"}]}` {
		t.Errorf("the cluster that was written to has %s", got)
	}
	if got := string(ds[1].Query(t, query)); got != `{"q":[]}` {
		t.Errorf("the other cluster has %s", got)
	}
	const lambda = "type A { id: ID! n: Int l: Int @lambda }"
	if r := ds[0].ApplySchema(t, lambda); !r.Refused {
		t.Error("a server without a lambda-url takes @lambda")
	}
	if r := ds[1].ApplySchema(t, lambda); r.Refused {
		t.Errorf("a server with a lambda-url refuses @lambda: %s", r.Message)
	}
}

func TestGivenDirIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	ctx, cancel := context.WithCancel(context.Background())
	c := start(t, ctx, dgraphproc.Options{Dir: dir})
	pids := c.Pids()
	cancel()
	waitGone(t, pids)
	c.Stop()
	if _, err := os.Stat(filepath.Join(dir, "alpha0", "p")); err != nil {
		t.Errorf("the folder that was asked for: %v", err)
	}
	// Dgraph writes log files of its own into the folder for temporary files,
	// which is to be the process's folder, not everybody's.
	if logs, err := filepath.Glob(filepath.Join(dir, "alpha0", "dgraph*INFO*")); err != nil || len(logs) == 0 {
		t.Errorf("no log file of the alpha in its folder: %v", err)
	}
}

func TestPortsInUse(t *testing.T) {
	t.Parallel()
	// The last blocks are those that no other test gets, but another run of this one.
	all := dgraphproc.Offsets()
	var offset, zero int
	var began time.Time
	err := dgraphproc.ErrTaken
	for i := len(all) - 1; i >= 0 && errors.Is(err, dgraphproc.ErrTaken) && !strings.Contains(err.Error(), "ended"); i-- {
		offset = all[i]
		zero = dgraphproc.BlockPorts(offset, 0)[0]
		l, taken := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(zero)))
		if taken != nil {
			continue
		}
		defer l.Close()
		began = time.Now()
		var c *dgraphproc.Cluster
		if c, err = dgraphproc.StartUnprobed(t.Context(), dgraphproc.Options{Binary: dgraphtest.Binary(t)}, offset); err == nil {
			c.Stop()
			t.Fatal("a zero started on a port in use")
		}
	}
	if !errors.Is(err, dgraphproc.ErrTaken) || !strings.Contains(err.Error(), "zero ended") || strings.Contains(err.Error(), "runtime.main") {
		t.Errorf("error %v, want a zero that finds its port taken, and no stack", err)
	}
	if _, err := dgraphproc.Start(t.Context(), dgraphproc.Options{Binary: dgraphtest.Binary(t), PortOffset: offset}); err == nil ||
		!strings.Contains(err.Error(), fmt.Sprintf("port %d: in use", zero)) {
		t.Errorf("error %v, want one that names port %d", err, zero)
	}
	if took := time.Since(began); took > time.Minute { // it waits for two
		t.Errorf("it took %v to see that zero had died", took)
	}
	if _, err := os.Stat(dgraphproc.Folder(offset)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data folder after a start that came to nothing: %v", err)
	}
}

func TestBadFlag(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	began := time.Now()
	var log strings.Builder
	_, err := dgraphproc.Start(t.Context(), dgraphproc.Options{
		Binary: dgraphtest.Binary(t), Dir: dir, ExtraAlphaFlags: []string{"--nonsense"}, Log: &log,
	})
	if err == nil || !strings.Contains(err.Error(), "alpha0 ended: exit status 1") || !strings.Contains(err.Error(), "unknown flag: --nonsense") {
		t.Fatalf("error %v, want alpha's end and its last words", err)
	}
	if took := time.Since(began); took > time.Minute { // it waits for two
		t.Errorf("it took %v to see that alpha had died", took)
	}
	if !strings.Contains(log.String(), "--nonsense") {
		t.Errorf("the log has no word of it: %q", log.String())
	}
}

func TestCancelledStart(t *testing.T) {
	t.Parallel()
	binary := dgraphtest.Binary(t)
	dir := filepath.Join(t.TempDir(), "data")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // the alpha has its folders some seconds before it serves
		for ctx.Err() == nil {
			_, noLog := os.Stat(filepath.Join(dir, "alpha0", "w"))
			_, noData := os.Stat(filepath.Join(dir, "alpha0", "p", "LOCK"))
			if noLog == nil && noData == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err := patiently(ctx, dgraphproc.Options{Binary: binary, Dir: dir})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the cancellation", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "alpha0", "w")); err != nil {
		t.Fatalf("cancelled before the alpha ran: %v", err)
	}
	// Badger locks its folder as long as the alpha lives.
	lock, err := os.Open(filepath.Join(dir, "alpha0", "p"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Errorf("the alpha still holds its folder: %v", err)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]dgraphproc.Options{
		"no binary":                  {},
		"binary that is not there":   {Binary: filepath.Join(t.TempDir(), "dgraph")},
		"too many alphas":            {Binary: "dgraph", Alphas: 21},
		"more groups than alphas":    {Binary: "dgraph", Alphas: 2, Groups: 3},
		"client certificate, no TLS": {Binary: "dgraph", RequireClientCert: true},
		"ports above the last":       {Binary: "dgraph", PortOffset: 60_000},
		"another flag in the token":  {Binary: "dgraph", Token: "a;whitelist=0.0.0.0/0"},
	} {
		if c, err := dgraphproc.Start(t.Context(), o); err == nil {
			c.Stop()
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOffsetsDoNotMeet(t *testing.T) {
	t.Parallel()
	owner := map[int]int{}
	for _, offset := range dgraphproc.Offsets() {
		for _, port := range dgraphproc.BlockPorts(offset, 20) {
			if other, ok := owner[port]; ok {
				t.Fatalf("offsets %d and %d share port %d", other, offset, port)
			}
			if port < 1024 || port > 65535 {
				t.Fatalf("offset %d needs port %d", offset, port)
			}
			owner[port] = offset
		}
	}
}

func TestParentDies(t *testing.T) {
	t.Parallel()
	slow(t)
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends processes with their parent")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dgraphtest.Binary(t))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child did not start a cluster: %v", err)
	}
	fields := strings.Fields(line)
	folder := fields[0]
	var pids []int
	for _, f := range fields[1:] {
		pid, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitGone(t, pids)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			left, err := os.ReadDir(folder)
			t.Fatalf("the data folder %s outlives the process that was killed, with %v in it (%v)", folder, left, err)
		}
	}
}

// TestLeaseUIDs: nodes can be written under the uids that they have elsewhere. The ports are where they are wanted.
func TestLeaseUIDs(t *testing.T) {
	t.Parallel()
	const high, offset = 0xfff_ffff_ffff, offsetOfLease
	c := start(t, t.Context(), dgraphproc.Options{PortOffset: offset})
	if want := fmt.Sprintf("127.0.0.1:%d", 9080+offset); c.Alphas()[0].GRPC != want {
		t.Errorf("the alpha is at %s, want %s", c.Alphas()[0].GRPC, want)
	}
	if _, err := dgraphproc.Start(t.Context(), dgraphproc.Options{Binary: dgraphtest.Binary(t), PortOffset: offset}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second cluster on the same ports: %v", err)
	}
	d := dgraphtest.Connect(t, c)
	if err := c.LeaseUIDs(t.Context(), high); err != nil {
		t.Fatal(err)
	}
	d.Mutate(t, fmt.Sprintf("<%#x> <a> \"x\" .\n", high))
	if err := c.LeaseUIDs(t.Context(), 1<<64-1); err == nil {
		t.Error("more uids than there are")
	}
}

// startAndWait is the child of TestParentDies.
func startAndWait(binary string) {
	c, err := patiently(context.Background(), dgraphproc.Options{Binary: binary, PortOffset: offsetOfParent})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(c.Dir())
	for _, pid := range c.Pids() {
		fmt.Print(" ", pid)
	}
	fmt.Println()
	time.Sleep(10 * time.Minute)
}

func start(t *testing.T, ctx context.Context, o dgraphproc.Options) *dgraphproc.Cluster {
	t.Helper()
	o.Binary = dgraphtest.Binary(t)
	began := time.Now()
	c, err := patiently(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("start took %v", time.Since(began).Round(10*time.Millisecond))
	t.Cleanup(c.Stop)
	return c
}

// patiently starts a cluster, a second time when a server crashes at its start, which Dgraph does now and then. For the
// ports of another run of the same test it waits.
func patiently(ctx context.Context, o dgraphproc.Options) (*dgraphproc.Cluster, error) {
	crashes := 0
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		c, err := dgraphproc.Start(ctx, o)
		switch {
		case err == nil || time.Now().After(end):
			return c, err
		case o.PortOffset != 0 && strings.Contains(err.Error(), "some are in use"):
		case crashes == 0 && strings.Contains(err.Error(), " ended: "):
			crashes++
		default:
			return nil, err
		}
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func gone(t *testing.T, pids []int, folder string) {
	t.Helper()
	if i := slices.IndexFunc(pids, alive); i >= 0 {
		t.Errorf("process %d still runs", pids[i])
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the data folder is still there: %v", err)
	}
}

// waitGone gives processes that nobody waits for a moment to end.
func waitGone(t *testing.T, pids []int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); slices.ContainsFunc(pids, alive); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("of the processes %v some still run", pids)
		}
	}
}
