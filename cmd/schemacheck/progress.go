package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// progress tells on stderr how far a long work is: on a terminal in one line
// that is written again and again, else in a line from time to time.
type progress struct {
	to       io.Writer
	terminal bool
	mu       sync.Mutex
	last     time.Time
	written  bool
}

const (
	redraw   = 200 * time.Millisecond // on a terminal
	interval = 10 * time.Second       // elsewhere
)

func (p program) progress(quiet bool) *progress {
	if quiet {
		return &progress{to: io.Discard, last: time.Now()}
	}
	return &progress{to: p.err, terminal: isTerminal(p.err), last: time.Now()}
}

func (g *progress) tell(now dql.Progress) {
	g.say(func() string {
		text := fmt.Sprintf("asking the stored data: %d requests", now.Requests)
		if now.Of > 0 {
			text += fmt.Sprintf(", %d%% of %d nodes", 100*now.Nodes/now.Of, now.Of)
		}
		if now.Pass > 1 {
			text += fmt.Sprintf(", pass %d", now.Pass)
		}
		return text
	})
}

// say writes a line when it is time for one.
func (g *progress) say(text func() string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := interval
	if g.terminal {
		wait = redraw
	}
	if time.Since(g.last) < wait {
		return
	}
	g.last = time.Now()
	if g.terminal {
		fmt.Fprintf(g.to, "\r\x1b[K%s", text())
		g.written = true
		return
	}
	fmt.Fprintln(g.to, "schemacheck: "+text())
}

// end takes the line away.
func (g *progress) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.written {
		fmt.Fprint(g.to, "\r\x1b[K")
	}
}
