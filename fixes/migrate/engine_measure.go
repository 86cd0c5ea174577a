package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/dql"
)

const (
	// countedAtOnce is how many nodes are counted by one question, where a server
	// takes its time for that.
	countedAtOnce = 1000
	// countedMost is how many nodes are counted, and not estimated, before they are
	// divided into ranges.
	countedMost = 20_000
	// sampleSize is how many nodes show how close to each other those are that follow.
	sampleSize = 64
	// mostSamples bounds how many samples are taken.
	mostSamples = 1000
	// finely is how many stretches of about as many nodes a range is made of.
	finely = 16
)

// seek finds a node by its place in the order of uids: the one that follows after
// some others behind a uid. ok is false when there are not as many.
type seek func(ctx context.Context, after, others uint64) (uid uint64, ok bool, err error)

// seek asks for the nodes under the root.
func (w *work) seek(ctx context.Context, after, others uint64) (uid uint64, ok bool, err error) {
	// Moments of their own: a server forgets those that are long over.
	answer, err := w.client.Snapshot().Query(ctx, fmt.Sprintf("{m(func: %s, first: 1, offset: %d, after: %s) {uid}}", w.reader.step.Select.Root, others, dql.Node(after)), nil)
	if err != nil {
		return 0, false, fmt.Errorf("counting the nodes of the step: %w", err)
	}
	err = dql.Rows(answer, "m", func(row dql.Row) error { uid, ok = row.UID, row.UID > after; return nil })
	return uid, ok, err
}

// measure is how many nodes the step goes through. To count those that hold something
// a server passes over all of them, which takes as long as to write a third of them:
// many that are divided into ranges are estimated instead.
func (w *work) measure(ctx context.Context) (uint64, error) {
	s := w.reader.step.Select
	polite, several := w.courteous(w.reader.step), w.options.Concurrency > 1
	if polite == nil && !several || s.Filter != "" || !strings.HasPrefix(s.Root, "has(") {
		return countNodes(ctx, w.client.Snapshot(), s)
	}
	nodes, after := uint64(0), uint64(0)
	for {
		rest := polite.work()
		uid, ok, err := w.seek(ctx, after, countedAtOnce-1)
		if err != nil {
			return 0, err
		}
		if err := rest(ctx); err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		nodes, after = nodes+countedAtOnce, uid
		switch {
		case several && nodes >= countedMost:
			e, err := estimated(ctx, w.seek, w.options.Concurrency)
			w.bounds = e.bounds(w.options.Concurrency)
			return max(uint64(e.nodes()), nodes), err
		case nodes > courteousFrom:
			polite.start(ctx, w.lookUp(w.reader.step))
		}
	}
	answer, err := w.client.Snapshot().Query(ctx, fmt.Sprintf("{r(func: %s, after: %s) {count(uid)}}", s.Root, dql.Node(after)), nil)
	if err != nil {
		return 0, fmt.Errorf("counting the nodes of the step: %w", err)
	}
	err = dql.Rows(answer, "r", func(row dql.Row) error { nodes += row.Count("count"); return nil })
	return nodes, err
}

// stretch are the nodes with uids in a range, of which the first show how many there are.
type stretch struct {
	after, upTo uint64
	// sampled is the last node of the sample, which may be behind the stretch.
	sampled uint64
	nodes   float64
}

// estimate are stretches in the order of uids, that have all nodes.
type estimate []stretch

// estimated takes samples of nodes until no stretch has many of them. It is right where
// nodes are about as close to each other in a stretch as at its beginning.
func estimated(ctx context.Context, at seek, ranges int) (estimate, error) {
	first, ok, err := at(ctx, 0, 0)
	if err != nil || !ok {
		return nil, err
	}
	// Twice as far each time, until nothing is there any more.
	last, end := first, first
	for ok {
		end = last + max(last-first, 1)
		if end < last {
			end = 1<<64 - 1
			break
		}
		if last, ok, err = at(ctx, end, 0); err != nil {
			return nil, err
		}
	}
	whole := stretch{after: first - 1, upTo: end}
	if err := whole.sample(ctx, at); err != nil {
		return nil, err
	}
	all := estimate{whole}
	for range mostSamples {
		i := 0
		for j := range all {
			if all[j].nodes > all[i].nodes {
				i = j
			}
		}
		if p := all[i]; p.nodes <= max(all.nodes()/float64(finely*ranges), sampleSize) || p.upTo-p.after < 2 {
			break
		}
		left, right := all[i], all[i]
		left.upTo = left.after + (left.upTo-left.after)/2
		right.after = left.upTo
		left.guess()
		if err := right.sample(ctx, at); err != nil {
			return nil, err
		}
		all = slices.Replace(all, i, i+1, left, right)
	}
	return all, nil
}

// sample looks where the first nodes of the stretch end.
func (p *stretch) sample(ctx context.Context, at seek) error {
	uid, ok, err := at(ctx, p.after, sampleSize-1)
	if !ok {
		uid = 1<<64 - 1
	}
	p.sampled = uid
	p.guess()
	return err
}

// guess says how many nodes the stretch has, by its sample.
func (p *stretch) guess() {
	p.nodes = sampleSize * float64(p.upTo-p.after) / float64(p.sampled-p.after)
}

// nodes is how many there are.
func (e estimate) nodes() float64 {
	sum := 0.0
	for _, p := range e {
		sum += p.nodes
	}
	return sum
}

// bounds are the last uids of n ranges but for the last one, that have about as many
// nodes.
func (e estimate) bounds(n int) []uint64 {
	share, sum := e.nodes()/float64(n), 0.0
	bounds := []uint64{}
	for _, p := range e {
		for len(bounds) < n-1 && p.nodes > 0 && sum+p.nodes >= share*float64(len(bounds)+1) {
			within := (share*float64(len(bounds)+1) - sum) / p.nodes
			bounds = append(bounds, p.after+uint64(within*float64(p.upTo-p.after)))
		}
		sum += p.nodes
	}
	return slices.Compact(bounds)
}
