package rewrite

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// variables rewrites the values that a file has for the variables of an operation.
func (w *Rewriter) variables(out *outcome, o *operations.Operation) {
	file := w.Variables[o.Document.File]
	concerned := false
	for _, v := range o.AST.VariableDefinitions {
		concerned = concerned || w.within(v.Type.Name()) != ""
	}
	if file == nil || !concerned { // a file beside it can hold anything
		return
	}
	r := &values{Rewriter: w, file: file, out: out, operation: o, kept: map[string]bool{}}
	r.begin()
	told := len(out.reasons)
	err := r.read(o.Name, w.inFile[o.Document.File] == 1)
	if err == nil {
		if _, more := r.dec.ReadToken(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		out.reason(fmt.Sprintf("its variables in %s cannot be read: %v", file.Name, err))
	}
	if len(out.reasons) == told { // all or nothing: half of a value fits no schema
		out.edits = append(out.edits, r.edits...)
	}
	out.kept = r.kept
}

// values reads a file with variables.
type values struct {
	*Rewriter
	out       *outcome
	operation *operations.Operation
	file      *sdl.File
	dec       *jsontext.Decoder
	edits     []sdl.Edit
	kept      map[string]bool
	// skipped are the bytes before what dec reads.
	skipped int32
}

// begin begins to read the file, after a byte order mark.
func (r *values) begin() {
	text := strings.TrimPrefix(r.file.Text, "\ufeff")
	r.skipped = int32(len(r.file.Text) - len(text))
	r.dec = jsontext.NewDecoder(strings.NewReader(text))
}

// read looks for the variables of an operation: under its name, or, where the file is for it alone, at the top.
func (r *values) read(name string, alone bool) error {
	top, err := r.top(name)
	if err != nil {
		return err
	}
	if !top && !alone {
		return nil // there are none for this one
	}
	r.begin()
	if !top {
		return r.object(r.variable)
	}
	return r.object(func(key string, _ sdl.Span, _ bool) error {
		if key != name || r.dec.PeekKind() != '{' {
			return r.dec.SkipValue()
		}
		return r.object(r.variable)
	})
}

// top reports whether the file has an object for the operation of that name.
func (r *values) top(name string) (found bool, err error) {
	err = r.object(func(key string, _ sdl.Span, _ bool) error {
		found = found || name != "" && key == name && r.dec.PeekKind() == '{'
		return r.dec.SkipValue()
	})
	return found, err
}

// variable reads the value of one.
func (r *values) variable(name string, _ sdl.Span, _ bool) error {
	for _, v := range r.operation.AST.VariableDefinitions {
		if v.Variable == name {
			r.kept[name] = true
			return r.value(v.Type.Name())
		}
	}
	return r.dec.SkipValue()
}

// object reads an object: member is given each key with its place without the quotes, and whether it stands there
// without escapes, and reads the value.
func (r *values) object(member func(key string, at sdl.Span, exact bool) error) error {
	if kind := r.dec.PeekKind(); kind != '{' {
		if _, err := r.dec.ReadToken(); err != nil {
			return err
		}
		return errors.New("an object is expected")
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != '}' {
		key, at, exact, err := r.text()
		if err != nil {
			return err
		}
		if err := member(key, at, exact); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// text reads a string.
func (r *values) text() (text string, at sdl.Span, exact bool, err error) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		return "", sdl.Span{}, false, err
	}
	end := r.skipped + int32(r.dec.InputOffset())
	at = sdl.Span{File: r.file, Start: end - int32(len(raw)) + 1, End: end - 1}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	return string(unquoted), at, string(unquoted) == at.Text(), err
}

// value reads a value of the type of that name of the old API, or of a list of such.
func (r *values) value(of string) error {
	t := r.apis.Before.Type(of)
	switch kind := r.dec.PeekKind(); {
	case kind == '[':
		if _, err := r.dec.ReadToken(); err != nil {
			return err
		}
		for r.dec.PeekKind() != ']' {
			if err := r.value(of); err != nil {
				return err
			}
		}
		_, err := r.dec.ReadToken()
		return err
	case kind == '{' && t != nil && t.Kind == sdl.InputObject:
		keys, now := map[string]bool{}, map[string]string{}
		err := r.object(func(key string, at sdl.Span, exact bool) error {
			keys[key] = true
			f := t.Field(key)
			if f == nil {
				return r.dec.SkipValue()
			}
			if g := r.fieldOf(t, f); g != nil && g.Name != key {
				now[key] = g.Name
				r.edit(key, g.Name, at, exact, r.guess(f.Source, ""), r.typeOf(t).Field(key) != nil)
			}
			return r.value(f.Type.Named())
		})
		for from, to := range now {
			if err == nil && keys[to] {
				return fmt.Errorf("an object has both %s and %s", from, to)
			}
		}
		return err
	case kind == '"' && t != nil && t.Kind == sdl.Enum:
		text, at, exact, err := r.text()
		if err != nil {
			return err
		}
		for _, v := range t.Values {
			if to := r.valueOf(t, v); v.Name == text && to != "" && to != text {
				taken := false
				for _, w := range r.typeOf(t).Values {
					taken = taken || w.Name == text
				}
				r.edit(text, to, at, exact, r.guess(v.Source, text), taken)
			}
		}
		return nil
	}
	return r.dec.SkipValue()
}

// edit has a name replaced, or says why not.
func (r *values) edit(from, to string, at sdl.Span, exact bool, guess string, taken bool) {
	switch {
	case guess != "":
		r.out.reason(guess + ": declare the rename, and it is rewritten")
	case taken:
		r.out.reason(fmt.Sprintf("%s at %s is now %s, but the new schema has that name too, for something else", from, where(at), to))
	case !exact:
		r.out.reason(fmt.Sprintf("%s at %s is now %s, but is written with escapes", from, where(at), to))
	default:
		r.edits = append(r.edits, sdl.Edit{Span: at, New: to})
	}
}
