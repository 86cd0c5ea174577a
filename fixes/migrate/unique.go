package migrate

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// Unique takes a value from all nodes of a type that have it but one. Who keeps
// it is decided among all of them, not among those of a page; it takes an index
// that eq can use.
type Unique struct {
	Predicate string `yaml:"predicate"`
	// Type is the stored type in which a value may be there once.
	Type string `yaml:"type"`
	// Keep says who keeps the value: lowest (uid), or first or last by what is
	// stored under By. Nodes without that come last, and the lower uid decides
	// between equal ones.
	Keep string `yaml:"keep"`
	By   string `yaml:"by,omitempty"`
	// Losers says what becomes of the others: suffix adds "-2", "-3", ... so that
	// no node whatsoever has the value already, clear deletes the value, and merge
	// notes under Mark into which node it is to be merged.
	Losers string `yaml:"losers"`
	Mark   string `yaml:"mark,omitempty"`
}

// Who keeps a value.
const (
	keepLowest = "lowest"
	keepFirst  = "first"
	keepLast   = "last"
)

// What becomes of the others.
const (
	losersSuffix = "suffix"
	losersClear  = "clear"
	losersMerge  = "merge"
)

func (u *Unique) check() error {
	switch {
	case u.Predicate == "" || u.Type == "":
		return errors.New("it takes a predicate and the type in which its values are unique")
	case u.Keep != keepLowest && u.Keep != keepFirst && u.Keep != keepLast:
		return fmt.Errorf("keep is %q, none of lowest, first, last", u.Keep)
	case (u.Keep == keepLowest) != (u.By == ""):
		return errors.New("first and last take a predicate to go by, and lowest takes none")
	case u.Losers != losersSuffix && u.Losers != losersClear && u.Losers != losersMerge:
		return fmt.Errorf("losers is %q, none of suffix, clear, merge", u.Losers)
	case (u.Losers == losersMerge) != (u.Mark != ""):
		return errors.New("merging takes a predicate for the mark, and nothing else does")
	case u.Mark != "" && !strings.HasPrefix(u.Mark, ownPrefix):
		return fmt.Errorf("a mark is under %s, not under %s", ownPrefix, u.Mark)
	}
	_, err := dql.Quote(u.Type)
	return err
}

func (u *Unique) reads() []string {
	if u.Mark != "" {
		return []string{u.Predicate, u.Mark}
	}
	return []string{u.Predicate}
}

func (u *Unique) writes() []string {
	if u.Mark != "" {
		return []string{u.Mark}
	}
	return []string{u.Predicate}
}

// claims are what is known of the values of a page.
type claims struct {
	// keeper is the node that keeps a value.
	keeper map[string]uint64
	// free are values that nobody has, for those that a value is taken from.
	free map[string][]string
}

// value is the node's value that is to be unique, if it has one.
func (u *Unique) value(n *node) (dql.Quad, bool) {
	quads := n.quads[u.Predicate]
	i := slices.IndexFunc(quads, func(q dql.Quad) bool { return q.Lang == "" })
	if !n.is(u.Type) || i < 0 || u.Mark != "" && len(n.quads[u.Mark]) > 0 {
		return dql.Quad{}, false
	}
	return quads[i], true
}

func (u *Unique) inquire(p *page, put ask) error {
	known := &claims{keeper: map[string]uint64{}, free: map[string][]string{}}
	p.found = known
	live := p.predicate(u.Predicate)
	if live.List || live.Type != "string" && live.Type != "int" || live.Type == "int" && u.Losers == losersSuffix {
		return fmt.Errorf("%s is stored as %s: only a single string or int can be unique, and only a string can get a suffix", u.Predicate, written(live.Type, live.List))
	}
	var values []string
	for _, n := range p.nodes {
		if q, ok := u.value(n); ok {
			values = append(values, textOf(q.Data))
		}
	}
	if values = unique(values); len(values) == 0 {
		return nil
	}
	if err := u.askKeepers(p, values, known, put); err != nil {
		return err
	}
	if u.Losers != losersSuffix {
		return nil
	}
	need := map[string]int{}
	for _, n := range p.nodes {
		if q, ok := u.value(n); ok && known.keeper[textOf(q.Data)] != n.uid {
			need[textOf(q.Data)]++
		}
	}
	return u.askFree(need, known, put)
}

// askKeepers finds out who keeps each value. Most values are there once, so that
// all are asked for at once, within a bound. When some have very many holders,
// each value is asked for alone, and then only for the lowest uid where that
// decides.
func (u *Unique) askKeepers(p *page, values []string, known *claims, put ask) error {
	e, err := u.election(p)
	if err != nil {
		return err
	}
	complete, err := e.askAll(values, put)
	if err == nil && !complete {
		clear(e.best)
		err = e.askEach(values, put)
	}
	if err != nil {
		return err
	}
	for _, v := range values {
		if e.best[v] == nil {
			return fmt.Errorf("the index of %s does not find a value that is stored: it has to be built anew", u.Predicate)
		}
		known.keeper[v] = e.best[v].uid
	}
	return nil
}

// election decides who keeps each value.
type election struct {
	*Unique
	// name is the predicate, filter who takes part, and column what decides, in
	// DQL.
	name, filter, column string
	live, by             dql.Predicate
	best                 map[string]*holder // by value
}

func (u *Unique) election(p *page) (*election, error) {
	e := &election{Unique: u, filter: anyType([]string{u.Type}), live: p.predicate(u.Predicate), best: map[string]*holder{}}
	e.live.Lang = false
	if u.Mark != "" {
		e.filter += " AND NOT has(" + quote(u.Mark) + ")"
	}
	var err error
	if u.By != "" {
		e.by = p.predicate(u.By)
		if e.column, err = e.by.Column("by", ""); err != nil {
			return nil, err
		}
	}
	e.name, err = dql.Quote(u.Predicate)
	return e, err
}

// askAll asks for the holders of all values, and reports whether these were all.
func (e *election) askAll(values []string, put ask) (complete bool, err error) {
	var q asked
	var list []string
	for _, v := range values {
		list = append(list, q.variable(v))
	}
	most := 2*len(values) + 100
	q.block("q(func: eq(%s, [%s]), first: %d) @filter(%s) { uid v: %[1]s %[5]s }", e.name, strings.Join(list, ", "), most, e.filter, e.column)
	answer, err := put(q.text(), q.vars)
	if err != nil {
		return false, err
	}
	rows := 0
	err = dql.Rows(answer, "q", func(row dql.Row) error {
		rows++
		quads, err := row.Quads("v", e.live)
		if err != nil || len(quads) == 0 {
			return err
		}
		return e.take(row, textOf(quads[0].Data))
	})
	return rows < most, err
}

// askEach asks for the holders of each value.
func (e *election) askEach(values []string, put ask) error {
	var q asked
	one := ", first: 1"
	if e.By != "" {
		one = ""
	}
	for i, v := range values {
		q.block("k%d(func: eq(%s, %s)%s) @filter(%s) { uid %s }", i, e.name, q.variable(v), one, e.filter, e.column)
	}
	answer, err := put(q.text(), q.vars)
	if err != nil {
		return err
	}
	for i, v := range values {
		if err := dql.Rows(answer, fmt.Sprintf("k%d", i), func(row dql.Row) error { return e.take(row, v) }); err != nil {
			return err
		}
	}
	return nil
}

// take lets a holder take part.
func (e *election) take(row dql.Row, value string) error {
	h := &holder{uid: row.UID}
	if e.By != "" {
		quads, err := row.Quads("by", e.by)
		if err != nil {
			return err
		}
		if h.by, err = rankOf(quads); err != nil {
			return fmt.Errorf("%s of the node %s: %w", e.By, dql.Node(row.UID), err)
		}
	}
	if e.best[value] == nil || h.before(e.best[value], e.Keep) {
		e.best[value] = h
	}
	return nil
}

// askFree finds values that nobody has, of whatever type, for those whose value
// is taken. No two values lead to the same: what is added has no "-".
func (u *Unique) askFree(need map[string]int, known *claims, put ask) error {
	name, err := dql.Quote(u.Predicate)
	if err != nil {
		return err
	}
	from := map[string]int{}
	for len(need) > 0 {
		q := asked{}
		candidates := map[string][]string{}
		var list []string
		for _, v := range sortedKeys(need) {
			lo := max(from[v], 2)
			hi := lo + need[v] + 4
			for k := lo; k < hi; k++ {
				candidate := v + "-" + strconv.Itoa(k)
				candidates[v] = append(candidates[v], candidate)
				list = append(list, q.variable(candidate))
			}
			from[v] = max(hi, 2*lo) // so that many that are taken do not take as many questions
		}
		q.block("q(func: eq(%s, [%s])) { v: %s }", name, strings.Join(list, ", "), name)
		answer, err := put(q.text(), q.vars)
		if err != nil {
			return err
		}
		taken := map[string]bool{}
		if err := dql.Rows(answer, "q", func(row dql.Row) error {
			for _, v := range row.Texts("v") {
				taken[v] = true
			}
			return nil
		}); err != nil {
			return err
		}
		for v, all := range candidates {
			for _, candidate := range all {
				if need[v] > 0 && !taken[candidate] {
					known.free[v] = append(known.free[v], candidate)
					need[v]--
				}
			}
			if need[v] == 0 {
				delete(need, v)
			}
		}
	}
	return nil
}

func (u *Unique) judge(p *page) (*change, error) {
	known, _ := p.found.(*claims)
	c := &change{}
	given := map[string]int{}
	for _, n := range p.nodes {
		q, ok := u.value(n)
		if !ok {
			continue
		}
		v := textOf(q.Data)
		keeper := known.keeper[v]
		switch {
		case keeper == n.uid && v == "":
			c.left = append(c.left, Left{UID: n.uid, Reason: "it is empty, which no @id may be: people have to say what it is", Predicate: u.Predicate, Data: q.Data})
		case keeper == n.uid:
		case u.Losers == losersSuffix:
			q.Data = known.free[v][given[v]]
			given[v]++
			c.write([]dql.Quad{q}, nil)
		case u.Losers == losersClear:
			if live := p.predicate(u.Predicate); !live.Lang {
				c.write(nil, deletion(live, []dql.Quad{q}))
			} else {
				c.write(nil, []dql.Quad{q}) // what has a tag stays
			}
		default:
			c.write([]dql.Quad{{Subject: dql.Node(n.uid), Predicate: u.Mark, Object: dql.Node(keeper)}}, nil)
		}
	}
	return c, nil
}

// holder is a node with a value that others have too.
type holder struct {
	uid uint64
	by  *rank // nil when it has none
}

// before reports whether a node keeps the value rather than another one.
func (h *holder) before(other *holder, keep string) bool {
	switch {
	case h.by != nil && other.by != nil:
		order := h.by.compare(other.by)
		if keep == keepLast {
			order = -order
		}
		if order != 0 {
			return order < 0
		}
	case h.by != nil || other.by != nil:
		return h.by != nil
	}
	return h.uid < other.uid
}

// rank is a value that nodes are ordered by.
type rank struct {
	time   time.Time
	int    int64
	float  float64
	string string
}

func (r *rank) compare(other *rank) int {
	return cmp.Or(r.time.Compare(other.time), cmp.Compare(r.int, other.int), cmp.Compare(r.float, other.float), cmp.Compare(r.string, other.string))
}

// orderly are the DQL types that nodes can be ordered by.
var orderly = []string{"string", "default", "int", "float", "dateTime"}

// rankOf is the value among the quads of a node; nil when there is none.
func rankOf(quads []dql.Quad) (*rank, error) {
	i := slices.IndexFunc(quads, func(q dql.Quad) bool { return q.Lang == "" })
	if i < 0 {
		return nil, nil
	}
	r := &rank{}
	var err error
	switch q := quads[i]; data := q.Data.(type) {
	case string:
		if r.string = data; q.Type == "dateTime" {
			r.string = ""
			r.time, err = time.Parse(time.RFC3339Nano, data)
		}
	case json.Number:
		if q.Type == "int" {
			r.int, err = data.Int64()
		} else {
			r.float, err = data.Float64()
		}
	default:
		err = fmt.Errorf("nodes cannot be ordered by a %s", q.Type)
	}
	return r, err
}

// asked collects a question with variables.
type asked struct {
	vars   map[string]string
	params []string
	blocks []string
}

// variable is a variable that stands for a text.
func (a *asked) variable(value string) string {
	if a.vars == nil {
		a.vars = map[string]string{}
	}
	name := "$v" + strconv.Itoa(len(a.vars))
	a.vars[name] = value
	a.params = append(a.params, name+": string")
	return name
}

func (a *asked) block(format string, args ...any) {
	a.blocks = append(a.blocks, fmt.Sprintf(format, args...))
}

func (a *asked) text() string {
	head := ""
	if len(a.params) > 0 {
		head = "query q(" + strings.Join(a.params, ", ") + ") "
	}
	return head + "{\n  " + strings.Join(a.blocks, "\n  ") + "\n}"
}

func sortedKeys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

func (u *Unique) dql(s *Step) string {
	name, order := quote(u.Predicate), ""
	switch u.Keep {
	case keepFirst:
		order = ", orderasc: " + quote(u.By)
	case keepLast:
		order = ", orderdesc: " + quote(u.By)
	}
	q := fmt.Sprintf("# For each value that is there more than once, as @groupby finds them (it leaves out \"\"):\n"+
		"#   {q(func: %[1]s) @groupby(%[2]s) {count(uid)}}\n", s.Select.Root, name)
	change := "delete {\n      uid(v) <" + u.Predicate + "> * .\n    }"
	switch u.Losers {
	case losersSuffix:
		q += "# and for each of the nodes in v alone, with a value that no node has yet.\n"
		change = "set {\n      <NODE> <" + u.Predicate + "> \"VALUE-2\" .\n    }"
	case losersMerge:
		change = "set {\n      uid(v) <" + u.Mark + "> uid(k) .\n    }"
	}
	return q + fmt.Sprintf("upsert {\n  query {\n    k as var(func: eq(%[1]s, \"VALUE\"), first: 1%[2]s) @filter(%[3]s)\n"+
		"    v as var(func: eq(%[1]s, \"VALUE\")) @filter(%[3]s AND NOT uid(k))\n  }\n  mutation @if(gt(len(v), 0)) {\n    %[4]s\n  }\n}\n",
		name, order, anyType([]string{u.Type}), change)
}
