// Package review brings a pull request's comments in line with a report: one summary, and one comment for each finding
// that stands on a line of the diff. It compares what the pull request has with what it should have, makes the difference,
// and looks again; so that a run that was cut off, or two runs at once, come to the same end, and a second run does nothing.
//
// It judges nothing: what is found was decided before. All texts of a report are hostile here, also the paths and edits in
// it: a report can come from a job that ran a stranger's code.
package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// Request is what a pull request is to be told.
type Request struct {
	Target Target
	// ID keeps the comments of several reports on one pull request apart. Empty is one that is made of the path of the new
	// schema; then the comments on a schema that the pull request moves stay the same ones.
	ID     string
	Report *report.Report
	// Summary is the report in Markdown, of at most SummaryRoom bytes.
	Summary string
	// Prefix is the folder of the repository that the paths of the report count from; empty is its root.
	Prefix string
	// CommentFrom is the lowest severity that gets a comment of its own; report.Never leaves all to the summary.
	CommentFrom report.Severity
	// MaxComments is how many findings get a comment of their own, the worst first.
	MaxComments int
	// DryRun gets the calls that would write, a line each, and none of them is made. Nil makes them.
	DryRun io.Writer
}

// Check says what is wrong with a request, before anything is sent.
func (r *Request) Check() error {
	if r.ID != "" && !idName.MatchString(r.ID) {
		return fmt.Errorf("--id %q: expected letters, digits, and . _ - (at most 64)", r.ID)
	}
	if r.MaxComments < 0 {
		return fmt.Errorf("--max-comments %d: expected a number from 0 on", r.MaxComments)
	}
	if _, ok := inRepository(r.Prefix, "x"); !ok {
		return fmt.Errorf("--prefix %q: expected a folder of the repository, counted from its root", r.Prefix)
	}
	if len(r.Summary) > SummaryRoom {
		return fmt.Errorf("the summary has %d bytes, and %d have room in a comment", len(r.Summary), SummaryRoom)
	}
	return r.Target.Check()
}

// commented reports whether a finding gets a comment of its own, if there is a place for it.
func (r *Request) commented(f *report.Finding) bool {
	return !f.Addition && !f.Known && f.Severity.Reaches(r.CommentFrom)
}

// worst are the findings that get a comment of their own, if there is a place for them, the worst first.
func (r *Request) worst() []*report.Finding {
	var findings []*report.Finding
	for i := range r.Report.Findings {
		if f := &r.Report.Findings[i]; r.commented(f) {
			findings = append(findings, f)
		}
	}
	slices.SortStableFunc(findings, func(a, b *report.Finding) int {
		switch {
		case a.Severity == b.Severity:
			return 0
		case a.Severity.Reaches(b.Severity):
			return -1
		}
		return 1
	})
	return findings
}

// Outcome is what came of a review.
type Outcome struct {
	Repository Repository
	Number     int
	// Stale is why nothing was written, or no more: the report is not about the head of a pull request. Empty otherwise.
	Stale string
	// Posted, Edited, Settled, Reopened and Removed count comments on findings.
	Posted, Edited, Settled, Reopened, Removed int
	// Summary is "posted" or "edited", or empty where it was right already.
	Summary string
	// Remarks are what could not be done, and why.
	Remarks []string
}

// String is the outcome in a line.
func (o Outcome) String() string {
	if o.Stale != "" {
		return "no comments are written: " + o.Stale
	}
	var did []string
	for _, one := range []struct {
		n    int
		what string
	}{{o.Posted, "posted"}, {o.Edited, "edited"}, {o.Settled, "settled"}, {o.Reopened, "opened again"}, {o.Removed, "removed"}} {
		if one.n > 0 {
			did = append(did, counted(one.n, "comment", "comments")+" "+one.what)
		}
	}
	if o.Summary != "" {
		did = append(did, "the summary "+o.Summary)
	}
	if len(did) == 0 {
		did = []string{"all comments are right already"}
	}
	return fmt.Sprintf("%s#%d: %s", o.Repository, o.Number, strings.Join(did, ", "))
}

// need says what a review needs that has no token, and so cannot even look.
func (r *Request) need() error {
	several := 0
	for i := range r.Report.Findings {
		if r.commented(&r.Report.Findings[i]) {
			several++
		}
	}
	which := "the open pull request whose head is " + r.Target.Commit
	if r.Target.Number > 0 {
		which = fmt.Sprintf("pull request %d", r.Target.Number)
	}
	_, err := fmt.Fprintf(r.DryRun, `without a token nothing can be looked at. With one, this would
  read   %s of %s: its files, comments and conversations
  write  one summary, and comments on up to %s
The token has to come from GITHUB_TOKEN, GH_TOKEN or SCHEMACHECK_GITHUB_TOKEN, with the
permissions contents: read and pull-requests: write (contents: write to resolve conversations)
`, which, r.Target.Repository, counted(min(several, r.MaxComments), "finding", "findings"))
	return err
}

// rounds is how often a review looks again before it gives up.
const rounds = 6

// Review brings the comments in line. Errors of the API wrap ErrToken or ErrForbidden where these say what to do.
func (c *Client) Review(ctx context.Context, r *Request) (Outcome, error) {
	out := Outcome{Repository: r.Target.Repository, Number: r.Target.Number}
	if err := r.Check(); err != nil {
		return out, err
	}
	rooted := *r
	rooted.Report = r.Report.Rooted(r.Prefix)
	r = &rooted
	switch {
	case c.token == "" && r.DryRun != nil:
		return out, r.need()
	case c.token == "":
		return out, fmt.Errorf("%w: there is none", ErrToken)
	}
	number, head, err := c.pullRequest(ctx, r.Target)
	if err != nil {
		return out, err
	}
	if out.Number = number; number == 0 {
		out.Stale = fmt.Sprintf("no open pull request of %s has commit %s as its head", r.Target.Repository, r.Target.Commit)
		return out, nil
	}
	if r.Target.Commit != "" && r.Target.Commit != head {
		out.Stale = fmt.Sprintf("the head of %s#%d is commit %s, and the report is about %s", r.Target.Repository, number, head, r.Target.Commit)
		return out, nil
	}
	files, err := c.changes(ctx, r.Target.Repository, number, r)
	if err != nil {
		return out, err
	}
	ids := []string{r.ID}
	if r.ID == "" {
		ids = files.ids(r.Report)
		r.ID = ids[0]
	}
	w := &writer{Client: c, Request: r, number: number, head: head, files: files, refused: map[string]bool{}, outcome: &out}
	var failed error
	for round := 1; ; round++ {
		now, err := c.state(ctx, r.Target.Repository, number, ids)
		if err != nil {
			return out, err
		}
		if now.head != "" && now.head != head {
			out.Stale = fmt.Sprintf("%s#%d got commit %s meanwhile, and the report is about %s", r.Target.Repository, number, now.head, head)
			return out, nil
		}
		steps := w.plan(now)
		switch {
		case r.DryRun != nil:
			return out, w.tell(steps)
		case len(steps) == 0:
			return out, nil
		case round > rounds:
			return out, failed
		}
		again := false
		failed = nil
		for _, s := range steps {
			err := w.take(ctx, s)
			switch {
			case errors.Is(err, errUnsure), errors.Is(err, errMissing):
				failed, again = err, true // what it came to shows when we look again
			case err != nil:
				return out, err
			}
			again = again || s.creates()
		}
		if !again {
			return out, nil
		}
		if failed != nil {
			if err := c.pause(ctx, time.Duration(round)*time.Second); err != nil {
				return out, err
			}
		}
	}
}

// wanted is a comment that a pull request should have.
type wanted struct {
	fingerprint string
	at          place
	body        string
}

// wanted are the comments on findings that the pull request should have, the worst first, and what the summary has to say
// of the others.
func (w *writer) wanted() ([]wanted, []string) {
	var all []wanted
	outside, elsewhere, many := 0, 0, 0
	for _, f := range w.worst() {
		if len(all) == w.MaxComments { // it is only counted: a report can have very many
			f = &report.Finding{Coordinate: f.Coordinate, Location: f.Location, Previous: f.Previous, Fingerprint: f.Fingerprint}
		}
		at, change, ok := w.files.of(f)
		switch file := w.files.named(f.Location.File); {
		case !ok && file != nil && w.files.elsewhere[file.path]:
			elsewhere++
		case file != nil && w.files.unread[file.path]:
			many++
		case !ok || w.refused[f.Fingerprint]:
			outside++
		case len(all) == w.MaxComments:
			many++
		default:
			all = append(all, wanted{f.Fingerprint, at, findingBody(w.ID, f, w.Report.Data.Asked, change)})
		}
	}
	var remarks []string
	remark := func(n int, one, several string) {
		if n > 0 {
			remarks = append(remarks, counted(n, one, several))
		}
	}
	remark(outside, "finding is on no line that this pull request touches, and is told here only.",
		"findings are on no line that this pull request touches, and are told here only.")
	remark(elsewhere, "finding is told here only: the file that was checked is not as it is at the head of this pull request.",
		"findings are told here only: the files that were checked are not as they are at the head of this pull request.")
	remark(many, "more finding has no comment of its own, so that there are not too many.",
		"more findings have no comment of their own, so that there are not too many.")
	return all, remarks
}
