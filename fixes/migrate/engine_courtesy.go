package migrate

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/schemacheck/schemacheck/dql"
)

// courtesy keeps a run out of the way of those who read beside it. It looks a node
// up all the time, as they do. When that takes more than twice as long as it nearly
// always takes while the run rests, batches become smaller and the rests after them
// longer; as long as it does not, they grow back. Nil has none: nothing rests, and
// batches are as large as they get.
type courtesy struct {
	// begin starts it, which is done at the first step that is large enough.
	begin sync.Once
	end   sync.WaitGroup

	mu sync.Mutex
	// on says that it has begun. Before that it has no say.
	on bool
	// size bounds a batch, and rests is how long one is rested after, in times that
	// it took.
	size  int
	rests float64
	// busy says that a batch is at work, and since is when one began or ended last.
	busy  bool
	since time.Time
	// alone are the latest times of reads while the run rested.
	alone []time.Duration
	// quick counts reads since the last one that was slow.
	quick int
}

const (
	// courteousFrom is how many nodes a step has more of where courtesy is worth while:
	// with no more it is over before anybody can be slowed down more than now and then.
	courteousFrom = 10 * defaultBatch
	// askEvery is the time between two reads.
	askEvery = 25 * time.Millisecond
	// Batches begin with firstCourteous nodes, and have leastCourteous at least;
	// rests are not longer than mostRests times the batch, and not than longestRest.
	firstCourteous = 200
	leastCourteous = 50
	mostRests      = 8.0
	longestRest    = time.Second
	// leastAlone and mostAlone are how many reads while the run rested are needed to
	// judge others by them, and are kept.
	leastAlone = 10
	mostAlone  = 100
	// quickEnough is how many reads in a row are not slow before a run does more: of
	// readers beside it one in a hundred may wait longer.
	quickEnough = 100
)

// start begins to read, by a function that reads as others do, until the context
// ends.
func (c *courtesy) start(ctx context.Context, ask func(context.Context) error) {
	if c == nil {
		return
	}
	c.begin.Do(func() {
		c.mu.Lock()
		c.on, c.size, c.rests = true, firstCourteous, 1
		c.mu.Unlock()
		c.end.Go(func() {
			for sleep(ctx, askEvery) == nil {
				before, free := c.resting()
				start := time.Now()
				if ask(ctx) != nil {
					continue // batches meet the same trouble, and say so
				}
				after, stillFree := c.resting()
				c.note(time.Since(start), free && stillFree && before.Equal(after))
			}
		})
	})
}

// resting reports whether the run rests, and since when.
func (c *courtesy) resting() (since time.Time, rests bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since, !c.busy
}

// note judges a read by how long it took, and whether the run rested meanwhile.
func (c *courtesy) note(took time.Duration, alone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if alone {
		if c.alone = append(c.alone, took); len(c.alone) > mostAlone {
			c.alone = c.alone[1:]
		}
	}
	if len(c.alone) < leastAlone {
		return
	}
	sorted := slices.Sorted(slices.Values(c.alone))
	slow := took > 2*sorted[len(sorted)*90/100]
	switch {
	case slow && !alone:
		c.quick, c.size, c.rests = 0, max(c.size*4/5, leastCourteous), min(c.rests*5/4+0.25, mostRests)
	case slow: // not of what a batch does
	default:
		c.quick++
	}
	if c.quick >= quickEnough {
		c.quick, c.size, c.rests = 0, min(c.size*5/4, defaultBatch), max((c.rests-0.25)*4/5, 0)
	}
}

// limit is how many nodes a batch may have.
func (c *courtesy) limit(size int) int {
	if c == nil {
		return size
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.on {
		return size
	}
	return min(size, c.size)
}

// work notes that a batch is at work. What it returns is called after it, and rests.
func (c *courtesy) work() (rest func(context.Context) error) {
	if c == nil {
		return func(context.Context) error { return nil }
	}
	start := time.Now()
	c.turn(true)
	return func(ctx context.Context) error {
		took := time.Since(start)
		return sleep(ctx, min(time.Duration(c.turn(false)*float64(took)), longestRest))
	}
}

// turn notes that a batch begins or has ended, and returns how long is rested then,
// in times of the batch.
func (c *courtesy) turn(busy bool) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy, c.since = busy, time.Now()
	if !c.on {
		return 0
	}
	return c.rests
}

// courteous is what makes way for readers; nil when somebody has said how fast the
// run should be.
func (r *run) courteous(s *Step) *courtesy {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.makesWay(s)
}

// makesWay is that for one who holds the lock of the run.
func (r *run) makesWay(s *Step) *courtesy {
	if o := r.options; o.FullSpeed || o.Concurrency > 1 || o.SingleTxn || o.DefaultBatch > 0 || s.BatchSize > 0 || r.tuned.size > 0 || r.tuned.rate > 0 {
		return nil
	}
	return &r.courtesy
}

// lookUp reads as somebody does who looks a node up in what a step writes.
func (r *run) lookUp(s *Step) func(context.Context) error {
	name, err := dql.Quote(append(slices.Clone(s.Writes), dgraphType)[0])
	return func(ctx context.Context) error {
		if err == nil {
			_, err = r.client.Snapshot().Query(ctx, "{q(func: uid(0x1)) {uid "+name+"}}", nil)
		}
		return err
	}
}
