package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/schemacheck/schemacheck/rules"
)

// TestExplanationsFit: no line of an explanation is wider than a terminal, but
// for what clients and Dgraph send to each other, which is shown as it is.
func TestExplanationsFit(t *testing.T) {
	t.Parallel()
	for _, r := range rules.All {
		sent := r.Doc.Query + "\n" + r.Doc.Answer
		for line := range strings.Lines(explainRule(r)) {
			text := strings.TrimSpace(line)
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 && !strings.Contains(sent, text) {
				t.Errorf("%s: %d columns: %s", r.ID, n, text)
			}
		}
	}
	for line := range strings.Lines(listRules()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("the list: %d columns: %s", n, line)
		}
	}
}
