package validity

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// auth checks @auth on types. On fields it is refused by its place. Sources:
// authRules, parseAuthDirective.
func (c *checker) auth(t *schema.Type) {
	d := t.Directive("auth")
	if d == nil || t.Kind != sdl.Object && t.Kind != sdl.Interface {
		return
	}
	for _, a := range d.Arguments {
		switch a.Name.Text {
		case "password", "query", "add", "update", "delete":
			c.authRule(t, a.Name.Text, a.Value)
		}
	}
}

// children are the items of a list or the values of an object.
func children(v *sdl.Value) []*sdl.Value {
	if v.Kind == sdl.ListValue {
		return v.List
	}
	values := make([]*sdl.Value, len(v.Fields))
	for i, f := range v.Fields {
		values[i] = f.Value
	}
	return values
}

// authRule checks a rule and those in it. Source: parseAuthNode.
func (c *checker) authRule(t *schema.Type, operation string, v *sdl.Value) {
	if len(children(v)) == 0 {
		c.problem(v.Span, t.Name, "the %s rule of @auth on %s is empty: write one of and, or, not and rule", operation, t.Name)
		return
	}
	parts := 0
	for _, name := range []string{"or", "and"} {
		list := v.Field(name)
		if list == nil || len(children(list)) == 0 {
			continue
		}
		parts++
		rules := children(list)
		for _, r := range rules {
			c.authRule(t, operation, r)
		}
		if len(rules) < 2 {
			c.problem(list.Span, t.Name, "%q in the %s rule of @auth on %s has one rule only: it combines two or more", name, operation, t.Name)
		}
	}
	if not := v.Field("not"); not != nil && len(children(not)) == 1 {
		parts++
		c.authRule(t, operation, not)
	}
	if rule := v.Field("rule"); rule != nil {
		parts++
		if strings.HasPrefix(rule.Raw, "{") {
			c.claimRule(t, operation, rule)
		} else {
			c.queryRule(t, operation, rule)
		}
	}
	if parts != 1 || len(children(v)) > 1 {
		c.problem(v.Span, t.Name, "a %s rule of @auth on %s must have exactly one of and, or, not and rule, with something in it", operation, t.Name)
	}
}

// claimForm is a rule about a claim of the token: {$ROLE: {eq: "ADMIN"}}.
var claimForm = regexp.MustCompile(`^{[\s]?(.*?)[\s]?:[\s]?{[\s]?(\w*)[\s]?:[\s]?(.*)[\s]?}[\s]?}$`)

// claimRule checks a rule about a claim. Source: getRBACQuery.
func (c *checker) claimRule(t *schema.Type, operation string, rule *sdl.Value) {
	m := claimForm.FindStringSubmatch(rule.Raw)
	if m == nil {
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s cannot be read: write {$CLAIM: {eq: \"value\"}}, with eq, in or regexp", operation, t.Name)
		return
	}
	variable, operator, operand := m[1], m[2], m[3]
	var value any
	if json.Unmarshal([]byte(operand), &value) != nil {
		c.problem(rule.Span, t.Name, "the value in the %s rule of @auth on %s is not JSON: strings need double quotes", operation, t.Name)
		return
	}
	_, isList := value.([]any)
	text, isText := value.(string)
	switch {
	case value == nil:
		c.problem(rule.Span, t.Name, "the value in the %s rule of @auth on %s is null: a claim can only be compared with a value", operation, t.Name)
	case operator != "eq" && operator != "in" && operator != "regexp":
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s compares by %q: there are eq, in and regexp", operation, t.Name, clip(operator))
	case operator == "eq" && isList:
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s compares by eq with a list: use in", operation, t.Name)
	case operator == "in" && !isList:
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s compares by in, which needs a list of values", operation, t.Name)
	case operator == "regexp" && !isText:
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s compares by regexp, which needs a string", operation, t.Name)
	case !strings.HasPrefix(variable, "$"):
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s names the claim %q: write it with a dollar sign, like $ROLE", operation, t.Name, clip(variable))
	case operator == "regexp":
		if _, err := regexp.Compile(text); err != nil {
			c.problem(rule.Span, t.Name, "the regular expression in the %s rule of @auth on %s cannot be read", operation, t.Name)
		}
	}
}

// queryRule checks the form of a rule that is a query; what it selects is for
// authQuery. Source: gqlValidateRule.
func (c *checker) queryRule(t *schema.Type, operation string, rule *sdl.Value) {
	document, err := parseOperation(rule.Raw)
	if err != nil {
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s is no GraphQL query: %s", operation, t.Name, clip(err.Error()))
		return
	}
	if n := len(document.Operations); n != 1 {
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s has %d operations: it must be one query", operation, t.Name, n)
		return
	}
	op := document.Operations[0]
	if op.Operation != ast.Query {
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s is a %s: it must be a query", operation, t.Name, op.Operation)
		return
	}
	field, ok := (*ast.Field)(nil), false
	if len(op.SelectionSet) == 1 {
		field, ok = op.SelectionSet[0].(*ast.Field)
	}
	if !ok || field.Name != "query"+t.Name {
		c.problem(rule.Span, t.Name, "the %s rule of @auth on %s must query exactly query%s", operation, t.Name, t.Name)
		return
	}
	c.authRules = append(c.authRules, authRule{t, operation, rule, document})
}

// authRule is a rule that is a query, well-formed as far as one sees without
// the generated API.
type authRule struct {
	of        *schema.Type
	operation string
	rule      *sdl.Value
	document  *ast.QueryDocument
}

// authQueries checks the rules that are queries. That needs the generated API,
// which there is for valid schemas only.
func (c *checker) authQueries() {
	if !c.result.Valid() {
		return
	}
	for _, r := range c.authRules {
		c.authQuery(r.of, r.operation, r.rule, r.document)
	}
}
