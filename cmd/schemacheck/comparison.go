package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/diff/validity"
	"github.com/schemacheck/schemacheck/rules"
)

// comparison is the work between reading and writing.
type comparison struct {
	oldName, newName string
	before, after    []*sdl.File
	// sameCommit says that the old schema is that of the checked-out commit, since git has nothing to compare it with.
	sameCommit bool
	// hopeless says that Dgraph would refuse the new schema, and that the old
	// one was not read if it is a live one.
	hopeless   bool
	cfg        *config.Config
	severities severities
	accepted   []rules.Acceptance
	known      *baseline // nil without a baseline
	grace      *grace    // nil without one
	// alongside gives findings that need more than the two schemas; nil gives
	// none.
	alongside func(*diff.Diff, *report.Report) []*rules.Finding
	notes     []report.Note // on what is known before
	// operations are those of the application; nil where none are looked at. They are let go when they have been judged
	// once, where nothing comes after that.
	operations *operations.Found
	once       bool
	// rewriting says how operations are rewritten; nil rewrites what breaks, for suggestions.
	rewriting *rewriting
	// settle has the data decide about findings; nil asks nothing.
	settle func(*report.Report, []*rules.Finding) error
}

// compared is what came of it.
type compared struct {
	report   *report.Report
	findings []*rules.Finding // those in the report
	invalid  bool             // Dgraph would refuse the new schema
	// unsettled is why the data could not be asked to the end.
	unsettled error
	// all are the findings that the schemas give, also those that somebody
	// decided to live with. judge gives those of another new schema.
	// keep are those of its findings that nobody decided to live with.
	all   []*rules.Finding
	judge func(after []*sdl.File) ([]*rules.Finding, error)
	keep  func(after []*sdl.File, findings []*rules.Finding) []*rules.Finding
}

func (c comparison) run() (*compared, error) {
	r := &report.Report{
		Tool:   report.Tool{Name: "schemacheck", Version: versionName()},
		Before: sourceOf(c.oldName, c.before),
		After:  sourceOf(c.newName, c.after),
		Notes:  slices.Clone(c.notes),
	}
	oldSDL, err := sdl.Parse(c.before...)
	if err != nil {
		return nil, errOld(err)
	}
	r.Old = schemaOf(c.before, oldSDL)
	if !c.hopeless || !fromDgraph(c.oldName) {
		r.Before.Fingerprint = oldSDL.Fingerprint()
	}
	newSDL, err := sdl.Parse(c.after...)
	r.New = schemaOf(c.after, newSDL)
	if err != nil {
		var syntax *sdl.Error
		if !errors.As(err, &syntax) {
			return nil, err
		}
		add(r, refusals([]validity.Problem{{Span: syntax.Span, Message: syntax.Message}}, c.newName, c.after), nil, severities{})
		return &compared{report: r, invalid: true}, nil
	}
	r.After.Fingerprint = newSDL.Fingerprint()
	if c.sameCommit && r.After.Fingerprint == r.Before.Fingerprint {
		r.Notes = append(r.Notes, report.Note{Kind: "warning", Message: "the schema was compared with itself: the checked-out commit is on the main " +
			"branch already, or this clone has no other branch, and the schema has no edits since. Name the old one, such as git:HEAD~1:schema.graphql"})
	}
	before, after := diff.New(oldSDL), diff.New(newSDL)
	result := validity.Check(after.Schema, validity.Options{Storage: after.Storage})
	for _, u := range result.Unchecked {
		r.Notes = append(r.Notes, report.Note{Kind: "not-checked", Message: u.Message, Location: location("", u.Span)})
	}
	if len(result.Problems) > 0 {
		refused := refusals(result.Problems, c.newName, c.after)
		if len(c.after) == 0 {
			refused = append(refused, rules.Absent("new", c.newName, start(c.newName, nil)))
		}
		add(r, refused, nil, severities{})
		return &compared{report: r, invalid: true}, nil
	}
	if problems := validity.Check(before.Schema, validity.Options{Storage: before.Storage}).Problems; len(problems) > 0 && len(c.before) > 0 {
		r.Notes = append(r.Notes, report.Note{Kind: "warning", Location: location("", problems[0].Span), Message: fmt.Sprintf(
			"Dgraph would refuse the old schema (%s): it may not be what runs", inShort(problems))})
	}
	var comments []operations.Comment
	if c.operations != nil {
		comments = c.operations.Comments()
	}
	findings := c.found(before, after, r)
	if len(c.before) == 0 {
		findings = append(findings, rules.Absent("old", c.oldName, start(c.newName, c.after)))
	}
	possible := possibleAtRest(after)
	keep := func(after *sdl.Schema, findings []*rules.Finding) ([]*rules.Finding, []rules.Suppressed) {
		kept, suppressed := rules.Suppress(findings, rules.Suppressions{
			Schema:      after,
			Before:      oldSDL,
			Operations:  comments,
			Accepted:    c.accepted,
			Live:        c.alongside != nil,
			Elsewhere:   possible,
			Off:         c.severities.off,
			Fingerprint: fingerprint,
			Nearest:     config.Nearest,
		})
		return slices.DeleteFunc(kept, c.severities.off), suppressed
	}
	kept, suppressed := keep(newSDL, findings)
	done := &compared{report: r, findings: kept, all: findings, judge: func(files []*sdl.File) ([]*rules.Finding, error) {
		parsed, err := sdl.Parse(files...)
		if err != nil {
			return nil, err
		}
		after := diff.New(parsed)
		if problems := validity.Check(after.Schema, validity.Options{Storage: after.Storage}).Problems; len(problems) > 0 {
			return nil, fmt.Errorf("the schema would be refused: %s", inShort(problems))
		}
		return c.found(before, after, &report.Report{}), nil
	}, keep: func(files []*sdl.File, findings []*rules.Finding) []*rules.Finding {
		parsed, err := sdl.Parse(files...)
		if err != nil {
			return nil // nobody judged these
		}
		kept, _ := keep(parsed, findings)
		return kept
	}}
	if c.settle != nil {
		if done.unsettled = c.settle(r, kept); done.unsettled != nil && !r.Data.Asked {
			return nil, done.unsettled
		}
		rules.Follow(kept)
	}
	add(r, kept, suppressed, c.severities)
	c.known.mark(r)
	return done, nil
}

// compare finds the changes, with the renames that the configuration declares.
func (c comparison) compare(before, after *diff.Schema) *diff.Diff {
	renames := map[string]string{}
	for _, rename := range c.cfg.Renames {
		renames[rename.From] = rename.To
	}
	return diff.Compare(before, after, diff.Options{Renames: renames, DgraphVersion: c.cfg.DgraphVersion})
}

// found are the findings about a change, before anybody asked the data. What
// could not be looked at is noted in r.
func (c comparison) found(before, after *diff.Schema, r *report.Report) []*rules.Finding {
	d := c.compare(before, after)
	findings := rules.Judge(d)
	c.grace.apply(before, after, findings, r)
	if c.operations != nil {
		findings = append(findings, c.judgeClients(d, findings, r)...)
	}
	if c.alongside != nil {
		findings = append(findings, c.alongside(d, r)...)
	}
	return findings
}

// conclude says in the report what decides the exit code, where findings do
// not.
func (o *output) conclude(ctx context.Context, done *compared, unfinished error) {
	switch {
	case done.invalid:
		o.options.Verdict = "exit 2: Dgraph would refuse the new schema"
	case unfinished != nil:
		o.options.Verdict = verdict(ctx, unfinished)
	}
}

// outcome is the error that the exit code is made of.
func (done *compared) outcome(out *output, unfinished error) error {
	switch {
	case done.invalid:
		return &problem{code: exitUsage}
	case unfinished != nil:
		return unfinished
	case done.report.Failing(out.options.FailOn) > 0:
		return &problem{code: exitFindings}
	}
	return nil
}

// verdict is the last line of a report that was not finished.
func verdict(ctx context.Context, err error) string {
	code := exitUsage
	var known *problem
	switch {
	case ctx.Err() != nil:
		return "exit 130: interrupted, this is what was known by then"
	case errors.As(err, &known):
		code = known.code
	}
	return fmt.Sprintf("exit %d: not finished", code)
}

// inShort is what is wrong with a schema.
func inShort(problems []validity.Problem) string {
	if len(problems) == 1 {
		return problems[0].Message
	}
	return fmt.Sprintf("%d problems, the first: %s", len(problems), problems[0].Message)
}
