package dql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// fields is a decoded node: strings, booleans, nil, json.Number, []any and map[string]any.
type fields = map[string]any

// errGarbled is for an answer that is no JSON. The server writes such where numbers are infinite.
var errGarbled = errors.New("the answer of dgraph is no JSON")

// newDecoder reads JSON as Dgraph writes it. The server does not look whether a string is UTF-8, nor, which nothing
// here depends on, whether a name comes twice.
func newDecoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

// blocksOf takes an answer apart. The blocks are parts of it.
func blocksOf(answer []byte) (map[string]json.RawMessage, error) {
	blocks := map[string]json.RawMessage{}
	d := newDecoder(answer)
	err := eachMember(d, nil, func(name string) error {
		v, err := d.ReadValue()
		end := d.InputOffset()
		blocks[name] = answer[end-int64(len(v)) : end]
		return err
	})
	if err == nil {
		if _, more := d.ReadToken(); more != io.EOF {
			err = errors.New("there is more after its end")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errGarbled, err)
	}
	return blocks, nil
}

// eachMember reads an object, and leaves the value of each member to each. Known holds names that are met often;
// it may be nil.
func eachMember(d *jsontext.Decoder, known map[string]string, each func(name string) error) error {
	if err := opens(d, '{'); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		quoted, err := d.ReadValue()
		if err != nil {
			return err
		}
		name, ok := known[string(quoted)]
		if !ok {
			unquoted, _ := jsontext.AppendUnquote(nil, quoted) // it could be read, so at most it is no UTF-8
			name = string(unquoted)
			if known != nil && len(known) < mostNames {
				known[string(quoted)] = name
			}
		}
		if err := each(name); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// mostNames bounds the names that are remembered while nodes are decoded. Nodes have few; those of facets are up to
// the data.
const mostNames = 100

// opens reads the begin of an object or of a list.
func opens(d *jsontext.Decoder, kind jsontext.Kind) error {
	t, err := d.ReadToken()
	if err == nil && t.Kind() != kind {
		err = fmt.Errorf("%v where %v should be", t.Kind(), kind)
	}
	return err
}

// pageOf counts the nodes of a block, and finds the last of them.
func pageOf(block json.RawMessage) (p page, err error) {
	depth, start := 0, 0
	for i := 0; i < len(block); i++ {
		switch block[i] {
		case '"':
			for i++; i < len(block) && block[i] != '"'; i++ {
				if block[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth == 1 {
				p.nodes++
				start = i
			}
			depth++
		case ']', '}':
			depth--
		}
	}
	if p.nodes == 0 {
		return p, nil
	}
	last := fields{}
	if err := (&nodeReader{decoder: newDecoder(block[start:])}).node(last); err != nil {
		return p, fmt.Errorf("decoding an answer of dgraph: %w", err)
	}
	if p.last = uidOf(last["uid"]); p.last == 0 {
		return p, errors.New("decoding an answer of dgraph: a node without uid")
	}
	return p, nil
}

// eachNode decodes the nodes of a block one after the other. The fields are those of the next node once each has
// returned; what is in them stays.
func eachNode(block json.RawMessage, each func(fields) error) error {
	if len(block) == 0 {
		return nil
	}
	r := &nodeReader{decoder: newDecoder(block), names: map[string]string{}}
	err := opens(r.decoder, '[')
	f := fields{}
	for err == nil && r.decoder.PeekKind() != ']' {
		clear(f)
		if err = r.node(f); err == nil {
			err = each(f)
		}
	}
	if err != nil {
		return fmt.Errorf("decoding an answer of dgraph: %w", err)
	}
	return nil
}

// nodeReader decodes nodes.
type nodeReader struct {
	decoder *jsontext.Decoder
	names   map[string]string
}

// node decodes an object into f.
func (r *nodeReader) node(f fields) error {
	return eachMember(r.decoder, r.names, func(name string) (err error) {
		f[name], err = r.value()
		return err
	})
}

func (r *nodeReader) value() (any, error) {
	switch r.decoder.PeekKind() {
	case '{':
		f := fields{}
		return f, r.node(f)
	case '[':
		if _, err := r.decoder.ReadToken(); err != nil {
			return nil, err
		}
		all := []any{}
		for r.decoder.PeekKind() != ']' {
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		_, err := r.decoder.ReadToken()
		return all, err
	}
	t, err := r.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '"':
		return t.String(), nil
	case '0':
		return json.Number(t.String()), nil
	case 't', 'f':
		return t.Bool(), nil
	}
	return nil, nil
}

func countIn(f fields) (uint64, error) {
	n, _ := f["count"].(json.Number)
	return strconv.ParseUint(n.String(), 10, 64)
}
