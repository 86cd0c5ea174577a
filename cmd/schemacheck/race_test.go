//go:build race

package main

// slower is how much more time a bound allows: the race detector slows the
// code down several times.
const slower = 10
