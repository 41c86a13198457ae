package program

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// Output is where a program writes, and what can be shown there.
type Output struct {
	// Stdout is for what was asked for, Stderr for everything else.
	Stdout, Stderr io.Writer
	// Terminal says that Stdout is a terminal, and Width how many characters fit
	// on a line of it: 0 if nobody knows, or if it is none.
	Terminal bool
	Width    int
	// watched says that Stderr is a terminal.
	watched bool
}

func newOutput(stdout, stderr *os.File) *Output {
	out := &Output{Stdout: stdout, Stderr: stderr, Terminal: isTerminal(stdout), watched: isTerminal(stderr)}
	if out.Terminal {
		out.Width = width(stdout)
	}
	return out
}

// Say writes a line of what is going on to Stderr; if that fails, there is nobody to
// tell.
func (o *Output) Say(format string, args ...any) { say(o.Stderr, format+"\n", args...) }

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// width returns how many characters fit on a line, 0 if nobody knows.
func width(terminal *os.File) int {
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	columns, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		return 0
	}
	return max(0, columns)
}

// Red returns text that tells of something bad, in red if the standard output
// shows colours: it is a terminal that has some, and nobody has asked for none
// (https://no-color.org). So do the others.
func Red(text string) string { return paint(text, color.FgRed) }

// Yellow returns text that tells of something doubtful.
func Yellow(text string) string { return paint(text, color.FgYellow) }

// Green returns text that tells of something good.
func Green(text string) string { return paint(text, color.FgGreen) }

// Bold returns text that stands out.
func Bold(text string) string { return paint(text, color.Bold) }

// Faint returns text that stands back.
func Faint(text string) string { return paint(text, color.Faint) }

func paint(text string, attribute color.Attribute) string {
	if text == "" {
		return ""
	}
	return color.New(attribute).Sprint(text)
}

// markup is what colours text: the engine's own codes, such as <{%fg 1%}>, and
// those of terminals.
var markup = regexp.MustCompile(`<\{%[^%]*%\}>|\x1b\[[\x20-\x3f]*[\x40-\x7e]`)

// Printable returns text as one line, and without what could move the cursor, ring
// the bell or hide other text. Whatever comes from other people needs it on its way
// to a terminal.
func Printable(text string) string {
	text = markup.ReplaceAllString(text, "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, text)
	return strings.TrimSpace(text)
}

// Cut shortens text to width characters; 0 is any number of them.
func Cut(text string, width int) string {
	runes := []rune(text)
	if width <= 0 || len(runes) <= width {
		return text
	}
	return strings.TrimRight(string(runes[:width-1]), " ") + "…"
}
