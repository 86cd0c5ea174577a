package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphproc"
)

// serverProgram finds the Dgraph server: the one that is named, or the one on
// PATH.
func (p program) serverProgram(named string) (string, error) {
	if named != "" {
		path, err := exec.LookPath(p.path(named))
		if err != nil {
			return "", fmt.Errorf("--dgraph: %w", err)
		}
		return path, nil
	}
	path, err := exec.LookPath("dgraph")
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", errors.New("this needs a Dgraph server to start, and there is no dgraph on PATH: name one with --dgraph PATH. " +
			"Releases are at https://github.com/dgraph-io/dgraph/releases; from a checkout of schemacheck one is built with " +
			"go build -C testdata/dgraph -o dgraph github.com/dgraph-io/dgraph/v25/dgraph")
	}
	return path, err
}

// nowhere is an address where nobody listens: the throwaway server takes schemas
// with @lambda, and never gets to a lambda.
const nowhere = "http://127.0.0.1:9/"

// startThrowaway starts a server that is gone when it is stopped, when ctx ends, or
// when this process ends.
func startThrowaway(ctx context.Context, o dgraphproc.Options) (*dgraphproc.Cluster, error) {
	o.LambdaURL = nowhere
	c, err := dgraphproc.Start(ctx, o)
	if err != nil && ctx.Err() == nil && o.Dir == "" {
		c, err = dgraphproc.Start(ctx, o) // now and then Dgraph crashes at its start
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &problem{exitUnfinished, err}
	}
	return c, nil
}

// settingsOf is how a throwaway server is reached.
func settingsOf(c *dgraphproc.Cluster) dql.Config {
	first := c.Alphas()[0]
	s := dql.Config{Alphas: []string{first.GRPC}, HTTP: first.HTTP}
	if c.CA != "" {
		s.TLS = &dql.TLS{CACert: c.CA, NoSystemCA: true, ClientCert: c.ClientCert, ClientKey: c.ClientKey}
	}
	return s
}
