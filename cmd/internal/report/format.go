package report

import "io"

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
	// Verdict is the sentence on the exit code when something other than the
	// findings decides it, such as "exit 2: the new schema is invalid".
	Verdict string
}

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
