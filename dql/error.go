package dql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is what is wrong, as far as callers act on it differently.
type Kind uint8

// The kinds. Other is what fits none of the rest, such as a question that the server refuses.
const (
	Other            Kind = iota
	Unreachable           // nothing answers, or the connection broke
	WrongServer           // something answers that is not an alpha
	NotReady              // the server is starting
	Unauthenticated       // login, token or key are missing or refused
	PermissionDenied      // the user is known and may not do this
	BadTLS                // no encrypted connection comes about
	Aborted               // another transaction was first
	Busy                  // an index build, other transactions or too many requests are in the way
	Timeout               // no answer in time
	Canceled              // the caller gave up
	TooLarge              // the answer is larger than what is read
)

var kindNames = [...]string{"other", "unreachable", "wrong server", "not ready", "unauthenticated", "permission denied",
	"bad TLS", "aborted", "busy", "timeout", "canceled", "too large"}

// String returns the kind in words.
func (k Kind) String() string { return kindNames[k] }

// Error is why a request to Dgraph did not work. The text of it, and of all that it wraps, is free of secrets.
type Error struct {
	Kind Kind
	// Server is who was asked: host:port of an alpha, or a URL. It is never a secret.
	Server string
	// Text is one sentence that says what is wrong and, where there is one, the remedy.
	Text string
	// Unknown says that the server may have carried out the request all the same.
	Unknown bool

	cause    error
	stale    bool // the login was good and is no longer
	indexing bool // an index is being built
}

// Error returns the server and the sentence.
func (e *Error) Error() string {
	if e.Server == "" {
		return e.Text
	}
	return e.Server + ": " + e.Text
}

// Unwrap returns what the libraries said, or nil.
func (e *Error) Unwrap() error { return e.cause }

// effect is what a request does when it is sent a second time.
type effect uint8

const (
	reads   effect = iota // the same as the first time
	writes                // something new
	commits               // something new, and what ends a transaction ends it for good
)

// again says whether the same request may be sent again later.
func (e *Error) again(what effect) bool {
	if e.Unknown && what != reads || e.Kind == Aborted && what == commits {
		return false
	}
	switch e.Kind {
	case Unreachable, NotReady, Aborted, Busy:
		return true
	}
	return false
}

// maxText bounds what is quoted of a server's text, in runes.
const maxText = 300

// quoter makes texts of servers and libraries fit to be shown.
type quoter struct {
	secrets   []string
	namespace *regexp.Regexp // prefix that Dgraph puts before the names of one namespace
}

func newQuoter(c Config) *quoter {
	n := strconv.FormatUint(c.Namespace, 10)
	return &quoter{
		secrets:   c.secrets(),
		namespace: regexp.MustCompile(`(^|[\s"'\[\](){}<>,:=])` + n + `-([\pL_~])`),
	}
}

// minSecret is the length from which a secret is taken out of texts. A shorter one would take texts apart, and
// show by the gaps what it is.
const minSecret = 4

// jwt is the form of the tokens that a login gives.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

// redact takes out the secrets.
func (q *quoter) redact(text string) string {
	text = jwt.ReplaceAllString(text, hidden)
	for _, s := range q.secrets {
		if len(s) >= minSecret {
			text = strings.ReplaceAll(text, s, hidden)
		}
	}
	return text
}

// quote returns a text on one line, bounded, without secrets and without the namespace before names
// (x.NamespaceAttr in Dgraph).
func (q *quoter) quote(text string) string {
	text = shorten(q.redact(text), 100*maxText) // the rest costs time
	text = q.namespace.ReplaceAllString(text, "$1$2")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	text = strings.TrimPrefix(text, ": ") // Dgraph wraps errors in nothing
	return shorten(text, maxText)
}

// shorten leaves out the middle. The reason stands at the end: Dgraph quotes the whole question before it.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most/3]) + " ... " + string(runes[len(runes)-most*2/3:])
	}
	return text
}

// clean is the cause to wrap: the error itself, or a copy without secrets.
func (q *quoter) clean(err error) error {
	if s, ok := status.FromError(err); ok {
		return status.Error(s.Code(), q.redact(s.Message())) // without details, which nobody has looked at
	}
	if text := err.Error(); q.redact(text) != text {
		return errors.New(q.redact(text))
	}
	return err
}

// phrase is a part of a text that decides what an error is.
type phrase struct {
	part string // in lower case
	kind Kind
	text string // sentence; %s stands for the quoted text, empty means only that
}

const indexing = "an index is being built; try again when that is done"

const staleLogin = "the login has expired and could not be renewed; check the clocks of client and server"

// phrases are the texts of Dgraph that mean something special, the first that fits counts. Nearly all arrive
// with gRPC code Unknown, and over HTTP with status 200. They are from edgraph/access.go, edgraph/server.go,
// worker/mutation.go, worker/proposal.go and x/health.go.
var phrases = []phrase{
	{"invalid username or password", Unauthenticated, "the login is refused: user, password or namespace is wrong, " +
		"or this Dgraph has no access control and wants no login"},
	{"token is expired", Unauthenticated, staleLogin},
	{"no namespace in the metadata", Unauthenticated, staleLogin}, // of a question in a snapshot (x.AttachJWTNamespace)
	{"no accessjwt available", Unauthenticated, "access is controlled here and nobody is logged in; give user and password"},
	{"unable to parse jwt", Unauthenticated, staleLogin},
	{"no auth token found", Unauthenticated, "the server demands its auth token for this and none is given; give the auth token"},
	{"auth token [", Unauthenticated, "the auth token is not the one that the server was started with"},
	{"invalid x-dgraph-authtoken", Unauthenticated, "the server demands its auth token for this, and the one given, if any, is wrong"},
	{"unauthorized ip address", PermissionDenied, "the server takes logins and admin requests from whitelisted addresses only " +
		"(--security whitelist=...): %s"},
	{"only guardians are allowed", PermissionDenied, "only members of the group guardians may do this"},
	{"only superadmin is allowed", PermissionDenied, "only members of the group guardians of namespace 0 may do this"},
	{"server is not ready", NotReady, "the server is starting and does not answer questions yet; try again in a few seconds"},
	{"uninitialized", NotReady, ""},
	{"errindexinginprogress", Busy, indexing},
	{"pending transactions found", Busy, "other transactions are writing to the same predicates; try again"},
	{"transaction has been aborted", Aborted, "another transaction was first; try again"},
	{"transaction conflict", Aborted, "another transaction was first; try again"},
	{"429 too many requests", Busy, "the server has too many requests; ask fewer at a time"},
	{"overloaded", Busy, "the server is overloaded; try again later"},
	{"please retry", Busy, ""},
}

// said is the error for a text that Dgraph answered.
func (q *quoter) said(server, text string, cause error) *Error {
	quoted := q.quote(text)
	// Not of the quoted text: with "password" for a password that is another one.
	lower := strings.ToLower(shorten(text, 100*maxText))
	for _, p := range phrases {
		if !strings.Contains(lower, p.part) {
			continue
		}
		sentence := p.text
		switch {
		case sentence == "":
			sentence = quoted
		case strings.Contains(sentence, "%s"):
			sentence = fmt.Sprintf(sentence, quoted)
		}
		return &Error{Kind: p.kind, Server: server, Text: sentence, cause: cause, stale: p.text == staleLogin, indexing: p.text == indexing}
	}
	return &Error{Server: server, Text: quoted, cause: cause}
}

// stopped is the error for a context that ended: by its deadline or by the caller.
func stopped(server string, cause error) *Error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Kind: Timeout, Server: server, Unknown: true, cause: context.DeadlineExceeded,
			Text: "no answer in time: the server hangs or is overloaded, or the question is too large; allow more time or ask less"}
	}
	return &Error{Kind: Canceled, Server: server, Unknown: true, cause: context.Canceled, Text: "interrupted"}
}

// fromGRPC is the error of a call to an alpha. The fault is what last went wrong with the connection, or nil.
func (q *quoter) fromGRPC(ctx context.Context, addr string, err error, f *fault) *Error {
	if e := refusedHere(addr, err); e != nil {
		return e
	}
	s := status.Convert(err)
	if cause := ctx.Err(); cause != nil {
		return stopped(addr, cause)
	}
	cause := q.clean(err)
	lower := strings.ToLower(s.Message())
	switch s.Code() {
	case codes.DeadlineExceeded:
		return stopped(addr, context.DeadlineExceeded)
	case codes.Canceled:
		return stopped(addr, context.Canceled)
	case codes.Unavailable:
		if f != nil && !strings.Contains(lower, "while dialing") { // else the fault is an older one
			if e := q.fromFault(addr, f); e != nil {
				// The fault may be that of a newer connection than the one that the request was on.
				e.Unknown = !strings.Contains(lower, "connection error")
				e.cause = cause
				return e
			}
		}
		return q.unavailable(addr, s.Message(), cause)
	case codes.Unimplemented:
		return &Error{Kind: WrongServer, Server: addr, cause: cause, Text: "this is no alpha: it does not know Dgraph's requests; " +
			"give the gRPC port of an alpha (9080 unless configured), not that of a zero (5080) or of HTTP (8080)"}
	case codes.ResourceExhausted:
		if strings.Contains(lower, "larger than max") {
			return &Error{Kind: TooLarge, Server: addr, cause: cause, Text: fmt.Sprintf("the answer is larger than %d MiB; ask for less at a time", maxAnswer>>20)}
		}
		return &Error{Kind: Busy, Server: addr, cause: cause, Text: "the server is overloaded: " + q.quote(s.Message())}
	case codes.Aborted:
		return &Error{Kind: Aborted, Server: addr, cause: cause, Text: "another transaction was first; try again"}
	}
	if strings.Contains(lower, "unexpected http status code") || strings.Contains(lower, "unexpected content-type") {
		return httpServer(addr, cause)
	}
	e := q.said(addr, s.Message(), cause)
	if e.Kind == Other {
		switch s.Code() {
		case codes.PermissionDenied:
			e.Kind, e.Text = PermissionDenied, "not permitted: "+e.Text
		case codes.Unauthenticated:
			e.Kind, e.Text = Unauthenticated, "not accepted: "+e.Text
		}
	}
	return e
}

func httpServer(addr string, cause error) *Error {
	return &Error{Kind: WrongServer, Server: addr, cause: cause,
		Text: "an HTTP server answers here, not gRPC; give the gRPC port of an alpha (9080 unless configured)"}
}

// unavailable tells by gRPC's text why a connection does not come about, or broke.
func (q *quoter) unavailable(addr, text string, cause error) *Error {
	lower := strings.ToLower(text)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(lower, p) {
				return true
			}
		}
		return false
	}
	e := &Error{Kind: Unreachable, Server: addr, cause: cause}
	switch {
	case has("no such host", "server misbehaving"):
		e.Text = "the host is not known; check the address"
	case has("connection refused"):
		e.Text = "nothing listens there; check host and port, and that the alpha runs"
	case has("network is unreachable", "no route to host", "i/o timeout"):
		e.Text = "the host does not answer; check the address and the firewall"
	case has("http2: frame too large", "looked like an http/1.1 header"):
		return httpServer(addr, cause)
	case has("connection error"):
		e.Text = "no connection: " + q.quote(text)
	default:
		e.Unknown = true
		e.Text = "the connection broke; the alpha may have ended or restarted"
	}
	return e
}
