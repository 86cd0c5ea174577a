package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBody is the number of characters that a comment can have.
const maxBody = 65536

// maxReview is the number of comments from which on a review takes too long.
const maxReview = 25

// kept is a body as GitHub keeps it.
func kept(body string) string { return strings.TrimSpace(body) }

// draft is a comment as it is sent.
type draft struct {
	Path      *string `json:"path"`
	Body      *string `json:"body"`
	Side      *string `json:"side"`
	Line      *int    `json:"line"`
	StartSide *string `json:"start_side"`
	StartLine *int    `json:"start_line"`
}

// wrong says what GitHub has against a draft, or nothing.
func (p *PullRequest) wrong(d draft) string {
	switch {
	case d.Path == nil || d.Body == nil || d.Line == nil || d.Side == nil || *d.Side != "LEFT" && *d.Side != "RIGHT":
		return "a comment has no path, body, line or side"
	case strings.TrimSpace(*d.Body) == "" || utf8.RuneCountInString(*d.Body) > maxBody:
		return "Body is too long (maximum is 65536 characters)"
	}
	diff, status := p.diff(*d.Path)
	switch {
	case status == "":
		return "Path could not be resolved"
	case diff == nil:
		return "Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank"
	}
	hunks := diff.right
	if *d.Side == "LEFT" {
		hunks = diff.left
	}
	switch {
	case hunks[*d.Line] == 0:
		return "Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank"
	case (d.StartLine == nil) != (d.StartSide == nil):
		return "a start needs a line and a side"
	case d.StartLine != nil && *d.StartLine >= *d.Line:
		return "Pull request review thread start line must precede the end line."
	case d.StartLine != nil && (*d.StartSide != *d.Side || hunks[*d.StartLine] != hunks[*d.Line]):
		return "Pull request review thread start line must be part of the same hunk as the line."
	}
	return ""
}

func (s *Server) beginFrom(d draft, author string) int64 {
	c := Comment{Author: author, Body: kept(*d.Body), Path: *d.Path, Side: *d.Side, Line: *d.Line}
	if d.StartLine != nil {
		c.StartLine = *d.StartLine
	}
	return s.begin(c)
}

func (s *Server) write(method string, at []string, who Account, text []byte) answer {
	var body struct {
		Body *string `json:"body"`
	}
	n := 0
	if len(at) > 1 {
		n, _ = strconv.Atoi(at[1])
	}
	switch {
	case method == http.MethodPost && len(at) == 3 && at[0] == "issues" && at[2] == "comments":
		if s.pulls[n] == nil {
			return refusal(http.StatusNotFound, "Not Found")
		}
		if !s.strict(text, &body) || body.Body == nil || utf8.RuneCountInString(*body.Body) > maxBody {
			return refusal(http.StatusUnprocessableEntity, "Validation Failed")
		}
		s.next++
		s.issue = append(s.issue, &Comment{ID: s.next, Author: who.Login, Body: kept(*body.Body)})
		return answer{status: http.StatusCreated, body: map[string]any{"id": s.next, "body": *body.Body}, wrote: true}
	case len(at) == 3 && at[1] == "comments" && at[0] == "issues":
		return s.change(method, &s.issue, at[2], who, text)
	case len(at) == 3 && at[1] == "comments" && at[0] == "pulls":
		return s.change(method, &s.threads, at[2], who, text)
	case method == http.MethodPost && len(at) == 3 && at[0] == "pulls" && s.pulls[n] != nil && at[2] == "reviews":
		return s.review(s.pulls[n], who, text)
	case method == http.MethodPost && len(at) == 3 && at[0] == "pulls" && s.pulls[n] != nil && at[2] == "comments":
		return s.single(s.pulls[n], who, text)
	}
	return refusal(http.StatusNotFound, "Not Found")
}

func (s *Server) change(method string, list *[]*Comment, name string, who Account, text []byte) answer {
	id, _ := strconv.ParseInt(name, 10, 64)
	i := slices.IndexFunc(*list, func(c *Comment) bool { return c.ID == id })
	if i < 0 {
		return refusal(http.StatusNotFound, "Not Found")
	}
	c := (*list)[i]
	if c.Author != who.Login {
		// GitHub lets whoever may write do this.
		s.broken = append(s.broken, fmt.Sprintf("%s touches the comment %d of %s", who.Login, id, c.Author))
	}
	switch method {
	case http.MethodPatch:
		var body struct {
			Body *string `json:"body"`
		}
		if !s.strict(text, &body) || body.Body == nil || utf8.RuneCountInString(*body.Body) > maxBody {
			return refusal(http.StatusUnprocessableEntity, "Validation Failed")
		}
		c.Body = kept(*body.Body)
		return answer{status: http.StatusOK, body: map[string]any{"id": id, "body": c.Body}, wrote: true}
	case http.MethodDelete:
		if len(c.Replies) > 0 {
			s.broken = append(s.broken, fmt.Sprintf("the comment %d is removed, and people talk below it", id))
		}
		*list = slices.Delete(*list, i, i+1)
		return answer{status: http.StatusNoContent, wrote: true}
	}
	return refusal(http.StatusNotFound, "Not Found")
}

func (s *Server) review(p *PullRequest, who Account, text []byte) answer {
	var body struct {
		CommitID *string `json:"commit_id"`
		Body     *string `json:"body"`
		Event    *string `json:"event"`
		Comments []draft `json:"comments"`
	}
	switch {
	case !s.strict(text, &body):
		return refusal(http.StatusUnprocessableEntity, "Invalid request.")
	case body.Event == nil || *body.Event != "COMMENT" || len(body.Comments) == 0:
		return refusal(http.StatusUnprocessableEntity, "Unprocessable Entity", "a review of another kind")
	case body.CommitID == nil || !s.heads[*body.CommitID]:
		return refusal(http.StatusUnprocessableEntity, "Unprocessable Entity", "Commit is not part of the pull request")
	case len(body.Comments) > maxReview:
		return refusal(http.StatusGatewayTimeout, "We couldn't respond to your request in time.")
	}
	for _, d := range body.Comments {
		if wrong := p.wrong(d); wrong != "" {
			return refusal(http.StatusUnprocessableEntity, "Unprocessable Entity", wrong)
		}
	}
	for _, d := range body.Comments {
		s.beginFrom(d, who.Login)
	}
	return answer{status: http.StatusOK, body: map[string]any{"id": s.next, "state": "COMMENTED"}, wrote: true}
}

func (s *Server) single(p *PullRequest, who Account, text []byte) answer {
	var body struct {
		CommitID *string `json:"commit_id"`
		draft
	}
	if !s.strict(text, &body) || body.CommitID == nil || !s.heads[*body.CommitID] {
		return refusal(http.StatusUnprocessableEntity, "Validation Failed")
	}
	if wrong := p.wrong(body.draft); wrong != "" {
		return refusal(http.StatusUnprocessableEntity, "Validation Failed", map[string]any{
			"resource": "PullRequestReviewComment", "code": "custom", "field": "pull_request_review_thread.line",
			"message": "pull_request_review_thread.line must be part of the diff",
		})
	}
	id := s.beginFrom(body.draft, who.Login)
	return answer{status: http.StatusCreated, body: map[string]any{"id": id}, wrote: true}
}
