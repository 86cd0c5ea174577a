package review

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v74/github"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
	"github.com/schemacheck/schemacheck/diff/sdl"
)

// state is what a pull request has of us: comments that the holder of the token wrote. A stranger's comment with our marker
// in it is none of them: GitHub itself says who wrote what.
type state struct {
	head    string
	summary []comment // with our id
	threads []thread  // with our id
	// others and more count the summaries and the conversations with other ids.
	others, more int
}

// comment is one that is ours.
type comment struct {
	id   int64
	body string
}

// thread is a conversation that one of our comments began.
type thread struct {
	comment
	node        string // what the GraphQL API calls it
	fingerprint string
	settled     bool
	stuck       bool  // settled, and the token may not resolve it
	at          place // nowhere, if it is outdated
	resolved    bool
	canReopen   bool
	replies     int
}

const commentsQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefOid
      comments(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { fullDatabaseId body viewerDidAuthor }
      }
    }
  }
}`

const threadsQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefOid
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved isOutdated path line startLine diffSide viewerCanUnresolve
          comments(first: 1) { totalCount nodes { fullDatabaseId body viewerDidAuthor } }
        }
      }
    }
  }
}`

const resolveMutation = `mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }`

const reopenMutation = `mutation($thread: ID!) { unresolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }`

// databaseID is a number that the GraphQL API writes as a text, since it is a large one.
type databaseID int64

// UnmarshalJSON reads it either way.
func (d *databaseID) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*d = databaseID(n)
	return err
}

type wireComment struct {
	ID   databaseID `json:"fullDatabaseId"`
	Body string     `json:"body"`
	Own  bool       `json:"viewerDidAuthor"`
}

type wireThread struct {
	ID           string `json:"id"`
	Resolved     bool   `json:"isResolved"`
	Outdated     bool   `json:"isOutdated"`
	Path         string `json:"path"`
	Line         int    `json:"line"`
	StartLine    int    `json:"startLine"`
	Side         string `json:"diffSide"`
	CanUnresolve bool   `json:"viewerCanUnresolve"`
	Comments     struct {
		Total int           `json:"totalCount"`
		Nodes []wireComment `json:"nodes"`
	} `json:"comments"`
}

type page[T any] struct {
	Info struct {
		More bool   `json:"hasNextPage"`
		End  string `json:"endCursor"`
	} `json:"pageInfo"`
	Nodes []T `json:"nodes"`
}

// state reads what the pull request has of us, under any of the ids.
func (c *Client) state(ctx context.Context, of Repository, number int, ids []string) (*state, error) {
	out := &state{}
	what := fmt.Sprintf("reading the comments of %s#%d", of, number)
	err := all(ctx, c, what, commentsQuery, "comments", of, number, func(head string, w wireComment) {
		out.head = head
		m := summaryMarker.FindStringSubmatch(w.Body)
		switch {
		case !w.Own || m == nil:
		case !slices.Contains(ids, m[1]):
			out.others++
		default:
			out.summary = append(out.summary, comment{int64(w.ID), w.Body})
		}
	})
	if err != nil {
		return nil, err
	}
	err = all(ctx, c, what, threadsQuery, "reviewThreads", of, number, func(head string, w wireThread) {
		out.head = head
		if len(w.Comments.Nodes) == 0 {
			return
		}
		first := w.Comments.Nodes[0]
		m := findingMarker.FindStringSubmatch(first.Body)
		if !first.Own || m == nil {
			return
		}
		if !slices.Contains(ids, m[1]) {
			out.more++
			return
		}
		t := thread{
			comment: comment{int64(first.ID), first.Body}, node: w.ID, fingerprint: m[2], settled: m[3] != "", stuck: m[3] == stuckMark,
			resolved: w.Resolved, canReopen: w.CanUnresolve, replies: w.Comments.Total - 1,
		}
		if !w.Outdated && w.Line > 0 {
			t.at = place{path: w.Path, side: w.Side, line: w.Line}
			if w.StartLine < w.Line {
				t.at.first = w.StartLine
			}
		}
		out.threads = append(out.threads, t)
	})
	return out, err
}

// all reads a list of a pull request to its end.
func all[T any](ctx context.Context, c *Client, what, query, field string, of Repository, number int, take func(head string, one T)) error {
	variables := map[string]any{"owner": of.Owner, "name": of.Name, "number": number}
	for {
		var answer struct {
			Repository struct {
				PullRequest map[string]json.RawMessage `json:"pullRequest"`
			} `json:"repository"`
		}
		if err := c.ask(ctx, what, reads, query, variables, &answer); err != nil {
			return err
		}
		var head string
		var list page[T]
		if err := json.Unmarshal(answer.Repository.PullRequest["headRefOid"], &head); err != nil {
			return fmt.Errorf("%s: the answer cannot be read: %w", what, err)
		}
		if err := json.Unmarshal(answer.Repository.PullRequest[field], &list); err != nil {
			return fmt.Errorf("%s: the answer cannot be read: %w", what, err)
		}
		for _, one := range list.Nodes {
			take(head, one)
		}
		if !list.Info.More || list.Info.End == "" || list.Info.End == variables["after"] {
			return nil
		}
		variables["after"] = list.Info.End
	}
}

// pullRequest gives the number of the pull request that is told, and its head.
func (c *Client) pullRequest(ctx context.Context, t Target) (number int, head string, err error) {
	if t.Number == 0 {
		return c.byCommit(ctx, t)
	}
	err = c.call(ctx, fmt.Sprintf("reading the pull request %s#%d", t.Repository, t.Number), reads, func(ctx context.Context) error {
		p, _, err := c.github.PullRequests.Get(ctx, t.Repository.Owner, t.Repository.Name, t.Number)
		head = p.GetHead().GetSHA()
		return err
	})
	return t.Number, head, err
}

// byCommit finds the open pull request whose head is the commit; 0 if there is none.
func (c *Client) byCommit(ctx context.Context, t Target) (int, string, error) {
	found := map[int]bool{}
	look := func(list func(github.ListOptions) ([]*github.PullRequest, *github.Response, error)) error {
		for options := (github.ListOptions{PerPage: 100}); ; {
			pulls, res, err := list(options)
			if err != nil {
				return err
			}
			for _, p := range pulls {
				if p.GetState() == "open" && p.GetHead().GetSHA() == t.Commit && strings.EqualFold(p.GetBase().GetRepo().GetFullName(), t.Repository.String()) {
					found[p.GetNumber()] = true
				}
			}
			if res.NextPage == 0 {
				return nil
			}
			options.Page = res.NextPage
		}
	}
	err := c.call(ctx, fmt.Sprintf("finding the pull request of commit %s in %s", t.Commit, t.Repository), reads, func(ctx context.Context) error {
		if t.HeadOwner != "" && t.HeadBranch != "" {
			return look(func(o github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
				return c.github.PullRequests.List(ctx, t.Repository.Owner, t.Repository.Name,
					&github.PullRequestListOptions{State: "open", Head: t.HeadOwner + ":" + t.HeadBranch, ListOptions: o})
			})
		}
		return look(func(o github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return c.github.PullRequests.ListPullRequestsWithCommit(ctx, t.Repository.Owner, t.Repository.Name, t.Commit, &o)
		})
	})
	if err != nil || len(found) == 0 {
		return 0, "", err
	}
	if len(found) > 1 {
		return 0, "", fmt.Errorf("commit %s is the head of %d open pull requests: say with --pr which one is meant", t.Commit, len(found))
	}
	for number := range found {
		return number, t.Commit, nil
	}
	return 0, "", nil
}

// mostFiles is how many files are read beyond those that could have a comment each: a report can name all files of a large pull
// request, and reading them is what GitHub limits.
const mostFiles = 50

// changes reads the files of a pull request, and of those that the report is about, the new versions.
func (c *Client) changes(ctx context.Context, of Repository, number int, r *Request) (*changes, error) {
	out := &changes{texts: map[string]*source{}, elsewhere: map[string]bool{}, unread: map[string]bool{}}
	err := c.call(ctx, fmt.Sprintf("reading the files of %s#%d", of, number), reads, func(ctx context.Context) error {
		out.files = nil
		for options := (&github.ListOptions{PerPage: 100}); ; {
			files, res, err := c.github.PullRequests.ListFiles(ctx, of.Owner, of.Name, number, options)
			if err != nil {
				return err
			}
			for _, f := range files {
				one := &changed{path: f.GetFilename(), previous: f.GetFilename(), blob: f.GetSHA(), removed: f.GetStatus() == "removed", hunks: parsePatch(f.GetPatch())}
				if f.GetPreviousFilename() != "" {
					one.previous = f.GetPreviousFilename()
				}
				if f.GetStatus() == "added" {
					one.previous = ""
				}
				out.files = append(out.files, one)
			}
			if res.NextPage == 0 {
				return nil
			}
			options.Page = res.NextPage
		}
	})
	if err != nil {
		return nil, err
	}
	read, size := 0, 0
	for _, finding := range r.worst() {
		f := out.named(finding.Location.File)
		if f == nil || out.texts[f.path] != nil || len(f.hunks) == 0 || !commitName.MatchString(f.blob) {
			continue
		}
		if read++; read > r.MaxComments+mostFiles || size > maxAnswer {
			out.unread[f.path] = true
			continue
		}
		var text []byte
		err := c.call(ctx, "reading "+f.path+" at the head of the pull request", reads, func(ctx context.Context) (err error) {
			if text, _, err = c.github.Git.GetBlobRaw(ctx, of.Owner, of.Name, f.blob); err == nil && !isBlob(text, f.blob) {
				err = errors.New("what comes is another text, or a part of it")
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		size += len(text)
		out.texts[f.path] = newSource(string(text))
		switch digest := r.Report.DigestOf(finding.Location); {
		case digest != "":
			out.elsewhere[f.path] = digest != report.Digest(string(text))
		case out.named(r.Report.After.Source) == f: // the report is of a version that had no digests
			out.elsewhere[f.path] = anotherSchema(string(text), r.Report.After.Fingerprint)
		}
	}
	return out, nil
}

// anotherSchema reports whether a text is not the schema with this fingerprint: a job that checks out what a pull request
// comes to when it is merged has the lines of that.
func anotherSchema(text, fingerprint string) bool {
	parsed, err := sdl.Parse(&sdl.File{Text: text})
	return err == nil && fingerprint != "" && parsed.Fingerprint() != fingerprint
}

// isBlob reports whether git knows a text by this hash.
func isBlob(text []byte, name string) bool {
	h := sha1.New()
	if len(name) == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00%s", len(text), text)
	return hex.EncodeToString(h.Sum(nil)) == name
}
