package dql

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// ParseConnStr reads a connection string as newer versions of Dgraph's Go client do (dgo, Open):
//
//	dgraph://user:password@host:port?sslmode=disable|require|verify-ca&namespace=0&apikey=...&bearertoken=...
//
// Everything but host and port may be left out. With sslmode=require nothing is verified; the default is
// disable. What that client would silently ignore is an error here. No error quotes the string.
func ParseConnStr(text string) (Config, error) {
	c, err := parseConnStr(text)
	if err != nil {
		return Config{}, fmt.Errorf("reading the connection string: %w", err)
	}
	return c, nil
}

func parseConnStr(text string) (Config, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The parser's error quotes the string, and can quote a part of the password.
		return Config{}, errors.New("it is not of the form dgraph://user:password@host:port?sslmode=...; " +
			"in user, password and parameters write special characters as %XX, @ as %40 and % as %25")
	}
	switch {
	case u.Scheme != "dgraph":
		return Config{}, errors.New("it must begin with dgraph://")
	case u.Path != "" && u.Path != "/", u.Fragment != "", u.Opaque != "":
		return Config{}, errors.New("after host:port only ?parameters may follow; " +
			"in user and password write / as %2F, ? as %3F and # as %23")
	}
	if err := checkAddress(u.Host); err != nil {
		return Config{}, errors.New("it must have both host and port, as in dgraph://localhost:9080")
	}
	c := Config{Alphas: []string{u.Host}}
	if u.User != nil {
		password, _ := u.User.Password()
		if u.User.Username() == "" || password == "" {
			return Config{}, errors.New("it must have both user and password, or none of them")
		}
		c.User, c.Password = u.User.Username(), Secret(password)
	}
	var params []pair
	for i, part := range strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' }) {
		key, value, _ := strings.Cut(part, "=")
		value, err := url.QueryUnescape(value)
		if err != nil || strings.Contains(part, ";") {
			return Config{}, fmt.Errorf("parameter %d is not a valid key=value; write special characters as %%XX", i+1)
		}
		params = append(params, pair{key, value})
	}
	values, err := known(params, "parameter", "apikey", "bearertoken", "namespace", "sslmode")
	if err != nil {
		return Config{}, err
	}
	c.APIKey, c.BearerToken = Secret(values["apikey"]), Secret(values["bearertoken"])
	if c.APIKey != "" && c.BearerToken != "" {
		return Config{}, errors.New("apikey and bearertoken exclude each other")
	}
	switch values["sslmode"] {
	case "", "disable":
	case "require":
		c.TLS = &TLS{SkipVerify: true}
	case "verify-ca":
		c.TLS = &TLS{}
	default:
		return Config{}, errors.New("sslmode must be disable, require or verify-ca")
	}
	if n := values["namespace"]; n != "" {
		if c.Namespace, err = strconv.ParseUint(n, 10, 64); err != nil {
			return Config{}, errors.New("namespace must be a number")
		}
	}
	return c, nil
}

// ParseCreds reads "user=...;password=...;namespace=..." as Dgraph's own tools do (--creds), and returns a
// Config with these three. A password with a semicolon cannot be written in this form. No error quotes the
// text.
func ParseCreds(text string) (Config, error) {
	fail := func(err error) (Config, error) { return Config{}, fmt.Errorf("reading the credentials: %w", err) }
	values, err := superFlag(text, "namespace", "password", "user")
	if err != nil {
		return fail(err)
	}
	c := Config{User: values["user"], Password: Secret(values["password"])}
	if n := values["namespace"]; n != "" {
		if c.Namespace, err = strconv.ParseUint(n, 0, 64); err != nil {
			return fail(errors.New("namespace must be a number"))
		}
	}
	if c.User == "" || c.Password == "" {
		return fail(errors.New("both user and password are needed"))
	}
	return c, nil
}

// ParseTLS reads "ca-cert=...; client-cert=...; client-key=...; server-name=..." as Dgraph's own tools do
// (--tls). With use-system-ca=false only the authorities in ca-cert are trusted. Files are not opened yet.
func ParseTLS(text string) (*TLS, error) {
	fail := func(err error) (*TLS, error) { return nil, fmt.Errorf("reading the TLS options: %w", err) }
	values, err := superFlag(text, "ca-cert", "client-cert", "client-key", "server-name", "use-system-ca")
	if err != nil {
		return fail(err)
	}
	t := &TLS{
		CACert:     values["ca-cert"],
		ClientCert: values["client-cert"],
		ClientKey:  values["client-key"],
		ServerName: values["server-name"],
	}
	if (t.ClientCert == "") != (t.ClientKey == "") {
		return fail(errors.New("client-cert and client-key go together"))
	}
	if system := values["use-system-ca"]; system != "" {
		use, err := strconv.ParseBool(system)
		if err != nil {
			return fail(errors.New("use-system-ca must be true or false"))
		}
		t.NoSystemCA = !use
	}
	if t.NoSystemCA && t.CACert == "" {
		return fail(errors.New("without the system's authorities ca-cert is needed"))
	}
	return t, nil
}

type pair struct{ key, value string }

// superFlag reads a list of key=value with semicolons between, like ristretto's z.SuperFlag: blanks around keys
// and values do not count, and neither do case and the difference of _ and - in keys.
func superFlag(text string, keys ...string) (map[string]string, error) {
	var pairs []pair
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			// It may be the rest of a password with a semicolon.
			return nil, fmt.Errorf("entry %d has no =; entries are key=value with ; between them, and a value cannot have a ;", len(pairs)+1)
		}
		key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(key)), "_", "-")
		pairs = append(pairs, pair{key, strings.TrimSpace(value)})
	}
	return known(pairs, "entry", keys...)
}

// known turns pairs into a map, and refuses keys that are not among those given. It does not quote them: they
// may be the rest of a secret that was not escaped.
func known(pairs []pair, noun string, keys ...string) (map[string]string, error) {
	values := map[string]string{}
	for i, p := range pairs {
		if !slices.Contains(keys, p.key) {
			return nil, fmt.Errorf("the key of %s %d is not known; the nearest is %s (all: %s)",
				noun, i+1, nearest(p.key, keys), strings.Join(keys, ", "))
		}
		if _, twice := values[p.key]; twice {
			return nil, fmt.Errorf("%s is given twice", p.key)
		}
		values[p.key] = p.value
	}
	return values, nil
}

// nearest is the key that takes the fewest edits, the first of several.
func nearest(key string, keys []string) string {
	return slices.MinFunc(keys, func(a, b string) int {
		return levenshtein.ComputeDistance(key, a) - levenshtein.ComputeDistance(key, b)
	})
}
