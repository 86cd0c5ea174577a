// Package dql talks to a Dgraph: it asks questions over gRPC and reads schemas, and tells in one sentence why
// something did not work. It decides nothing about what the answers mean.
package dql

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	defaultTimeout  = time.Minute
	defaultPatience = 30 * time.Second
)

// Config says how a Dgraph is reached. Only Alphas is required. Printing it with any verb shows no secret.
type Config struct {
	// Alphas are the gRPC addresses, host:port. Requests go to them in turn.
	Alphas []string
	// HTTP is the base URL for GraphQL admin. Empty takes the alphas' ports minus 1000, with https when
	// there is TLS.
	HTTP string
	// User and Password log in where access is controlled; both empty means that nobody logs in, which is
	// also right for a Dgraph without access control: it refuses every login.
	User     string
	Password Secret
	// Namespace is the one to log in to. It has no meaning without a login.
	Namespace uint64
	// AuthToken is what an alpha started with --security token=... demands for logins and admin requests.
	AuthToken Secret
	// APIKey and BearerToken are sent as authorization; at most one may be set, and they need TLS.
	APIKey      Secret
	BearerToken Secret
	// TLS encrypts; nil means plain text.
	TLS *TLS
	// ReadOnly refuses everything that could write, before it is sent: [ErrReadOnly].
	ReadOnly bool
	// Timeout bounds one request; 0 means a minute.
	Timeout time.Duration
	// Patience is for how long a request is repeated that the server only asks to repeat, as while it
	// starts or builds an index; 0 means 30 seconds, and less than 0 that nothing is repeated.
	Patience time.Duration
}

// TLS says whom to trust, and who we are. The zero value trusts the system's authorities.
type TLS struct {
	// CACert is the path of a PEM file with authorities to trust besides the system's; empty means none.
	CACert string
	// ClientCert and ClientKey are paths of PEM files; both or none.
	ClientCert, ClientKey string
	// ServerName is the name that the certificate must be for; empty means the host of the address.
	ServerName string
	// NoSystemCA leaves the system's authorities out.
	NoSystemCA bool
	// SkipVerify encrypts and does not look at the server's certificate: whoever answers is taken for the
	// server.
	SkipVerify bool
}

// Secret is a string that does not show when it is printed or marshalled. In an unexported field of something
// else that is printed it would: fmt asks only exported fields how they want to be shown.
type Secret string

const hidden = "(hidden)"

// String returns a placeholder, or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format writes the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText returns the placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String describes where and as whom, without secrets.
func (c Config) String() string {
	parts := []string{"alphas " + strings.Join(c.Alphas, ",")}
	if c.HTTP != "" {
		parts = append(parts, "http "+shownURL(c.HTTP))
	}
	if c.User != "" {
		parts = append(parts, fmt.Sprintf("user %s in namespace %d", c.User, c.Namespace))
	}
	for _, s := range []struct {
		name string
		set  bool
	}{
		{"password", c.Password != ""},
		{"auth token", c.AuthToken != ""},
		{"API key", c.APIKey != ""},
		{"bearer token", c.BearerToken != ""},
	} {
		if s.set {
			parts = append(parts, s.name+" "+hidden)
		}
	}
	if c.ReadOnly {
		parts = append(parts, "read-only")
	}
	switch {
	case c.TLS == nil:
		parts = append(parts, "plain text")
	case c.TLS.SkipVerify:
		parts = append(parts, "TLS without verification")
	default:
		parts = append(parts, "TLS")
	}
	return strings.Join(parts, ", ")
}

// GoString is String: %#v would show the fields.
func (c Config) GoString() string { return c.String() }

// Format writes String, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// secrets lists what must not appear in any text.
func (c Config) secrets() []string {
	var all []string
	for _, s := range []Secret{c.Password, c.AuthToken, c.APIKey, c.BearerToken} {
		if s != "" {
			all = append(all, string(s))
		}
	}
	return all
}

// checked fills in the defaults and refuses what cannot work.
func (c Config) checked() (Config, error) {
	if len(c.Alphas) == 0 {
		return c, errors.New("no address of an alpha is given")
	}
	for _, addr := range c.Alphas {
		if err := checkAddress(addr); err != nil {
			return c, err
		}
	}
	if (c.User == "") != (c.Password == "") {
		return c, errors.New("a login needs both user and password")
	}
	if !utf8.ValidString(c.User) || !utf8.ValidString(string(c.Password)) {
		return c, errors.New("user and password must be UTF-8")
	}
	if c.Namespace != 0 && c.User == "" {
		return c, errors.New("a namespace is chosen by the login: give user and password too")
	}
	if c.APIKey != "" && c.BearerToken != "" {
		return c, errors.New("give an API key or a bearer token, not both")
	}
	for _, s := range []struct {
		what string
		text Secret
	}{
		{"auth token", c.AuthToken}, {"API key", c.APIKey}, {"bearer token", c.BearerToken},
	} {
		if strings.ContainsFunc(string(s.text), func(r rune) bool { return r < ' ' || r > '~' }) {
			return c, fmt.Errorf("the %s has a character that cannot be sent, such as a line end", s.what)
		}
	}
	bases, err := c.bases()
	if err != nil {
		return c, err
	}
	if c.APIKey != "" || c.BearerToken != "" {
		if c.TLS == nil {
			return c, errors.New("an API key or bearer token is sent over TLS only: ask for TLS (sslmode=verify-ca)")
		}
		for _, b := range bases {
			if b.Scheme != "https" {
				return c, errors.New("an API key or bearer token is sent over https only: give an https URL for HTTP")
			}
		}
	}
	if c.TLS != nil && (c.TLS.ClientCert == "") != (c.TLS.ClientKey == "") {
		return c, errors.New("a client certificate needs both client-cert and client-key")
	}
	if c.Timeout < 0 {
		return c, fmt.Errorf("a timeout of %v is less than nothing", c.Timeout)
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	return c, nil
}

// checkAddress wants host:port. An address may be a connection string that was given in the wrong place, with
// a password in it, so the error does not quote it.
func checkAddress(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ \t\r\n") {
		return errors.New("the address of an alpha must be host:port, as in localhost:9080")
	}
	return nil
}

// bases are the URLs of the HTTP side, at most one for each alpha; none when they cannot be told.
func (c Config) bases() ([]*url.URL, error) {
	if c.HTTP != "" {
		u, err := url.Parse(c.HTTP)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			return nil, errors.New("the HTTP address must be a URL such as http://localhost:8080")
		case u.User != nil:
			return nil, errors.New("the HTTP address has a user or password in it: give them as credentials")
		case u.RawQuery != "" || u.Fragment != "":
			return nil, errors.New("the HTTP address must end before ? and #")
		}
		return []*url.URL{u}, nil
	}
	var all []*url.URL
	for _, addr := range c.Alphas {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		if n <= httpOffset {
			continue // as port 443 of a hosted Dgraph, where only the user knows
		}
		scheme := "http"
		if c.TLS != nil {
			scheme = "https"
		}
		all = append(all, &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(n-httpOffset))})
	}
	return all, nil
}

// httpOffset is how far an alpha's HTTP port is below its gRPC port, unless somebody maps them otherwise.
const httpOffset = 1000

// shownURL is a URL without user info and what follows the path.
func shownURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
