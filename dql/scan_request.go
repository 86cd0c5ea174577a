package dql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// pageOfEdges stands in a column for the page of edges that is read of each node.
	pageOfEdges = "\x00"
	// nodesOfPage stands in a column for the variable with the nodes of the page.
	nodesOfPage = "\x01"
	// edgesPerNode bounds how many edges of one node are read at once.
	edgesPerNode = 500
)

// part is what a question wants to see of the nodes under one root.
type part struct {
	root    string   // DQL function that finds the nodes
	filter  string   // those that concern it; "" means all
	stored  string   // filter for those that filter leaves, see newHolding; "" means none
	has     string   // function that the filter is made of, as it is or with NOT; "" for another filter
	columns []string // what is read of each; none: the nodes are counted, and the first ones named
	only    bool     // of the nodes that have something in the first column
	beside  *beside  // what else is read
	whole   bool     // the count of all nodes under the root is enough
	total   string   // root whose nodes are the total; "" for none
	begin   func() reading

	// unreadable is told of the nodes that the server fails to read.
	unreadable func(uid uint64)

	state  partState
	seen   bool   // an answer has come
	failed string // why it is not complete
}

// beside is read along with a page: the nodes that edges of the page's nodes lead to.
type beside struct {
	edge    string // like a column, without what is in braces
	columns []string
}

// reading takes in one page for a part.
type reading interface {
	// count is called for a part without columns.
	count(n uint64, first []uint64)
	row(r row)
	beside(r row)
	// end is called after everything else. It returns the nodes that have more edges than were read.
	end() []rest
}

// rest are the edges of a node after the one to a certain uid.
type rest struct{ uid, after uint64 }

// partState is how far the current pass is with a part.
type partState struct {
	left     int      // ranges that are not read to their end
	finished bool     // nothing is left
	broken   []uint64 // nodes that the server fails to read, in all passes
	searches int      // requests that looked for these
}

// quiet is a reading that takes in nothing.
type quiet struct{}

func (quiet) count(uint64, []uint64) {}
func (quiet) row(row)                {}
func (quiet) beside(row)             {}
func (quiet) end() []rest            { return nil }

// eachRow is a reading of rows that belong to no page.
type eachRow struct {
	quiet
	take func(row)
}

func (e eachRow) row(r row) { e.take(r) }

// row is a node with what was asked of it.
type row struct {
	uid     uint64
	fields  map[string]any
	aliases []string // of the part's columns
}

// get is a column as it came, nil when there was nothing.
func (r row) get(column int) any { return r.fields[r.aliases[column]] }

// tagged calls with each value of a column by its language tag, in the order of the tags.
func (r row) tagged(column int, each func(tag string, data any)) {
	alias := r.aliases[column]
	if data, ok := r.fields[alias]; ok {
		each("", data)
	}
	var tags []string
	for key := range r.fields {
		if tag, ok := strings.CutPrefix(key, alias+"@"); ok && !strings.Contains(tag, "|") {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	for _, tag := range tags {
		each(tag, r.fields[alias+"@"+tag])
	}
}

// texts are the strings of a column.
func (r row) texts(column int) []string {
	switch v := r.get(column).(type) {
	case string:
		return []string{v}
	case []any:
		all := make([]string, 0, len(v))
		for _, item := range v {
			if s, ok := item.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// edges are the nodes of a column.
func (r row) edges(column int) []map[string]any {
	switch v := r.get(column).(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		all := make([]map[string]any, 0, len(v))
		for _, item := range v {
			if m, ok := item.(map[string]any); ok {
				all = append(all, m)
			}
		}
		return all
	}
	return nil
}

// number is a count.
func (r row) number(column int) uint64 {
	n, _ := r.get(column).(json.Number)
	count, _ := strconv.ParseUint(n.String(), 10, 64) // a count is one
	return count
}

// uidOf reads a uid as the server writes it, 0 for none.
func uidOf(v any) uint64 {
	s, _ := v.(string)
	uid, _ := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	return uid
}

func uidText(uid uint64) string { return "0x" + strconv.FormatUint(uid, 16) }

// window is one page of nodes, and who wants to see it.
type window struct {
	nodes string // DQL function with its paging, that finds them
	edges string // the page of their edges
	parts []*part
	ask   bool // for the number of the nodes and the last of them
}

// firstEdges is the page of edges that is read with a node.
var firstEdges = fmt.Sprintf("(first: %d)", edgesPerNode)

// page is which nodes came of a window.
type page struct {
	nodes uint64
	last  uint64 // uid; 0 when there are none
}

// block is one named block of a request, and who reads it.
type block struct {
	name   string
	window int
	take   func(f fields, readings map[*part]reading) error
}

// request asks for windows.
type request struct {
	windows []window
	samples int
	text    strings.Builder
	blocks  []block  // in the order of the text: what is beside comes last
	rowsOf  []string // by window: the block with exactly its nodes; "" when it asks for their number
	next    int
}

func newRequest(windows []window, samples int) *request {
	q := &request{windows: windows, samples: samples, rowsOf: make([]string, len(windows))}
	q.text.WriteString("{\n")
	for i := range windows {
		q.window(i, &windows[i])
	}
	q.text.WriteString("}")
	return q
}

func (q *request) name(prefix string) string {
	q.next++
	return prefix + strconv.Itoa(q.next)
}

func (q *request) add(name string, window int, take func(fields, map[*part]reading) error) {
	q.blocks = append(q.blocks, block{name, window, take})
}

// columnGroup are parts that want the same nodes. They share a block, and each column in it.
type columnGroup struct {
	filter  string
	only    bool
	columns []string
	parts   []*part
}

// grouped puts parts together.
func grouped(parts []*part) []*columnGroup {
	var groups []*columnGroup
	for _, p := range parts {
		g := &columnGroup{filter: p.filter, only: p.only}
		for _, other := range groups {
			if other.filter == p.filter && other.parts[0].stored == p.stored && (len(other.columns) == 0) == (len(p.columns) == 0) && !p.only && !other.only {
				g = other
			}
		}
		if len(g.parts) == 0 {
			groups = append(groups, g)
		}
		g.parts = append(g.parts, p)
		for _, c := range p.columns {
			if !slices.Contains(g.columns, c) {
				g.columns = append(g.columns, c)
			}
		}
	}
	return groups
}

// isPlain reports whether one block reads all that is wanted of exactly the nodes of a window. The server then
// has nothing else to do, which makes a fifth of what a page costs.
func isPlain(w *window, groups []*columnGroup) bool {
	return len(groups) == 1 && groups[0].filter == "" && !groups[0].only && len(groups[0].columns) > 0 &&
		!slices.ContainsFunc(w.parts, func(p *part) bool { return p.beside != nil }) &&
		!slices.ContainsFunc(groups[0].columns, func(c string) bool { return strings.Contains(c, nodesOfPage) })
}

func (q *request) window(i int, w *window) {
	groups, v := grouped(w.parts), "v"+strconv.Itoa(i)
	nodes := "uid(" + v + ")"
	plain := isPlain(w, groups)
	if plain {
		nodes = w.nodes
	} else {
		fmt.Fprintf(&q.text, "  %s as var(func: %s)\n", v, w.nodes)
		if w.ask {
			fmt.Fprintf(&q.text, "  n%d(func: uid(%s)) { count(uid) }\n", i, v)
			fmt.Fprintf(&q.text, "  l%d(func: uid(%s), first: -1) { uid }\n", i, v)
		}
	}
	expand := func(column string) string {
		return strings.NewReplacer(pageOfEdges, w.edges, nodesOfPage, v).Replace(column)
	}
	for _, g := range groups {
		if len(g.columns) == 0 {
			q.counted(i, v, g.filter, g.parts[0].stored, g.parts)
			continue
		}
		name, filter := q.name("b"), ""
		if g.filter != "" {
			filter = " @filter(" + g.filter + ")"
		}
		if g.only {
			filter += " @cascade"
		}
		if plain {
			q.rowsOf[i] = name
		}
		fmt.Fprintf(&q.text, "  %s(func: %s)%s { uid", name, nodes, filter)
		for k, c := range g.columns {
			fmt.Fprintf(&q.text, " c%d: %s", k, expand(c))
		}
		q.text.WriteString(" }\n")
		q.rows(name, i, g.columns, g.parts, func(p *part) []string { return p.columns }, reading.row)
	}
	for _, p := range w.parts {
		if p.beside == nil {
			continue
		}
		y, name := q.name("y"), q.name("b")
		fmt.Fprintf(&q.text, "  var(func: uid(%s)) { %s as %s }\n", v, y, expand(p.beside.edge))
		fmt.Fprintf(&q.text, "  %s(func: uid(%s)) { uid", name, y)
		for k, c := range p.beside.columns {
			fmt.Fprintf(&q.text, " c%d: %s", k, expand(c))
		}
		q.text.WriteString(" }\n")
		q.rows(name, i, p.beside.columns, []*part{p}, func(p *part) []string { return p.beside.columns }, reading.beside)
	}
}

// counted asks for the number of the nodes that a filter leaves, and for the first of them.
func (q *request) counted(i int, v, filter, stored string, parts []*part) {
	for _, filter := range []string{filter, stored} {
		if filter != "" {
			f := q.name("f")
			fmt.Fprintf(&q.text, "  %s as var(func: uid(%s)) @filter(%s)\n", f, v, filter)
			v = f
		}
	}
	count := q.name("k")
	fmt.Fprintf(&q.text, "  %s(func: uid(%s)) { count(uid) }\n", count, v)
	q.add(count, i, func(f fields, readings map[*part]reading) error {
		n, err := countIn(f)
		for _, p := range parts {
			readings[p].count(n, nil)
		}
		return err
	})
	if q.samples == 0 {
		return
	}
	first := q.name("s")
	fmt.Fprintf(&q.text, "  %s(func: uid(%s), first: %d) { uid }\n", first, v, q.samples)
	q.add(first, i, func(f fields, readings map[*part]reading) error {
		for _, p := range parts {
			readings[p].count(0, []uint64{uidOf(f["uid"])})
		}
		return nil
	})
}

// rows hands each node of a block to its parts.
func (q *request) rows(name string, window int, columns []string, parts []*part, own func(*part) []string, give func(reading, row)) {
	aliases := make([][]string, len(parts))
	for i, p := range parts {
		for _, c := range own(p) {
			aliases[i] = append(aliases[i], "c"+strconv.Itoa(slices.Index(columns, c)))
		}
	}
	q.add(name, window, func(f fields, readings map[*part]reading) error {
		uid := uidOf(f["uid"])
		if uid == 0 {
			return fmt.Errorf("a node without uid")
		}
		for i, p := range parts {
			give(readings[p], row{uid, f, aliases[i]})
		}
		return nil
	})
}

// reply is the answer to a request.
type reply struct {
	blocks map[string]json.RawMessage
	pages  []page // of each window
	bytes  int
}

// open reads what an answer says about its windows.
func (q *request) open(text []byte) (*reply, error) {
	blocks, err := blocksOf(text)
	if err != nil {
		return nil, err
	}
	r := &reply{blocks: blocks, pages: make([]page, len(q.windows)), bytes: len(text)}
	for i, w := range q.windows {
		if !w.ask {
			continue
		}
		p := &r.pages[i]
		if name := q.rowsOf[i]; name != "" {
			if *p, err = pageOf(r.blocks[name]); err != nil {
				return nil, err
			}
			continue
		}
		err := eachNode(r.blocks["n"+strconv.Itoa(i)], func(f fields) (err error) {
			p.nodes, err = countIn(f)
			return err
		})
		if err != nil {
			return nil, err
		}
		err = eachNode(r.blocks["l"+strconv.Itoa(i)], func(f fields) error {
			p.last = uidOf(f["uid"])
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// hand gives an answer to the parts, and returns the edges that are still to be read.
func (q *request) hand(r *reply) (map[*part][]rest, error) {
	readings := make([]map[*part]reading, len(q.windows))
	for i, w := range q.windows {
		readings[i] = make(map[*part]reading, len(w.parts))
		for _, p := range w.parts {
			readings[i][p] = p.begin()
		}
	}
	for _, b := range q.blocks {
		if err := eachNode(r.blocks[b.name], func(f fields) error { return b.take(f, readings[b.window]) }); err != nil {
			return nil, err
		}
	}
	rests := map[*part][]rest{}
	for i, w := range q.windows {
		for _, p := range w.parts {
			if more := readings[i][p].end(); len(more) > 0 {
				rests[p] = more
			}
		}
	}
	return rests, nil
}
