package sdl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	gqlparser "github.com/vektah/gqlparser/v2/parser"

	"github.com/schemacheck/schemacheck/diff/internal/generate"
)

// TestSameAsGqlparser compares names, types, directives, arguments and values
// with what an independent parser of the same language finds.
// SCHEMACHECK_RANDOM=n makes n schemas instead of 300.
func TestSameAsGqlparser(t *testing.T) {
	t.Parallel()
	texts := map[string]string{rich: readText(t, rich)}
	first, count := number(t, "SCHEMACHECK_SEED", 1), number(t, "SCHEMACHECK_RANDOM", 300)
	for seed := first; seed < first+count; seed++ {
		texts[fmt.Sprintf("seed %d", seed)] = generate.Schema(generate.Rand(seed), generate.Options{Odd: seed%2 == 0})
	}
	for _, name := range corpus(t) {
		texts[name] = readText(t, name)
	}
	for name, text := range texts {
		s := parseText(t, text)
		checkSpans(t, s)
		theirs, err := gqlparser.ParseSchema(&ast.Source{Name: name, Input: strings.ReplaceAll(text, "@auth()", "@auth")})
		if err != nil {
			t.Errorf("%s: gqlparser says %v", name, err)
			continue
		}
		if difference := firstDifference(ours(s), gqlparsers(theirs)); difference != "" {
			t.Errorf("%s: %s", name, difference)
		}
	}
}

// ours and gqlparsers print the two models in one form: definitions before
// extensions, as gqlparser keeps them apart.
func ours(s *Schema) string {
	var out strings.Builder
	directives := func(directives []*Directive) {
		for _, d := range directives {
			fmt.Fprintf(&out, " @%s(", d.Name.Text)
			for _, a := range d.Arguments {
				fmt.Fprintf(&out, "%s: %s, ", a.Name.Text, ourValue(a.Value))
			}
			out.WriteString(")")
		}
		out.WriteString("\n")
	}
	description := func(d *Description) {
		if d != nil && d.Text != "" {
			fmt.Fprintf(&out, "  %q\n", d.Text)
		}
	}
	inputs := func(inputs []*Input) {
		for _, in := range inputs {
			description(in.Description)
			fmt.Fprintf(&out, "    %s: %s = %s", in.Name.Text, in.Type, ourValue(in.Default))
			directives(in.Directives)
		}
	}
	for _, extend := range []bool{false, true} {
		for _, d := range s.Definitions {
			if d.Extend != extend {
				continue
			}
			description(d.Description)
			fmt.Fprintf(&out, "%v %s %s %q %q", extend, d.Kind.Keyword(), d.Name.Text, texts(d.Interfaces), texts(d.Members))
			directives(d.Directives)
			for _, f := range d.Fields {
				description(f.Description)
				fmt.Fprintf(&out, "  %s: %s = %s", f.Name.Text, f.Type, ourValue(f.Default))
				directives(f.Directives)
				inputs(f.Arguments)
			}
			for _, v := range d.Values {
				description(v.Description)
				fmt.Fprintf(&out, "  %s", v.Name.Text)
				directives(v.Directives)
			}
		}
		for _, r := range s.Roots {
			if r.Extend == extend {
				fmt.Fprintf(&out, "%v schema", extend)
				directives(r.Directives)
				for _, op := range r.Operations {
					fmt.Fprintf(&out, "  %s: %s\n", op.Operation.Text, op.Type.Text)
				}
			}
		}
	}
	for _, d := range s.Directives {
		description(d.Description)
		fmt.Fprintf(&out, "directive @%s on %q\n", d.Name.Text, texts(d.Locations))
		inputs(d.Arguments)
	}
	return out.String()
}

func texts(names []Name) []string {
	var texts []string
	for _, n := range names {
		texts = append(texts, n.Text)
	}
	return texts
}

func ourValue(v *Value) string {
	if v == nil {
		return "none"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d %q", v.Kind, v.Raw)
	for _, item := range v.List {
		fmt.Fprintf(&out, " [%s]", ourValue(item))
	}
	for _, f := range v.Fields {
		fmt.Fprintf(&out, " {%s: %s}", f.Name.Text, ourValue(f.Value))
	}
	return out.String()
}

func gqlparsers(s *ast.SchemaDocument) string {
	var out strings.Builder
	directives := func(directives ast.DirectiveList) {
		for _, d := range directives {
			fmt.Fprintf(&out, " @%s(", d.Name)
			for _, a := range d.Arguments {
				fmt.Fprintf(&out, "%s: %s, ", a.Name, theirValue(a.Value))
			}
			out.WriteString(")")
		}
		out.WriteString("\n")
	}
	description := func(text string) {
		if text != "" {
			fmt.Fprintf(&out, "  %q\n", text)
		}
	}
	inputs := func(inputs ast.ArgumentDefinitionList) {
		for _, in := range inputs {
			description(in.Description)
			fmt.Fprintf(&out, "    %s: %s = %s", in.Name, in.Type, theirValue(in.DefaultValue))
			directives(in.Directives)
		}
	}
	keywords := map[ast.DefinitionKind]string{ast.Scalar: "scalar", ast.Object: "type", ast.Interface: "interface", ast.Union: "union", ast.Enum: "enum", ast.InputObject: "input"}
	for _, extend := range []bool{false, true} {
		definitions, roots := s.Definitions, s.Schema
		if extend {
			definitions, roots = s.Extensions, s.SchemaExtension
		}
		for _, d := range definitions {
			description(d.Description)
			fmt.Fprintf(&out, "%v %s %s %q %q", extend, keywords[d.Kind], d.Name, d.Interfaces, d.Types)
			directives(d.Directives)
			for _, f := range d.Fields {
				description(f.Description)
				fmt.Fprintf(&out, "  %s: %s = %s", f.Name, f.Type, theirValue(f.DefaultValue))
				directives(f.Directives)
				inputs(f.Arguments)
			}
			for _, v := range d.EnumValues {
				description(v.Description)
				fmt.Fprintf(&out, "  %s", v.Name)
				directives(v.Directives)
			}
		}
		for _, r := range roots {
			fmt.Fprintf(&out, "%v schema", extend)
			directives(r.Directives)
			for _, op := range r.OperationTypes {
				fmt.Fprintf(&out, "  %s: %s\n", op.Operation, op.Type)
			}
		}
	}
	for _, d := range s.Directives {
		description(d.Description)
		fmt.Fprintf(&out, "directive @%s on %q\n", d.Name, d.Locations)
		inputs(d.Arguments)
	}
	return out.String()
}

func theirValue(v *ast.Value) string {
	if v == nil {
		return "none"
	}
	kinds := map[ast.ValueKind]ValueKind{
		ast.IntValue: IntValue, ast.FloatValue: FloatValue, ast.StringValue: StringValue, ast.BlockValue: BlockValue, ast.BooleanValue: BooleanValue,
		ast.NullValue: NullValue, ast.EnumValue: EnumLiteral, ast.ListValue: ListValue, ast.ObjectValue: ObjectValue,
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d %q", kinds[v.Kind], v.Raw)
	for _, c := range v.Children {
		if v.Kind == ast.ListValue {
			fmt.Fprintf(&out, " [%s]", theirValue(c.Value))
		} else {
			fmt.Fprintf(&out, " {%s: %s}", c.Name, theirValue(c.Value))
		}
	}
	return out.String()
}
