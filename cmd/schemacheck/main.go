// Command schemacheck says what a change of a Dgraph GraphQL schema does to
// clients, storage and stored data.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // the second signal ends the process at once
	}()
	p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv}
	os.Exit(int(p.run(ctx, os.Args[1:])))
}
