package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/dgo/v230/protos/api"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/clone"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestLiveScripts runs the program against a real Dgraph: every file of
// testdata/live is a session that begins with an empty server, at $ALPHA with
// its HTTP side at $HTTP; the server program is $DGRAPH. The commands of our own are those of TestScripts and
//
//	reset         the server is emptied
//	serve FILE    the server gets the GraphQL schema of that file
//	add FILE      the GraphQL mutation of that file adds data
//	store FILE    the N-Quads of that file are stored
//	alter FILE    the DQL schema of that file is applied
//	sums          checksums of all that the server holds, and its schemas, are written to stdout
//	meanwhile FILE  the N-Quads of that file are stored again and again, until meanwhile without FILE
//	ask QUERY     the answer to a GraphQL query is written to stdout
func TestLiveScripts(t *testing.T) {
	d := dgraphtest.Server(t)
	p := scripts(t, "testdata/live")
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("ALPHA", d.GRPC)
		e.Setenv("HTTP", d.HTTP)
		e.Setenv("DGRAPH", dgraphtest.Binary(t))
		return setup(e)
	}
	serverCommands(t, p, d)
	files, err := os.ReadDir("testdata/live")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files { // one after the other: they share the server
		p.Dir, p.Files = "", []string{"testdata/live/" + f.Name()}
		t.Run(f.Name(), func(t *testing.T) {
			d.DropAll(t)
			testscript.Run(t, p)
		})
	}
}

// serverCommands are those that change what a server holds.
func serverCommands(t *testing.T, p testscript.Params, d *dgraphtest.Dgraph) {
	p.Cmds["reset"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) > 0 {
			ts.Fatalf("usage: reset")
		}
		d.DropAll(t)
	}
	p.Cmds["serve"] = onFile(func(ts *testscript.TestScript, text string) {
		if result := d.ApplySchema(t, text); result.Refused {
			ts.Logf("the schema is refused: %s", result.Message)
		}
	})
	p.Cmds["add"] = onFile(func(ts *testscript.TestScript, text string) {
		if answer := d.GraphQL(t, text, nil); len(answer.Errors) > 0 {
			ts.Fatalf("adding data: %v", answer.Errors)
		}
	})
	p.Cmds["ask"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: ask QUERY")
		}
		answer := d.GraphQL(t, args[0], nil)
		fmt.Fprintf(ts.Stdout(), "%s\n", answer.Data)
		for _, e := range answer.Errors {
			fmt.Fprintf(ts.Stdout(), "error: %s\n", e)
		}
	}
	p.Cmds["sums"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) > 0 {
			ts.Fatalf("usage: sums")
		}
		c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{d.GRPC}, ReadOnly: true})
		ts.Check(err)
		defer c.Close()
		stored, err := c.Stored(t.Context())
		ts.Check(err)
		all, err := clone.Sums(t.Context(), c, stored, true)
		ts.Check(err)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(ts.Stdout(), "%s %v\n", name, all[name])
		}
		fmt.Fprintf(ts.Stdout(), "%s\n%s\n", d.StoredSchema(t), d.ServedSchema(t))
	}
	p.Cmds["store"] = onFile(func(_ *testscript.TestScript, text string) { d.Mutate(t, text) })
	p.Cmds["meanwhile"] = meanwhile(t, d)
	p.Cmds["alter"] = onFile(func(_ *testscript.TestScript, text string) { d.Alter(t, text) })
}

// onFile is a command with the text of a file.
func onFile(do func(*testscript.TestScript, string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: COMMAND FILE")
		}
		do(ts, ts.ReadFile(args[0]))
	}
}

// meanwhile is the command for somebody who writes all the time.
func meanwhile(t *testing.T, d *dgraphtest.Dgraph) func(*testscript.TestScript, bool, []string) {
	stop := func() {}
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) > 1 {
			ts.Fatalf("usage: meanwhile [FILE]")
		}
		stop()
		if len(args) == 0 {
			stop = func() {}
			return
		}
		text := []byte(ts.ReadFile(args[0]))
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			for ctx.Err() == nil {
				// Now and then Dgraph takes nothing, while its schema is altered.
				_, _ = d.Client().NewTxn().Mutate(ctx, &api.Mutation{SetNquads: text, CommitNow: true})
				time.Sleep(20 * time.Millisecond)
			}
		})
		stop = func() { cancel(); group.Wait() }
		ts.Defer(stop)
	}
}
