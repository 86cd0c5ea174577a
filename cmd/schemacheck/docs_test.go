package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestRunsDocumented: cmd/docs/runs.md has all metrics with their labels, all events
// that the program writes with their keys, and all states.
func TestRunsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/runs.md")
	if err != nil {
		t.Fatal(err)
	}
	row := func(of string) string {
		for line := range strings.Lines(string(text)) {
			if name, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |"); strings.HasPrefix(line, "|") && strings.Contains(name, "`"+of+"`") {
				return line
			}
		}
		t.Errorf("runs.md has no row for %s", of)
		return ""
	}
	m := newMetrics()
	m.see(migrate.Status{Pace: &migrate.Pace{}}, migrate.Status{Pace: &migrate.Pace{}})
	m.result.WithLabelValues("done")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		line := row(strings.TrimPrefix(f.GetName(), "schemacheck_migrate_"))
		for _, l := range f.GetMetric()[0].GetLabel() {
			if !strings.Contains(line, "`"+l.GetName()+"`") {
				t.Errorf("the row of %s does not have its label %s", f.GetName(), l.GetName())
			}
		}
	}
	if len(families) < 17 {
		t.Errorf("only %d metrics", len(families))
	}
	for _, s := range []migrate.State{migrate.Pending, migrate.Running, migrate.Paused, migrate.Waiting, migrate.Failed, migrate.Cancelled, migrate.Done, migrate.Undoing, migrate.NotApplicable} {
		row(string(s))
	}
	call := regexp.MustCompile(`(?:events\(\)|\blog)\.(?:Info|Error|Log)\((?:context\.Background\(\), level, )?"([a-z ]+)"(.*)`)
	key := regexp.MustCompile(`"([a-zA-Z]+)", `)
	found := 0
	for _, file := range []string{"account.go", "progress.go", "talk.go", "migrate_verify.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range call.FindAllStringSubmatch(string(source), -1) {
			found++
			line := row(c[1])
			for _, k := range key.FindAllStringSubmatch(c[2], -1) {
				if !strings.Contains(line, "`"+k[1]+"`") {
					t.Errorf("the row of the event %s does not have its key %s", c[1], k[1])
				}
			}
		}
	}
	if found < 13 {
		t.Errorf("only %d events were found in the source", found)
	}
	for _, k := range append(paceFields(migrate.Status{Pace: &migrate.Pace{}}), countFields(migrate.Counts{})...) {
		if name, ok := k.(string); ok && name != "" && !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("runs.md does not have the key %s", name)
		}
	}
}
