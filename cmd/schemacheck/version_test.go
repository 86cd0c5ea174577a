package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	const commit = "d3e9813c6265fe36429d44ffce5fee9f0cbfca54"
	built := func(module string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Version: module}}
		for _, s := range settings {
			key, value, _ := strings.Cut(s, "=")
			info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
		}
		return info
	}
	for _, c := range []struct {
		name, release string
		info          *debug.BuildInfo
		want, action  string
	}{
		{"a release", "v1.2.3", built("v0.0.0-20261126033517-d3e9813c6265", "vcs.revision="+commit), "v1.2.3", commit},
		{"a checkout", "", built("v0.0.0-20261126033517-d3e9813c6265", "vcs.revision="+commit, "vcs.modified=false"), "v0.0.0-20261126033517-d3e9813c6265", commit},
		{"a checkout with changes", "", built("(devel)", "vcs.revision="+commit, "vcs.modified=true"), "devel-d3e9813c6265+changes", commit},
		{"a checkout, by an older Go", "", built("(devel)", "vcs.revision="+commit, "vcs.modified=false"), "devel-d3e9813c6265", commit},
		{"a module", "", built("v1.2.3"), "v1.2.3", "main"},
		{"without history", "", built("(devel)"), "devel", "main"},
		{"without anything", "", nil, "unknown", "main"},
	} {
		if got := versionOf(c.release, c.info); got != c.want {
			t.Errorf("%s: version %s, want %s", c.name, got, c.want)
		}
		if got := actionRef(c.info); got != c.action {
			t.Errorf("%s: action %s, want %s", c.name, got, c.action)
		}
	}
}

// TestVersionOfCheckout: a program that is built in a checkout with its history names its commit.
func TestVersionOfCheckout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if said, err := exec.Command("git", "clone", "-q", "--shared", moduleRoot(t), dir).CombinedOutput(); err != nil {
		t.Skipf("this is no checkout: %v: %s", err, said)
	}
	head, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "schemacheck")
	// As the image is built, so that what TestStatic built is there already.
	cmd := exec.Command("go", "build", "-C", dir, "-buildvcs=true", "-trimpath", "-o", out, "./cmd/schemacheck")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	said, err := exec.Command(out, "--version").Output()
	want := regexp.MustCompile(`^schemacheck (v\d+\.\d+\.\d+-(0\.)?\d{14}-` + string(head[:12]) + `|v\d+\.\d+\.\d+|devel-` + string(head[:12]) + `) \(go`)
	if err != nil || !want.Match(said) {
		t.Errorf("it says %s, %v, and HEAD is %s", said, err, head)
	}
}
