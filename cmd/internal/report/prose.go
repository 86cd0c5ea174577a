package report

import (
	"strings"

	"github.com/fatih/color"
)

// word is a piece of text that is never broken, with its colour (nil for
// none). It may hold blanks, as a file name does.
type word struct {
	text string
	ink  *color.Color
}

// prose splits text into words, escaped, all in one colour.
func prose(text string, ink *color.Color) []word {
	fields := strings.Fields(Escape(text))
	words := make([]word, len(fields))
	for i, f := range fields {
		words[i] = word{f, ink}
	}
	return words
}

// wrap lays words out in lines of at most width columns. The first line begins
// with first, which takes indent columns; the others with as many blanks. A
// word that is wider than a whole line gets one of its own and overflows.
func wrap(first string, indent, width int, words []word) string {
	var b strings.Builder
	b.WriteString(first)
	column, fresh := indent, true
	for _, w := range words {
		n := displayWidth(w.text)
		if !fresh && column+1+n > width {
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column, fresh = indent, true
		}
		if !fresh {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(paint(w.ink, w.text))
		column, fresh = column+n, false
	}
	b.WriteByte('\n')
	return b.String()
}

// palette gives each role its colour. Its colours belong to one writer: the
// library's global switch looks at standard output only.
type palette struct {
	fail, warn, note     *color.Color // the severities
	strong, faint, label *color.Color
	before               *color.Color // what belongs to the old schema
	good                 *color.Color
}

func newPalette(on bool) palette {
	ink := func(attributes ...color.Attribute) *color.Color {
		c := color.New(attributes...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c
	}
	return palette{
		fail:   ink(color.FgRed, color.Bold),
		warn:   ink(color.FgYellow, color.Bold),
		note:   ink(color.FgCyan, color.Bold),
		strong: ink(color.Bold),
		faint:  ink(color.Faint),
		label:  ink(color.FgCyan),
		before: ink(color.FgBlue),
		good:   ink(color.FgGreen),
	}
}

func (p palette) of(s Severity) *color.Color {
	switch s {
	case Error:
		return p.fail
	case Warning:
		return p.warn
	}
	return p.note
}

// risk is the colour of a fix's risk.
func (p palette) risk(risk string) *color.Color {
	switch risk {
	case "safe":
		return p.good
	case "destructive":
		return p.fail
	}
	return p.warn
}

func paint(ink *color.Color, text string) string {
	if ink == nil || text == "" {
		return text
	}
	return ink.Sprint(text)
}
