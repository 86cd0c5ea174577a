package operations

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// manifests are files of persisted queries: Apollo's, which list operations with their bodies, and those of Relay and of
// code generators, which give texts to hashes. Other JSON has no documents.
var manifests = host{
	extensions: []string{".json"},
	maxSize:    maxGenerated,
	extract:    func(f *sdl.File, _ *Options) extraction { return fromManifest(f) },
}

func fromManifest(f *sdl.File) extraction {
	start := 0
	if strings.HasPrefix(f.Text, mark) {
		start = len(mark)
	}
	d := jsontext.NewDecoder(bytes.NewBufferString(f.Text[start:]), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	m := manifest{file: f, start: start, decoder: d}
	if !m.read() {
		return extraction{}
	}
	return m.extraction
}

type manifest struct {
	file    *sdl.File
	start   int
	decoder *jsontext.Decoder
	extraction
}

// text reads a string and says where it stands; ok is false for what is none.
func (m *manifest) text() (l literal, ok bool) {
	if m.decoder.PeekKind() != '"' {
		return literal{}, false
	}
	raw, err := m.decoder.ReadValue()
	if err != nil {
		return literal{}, false
	}
	end := m.start + int(m.decoder.InputOffset())
	return literal{file: m.file, start: end - len(raw) + 1, end: end - 1, escapes: scriptText}, true
}

// name reads the name of a member; ok is false after the last one, and where there is no JSON.
func (m *manifest) name() (name string, ok bool) {
	l, ok := m.text()
	if !ok {
		return "", false
	}
	return l.document().Text, true
}

// read reports whether the file is a manifest.
func (m *manifest) read() bool {
	if t, err := m.decoder.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	var texts []*Document
	apollo, other := false, false
	for m.decoder.PeekKind() != '}' {
		name, ok := m.name()
		if !ok {
			break // what came before it counts
		}
		kind := m.decoder.PeekKind()
		if kind == '"' {
			if l, ok := m.text(); ok {
				d := l.document()
				apollo = apollo || name == "format" && d.Text == "apollo-persisted-query-manifest"
				texts = append(texts, d)
			}
			continue
		}
		other = true
		if name == "operations" && kind == '[' {
			if !m.operations() {
				break
			}
		} else if m.decoder.SkipValue() != nil {
			break
		}
	}
	return apollo || !other && m.hashes(texts)
}

// operations reads Apollo's list; false for what is broken off.
func (m *manifest) operations() bool {
	if _, err := m.decoder.ReadToken(); err != nil {
		return false
	}
	for m.decoder.PeekKind() != ']' {
		if m.decoder.PeekKind() != '{' {
			if m.decoder.SkipValue() != nil {
				return false
			}
			continue
		}
		if _, err := m.decoder.ReadToken(); err != nil {
			return false
		}
		for m.decoder.PeekKind() != '}' {
			name, ok := m.name()
			if !ok {
				return false
			}
			if l, ok := m.body(name); ok {
				m.add(l.document())
			} else if m.decoder.SkipValue() != nil {
				return false
			}
		}
		if _, err := m.decoder.ReadToken(); err != nil {
			return false
		}
	}
	_, err := m.decoder.ReadToken()
	return err == nil
}

// body reads what the member of an operation has, if it is its text.
func (m *manifest) body(name string) (literal, bool) {
	if name != "body" {
		return literal{}, false
	}
	return m.text()
}

// hashes takes texts that have names for a manifest when at least half of them are documents. They begin with a keyword:
// what begins with a brace can be a message, as "{count} items".
func (m *manifest) hashes(texts []*Document) bool {
	documents := 0
	for _, d := range texts {
		if start := skipIgnored(d.Text, 0); start < len(d.Text) && d.Text[start] != '{' && looksGraphQL(d.Text) {
			documents++
		}
	}
	if documents == 0 || 2*documents < len(texts) {
		return false
	}
	for _, d := range texts {
		m.add(d)
	}
	return true
}

func (m *manifest) add(d *Document) {
	d.alone = true
	m.documents = append(m.documents, d)
}
