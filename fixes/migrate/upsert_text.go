package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// pattern is an N-Quad with variables.
type pattern struct {
	line      string
	subject   string // uid(subject)
	predicate string
	// One of these is the object.
	value      string // val(value)
	node       string // uid(node)
	uid        uint64
	literal    string
	everything bool // *
	lang       string
}

func (p *pattern) variables() []string {
	all := []string{p.subject}
	if p.value != "" {
		all = append(all, p.value)
	}
	if p.node != "" {
		all = append(all, p.node)
	}
	return all
}

// nquad takes a line apart: the object is what is left.
var nquad = regexp.MustCompile(`^uid\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*\)\s+(?:<([^<>"{}|^` + "`" + `\\\x00-\x20]+)>|(\*))\s+(.+?)\s*\.$`)

var (
	valueOf   = regexp.MustCompile(`^val\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*\)$`)
	nodeOf    = regexp.MustCompile(`^uid\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*\)$`)
	uidLine   = regexp.MustCompile(`^<(0x[0-9a-fA-F]{1,16})>$`)
	literalOf = regexp.MustCompile(`^("(?:[^"\\\n]|\\.)*")(?:@([A-Za-z]+(?:-[A-Za-z0-9]+)*))?$`)
)

// patternsOf reads N-Quads, one a line.
func patternsOf(text string) ([]pattern, error) {
	var all []pattern
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		p, err := patternOf(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", brief(line), err)
		}
		all = append(all, p)
	}
	return all, nil
}

func patternOf(line string) (pattern, error) {
	p := pattern{line: line}
	m := nquad.FindStringSubmatch(line)
	switch {
	case strings.HasPrefix(line, "_:"):
		return p, errors.New("new nodes are made by steps of kind transform, with a key by which they are found again: here each batch would make one")
	case m == nil:
		return p, errors.New(`uid(v) <User.plan> "PRO" . is an N-Quad, and this is none`)
	case m[3] != "":
		return p, errors.New("with S * * only what the types of the node declare is deleted: name the predicates")
	}
	p.subject, p.predicate = m[1], m[2]
	object := m[4]
	if v := valueOf.FindStringSubmatch(object); v != nil {
		p.value = v[1]
		return p, nil
	}
	if v := nodeOf.FindStringSubmatch(object); v != nil {
		p.node = v[1]
		return p, nil
	}
	if v := uidLine.FindStringSubmatch(object); v != nil {
		uid, err := strconv.ParseUint(v[1][2:], 16, 64)
		if err != nil || uid == 0 {
			return p, fmt.Errorf("%s is no uid", object)
		}
		p.uid = uid
		return p, nil
	}
	if object == "*" {
		p.everything = true
		return p, nil
	}
	v := literalOf.FindStringSubmatch(object)
	if v == nil {
		return p, fmt.Errorf(`the object %s is none of val(x), uid(v), <0x1>, "text" and *: the type of a value is that of the predicate`, brief(object))
	}
	text, err := strconv.Unquote(v[1])
	if err != nil {
		return p, fmt.Errorf("%s is no text in quotes: %w", brief(v[1]), err)
	}
	if text == everything {
		return p, fmt.Errorf("%q stands for everything that is stored, and cannot be written", everything)
	}
	p.literal, p.lang = text, v[2]
	return p, nil
}

// withoutTexts leaves the texts in quotes out of DQL.
func withoutTexts(query string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case !quoted:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// enclosedBlocks refuses blocks of DQL that would end before their end, so that
// what comes after them is not what it seems.
func enclosedBlocks(query string) error {
	if strings.TrimSpace(query) == "" {
		return errors.New("it is empty")
	}
	bare := withoutTexts(query)
	if strings.Count(bare, `"`)%2 > 0 {
		return errors.New("a text does not end")
	}
	depth := 0
	for _, c := range bare {
		switch c {
		case '{', '(', '[':
			depth++
		case '}', ')', ']':
			depth--
		case '#', '`':
			return fmt.Errorf("%q is not for queries of steps", c)
		}
		if depth < 0 {
			return errors.New("a bracket ends that did not begin")
		}
	}
	if depth != 0 {
		return errors.New("a bracket does not end")
	}
	return nil
}
