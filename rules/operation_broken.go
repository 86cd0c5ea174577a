package rules

// The example of the two rules on operations.
const (
	clientsBefore = "type User {\n  id: ID!\n  name: String!\n  phone: String @search(by: [hash])\n}\n"
	clientsDgraph = "It generates the API anew from the new schema, and holds every operation against it when it comes. "
)

var operationBroken = &Rule{
	ID:       "operation-broken",
	Severity: Error,
	Summary:  "An operation of your application is valid for the old API, and not for the new one: --operations.",
	Doc: Doc{
		Dgraph:  clientsDgraph + "Names that it no longer finds, what it demands and what has another type make it refuse the operation.",
		Clients: "The whole operation is refused before anything of it runs, also what did not change. Other operations work as before.",
		Before:  clientsBefore,
		After:   "type User {\n  id: ID!\n  name: String!\n  tel: String @search(by: [hash]) @dgraph(pred: \"User.phone\")\n}\n",
		Query:   "query Phones { queryUser(filter: {phone: {eq: \"1\"}}) { name phone } }",
		Answer: `{
  "errors": [
    {"message": "Cannot query field \"phone\" on type \"User\"."},
    {"message": "Field \"phone\" is not defined by type UserFilter."}
  ],
  "data": null
}`,
		Question: "None: the operations were asked.",
		WaysOut: []string{
			"Keep the element as it is until no client uses it.",
			"Change the operation, and deploy it with the new schema. An alias keeps what the application gets: `phone: tel`.",
		},
		Reverse: "The old schema takes the operation again; nothing stored is concerned.",
	},
}
