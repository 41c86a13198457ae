package transport

import (
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever a Retry-After says, it is a wait of a year at most that is not
// shorter than asked, or no wait.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"", " ", "0", "120", " 120 ", "-1", "-0", "+5", "007", "1e3", "1.5", "0x10", "1_0", "٣", "9223372036", "9223372037", "31536000", "31536001",
		"9223372036854775807", "9223372036854775808", "-9223372036854775809", strings.Repeat("9", 400), "9223372036854775808x", "120, 5", "120;q=1", "NaN", "soon", "\x00", "\xff",
		"Sun, 01 Mar 2026 12:01:00 GMT", "Sun, 01 Mar 2026 11:59:00 GMT", "Sunday, 01-Mar-26 12:01:00 GMT", "Sun Mar  1 12:01:00 2026", "Sun, 01 Mar 2026 12:01:00 PST",
		"Mon, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "2026-03-01T12:01:00Z", "Sun, 29 Feb 2026 12:01:00 GMT", "Sun, 01 Mar 2026 23:59:60 GMT",
	} {
		f.Add(text, now.Unix(), now.UnixNano()%1e9)
		f.Add(text, int64(0), int64(999_999_999))
		f.Add(text, int64(253402300799), int64(1))
		f.Add(text, int64(-62135596800), int64(0))
	}
	const longest = 365 * 24 * time.Hour
	f.Fuzz(func(t *testing.T, text string, seconds, nanoseconds int64) {
		now := time.Unix(seconds, nanoseconds)
		wait, ok := RetryAfter(http.Header{"Retry-After": {text}}, now)
		require.GreaterOrEqual(t, wait, time.Duration(0))
		require.LessOrEqual(t, wait, longest)
		if !ok {
			require.Zero(t, wait, "no wait is none")
		}

		asked := strings.TrimSpace(text)
		if asked != "" && !strings.ContainsFunc(asked, func(r rune) bool { return r < '0' || r > '9' }) {
			number, _ := new(big.Int).SetString(asked, 10)
			want := longest
			if number.Cmp(big.NewInt(int64(longest/time.Second))) <= 0 {
				want = time.Duration(number.Int64()) * time.Second
			}
			require.True(t, ok)
			require.Equal(t, want, wait)
			return
		}
		date, err := http.ParseTime(asked)
		require.Equal(t, err == nil, ok, "http.ParseTime: %v", err)
		switch {
		case !ok:
		case wait == longest:
			require.False(t, date.Before(now.Add(longest)), "%s after %s is not a year away", date, now)
		case wait == 0:
			require.False(t, date.After(now), "%s is after %s", date, now)
		default:
			require.True(t, now.Add(wait).Equal(date), "%s after %s is not %s", wait, now, date)
		}
	})
}
