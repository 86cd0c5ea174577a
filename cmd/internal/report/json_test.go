package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../docs/report.schema.json"

func reportSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func decode(t testing.TB, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc
}

func TestJSONKeepsItsSchema(t *testing.T) {
	t.Parallel()
	schema := reportSchema(t)
	all := append(samples(), sample{"zero", &Report{Tool: Tool{Name: "schemacheck"}}})
	for _, s := range all {
		text := render(t, s.report, "json", Options{})
		if err := schema.Validate(decode(t, text)); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if strings.Contains(text, ": null") {
			t.Errorf("%s: null in %s", s.name, text)
		}
	}
}

// TestSchemaIsStrict breaks a whole report in every place, one at a time.
func TestSchemaIsStrict(t *testing.T) {
	t.Parallel()
	schema := reportSchema(t)
	text := render(t, samples()[2].report, "json", Options{})
	optional := []string{"/before", "/after", "/location", "/previous", "/ref", "/values", "/edits", "/elsewhere", "/addition"}
	broken := 0
	refuse := func(where, what string, doc any) {
		broken++
		if schema.Validate(doc) == nil {
			t.Errorf("%s: the schema accepts %s", where, what)
		}
	}
	// mutate walks the document; at returns a fresh copy of it, with the value
	// at the walked path replaced by what change makes of it.
	var mutate func(path string, value any, at func(change func(any) any) any)
	mutate = func(path string, value any, at func(change func(any) any) any) {
		switch value := value.(type) {
		case map[string]any:
			refuse(path, "an unknown key", at(func(v any) any { v.(map[string]any)["extra"] = "x"; return v }))
			refuse(path, "a list for an object", at(func(any) any { return []any{} }))
			for _, key := range slices.Sorted(maps.Keys(value)) {
				child := path + "/" + key
				isOptional := slices.ContainsFunc(optional, func(o string) bool { return strings.HasSuffix(child, o) }) &&
					!(strings.HasSuffix(child, "/location") && strings.Contains(path, "/findings/"))
				without := at(func(v any) any { delete(v.(map[string]any), key); return v })
				if !isOptional {
					refuse(child, "that it is missing", without)
				} else if err := schema.Validate(without); err != nil {
					t.Errorf("%s: the schema demands it: %v", child, err)
				}
				mutate(child, value[key], func(change func(any) any) any {
					return at(func(v any) any { m := v.(map[string]any); m[key] = change(m[key]); return m })
				})
			}
		case []any:
			refuse(path, "null for a list", at(func(any) any { return nil }))
			refuse(path, "a number in a list", at(func(v any) any { return append(v.([]any), json.Number("7")) }))
			for i := range value {
				mutate(fmt.Sprintf("%s/%d", path, i), value[i], func(change func(any) any) any {
					return at(func(v any) any { l := v.([]any); l[i] = change(l[i]); return l })
				})
			}
		case string:
			refuse(path, "a number for a string", at(func(any) any { return json.Number("7") }))
			if strings.HasSuffix(path, "/file") {
				refuse(path, "a file without a name", at(func(any) any { return "" }))
			}
			for _, key := range []string{"severity", "anchor", "api", "storage", "confidence", "kind", "risk", "fingerprint", "duration", "uid"} {
				if strings.HasSuffix(path, "/"+key) {
					refuse(path, "a word that means nothing", at(func(any) any { return "Other" }))
				}
			}
		case json.Number:
			refuse(path, "a string for a number", at(func(any) any { return "7" }))
			refuse(path, "a negative number", at(func(any) any { return json.Number("-1") }))
			refuse(path, "half a number", at(func(any) any { return json.Number("0.5") }))
			for _, key := range []string{"line", "column", "endLine", "endColumn"} {
				if strings.HasSuffix(path, "/"+key) {
					refuse(path, "a place outside the file", at(func(any) any { return json.Number("0") }))
				}
			}
		case bool:
			refuse(path, "a string for a boolean", at(func(any) any { return "true" }))
		default:
			t.Errorf("%s: %T in the report", path, value)
		}
	}
	mutate("", decode(t, text), func(change func(any) any) any { return change(decode(t, text)) })
	if broken < 500 {
		t.Errorf("only %d ways to break the report were tried", broken)
	}
	for _, what := range []string{
		strings.Replace(text, `"asked": true`, `"asked": false`, 1), // data: an alpha that nobody asked
		strings.Replace(text, `"schemaVersion": 1`, `"schemaVersion": 2`, 1),
		strings.Replace(text, `"data": "hidden"`, `"data": "lost"`, 1),
	} {
		if what == text {
			t.Fatal("nothing was replaced")
		}
		refuse("whole", "a report that contradicts itself", decode(t, what))
	}
}

// TestSchemaNamesEveryField compares the keys that the format writes with the
// keys that the schema lists, so that none is published without being written.
func TestSchemaNamesEveryField(t *testing.T) {
	t.Parallel()
	written := map[string]bool{}
	var collect func(any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, child := range v {
				written[key] = true
				collect(child)
			}
		case []any:
			for _, child := range v {
				collect(child)
			}
		}
	}
	r := shapes()
	r.Before.Ref = "main"
	r.Suppressed, r.Files, r.Folder = suppressed().Suppressed, suppressed().Files, suppressed().Folder
	r.Operations = operations().Operations
	r.Findings = append(r.Findings, operations().Findings...)
	collect(decode(t, render(t, r, "json", Options{})))

	schema := reportSchema(t)
	listed := map[string]bool{}
	seen := map[*jsonschema.Schema]bool{}
	var list func(*jsonschema.Schema)
	list = func(s *jsonschema.Schema) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for key, child := range s.Properties {
			listed[key] = true
			list(child)
		}
		list(s.Ref)
		list(s.Items2020)
	}
	list(schema)
	if !maps.Equal(written, listed) {
		t.Errorf("written: %v\nlisted:  %v", slices.Sorted(maps.Keys(written)), slices.Sorted(maps.Keys(listed)))
	}
}

func TestJSONText(t *testing.T) {
	t.Parallel()
	r := compare(Finding{Rule: "x", Message: "a < b & c > d \x1b \u009b \u202e \u007f \u2028 \xff \U000e0041 名", Coordinate: `"\`})
	text := render(t, r, "json", Options{})
	if want := `"message": "a < b & c > d \u001b \u009b \u202e \u007f \u2028 \ufffd \udb40\udc41 名"`; !strings.Contains(text, want) {
		t.Errorf("no %s in\n%s", want, text)
	}
	if !strings.HasSuffix(text, "\n}\n") || !strings.HasPrefix(text, "{\n  \"schemaVersion\": 1,\n") {
		t.Errorf("not indented by two blanks, or no line end at the end: %q", text)
	}
	var back struct {
		Findings []struct{ Message, Coordinate string }
	}
	if err := json.Unmarshal([]byte(text), &back); err != nil {
		t.Fatal(err)
	}
	if got, want := back.Findings[0].Message, strings.ReplaceAll(r.Findings[0].Message, "\xff", "\ufffd"); got != want {
		t.Errorf("message reads back as %q, want %q", got, want)
	}
	if got := back.Findings[0].Coordinate; got != `"\` {
		t.Errorf("coordinate reads back as %q", got)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("a\x1b\u009b\U000e0041\xff\"\\\u2028<")
	schema := reportSchema(f)
	f.Fuzz(func(t *testing.T, text string) {
		r := compare(Finding{
			Rule: "x", Severity: Error, Coordinate: text, To: text, Subject: text, Affects: []string{"." + text}, Message: "." + text,
			Location: Location{"self", "." + text, "", 1, 1, 1, 1}, Consequence: text, Fixes: []Fix{{"x", "directive", "safe", "." + text, text, nil, nil}},
		})
		r.Seal()
		out := render(t, r, "json", Options{})
		for _, c := range out {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("raw %U in %q", c, out)
			}
		}
		if err := schema.Validate(decode(t, out)); err != nil {
			t.Error(err)
		}
		var back wireReport
		if err := json.NewDecoder(bytes.NewReader([]byte(out))).Decode(&back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(text) && back.Findings[0].Coordinate != Redact(text) {
			t.Errorf("%q reads back as %q", text, back.Findings[0].Coordinate)
		}
	})
}
