package rules_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestClientsLive sends the operations of the cases to a real Dgraph that serves the old schema, and to one that serves
// the new schema: it refuses what is told to break, and what was invalid before, and nothing else.
func TestClientsLive(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	broken, fine := 0, 0
	for _, c := range allCases(t) {
		if len(c.operations) == 0 {
			continue
		}
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			judged := c.clientele(t, c.findings(t))
			breaks, unseen := map[string]bool{}, map[string]bool{}
			for _, f := range judged.Findings {
				breaks[f.Subject] = breaks[f.Subject] || f.Rule.ID == "operation-broken"
				unseen[f.Subject] = strings.HasPrefix(f.Consequence, "Dgraph does not look into")
			}
			invalid := map[string]bool{}
			for _, o := range judged.Invalid {
				invalid[o.Subject] = true
			}
			d.DropAll(t)
			for _, served := range []struct {
				name, text string
				new        bool
			}{{"old", c.old, false}, {"new", c.new, true}} {
				if result := d.ApplySchema(t, served.text); result.Refused {
					t.Fatalf("the %s schema is refused: %s", served.name, result.Message)
				}
				seen := map[string]int{}
				for _, o := range operations.Join(c.operations...).Operations {
					subject := subjectOf(o, seen)
					refused, reasons := refusedBy(t, d, o)
					want := invalid[subject] || served.new && breaks[subject]
					if refused != want && !(served.new && unseen[subject]) {
						t.Errorf("%s under the %s schema: refused %v, and it is told %v: %s\n%s", subject, served.name, refused, want, reasons, o.Text())
					}
					if served.new && refused {
						broken++
					} else if served.new {
						fine++
					}
				}
			}
		})
	}
	t.Logf("%d operations were refused and %d were not", broken, fine)
	if broken < 20 || fine < 10 {
		t.Error("the cases are one-sided")
	}
}

// TestNestedAddsLive sends the mutations of the case to a real Dgraph that serves the new schema, without the claims that
// its rules want: those that are told to add what the rules guard do nothing, and no others.
func TestNestedAddsLive(t *testing.T) {
	t.Parallel()
	all := allCases(t)
	c := all[slices.IndexFunc(all, func(c *testCase) bool { return c.name == "auth-by-nesting" })]
	told := map[string]bool{}
	for _, f := range c.clientele(t, c.findings(t)).Findings {
		told[f.Subject] = true
	}
	d := dgraphtest.Server(t)
	d.Lock(t)
	d.DropAll(t)
	if result := d.ApplySchema(t, c.new); result.Refused {
		t.Fatal(result.Message)
	}
	d.Mutate(t, `<0x1> <dgraph.type> "User" .
<0x1> <User.email> "a@x" .
<0x2> <dgraph.type> "Post" .
<0x2> <Post.title> "y" .
`)
	seen := map[string]int{}
	for _, o := range operations.Join(c.operations...).Operations {
		subject := subjectOf(o, seen)
		variables := map[string]any{}
		for _, v := range o.AST.VariableDefinitions {
			if v.DefaultValue == nil && v.Type.NonNull {
				variables[v.Variable] = sample(v.Type.String())
			}
		}
		answer := d.GraphQL(t, o.Text(), variables)
		if kept := !strings.Contains(string(answer.Data), "numUids"); kept != told[subject] || len(answer.Errors) > 0 {
			t.Errorf("%s: told %v, and Dgraph answers %s %v", subject, told[subject], answer.Data, answer.Errors)
		}
	}
	if len(told) < 7 {
		t.Errorf("%d mutations are told", len(told))
	}
}

// notServed is how Dgraph says that it does not carry an operation out.
var notServed = regexp.MustCompile(invalidOperation.String() + "|^Field `|^Fragment ")

// subjectOf is what findings call an operation.
func subjectOf(o *operations.Operation, seen map[string]int) string {
	name := o.Name
	if name == "" {
		name = "{" + strings.Join(o.Fields()[len(o.Fields())-1:], "") + "}"
	}
	subject := o.Document.File.Name + "#" + name
	if seen[subject]++; seen[subject] > 1 {
		subject += "~" + string(rune('0'+seen[subject]))
	}
	return subject
}

// refusedBy reports whether the server does not even begin to carry an operation out.
func refusedBy(t *testing.T, d *dgraphtest.Dgraph, o *operations.Operation) (bool, []string) {
	t.Helper()
	if o.Kind == operations.Subscription {
		// Over HTTP Dgraph takes none, but says first what is wrong with it.
		response := d.GraphQL(t, o.Text(), nil)
		return slices.ContainsFunc(response.Errors, notServed.MatchString), response.Errors
	}
	variables := map[string]any{}
	for _, v := range o.AST.VariableDefinitions {
		if v.Type.NonNull && v.DefaultValue == nil {
			variables[v.Variable] = sample(v.Type.String())
		}
	}
	response := d.GraphQL(t, o.Text(), variables)
	var data map[string]json.RawMessage
	if len(response.Data) > 0 {
		if err := json.Unmarshal(response.Data, &data); err != nil {
			t.Fatal(err)
		}
	}
	return data == nil && slices.ContainsFunc(response.Errors, notServed.MatchString), response.Errors
}

// sample is a value for a variable of the cases.
func sample(of string) any {
	switch strings.TrimSuffix(of, "!") {
	case "[AddUserInput!]":
		return []any{map[string]any{"name": "x"}}
	case "[AddPostInput!]":
		return []any{map[string]any{"title": "x"}}
	case "String":
		return "x"
	case "UpdateUserInput":
		return map[string]any{"filter": map[string]any{}, "set": map[string]any{}}
	case "Int64", "ID":
		return "1"
	}
	return nil
}
