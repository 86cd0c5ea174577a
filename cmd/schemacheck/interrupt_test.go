package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// TestInterrupt: a signal ends the program with 130, also while it waits for
// input that never comes, and nothing is reported as if it were complete.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	never, feed := io.Pipe()
	defer feed.Close()
	var out, talk strings.Builder
	p := program{in: never, out: &out, err: &talk, env: func(string) (string, bool) { return "", false }, dir: t.TempDir()}
	code := make(chan exit)
	go func() { code <- p.run(ctx, []string{"diff", "-", "new.graphql"}) }()
	time.Sleep(50 * time.Millisecond)
	cancel()
	select {
	case got := <-code:
		if got != exitInterrupted || out.String() != "" || !strings.Contains(talk.String(), "interrupted") {
			t.Errorf("exit %d, stdout %q, stderr %q, want 130, nothing, and a word about it", got, out.String(), talk.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("the program still waits for its input")
	}
}
