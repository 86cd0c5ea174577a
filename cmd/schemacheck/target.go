package main

import (
	"strings"

	"github.com/schemacheck/schemacheck/diff/sdl"
)

// targets are the environment variables by which CI systems name what a change
// is to be merged into, a commit or a branch of the remote. The first one that
// is set counts.
var targets = []struct {
	variable string
	commit   bool
}{
	{"GITHUB_BASE_REF", false},                     // GitHub, Gitea, Forgejo: on pull requests only
	{"CI_MERGE_REQUEST_TARGET_BRANCH_SHA", true},   // GitLab, where the merged result is checked out
	{"CI_MERGE_REQUEST_DIFF_BASE_SHA", true},       // GitLab, which fetches no other branch
	{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", false}, // GitLab before it had that
	{"BITBUCKET_PR_DESTINATION_BRANCH", false},
	{"SYSTEM_PULLREQUEST_TARGETBRANCH", false}, // Azure Pipelines
	{"CHANGE_TARGET", false},                   // Jenkins
	{"BUILDKITE_PULL_REQUEST_BASE_BRANCH", false},
}

// target is the branch or commit that the work here is to be merged into, where
// a CI system says so.
func (p program) target() sdl.Target {
	for _, t := range targets {
		value, ok := p.env(t.variable)
		if !ok || value == "" {
			continue
		}
		if !t.commit {
			value = "refs/remotes/origin/" + strings.TrimPrefix(value, "refs/heads/")
		}
		return sdl.Target{Ref: value, From: t.variable}
	}
	return sdl.Target{}
}
