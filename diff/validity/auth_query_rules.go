package validity

import (
	"errors"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// queryRules are the rules for queries in the order in which Dgraph applies
// them to each value: its own first, and they change the values that the
// others see. Left out are KnownRootType and MaxIntrospectionDepth, which
// Dgraph's older parser does not have, and what finds nothing in a rule, which
// has one operation, or what NoUnusedVariables finds too. Instead of
// VariablesInAllowedPosition, which would accept more, there is variableTypes;
// instead of OverlappingFieldsCanBeMerged, which differs in what it takes for
// the same, there is overlaps. Those that suggest names go without: a
// suggestion costs as much as the API has names. Sources: validation_rules.go,
// and package rules of Dgraph's GraphQL parser.
func (c *checker) queryRules() []core.RuleFunc {
	return []core.RuleFunc{
		variableTypes,
		cascadeFields,
		numbers,
		oneFunction,
		coerce,
		customNull,
		c.knownFields,
		c.knownInputs,
		rules.FragmentsOnCompositeTypesRule.RuleFunc,
		rules.KnownDirectivesRule.RuleFunc,
		rules.KnownFragmentNamesRule.RuleFunc,
		rules.NoFragmentCyclesRule.RuleFunc,
		rules.NoUndefinedVariablesRule.RuleFunc,
		rules.NoUnusedFragmentsRule.RuleFunc,
		rules.NoUnusedVariablesRule.RuleFunc,
		rules.PossibleFragmentSpreadsRule.RuleFunc,
		rules.ProvidedRequiredArgumentsRule.RuleFunc,
		rules.UniqueArgumentNamesRule.RuleFunc,
		rules.UniqueDirectivesPerLocationRule.RuleFunc,
		rules.UniqueFragmentNamesRule.RuleFunc,
		rules.UniqueInputFieldNamesRule.RuleFunc,
		rules.VariablesAreInputTypesRule.RuleFunc,
		rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc,
		rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc,
		rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc,
		rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc,
	}
}

// nearestField is nearest for a field of the type.
func (c *checker) nearestField(name string, of *ast.Definition) string {
	if c.suggestions >= maxSuggestions {
		return ""
	}
	c.suggestions++
	names := make([]string, len(of.Fields))
	for i, f := range of.Fields {
		names[i] = f.Name
	}
	return nearest(name, names)
}

// knownFields is FieldsOnCorrectType.
func (c *checker) knownFields(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(_ *core.Walker, f *ast.Field) {
		if of := f.ObjectDefinition; of != nil && f.Definition == nil {
			addError(core.Message("%s has no field %s%s", of.Name, f.Name, c.nearestField(f.Name, of)), core.At(f.Position))
		}
	})
}

// knownInputs is the part of ValuesOfCorrectType that looks at the names in
// objects; the rule itself finds no more of them.
func (c *checker) knownInputs(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		of := v.Definition
		if v.Kind != ast.ObjectValue || of == nil || v.ExpectedType == nil || of.Kind == ast.Scalar {
			return
		}
		v.Children = slices.DeleteFunc(v.Children, func(child *ast.ChildValue) bool {
			if of.Fields.ForName(child.Name) != nil {
				return false
			}
			addError(core.Message("%s has no field %s%s", of.Name, child.Name, c.nearestField(child.Name, of)), core.At(child.Position))
			return true
		})
	})
}

// variableTypes asks for variables of exactly the type, or of a stricter one:
// a default does not make up for a missing "!". Source: variableTypeCheck.
func variableTypes(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.Variable || v.Definition == nil || v.ExpectedType == nil || v.VariableDefinition == nil {
			return
		}
		if declared := v.VariableDefinition.Type; !declared.IsCompatible(v.ExpectedType) {
			addError(core.Message("the variable $%s has the type %s where %s is needed", v.Raw, declared, v.ExpectedType), core.At(v.Position))
		}
	})
}

// cascadeFields looks at the names in @cascade(fields:). Source:
// directiveArgumentsCheck.
func cascadeFields(observers *core.Events, addError core.AddErrFunc) {
	observers.OnDirective(func(_ *core.Walker, d *ast.Directive) {
		if d.Name != "cascade" || len(d.Arguments) != 1 || d.ParentDefinition == nil {
			return
		}
		fields := d.Arguments.ForName("fields")
		if fields == nil || fields.Value.Kind != ast.ListValue {
			return
		}
		for _, child := range fields.Value.Children {
			switch child.Value.Kind {
			case ast.StringValue, ast.BlockValue, ast.EnumValue:
				if d.ParentDefinition.Fields.ForName(child.Value.Raw) == nil {
					addError(core.Message("@cascade names the field %q, which %s does not have", child.Value.Raw, d.ParentDefinition.Name), core.At(d.Position))
					return
				}
			}
		}
	})
}

// numbers looks at the range of whole numbers. Source: intRangeCheck.
func numbers(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition == nil || v.ExpectedType == nil || v.Kind == ast.Variable || v.Kind == ast.ListValue {
			return
		}
		bits := 0
		switch v.Definition.Name {
		case "Int":
			if v.Kind == ast.NullValue {
				return
			}
			bits = 32
		case "Int64":
			if v.Kind != ast.IntValue && v.Kind != ast.StringValue {
				addError(core.Message("%s is no Int64: write a number, in quotes or without", v), core.At(v.Position))
				return
			}
			bits = 64
		default:
			return
		}
		if _, err := strconv.ParseInt(v.Raw, 10, bits); errors.Is(err, strconv.ErrRange) {
			addError(core.Message("the number %s is too large for %s", v.Raw, v.Definition.Name), core.At(v.Position))
		} else if err != nil {
			addError(core.Message("%s is no whole number", v), core.At(v.Position))
		}
		if bits == 64 {
			v.Kind = ast.StringValue
		}
	})
}

// single are the filters of which one function can be asked at a time. Those
// of fields with several indexes are not among them. Source: allowedFilters.
var single = []string{
	"StringHashFilter", "StringExactFilter", "StringFullTextFilter", "StringRegExpFilter", "StringNgramFilter",
	"StringTermFilter", "DateTimeFilter", "FloatFilter", "Int64Filter", "IntFilter", "PointGeoFilter",
	"ContainsFilter", "IntersectsFilter", "PolygonGeoFilter",
}

// Source: filterCheck.
func oneFunction(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition != nil && len(v.Children) > 1 && slices.Contains(single, v.Definition.Name) {
			addError(core.Message("%s takes one function at a time, and here are %d: combine them with and", v.Definition.Name, len(v.Children)), core.At(v.Position))
		}
	})
}

// coerce makes a list of a value that stands for one, and a string of anything
// that stands for an ID. What is in a list made so is not looked at again: the
// value no longer has an expected type. Source: listInputCoercion.
func coerce(observers *core.Events, _ core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition == nil || v.ExpectedType == nil || v.Kind == ast.Variable {
			return
		}
		if v.ExpectedType.NamedType == "ID" {
			v.Kind = ast.StringValue
		}
		if v.ExpectedType.Elem == nil || v.Kind == ast.ListValue {
			return
		}
		if v.ExpectedType.Elem.NamedType == "ID" {
			v.Kind = ast.StringValue
		}
		item := *v
		*v = ast.Value{
			Kind: ast.ListValue, Children: ast.ChildValueList{{Value: &item}}, Position: item.Position, Definition: item.Definition,
		}
	})
}

// customNull lets null pass where a scalar of Dgraph's is required, as the
// older rule about values does.
func customNull(observers *core.Events, _ core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind == ast.NullValue && v.Definition != nil && v.Definition.Kind == ast.Scalar &&
			!v.Definition.OneOf("Int", "Float", "String", "Boolean", "ID") {
			v.ExpectedType = nil
		}
	})
}

// overlaps looks for fields that answer under the same name and are not the
// same. Source: OverlappingFieldsCanBeMerged of Dgraph's GraphQL parser, with
// its own idea of what is the same: arguments that are objects always are, two
// arguments or more never.
type overlaps struct {
	api  *authAPI
	seen map[fieldPair]bool
}

type fieldPair struct {
	a, b      *ast.Field
	exclusive bool
}

// maxPairs bounds how many pairs of fields are compared: no rule that a person
// writes has a thousandth of them.
const maxPairs = 200_000

// find is a pair of fields in conflict, or nil.
func (o *overlaps) find(document *ast.QueryDocument) (a, b *ast.Field) {
	for _, op := range document.Operations {
		if a, b = o.within(op.SelectionSet); a != nil {
			return a, b
		}
	}
	for _, f := range document.Fragments {
		if a, b = o.within(f.SelectionSet); a != nil {
			return a, b
		}
	}
	return nil, nil
}

// within looks at the selection set and those in it.
func (o *overlaps) within(set ast.SelectionSet) (a, b *ast.Field) {
	for _, same := range answers(set) {
		for i, first := range same {
			for _, second := range same[i+1:] {
				if o.conflict(first, second, false) {
					return first, second
				}
			}
		}
	}
	for _, s := range set {
		inner := ast.SelectionSet(nil)
		switch s := s.(type) {
		case *ast.Field:
			inner = s.SelectionSet
		case *ast.InlineFragment:
			inner = s.SelectionSet
		}
		if a, b = o.within(inner); a != nil {
			return a, b
		}
	}
	return nil, nil
}

// answers are the fields of the set by the names under which they answer, with
// those of fragments.
func answers(set ast.SelectionSet) map[string][]*ast.Field {
	byName := map[string][]*ast.Field{}
	// Of plain fields that are equal one is enough.
	type plain struct {
		of          *ast.Definition
		name, alias string
	}
	seen, spread := map[plain]bool{}, map[string]bool{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				key := plain{s.ObjectDefinition, s.Name, s.Alias}
				if isPlain := len(s.Arguments) == 0 && len(s.SelectionSet) == 0; isPlain && seen[key] {
					continue
				} else if isPlain {
					seen[key] = true
				}
				name := s.Name
				if s.Alias != "" {
					name = s.Alias
				}
				byName[name] = append(byName[name], s)
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if s.Definition != nil && !spread[s.Name] {
					spread[s.Name] = true
					collect(s.Definition.SelectionSet)
				}
			}
		}
	}
	collect(set)
	return byName
}

// conflict reports whether the two fields cannot answer under one name. Those
// that are exclusive are never both in an answer: they may differ, but not in
// the form of what they answer.
func (o *overlaps) conflict(a, b *ast.Field, exclusive bool) bool {
	pair := fieldPair{a, b, exclusive}
	if a == b || len(o.seen) > maxPairs || o.seen[pair] || a.Definition == nil || b.Definition == nil || a.ObjectDefinition == nil || b.ObjectDefinition == nil {
		return false
	}
	o.seen[pair] = true
	exclusive = exclusive || a.ObjectDefinition.Name != b.ObjectDefinition.Name &&
		a.ObjectDefinition.Kind == ast.Object && b.ObjectDefinition.Kind == ast.Object
	if !exclusive && (a.Name != b.Name || !sameArguments(a.Arguments, b.Arguments)) {
		return true
	}
	if o.differ(a.Definition.Type, b.Definition.Type) {
		return true
	}
	others := answers(b.SelectionSet)
	for name, fields := range answers(a.SelectionSet) {
		for _, first := range fields {
			for _, second := range others[name] {
				if o.conflict(first, second, exclusive) {
					return true
				}
			}
		}
	}
	return false
}

func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		for _, y := range b {
			if x.Name != y.Name || x.Value.Kind != y.Value.Kind || x.Value.Raw != y.Value.Raw {
				return false
			}
		}
	}
	return true
}

// differ reports whether values of the two types have different forms.
func (o *overlaps) differ(a, b *ast.Type) bool {
	for a.Elem != nil && b.Elem != nil {
		a, b = a.Elem, b.Elem
	}
	if a.Elem != nil || b.Elem != nil || a.NonNull != b.NonNull {
		return true
	}
	leaf := func(t *ast.Type) bool { return o.api.schema.Types[t.NamedType].IsLeafType() }
	return leaf(a) && leaf(b) && a.NamedType != b.NamedType
}
