package operations

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// What clients do with a directive of theirs before a server sees the document.
type clientDirective byte

const (
	takenOff clientDirective = iota + 1 // it alone is left out
	takenOut                            // and so is what it stands on
	declares                            // it declares variables of its fragment, which the client fills in
	passes                              // it fills them in
)

// clientDirectives are those that clients keep to themselves: no Dgraph knows them, and a schema cannot declare them, so
// that one of these names is never meant for the server.
var clientDirectives = map[string]clientDirective{
	// Apollo Client and its links.
	"client": takenOut, "rest": takenOut, "export": takenOff, "connection": takenOff, "nonreactive": takenOff,
	"unmask": takenOff, "live": takenOff, "persist": takenOff, "type": takenOff, "api": takenOff, "synced": takenOff,
	"apollo_client_ios_localCacheMutation": takenOff, "import": takenOff, "nonnull": takenOff, "optional": takenOff,
	"fieldPolicy": takenOff, "typePolicy": takenOff,
	// Incremental delivery, which servers without it are not sent.
	"defer": takenOff, "stream": takenOff, "stream_connection": takenOff,
	// Relay.
	"argumentDefinitions": declares, "arguments": passes, "uncheckedArguments_DEPRECATED": passes,
	"refetchable": takenOff, "relay": takenOff, "inline": takenOff, "no_inline": takenOff, "match": takenOff, "module": takenOff,
	"required": takenOff, "catch": takenOff, "throwOnFieldError": takenOff, "alias": takenOff, "raw_response_type": takenOff,
	"preloadable": takenOff, "relay_test_operation": takenOff, "updatable": takenOff, "assignable": takenOff,
	"waterfall": takenOff, "prefetchable_pagination": takenOff, "static": takenOff, "live_query": takenOff,
	"appendNode": takenOff, "prependNode": takenOff, "appendEdge": takenOff, "prependEdge": takenOff,
	"deleteRecord": takenOff, "deleteEdge": takenOff, "exec_time_resolvers": takenOff, "semanticNonNull": takenOff,
	// urql and gql.tada.
	"_unmask": takenOff, "_optional": takenOff, "_required": takenOff, "populate": takenOff, "_relayPagination": takenOff,
	// Houdini.
	"with": passes, "list": takenOff, "paginate": takenOff, "prepend": takenOff, "append": takenOff, "allLists": takenOff,
	"parentID": takenOff, "when": takenOff, "when_not": takenOff, "mask_enable": takenOff, "mask_disable": takenOff,
	"cache": takenOff, "load": takenOff, "loading": takenOff, "blocking": takenOff, "blocking_disable": takenOff,
	"componentField": takenOff, "optimisticKey": takenOff, "plural": takenOff,
}

// directiveOn is what a client does with a directive; 0 for one that servers get.
func directiveOn(d *ast.Directive, fragment bool) clientDirective {
	if fragment && d.Name == "arguments" { // Houdini's declare so
		return declares
	}
	return clientDirectives[d.Name]
}

// Clean is the operation with its fragments as a server gets it, for a validator: without what clients keep to themselves,
// and without variables that only that needs. It is a new tree with each call, since validators write into it. Fragments
// that are missing are left out, and so is what is used within itself, so that it has an end. There is no operation in it
// when the client asks no server.
func (o *Operation) Clean() *ast.QueryDocument { return o.copied(true) }

// copied is Clean, or with what is used within itself.
func (o *Operation) copied(cut bool) *ast.QueryDocument {
	c := cleaner{operation: o, cut: cut, byName: map[string]*Fragment{}, done: map[string]*ast.FragmentDefinition{}, kept: map[string]bool{}}
	for _, f := range o.Fragments {
		c.byName[f.Name] = f
	}
	clean := *o.AST
	clean.Comment = nil
	clean.Directives = c.directives(o.AST.Directives)
	clean.SelectionSet = c.selections(o.AST.SelectionSet)
	if len(clean.SelectionSet) == 0 {
		return &ast.QueryDocument{}
	}
	clean.VariableDefinitions = nil
	var used map[string]bool // before; a variable that never was is left to the validator
	for _, v := range o.AST.VariableDefinitions {
		if !c.kept[v.Variable] {
			if used == nil {
				used = o.variables()
			}
			if used[v.Variable] {
				continue
			}
		}
		clean.VariableDefinitions = append(clean.VariableDefinitions, c.variable(v))
	}
	clean.VariableDefinitions = append(clean.VariableDefinitions, c.declared...)
	return &ast.QueryDocument{Operations: ast.OperationList{&clean}, Fragments: c.fragments}
}

type cleaner struct {
	operation *Operation
	cut       bool
	byName    map[string]*Fragment
	in        *Fragment // that is being copied; nil in the operation
	// done are the fragments as they came out; nil for one with nothing left.
	done      map[string]*ast.FragmentDefinition
	fragments ast.FragmentDefinitionList
	// kept are the variables that are used in what stays.
	kept map[string]bool
	// declared are the variables of fragments; renamed are those of the fragment that is being copied.
	declared ast.VariableDefinitionList
	renamed  map[string]string
}

// variables are those that the operation and its fragments use.
func (o *Operation) variables() map[string]bool {
	used := map[string]bool{}
	note := visitor{value: func(v *ast.Value) {
		if v.Kind == ast.Variable {
			used[v.Raw] = true
		}
	}}
	note.directives(o.AST.Directives)
	note.selections(o.AST.SelectionSet)
	for _, f := range o.Fragments {
		note.directives(f.AST.Directives)
		note.selections(f.AST.SelectionSet)
	}
	return used
}

func (c *cleaner) selections(set ast.SelectionSet) ast.SelectionSet {
	out := make(ast.SelectionSet, 0, len(set))
	for _, s := range set {
		if copied := c.selection(s); copied != nil {
			out = append(out, copied)
		}
	}
	return out
}

// selection is a copy of one; nil when nothing of it stays.
func (c *cleaner) selection(s ast.Selection) ast.Selection {
	switch s := s.(type) {
	case *ast.Field:
		if c.leaves(s.Directives) {
			return nil
		}
		f := *s
		f.Comment = nil
		f.Arguments = c.arguments(s.Arguments)
		f.Directives = c.directives(s.Directives)
		if len(s.SelectionSet) > 0 {
			if f.SelectionSet = c.selections(s.SelectionSet); len(f.SelectionSet) == 0 {
				return nil
			}
		}
		return &f
	case *ast.InlineFragment:
		if c.leaves(s.Directives) {
			return nil
		}
		f := *s
		f.Comment = nil
		f.Directives = c.directives(s.Directives)
		if f.SelectionSet = c.selections(s.SelectionSet); len(f.SelectionSet) == 0 {
			return nil
		}
		return &f
	case *ast.FragmentSpread:
		if c.leaves(s.Directives) || !c.use(s.Name) {
			return nil
		}
		f := *s
		f.Comment = nil
		f.Directives = c.directives(s.Directives)
		return &f
	}
	return nil
}

func (c *cleaner) leaves(all ast.DirectiveList) bool {
	return slices.ContainsFunc(all, func(d *ast.Directive) bool { return directiveOn(d, false) == takenOut })
}

// use copies a fragment when it is used first, and reports whether anything of it stays.
func (c *cleaner) use(name string) bool {
	f := c.byName[name]
	if f == nil || c.cut && c.operation.cut[spread{c.in, f}] {
		return false
	}
	if copied, ok := c.done[name]; ok {
		return copied != nil
	}
	in, renamed := c.in, c.renamed
	defer func() { c.in, c.renamed = in, renamed }()
	c.in, c.renamed = f, map[string]string{}
	for _, d := range f.AST.Directives {
		if directiveOn(d, true) == declares {
			c.declare(d)
		}
	}
	c.done[name] = &ast.FragmentDefinition{} // it stays where it is used within itself
	place := len(c.fragments)
	c.fragments = append(c.fragments, nil) // in the order of their use
	copied := *f.AST
	copied.Comment = nil
	copied.VariableDefinition = nil
	copied.Directives = nil
	for _, d := range f.AST.Directives {
		if directiveOn(d, true) == 0 {
			copied.Directives = append(copied.Directives, c.directive(d))
		}
	}
	copied.SelectionSet = c.selections(f.AST.SelectionSet)
	if len(copied.SelectionSet) == 0 {
		c.fragments = slices.Delete(c.fragments, place, place+1)
		c.done[name] = nil
		return false
	}
	c.fragments[place] = &copied
	c.done[name] = &copied
	return true
}

// declare gives the operation the variables of a fragment: in the document that a client sends they have been filled in,
// so that only their types are to be had.
func (c *cleaner) declare(d *ast.Directive) {
	for _, a := range d.Arguments {
		definition := &ast.VariableDefinition{Variable: a.Name, Position: a.Position}
		for _, given := range a.Value.Children {
			switch given.Name {
			case "type":
				definition.Type = typeOf(given.Value)
			case "defaultValue", "default":
				if given.Value.Kind != ast.NullValue {
					definition.DefaultValue = c.value(given.Value)
				}
			}
		}
		if definition.Type == nil {
			continue // as where it is written otherwise: the variable is the operation's
		}
		if slices.ContainsFunc(append(c.declared, c.operation.AST.VariableDefinitions...), func(v *ast.VariableDefinition) bool { return v.Variable == a.Name }) {
			definition.Variable = c.in.Name + "_" + a.Name
			c.renamed[a.Name] = definition.Variable
		}
		used := false
		visitor{value: func(v *ast.Value) { used = used || v.Kind == ast.Variable && v.Raw == a.Name }}.selections(c.in.AST.SelectionSet)
		if used {
			c.declared = append(c.declared, definition)
		}
	}
}

// typeOf reads a type from a string, as in {type: "[ID!]!"}; nil for what is none.
func typeOf(v *ast.Value) *ast.Type {
	if v.Kind != ast.StringValue && v.Kind != ast.EnumValue || strings.ContainsAny(v.Raw, "()=@{}") {
		return nil
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: "query($v: " + v.Raw + "){v}"}, 1000)
	if err != nil || len(parsed.Operations) != 1 || len(parsed.Operations[0].VariableDefinitions) != 1 {
		return nil
	}
	t := parsed.Operations[0].VariableDefinitions[0].Type
	for e := t; e != nil; e = e.Elem {
		e.Position = v.Position
	}
	return t
}

func (c *cleaner) variable(v *ast.VariableDefinition) *ast.VariableDefinition {
	out := *v
	out.Comment = nil
	out.Type = copyType(v.Type)
	out.DefaultValue = c.value(v.DefaultValue)
	out.Directives = c.directives(v.Directives)
	return &out
}

func copyType(t *ast.Type) *ast.Type {
	if t == nil {
		return nil
	}
	out := *t
	out.Elem = copyType(t.Elem)
	return &out
}

func (c *cleaner) directives(all ast.DirectiveList) ast.DirectiveList {
	var out ast.DirectiveList
	for _, d := range all {
		if directiveOn(d, false) == 0 {
			out = append(out, c.directive(d))
		}
	}
	return out
}

func (c *cleaner) directive(d *ast.Directive) *ast.Directive {
	out := *d
	out.Arguments = c.arguments(d.Arguments)
	return &out
}

func (c *cleaner) arguments(all ast.ArgumentList) ast.ArgumentList {
	var out ast.ArgumentList
	for _, a := range all {
		copied := *a
		copied.Comment = nil
		copied.Value = c.value(a.Value)
		out = append(out, &copied)
	}
	return out
}

func (c *cleaner) value(v *ast.Value) *ast.Value {
	if v == nil {
		return nil
	}
	out := *v
	out.Comment = nil
	if v.Kind == ast.Variable {
		if to, ok := c.renamed[v.Raw]; ok {
			out.Raw = to
		}
		c.kept[out.Raw] = true
	}
	if v.Children != nil {
		out.Children = make(ast.ChildValueList, 0, len(v.Children))
		for _, child := range v.Children {
			copied := *child
			copied.Comment = nil
			copied.Value = c.value(child.Value)
			out.Children = append(out.Children, &copied)
		}
	}
	return &out
}
