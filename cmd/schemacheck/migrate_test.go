package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// TestBetween: what a deployment could not put back is at hand.
func TestBetween(t *testing.T) {
	t.Parallel()
	const old = "type T { a: Int }\n# Dgraph.Secret key \"hidden\"\n"
	var out, talk strings.Builder
	p := program{out: &out, err: &talk, dir: t.TempDir()}
	m := &migration{files: []migrate.File{{Plan: &migrate.Plan{ID: "p"}}}, how: "--deploy new.graphql"}
	err := p.told(t.Context(), m, []migrate.Outcome{{Plan: "p"}}, &migrate.Between{Cause: errors.New("cause"), Restoring: errors.New("refused"), Old: old})
	var known *problem
	if !errors.As(err, &known) || known.code != exitBetween || !strings.Contains(err.Error(), "cause") || strings.Contains(out.String()+talk.String()+err.Error(), "hidden") {
		t.Errorf("%v\n%s%s", err, out.String(), talk.String())
	}
	files, err := filepath.Glob(filepath.Join(p.dir, "*.graphql"))
	if err != nil || len(files) != 1 || !strings.Contains(talk.String(), files[0]) {
		t.Fatalf("%v, %v\n%s", files, err, talk.String())
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || string(text) != old {
		t.Errorf("%q, %v", text, err)
	}
	if said := out.String(); !strings.Contains(said, "next: curl --data-binary @"+files[0]+" ") || !strings.Contains(said, "or mend what Dgraph refused, then schemacheck migrate up --deploy new.graphql\n") || strings.Contains(said, "status") {
		t.Error(said)
	}

	// Something stands in the way of the old one, or there was none.
	out.Reset()
	_ = p.told(t.Context(), m, []migrate.Outcome{{Plan: "p"}}, &migrate.Between{Cause: errors.New("cause"), Restoring: errors.New("refused"), Old: old, Stands: []string{"T.a is a list"}})
	if said := out.String(); !strings.Contains(said, "next: drop what stands in the way, then curl ") {
		t.Error(said)
	}
	out.Reset()
	err = p.told(t.Context(), m, []migrate.Outcome{{Plan: "p"}}, &migrate.Between{Cause: errors.New("cause")})
	if said := out.String(); strings.Contains(said+err.Error(), "curl") || !strings.Contains(said, "next: mend what Dgraph refused, then schemacheck migrate up --deploy new.graphql\n") {
		t.Errorf("%v\n%s", err, said)
	}
}
