package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/rules"
)

// TestReadme holds README.md of this folder to what the rules say of
// themselves.
func TestReadme(t *testing.T) {
	t.Parallel()
	compareGolden(t, "README.md", readme())
}

func readme() string {
	var b strings.Builder
	b.WriteString(`# Rules

This page is made from the rules themselves: ` + "`go test ./rules -update`" + ` writes it. ` + "`schemacheck explain RULE`" + ` shows one of
them in the terminal. The severity is that of the worst case, as long as the stored data was not asked; ` + "`rules:`" + ` in
` + "`.schemacheck.yaml`" + ` sets others, or turns a rule off. Answers are those of a real Dgraph, of which the tests make sure;
what differs from run to run and the ends of long messages are left out.

| rule | severity | fires when |
|---|---|---|
`)
	for _, r := range rules.All {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, cell(r.Summary))
	}
	b.WriteString("\nWhere the changes of GraphQL Inspector went is told [at the end](#changes-that-other-tools-know).\n")
	for _, r := range rules.All {
		writeRule(&b, r)
	}
	writeChangeTypes(&b)
	return b.String()
}

func writeRule(b *strings.Builder, r *rules.Rule) {
	fmt.Fprintf(b, "\n## %s\n\n%s: %s\n", r.ID, r.Severity, r.Summary)
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(b, "\n**%s** %s\n", title, prose(text))
		}
	}
	code := func(language, text string) {
		if text != "" {
			fmt.Fprintf(b, "\n```%s\n%s\n```\n", language, strings.TrimSuffix(text, "\n"))
		}
	}
	section("What Dgraph does.", r.Doc.Dgraph)
	section("What clients see.", r.Doc.Clients)
	if r.Doc.Before != "" {
		b.WriteString("\n**Example.** Before and after:\n")
	} else {
		b.WriteString("\n**Example.**\n")
	}
	code("graphql", r.Doc.Before)
	code("graphql", r.Doc.After)
	if r.Doc.Data != "" {
		b.WriteString("\nWhat is stored:\n")
		code("", r.Doc.Data)
	}
	if r.Doc.Query != "" {
		b.WriteString("\nA client then asks, and gets:\n")
		code("graphql", r.Doc.Query)
		code("json", r.Doc.Answer)
	}
	section("Question to the data.", r.Doc.Question)
	b.WriteString("\n**Ways out,** the safest first:\n\n")
	for i, way := range r.Doc.WaysOut {
		fmt.Fprintf(b, "%d. %s\n", i+1, prose(way))
	}
	section("Going back.", r.Doc.Reverse)
	switch {
	case r.OnOperations():
		section("Living with it.", "The finding's fingerprint under `accept:`; it stays the same when lines move.")
	case r.Suppressible():
		section("Living with it.", "`# schemacheck:ignore "+r.ID+" REASON` above the element or at the end of its line, or the "+
			"finding's fingerprint under `accept:`.")
	default:
		section("Living with it.", "It can be neither ignored nor accepted.")
	}
}

// prose is text for a page: what a page would take for markup is kept from it.
func prose(text string) string {
	return strings.NewReplacer("*", `\*`, "<", `\<`, "[]", `\[\]`).Replace(text)
}

func cell(text string) string { return strings.ReplaceAll(prose(text), "|", `\|`) }

// writeChangeTypes says where each change went that the best-known tool for
// GraphQL schemas tells apart.
func writeChangeTypes(b *strings.Builder) {
	b.WriteString(`
## Changes that other tools know

GraphQL Inspector tells 80 kinds of changes apart. For somebody who comes from there, or wonders what is looked at:

| change | here |
|---|---|
`)
	for _, c := range changeTypes {
		var where []string
		for _, id := range strings.Fields(c.rules) {
			where = append(where, fmt.Sprintf("[%s](#%s)", id, id))
		}
		text := strings.Join(where, ", ")
		if c.why != "" {
			text = strings.TrimPrefix(text+"; "+cell(c.why), "; ")
		}
		fmt.Fprintf(b, "| %s | %s |\n", c.name, text)
	}
}
