package sdl

import "fmt"

// Error says where and why a text is not in the schema language.
type Error struct {
	Span    Span // the zero Span when the whole input is meant
	Message string
}

func (e *Error) Error() string {
	if e.Span.IsZero() {
		return e.Message
	}
	at := e.Span.Begin()
	return fmt.Sprintf("%s:%d:%d: %s", e.Span.File.Name, at.Line, at.Column, e.Message)
}
