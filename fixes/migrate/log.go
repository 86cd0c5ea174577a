package migrate

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// mostLog bounds the log of one batch, in bytes as it is stored.
const mostLog = 1 << 20

// entry is what a batch changed, so that it can be taken back: what it set, and
// what was there before under the same predicates of the same nodes.
type entry struct {
	Set    []loggedQuad `json:"set,omitempty"`
	Delete []loggedQuad `json:"del,omitempty"`
	// Before is what single values and deleted ones were.
	Before []loggedQuad `json:"before,omitempty"`
}

// nodes is how many nodes the batch changed, that were there.
func (e *entry) nodes() uint64 {
	seen := map[string]bool{}
	for _, q := range slices.Concat(e.Set, e.Delete) {
		if !strings.HasPrefix(q.Subject, "_:") {
			seen[q.Subject] = true
		}
	}
	return uint64(len(seen))
}

// loggedQuad is a quad in a log.
type loggedQuad struct {
	Subject   string        `json:"s"`
	Predicate string        `json:"p"`
	Object    string        `json:"o,omitempty"`
	Data      any           `json:"d,omitempty"`
	Type      string        `json:"t,omitempty"`
	Lang      string        `json:"l,omitempty"`
	Facets    []loggedFacet `json:"f,omitempty"`
	All       bool          `json:"a,omitempty"`
}

type loggedFacet struct {
	Key  string     `json:"k"`
	Data any        `json:"d,omitempty"`
	Time *time.Time `json:"at,omitempty"`
}

func logQuad(q dql.Quad) loggedQuad {
	l := loggedQuad{Subject: string(q.Subject), Predicate: q.Predicate, Object: string(q.Object), Data: q.Data, Type: q.Type, Lang: q.Lang, All: q.All}
	for _, f := range q.Facets {
		if at, ok := f.Data.(time.Time); ok {
			l.Facets = append(l.Facets, loggedFacet{Key: f.Key, Time: &at})
		} else {
			l.Facets = append(l.Facets, loggedFacet{Key: f.Key, Data: f.Data})
		}
	}
	return l
}

func (l loggedQuad) quad() dql.Quad {
	q := dql.Quad{Subject: dql.Ref(l.Subject), Predicate: l.Predicate, Object: dql.Ref(l.Object), Data: l.Data, Type: l.Type, Lang: l.Lang, All: l.All}
	for _, f := range l.Facets {
		if f.Time != nil {
			q.Facets = append(q.Facets, dql.Facet{Key: f.Key, Data: *f.Time})
		} else {
			q.Facets = append(q.Facets, dql.Facet{Key: f.Key, Data: f.Data})
		}
	}
	return q
}

// logged is the log of a batch, compressed, as it is stored.
func logged(p *page, c *change) (string, error) {
	var e entry
	before := map[string]*node{}
	for _, n := range p.nodes {
		before[string(dql.Node(n.uid))] = n
	}
	others := byPlace(c.before)
	noted := map[spot]bool{}
	note := func(q dql.Quad) {
		at := spot{string(q.Subject), q.Predicate}
		if noted[at] {
			return
		}
		noted[at] = true
		if n := before[at.subject]; n != nil {
			for _, old := range n.holds(q.Predicate) {
				e.Before = append(e.Before, logQuad(old))
			}
			return
		}
		for _, old := range others[at] {
			e.Before = append(e.Before, logQuad(old))
		}
	}
	for _, q := range c.set {
		e.Set = append(e.Set, logQuad(q))
		note(q)
	}
	for _, q := range c.del {
		e.Delete = append(e.Delete, logQuad(q))
		note(q)
	}
	text, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("writing the log of a batch: %w", err)
	}
	out, err := packed(text)
	if err != nil {
		return "", err
	}
	if len(out) > mostLog {
		return "", errTooMany
	}
	return out, nil
}

// packed is a text, compressed, as it is stored.
func packed(text []byte) (string, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

// opened reads a text that is stored compressed.
func opened(stored string) (io.Reader, error) {
	packed, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.LimitReader(z, 1<<30), nil
}

// byPlace are quads by where they are.
func byPlace(quads []dql.Quad) map[spot][]dql.Quad {
	all := map[spot][]dql.Quad{}
	for _, q := range quads {
		at := spot{string(q.Subject), q.Predicate}
		if !in(all[at], q) {
			all[at] = append(all[at], q)
		}
	}
	return all
}

// unpacked reads the log of a batch.
func unpacked(stored string) (*entry, error) {
	text, err := opened(stored)
	if err != nil {
		return nil, fmt.Errorf("reading the log of a batch: %w", err)
	}
	d := json.NewDecoder(text)
	d.UseNumber()
	e := &entry{}
	if err := d.Decode(e); err != nil {
		return nil, fmt.Errorf("reading the log of a batch: %w", err)
	}
	return e, nil
}
