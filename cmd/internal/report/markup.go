package report

// Markdown is text as Markdown within a line that shows it as it is: names stand as code, and nothing in it is markup, a
// mention, a reference or a link.
func Markdown(text string) string { return markdownProse(text) }

// MarkdownCode is text as code within a line of Markdown.
func MarkdownCode(text string) string { return codeSpan(Escape(text)) }

// MarkdownFence is text as a block of lines in a language, which ends with a line end.
func MarkdownFence(language, text string) string { return fenced(language, text) }
