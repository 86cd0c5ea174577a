//go:build race

package sdl

// slack is how much longer everything takes with the race detector.
const slack = 10
