// Package dgraphtest gives tests a real Dgraph, and Dgraph's own opinion of schemas and queries. It is for
// tests only: it imports testing, and builds the server from source on first use.
package dgraphtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

// Environment variables.
const (
	// AlphaEnv names a running alpha (host:port of gRPC, HTTP on the port minus 1000) that [Server] uses
	// instead of starting one. ALL ITS DATA IS DROPPED by tests. Processes take turns on it.
	AlphaEnv = "SCHEMACHECK_TEST_ALPHA"
	// RequireEnv set to 1 makes tests fail, not skip, where Dgraph cannot be built or started.
	RequireEnv = "SCHEMACHECK_REQUIRE_DGRAPH"
)

// session is what one test process has started.
var session struct {
	mu      sync.Mutex
	open    bool
	started bool
	shared  *Dgraph
	err     error
	closing []func()
}

// Main runs a package's tests and then stops the shared server. Every package that uses [Server] has
//
//	func TestMain(m *testing.M) { dgraphtest.Main(m) }
func Main(m *testing.M) { Run(m) }

// Run is Main for a TestMain that does more, and gives the exit code.
func Run(m *testing.M) int {
	session.open = true
	defer closeSession()
	return m.Run()
}

func closeSession() {
	session.mu.Lock()
	defer session.mu.Unlock()
	for i := len(session.closing) - 1; i >= 0; i-- {
		session.closing[i]()
	}
	session.open, session.closing = false, nil
}

// Server returns the server that all tests of the process share: one alpha, started by the first caller in
// about 7 seconds. It keeps what earlier tests left, so tests begin with [Dgraph.Lock], which keeps
// parallel tests apart, and [Dgraph.DropAll].
//
// Without Dgraph (it cannot be built, or does not start) the test is skipped, or fails with [RequireEnv].
func Server(t testing.TB) *Dgraph {
	t.Helper()
	session.mu.Lock()
	defer session.mu.Unlock()
	if !session.open {
		t.Fatal("dgraphtest.Server needs func TestMain(m *testing.M) { dgraphtest.Main(m) } in the package")
	}
	if !session.started {
		session.started = true
		session.shared, session.err = share()
	}
	if session.err != nil {
		unavailable(t, session.err)
	}
	return session.shared
}

// share starts the shared server, or takes the one that the environment names.
func share() (*Dgraph, error) {
	if addr := os.Getenv(AlphaEnv); addr != "" {
		return borrow(addr)
	}
	binary, err := server()
	if err != nil {
		return nil, err
	}
	c, err := start(dgraphproc.Options{Binary: binary})
	if err != nil {
		return nil, err
	}
	session.closing = append(session.closing, c.Stop)
	return connectCluster(c)
}

// borrow uses a running alpha, one test process at a time.
func borrow(addr string) (*Dgraph, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", AlphaEnv, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("%s: port %q is not a number", AlphaEnv, portText)
	}
	name := "schemacheck-test-alpha-" + strconv.Itoa(port) + ".lock"
	unlock, err := lockedfile.MutexAt(filepath.Join(os.TempDir(), name)).Lock()
	if err != nil {
		return nil, fmt.Errorf("waiting for other tests on %s: %w", addr, err)
	}
	session.closing = append(session.closing, unlock)
	d, err := connect(endpoint{grpc: addr, http: "http://" + net.JoinHostPort(host, strconv.Itoa(port-1000))})
	if err != nil {
		return nil, err
	}
	session.closing = append(session.closing, d.close)
	return d, nil
}

// start starts a cluster, a second time when it ends at once: on a busy machine a port can be taken between the
// moment that it was found free and its use, and now and then Dgraph itself crashes at its start.
func start(o dgraphproc.Options) (*dgraphproc.Cluster, error) {
	c, err := dgraphproc.Start(context.Background(), o)
	if err != nil {
		c, err = dgraphproc.Start(context.Background(), o)
	}
	return c, err
}

// Cluster starts a cluster for one test, and stops it when the test ends. Binary is filled in. Without
// Dgraph the test is skipped or fails as with [Server].
func Cluster(t testing.TB, o dgraphproc.Options) *dgraphproc.Cluster {
	t.Helper()
	binary, err := server()
	if err != nil {
		unavailable(t, err)
	}
	o.Binary = binary
	c, err := start(o)
	if err != nil {
		// The server is there and these options do not work: that is never a reason to skip.
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// Binary returns the path of the server program, for tests that start it in a way of their own.
func Binary(t testing.TB) string {
	t.Helper()
	binary, err := server()
	if err != nil {
		unavailable(t, err)
	}
	return binary
}

// Connect returns a cluster's first alpha, with the rights of the super user where access is controlled.
func Connect(t testing.TB, c *dgraphproc.Cluster) *Dgraph {
	t.Helper()
	d, err := connectCluster(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

func unavailable(t testing.TB, err error) {
	t.Helper()
	if os.Getenv(RequireEnv) == "1" {
		t.Fatalf("no Dgraph to test with: %v", err)
	}
	t.Skipf("no Dgraph to test with (set %s=1 to fail instead): %v", RequireEnv, err)
}
