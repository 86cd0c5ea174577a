package migrate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// place is a row of uids that nobody else gets, so that a test can name its
// nodes, and their order, as 0x0 to 0xff.
type place struct {
	t    *testing.T
	d    *dgraphtest.Dgraph
	base uint64
}

const placeSize = 256

// reserve takes a row of uids.
func reserve(t *testing.T, d *dgraphtest.Dgraph, c *dql.Client) *place {
	t.Helper()
	var b strings.Builder
	for i := range placeSize {
		fmt.Fprintf(&b, "_:n%d <place> \"\" .\n", i)
	}
	p := &place{t: t, d: d}
	var last uint64
	for _, text := range d.Mutate(t, b.String()) {
		uid := dql.Ref(text).UID()
		if p.base == 0 || uid < p.base {
			p.base = uid
		}
		last = max(last, uid)
	}
	if last != p.base+placeSize-1 {
		t.Fatalf("the uids are no row: from %x to %x", p.base, last)
	}
	if err := c.DropPredicate(t.Context(), "place"); err != nil {
		t.Fatal(err)
	}
	return p
}

var uidText = regexp.MustCompile(`\b0x[0-9a-f]+\b`)

// there writes the uids of a test as those of the server.
func (p *place) there(text string) string {
	return uidText.ReplaceAllStringFunc(text, func(uid string) string {
		n, err := strconv.ParseUint(uid[2:], 16, 8)
		if err != nil {
			p.t.Fatal(err)
		}
		return fmt.Sprintf("0x%x", p.base+n)
	})
}

// here writes the uids of the server as those of the test.
func (p *place) here(text string) string {
	return uidText.ReplaceAllStringFunc(text, func(uid string) string {
		n, err := strconv.ParseUint(uid[2:], 16, 64)
		if err != nil || n < p.base || n >= p.base+placeSize {
			return uid
		}
		return fmt.Sprintf("0x%x", n-p.base)
	})
}

func (p *place) mutate(nquads string) {
	p.t.Helper()
	p.d.Mutate(p.t, p.there(nquads))
}

// read is the answer to a DQL query.
func (p *place) read(query string) string {
	p.t.Helper()
	return p.here(string(p.d.Query(p.t, p.there(query))))
}
