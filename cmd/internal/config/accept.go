package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// ErrByHand says that a configuration is written in a way that is not edited.
var ErrByHand = errors.New("it is written in a way that is not edited here")

// Accepted is an acceptance to be written.
type Accepted struct {
	Acceptance // Line and Column do not count
	// About is what its finding is called, for a comment; one line, or empty.
	About string
}

// Accept is the text of a configuration with more acceptances. Of those that are
// there already it changes the reason and, where one is given, the day. No other byte
// changes. File names the text in errors, and rules are the ids of all rules, as for
// Parse. The text has to be right before, and is afterwards, with the same meaning but
// for that; where this cannot be had, the error wraps ErrByHand.
func Accept(file string, text []byte, entries []Accepted, rules []string) ([]byte, error) {
	before, err := Parse(file, text, rules)
	if err != nil {
		return nil, err
	}
	edited := string(text)
	for _, e := range entries {
		if err := e.wrong(); err != nil {
			return nil, err
		}
		next, err := accept(edited, e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		edited = next
	}
	after, err := Parse(file, []byte(edited), rules)
	if err != nil || !reflect.DeepEqual(meaning(before, entries), meaning(after, nil)) {
		return nil, fmt.Errorf("%s: %w", file, ErrByHand)
	}
	return []byte(edited), nil
}

// Snippet is how acceptances are written, for people who do it by hand.
func Snippet(entries []Accepted) string {
	text := "accept:\n"
	for _, e := range entries {
		text += e.block("  ", "\n")
	}
	return text
}

// wrong says what keeps an acceptance from being written.
func (e Accepted) wrong() error {
	switch {
	case !fingerprint.MatchString(e.Fingerprint):
		return fmt.Errorf("%s is not a fingerprint: 64 of the signs 0-9 and a-f", quoted(e.Fingerprint))
	case strings.TrimSpace(e.Reason) == "":
		return errors.New("the reason is empty: say why this finding is accepted")
	case !utf8.ValidString(e.Reason) || printable(e.Reason) != e.Reason:
		return errors.New("the reason has a sign in it that cannot be printed")
	}
	return nil
}

// meaning is what a configuration says, with entries accepted, without places.
func meaning(c *Config, entries []Accepted) Config {
	plain := *c
	plain.Text = ""
	plain.Renames = slices.Clone(c.Renames)
	for i := range plain.Renames {
		plain.Renames[i].Line, plain.Renames[i].Column = 0, 0
	}
	said := map[string]Acceptance{}
	for _, a := range c.Accept {
		a.Line, a.Column = 0, 0
		said[a.Fingerprint] = a
	}
	for _, e := range entries {
		a, ok := said[e.Fingerprint]
		if !ok {
			a = Acceptance{Fingerprint: e.Fingerprint, Rule: e.Rule}
		}
		a.Reason = e.Reason
		if !e.Until.IsZero() {
			a.Until = e.Until
		}
		said[e.Fingerprint] = a
	}
	plain.Accept = nil
	for _, a := range said {
		plain.Accept = append(plain.Accept, a)
	}
	slices.SortFunc(plain.Accept, func(a, b Acceptance) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
	return plain
}

// block is an entry of a list in block style, each line after an indentation.
func (e Accepted) block(indent, end string) string {
	text := indent + "- fingerprint: " + e.Fingerprint
	if about := strings.TrimSpace(printable(e.About)); about != "" {
		text += " # " + about
	}
	text += end
	for _, line := range e.lines() {
		text += indent + "  " + line + end
	}
	return text
}

// flow is an entry in flow style.
func (e Accepted) flow() string {
	return "{fingerprint: " + e.Fingerprint + ", " + strings.Join(e.lines(), ", ") + "}"
}

// lines are the keys of an entry after the first one.
func (e Accepted) lines() []string {
	var all []string
	if e.Rule != "" {
		all = append(all, "rule: "+e.Rule)
	}
	all = append(all, "reason: "+inYAML(e.Reason))
	if !e.Until.IsZero() {
		all = append(all, "until: "+e.Until.Format(time.DateOnly))
	}
	return all
}

var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*( [A-Za-z0-9()'._/+=-]*[A-Za-z0-9()'._/+=])*$`)

// notText are words that are no text for one reader of YAML or another.
var notText = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// inYAML writes text as a value, in block style or in flow style.
func inYAML(text string) string {
	if plainText.MatchString(text) && !slices.Contains(notText, strings.ToLower(text)) {
		return text
	}
	var b strings.Builder
	enc := json.NewEncoder(&b) // which YAML reads, too
	enc.SetEscapeHTML(false)
	if enc.Encode(text) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// page is the text of a configuration, by lines.
type page struct {
	text string
	// starts are the bytes at which lines begin; the last one is the end of the text.
	starts []int
	end    string // the line ending
}

func pageOf(text string) page {
	p := page{text: text, end: "\n"}
	at := 0
	if strings.HasPrefix(text, "\ufeff") {
		at = len("\ufeff")
	}
	p.starts = append(p.starts, at)
	for ; at < len(text); at++ {
		switch {
		case text[at] == '\n':
			p.starts = append(p.starts, at+1)
			if at > 0 && text[at-1] == '\r' && len(p.starts) == 2 {
				p.end = "\r\n"
			}
		case text[at] == '\r' && (at+1 == len(text) || text[at+1] != '\n'):
			p.starts = append(p.starts, at+1)
		}
	}
	if p.starts[len(p.starts)-1] != len(text) {
		p.starts = append(p.starts, len(text))
	}
	return p
}

// lines is the number of lines.
func (p page) lines() int { return len(p.starts) - 1 }

// line is the 1-based line without its ending.
func (p page) line(n int) string { return strings.TrimRight(p.text[p.starts[n-1]:p.starts[n]], "\r\n") }

// at is the byte at which a token begins, and false where that is nowhere.
func (p page) at(t *token.Token) (int, bool) {
	if t == nil || t.Position == nil || t.Position.Line < 1 || t.Position.Line > p.lines() {
		return 0, false
	}
	line := p.line(t.Position.Line)
	byColumn := 0
	for range t.Position.Column - 1 {
		_, size := utf8.DecodeRuneInString(line[byColumn:])
		byColumn += size
	}
	return p.starts[t.Position.Line-1] + byColumn, byColumn <= len(line)
}

// replace is the text with other text between two bytes.
func (p page) replace(from, to int, with string) string { return p.text[:from] + with + p.text[to:] }

// insert is the text with whole lines before the 1-based line n.
func (p page) insert(n int, lines string) string {
	at := p.starts[n-1]
	if n > p.lines() && at > 0 && !strings.HasSuffix(p.text, "\n") && !strings.HasSuffix(p.text, "\r") && len(strings.TrimPrefix(p.text, "\ufeff")) > 0 {
		lines = p.end + lines
	}
	return p.replace(at, at, lines)
}

// indent is the number of blanks that a line begins with.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func comment(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") }

// accept writes one acceptance into the text of a configuration.
func accept(text string, e Accepted) (string, error) {
	p := pageOf(text)
	r := &reader{anchors: map[string]ast.Node{}}
	top := r.document(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff")))
	if len(r.problem) > 0 {
		return "", ErrByHand
	}
	if top == nil {
		return p.insert(p.last(), "accept:"+p.end+e.block("  ", p.end)), nil
	}
	m, ok := top.(*ast.MappingNode)
	if !ok || m.IsFlowStyle || len(m.Values) == 0 {
		return "", ErrByHand
	}
	margin := strings.Repeat(" ", max(0, m.Values[0].Key.GetToken().Position.Column-1))
	here := slices.IndexFunc(m.Values, func(v *ast.MappingValueNode) bool { return v.Key.GetToken().Value == "accept" })
	if here < 0 {
		return p.insert(p.last(), margin+"accept:"+p.end+e.block(margin+"  ", p.end)), nil
	}
	key := m.Values[here].Key.GetToken()
	switch value := m.Values[here].Value.(type) {
	case *ast.NullNode:
		return p.fill(key, value.Token, "null", "Null", "NULL", "~")(margin, e)
	case *ast.SequenceNode:
		for _, item := range value.Values {
			if entry, ok := item.(*ast.MappingNode); ok && textOf(entry, "fingerprint") == e.Fingerprint {
				return p.update(entry, e)
			}
		}
		switch {
		case value.IsFlowStyle && len(value.Values) == 0:
			return p.fill(key, value.Start, "[]", "[ ]")(margin, e)
		case value.IsFlowStyle:
			at, ok := p.at(value.End)
			if !ok || p.text[at] != ']' {
				return "", ErrByHand
			}
			begin, separator := at, ", "
			for begin > 0 && strings.ContainsRune(" \t\r\n", rune(p.text[begin-1])) {
				begin--
			}
			if value.End.Prev != nil && value.End.Prev.Type == token.CollectEntryType {
				separator = " "
			}
			return p.replace(begin, begin, separator+e.flow()), nil
		}
		return p.append(m, here, value, e)
	}
	return "", ErrByHand
}

// fill gives a key whose value is one of the words, or nothing, a list of one entry.
func (p page) fill(key, value *token.Token, words ...string) func(margin string, e Accepted) (string, error) {
	return func(margin string, e Accepted) (string, error) {
		text := p.text
		if at, ok := p.at(value); ok && value.Position.Line == key.Position.Line {
			for _, word := range words {
				if strings.HasPrefix(text[at:], word) {
					from := at
					for from > 0 && text[from-1] == ' ' {
						from--
					}
					text = p.replace(from, at+len(word), "")
					break
				}
			}
		}
		return pageOf(text).insert(key.Position.Line+1, e.block(margin+"  ", p.end)), nil
	}
}

// append writes an entry after the last one of a list in block style.
func (p page) append(m *ast.MappingNode, here int, list *ast.SequenceNode, e Accepted) (string, error) {
	dash := list.Start
	if len(list.Entries) > 0 && list.Entries[0].Start != nil {
		dash = list.Entries[0].Start
	}
	at, ok := p.at(dash)
	if !ok || p.text[at] != '-' {
		return "", ErrByHand
	}
	margin := strings.Repeat(" ", dash.Position.Column-1)
	if first := p.line(dash.Position.Line); strings.TrimLeft(first, " ") != first[len(margin):] {
		return "", ErrByHand // the list begins beside its key
	}
	// Comments and blank lines that lead to what follows stay with it.
	next := p.last()
	for _, v := range m.Values {
		if line := v.Key.GetToken().Position.Line; line > dash.Position.Line {
			next = min(next, line)
		}
	}
	for next > dash.Position.Line+1 {
		line := p.line(next - 1)
		if strings.TrimSpace(line) != "" && !(comment(line) && (indent(line) < len(margin) || len(margin) == 0 && indent(line) == 0)) {
			break
		}
		next--
	}
	return p.insert(next, e.block(margin, p.end)), nil
}

// last is the line before which more can be written at the end of the document.
func (p page) last() int {
	begun := false
	for n := 1; n <= p.lines(); n++ {
		line := p.line(n)
		mark := strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...")
		if mark && begun {
			return n
		}
		begun = begun || strings.TrimSpace(line) != "" && !comment(line)
	}
	return p.lines() + 1
}

// textOf is the text at a key of an entry, or empty.
func textOf(entry *ast.MappingNode, key string) string {
	for _, v := range entry.Values {
		if s, ok := v.Value.(*ast.StringNode); ok && v.Key.GetToken().Value == key {
			return s.Value
		}
	}
	return ""
}

// update gives an entry that is there another reason and, where there is one, another
// day.
func (p page) update(entry *ast.MappingNode, e Accepted) (string, error) {
	type edit struct {
		from, to int
		with     string
	}
	var edits []edit
	day := e.Until.Format(time.DateOnly)
	dated := e.Until.IsZero()
	var reasonEnd, reasonColumn int
	for _, v := range entry.Values {
		name := v.Key.GetToken().Value
		if name != "reason" && (name != "until" || dated) {
			continue
		}
		from, to, ok := p.value(v, entry.IsFlowStyle)
		if !ok {
			return "", ErrByHand
		}
		with := inYAML(e.Reason)
		if name == "until" {
			with, dated = day, true
		} else {
			reasonEnd, reasonColumn = to, v.Key.GetToken().Position.Column
		}
		if p.text[from-1] == ':' {
			with = " " + with
		}
		edits = append(edits, edit{from, to, with})
	}
	if !dated {
		switch {
		case reasonEnd == 0:
			return "", ErrByHand
		case entry.IsFlowStyle:
			edits = append(edits, edit{reasonEnd, reasonEnd, ", until: " + day})
		default:
			// After the line that the reason ends in, with its comment.
			at := reasonEnd
			for at < len(p.text) && p.text[at] != '\n' && p.text[at] != '\r' {
				at++
			}
			edits = append(edits, edit{at, at, p.end + strings.Repeat(" ", reasonColumn-1) + "until: " + day})
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return b.from - a.from })
	text := p.text
	for _, x := range edits {
		text = text[:x.from] + x.with + text[x.to:]
	}
	return text, nil
}

// value is where the value of a key begins and ends, and false where it is written in
// a way that is not edited.
func (p page) value(v *ast.MappingValueNode, flow bool) (from, to int, ok bool) {
	t := v.Value.GetToken()
	switch value := v.Value.(type) {
	case *ast.NullNode:
		if t, ok = v.Start, true; t == nil {
			return 0, 0, false
		}
		at, ok := p.at(t)
		return at + 1, at + 1, ok && p.text[at] == ':'
	case *ast.LiteralNode:
		t = value.Start
	case *ast.StringNode:
	default:
		return 0, 0, false
	}
	if from, ok = p.at(t); !ok || from >= len(p.text) {
		return 0, 0, false
	}
	switch p.text[from] {
	case '"':
		for to = from + 1; to < len(p.text) && p.text[to] != '"'; to++ {
			if p.text[to] == '\\' {
				to++
			}
		}
		return from, to + 1, to < len(p.text)
	case '\'':
		for to = from + 1; to < len(p.text); to++ {
			if p.text[to] == '\'' {
				if to+1 < len(p.text) && p.text[to+1] == '\'' {
					to++
					continue
				}
				return from, to + 1, true
			}
		}
		return 0, 0, false
	case '|', '>':
		// All lines that are further in than the key, up to the last one with text.
		inner := v.Key.GetToken().Position.Column
		to = p.starts[t.Position.Line-1] + len(p.line(t.Position.Line))
		for n := t.Position.Line + 1; n <= p.lines(); n++ {
			line := p.line(n)
			if strings.TrimSpace(line) == "" {
				continue
			}
			if indent(line) < inner {
				break
			}
			to = p.starts[n-1] + len(line)
		}
		return from, to, true
	}
	for to = from; to < len(p.text) && p.text[to] != '\n' && p.text[to] != '\r'; to++ {
		if flow && strings.ContainsRune(",}]", rune(p.text[to])) || p.text[to] == '#' && (p.text[to-1] == ' ' || p.text[to-1] == '\t') {
			break
		}
	}
	return from, from + len(strings.TrimRight(p.text[from:to], " \t")), true
}
