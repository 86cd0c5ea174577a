package dql_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
)

func TestParseConnStr(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want dql.Config
	}{
		{"dgraph://localhost:9080", dql.Config{Alphas: []string{"localhost:9080"}}},
		{"dgraph://localhost:9080/", dql.Config{Alphas: []string{"localhost:9080"}}},
		{"dgraph://[::1]:9080", dql.Config{Alphas: []string{"[::1]:9080"}}},
		{"dgraph://h:9080?sslmode=disable", dql.Config{Alphas: []string{"h:9080"}}},
		{"dgraph://h:9080?sslmode=require", dql.Config{Alphas: []string{"h:9080"}, TLS: &dql.TLS{SkipVerify: true}}},
		{"dgraph://h:9080?sslmode=verify-ca", dql.Config{Alphas: []string{"h:9080"}, TLS: &dql.TLS{}}},
		{"dgraph://us%40er:p%2F%40%3Fss@h:9080?namespace=010",
			dql.Config{Alphas: []string{"h:9080"}, User: "us@er", Password: "p/@?ss", Namespace: 10}},
		{"dgraph://h:443?sslmode=verify-ca&apikey=a%3Db+c", dql.Config{Alphas: []string{"h:443"}, APIKey: "a=b c", TLS: &dql.TLS{}}},
		{"dgraph://h:443?bearertoken=eyJh.eyJi.c&sslmode=verify-ca", dql.Config{Alphas: []string{"h:443"}, BearerToken: "eyJh.eyJi.c", TLS: &dql.TLS{}}},
	} {
		got, err := dql.ParseConnStr(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if d := cmp.Diff(expose(c.want), expose(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, d)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"", "must begin with dgraph://"},
		{"localhost:9080", "must begin with dgraph://"},
		{"http://localhost:9080", "must begin with dgraph://"},
		{"dgraph://localhost", "both host and port"},
		{"dgraph://:9080", "both host and port"},
		{"dgraph://h:0", "both host and port"},
		{"dgraph://h:70000", "both host and port"},
		{"dgraph://a:9080,b:9080", "as in dgraph://localhost:9080"},
		{"dgraph://user@h:9080", "both user and password"},
		{"dgraph://:CANARY@h:9080", "both user and password"},
		{"dgraph://user:CAN%zzARY@h:9080", "%40"},
		{"dgraph://user:CAN/ARY@h:9080", "%"},
		{"dgraph://user:CAN#ARY@h:9080", "%"},
		{"dgraph://user:CAN?ARY@h:9080", "%"},
		{"dgraph://user:CAN ARY@h:9080", "%40"},
		{"dgraph://user:CAN\x7fARY@h:9080", "%40"},
		{"dgraph://user:CANARY:9080", "both host and port"},
		{"dgraph://h:9080?sslmod=require", "the nearest is sslmode"},
		{"dgraph://h:9080?namespaces=1", "the nearest is namespace"},
		{"dgraph://h:9080?apikey=x&CANARY", "parameter 2 is not known"},
		{"dgraph://h:9080?apikey=x;CANARY", "parameter 1 is not a valid"},
		{"dgraph://h:9080?apikey=%zzCANARY", "parameter 1 is not a valid"},
		{"dgraph://h:9080?apikey=x&apikey=CANARY", "apikey is given twice"},
		{"dgraph://h:9080?apikey=CANARY&bearertoken=CANARY", "exclude each other"},
		{"dgraph://h:9080?sslmode=CANARY", "sslmode must be"},
		{"dgraph://h:9080?namespace=CANARY", "namespace must be a number"},
		{"dgraph://h:9080?namespace=-1", "namespace must be a number"},
		{"dgraph://h:9080/CANARY", "after host:port"},
	} {
		_, err := dql.ParseConnStr(c.text)
		parseFails(t, c.text, err, c.says)
	}
}

func parseFails(t *testing.T, text string, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%q: error %v, want %q", text, err, says)
		return
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "CAN") || strings.Contains(e.Error(), "ARY") {
			t.Errorf("%q: the error shows the secret: %v", text, e)
		}
	}
}

// expose makes secrets comparable and visible.
func expose(c dql.Config) map[string]any {
	return map[string]any{"alphas": c.Alphas, "http": c.HTTP, "user": c.User, "password": string(c.Password), "namespace": c.Namespace,
		"token": string(c.AuthToken), "key": string(c.APIKey), "bearer": string(c.BearerToken), "tls": c.TLS}
}

// TestParseConnStrRoundTrip writes random secrets as Go writes them into URLs.
func TestParseConnStrRoundTrip(t *testing.T) {
	t.Parallel()
	r := newRandom(t)
	runes := []rune("ab:@/?#%&=+; ~\\\"'[]{}|^`<>$!*(),ä世\t\n")
	text := func() string {
		var s strings.Builder
		for range 1 + r.IntN(8) {
			s.WriteRune(runes[r.IntN(len(runes))])
		}
		return s.String()
	}
	for range tries(2000) {
		want := dql.Config{Alphas: []string{"h:9080"}, User: text(), Password: dql.Secret(text()), APIKey: dql.Secret(text())}
		u := url.URL{Scheme: "dgraph", Host: "h:9080", User: url.UserPassword(want.User, string(want.Password)),
			RawQuery: url.Values{"apikey": {string(want.APIKey)}}.Encode()}
		got, err := dql.ParseConnStr(u.String())
		if err != nil {
			t.Fatalf("%s: %v", &u, err)
		}
		if d := cmp.Diff(expose(want), expose(got)); d != "" {
			t.Fatalf("%s (-want +got):\n%s", &u, d)
		}
	}
}

func FuzzParseConnStr(f *testing.F) {
	f.Add("dgraph://user:CANARY@h:9080?sslmode=require&apikey=CANARY")
	f.Add("dgraph://u:CANARY%zz@[::1]:9080#CANARY;CANARY&CANARY=1")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := dql.ParseConnStr(text)
		if err != nil {
			if strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%q: the error shows the secret: %v", text, err)
			}
			return
		}
		if len(c.Alphas) != 1 || c.User == "" != (c.Password == "") {
			t.Errorf("%q gives %+v", text, expose(c))
		}
	})
}

func TestParseCreds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]dql.Config{
		"user=groot;password=pass":                      {User: "groot", Password: "pass"},
		" USER = groot ; Password= a=b c ;namespace=7;": {User: "groot", Password: "a=b c", Namespace: 7},
		"user=u;password=p;namespace=0x10":              {User: "u", Password: "p", Namespace: 16},
	} {
		got, err := dql.ParseCreds(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d := cmp.Diff(expose(want), expose(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"", "both user and password"},
		{"user=groot", "both user and password"},
		{"password=CANARY", "both user and password"},
		{"usr=groot;password=CANARY", "the key of entry 1 is not known; the nearest is user"},
		{"user=groot;pasword=CANARY", "the nearest is password"},
		{"user=groot;password=CAN;ARY", "entry 3 has no ="},
		{"user=groot;password=CAN;ARY=1", "entry 3 is not known"},
		{"user=groot;password=CANARY;namespace=CANARY", "namespace must be a number"},
		{"user=groot;password=CANARY;password=CANARY", "password is given twice"},
		{"dgraph://user:CANARY@h", "entry 1 has no ="},
	} {
		_, err := dql.ParseCreds(c.text)
		parseFails(t, c.text, err, c.says)
	}
}

func TestParseTLS(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]dql.TLS{
		"": {},
		"ca-cert=/a/ca.crt; client-cert=/a/c.crt; client-key=/a/c.key; server-name=db": {
			CACert: "/a/ca.crt", ClientCert: "/a/c.crt", ClientKey: "/a/c.key", ServerName: "db"},
		"ca_cert=ca.crt;use-system-ca=false;": {CACert: "ca.crt", NoSystemCA: true},
	} {
		got, err := dql.ParseTLS(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if d := cmp.Diff(&want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	for _, c := range []struct{ text, says string }{
		{"ca-crt=x", "the nearest is ca-cert"},
		{"servername=x", "the nearest is server-name"},
		{"client-cert=x", "go together"},
		{"use-system-ca=perhaps", "true or false"},
		{"use-system-ca=false", "ca-cert is needed"},
	} {
		_, err := dql.ParseTLS(c.text)
		parseFails(t, c.text, err, c.says)
	}
}

func TestConfigShowsNoSecret(t *testing.T) {
	t.Parallel()
	c := dql.Config{Alphas: []string{"db:9080"}, HTTP: "https://u:CANARY@db:8080/x?key=CANARY", User: "groot", Password: "CANARY",
		AuthToken: "CANARY", APIKey: "CANARY", BearerToken: "CANARY", TLS: &dql.TLS{}}
	nested := struct{ C dql.Config }{c}
	shown := []string{c.String(), c.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, what := range []any{c, &c, nested, &nested, []dql.Config{c}, c.Password, []dql.Secret{c.Password}} {
			shown = append(shown, fmt.Sprintf(verb, what))
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, strings.Replace(string(text), c.HTTP, "", 1)) // a URL with a password is refused by Open
	for _, s := range shown {
		if strings.Contains(s, "CANARY") || strings.Contains(s, "43414e415259") {
			t.Errorf("a secret shows: %s", s)
		}
	}
	want := "alphas db:9080, http https://db:8080/x, user groot in namespace 0, password (hidden), auth token (hidden), API key (hidden), bearer token (hidden), TLS"
	if c.String() != want {
		t.Errorf("the config shows as %s, want %s", c, want)
	}
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := []string{"127.0.0.1:1"}
	for name, c := range map[string]struct {
		config dql.Config
		says   string
	}{
		"no alpha":               {dql.Config{}, "no address"},
		"no port":                {dql.Config{Alphas: []string{"db"}}, "must be host:port"},
		"a URL for an address":   {dql.Config{Alphas: []string{"dgraph://u:CANARY@h:9080"}}, "must be host:port"},
		"password without user":  {dql.Config{Alphas: at, Password: "CANARY"}, "both user and password"},
		"namespace, no login":    {dql.Config{Alphas: at, Namespace: 2}, "chosen by the login"},
		"key and token":          {dql.Config{Alphas: at, APIKey: "CANARY", BearerToken: "CANARY", TLS: &dql.TLS{}}, "not both"},
		"key without TLS":        {dql.Config{Alphas: at, APIKey: "CANARY"}, "over TLS only"},
		"key over http":          {dql.Config{Alphas: at, BearerToken: "CANARY", TLS: &dql.TLS{}, HTTP: "http://h:1"}, "over https only"},
		"line end in a token":    {dql.Config{Alphas: at, AuthToken: "CAN\nARY"}, "cannot be sent"},
		"password is not UTF-8":  {dql.Config{Alphas: at, User: "u", Password: "CANARY\xff"}, "UTF-8"},
		"HTTP with a password":   {dql.Config{Alphas: at, HTTP: "http://u:CANARY@h"}, "user or password in it"},
		"HTTP without scheme":    {dql.Config{Alphas: at, HTTP: "h:8080/CANARY"}, "must be a URL"},
		"HTTP that is no URL":    {dql.Config{Alphas: at, HTTP: "http://u:CAN%zzARY@h"}, "must be a URL"},
		"HTTP with a query":      {dql.Config{Alphas: at, HTTP: "http://h?CANARY"}, "must end before"},
		"no such authority file": {dql.Config{Alphas: at, TLS: &dql.TLS{CACert: bad + "x"}}, "reading the authorities"},
		"bad authority file":     {dql.Config{Alphas: at, TLS: &dql.TLS{CACert: bad}}, "no PEM certificate"},
		"bad client certificate": {dql.Config{Alphas: at, TLS: &dql.TLS{ClientCert: bad, ClientKey: bad}}, "client certificate"},
		"half a certificate":     {dql.Config{Alphas: at, TLS: &dql.TLS{ClientCert: bad}}, "both client-cert and client-key"},
		"timeout below nothing":  {dql.Config{Alphas: at, Timeout: -1}, "less than nothing"},
	} {
		client, err := dql.Open(t.Context(), c.config)
		if err == nil {
			client.Close()
		}
		parseFails(t, name, err, c.says)
	}
}
