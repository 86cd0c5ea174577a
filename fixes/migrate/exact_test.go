package migrate

import (
	"os"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestFloatsAreExact copies floats with all their digits, or refuses to where the server rounds them.
func TestFloatsAreExact(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "U.f: float .\nU.g: float .\n")
	d.Mutate(t, "_:a <U.f> \"1.23456789012345e-7\" .\n")
	f := File{&Plan{Version: 1, ID: "20260101000000-floats", Steps: []Step{{ID: "floats", Phase: Before, Kind: "copy", Select: &Select{Root: "has(U.f)"},
		Reads: []string{"U.f", "U.g"}, Writes: []string{"U.g"}, Convergent: true, Undo: UndoYes, Copy: &Copy{From: "U.f", To: "U.g"}}}}, "abc"}
	_, err := Run(t.Context(), c, f, Before, Options{})
	copied := string(d.Query(t, "{q(func: has(U.g)) @filter(eq(U.g, 1.23456789012345e-7)) {count(uid)}}"))
	old := os.Getenv(dgraphtest.OldEnv) == "1"
	switch {
	case old && (err == nil || !strings.Contains(err.Error(), "rounds numbers") || copied != `{"q":[{"count":0}]}`):
		t.Errorf("%v: %s", err, copied)
	case !old && (err != nil || copied != `{"q":[{"count":1}]}`):
		t.Errorf("%v: %s", err, copied)
	}
}
