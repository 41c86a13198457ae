package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// screen is where the output goes, and what that can show.
type screen struct {
	io.Writer

	width  int // of a line; 0 if any goes
	colour bool
}

// newScreen returns the screen for a file: with colours if it is a terminal that
// has some and nobody has asked for none, see https://no-color.org.
func newScreen(ctx context.Context, file *os.File) screen {
	if !isTerminal(file) {
		return screen{Writer: file}
	}
	plain := os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" ||
		(runtime.GOOS == "windows" && os.Getenv("WT_SESSION") == "") // an old console shows the codes
	return screen{Writer: file, width: terminalWidth(ctx, file), colour: !plain}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// terminalWidth returns how many characters fit on a line, 0 if nobody knows.
func terminalWidth(ctx context.Context, terminal *os.File) int {
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		return width
	}
	stty := exec.CommandContext(ctx, "stty", "size")
	stty.Stdin = terminal
	size, err := stty.Output()
	if err != nil {
		return 0 // where there is no stty, lines are as long as they are
	}
	_, columns, _ := strings.Cut(strings.TrimSpace(string(size)), " ")
	width, err := strconv.Atoi(columns)
	if err != nil {
		return 0
	}
	return max(0, width)
}

// tone is how much a text is to catch the eye.
type tone string

// The tones, as the codes that terminals know.
const (
	plain   tone = ""
	warning tone = "\x1b[33m" // yellow
	alarm   tone = "\x1b[31m" // red
)

// paint returns text in a tone, if the screen has colours.
func (s screen) paint(t tone, text string) string {
	if !s.colour || t == plain || text == "" {
		return text
	}
	return string(t) + text + "\x1b[0m"
}

// Where the screen's width is not known, or so small that there is no fitting in,
// texts have these lengths.
const maxTextWidth, minTextWidth = 160, 40

// room returns how many characters fit on a line after indent others.
func (s screen) room(indent int) int {
	if s.width == 0 {
		return maxTextWidth
	}
	return max(minTextWidth, s.width-indent)
}

// cut shortens text to what fits on a line after indent other characters.
func (s screen) cut(text string, indent int) string { return cut(text, s.room(indent)) }

// wrap breaks text into lines that fit after indent other characters. Where the
// screen has no width, the text remains a line.
func (s screen) wrap(text string, indent int) []string {
	text = cut(text, 3*maxTextWidth)
	if s.width == 0 {
		return []string{text}
	}
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last < 0 || utf8.RuneCountInString(lines[last]+" "+word) > s.room(indent) {
			lines = append(lines, s.cut(word, indent))
			continue
		}
		lines[last] += " " + word
	}
	return lines
}

// markup is what colours text: the engine's own codes, such as <{%fg 1%}>, and
// those of terminals.
var markup = regexp.MustCompile(`<\{%[^%]*%\}>|\x1b\[[\x20-\x3f]*[\x40-\x7e]`)

// printable returns text as one line, and without what could move the cursor,
// ring the bell or hide other text: it comes from other people.
func printable(text string) string {
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

// cut shortens text to width characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return strings.TrimRight(string([]rune(text)[:max(0, width-1)]), " ") + "…"
}

// pad lengthens text to width characters.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
