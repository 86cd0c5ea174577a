package api

import (
	"io"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// String is the API as Dgraph prints it, with its sections and blank lines.
// Source: Stringify.
func (s *Schema) String() string {
	p := &printer{}
	p.schema(s)
	return p.String()
}

// WriteTo writes String to w.
func (s *Schema) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, s.String())
	return int64(n), err
}

type printer struct{ strings.Builder }

func (p *printer) add(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

func (p *printer) section(title string) {
	const rule = "#######################\n"
	p.add(rule, "# ", title, "\n", rule)
}

func (p *printer) schema(s *Schema) {
	p.section("Input Schema")
	p.add("\n")
	for _, t := range s.Types[:s.written] {
		p.definition(t)
		p.add("\n")
	}
	p.static(s)
	if s.byName["_Entity"] != nil {
		p.federated(s)
	}
	for _, g := range []struct {
		kind  sdl.Kind
		title string
	}{{sdl.Object, "Generated Types"}, {sdl.Enum, "Generated Enums"}, {sdl.InputObject, "Generated Inputs"}} {
		first := true
		for _, t := range s.Types[s.written:] {
			if t.Origin != Generated || t.Kind != g.kind || s.root(t) {
				continue
			}
			if first {
				p.section(g.title)
				p.add("\n")
				first = false
			}
			p.definition(t)
			p.add("\n")
		}
	}
	for _, r := range []struct {
		t          *Type
		title, end string
	}{
		{s.Query, "Generated Query", "\n"},
		{s.Mutation, "Generated Mutations", "\n"},
		{s.Subscription, "Generated Subscriptions", ""},
	} {
		if len(r.t.Fields) > 0 {
			p.section(r.title)
			p.add("\n")
			p.definition(r.t)
			p.add(r.end)
		}
	}
}

func (s *Schema) root(t *Type) bool { return t == s.Query || t == s.Mutation || t == s.Subscription }

// static prints what is in every API.
func (p *printer) static(s *Schema) {
	p.section("Extended Definitions")
	for i, t := range s.static.types {
		p.add("\n")
		if i == s.static.filters {
			for _, d := range s.static.directives {
				p.directiveDefinition(d)
			}
			p.add("\n")
		}
		p.definition(t)
	}
	p.add("\n")
}

// federated prints what is in every API with @key.
func (p *printer) federated(s *Schema) {
	p.section("Extended Apollo Definitions")
	p.definition(s.byName["_Entity"])
	p.add("\n")
	for _, t := range s.static.federated {
		if t.Kind != sdl.Scalar {
			p.add("\n")
		}
		p.definition(t)
	}
	p.add("\n")
	for _, d := range s.static.federatedDirectives {
		p.directiveDefinition(d)
	}
	p.add("\n")
}

func (p *printer) definition(t *Type) {
	p.description("", t.Description)
	p.add(t.Kind.Keyword(), " ", t.Name)
	switch t.Kind {
	case sdl.Scalar:
		p.add("\n")
		return
	case sdl.Union:
		p.directives(t.Directives)
		p.add(" = ", strings.Join(t.Members, " | "), "\n")
		return
	case sdl.Enum:
		// The directives of an enum are not printed.
		p.add(" {\n")
		for _, v := range t.Values {
			if !hidden(v.Name) {
				p.description("\t", v.Description)
				p.add("\t", v.Name, "\n")
			}
		}
		p.add("}\n")
		return
	}
	if len(t.Interfaces) > 0 {
		p.add(" implements ", strings.Join(t.Interfaces, " & "))
	}
	p.directives(t.Directives)
	if t.Origin != Static || !strings.HasSuffix(t.Name, "Range") {
		// Dgraph's own text of the ranges leaves the blank out.
		p.add(" ")
	}
	p.add("{\n")
	for _, f := range t.Fields {
		if hidden(f.Name) {
			continue
		}
		p.description("\t", f.Description)
		p.add("\t", f.Name)
		if len(f.Arguments) > 0 {
			p.add("(")
			for i, a := range f.Arguments {
				if i > 0 {
					p.add(", ")
				}
				p.add(a.Name, ": ", a.Type.String())
			}
			p.add(")")
		}
		p.add(": ", f.Type.String())
		p.directives(f.Directives)
		p.add("\n")
	}
	p.add("}\n")
}

// description prints the text as it is: one with quotes in it gives a schema
// that Dgraph cannot read again.
func (p *printer) description(indent, text string) {
	if text != "" {
		p.add(indent, `"""`, text, `"""`, "\n")
	}
}

func (p *printer) directives(directives []*sdl.Directive) {
	for _, d := range directives {
		p.add(" @", d.Name.Text)
		if len(d.Arguments) > 0 {
			p.add("(")
			p.arguments(d.Arguments, ", ", ": ")
			p.add(")")
		}
	}
}

func (p *printer) arguments(arguments []*sdl.Argument, comma, colon string) {
	for i, a := range arguments {
		if i > 0 {
			p.add(comma)
		}
		p.add(a.Name.Text, colon)
		p.value(a.Value)
	}
}

func (p *printer) value(v *sdl.Value) {
	switch v.Kind {
	case sdl.StringValue, sdl.BlockValue:
		p.add(strconv.Quote(v.Raw))
	case sdl.ListValue:
		p.add("[")
		for i, item := range v.List {
			if i > 0 {
				p.add(",")
			}
			p.value(item)
		}
		p.add("]")
	case sdl.ObjectValue:
		p.add("{")
		p.arguments(v.Fields, ",", ":")
		p.add("}")
	default:
		p.add(v.Raw)
	}
}

// directiveDefinition prints two of the definitions with an argument per line,
// and after the first of @auth without a comma, as Dgraph's own text has them.
func (p *printer) directiveDefinition(d *Directive) {
	p.add("directive @", d.Name)
	lines := d.Name == "auth" || d.Name == "generate"
	for i, a := range d.Arguments {
		switch {
		case i == 0:
			p.add("(")
		case d.Name == "auth" && i == 1:
		case lines:
			p.add(",")
		default:
			p.add(", ")
		}
		if lines {
			p.add("\n\t")
		}
		p.add(a.Name, ": ", a.Type.String())
	}
	if len(d.Arguments) > 0 {
		p.add(")")
	}
	p.add(" on ", strings.Join(d.Locations, " | "), "\n")
}
