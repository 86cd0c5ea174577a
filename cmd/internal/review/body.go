package review

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/schemacheck/schemacheck/cmd/internal/report"
)

// maxBody is the number of bytes that a comment can have. GitHub counts characters.
const maxBody = 65536

// SummaryRoom is the number of bytes that the summary of a report may have, so that there is room for what the review
// adds.
const SummaryRoom = maxBody - 2048

// A marker is the first line of each comment: nobody sees it, and only there it counts, so that no text of a report can
// be one.
var (
	summaryMarker = regexp.MustCompile(`^<!-- schemacheck:summary ([A-Za-z0-9._/-]{1,64}) -->\r?\n`)
	findingMarker = regexp.MustCompile(`^<!-- schemacheck:finding ([A-Za-z0-9._/-]{1,64}) ([0-9a-f]{64})( settled| stuck)? -->\r?\n`)
)

func markSummary(id string) string { return "<!-- schemacheck:summary " + id + " -->\n" }

func markFinding(id, fingerprint string) string {
	return "<!-- schemacheck:finding " + id + " " + fingerprint + " -->\n"
}

// sameText reports whether a comment has this body already. GitHub keeps the ends of lines as they came, and no blanks at
// the end.
func sameText(is, should string) bool {
	normal := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return normal(is) == normal(should)
}

// findingBody is the comment on one finding. asked says that the run asked the data.
func findingBody(id string, f *report.Finding, asked bool, change *suggestion) string {
	var b strings.Builder
	b.WriteString(markFinding(id, f.Fingerprint))
	b.WriteString(report.MarkdownFinding(f, asked))
	const most = 8
	for i, x := range f.Fixes {
		if i == most {
			fmt.Fprintf(&b, "\nThere are %d more ways out.\n", len(f.Fixes)-most)
			break
		}
		label := "or"
		if i == 0 {
			label = "fix"
		}
		fmt.Fprintf(&b, "\n**%s:** %s (%s, %s)\n", label, report.Markdown(short(x.Title, 500)), report.MarkdownCode(short(x.ID, 100)), report.Markdown(short(x.Kind+", "+x.Risk, 100)))
		switch {
		case i > 0:
		case change != nil && len(suggested(change.lines)) <= blockRoom:
			b.WriteString("\n" + suggested(change.lines))
		case x.Diff != "":
			b.WriteString("\n" + excerpt(x.Diff))
		}
	}
	fmt.Fprintf(&b, "\nmore: %s\n", report.MarkdownCode("schemacheck explain "+short(f.Rule, 100)))
	return b.String()
}

// blockRoom is the number of bytes that a suggestion or a diff may have: what GitHub does not take of one comment, it takes
// of none.
const blockRoom = maxBody / 2

// excerpt is the first lines of a diff, as a block. What steers or hides is several signs there.
func excerpt(diff string) string {
	const most, widest = 60, 400
	var b strings.Builder
	n, room := 0, blockRoom
	for line := range strings.Lines(report.Redact(diff)) {
		line = short(strings.TrimRight(line, "\r\n"), widest) + "\n"
		room -= len(report.MarkdownFence("", line))
		if n++; n > most || room < 0 {
			b.WriteString("...\n")
			break
		}
		b.WriteString(line)
	}
	return report.MarkdownFence("diff", b.String())
}

// The reasons to settle a comment.
const (
	fixed    = "this is no longer found"
	accepted = "somebody decided to live with this; the summary has the reason"
	milder   = "this endangers nothing any more; the summary tells what it is now"
	moved    = "this is found at another line now, or told in the summary only"
)

// The marks of settled comments: that of one whose conversation is to be resolved, and that of one whose conversation the
// token may not resolve, so that it is not tried again.
const (
	settledMark = " settled"
	stuckMark   = " stuck"
)

var suggestionFence = regexp.MustCompile("(?m)^(`{3,})suggestion\r?$")

// settledBody is what becomes of a comment whose finding is gone, or elsewhere. What it said stays, but for what can be
// clicked.
func settledBody(body, why string) string {
	m := findingMarker.FindStringSubmatchIndex(body)
	if m == nil || m[6] >= 0 {
		return body
	}
	head, rest := body[:m[5]]+settledMark+" -->\n", body[m[1]:]
	const most = maxBody - 256
	settled := head + "**Settled:** " + why + ".\n\n" + suggestionFence.ReplaceAllString(rest, "$1")
	if len(settled) > most {
		return head + "**Settled:** " + why + ".\n"
	}
	return settled
}

// summaryBody is the comment on the whole report.
func summaryBody(id, summary, commit string, remarks []string) string {
	var b strings.Builder
	b.WriteString(markSummary(id))
	b.WriteString(strings.TrimRight(summary, " \n") + "\n")
	if len(remarks) > 0 {
		b.WriteString("\n")
	}
	for _, r := range remarks {
		b.WriteString("- " + r + "\n")
	}
	fmt.Fprintf(&b, "\nThis is about commit %s.\n", commit)
	return b.String()
}

// counted is a number with what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
