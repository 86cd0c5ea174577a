package migrate

import (
	"context"
	"testing"
	"time"

	"github.com/schemacheck/schemacheck/dql/dgraphtest"
)

// TestCourtesyJudges: reads that take long while a batch is at work make a run slower, and reads that do not make it
// faster again, up to what it can.
func TestCourtesyJudges(t *testing.T) {
	t.Parallel()
	read := func(c *courtesy, n int, took time.Duration, alone bool) {
		for range n {
			c.note(took, alone)
		}
	}
	begun := func() *courtesy {
		c := &courtesy{on: true, size: firstCourteous, rests: 1}
		read(c, leastAlone, time.Millisecond, true)
		return c
	}
	for _, test := range []struct {
		name  string
		reads func(c *courtesy)
		size  int
		rests float64
	}{
		{"nothing is slow", func(c *courtesy) { read(c, 1000, 2*time.Millisecond, false) }, defaultBatch, 0},
		{"not for long", func(c *courtesy) { read(c, quickEnough-2, time.Millisecond, false) }, firstCourteous, 1},
		{"a little longer", func(c *courtesy) { read(c, quickEnough-1, time.Millisecond, false) }, firstCourteous * 5 / 4, 0.6},
		{"one is slow", func(c *courtesy) { read(c, 1, 3*time.Millisecond, false) }, firstCourteous * 4 / 5, 1.5},
		{"all are slow", func(c *courtesy) { read(c, 100, time.Second, false) }, leastCourteous, mostRests},
		{"one of 50 is slow", func(c *courtesy) {
			for range 100 {
				read(c, 49, time.Millisecond, false)
				read(c, 1, 3*time.Millisecond, false)
			}
		}, leastCourteous, mostRests},
		{"one of 1000 is slow", func(c *courtesy) {
			for range 10 {
				read(c, 1, 3*time.Millisecond, false)
				read(c, 999, time.Millisecond, false)
			}
		}, defaultBatch, 0},
		{"slow without a batch, too", func(c *courtesy) {
			read(c, mostAlone, 10*time.Millisecond, true)
			read(c, 90, 15*time.Millisecond, false)
		}, firstCourteous * 5 / 4, 0.6},
		{"slow only without a batch", func(c *courtesy) { read(c, 4, 10*time.Millisecond, true) }, firstCourteous, 1},
	} {
		c := begun()
		test.reads(c)
		if c.size != test.size || c.rests != test.rests {
			t.Errorf("%s: batches of %d and rests of %g, want %d and %g", test.name, c.size, c.rests, test.size, test.rests)
		}
	}
	unknown := &courtesy{on: true, size: firstCourteous, rests: 1}
	read(unknown, 100, time.Second, false)
	if unknown.size != firstCourteous || unknown.rests != 1 {
		t.Errorf("nobody knows how long a read takes alone: %+v", unknown)
	}
}

// TestCourtesyRests: a rest is in proportion to the batch, and ends with the run.
func TestCourtesyRests(t *testing.T) {
	t.Parallel()
	var none *courtesy
	if none.limit(7) != 7 || none.work()(t.Context()) != nil {
		t.Error("nobody is made way for, and yet")
	}
	off := &courtesy{}
	if off.limit(7) != 7 || off.turn(true) != 0 {
		t.Error("it has not begun, and yet")
	}
	c := &courtesy{on: true, size: 5, rests: 3}
	if c.limit(7) != 5 || c.limit(3) != 3 {
		t.Errorf("%d and %d nodes", c.limit(7), c.limit(3))
	}
	rest := c.work()
	if _, rests := c.resting(); rests {
		t.Error("it rests while a batch is at work")
	}
	time.Sleep(20 * time.Millisecond)
	start := time.Now()
	if err := rest(t.Context()); err != nil || time.Since(start) < 60*time.Millisecond {
		t.Errorf("rested %v, %v", time.Since(start), err)
	}
	if _, rests := c.resting(); !rests {
		t.Error("it does not rest")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	c.rests = 1e9
	if err := c.work()(ended); err == nil {
		t.Error("it rests although the run has ended")
	}
}

// TestCourteous: only a run whose speed nobody has said makes way for readers, and only in large steps.
func TestCourteous(t *testing.T) {
	t.Parallel()
	d := dgraphtest.Server(t)
	d.Lock(t)
	n := d.Scale(t, 12_000)
	c := open(t, d)
	d.Alter(t, "V.copy: string .\n")
	defer tidied(t, c, []string{"V.copy"})
	for _, test := range []struct {
		root string
		o    Options
	}{{"has(V.n)", Options{}}, {"type(V)", Options{}}, {"has(V.n)", Options{FullSpeed: true}}} {
		o := test.o
		// Of the first batches, since rests become shorter where a machine is slow and the readers are not, and of those
		// that are rested after as long as they took, and not for the longest time that there is.
		const firstOnes = 20
		var began, ended time.Time
		var took, worked, rested time.Duration
		var batches int
		var first uint64
		o.BeforeBatch = func(context.Context, Status) error {
			began = time.Now()
			if 0 < batches && batches <= firstOnes && took < longestRest/2 {
				worked, rested = worked+took, rested+began.Sub(ended)
			}
			return nil
		}
		o.AfterBatch = func(_ context.Context, s Status) error {
			ended = time.Now()
			if took, batches = ended.Sub(began), batches+1; batches == 1 {
				first = s.Counts.Nodes
			}
			return nil
		}
		r, err := Run(t.Context(), c, copyOne(test.root, "V.n", "V.copy"), Before, o)
		if err != nil || r.Status.Counts.Changed != uint64(n) || len(r.Unclean) > 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if want := map[bool]uint64{false: firstCourteous, true: defaultBatch}[o.FullSpeed]; first != want {
			t.Errorf("%+v: the first batch has %d nodes, want %d", test, first, want)
		}
		if batches := r.Status.Counts.Batches; !o.FullSpeed && batches <= 2*uint64(n)/defaultBatch {
			t.Errorf("%+v: %d batches", test, batches)
		}
		if !o.FullSpeed && rested < worked/2 {
			t.Errorf("%+v: %v of rests after %v of batches", test, rested, worked)
		}
		if o.FullSpeed {
			// It is taken back.
			o := Options{}.filled()
			held, l, err := acquire(t.Context(), c, "undoing", o)
			if err != nil {
				t.Fatal(err)
			}
			u := &undoing{&run{client: c, file: copyOne(test.root, "V.n", "V.copy"), phase: Before, options: o, token: l.token, lease: l}}
			r, err := u.all(held)
			l.releaseAfter(t.Context())
			if err != nil || r.Status.State != Pending || !u.courtesy.on || u.courtesy.busy || u.courtesy.since.IsZero() {
				t.Errorf("%+v, %v", r, err)
			}
		}
		tidied(t, c, []string{"V.copy"})
		d.Alter(t, "V.copy: string .\n")
	}
	for _, test := range []struct {
		o    Options
		size int // of the step
		rate float64
	}{{o: Options{FullSpeed: true}}, {o: Options{Concurrency: 2}}, {o: Options{SingleTxn: true}}, {o: Options{DefaultBatch: 1000}}, {o: Options{BatchSize: 200}}, {o: Options{Rate: 500}}, {size: 10}, {rate: 100}} {
		o := test.o.filled()
		r := &run{options: o, tuned: tuned{rate: max(o.Rate, test.rate), size: o.BatchSize}}
		if r.courteous(&Step{BatchSize: test.size}) != nil {
			t.Errorf("%+v makes way for readers", test)
		}
	}
	for _, s := range []*Step{{Writes: []string{"V.n"}}, {}} {
		if err := (&run{client: c}).lookUp(s)(t.Context()); err != nil {
			t.Errorf("%v: %v", s.Writes, err)
		}
	}
}
