package report

import (
	"cmp"
	"io"
)

// Options shape a rendering. The zero value is a plain, complete report at 80
// columns that fails on errors.
type Options struct {
	// Color turns colours on. The caller knows the terminal and NO_COLOR.
	Color bool
	// Width is the number of columns of the terminal. Prose is wrapped at it,
	// but never beyond 80 columns nor below 40; 0 is 80.
	Width int
	// Verbose shows what is only for information, and details of the rest.
	Verbose bool
	// Quiet leaves out all talk: one line per finding, fit for grep.
	Quiet bool
	// FailOn is the lowest severity that makes the run fail; empty is Error.
	FailOn Severity
	// Limit is the size in bytes up to which markdown is written: beyond it,
	// details are left out, and then findings. 0 is what fits into a comment on
	// GitHub together with a marker. Less than 4 KiB counts as that.
	Limit int
	// Folder is the one of the repository that the files of the report count from,
	// as a path from its root, for formats that platforms read: they know files by
	// their paths from there. Empty is the root.
	Folder string
	// Scanning has sarif leave out what is known or suppressed, unless it is verbose: code scanning on GitHub reads neither
	// property, and would open alerts for that.
	Scanning bool
	// Verdict is the sentence on the exit code when something other than the
	// findings decides it, such as "exit 2: the new schema is invalid".
	Verdict string
	// NoVerdict has markdown leave out the sentence on the exit code, for readers
	// of another run than the one that ends with it.
	NoVerdict bool
}

// concluded is the sentence on the exit code.
func (o Options) concluded(r *Report) string {
	if o.Verdict != "" {
		return o.Verdict
	}
	return decided(r, cmp.Or(o.FailOn, Error))
}

// additions reports whether platforms are told of what is only new: when it is
// asked for, and where it makes the run fail.
func (o Options) additions() bool { return o.Verbose || o.FailOn == Info }

// Format is one way to write a report.
type Format struct {
	Name        string
	Description string // one line for --help
	Write       func(io.Writer, *Report, Options) error
}

// Formats lists every format, the default one first.
var Formats = []Format{
	{"text", "for people: source excerpts, consequences and ways out", writeText},
	{"json", "for programs: everything, with a published JSON Schema", writeJSON},
	{"markdown", "for comments on pull requests and job summaries: worst first, within 65,536 characters", writeMarkdown},
	{"sarif", "for code scanning and editors: SARIF 2.1.0 with fixes and the rules explained", writeSARIF},
	{"github", "for GitHub Actions: workflow commands that annotate the lines", writeGitHub},
	{"gitlab", "for GitLab: a code quality report", writeGitLab},
	{"junit", "for Jenkins and others: a test case for each finding", writeJUnit},
	{"html", "for people who would rather look: one file for the browser, both schemas side by side", writeHTML},
}

// FormatNamed is the format with this name, and false when there is none.
func FormatNamed(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// FormatNames lists the names in the order of Formats.
func FormatNames() []string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return names
}
