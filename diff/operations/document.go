package operations

import "github.com/schemacheck/schemacheck/diff/sdl"

// Document is a GraphQL document of operations and fragments. It is a file, or a part of one: text in a program or an
// entry of a manifest. It is immutable.
type Document struct {
	// File is the file that the document stands in.
	File *sdl.File
	// Text is the document as GraphQL has it. Where the host has escapes or interpolations, these are not the bytes
	// of the file.
	Text string

	pieces []piece
}

// piece is a part of a document whose bytes stand in the file as they are.
type piece struct {
	start, end int // in Text
	at         int // of start, in the file
}

// Whole is the document that a file of GraphQL is.
func Whole(f *sdl.File) *Document {
	return &Document{File: f, Text: f.Text, pieces: []piece{{0, len(f.Text), 0}}}
}

// Span is the place of the bytes from start to end of d.Text in its file. It is exact, so that what stands there can be
// replaced, when these bytes stand in the file as they are; else it is the nearest place that people can be shown.
func (d *Document) Span(start, end int) (at sdl.Span, exact bool) {
	for _, p := range d.pieces {
		if p.start <= start && end <= p.end {
			return d.place(p.at+start-p.start, p.at+end-p.start), true
		}
	}
	nearest := 0
	for _, p := range d.pieces {
		if p.start <= start {
			nearest = p.at + min(start, p.end) - p.start
		}
	}
	return d.place(nearest, nearest), false
}

func (d *Document) place(start, end int) sdl.Span {
	return sdl.Span{File: d.File, Start: int32(start), End: int32(end)}
}
