package review

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Repository is a repository of GitHub.
type Repository struct{ Owner, Name string }

func (r Repository) String() string { return r.Owner + "/" + r.Name }

var (
	repositoryName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_-]{0,99})/([A-Za-z0-9._-]{1,100})$`)
	commitName     = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	idName         = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// ParseRepository reads owner/name.
func ParseRepository(text string) (Repository, error) {
	m := repositoryName.FindStringSubmatch(text)
	if m == nil || m[2] == "." || m[2] == ".." {
		return Repository{}, fmt.Errorf("%q is no repository: expected OWNER/NAME", text)
	}
	return Repository{m[1], m[2]}, nil
}

// Target is the pull request that is told, as far as it is known.
type Target struct {
	Repository Repository
	// Number is that of the pull request; with 0 it is the open one whose head is Commit.
	Number int
	// Commit is the hash of the commit that the report is about. A pull request whose head is another one by now is not
	// told anything. Empty takes whatever the head is.
	Commit string
	// HeadOwner and HeadBranch say where the commits of the pull request come from: the API finds those of forks by
	// that only. They are empty when nobody knows.
	HeadOwner, HeadBranch string
}

// Check says what is missing in a target, or wrong.
func (t Target) Check() error {
	switch {
	case t.Repository == Repository{}:
		return errors.New("the repository is not known: give --repo OWNER/NAME (in GitHub Actions it is GITHUB_REPOSITORY)")
	case t.Number < 0:
		return fmt.Errorf("--pr %d: expected the number of a pull request", t.Number)
	case t.Commit != "" && !commitName.MatchString(t.Commit):
		return fmt.Errorf("%q is no commit: expected its whole hash, 40 hex digits", t.Commit)
	case t.Number == 0 && t.Commit == "":
		return errors.New("the pull request is not known: give --pr NUMBER (in GitHub Actions it comes from the event of the workflow, when that is about a pull request)")
	}
	return nil
}

// event is what a workflow's event says of pull requests.
type event struct {
	PullRequest *struct {
		Number int `json:"number"`
		Head   struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`
	WorkflowRun *struct {
		HeadSHA        string `json:"head_sha"`
		HeadBranch     string `json:"head_branch"`
		HeadRepository struct {
			Owner struct {
				Login string `json:"login"`
			} `json:"owner"`
		} `json:"head_repository"`
	} `json:"workflow_run"`
}

var mergeRef = regexp.MustCompile(`^refs/pull/([0-9]{1,9})/(merge|head)$`)

// FromActions is what the environment of GitHub Actions says of the pull request; nothing outside of it. For a workflow
// that follows another one (workflow_run), only the commit is known that the other one ran for: GitHub does not name pull
// requests from forks there, and what the other one left behind cannot be trusted.
func FromActions(env func(string) (string, bool)) (Target, error) {
	var t Target
	name, ok := env("GITHUB_REPOSITORY")
	if !ok || name == "" {
		return t, nil
	}
	var err error
	if t.Repository, err = ParseRepository(name); err != nil {
		return Target{}, fmt.Errorf("environment variable GITHUB_REPOSITORY: %w", err)
	}
	var e event
	if file, ok := env("GITHUB_EVENT_PATH"); ok && file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return Target{}, fmt.Errorf("reading the event of the workflow (GITHUB_EVENT_PATH): %w", err)
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return Target{}, fmt.Errorf("reading the event of the workflow (GITHUB_EVENT_PATH): %w", err)
		}
	}
	ref, _ := env("GITHUB_REF")
	switch merge := mergeRef.FindStringSubmatch(ref); {
	case e.WorkflowRun != nil:
		run := e.WorkflowRun
		if run.HeadSHA == "" {
			return Target{}, errors.New("the event of the workflow (GITHUB_EVENT_PATH) does not say for which commit the other workflow ran")
		}
		t.Commit, t.HeadOwner, t.HeadBranch = run.HeadSHA, run.HeadRepository.Owner.Login, run.HeadBranch
	case e.PullRequest != nil:
		t.Number, t.Commit = e.PullRequest.Number, e.PullRequest.Head.SHA
	case merge != nil:
		t.Number, _ = strconv.Atoi(merge[1])
	}
	t.Commit = strings.ToLower(t.Commit)
	return t, nil
}
