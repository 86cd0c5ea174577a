package rules

import "github.com/schemacheck/schemacheck/diff"

var embeddingChanged = &Rule{
	ID:       "embedding-changed",
	Severity: Error,
	Summary:  "A field loses @embedding, or gets it together with another type.",
	Doc: Doc{
		Dgraph: "It stores a vector as one value and a list of numbers as a set without order and duplicates, so neither can be " +
			"made of the other. Without the directive the stored vectors are read as numbers, which fails. ([Float!] that gets " +
			"@embedding is refused: update-refused.)",
		Clients: "Every query that selects the field fails with \"Cannot convert float32vector to type float\"; similarity queries are gone.",
		Before:  "type Doc {\n  id: ID!\n  title: String\n  vector: [Float!] @embedding\n}\n",
		After:   "type Doc {\n  id: ID!\n  title: String\n  vector: [Float!]\n}\n",
		Query:   `{ queryDoc { title vector } }`,
		Answer: `{
  "errors": [{"message": "Dgraph query failed because Dgraph execution failed because : Cannot convert float32vector to type float"}],
  "data": null
}`,
		Question: "How many nodes have a vector?",
		WaysOut: []string{
			"Keep @embedding.",
			"A new predicate with @dgraph(pred:), filled from where the vectors came.",
		},
		Reverse: "Dgraph refuses to go back from a list to a vector.",
	},
	judge: on(func(p *pass, c diff.EmbeddingChanged) *Finding {
		return p.retyped(c.Before, c.After)
	}),
}
