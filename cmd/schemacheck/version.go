package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker in releases.
var version = ""

// buildInfo is what the linker knows of this program; nil when it knows nothing.
func buildInfo() *debug.BuildInfo {
	info, _ := debug.ReadBuildInfo()
	return info
}

// versionName is the version that was built: the release, else the commit.
func versionName() string { return versionOf(version, buildInfo()) }

// versionOf is the version of a release, which the linker sets, else that of the
// module, which is there for what is built from a module or a checkout with its
// history, else the commit.
func versionOf(release string, info *debug.BuildInfo) string {
	if release != "" {
		return release
	}
	if info == nil {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, dirty := commitOf(info)
	switch {
	case len(revision) < 12:
		return "devel"
	case dirty:
		return "devel-" + revision[:12] + "+changes"
	}
	return "devel-" + revision[:12]
}

// commitOf is the commit that a program was built from, empty when it does not
// know, and whether there were changes on top of it.
func commitOf(info *debug.BuildInfo) (revision string, dirty bool) {
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	return revision, dirty
}

// actionRef is the ref of the action of this repository that is as new as the
// program: its commit, which nobody can move, else the branch main.
func actionRef(info *debug.BuildInfo) string {
	if info != nil {
		if revision, _ := commitOf(info); len(revision) >= 40 {
			return revision
		}
	}
	return "main"
}

func (p program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  schemacheck version",
		Args:    arguments(0, 0, "no arguments"),
		RunE:    func(*cobra.Command, []string) error { return p.printVersion() },
	}
}

func (p program) printVersion() error {
	_, err := fmt.Fprintf(p.out, "schemacheck %s (%s, %s/%s)\n", versionName(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
