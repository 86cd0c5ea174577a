package rules

var operationAffected = &Rule{
	ID:       "operation-affected",
	Severity: Warning,
	Summary:  "An operation of your application stays valid, and can answer or do otherwise: --operations.",
	Doc: Doc{
		Dgraph:  clientsDgraph + "What a value means, whether one can be null, and what a variable holds is not its question.",
		Clients: "No error comes. They get null where there was always a value, a value of an enum or a type that they do not know, or not what is stored.",
		Before:  clientsBefore,
		After:   "type User {\n  id: ID!\n  name: String\n  phone: String @search(by: [hash])\n}\n",
		Query:   "query Names { queryUser(order: {asc: phone}) { name } }",
		Answer: `{
  "data": {"queryUser": [{"name": "Ann"}, {"name": null}]}
}`,
		Question: "None of its own: where the data can tell that nothing is concerned, the finding that it comes from asks.",
		WaysOut: []string{
			"Make the application ready for what can come, and deploy it first.",
			"Keep the element as it is until it is.",
		},
		Reverse: "The old schema lets the operation answer as before, but for what was written meanwhile.",
	},
}
