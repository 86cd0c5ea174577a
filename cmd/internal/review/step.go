package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v74/github"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// writer makes the difference between what a pull request has and what it should have.
type writer struct {
	*Client
	*Request
	number  int
	head    string
	files   *changes
	refused map[string]bool // fingerprints of findings whose place GitHub did not take
	outcome *Outcome
	// stuck says that the token may not resolve conversations.
	stuck bool
}

// step is one call that writes.
type step struct {
	kind   kind
	id     int64  // of the comment
	node   string // of the conversation
	body   string
	review []wanted
	why    string // for people
}

type kind int

const (
	postSummary kind = iota
	editSummary
	removeSummary
	postReview
	editComment
	settleComment
	removeComment
	resolve
	reopen
)

// creates reports whether two runs at once would do it twice.
func (s step) creates() bool { return s.kind == postSummary || s.kind == postReview }

// perReview is how many comments a review has: larger ones were seen to time out.
const perReview = 20

// mostThreads and mostSummaries are how many comments of ours a pull request has at most, whatever their ids: who makes the
// reports could have more with each push.
const mostThreads, mostSummaries = 500, 20

// plan are the steps from what is there to what should be.
func (w *writer) plan(now *state) []step {
	comments, remarks := w.wanted()
	var steps []step
	threads := map[string][]thread{}
	for _, t := range now.threads {
		threads[t.fingerprint] = append(threads[t.fingerprint], t)
	}
	var missing []wanted
	for _, c := range comments {
		mine := threads[c.fingerprint]
		delete(threads, c.fingerprint)
		slices.SortFunc(mine, func(a, b thread) int { return int(min(1, max(-1, a.id-b.id))) })
		kept := false
		for _, t := range mine {
			switch {
			case t.at != c.at:
				steps = append(steps, w.leave(t, "its line is another one now")...)
			case kept:
				steps = append(steps, w.leave(t, "it is there twice")...)
			default:
				kept = true
				steps = append(steps, w.keep(t, c)...)
			}
		}
		if !kept {
			missing = append(missing, c)
		}
	}
	found := map[string]*report.Finding{}
	for i := range w.Report.Findings {
		found[w.Report.Findings[i].Fingerprint] = &w.Report.Findings[i]
	}
	suppressed := map[string]bool{}
	for i := range w.Report.Suppressed {
		suppressed[w.Report.Suppressed[i].Finding.Fingerprint] = true
	}
	for _, t := range now.threads {
		f := found[t.fingerprint]
		switch _, left := threads[t.fingerprint]; {
		case !left:
		case f == nil && suppressed[t.fingerprint]:
			steps = append(steps, w.settle(t, accepted)...)
		case f == nil:
			steps = append(steps, w.settle(t, fixed)...)
		case f.Severity == report.Info: // most likely its suggestion was accepted
			steps = append(steps, w.settle(t, milder)...)
		default:
			steps = append(steps, w.leave(t, "it has no line of its own now")...)
		}
	}
	if room := max(0, mostThreads-len(now.threads)-now.more); len(missing) > room {
		remarks = append(remarks, counted(len(missing)-room, "finding has", "findings have")+fmt.Sprintf(" no comment, since this pull request has %d already.", mostThreads))
		missing = missing[:room]
	}
	for chunk := range slices.Chunk(missing, perReview) {
		steps = append(steps, step{kind: postReview, review: chunk})
	}
	if len(now.summary) == 0 && now.others >= mostSummaries {
		w.remark(fmt.Sprintf("no summary is written, since there are %d for other schemas already", now.others))
		return steps
	}
	return append(steps, w.summarize(now.summary, summaryBody(w.ID, w.Summary, w.head, remarks))...)
}

// keep has a comment say what it should.
func (w *writer) keep(t thread, c wanted) []step {
	var steps []step
	if t.settled && t.resolved && t.canReopen {
		steps = append(steps, step{kind: reopen, node: t.node, why: "found again"})
	}
	if !sameText(t.body, c.body) {
		steps = append(steps, step{kind: editComment, id: t.id, body: c.body})
	}
	return steps
}

// leave is for a comment in whose place there is another one, or none: it goes, unless people talk below it. A conversation
// that is over stays as it is.
func (w *writer) leave(t thread, why string) []step {
	switch {
	case t.resolved:
		return nil
	case t.replies == 0:
		return []step{{kind: removeComment, id: t.id, why: why}}
	}
	return w.settle(t, moved)
}

// settle says in a comment that it is over, and resolves its conversation. What people resolved themselves stays as it is,
// and so does what they opened again and talk about.
func (w *writer) settle(t thread, why string) []step {
	if t.resolved || t.stuck || t.settled && t.replies > 0 {
		return nil
	}
	var steps []step
	body := t.body
	if !t.settled {
		body = settledBody(t.body, why)
		steps = append(steps, step{kind: settleComment, id: t.id, body: body, why: why})
	}
	return append(steps, step{kind: resolve, id: t.id, node: t.node, body: body, why: why})
}

// summarize has one summary with this body, the oldest one. A pull request about which there is nothing to tell gets none;
// one that was told something is told that it is over.
func (w *writer) summarize(there []comment, body string) []step {
	if r := w.Report; len(there) == 0 && len(r.Findings)+len(r.Suppressed)+len(r.Notes) == 0 {
		return nil
	}
	if len(there) == 0 {
		return []step{{kind: postSummary, body: body}}
	}
	slices.SortFunc(there, func(a, b comment) int { return int(min(1, max(-1, a.id-b.id))) })
	var steps []step
	if !sameText(there[0].body, body) {
		steps = append(steps, step{kind: editSummary, id: there[0].id, body: body})
	}
	for _, c := range there[1:] {
		steps = append(steps, step{kind: removeSummary, id: c.id, why: "it is there twice"})
	}
	return steps
}

// request is that of a step, for people.
func (w *writer) request(s step) (method, path, content string) {
	base := fmt.Sprintf("/repos/%s", w.Target.Repository)
	size := fmt.Sprintf("%d bytes", len(s.body))
	switch s.kind {
	case postSummary:
		return http.MethodPost, fmt.Sprintf("%s/issues/%d/comments", base, w.number), "the summary, " + size
	case editSummary:
		return http.MethodPatch, fmt.Sprintf("%s/issues/comments/%d", base, s.id), "the summary, " + size
	case removeSummary:
		return http.MethodDelete, fmt.Sprintf("%s/issues/comments/%d", base, s.id), "a summary: " + s.why
	case postReview:
		return http.MethodPost, fmt.Sprintf("%s/pulls/%d/reviews", base, w.number), counted(len(s.review), "comment", "comments")
	case editComment:
		return http.MethodPatch, fmt.Sprintf("%s/pulls/comments/%d", base, s.id), size
	case settleComment:
		return http.MethodPatch, fmt.Sprintf("%s/pulls/comments/%d", base, s.id), size + ": " + s.why
	case removeComment:
		return http.MethodDelete, fmt.Sprintf("%s/pulls/comments/%d", base, s.id), s.why
	case resolve:
		return http.MethodPost, "/graphql", "resolveReviewThread " + s.node + ": " + s.why
	}
	return http.MethodPost, "/graphql", "unresolveReviewThread " + s.node + ": " + s.why
}

// tell writes the steps for people.
func (w *writer) tell(steps []step) error {
	var b strings.Builder
	for _, s := range steps {
		method, path, content := w.request(s)
		fmt.Fprintf(&b, "would %s %s  %s\n", method, path, report.Escape(content))
		for _, c := range s.review {
			change := ""
			if strings.Contains(c.body, "suggestion\n") {
				change = ", with a suggestion"
			}
			fmt.Fprintf(&b, "  %s: %d bytes%s\n", report.Escape(c.at.String()), len(c.body), change)
		}
	}
	if len(steps) == 0 {
		fmt.Fprintf(&b, "%s#%d: all comments are right already, nothing would be written\n", w.Target.Repository, w.number)
	}
	_, err := w.DryRun.Write([]byte(b.String()))
	return err
}

func (p place) String() string {
	lines := fmt.Sprint(p.line)
	if p.first > 0 {
		lines = fmt.Sprintf("%d-%d", p.first, p.line)
	}
	return fmt.Sprintf("%s:%s (%s)", p.path, lines, p.side)
}

// take makes the call of a step.
func (w *writer) take(ctx context.Context, s step) error {
	owner, name, out := w.Target.Repository.Owner, w.Target.Repository.Name, w.outcome
	gh := w.github
	doing := fmt.Sprintf(" of %s#%d", w.Target.Repository, w.number)
	switch s.kind {
	case postSummary:
		err := w.call(ctx, "posting the summary"+doing, creates, func(ctx context.Context) error {
			_, _, err := gh.Issues.CreateComment(ctx, owner, name, w.number, &github.IssueComment{Body: &s.body})
			return err
		})
		if err == nil {
			out.Summary = "posted"
		}
		return err
	case editSummary:
		err := w.call(ctx, "editing the summary"+doing, sets, func(ctx context.Context) error {
			_, _, err := gh.Issues.EditComment(ctx, owner, name, s.id, &github.IssueComment{Body: &s.body})
			return err
		})
		if err == nil && out.Summary == "" {
			out.Summary = "edited"
		}
		return err
	case removeSummary:
		return missingIsFine(w.call(ctx, "removing a summary"+doing, sets, func(ctx context.Context) error {
			_, err := gh.Issues.DeleteComment(ctx, owner, name, s.id)
			return err
		}))
	case postReview:
		return w.post(ctx, s.review)
	case editComment:
		err := w.edit(ctx, s.id, s.body)
		if err == nil {
			out.Edited++
		}
		return err
	case settleComment:
		err := w.edit(ctx, s.id, s.body)
		if err == nil {
			out.Settled++
		}
		return err
	case resolve:
		return w.resolve(ctx, s)
	case reopen:
		return w.reopen(ctx, s)
	case removeComment:
		err := missingIsFine(w.call(ctx, "removing a comment"+doing, sets, func(ctx context.Context) error {
			_, err := gh.PullRequests.DeleteComment(ctx, owner, name, s.id)
			return err
		}))
		if err == nil {
			out.Removed++
		}
		return err
	}
	return nil
}

// reopen opens a conversation again that was resolved when its finding was gone.
func (w *writer) reopen(ctx context.Context, s step) error {
	err := w.ask(ctx, "opening a conversation again", sets, reopenMutation, map[string]any{"thread": s.node}, &struct{}{})
	if errors.Is(err, ErrForbidden) {
		w.mayNot("opened again")
		return nil
	}
	if err == nil {
		w.outcome.Reopened++
	}
	return err
}

// resolve resolves a conversation. A token that may not do so is no reason to stop: the comment says that it is settled.
func (w *writer) resolve(ctx context.Context, s step) error {
	if !w.stuck {
		err := w.ask(ctx, "resolving a conversation", sets, resolveMutation, map[string]any{"thread": s.node}, &struct{}{})
		if !errors.Is(err, ErrForbidden) {
			return err
		}
		w.stuck = true
		w.mayNot("resolved")
	}
	return w.edit(ctx, s.id, strings.Replace(s.body, settledMark+" -->", stuckMark+" -->", 1))
}

// mayNot remarks once what the token may not do.
func (w *writer) mayNot(what string) {
	w.remark("the token may not change conversations: some are not " + what + " (in GitHub Actions this needs the permission contents: write)")
}

// remark says something once.
func (w *writer) remark(text string) {
	if !slices.Contains(w.outcome.Remarks, text) {
		w.outcome.Remarks = append(w.outcome.Remarks, text)
	}
}

// edit gives a comment another body.
func (w *writer) edit(ctx context.Context, id int64, body string) error {
	what := fmt.Sprintf("editing a comment of %s#%d", w.Target.Repository, w.number)
	return w.call(ctx, what, sets, func(ctx context.Context) error {
		_, _, err := w.github.PullRequests.EditComment(ctx, w.Target.Repository.Owner, w.Target.Repository.Name, id, &github.PullRequestComment{Body: &body})
		return err
	})
}

func missingIsFine(err error) error {
	if errors.Is(err, errMissing) {
		return nil
	}
	return err
}

// post posts comments as one review. Where GitHub does not take it, they are posted one by one: it says of a review as a
// whole that one of its lines is not in the diff.
func (w *writer) post(ctx context.Context, comments []wanted) error {
	request := &github.PullRequestReviewRequest{CommitID: &w.head, Event: github.Ptr("COMMENT")}
	for _, c := range comments {
		draft := &github.DraftReviewComment{Path: &c.at.path, Body: &c.body, Side: &c.at.side, Line: &c.at.line}
		if c.at.first > 0 {
			draft.StartLine, draft.StartSide = &c.at.first, &c.at.side
		}
		request.Comments = append(request.Comments, draft)
	}
	owner, name := w.Target.Repository.Owner, w.Target.Repository.Name
	what := fmt.Sprintf("posting %s on %s#%d", counted(len(comments), "comment", "comments"), w.Target.Repository, w.number)
	err := w.call(ctx, what, creates, func(ctx context.Context) error {
		_, _, err := w.github.PullRequests.CreateReview(ctx, owner, name, w.number, request)
		return err
	})
	switch {
	case err == nil:
		w.outcome.Posted += len(comments)
		return nil
	case !errors.Is(err, errRefused):
		return err
	}
	for _, c := range comments {
		err := w.postOne(ctx, c)
		switch {
		case err == nil:
			w.outcome.Posted++
		case errors.Is(err, errRefused) && outsideDiff(err):
			w.refused[c.fingerprint] = true
		default:
			return err
		}
	}
	return nil
}

func (w *writer) postOne(ctx context.Context, c wanted) error {
	one := &github.PullRequestComment{Body: &c.body, CommitID: &w.head, Path: &c.at.path, Side: &c.at.side, Line: &c.at.line}
	if c.at.first > 0 {
		one.StartLine, one.StartSide = &c.at.first, &c.at.side
	}
	what := fmt.Sprintf("posting a comment at %s on %s#%d", c.at, w.Target.Repository, w.number)
	return w.call(ctx, what, creates, func(ctx context.Context) error {
		_, _, err := w.github.PullRequests.CreateComment(ctx, w.Target.Repository.Owner, w.Target.Repository.Name, w.number, one)
		return err
	})
}

// outsideDiff reports whether GitHub refuses the place of a comment, and not something else.
func outsideDiff(err error) bool {
	var response *github.ErrorResponse
	if !errors.As(err, &response) {
		return false
	}
	said := response.Message
	for _, e := range response.Errors {
		said += " " + e.Field + " " + e.Message
	}
	said = strings.ToLower(said)
	for _, word := range []string{"part of the diff", "review_thread", "review thread", "diff_hunk", "diff hunk", "path could not be resolved", "same hunk"} {
		if strings.Contains(said, word) {
			return true
		}
	}
	return false
}
