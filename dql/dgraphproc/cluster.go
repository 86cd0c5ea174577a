// Package dgraphproc starts and stops a throwaway Dgraph: one zero and any number of alphas, on loopback,
// from a server binary that is already there. It is for sandboxes, rehearsals and tests; it is not for
// running a Dgraph that anybody's data depends on.
package dgraphproc

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The super user that Dgraph creates in a cluster with [Options.ACL].
const (
	User     = "groot"
	Password = "password"
)

const (
	// startTimeout is how long a cluster may take to serve; 7 seconds are usual on a small machine.
	startTimeout = 2 * time.Minute
	// electionTime is how long the alphas are held back. A lone zero takes 2 to 4 seconds to elect itself,
	// and an alpha looks for a ready cluster only every 5 seconds after its own start, the first time
	// after 5. Started together with the zero it misses that first look (10 seconds until GraphQL is
	// served); started 2 seconds later it does not (7 seconds).
	electionTime = 2 * time.Second
)

// Options describes a cluster. Only Binary is required.
type Options struct {
	// Binary is the path of the Dgraph server program.
	Binary string
	// Alphas is the number of alphas, at most 20; 0 means 1.
	Alphas int
	// Groups is the number of groups that the alphas are spread over in turn; 0 means 1.
	Groups int
	// ACL turns on access control, with a fresh secret. [User] can log in with [Password].
	ACL bool
	// Token is demanded by admin operations; empty means none. It shows in the list of processes.
	Token string
	// TLS serves gRPC and HTTP with fresh certificates, see [Cluster.CA].
	TLS bool
	// RequireClientCert turns away clients without [Cluster.ClientCert]. It needs TLS.
	RequireClientCert bool
	// LambdaURL allows @lambda in GraphQL schemas; empty refuses it.
	LambdaURL string
	// ExtraAlphaFlags come last on each alpha's command line, so they win over the package's own.
	ExtraAlphaFlags []string
	// PortOffset is added to Dgraph's usual ports: the first alpha listens on 9080 plus it. 0 takes the first
	// range of ports that is free.
	PortOffset int
	// Dir is the folder for data and certificates; it is created when absent, and kept. Empty means a
	// temporary folder, which is removed by Stop.
	Dir string
	// Log receives what the processes print, one write at a time; nil means nobody.
	Log io.Writer
}

// Alpha tells where one alpha is reached.
type Alpha struct {
	GRPC  string // host:port
	HTTP  string // base URL, https with TLS
	Group int    // the group that it belongs to, from 1
	Pid   int    // process id
}

// Cluster is a running Dgraph.
type Cluster struct {
	// CA, ClientCert and ClientKey are paths of PEM files; empty without TLS.
	CA, ClientCert, ClientKey string

	options Options
	block   *block
	dir     string
	log     io.Writer
	stopped chan struct{}

	mu        sync.Mutex // for what follows
	alphas    []Alpha
	processes []*process // the zero, and the alphas in their order
	ended     bool       // by Stop
	janitor   *janitor   // of a temporary folder
}

// Start runs a cluster and returns once every alpha serves queries, alters and GraphQL schema updates. The
// cluster ends by Stop or with ctx, and on Linux also when the calling process dies.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	o, err := o.checked()
	if err != nil {
		return nil, fmt.Errorf("starting dgraph: %w", err)
	}
	candidates := offsets()
	if o.PortOffset != 0 {
		candidates = []int{o.PortOffset}
	}
	var taken error // why the last candidate was passed over
	for _, offset := range candidates {
		b, err := reserve(offset, o.Alphas)
		if errors.Is(err, errTaken) {
			taken = err
			continue
		} else if err != nil {
			return nil, fmt.Errorf("starting dgraph: %w", err)
		}
		c, err := startAt(ctx, o, b)
		if errors.Is(err, errTaken) {
			taken = err
			continue // somebody took a port after it was probed
		} else if err != nil {
			return nil, fmt.Errorf("starting dgraph: %w", err)
		}
		go func() {
			select {
			case <-ctx.Done():
				c.Stop()
			case <-c.stopped:
			}
		}()
		return c, nil
	}
	if o.PortOffset != 0 {
		return nil, fmt.Errorf("starting dgraph: the ports with the offset %d are not all free: %w", o.PortOffset, taken)
	}
	return nil, fmt.Errorf("starting dgraph: no block of free ports is left; stop other clusters, or remove %s if none runs",
		lockPath(0))
}

// Alphas lists the alphas in the order of their start; group 1, which keeps the GraphQL schema, is first.
func (c *Cluster) Alphas() []Alpha {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.alphas)
}

// Folder is where the cluster keeps its data. What is put there goes with it.
func (c *Cluster) Folder() string { return c.dir }

// Options returns what the cluster was started with, defaults filled in.
func (c *Cluster) Options() Options { return c.options }

// Stop kills the processes, waits for their end, and removes what Start made. The second call does nothing.
func (c *Cluster) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	close(c.stopped)
	for _, p := range c.processes {
		p.kill()
	}
	if c.options.Dir == "" {
		// Nothing else can be done about a folder that does not go away; the next user of
		// the block tries again.
		_ = os.RemoveAll(c.dir)
	}
	c.janitor.work()
	c.block.release()
}

// TLSConfig returns what a client needs to reach the cluster, or nil without TLS.
func (c *Cluster) TLSConfig() (*tls.Config, error) {
	if !c.options.TLS {
		return nil, nil
	}
	return clientTLS(c.CA, c.ClientCert, c.ClientKey)
}

func (o Options) checked() (Options, error) {
	if o.Binary == "" {
		return o, errors.New("no server binary given")
	}
	binary, err := filepath.Abs(o.Binary)
	if err != nil {
		return o, err
	}
	o.Binary = binary
	if o.Alphas == 0 {
		o.Alphas = 1
	}
	if o.Groups == 0 {
		o.Groups = 1
	}
	switch {
	case o.Alphas < 0 || o.Alphas > maxAlphas:
		return o, fmt.Errorf("%d alphas: the number must be between 1 and %d", o.Alphas, maxAlphas)
	case o.Groups < 0 || o.Groups > o.Alphas:
		return o, fmt.Errorf("%d alphas cannot be spread over %d groups", o.Alphas, o.Groups)
	case o.PortOffset < 0 || o.PortOffset > maxOffset:
		return o, fmt.Errorf("a port offset of %d: the number must be between 0 and %d", o.PortOffset, maxOffset)
	case o.RequireClientCert && !o.TLS:
		return o, errors.New("client certificates need TLS")
	}
	if o.Dir != "" {
		if o.Dir, err = filepath.Abs(o.Dir); err != nil {
			return o, err
		}
	}
	for _, value := range []string{o.Token, o.LambdaURL, o.Dir, os.TempDir()} {
		// Dgraph's own flags are lists of key=value; a semicolon in a value would start the next key.
		if strings.Contains(value, ";") {
			return o, fmt.Errorf("dgraph cannot be given a value with a semicolon: %q", value)
		}
	}
	return o, nil
}

// startAt starts a cluster on a reserved block, which it releases when it fails. errTaken means that a
// process found one of its ports in use.
func startAt(ctx context.Context, o Options, b *block) (_ *Cluster, err error) {
	c := &Cluster{options: o, block: b, dir: o.Dir, stopped: make(chan struct{})}
	if o.Log != nil {
		c.log = &serial{to: o.Log}
	}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if c.dir == "" {
		c.dir = b.folder()
		// A folder that is here was left behind by a user of the block who did not reach Stop.
		if err := os.RemoveAll(c.dir); err != nil {
			return nil, fmt.Errorf("clearing %s: %w", c.dir, err)
		}
	}
	// A temporary folder is ours alone: one that somebody else has made meanwhile is an error.
	mkdir := os.Mkdir
	if o.Dir != "" {
		mkdir = os.MkdirAll
	}
	if err := mkdir(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data folder: %w", err)
	}
	if o.Dir == "" {
		c.janitor = watchOver(c.dir, b.lock)
	}
	if o.TLS {
		if err := c.certify(); err != nil {
			return nil, fmt.Errorf("making certificates: %w", err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready after %v", startTimeout))
	defer cancel()

	if err := c.run("zero", c.zeroFlags()); err != nil {
		return nil, err
	}
	if err := c.watch(ctx, func(ctx context.Context) error { return pause(ctx, electionTime) }); err != nil {
		return nil, err
	}
	for i := range o.Alphas {
		flags, err := c.alphaFlags(i)
		if err != nil {
			return nil, err
		}
		if err := c.run("alpha"+strconv.Itoa(i), flags); err != nil {
			return nil, err
		}
		scheme := "http"
		if o.TLS {
			scheme = "https"
		}
		c.alphas = append(c.alphas, Alpha{
			GRPC:  loopback(b.grpc(i)),
			HTTP:  scheme + "://" + loopback(b.http(i)),
			Group: i%o.Groups + 1,
			Pid:   c.processes[len(c.processes)-1].pid(),
		})
	}
	if err := c.watch(ctx, c.ready); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cluster) zeroFlags() []string {
	// The alphas ask for their groups. The number only has to allow the largest group, and to be odd.
	replicas := (c.options.Alphas+c.options.Groups-1)/c.options.Groups | 1
	return []string{"zero",
		"--bindall=false",
		"--port_offset=" + strconv.Itoa(c.block.offset),
		"--replicas=" + strconv.Itoa(replicas),
		"--telemetry=reports=false;sentry=false",
	}
}

func (c *Cluster) alphaFlags(i int) ([]string, error) {
	o := c.options
	security := "whitelist=127.0.0.1;"
	if o.Token != "" {
		security += "token=" + o.Token + ";"
	}
	flags := []string{"alpha",
		"--bindall=false",
		"--port_offset=" + strconv.Itoa(c.block.offset+i),
		"--zero=" + loopback(c.block.zeroGRPC()),
		"--raft=group=" + strconv.Itoa(i%o.Groups+1),
		"--telemetry=reports=false;sentry=false",
		"--security=" + security,
		// With the defaults one full-text index makes an alpha take 900 MB, with these 100 MB.
		"--cache=size-mb=64",
		"--badger=compression=none;numgoroutines=2;",
	}
	if o.LambdaURL != "" {
		flags = append(flags, "--graphql=lambda-url="+o.LambdaURL+";")
	}
	if o.TLS {
		auth := "VERIFYIFGIVEN"
		if o.RequireClientCert {
			auth = "REQUIREANDVERIFY"
		}
		flags = append(flags, fmt.Sprintf("--tls=ca-cert=%s;server-cert=%s;server-key=%s;use-system-ca=false;client-auth-type=%s;",
			c.CA, c.path(nodeCert), c.path(nodeKey), auth))
	}
	if o.ACL {
		secret := c.path("acl-secret") // one for all
		if _, err := os.Stat(secret); errors.Is(err, fs.ErrNotExist) {
			err = os.WriteFile(secret, []byte(rand.Text()+rand.Text()), 0o600)
			if err != nil {
				return nil, fmt.Errorf("writing the ACL secret: %w", err)
			}
		}
		flags = append(flags, "--acl=secret-file="+secret+";")
	}
	return append(flags, o.ExtraAlphaFlags...), nil
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

// run starts a process that lives in a folder of its own name.
func (c *Cluster) run(name string, args []string) error {
	folder := c.path(name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("creating the folder of %s: %w", name, err)
	}
	p, err := startProcess(name, c.options.Binary, args, folder, c.log, c.block.lock)
	if err != nil {
		return fmt.Errorf("running %s: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = append(c.processes, p)
	return nil
}

// all are the processes, at this moment.
func (c *Cluster) all() []*process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.processes)
}

// watch waits for the work, but no longer than all processes live.
func (c *Cluster) watch(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, p := range c.all() {
		go func() {
			select {
			case <-p.exited:
				cancel(p.failure())
			case <-ctx.Done():
			}
		}()
	}
	err := work(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	cause := context.Cause(ctx)
	var dead *processError
	if errors.As(cause, &dead) || errors.Is(cause, context.Canceled) {
		return cause
	}
	return fmt.Errorf("%w: %w%s", cause, err, c.lastWords())
}

// lastWords quotes the logs of all processes for an error that none of them caused alone.
func (c *Cluster) lastWords() string {
	var s strings.Builder
	for _, p := range c.all() {
		fmt.Fprintf(&s, "\nthe log of %s ends with:\n%s", p.name, p.log.last(10))
	}
	return s.String()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
