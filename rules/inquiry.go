package rules

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/schema"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/convert"
)

// Evidence is what the stored data said about a finding. The zero Evidence is
// "not asked".
type Evidence struct {
	Asked    bool
	Complete bool
	// AtLeast says that all was asked to the end, though Violations is a lower
	// bound: then the evidence is not complete either.
	AtLeast bool
	// Reason says why something was not asked, or not to the end.
	Reason string
	// Violations counts distinct nodes, and is a lower bound when the evidence
	// is not complete. Groups counts the sets of duplicates. Total counts the
	// nodes that were looked through.
	Violations, Groups, Total uint64
	// Samples are the violations with the lowest uids.
	Samples []dql.Sample
	// Remarks say what the numbers do not, for people.
	Remarks []string
	// Reasons are those that the data gives for believing a likely rename.
	Reasons []string
	// DQL is what was asked, for people who want to ask it themselves.
	DQL string
}

// Clean reports whether the data was asked to the end and nothing violates.
func (e Evidence) Clean() bool { return e.Asked && e.Complete && e.Violations == 0 }

// inquiry is what settles a finding: questions to the stored data, and what
// their answers come to.
type inquiry struct {
	questions []dql.Question
	// sum is nil where no node can violate two of the questions: then their
	// numbers are added up.
	sum func([]dql.Answer) Evidence
	// clean is what a finding becomes when nothing violates; nil is the rule of
	// Settle.
	clean func(*Finding)
	// found is what a finding becomes when something violates; nil leaves it.
	found func(*Finding)
}

// ask gives a finding questions that no node can violate two of.
func (f *Finding) ask(questions ...dql.Question) { f.inquiry = &inquiry{questions: questions} }

// Settle has the data decide about findings: ask gets all their questions at
// once and gives the answers in the same order. When it gives an error too, the
// answers are what was known until then.
//
// A finding becomes info only when the data was asked to the end, nothing
// violates, clients do not break, the update is not refused and there is a way
// back.
func Settle(findings []*Finding, ask func([]dql.Question) ([]dql.Answer, error)) error {
	var questions []dql.Question
	for _, f := range findings {
		if f.inquiry != nil {
			questions = append(questions, f.inquiry.questions...)
		}
	}
	if len(questions) == 0 {
		return nil
	}
	answers, err := ask(questions)
	for _, f := range findings {
		if f.inquiry == nil {
			continue
		}
		n := len(f.inquiry.questions)
		f.settle(answers[:n])
		answers = answers[n:]
	}
	return err
}

func (f *Finding) settle(answers []dql.Answer) {
	sum := f.inquiry.sum
	if sum == nil {
		sum = added
	}
	f.Weigh(sum(answers))
}

// Inquires reports whether the data can settle the finding.
func (f *Finding) Inquires() bool { return f.inquiry != nil }

// Weigh is Settle with evidence that is known already.
func (f *Finding) Weigh(e Evidence) {
	f.Evidence = e
	f.offline = f.Severity
	f.Reasons = append(slices.Clip(f.Reasons), e.Reasons...)
	if e.Violations > 0 && f.inquiry != nil && f.inquiry.found != nil {
		f.inquiry.found(f)
	}
	if !e.Clean() {
		return
	}
	switch {
	case f.inquiry != nil && f.inquiry.clean != nil:
		f.inquiry.clean(f)
	case f.Impact.API != APIBreaking && f.Impact.Storage != StorageRefused && f.Reversible:
		f.Severity = Info
	}
}

// added is the evidence of questions that no node can violate two of.
func added(answers []dql.Answer) Evidence {
	e := together(answers)
	for _, a := range answers {
		e.Violations += a.Violations
		e.Groups += a.Groups
	}
	return e
}

// Underway tells findings, before the data is asked, which predicates are written by
// plans for the change that have begun to run: their copies are nothing old.
func Underway(findings []*Finding, writes []string) {
	for _, f := range findings {
		for _, name := range f.Predicates {
			f.underway = f.underway || slices.Contains(writes, unquoted(name))
		}
	}
}

// besides is the evidence of the first of two questions; the second one's
// answer, where there is one, is good for remarks.
func besides(remark func(e *Evidence, second dql.Answer)) func([]dql.Answer) Evidence {
	return func(answers []dql.Answer) Evidence {
		e := added(answers[:1])
		if second := answers[1]; e.Violations > 0 && second.Asked && second.Complete {
			remark(&e, second)
			e.DQL += "\n" + second.DQL
		}
		return e
	}
}

// together is what answers have in common, without their numbers.
func together(answers []dql.Answer) Evidence {
	e := Evidence{Asked: true, Complete: true}
	for _, a := range answers {
		e.Asked = e.Asked && a.Asked
		e.Complete = e.Complete && a.Complete
		if e.Reason == "" {
			e.Reason = a.Reason
		}
		e.Total = max(e.Total, a.Total)
		e.Samples = append(e.Samples, a.Samples...)
		if e.DQL != "" {
			e.DQL += "\n"
		}
		e.DQL += a.DQL
	}
	if !e.Asked {
		e.Complete = false
	}
	slices.SortStableFunc(e.Samples, func(a, b dql.Sample) int {
		switch {
		case a.UID < b.UID:
			return -1
		case a.UID > b.UID:
			return 1
		}
		return 0
	})
	e.Samples = slices.CompactFunc(e.Samples, func(a, b dql.Sample) bool { return a.UID == b.UID })
	return e
}

// largest is the evidence of questions that look at the same nodes: at least as
// many violate as violate one of them.
func largest(answers []dql.Answer) Evidence {
	e := together(answers)
	violated := 0
	for _, a := range answers {
		e.Violations = max(e.Violations, a.Violations)
		if a.Violations > 0 {
			violated++
		}
	}
	if violated > 1 {
		e.AtLeast, e.Complete = e.Complete, false
		e.Reason = "a node can be concerned in several ways, and is counted once"
	}
	return e
}

// largestOfSame is largest for questions that look through the same nodes: once
// one of them finds all of these, no other can add to it.
func largestOfSame(answers []dql.Answer) Evidence {
	e := largest(answers)
	if e.Violations == e.Total {
		all := together(answers)
		e.Complete, e.AtLeast, e.Reason = all.Complete, false, all.Reason
	}
	return e
}

// storedTypes are the stored names of a type and of the types that implement
// it.
func storedTypes(types ...*schema.Type) []string {
	var all []string
	for _, t := range types {
		for _, s := range append([]*schema.Type{t}, t.Implementors...) {
			if !slices.Contains(all, s.Stored) {
				all = append(all, s.Stored)
			}
		}
	}
	return all
}

// valuesOf are the values that a field of one schema reads, on nodes of the
// types.
func valuesOf(f *schema.Field, types ...*schema.Type) dql.Field {
	q := dql.Field{Predicate: unquoted(f.Predicate), Lang: f.Language}
	if !f.Reverse {
		q.Types = storedTypes(types...)
	}
	if tag := f.Language; tag == "." || len(tag) > 0 && slices.Contains([]byte(tag), ':') {
		q.Lang = "*" // several languages, or any
	}
	return q
}

// anyValues are all values under a predicate, in all languages.
func anyValues(predicate string) dql.Field {
	return dql.Field{Predicate: unquoted(predicate), Lang: "*"}
}

// held asks whether a field holds values on nodes of its type.
func held(f *schema.Field) dql.Question { return dql.Values(valuesOf(f, f.Owner)) }

// readAs judges stored values by what becomes of them under another type.
func readAs(to convert.Target) dql.Judge {
	return func(v dql.Value) (string, bool) {
		outcome, _ := convert.Of(convert.Value(v), to)
		switch outcome {
		case convert.Same, convert.Converts:
			return "", true
		}
		return outcome.String(), false
	}
}

// duplicates asks for the values of a field of the new schema that are double
// once they are read under its type: "7" and "007" are one number.
func (p *pass) duplicates(a *schema.Field, owner *schema.Type) dql.Question {
	f, to := valuesOf(a, owner), targetOf(p.After, a)
	if was := p.Before.Storage.Predicate(a.Predicate); was == nil || was.Type == to.Type {
		return dql.Duplicates(f)
	}
	return dql.DuplicatesAs(f, func(v dql.Value) (data any, ok bool) {
		switch outcome, text := convert.Of(convert.Value(v), to); outcome {
		case convert.Same:
			return v.Data, true
		case convert.Converts, convert.Truncated:
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			err := decoder.Decode(&data)
			return data, err == nil
		}
		return nil, false
	})
}

// targetOf is the type that the values of a field of the schema are read under.
func targetOf(s *diff.Schema, f *schema.Field) convert.Target {
	to := convert.Target{GraphQL: f.Type().Named()}
	if stored := s.Storage.Predicate(f.Predicate); stored != nil {
		to.Type = stored.Type
	}
	if t := s.Type(to.GraphQL); t != nil && t.Kind == sdl.Enum {
		for _, v := range t.Definition.Values {
			to.Enum = append(to.Enum, v.Name.Text)
		}
	}
	return to
}
