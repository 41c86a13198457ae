package pulumiapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// A time that nobody can read is one field's fault, and not the list's.
func TestTimes_ThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body     string
		call     func(ctx context.Context, client *pulumiapi.Client) ([]time.Time, error)
		warnings []string
	}{
		"in a list": {
			`{"stacks":[{"stackName":"a","lastUpdate":1700000000},{"stackName":"b","lastUpdate":"soon"},{"stackName":"c","lastUpdate":{"seconds":1}},{"stackName":"d","lastUpdate":1700000001000}]}`,
			func(ctx context.Context, client *pulumiapi.Client) ([]time.Time, error) {
				return times(pulumiapi.Collect(client.Stacks.List(ctx, nil)))(func(s pulumiapi.StackSummary) time.Time { return s.LastUpdate.Time })
			},
			[]string{"stacks[1].lastUpdate", "stacks[2].lastUpdate"},
		},
		"in a type that reads itself": {
			`{"updates":[{"updateID":"a","info":{"startTime":1700000000}},{"updateID":"b","info":{"startTime":[]}},{"kind":"update","startTime":"?"},{"kind":"update","startTime":1700000001}],"total":4}`,
			func(ctx context.Context, client *pulumiapi.Client) ([]time.Time, error) {
				page, err := client.Updates.ListPage(ctx, testkit.Prod, nil)
				if err != nil {
					return nil, err
				}
				return times(page.Items, nil)(func(u pulumiapi.Update) time.Time { return u.StartTime.Time })
			},
			[]string{"updates[1].info.startTime", "updates[2].startTime"},
		},
		"in a state that is walked": {
			`{"version":3,"deployment":{"resources":[{"urn":"a","created":1700000000},{"urn":"b","created":"no"},{"urn":"c","created":true},{"urn":"d","created":1700000001}]}}`,
			func(ctx context.Context, client *pulumiapi.Client) ([]time.Time, error) {
				return times(pulumiapi.Collect(client.Stacks.ExportResources(ctx, testkit.Prod)))(func(r pulumiapi.StateResource) time.Time { return r.Created.Time })
			},
			[]string{"deployment.resources[1].created", "deployment.resources[2].created"},
		},
		"in a type of the caller's": {
			`{"12":[{"at":1700000000},{"at":"x"}],"a\u001bb":[{"at":-1e300},{"at":1700000001}]}`,
			func(ctx context.Context, client *pulumiapi.Client) ([]time.Time, error) {
				var out map[string][]struct {
					At pulumiapi.Timestamp `json:"at"`
				}
				_, err := client.Do(ctx, pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &out)
				if err != nil {
					return nil, err
				}
				return []time.Time{out["12"][0].At.Time, out["12"][1].At.Time, out["a\x1bb"][0].At.Time, out["a\x1bb"][1].At.Time}, err
			},
			[]string{"12[1].at", "ab[0].at"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var warnings []pulumiapi.Warning
			var log bytes.Buffer
			client, err := pulumiapi.NewClient(pulumiapi.WithToken("token"),
				pulumiapi.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
				pulumiapi.WithObserver(pulumiapi.Observer{OnWarning: func(_ context.Context, w pulumiapi.Warning) { warnings = append(warnings, w) }}),
				pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
					return testkit.Respond(http.StatusOK, []byte(c.body), "X-Pulumi-Request-ID", "8f2c"), nil
				})}))
			require.NoError(t, err)
			got, err := c.call(t.Context(), client)
			require.NoError(t, err)
			require.Len(t, got, 4)
			assert.Equal(t, time.Unix(1700000000, 0).UTC(), got[0])
			assert.Zero(t, got[1])
			assert.Zero(t, got[2])
			assert.Equal(t, time.Unix(1700000001, 0).UTC(), got[3])
			require.Len(t, warnings, len(c.warnings))
			for i, path := range c.warnings {
				assert.Equal(t, "the response has a time that cannot be read: "+path, warnings[i].Text)
				assert.Equal(t, "8f2c", warnings[i].RequestID)
				assert.NotEmpty(t, warnings[i].Endpoint.Template)
				assert.Contains(t, log.String(), path)
			}
		})
	}
}

// times returns what picks the times out of items.
func times[T any](items []T, err error) func(func(T) time.Time) ([]time.Time, error) {
	return func(pick func(T) time.Time) ([]time.Time, error) {
		var all []time.Time
		for _, item := range items {
			all = append(all, pick(item))
		}
		return all, err
	}
}

// Many unreadable times are a few warnings.
func TestTimes_ManyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	var warnings []string
	client, err := pulumiapi.NewClient(pulumiapi.WithToken("token"),
		pulumiapi.WithObserver(pulumiapi.Observer{OnWarning: func(_ context.Context, w pulumiapi.Warning) { warnings = append(warnings, w.Text) }}),
		pulumiapi.WithHTTPClient(&http.Client{Transport: testkit.RoundTripperFunc(func(*http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(`{"stacks":[`+strings.Repeat(`{"lastUpdate":"x"},`, 10_000)+`{"stackName":"last"}]}`)), nil
		})}))
	require.NoError(t, err)
	page, err := client.Stacks.ListPage(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, page.Items, 10_001)
	assert.Equal(t, "last", page.Items[10_000].StackName)
	require.Len(t, warnings, 6)
	assert.Equal(t, "the response has 9995 more times that cannot be read", warnings[5])

	warnings = nil
	var out map[string]pulumiapi.Timestamp
	client = testkit.Responding(t, nil, func() io.Reader { return strings.NewReader(`{"a-token":"x"}`) }, pulumiapi.WithToken("a-token"),
		pulumiapi.WithObserver(pulumiapi.Observer{OnWarning: func(_ context.Context, w pulumiapi.Warning) { warnings = append(warnings, w.Text) }}))
	_, err = client.Do(t.Context(), pulumiapi.Request{Endpoint: pulumiapi.Endpoint{Method: "GET", Template: "/api/x"}}, &out)
	require.NoError(t, err)
	assert.Equal(t, []string{"the response has a time that cannot be read: [redacted]"}, warnings)

	client = testkit.Responding(t, nil, func() io.Reader { return strings.NewReader(`{"stacks":[{"lastUpdate":"x"},{"stackName":7}]}`) })
	_, err = client.Stacks.ListPage(t.Context(), nil)
	require.ErrorContains(t, err, "another form", "what else is wrong is an error")
}
