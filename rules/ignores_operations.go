package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// readAsked finds the ignore comments in operations, and gives a finding for each that says nothing.
func (s Suppressions) readAsked(all *ignores) []*Finding {
	all.asked = map[*operations.Document][]*ignore{}
	var malformed []*Finding
	for n := range s.Operations {
		c := &s.Operations[n]
		word, rest, ok := c.Instruction()
		if !ok {
			continue
		}
		i := &ignore{span: c.Span, asks: c}
		subject, message := s.read(i, word, rest)
		switch {
		case word == sdl.RenamedFrom:
			message = "schemacheck:renamed-from declares nothing in an operation: write it above the new element of the schema"
		case message == "" && !i.rule.OnOperations():
			subject, message = i.rule.ID, i.rule.ID+" is not about operations: ignore it in the schema"
		}
		if message != "" {
			malformed = append(malformed, aboutSuppression(suppressionInvalid, "", subject+", "+c.Span.File.Name, c.Span, message,
				"The comment has no effect."))
			continue
		}
		all.all = append(all.all, i)
		all.asked[c.Document] = append(all.asked[c.Document], i)
	}
	return malformed
}

// onOperation is what the comments on a finding on an operation say, nil when there are none.
func (all *ignores) onOperation(f *Finding) *cover {
	var on *cover
	seen := map[*ignore]bool{}
	for _, at := range f.in {
		for _, i := range all.asked[at.Document] {
			if i.rule != f.Rule || seen[i] || !i.asks.On(at.Document, at.Start) {
				continue
			}
			seen[i], i.found = true, true
			if on == nil {
				on = &cover{}
			}
			on.decisions = append(on.decisions, Decision{Reason: i.reason, Span: i.span})
		}
	}
	return on
}

func (i *ignore) unusedInOperation() *Finding {
	message := fmt.Sprintf("schemacheck:ignore %s ignores nothing: there is no such finding on what begins directly below it or shares its line", i.rule.ID)
	return aboutSuppression(suppressionUnused, "", i.rule.ID+", "+i.span.File.Name, i.span, message,
		"Remove the comment: left behind, it can hide a later finding.")
}
