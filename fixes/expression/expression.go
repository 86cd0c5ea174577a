// Package expression evaluates the CEL expressions of migrations over nodes: it
// finds what is wrong with one before it runs, bounds what it costs, and gives
// the same result for the same nodes every time.
package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// Kind is the type of a value, of one element for a list.
type Kind uint8

// The kinds, with the Go types of their values.
const (
	Text    Kind = iota + 1 // string
	Integer                 // int64
	Number                  // float64
	Boolean                 // bool
	Moment                  // time.Time
	Edge                    // *Node
)

// Field is a field of nodes. The zero Kind is none.
type Field struct {
	Kind Kind
	List bool
	// Node is what an edge leads to; nil for one of which only the uid is known.
	Node *Object
}

// Object says which fields nodes have. Every one has uid besides.
type Object struct {
	Fields map[string]Field
	// Doubt says of a name that is no field why that may be, to complete an error;
	// nil says nothing.
	Doubt func(name string) string

	name string // in messages
}

// Node is a node that expressions look at.
type Node struct {
	UID string
	Of  *Object
	// Values are by field: of the Go type of its kind, []any of those for a list, or
	// the error for one that cannot be read, which only those meet who look at it.
	// What is not there is missing.
	Values map[string]any
}

const (
	// mostCost bounds what the evaluation of one expression for one node costs, in
	// CEL's units: an operation is one, and so are ten bytes of a string that is
	// gone through.
	mostCost = 1_000_000
	// mostMemory bounds what one evaluation holds at once, in CEL's units: an
	// element is one, and a string some bytes each.
	mostMemory = 4_000_000
	// mostText bounds an expression, in characters.
	mostText = 10_000
	// mostNodes bounds an expression, in parts of its tree with macros written out.
	mostNodes = 10_000
	// mostPattern bounds a regular expression, in instructions of its program.
	mostPattern = 1000
)

// Env is what expressions can name: the variables node and now.
type Env struct {
	env   *cel.Env
	types *provider
	// compiling guards what the provider notes of one compilation.
	compiling sync.Mutex
}

// New makes the environment of the expressions over a node. The object and those
// that it leads to belong to it from then on.
func New(node *Object) (*Env, error) {
	p, err := newProvider(node)
	if err != nil {
		return nil, err
	}
	env, err := cel.NewEnv(
		cel.CustomTypeProvider(p), cel.CustomTypeAdapter(p),
		cel.Variable("node", types.NewObjectType(node.name)), cel.Variable("now", cel.TimestampType),
		cel.OptionalTypes(), ext.Strings(), ext.Math(), ext.Lists(ext.ListsMaxRangeSize(mostList)), ext.Sets(), ext.Regex(), ext.Bindings(),
		cel.EnableIdentifierEscapeSyntax(), cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(mostText), cel.ExpressionNodeLimit(mostNodes), cel.ParserRecursionLimit(100), cel.RegexProgramSizeLimit(mostPattern),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing expressions: %w", err)
	}
	return &Env{env: env, types: p}, nil
}

// Error is what is wrong with an expression, and where.
type Error struct {
	// Line and Column count from 1, in characters of the expression; 0 when it is
	// all of it.
	Line, Column int
	Message      string
}

// Error says it with the place.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// Want is what an expression has to yield.
type Want struct {
	Kind Kind
	List bool
	// Both allows for a list one of its elements, too.
	Both bool
}

// Program is an expression that can be evaluated, by several goroutines at once.
type Program struct {
	program cel.Program
	tree    *cel.Ast
	want    Want
	// Uses are the fields that it looks at: the path of edges that leads there from
	// the node, and the field.
	Uses [][]string
	// Now says that it looks at the time.
	Now bool
}

// Compile reads an expression. Its errors are an [*Error].
func (e *Env) Compile(text string, want Want) (*Program, error) {
	e.compiling.Lock()
	defer e.compiling.Unlock()
	e.types.missed = nil
	tree, issues := e.env.Compile(text)
	if issues.Err() != nil {
		return nil, e.explain(text, issues)
	}
	if reason := refusal(tree.OutputType(), want); reason != "" {
		return nil, at(tree, tree.NativeRep().Expr().ID(), reason)
	}
	cost, err := e.env.EstimateCost(tree, nil)
	if err == nil && cost.Min > mostCost {
		return nil, at(tree, tree.NativeRep().Expr().ID(), fmt.Sprintf("it takes at least %d steps for each node, and %d are the most", cost.Min, mostCost))
	}
	program, err := e.env.Program(tree, cel.CostLimit(mostCost), cel.MemoryLimit(mostMemory))
	if err != nil {
		return nil, &Error{Message: firstLine(err.Error())}
	}
	made := &Program{program: program, tree: tree, want: want}
	made.look(e.types)
	return made, nil
}

// explain is the first of the issues, with what may have been meant.
func (e *Env) explain(text string, issues *cel.Issues) *Error {
	first := issues.Errors()[0]
	for _, other := range issues.Errors() {
		if other.Location.Line() < first.Location.Line() || other.Location.Line() == first.Location.Line() && other.Location.Column() < first.Location.Column() {
			first = other
		}
	}
	message := strings.TrimPrefix(first.Message, "Syntax error: ")
	if name, ok := quotedAfter(message, "undefined field "); ok {
		message = e.types.undefined(name)
	} else if name, ok := quotedAfter(message, "undeclared reference to "); ok {
		message = e.undeclared(name, strings.HasPrefix(rest(text, first.Location), name))
	} else if strings.Contains(message, "'_?_:_'") && strings.Contains(message, "null") {
		message = "a value or null is written cond ? optional.of(value) : optional.none()"
	}
	return &Error{Line: max(first.Location.Line(), 1), Column: max(first.Location.Column(), 0) + 1, Message: firstLine(message)}
}

// undeclared says that there is nothing of a name, of variables or of functions.
func (e *Env) undeclared(name string, variable bool) string {
	switch {
	case !variable:
		return "there is no function " + name + Nearest(name, slices.Sorted(maps.Keys(e.env.Functions())))
	case e.types.node.has(name):
		return fmt.Sprintf("there is no %s; did you mean node.%[1]s?", name)
	}
	return "there is no " + name + Nearest(name, []string{"node", "now"})
}

// quotedAfter is the name in quotes that a message of CEL has after some words.
func quotedAfter(message, words string) (string, bool) {
	_, after, ok := strings.Cut(message, words+"'")
	if !ok {
		return "", false
	}
	name, _, ok := strings.Cut(after, "'")
	return name, ok
}

// rest is the text from a place on, to the end of the line.
func rest(text string, place common.Location) string {
	lines := strings.Split(text, "\n")
	if place.Line() < 1 || place.Line() > len(lines) {
		return ""
	}
	line := []rune(lines[place.Line()-1])
	return string(line[min(max(place.Column(), 0), len(line)):])
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// at is an error at a part of an expression.
func at(tree *cel.Ast, id int64, message string) *Error {
	place := tree.NativeRep().SourceInfo().GetStartLocation(id)
	if place.Line() < 1 {
		return &Error{Message: message}
	}
	return &Error{Line: place.Line(), Column: max(place.Column(), 0) + 1, Message: message}
}

// Eval evaluates the expression for a node. It gives a value of the Go type of
// what was wanted, []any for a list, or nil for null and for an optional value
// that is not there. Its errors are an [*Error].
func (p *Program) Eval(node *Node, now time.Time) (any, error) {
	result, _, err := p.program.Eval(map[string]any{"node": node, "now": now})
	if err != nil {
		return nil, p.explain(err)
	}
	value, err := native(result, 0)
	if err == nil {
		value, err = p.want.fit(value)
	}
	if err != nil {
		return nil, at(p.tree, p.tree.NativeRep().Expr().ID(), err.Error())
	}
	return value, nil
}
