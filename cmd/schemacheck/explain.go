package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
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
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s\n  %s\n\n", title, wrapAt(text, 2, 80))
		}
	}
	section("Fires when", r.Summary)
	section("What Dgraph does", r.Doc.Dgraph)
	section("What clients see", r.Doc.Clients)
	code := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s\n    %s\n\n", title, strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    "))
		}
	}
	if r.AtRest() {
		code("Example, the schema", r.Doc.After)
		code("Example, what is stored", r.Doc.Data)
	} else {
		code("Example, before", r.Doc.Before)
		code("Example, after", r.Doc.After)
	}
	code("What a client asks", r.Doc.Query)
	code("What a real Dgraph answers", r.Doc.Answer)
	section("Question to the data", r.Doc.Question)
	if len(r.Doc.WaysOut) > 0 {
		b.WriteString("Ways out, the safest first\n")
		for i, way := range r.Doc.WaysOut {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, wrapAt(way, 5, 80))
		}
		b.WriteString("\n")
	}
	section("Going back", r.Doc.Reverse)
	switch {
	case r.OnOperations():
		section("Living with it", "Add the finding's fingerprint, from the json report, to accept: in "+config.Name+
			", with a reason and, if you like, an until: day. It stays the same when lines move.")
	case r.Suppressible():
		section("Living with it", "Write # schemacheck:ignore "+r.ID+" REASON directly above the element that the finding is placed on, "+
			"or at the end of its line, in the new schema. Or add the finding's fingerprint, from the json report, to accept: in "+
			config.Name+", with a reason and, if you like, an until: day.")
	}
	return strings.TrimSuffix(b.String(), "\n")
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
