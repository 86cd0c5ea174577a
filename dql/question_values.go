package dql

import (
	"encoding/json"
	"strings"
)

// verdicts judge a value, and say whether the verdict is counted.
type verdicts func(v Value) (verdict string, counted, fits bool)

// judgement has each value judged.
type judgement struct {
	findings
	held  held
	judge verdicts
	show  func(any) any // what samples show of a value; nil for the value
}

func newJudgement(s *sight, f Field, judge verdicts, show func(any) any) (*judgement, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	j := &judgement{held: h, judge: judge, show: show}
	j.counted = true
	j.begin(s, shown(h.root(), "", "uid "+h.column()), &part{root: h.root(), total: h.root(), columns: []string{h.column()},
		begin:      func() reading { return eachRow{take: j.take} },
		unreadable: j.couldNotRead})
	return j, nil
}

// unreadableVerdict is where the histogram counts the nodes that the server fails to read.
const unreadableVerdict = "unreadable"

func (j *judgement) take(r row) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var bad []any
	j.held.values(r, 0, func(v Value) {
		verdict, counted, fits := j.judge(v)
		if counted {
			j.tally.add(verdict, 1)
		}
		if fits {
			return
		}
		j.values++
		if j.show != nil {
			v.Data = j.show(v.Data)
		}
		bad = append(bad, v.Data)
	})
	if len(bad) > 0 {
		j.found(r.uid, func() []any { return bad })
	}
}

func (j *judgement) couldNotRead(uid uint64) {
	j.findings.couldNotRead(uid)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.found(uid, nil)
	j.tally.add(unreadableVerdict, 1)
}

// several counts values.
type several struct{ findings }

func newSeveral(s *sight, f Field) (inquiry, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	v := &several{}
	v.tally.numbers = true
	column := "count(" + h.name + ")"
	p := &part{root: h.root(), total: h.root(), columns: []string{column}, begin: func() reading { return eachRow{take: v.take} }}
	v.begin(s, shown(h.root(), "", "uid "+column), p)
	if !h.List {
		p.columns = nil // the total is all there is to know
		p.whole = true
		p.begin = func() reading { return quiet{} }
	}
	return v, nil
}

func (v *several) take(r row) {
	n := r.number(0)
	if n == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tally.add(r.get(0).(json.Number).String(), 1)
	if n > 1 {
		v.values += n - 1
		v.found(r.uid, func() []any { return []any{r.get(0)} })
	}
}

// languages looks at the tags of values.
type languages struct {
	findings
	held held
}

func newLanguages(s *sight, f Field) (*languages, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	l := &languages{held: h}
	l.begin(s, shown(h.root(), "", "uid "+h.column()), &part{root: h.root(), total: h.root(), columns: []string{h.column()},
		begin: func() reading { return eachRow{take: l.take} }})
	return l, nil
}

func (l *languages) take(r row) {
	tags := map[string]bool{}
	l.held.values(r, 0, func(v Value) { tags[v.Lang] = true })
	if len(tags) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var tagged []any
	for _, tag := range sortedKeys(tags) {
		l.tally.add(tag, 1)
		if tag != "" {
			l.values++
			tagged = append(tagged, tag)
		}
	}
	if len(tagged) > 0 {
		l.found(r.uid, func() []any { return tagged })
	}
}

// facets looks at what is noted at values and edges.
type facets struct {
	findings
	begun map[uint64]map[string]bool // of nodes whose edges are read in several pages
}

func newFacets(s *sight, f Field) (*facets, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	column := h.column() + " @facets"
	if h.Type == "uid" {
		column = h.name + " " + pageOfEdges + " @facets { uid }"
	}
	k := &facets{begun: map[uint64]map[string]bool{}}
	k.begin(s, shown(h.root(), "", "uid "+column), &part{root: h.root(), total: h.root(), columns: []string{column},
		begin: func() reading { return &facetReading{of: k} }})
	return k, nil
}

// facetReading remembers the nodes with more edges.
type facetReading struct {
	quiet
	of   *facets
	more []rest
}

func (f *facetReading) row(r row) {
	names := map[string]bool{}
	prefix := r.aliases[0] + "|"
	note := func(m map[string]any) {
		for key := range m {
			if name, ok := strings.CutPrefix(key, prefix); ok {
				names[name] = true
			}
		}
	}
	note(r.fields)
	edges := r.edges(0)
	for _, e := range edges {
		note(e)
	}
	k := f.of
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.begun[r.uid]
	if len(edges) == edgesPerNode {
		f.more = append(f.more, rest{r.uid, uidOf(edges[len(edges)-1]["uid"])})
		if before == nil {
			before = map[string]bool{}
			k.begun[r.uid] = before
		}
	} else {
		delete(k.begun, r.uid)
	}
	if len(before) == 0 && len(names) > 0 {
		all := sortedKeys(names)
		k.found(r.uid, func() []any { return anys(all) })
	}
	for name := range names {
		if !before[name] {
			k.tally.add(name, 1)
		}
		if before != nil {
			before[name] = true
		}
	}
}

func (f *facetReading) end() []rest { return f.more }
