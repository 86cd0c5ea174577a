package migrate

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// narrow reads a moment by messages of few bytes.
type narrow struct {
	asker
	most    int
	refused *int
}

func (n narrow) Query(ctx context.Context, text string, vars map[string]string) ([]byte, error) {
	answer, err := n.asker.Query(ctx, text, vars)
	if err == nil && len(answer) > n.most {
		*n.refused++
		return nil, &dql.Error{Kind: dql.TooLarge, Text: "the answer is too large"}
	}
	return answer, err
}

// TestKeptInSmallPages looks whether large values are kept before their predicate is dropped: by pages that become smaller
// until they go into a message, and larger again behind that.
func TestKeptInSmallPages(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	c := open(t, d)
	d.DropAll(t)
	d.Alter(t, "T.tags: [string] .\nT.kept: [string] .\n")
	var all strings.Builder
	for i := range 64 {
		value := strings.Repeat("x", map[bool]int{true: 2000, false: 1}[i >= 10 && i < 14])
		fmt.Fprintf(&all, "<0x%x> <T.tags> \"%s\" .\n<0x%x> <T.kept> \"%s\" .\n", 0x10+i, value, 0x10+i, value)
	}
	d.Mutate(t, all.String())
	live, err := c.Stored(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keeper := &Copy{From: "T.tags", To: "T.kept"}
	look := func(most int) (asked, refused int, err error) {
		r := &reader{step: &Step{Select: &Select{Root: "has(T.tags)"}}, task: keeper, live: live}
		err = r.kept(t.Context(), keeper, func() asker {
			asked++
			return narrow{c.Snapshot(), most, &refused}
		})
		return asked, refused, err
	}
	if asked, refused, err := look(1 << 20); err != nil || refused != 0 || asked > 2 {
		t.Errorf("of large messages: %d pages, %d refused: %v", asked, refused, err)
	}
	if asked, refused, err := look(9000); err != nil || refused == 0 || asked-refused > 12 {
		t.Errorf("of small messages: %d pages, %d refused: %v", asked, refused, err)
	}
	if _, _, err := look(3000); err == nil || !strings.Contains(err.Error(), "node 0x1a: "+errRead.Error()) {
		t.Errorf("a node that alone is too large: %v", err)
	}
	d.Mutate(t, "<0x4f> <T.tags> \"late\" .\n")
	if _, refused, err := look(9000); err == nil || refused == 0 || !strings.Contains(err.Error(), "kept nowhere else") {
		t.Errorf("a value that was written meanwhile: %v", err)
	}
}
