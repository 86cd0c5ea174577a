package generate

import (
	"fmt"
	"strings"
)

// typeText writes an object type or an interface.
func (b *builder) typeText(t *object) string {
	var s strings.Builder
	if t.extend {
		s.WriteString("extend" + b.gap())
	} else {
		s.WriteString(b.description(""))
	}
	s.WriteString(t.keyword + b.gap() + t.name)
	for n, i := range t.implements {
		switch {
		case n > 0:
			s.WriteString(b.space() + "&" + b.space())
		case b.one(4):
			s.WriteString(b.gap() + "implements & ")
		default:
			s.WriteString(b.gap() + "implements" + b.gap())
		}
		s.WriteString(i.name)
	}
	for _, d := range t.directives {
		s.WriteString(b.gap() + d)
	}
	s.WriteString(b.gap() + "{")
	for _, f := range t.fields {
		s.WriteString(b.line() + b.description("  ") + "  " + f.name + f.arguments + b.space() + ":" + b.space() + f.typ)
		for _, d := range f.directives {
			s.WriteString(b.gap() + d)
		}
	}
	s.WriteString(b.line() + "}")
	return s.String()
}

func (b *builder) enum(remote bool) {
	name := b.typeName([]string{"Color", "Status", "Level"})
	var values []string
	for _, v := range []string{"RED", "GREEN", "blue", "_4", "A_B"} {
		if len(values) == 0 || b.one(2) {
			values = append(values, v)
		}
	}
	b.values[name] = values
	var s strings.Builder
	s.WriteString(b.description("") + "enum " + name)
	if remote {
		s.WriteString(b.gap() + "@remote")
	} else {
		b.enums = append(b.enums, name)
	}
	s.WriteString(b.gap() + "{")
	for _, v := range values {
		s.WriteString(b.line() + b.description("  ") + "  " + v)
		if b.one(6) {
			s.WriteString(" @deprecated")
		}
	}
	s.WriteString(b.line() + "}")
	b.blocks = append(b.blocks, s.String())
}

func (b *builder) union() {
	name := b.typeName([]string{"Item", "Result", "Member"})
	var members []string
	for _, n := range b.Perm(len(b.objects)) {
		if len(members) == 0 || b.one(2) {
			members = append(members, b.objects[n].name)
		}
	}
	b.unions = append(b.unions, name)
	b.blocks = append(b.blocks, b.description("")+"union "+name+b.space()+"="+b.space()+
		pick(b.Rand, "", "| ")+strings.Join(members, b.space()+"|"+b.space()))
}

func (b *builder) input() {
	name := b.typeName([]string{"Params", "Settings"})
	var s strings.Builder
	s.WriteString(b.description("") + "input " + name)
	if !b.options.NoCustom && b.one(2) {
		s.WriteString(b.gap() + "@remote")
	}
	s.WriteString(b.gap() + "{")
	s.WriteString(b.line() + `  a: String = "x"`)
	s.WriteString(b.line() + "  b: [Int!]" + pick(b.Rand, "", " = [1, 2]"))
	if len(b.enums) > 0 && b.one(2) {
		e := pick(b.Rand, b.enums...)
		s.WriteString(b.line() + "  c: " + e + " = " + b.values[e][0])
	}
	s.WriteString(b.line() + "  again: [" + name + "!]" + b.line() + "}")
	b.inputs = append(b.inputs, name)
	b.blocks = append(b.blocks, s.String())
}

// arguments makes an argument list that suits any field.
func (b *builder) arguments() string {
	var args []string
	for n := range 1 + b.IntN(3) {
		typ := pick(b.Rand, "Int", "String!", "[Float!]", "Boolean = true", "String = \"a, b\"", "ID")
		if len(b.inputs) > 0 && b.one(3) {
			typ = pick(b.Rand, b.inputs...)
		}
		args = append(args, fmt.Sprintf("%sarg%d%s:%s%s", b.description(""), n, b.space(), b.space(), typ))
	}
	return "(" + strings.Join(args, pick(b.Rand, ", ", " ", "\n    ")) + ")"
}

// settings adds the comment lines that Dgraph reads.
func (b *builder) settings() {
	if b.one(6) {
		b.blocks = append(b.blocks, `# Dgraph.Secret K "secret value"`+"\n")
	}
	if b.one(6) {
		b.blocks = append(b.blocks, `# Dgraph.Allow-Origin "https://example.com"`+"\n")
	}
	if !b.options.NoAuth && b.one(4) {
		b.blocks = append(b.blocks, `# Dgraph.Authorization {"VerificationKey":"not-a-real-key","Header":"X-Test-Auth",`+
			`"Namespace":"https://example.com/claims","Algo":"HS256","Audience":["a"]}`+"\n")
	}
}

func (b *builder) description(indent string) string {
	if !b.one(12) {
		return ""
	}
	return indent + pick(b.Rand,
		"\"one line, with \\\"quotes\\\" and ünïcode\"\n",
		"\"\"\"\n"+indent+"A block { with: braces } # no comment\n"+indent+"  and indentation\n"+indent+"\"\"\"\n",
		"\"\"\"type Fake { x: String }\"\"\"\n",
	)
}

// gap separates two tokens.
func (b *builder) gap() string {
	if b.quiet {
		return " "
	}
	return pick(b.Rand, " ", " ", "  ", "\t", "\n    ", ", ", " # comment { type\n  ")
}

// space stands where none is needed.
func (b *builder) space() string {
	if b.quiet {
		return " "
	}
	return pick(b.Rand, "", " ", " ", "\t", "\n")
}

// line ends a line.
func (b *builder) line() string {
	if b.quiet {
		return "\n"
	}
	return pick(b.Rand, "\n", "\n", "\n\n", ",\n", "\n  # type Gone { x: String }\n", " # über\n", "\r\n")
}
