package expression

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

const (
	// mostValue bounds one value of a result, in bytes.
	mostValue = 1 << 20
	// mostList bounds a list, in elements.
	mostList = 10_000
)

// refusal says why an expression of a type cannot yield what is wanted, "" when
// it can. What only a run can tell passes.
func refusal(t *types.Type, want Want) string {
	t, _ = inOptional(t)
	if t.Kind() == types.NullTypeKind || t.Kind() == types.DynKind || t.Kind() == types.TypeParamKind {
		return ""
	}
	element, isList := t, false
	if t.Kind() == types.ListKind {
		element, isList = t.Parameters()[0], true
	}
	if isList && !want.List {
		return fmt.Sprintf("it is a list, and %s is wanted", want.name())
	}
	if !isList && want.List && !want.Both {
		return fmt.Sprintf("it is %s, and %s is wanted: write [...] around it", typeName(t), want.name())
	}
	if _, optional := inOptional(element); optional {
		return fmt.Sprintf("it is a list of optional values, and %s is wanted", want.name())
	}
	is := element.Kind()
	fits := map[Kind][]types.Kind{
		Text: {types.StringKind}, Integer: {types.IntKind}, Number: {types.DoubleKind, types.IntKind}, Boolean: {types.BoolKind},
		Moment: {types.TimestampKind, types.StringKind}, Edge: {types.StructKind, types.StringKind},
	}[want.Kind]
	if is == types.DynKind || is == types.TypeParamKind || slices.Contains(fits, is) {
		return ""
	}
	return fmt.Sprintf("it is %s, and %s is wanted%s", typeName(t), want.name(), remedy(is, want.Kind))
}

// inOptional is the type of an optional value, and others as they are.
func inOptional(t *types.Type) (*types.Type, bool) {
	if t.Kind() == types.OpaqueKind && t.TypeName() == "optional_type" {
		return t.Parameters()[0], true
	}
	return t, false
}

// remedy is the conversion that would do.
func remedy(is types.Kind, want Kind) string {
	scalar := slices.Contains([]types.Kind{types.IntKind, types.UintKind, types.DoubleKind, types.StringKind, types.BoolKind, types.TimestampKind}, is)
	switch {
	case !scalar:
	case want == Text:
		return ": write string(...)"
	case want == Integer && is != types.BoolKind && is != types.TimestampKind:
		return ": write int(...)"
	case want == Integer && is == types.BoolKind:
		return ": write x ? 1 : 0"
	case want == Number && is != types.BoolKind && is != types.TimestampKind:
		return ": write double(...)"
	case want == Boolean && is == types.StringKind:
		return ": write bool(...)"
	case want == Boolean && is == types.IntKind:
		return ": write x != 0"
	case want == Moment && is == types.IntKind:
		return ": write timestamp(...), which takes seconds since 1970"
	}
	return ""
}

func typeName(t *types.Type) string {
	if t.Kind() == types.StructKind {
		return "a node"
	}
	return "of type " + cel.FormatCELType(t)
}

func (w Want) name() string {
	one := map[Kind]string{Text: "a string", Integer: "an int", Number: "a double", Boolean: "a bool", Moment: "a timestamp", Edge: "a node"}[w.Kind]
	if !w.List {
		return one
	}
	return map[Kind]string{Text: "a list of strings", Integer: "a list of ints", Number: "a list of doubles", Boolean: "a list of bools",
		Moment: "a list of timestamps", Edge: "a list of nodes"}[w.Kind]
}

// native is a result as a Go value.
func native(v ref.Val, depth int) (any, error) {
	switch v := v.(type) {
	case types.String:
		if len(v) > mostValue {
			return nil, fmt.Errorf("it yields a string of %d bytes, and %d are the most", len(v), mostValue)
		}
		return string(v), nil
	case types.Int:
		return int64(v), nil
	case types.Double:
		return float64(v), nil
	case types.Bool:
		return bool(v), nil
	case types.Timestamp:
		return v.Time, nil
	case types.Null:
		return nil, nil
	case nodeValue:
		return v.node, nil
	case *types.Optional:
		if !v.HasValue() {
			return nil, nil
		}
		return native(v.GetValue(), depth)
	case traits.Lister:
		return elements(v, depth)
	}
	return nil, fmt.Errorf("it yields a value of type %s, which cannot be stored", v.Type().TypeName())
}

func elements(list traits.Lister, depth int) (any, error) {
	size, ok := list.Size().(types.Int)
	switch {
	case depth > 0:
		return nil, errors.New("it yields a list in a list, which cannot be stored")
	case !ok || size > mostList:
		return nil, fmt.Errorf("it yields a list of %d elements, and %d are the most", size, mostList)
	}
	all := []any{}
	for i := range size {
		one, err := native(list.Get(i), depth+1)
		if err != nil {
			return nil, err
		}
		if one != nil {
			all = append(all, one)
		}
	}
	return all, nil
}

// fit is a result as it is wanted.
func (w Want) fit(value any) (any, error) {
	list, isList := value.([]any)
	switch {
	case value == nil:
		return nil, nil
	case isList && !w.List:
		return nil, fmt.Errorf("it yields a list, and %s is wanted", w.name())
	case !isList && w.List && !w.Both:
		return nil, fmt.Errorf("it yields one value, and %s is wanted", w.name())
	case !isList && w.List:
		list = []any{value}
	case !isList:
		return w.one(value)
	}
	all := []any{}
	for _, v := range list {
		one, err := w.one(v)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// one is a value of the Go type of the kind that is wanted. A text may stand for
// a moment or a node.
func (w Want) one(value any) (any, error) {
	ok := false
	switch v := value.(type) {
	case string:
		ok = w.Kind == Text || w.Kind == Moment || w.Kind == Edge
	case int64:
		if w.Kind == Number {
			return float64(v), nil
		}
		ok = w.Kind == Integer
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("it yields %v, which Dgraph does not print", v)
		}
		ok = w.Kind == Number
	case bool:
		ok = w.Kind == Boolean
	case time.Time:
		ok = w.Kind == Moment
	case *Node:
		ok = w.Kind == Edge
	}
	if !ok {
		return nil, fmt.Errorf("it yields a value of Go's type %T, and %s is wanted", value, Want{Kind: w.Kind}.name())
	}
	return value, nil
}

// explain is an error of an evaluation, with the place.
func (p *Program) explain(err error) *Error {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		message := fmt.Sprintf("it was stopped: it takes more than %d steps for this node", mostCost)
		if cancelled.Cause == interpreter.MemoryLimitExceeded {
			message = "it was stopped: what it computes for this node grows too large"
		}
		return &Error{Message: message}
	}
	var e *types.Err
	if errors.As(err, &e) && e.NodeID() != 0 {
		return at(p.tree, e.NodeID(), firstLine(e.Error()))
	}
	return &Error{Message: firstLine(err.Error())}
}

// look finds what the expression looks at.
func (p *Program) look(known *provider) {
	tree := p.tree.NativeRep()
	note := func(operand ast.Expr, name string) {
		of, _ := inOptional(tree.GetType(operand.ID()))
		if o := known.objects[of.TypeName()]; o != nil {
			path := append(o.path(), name)
			if !slices.ContainsFunc(p.Uses, func(have []string) bool { return slices.Equal(have, path) }) {
				p.Uses = append(p.Uses, path)
			}
		}
	}
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			p.Now = p.Now || e.AsIdent() == "now"
		case ast.SelectKind:
			note(e.AsSelect().Operand(), e.AsSelect().FieldName())
		case ast.CallKind:
			call := e.AsCall()
			if call.FunctionName() == operators.OptSelect && len(call.Args()) == 2 && call.Args()[1].Kind() == ast.LiteralKind {
				if name, ok := call.Args()[1].AsLiteral().(types.String); ok {
					note(call.Args()[0], string(name))
				}
			}
		}
	}))
}
