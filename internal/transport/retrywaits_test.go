package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clock is a transport that notes when it was asked.
type clock struct {
	next  http.RoundTripper
	times []time.Time
}

func (c *clock) RoundTrip(req *http.Request) (*http.Response, error) {
	c.times = append(c.times, time.Now())
	return c.next.RoundTrip(req)
}

func (c *clock) waits() []time.Duration {
	var waits []time.Duration
	for i := range len(c.times) - 1 {
		waits = append(waits, c.times[i+1].Sub(c.times[i]))
	}
	return waits
}

func TestClient_Do_WaitsExponentially(t *testing.T) {
	t.Parallel()
	full := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 6 * time.Second, 6 * time.Second}
	var longest, shortest [5]time.Duration
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(answer(http.StatusBadGateway, ""))
			c := &clock{next: transport}
			call := get(t)
			_, err := newClient(t, c, withRetry(RetryPolicy{MaxAttempts: 6, MinWait: time.Second, MaxWait: 6 * time.Second, Budget: -1})).Do(call.Call)
			requireStatus(t, http.StatusBadGateway, err, call)
			require.Len(t, c.waits(), 5, "%s: waits", call)
			for i, wait := range c.waits() {
				assert.LessOrEqual(t, wait, full[i], "%s: wait %d", call, i+1)
				assert.GreaterOrEqual(t, wait, full[i]/2, "%s: wait %d", call, i+1)
				longest[i] = max(longest[i], wait)
				if shortest[i] == 0 || wait < shortest[i] {
					shortest[i] = wait
				}
			}
		})
	}
	for i := range full {
		assert.Greater(t, longest[i]-shortest[i], full[i]/8, "50 calls: the spread of wait %d", i+1)
	}
}

func TestRetryPolicy_backoff(t *testing.T) {
	t.Parallel()
	const second = time.Second
	tests := []struct {
		policy  RetryPolicy
		attempt int
		want    time.Duration
	}{
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 1, second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 2, 2 * second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 5, 16 * second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 6, 30 * second},
		{RetryPolicy{MinWait: second, MaxWait: 30 * second}, 1 << 30, 30 * second},
		{RetryPolicy{MinWait: second, MaxWait: second}, 1, second},
		{RetryPolicy{MinWait: second, MaxWait: second}, 9, second},
		{RetryPolicy{MinWait: 0, MaxWait: 0}, 3, 0},
		{RetryPolicy{MinWait: 1, MaxWait: 1 << 62}, 100, 1 << 62},
	}
	for _, tt := range tests {
		for range 100 {
			got := tt.policy.backoff(tt.attempt)
			assert.LessOrEqual(t, got, tt.want, "%+v.backoff(%d)", tt.policy, tt.attempt)
			assert.GreaterOrEqual(t, got, tt.want/2, "%+v.backoff(%d)", tt.policy, tt.attempt)
		}
	}
}

func TestClient_Do_RetryAfter(t *testing.T) {
	t.Parallel()
	const least, most = testMinWait / 2, testMinWait // the wait without a header
	in := func(d time.Duration) func(time.Time) string {
		return func(now time.Time) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	}
	is := func(text string) func(time.Time) string { return func(time.Time) string { return text } }
	tests := []struct {
		name  string
		value func(now time.Time) string
		least time.Duration
		most  time.Duration
		gives bool // up at once
	}{
		{"none", is(""), least, most, false},
		{"seconds", is("7"), 7 * time.Second, 8 * time.Second, false},
		{"seconds with spaces", is(" 7 "), 7 * time.Second, 8 * time.Second, false},
		{"zero", is("0"), 0, time.Second, false},
		{"as long as MaxWait", is("30"), 30 * time.Second, 31 * time.Second, false},
		{"longer than MaxWait", is("31"), 0, 0, true},
		{"a day", is("86400"), 0, 0, true},
		{"more seconds than a Duration holds", is("9999999999999"), 0, 0, true},
		{"more seconds than an int64 holds", is("99999999999999999999999"), 0, 0, true},
		{"negative", is("-5"), least, most, false},
		{"more negative than an int64 holds", is("-99999999999999999999999"), least, most, false},
		{"garbage", is("soon"), least, most, false},
		{"fraction", is("1.5"), least, most, false},
		{"date", in(9 * time.Second), 9 * time.Second, 10 * time.Second, false},
		{"date in RFC 850", func(now time.Time) string {
			return now.Add(9 * time.Second).UTC().Format("Monday, 02-Jan-06 15:04:05 GMT")
		}, 9 * time.Second, 10 * time.Second, false},
		{"date in the past", in(-time.Hour), 0, time.Second, false},
		{"date after MaxWait", in(31 * time.Second), 0, 0, true},
		{"date in a thousand years", is("Fri, 01 Jan 3000 00:00:00 GMT"), 0, 0, true},
	}
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%d %s", code, tt.name), func(t *testing.T) {
				t.Parallel()
				for range 5 {
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						header := make(http.Header)
						if value := tt.value(start); value != "" {
							header.Set("Retry-After", value)
						}
						c := &clock{next: script(answer(code, "busy").HeaderSet(header), answer(http.StatusOK, ""))}
						call := get(t)
						outcome, err := newClient(t, c).Do(call.Call)
						if tt.gives {
							requireStatus(t, code, err, call)
							throttled := code == http.StatusTooManyRequests
							assert.Equal(t, Outcome{Attempts: 1, Uncertain: true, OnlyThrottled: throttled, Transient: true}, outcome, "%s: the outcome", call)
							assert.Zero(t, time.Since(start), "%s: the time it took", call)
							return
						}
						require.NoError(t, err, "%s", call)
						require.Len(t, c.waits(), 1, "%s: waits", call)
						assert.GreaterOrEqual(t, c.waits()[0], tt.least, "%s, Retry-After %q: the wait", call, header.Get("Retry-After"))
						assert.LessOrEqual(t, c.waits()[0], tt.most, "%s, Retry-After %q: the wait", call, header.Get("Retry-After"))
					})
				}
			})
		}
	}
}

const testMinWait = time.Second

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const year = 365 * 24 * time.Hour
	tests := []struct {
		values []string
		want   time.Duration
		ok     bool
	}{
		{nil, 0, false},
		{[]string{""}, 0, false},
		{[]string{"0"}, 0, true},
		{[]string{"120"}, 2 * time.Minute, true},
		{[]string{"120", "5"}, 2 * time.Minute, true},
		{[]string{"-1"}, 0, false},
		{[]string{"1e3"}, 0, false},
		{[]string{"9223372036854775807"}, year, true},
		{[]string{"9223372036854775808"}, year, true},
		{[]string{"9223372036854775808x"}, 0, false},
		{[]string{"Sun, 01 Mar 2026 12:01:00 GMT"}, time.Minute, true},
		{[]string{"Sun, 01 Mar 2026 11:59:00 GMT"}, 0, true},
		{[]string{"Sun Mar  1 12:01:00 2026"}, time.Minute, true},
		{[]string{"Fri, 31 Dec 9999 23:59:59 GMT"}, year, true},
		{[]string{"2026-03-01T12:01:00Z"}, 0, false},
	}
	for _, tt := range tests {
		got, ok := RetryAfter(http.Header{"Retry-After": tt.values}, now)
		assert.Equal(t, tt.ok, ok, "RetryAfter(%q)", tt.values)
		assert.Equal(t, tt.want, got, "RetryAfter(%q)", tt.values)
	}
}

func TestClient_Do_WaitBeyondTheDeadlineEndsTheCallAtOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		first   httpmock.Responder
		minWait time.Duration
		left    time.Duration
	}{
		{"backoff", answer(http.StatusServiceUnavailable, "busy"), testMinWait, testMinWait / 2},
		{"Retry-After", answer(http.StatusServiceUnavailable, "busy").HeaderSet(http.Header{"Retry-After": {"7"}}), testMinWait, 7 * time.Second},
		{"Retry-After as long as the deadline", answer(http.StatusServiceUnavailable, "busy").HeaderSet(http.Header{"Retry-After": {"7"}}), 0, 7 * time.Second},
		{"no answer", failure(errBroken), testMinWait, testMinWait / 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
				policy := RetryPolicy{MaxAttempts: 4, MinWait: tt.minWait, MaxWait: time.Minute, Budget: -1}
				outcome, err := newClient(t, script(tt.first), withRetry(policy)).Do(call.Call)
				require.Error(t, err, "%s", call)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "%s", call)
				assert.True(t, outcome.TooLate, "%s: TooLate", call)
				assert.Zero(t, time.Since(start), "%s: the time it took", call)
				assert.Equal(t, 1, outcome.Attempts, "%s: attempts", call)
			})
		})
	}
	t.Run("but a shorter one is waited", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), testMinWait+1)
			defer cancel()
			call := newCall(ctx, t, http.MethodGet, "/stacks", Body{})
			outcome, err := newClient(t, script(answer(503, ""), answer(200, ""))).Do(call.Call)
			require.NoError(t, err, "%s", call)
			assert.Equal(t, 2, outcome.Attempts, "%s: attempts", call)
		})
	})
}

func TestIsMisconfigured(t *testing.T) {
	t.Parallel()
	wrapped := func(err error) error { return &url.Error{Op: "Get", URL: testBase, Err: err} }
	assert.True(t, isMisconfigured(wrapped(&tls.CertificateVerificationError{Err: errBroken})), "isMisconfigured(certificate)")
	assert.True(t, isMisconfigured(wrapped(tls.RecordHeaderError{Msg: "no TLS"})), "isMisconfigured(record header)")
	assert.True(t, isMisconfigured(wrapped(http.ErrSchemeMismatch)), "isMisconfigured(scheme mismatch)")
	assert.False(t, isMisconfigured(wrapped(errors.New("anything else"))), "isMisconfigured(anything else)")
}
