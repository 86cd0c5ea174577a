package operations

import "strings"

// inTag reads what is between "<" and ">": the name of an element, and its attributes.
func (s *script) inTag() {
	text, at := s.text, s.at
	switch c := text[at]; {
	case isSpace(c) || isNameByte(c) || c >= 0x80 || strings.IndexByte("$.-:=", c) >= 0:
		s.at++
	case c == '"' || c == '\'':
		end := strings.IndexByte(text[at+1:], c)
		if end < 0 {
			s.back()
			return
		}
		s.at = at + 1 + end + 1
	case c == '{':
		s.contain()
	case strings.HasPrefix(text[at:], "/>"):
		s.pop()
		s.closed(at + 2)
	case c == '>':
		s.pop()
		s.push(frame{kind: children})
		s.at++
	case c == '<' && text[at-1] == '=':
		s.push(frame{kind: tag})
		s.at++
	case c == '<': // type arguments
		depth := 0
		for ; at < len(text); at++ {
			switch text[at] {
			case '<':
				depth++
			case '>':
				depth--
			case ';', '`':
				s.back()
				return
			}
			if depth == 0 {
				s.at = at + 1
				return
			}
		}
		s.back()
	case strings.HasPrefix(text[at:], "//"):
		end := strings.IndexAny(text[at:], "\r\n")
		if end < 0 {
			s.back()
			return
		}
		s.at += end
	case strings.HasPrefix(text[at:], "/*"):
		end := strings.Index(text[at:], "*/")
		if end < 0 {
			s.back()
			return
		}
		s.at += end + 2
	default:
		s.back()
	}
}

// contain opens braces in a tag or between tags.
func (s *script) contain() {
	s.push(frame{kind: contained})
	s.pass(s.at, s.at+1, false, true)
}

// closed goes on after an element: in the one around it, or in the program.
func (s *script) closed(at int) {
	s.at = at
	if k := s.top(); k == tag || k == children {
		return
	}
	s.pass(at-1, at, false, false)
	s.name = ""
}

// inChildren passes text between tags. It has no ">" and no "}".
func (s *script) inChildren() {
	next := strings.IndexAny(s.text[s.at:], "<>{}")
	if next < 0 {
		s.at = len(s.text)
		return
	}
	s.at += next
	switch rest := s.text[s.at:]; {
	case rest[0] == '{':
		s.contain()
	case strings.HasPrefix(rest, "</"):
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			s.back()
			return
		}
		s.pop()
		s.closed(s.at + end + 1)
	case rest[0] == '<':
		s.push(frame{kind: tag})
		s.at++
	default:
		s.back()
	}
}
