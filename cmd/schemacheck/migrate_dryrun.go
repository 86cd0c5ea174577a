package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// previews writes what the next batches would change.
func (p program) previews(m *migration, all []migrate.Foretold, showValues bool) {
	for _, v := range all {
		fmt.Fprintf(p.out, "%s, phase %s, step %s: %s\n", v.Plan, v.Phase, v.Step.ID, report.Escape(v.Step.Title))
		if v.Not != "" {
			fmt.Fprintf(p.out, "  not computed: %s\n", report.Escape(v.Not))
			continue
		}
		more := "there are more"
		if v.End {
			more = "there are no more"
		}
		sent := "sent and given up"
		switch {
		case v.Sent == 0:
			sent = "not sent, since predicates that it sets are not declared yet"
		case v.Sent < v.Batches:
			sent = fmt.Sprintf("%d of them sent and given up", v.Sent)
		}
		fmt.Fprintf(p.out, "  %s, %s: %s looked at, %d would be changed, %d left; %s\n", number(v.Batches, "batch", "batches"), sent, number(v.Nodes, "node", "nodes"), v.Changed, v.Left, more)
		if v.Refused != "" {
			fmt.Fprintf(p.out, "  Dgraph refuses it: %s\n", report.Escape(v.Refused))
		}
		for _, d := range v.First {
			node := "a new node"
			if d.UID != 0 {
				node = string(dql.Node(d.UID))
			}
			fmt.Fprintf(p.out, "  %s %s: %s -> %s\n", node, report.Escape(d.Predicate), quadsInWords(d.Before, showValues), quadsInWords(d.After, showValues))
		}
	}
	fmt.Fprintf(p.out, "nothing was written\nnext: %s\n", m.command("up", m.spelt))
}

// quadsInWords are values and edges. The names of types and the uids of edges are
// no values.
func quadsInWords(quads []dql.Quad, showValues bool) string {
	const most = 5
	var all []string
	for i, q := range quads {
		if i == most {
			all = append(all, fmt.Sprintf("and %d more", len(quads)-i))
			break
		}
		text := "[" + q.Type + "]"
		switch {
		case strings.HasPrefix(string(q.Object), "_:"):
			text = "a new node"
		case q.Object != "":
			text = string(q.Object)
		case showValues || q.Predicate == "dgraph.type":
			text = report.Escape(strconv.Quote(fmt.Sprint(q.Data)))
		}
		if q.Lang != "" {
			text += "@" + report.Escape(q.Lang)
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}
