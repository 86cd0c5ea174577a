package operations

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// Comment is a comment of a document that is an instruction for this program; see [sdl.Comment.Instruction].
type Comment struct {
	sdl.Comment
	// Document is the one that it is in. It stands on what begins at the bytes from Start to End of its text: on its own line
	// where something stands before it, else on the next line that is no comment, if that follows directly. Of a fragment
	// that begins there all is meant.
	Document   *Document
	Start, End int
}

// On reports whether the comment stands on a byte of a document.
func (c *Comment) On(d *Document, at int) bool { return d == c.Document && c.Start <= at && at < c.End }

// Comments are those in the documents that could be read, in the order of these.
func (f *Found) Comments() []Comment {
	var all []Comment
	seen := map[*Document]bool{}
	ends := map[*Document][]Range{}
	for _, one := range f.Fragments {
		if strings.Contains(one.Document.Text, "#") {
			ends[one.Document] = append(ends[one.Document], Range{one.Start, one.End})
		}
	}
	add := func(d *Document) {
		if !seen[d] {
			seen[d] = true
			all = append(all, d.comments(ends[d])...)
		}
	}
	for _, o := range f.Operations {
		add(o.Document)
	}
	for _, one := range f.Fragments {
		add(one.Document)
	}
	return all
}

// comments are those of a document with fragments at some of its bytes.
func (d *Document) comments(fragments []Range) []Comment {
	var all []Comment
	text := d.Text
	if !strings.Contains(text, "#") {
		return nil // most of them
	}
	for at := 0; ; {
		hash := nextComment(text, at)
		if hash < 0 {
			return all
		}
		end := lineEnd(text, hash)
		at = end
		c := Comment{Document: d}
		c.Text = text[hash:end]
		if _, _, ok := c.Instruction(); !ok {
			continue
		}
		c.Span, _ = d.Span(hash, end)
		if c.Span.Start == c.Span.End { // it is not written out in one piece
			c.Span, _ = d.Span(hash, hash)
		}
		c.Start = 1 + strings.LastIndexAny(text[:hash], "\r\n")
		c.End = end
		if skipIgnored(text[:hash], c.Start) == hash {
			c.Start, c.End = lineBelow(text, end)
		}
		for _, f := range fragments {
			if c.Start <= f.Start && f.Start < c.End {
				c.End = max(c.End, f.End)
			}
		}
		all = append(all, c)
	}
}

// nextComment is where the next comment begins, or -1.
func nextComment(text string, at int) int {
	for at < len(text) {
		if text[at] == '#' {
			return at
		}
		if next := skipBlanks(text, at); next > at {
			at = next
			continue
		}
		at = tokenEnd(text, at)
	}
	return -1
}

// skipBlanks is the first byte from at on that is none that GraphQL ignores, comments left aside.
func skipBlanks(text string, at int) int {
	for at < len(text) {
		switch {
		case strings.IndexByte(" \t,\r\n", text[at]) >= 0:
			at++
		case strings.HasPrefix(text[at:], mark):
			at += len(mark)
		default:
			return at
		}
	}
	return at
}

// lineEnd is where the line ends that has a byte.
func lineEnd(text string, at int) int {
	if n := strings.IndexAny(text[at:], "\r\n"); n >= 0 {
		return at + n
	}
	return len(text)
}

// lineBelow is the next line that is no comment, after one that ends at a byte; it is empty where an empty one comes first.
func lineBelow(text string, end int) (from, to int) {
	for end < len(text) {
		from = end + 1
		if strings.HasPrefix(text[end:], "\r\n") {
			from++
		}
		end = lineEnd(text, from)
		switch line := strings.Trim(text[from:end], " \t,"); {
		case line == "":
			return from, from
		case line[0] != '#':
			return from, end
		}
	}
	return end, end
}
