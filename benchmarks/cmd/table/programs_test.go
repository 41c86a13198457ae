package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMeasurePrograms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds two programs")
	}
	p, err := measurePrograms(t.Context())
	require.NoError(t, err, "measurePrograms")
	assert.Equal(t, 1, p.raw.modules, "modules of the program without the package: its own")
	assert.Greater(t, p.ours.modules, p.raw.modules, "modules of the program with the package")
	assert.Greater(t, p.raw.bytes, int64(1e6), "bytes of the program without the package")
	assert.Greater(t, p.ours.bytes, p.raw.bytes, "bytes of the program with the package")
}

func TestReport_Programs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ours   program
		missed int
	}{
		{program{bytes: 8_500_000, modules: 7}, 0},
		{program{bytes: 8_500_001, modules: 7}, 1},
		{program{bytes: 9_000_000, modules: 8}, 2},
	}
	for _, tt := range tests {
		var out strings.Builder
		r := &report{out: &out}
		r.programs(programs{raw: program{bytes: 6_200_000, modules: 1}, ours: tt.ours})
		assert.Equal(t, tt.missed, r.missed, "goals that %s misses", tt.ours)
		assert.Contains(t, out.String(), tt.ours.String()+"<br>raw 6.2 MB, 1 modules", "the row of %s", tt.ours)
	}
}
