package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/config"
	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff"
	"github.com/schemacheck/schemacheck/diff/operations"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/rules"
)

// operationOptions say where operations are: in the files that flags name, else those of the configuration, whose patterns
// count from its folder.
func operationOptions(given []string, cfg *config.Config) operations.Options {
	options := operations.Options{
		Patterns: given,
		Tags:     slices.Concat(operations.DefaultTags, cfg.OperationTags),
		Calls:    slices.Concat(operations.DefaultCalls, cfg.OperationCalls),
	}
	if len(given) > 0 {
		return options
	}
	for _, pattern := range cfg.Operations {
		pattern, excluded := strings.CutPrefix(pattern, "!")
		pattern = from(filepath.Dir(cfg.File), filepath.FromSlash(pattern))
		if excluded {
			pattern = "!" + pattern
		}
		options.Patterns = append(options.Patterns, pattern)
	}
	return options
}

// clientele finds the operations that flags name, or the configuration; nil when neither does. Patterns of the
// configuration can name nothing: what they name can be gone, and the change of the schema is told all the same.
func clientele(ctx context.Context, loader sdl.Loader, patterns []string, cfg *config.Config) (*operations.Found, error) {
	fromConfig := len(patterns) == 0
	options := operationOptions(patterns, cfg)
	if len(options.Patterns) == 0 {
		return nil, nil
	}
	// What is found is most of what a run has in memory, and no garbage: with a third of the room that Go usually takes, ten thousand
	// operations stay below 300 MiB.
	debug.SetGCPercent(33)
	if fromConfig {
		options.Standing = "operations: in " + config.Name
	}
	found, err := operations.Find(ctx, loader, options)
	switch {
	case err == nil:
		return found, nil
	case !fromConfig:
		return nil, fmt.Errorf("--operations: %w", err)
	case ctx.Err() != nil:
		return nil, err
	}
	return &operations.Found{Problems: []operations.Problem{{
		Kind: operations.Unreadable, What: fmt.Sprintf("%s: %s", options.Standing, err)}}}, nil
}

// filesOf are the files with operations, for what must not be overwritten.
func filesOf(found *operations.Found) []*sdl.File {
	if found == nil {
		return nil
	}
	seen := map[*sdl.File]bool{}
	var all []*sdl.File
	add := func(f *sdl.File) {
		if !seen[f] {
			seen[f] = true
			all = append(all, f)
		}
	}
	for _, o := range found.Operations {
		add(o.Document.File)
	}
	for _, f := range found.Fragments {
		add(f.Document.File)
	}
	return all
}

// mostProblems bounds what is told of files that cannot be read: after some, it is always the same.
const mostProblems = 50

// judgeClients holds the operations against the change. The report gets what is known of them all.
func (c comparison) judgeClients(d *diff.Diff, findings []*rules.Finding, r *report.Report) []*rules.Finding {
	unread := 0
	for i, p := range c.operations.Problems {
		kind := "info"
		if !p.Note() {
			kind = "warning"
			unread++
		}
		if i < mostProblems {
			r.Notes = append(r.Notes, report.Note{Kind: kind, Message: p.What, Location: location("", p.Span)})
		}
	}
	if more := len(c.operations.Problems) - mostProblems; more > 0 {
		r.Notes = append(r.Notes, report.Note{Kind: "warning", Message: fmt.Sprintf("and %d more such remarks on files with operations", more)})
	}
	if len(c.operations.Operations) == 0 {
		r.Notes = append(r.Notes, report.Note{Kind: "warning", Message: fmt.Sprintf(
			"no operations were found in %s: nothing is known of what clients use", number(c.operations.Files, "file", "files"))})
	}
	all := c.operations.Operations
	if c.once {
		c.operations.Fragments = nil // operations have those that they use
	} else {
		all = slices.Clone(all)
	}
	clients := rules.Clients{
		Operations:      all,
		Unread:          unread,
		DowngradeUnused: c.cfg.Usage == "downgrade-unused",
		DgraphVersion:   c.cfg.DgraphVersion,
	}
	if c.rewriting != nil {
		clients.Rewrite, clients.Refusals = &c.rewriting.options, c.rewriting.refusals
		c.rewriting.schema, c.rewriting.result = nil, nil // what another schema wanted
	}
	judged := rules.JudgeClients(d, findings, clients)
	if c.rewriting != nil {
		c.rewriting.schema, c.rewriting.result = d.After.Source.Files, judged.Rewritten
	}
	r.Operations = &report.Operations{
		Total: judged.Operations, Files: judged.Files, Broken: judged.Broken, BrokenFiles: judged.BrokenFiles,
		Affected: judged.Affected, Invalid: len(judged.Invalid), Unread: unread,
	}
	if len(judged.Invalid) > 0 {
		r.Notes = append(r.Notes, invalidBefore(judged.Invalid))
	}
	return judged.Findings
}

// invalidBefore tells of operations that Dgraph refuses under the old schema already. The first ones are named.
func invalidBefore(all []rules.InvalidOperation) report.Note {
	const most = 5
	what := "operations are"
	if len(all) == 1 {
		what = "operation is"
	}
	var named []string
	for _, o := range all[:min(len(all), most)] {
		at := o.Place.Begin()
		named = append(named, fmt.Sprintf("%s (line %d: %s)", o.Subject, at.Line, o.Reason))
	}
	message := fmt.Sprintf("%d %s not valid for the old schema either, so that nobody can say what the change does to them: %s",
		len(all), what, strings.Join(named, ", "))
	if more := len(all) - most; more > 0 {
		message += fmt.Sprintf(" and %d more", more)
	}
	return report.Note{Kind: "warning", Message: message, Location: location("", all[0].Place)}
}

// usageOf is how many operations use what a finding is about, as reports have it. Where the configuration gives the rule a
// severity, none was lowered.
func usageOf(f *rules.Finding, severity report.Severity) *report.Usage {
	if f.Usage == nil {
		return nil
	}
	u := &report.Usage{Operations: f.Usage.Operations, Files: f.Usage.Files, Sending: f.Usage.Sending}
	if f.Usage.Lowered != "" && severity == report.Severity(f.Severity) {
		u.Lowered = report.Severity(f.Usage.Lowered)
	}
	return u
}
