package rules

import (
	"fmt"

	"github.com/schemacheck/schemacheck/diff"
)

var webhookChanged = &Rule{
	ID:       "webhook-changed",
	Severity: Warning,
	Summary:  "Dgraph tells a webhook of other mutations than before: @lambdaOnMutate.",
	Doc: Doc{
		Dgraph: "It stores nothing of it. After each mutation of the kinds that @lambdaOnMutate names it calls the lambda server, " +
			"without waiting for it and without trying again.",
		Clients:  "Nothing. What the webhook did after a mutation, such as a mail or a copy elsewhere, is no longer done, or is done now.",
		Before:   "type User @lambdaOnMutate(add: true, delete: true) {\n  id: ID!\n  name: String\n}\n",
		After:    "type User @lambdaOnMutate(add: true) {\n  id: ID!\n  name: String\n}\n",
		Question: "None: data is not concerned.",
		WaysOut:  []string{"Keep the argument until nothing depends on the webhook."},
		Reverse:  "The old schema calls the webhook again; mutations that came meanwhile are not told to it.",
	},
	judge: on(func(p *pass, c diff.WebhookChanged) *Finding {
		f := aboutDirective(c.Before, c.After, "lambdaOnMutate")
		if len(c.Lost) == 0 {
			f.Severity, f.Addition = Info, true
			f.Message = fmt.Sprintf("the webhook is told of %s mutations of %s", list(c.Gained), c.After.Name)
			f.Consequence = "The lambda server is called after each of them; nothing stored is concerned."
			return f
		}
		f.Message = fmt.Sprintf("the webhook is no longer told of %s mutations of %s", list(c.Lost), c.After.Name)
		if len(c.Gained) > 0 {
			f.Message += fmt.Sprintf(", but of %s", list(c.Gained))
		}
		f.Consequence = "What the lambda server did after these mutations is not done any more."
		f.Fixes = directive("restore-webhook", Safe, fmt.Sprintf("put %s back into @lambdaOnMutate of %s", list(c.Lost), c.After.Name),
			p.edits.RestoreWebhook(c.After, c.Lost))
		return f
	}),
}
