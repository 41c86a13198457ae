package program

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAge(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"90d": "90d", "2w": "14d", "0": "0d", "0d": "0d", "48h": "2d", "36h": "36h0m0s", "1h30m": "1h30m0s", "36525d": "36525d",
	} {
		var age Age
		require.NoError(t, age.Set(text), text)
		assert.Equal(t, want, age.String())
	}
	for _, text := range []string{"", "d", "-1d", "1.5d", "90", "-1h", "36526d", "65536d", "99999999999d", "60000w", "1y", "0x1d", " 1d", "1e9h"} {
		age := Age(time.Hour)
		require.Error(t, age.Set(text), text)
		assert.Equal(t, Age(time.Hour), age, text)
	}
	// What is too much is not what is no time, and does not come out as less.
	for _, text := range []string{"36526d", "70000d", "99999999999d", "5218w", "30501w", "70000w"} {
		require.EqualError(t, new(Age).Set(text), "must be between 0 and 36525d", text)
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour:        "just now",
		59 * time.Second:  "just now",
		time.Minute:       "1 minute ago",
		119 * time.Minute: "119 minutes ago",
		2 * time.Hour:     "2 hours ago",
		47 * time.Hour:    "47 hours ago",
		48 * time.Hour:    "2 days ago",
		800 * day:         "800 days ago",
	} {
		assert.Equal(t, want, Ago(d), "%s", d)
	}
}

func TestJSONLine(t *testing.T) {
	t.Parallel()
	const hostile = "a\x1b[2J\u009b\u202e\u00a0\U000e0041\"<\n\xff☃𝄞"
	line, err := JSONLine(map[string]string{"key": hostile})
	require.NoError(t, err)
	want := `{"key":"a\u001b[2J\u009b\u202e\u00a0\udb40\udc41\"<\n\ufffd☃𝄞"}` + "\n"
	assert.Equal(t, []byte(want), line)
	var back map[string]string
	require.NoError(t, json.Unmarshal(line, &back))
	assert.Equal(t, "a\x1b[2J\u009b\u202e\u00a0\U000e0041\"<\n\ufffd☃𝄞", back["key"])

	_, err = JSONLine(math.NaN())
	require.Error(t, err)
}
