package dql

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// duplicates finds equal values in passes over the data. The first pass remembers a hash of each value, and
// only when hashes come twice a second pass counts the nodes with the values behind these. Where the memory does
// not suffice for all hashes, a pass takes only those that begin with certain bits, and further passes take the
// others; the same is done with the values that came twice. Nothing is remembered of a value but numbers, except
// of those that the answer names.
type duplicates struct {
	findings
	held   held
	across bool
	read   func(Value) (any, bool) // nil where values are compared as they are stored
	many   bool                    // a node can have several values
	share  int64
	part   *part
	fold   maphash.Seed // for hashes that variants of a value have in common
	seed   maphash.Seed // for hashes of the values themselves
	sets   []Set        // the lowest
	passes int

	phase  phase
	now    fraction
	later  []fraction
	hashes *hashSet // while hashing
	twice  []uint64 // folded hashes that came twice, in order
	lo, hi int      // those of twice whose values are compared now
	room   int64    // bytes that comparing may take
	slots  []slot   // one for each of these
	more   map[text]*slot
	named  map[text]*naming
	size   int64  // of named, in bytes
	bar    uint64 // groups with no lower uid are not named any more, once something had to go; 0 before
	unseen bool   // a group of the answer has still to be named
	lows   []uint64
	nodes  *bag // with duplicates, where a node can have several values and several passes count them
	types  typeSets

	count, empty           uint64
	variants, variantNodes uint64
	largest                uint64 // number of nodes in one group
}

// phase is what a pass does.
type phase uint8

const (
	idle       phase = iota
	hashing          // remember hashes
	comparing        // count the nodes with each of the values whose hashes came twice
	recounting       // look at these again: for the nodes of which each has several, and for names
)

// fraction are the hashes that begin with certain bits.
type fraction struct {
	prefix uint64
	bits   uint
}

func (f fraction) has(hash uint64) bool { return f.bits == 0 || hash>>(64-f.bits) == f.prefix }

// halves are the fraction in two parts.
func (f fraction) halves() (fraction, fraction) {
	return fraction{f.prefix << 1, f.bits + 1}, fraction{f.prefix<<1 | 1, f.bits + 1}
}

// text stands for a value: its hash, and the one that its variants have too.
type text struct{ folded, exact uint64 }

// slot is what is remembered of the nodes with one value.
type slot struct {
	exact  uint64
	lowest uint64 // uid
	last   uint64 // uid of the node that came last
	nodes  uint32
	common int32 // types that all have, where that matters
}

// naming is what the answer shows of the nodes with one value.
type naming struct {
	value any
	uids  []uint64 // the lowest, in order
}

const (
	maxFractions = 40  // bits
	slotSize     = 40  // bytes, with its hash
	moreSize     = 150 // bytes of a slot that is not the first of its folded hash
	namingSize   = 250 // bytes without the value
	// What comparing takes at most is this, and some bytes for each of the values.
	compareSize, compareShare = 16 << 20, 16
	// mostNamed bounds what is remembered for the names of groups.
	mostNamed = 2 << 20
)

func newDuplicates(s *sight, f Field, across bool) (*duplicates, error) {
	h, err := s.held(f)
	if err != nil {
		return nil, err
	}
	d := &duplicates{held: h, across: across, share: s.share, fold: maphash.MakeSeed(), seed: maphash.MakeSeed()}
	d.many = h.List || h.Field.Lang == "*"
	columns := []string{h.column()}
	if across {
		columns = append(columns, dgraphType)
	}
	d.part = &part{root: h.root(), total: h.root(), columns: columns, begin: func() reading { return d.reading() }}
	d.begin(s, shown(h.root(), "", "uid "+strings.Join(columns, " ")), d.part)
	return d, nil
}

// parts goes on to the next phase.
func (d *duplicates) parts() []*part {
	switch d.phase {
	case idle:
		d.start(fraction{})
	case hashing:
		var distinct int
		d.twice, distinct = d.hashes.repeated()
		d.hashes = nil
		d.room = min(d.share, compareSize+compareShare*int64(distinct))
		return d.further()
	case comparing:
		if d.evaluate() {
			d.phase = recounting
			break
		}
		return d.further()
	case recounting:
		d.name()
		return d.further()
	}
	d.passes++
	return []*part{d.part}
}

// further goes on with the next of the values that came twice.
func (d *duplicates) further() []*part {
	d.lo, d.slots, d.more, d.named, d.size, d.bar = d.hi, nil, nil, nil, 0, 0
	if d.lo == len(d.twice) {
		return d.next()
	}
	n := max(int((d.room-min(mostNamed, d.room/4))/slotSize), 4)
	d.hi = min(d.lo+n, len(d.twice))
	d.slots, d.more, d.named = make([]slot, d.hi-d.lo), map[text]*slot{}, map[text]*naming{}
	d.phase = comparing
	d.passes++
	return []*part{d.part}
}

// next goes on with the next fraction of the values.
func (d *duplicates) next() []*part {
	d.twice, d.lo, d.hi = nil, 0, 0
	if len(d.later) == 0 {
		d.phase = idle
		return nil
	}
	f := d.later[len(d.later)-1]
	d.later = d.later[:len(d.later)-1]
	d.start(f)
	d.passes++
	return []*part{d.part}
}

func (d *duplicates) start(f fraction) {
	d.now, d.phase, d.hashes = f, hashing, newHashSet(d.share)
}

// duplicateReading is one page. What it finds waits for the end of the page, so that pages that are read at the
// same time do not wait for each other.
type duplicateReading struct {
	quiet
	of     *duplicates
	phase  phase
	twice  []uint64
	hashes []uint64
	seen   []sighting
	empty  uint64
}

// sighting is a value that came twice, at one of its nodes.
type sighting struct {
	text
	uid   uint64
	value any
	types []string
}

func (d *duplicates) reading() *duplicateReading {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &duplicateReading{of: d, phase: d.phase, twice: d.twice[d.lo:d.hi]}
}

func (p *duplicateReading) row(r row) {
	d, empty := p.of, false
	d.held.values(r, 0, func(v Value) {
		data := v.Data
		if d.read != nil {
			var ok bool
			if data, ok = d.read(v); !ok {
				return
			}
		}
		s := textOf(data)
		if s == "" {
			empty = true
			return
		}
		// The lowest bit is no part of a hash, see hashSet.
		folded := maphash.String(d.fold, d.folded(s)) &^ again
		if p.phase == hashing {
			p.hashes = append(p.hashes, folded)
			return
		}
		if _, twice := slices.BinarySearch(p.twice, folded); !twice {
			return
		}
		found := sighting{text: text{folded, maphash.String(d.seed, s)}, uid: r.uid, value: v.Data}
		if d.across && p.phase == comparing {
			found.types = r.texts(1)
		}
		p.seen = append(p.seen, found)
	})
	if empty {
		p.empty++
	}
}

func (p *duplicateReading) end() []rest {
	d := p.of
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passes == 1 {
		d.empty += p.empty
	}
	for _, hash := range p.hashes {
		if d.now.has(hash) && !d.hashes.add(hash) {
			d.split()
		}
	}
	if p.phase == comparing {
		for _, s := range p.seen {
			d.compare(s)
		}
	} else {
		for len(p.seen) > 0 {
			n := 1
			for n < len(p.seen) && p.seen[n].uid == p.seen[0].uid {
				n++
			}
			d.recount(p.seen[:n])
			p.seen = p.seen[n:]
		}
	}
	return nil
}

// split leaves half of the current fraction to a later pass.
func (d *duplicates) split() {
	if d.now.bits == maxFractions {
		return
	}
	now, later := d.now.halves()
	d.now, d.later = now, append(d.later, later)
	d.hashes.keep(now.has)
}

// slot finds that of a value, nil when the value is not looked at now.
func (d *duplicates) slot(t text) *slot {
	i, ok := slices.BinarySearch(d.twice[d.lo:d.hi], t.folded)
	if !ok {
		return nil
	}
	if s := &d.slots[i]; s.nodes == 0 || s.exact == t.exact {
		return s
	}
	return d.more[t]
}

// compare puts a node to those with the same value.
func (d *duplicates) compare(found sighting) {
	s := d.slot(found.text)
	if s == nil {
		if i, ok := slices.BinarySearch(d.twice[d.lo:d.hi], found.folded); !ok || i < 0 {
			return // left to a later pass since the page was begun
		}
		s = &slot{}
		d.more[found.text] = s
	}
	common := int32(0)
	if d.across {
		common = int32(d.types.of(found.types, d.held.Types))
	}
	switch {
	case s.nodes == 0:
		*s = slot{exact: found.exact, lowest: found.uid, common: common}
		d.admit(found)
	case s.last == found.uid:
		return // the same value with another tag
	default:
		s.lowest = min(s.lowest, found.uid)
		if d.across {
			s.common = int32(d.types.both(int(s.common), int(common)))
		}
		if n := d.named[found.text]; n != nil {
			n.add(found.uid, d.low.most)
		}
	}
	s.nodes++
	s.last = found.uid
	for int64(len(d.slots))*slotSize+int64(len(d.more))*moreSize+d.size > d.room && d.hi-d.lo > 4 {
		d.shrink()
	}
}

// shrink leaves half of the values to a later pass.
func (d *duplicates) shrink() {
	d.hi = d.lo + (d.hi-d.lo)/2
	d.slots = slices.Clone(d.slots[:d.hi-d.lo])
	later := func(t text) bool { return t.folded >= d.twice[d.hi] }
	maps.DeleteFunc(d.more, func(t text, _ *slot) bool { return later(t) })
	maps.DeleteFunc(d.named, func(t text, n *naming) bool {
		if later(t) {
			d.size -= n.size()
			return true
		}
		return false
	})
}

// admit remembers the value of a group, and from then on its lowest uids. When that are too many, those that
// begin highest go: the answer has none of them, unless a still lower node has the value too.
func (d *duplicates) admit(found sighting) {
	if d.low.most == 0 || d.bar > 0 && found.uid >= d.bar {
		return
	}
	n := &naming{value: cut(found.value), uids: []uint64{found.uid}}
	d.named[found.text] = n
	d.size += n.size()
	if d.size <= min(mostNamed, d.room/4) || len(d.named) < 2*d.low.most {
		return
	}
	lows := make([]uint64, 0, len(d.named))
	for _, n := range d.named {
		lows = append(lows, n.uids[0])
	}
	slices.Sort(lows)
	d.bar = lows[len(lows)/2]
	maps.DeleteFunc(d.named, func(_ text, n *naming) bool {
		if n.uids[0] >= d.bar {
			d.size -= n.size()
			return true
		}
		return false
	})
}

func (n *naming) size() int64 { return namingSize + int64(len(textOf(n.value))) }

// add keeps the uid when it is among the lowest.
func (n *naming) add(uid uint64, most int) {
	i, there := slices.BinarySearch(n.uids, uid)
	if there || i >= most {
		return
	}
	if len(n.uids) == most {
		n.uids = n.uids[:most-1]
	}
	n.uids = slices.Insert(n.uids, i, uid)
}

// isGroup says whether several nodes have the value, in a way that the question is about.
func (d *duplicates) isGroup(s *slot) bool { return s.nodes > 1 && (!d.across || s.common == 0) }

// each calls with all slots that something came for.
func (d *duplicates) each(call func(t text, s *slot)) {
	for i := range d.slots {
		if s := &d.slots[i]; s.nodes > 0 {
			call(text{d.twice[d.lo+i], s.exact}, s)
		}
	}
	for t, s := range d.more {
		call(t, s)
	}
}

// evaluate takes stock of the values, and reports whether another pass has to look at them.
func (d *duplicates) evaluate() bool {
	d.near()
	groups := uint64(0)
	d.each(func(_ text, s *slot) {
		if !d.isGroup(s) {
			return
		}
		groups++
		d.values += uint64(s.nodes)
		d.largest = max(d.largest, uint64(s.nodes))
		if i, there := slices.BinarySearch(d.lows, s.lowest); !there && i < d.low.most {
			d.lows = slices.Insert(d.lows, i, s.lowest)
			d.lows = d.lows[:min(len(d.lows), d.low.most)]
		}
	})
	d.count += groups
	if !d.many {
		d.violations = d.values
	}
	if groups == 0 {
		return false
	}
	// The groups with the lowest uids are named, and only of those can the lowest nodes be.
	names := map[text]*naming{}
	d.unseen = false
	d.each(func(t text, s *slot) {
		if !d.isGroup(s) || len(d.lows) == 0 || s.lowest > d.lows[len(d.lows)-1] {
			return
		}
		names[t] = d.named[t]
		if names[t] == nil {
			names[t] = &naming{}
			d.unseen = true
		}
	})
	d.named = names
	if d.many || d.unseen {
		return true
	}
	d.name()
	return false
}

// name keeps the groups that are named, as far as they are the lowest.
func (d *duplicates) name() {
	for t, n := range d.named {
		if n.value == nil {
			continue // not found again before the asking ended
		}
		d.keep(Set{Value: n.value, Nodes: uint64(d.slot(t).nodes), UIDs: n.uids})
		if d.many {
			continue
		}
		for _, uid := range n.uids {
			d.low.add(uid, func() []any { return []any{n.value} })
		}
	}
	d.named = nil
}

// near counts the sets of values that are nearly equal.
func (d *duplicates) near() {
	if d.across {
		return
	}
	families := map[uint64]uint64{} // nodes of those that are not the first
	for t, s := range d.more {
		families[t.folded] += uint64(s.nodes)
	}
	for folded, nodes := range families {
		i, _ := slices.BinarySearch(d.twice[d.lo:d.hi], folded)
		d.variants++
		d.variantNodes += nodes + uint64(d.slots[i].nodes)
	}
}

// keep inserts a set when it is among the lowest.
func (d *duplicates) keep(set Set) {
	if d.low.most == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(d.sets, set, func(a, b Set) int {
		if c := slices.Compare(a.UIDs, b.UIDs); c != 0 {
			return c
		}
		return strings.Compare(textOf(a.Value), textOf(b.Value))
	})
	if i == d.low.most {
		return
	}
	d.sets = slices.Insert(d.sets, i, set)
	d.sets = d.sets[:min(len(d.sets), d.low.most)]
}

// recount looks again at a node: whether it has one of the duplicates, and for the names of groups.
func (d *duplicates) recount(seen []sighting) {
	var found []any
	for _, v := range seen {
		if s := d.slot(v.text); s == nil || s.exact != v.exact || !d.isGroup(s) {
			continue
		}
		found = append(found, v.value)
		if n := d.named[v.text]; n != nil && d.unseen {
			n.value = cut(v.value)
			n.add(v.uid, d.low.most)
		}
	}
	if len(found) == 0 || !d.many {
		return
	}
	uid := seen[0].uid
	d.low.join(uid, found)
	// A pass sees each node once. Only where several passes look for parts of the values, a node can come again.
	if d.nodes == nil && (d.hi < len(d.twice) || len(d.later) > 0) {
		d.nodes = newBag(d.share/2, 1)
	}
	if d.nodes != nil {
		d.nodes.add(uid)
	} else {
		d.violations++
	}
}

func (d *duplicates) tell(a *Answer) {
	if !a.Complete && d.phase == comparing {
		d.evaluate() // what was seen
	}
	if !a.Complete && d.named != nil {
		d.name()
	}
	if d.nodes != nil {
		d.violations = d.nodes.distinct()
	}
	if d.many {
		d.violations = max(d.violations, d.largest)
		d.low.trim()
	}
	d.findings.tell(a)
	a.Groups, a.Sets, a.Empty = d.count, d.sets, d.empty
	a.Variants, a.VariantNodes = d.variants, d.variantNodes
	a.overflow(d.nodes != nil && d.nodes.full)
}

// folded is the text without what variants differ by. Only strings have variants.
func (d *duplicates) folded(text string) string {
	if d.held.Type != "string" && d.held.Type != "default" {
		return text
	}
	return strings.Map(foldRune, strings.TrimSpace(text))
}

// foldRune maps all cases of a letter to one of them, so that two texts are equal when [strings.EqualFold] says
// so.
func foldRune(r rune) rune {
	if r < unicode.MaxASCII && r != 'k' && r != 's' && r != 'K' && r != 'S' {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	low := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		low = min(low, next)
	}
	return low
}

// typeSets gives numbers to sets of types. 0 is the empty one.
type typeSets struct {
	numbers map[string]int
	sets    []string // a byte for each type
	meets   map[[2]int]int
}

// of is the number of the types that are among the given ones.
func (t *typeSets) of(types, given []string) int {
	set := make([]byte, len(given))
	for i, name := range given {
		if slices.Contains(types, name) {
			set[i] = 1
		}
	}
	return t.number(string(set))
}

func (t *typeSets) number(set string) int {
	if t.numbers == nil {
		t.numbers, t.meets = map[string]int{}, map[[2]int]int{}
		t.sets = []string{strings.Repeat("\x00", len(set))}
		t.numbers[t.sets[0]] = 0
	}
	n, ok := t.numbers[set]
	if !ok {
		n = len(t.sets)
		t.sets = append(t.sets, set)
		t.numbers[set] = n
	}
	return n
}

// both are the types that two sets have in common.
func (t *typeSets) both(a, b int) int {
	if a == b {
		return a
	}
	n, ok := t.meets[[2]int{a, b}]
	if !ok {
		set := []byte(t.sets[a])
		for i := range set {
			set[i] &= t.sets[b][i]
		}
		n = t.number(string(set))
		t.meets[[2]int{a, b}] = n
	}
	return n
}
