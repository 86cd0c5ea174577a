package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/fixes/migrate"
	"github.com/schemacheck/schemacheck/rules"
)

// deploy is what goes out together, and what is to be done around it.
type deploy struct {
	name  string // for the name of its file
	title string
	tasks []deployTask
}

// deployTask is one thing that somebody does.
type deployTask struct {
	text    string
	command string   // that does it; empty when none does
	details []string // one line each
}

// newFile is the file of the new schema, as far as it is one.
func newFile(asked []string) string {
	if len(asked) == 0 || strings.Contains(asked[len(asked)-1], ":") || asked[len(asked)-1] == "-" {
		return "NEW"
	}
	return asked[len(asked)-1]
}

// mostBroken bounds how many parts of the API are named that clients lose.
const mostBroken = 20

// deploys are in the order in which they go out. at is the plan's file, or where it
// would be; asked are the schemas that the command was given, and flags
// those that chose the fixes.
func (m *mended) deploys(asked []string, flags, at string) []deploy {
	var all []deploy
	plan := m.planned.plan
	if plan != nil && plan.DualWrite != "" {
		all = append(all, deploy{"application", "The application, ready for both schemas", []deployTask{{text: plan.DualWrite}}})
	}
	schema := deploy{"schema", "The new schema", nil}
	do := func(text, command string, details ...string) {
		schema.tasks = append(schema.tasks, deployTask{text, command, details})
	}
	if open := m.open(); len(open) > 0 {
		do("Decide about what no fix settles.", "", open...)
	}
	if len(m.Done) > 0 {
		var edits []string
		for _, f := range m.Done {
			edits = append(edits, f.Fix.Title)
		}
		do("Put the edits into the new schema, and review them.", strings.TrimSpace("schemacheck fix "+strings.Join(asked, " ")+" "+flags)+" --write", edits...)
	}
	if len(m.planned.byHand) > 0 {
		do("Do what there is no recipe for.", "", m.planned.byHand...)
	}
	data := func(phase migrate.Phase, text, command string) {
		var titles []string
		if plan == nil {
			return
		}
		for _, s := range plan.Steps {
			if s.Phase == phase {
				title := s.Title
				if s.Nodes != nil {
					title += fmt.Sprintf(" (%s)", number(int(*s.Nodes), "node", "nodes"))
				}
				titles = append(titles, title)
			}
		}
		if len(titles) > 0 {
			do(text, command, titles...)
		}
	}
	up := "schemacheck migrate up " + at + " --alpha HOST:PORT"
	data(migrate.Before, "Prepare the stored data, while the old schema is served. It can be interrupted, and goes on where it was.", up)
	if broken := m.broken(); len(broken) > 0 {
		do("Deploy the new schema, together with the clients that use what changes of the API.", "", broken...)
	} else {
		do("Deploy the new schema.", "")
	}
	if plan != nil {
		last := &schema.tasks[len(schema.tasks)-1]
		last.command = up + " --deploy " + newFile(asked)
		last.text += " This command does it between the data of before and after; your own way does as well."
	}
	data(migrate.After, "Sweep up what was written meanwhile.", up)
	if plan != nil {
		do("See whether everything holds.", "schemacheck migrate verify "+at+" --alpha HOST:PORT")
	}
	all = append(all, schema)
	if plan == nil {
		return all
	}
	if plan.DualWrite != "" {
		all = append(all, deploy{"application", "The application, for the new schema only", []deployTask{{text: "What was needed for both schemas can go."}}})
	}
	later := deploy{"contract", "Nothing but data that nobody needs any more", nil}
	var titles []string
	for _, s := range plan.Steps {
		if s.Phase == migrate.Contract {
			titles = append(titles, s.Title)
		}
	}
	if len(titles) > 0 {
		later.tasks = []deployTask{{fmt.Sprintf("From %s on, when nothing reads the old data and the way back is not needed any more: it deletes.", plan.NotBefore),
			up + " --phase contract --allow-destructive", titles}}
		all = append(all, later)
	}
	return all
}

// open are the errors that none of the chosen fixes is for, and that are new.
func (m *mended) open() []string {
	made := map[string]bool{}
	for _, f := range m.Done {
		made[fingerprint(f.Finding)] = true
	}
	var all []string
	for _, c := range m.choices {
		planned := c.fix != nil && c.fix.Kind == rules.Migration
		if m.severity(c.finding) == report.Error && !planned && !made[fingerprint(c.finding)] && !m.known[fingerprint(c.finding)] {
			all = append(all, fmt.Sprintf("%s of %s: %s", c.finding.Rule.ID, callName(c.finding), c.finding.Consequence))
		}
	}
	return all
}

// broken are the parts of the generated API that clients lose or have to use
// otherwise.
func (m *mended) broken() []string {
	var all []string
	more := 0
	for _, f := range m.Left {
		if f.Impact.API != rules.APIBreaking {
			continue
		}
		for _, c := range f.API {
			if len(all) == mostBroken {
				more++
				continue
			}
			all = append(all, c.Coordinate+" "+c.Change)
		}
	}
	if more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return all
}

// guide writes the deploys as numbered steps.
func guide(all []deploy) string {
	var b strings.Builder
	n := 0
	for i, d := range all {
		fmt.Fprintf(&b, "Deploy %d: %s\n\n", i+1, d.title)
		for _, t := range d.tasks {
			n++
			fmt.Fprintf(&b, "%2d. %s\n", n, report.Escape(t.text))
			if t.command != "" {
				fmt.Fprintf(&b, "      %s\n", report.Escape(t.command))
			}
			for _, line := range t.details {
				fmt.Fprintf(&b, "    - %s\n", report.Escape(line))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// inMarkdown keeps text from being read as Markdown or HTML.
func inMarkdown(text string) string {
	var b strings.Builder
	for _, r := range report.Escape(text) {
		if strings.ContainsRune("\\`*_{}[]<>#|&~!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// writeDeploys writes a file for each deploy, beside the plan, and returns their
// paths.
func (p program) writeDeploys(folder, id string, all []deploy) ([]string, error) {
	if err := os.MkdirAll(p.path(folder), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of plans: %w", err)
	}
	var paths []string
	n := 0
	for i, d := range all {
		var b strings.Builder
		fmt.Fprintf(&b, "# Deploy %d of %d: %s\n\n", i+1, len(all), inMarkdown(d.title))
		for _, t := range d.tasks {
			n++
			fmt.Fprintf(&b, "%d. %s\n", n, inMarkdown(t.text))
			for _, line := range t.details {
				fmt.Fprintf(&b, "   - %s\n", inMarkdown(line))
			}
			if t.command != "" {
				fmt.Fprintf(&b, "\n       %s\n", report.Escape(t.command))
			}
			b.WriteString("\n")
		}
		path := filepath.Join(folder, fmt.Sprintf("%s-%d-%s.md", id, i+1, d.name))
		if err := fixes.Replace(p.path(path), []byte(b.String()), 0o644); err != nil {
			return paths, fmt.Errorf("writing what belongs to a deploy: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}
