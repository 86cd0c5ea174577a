package validity

import (
	"fmt"
	"strings"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// reservedWord reports whether Dgraph keeps the name for itself, for types,
// fields, predicates and stored types alike. Source: isReservedKeyWord.
func reservedWord(name string) bool {
	switch name {
	case "Query", "Mutation", "Subscription", "uid":
		return true
	}
	return schema.Scalar(name) != "" || strings.EqualFold(name, "as")
}

// rootName reports whether the name is that of a type whose fields are
// operations.
func rootName(name string) bool { return name == "Query" || name == "Mutation" }

// typeNames checks the names of types against each other, against Dgraph's own
// and against those that it generates. Sources: nameCheck, dataTypeCheck,
// typeNameValidation and, for what is declared twice, ValidateSchemaDocument.
func (c *checker) typeNames() {
	first := make(map[string]*schema.Type, len(c.schema.Types))
	generated := c.reservedTypeNames()
	for _, t := range c.schema.Types {
		name := t.Definition.Name
		switch {
		case t.Kind == sdl.Scalar:
			c.problem(name.Span, t.Name, "Dgraph knows no user-defined scalars: use a built-in type (Int, Int64, Float, String, Boolean, ID, DateTime, Point, Polygon, MultiPolygon) for %q", clip(t.Name))
		case rootName(t.Name) && t.Kind != sdl.Object:
			c.problem(name.Span, t.Name, "%q is the type of operations: it can only be declared with \"type\"", t.Name)
		case !rootName(t.Name) && reservedWord(t.Name):
			c.problem(name.Span, t.Name, "%q is a reserved name: choose another one for this %s", t.Name, t.Kind.Keyword())
		case schema.Builtin(t.Name) != 0:
			c.problem(name.Span, t.Name, "Dgraph itself declares the type %q: choose another name", t.Name)
		case t.Name == "_Entity" || c.federated && c.kind(t.Name) != 0 && (t.Name == "_Any" || t.Name == "_FieldSet" || t.Name == "_Service"):
			c.problem(name.Span, t.Name, "the name %q belongs to Apollo federation: choose another one", t.Name)
		case generated[t.Name] != "":
			c.problem(name.Span, t.Name, "Dgraph generates a type %q for %q: choose another name for this %s", t.Name, generated[t.Name], t.Kind.Keyword())
		}
		c.reservedName(name, t.Name)
		if before := first[t.Name]; before != nil {
			if t.Definition.Extend && !before.Definition.Extend {
				c.problem(name.Span, t.Name, "%q is declared in this schema and extended: Dgraph does not merge the two, write the fields into the declaration", t.Name)
			} else {
				c.problem(name.Span, t.Name, "%q is declared more than once, first at %s", t.Name, whereFrom(name.Span, before.Definition.Name.Span))
			}
			continue
		}
		first[t.Name] = t
	}
}

// whereFrom is the place of there for somebody who reads about here.
func whereFrom(here, there sdl.Span) string {
	line := there.Begin().Line
	if there.File == here.File {
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("line %d of %s", line, there.File.Name)
}

// reservedTypeNames maps the names that Dgraph generates to the type that it
// generates them for. Types with @remote generate none.
func (c *checker) reservedTypeNames() map[string]string {
	names := map[string]string{}
	take := func(generated, by string) {
		if c.schema.Type(generated) != nil {
			names[generated] = by
		}
	}
	for _, t := range c.schema.Types {
		if rootName(t.Name) || t.Remote {
			continue
		}
		n := t.Name
		switch t.Kind {
		case sdl.Union:
			for _, g := range []string{n + "Ref", n + "Filter", n + "Type"} {
				take(g, n)
			}
		case sdl.Object, sdl.Interface:
			for _, g := range []string{
				n + "Ref", n + "Patch", "Update" + n + "Input", "Update" + n + "Payload", "Delete" + n + "Input",
				n + "AggregateResult", n + "Filter", n + "Order", n + "Orderable",
			} {
				take(g, n)
			}
			if t.Kind == sdl.Object {
				take("Add"+n+"Input", n)
				take("Add"+n+"Payload", n)
			}
		}
	}
	return names
}

// operationNames checks the fields of Query and Mutation. Sources: nameCheck,
// customQueryNameValidation, customMutationNameValidation.
func (c *checker) operationNames() {
	taken := map[string]map[string]string{"Query": {}, "Mutation": {}}
	var operations []*schema.Field
	for _, t := range c.schema.Types {
		switch {
		case t.Root():
			for _, f := range t.Fields {
				if f.Written == nil {
					continue
				}
				if !f.Computed() {
					c.problem(f.Definition.Name.Span, f.Coordinate(), "%s is an operation without @custom or @lambda: Dgraph generates all other operations itself", f.Coordinate())
				}
				operations = append(operations, f)
			}
		case (t.Kind == sdl.Object || t.Kind == sdl.Interface) && !t.Remote:
			for _, q := range []string{"get" + t.Name, "query" + t.Name, "check" + t.Name + "Password"} {
				taken["Query"][q] = t.Name
			}
			for _, m := range []string{"update" + t.Name, "delete" + t.Name} {
				taken["Mutation"][m] = t.Name
			}
			if t.Kind == sdl.Object {
				taken["Mutation"]["add"+t.Name] = t.Name
			}
		}
	}
	for _, f := range operations {
		if of := taken[f.Owner.Name][f.Name]; of != "" {
			c.problem(f.Definition.Name.Span, f.Coordinate(), "Dgraph keeps the name %q for an operation of the type %s: choose another one", f.Name, of)
		}
	}
}
