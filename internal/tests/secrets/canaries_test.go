package secrets_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// The canaries: secrets of each kind. What escaping leaves alone of them is in all
// of them, so that a part of one is found, too. None has the shape of a well-known
// token: the client hides them because it knows them.
const (
	canaryCore     = "c4n4ry"
	canaryToken    = "tok-c4n4ry/token+8d1f=="
	canaryHook     = `hook-c4n4ry"&<s3cret>\é`
	canaryIdentity = "idt.c4n4ry-identity.c2ln"
	canaryRefresh  = "ref-c4n4ry+refresh/%41"
)

// canaryTexts are the canaries as careless code may write them.
var canaryTexts = sync.OnceValue(func() []string {
	texts := []string{canaryCore}
	for _, canary := range []string{canaryCore, canaryToken, canaryHook, canaryIdentity, canaryRefresh} {
		decimal := strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]")
		texts = append(texts, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary), fmt.Sprintf("% X", canary),
			decimal, strings.ReplaceAll(decimal, " ", ","), strings.Trim(fmt.Sprintf("%#v", []byte(canary)[:6]), "[]byte{}"))
		for shift := range 3 {
			// The letters that depend on what stands before and after are left out.
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + canary))
			encoded = encoded[(shift+2)/3*4 : len(encoded)-2]
			texts = append(texts, encoded, strings.NewReplacer("+", "-", "/", "_").Replace(encoded))
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
})

// leaks returns which canaries are in text, and in which form.
func leaks(text string) []string {
	var found []string
	for _, canary := range canaryTexts() {
		if at := strings.Index(text, canary); at >= 0 {
			found = append(found, fmt.Sprintf("%q in …%q…", canary, text[max(at-100, 0):min(at+100, len(text))]))
		}
	}
	return found
}

func assertNoLeaks(t *testing.T, text, called string) {
	t.Helper()
	require.NotEmpty(t, text, "%s: nothing was printed", called)
	assert.Empty(t, leaks(text), called)
}

func TestSecrets_LeaksAreSeen(t *testing.T) {
	t.Parallel()
	for _, canary := range []string{canaryToken, canaryHook, canaryIdentity, canaryRefresh} {
		bare := []byte(canary)
		for name, text := range map[string]string{
			"itself":       canary,
			"a part":       canary[:strings.Index(canary, canaryCore)+len(canaryCore)],
			"quoted":       strconv.Quote(canary),
			"a query":      url.QueryEscape(canary),
			"HTML":         html.EscapeString(canary),
			"hex":          fmt.Sprintf("%x", bare),
			"base64":       base64.StdEncoding.EncodeToString(bare),
			"in base64":    base64.URLEncoding.EncodeToString([]byte("token " + canary + ", or so")),
			"bytes in Go":  fmt.Sprintf("%#v", bare),
			"bytes, by %d": fmt.Sprintf("%d", bare),
			"spaced hex":   fmt.Sprintf("% X", bare),
		} {
			assert.NotEmpty(t, leaks("before "+text+" after"), "%s of %s", name, canary)
		}
	}
	assert.Empty(t, leaks("[redacted] in some text, GET /api/stacks/acme"))
}

// printed returns v as a program may print it, in all ways at once, with what is
// below an error.
func printed(v any) string {
	var out strings.Builder
	for _, verb := range []string{
		"%v", "%+v", "%#v", "%s", "%q", "%+q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%T", "%20v", "%.9s",
	} {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	fmt.Fprintln(&out, v, []any{v}, map[string]any{"v": v}, struct{ v any }{v}, &struct{ V any }{v})
	if data, err := json.Marshal(v); err == nil {
		out.Write(data)
	} else {
		fmt.Fprintf(&out, "%+v", err)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).With("with", v).Info("message", "v", v, slog.Group("group", slog.Any("v", v)))
	}
	switch err := v.(type) {
	case interface{ Unwrap() error }:
		if below := err.Unwrap(); below != nil {
			out.WriteString(printed(below))
		}
	case interface{ Unwrap() []error }:
		for _, below := range err.Unwrap() {
			out.WriteString(printed(below))
		}
	}
	return out.String()
}

// eavesdropper writes down all that a client tells, logs included.
type eavesdropper struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (w *eavesdropper) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

func (w *eavesdropper) note(v any) { _, _ = io.WriteString(w, printed(v)) }

func (w *eavesdropper) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.String()
}

// options make a client tell the eavesdropper everything.
func (w *eavesdropper) options() []pulumiapi.Option {
	debug := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	both := slog.NewMultiHandler(slog.NewTextHandler(w, debug), slog.NewJSONHandler(w, debug))
	return []pulumiapi.Option{
		pulumiapi.WithLogger(slog.New(both)),
		pulumiapi.WithObserver(pulumiapi.Observer{
			OnAttempt: func(ctx context.Context, attempt pulumiapi.Attempt) {
				w.note(attempt)
				w.note(attempt.Err)
				_, _ = fmt.Fprintf(w, "%v %+v %#v", ctx, ctx, ctx)
			},
			OnWarning: func(_ context.Context, warning pulumiapi.Warning) { w.note(warning) },
		}),
	}
}
