package validity

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"regexp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// maxLine is the longest line that Dgraph reads: one byte more and its scanner
// of settings gives up.
const maxLine = 65535

// settings checks the lines that Dgraph reads as settings. Their texts hold
// keys and secrets: no message quotes them. Source: parseMetaInfo.
func (c *checker) settings() {
	c.secrets = map[string]bool{}
	for _, f := range c.schema.Source.Files {
		c.longLines(f)
	}
	authorized := false
	for _, m := range c.schema.Source.Meta {
		text := m.Span.Text()
		switch m.Kind {
		case sdl.MetaAuthorization:
			if authorized {
				c.problem(m.Span, "", "there is more than one line with Dgraph.Authorization: keep one")
				continue
			}
			authorized = true
			c.authorization(m, text)
		case sdl.MetaAllowOrigin:
			parts := strings.Fields(text)
			var origin string
			if len(parts) != 3 || json.Unmarshal([]byte(parts[2]), &origin) != nil {
				c.problem(m.Span, "", "the line with Dgraph.Allow-Origin cannot be read: write # Dgraph.Allow-Origin \"https://example.com\"")
			}
		case sdl.MetaSecret:
			c.secretLine(m, text)
		}
	}
}

func (c *checker) longLines(f *sdl.File) {
	for start := 0; start < len(f.Text); {
		end := len(f.Text)
		if n := strings.IndexByte(f.Text[start:], '\n'); n >= 0 {
			end = start + n
		}
		if end-start > maxLine {
			c.problem(sdl.Span{File: f, Start: int32(start), End: int32(start + 1)}, "", "the line is %d bytes long: Dgraph reads %d at most", end-start, maxLine)
		}
		start = end + 1
	}
}

func (c *checker) secretLine(m *sdl.Meta, text string) {
	parts := strings.Fields(text)
	if len(parts) >= 4 {
		value := strings.Join(parts[3:], " ")
		if strings.Count(value, `"`) == 2 && value[0] == '"' && value[len(value)-1] == '"' {
			c.secrets[strings.Trim(parts[2], `"`)] = true
			return
		}
	}
	c.problem(m.Span, "", "the line with Dgraph.Secret cannot be read: after the \"#\" write Dgraph.Secret name \"value\"")
}

// algorithms are the signatures that Dgraph knows.
var algorithms = []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512"}

// oldAuthorization is the older form of the line: header, namespace, algorithm
// and key one after the other.
var oldAuthorization = regexp.MustCompile(`^#[\s]([^\s]+)[\s]+([^\s]+)[\s]+([^\s]+)[\s]+([^\s]+)[\s]+"([^\"]+)"`)

// authorization checks a line with Dgraph.Authorization. Source: Parse and
// ParseAuthMeta of package authorization.
func (c *checker) authorization(m *sdl.Meta, text string) {
	var a struct {
		VerificationKey, JWKUrl, Header, Namespace, Algo string
		JWKUrls, Audience                                []string
		ClosedByDefault                                  bool
	}
	refuse := func(format string, args ...any) {
		c.problem(m.Span, "", "the line with Dgraph.Authorization "+format, args...)
	}
	name := string(sdl.MetaAuthorization)
	text = text[strings.LastIndex(text, name):]
	urls := false
	if json.Unmarshal([]byte(text[len(name):]), &a) == nil {
		urls = len(a.JWKUrls) > 0 || a.JWKUrl != ""
		var missing []string
		switch {
		case len(a.JWKUrls) > 0 && a.JWKUrl != "":
			refuse("has both JWKUrl and JWKUrls: keep one")
			return
		case urls && (a.VerificationKey != "" || a.Algo != ""):
			refuse("has keys to fetch (JWKUrl) and a key of its own (VerificationKey, Algo): keep one")
			return
		case urls && len(a.Audience) == 0:
			missing = append(missing, "Audience")
		case !urls:
			if a.VerificationKey == "" {
				missing = append(missing, "VerificationKey (or JWKUrl)")
			}
			if a.Algo == "" {
				missing = append(missing, "Algo")
			}
		}
		if a.Header == "" {
			missing = append(missing, "Header")
		}
		if a.Namespace == "" {
			missing = append(missing, "Namespace")
		}
		if len(missing) > 0 {
			refuse("lacks %s", allOf(missing))
			return
		}
	} else {
		parts := oldAuthorization.FindStringSubmatch("# " + text)
		if parts == nil {
			refuse("cannot be read: write one JSON object with Header, Namespace, VerificationKey and Algo, or with JWKUrl and Audience")
			return
		}
		a.Algo, a.VerificationKey = parts[4], parts[5]
	}
	switch {
	case urls:
		c.unchecked(m.Span, "", "Dgraph fetches the keys of Dgraph.Authorization from the network when it takes the schema")
	case !slices.Contains(algorithms, a.Algo):
		refuse("names an algorithm that Dgraph does not know: there are %s", allOf(algorithms))
	case strings.HasPrefix(a.Algo, "RS") && !publicKey(a.VerificationKey):
		refuse("needs an RSA public key in PEM form for this algorithm")
	}
}

// publicKey reports whether the text is an RSA public key, as Dgraph reads it:
// with "\n" for line breaks.
func publicKey(text string) bool {
	block, _ := pem.Decode(bytes.ReplaceAll([]byte(text), []byte(`\n`), []byte("\n")))
	if block == nil {
		return false
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		} else if pkcs1, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
			key = pkcs1
		}
	}
	_, ok := key.(*rsa.PublicKey)
	return ok
}
