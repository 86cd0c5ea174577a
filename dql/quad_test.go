package dql_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// everyKind are values of every type, as RDF, under the predicate T.p.
var everyKind = []struct{ name, line, quads string }{
	{"string", "string @index(term) @lang", `
		_:a <T.p> "untagged \"quotes\" \\ \n\t\u0000\u2028 <x> 'y' {{z}} \U0001F600" .
		_:a <T.p> "deutsch"@de (author="Ann \"A\" (1), x=2", year=2020, ratio=0.5, wild=true, at=2020-01-02T03:04:05.123456789+05:30, text="2020") .
		_:b <T.p> "plain" (n=1) .
		_:b <T.p> "deux"@fr (n=2) .
		_:b <T.p> "zwei"@de-AT (other="x") .
		_:c <T.p> "solo"@fr (n=3) .
		_:e <T.p> "" .
		_:d <T.p> "tab\there \u0001\u007f\u0080\u2028 \U0001F600 ^^<xs:int> @en ." (k="v \u0001\u007f\u2028 \"q\" \\ ,) .", größe=1, a.b-c_2=2) .`},
	{"strings", "[string]", `
		_:a <T.p> "a" (f="1", g=2) .
		_:a <T.p> "b" .
		_:a <T.p> "c, (d)" (f="two words") .
		_:a <T.p> "" .`},
	{"int", "int @index(int)", `
		_:a <T.p> "9223372036854775807" .
		_:b <T.p> "-9223372036854775808" (source="x") .
		_:c <T.p> "0" .`},
	{"ints", "[int]", `
		_:a <T.p> "9007199254740993" (f=1) .
		_:a <T.p> "-1" .`},
	{"float", "float", `
		_:a <T.p> "0.1" .
		_:b <T.p> "1e300" .
		_:c <T.p> "-5e-324" .
		_:d <T.p> "123456789.123456789" (w=0.25) .
		_:e <T.p> "3" .`},
	{"bool", "bool", `
		_:a <T.p> "true" .
		_:b <T.p> "false" (sure=false) .`},
	{"dateTime", "dateTime @index(hour)", `
		_:a <T.p> "2020-02-29T23:59:59.999999999-11:45" .
		_:b <T.p> "0001-01-01T00:00:00Z" .
		_:c <T.p> "9999-12-31T23:59:59Z" (f="x") .
		_:d <T.p> "2006" .`},
	{"dateTimes", "[dateTime]", `
		_:a <T.p> "2020-02-29T23:59:59.5+02:00" .
		_:a <T.p> "2021-01-01T00:00:00Z" (f=1) .`},
	{"geo", "geo @index(geo)", `
		_:a <T.p> "{'type':'Point','coordinates':[1.123456789012345,-2.5]}"^^<geo:geojson> .
		_:b <T.p> "{'type':'Polygon','coordinates':[[[0,0],[2,0],[2,2],[0,2],[0,0]],[[0.5,0.5],[1,0.5],[1,1],[0.5,0.5]]]}"^^<geo:geojson> .
		_:c <T.p> "{'type':'MultiPolygon','coordinates':[[[[0,0],[2,0],[2,2],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}"^^<geo:geojson> (f="x") .`},
	{"vector", `float32vector @index(hnsw(metric:"euclidean"))`, `
		_:a <T.p> "[0.1, -2.5, 3e-10]" .
		_:b <T.p> "[1, 2, 3]" .`},
	{"default", "default", `
		_:a <T.p> "text" .
		_:b <T.p> "5" (f=1) .`},
	{"bigfloat", "bigfloat", `
		_:a <T.p> "123456789012345678901234567890.123456789" .
		_:b <T.p> "0.1" .`},
	{"edge", "uid", `
		_:a <T.p> _:b (since=2020-01-01T00:00:00Z, weight=0.5, note="a, b) .") .
		_:b <T.p> _:c .`},
	{"edges", "[uid] @count @reverse", `
		_:a <T.p> _:b (since=2020-01-01T00:00:00Z, n=3) .
		_:a <T.p> _:c .
		_:a <T.p> _:a (f="x") .
		_:b <T.p> _:a .`},
}

// languages are all that everyKind has.
var languages = []string{"", "de", "de-AT", "fr"}

// holdings is everything under a predicate, in the words of the server.
func holdings(t *testing.T, d *dgraphtest.Dgraph, p dql.Predicate, name string) string {
	t.Helper()
	p.Name = name
	column, err := p.Column("x", "")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Q []map[string]any
	}
	if p.Lang {
		tags, err := p.TagColumns("y", languages)
		if err != nil {
			t.Fatal(err)
		}
		column += " " + tags
	}
	decoder := json.NewDecoder(strings.NewReader(string(d.Query(t, "{q(func: has(dgraph.type)) {uid "+column+"}}"))))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, node := range answer.Q {
		text, err := json.Marshal(node)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n", text)
	}
	return all.String()
}

// TestQuads copies values of every kind to another predicate, and then deletes them there one by one.
func TestQuads(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c, err := dql.Open(t.Context(), dql.Config{Alphas: []string{d.GRPC}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for _, k := range everyKind {
		t.Run(k.name, func(t *testing.T) {
			d.DropAll(t)
			d.Alter(t, "T.p: "+k.line+" .\n")
			var text strings.Builder
			for line := range strings.SplitSeq(strings.TrimSpace(k.quads), "\n") {
				text.WriteString(strings.TrimSpace(line) + "\n")
			}
			for _, n := range "abcde" {
				fmt.Fprintf(&text, "_:%c <dgraph.type> \"T\" .\n", n)
			}
			d.Mutate(t, text.String())
			stored, err := c.Stored(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p := *stored.Predicate("T.p")
			to := p
			to.Name = "T.größe"
			line, err := to.Line()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Alter(t.Context(), line); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			stored, err = c.Stored(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(to, *stored.Predicate(to.Name)); diff != "" {
				t.Errorf("%s declares (-want +got):\n%s", line, diff)
			}
			quads := quadsUnder(t, c, p)
			for i := range quads {
				quads[i].Predicate = to.Name
			}
			if _, err := c.Txn().Commit(t.Context(), quads, nil); err != nil {
				t.Fatal(err)
			}
			was, is := holdings(t, d, p, p.Name), holdings(t, d, p, to.Name)
			if was != is || strings.Count(was, "\n") < 1 {
				t.Errorf("stored:\n%scopied:\n%s", was, is)
			}
			if _, err := c.Txn().Commit(t.Context(), nil, quadsUnder(t, c, to)); err != nil {
				t.Fatal(err)
			}
			if left := string(d.Query(t, "{q(func: has(<"+to.Name+">)) {uid}}")); left != `{"q":[]}` {
				t.Errorf("left after each value was deleted: %s\n%s", left, holdings(t, d, p, to.Name))
			}
			if now := holdings(t, d, p, p.Name); now != was {
				t.Errorf("the original:\n%sand afterwards:\n%s", was, now)
			}
		})
	}
}

// quadsUnder are all quads of a predicate.
func quadsUnder(t *testing.T, c *dql.Client, p dql.Predicate) []dql.Quad {
	t.Helper()
	column, err := p.Column("c", "")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Txn().Query(t.Context(), "{q(func: has(dgraph.type)) {uid "+column+"}}", nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []dql.Quad
	noted := map[string]bool{}
	if err := dql.Rows(answer, "q", func(r dql.Row) error {
		quads, err := r.Quads("c", p)
		all = append(all, quads...)
		noted[string(dql.Node(r.UID))] = r.Noted("c")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !p.Lang {
		return all
	}
	if column, err = p.TagColumns("c", languages); err != nil {
		t.Fatal(err)
	}
	if answer, err = c.Txn().Query(t.Context(), "{q(func: has(dgraph.type)) {uid "+column+"}}", nil); err != nil {
		t.Fatal(err)
	}
	if err := dql.Rows(answer, "q", func(r dql.Row) error {
		for i := range all {
			if all[i].Subject != dql.Node(r.UID) {
				continue
			}
			var err error
			if all[i].Facets, err = r.TagFacets("c", slices.Index(languages, all[i].Lang)); err != nil {
				return err
			}
			if len(all[i].Facets) > 0 && !noted[string(all[i].Subject)] {
				t.Errorf("%s has facets that were not noted", all[i])
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
