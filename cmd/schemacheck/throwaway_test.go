package main

import (
	"strings"
	"testing"
)

// TestNoServerProgram: who has no dgraph is told how to get one.
func TestNoServerProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, command := range []string{"rehearse new.graphql --alpha localhost:1 --no-plans"} {
		var out, talk strings.Builder
		p := program{in: strings.NewReader(""), out: &out, err: &talk, env: func(string) (string, bool) { return "", false }, dir: t.TempDir()}
		if code := p.run(t.Context(), strings.Fields(command)); code != exitUsage || !strings.Contains(talk.String(), "--dgraph PATH") ||
			!strings.Contains(talk.String(), "/releases") || !strings.Contains(talk.String(), "go build -C testdata/dgraph") {
			t.Errorf("%s: exit %d, %s", command, code, talk.String())
		}
	}
}
