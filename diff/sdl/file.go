package sdl

import (
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// File is one source text. It is immutable.
type File struct {
	// Name is what reports call the file: a path with "/" relative to the
	// working directory, "<stdin>", or "dgraph://host:port".
	Name string
	// Ref is the git ref that the text was read at, or empty.
	Ref string
	// Path is where the file can be written, or empty when it cannot: standard
	// input, git and live servers.
	Path string
	// Text is the content, byte for byte.
	Text string

	// The rest is made by lineStarts.
	once  sync.Once
	lines []int // byte offset of each line's first byte
	inner []int // bytes that only continue a code point, before each block of the text
}

// mark is the byte order mark, which Dgraph ignores.
const mark = "\ufeff"

// block is the number of bytes for which inner is kept: columns cost the same
// in a text of one endless line.
const block = 1 << 10

// lineStarts are the lines; the first one begins after a byte order mark, which
// no editor shows.
func (f *File) lineStarts() []int {
	f.once.Do(func() {
		first := 0
		if strings.HasPrefix(f.Text, mark) {
			first = len(mark)
		}
		for start := 0; start <= len(f.Text); start += block {
			f.inner = append(f.inner, f.innerBefore(start))
		}
		f.lines = append(f.lines, first)
		for i := first; i < len(f.Text); i++ {
			switch f.Text[i] {
			case '\r':
				if i+1 < len(f.Text) && f.Text[i+1] == '\n' {
					i++
				}
				f.lines = append(f.lines, i+1)
			case '\n':
				f.lines = append(f.lines, i+1)
			}
		}
	})
	return f.lines
}

// innerBefore counts the bytes before at that only continue a code point. It
// needs the block that at is in, or the one before when at is its start.
func (f *File) innerBefore(at int) int {
	k, n := min(at/block, len(f.inner)-1), 0
	if k >= 0 {
		n = f.inner[k]
	}
	for _, c := range []byte(f.Text[max(k, 0)*block : at]) {
		if !utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// Span is a half-open range of bytes in a file. The zero Span is nowhere.
type Span struct {
	File       *File
	Start, End int32 // byte offsets
}

// IsZero reports whether s is nowhere.
func (s Span) IsZero() bool { return s.File == nil }

// Text is the bytes of s.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	return s.File.Text[s.Start:s.End]
}

// To is the span from the start of s to the end of t, in the same file.
func (s Span) To(t Span) Span { return Span{s.File, s.Start, t.End} }

// Position is a place for people: 1-based, columns count Unicode code points.
type Position struct{ Line, Column int }

// Position is the place of the byte at offset. LF, CRLF and a lone CR each end
// a line, as in the GraphQL specification. An offset past the end is the end.
func (f *File) Position(offset int32) Position {
	lines := f.lineStarts()
	at := max(min(int(offset), len(f.Text)), lines[0])
	n := sort.Search(len(lines), func(i int) bool { return lines[i] > at }) - 1
	if at-lines[n] <= block {
		return Position{n + 1, utf8.RuneCountInString(f.Text[lines[n]:at]) + 1}
	}
	return Position{n + 1, at - lines[n] - (f.innerBefore(at) - f.innerBefore(lines[n])) + 1}
}

// Line is the text of the 1-based line without its line ending, and "" for a
// line that does not exist.
func (f *File) Line(line int) string {
	lines := f.lineStarts()
	if line < 1 || line > len(lines) {
		return ""
	}
	end := len(f.Text)
	if line < len(lines) {
		end = lines[line]
	}
	return strings.TrimRight(f.Text[lines[line-1]:end], "\r\n")
}

// Rest is the line from a place in it to its end, without its line ending. It is
// empty for a place past the end of its line or of the file.
func (f *File) Rest(at Position) Span {
	lines := f.lineStarts()
	n := max(1, min(at.Line, len(lines)))
	start := lines[n-1]
	end := start + len(f.Line(n))
	for column := 1; start < end && (column < at.Column || n < at.Line); column++ {
		_, size := utf8.DecodeRuneInString(f.Text[start:end])
		start += size
	}
	return Span{f, int32(start), int32(end)}
}

// Begin is the place of the first byte of s.
func (s Span) Begin() Position { return s.File.Position(s.Start) }

// Finish is the place after the last byte of s.
func (s Span) Finish() Position { return s.File.Position(s.End) }
