package operations

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Document is a GraphQL document of operations and fragments. It is a file, or a part of one: text in a program or an
// entry of a manifest. It is immutable.
type Document struct {
	// File is the file that the document stands in.
	File *sdl.File
	// Text is the document as GraphQL has it. Where the host has escapes or interpolations, these are not the bytes
	// of the file.
	Text string

	at     int     // where it begins in the file
	pieces []piece // in the order of Text
	source *ast.Source
	// alone is a document that has all fragments that it uses and gives none to others.
	alone bool
	// loose is a document that is one only by its looks.
	loose bool
	// prefers are the documents that the host puts into this one.
	prefers []*Document
	// holes are the interpolations that say nothing here; unknown is the first that stands where they should.
	holes   []hole
	unknown *hole
}

// piece is a part of a document whose bytes stand in a file as they are.
type piece struct {
	start, end int       // in Text
	at         int       // of start, in the file
	file       *sdl.File // nil for the document's own
}

// Whole is the document that a file of GraphQL is.
func Whole(f *sdl.File) *Document {
	return &Document{File: f, Text: f.Text, pieces: []piece{{0, len(f.Text), 0, nil}}}
}

// Span is the place of the bytes from start to end of d.Text in its file, or in that of a string that a program puts into it.
// It is exact, so that what stands there can be replaced, when these bytes stand in the file as they are; else it is the
// nearest place that people can be shown.
func (d *Document) Span(start, end int) (at sdl.Span, exact bool) {
	// The last piece that begins at start or before it.
	i, found := slices.BinarySearchFunc(d.pieces, start, func(p piece, start int) int { return p.start - start })
	if !found {
		i--
	}
	if i < 0 {
		return d.place(d.at, d.at), false
	}
	p := d.pieces[i]
	if end <= p.end {
		return p.place(d, p.at+start-p.start, p.at+end-p.start), true
	}
	nearest := p.at + min(start, p.end) - p.start
	return p.place(d, nearest, nearest), false
}

func (p *piece) place(d *Document, start, end int) sdl.Span {
	at := d.place(start, end)
	if p.file != nil {
		at.File = p.file
	}
	return at
}

func (d *Document) place(start, end int) sdl.Span {
	return sdl.Span{File: d.File, Start: int32(start), End: int32(end)}
}
