package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
)

// operation is one of the user's GraphQL operations.
type operation struct {
	*operations.Operation
	file string
	// text is what a client sends.
	text      string
	variables map[string]json.RawMessage
}

func (o operation) String() string {
	if o.Name == "" {
		return fmt.Sprintf("%s:%d", o.file, o.Line())
	}
	return fmt.Sprintf("%s:%d %s", o.file, o.Line(), o.Name)
}

// uidPattern is how operations name nodes.
var uidPattern = regexp.MustCompile(`\b0x[0-9a-fA-F]{1,16}\b`)

// operations reads the files that flags name, or the configuration. Remarks are about what was left out.
func (p program) operations(ctx context.Context, loader sdl.Loader, o *rehearseOptions, cfg *config.Config) (all []operation, remarks []string, err error) {
	options := operationOptions(o.operations, cfg)
	if len(options.Patterns) == 0 {
		return nil, nil, nil
	}
	for _, pattern := range options.Patterns {
		if err := noURL(pattern); err != nil {
			return nil, nil, fmt.Errorf("--operations: %w", err)
		}
	}
	found, err := operations.Find(ctx, loader, options)
	if err == nil {
		all, remarks, err = operationsOf(found)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--operations: %w", err)
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("--operations: no operations are in %s", strings.Join(options.Patterns, ", "))
	}
	return all, remarks, nil
}

// operationsOf are those that were found, with the variables of the files beside theirs. What cannot be read would not run.
func operationsOf(found *operations.Found) (all []operation, remarks []string, err error) {
	for _, p := range found.Problems {
		said := &sdl.Error{Span: p.Span, Message: p.What}
		if p.Kind == operations.Unreadable || p.Kind == operations.Missing {
			return nil, nil, said
		}
		remarks = append(remarks, said.Error())
	}
	read := map[*sdl.File]map[string]map[string]json.RawMessage{}
	for _, o := range found.Operations {
		f := o.Document.File
		if read[f] == nil {
			if read[f], err = variablesBeside(f, o.Document.Text == f.Text); err != nil {
				return nil, nil, err
			}
		}
		if text := o.Text(); text != "" { // else the client asks itself
			all = append(all, operation{o, f.Name, text, read[f][o.Name]})
		}
	}
	return all, remarks, nil
}

// variablesBeside are the values in the JSON file beside a file with operations, by operation and variable. What stands
// beside a program can be about something else.
func variablesBeside(f *sdl.File, isGraphQL bool) (map[string]map[string]json.RawMessage, error) {
	values := map[string]map[string]json.RawMessage{}
	path := strings.TrimSuffix(f.Path, filepath.Ext(f.Path)) + ".json"
	if f.Path == "" || path == f.Path {
		return values, nil
	}
	switch text, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("reading variables: %w", err)
	default:
		if err := json.Unmarshal(text, &values); err != nil && isGraphQL {
			return nil, fmt.Errorf(`%s: expected {"OPERATION": {"VARIABLE": value}}: %w`, path, err)
		}
	}
	return values, nil
}

// unfit is why an operation does not run; "" when it does. remote are the fields
// that call other services.
func (o operation) unfit(remote map[string]bool) string {
	if o.Kind != operations.Query {
		return "it is a " + o.Kind + ", and only queries run"
	}
	for _, f := range o.Fields() {
		if remote[f] {
			return fmt.Sprintf("it asks for %s, and a field of that name calls another service", f)
		}
	}
	for _, v := range o.Wanting() {
		if _, ok := o.variables[v]; !ok {
			return fmt.Sprintf("$%s has no value: give one in a file with the same name and .json", v)
		}
	}
	return ""
}

// remoteFields are the names of the fields of schemas that call other services:
// what is computed by DQL does not.
func remoteFields(schemas ...*schema.Schema) map[string]bool {
	all := map[string]bool{}
	for _, s := range schemas {
		for _, t := range s.Types {
			for _, f := range t.Fields {
				if custom := f.Directive("custom"); f.Has("lambda") || custom != nil && custom.Arg("dql") == nil {
					all[f.Name] = true
				}
			}
		}
	}
	return all
}

// answers asks for what operations answer; nil for those that do not run.
func answers(ctx context.Context, c *dql.Client, all []operation, remote map[string]bool) ([]*dql.GraphQLAnswer, error) {
	given := make([]*dql.GraphQLAnswer, len(all))
	for i, o := range all {
		if o.unfit(remote) != "" {
			continue
		}
		answer, err := c.GraphQL(ctx, o.text, o.variables)
		if err != nil {
			return nil, fmt.Errorf("running %s: %w", o, err)
		}
		given[i] = answer
	}
	return given, nil
}

// The ways in which an operation can come out.
const (
	sameAnswer     = "same answer"
	otherAnswer    = "other answer"
	newErrors      = "new errors"
	noLongerValid  = "no longer valid"
	sameErrors     = "the same answer, with errors"
	didNotRun      = "did not run"
	differencesMax = 5 // are shown
)

// ran is what came of an operation.
type ran struct {
	Operation string `json:"operation"`
	Outcome   string `json:"outcome"`
	// Reason is why it did not run.
	Reason string `json:"reason,omitempty"`
	// Differences are the places where the answers differ; First are the first of
	// them.
	Differences int          `json:"differences,omitempty"`
	First       []difference `json:"first,omitempty"`
	// Errors are the messages that did not come before, as they came with
	// --show-values, else without what they quote.
	Errors []string `json:"errors,omitempty"`
}

// difference is a place in an answer, as in queryUser[2].phone. The values are
// JSON, and empty unless they are to be shown.
type difference struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// bad reports whether somebody should look at it.
func (r ran) bad() bool {
	return r.Outcome == otherAnswer || r.Outcome == newErrors || r.Outcome == noLongerValid
}

// outcomes compare what operations answered.
func (r *rehearsing) outcomes(before, after []*dql.GraphQLAnswer) []ran {
	out := []ran{}
	showValues := r.options.diff.data.showValues
	for i, o := range r.operations {
		one := ran{Operation: o.String(), Outcome: didNotRun, Reason: o.unfit(r.remote)}
		if one.Reason == "" {
			fields := o.Fields()
			known := func(name string) bool {
				return slices.Contains(fields, name) || r.before.Type(name) != nil || r.after.Type(name) != nil || name == "Query"
			}
			one.compare(before[i], after[i], known, showValues)
		}
		out = append(out, one)
	}
	return out
}

// compare says how an answer differs from another. Known are names that stand in the
// schemas and the operation.
func (r *ran) compare(before, after *dql.GraphQLAnswer, known func(string) bool, showValues bool) {
	was := before.Errors
	for _, text := range after.Errors {
		if i := slices.Index(was, text); i >= 0 {
			was = slices.Delete(slices.Clone(was), i, i+1)
			continue
		}
		if !showValues {
			text = quoted.ReplaceAllStringFunc(text, func(q string) string {
				if known(q[1 : len(q)-1]) {
					return q
				}
				return q[:1] + "..." + q[:1]
			})
		}
		r.Errors = append(r.Errors, text)
	}
	if len(r.Errors) > 0 && invalid(after) && !invalid(before) {
		r.Outcome = noLongerValid
		return
	}
	r.differ("", decoded(before.Data), decoded(after.Data), showValues)
	switch {
	case len(r.Errors) > 0:
		r.Outcome = newErrors
	case r.Differences > 0:
		r.Outcome = otherAnswer
	case len(after.Errors) > 0:
		r.Outcome = sameErrors
	default:
		r.Outcome = sameAnswer
	}
}

// quoted is what messages of Dgraph quote, which can be stored values.
var quoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)

// invalid reports whether Dgraph would not even begin to carry out an operation:
// then there is no data.
func invalid(a *dql.GraphQLAnswer) bool { return len(a.Errors) > 0 && decoded(a.Data) == nil }

func decoded(data json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil // there is none
	}
	return v
}

// differ notes where two answers differ.
func (r *ran) differ(path string, a, b any, showValues bool) {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			break
		}
		names := map[string]bool{}
		for name := range x {
			names[name] = true
		}
		for name := range y {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			r.differ(strings.TrimPrefix(path+"."+name, "."), x[name], y[name], showValues)
		}
		return
	case []any:
		y, ok := b.([]any)
		if !ok {
			break
		}
		for i := range max(len(x), len(y)) {
			var left, right any
			if i < len(x) {
				left = x[i]
			}
			if i < len(y) {
				right = y[i]
			}
			r.differ(path+"["+strconv.Itoa(i)+"]", left, right, showValues)
		}
		return
	}
	left, right := encoded(a), encoded(b)
	if left == right {
		return
	}
	r.Differences++
	if len(r.First) < differencesMax {
		d := difference{Path: path}
		if showValues {
			d.Before, d.After = left, right
		}
		r.First = append(r.First, d)
	}
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "" // it came as JSON
	}
	return string(text)
}
