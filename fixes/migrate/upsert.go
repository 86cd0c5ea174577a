package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

// Upsert is DQL that people write: a query whose variables are what is written of
// the nodes of a batch. It is not sent as an upsert block: the variables are read,
// and each value is written by itself, so that what holds for other steps holds for
// it too. What is wrong with such blocks is refused: a subject that is no node of
// the batch, an object that is several nodes, new nodes, and S * *.
type Upsert struct {
	// Query are blocks of DQL with variables. The variable nodes is the batch.
	Query string `yaml:"query"`
	// Set and Delete are N-Quads: uid(v) <predicate> and val(x), uid(w), <0x1> or a
	// literal, or * for everything under the predicate where it is deleted.
	Set    string `yaml:"set,omitempty"`
	Delete string `yaml:"delete,omitempty"`
}

// nodesVariable is the variable that has the nodes of the batch.
const nodesVariable = "nodes"

var definition = regexp.MustCompile(`\b([A-Za-z_][A-Za-z0-9_]*)\s+as\b`)

func (u *Upsert) check() error {
	if err := enclosedBlocks(u.Query); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defined := []string{nodesVariable}
	for _, m := range definition.FindAllStringSubmatch(withoutTexts(u.Query), -1) {
		if slices.Contains(defined, m[1]) {
			return fmt.Errorf("query: the variable %s is defined twice, or is the batch", m[1])
		}
		defined = append(defined, m[1])
	}
	set, del, err := u.patterns()
	if err != nil {
		return err
	}
	if len(set)+len(del) == 0 {
		return errors.New("it sets and deletes nothing")
	}
	for _, p := range slices.Concat(set, del) {
		for _, name := range p.variables() {
			if !slices.Contains(defined, name) {
				return fmt.Errorf("%s: the query defines no variable %s", p.line, name)
			}
		}
		if err := ours(p.predicate); err != nil {
			return fmt.Errorf("%s: %w", p.line, err)
		}
		if _, err := dql.Quote(p.predicate); err != nil {
			return fmt.Errorf("%s: %w", p.line, err)
		}
	}
	for _, p := range set {
		if p.everything {
			return fmt.Errorf("%s: only what is deleted can be everything", p.line)
		}
		for _, q := range del {
			if q.everything && q.predicate == p.predicate && q.subject == p.subject {
				return fmt.Errorf("%s: in one transaction with the deletion of everything there the new value is lost: leave that out, since setting a single value replaces it", p.line)
			}
		}
	}
	return nil
}

// settles refuses a step that says of itself that it may be carried out again, while
// its query looks at what it writes.
func (u *Upsert) settles() error {
	bare := withoutTexts(u.Query)
	for _, name := range u.writes() {
		if mentions(bare, name) {
			return fmt.Errorf("the query looks at %s, which the step writes: carried out again it may change something else, so that convergent has to be false", name)
		}
	}
	if strings.Contains(bare, "expand(") {
		return errors.New("the query expands what nodes hold, and so looks at what the step writes: convergent has to be false")
	}
	return nil
}

// mentions reports whether a predicate is named in DQL.
func mentions(query, name string) bool {
	within := func(c byte) bool {
		return c == '_' || c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
	}
	for from := 0; ; {
		i := strings.Index(query[from:], name)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(name)
		if (begin == 0 || !within(query[begin-1])) && (end == len(query) || !within(query[end])) {
			return true
		}
		from = end
	}
}

func (u *Upsert) patterns() (set, del []pattern, err error) {
	if set, err = patternsOf(u.Set); err != nil {
		return nil, nil, fmt.Errorf("set: %w", err)
	}
	if del, err = patternsOf(u.Delete); err != nil {
		return nil, nil, fmt.Errorf("delete: %w", err)
	}
	return set, del, nil
}

func (u *Upsert) reads() []string { return u.writes() }

func (u *Upsert) writes() []string {
	set, del, err := u.patterns()
	if err != nil {
		return nil // check says so
	}
	var all []string
	for _, p := range slices.Concat(set, del) {
		all = append(all, p.predicate)
	}
	return unique(all)
}

// ignoresTypes reports that the types of nodes do not matter: the query asks for
// them where it wants to.
func (u *Upsert) ignoresTypes() bool { return true }

// variables are what the query came to for a batch.
type variables struct {
	nodes  map[string][]uint64       // uid(v)
	values map[string]map[uint64]any // val(x)
}

// inquire asks the query about the batch.
func (u *Upsert) inquire(p *page, put ask) error {
	set, del, err := u.patterns()
	if err != nil {
		return err
	}
	var subjects, values, objects []string
	for _, q := range slices.Concat(set, del) {
		subjects = append(subjects, q.subject)
		if q.value != "" {
			values = append(values, q.value)
		}
		if q.node != "" {
			objects = append(objects, q.node)
		}
	}
	subjects, values, objects = unique(subjects), unique(values), unique(objects)
	var uids []string
	for _, n := range p.nodes {
		uids = append(uids, string(dql.Node(n.uid)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "{\n%s as var(func: uid(%s))\n%s\n", nodesVariable, strings.Join(uids, ", "), u.Query)
	fmt.Fprintf(&b, "out(func: uid(%s)) { count(uid) }\n", nodesVariable)
	for i, v := range subjects {
		fmt.Fprintf(&b, "out_s%d(func: uid(%s)) { uid }\n", i, v)
	}
	for i, v := range objects {
		fmt.Fprintf(&b, "out_o%d(func: uid(%s), first: 2) { uid }\n", i, v)
	}
	for i, x := range values {
		fmt.Fprintf(&b, "out_v%d(func: uid(%s)) { uid v: val(%s) }\n", i, nodesVariable, x)
	}
	answer, err := put(b.String()+"}", nil)
	if err != nil {
		return fmt.Errorf("asking the query of the step: %w", err)
	}
	found := &variables{nodes: map[string][]uint64{}, values: map[string]map[uint64]any{}}
	p.found = found
	for _, each := range []struct {
		names []string
		block string
	}{{subjects, "out_s"}, {objects, "out_o"}} {
		for i, v := range each.names {
			var all []uint64
			if err := dql.Rows(answer, fmt.Sprint(each.block, i), func(r dql.Row) error { all = append(all, r.UID); return nil }); err != nil {
				return err
			}
			if each.block == "out_s" || found.nodes[v] == nil {
				found.nodes[v] = all
			}
		}
	}
	for i, x := range values {
		found.values[x] = map[uint64]any{}
		if err := dql.Rows(answer, fmt.Sprint("out_v", i), func(r dql.Row) error {
			quads, err := r.Quads("v", dql.Predicate{Name: x})
			if err == nil && len(quads) == 1 {
				found.values[x][r.UID] = quads[0].Data
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (u *Upsert) judge(p *page) (*change, error) {
	c := &change{}
	if len(p.nodes) == 0 {
		return c, nil
	}
	set, del, err := u.patterns()
	if err != nil {
		return nil, err
	}
	found, ok := p.found.(*variables)
	if !ok {
		return nil, errors.New("the query of the step was not asked")
	}
	at := map[uint64]*node{}
	sets, dels := map[uint64][]dql.Quad{}, map[uint64][]dql.Quad{}
	for _, n := range p.nodes {
		at[n.uid] = n
	}
	for i, q := range slices.Concat(set, del) {
		for _, uid := range found.nodes[q.subject] {
			n := at[uid]
			if n == nil {
				return nil, fmt.Errorf("%s: uid(%s) has %s, which is no node of the batch: that would be written more than once, or by several batches; begin the query with func: uid(%s)",
					q.line, q.subject, dql.Node(uid), nodesVariable)
			}
			quad, there, err := q.of(uid, found, p)
			if err != nil {
				return nil, &ofNode{fmt.Errorf("%s: %w", q.line, err), uid}
			}
			switch held := slices.ContainsFunc(n.quads[q.predicate], func(have dql.Quad) bool { return quad.All && have.Lang == quad.Lang || sameObject(have, quad) }); {
			case !there:
			case i < len(set) && !held:
				sets[uid] = append(sets[uid], quad)
			case i >= len(set) && held:
				dels[uid] = append(dels[uid], quad)
			}
		}
	}
	for _, n := range p.nodes {
		c.write(sets[n.uid], dels[n.uid])
	}
	return c, nil
}

// of is the quad of a pattern for a node. There is none where the variable has
// nothing for it.
func (q *pattern) of(uid uint64, found *variables, p *page) (quad dql.Quad, there bool, err error) {
	quad = dql.Quad{Subject: dql.Node(uid), Predicate: q.predicate, Lang: q.lang}
	if err := p.declared(q.predicate); err != nil {
		return quad, false, err
	}
	live := p.predicate(q.predicate)
	if isEdge := q.node != "" || q.uid != 0; !q.everything && isEdge != (live.Type == "uid") {
		return quad, false, fmt.Errorf("%s is of type %s", q.predicate, live.Type)
	}
	switch {
	case q.everything:
		quad.All = true
		return quad, true, nil
	case q.uid != 0:
		quad.Object = dql.Node(q.uid)
		return quad, true, nil
	case q.node != "":
		nodes := found.nodes[q.node]
		if len(nodes) > 1 {
			return quad, false, fmt.Errorf("uid(%s) is several nodes, and every subject would get an edge to each of them: let it be one", q.node)
		}
		if len(nodes) == 0 {
			return quad, false, nil // in an upsert block that would make a new node
		}
		quad.Object = dql.Node(nodes[0])
		return quad, true, nil
	}
	var data any = q.literal
	if q.value != "" {
		if data, there = found.values[q.value][uid]; !there {
			return quad, false, nil
		}
	}
	quad.Type = live.Type
	quad.Data, err = fitting(data, live.Type)
	return quad, true, err
}

// fitting is a value as one of a stored type.
func fitting(data any, typ string) (any, error) {
	switch typ {
	case "password", "geo", "float32vector":
		return nil, fmt.Errorf("values of type %s cannot be written by a query", typ)
	case "string", "default":
		if text, ok := data.(string); ok {
			return text, nil
		}
		return fmt.Sprint(data), nil
	}
	switch data.(type) {
	case string:
	case json.Number:
		if typ == "float" {
			return data, nil
		}
	case bool:
		if typ == "bool" {
			return data, nil
		}
	default:
		return nil, fmt.Errorf("a value of a form that is not known for type %s", typ)
	}
	return Reading{Type: typ}.parse(fmt.Sprint(data))
}

// dql is the block that would do the same by hand.
func (u *Upsert) dql(s *Step) string {
	var b strings.Builder
	b.WriteString("# What is read, page after page; each value is then written by itself, and only where there is one.\nupsert {\n  query {\n")
	filter := ""
	if s.Select.Filter != "" {
		filter = " @filter(" + s.Select.Filter + ")"
	}
	fmt.Fprintf(&b, "    %s as var(func: %s, first: 1000, after: 0x0)%s\n", nodesVariable, s.Select.Root, filter)
	b.WriteString(indented(u.Query, "    ") + "  }\n  mutation {\n")
	for _, part := range []struct{ name, text string }{{"set", u.Set}, {"delete", u.Delete}} {
		if part.text != "" {
			fmt.Fprintf(&b, "    %s {\n%s    }\n", part.name, indented(part.text, "      "))
		}
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

func indented(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		b.WriteString(by + line)
	}
	return b.String()
}
