package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"charm.land/huh/v2"
	"golang.org/x/term"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// question is one that a person answers with one of some options, or without
// options with a text.
type question struct {
	title   string
	about   string
	options []option
	start   string // the id of the option that is taken as a matter of course
}

// option is an answer, with what it would do.
type option struct{ id, label, preview string }

// asker asks a question and gives the id of the option that was taken.
type asker func(context.Context, question) (string, error)

// prompter asks on the terminal, or says why it cannot: in CI nobody answers.
func (p program) prompter() (asker, error) {
	in, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) || !isTerminal(p.out) {
		return nil, errors.New("--interactive needs a terminal on standard input and output: use --choose COORDINATE=FIX-ID")
	}
	if ci, _ := p.env("CI"); ci != "" && ci != "false" {
		return nil, errors.New("--interactive: nobody answers in CI (the variable CI is set): use --choose COORDINATE=FIX-ID")
	}
	return func(ctx context.Context, q question) (string, error) { return prompt(ctx, in, p.out, q) }, nil
}

// mostPreviewed is how many lines of an edit a question shows.
const mostPreviewed = 14

func prompt(ctx context.Context, in io.Reader, out io.Writer, q question) (string, error) {
	answer := q.start
	var options []huh.Option[string]
	for _, o := range q.options {
		options = append(options, huh.NewOption(report.Escape(o.label), o.id))
	}
	about := func() string {
		text := report.Escape(q.about)
		for _, o := range q.options {
			if o.id == answer && o.preview != "" {
				return text + "\n\n" + preview(o.preview)
			}
		}
		return text
	}
	if len(q.options) == 0 {
		return typed(ctx, in, out, q)
	}
	pick := huh.NewSelect[string]().Title(report.Escape(q.title)).DescriptionFunc(about, &answer).Options(options...).Value(&answer)
	err := huh.NewForm(huh.NewGroup(pick)).WithInput(in).WithOutput(out).RunWithContext(ctx)
	return answer, answered(err)
}

// typed asks for a text.
func typed(ctx context.Context, in io.Reader, out io.Writer, q question) (string, error) {
	answer := q.start
	field := huh.NewInput().Title(report.Escape(q.title)).Description(report.Escape(q.about)).Value(&answer)
	err := answered(huh.NewForm(huh.NewGroup(field)).WithInput(in).WithOutput(out).RunWithContext(ctx))
	return answer, err
}

// answered is the error of a form.
func answered(err error) error {
	switch {
	case errors.Is(err, huh.ErrUserAborted):
		return &problem{exitInterrupted, errors.New("interrupted, and nothing was written")}
	case err != nil:
		return fmt.Errorf("asking on the terminal: %w", err)
	}
	return nil
}

// preview is the beginning of an edit, safe for a terminal.
func preview(diff string) string {
	lines := strings.Split(strings.TrimSuffix(report.Redact(diff), "\n"), "\n")
	if len(lines) > mostPreviewed {
		rest := len(lines) - mostPreviewed
		lines = append(lines[:mostPreviewed], fmt.Sprintf("... and %s", number(rest, "more line", "more lines")))
	}
	for i, line := range lines {
		lines[i] = report.Escape(strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", "    "))
	}
	return strings.Join(lines, "\n")
}
