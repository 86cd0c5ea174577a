package dql

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// blocksPerRequest bounds the roots that are counted in one request.
	blocksPerRequest = 50
	// smallScan is the number of nodes up to which scans are put into one request.
	smallScan = 1000
	// Pages of values begin with few nodes, since nobody knows how large these are; those that are only
	// counted cost the server little.
	firstRows, mostRows     = 200, 10_000
	firstCounts, mostCounts = 20_000, 100_000
	// A page grows below the first two numbers and shrinks above the other two.
	smallPage, largeAnswer = 1 << 20, 4 << 20 // bytes
	quickPage, slowPage    = 500 * time.Millisecond, 3 * time.Second
	// maxBroken and maxSearches bound what is spent on values that the server fails to read, for each part:
	// the nodes that are named, and the requests that look for them.
	maxBroken, maxSearches = 20, 300
	// aliveTimeout is how long a server may take to answer the smallest question.
	aliveTimeout = 10 * time.Second
)

// scan reads the nodes under one root for all that want to see them.
type scan struct {
	root  string
	nodes uint64
	parts []*part // of the current pass
	size  atomic.Int64
	first uint64 // size to begin with
	most  uint64 // size to grow to
}

// stretch is a range of uids of a scan: those after the first number, up to and including the second.
type stretch struct {
	scan        *scan
	after, upTo uint64
	nodes       uint64 // about as many
}

// noPermission is why nothing is known about nodes that the server leaves out of its answer.
const noPermission = "no permission to read what the nodes are found by"

// rootCount is a root whose nodes are to be counted.
type rootCount struct {
	function string
	first    bool // the lowest uids are wanted too
}

// count asks for the number of nodes under each root that is new.
func (a *asking) count(ctx context.Context, parts []*part) error {
	var roots []*rootCount
	known := map[string]*rootCount{}
	for _, p := range parts {
		for _, function := range []string{p.root, p.total} {
			if c, ok := a.counted[function]; ok && !c.stale || function == "" {
				continue
			}
			r := known[function]
			if r == nil {
				r = &rootCount{function: function}
				known[function] = r
				roots = append(roots, r)
			}
			r.first = r.first || p.whole && function == p.root
		}
	}
	for chunk := range slices.Chunk(roots, blocksPerRequest) {
		if err := a.countRoots(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// countRoots asks for several numbers in one request, and for fewer when the server cannot answer that.
func (a *asking) countRoots(ctx context.Context, roots []*rootCount) error {
	var text strings.Builder
	text.WriteString("{\n")
	for i, r := range roots {
		fmt.Fprintf(&text, "  k%d(func: %s) { count(uid) }\n", i, r.function)
		if r.first && a.options.Samples > 0 {
			fmt.Fprintf(&text, "  s%d(func: %s, first: %d) { uid }\n", i, r.function, a.options.Samples)
		}
	}
	text.WriteString("}")
	answer, err := a.query(ctx, text.String())
	if err != nil {
		switch {
		case blameOf(ctx, err) == connection:
			return err
		case len(roots) == 1:
			a.counted[roots[0].function] = presenceCount{failed: "the server cannot count the nodes: " + saidBy(err)}
			return nil
		}
		if err := a.countRoots(ctx, roots[:len(roots)/2]); err != nil {
			return err
		}
		return a.countRoots(ctx, roots[len(roots)/2:])
	}
	blocks, err := blocksOf(answer)
	if err != nil {
		return err
	}
	for i, r := range roots {
		var c presenceCount
		if blocks[fmt.Sprint("k", i)] == nil {
			c.failed = noPermission // Dgraph leaves out a block whose root may not be read, and nothing else
		}
		if err := eachNode(blocks[fmt.Sprint("k", i)], func(f fields) (err error) {
			c.nodes, err = countIn(f)
			return err
		}); err != nil {
			return err
		}
		if err := eachNode(blocks[fmt.Sprint("s", i)], func(f fields) error {
			c.first = append(c.first, uidOf(f["uid"]))
			return nil
		}); err != nil {
			return err
		}
		c.with = a.readers.now()
		a.counted[r.function] = c
	}
	return nil
}

func (a *asking) query(ctx context.Context, text string) ([]byte, error) {
	answer, err := a.readers.query(ctx, text)
	if err != nil && late(ctx, err) && a.probe(ctx) != nil {
		err = hung{err}
	}
	return answer, err
}

// probe asks the server what costs it nothing. When it does not answer that, smaller questions would all be
// waited for in vain; the error says why.
func (a *asking) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aliveTimeout)
	defer cancel()
	_, err := a.readers.query(ctx, "schema(pred: ["+dgraphType+"]) { type }")
	return err
}

// ask asks for windows.
func (a *asking) ask(ctx context.Context, windows []window) (*request, *reply, error) {
	q := newRequest(windows, a.options.Samples)
	answer, err := a.query(ctx, q.text.String())
	if err != nil {
		return nil, nil, err
	}
	r, err := q.open(answer)
	return q, r, err
}

// pass reads everything once that the parts want to see.
func (a *asking) pass(ctx context.Context, parts []*part, number int) error {
	for _, s := range a.scans {
		s.parts = nil
	}
	for _, p := range parts {
		p.state.left, p.state.finished = 0, false
		p.skip()
	}
	if err := a.countAtOnce(ctx, parts); err != nil {
		return err
	}
	var scans []*scan
	for _, p := range parts {
		c := a.counted[p.root]
		switch {
		case p.state.finished || p.failed != "":
			continue
		case c.failed != "":
			p.failed = c.failed
			continue
		case p.whole || c.nodes == 0:
			p.counted(c.nodes, c.first)
			continue
		}
		s := a.scans[p.root]
		if s == nil {
			s = &scan{root: p.root}
			a.scans[p.root] = s
		}
		s.nodes = c.nodes
		if len(s.parts) == 0 {
			scans = append(scans, s)
		}
		s.parts = append(s.parts, p)
	}
	// What is small comes first, so that a budget answers as many questions as it can.
	slices.SortStableFunc(scans, func(x, y *scan) int { return cmp.Compare(x.nodes, y.nodes) })
	total := uint64(0)
	for _, s := range scans {
		total += s.nodes
		s.begin(a.options.PageSize)
	}
	a.told.pass(number, total)
	watched := make([]*watch, len(scans))
	for i, s := range scans {
		watched[i] = &watch{root: s.root, nodes: s.nodes, with: a.counted[s.root].with}
	}
	if err := a.readers.watch(ctx, watched); err != nil {
		return err
	}
	tasks, err := a.tasks(ctx, scans)
	if err != nil {
		return err
	}
	if err := a.work(ctx, len(tasks), func(ctx context.Context, i int) error { return a.task(ctx, tasks[i]) }); err != nil {
		return err
	}
	return a.release(ctx)
}

// counted gives a part its answer without reading nodes.
func (p *part) counted(nodes uint64, first []uint64) {
	r := p.begin()
	r.count(nodes, first)
	r.end()
	p.seen, p.state.finished = true, true
}

// forgotten is why an answer cannot be trusted.
const forgotten = "the server has discarded the moment that was being read; ask again"

// release ends a pass, and with it what was read while the server forgot it.
func (a *asking) release(ctx context.Context) error {
	lost, err := a.readers.release(ctx)
	for _, root := range lost {
		for _, p := range a.scans[root].parts {
			a.fail(p, forgotten)
		}
	}
	a.told.saw(0)
	return err
}

// skip leaves out the nodes that could not be read in an earlier pass. A part that has several passes has no
// filter of its own.
func (p *part) skip() {
	if len(p.state.broken) > 0 {
		p.filter = "NOT uid(" + uidList(p.state.broken) + ")"
	}
}

// begin sets the page size for the parts of a pass.
func (s *scan) begin(fixed int) {
	s.first, s.most = firstCounts, mostCounts
	if slices.ContainsFunc(s.parts, func(p *part) bool { return len(p.columns) > 0 && p.filter == "" && !p.only }) {
		s.first, s.most = firstRows, mostRows
	} else if slices.ContainsFunc(s.parts, func(p *part) bool { return len(p.columns) > 0 }) {
		s.first, s.most = firstRows, mostCounts
	}
	if fixed > 0 {
		s.first, s.most = uint64(fixed), uint64(fixed)
	}
	s.size.Store(int64(s.first))
}

// tasks cuts the scans: small ones are read together, large ones in ranges.
func (a *asking) tasks(ctx context.Context, scans []*scan) ([][]stretch, error) {
	var tasks [][]stretch
	var large []*scan
	together := uint64(0)
	for _, s := range scans {
		usual := s.first
		if a.options.PageSize <= 0 {
			usual = max(usual, smallScan)
		}
		small := min(usual, smallScan)
		if s.nodes > 4*usual && a.options.Parallel > 1 && s.nodes < math.MaxInt32 {
			large = append(large, s)
			continue
		}
		whole := stretch{s, 0, math.MaxUint64, s.nodes}
		if s.nodes <= small && together+s.nodes <= small && together > 0 {
			tasks[len(tasks)-1] = append(tasks[len(tasks)-1], whole)
			together += s.nodes
		} else {
			tasks = append(tasks, []stretch{whole})
			together = s.nodes
		}
	}
	for _, s := range large {
		stretches, err := a.cut(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, g := range stretches {
			tasks = append(tasks, []stretch{g})
		}
	}
	for _, task := range tasks {
		for _, g := range task {
			for _, p := range g.scan.parts {
				p.state.left++
			}
		}
	}
	return tasks, nil
}

// cut finds ranges with about the same number of nodes, by asking for the uids between them.
func (a *asking) cut(ctx context.Context, s *scan) ([]stretch, error) {
	n := uint64(a.options.Parallel)
	var text strings.Builder
	text.WriteString("{\n")
	for i := uint64(1); i < n; i++ {
		fmt.Fprintf(&text, "  q%d(func: %s, first: 1, offset: %d) { uid }\n", i, s.root, s.nodes/n*i-1)
	}
	text.WriteString("}")
	answer, err := a.query(ctx, text.String())
	if err != nil {
		if blameOf(ctx, err) == connection {
			return nil, err
		}
		return []stretch{{s, 0, math.MaxUint64, s.nodes}}, nil // one after the other, then
	}
	blocks, err := blocksOf(answer)
	if err != nil {
		return nil, err
	}
	var all []stretch
	after := uint64(0)
	for i := uint64(1); i <= n; i++ {
		upTo := uint64(math.MaxUint64)
		if i < n {
			upTo = 0
			if err := eachNode(blocks[fmt.Sprint("q", i)], func(f fields) error {
				upTo = uidOf(f["uid"])
				return nil
			}); err != nil {
				return nil, err
			}
		}
		if upTo > after { // not so where nodes were deleted after they were counted
			all = append(all, stretch{s, after, upTo, s.nodes / n})
			after = upTo
		}
	}
	return all, nil
}

// work carries out n tasks with as many goroutines as are allowed. The first error ends it.
func (a *asking) work(ctx context.Context, n int, task func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(a.options.Parallel, n) {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := task(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// task reads stretches: several are small enough to be read in one request.
func (a *asking) task(ctx context.Context, stretches []stretch) error {
	if len(stretches) > 1 {
		windows := make([]window, len(stretches))
		for i, g := range stretches {
			// One more than there should be shows whether there are more.
			windows[i] = window{nodes: g.scan.paged(0, g.nodes+1), edges: firstEdges, parts: a.live(g.scan), ask: true}
		}
		ok, err := a.together(ctx, windows, stretches)
		if err != nil {
			return err
		}
		if ok {
			for _, g := range stretches {
				a.finish(g)
			}
			return nil
		}
	}
	for _, g := range stretches {
		if err := a.walk(ctx, g); err != nil {
			return err
		}
		a.finish(g)
	}
	return nil
}

// together reads whole scans in one request. It reports false when they have to be read one by one.
func (a *asking) together(ctx context.Context, windows []window, stretches []stretch) (bool, error) {
	q, r, err := a.ask(ctx, windows)
	if err != nil {
		if blameOf(ctx, err) == connection {
			return false, err
		}
		return false, nil
	}
	for i, g := range stretches {
		if r.pages[i].nodes > g.nodes {
			return false, nil
		}
	}
	if err := a.take(ctx, q, r); err != nil {
		return false, err
	}
	for _, g := range stretches {
		a.told.saw(g.nodes)
	}
	return true, nil
}

// take hands an answer to its parts, and reads the edges that did not fit.
func (a *asking) take(ctx context.Context, q *request, r *reply) error {
	rests, err := q.hand(r)
	if err != nil {
		return err
	}
	a.sawPage(q.windows)
	for p, more := range rests {
		for _, m := range more {
			for m.after != 0 {
				w := window{nodes: "uid(" + uidText(m.uid) + ")", parts: []*part{p},
					edges: fmt.Sprintf("(first: %d, after: %s)", edgesPerNode, uidText(m.after))}
				next, err := a.further(ctx, w)
				if err != nil {
					return err
				}
				m.after = next
			}
		}
	}
	return nil
}

func (a *asking) sawPage(windows []window) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range windows {
		for _, p := range w.parts {
			p.seen = true
		}
	}
}

// further reads more edges of one node, and returns the uid after which there are still more, or 0.
func (a *asking) further(ctx context.Context, w window) (uint64, error) {
	q, r, err := a.ask(ctx, []window{w})
	if err != nil {
		if blameOf(ctx, err) == connection {
			return 0, err
		}
		a.fail(w.parts[0], "the server fails to read all edges of a node: "+saidBy(err))
		return 0, nil
	}
	rests, err := q.hand(r)
	if err != nil {
		return 0, err
	}
	for _, more := range rests {
		for _, m := range more {
			return m.after, nil
		}
	}
	return 0, nil
}

// finish notes that a stretch was read to its end.
func (a *asking) finish(g stretch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range g.scan.parts {
		p.state.left--
		p.state.finished = p.state.left == 0
	}
}

// fail ends a part; the others of its scan go on.
func (a *asking) fail(p *part, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.failed == "" {
		p.failed = reason
	}
}

// live are the parts of a scan that go on.
func (a *asking) live(s *scan) []*part {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*part
	for _, p := range s.parts {
		if p.failed == "" {
			all = append(all, p)
		}
	}
	return all
}

// paged is the root with its page. There is no filter: the server then stops at the last node of the page
// (query/query.go, calculatePaginationParams).
func (s *scan) paged(after, first uint64) string {
	return fmt.Sprintf("%s, first: %d, after: %s", s.root, clampInt(first), uidText(after))
}

// ahead is a page that has been asked for.
type ahead struct {
	window window
	size   uint64
	done   chan struct{} // closed when the rest is there

	request *request
	reply   *reply
	took    time.Duration
	err     error
}

// send asks for the page of a stretch after a node, with left nodes to come. It gives nil when no part wants it.
func (a *asking) send(ctx context.Context, g stretch, after, left uint64) *ahead {
	parts := a.live(g.scan)
	if len(parts) == 0 {
		return nil
	}
	h := &ahead{size: uint64(g.scan.size.Load()), done: make(chan struct{})}
	if g.upTo != math.MaxUint64 {
		h.size = min(h.size, max(left, 1)) // so that the page does not go beyond the range
	}
	h.window = window{nodes: g.scan.paged(after, h.size), edges: firstEdges, parts: parts, ask: true}
	go func() {
		defer close(h.done)
		start := time.Now()
		h.request, h.reply, h.err = a.ask(ctx, []window{h.window})
		h.took = time.Since(start)
	}()
	return h
}

// walk reads a stretch page by page. The server is at work on a page while the one before it is judged.
func (a *asking) walk(ctx context.Context, g stretch) error {
	ctx, cancel := context.WithCancel(ctx)
	var next *ahead
	defer func() {
		cancel()
		if next != nil {
			<-next.done
		}
	}()
	after, left := g.after, g.nodes
	for after < g.upTo {
		h := next
		if h == nil {
			h = a.send(ctx, g, after, left)
		}
		if h == nil {
			return nil
		}
		<-h.done
		next = nil
		var p page
		whole := false
		switch blame := blameOf(ctx, h.err); {
		case h.err == nil:
			p = h.reply.pages[0]
			whole = p.last <= g.upTo // a renewed transaction sees other nodes than those that the ranges were made for
		case blame == connection:
			return h.err
		case blame == largePage && h.size > 1:
			g.scan.shrink(h.size)
			continue
		}
		if !whole {
			var err error
			if p, err = a.dissect(ctx, g, h.window, h.err); err != nil {
				return err
			}
		}
		left -= min(left, p.nodes)
		if whole {
			if a.options.PageSize <= 0 {
				g.scan.adapt(h.size, h.reply.bytes, h.took)
			}
			if p.nodes >= h.size && p.last < g.upTo {
				next = a.send(ctx, g, p.last, left)
			}
			if err := a.take(ctx, h.request, h.reply); err != nil {
				return err
			}
		}
		a.told.saw(p.nodes)
		if p.nodes < h.size {
			return nil
		}
		after = p.last
	}
	return nil
}

// shrink halves the page size, unless somebody else did.
func (s *scan) shrink(size uint64) {
	half := int64(max(size/2, 1))
	for now := s.size.Load(); now > half && !s.size.CompareAndSwap(now, half); {
		now = s.size.Load()
	}
}

// adapt lets the page size follow the answers.
func (s *scan) adapt(size uint64, bytes int, took time.Duration) {
	switch {
	case bytes > largeAnswer || took > slowPage:
		s.shrink(size)
	case bytes < smallPage && took < quickPage && uint64(s.size.Load()) == size:
		grown := size * 2
		if bytes < smallPage/4 && took < quickPage/4 {
			grown = size * 4
		}
		s.size.CompareAndSwap(int64(size), int64(min(grown, s.most)))
	}
}

// teller counts, and tells of the progress.
type teller struct {
	to  func(Progress)
	mu  sync.Mutex
	now Progress
}

func (t *teller) tell(change func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.now)
	if t.to != nil {
		t.to(t.now)
	}
}

func (t *teller) answered() { t.mu.Lock(); t.now.Requests++; t.mu.Unlock() }

func (t *teller) pass(number int, of uint64) {
	t.tell(func(p *Progress) { p.Pass, p.Nodes, p.Of = number, 0, of })
}

func (t *teller) saw(n uint64) { t.tell(func(p *Progress) { p.Nodes = min(p.Nodes+n, p.Of) }) }
