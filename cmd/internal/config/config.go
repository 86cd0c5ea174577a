// Package config reads .schemacheck.yaml. It only knows what the file says:
// that flags and the environment beat it is decided where they are read.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Name is what a configuration file is called when it is searched for.
const Name = ".schemacheck.yaml"

// maxSize is the size in bytes up to which a configuration is read.
const maxSize = 1 << 20

// Config is the content of a configuration file. Every zero field is "not
// set". Paths and patterns are as written: relative to the folder of File.
type Config struct {
	// File is the path that the configuration was read from; empty for none.
	File string
	// Text is what was read there, for excerpts.
	Text string
	// FailOn is "error", "warning", "info" or "never".
	FailOn string
	// Rules maps the id of a rule to what is said about its severity.
	Rules map[string]Rule
	// Renames declares renamed types and fields, in the order of the file.
	Renames []Rename
	// Schema is the path of the schema.
	Schema string
	// Alpha lists the gRPC addresses of a Dgraph cluster, each host:port.
	Alpha []string
	// Environments are named connections.
	Environments map[string]Environment
	// DgraphVersion is the version of the server, such as "25.3.8" or "v24".
	DgraphVersion string
	// Operations are the patterns of files with GraphQL operations; one that begins with "!" leaves files out.
	Operations []string
	// OperationTags and OperationCalls name what takes documents in programs: tags of templates and functions in
	// JavaScript and TypeScript, and functions in Go, beside those that are usual.
	OperationTags, OperationCalls []string
	// Usage is "downgrade-unused" where findings that concern nothing but the API weigh less when no operation uses what
	// they are about.
	Usage string
	// Migrations is the folder of migration plans.
	Migrations string
	// Fixes are what is chosen for fixes; command lines beat it.
	Fixes Fixes
	// BatchSize is the number of nodes in one transaction of a migration, for steps
	// of plans that do not say it; 0 leaves it to the engine.
	BatchSize int
	// UndoRetention is how long old values are kept for undo.
	UndoRetention time.Duration
	// DeprecationGrace is for how long an element has to be @deprecated before its
	// removal is a warning; 0 is never.
	DeprecationGrace time.Duration
	// Baseline is the path of a report whose findings are known.
	Baseline string
	// Accept lists the findings that are accepted, in the order of the file.
	Accept []Acceptance
}

// Rename declares that the type or field From, a coordinate of the old schema,
// is To in the new one.
type Rename struct {
	From, To     string
	Line, Column int // of From in the file, 1-based
}

// Fixes are decisions about fixes. Those that fit no finding have no effect: they
// are for a change that is over, or to come.
type Fixes struct {
	// Prefer is "directive" or "migration".
	Prefer string
	// Choose and Set are as on the command line: COORDINATE=FIX-ID and
	// COORDINATE=VALUE, in the order of the file.
	Choose, Set []string
}

// Environment is a connection to one Dgraph. The secrets in Creds, AuthToken
// and APIKey are never written in the file: they are "@PATH" of a file or
// "$NAME" of an environment variable that holds them.
type Environment struct {
	Alpha     []string // host:port
	ConnStr   string   // dgraph://host:port?..., "@PATH" or "$NAME"; excludes all others
	HTTP      string   // URL of the GraphQL admin
	TLS       string   // "ca-cert=..; client-cert=..; client-key=..; server-name=.."
	Creds     string
	AuthToken string
	APIKey    string
	Protected bool // ask for the environment's name before any write
}

// Acceptance is a finding that somebody looked at and accepts.
type Acceptance struct {
	Fingerprint string // as in the JSON report
	// Rule is the id of the finding's rule, or empty. With it a run knows whether
	// the finding is one that it could have.
	Rule   string
	Reason string // never empty, one line
	// Until is the start (UTC) of the last day that the acceptance is good for.
	// Zero is for ever.
	Until        time.Time
	Line, Column int // of the entry in the file, 1-based
}

// Expired reports whether a's last day is over.
func (a Acceptance) Expired(now time.Time) bool {
	return !a.Until.IsZero() && !now.Before(a.Until.AddDate(0, 0, 1))
}

// Find is the path of the configuration nearest to the folder start: in it or
// above it, but not above the root of its git work tree, which is the folder
// with a .git in it. Outside a work tree only start itself counts, so that
// nobody's file in a shared parent folder is picked up. The path is empty when
// there is none.
func Find(start string) (string, error) {
	start, err := filepath.Abs(start)
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", Name, err)
	}
	root, err := above(start, ".git", filepath.VolumeName(start)+string(filepath.Separator))
	if err != nil {
		return "", err
	}
	if root == "" {
		root = filepath.Join(start, ".git")
	}
	return above(start, Name, filepath.Dir(root))
}

// Home is the folder for a new configuration that Find(start) finds: dir where the
// search passes it, else start.
func Home(start, dir string) (string, error) {
	git, err := above(start, ".git", filepath.VolumeName(start)+string(filepath.Separator))
	if err != nil || git == "" {
		return start, err
	}
	down, err := filepath.Rel(dir, start)
	up, otherwise := filepath.Rel(filepath.Dir(git), dir)
	if err != nil || otherwise != nil || !filepath.IsLocal(down) || !filepath.IsLocal(up) {
		return start, nil
	}
	return dir, nil
}

// above is the path of the first file or folder called name in dir or above
// it, up to and with the folder last; empty when there is none.
func above(dir, name, last string) (string, error) {
	for {
		path := filepath.Join(dir, name)
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("looking for %s: %w", name, err)
		}
		parent := filepath.Dir(dir)
		if dir == last || parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// Load reads the configuration at path. See Parse for its errors.
func Load(path string, rules []string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, data, rules)
}
