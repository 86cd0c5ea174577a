// Package githubtest is a small GitHub for tests: what of its API concerns comments on pull requests, as strict as the real
// one where that matters. It keeps its own opinion of what a diff is.
package githubtest

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Account is who a token belongs to.
type Account struct {
	Login string
	// ReadOnly tokens are those of pull requests from forks.
	ReadOnly bool
	// MayResolve is what GitHub Actions calls contents: write.
	MayResolve bool
}

// PullRequest is one that is open.
type PullRequest struct {
	Number             int
	HeadSHA            string
	HeadOwner, HeadRef string
	Base, Head         map[string]string // files by path
	Renamed            map[string]string // new paths to old ones
	NoPatch            map[string]bool   // files that are too large for the API
}

// Comment is one on the pull request as a whole, or the first of a conversation on its diff.
type Comment struct {
	ID     int64
	Author string
	Body   string

	// The rest is that of a conversation.
	Node       string
	Path, Side string
	StartLine  int // 0 for a single line
	Line       int // 0 when it is outdated
	Resolved   bool
	Replies    []string
}

// Call is a request that was answered.
type Call struct {
	Method, Path string
	Status       int
	Wrote        bool // it changed something
}

// Fault is how a request goes wrong.
type Fault struct {
	Status int
	Header map[string]string
	Body   string
	// Done does what was asked before the answer is lost.
	Done bool
	// Cut closes the connection instead of an answer.
	Cut bool
}

// Server is a GitHub with one repository.
type Server struct {
	// URL is that of the REST API; the GraphQL API is at /graphql below it.
	URL        string
	Repository string // owner/name
	// PageSize is the most that any list gives at once.
	PageSize int
	// Before is called for each request, outside of all locks; a Fault is how it goes wrong. It may wait.
	Before func(method, path, body string) *Fault

	http     *httptest.Server
	mu       sync.Mutex
	accounts map[string]Account // by token
	pulls    map[int]*PullRequest
	heads    map[string]bool // commits that a pull request had
	issue    []*Comment
	threads  []*Comment
	next     int64
	calls    []Call
	broken   []string // what no client of GitHub may do
}

// New starts a server.
func New() *Server {
	s := &Server{
		Repository: "acme/shop", PageSize: 3, accounts: map[string]Account{}, pulls: map[int]*PullRequest{}, heads: map[string]bool{},
		next: 3_000_000_000, // larger than 32 bits hold, as they are by now
	}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL
	return s
}

// Close stops it.
func (s *Server) Close() { s.http.Close() }

// Allow makes a token known.
func (s *Server) Allow(token string, a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[token] = a
}

// Open opens a pull request.
func (s *Server) Open(p PullRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls[p.Number] = &p
	s.heads[p.HeadSHA] = true
}

// Push gives a pull request another head. Comments go with their lines, and are outdated where these are gone.
func (s *Server) Push(number int, sha string, head map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulls[number]
	old := p.Head
	p.HeadSHA, p.Head = sha, head
	s.heads[sha] = true
	for _, t := range s.threads {
		if t.Line == 0 {
			continue
		}
		diff, _ := p.diff(t.Path)
		goes := func(line int) int {
			if t.Side == "RIGHT" {
				moved := compare(old[t.Path], head[t.Path])
				if line = moved.kept[line]; diff == nil || diff.right[line] == 0 {
					return 0
				}
				return line
			}
			if diff == nil || diff.left[line] == 0 {
				return 0
			}
			return line
		}
		if t.StartLine > 0 {
			if t.StartLine = goes(t.StartLine); t.StartLine == 0 {
				t.Line = 0
				continue
			}
		}
		t.Line = goes(t.Line)
	}
}

// diff is that of a file of a pull request, nil where the API gives none.
func (p *PullRequest) diff(path string) (d *comparison, status string) {
	old := path
	if from, ok := p.Renamed[path]; ok {
		old = from
	}
	before, was := p.Base[old]
	after, is := p.Head[path]
	switch {
	case !was && !is || before == after && was && is && old == path:
		return nil, ""
	case !was:
		status = "added"
	case !is:
		status = "removed"
	case old != path:
		status = "renamed"
	default:
		status = "modified"
	}
	if p.NoPatch[path] {
		return nil, status
	}
	return compare(before, after), status
}

// Shows reports whether a comment can stand on a line of the diff.
func (s *Server) Shows(number int, path, side string, line int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _ := s.pulls[number].diff(path)
	return d != nil && (side == "RIGHT" && d.right[line] > 0 || side == "LEFT" && d.left[line] > 0)
}

// Deletes reports whether the diff deletes a line of the old version.
func (s *Server) Deletes(number int, path string, line int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _ := s.pulls[number].diff(path)
	return d != nil && line < len(d.kept) && d.left[line] > 0 && d.kept[line] == 0
}

// BaseLine is a line of the old version of a file, or "".
func (s *Server) BaseLine(number int, path string, line int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all := lines(s.pulls[number].Base[path]); line >= 1 && line <= len(all) {
		return all[line-1]
	}
	return ""
}

// Patch is what the API gives of a file, and the hunks of its lines: the numbers of the hunks by the numbers of the lines.
func Patch(before, after string) (patch string, left, right map[int]int) {
	c := compare(before, after)
	return c.patch, c.left, c.right
}

// Say writes a comment on the pull request as a whole.
func (s *Server) Say(author, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	s.issue = append(s.issue, &Comment{ID: s.next, Author: author, Body: body})
	return s.next
}

// Remark begins a conversation on a line, whatever the diff has.
func (s *Server) Remark(c Comment) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin(c)
}

func (s *Server) begin(c Comment) int64 {
	s.next++
	c.ID, c.Node = s.next, fmt.Sprintf("PRRT_%d", s.next)
	s.threads = append(s.threads, &c)
	return c.ID
}

// Change edits a conversation as people do: it is resolved, or answered.
func (s *Server) Change(id int64, change func(*Comment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range slices.Concat(s.threads, s.issue) {
		if c.ID == id {
			change(c)
		}
	}
}

// Summaries are the comments on the pull request as a whole.
func (s *Server) Summaries() []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.issue)
}

// Threads are the conversations on its diff.
func (s *Server) Threads() []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.threads)
}

func copies(of []*Comment) []Comment {
	var out []Comment
	for _, c := range of {
		out = append(out, *c)
	}
	return out
}

// Calls gives the requests since it was last asked, and what in them no client of GitHub may do.
func (s *Server) Calls() (calls []Call, broken []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls, broken = s.calls, s.broken
	s.calls, s.broken = nil, nil
	return calls, broken
}

// Writes counts the calls that changed something, or meant to.
func Writes(calls []Call) int {
	n := 0
	for _, c := range calls {
		if c.Wrote || c.Method != http.MethodGet && c.Path != "/graphql" {
			n++
		}
	}
	return n
}

// Accept does what the button of a suggestion does: the lines of the comment become those of the block.
func (s *Server) Accept(number int, id int64) (path, text string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.threads {
		if t.ID != id {
			continue
		}
		body := t.Body
		at := strings.Index(body, "suggestion\n")
		if at < 0 || t.Side != "RIGHT" || t.Line == 0 {
			return "", "", false
		}
		fence := body[:at][strings.LastIndexByte(body[:at], '\n')+1:]
		rest := body[at+len("suggestion\n"):]
		var block []string
		for line := range strings.Lines(rest) {
			if strings.TrimSuffix(line, "\n") == fence {
				break
			}
			block = append(block, strings.TrimRight(line, "\r\n"))
		}
		first := t.StartLine
		if first == 0 {
			first = t.Line
		}
		old := lines(s.pulls[number].Head[t.Path])
		end := "\n"
		if strings.HasSuffix(old[0], "\r\n") {
			end = "\r\n"
		}
		var b strings.Builder
		b.WriteString(strings.Join(old[:first-1], ""))
		final := t.Line == len(old) && !strings.HasSuffix(old[len(old)-1], "\n")
		for i, line := range block {
			b.WriteString(line)
			if !final || i < len(block)-1 {
				b.WriteString(end)
			}
		}
		b.WriteString(strings.Join(old[t.Line:], ""))
		return t.Path, b.String(), true
	}
	return "", "", false
}

// answer is what comes back.
type answer struct {
	status int
	body   any
	raw    string // instead of a body
	header map[string]string
	wrote  bool
}

func refusal(status int, message string, errors ...any) answer {
	body := map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if len(errors) > 0 {
		body["errors"] = errors
	}
	return answer{status: status, body: body}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	var fault *Fault
	if s.Before != nil {
		fault = s.Before(r.Method, r.URL.Path, string(text))
	}
	a := answer{status: http.StatusInternalServerError}
	if fault == nil || fault.Done {
		s.mu.Lock()
		a = s.handle(r, text)
		s.mu.Unlock()
	}
	if fault != nil {
		a.status, a.raw, a.header, a.body = fault.Status, fault.Body, fault.Header, nil
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{r.Method, r.URL.Path, a.status, a.wrote})
	s.mu.Unlock()
	if fault != nil && fault.Cut {
		if hijacked, _, err := w.(http.Hijacker).Hijack(); err == nil {
			hijacked.Close()
		}
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-RateLimit-Limit", "5000")
	h.Set("X-RateLimit-Remaining", "4990")
	h.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	for k, v := range a.header {
		h.Set(k, v)
	}
	w.WriteHeader(a.status)
	if a.body != nil {
		_ = json.NewEncoder(w).Encode(a.body)
		return
	}
	_, _ = io.WriteString(w, a.raw)
}

// strict reads JSON with the fields of v and no other ones.
func (s *Server) strict(text []byte, v any) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		s.broken = append(s.broken, err.Error()+" in "+string(text))
		return false
	}
	return true
}

func (s *Server) handle(r *http.Request, text []byte) answer {
	if r.Header.Get("User-Agent") == "" {
		return refusal(http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, known := s.accounts[token]
	if !ok || !known {
		return refusal(http.StatusUnauthorized, "Bad credentials")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodDelete && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		s.broken = append(s.broken, "a body without its content type")
	}
	if r.Method == http.MethodPost && r.URL.Path == "/graphql" {
		return s.graph(who, text)
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/repos/"+s.Repository+"/")
	if !ok {
		return refusal(http.StatusNotFound, "Not Found")
	}
	if r.Method == http.MethodGet {
		return s.get(r, strings.Split(path, "/"))
	}
	if who.ReadOnly {
		return refusal(http.StatusForbidden, "Resource not accessible by integration")
	}
	return s.write(r.Method, strings.Split(path, "/"), who, text)
}

func (s *Server) get(r *http.Request, at []string) answer {
	switch {
	case len(at) == 3 && at[0] == "git" && at[1] == "blobs":
		if !strings.Contains(r.Header.Get("Accept"), "raw") {
			return refusal(http.StatusUnsupportedMediaType, "only raw blobs here")
		}
		for _, p := range s.pulls {
			for _, text := range p.Head {
				if blob(text) == at[2] {
					return answer{status: http.StatusOK, raw: text}
				}
			}
		}
		return refusal(http.StatusNotFound, "Not Found")
	case len(at) == 3 && at[0] == "commits" && at[2] == "pulls":
		var found []any
		for _, n := range slices.Sorted(maps.Keys(s.pulls)) {
			// Commits of forks are not found this way.
			if p := s.pulls[n]; p.HeadSHA == at[1] && strings.HasPrefix(s.Repository, p.HeadOwner+"/") {
				found = append(found, s.pull(p))
			}
		}
		return s.paged(r, found)
	case len(at) == 1 && at[0] == "pulls":
		var found []any
		q := r.URL.Query()
		for _, n := range slices.Sorted(maps.Keys(s.pulls)) {
			if p := s.pulls[n]; q.Get("head") == "" || q.Get("head") == p.HeadOwner+":"+p.HeadRef {
				found = append(found, s.pull(p))
			}
		}
		return s.paged(r, found)
	case len(at) >= 2 && at[0] == "pulls":
		n, _ := strconv.Atoi(at[1])
		p := s.pulls[n]
		switch {
		case p == nil:
		case len(at) == 2:
			return answer{status: http.StatusOK, body: s.pull(p)}
		case len(at) == 3 && at[2] == "files":
			return s.paged(r, p.files())
		}
	}
	return refusal(http.StatusNotFound, "Not Found")
}

func (s *Server) pull(p *PullRequest) any {
	return map[string]any{
		"number": p.Number, "state": "open",
		"head": map[string]any{"sha": p.HeadSHA, "ref": p.HeadRef},
		"base": map[string]any{"repo": map[string]any{"full_name": s.Repository}},
	}
}

func (p *PullRequest) files() []any {
	paths := map[string]bool{}
	for _, side := range []map[string]string{p.Base, p.Head} {
		for path := range side {
			paths[path] = true
		}
	}
	for _, old := range p.Renamed {
		delete(paths, old)
	}
	var all []any
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		d, status := p.diff(path)
		if status == "" {
			continue
		}
		text := p.Head[path]
		if status == "removed" {
			text = p.Base[path]
		}
		one := map[string]any{"sha": blob(text), "filename": path, "status": status, "additions": 1, "deletions": 1, "changes": 2}
		if d != nil && d.patch != "" {
			one["patch"] = d.patch
		}
		if old, ok := p.Renamed[path]; ok {
			one["previous_filename"] = old
		}
		all = append(all, one)
	}
	return all
}

// blob is git's hash of a text.
func blob(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return hex.EncodeToString(sum[:])
}

// paged is a page of a list, with links to others.
func (s *Server) paged(r *http.Request, all []any) answer {
	q := r.URL.Query()
	size, _ := strconv.Atoi(q.Get("per_page"))
	if size == 0 || size > s.PageSize {
		size = s.PageSize
	}
	n, _ := strconv.Atoi(q.Get("page"))
	n = max(n, 1)
	last := max(1, (len(all)+size-1)/size)
	link := func(page int, rel string) string {
		q.Set("page", strconv.Itoa(page))
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, s.URL, r.URL.Path, q.Encode(), rel)
	}
	a := answer{status: http.StatusOK, body: []any{}}
	if from := (n - 1) * size; from < len(all) {
		a.body = all[from:min(len(all), from+size)]
	}
	if n < last {
		a.header = map[string]string{"Link": link(n+1, "next") + ", " + link(last, "last")}
	}
	return a
}
