package dql

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// Answer is what came of one [Question].
type Answer struct {
	// Asked says that the server was asked, or that it was certain without asking that there is nothing.
	Asked bool
	// Complete says that everything was looked at. Else the numbers are lower bounds, of what was seen.
	Complete bool
	// Reason says why the question was not asked, or is not complete; "" otherwise.
	Reason string

	// Violations counts the distinct nodes that the question looks for.
	Violations uint64
	// Groups counts the sets of duplicates.
	Groups uint64
	// Total counts the nodes that were looked through: those of the types, or else those with the predicate.
	// It is 0 for [Untyped], which looks through many predicates.
	Total uint64
	// Values counts the values or edges that the nodes of Violations are there for, where one node can have
	// several: those that do not fit, targets that lack the type, edges without their inverse, values that are
	// more than one, duplicates.
	Values uint64
	// Empty counts, for [Duplicates] and [DuplicatesAcross], the nodes that hold "", which are in no group,
	// and for [Dangling] those with an edge to a node that has no data either.
	Empty uint64
	// Variants counts, for [Duplicates] and [DuplicatesAcross], the sets of unequal values that differ only by
	// case or by blanks around them, and VariantNodes the nodes with one of them (a list of several counts
	// once for each).
	Variants, VariantNodes uint64
	// Ambiguous counts, for [OneSided], the nodes with several candidates for the one edge that they can have.
	Ambiguous uint64
	// Unreadable counts the nodes whose values the server fails to read. They make the answer incomplete,
	// except for [Unfit], [Outside] and [Larger], where they are violations.
	Unreadable uint64

	// Samples are the violations with the lowest uids, in their order.
	Samples []Sample
	// Sets are, for [Duplicates] and [DuplicatesAcross], the groups with the lowest uids.
	Sets []Set
	// Histogram says how many of what, by key; what the keys are is said by the question. Numbers are in their
	// order, everything else in that of its bytes.
	Histogram []Bucket
	// Others is the sum of the buckets that were too many to be kept: those after the first 1,000 keys.
	Others uint64

	// DQL is the question in Dgraph's query language, for people who want to ask it themselves. What is read
	// in pages, and compared afterwards, is shown as one query.
	DQL string
}

// Sample is one node. Values are its values that matter, at most a few: string, json.Number, bool,
// map[string]any for geo and []any for a vector. Of edges they are the targets' uids as text ("0x5"). Long
// strings are cut, and end with an ellipsis then.
type Sample struct {
	UID    uint64
	Values []any
}

// Set is one group of duplicates: the value, how many nodes have it, and the lowest uids of them.
type Set struct {
	Value any
	Nodes uint64
	UIDs  []uint64
}

// Bucket is one bar of a histogram.
type Bucket struct {
	Key string
	N   uint64
}

// Moment is when the data was read, as timestamps of Dgraph. They are equal when everything was read in one
// transaction, and 0 when nothing was.
type Moment struct{ From, To uint64 }

const (
	// maxKeys is the number of buckets that a histogram keeps. Stored data decides about the keys.
	maxKeys = 1000
	// maxShown is the length of a value from which it is cut where it is only shown, in bytes.
	maxShown = 1 << 10
	// maxSampleValues is the number of values of one node that a sample shows.
	maxSampleValues = 5
)

// lowest keeps the samples with the lowest uids, in whatever order they come.
type lowest struct {
	most    int
	samples []Sample
}

// add keeps the sample when it is among the lowest. Values are only asked for then.
func (l *lowest) add(uid uint64, values func() []any) {
	i, found := slices.BinarySearchFunc(l.samples, uid, func(s Sample, uid uint64) int { return cmp.Compare(s.UID, uid) })
	if found || i >= l.most {
		return
	}
	if len(l.samples) == l.most {
		l.samples = l.samples[:l.most-1]
	}
	var shown []any
	if values != nil {
		for _, v := range values() {
			if len(shown) == maxSampleValues {
				break
			}
			shown = append(shown, cut(v))
		}
	}
	l.samples = slices.Insert(l.samples, i, Sample{UID: uid, Values: shown})
}

// join is add, but a sample that is there already gets the values in addition, up to a bound that is not that of
// samples: the caller sees to it with trim.
func (l *lowest) join(uid uint64, values []any) {
	const most = 100
	l.add(uid, nil)
	i, found := slices.BinarySearchFunc(l.samples, uid, func(s Sample, uid uint64) int { return cmp.Compare(s.UID, uid) })
	if !found {
		return
	}
	for _, v := range values {
		if len(l.samples[i].Values) < most {
			l.samples[i].Values = append(l.samples[i].Values, cut(v))
		}
	}
}

// trim sorts the values of each sample and leaves the first ones.
func (l *lowest) trim() {
	for i := range l.samples {
		v := l.samples[i].Values
		slices.SortFunc(v, func(a, b any) int { return cmp.Compare(textOf(a), textOf(b)) })
		l.samples[i].Values = v[:min(len(v), maxSampleValues)]
	}
}

// cut shortens a long text.
func cut(v any) any {
	s, ok := v.(string)
	if !ok || len(s) <= maxShown {
		return v
	}
	return cutText(s, maxShown)
}

func cutText(s string, most int) string {
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// tally counts by keys. It keeps the first of them in their order, which does not depend on the order in which
// they come: a key that once had to go is after all that are kept from then on.
type tally struct {
	numbers bool // the keys are decimal numbers
	counts  map[string]uint64
	last    string // of the kept keys; meaningful when there are maxKeys
	others  uint64
}

func (t *tally) compare(a, b string) int {
	if t.numbers && len(a) != len(b) {
		return cmp.Compare(len(a), len(b))
	}
	return cmp.Compare(a, b)
}

func (t *tally) add(key string, n uint64) {
	const most = 200 // bytes of a key
	if len(key) > most {
		key = cutText(key, most)
	}
	if t.counts == nil {
		t.counts = map[string]uint64{}
	}
	if _, ok := t.counts[key]; ok {
		t.counts[key] += n
		return
	}
	if len(t.counts) == maxKeys {
		if t.compare(key, t.last) > 0 {
			t.others += n
			return
		}
		t.others += t.counts[t.last]
		delete(t.counts, t.last)
	}
	t.counts[key] = n
	if len(t.counts) == maxKeys {
		t.last = key
		for k := range t.counts {
			if t.compare(k, t.last) > 0 {
				t.last = k
			}
		}
	}
}

// buckets are in the order of their keys.
func (t *tally) buckets() []Bucket {
	var all []Bucket
	for k, n := range t.counts {
		all = append(all, Bucket{k, n})
	}
	slices.SortFunc(all, func(a, b Bucket) int { return t.compare(a.Key, b.Key) })
	return all
}

// bag collects uids within a bound of memory. It keeps as many copies of each as it was made for.
type bag struct {
	most   int // number of uids
	copies int // of one uid
	uids   []uint64
	full   bool // something was left out
}

// newBag makes a bag that takes at most the memory, in bytes.
func newBag(memory int64, copies int) *bag {
	return &bag{most: int(min(max(memory/8, 64), math.MaxInt32)), copies: copies}
}

func (b *bag) add(uid uint64) {
	if b.full {
		return
	}
	if len(b.uids) == b.most {
		b.compact()
		if len(b.uids) > b.most/4*3 {
			b.full = true
			return
		}
	}
	b.uids = append(b.uids, uid)
}

// compact sorts the uids and drops copies that are too many.
func (b *bag) compact() { b.uids = compactCopies(b.uids, b.copies) }

// compactCopies sorts, and leaves at most that many copies of each number.
func compactCopies(all []uint64, copies int) []uint64 {
	slices.Sort(all)
	n := 0
	for i, x := range all {
		if i >= copies && n >= copies && all[n-copies] == x {
			continue
		}
		all[n] = x
		n++
	}
	return all[:n]
}

// distinct is the number of different uids.
func (b *bag) distinct() uint64 {
	b.compact()
	n := uint64(0)
	for i, uid := range b.uids {
		if i == 0 || b.uids[i-1] != uid {
			n++
		}
	}
	return n
}

// repeated are the numbers that are there more than once, of a sorted list.
func repeated(sorted []uint64) []uint64 {
	var all []uint64
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] && (len(all) == 0 || all[len(all)-1] != sorted[i]) {
			all = append(all, sorted[i])
		}
	}
	return all
}
