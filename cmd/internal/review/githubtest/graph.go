package githubtest

import (
	"net/http"
	"strconv"
	"strings"
)

// graph answers the four questions that are asked of the GraphQL API. Whether they are valid GraphQL is for another test.
func (s *Server) graph(who Account, text []byte) answer {
	var asked struct {
		Query     string `json:"query"`
		Variables struct {
			Owner  string `json:"owner"`
			Name   string `json:"name"`
			Number int    `json:"number"`
			After  string `json:"after"`
			Thread string `json:"thread"`
		} `json:"variables"`
	}
	if !s.strict(text, &asked) {
		return refusal(http.StatusBadRequest, "Problems parsing JSON")
	}
	v := asked.Variables
	switch {
	case strings.Contains(asked.Query, "unresolveReviewThread("):
		return s.turn(who, v.Thread, false)
	case strings.Contains(asked.Query, "resolveReviewThread("):
		return s.turn(who, v.Thread, true)
	}
	p := s.pulls[v.Number]
	if p == nil || v.Owner+"/"+v.Name != s.Repository {
		return problem("NOT_FOUND", "Could not resolve to a PullRequest with the number of "+strconv.Itoa(v.Number)+".")
	}
	var field string
	var all []any
	own := func(c *Comment) any {
		return map[string]any{"fullDatabaseId": strconv.FormatInt(c.ID, 10), "body": c.Body, "viewerDidAuthor": c.Author == who.Login}
	}
	if strings.Contains(asked.Query, "reviewThreads(") {
		field = "reviewThreads"
		for _, t := range s.threads {
			one := map[string]any{
				"id": t.Node, "isResolved": t.Resolved, "isOutdated": t.Line == 0, "path": t.Path, "diffSide": t.Side, "line": nil, "startLine": nil,
				"viewerCanUnresolve": who.MayResolve,
				"comments":           map[string]any{"totalCount": 1 + len(t.Replies), "nodes": []any{own(t)}},
			}
			if t.Line > 0 {
				one["line"] = t.Line
			}
			if t.StartLine > 0 {
				one["startLine"] = t.StartLine
			}
			all = append(all, one)
		}
	} else {
		field = "comments"
		for _, c := range s.issue {
			all = append(all, own(c))
		}
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(v.After, "at"))
	to := min(len(all), from+s.PageSize)
	page := map[string]any{
		"nodes":    append([]any{}, all[min(from, len(all)):to]...),
		"pageInfo": map[string]any{"hasNextPage": to < len(all), "endCursor": "at" + strconv.Itoa(to)},
	}
	return answer{status: http.StatusOK, body: map[string]any{"data": map[string]any{"repository": map[string]any{
		"pullRequest": map[string]any{"headRefOid": p.HeadSHA, field: page},
	}}}}
}

// problem is an error of the GraphQL API, which comes with status 200.
func problem(kind, message string) answer {
	return answer{status: http.StatusOK, body: map[string]any{"data": nil, "errors": []any{map[string]any{"type": kind, "message": message}}}}
}

// turn resolves a conversation, or opens it again.
func (s *Server) turn(who Account, node string, to bool) answer {
	if who.ReadOnly || !who.MayResolve {
		return problem("FORBIDDEN", "Resource not accessible by integration")
	}
	for _, t := range s.threads {
		if t.Node == node {
			if t.Author != who.Login {
				s.broken = append(s.broken, who.Login+" touches the conversation of "+t.Author)
			}
			wrote := t.Resolved != to
			t.Resolved = to
			return answer{status: http.StatusOK, wrote: wrote, body: map[string]any{"data": map[string]any{"thread": map[string]any{"isResolved": to}}}}
		}
	}
	return problem("NOT_FOUND", "Could not resolve to a node with the global id of '"+node+"'")
}
