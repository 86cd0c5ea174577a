package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/dql"
)

// Audit lists what can be wrong with stored data under one valid schema, in the
// order of the schema: every finding that could be, each with its questions.
// Settle asks them, and Violated keeps the findings that are. Whether the schema
// is served already makes no difference: the data is looked at as it will read
// once it is.
//
// Stored is the DQL schema of the server; nil when it could not be read. Then
// what only it knows is told in one finding that is not asked.
func Audit(s *diff.Schema, stored *dql.Stored) []*Finding {
	a := &audit{s, stored}
	var findings []*Finding
	for _, r := range All {
		if r.audit == nil {
			continue
		}
		for _, f := range r.audit(a) {
			f.Rule = r
			f.Severity = cmp.Or(f.Severity, r.Severity)
			f.Reversible = true // nothing changes
			f.Impact.complete()
			findings = append(findings, f)
		}
	}
	Sort(findings)
	return findings
}

// Violated are the findings of an audit that are left when Settle has asked:
// those with violations, and those that were not asked, or not to the end.
func Violated(findings []*Finding) []*Finding {
	var all []*Finding
	for _, f := range findings {
		if !f.Evidence.Clean() {
			all = append(all, f)
		}
	}
	return all
}

// audit is what the rules on data at rest know.
type audit struct {
	*diff.Schema
	stored *dql.Stored // nil when it could not be read
}

// eachField judges the stored fields, inherited ones once, at their interface,
// and those that only read the edges of another one backwards not at all.
func (a *audit) eachField(judge func(*schema.Field) *Finding) []*Finding {
	var findings []*Finding
	for _, t := range a.Types {
		for _, f := range t.Fields {
			if f.Predicate == "" || f.Source != nil || f.Reverse {
				continue
			}
			if found := judge(f); found != nil {
				findings = append(findings, found)
			}
		}
	}
	return findings
}

// eachReadable is eachField without the fields that cannot be read at all, which
// is told of them already.
func (a *audit) eachReadable(judge func(*schema.Field) *Finding) []*Finding {
	return a.eachField(func(f *schema.Field) *Finding {
		if a.otherKind(f) {
			return nil
		}
		return judge(f)
	})
}

// aboutField is what findings on the values of a field have in common.
func aboutField(f *schema.Field) *Finding {
	return &Finding{
		Coordinate: f.Coordinate(),
		Place:      place(f),
		Affects:    inherits(f),
		Predicates: predicates(f.Predicate),
		Impact:     Impact{Data: DataInvalid},
	}
}

// declared are the stored names of the schema's types.
func (a *audit) declared() []string {
	var all []string
	for _, t := range a.Types {
		if t.Stores() && !slices.Contains(all, t.Stored) {
			all = append(all, t.Stored)
		}
	}
	return all
}

// kept reports whether a predicate or type belongs to Dgraph, or to this
// program, which keeps its state beside the data.
func kept(name string) bool {
	return strings.HasPrefix(name, "dgraph.") || strings.HasPrefix(name, "schemacheck.")
}

// histogram makes the evidence of one question whose histogram is worth a
// remark. Each bar is put in words; those without any are left out.
func histogram(words func(key, n string) string) func([]dql.Answer) Evidence {
	return func(answers []dql.Answer) Evidence {
		e := added(answers)
		var all []string
		for _, a := range answers {
			for _, b := range a.Histogram {
				if s := words(b.Key, fmt.Sprint(b.N)); s != "" {
					all = append(all, s)
				}
			}
		}
		if len(all) > 0 {
			e.Remarks = append(e.Remarks, list(all))
		}
		return e
	}
}

// perNode tells how many nodes have so many values.
func perNode(values, n string) string {
	if values == "1" {
		return n + " with 1 value"
	}
	return fmt.Sprintf("%s with %s values", n, values)
}
