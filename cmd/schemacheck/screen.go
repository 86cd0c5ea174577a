package main

import (
	"io"

	"github.com/vbauerster/cupwriter"
)

// screen is a place on a terminal where lines are written over those before.
type screen struct{ *cupwriter.Writer }

func newScreen(w io.Writer) screen { return screen{cupwriter.New(w, false)} }

// GetTermSize is the size of the terminal, in columns and lines; of one that does
// not say it, the usual one.
func (s screen) GetTermSize() (width, height int, err error) {
	if width, height, err = s.Writer.GetTermSize(); err == nil && (width <= 0 || height <= 0) {
		return 80, 24, nil
	}
	return width, height, err
}
