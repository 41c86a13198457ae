package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// progress is a line on the terminal that says what is going on, and goes away.
type progress struct {
	w     io.Writer // nil: nobody is watching
	width int       // of what stands there
}

// newProgress returns a progress line on w, which shows nothing unless w is a
// terminal.
func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{w: w}
}

// show replaces the line.
func (p *progress) show(format string, args ...any) {
	if p.w == nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	width := utf8.RuneCountInString(text)
	say(p.w, "\r%s%s", text, strings.Repeat(" ", max(0, p.width-width)))
	p.width = width
}

// clear removes the line.
func (p *progress) clear() {
	if p.w == nil || p.width == 0 {
		return
	}
	say(p.w, "\r%s\r", strings.Repeat(" ", p.width))
	p.width = 0
}
