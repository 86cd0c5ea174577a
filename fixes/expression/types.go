package expression

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/agnivade/levenshtein"
)

// provider tells CEL of the objects, and brings values into its form.
type provider struct {
	*types.Registry
	node    *Object
	objects map[string]*Object
	// missed are the names that were looked for in vain, with the objects.
	missed map[string]*Object
}

func newProvider(node *Object) (*provider, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("preparing expressions: %w", err)
	}
	p := &provider{Registry: registry, node: node, objects: map[string]*Object{}}
	p.add(node, "node")
	return p, nil
}

// bare is an edge of whose target only the uid is known.
var bare = &Object{name: "(a node)"}

// add names an object after the path that leads to it. The name is none that an
// expression could have: CEL would take the path itself for the name of a type.
func (p *provider) add(o *Object, path string) {
	o.name = "(" + path + ")"
	p.objects[o.name] = o
	p.objects[bare.name] = bare
	for name, f := range o.Fields {
		if f.Node != nil {
			p.add(f.Node, path+"."+name)
		}
	}
}

// path is the edges that lead to an object.
func (o *Object) path() []string {
	names := strings.Split(strings.Trim(o.name, "()"), ".")
	return names[1:]
}

func (o *Object) has(name string) bool {
	_, ok := o.Fields[name]
	return ok || name == uid
}

// uid is the field that every node has.
const uid = "uid"

// FindStructType is for CEL.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if p.objects[name] == nil {
		return nil, false
	}
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
}

// FindStructFieldNames is for CEL.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	o := p.objects[name]
	if o == nil {
		return nil, false
	}
	return append(slices.Sorted(maps.Keys(o.Fields)), uid), true
}

// FindStructFieldType is for CEL.
func (p *provider) FindStructFieldType(structType, name string) (*types.FieldType, bool) {
	o := p.objects[structType]
	if o == nil {
		return nil, false
	}
	f, ok := o.Fields[name]
	if !ok && name == uid {
		f, ok = Field{Kind: Text}, true
	}
	if !ok {
		if p.missed == nil {
			p.missed = map[string]*Object{}
		}
		p.missed[name] = o
		return nil, false
	}
	return &types.FieldType{
		Type: f.celType(),
		IsSet: func(target any) bool {
			n, ok := target.(*Node)
			if !ok {
				return false
			}
			v, there := n.value(name)
			list, isList := v.([]any)
			return there && (!isList || len(list) > 0)
		},
		GetFrom: func(target any) (any, error) {
			n, ok := target.(*Node)
			if !ok {
				return nil, fmt.Errorf("there is no %s in what is no node", name)
			}
			v, there := n.value(name)
			if unreadable, is := v.(error); is {
				return nil, unreadable
			}
			switch {
			case there:
				return v, nil
			case f.List:
				return []any{}, nil
			}
			return nil, fmt.Errorf("%s is missing; test it first, like has(x.%[1]s) or x.?%[1]s.orValue(...)", name)
		},
	}, true
}

func (n *Node) value(name string) (any, bool) {
	if name == uid {
		return n.UID, true
	}
	v, ok := n.Values[name]
	return v, ok
}

// NewValue is for CEL.
func (p *provider) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("an expression makes no nodes")
}

// undefined says that a name is no field.
func (p *provider) undefined(name string) string {
	o := p.missed[name]
	if o == nil {
		return "there is no " + name + " in what is no node"
	}
	message := "there is no field " + name + " in " + strings.Trim(o.name, "()")
	if o.Doubt != nil {
		if reason := o.Doubt(name); reason != "" {
			return message + reason
		}
	}
	return message + Nearest(name, append(slices.Sorted(maps.Keys(o.Fields)), uid))
}

// Nearest completes an error about a name with that of some which was meant; it
// is "" when none is near.
func Nearest(name string, names []string) string {
	nearest, least := "", 1+min(max(2, len(name)/3), len(name)/2)
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(n)); d < least {
			nearest, least = n, d
		}
	}
	if nearest == "" {
		return ""
	}
	return "; did you mean " + nearest + "?"
}

func (f Field) celType() *types.Type {
	t := map[Kind]*types.Type{
		Text: types.StringType, Integer: types.IntType, Number: types.DoubleType, Boolean: types.BoolType, Moment: types.TimestampType,
	}[f.Kind]
	if f.Kind == Edge {
		o := f.Node
		if o == nil {
			o = bare
		}
		t = types.NewObjectType(o.name)
	}
	if f.List {
		return types.NewListType(t)
	}
	return t
}

// NativeToValue is for CEL.
func (p *provider) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case *Node:
		return nodeValue{v}
	case []any:
		all := make([]ref.Val, len(v))
		for i, one := range v {
			all[i] = p.NativeToValue(one)
		}
		return types.NewRefValList(p, all)
	}
	return p.Registry.NativeToValue(value)
}

// nodeValue is a node as CEL has it.
type nodeValue struct{ node *Node }

// ConvertToNative is for CEL.
func (n nodeValue) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[*Node]() {
		return n.node, nil
	}
	return nil, fmt.Errorf("a node is no %v", t)
}

// ConvertToType is for CEL.
func (n nodeValue) ConvertToType(t ref.Type) ref.Val {
	if t.TypeName() == types.TypeType.TypeName() {
		return n.Type().(ref.Val)
	}
	return types.NewErr("a node is no %s", t.TypeName())
}

// Equal is for CEL: nodes are equal that have the same uid.
func (n nodeValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(nodeValue)
	return types.Bool(ok && o.node.UID == n.node.UID)
}

// Type is for CEL.
func (n nodeValue) Type() ref.Type {
	o := n.node.Of
	if o == nil {
		o = bare
	}
	return types.NewObjectType(o.name)
}

// AggregateSize is for CEL: nodes are there already, whatever an expression does
// with them.
func (n nodeValue) AggregateSize(types.AggregateSizer) uint32 { return 1 }

// Value is for CEL.
func (n nodeValue) Value() any { return n.node }
