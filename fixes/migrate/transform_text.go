package migrate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/schemacheck/schemacheck/fixes/expression"
)

// Value is what a field is given: a constant, or what an expression yields. In a
// file a text that begins with "=" is an expression of CEL, and all else is
// constant.
type Value struct {
	// Expression is the text after "="; empty for a constant.
	Expression string
	// Texts are the constant, or those of a list, as text.
	Texts []string

	at origin
}

// Condition is an expression of CEL that says yes or no.
type Condition struct {
	Expression string

	at origin
}

// Unset are fields by name that are emptied, always or under a condition. In a
// file it is a list of names, or the conditions by name.
type Unset map[string]Condition

// origin is where a text stands in a file; the zero origin is for none.
type origin struct {
	line, column int
	// within says that the columns of the text are those of the file, from column
	// on; indent is that of the lines after the first.
	within bool
	indent int
	// doubled are the characters that the file has twice.
	doubled rune
}

// fail puts the place into an error about a text. That in an expression is
// counted from 1.
func (o origin) fail(text, what string, err error) error {
	var in *expression.Error
	if errors.As(err, &in) && in.Line > 0 {
		switch {
		case o.line == 0:
			return fmt.Errorf("%s, %w", what, err)
		case o.within:
			column := o.column
			if in.Line > 1 {
				column = o.indent + 1
			}
			lines := strings.Split(text, "\n")
			before := []rune(lines[min(in.Line, len(lines))-1])
			before = before[:min(in.Column-1, len(before))]
			for _, r := range before {
				if r == o.doubled {
					column++
				}
			}
			return fmt.Errorf("[%d:%d] %s: %s", o.line+in.Line-1, column+in.Column-1, what, in.Message)
		}
		return fmt.Errorf("[%d:%d] %s, %w", o.line, o.column, what, err)
	}
	if o.line == 0 {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("[%d:%d] %s: %w", o.line, o.column, what, err)
}

// scalar is the text of a node of YAML, and where it stands.
func scalar(n ast.Node) (text string, at origin, ok bool) {
	t := n.GetToken()
	at = origin{line: t.Position.Line, column: t.Position.Column}
	switch n := n.(type) {
	case *ast.StringNode:
		inner := strings.TrimSpace(t.Origin)
		at.within = !strings.Contains(inner, "\n")
		switch t.Type {
		case token.SingleQuoteType:
			at.column++
			at.doubled = '\''
		case token.DoubleQuoteType:
			at.column++
			at.within = at.within && !strings.Contains(inner, `\`)
		}
		return n.Value, at, true
	case *ast.LiteralNode:
		if t.Type == token.LiteralType {
			written := n.Value.GetToken().Origin
			at.indent = len(written) - len(strings.TrimLeft(written, " "))
			at.line, at.column, at.within = at.line+1, at.indent+1, true
		}
		return strings.TrimSuffix(n.Value.Value, "\n"), at, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return t.Value, at, true
	}
	return "", at, false
}

// skip moves the place behind characters of the text.
func (o origin) skip(n int) origin {
	o.column += n
	return o
}

// UnmarshalYAML reads a value.
func (v *Value) UnmarshalYAML(n ast.Node) error {
	if list, ok := n.(*ast.SequenceNode); ok {
		t := n.GetToken()
		v.Texts, v.at = []string{}, origin{line: t.Position.Line, column: t.Position.Column}
		for _, item := range list.Values {
			text, at, ok := scalar(item)
			if !ok {
				return fmt.Errorf("[%d:%d] a list is of texts, numbers and booleans", at.line, at.column)
			}
			if strings.HasPrefix(text, "=") {
				return fmt.Errorf("[%d:%d] an expression is no element of a list of constants; write the whole list as one: =[...]", at.line, at.column)
			}
			v.Texts = append(v.Texts, text)
		}
		return nil
	}
	text, at, ok := scalar(n)
	if !ok {
		return fmt.Errorf("[%d:%d] a value is a text, a number, a boolean or a list of them; an expression begins with =", at.line, at.column)
	}
	v.at = at
	if given, ok := strings.CutPrefix(text, "="); ok {
		v.Expression = strings.TrimLeft(given, " ")
		v.at = at.skip(len(text) - len(v.Expression))
		return nil
	}
	v.Texts = []string{text}
	return nil
}

// MarshalYAML writes a value.
func (v Value) MarshalYAML() (any, error) {
	switch {
	case v.Expression != "":
		return "=" + v.Expression, nil
	case len(v.Texts) == 1:
		return v.Texts[0], nil
	}
	return v.Texts, nil
}

// check refuses a value that says nothing.
func (v Value) check() error {
	if v.Expression == "" && v.Texts == nil {
		return errors.New("it has no value; unset is for what is to be emptied")
	}
	for _, text := range v.Texts {
		if strings.HasPrefix(text, "=") {
			return fmt.Errorf("the constant %q would be read as an expression; it is written as one: =\"...\"", brief(text))
		}
	}
	return nil
}

// UnmarshalYAML reads a condition.
func (c *Condition) UnmarshalYAML(n ast.Node) error {
	text, at, ok := scalar(n)
	if !ok {
		return fmt.Errorf("[%d:%d] a condition is an expression", at.line, at.column)
	}
	given, marked := strings.CutPrefix(text, "=")
	if !marked {
		given = text
	}
	c.Expression = strings.TrimLeft(given, " ")
	c.at = at.skip(len(text) - len(c.Expression))
	return nil
}

// MarshalYAML writes a condition.
func (c Condition) MarshalYAML() (any, error) { return c.Expression, nil }

// unconditional is the condition of what is always done.
const unconditional = "true"

// UnmarshalYAML reads names.
func (u *Unset) UnmarshalYAML(n ast.Node) error {
	*u = Unset{}
	switch n := n.(type) {
	case *ast.SequenceNode:
		for _, item := range n.Values {
			name, at, ok := scalar(item)
			if !ok {
				return fmt.Errorf("[%d:%d] it takes names of fields", at.line, at.column)
			}
			(*u)[name] = Condition{Expression: unconditional, at: at}
		}
		return nil
	case *ast.MappingNode:
		for _, item := range n.Values {
			var c Condition
			if err := c.UnmarshalYAML(item.Value); err != nil {
				return err
			}
			(*u)[item.Key.GetToken().Value] = c
		}
		return nil
	}
	t := n.GetToken()
	return fmt.Errorf("[%d:%d] it takes a list of fields, or conditions by field", t.Position.Line, t.Position.Column)
}

// MarshalYAML writes names.
func (u Unset) MarshalYAML() (any, error) {
	names, plain := sorted(u), true
	conditions := yaml.MapSlice{}
	for _, name := range names {
		conditions = append(conditions, yaml.MapItem{Key: name, Value: u[name].Expression})
		plain = plain && u[name].Expression == unconditional
	}
	if plain {
		return names, nil
	}
	return conditions, nil
}
