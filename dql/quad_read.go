package dql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Row is a node with what was asked of it, of the answer to a question.
type Row struct {
	UID    uint64 // 0 when it was not asked
	fields fields
}

// Rows calls with each node of a block of an answer. Afterwards the row has another node.
func Rows(answer []byte, block string, each func(Row) error) error {
	blocks, err := blocksOf(answer)
	if err != nil {
		return err
	}
	return eachNode(blocks[block], func(f fields) error { return each(Row{uidOf(f["uid"]), f}) })
}

// Column is the part of a question that asks for all quads under a predicate, to be read with [Row.Quads]. Edges are
// the page of edges, like "(first: 100)"; "" for all of them. The name has to pass [Quote], and the type must not be
// password.
func (p Predicate) Column(alias, edges string) (string, error) {
	name, err := Quote(p.Name)
	switch {
	case err != nil:
		return "", err
	case p.Type == "password":
		return "", fmt.Errorf("%s: %w", p.Name, errPassword)
	case p.Type == "uid":
		return alias + ": " + name + " " + edges + " @facets { uid }", nil
	case p.Lang:
		return alias + ": " + name + "@* @facets", nil
	}
	return alias + ": " + name + " @facets", nil
}

// PlainColumn is [Predicate.Column] without the facets, where that saves the server a slower way of reading: for one
// value without a language (worker/task.go, handleValuePostings). ok is false for other predicates.
//
// Dgraph then shows what was written last. Where languages were taken out of the stored schema that may be a value in
// one of them.
func (p Predicate) PlainColumn(alias string) (column string, ok bool) {
	name, err := Quote(p.Name)
	if err != nil || p.Type == "uid" || p.Type == "password" || p.List || p.Lang {
		return "", false
	}
	return alias + ": " + name, true
}

// Quads are the statements about the node that a [Predicate.Column] or [Predicate.PlainColumn] asked for, in the order
// of the server.
//
// Those of a predicate with languages come without facets: an answer in all languages has them all under one key, and
// does not say at which value they stand. Where [Row.Noted] says that there are some, [Predicate.TagColumns] asks for
// them.
func (r Row) Quads(alias string, p Predicate) ([]Quad, error) {
	row := row{uid: r.UID, fields: r.fields, aliases: []string{alias}}
	var all []Quad
	q := Quad{Subject: Node(r.UID), Predicate: p.Name}
	if p.Type == "uid" {
		for _, e := range row.edges(0) {
			to := uidOf(e["uid"])
			if to == 0 {
				return nil, fmt.Errorf("%s: an edge without target", q)
			}
			facets, err := facetsIn(e, alias+"|")
			if err != nil {
				return nil, fmt.Errorf("%s: %w", q, err)
			}
			q.Object, q.Facets = Node(to), facets
			all = append(all, q)
		}
		return all, nil
	}
	q.Type = p.Type
	var failed error
	row.tagged(0, func(tag string, data any) {
		key := alias + "|"
		q.Lang = tag
		if p.Lang {
			q.Data, q.Facets = data, nil
			all = append(all, q)
			return
		}
		items, isList := data.([]any)
		if !isList || p.Type == "float32vector" {
			facets, err := facetsIn(r.fields, key)
			if err != nil {
				failed = fmt.Errorf("%s: %w", q, err)
			}
			q.Data, q.Facets = data, facets
			all = append(all, q)
			return
		}
		for i, item := range items {
			facets, err := facetsOfItem(r.fields, key, i)
			if err != nil {
				failed = fmt.Errorf("%s: %w", q, err)
			}
			q.Data, q.Facets = item, facets
			all = append(all, q)
		}
	})
	return all, failed
}

// Noted reports whether there are facets at a value under an alias.
func (r Row) Noted(alias string) bool {
	for name := range r.fields {
		if strings.HasPrefix(name, alias+"|") {
			return true
		}
	}
	return false
}

// TagColumns is the part of a question that asks for the values in some languages one by one, "" being none, with
// their facets, to be read with [Row.TagFacets].
func (p Predicate) TagColumns(alias string, tags []string) (string, error) {
	name, err := Quote(p.Name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, tag := range tags {
		at := ""
		if tag != "" {
			if strings.ContainsFunc(tag, func(r rune) bool {
				return r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
			}) {
				return "", fmt.Errorf("%s: the language %q cannot be written in DQL", p.Name, shortened(tag))
			}
			at = "@" + tag
		}
		fmt.Fprintf(&b, "%s_%d: %s%s @facets ", alias, i, name, at)
	}
	return b.String(), nil
}

// TagFacets are the facets at the value in the i-th of the languages that a [Predicate.TagColumns] asked for.
func (r Row) TagFacets(alias string, i int) ([]Facet, error) {
	return facetsIn(r.fields, alias+"_"+strconv.Itoa(i)+"|")
}

// facetsIn are the facets among fields, whose names follow a prefix.
func facetsIn(f fields, prefix string) ([]Facet, error) {
	var all []Facet
	for name, data := range f {
		key, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		facet, err := facetOf(key, data)
		if err != nil {
			return nil, err
		}
		all = append(all, facet)
	}
	slices.SortFunc(all, func(a, b Facet) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// facetsOfItem are the facets of one value of a list: of lists they come by the number of the value.
func facetsOfItem(f fields, prefix string, i int) ([]Facet, error) {
	at := fields{}
	for name, data := range f {
		if byNumber, ok := data.(map[string]any); ok && strings.HasPrefix(name, prefix) {
			if v, ok := byNumber[strconv.Itoa(i)]; ok {
				at[name] = v
			}
		}
	}
	return facetsIn(at, prefix)
}

// facetOf reads a facet. A string that is a full time is one: answers do not tell it from a string with that text.
func facetOf(key string, data any) (Facet, error) {
	switch v := data.(type) {
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return Facet{key, t}, nil
		}
		return Facet{key, v}, nil
	case bool, json.Number:
		return Facet{key, v}, nil
	}
	return Facet{}, fmt.Errorf("the facet %q has a value of a form that is not known", shortened(key))
}

// UIDs are the nodes that the edges under an alias lead to.
func (r Row) UIDs(alias string) []uint64 {
	return targetsOf(row{fields: r.fields, aliases: []string{alias}})
}

// Texts are the strings under an alias, one or a list.
func (r Row) Texts(alias string) []string {
	return row{fields: r.fields, aliases: []string{alias}}.texts(0)
}

// Count is the number under an alias, 0 when there is none.
func (r Row) Count(alias string) uint64 {
	return row{fields: r.fields, aliases: []string{alias}}.number(0)
}
