package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
)

const (
	// maxExcerpt is how many lines of a span are shown.
	maxExcerpt = 3
	// tabWidth is the distance of tab stops.
	tabWidth = 4
	// reach is how many code points on either side of a column are looked at:
	// more than fit into a line, and few enough for a schema in one line.
	reach = 500
)

// excerpt is source lines with their numbers, and a span in them.
type excerpt struct {
	lines  []string
	at     Location
	digits int  // columns of the line numbers
	width  int  // columns of the page
	mark   byte // the underline: '^' or '-'
	ink    *color.Color
	gutter *color.Color
}

// String draws a span in one line with marks under it, and one over several
// lines with a mark beside each: marks under each would double its height.
func (e excerpt) String() string {
	var b strings.Builder
	room := e.width - e.digits - len("   | ")
	row := func(number, bar, text string) {
		text = strings.TrimRight(fmt.Sprintf("%s %s", bar, text), " ")
		b.WriteString(paint(e.gutter, fmt.Sprintf("  %*s ", e.digits, number)) + text + "\n")
	}
	bar := paint(e.gutter, "|")
	if len(e.lines) == 1 {
		text := strings.TrimRight(e.lines[0], "\r\n")
		shown := Redact(text)
		from, to := e.span(text)
		if shown != text {
			from, to = aroundKey(shown, from, to)
		}
		source, before, under := clip(shown, from, to, room)
		row(strconv.Itoa(e.at.Line), bar, source)
		row("", bar, strings.Repeat(" ", before)+paint(e.ink, strings.Repeat(string(e.mark), under)))
		return b.String()
	}
	for i, text := range e.lines {
		if i == maxExcerpt {
			row("", bar, "…")
			break
		}
		source, _, _ := clip(Redact(strings.TrimRight(text, "\r\n")), 1, 2, room)
		row(strconv.Itoa(e.at.Line+i), paint(e.ink, ">"), source)
	}
	return b.String()
}

// aroundKey moves a span of a line to where it is once the key at the line's end
// is left out. One that reaches into the key ends with the line, so that it does
// not tell how long the key is.
func aroundKey(shown string, from, to int) (int, int) {
	hidden := utf8.RuneCountInString(shown[:strings.LastIndex(shown, redacted)]) + 1
	if to > hidden {
		to = utf8.RuneCountInString(shown) + 1
	}
	return min(from, hidden), to
}

// span is the first column to underline, and the one after the last. What goes
// on in lines that are not at hand is underlined to the end of the line.
func (e excerpt) span(text string) (from, to int) {
	to = utf8.RuneCountInString(text) + 1
	from = min(max(e.at.Column, 1), to)
	switch e.at.EndLine {
	case 0:
		to = from + 1
	case e.at.Line:
		to = e.at.EndColumn
	}
	return from, max(to, from+1)
}

// clip prepares one line for the screen: the source within width columns, and
// the columns of blanks and marks under it for the code points from..to (the
// first is 1, to is exclusive). A longer line is cut around the marks, with an
// ellipsis where something is missing.
func clip(text string, from, to, width int) (source string, before, under int) {
	text, skipped, more := near(text, from)
	line := expandTabs(cells(text))
	from, to = from-1-skipped, min(to-1-skipped, len(line))

	left, right := window(line, from, to, width, skipped > 0, more)
	cutLeft, cutRight := skipped > 0 || left > 0, more || right < len(line)
	var b strings.Builder
	if cutLeft {
		b.WriteString("…")
		before++
	}
	for i := left; i < right; i++ {
		b.WriteString(line[i].text)
		switch {
		case i < from:
			before += line[i].width
		case i < to:
			under += line[i].width
		}
	}
	if cutRight {
		b.WriteString("…")
	}
	return strings.TrimRight(b.String(), " "), before, max(under, 1)
}

// near keeps the code points within reach of column from, and says how many it
// left out before them, and whether there are more behind.
func near(text string, from int) (part string, skipped int, more bool) {
	start, column := 0, 1
	for i := range text {
		if column == from-reach {
			start, skipped = i, column-1
		}
		if column == from+reach {
			return text[start:i], skipped, true
		}
		column++
	}
	return text[start:], skipped, false
}

// expandTabs turns the escapes of tabs into blanks up to the next tab stop.
func expandTabs(line []cell) []cell {
	column := 0
	for i := range line {
		if line[i].text == `\t` {
			n := tabWidth - column%tabWidth
			line[i] = cell{strings.Repeat(" ", n), n}
		}
		column += line[i].width
	}
	return line
}

// window chooses the cells left..right to show in width columns: all of them
// if they fit, else the line's start if the marks are in it, else what is
// around the marks, with a third of the room before them. moreLeft and
// moreRight say that cells are missing already.
func window(line []cell, from, to, width int, moreLeft, moreRight bool) (left, right int) {
	starts := make([]int, len(line)+1)
	for i, c := range line {
		starts[i+1] = starts[i] + c.width
	}
	end := func(left int) int {
		room := width
		if moreLeft || left > 0 {
			room--
		}
		if !moreRight && starts[len(line)]-starts[left] <= room {
			return len(line)
		}
		// The last cell that leaves a column for the ellipsis.
		n, _ := slices.BinarySearch(starts, starts[left]+room)
		for n > left && (n > len(line) || starts[n]-starts[left] > room-1) {
			n--
		}
		return n
	}
	if right = end(0); right >= max(to, from+1) || right == len(line) {
		return 0, right
	}
	for left < from && starts[from]-starts[left] > width/3 {
		left++
	}
	// Pull the window back as far as its end stays at the end of the line, so
	// that room on the right is not wasted.
	for left > 0 && !moreRight && starts[len(line)]-starts[left-1] <= width-1 {
		left--
	}
	for left < len(line) && line[left].width == 0 {
		left++
	}
	return left, end(left)
}
