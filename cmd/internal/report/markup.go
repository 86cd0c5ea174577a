package report

import "strings"

// maxFact is the number of code points of what is told of a finding where it stands alone.
const maxFact = 1000

// MarkdownFinding is a finding in Markdown, for a comment of its own: a title, and what is told of it. Ways out are not in
// it: whoever writes a comment knows which of them can be taken at a click. asked says that the run asked the data.
func MarkdownFinding(f *Finding, asked bool) string {
	var b strings.Builder
	b.WriteString("**" + string(f.Severity) + "** " + title(f, [2]string{"**", "**"}, codeSpan, markdownProse) + "\n")
	told := facts(f, asked, -1, false)
	if text := Escape(essence(f)); short(text, maxSentence) != text {
		told = append([]fact{{"what", essence(f)}}, told...)
	}
	for i, x := range told {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- **" + x.label + ":** " + markdownFact(x, maxFact) + "\n")
	}
	return b.String()
}

// Markdown is text as Markdown within a line that shows it as it is: names stand as code, and nothing in it is markup, a
// mention, a reference or a link.
func Markdown(text string) string { return markdownProse(text) }

// MarkdownCode is text as code within a line of Markdown.
func MarkdownCode(text string) string { return codeSpan(Escape(text)) }

// MarkdownFenceMark is a fence for a block that nothing in text closes.
func MarkdownFenceMark(text string) string { return strings.Repeat("`", max(longestRun(text)+1, 3)) }

// MarkdownFence is text as a block of lines in a language, which ends with a line end.
func MarkdownFence(language, text string) string { return fenced(language, text) }
