package migrate

import (
	"errors"
	"testing"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestBaseline notes plans as done, and leaves those alone that have begun.
func TestBaseline(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.a: string .\n")
	d.Mutate(t, "_:a <T.a> \"x\" .\n_:b <T.a> \"y\" .\n")
	first, second := copying("20260101000000-first", "T.a", "T.b"), copying("20260102000000-second", "T.a", "T.c")
	files := []File{first, second}
	if _, err := Run(t.Context(), c, second, Before, Options{BatchSize: 1, AfterBatch: hookAfter(1)}); err == nil {
		t.Fatal("it was to end half way")
	}
	if noted, err := Baseline(t.Context(), c, files, Options{}); !errors.As(err, new(*Unfit)) || len(noted) > 0 {
		t.Errorf("one has begun: %+v, %v", noted, err)
	}
	if r, err := Run(t.Context(), c, second, Before, Options{}); err != nil || r.Status.State != Done {
		t.Fatalf("%+v, %v", r, err)
	}
	noted, err := Baseline(t.Context(), c, files, Options{})
	if err != nil || len(noted) != 1 || noted[0].Plan != first.ID || !noted[0].Baseline {
		t.Fatalf("%+v, %v", noted, err)
	}
	if _, err := Up(t.Context(), c, files, Series{}); err != nil {
		t.Error(err)
	}
	if got := string(d.Query(t, "{q(func: has(T.a)) @filter(has(T.b)) {count(uid)}}")); got != `{"q":[{"count":0}]}` {
		t.Error(got)
	}
	if _, err := Undo(t.Context(), c, first, Before, Options{}); !errors.As(err, new(*Unfit)) {
		t.Errorf("undone: %v", err)
	}
	files[0].Checksum = "other"
	if _, err := Up(t.Context(), c, files, Series{}); !errors.As(err, new(*Edited)) {
		t.Errorf("edited: %v", err)
	}
}
