package dql

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dgraph-io/dgo/v230/protos/api"
)

// Ref names a node in what is written: a uid as "0x1f", or a new node as [Blank] names it.
type Ref string

// Node is the reference to a node that exists.
func Node(uid uint64) Ref { return Ref(uidText(uid)) }

// Blank is the reference to a node that the transaction makes: the same one for the same name.
func Blank(name string) Ref { return Ref("_:" + name) }

// UID is the uid, 0 for a new node.
func (r Ref) UID() uint64 { return uidOf(string(r)) }

// Quad is a statement about a node: a value, or an edge to another node.
type Quad struct {
	Subject   Ref
	Predicate string
	// Object is the node that an edge leads to; "" for a value.
	Object Ref
	// Data is a value as answers have it: a string, a boolean, a json.Number, a map for geo, a list for a vector.
	// Type is the DQL type under which it is stored ("string", "dateTime"). Without a type Dgraph converts a string
	// to that of the predicate.
	Data any
	Type string
	// Lang is the language tag of the value; "" for none.
	Lang   string
	Facets []Facet
	// All stands in place of a value or an edge for all of them, whatever their tags, and can only be deleted.
	All bool
}

// Facet is a key with a value at a value or an edge. Data is a string, a boolean, a json.Number or a time.Time.
//
// Answers write a whole number of type float like one of type int, so that it is one after copying.
type Facet struct {
	Key  string
	Data any
}

// String is for error messages: it has no values.
func (q Quad) String() string {
	p := q.Predicate
	if q.Lang != "" {
		p += "@" + q.Lang
	}
	return string(q.Subject) + " " + strconv.Quote(p)
}

// starAll deletes everything under a predicate (x.Star in Dgraph).
const starAll = "_STAR_ALL"

func (q Quad) nquad() (*api.NQuad, error) {
	if q.Predicate == "" || q.Subject == "" {
		return nil, fmt.Errorf("%s: a statement without subject or predicate", q)
	}
	n := &api.NQuad{Subject: string(q.Subject), Predicate: q.Predicate, Lang: q.Lang}
	switch {
	case q.All:
		n.ObjectValue = &api.Value{Val: &api.Value_DefaultVal{DefaultVal: starAll}}
	case q.Object != "":
		n.ObjectId = string(q.Object)
	default:
		v, err := q.value()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q, err)
		}
		n.ObjectValue = v
	}
	return n, nil
}

// NoPassword as the data of a [Quad] of type password stands in place of one: a node has it then, and no password
// fits.
type NoPassword struct{}

// noPassword is no hash of anything (types/password.go in Dgraph, VerifyPassword). What is sent as a password is taken
// for a hash, and kept as it is.
const noPassword = "-"

var errPassword = errors.New("a password cannot be copied: nobody can read it, and what is written is taken for a new one")

// value is the typed value. What only Dgraph can bring into its stored form goes as a string, which it parses
// (types/conversion.go in Dgraph, Convert).
func (q Quad) value() (*api.Value, error) {
	if q.Type == "password" && q.Data == (NoPassword{}) {
		return &api.Value{Val: &api.Value_PasswordVal{PasswordVal: noPassword}}, nil
	}
	text, err := q.plain()
	if err != nil {
		return nil, err
	}
	switch q.Type {
	case "int":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the value is no int: %w", numberError(err))
		}
		return &api.Value{Val: &api.Value_IntVal{IntVal: n}}, nil
	case "float":
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("the value is no float: %w", numberError(err))
		}
		return &api.Value{Val: &api.Value_DoubleVal{DoubleVal: n}}, nil
	case "bool":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, errors.New("the value is no bool")
		}
		return &api.Value{Val: &api.Value_BoolVal{BoolVal: b}}, nil
	case "", "default":
		return &api.Value{Val: &api.Value_DefaultVal{DefaultVal: text}}, nil
	}
	return &api.Value{Val: &api.Value_StrVal{StrVal: text}}, nil
}

// plain is the value as the text that Dgraph parses for the type.
func (q Quad) plain() (string, error) {
	if q.Type == "password" {
		return "", errPassword
	}
	switch v := q.Data.(type) {
	case string:
		if v == starAll && q.Type != "string" {
			return "", errStar // a string that is sent as one is safe, when it is set
		}
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case json.Number:
		return v.String(), nil
	case map[string]any, []any:
		text, err := json.Marshal(v)
		return string(text), err
	}
	return "", fmt.Errorf("a value of the Go type %T cannot be written", q.Data)
}

var errStar = errors.New("the value " + starAll + " would be taken for everything that is stored")

// numberError leaves the value out.
func numberError(err error) error {
	if n := (*strconv.NumError)(nil); errors.As(err, &n) {
		return n.Err
	}
	return err
}

// text is the statement as a line of RDF.
func (q Quad) text() (string, error) {
	if q.All || q.Predicate == "" || q.Subject == "" {
		return "", fmt.Errorf("%s: not a statement that can have facets", q)
	}
	if q.Data == starAll {
		return "", fmt.Errorf("%s: %w", q, errStar)
	}
	if reason := unspeakable(q.Predicate); reason != "" {
		return "", fmt.Errorf("%s: the name cannot be written: %s", q, reason)
	}
	var b strings.Builder
	b.WriteString(q.Subject.text() + " <" + q.Predicate + "> ")
	if q.Object != "" {
		b.WriteString(q.Object.text())
	} else {
		text, err := q.plain()
		if err != nil {
			return "", fmt.Errorf("%s: %w", q, err)
		}
		b.WriteString(Literal(text))
		if q.Lang != "" {
			b.WriteString("@" + q.Lang)
		} else if xs := rdfTypes[q.Type]; xs != "" {
			b.WriteString("^^<" + xs + ">")
		}
	}
	for i, f := range q.Facets {
		if i == 0 {
			b.WriteString(" (")
		} else {
			b.WriteString(", ")
		}
		text, err := f.text()
		if err != nil {
			return "", fmt.Errorf("%s: %w", q, err)
		}
		b.WriteString(text)
	}
	b.WriteString(") .\n")
	return b.String(), nil
}

// rdfTypes are the types that a literal names (rdf/parse.go in Dgraph, and types/scalar_types.go). The others are
// parsed by Dgraph from the plain literal.
var rdfTypes = map[string]string{"int": "xs:int", "float": "xs:float", "bool": "xs:boolean", "string": "xs:string"}

func (r Ref) text() string {
	if strings.HasPrefix(string(r), "_:") {
		return string(r)
	}
	return "<" + string(r) + ">"
}

// Literal writes a text as a literal of RDF, in ASCII: all else is escaped.
func Literal(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString("\\" + string(r))
		case r >= ' ' && r < unicode.MaxASCII:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			fmt.Fprintf(&b, "\\U%08x", r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (f Facet) text() (string, error) {
	for i, r := range f.Key {
		if !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && r != '_' && r != '.' && r != '-') {
			return "", fmt.Errorf("the facet %q has a name that cannot be written", shortened(f.Key))
		}
	}
	if f.Key == "" {
		return "", errors.New("a facet has no name")
	}
	switch v := f.Data.(type) {
	case string:
		return f.Key + "=" + Literal(v), nil
	case bool:
		return f.Key + "=" + strconv.FormatBool(v), nil
	case json.Number:
		return f.Key + "=" + v.String(), nil
	case time.Time:
		return f.Key + "=" + v.Format(time.RFC3339Nano), nil
	}
	return "", fmt.Errorf("the facet %q has a value of the Go type %T", shortened(f.Key), f.Data)
}
