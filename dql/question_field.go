package dql

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sight is what is known before the questions are asked.
type sight struct {
	predicates map[string]*stance
	options    Options
	// vacant are the geo predicates that hold nothing, as far as that was asked.
	vacant map[string]bool
	share  int64 // bytes of memory that one question may take
}

// stance is what the stored schema says about a predicate.
type stance struct {
	Predicate string
	Type      string
	List      bool
	Lang      bool
}

// schemaChunk is the number of predicates that are looked up in one request.
const schemaChunk = 500

// look reads how the predicates are stored. What is not stored has no data either.
func (a *asking) look(ctx context.Context, names []string) (map[string]*stance, error) {
	found := make(map[string]*stance, len(names))
	for chunk := range slices.Chunk(names, schemaChunk) {
		list := make([]string, 0, len(chunk))
		for _, name := range chunk {
			list = append(list, written(name))
		}
		text, err := a.query(ctx, "schema(pred: ["+strings.Join(list, ", ")+"]) { type list lang }")
		if err != nil {
			return nil, fmt.Errorf("reading how predicates are stored: %w", err)
		}
		var answer struct{ Schema []*stance }
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, fmt.Errorf("reading how predicates are stored: %w", err)
		}
		for _, p := range answer.Schema {
			found[p.Predicate] = p
		}
	}
	return found, nil
}

// held is a field with what is known about its predicate.
type held struct {
	Field
	stance
	name string // as it is written
}

// held looks a field up, and refuses what cannot be asked about its languages.
func (s *sight) held(f Field) (held, error) {
	h := held{Field: f, name: written(f.Predicate)}
	if p := s.predicates[f.Predicate]; p != nil {
		h.stance = *p
	}
	if h.stance.Lang || h.Type == "" {
		return h, nil
	}
	if h.Field.Lang != "*" && h.Field.Lang != "" {
		return h, fmt.Errorf("%s keeps no languages", f.Predicate)
	}
	h.Field.Lang = ""
	return h, nil
}

// fits says why a question of the kind cannot be asked about the predicate.
func (h held) fits(kind want, geo bool) error {
	switch {
	case kind == anything || h.Type == "":
		return nil
	case h.Type == "uid" && kind == valuesOnly:
		return fmt.Errorf("%s holds edges, not values", h.Field.Predicate)
	case h.Type != "uid" && kind == edgesOnly:
		return fmt.Errorf("%s holds values, not edges", h.Field.Predicate)
	case h.Type == "password":
		return fmt.Errorf("%s holds passwords, which nobody can read", h.Field.Predicate)
	case h.Type == "geo" && !geo:
		return fmt.Errorf("%s holds places, and some values of that type end the server when they are read; --read-geo reads them", h.Field.Predicate)
	}
	return nil
}

// has is the function for "there is something under the predicate". has(p) alone is false for a node that has
// only tagged values.
func (h held) has() string {
	switch {
	case h.Field.Lang == "" || !h.stance.Lang:
		return "has(" + h.name + ")"
	case h.Field.Lang == "*":
		return "has(" + h.name + "@.)"
	}
	return "has(" + h.name + "@" + h.Field.Lang + ")"
}

// root finds the field's nodes.
func (h held) root() string {
	if len(h.Types) > 0 {
		return typesRoot(h.Types)
	}
	return h.has()
}

// column selects the field's values.
func (h held) column() string {
	if h.Field.Lang == "" || !h.stance.Lang {
		return h.name
	}
	return h.name + "@" + h.Field.Lang
}

// values calls with each value of a row.
func (h held) values(r row, column int, each func(Value)) {
	one := func(tag string, data any) {
		// A vector is one value, though it comes as a list.
		if list, ok := data.([]any); ok && h.Type != "float32vector" {
			for _, item := range list {
				each(Value{item, tag, h.Type})
			}
			return
		}
		each(Value{data, tag, h.Type})
	}
	if h.Field.Lang == "*" {
		r.tagged(column, one)
	} else if data := r.get(column); data != nil {
		one(h.Field.Lang, data)
	}
}

// textOf is a value as one string; equal values of one type have equal texts.
func textOf(data any) string {
	switch v := data.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(data); err != nil {
		return "" // never: it comes from JSON
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// sizeOf is the length of a value in bytes, as a number like those that come from the server.
func sizeOf(data any) json.Number { return json.Number(fmt.Sprint(len(textOf(data)))) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
