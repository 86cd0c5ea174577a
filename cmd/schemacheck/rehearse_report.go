package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/dql"
	"github.com/schemacheck/schemacheck/dql/clone"
	"github.com/schemacheck/schemacheck/fixes/migrate"
)

// rehearsal is what came of one.
type rehearsal struct {
	Source string `json:"source"`
	Before string `json:"before"`
	After  string `json:"after"`
	// Dgraph is the version of the throwaway server, SourceDgraph that of the
	// source.
	Dgraph       string          `json:"dgraph"`
	SourceDgraph string          `json:"sourceDgraph"`
	Plans        []rehearsedPlan `json:"plans"`
	// Sample says that not everything was copied.
	Sample bool          `json:"sample"`
	Copied *clone.Copied `json:"copied"`
	// Findings are what the change endangers, by the data of the source.
	Findings []endangered `json:"findings"`
	Steps    []timing     `json:"steps"`
	// Deploy is how long clients could have met either schema, in seconds; nil when
	// nothing was deployed.
	Deploy *float64 `json:"deploySeconds"`
	// Stopped is why the rehearsal did not come to its end: what would have come
	// later is not in the report.
	Stopped string `json:"stopped,omitempty"`
	// Violations are what is not as it should be; Standing what was so before.
	Violations []violation `json:"violations"`
	Standing   []violation `json:"standing"`
	// Checks are the closing questions that were asked, and Untouched the predicates
	// that no plan writes and that hold what they held.
	Checks     int      `json:"checks"`
	Untouched  int      `json:"untouched"`
	Operations []ran    `json:"operations"`
	Notes      []string `json:"notes,omitempty"`
}

// rehearsedPlan is a plan that was carried out.
type rehearsedPlan struct {
	ID       string `json:"id"`
	Checksum string `json:"checksum"`
}

// endangered is a finding about the change.
type endangered struct {
	Rule       string `json:"rule"`
	Severity   string `json:"severity"`
	Coordinate string `json:"coordinate"`
	// Nodes is how many nodes of the source it concerns; nil when that was not asked.
	Nodes *uint64 `json:"nodes"`
}

// timing is how long a step took.
type timing struct {
	Plan  string `json:"plan"`
	Phase string `json:"phase"`
	Step  string `json:"step"`
	// Nodes were looked at, Changed were written.
	Nodes   uint64  `json:"nodes"`
	Changed uint64  `json:"changed"`
	Seconds float64 `json:"seconds"`
	// PerMillion is how many seconds it would take for a million nodes; nil for a
	// step that went through fewer than [enough].
	PerMillion *float64 `json:"secondsPerMillionNodes"`
}

// enough is the number of nodes from which on the time for a million is told: what a
// step takes to begin would decide for fewer.
const enough = 1000

// violation is something that is not as it should be.
type violation struct {
	// Kind is the rule, or what was looked at: left, unclean, changed, failed,
	// not-done, half-updated.
	Kind  string `json:"kind"`
	Where string `json:"where,omitempty"`
	What  string `json:"what"`
	// Count is how many nodes; 0 when they are not counted.
	Count uint64 `json:"count,omitempty"`
	// Nodes are some of them.
	Nodes []node `json:"nodes,omitempty"`
}

// node is a node of a violation.
type node struct {
	UID string `json:"uid"`
	// Rim says that edges of it were left out of the sample: what is missing may be
	// there in the source.
	Rim bool `json:"rim,omitempty"`
}

func nodeOf(c *clone.Copied, uid uint64) node { return node{string(dql.Node(uid)), c.AtRim(uid)} }

func (r *rehearsal) violate(kind, where, what string) {
	r.Violations = append(r.Violations, violation{Kind: kind, Where: where, What: what})
}

func (r *rehearsal) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// violated reports whether somebody should look at something.
func (r *rehearsal) violated() bool {
	return len(r.Violations) > 0 || slices.ContainsFunc(r.Operations, ran.bad)
}

// settle takes in what the data violates after the migration: only what is new, or
// more than before, comes of it.
func (r *rehearsal) settle(before, after []violation) {
	for _, v := range after {
		i := slices.IndexFunc(before, func(was violation) bool { return was.Kind == v.Kind && was.Where == v.Where })
		switch {
		case i < 0:
			r.Violations = append(r.Violations, v)
		case v.Count > before[i].Count:
			v.What += fmt.Sprintf(" (before the migration: %d)", before[i].Count)
			r.Violations = append(r.Violations, v)
		default:
			r.Standing = append(r.Standing, v)
		}
	}
}

// outcome takes in what came of a plan.
func (r *rehearsal) outcome(o migrate.Outcome) {
	if d := o.Deployed; d != nil {
		seconds := d.To.Sub(d.From).Seconds()
		r.Deploy = &seconds
	}
	for _, result := range o.Results {
		if n := result.Status.Counts.Left; n > 0 || len(result.Left) > 0 {
			v := violation{Kind: "left", Where: o.Plan, Count: max(n, uint64(len(result.Left)))}
			v.What = fmt.Sprintf("phase %s could not change %s", result.Status.Phase, map[bool]string{true: "it", false: "them"}[v.Count == 1])
			for i, l := range result.Left {
				if i == 0 {
					v.What += ": " + l.Reason
				}
				if i < 5 {
					v.Nodes = append(v.Nodes, nodeOf(r.Copied, l.UID))
				}
			}
			r.Violations = append(r.Violations, v)
		}
		for _, check := range result.Unclean {
			r.unclean(o.Plan, check)
		}
	}
}

// unclean takes in what a closing question found, once.
func (r *rehearsal) unclean(plan string, check migrate.Check) {
	if check.Clean() {
		return
	}
	v := violation{Kind: "unclean", Where: plan, What: check.String(), Count: check.Open + check.Left}
	for _, uid := range check.First {
		v.Nodes = append(v.Nodes, nodeOf(r.Copied, uid))
	}
	if !slices.ContainsFunc(r.Violations, func(have violation) bool { return have.Kind == v.Kind && have.Where == v.Where && have.What == v.What }) {
		r.Violations = append(r.Violations, v)
	}
}

// clock measures steps by what a run tells of itself.
type clock struct {
	report *rehearsal
	at     *timing // that runs; nil between steps
	since  time.Time
	last   migrate.Status
}

func newClock(r *rehearsal) *clock { return &clock{report: r} }

// tick is called with each sign of progress.
func (c *clock) tick(s migrate.Status) {
	now := time.Now()
	if c.last.Plan != s.Plan || c.last.Phase != s.Phase {
		c.last.Counts = migrate.Counts{} // which are those of a phase
	}
	if c.at != nil {
		c.at.Seconds += now.Sub(c.since).Seconds()
		if c.at.Plan == s.Plan && c.at.Phase == string(s.Phase) {
			c.at.Nodes += s.Counts.Nodes - c.last.Counts.Nodes
			c.at.Changed += s.Counts.Changed - c.last.Counts.Changed
		}
	}
	if c.at == nil || c.at.Plan != s.Plan || c.at.Phase != string(s.Phase) || c.at.Step != s.Step {
		c.stop()
		if s.Step != "" {
			c.at = &timing{Plan: s.Plan, Phase: string(s.Phase), Step: s.Step}
		}
	}
	c.since, c.last = now, s
}

// stop ends the step that runs.
func (c *clock) stop() {
	if c.at == nil {
		return
	}
	if c.at.Nodes >= enough {
		million := c.at.Seconds / float64(c.at.Nodes) * 1e6
		c.at.PerMillion = &million
	}
	c.report.Steps = append(c.report.Steps, *c.at)
	c.at = nil
}

// writeJSON writes a report for programs.
func (p program) writeJSON(r *rehearsal) error {
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("writing the report: %w", err)}
	}
	return nil
}

// text writes a report for people.
func (r *rehearsal) text(to io.Writer) {
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = report.Escape(s)
			}
		}
		fmt.Fprintf(to, format+"\n", args...)
	}
	line("rehearsed: %s -> %s, with data of %s", r.Before, r.After, r.Source)
	if r.Dgraph != r.SourceDgraph {
		line("note: the source runs Dgraph %s, the rehearsal %s; --dgraph names another server", r.SourceDgraph, r.Dgraph)
	}
	if c := r.Copied; c != nil {
		what := "everything"
		if r.Sample {
			what = "a sample"
		}
		line("copied %s: %s, %s in %s", what, number(c.Nodes, "node", "nodes"), number(c.Quads, "quad", "quads"), seconds(c.Seconds))
		for _, n := range []struct {
			count uint64
			one   string
			many  string
		}{
			{c.LeftOut, "edge leads out of the sample and was left out", "edges lead out of the sample and were left out"},
			{c.Passwords, "password cannot be read: none fits in the copy", "passwords cannot be read: no password fits in the copy"},
			{c.Unreadable, "value could not be read, or not be written", "values could not be read, or not be written"},
		} {
			if n.count > 0 {
				line("  %s", number(n.count, n.one, n.many))
			}
		}
		if c.Moments > 1 {
			line("  the data is of %d moments, and not of one", c.Moments)
		}
		for _, s := range c.Skipped {
			line("  left out: %s", s)
		}
	}
	for _, f := range r.Findings {
		nodes := "not asked"
		if f.Nodes != nil {
			nodes = number(*f.Nodes, "node", "nodes")
		}
		line("the change: %s[%s] %s, %s", f.Severity, f.Rule, f.Coordinate, nodes)
	}
	for _, p := range r.Plans {
		line("plan %s, checksum %s", p.ID, p.Checksum)
	}
	few := false
	for _, s := range r.Steps {
		speed := ""
		few = few || s.Nodes > 0 && s.Nodes < enough
		if s.PerMillion != nil && s.Seconds > 0 {
			speed = fmt.Sprintf("; %.0f nodes/s, %s for a million", float64(s.Nodes)/s.Seconds, seconds(*s.PerMillion))
		}
		line("  %s, step %s: %s, %d changed in %s%s", s.Phase, s.Step, number(s.Nodes, "node", "nodes"), s.Changed, seconds(s.Seconds), speed)
	}
	if few {
		line("  steps of fewer than %d nodes do not tell how long a million takes: a larger --sample, or --all, does", enough)
	}
	if r.Deploy != nil {
		line("deployed: clients could meet either schema for %s", seconds(*r.Deploy))
	}
	if r.Stopped == "" {
		line("verified: %s; %s", number(r.Checks, "closing question", "closing questions"),
			number(r.Untouched, "predicate that no plan writes is as it was", "predicates that no plan writes are as they were"))
	}
	for _, o := range r.Operations {
		line("operation %s: %s%s", o.Operation, o.Outcome, o.detail())
		for _, d := range o.First {
			if d.Before+d.After == "" {
				line("  %s", cmp.Or(d.Path, "(everything)"))
				continue
			}
			line("  %s: %s -> %s", cmp.Or(d.Path, "(everything)"), d.Before, d.After)
		}
		for _, e := range o.Errors {
			line("  error: %s", e)
		}
	}
	for _, n := range r.Notes {
		line("note: %s", n)
	}
	for _, v := range r.Standing {
		line("before and after: %s", v.String())
	}
	for _, v := range r.Violations {
		line("VIOLATION: %s", v.String())
	}
	bad := 0
	for _, o := range r.Operations {
		if o.bad() {
			bad++
		}
	}
	if r.Stopped != "" {
		line("NOT FINISHED, and this is what was known by then: %s", r.Stopped)
	}
	line("%s, %d of %s to look at", number(len(r.Violations), "violation", "violations"), bad, number(len(r.Operations), "operation", "operations"))
}

// detail says more of an outcome.
func (r ran) detail() string {
	switch {
	case r.Reason != "":
		return ": " + r.Reason
	case r.Differences > 0:
		return ", " + number(r.Differences, "difference", "differences")
	}
	return ""
}

// String is one line.
func (v violation) String() string {
	var b strings.Builder
	b.WriteString(v.Kind)
	if v.Where != "" {
		b.WriteString(" " + v.Where)
	}
	b.WriteString(": " + v.What)
	if v.Count > 0 {
		b.WriteString("; " + number(v.Count, "node", "nodes"))
	}
	for i, n := range v.Nodes {
		b.WriteString(map[bool]string{true: ": ", false: ", "}[i == 0] + n.UID)
		if n.Rim {
			b.WriteString(" (at the rim of the sample)")
		}
	}
	return b.String()
}

// seconds is a time as people read it.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
