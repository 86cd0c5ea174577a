package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
)

// connection is how a Dgraph is reached, by flags that are called as those of
// Dgraph's own tools.
type connection struct {
	alpha     []string
	connStr   string
	http      string
	creds     string
	tls       string
	authToken string
	apiKey    string
	env       string
	// folder is what paths in tls count from; empty is the working directory.
	folder string
}

// secrets are the flags whose values nobody else should see.
var secrets = []string{"conn-str", "creds", "auth-token", "api-key"}

func (c *connection) bind(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&c.alpha, "alpha", "a", nil, "`HOST:PORT` of an alpha's gRPC side; can be repeated, or a list with commas")
	flags.StringVar(&c.connStr, "conn-str", "", "`URL` dgraph://USER:PASSWORD@HOST:PORT?sslmode=..&namespace=..&apikey=..&bearertoken=.., or @FILE with it; instead of the other flags")
	flags.StringVar(&c.http, "http", "", "`URL` of the GraphQL admin (default: the alpha's port minus 1000)")
	flags.StringVar(&c.creds, "creds", "", "`LOGIN` \"user=..;password=..;namespace=..\", or @FILE with it")
	flags.StringVar(&c.tls, "tls", "", "`FILES` \"ca-cert=..; client-cert=..; client-key=..; server-name=..\"; an empty value trusts the system's authorities")
	flags.StringVar(&c.authToken, "auth-token", "", "`TOKEN` that alphas started with --security token=.. want, or @FILE with it")
	flags.StringVar(&c.apiKey, "api-key", "", "`KEY` of a hosted Dgraph, or @FILE with it")
	flags.StringVar(&c.env, "env", "", "`NAME` of one of the environments in the configuration")
}

// warnOfSecrets tells once about secrets on the command line, which others can
// see in the list of processes. It must come before the environment is read.
func (p program) warnOfSecrets(cmd *cobra.Command, args []string) {
	var where, variables []string
	for _, name := range secrets {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed || f.Value.String() == "" || strings.HasPrefix(f.Value.String(), "@") || name == "conn-str" && !holdsSecret(f.Value.String()) {
			continue
		}
		where, variables = append(where, "--"+name), append(variables, variableOf(name))
	}
	for _, arg := range args {
		if fromDgraph(arg) && holdsSecret(arg) {
			where, variables = append(where, shown(arg)), append(variables, variableOf("creds"))
		}
	}
	if len(where) > 0 {
		variables = slices.Compact(variables)
		fmt.Fprintf(p.err, "schemacheck: warning: a secret on the command line can be seen by others on this machine (%s): use @FILE with the flag, or %s\n",
			report.Escape(strings.Join(where, ", ")), strings.Join(variables, ", "))
	}
}

// holdsSecret reports whether a connection string has a password or key.
func holdsSecret(connStr string) bool {
	return strings.Contains(connStr, "@") || strings.Contains(connStr, "key=") || strings.Contains(connStr, "token=")
}

func (c *connection) given() bool { return len(c.alpha) > 0 || c.connStr != "" || c.env != "" }

// config is what the flags and the configuration come to. Without any address
// in flags, that of the configuration counts.
func (c *connection) config(p program, flags *pflag.FlagSet, cfg *config.Config) (dql.Config, error) {
	settings, err := c.read(p)
	if err != nil {
		return dql.Config{}, err
	}
	if c.env != "" {
		if len(c.alpha) > 0 || c.connStr != "" {
			return dql.Config{}, errors.New("--env says which Dgraph is meant: leave out --alpha and --conn-str")
		}
		e, err := environment(p, c.env, cfg)
		if err != nil {
			return dql.Config{}, err
		}
		settings = connection{alpha: e.alpha, connStr: e.connStr, http: first(c.http, e.http), creds: first(settings.creds, e.creds),
			authToken: first(settings.authToken, e.authToken), apiKey: first(settings.apiKey, e.apiKey),
			tls: c.tls}
		if !flags.Changed("tls") {
			settings.tls, settings.folder = e.tls, e.folder
		}
	}
	if settings.connStr != "" {
		for _, name := range []string{"alpha", "http", "creds", "tls", "auth-token", "api-key"} {
			if f := flags.Lookup(name); f != nil && f.Changed {
				return dql.Config{}, given(flags, name, fmt.Errorf("the connection string says everything: leave out --%s", name))
			}
		}
		return dql.ParseConnStr(settings.connStr)
	}
	if len(settings.alpha) == 0 {
		settings.alpha = cfg.Alpha
	}
	if len(settings.alpha) == 0 {
		return dql.Config{}, fmt.Errorf("no Dgraph is named: --alpha HOST:PORT, or alpha: in %s", config.Name)
	}
	return settings.separate(flags)
}

// separate puts together what separate flags say, whose files have been read.
func (c *connection) separate(flags *pflag.FlagSet) (out dql.Config, err error) {
	if c.creds != "" {
		if out, err = dql.ParseCreds(c.creds); err != nil {
			return out, err
		}
	}
	out.Alphas, out.HTTP, out.AuthToken, out.APIKey = c.alpha, c.http, dql.Secret(c.authToken), dql.Secret(c.apiKey)
	if c.tls != "" || flags.Changed("tls") {
		if out.TLS, err = dql.ParseTLS(c.tls); err != nil {
			return out, err
		}
		for _, path := range []*string{&out.TLS.CACert, &out.TLS.ClientCert, &out.TLS.ClientKey} {
			*path = from(c.folder, *path)
		}
	}
	return out, nil
}

// read is a connection with the content of files in place of "@FILE".
func (c *connection) read(p program) (connection, error) {
	out := *c
	for _, s := range out.secrets() {
		if path, ok := strings.CutPrefix(*s.text, "@"); ok {
			text, err := readSecret(p.path(path))
			if err != nil {
				return out, fmt.Errorf("--%s: %w", s.name, err)
			}
			*s.text = text
		}
	}
	return out, nil
}

// namedSecret is a field of a connection that holds a secret.
type namedSecret struct {
	name string // of the flag
	text *string
}

func (c *connection) secrets() []namedSecret {
	return []namedSecret{{"conn-str", &c.connStr}, {"creds", &c.creds}, {"auth-token", &c.authToken}, {"api-key", &c.apiKey}}
}

// environment is a connection of the configuration, with the content of files
// in place of "@PATH" and of environment variables in place of "$NAME". Paths
// count from the configuration's folder.
func environment(p program, name string, cfg *config.Config) (connection, error) {
	e, ok := cfg.Environments[name]
	if !ok {
		names := slices.Sorted(maps.Keys(cfg.Environments))
		if len(names) == 0 {
			return connection{}, fmt.Errorf("--env %s: the configuration has no environments", name)
		}
		return connection{}, unknown("environment", name, names)
	}
	out := connection{alpha: e.Alpha, connStr: e.ConnStr, http: e.HTTP, creds: e.Creds, tls: e.TLS, authToken: e.AuthToken, apiKey: e.APIKey, folder: filepath.Dir(cfg.File)}
	for _, s := range out.secrets() {
		var err error
		if path, ok := strings.CutPrefix(*s.text, "@"); ok {
			*s.text, err = readSecret(from(out.folder, path))
		} else if variable, ok := strings.CutPrefix(*s.text, "$"); ok {
			if *s.text, _ = p.env(variable); *s.text == "" {
				err = fmt.Errorf("the environment variable %s is not set", variable)
			}
		}
		if err != nil {
			return out, fmt.Errorf("--env %s: %s: %w", name, s.name, err)
		}
	}
	return out, nil
}

// from is a path that counts from a folder; empty stays empty.
func from(folder, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// readSecret is the content of a file without line ends. No error quotes it.
func readSecret(path string) (string, error) {
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		return "", fmt.Errorf("reading the secret: %w", err)
	case len(data) > most:
		return "", fmt.Errorf("%s is too large for a secret", path)
	case text == "":
		return "", fmt.Errorf("%s is empty: it has to hold the secret", path)
	}
	return text, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
