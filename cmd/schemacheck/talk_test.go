package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestTalk: with --log-format json, or its variable, everything that is said is one
// JSON object a line, but for questions to somebody at a terminal.
func TestTalk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		env  string
		json bool
	}{
		{[]string{"migrate", "up", "--log-format", "json"}, "", true},
		{[]string{"migrate", "up"}, "json", true},
		{[]string{"migrate", "up", "--log-format", "text"}, "json", false},
		{[]string{"fix", "nowhere.graphql", "x.graphql", "--log-format", "json"}, "", true},
		{[]string{"migrate", "up", "--alpha", "127.0.0.1:1", "--creds", "user=a;password=b", "--log-format", "json"}, "", true},
	} {
		var out, said strings.Builder
		env := func(name string) (string, bool) { return c.env, name == "SCHEMACHECK_LOG_FORMAT" && c.env != "" }
		p := program{in: strings.NewReader(""), out: &out, err: &said, env: env, dir: t.TempDir()}
		if code := p.run(t.Context(), c.args); code == 0 {
			t.Errorf("%v: exit 0", c.args)
		}
		last := ""
		for line := range strings.Lines(said.String()) {
			var event struct{ Time, Level, Msg, Error string }
			err := json.Unmarshal([]byte(line), &event)
			if (err == nil && event.Time != "" && event.Level != "") != c.json {
				t.Errorf("%v: %s", c.args, line)
			}
			last = event.Msg
		}
		if c.json && last != "failed" {
			t.Errorf("%v: the last event is %q", c.args, last)
		}
		if strings.Contains(strings.Join(c.args, " "), "--creds") && !strings.Contains(said.String(), `"level":"WARN","msg":"note","text":"a secret on the command line`) {
			t.Errorf("no warning in %s", said.String())
		}
	}
	var said strings.Builder
	p := program{err: &talk{to: &said}, env: func(string) (string, bool) { return "json", true }}
	if err := p.speak(p.migrateUpCommand()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.err.Write([]byte("Type x to go on: ")); err != nil || said.String() != "Type x to go on: " {
		t.Errorf("a question is %q, %v", said.String(), err)
	}
}

// TestSummed: each plan of a series is counted once, as what came of it.
func TestSummed(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	result := func(s migrate.State) *migrate.Result { return &migrate.Result{Status: migrate.Status{State: s}} }
	done, none := migrate.Outcome{Results: []*migrate.Result{result(migrate.NotApplicable), result(migrate.Done)}}, migrate.Outcome{Results: []*migrate.Result{result(migrate.NotApplicable)}}
	last := migrate.Outcome{Results: []*migrate.Result{result(migrate.Failed)}}
	for _, c := range []struct {
		name     string
		ctx      context.Context
		outcomes []migrate.Outcome
		err      error
		want     summary
	}{
		{"all", t.Context(), []migrate.Outcome{done, none, {}, {Waiting: "the schema"}}, nil, summary{Done: 2, NotApplicable: 1, Waiting: 1}},
		{"failed", t.Context(), []migrate.Outcome{done, last}, errors.New("bad"), summary{Done: 1, Failed: 1, Skipped: 2}},
		{"stopped", t.Context(), []migrate.Outcome{last}, &migrate.Stopped{}, summary{Stopped: 1, Skipped: 3}},
		{"interrupted", ended, []migrate.Outcome{last}, errors.New("interrupt"), summary{Stopped: 1, Skipped: 3}},
		{"busy", t.Context(), []migrate.Outcome{{}}, &migrate.Busy{}, summary{Skipped: 4}},
		{"refused", t.Context(), nil, &migrate.Unfit{}, summary{Skipped: 4}},
	} {
		if d := cmp.Diff(c.want, summed(c.ctx, make([]migrate.File, 4), c.outcomes, c.err)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestWhere: the next command names the same Dgraph, and no secret.
func TestWhere(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                                   "",
		"--alpha a:1 --alpha b:2 --http x:8": "--alpha a:1,b:2 --http x:8",
		"--env it's --creds @file":           `--env 'it'\''s' --creds @file`,
		"--alpha a:1 --creds user=u;password=secret --auth-token secret --api-key secret": "--alpha a:1",
		"--conn-str dgraph://u:secret@h:1":                                                "",
		"--conn-str dgraph://h:1 --http http://u:secret@h:1":                              "--conn-str dgraph://h:1",
		"--tls ca-cert=a.pem;client-key=b --config c.yaml --log-format json":              "--config c.yaml --tls 'ca-cert=a.pem;client-key=b'",
	} {
		cmd := program{}.migrateUpCommand()
		if err := cmd.ParseFlags(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if got := where(cmd.Flags()); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}
