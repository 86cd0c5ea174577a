package dql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// config reads the files. It returns nil for plain text.
func (t *TLS) config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.SkipVerify}
	if t.CACert != "" {
		text, err := os.ReadFile(t.CACert)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities to trust: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !t.NoSystemCA {
			if c.RootCAs, err = x509.SystemCertPool(); err != nil {
				return nil, fmt.Errorf("reading the system's authorities: %w", err)
			}
		}
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no PEM certificate", t.CACert)
		}
	} else if t.NoSystemCA {
		c.RootCAs = x509.NewCertPool()
	}
	if t.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(t.ClientCert, t.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// fault is how the newest connection to an alpha went.
type fault struct {
	encrypted bool   // whether we wanted TLS
	err       error  // of the handshake, or of the first read after it; nil when neither failed
	head      string // the first bytes that the server sent, below the encryption
	talked    bool   // whether anything was read after the handshake
}

// witness sees the handshakes of one alpha's connections. gRPC gives away only the text of what goes wrong, and
// only on its side of the encryption: the witness keeps the error, and what the server said.
type witness struct {
	credentials.TransportCredentials
	encrypted bool
	newest    atomic.Pointer[watched]
}

func newWitness(config *tls.Config) *witness {
	if config == nil {
		return &witness{TransportCredentials: insecure.NewCredentials()}
	}
	return &witness{TransportCredentials: credentials.NewTLS(config), encrypted: true}
}

// ClientHandshake is what gRPC calls on a new connection.
func (w *witness) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	below := &watched{Conn: raw}
	conn, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, below)
	above := &watched{Conn: conn, below: below}
	above.err = err
	w.newest.Store(above)
	if err != nil {
		return nil, nil, err
	}
	return above, info, nil
}

// Clone returns the witness itself, which then sees all connections.
func (w *witness) Clone() credentials.TransportCredentials { return w }

// fault tells about the newest connection; nil before the first.
func (w *witness) fault() *fault {
	above := w.newest.Load()
	if above == nil {
		return nil
	}
	f := &fault{encrypted: w.encrypted}
	f.head, _ = above.below.seen()
	var said string
	said, f.err = above.seen()
	f.talked = said != ""
	return f
}

// watched is a connection that keeps the first bytes it receives, or the error that comes instead.
type watched struct {
	net.Conn
	below *watched // nil for the lower of the two

	mu   sync.Mutex
	head []byte
	err  error
}

const headSize = 8

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head = append(w.head, b[:min(n, headSize-len(w.head))]...)
	if len(w.head) == 0 && w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *watched) seen() (head string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.head), w.err
}

// fromFault is the error for a connection that failed before the server said anything that gRPC understands;
// nil when it did.
func (q *quoter) fromFault(addr string, f *fault) *Error {
	switch {
	case strings.HasPrefix(f.head, "HTTP/"):
		return httpServer(addr, nil)
	case f.talked:
		return nil
	case !f.encrypted:
		return &Error{Kind: Unreachable, Server: addr, Text: closedAtOnce}
	case f.err == nil, errors.Is(f.err, net.ErrClosed), errors.Is(f.err, io.EOF), errors.Is(f.err, syscall.ECONNRESET):
		// A server's verdict on the client comes after the handshake of TLS 1.3, and can get lost.
		return &Error{Kind: BadTLS, Server: addr, Text: "the connection is closed after the TLS handshake; " +
			"most likely the server demands a client certificate: give client-cert and client-key"}
	}
	return q.fromTLS(addr, f.err)
}

const closedAtOnce = "the connection is closed at once; check that this is the gRPC port of an alpha"

// wantsTLS finds out whether a server that closes plain connections is one that speaks TLS. Nothing is sent but
// the hello.
func wantsTLS(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err == nil {
		_ = conn.Close() // it has served its purpose
	}
	return err == nil
}

const probeTimeout = 2 * time.Second

// fromTLS is the error for a failed TLS handshake; nil when it is none.
func (q *quoter) fromTLS(server string, err error) *Error {
	e := &Error{Kind: BadTLS, Server: server, cause: q.clean(err)}
	var (
		host      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &host):
		e.Text = fmt.Sprintf("the server's certificate is for %s, not for %s; connect by that name, or give it as server-name",
			q.quote(names(host.Certificate)), q.quote(host.Host))
	case errors.As(err, &authority):
		e.Text = "the server's certificate is signed by nobody who is trusted here; give the authority's certificate as ca-cert"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Text = "the server's certificate has expired or is not valid yet; renew it, or check the clocks"
	case errors.As(err, &record):
		e.Text = "the server does not speak TLS here; leave out the TLS options, or check the port"
	case strings.Contains(err.Error(), "ALPN"), strings.Contains(err.Error(), "no application protocol"):
		e.Kind = WrongServer
		e.Text = "no gRPC server answers here; give the gRPC port of an alpha (9080 unless configured)"
	case strings.Contains(err.Error(), "remote error: tls:"):
		e.Text = q.alerted(err.Error())
	case errors.As(err, &verify), errors.As(err, &invalid):
		e.Text = "the server's certificate is not accepted: " + q.quote(err.Error())
	default:
		// The connection broke in the middle, which a server of another kind does as well.
		e.Text = "no TLS connection comes about: " + q.quote(err.Error())
	}
	return e
}

// alerted is the sentence for a server that ends the handshake with an alert.
func (q *quoter) alerted(text string) string {
	if strings.Contains(text, "certificate required") || strings.Contains(text, "bad certificate") || strings.Contains(text, "unknown certificate authority") {
		return "the server demands a client certificate that it trusts; give client-cert and client-key"
	}
	return "the server refuses the TLS connection: " + q.quote(text)
}

// names are who a certificate is for.
func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "nobody in particular"
	}
	return strings.Join(all, ", ")
}
