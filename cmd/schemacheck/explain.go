package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/rules"
)

func (p program) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [RULE]",
		Short: "Explain a rule: what Dgraph does, what clients see, the ways out",
		Long: `Explain a rule: when it fires, what Dgraph does with such a change, what clients
see after the deploy, what the data would have to be asked, and the ways out.
Without RULE, list all rules.`,
		Example: `  schemacheck explain
  schemacheck explain id-added`,
		Args:              arguments(0, 1, "the name of one rule, or nothing"),
		ValidArgsFunction: cobra.FixedCompletions(rules.IDs(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := listRules()
			if len(args) == 1 {
				r := rules.Find(args[0])
				if r == nil {
					if config.Nearest(args[0], rules.IDs()) == "" {
						return fmt.Errorf("unknown rule %q: schemacheck explain lists them all", args[0])
					}
					return unknown("rule", args[0], rules.IDs())
				}
				text = explainRule(r)
			}
			_, err := fmt.Fprint(p.out, text)
			return err
		},
	}
}

func listRules() string {
	var b strings.Builder
	for _, r := range rules.All {
		fmt.Fprintf(&b, "%-22s %-8s %s\n", r.ID, r.Severity, wrapAt(r.Summary, 32, 80))
	}
	b.WriteString("\nschemacheck explain RULE tells more about one of them.\n")
	return b.String()
}

func explainRule(r *rules.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n\n", r.ID, r.Severity)
	for _, s := range explanation(r) {
		b.WriteString(s.Title + "\n")
		if s.Text != "" {
			fmt.Fprintf(&b, "  %s\n", wrapAt(s.Text, 2, 80))
		}
		if s.Code != "" {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(strings.TrimSuffix(s.Code, "\n"), "\n", "\n    "))
		}
		for i, step := range s.Steps {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, wrapAt(step, 5, 80))
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// explanation is what is said of a rule, here and in reports.
func explanation(r *rules.Rule) []report.Section {
	before, after := report.Section{Title: "Example, before", Code: r.Doc.Before}, report.Section{Title: "Example, after", Code: r.Doc.After}
	if r.AtRest() {
		before, after = report.Section{Title: "Example, the schema", Code: r.Doc.After}, report.Section{Title: "Example, what is stored", Code: r.Doc.Data}
	}
	all := []report.Section{
		{Title: "Fires when", Text: r.Summary},
		{Title: "What Dgraph does", Text: r.Doc.Dgraph},
		{Title: "What clients see", Text: r.Doc.Clients},
		before,
		after,
		{Title: "What a client asks", Code: r.Doc.Query},
		{Title: "What a real Dgraph answers", Code: r.Doc.Answer},
		{Title: "Question to the data", Text: r.Doc.Question},
		{Title: "Ways out, the safest first", Steps: r.Doc.WaysOut},
		{Title: "Going back", Text: r.Doc.Reverse},
	}
	switch {
	case r.OnOperations():
		all = append(all, report.Section{Title: "Living with it", Text: "Write # schemacheck:ignore " + r.ID + " REASON into the document, directly above the operation, or above what the finding " +
			"is placed on, or at the end of its line. Or write the one finding into accept: of " + config.Name +
			", for ever or until a day; it stays the same when lines move: schemacheck accept FINGERPRINT --reason REASON. diff -v shows the line."})
	case r.Suppressible():
		all = append(all, report.Section{Title: "Living with it", Text: "Write # schemacheck:ignore " + r.ID + " REASON directly above the element that the finding is placed on, " +
			"or at the end of its line, in the new schema. Or write the one finding into accept: of " + config.Name +
			", for ever or until a day: schemacheck accept " + r.ID + " COORDINATE --reason REASON."})
	}
	return slices.DeleteFunc(all, func(s report.Section) bool { return s.Text == "" && s.Code == "" && s.Steps == nil })
}

// explained are the rules of a report's findings.
func explained(r *report.Report) []report.RuleDoc {
	met := map[string]bool{}
	for i := range r.Findings {
		met[r.Findings[i].Rule] = true
	}
	for i := range r.Suppressed {
		met[r.Suppressed[i].Finding.Rule] = true
	}
	var all []report.RuleDoc
	for _, rule := range rules.All {
		if met[rule.ID] {
			all = append(all, report.RuleDoc{ID: rule.ID, Severity: report.Severity(rule.Severity), Summary: rule.Summary, Sections: explanation(rule)})
		}
	}
	return all
}

// wrapAt breaks text at blanks so that lines end before width; all but the
// first are indented.
func wrapAt(text string, indent, width int) string {
	var b strings.Builder
	column := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len([]rune(word)) > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len([]rune(word))
	}
	return b.String()
}
