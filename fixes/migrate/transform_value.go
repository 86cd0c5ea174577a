package migrate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
	"github.com/schemacheck/schemacheck/fixes/expression"
)

// quad is what writes a value under the field: a constant as text, or what an
// expression yields. A value that the field would not read is an error.
func (f Field) quad(subject dql.Ref, value any) (dql.Quad, error) {
	q := dql.Quad{Subject: subject, Predicate: f.Predicate, Type: f.Type, Lang: f.Lang}
	var err error
	switch v := value.(type) {
	case *expression.Node:
		q.Object = dql.Ref(v.UID)
	case string:
		switch {
		case !utf8.ValidString(v):
			err = fmt.Errorf("%q is not UTF-8", brief(v))
		case f.Type == "uid":
			q.Object, err = reference(v)
		default:
			q.Data, err = f.Reading.parse(v)
		}
	case int64:
		q.Data, err = f.given(json.Number(strconv.FormatInt(v, 10)), "int")
	case float64:
		q.Data, err = f.given(json.Number(strconv.FormatFloat(v, 'g', -1, 64)), "float")
	case bool:
		q.Data, err = f.given(v, "bool")
	case time.Time:
		q.Data, err = f.Reading.parse(v.UTC().Format(time.RFC3339Nano))
	default:
		err = fmt.Errorf("a value of the Go type %T cannot be written", value)
	}
	return q, err
}

// given is a value of a DQL type as the field reads it.
func (f Field) given(data any, typ string) (any, error) {
	read, outcome, reason := f.Reading.of(data, typ)
	if outcome == convert.Unknown || outcome > convert.Converts {
		return nil, fmt.Errorf("%s is no %s that Dgraph reads back: %s", brief(textOf(data)), f.name(), reason)
	}
	return read, nil
}

// reference reads the uid of a node.
func reference(text string) (dql.Ref, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	uid, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil || uid == 0 {
		return "", fmt.Errorf("%q is no uid of a node, like 0x1f", brief(text))
	}
	return dql.Node(uid), nil
}

// same reports whether two quads under the field say the same. Times are the same
// that are the same moment, and floats the same number.
func (f Field) same(a, b dql.Quad) bool {
	if a.Lang != b.Lang || a.Object != b.Object {
		return false
	}
	x, y := textOf(a.Data), textOf(b.Data)
	switch {
	case x == y:
		return true
	case f.Type == "dateTime":
		s, e1 := time.Parse(time.RFC3339Nano, x)
		t, e2 := time.Parse(time.RFC3339Nano, y)
		return e1 == nil && e2 == nil && s.Equal(t)
	case f.Type == "float":
		s, e1 := strconv.ParseFloat(x, 64)
		t, e2 := strconv.ParseFloat(y, 64)
		return e1 == nil && e2 == nil && s == t
	}
	return false
}

func (f Field) in(all []dql.Quad, q dql.Quad) bool {
	return slices.ContainsFunc(all, func(have dql.Quad) bool { return f.same(have, q) })
}

// of are the quads under the field's predicate that the field reads: those of its
// language, of the first of several in which there is one.
func (f Field) of(quads []dql.Quad) []dql.Quad {
	for _, lang := range strings.Split(f.Lang, ":") {
		var all []dql.Quad
		for _, q := range quads {
			if q.Lang == lang || lang == "." {
				all = append(all, q)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// value is what a stored value is in expressions.
func (f Field) value(q dql.Quad) (any, error) {
	data, outcome, reason := Reading{Type: f.Type}.of(q.Data, q.Type)
	if outcome == convert.Unknown || outcome > convert.Converts {
		return nil, fmt.Errorf("%s holds %q, which cannot be read as %s: %s", f.Predicate, brief(textOf(q.Data)), f.Type, reason)
	}
	text := textOf(data)
	var value any
	var err error
	switch f.kind() {
	case expression.Integer:
		value, err = strconv.ParseInt(text, 10, 64)
	case expression.Number:
		value, err = strconv.ParseFloat(text, 64)
	case expression.Boolean:
		value, err = strconv.ParseBool(text)
	case expression.Moment:
		var t time.Time
		if t, err = time.Parse(time.RFC3339Nano, text); err == nil && (t.Year() < 1 || t.Year() > 9999) {
			err = fmt.Errorf("the year %d is none that expressions know", t.Year())
		}
		value = t
	default:
		value = text
	}
	if err != nil {
		return nil, fmt.Errorf("%s holds %q, which is no %s: %w", f.Predicate, brief(text), f.Type, err)
	}
	return value, nil
}
