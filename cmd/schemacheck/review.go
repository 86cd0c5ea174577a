package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/cmd/internal/review"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// reviewOptions are what the review command was asked.
type reviewOptions struct {
	diffOptions
	from        string // the report; empty makes one
	repository  string
	number      int
	commit      string
	id          string
	prefix      string
	commentFrom string
	maxComments int
	url         string
	dryRun      bool
}

func (p program) reviewCommand() *cobra.Command {
	o := &reviewOptions{}
	cmd := &cobra.Command{
		Use:   "review [[OLD] NEW]",
		Short: "Tell the pull request what a change does",
		Long: `Bring the comments on a pull request of GitHub in line with a report: one summary,
which is kept up to date, and a comment for each finding on its line of the diff,
with a suggestion to accept where an edit of lines in the diff mends it. Comments whose
finding is gone are settled and resolved. Running it again does nothing, unless
something changed. Only comments that the token's own user or app wrote are touched.

The report is made as by diff, with its arguments and flags, or read with --from
from what --report json=FILE wrote. It is printed too.

The token comes from the environment: SCHEMACHECK_GITHUB_TOKEN, GH_TOKEN or
GITHUB_TOKEN. It needs pull-requests: write and contents: read; to resolve
conversations, GitHub Actions wants contents: write. The pull request comes from
GitHub Actions, or from --repo and --pr.

A pull request from a fork has a token that may only read. So two workflows share
the work, and the one with a token never runs the fork's code:

  on: pull_request           schemacheck diff ... --report json=schemacheck.json
                             and upload schemacheck.json as an artifact
  on: workflow_run           download it, then
                             schemacheck review --from schemacheck.json

The second one finds the pull request by the commit of the first one's run, never
by what the artifact says. If the pull request has another commit by now, nothing
is written: the run for that one tells.`,
		Example: `  schemacheck review git:origin/main:schema.graphql schema.graphql
  schemacheck review --from schemacheck.json --fail-on never
  schemacheck review --from schemacheck.json --repo owner/name --pr 7 --dry-run
  schemacheck review old.graphql new.graphql --id with-data --comment-from error

Exit codes: as for diff, by the findings: 0 nothing at or above --fail-on; 1
findings; 2 usage, or a schema that cannot be read or is invalid; 3 could not
finish: GitHub was not reached or does not let the token write, or what diff says.` + formats(),
		Args: arguments(0, 2, "two schemas, OLD and NEW, or NEW alone, or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.warnOfSecrets(cmd, args)
			if err := p.environment(cmd); err != nil {
				return err
			}
			if o.from != "" && len(args) > 0 {
				return errors.New("--from has the report already: leave out the schemas, or leave out --from")
			}
			o.arguments(args)
			return p.review(cmd, o)
		},
	}
	flags := cmd.Flags()
	o.bindAll(flags)
	o.bindOperations(flags)
	o.base.bind(flags)
	flags.StringVar(&o.from, "from", "", "take the report from this JSON `FILE`")
	flags.StringVar(&o.repository, "repo", "", "the pull request's repository, as `OWNER/NAME`")
	flags.IntVar(&o.number, "pr", 0, "the `NUMBER` of the pull request")
	flags.StringVar(&o.commit, "sha", "", "the `COMMIT` that the report is about: a pull request with another head is told nothing")
	flags.StringVar(&o.id, "id", "", "a `NAME` that keeps the comments of several reports on one schema apart (default: by the schema's path)")
	flags.StringVar(&o.prefix, "prefix", "", "the `FOLDER` of the repository that paths in the report count from (default: what the report says, or this one)")
	flags.StringVar(&o.commentFrom, "comment-from", "warning", "findings from this `LEVEL` on get a comment of their own: error, warning, info or never")
	flags.IntVar(&o.maxComments, "max-comments", 50, "at most `N` findings get one, the worst first")
	flags.StringVar(&o.url, "github-url", "", "`URL` of the API of a GitHub Enterprise Server, such as https://github.example.com/api/v3")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the calls that would write instead of the report, and make none of them")
	complete(cmd, "comment-from", "error", "warning", "info", "never")
	completeReport(cmd)
	return cmd
}

func (p program) review(cmd *cobra.Command, o *reviewOptions) error {
	p.readOnly = true
	client, request, err := p.reviewRequest(cmd, o)
	if err != nil {
		return err
	}
	out, done, err := p.reviewed(cmd, o)
	if err != nil {
		return err
	}
	if o.from != "" && !cmd.Flags().Changed("prefix") && done.report.Folder != "" {
		request.Prefix = done.report.Folder
		if err := request.Check(); err != nil {
			return fmt.Errorf("the report of --from: %w", err)
		}
	}
	out.options.Folder = request.Prefix
	request.Report = withoutValues(done.report)
	if request.Summary, err = commentOf(request.Report, out.options); err != nil {
		return &problem{exitUnfinished, fmt.Errorf("writing the summary: %w", err)}
	}
	failed := p.tell(cmd.Context(), client, request)
	if o.dryRun {
		out.format.Write = func(_ io.Writer, _ *report.Report, _ report.Options) error { return nil }
	}
	return p.finish(cmd.Context(), out, done, errors.Join(done.unsettled, failed))
}

// reviewRequest is all of a review that is known before there is a report, and checked.
func (p program) reviewRequest(cmd *cobra.Command, o *reviewOptions) (*review.Client, *review.Request, error) {
	flags := cmd.Flags()
	target, err := review.FromActions(p.env)
	if err != nil && !(flags.Changed("repo") && flags.Changed("pr")) {
		return nil, nil, err
	}
	if flags.Changed("repo") {
		named, err := review.ParseRepository(o.repository)
		if err != nil {
			return nil, nil, given(flags, "repo", fmt.Errorf("--repo: %w", err))
		}
		if named != target.Repository {
			target = review.Target{Repository: named} // the event is another one's
		}
	}
	if flags.Changed("pr") && o.number != target.Number {
		if target.Number != 0 {
			target.Commit = "" // that of another pull request
		}
		target.Number = o.number
	}
	if flags.Changed("sha") {
		target.Commit = strings.ToLower(o.commit)
	}
	levels := []string{string(report.Error), string(report.Warning), string(report.Info), string(report.Never)}
	if !slices.Contains(levels, o.commentFrom) {
		return nil, nil, given(flags, "comment-from", unknown("level for --comment-from", o.commentFrom, levels))
	}
	r := &review.Request{Target: target, ID: o.id, Prefix: o.prefix, CommentFrom: report.Severity(o.commentFrom), MaxComments: o.maxComments}
	if !flags.Changed("prefix") {
		dir, err := p.workDir()
		if err != nil {
			return nil, nil, err
		}
		if here, err := (sdl.Loader{Dir: dir}).Here(cmd.Context()); err == nil {
			r.Prefix = here
		} // where there is no checkout, paths count from the root
	}
	if o.dryRun {
		r.DryRun = p.out
	}
	if err := r.Check(); err != nil {
		return nil, nil, err
	}
	c := review.Config{URL: o.url, Agent: "schemacheck"}
	if o.url == "" {
		c.URL, _ = p.env("GITHUB_API_URL")
		c.GraphQL, _ = p.env("GITHUB_GRAPHQL_URL")
	}
	for _, name := range []string{"SCHEMACHECK_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"} {
		if value, _ := p.env(name); c.Token == "" {
			c.Token = strings.TrimSpace(value)
		}
	}
	if c.Token == "" && !o.dryRun {
		return nil, nil, errors.New("there is no token for GitHub: set GITHUB_TOKEN (in GitHub Actions: env: GITHUB_TOKEN: ${{ github.token }}), or look at what would be done with --dry-run")
	}
	client, err := review.Open(c)
	return client, r, err
}

// reviewed is the report that a pull request is told.
func (p program) reviewed(cmd *cobra.Command, o *reviewOptions) (*output, *compared, error) {
	if o.from == "" {
		w, err := p.begin(cmd, &o.diffOptions)
		if err != nil {
			return nil, nil, err
		}
		defer w.close()
		w.once = true
		done, err := w.run()
		if err != nil {
			return nil, nil, err
		}
		return w.out, done, nil
	}
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	if o.connection.given() || o.useData != "" || o.base.path != "" {
		return nil, nil, errors.New("--from has a report that is made already: the data is asked, and the baseline named, where it is made")
	}
	_, _, out, err := p.prepare(cmd, &o.settings, o.failOn, "")
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(p.path(o.from))
	if err != nil {
		return nil, nil, given(cmd.Flags(), "from", fmt.Errorf("--from: %w", err))
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		if err := out.spares(cmd.Flags(), []fs.FileInfo{info}); err != nil {
			return nil, nil, err
		}
	}
	read, err := report.Read(file)
	if err != nil {
		return nil, nil, given(cmd.Flags(), "from", fmt.Errorf("--from: reading %s: %w", o.from, err))
	}
	return out, &compared{report: read}, nil
}

// withoutValues is a report without the stored values in it: more people read a pull request than a log.
func withoutValues(r *report.Report) *report.Report {
	out := *r
	out.Findings = slices.Clone(r.Findings)
	for i := range out.Findings {
		samples := slices.Clone(out.Findings[i].Evidence.Samples)
		for k := range samples {
			samples[k].Values = nil
		}
		out.Findings[i].Evidence.Samples = samples
	}
	return &out
}

// commentOf is the report as a comment shows it.
func commentOf(r *report.Report, options report.Options) (string, error) {
	format, ok := report.FormatNamed("markdown")
	if !ok {
		return "", errors.New("there is no format markdown")
	}
	var b strings.Builder
	err := format.Write(&b, r, report.Options{
		FailOn: options.FailOn, Limit: review.SummaryRoom, Verdict: options.Verdict, Folder: options.Folder,
		// Who tells only is not who judges: another step fails, or does not.
		NoVerdict: options.FailOn == report.Never && options.Verdict == "",
	})
	return b.String(), err
}

// tell brings the comments in line, says what it came to, and what to do where the token is not good for it.
func (p program) tell(ctx context.Context, c *review.Client, r *review.Request) error {
	came, err := c.Review(ctx, r)
	if err == nil && (r.DryRun == nil || came.Stale != "") {
		fmt.Fprintln(p.err, "schemacheck: "+report.Escape(came.String()))
	}
	for _, remark := range came.Remarks {
		fmt.Fprintln(p.err, "schemacheck: warning: "+report.Escape(remark))
	}
	if err == nil {
		return nil
	}
	_, actions := p.env("GITHUB_ACTIONS")
	switch {
	case errors.Is(err, review.ErrToken):
		err = fmt.Errorf("%w: look whether it expired, and whether it is for this GitHub", err)
	case errors.Is(err, review.ErrForbidden) && actions:
		err = fmt.Errorf("%w: it needs permissions: pull-requests: write in the workflow; on a pull request from a fork it may "+
			"only read, whatever the workflow says: use two workflows (schemacheck review --help), or schemacheck diff --format github", err)
	case errors.Is(err, review.ErrForbidden):
		err = fmt.Errorf("%w: it needs to write pull requests of %s", err, r.Target.Repository)
	}
	return &problem{exitUnfinished, err}
}
