package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
	"github.com/schemacheck/schemacheck/fixes"
	"github.com/schemacheck/schemacheck/rules"
)

// fixOptions are what the fix command was asked.
type fixOptions struct {
	diffOptions
	choiceOptions
	planOptions
	applyOptions
	byHand      bool // --format dql
	write       bool
	noAlias     bool
	interactive bool
	guided      bool     // the order of deploys is told, and nothing is changed
	asked       []string // the arguments
	repeat      string   // the flags that choose the same fixes once more
}

func (p program) fixCommand() *cobra.Command {
	o := &fixOptions{}
	cmd := &cobra.Command{
		Use:   "fix [[OLD] NEW]",
		Short: "Mend the new schema so that clients and data stay well",
		Long: `Show for each finding the safest way out, the others by their ids, and the edits
of the new schema that it takes: @dgraph(pred:) and @dgraph(type:) that keep data
where it is, fields and values that stay for a while and are @deprecated, what
was lost of @search, @id, @auth and others. Nothing is changed without --write.

The arguments are those of diff. For a finding the first fix is taken, unless
--choose names another one; for those that are only for information, and where
all that there is deletes, none is.

With --write the edits go into the files of NEW; no other byte of them changes.
Before that, they are tried: the schema has to be one that Dgraph takes, what
was to be fixed has to be, and nothing else may get worse.

With --operations GLOB, a folder or a file (or operations: in the configuration),
the operations of the application are rewritten for types, fields, arguments and
values whose renames are declared or certain, and so are their variables in a
file list.json beside list.graphql. A field is asked for under its old name, as
in phone: tel, so that who reads the answer need not change; --no-alias has it
answer with the new one. What cannot be rewritten safely is listed with the reason.

What changes stored data becomes a plan: --out writes it to a folder, to be reviewed
and carried out with migrate up; --format dql prints what can be sent by hand. What
a fix has to know, such as a value to fill, comes by --set. --apply does all of it:
the edits, and on --alpha the phase before of the plan; the phase after once the new
schema is served, or with --deploy. It begins only when every chosen fix can be made,
and with --deploy only when none is left to people. How that is carried out is said as
for migrate up, and where it stopped it goes on when it is given again. What deletes is never taken by
itself, and is phase contract of the plan.`,
		Example: `  schemacheck fix old.graphql new.graphql
  schemacheck fix old.graphql new.graphql --write
  schemacheck fix old.graphql new.graphql --choose User.phone=copy-values --write
  schemacheck fix old.graphql new.graphql --prefer migration --out migrations
  schemacheck fix old.graphql new.graphql --set User.plan=basic --format dql
  schemacheck fix new.graphql --alpha localhost:9080 --apply
  schemacheck fix old.graphql new.graphql --operations 'app/**/*.ts' --write
  schemacheck fix git:main:schema.graphql schema.graphql --interactive --write

Exit codes: 0 nothing at or above --fail-on is left; 1 findings are left; 2 usage,
or a schema that cannot be read, is invalid, or is in no file; 3 could not finish:
no Dgraph was reached, or a file could not be written or changed meanwhile. With
--apply they are those of migrate up.` + formats(),
		Args: arguments(0, 2, "two schemas, OLD and NEW, or NEW alone, or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			o.arguments(args)
			return p.fix(cmd, o)
		},
	}
	flags := cmd.Flags()
	o.bindAll(flags)
	o.base.bind(flags)
	o.choiceOptions.bind(flags)
	o.planOptions.bind(flags)
	o.applyOptions.bind(cmd)
	flags.Lookup("format").Usage += "; dql prints what changes stored data, to be sent by hand"
	flags.BoolVar(&o.write, "write", false, "put the edits into the files of NEW")
	o.bindOperations(flags)
	flags.BoolVar(&o.noAlias, "no-alias", false, "let rewritten operations answer with the new names, instead of phone: tel")
	flags.BoolVar(&o.interactive, "interactive", false, "ask for each finding which fix to take, and show its edit; on a terminal only")
	complete(cmd, "prefer", string(rules.Directive), string(rules.Migration))
	completeReport(cmd)
	return cmd
}

func (p program) fix(cmd *cobra.Command, o *fixOptions) error {
	if err := errors.Join(o.choiceOptions.check(cmd.Flags()), o.planOptions.check(cmd.Flags()), o.applyOptions.check(p, cmd.Flags(), o)); err != nil {
		return err
	}
	if o.format == "dql" {
		o.byHand, o.format = true, "text"
	}
	var to asker
	if o.interactive {
		var err error
		if to, err = p.prompter(); err != nil {
			return given(cmd.Flags(), "interactive", err)
		}
	}
	o.plansIn = o.out
	w, err := p.begin(cmd, &o.diffOptions)
	if err != nil {
		return err
	}
	defer w.close()
	if err := writable(o, w.after); err != nil {
		return err
	}
	if err := w.rewrites(o.noAlias); err != nil {
		return err
	}
	done, err := w.run()
	if err != nil {
		return err
	}
	if done.invalid || done.unsettled != nil {
		return p.finish(cmd.Context(), w.out, done, done.unsettled) // nothing is mended on half the knowledge
	}
	if o.apply {
		if run, err := p.begun(cmd, w, o, done.report.Before.Fingerprint); run != nil || err != nil {
			return p.goOn(cmd.Context(), w, o, done, run, err)
		}
		// A job that is run again says the same, and finds that what it was about is deployed.
		offers := func(f *rules.Finding) bool { return len(f.Fixes) > 0 }
		if done.report.Before.Fingerprint == done.report.After.Fingerprint && !slices.ContainsFunc(done.findings, offers) {
			o.choose, o.set = nil, nil
		}
	}
	o.choiceOptions.configured(w.cfg.Fixes)
	o.choiceOptions.known = has(done.report)
	o.planOptions.standing = w.cfg.Fixes.Set
	severity := w.severities.of
	preview := func(x rules.Fix) string { return previewOf(cmd.Context(), w.live, x, o.data.showValues) }
	choices, err := o.choices(cmd.Flags(), done.findings, severity)
	if err != nil {
		return err
	}
	if to != nil {
		if err := ask(cmd.Context(), choices, to, preview); err != nil {
			return err
		}
	}
	m := mend(w.after, done, choices, func(so []choice, left []*rules.Finding) []choice {
		next := o.later(so, left, severity)
		if to != nil && err == nil {
			err = ask(cmd.Context(), next, to, preview)
		}
		return next
	})
	if err != nil {
		return err
	}
	if err := o.allowed(m.choices); err != nil {
		return err
	}
	for _, f := range m.Failed {
		fmt.Fprintf(p.err, "schemacheck: %s of %s is not made: %s\n", f.Fix.ID, report.Escape(f.Finding.Coordinate), report.Escape(f.Err.Error()))
	}
	m.severity, m.known, m.applied = severity, o.choiceOptions.known, o.apply
	if m.clients, err = w.rewritten(m.Files); err != nil {
		return err
	}
	planning := func() (*planned, error) {
		choices, kept := m.current()
		all, err := o.plan(cmd.Flags(), choices, done.report.Before.Fingerprint, m.fingerprint(), time.Now())
		if err == nil {
			all.kept = kept
		}
		return all, err
	}
	if m.planned, err = planning(); err != nil {
		return err
	}
	if to != nil && len(m.planned.missing) > 0 {
		if err := o.askMissing(cmd.Context(), m.planned.missing, to); err != nil {
			return err
		}
		if m.planned, err = planning(); err != nil {
			return err
		}
	}
	if o.guided {
		return p.guide(m, o)
	}
	if o.apply {
		m.wholly(o.deploy)
	}
	if o.out != "" || o.byHand || o.apply {
		if err := m.planned.unready(); err != nil {
			return err
		}
	}
	if o.apply {
		if err := p.confirmFixes(w.live, m, &o.applyOptions); err != nil {
			return err
		}
	}
	if (o.write || o.apply) && (len(m.Done) > 0 || len(m.clients.before) > 0) {
		if m.written, err = fixes.Write(slices.Concat(w.after, m.clients.before), slices.Concat(m.Files, m.clients.after)); err != nil {
			for _, name := range m.written {
				fmt.Fprintf(p.err, "schemacheck: wrote %s\n", report.Escape(name))
			}
			return &problem{exitUnfinished, err}
		}
		// What is left is judged by what is in the files now.
		w.after, w.rewriting = m.Files, nil
		if w.find != nil {
			if w.operations, err = w.find(); err != nil {
				return err
			}
		}
		if done, err = w.run(); err != nil {
			return err
		}
	}
	if m.planned.plan != nil && o.out != "" {
		if m.path, m.fresh, err = p.writePlan(o.out, m.planned.plan); err != nil {
			return &problem{exitUnfinished, err}
		}
	}
	if o.byHand {
		if _, err := io.WriteString(p.out, m.planned.dql()); err != nil {
			return &problem{exitUnfinished, fmt.Errorf("writing: %w", err)}
		}
		return nil
	}
	done.report.Notes = append(done.report.Notes, m.clients.notes()...)
	repairs := m.repairs()
	done.report.Repairs = &repairs
	if o.apply && m.planned.plan != nil {
		w.out.options.Verdict = "what was found is what the plan is for; what came of it follows"
	}
	finished := p.finish(cmd.Context(), w.out, done, done.unsettled)
	if o.apply && m.planned.plan != nil {
		return p.applyFixes(cmd, w, m, o)
	}
	if o.deploy {
		return p.deployAlone(cmd, w, m, o, done.report.Before.Fingerprint, finished)
	}
	return finished
}

// mended is what the edits of the chosen fixes come to.
type mended struct {
	rules.Repaired
	choices  []choice
	before   []*sdl.File
	written  []string // the names of the files that were written
	planned  *planned
	applied  bool   // the plan is carried out
	path     string // of the plan that was written, or that was there
	fresh    bool   // the plan was written now
	clients  *rewritten
	severity func(*rules.Finding) report.Severity
	known    map[string]bool // the fingerprints of what the baseline has
}

// wholly lets --apply begin only when all that was chosen can be carried out, and
// --deploy when nothing is left to people: they would find it done without them.
func (m *mended) wholly(deploy bool) {
	for _, f := range m.Failed {
		m.planned.impossible = append(m.planned.impossible, fmt.Sprintf("%s of %s cannot be made: %v", f.Fix.ID, callName(f.Finding), f.Err))
	}
	if deploy {
		for _, task := range m.planned.byHand {
			m.planned.impossible = append(m.planned.impossible, "--deploy waits for nobody. "+task)
		}
	}
}

// mend makes the edits that were chosen, in memory. later chooses among the
// findings that come up meanwhile.
func mend(files []*sdl.File, done *compared, choices []choice, later func(so []choice, left []*rules.Finding) []choice) *mended {
	m := &mended{choices: choices, before: files, planned: &planned{}, clients: &rewritten{}}
	at := map[string]int{} // the choices, by the fingerprints of their findings
	for i, c := range choices {
		at[fingerprint(c.finding)] = i
	}
	more := func(so rules.Repaired) []rules.Chosen {
		next := later(m.choices, done.keep(so.Files, so.Left))
		for _, c := range next {
			if i, ok := at[fingerprint(c.finding)]; ok {
				m.choices[i] = c
				continue
			}
			at[fingerprint(c.finding)] = len(m.choices)
			m.choices = append(m.choices, c)
		}
		return edits(next)
	}
	m.Repaired = rules.Repair(files, done.all, edits(choices), done.judge, more)
	failed := map[string]error{}
	for _, f := range m.Failed {
		failed[fingerprint(f.Finding)] = f.Err
	}
	for i, c := range m.choices {
		switch {
		case c.fix == nil:
		case c.fix.Kind == rules.Migration:
			m.choices[i].note = "this changes stored data"
		case failed[fingerprint(c.finding)] != nil:
			m.choices[i].note = "not made: " + failed[fingerprint(c.finding)].Error()
		}
	}
	return m
}

// edits are the chosen fixes that are made in the schema.
func edits(choices []choice) []rules.Chosen {
	var all []rules.Chosen
	for _, c := range choices {
		if c.fix != nil && c.fix.Kind == rules.Directive {
			all = append(all, rules.Chosen{Finding: c.finding, Fix: *c.fix})
		}
	}
	return all
}

// repairs are the choices as reports have them.
func (m *mended) repairs() report.Repairs {
	var r report.Repairs
	migrations := 0
	shown := newShownEdits()
	for _, c := range m.choices {
		f := reported(c.finding, m.severity(c.finding), shown)
		one := report.Repair{Finding: &f, Note: c.note}
		if c.fix != nil {
			one.Chosen = c.fix.ID
			if c.fix.Kind == rules.Migration && !byHand(c.fix) {
				migrations++
			}
		}
		r.List = append(r.List, one)
	}
	changed := 0
	var edits strings.Builder
	after := slices.Concat(m.Files, m.clients.after)
	for i, f := range slices.Concat(m.before, m.clients.before) {
		now := after[i]
		if now == f {
			continue
		}
		if i < len(m.before) {
			changed++
		}
		text := string(diff.Diff(f.Name, []byte(f.Text), f.Name, []byte(now.Text)))
		_, text, _ = strings.Cut(text, "\n") // the command that nobody gave
		edits.WriteString(text)
	}
	r.Diff = edits.String()
	var schemas, clients []string // the files that were written
	for _, name := range m.written {
		if slices.ContainsFunc(m.before, func(f *sdl.File) bool { return f.Name == name }) {
			schemas = append(schemas, name)
		} else {
			clients = append(clients, name)
		}
	}
	switch {
	case len(schemas) > 0:
		r.Conclusion = append(r.Conclusion, fmt.Sprintf("%s written into %s.", number(len(m.Done), "fix", "fixes"), strings.Join(schemas, ", ")))
	case changed > 0:
		r.Conclusion = append(r.Conclusion, fmt.Sprintf("%s would change %s: --write makes the edits.",
			number(len(m.Done), "fix", "fixes"), number(changed, "file", "files")))
	default:
		r.Conclusion = append(r.Conclusion, "There is nothing to edit in the schema.")
	}
	r.Conclusion = append(r.Conclusion, m.clients.conclusions(clients)...)
	if len(m.Failed) > 0 {
		r.Conclusion = append(r.Conclusion, fmt.Sprintf("%s did not stand the check of the result and cannot be made.", number(len(m.Failed), "fix", "fixes")))
	}
	if migrations > 0 {
		r.Conclusion = append(r.Conclusion, fmt.Sprintf("%s stored data.", number(migrations, "fix changes", "fixes change")))
	}
	r.Conclusion = append(r.Conclusion, m.planned.inWords(m.path, m.applied)...)
	switch {
	case m.path != "" && m.fresh:
		r.Conclusion = append(r.Conclusion, fmt.Sprintf("The plan is written to %s: review it, and carry it out with schemacheck migrate up.", m.path))
	case m.path != "":
		r.Conclusion = append(r.Conclusion, fmt.Sprintf("The plan is there already: %s.", m.path))
	}
	return r
}

// number is a number of things.
func number[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
