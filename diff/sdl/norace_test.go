//go:build !race

package sdl

// slower is how much more time a bound allows than without the race detector.
const slower = 1
