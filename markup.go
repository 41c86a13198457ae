package pulumiapi

import "strings"

// The engine marks the colours of a message with commands such as <{%fg 1%}> and
// <{%reset%}>.
const (
	markupStart = "<{%"
	markupEnd   = "%}>"
)

// StripMarkup returns text without the commands with which the engine marks its
// colours, such as <{%reset%}>. They stand in the messages and prefixes of events.
func StripMarkup(text string) string {
	if !strings.Contains(text, markupStart) {
		return text
	}
	var plain strings.Builder
	for line := range strings.Lines(text) { // a command is in one line
		for {
			before, rest, isCommand := strings.Cut(line, markupStart)
			_, rest, isWhole := strings.Cut(rest, markupEnd)
			if !isCommand || !isWhole {
				break
			}
			plain.WriteString(before)
			line = rest
		}
		plain.WriteString(line)
	}
	return plain.String()
}

// plainMessage returns a message of the engine as one shows it.
func plainMessage(message string) string { return strings.TrimSpace(StripMarkup(message)) }

// Text returns the message without markup, and without white space around it. See
// [StripMarkup].
func (e *StdoutEvent) Text() string { return plainMessage(e.Message) }

// Text returns the message without markup, and without white space around it. See
// [StripMarkup].
func (e *DiagnosticEvent) Text() string { return plainMessage(e.Message) }

// Text returns the message without markup, and without white space around it. See
// [StripMarkup].
func (e *PolicyEvent) Text() string { return plainMessage(e.Message) }
