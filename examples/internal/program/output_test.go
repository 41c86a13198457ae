package program

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "",
		" a\tb\r\nc\u00a0":                 "a b  c",
		"\x1b[31mred\x1b[0m <{%fg 1%}>too": "red too",
		"\x1b]0;title\a, \x00\x7f\u009b2J": "]0;title, 2J",
		"abc\u202edef\u200b":               "abcdef",
		"snowman ☃, not \xff":              "snowman ☃, not \ufffd",
	} {
		assert.Equal(t, want, Printable(text), "%q", text)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "größer", Cut("größer", 6))
	assert.Equal(t, "größ…", Cut("größer", 5))
	assert.Equal(t, "a…", Cut("a bc", 3))
	assert.Equal(t, "…", Cut("ab", 1))
	assert.Equal(t, "any length", Cut("any length", 0))
}

// Nobody watches a buffer.
func TestProgress_NotOnATerminal(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	progress := (&Output{Stderr: &stderr}).Progress(0, "reading %d", 1)
	progress.SetTotal(3)
	progress.Add(1)
	progress.Describe("still")
	progress.Done()
	progress.Done()
	assert.Empty(t, stderr.String())
}

func TestProgress_OnATerminal(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	progress := (&Output{Stderr: &terminal, watched: true}).Progress(4, "reading\x1b[2J %s", "stacks")
	assert.Contains(t, terminal.String(), "reading stacks   0% ")
	progress.Add(1)
	progress.Done()
	assert.Regexp(t, `\r +\r$`, terminal.String())
	assert.NotContains(t, terminal.String(), "\x1b")
}

// A color is none in a test, whose output is no terminal.
func TestColors(t *testing.T) {
	t.Parallel()
	for _, paint := range []func(string) string{Red, Yellow, Green, Bold, Faint} {
		assert.Equal(t, "text", paint("text"))
		assert.Empty(t, paint(""))
	}
}
