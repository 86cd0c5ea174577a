package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

var defaultChanged = &Rule{
	ID:       "default-changed",
	Severity: Error,
	Summary:  "A field has another @default, or none any more.",
	Doc: Doc{
		Dgraph: "Nothing: a default is not stored. It is filled in by GraphQL mutations that leave the field out: the one of add " +
			"when a node is added, the one of update on every update of a node, over the value that is there.",
		Clients: "Without the default for add, a non-null field must be sent when a node is added. With another one, what is left out gets another value than before.",
		Before:  "type Task {\n  id: ID!\n  title: String\n  state: String! @default(add: {value: \"new\"})\n}\n",
		After:   "type Task {\n  id: ID!\n  title: String\n  state: String!\n}\n",
		Query:   `mutation { addTask(input: [{title: "Write"}]) { task { state } } }`,
		Answer: `{
  "errors": [{"message": "Field AddTaskInput.state of required type String! was not provided."}],
  "data": null
}`,
		Question: "None: stored values stay as they are.",
		WaysOut:  []string{"Keep the default.", "Tell clients to send the field."},
		Reverse:  "The old schema brings the old default back; values that were filled in meanwhile stay.",
	},
	judge: on(func(p *pass, c diff.DefaultChanged) *Finding {
		b, a := c.Before, c.After
		f := aboutChanged(b, a)
		f.Severity = Info
		f.Message = fmt.Sprintf("%s has another @default:", b.Coordinate())
		f.Consequence = fmt.Sprintf("Nodes that are added without %s get a value from now on; stored ones stay as they are.", a.Coordinate())
		separator := " "
		for _, operation := range []string{"add", "update"} {
			was, is := defaultOf(b, operation), defaultOf(a, operation)
			if shown(was) == shown(is) {
				continue
			}
			f.Message += fmt.Sprintf("%s%s for %s instead of %s", separator, shown(is), operation, shown(was))
			separator = ", "
			switch {
			case operation == "add" && is == nil && a.Type().NonNull:
				f.Severity, f.Impact.API = Error, APIBreaking
				f.Consequence = fmt.Sprintf("Clients that add a node without %s get an error.", a.Coordinate())
			case f.Severity == Error:
			case operation == "update" && is != nil:
				f.Severity, f.Impact.API = Warning, APIDangerous
				f.Consequence = fmt.Sprintf("Every update that leaves %s out sets it to %s, over the stored value.", a.Coordinate(), shown(is))
			case was != nil:
				f.Severity, f.Impact.API = Warning, APIDangerous
				f.Consequence = fmt.Sprintf("Mutations that leave %s out give it another value than before, or none.", a.Coordinate())
			}
		}
		if f.Severity == Info {
			f.Addition = true
			return f
		}
		if b.Type().Named() == a.Type().Named() && !a.Type().List() && !a.Has("id") {
			f.Fixes = directive("restore-default", Safe, "put the old @default back on "+a.Coordinate(),
				p.edits.RestoreOnField(a, b.Directive("default")))
		}
		return f
	}),
}

// defaultOf is what @default fills in, nil when that is nothing.
func defaultOf(f *schema.Field, operation string) *sdl.Value {
	return f.Directive("default").Arg(operation).Field("value")
}

func shown(v *sdl.Value) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("%q", v.Raw)
}
