package validity

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// authQuery checks the query of an @auth rule of t against the generated API.
// The operation is the argument of @auth that the rule belongs to ("query"),
// the rule is the string in the schema. The document was parsed from it: it
// has one operation, a query, which selects the field "query"+t.Name and
// nothing else; fragments are not looked at yet.
func (c *checker) authQuery(t *schema.Type, operation string, rule *sdl.Value, document *ast.QueryDocument) {
}
