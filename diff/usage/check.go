package usage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// checks are what an operation has to pass. They are those of GraphQL as Dgraph knows them, so that it bounds no
// introspection, and Dgraph's own.
var checks = []core.Rule{
	rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
	rules.FragmentsOnCompositeTypesRule,
	rules.KnownArgumentNamesRuleWithoutSuggestions,
	rules.KnownDirectivesRule,
	rules.KnownFragmentNamesRule,
	rules.KnownRootTypeRule,
	rules.KnownTypeNamesRuleWithoutSuggestions,
	rules.LoneAnonymousOperationRule,
	rules.NoFragmentCyclesRule,
	rules.NoUndefinedVariablesRule,
	rules.NoUnusedFragmentsRule,
	rules.NoUnusedVariablesRule,
	rules.OverlappingFieldsCanBeMergedRule,
	rules.PossibleFragmentSpreadsRule,
	rules.ProvidedRequiredArgumentsRule,
	rules.ScalarLeafsRuleWithoutSuggestions,
	rules.SingleFieldSubscriptionsRule,
	rules.UniqueArgumentNamesRule,
	rules.UniqueDirectivesPerLocationRule,
	rules.UniqueFragmentNamesRule,
	rules.UniqueInputFieldNamesRule,
	rules.UniqueOperationNamesRule,
	rules.UniqueVariableNamesRule,
	{Name: "listInputCoercion", RuleFunc: listInputCoercion}, // before what looks at values
	rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	rules.VariablesAreInputTypesRule,
	rules.VariablesInAllowedPositionRule,
	{Name: "variableTypeCheck", RuleFunc: variableTypeCheck},
	{Name: "directiveArgumentsCheck", RuleFunc: directiveArgumentsCheck},
	{Name: "intRangeCheck", RuleFunc: intRangeCheck},
	{Name: "filterCheck", RuleFunc: filterCheck},
	{Name: "recursivelyExpandFragmentSelections", RuleFunc: recursivelyExpandFragmentSelections},
}

// refusals are why Dgraph would refuse what is sent. It must have been walked under the API before.
func (a *API) refusals(sent *ast.QueryDocument) []string {
	events := &core.Events{}
	var refusals []string
	err := &gqlerror.Error{Extensions: map[string]any{}} // one for all: only what it says is asked for
	for _, rule := range checks {
		rule.RuleFunc(events, func(options ...core.ErrorOption) {
			*err = gqlerror.Error{Extensions: err.Extensions, Locations: err.Locations[:0]}
			for _, o := range options {
				o(err)
			}
			// Dgraph compares arguments of fields that are merged by half, so that it takes more. It never hangs on the API.
			if !strings.Contains(err.Message, "they have differing arguments") && !slices.Contains(refusals, err.Message) {
				refusals = append(refusals, err.Message)
			}
		})
	}
	core.Walk(a.forms, sent, events)
	return refusals
}

// The rules that Dgraph adds have the names of its functions.

// listInputCoercion takes every literal for an ID. Where a list is expected, Dgraph takes every other literal too, and does
// not look into it, so that what it does not know there gets lost, or makes it fail while it runs the operation: that is left out here.
func listInputCoercion(events *core.Events, _ core.AddErrFunc) {
	events.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.ExpectedType != nil && takesAnything(v.Kind, typeFrom(v.ExpectedType)) {
			v.Kind = ast.StringValue
		}
	})
}

// takesAnything reports whether every literal of the kind is taken for the type.
func takesAnything(k ast.ValueKind, expected *sdl.Type) bool {
	if expected.Elem != nil {
		return expected.Elem.Name == "ID" && k != ast.Variable && k != ast.ListValue
	}
	return expected.Name == "ID" && k != ast.Variable
}

// recursivelyExpandFragmentSelections panics at fragments that begin an operation.
func recursivelyExpandFragmentSelections(events *core.Events, refuse core.AddErrFunc) {
	events.OnOperation(func(_ *core.Walker, o *ast.OperationDefinition) {
		for _, s := range o.SelectionSet {
			if _, ok := s.(*ast.Field); !ok {
				refuse(core.Message("Dgraph fails on fragments at the beginning of an operation: select fields there"))
				return
			}
		}
	})
}

// variableTypeCheck is VariablesInAllowedPosition without the exceptions for defaults.
func variableTypeCheck(events *core.Events, refuse core.AddErrFunc) {
	events.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.Variable || v.Definition == nil || v.ExpectedType == nil || v.VariableDefinition == nil ||
			v.VariableDefinition.Type.IsCompatible(v.ExpectedType) {
			return
		}
		refuse(core.Message("Variable type provided %s is incompatible with expected type %s", v.VariableDefinition.Type, v.ExpectedType))
	})
}

// directiveArgumentsCheck looks at the fields that @cascade names, but for those in a variable.
func directiveArgumentsCheck(events *core.Events, refuse core.AddErrFunc) {
	events.OnDirective(func(w *core.Walker, d *ast.Directive) {
		if d.Name != "cascade" || len(d.Arguments) != 1 || d.ParentDefinition == nil {
			return
		}
		fields := d.Arguments.ForName("fields")
		if fields == nil {
			return
		}
		named := fields.Value.Children
		if fields.Value.Kind != ast.ListValue {
			named = ast.ChildValueList{{Value: fields.Value}}
		}
		for _, c := range named {
			if v := c.Value; (v.Kind == ast.StringValue || v.Kind == ast.BlockValue) && d.ParentDefinition.Fields.ForName(v.Raw) == nil {
				refuse(core.Message("Field `%s` is not present in type `%s`.", v.Raw, d.ParentDefinition.Name))
				return
			}
		}
	})
}

// intRangeCheck bounds numbers.
func intRangeCheck(events *core.Events, refuse core.AddErrFunc) {
	events.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition == nil || v.ExpectedType == nil || v.Kind == ast.Variable || v.Kind == ast.ListValue {
			return
		}
		switch v.Definition.Name {
		case "Int":
			if v.Kind == ast.NullValue {
				return
			}
			if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
				refuse(core.Message("Out of range value '%s', for type `Int`", v.Raw))
			}
		case "Int64":
			if v.Kind != ast.IntValue && v.Kind != ast.StringValue {
				refuse(core.Message("Type mismatched for Value `%s`, expected: Int64", v.Raw))
			} else if _, err := strconv.ParseInt(v.Raw, 10, 64); err != nil {
				refuse(core.Message("Out of range value '%s', for type `Int64`", v.Raw))
			}
		}
	})
}

// filters are the inputs that take one function at a time. Source: allowedFilters.
var filters = []string{"StringHashFilter", "StringExactFilter", "StringFullTextFilter", "StringRegExpFilter", "StringNgramFilter",
	"StringTermFilter", "DateTimeFilter", "FloatFilter", "Int64Filter", "IntFilter", "PointGeoFilter", "ContainsFilter",
	"IntersectsFilter", "PolygonGeoFilter"}

func filterCheck(events *core.Events, refuse core.AddErrFunc) {
	events.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition != nil && len(v.Children) > 1 && slices.Contains(filters, v.Definition.Name) {
			refuse(core.Message("%s filter expects only one filter function, got: %s", v.Definition.Name, fmt.Sprint(len(v.Children))))
		}
	})
}
