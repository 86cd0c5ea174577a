package migrate

import (
	"testing"

	"github.com/schemacheck/schemacheck/dql"
)

// TestDeclareOneCalendarIndex: Dgraph refuses a second tokenizer that goes by
// date, so that the one that is there stays until the update.
func TestDeclareOneCalendarIndex(t *testing.T) {
	t.Parallel()
	live := &dql.Predicate{Name: "T.at", Type: "dateTime", Index: []dql.Tokenizer{{Name: "day"}}}
	line, err := (&Declared{Name: "T.at", Type: "dateTime", Index: []string{"hour"}, Upsert: true}).whole(live).Line()
	if want := "T.at: dateTime @index(day) @upsert ."; err != nil || line != want {
		t.Errorf("%s, %v, want %s", line, err, want)
	}
}
