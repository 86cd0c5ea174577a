// Package convert says what becomes of a stored value when it is read under
// another type, exactly as Dgraph reads it. It asks nobody.
package convert

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Value is a stored value as the server gives it.
type Value struct {
	// Data is a string (also for a dateTime), json.Number, bool, map[string]any for geo, or []any for a vector.
	Data any
	// Lang is its language tag, or "".
	Lang string
	// Type is the type of the predicate in the DQL schema, such as "string", "int" or "datetime".
	Type string
}

// Target is the type that a value will be read under.
type Target struct {
	Type string // DQL type, as in "schema {}" or a schema text; of the elements, for a list
	// GraphQL is the type of the field, of the elements for a list and without "!": a scalar, a geometry
	// or the name of an enum. "" stands for DQL queries, which look at no GraphQL type.
	GraphQL string
	Enum    []string // members, when GraphQL is an enum
}

// Outcome is what becomes of a stored value when it is read under another type. Of those that are known,
// the larger is the worse.
type Outcome uint8

const (
	// Unknown is for types without such a reading (Dgraph refuses to turn uid and password into something
	// else) and for data that Dgraph does not print for the type.
	Unknown Outcome = iota
	// Same value: the same JSON.
	Same
	// Converts to another notation of the same value: "007" to 7, 1 to true, "2006" to the first instant
	// of that year.
	Converts
	// Truncated values are readable, and silently lack something: 3.7 reads as 3, a fraction of a second
	// goes, a year that does not fit wraps around, 2 reads as true.
	Truncated
	// Absent values read as if there were none, without an error: a list has one element less.
	Absent
	// Null values read as null, with an error about this value alone. Where null is not allowed, the
	// list or object around it is null.
	Null
	// Fails means that the whole query fails, whatever else it reads.
	Fails
	// Crashes means that the query ends or stalls the alpha.
	Crashes
)

var outcomes = [...]string{"unknown", "same", "converts", "truncated", "absent", "null", "fails", "crashes"}

func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return "Outcome(" + strconv.Itoa(int(o)) + ")"
}

// Of tells how a stored value is read under another type, by the rules of Dgraph (types.Convert,
// worker.convertToType, and query.cantCoerceScalar for GraphQL). The value is as a query printed it under the
// type that it was stored under. Nothing is rewritten by a change of type: a value that was only read under
// another type is there unchanged once the old type is back.
//
// The detail is the JSON that DQL prints under the new type when the outcome is Converts or Truncated, ""
// when it is Same, and else a reason in words, which may quote the beginning of the value.
//
// What a printed value does not show cannot be told from it:
//   - A value keeps the type that it was written under. If the predicate's type has changed since, or is
//     default, it is printed converted, and the next type may convert it otherwise: a stored 3.7 that is
//     printed as the integer 3 reads as 3.7 again once the predicate is a float.
//   - Bytes that are not UTF-8 are printed as U+FFFD.
//   - Infinite and not-a-number floats, and times outside the years 0 to 9999, are not printed at all. In
//     vectors and bigfloats such numbers make an answer that is no JSON.
//
// All else is there: 64-bit integers are bare numbers, floats have as many digits as they need, times keep
// nanoseconds and zone.
func Of(v Value, to Target) (Outcome, string) {
	from, into := scalars[strings.ToLower(v.Type)], scalars[strings.ToLower(to.Type)]
	if from == 0 || into == 0 {
		return Unknown, fmt.Sprintf("there is no reading of type %s as %s", v.Type, to.Type)
	}
	s, ok := from.decode(v.Data)
	if !ok {
		return Unknown, fmt.Sprintf("%s is not how Dgraph prints a value of type %s", shorten(fmt.Sprint(v.Data)), v.Type)
	}
	r := s.as(from, into)
	if from == vector && strings.EqualFold(to.Type, "default") {
		r = cannot(from, into)
	}
	if r.outcome == Converts && r.detail == s.json {
		r.outcome = Same
	}
	r = to.complete(r)
	if r.outcome == Same {
		return Same, ""
	}
	return r.outcome, r.detail
}

// scalar is a DQL type. The zero scalar is none that can be converted.
type scalar uint8

const (
	textual scalar = iota + 1
	integer
	floating
	boolean
	temporal
	spatial
	vector
	arbitrary // precision
)

var scalars = map[string]scalar{
	"string":        textual,
	"default":       textual,
	"int":           integer,
	"float":         floating,
	"bool":          boolean,
	"datetime":      temporal,
	"geo":           spatial,
	"float32vector": vector,
	"bigfloat":      arbitrary,
}

func (s scalar) String() string {
	return [...]string{"", "string", "int", "float", "bool", "datetime", "geo", "float32vector", "bigfloat"}[s]
}

// stored is a value in memory: its JSON as Dgraph prints it (not of vectors), and the field of its type.
type stored struct {
	json     string
	text     string
	integer  int64
	float    float64
	boolean  bool
	time     time.Time
	geometry *geometry
	vector   []float32
	big      *big.Float
}

// rendering is what a query makes of a value. The detail is JSON up to Truncated.
type rendering struct {
	outcome  Outcome
	detail   string
	geometry *geometry // nil when it is none
}

// reads is the rendering of a value that is printed; complete says whether all of it is.
func reads(text string, complete bool) rendering {
	if complete {
		return rendering{outcome: Converts, detail: text}
	}
	return rendering{outcome: Truncated, detail: text}
}

func fails(format string, a ...any) rendering {
	return rendering{outcome: Fails, detail: fmt.Sprintf(format, a...)}
}

func cannot(from, to scalar) rendering { return fails("Dgraph converts no %s to %s", from, to) }

func absent(why string) rendering { return rendering{outcome: Absent, detail: why} }

// crash is of the conversions that give worker.convertToType a pointer where it expects a value.
func crash(stored) rendering {
	return rendering{outcome: Crashes, detail: "reading the value panics, which ends the alpha"}
}

// conversions holds the pairs of different types that Dgraph converts; all others fail.
var conversions = map[[2]scalar]func(stored) rendering{
	{textual, integer}:   textToInteger,
	{textual, floating}:  textToFloat,
	{textual, boolean}:   textToBoolean,
	{textual, temporal}:  textToTime,
	{textual, spatial}:   textToGeometry,
	{textual, vector}:    textToVector,
	{textual, arbitrary}: textToBig,

	{integer, textual}: func(s stored) rendering { return reads(quote(strconv.FormatInt(s.integer, 10)), true) },
	{integer, floating}: func(s stored) rendering {
		f := float64(s.integer)
		return reads(printFloat(f), denotes(s.json, printFloat(f), big.NewFloat(f)))
	},
	{integer, boolean}:  func(s stored) rendering { return truth(s.integer != 0, s.integer == 0 || s.integer == 1) },
	{integer, temporal}: func(s stored) rendering { return instant(time.Unix(s.integer, 0).UTC(), true) },
	{integer, vector}: func(s stored) rendering {
		f := float32(s.integer)
		return numbers([]float32{f}, denotes(s.json, printFloat32(f), big.NewFloat(float64(f))))
	},
	{integer, arbitrary}: func(s stored) rendering { return reads(printBig(newBig().SetInt64(s.integer)), true) },

	{floating, textual}: func(s stored) rendering { return reads(quote(strconv.FormatFloat(s.float, 'G', -1, 64)), true) },
	{floating, integer}: floatToInteger,
	{floating, boolean}: func(s stored) rendering { return truth(s.float != 0, s.float == 0 || s.float == 1) },
	{floating, temporal}: func(s stored) rendering {
		return seconds(s.float, int64(s.float), s.json, big.NewFloat(s.float))
	},
	{floating, vector}:    floatToVector,
	{floating, arbitrary}: func(s stored) rendering { return reads(printBig(newBig().SetFloat64(s.float)), true) },

	{boolean, textual}:   func(s stored) rendering { return reads(quote(s.json), true) },
	{boolean, integer}:   func(s stored) rendering { return reads(digit(s.boolean), true) },
	{boolean, floating}:  func(s stored) rendering { return reads(digit(s.boolean), true) },
	{boolean, vector}:    func(s stored) rendering { return reads("["+digit(s.boolean)+"E+00]", true) },
	{boolean, arbitrary}: crash,

	{temporal, textual}:   timeToText,
	{temporal, integer}:   func(s stored) rendering { return reads(strconv.FormatInt(s.time.Unix(), 10), s.time.Nanosecond() == 0) },
	{temporal, floating}:  timeToFloat,
	{temporal, arbitrary}: crash,

	{spatial, textual}: func(s stored) rendering { return reads(quote(strings.ReplaceAll(s.json, `"`, "'")), true) },
	{vector, textual}:  vectorToText,

	{arbitrary, textual}:  bigToText,
	{arbitrary, integer}:  bigToInteger,
	{arbitrary, floating}: bigToFloat,
	{arbitrary, boolean}: func(s stored) rendering {
		return truth(s.big.Sign() != 0, s.big.Sign() == 0 || s.big.Cmp(big.NewFloat(1)) == 0)
	},
	{arbitrary, temporal}: bigToTime,
}

// as reads the value under a type, before GraphQL has a say.
func (s stored) as(from, to scalar) rendering {
	if from == to {
		return rendering{outcome: Same, detail: s.json, geometry: s.geometry}
	}
	if convert := conversions[[2]scalar{from, to}]; convert != nil {
		return convert(s)
	}
	return cannot(from, to)
}

// decode takes back what Dgraph printed (query.valToBytes).
func (s scalar) decode(data any) (v stored, ok bool) {
	var err error
	switch s {
	case textual:
		v.text, ok = data.(string)
		v.json = quote(v.text)
	case temporal:
		v.text, ok = data.(string)
		v.json = quote(v.text)
		v.time, err = time.Parse(time.RFC3339, v.text)
	case boolean:
		v.boolean, ok = data.(bool)
		v.json = strconv.FormatBool(v.boolean)
	case spatial:
		if _, ok = data.(map[string]any); !ok {
			return v, false
		}
		var text []byte
		if text, err = json.Marshal(data); err != nil {
			return v, false
		}
		if v.geometry, err = parseGeometry(text); err == nil {
			v.json = v.geometry.print()
		}
	case vector:
		var list []any
		list, ok = data.([]any)
		for _, item := range list {
			n, isNumber := item.(json.Number)
			f, err := strconv.ParseFloat(string(n), 32)
			if !isNumber || err != nil {
				return v, false
			}
			v.vector = append(v.vector, float32(f))
		}
	default:
		var n json.Number
		n, ok = data.(json.Number)
		v.json = string(n)
		switch s {
		case integer:
			v.integer, err = strconv.ParseInt(v.json, 10, 64)
		case floating:
			v.float, err = strconv.ParseFloat(v.json, 64)
		default:
			v.big, err = parseBig(v.json)
		}
	}
	return v, ok && err == nil
}

// complete is what GraphQL does with a value that DQL would print. Geometries of the three kinds that
// GraphQL has are written without a look at the field's type: what the client asked for is not there, and
// the answer is no JSON (query.completeGeoObject).
func (t Target) complete(r rendering) rendering {
	if r.outcome > Truncated {
		return r
	}
	switch t.GraphQL {
	case "", "String", "ID", "Boolean", "Int64", "Float", "DateTime":
		return r
	case "Int":
		if _, err := strconv.ParseInt(r.detail, 10, 32); err != nil {
			return rendering{outcome: Null, detail: shorten(r.detail) + " does not fit into Int, which has 32 bits"}
		}
	case "Point", "Polygon", "MultiPolygon":
		kind := ""
		if r.geometry != nil {
			kind = r.geometry.kind
		}
		switch kind {
		case t.GraphQL:
		case "Point", "Polygon", "MultiPolygon":
			return fails("a %s under a field of type %s makes an answer that is no JSON", kind, t.GraphQL)
		default:
			return rendering{outcome: Null, detail: fmt.Sprintf("GraphQL has no type for a %s", kind)}
		}
	default:
		if !slices.Contains(t.Enum, strings.Trim(r.detail, `"`)) {
			return rendering{outcome: Null, detail: fmt.Sprintf("%s is no member of %s", shorten(r.detail), t.GraphQL)}
		}
	}
	return r
}

// truth is the rendering of a number as a boolean.
func truth(b, complete bool) rendering { return reads(strconv.FormatBool(b), complete) }

func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no string makes it fail
	}
	return string(text)
}

// shorten keeps messages readable; values may be megabytes.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
