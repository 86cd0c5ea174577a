package dql

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/dgraph-io/dgo/v230/protos/api"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
)

const (
	// maxAnswer is the largest answer that is read. gRPC's own limit of 4 MiB is soon reached.
	maxAnswer = 256 << 20
	// connectTimeout bounds one attempt to connect. Every request waits for it when an alpha hangs.
	connectTimeout = 10 * time.Second
	// restTime is for how long an alpha that did not answer is asked only when the others do not either.
	restTime = 10 * time.Second
	// firstPause and longestPause are between repetitions; each is spread by half of itself.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Client is a connection to a Dgraph. It may be used by several goroutines.
type Client struct {
	config Config
	quoter *quoter
	alphas []*alpha
	turn   atomic.Uint32
	met    atomic.Bool  // an alpha has answered over gRPC
	seen   atomic.Bool  // and over HTTP
	away   atomic.Int64 // since when none has, in nanoseconds of Unix time; 0 while one does
	// version is what an alpha says of itself, nil before that.
	version atomic.Pointer[string]
	login   *session
	http    *http.Client
	bases   []*url.URL
}

// alpha is one of the servers.
type alpha struct {
	addr    string
	link    *link
	witness *witness
	rests   atomic.Int64 // until when, in nanoseconds of Unix time
}

func (a *alpha) resting() bool { return time.Now().UnixNano() < a.rests.Load() }

// Open connects, finds out whether an alpha is ready, and logs in when there are credentials. Of several alphas
// one has to answer. Errors of servers are an [*Error].
func Open(ctx context.Context, config Config) (*Client, error) {
	config, err := config.checked()
	if err != nil {
		return nil, fmt.Errorf("connecting to dgraph: %w", err)
	}
	bases, err := config.bases()
	if err != nil {
		return nil, fmt.Errorf("connecting to dgraph: %w", err)
	}
	tlsConfig, err := config.TLS.config()
	if err != nil {
		return nil, fmt.Errorf("connecting to dgraph: %w", err)
	}
	c := &Client{config: config, quoter: newQuoter(config), login: newSession(), http: newHTTP(tlsConfig, config.ReadOnly), bases: bases}
	for _, addr := range config.Alphas {
		w := newWitness(tlsConfig.Clone())
		// The dialer looks the host up: it knows of IPv6, and its errors say what is wrong.
		options := []grpc.DialOption{
			grpc.WithTransportCredentials(w),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           grpcbackoff.Config{BaseDelay: firstPause, Multiplier: 1.6, Jitter: 0.2, MaxDelay: longestPause},
				MinConnectTimeout: connectTimeout,
			}),
			grpc.WithDisableServiceConfig(),
		}
		if config.ReadOnly {
			options = append(options, grpc.WithUnaryInterceptor(readOnlyCalls), grpc.WithStreamInterceptor(readOnlyStreams))
		}
		conn, err := newLink(func() (*grpc.ClientConn, error) { return grpc.NewClient("passthrough:///"+addr, options...) })
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("connecting to %s: %w", addr, c.quoter.clean(err))
		}
		c.alphas = append(c.alphas, &alpha{addr: addr, link: conn, witness: w})
	}
	if err := c.greet(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("connecting to dgraph: %w", err)
	}
	return c, nil
}

// greet meets the server and logs in.
func (c *Client) greet(ctx context.Context) error {
	err := c.call(ctx, reads, func(ctx context.Context, a *alpha) error {
		v, err := a.link.api().CheckVersion(ctx, &api.Check{})
		if err == nil {
			c.version.Store(&v.Tag)
		}
		return err
	})
	if err != nil || c.config.User == "" {
		return err
	}
	if _, err := c.token(ctx, ""); err != nil {
		return err
	}
	return nil
}

// RoundsFloats reports whether the server writes numbers of type float with six digits after the point only, so that
// one that is read and written again is another one: those before v25 do (query/outputnode.go, valToBytes). A server
// that was built without a version counts as new.
func (c *Client) RoundsFloats() bool {
	tag := c.version.Load()
	if tag == nil {
		return false
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(*tag, "v"), ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < 25
}

// Away is since when no server has answered over gRPC; zero when the last request was
// answered, or none was sent.
func (c *Client) Away() time.Time {
	if at := c.away.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// Close ends the connections. Requests that are under way fail.
func (c *Client) Close() {
	for _, a := range c.alphas {
		a.link.close()
	}
	c.http.CloseIdleConnections()
}

// String describes the connection without secrets.
func (c *Client) String() string { return c.config.String() }

// Format writes String, whatever the verb.
func (c *Client) Format(f fmt.State, verb rune) { c.config.Format(f, verb) }

// call carries out a request on the alphas in turn. It is repeated on the next alpha when one cannot be
// reached, and after a pause when the server only asks to repeat it; but not when what it does could then be
// done twice.
func (c *Client) call(ctx context.Context, what effect, request func(context.Context, *alpha) error) error {
	e := c.repeat(ctx, what, &c.met, func() *Error {
		return c.around(what, func(a *alpha) *Error { return c.attempt(ctx, a, request) })
	})
	if e != nil {
		return e
	}
	return nil
}

// around tries the alphas in turn, until one of them can be reached.
func (c *Client) around(what effect, try func(*alpha) *Error) *Error {
	var last *Error
	for _, a := range c.inTurn() {
		if last = try(a); last == nil || last.Kind != Unreachable || !last.again(what) {
			break
		}
	}
	return last
}

// inTurn lists the alphas, beginning with the one whose turn it is, those that did not answer last.
func (c *Client) inTurn() []*alpha {
	n := uint32(len(c.alphas))
	first := c.turn.Add(1) % n
	var up, down []*alpha
	for i := range n {
		a := c.alphas[(first+i)%n]
		if a.resting() {
			down = append(down, a)
		} else {
			up = append(up, a)
		}
	}
	return append(up, down...)
}

// attempt sends a request to one alpha, with what says who we are.
func (c *Client) attempt(ctx context.Context, a *alpha, request func(context.Context, *alpha) error) *Error {
	token := c.login.current()
	for renewed := false; ; renewed = true {
		e := c.once(ctx, a, token, request)
		if e == nil || !e.stale || c.config.User == "" || renewed {
			return e
		}
		fresh, err := c.token(ctx, token)
		if err != nil {
			return err
		}
		token = fresh
	}
}

// once sends a request to one alpha, one time.
func (c *Client) once(ctx context.Context, a *alpha, token string, request func(context.Context, *alpha) error) *Error {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	err := request(c.identified(ctx, token), a)
	if err == nil {
		a.rests.Store(0)
		c.met.Store(true)
		c.away.Store(0)
		return nil
	}
	e := c.quoter.fromGRPC(ctx, a.addr, err, a.witness.fault())
	if e.Text == closedAtOnce && wantsTLS(ctx, a.addr) {
		e.Kind, e.Text = BadTLS, "the server speaks TLS, and plain text was sent; ask for TLS (--tls or sslmode=verify-ca)"
	}
	if e.Kind == Timeout && caller.Err() == nil {
		a.link.renew(c.config.Timeout)
	}
	switch e.Kind {
	case Unreachable, Timeout, BadTLS, WrongServer:
		a.rests.Store(time.Now().Add(restTime).UnixNano())
		c.away.CompareAndSwap(0, time.Now().UnixNano())
	case Canceled:
	default:
		c.met.Store(true)
		c.away.Store(0)
	}
	return e
}

// repeat tries until it works, the error is one that stays, patience is over or the context ends. A server
// that was never met is not waited for: most likely the address is wrong.
func (c *Client) repeat(ctx context.Context, what effect, met *atomic.Bool, try func() *Error) *Error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = firstPause, longestPause, 2
	pauses.Reset()
	end := time.Now().Add(c.config.Patience)
	for {
		e := try()
		if e == nil {
			return nil
		}
		if !e.again(what) || e.Kind == Unreachable && !met.Load() {
			return e
		}
		pause := pauses.NextBackOff()
		if time.Now().Add(pause).After(end) {
			return e
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return stopped(e.Server, ctx.Err())
			}
			return e // says more than that time is over
		}
		for _, a := range c.alphas {
			a.link.resetBackoff()
		}
	}
}
