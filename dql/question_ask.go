package dql

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say how questions are asked. The zero value is the default.
type Options struct {
	// Budget is how long it may take; 0 means without limit. What did not fit is not asked, or not complete.
	Budget time.Duration
	// Renew is for how long one read-only transaction is used; 0 means 3 minutes.
	Renew time.Duration
	// PageSize is the number of nodes that are looked at in one request. 0 lets it follow the size of the
	// answers and the time that they take, which is better for anything but tests.
	PageSize int
	// Samples is the number of samples and of sets in an answer; 0 means 5, less than 0 none.
	Samples int
	// Memory bounds, in bytes, what all questions together remember about the data; 0 means 256 MiB. What
	// does not fit makes the data be read several times.
	Memory int64
	// Parallel is the number of requests that run at once; 0 means 4. Large scans are cut into that many
	// ranges of uids.
	Parallel int
	// ReadGeo allows to read the values of geo predicates. A predicate that was of type string can hold
	// values that make an alpha panic when they are read.
	ReadGeo bool
	// Progress is told how far it is, by one goroutine at a time; nil means nobody.
	Progress func(Progress)
	// Readable finds out which predicates the user may read of those that the questions read, as
	// [Client.Readable] does; nil means all. Dgraph cuts the others out of queries without a word, and
	// "has not" is then true for every node, so what touches them is not asked.
	Readable func(context.Context, []Question) (func(predicate string) bool, error)
}

// Progress is how far the asking is.
type Progress struct {
	Requests int // answered so far
	// Nodes of Of are looked at in this pass. Questions can need several passes, see [Options.Memory].
	Pass      int
	Nodes, Of uint64
}

const (
	defaultRenew    = 3 * time.Minute
	defaultSamples  = 5
	defaultMemory   = 256 << 20
	defaultParallel = 4
)

func (o Options) filled() Options {
	if o.Renew <= 0 {
		o.Renew = defaultRenew
	}
	if o.Samples == 0 {
		o.Samples = defaultSamples
	}
	o.Samples = max(o.Samples, 0)
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	return o
}

// inquiry is a question while it is being asked.
type inquiry interface {
	// parts are what it wants to see in the next pass, nil when it has seen everything.
	parts() []*part
	// tell fills in what is known now. Complete of the answer says whether all passes were finished.
	tell(a *Answer)
}

// job is a question on its way to its answer.
type job struct {
	question Question
	inquiry  inquiry // nil when it is not asked
	parts    []*part // of the current pass
	all      []*part // of all passes
	begun    int     // how often it was begun, see again
	done     bool
}

// Ask asks many questions at once, and returns their answers in the same order. Questions about the same nodes
// share what is read of these. Everything is read with readers of the given function; one reader is used for
// [Options.Renew], and by several goroutines at once after its first answer.
//
// When ctx ends or the server cannot be asked any more, the answers hold what is known until then, and the
// error says why. A question that cannot be asked is no error: its answer has the reason.
func Ask(ctx context.Context, newReader func(context.Context) (Reader, error), questions []Question, o Options) ([]Answer, Moment, error) {
	o = o.filled()
	told := &teller{to: o.Progress}
	r := &readers{make: newReader, renew: o.Renew, told: told}
	a := &asking{options: o, readers: r, counted: map[string]presenceCount{}, scans: map[string]*scan{}, told: told}
	answers := make([]Answer, len(questions))
	for i, q := range questions {
		a.jobs = append(a.jobs, &job{question: q})
		if reason := q.obstacle(); reason != "" {
			answers[i].Reason = reason
			a.jobs[i].done = true
		}
	}
	inner, start := ctx, time.Now()
	if o.Budget > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(ctx, o.Budget)
		defer cancel()
	}
	err := a.run(inner, answers)
	ranOut := false
	if err != nil && ctx.Err() == nil && o.Budget > 0 && time.Since(start) >= o.Budget {
		// A server that hangs must not look like one that had too much to do.
		err = a.probe(ctx)
		ranOut = err == nil
	}
	reason := ""
	switch {
	case ranOut:
		reason = fmt.Sprintf("the time for questions (%v) ran out", o.Budget)
	case err == nil:
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		reason = "interrupted"
	default:
		reason = fmt.Sprintf("the server cannot be asked any more: %v", err)
	}
	for i, j := range a.jobs {
		j.settle()
		j.answer(&answers[i], reason, a.counted)
	}
	if err != nil {
		err = fmt.Errorf("asking dgraph: %w", err)
	}
	return answers, r.moment(), err
}

// obstacle says why a question cannot be put, or "".
func (q Question) obstacle() string {
	switch {
	case q.prepare == nil:
		return "the question is empty"
	}
	q.names(q.others...)
	if q.refusal != nil {
		return q.refusal.Error()
	}
	return ""
}

// settle finds out whether a question had seen everything when the asking ended early.
func (j *job) settle() {
	unfinished := func(p *part) bool { return !p.state.finished || p.failed != "" }
	if j.inquiry == nil || j.done || len(j.parts) == 0 || slices.ContainsFunc(j.parts, unfinished) {
		return
	}
	j.done = len(j.inquiry.parts()) == 0
}

// answer completes what is known about a question. Reason is why the asking ended early, or "".
func (j *job) answer(a *Answer, reason string, counted map[string]presenceCount) {
	if j.inquiry == nil {
		if a.Reason == "" {
			a.Reason = reason
		}
		return
	}
	complete := j.done
	for _, p := range j.all {
		if p.failed != "" && a.Reason == "" {
			a.Reason = p.failed
		}
		a.Asked = a.Asked || p.seen
		complete = complete && p.failed == ""
	}
	if a.Asked = a.Asked || complete; !complete && a.Reason == "" {
		a.Reason = reason
	}
	a.Complete = complete
	j.inquiry.tell(a)
	if len(j.all) > 0 {
		if c, ok := counted[j.all[0].total]; ok {
			a.Total = c.nodes
		}
	}
}

// asking is one call of [Ask].
type asking struct {
	options Options
	readers *readers
	jobs    []*job
	counted map[string]presenceCount // by root
	scans   map[string]*scan         // by root
	told    *teller

	mu sync.Mutex // for the state of parts
}

// presenceCount is what the server says about a root as a whole.
type presenceCount struct {
	nodes  uint64
	first  []uint64 // the lowest uids, where somebody wants them
	failed string   // why the server did not say it, or ""
	with   int      // number of the transaction
	stale  bool     // it is to be counted again
}

// run asks everything, pass by pass.
func (a *asking) run(ctx context.Context, answers []Answer) error {
	s, err := a.prepare(ctx, answers)
	if err != nil {
		return err
	}
	for pass := 1; ; pass++ {
		var parts []*part
		for _, j := range a.jobs {
			if j.inquiry == nil || j.done {
				continue
			}
			j.parts = j.inquiry.parts()
			if j.all == nil {
				j.all = j.parts
			}
			j.done = len(j.parts) == 0
			parts = append(parts, j.parts...)
		}
		if len(parts) == 0 {
			return nil
		}
		if err := a.count(ctx, parts); err != nil {
			return err
		}
		if err := a.pass(ctx, parts, pass); err != nil {
			return err
		}
		for _, j := range a.jobs {
			// A part that failed makes further passes useless.
			if !slices.ContainsFunc(j.parts, func(p *part) bool { return p.failed != "" }) {
				continue
			}
			if err := a.again(j, s); err != nil {
				return err
			}
		}
	}
}

// mostTimes is how often a question is begun whose moment the server discards. Dgraph discards what a snapshot
// makes old, and seldom (once in some hundred reads of a moment that another commit has just made old, measured)
// it answers from a newer one than it was asked for: either is over at the next moment.
const mostTimes = 3

// again begins a question that has failed from the start when only its moment was at fault, else it ends it.
func (a *asking) again(j *job, s *sight) error {
	other := func(p *part) bool { return p.failed != "" && p.failed != forgotten }
	if j.begun == mostTimes || slices.ContainsFunc(j.parts, other) {
		j.parts, j.done = nil, true
		return nil
	}
	for _, p := range j.parts {
		for _, function := range []string{p.root, p.total} {
			if c, ok := a.counted[function]; ok {
				c.stale = true
				a.counted[function] = c
			}
		}
	}
	a.readers.leave()
	inquiry, err := j.begin(s)
	if err != nil {
		return err // it is none that did not begin before
	}
	j.inquiry, j.parts, j.all = inquiry, nil, nil
	return nil
}

// prepare looks at the stored schema and decides how each question is asked.
func (a *asking) prepare(ctx context.Context, answers []Answer) (*sight, error) {
	if err := a.permit(ctx, answers); err != nil {
		return nil, err
	}
	var names []string
	hoarders := 0
	for _, j := range a.jobs {
		if j.done {
			continue
		}
		names = append(names, j.question.touches...)
		if j.question.hoards {
			hoarders++
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	predicates, err := a.look(ctx, slices.Compact(names))
	if err != nil {
		return nil, err
	}
	s := &sight{predicates: predicates, options: a.options, share: a.options.Memory / int64(max(hoarders, 1))}
	if s.vacant, err = a.vacant(ctx, predicates); err != nil {
		return nil, err
	}
	for i, j := range a.jobs {
		if j.done {
			continue
		}
		j.inquiry, err = j.begin(s)
		if err != nil {
			j.inquiry, j.done = nil, true
			answers[i].Reason = err.Error()
		}
	}
	return s, nil
}

// permit leaves the questions out that touch what the user may not read.
func (a *asking) permit(ctx context.Context, answers []Answer) error {
	var open []Question
	for _, j := range a.jobs {
		if !j.done {
			open = append(open, j.question)
		}
	}
	if a.options.Readable == nil || len(open) == 0 {
		return nil
	}
	mayRead, err := a.options.Readable(ctx, open)
	if err != nil {
		return err
	}
	for i, j := range a.jobs {
		for _, p := range j.question.touches {
			if !j.done && !mayRead(p) {
				answers[i].Reason, j.done = "no permission to read "+p, true
			}
		}
	}
	return nil
}

// vacant are the geo predicates that hold nothing, where their values are not to be read: whether there are any
// can be asked without reading one.
func (a *asking) vacant(ctx context.Context, predicates map[string]*stance) (map[string]bool, error) {
	var names []string
	for _, j := range a.jobs {
		p := predicates[j.question.looksAt]
		if !j.done && !a.options.ReadGeo && p != nil && p.Type == "geo" && j.question.kind == valuesOnly {
			names = append(names, p.Predicate)
		}
	}
	slices.Sort(names)
	vacant := map[string]bool{}
	for chunk := range slices.Chunk(slices.Compact(names), blocksPerRequest) {
		var text strings.Builder
		text.WriteString("{\n")
		for i, name := range chunk {
			fmt.Fprintf(&text, "  p%d(func: has(%s), first: 1) { uid }\n", i, written(name))
		}
		text.WriteString("}")
		answer, err := a.query(ctx, text.String())
		if err != nil {
			return nil, fmt.Errorf("asking whether there are places: %w", err)
		}
		var blocks map[string][]struct{ UID string }
		if err := json.Unmarshal(answer, &blocks); err != nil {
			return nil, fmt.Errorf("asking whether there are places: %w", err)
		}
		for i, name := range chunk {
			nodes, told := blocks[fmt.Sprint("p", i)]
			vacant[name] = told && len(nodes) == 0
		}
	}
	return vacant, nil
}

// nothing is an inquiry that needs no more asking: there is nothing that it could find.
type nothing struct{ dql string }

func (*nothing) parts() []*part   { return nil }
func (n *nothing) tell(a *Answer) { a.DQL = n.dql }

func (j *job) begin(s *sight) (inquiry, error) {
	j.begun++
	if j.question.looksAt != "" {
		h, err := s.held(Field{Predicate: j.question.looksAt})
		if err != nil {
			return nil, err
		}
		if err := h.fits(j.question.kind, s.options.ReadGeo); err != nil {
			if s.vacant[h.Field.Predicate] {
				return &nothing{shown(h.has(), "", "uid")}, nil
			}
			return nil, err
		}
	}
	return j.question.prepare(s)
}

// clampInt is for numbers that DQL takes as 32-bit integers.
func clampInt(n uint64) int { return int(min(n, math.MaxInt32)) }
