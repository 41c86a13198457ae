package pulumiapi

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStripMarkup(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "",
		"plain\n text ":                          "plain\n text ",
		"<{%reset%}>rather old<{%reset%}>\n":     "rather old\n",
		"<{%fg 1%}>error: <{%reset%}>":           "error: ",
		"<{%bold%}><{%underline%}>a<{%reset%}>b": "ab",
		"a<{%no end":                             "a<{%no end",
		"a<{% in\ntwo lines%}>b<{%reset%}>c":     "a<{% in\ntwo lines%}>bc",
		"<{%\n<{%reset%}>a":                      "<{%\na",
		"<{%<{%reset%}>a":                        "a",
		"<{%}>a<{%}>b":                           "b",
		"<{%}>a":                                 "<{%}>a",
		"%}>a<{%":                                "%}>a<{%",
		"<{reset}> {% if x %} </b>":              "<{reset}> {% if x %} </b>",
		"ä<{%fg 13%}>日本<{%reset%}>\x00":          "ä日本\x00",
		"<{%a%}>" + strings.Repeat("<{%", 3) + "<{%b%}> c<{%": " c<{%",
	} {
		assert.Equal(t, want, StripMarkup(text), "StripMarkup(%q)", text)
	}
}

func TestEngineEvents_Text(t *testing.T) {
	t.Parallel()
	const message = "<{%reset%}>one\n  two<{%reset%}>\n"
	for _, event := range []interface{ Text() string }{
		&DiagnosticEvent{Message: message, Prefix: "<{%fg 1%}>error: <{%reset%}>"}, &StdoutEvent{Message: message}, &PolicyEvent{Message: message},
	} {
		assert.Equal(t, "one\n  two", event.Text(), "%T", event)
	}
}

func FuzzStripMarkup(f *testing.F) {
	for _, seed := range []string{"<{%reset%}>a", "<{%", "%}>", "<{%<{%%}>%}>", "<{%\n%}>", "a<{%b%}>c<{%d", "<{%\n<{%x%}>\n%}>"} {
		f.Add(seed)
	}
	command := regexp.MustCompile(`<\{%(.*?)%\}>`) // as the engine's own, which is slow for some texts
	f.Fuzz(func(t *testing.T, text string) {
		require.Equal(t, command.ReplaceAllString(text, ""), StripMarkup(text))
	})
}

// A text that is hard to read takes no longer than another of its length.
func BenchmarkStripMarkup(b *testing.B) {
	for name, text := range map[string]string{
		"commands": strings.Repeat("<{%reset%}>a", 10_000), "starts": strings.Repeat("<{%", 40_000), "lines": strings.Repeat("<{%\n", 30_000) + "%}>",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				StripMarkup(text)
			}
		})
	}
}
