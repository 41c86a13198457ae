package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// output returns what the program prints.
func output(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, run(t.Context(), &out))
	})
	return out.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	spans, rest, found := strings.Cut(output(t), "\nLog:\n\n")
	require.True(t, found)
	records, metrics, found := strings.Cut(rest, "\nMetrics:\n\n")
	require.True(t, found)
	names := regexp.MustCompile(`(?m)^\S.*$`).FindAllString(spans, -1)
	assert.Equal(t, []string{"Spans:", getStack, getStack, getStack, listStacks, "look at stacks"}, names)
	assert.Equal(t, 5, strings.Count(records, "\n"), "one warning, four attempts")
	assert.Contains(t, records, "path=/api/stacks/acme-corp/webshop/prod ")
	for _, text := range []string{"acme-corp", "webshop", "no-such-stack"} {
		assert.NotContains(t, spans+metrics, text)
	}
}

// What follows holds the page for users to the program.
const page = "../../docs/observability.md"

// fence is a block of code in Markdown: its language, and what is in it.
var fence = regexp.MustCompile("\n```(\\w*)\n((?s:.*?)\n)```\n")

func pageBlocks(t *testing.T, language string) []string {
	t.Helper()
	var blocks []string
	for _, match := range fence.FindAllStringSubmatch(readText(t, page), -1) {
		if match[1] == language {
			blocks = append(blocks, match[2])
		}
	}
	require.NotEmpty(t, blocks, "%s has no block of %s", page, language)
	return blocks
}

func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// normalize makes all white space one blank, so that indentation doesn't count.
func normalize(code string) string { return strings.Join(strings.Fields(code), " ") }

func TestPage_GoCodeIsTheProgram(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, name := range []string{"main.go", "tracing.go", "metrics.go"} {
		code.WriteString(normalize(readText(t, name)) + "\n")
	}
	for _, block := range pageBlocks(t, "go") {
		assert.Contains(t, code.String(), normalize(block), "%s has code that the program has not", page)
	}
}

func TestPage_OutputIsTheProgram(t *testing.T) {
	t.Parallel()
	printed := output(t)
	for _, block := range pageBlocks(t, "text") {
		assert.Contains(t, printed, "\n"+block, "%s has output that the program has not", page)
	}
}

func TestPage_FilesExist(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readText(t, page), -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		_, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(link[1])))
		require.NoError(t, err, "%s links to it", page)
	}
}

func TestPage_NamesAllAttributesOfRecords(t *testing.T) {
	t.Parallel()
	var records bytes.Buffer
	token := ""
	synctest.Test(t, func(t *testing.T) {
		srv := newCloud(t)
		token = srv.Token()
		logger := slog.New(slog.NewJSONHandler(&records, &slog.HandlerOptions{Level: slog.LevelDebug}))
		client, err := newClient(srv.HTTPClient().Transport, sdktrace.NewTracerProvider(), prometheus.NewRegistry(), logger, srv.Options()...)
		require.NoError(t, err)
		makeCalls(t.Context(), t, client)
		srv.Inject(pulumiapitest.Fault{Status: http.StatusServiceUnavailable})
		for err = nil; !errors.Is(err, pulumiapi.ErrRetryBudget); {
			_, err = client.Stacks.Get(t.Context(), stackID)
			require.Error(t, err)
		}
	})
	attributes, withNames := map[string]bool{}, map[string]bool{}
	for line := range bytes.Lines(records.Bytes()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal(line, &record))
		for _, key := range []string{slog.TimeKey, slog.LevelKey, slog.MessageKey} {
			delete(record, key)
		}
		for key, value := range record {
			attributes["`"+key+"`"] = true
			if text, ok := value.(string); ok && strings.Contains(text, mark) {
				withNames["`"+key+"`"] = true
			}
		}
	}
	assert.NotContains(t, records.String(), token)

	_, logs, found := strings.Cut(readText(t, page), "\n## Logs\n")
	require.True(t, found)
	told, toldWithNames := map[string]bool{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`\\w+`) \\| (.*) \\|$").FindAllStringSubmatch(logs, -1) {
		told[row[1]] = true
		if strings.HasPrefix(row[2], "**identifiers**") {
			toldWithNames[row[1]] = true
		}
	}
	assert.Equal(t, slices.Sorted(maps.Keys(attributes)), slices.Sorted(maps.Keys(told)))
	assert.Equal(t, slices.Sorted(maps.Keys(withNames)), slices.Sorted(maps.Keys(toldWithNames)))
}
