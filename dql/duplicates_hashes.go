package dql

import "slices"

// hashSet remembers which hashes came, and which of them came again: one number for each, however often it came.
// They lie in buckets, so that sorting one and making room in it costs little beside the whole.
type hashSet struct {
	buckets [][]uint64 // the lowest bit of a hash is replaced by "it came again"
	room    int        // numbers that the buckets have room for
	most    int        // room that they may have
}

const (
	again       = uint64(1)
	bucketCount = 256
	// roomSize is what room for one hash costs, with the copy of a bucket that grows.
	roomSize = 9 // bytes
)

// newHashSet makes a set that takes about that memory, in bytes.
func newHashSet(memory int64) *hashSet {
	h := &hashSet{most: max(int(memory/roomSize), 16), buckets: make([][]uint64, 1)}
	if h.most > bucketCount*64 {
		h.buckets = make([][]uint64, bucketCount)
	}
	return h
}

// add notes that a hash came. It reports false when there is no room left; the hash is noted even then.
func (h *hashSet) add(hash uint64) bool {
	hash &^= again
	b := &h.buckets[hash>>1%uint64(len(h.buckets))]
	fits := true
	if len(*b) == cap(*b) {
		*b = merged(*b)
		if len(*b) >= cap(*b)/4*3 {
			before, room := cap(*b), max(cap(*b)/4*5, 8)
			fits = h.room+room-before <= h.most
			*b = append(make([]uint64, 0, room), *b...)
			h.room += cap(*b) - before
		}
	}
	*b = append(*b, hash)
	return fits
}

// keep forgets all others.
func (h *hashSet) keep(wanted func(hash uint64) bool) {
	h.room = 0
	for i, b := range h.buckets {
		b = slices.DeleteFunc(merged(b), func(hash uint64) bool { return !wanted(hash) })
		h.buckets[i] = slices.Clip(slices.Clone(b))
		h.room += cap(h.buckets[i])
	}
}

// repeated empties the set. It returns the hashes that came more than once, in order, and the number of all.
func (h *hashSet) repeated() (all []uint64, distinct int) {
	n := 0
	for i, b := range h.buckets {
		h.buckets[i] = merged(b)
		distinct += len(h.buckets[i])
		for _, hash := range h.buckets[i] {
			n += int(hash & again)
		}
	}
	all = make([]uint64, 0, n)
	for i, b := range h.buckets {
		for _, hash := range b {
			if hash&again != 0 {
				all = append(all, hash&^again)
			}
		}
		h.buckets[i] = nil
	}
	slices.Sort(all)
	return all, distinct
}

// merged sorts a bucket, and makes one of those that are the same.
func merged(b []uint64) []uint64 {
	slices.Sort(b)
	n := 0
	for _, hash := range b {
		if n > 0 && b[n-1]&^again == hash&^again {
			b[n-1] |= again
			continue
		}
		b[n] = hash
		n++
	}
	return b[:n]
}
