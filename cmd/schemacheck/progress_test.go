package main

import (
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// TestProgress: away from a terminal a line comes from time to time and stays,
// on one it is written over and taken away.
func TestProgress(t *testing.T) {
	t.Parallel()
	now := dql.Progress{Requests: 7, Pass: 2, Nodes: 50, Of: 200}
	for _, c := range []struct {
		name     string
		progress *progress
		want     string
	}{
		{"early", &progress{last: time.Now()}, ""},
		{"lines", &progress{last: time.Now().Add(-interval)}, "schemacheck: asking the stored data: 7 requests, 25% of 200 nodes, pass 2\n"},
		{"early on a terminal", &progress{last: time.Now(), terminal: true}, ""},
		{"terminal", &progress{last: time.Now().Add(-redraw), terminal: true}, "\r\x1b[Kasking the stored data: 7 requests, 25% of 200 nodes, pass 2\r\x1b[K"},
	} {
		var out strings.Builder
		c.progress.to = &out
		c.progress.tell(now)
		c.progress.tell(now) // too soon after the first
		c.progress.end()
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, out.String(), c.want)
		}
	}
}
