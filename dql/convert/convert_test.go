package convert_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/convert"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// colors is the enum of these tests. A member may be a word that is also a boolean's.
var colors = []string{"RED", "BLUE", "T"}

// targets are all types that a value can be read under.
var targets = []convert.Target{
	{Type: "string"}, {Type: "string", GraphQL: "String"}, {Type: "string", GraphQL: "Color", Enum: colors},
	{Type: "default"},
	{Type: "int"}, {Type: "int", GraphQL: "Int"}, {Type: "int", GraphQL: "Int64"},
	{Type: "float", GraphQL: "Float"},
	{Type: "bool", GraphQL: "Boolean"},
	{Type: "datetime", GraphQL: "DateTime"},
	{Type: "geo"}, {Type: "geo", GraphQL: "Point"}, {Type: "geo", GraphQL: "Polygon"}, {Type: "geo", GraphQL: "MultiPolygon"},
	{Type: "float32vector"},
	{Type: "bigfloat"},
}

var origins = []string{"string", "default", "int", "float", "bool", "datetime", "geo", "float32vector", "bigfloat"}

// borderline are texts that some type takes, or nearly takes.
var borderline = []string{
	"", " ", "null", " null\n", "NULL", "nil", "{}", "[]", "[ ]", "42", " 42", "42 ", "+5", "-5", "+-5", "--5", "007", "-007", "0", "-0", "+0", "00",
	"3.7", "-3.7", "-0.5", "0.1", "1.", ".5", "-.5", ".", "1.0", "5,0", "1e3", "1E3", "1e+3", "-1e-3", "1e", "1e400", "-1e400", "1e-400", "5e-324", "1.8e308",
	"1_000", "0_1", "_1", "1__0", "0x1F", "0x1p-2", "0x1.8p1", "0x_1p0", "0x1.00000000000000001p0", "0b101", "0o17", "1p5", "١٢", "½",
	"2147483647", "2147483648", "-2147483648", "-2147483649", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9223372036854774784", "9223372036854775295", "18446744073709551616",
	"123456789012345678901234567890", "3.14159265358979323846", "0.1000000000000000055511151231257827", "1577934245.123456", "1.1", "1e300", "1e39", "3.4028236e38", "3.4028235e38", "1e-46", "16777217",
	"1e21", "1e20", "1000000", "100000", "123456789", "253402300799", "253402300800", "253402300799.5", "-62167219200", "-62167219201", "-62167219200.5", "1e12", "1e13", "4000000000000000000000", "1e1000", "1e-1000",
	"NaN", "nan", "Inf", "inf", "+Inf", "-inf", "Infinity", "infinit",
	"true", "TRUE", "True", "tRUE", "t", "T", "1", "false", "FALSE", "False", "f", "F", "yes", "on", "true ",
	"RED", "BLUE", "red", "RED ", `"RED"`, `RED"`, "GREEN",
	"2006", "0000", "9999", "2006-01", "2006-13", "2006-1", "2006-01-02", "2006-02-30", "0001-01-01", "1600-02-29", "2300-01-01", "1677-09-21", "2262-04-12", "20060102",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05.5", "2006-01-02T15:04:05,5", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.123456789Z", "2006-01-02T15:04:05.1234567891Z", "2006-01-02T15:04:05.1234567890Z",
	"2006-01-02T15:04:05+01:00", "2006-01-02T15:04:05-12:30", "2006-01-02T15:04:05+00:00", "2006-01-02T15:04:05-00:00", "2006-01-02T15:04:05+23:59", "2006-01-02T15:04:05+24:00", "2006-01-02T15:04:05-24:30", "2006-01-02T15:04:05+23:60", "2006-01-02T15:04:05+25:00",
	"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-24:00", "0000-01-01T00:00:00+24:00", "9999-12-31T23:59:59+24:00", "2006-01-02T5:04:05Z", "2006-01-02T15:04Z", "2006-01-02t15:04:05z", "2006-01-02 15:04:05", "2006-01-02T24:00:00Z", "2006-01-02T15:04:60Z",
	"2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 +0000 UTC", "2006-01-02 15:04:05.25 +0200 CEST", "2006-01-02T15:04:05+0700", "1969-12-31T23:59:59.5Z",
	`{"type":"Point","coordinates":[1.5,2.5]}`, `{'type':'Point','coordinates':[1.5,2.5]}`, `{"TYPE":"Point","Coordinates":[1,2,3]}`, `{"type":"point","coordinates":[1,2]}`,
	`{"type":"Point"}`, `{"type":"Point","coordinates":[]}`, `{"type":"Point","coordinates":null}`, `{"type":"Point","coordinates":[null,null]}`, `{"type":"Point","coordinates":[1]}`, `{"type":"Point","coordinates":[1,2,3,4]}`, `{"type":"Point","coordinates":[1,2,3,4,5]}`,
	`{"type":"Point","coordinates":["1","2"]}`, `{"type":"Point","coordinates":[1e400,2]}`, `{"type":"Point","coordinates":[1e21,-0.0000001]}`, `{"type":"Point","coordinates":[1,2],"bbox":7,"crs":{"type":"name","properties":{}}}`, `{"type":"Point","coordinates":[1,2],"crs":7}`,
	`{"type":"Point","type":"LineString","coordinates":[[1,2],[3,4]]}`, `{"type":"Point","coordinates":[1,2]} x`, `{"type":"Point","coordinates":[1,2]`,
	`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`, `{"type":"Polygon","coordinates":[]}`, `{"type":"Polygon","coordinates":[[]]}`, `{"type":"Polygon","coordinates":[null]}`, `{"type":"Polygon","coordinates":[[],[[1,2,3]]]}`,
	`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}`, `{"type":"MultiPolygon","coordinates":[[]]}`, `{"type":"MultiPolygon","coordinates":[[[]],[[[1,2]]]]}`,
	`{"type":"LineString","coordinates":[[1,2],[3,4]]}`, `{"type":"LineString","coordinates":[[1,2],[3,4,5]]}`, `{"type":"LineString","coordinates":[]}`, `{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}`, `{"type":"MultiPoint","coordinates":[[1,2],null]}`,
	`{"type":"MultiLineString","coordinates":[[[1,2],[3,4]],[]]}`,
	`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},{"type":"Polygon","coordinates":[[[1,2,3]]]}]}`, `{"type":"GeometryCollection"}`, `{"type":"GeometryCollection","geometries":[null]}`, `{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[]}]}`, `{"type":"GeometryCollection","geometries":[{"type":"Polygon"}]}`,
	`{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]}}`, `[1,2]`, `"Point"`,
	"[1.5, 2.5]", "[1.5 2.5]", "[1,,2]", "[1,2,]", "[1\n2]", "\t[1\t2]\n", "[1,2]]", "[[1,2]", "1,2", "[1,2", "[]]", "[0.1]", "[3.14159265358979]", "[1e39]", "[inf]", "[NaN]", "[0x1p3]", "[a]", "[16777217, 1]", "[1, 2] ",
	"1 000", "<b>&'\"\\", "ünïcödé\u2028", "\x00", "\u0000\u0001",
}

// TestConvert holds what the comparison with Dgraph cannot: what Dgraph never prints, what would take the
// oracle minutes, and the words.
func TestConvert(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 1000)
	for _, c := range []struct {
		value   convert.Value
		to      convert.Target
		outcome convert.Outcome
		detail  string
	}{
		{convert.Value{Type: "password", Data: "x"}, convert.Target{Type: "string"}, convert.Unknown, "there is no reading of type password as string"},
		{convert.Value{Type: "string", Data: "x"}, convert.Target{Type: "uid"}, convert.Unknown, "there is no reading of type string as uid"},
		{convert.Value{Type: "int", Data: "5"}, convert.Target{Type: "string"}, convert.Unknown, "5 is not how Dgraph prints a value of type int"},
		{convert.Value{Type: "int", Data: 5.0}, convert.Target{Type: "string"}, convert.Unknown, "5 is not how Dgraph prints a value of type int"},
		{convert.Value{Type: "int", Data: json.Number("5.5")}, convert.Target{Type: "string"}, convert.Unknown, "5.5 is not how Dgraph prints a value of type int"},
		{convert.Value{Type: "string", Data: nil}, convert.Target{Type: "string"}, convert.Unknown, "<nil> is not how Dgraph prints a value of type string"},
		{convert.Value{Type: "datetime", Data: "2006"}, convert.Target{Type: "string"}, convert.Unknown, "2006 is not how Dgraph prints a value of type datetime"},
		{convert.Value{Type: "geo", Data: map[string]any{"type": "Point"}}, convert.Target{Type: "geo"}, convert.Unknown, "map[type:Point] is not how Dgraph prints a value of type geo"},
		{convert.Value{Type: "float32vector", Data: []any{"1"}}, convert.Target{Type: "string"}, convert.Unknown, "[1] is not how Dgraph prints a value of type float32vector"},
		{convert.Value{Type: "dateTime", Data: "2006-01-02T15:04:05Z"}, convert.Target{Type: "Int"}, convert.Converts, "1136214245"},
		{convert.Value{Type: "string", Data: "091.8p1"}, convert.Target{Type: "bigfloat"}, convert.Converts, "183.6"},
		{convert.Value{Type: "string", Data: "91.8p-1"}, convert.Target{Type: "float"}, convert.Fails, `"91.8p-1" is no float`},
		{convert.Value{Type: "string", Data: "1e300000"}, convert.Target{Type: "bigfloat"}, convert.Converts, "1e+300000"},
		{convert.Value{Type: "string", Data: "1e600000000"}, convert.Target{Type: "bigfloat"}, convert.Crashes, "the alpha computes millions of digits to print the value"},
		{convert.Value{Type: "string", Data: "1e-600000000"}, convert.Target{Type: "bigfloat"}, convert.Crashes, "the alpha computes millions of digits to print the value"},
		{convert.Value{Type: "bigfloat", Data: json.Number("1e600000000")}, convert.Target{Type: "string"}, convert.Crashes, "the alpha computes millions of digits to print the value"},
		{convert.Value{Type: "bigfloat", Data: json.Number("1e600000000")}, convert.Target{Type: "int"}, convert.Truncated, "9223372036854775807"},
		{convert.Value{Type: "string", Data: "1e-999999999999"}, convert.Target{Type: "float"}, convert.Truncated, "0"},
		{convert.Value{Type: "string", Data: "0." + strings.Repeat("1", 1<<20)}, convert.Target{Type: "float"}, convert.Truncated, "0.1111111111111111"},
		{convert.Value{Type: "string", Data: long}, convert.Target{Type: "int"}, convert.Fails, `"` + long[:58] + "... is no integer of 64 bits"},
		{convert.Value{Type: "string", Data: "GREEN"}, convert.Target{Type: "string", GraphQL: "Color", Enum: colors}, convert.Null, `"GREEN" is no member of Color`},
		{convert.Value{Type: "string", Data: "RED"}, convert.Target{Type: "string", GraphQL: "Color"}, convert.Null, `"RED" is no member of Color`},
		{convert.Value{Type: "bool", Data: true}, convert.Target{Type: "datetime", GraphQL: "DateTime"}, convert.Fails, "Dgraph converts no bool to datetime"},
	} {
		outcome, detail := convert.Of(c.value, c.to)
		if outcome != c.outcome || detail != c.detail {
			t.Errorf("%.60v under %s: %s %q, want %s %q", c.value, c.to.Type, outcome, detail, c.outcome, c.detail)
		}
	}
}

func TestConvertAgainstDgraph(t *testing.T) {
	t.Parallel()
	j := dgraphtest.Oracle(t)
	c := comparison{j: j, seen: map[convert.Outcome]int{}}
	for _, from := range origins {
		for _, value := range borderline {
			c.all(t, from, value)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := random{rand.New(rand.NewPCG(seed, 0))}
	for range 20000 {
		from := origins[r.IntN(len(origins))]
		c.one(t, from, r.value(from), targets[r.IntN(len(targets))])
		if t.Failed() {
			break
		}
	}
	t.Logf("compared %d readings: %v", c.compared, c.seen)
	for o := convert.Same; o <= convert.Crashes; o++ {
		if c.seen[o] < 10 {
			t.Errorf("only %d readings were %s: the test does not show enough", c.seen[o], o)
		}
	}
}

func FuzzConvert(f *testing.F) {
	for _, text := range borderline {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var data any
		values := []convert.Value{{Data: text, Type: "string"}, {Data: text, Type: "datetime"}}
		if dec := json.NewDecoder(strings.NewReader(text)); json.Valid([]byte(text)) {
			dec.UseNumber()
			if err := dec.Decode(&data); err != nil {
				t.Fatal(err)
			}
			for _, typ := range origins {
				values = append(values, convert.Value{Data: data, Type: typ})
			}
		}
		for _, v := range values {
			for _, to := range targets {
				switch o, detail := convert.Of(v, to); o {
				case convert.Converts, convert.Truncated:
					if !json.Valid([]byte(detail)) {
						t.Errorf("%s %#v under %s reads as %q, which is no JSON", v.Type, v.Data, to.Type, detail)
					}
				case convert.Same:
				default:
					if len(detail) > 500 || detail == "" {
						t.Errorf("%s %#v under %s: a reason of %d bytes", v.Type, v.Data, to.Type, len(detail))
					}
				}
			}
		}
	})
}

// comparison holds readings against Dgraph's own.
type comparison struct {
	j        *dgraphtest.Judge
	compared int
	seen     map[convert.Outcome]int
}

func (c *comparison) all(t *testing.T, from, value string) {
	for _, to := range targets {
		c.one(t, from, value, to)
	}
}

func (c *comparison) one(t *testing.T, from, value string, to convert.Target) {
	t.Helper()
	a := c.j.Convert(dgraphtest.Conversion{From: from, Value: value, To: to.Type, GraphQL: to.GraphQL, Enum: to.Enum})
	if a.Refused != "" || !json.Valid([]byte(a.Stored)) {
		return // it is not there, or no query shows it
	}
	outcome, detail := convert.Of(convert.Value{Type: from, Data: decoded(a.Stored)}, to)
	c.compared++
	c.seen[outcome]++
	if err := agrees(outcome, detail, from, to.Type, a); err != nil {
		t.Errorf("%s %s under %s %s: %v: %v (%s)\nDgraph: %+v", from, a.Stored, to.Type, to.GraphQL, err, outcome, detail, a)
	}
}

// decoded is JSON as the package's own readers decode it.
func decoded(text string) any {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var data any
	if err := dec.Decode(&data); err != nil {
		panic(err)
	}
	return data
}

// agrees compares an outcome with what Dgraph does.
func agrees(outcome convert.Outcome, detail, from, to string, a dgraphtest.Converted) error {
	var want convert.Outcome
	switch {
	case a.Panic != "":
		want = convert.Crashes
	case a.Failed != "":
		want = convert.Fails
	case a.Null != "":
		want = convert.Null
	case a.Read == "":
		want = convert.Absent
	case a.Read == a.Stored:
		want = convert.Same
	default:
		if outcome != convert.Converts && outcome != convert.Truncated {
			return fmt.Errorf("it reads as %s", a.Read)
		}
		if detail != a.Read {
			return fmt.Errorf("not the reading %s", a.Read)
		}
		want = convert.Converts
		if loses(a.Stored, a.Read, from, to) {
			want = convert.Truncated
		}
	}
	switch {
	case outcome != want:
		return fmt.Errorf("want %v", want)
	case outcome == convert.Same && detail != "":
		return fmt.Errorf("detail of the same value")
	case outcome != convert.Same && detail == "":
		return fmt.Errorf("no detail")
	}
	return nil
}

// loses compares the exact numbers that two notations stand for; times are seconds. Other values lose
// nothing.
func loses(stored, read, from, to string) bool {
	text := from == "string" || from == "default"
	if from == "bool" || from == "geo" || to == "geo" || to == "bool" && text {
		return false
	}
	olds, news := []string{unquote(stored)}, []string{unquote(read)}
	if to == "float32vector" {
		olds, news = strings.FieldsFunc(olds[0], separates), strings.FieldsFunc(read, separates)
	} else if from == "float32vector" {
		olds, news = strings.FieldsFunc(stored, separates), strings.FieldsFunc(news[0], separates)
	}
	return !slices.EqualFunc(olds, news, func(old, now string) bool {
		a := exact(old, from == "datetime" || text && to == "datetime")
		if to == "bool" {
			return a.Cmp(new(big.Rat)) == 0 || a.Cmp(big.NewRat(1, 1)) == 0
		}
		b := exact(now, to == "datetime" || from == "datetime" && (to == "string" || to == "default"))
		if a.Cmp(b) == 0 {
			return true
		}
		// What is a float stands also for its exact value, and so does what has 200 bits.
		switch {
		case to == "bigfloat":
			if from == "float" {
				a = binary(old, 64)
			}
			f, _, err := new(big.Float).SetPrec(200).Parse(now, 10)
			if err != nil {
				panic(err)
			}
			value, _ := f.Rat(nil)
			return a.Cmp(value) == 0
		case to == "float":
			return a.Cmp(binary(now, 64)) == 0
		case to == "float32vector":
			return a.Cmp(binary(now, 32)) == 0
		case from == "float":
			return b.Cmp(binary(old, 64)) == 0
		}
		return false
	})
}

func separates(r rune) bool { return strings.ContainsRune("[], \n\t", r) }

func unquote(text string) string {
	var s string
	if json.Unmarshal([]byte(text), &s) == nil {
		return s
	}
	return text
}

func binary(text string, bits int) *big.Rat {
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		panic(err)
	}
	return new(big.Rat).SetFloat64(f)
}

// exact is the number that a text stands for.
func exact(text string, isTime bool) *big.Rat {
	if !isTime {
		r, ok := new(big.Rat).SetString(strings.ReplaceAll(text, "_", ""))
		if !ok {
			panic("no number: " + text)
		}
		return r
	}
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05 -0700 MST"} {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		r := new(big.Rat).SetFrac64(int64(at.Nanosecond()), 1e9)
		r.Add(r, new(big.Rat).SetInt64(at.Unix()))
		// Go forgets what is finer than a nanosecond.
		if _, rest, ok := strings.Cut(strings.ReplaceAll(text, ",", "."), "."); ok {
			digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
			if len(digits) > 9 {
				r.Add(r, exact("0.000000000"+digits[9:], false))
			}
		}
		return r
	}
	panic("no time: " + text)
}

// random makes values, most of them near what Dgraph takes.
type random struct{ *rand.Rand }

func (r random) pick(of ...string) string { return of[r.IntN(len(of))] }

func (r random) value(typ string) string {
	switch typ {
	case "int":
		return r.integer()
	case "float", "bigfloat":
		return r.float()
	case "bool":
		return r.pick("true", "false")
	case "datetime":
		return r.time()
	case "geo":
		return r.geometry(0)
	case "float32vector":
		return r.vector()
	}
	switch s := ""; r.IntN(8) {
	case 0:
		return r.damage(r.integer())
	case 1:
		return r.damage(r.float())
	case 2:
		return r.damage(r.time())
	case 3:
		return r.damage(r.geometry(0))
	case 4:
		return r.damage(r.vector())
	case 5:
		return r.damage(r.pick(borderline...))
	default:
		for range r.IntN(7) {
			s += r.pick(strings.Split("0123456789+-._eExXpPtTfF:Z,[]{}'\" ", "")...)
		}
		return s
	}
}

// damage changes a character of some values.
func (r random) damage(s string) string {
	if s == "" || r.IntN(3) > 0 {
		return s
	}
	chars := strings.Split(s, "")
	i := r.IntN(len(chars))
	switch r.IntN(3) {
	case 0:
		chars[i] = ""
	case 1:
		chars[i] += chars[i]
	default:
		chars[i] = r.pick(strings.Split("0159+-._eExXZT:,[]{}'\" ", "")...)
	}
	return strings.Join(chars, "")
}

func (r random) integer() string {
	i := r.Int64() >> r.IntN(64)
	if r.IntN(2) == 0 {
		i = -i
	}
	if r.IntN(3) == 0 {
		i = 1<<r.IntN(63) + int64(r.IntN(3)) - 1
	}
	return strconv.FormatInt(i, 10)
}

func (r random) float() string {
	switch r.IntN(4) {
	case 0:
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return "0.25"
		}
		return strconv.FormatFloat(f, r.pick("e", "g", "x")[0], -1, 64)
	case 1:
		return strconv.FormatFloat(float64(r.Int64N(1<<50))/math.Pow10(r.IntN(12)), 'f', -1, 64)
	case 2:
		return r.integer() + r.pick("", ".0", ".5", "e3", "e-3", "00000000000000000001.5")
	}
	return strconv.FormatFloat(float64(float32(r.NormFloat64())), 'g', -1, 32)
}

func (r random) time() string {
	year := 1500 + r.IntN(1000)
	if r.IntN(3) == 0 {
		year = r.IntN(10000)
	}
	at := time.Date(year, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
	if r.IntN(2) == 0 {
		at = at.Add(time.Duration(r.IntN(1e9)).Truncate(time.Duration(math.Pow10(r.IntN(10)))))
	}
	if r.IntN(2) == 0 {
		at = at.In(time.FixedZone(r.pick("", "CET", "X"), (r.IntN(2*24*60)-24*60)*60))
	}
	return at.Format(r.pick("2006", "2006-01", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04:05.999999999",
		time.RFC3339, time.RFC3339Nano, time.RFC3339Nano, "2006-01-02 15:04:05.999 -0700 MST"))
}

func (r random) geometry(level int) string {
	kind := r.pick("Point", "Point", "LineString", "MultiPoint", "Polygon", "Polygon", "MultiLineString", "MultiPolygon", "GeometryCollection")
	text := `{"type":"` + kind + `",`
	if kind == "GeometryCollection" {
		var members []string
		for range r.IntN(3) {
			if level < 3 {
				members = append(members, r.geometry(level+1))
			}
		}
		text += `"geometries":[` + strings.Join(members, ",") + "]}"
	} else {
		depth := map[string]int{"Point": 0, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
		d, ok := depth[kind]
		if !ok {
			d = 1
		}
		text += `"coordinates":` + r.positions(d, 2+r.IntN(3)) + "}"
	}
	if r.IntN(4) == 0 && level == 0 {
		text = strings.ReplaceAll(text, `"`, "'")
	}
	return text
}

func (r random) positions(depth, size int) string {
	var items []string
	switch {
	case r.IntN(40) == 0:
		return r.pick("null", "[]", "[null]", "7", "[1]", "{}")
	case depth == 0:
		for range size {
			items = append(items, strconv.FormatFloat(r.NormFloat64()*math.Pow10(r.IntN(30)-8), 'g', -1, 64))
		}
	default:
		for range r.IntN(4) {
			items = append(items, r.positions(depth-1, size))
		}
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (r random) vector() string {
	var items []string
	for range r.IntN(4) {
		items = append(items, strconv.FormatFloat(r.NormFloat64()*math.Pow10(r.IntN(60)-30), 'g', -1, 32+32*r.IntN(2)))
	}
	return "[" + strings.Join(items, r.pick(",", ", ", " ", "  ")) + "]"
}
