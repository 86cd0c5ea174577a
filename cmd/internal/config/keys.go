package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

var (
	coordinate  = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*(\.[_A-Za-z][_0-9A-Za-z]*)?$`)
	version     = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?$`)
	days        = regexp.MustCompile(`^([1-9][0-9]{0,4})([dh])$`)
	decision    = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*(\.[_A-Za-z][_0-9A-Za-z]*)?(:[a-z-]+)?$`)
	fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)
	environment = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]*$`)
	programName = regexp.MustCompile(`^[$_\pL][$_\pL\pN]*$`)
	programCall = regexp.MustCompile(`^[_\pL][_\pL\pN]*(\.[_\pL][_\pL\pN]*)?$`)
	reference   = regexp.MustCompile(`^(@.+|\$[_A-Za-z][_0-9A-Za-z]*)$`)
)

// Parse reads the text of a configuration; file names it in errors. With rules,
// the ids of all rules, it refuses others; nil accepts any. Whatever is wrong
// with the text, the error is an Errors with every problem in it.
func Parse(file string, data []byte, rules []string) (*Config, error) {
	r := &reader{file: file, anchors: map[string]ast.Node{}}
	c := &Config{File: file, Text: string(data)}
	// The YAML parser counts CRLF after a comment as two lines.
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(data), "\ufeff"))
	switch {
	case len(data) > maxSize:
		r.fail(nil, "larger than %d bytes", maxSize)
	case !utf8.ValidString(text):
		r.fail(nil, "not UTF-8 text")
	default:
		if top := r.document(text); top != nil {
			r.keys(top, "the configuration", c.keys(rules))
		}
	}
	if len(r.problem) > 0 {
		return nil, r.problem.ordered()
	}
	return c, nil
}

// keys lists every key of the file.
func (c *Config) keys(rules []string) []key {
	return []key{
		{"failOn", func(r *reader, e entry) {
			r.choice(e.value, "failOn", []string{"error", "warning", "info", "never"}, func(s string) { c.FailOn = s })
		}},
		{"rules", func(r *reader, e entry) { c.Rules = readRules(r, e.value, rules) }},
		{"renames", func(r *reader, e entry) { c.Renames = readRenames(r, e.value) }},
		{"schema", line("schema", &c.Schema)},
		{"alpha", func(r *reader, e entry) { c.Alpha = readAlpha(r, e.value) }},
		{"environments", func(r *reader, e entry) { c.Environments = readEnvironments(r, e.value) }},
		{"dgraphVersion", func(r *reader, e entry) { c.DgraphVersion = readVersion(r, e.value) }},
		{"operations", func(r *reader, e entry) {
			r.texts(e.value, "operations", func(text string, at *token.Token) {
				if !doublestar.ValidatePattern(text) {
					r.fail(at, "%s is not a pattern of file names", quoted(text))
				}
				c.Operations = append(c.Operations, text)
			})
		}},
		{"operationTags", names("operationTags", programName, &c.OperationTags)},
		{"operationCalls", names("operationCalls", programCall, &c.OperationCalls)},
		{"usage", func(r *reader, e entry) {
			r.choice(e.value, "usage", []string{"downgrade-unused"}, func(s string) { c.Usage = s })
		}},
		{"migrations", line("migrations", &c.Migrations)},
		{"fixes", func(r *reader, e entry) { r.keys(e.value, "fixes", c.Fixes.keys()) }},
		{"batchSize", func(r *reader, e entry) { c.BatchSize = readBatchSize(r, e.value) }},
		{"undoRetention", func(r *reader, e entry) { c.UndoRetention = readTime(r, e.value, "undoRetention") }},
		{"deprecationGrace", func(r *reader, e entry) { c.DeprecationGrace = readTime(r, e.value, "deprecationGrace") }},
		{"baseline", line("baseline", &c.Baseline)},
		{"accept", func(r *reader, e entry) { c.Accept = readAccept(r, e.value, rules) }},
	}
}

// keys lists every key of fixes.
func (f *Fixes) keys() []key {
	return []key{
		{"prefer", func(r *reader, e entry) {
			r.choice(e.value, "fixes: prefer", []string{"directive", "migration"}, func(s string) { f.Prefer = s })
		}},
		{"choose", func(r *reader, e entry) { f.Choose = readDecisions(r, e.value, "fixes: choose") }},
		{"set", func(r *reader, e entry) { f.Set = readDecisions(r, e.value, "fixes: set") }},
	}
}

// readDecisions reads what is decided for coordinates, one text or several for
// each.
func readDecisions(r *reader, n ast.Node, what string) []string {
	var all []string
	r.mapping(n, what, func(e entry) {
		if !decision.MatchString(e.key) {
			r.fail(e.at, "%s is neither a type nor Type.field", quoted(e.key))
			return
		}
		r.texts(e.value, what+": "+quoted(e.key), func(text string, _ *token.Token) { all = append(all, e.key+"="+text) })
	})
	return all
}

// line reads text into *to.
func line(name string, to *string) func(*reader, entry) {
	return func(r *reader, e entry) {
		r.text(e.value, name, func(text string, _ *token.Token) { *to = text })
	}
}

// names reads names of programs, each as pattern has it, into *to.
func names(key string, pattern *regexp.Regexp, to *[]string) func(*reader, entry) {
	return func(r *reader, e entry) {
		r.texts(e.value, key, func(text string, at *token.Token) {
			if !pattern.MatchString(text) {
				r.fail(at, "%s is not a name in a program, such as %s", quoted(text), map[string]string{"operationTags": "gql", "operationCalls": "graphql.NewRequest"}[key])
			}
			*to = append(*to, text)
		})
	}
}

// readRenames demands that the renames are one to one, and that a type becomes
// a type and a field a field.
func readRenames(r *reader, n ast.Node) []Rename {
	var renames []Rename
	targets := map[string]string{}
	r.mapping(n, "renames", func(e entry) {
		r.text(e.value, "renames: "+quoted(e.key), func(to string, at *token.Token) {
			switch {
			case !coordinate.MatchString(e.key):
				r.fail(e.at, "%s is neither a type nor Type.field", quoted(e.key))
			case !coordinate.MatchString(to):
				r.fail(at, "%s is neither a type nor Type.field", quoted(to))
			case strings.Contains(e.key, ".") != strings.Contains(to, "."):
				r.fail(at, "%s cannot become %s: one is a type, the other a field", quoted(e.key), quoted(to))
			case e.key == to:
				r.fail(at, "%s is renamed to itself", quoted(to))
			case targets[to] != "":
				r.fail(at, "%s and %s cannot both become %s", quoted(targets[to]), quoted(e.key), quoted(to))
			default:
				targets[to] = e.key
				renames = append(renames, Rename{e.key, to, e.at.Position.Line, e.at.Position.Column})
			}
		})
	})
	return renames
}

func readAlpha(r *reader, n ast.Node) []string {
	var all []string
	r.texts(n, "alpha", func(text string, at *token.Token) {
		for address := range strings.SplitSeq(text, ",") {
			address = strings.TrimSpace(address)
			host, port, err := net.SplitHostPort(address)
			number, portErr := strconv.ParseUint(port, 10, 16)
			// An @ would bring user info, which may be a secret: not repeated.
			if err != nil || portErr != nil || number == 0 || host == "" || strings.ContainsAny(host, "@/ ") {
				r.fail(at, "an address of alpha has to be host:port, such as localhost:9080")
				return
			}
			all = append(all, address)
		}
	})
	return all
}

func readEnvironments(r *reader, n ast.Node) map[string]Environment {
	all := map[string]Environment{}
	r.mapping(n, "environments", func(e entry) {
		if !environment.MatchString(e.key) {
			r.fail(e.at, "%s is not a name of an environment: letters, digits, dots, dashes and underscores", quoted(e.key))
			return
		}
		var env Environment
		r.keys(e.value, "an environment", env.keys())
		if env.ConnStr != "" && (len(env.Alpha) > 0 || env.HTTP+env.TLS+env.Creds+env.AuthToken+env.APIKey != "") {
			r.fail(e.at, "connStr of %s says everything about the connection; no other key but protected may stand beside it", quoted(e.key))
		}
		all[e.key] = env
	})
	return all
}

func (env *Environment) keys() []key {
	return []key{
		{"alpha", func(r *reader, e entry) { env.Alpha = readAlpha(r, e.value) }},
		{"connStr", func(r *reader, e entry) { env.ConnStr = readConnStr(r, e.value) }},
		{"http", func(r *reader, e entry) {
			r.text(e.value, "http", func(text string, at *token.Token) {
				u, err := url.Parse(text)
				if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
					r.fail(at, "http has to be a URL such as http://localhost:8080, without user info")
				}
				env.HTTP = text
			})
		}},
		{"tls", line("tls", &env.TLS)},
		{"creds", secret("creds", &env.Creds)},
		{"authToken", secret("authToken", &env.AuthToken)},
		{"apiKey", secret("apiKey", &env.APIKey)},
		{"protected", func(r *reader, e entry) {
			r.enter(e.value, func(n ast.Node) {
				if b, ok := n.(*ast.BoolNode); ok {
					env.Protected = b.Value
				} else {
					r.fail(place(n), "protected is %s, but has to be true or false", kind(n))
				}
			})
		}},
	}
}

// secret reads where a secret is. The file itself is shared and committed, so
// that a secret in it is one no more; it is not repeated in the message.
func secret(name string, to *string) func(*reader, entry) {
	return func(r *reader, e entry) {
		r.text(e.value, name, func(text string, at *token.Token) {
			if !reference.MatchString(text) {
				r.fail(at, "%s is a secret and does not belong into this file; name a file that holds it (\"@PATH\") or an environment variable (\"$NAME\")", name)
			}
			*to = text
		})
	}
}

func readConnStr(r *reader, n ast.Node) (connStr string) {
	r.text(n, "connStr", func(text string, at *token.Token) {
		connStr = text
		if reference.MatchString(text) {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "dgraph" || u.Host == "" {
			r.fail(at, "connStr has to look like dgraph://host:port")
			return
		}
		_, password := u.User.Password()
		if query := u.Query(); password || query.Has("apikey") || query.Has("bearertoken") {
			r.fail(at, "connStr has a secret in it, which does not belong into this file; name a file that holds it (\"@PATH\") or an environment variable (\"$NAME\")")
		}
	})
	return connStr
}

// readVersion takes numbers as they are written: 25.10 is not 25.1.
func readVersion(r *reader, n ast.Node) (found string) {
	r.enter(n, func(n ast.Node) {
		text := n.GetToken().Value
		switch n.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
		default:
			text = ""
		}
		if !version.MatchString(text) {
			r.fail(place(n), "dgraphVersion has to look like 25.3.8")
		}
		found = text
	})
	return found
}

func readTime(r *reader, n ast.Node, what string) (length time.Duration) {
	r.text(n, what, func(text string, at *token.Token) {
		var ok bool
		if length, ok = Time(text); !ok {
			r.fail(at, "%s is %s, but has to be a number of days or hours such as 30d or 12h", what, quoted(text))
		}
	})
	return length
}

// Time reads a number of days or hours such as 30d or 12h, and false for other text.
func Time(text string) (time.Duration, bool) {
	parts := days.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	count, _ := strconv.Atoi(parts[1]) // at most five digits
	unit := time.Hour
	if parts[2] == "d" {
		unit = 24 * time.Hour
	}
	return time.Duration(count) * unit, true
}

// mostBatch bounds a batch: Dgraph refuses transactions of a million N-Quads.
const mostBatch = 10_000

func readBatchSize(r *reader, n ast.Node) (size int) {
	r.enter(n, func(n ast.Node) {
		number, ok := n.(*ast.IntegerNode)
		if ok {
			size, _ = strconv.Atoi(number.Token.Value)
		}
		if size < 1 || size > mostBatch {
			r.fail(place(n), "batchSize has to be a number of nodes from 1 to %d", mostBatch)
		}
	})
	return size
}

func readAccept(r *reader, n ast.Node, rules []string) []Acceptance {
	var all []Acceptance
	first := map[string]int{}
	r.enter(n, func(n ast.Node) {
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			r.fail(place(n), "accept is %s, but a list is needed here", kind(n))
			return
		}
		for _, item := range list.Values {
			a := Acceptance{}
			before, at := len(r.problem), place(item)
			r.keys(item, "an entry of accept", a.keys(rules))
			switch {
			case len(r.problem) > before:
				continue // what is missing may be what was wrong
			case a.Fingerprint == "":
				r.fail(at, "an entry of accept without a fingerprint; the json report has it")
			case a.Reason == "":
				r.fail(at, "an entry of accept without a reason; say why this finding is accepted")
			case first[a.Fingerprint] != 0:
				r.fail(at, "this fingerprint is accepted twice, first in line %d", first[a.Fingerprint])
			default:
				a.Line, a.Column = at.Position.Line, at.Position.Column
				first[a.Fingerprint] = a.Line
				all = append(all, a)
			}
		}
	})
	return all
}

func (a *Acceptance) keys(rules []string) []key {
	return []key{
		{"fingerprint", func(r *reader, e entry) {
			r.text(e.value, "fingerprint", func(text string, at *token.Token) {
				if a.Fingerprint = text; !fingerprint.MatchString(text) {
					r.fail(at, "%s is not a fingerprint: 64 of the signs 0-9 and a-f, as in the json report", quoted(text))
				}
			})
		}},
		{"rule", func(r *reader, e entry) {
			r.text(e.value, "rule", func(text string, at *token.Token) {
				if a.Rule = text; rules != nil && !slices.Contains(rules, text) {
					r.fail(at, "there is no rule %s%s", quoted(text), suggestion(text, rules))
				}
			})
		}},
		{"reason", line("reason", &a.Reason)},
		{"until", func(r *reader, e entry) {
			r.text(e.value, "until", func(text string, at *token.Token) {
				day, err := time.Parse(time.DateOnly, text)
				if err != nil {
					r.fail(at, "until is %s, but has to be a day such as 2027-01-31", quoted(text))
				}
				a.Until = day
			})
		}},
	}
}
