package main

import (
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestNotBefore: what deletes waits, unless it is all that was chosen.
func TestNotBefore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	untag, drop := migrate.Step{Phase: migrate.Contract, Risk: "review"}, migrate.Step{Phase: migrate.Contract, Risk: "destructive"}
	add := migrate.Step{Phase: migrate.Before, Risk: "safe"}
	for _, c := range []struct {
		name  string
		steps []migrate.Step
		left  bool
		want  string
	}{
		{"nothing deletes", []migrate.Step{add}, true, ""},
		{"with other work", []migrate.Step{add, drop}, true, "2026-02-07"},
		{"with other work, of one schema", []migrate.Step{add, drop}, false, "2026-02-07"},
		{"chosen for that", []migrate.Step{drop}, true, "2026-01-31"},
		{"taken by itself", []migrate.Step{untag}, true, "2026-02-07"},
		{"taken by itself, of one schema", []migrate.Step{untag}, false, "2026-01-31"},
	} {
		if got := notBefore([]*migrate.Recipe{{Steps: c.steps}}, c.left, now); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
