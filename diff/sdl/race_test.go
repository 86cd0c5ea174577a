//go:build race

package sdl

// slower is how much more time a bound allows: the race detector slows the
// code down several times.
const slower = 10
