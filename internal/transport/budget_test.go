package transport

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBudget_NegativeHasNoBounds(t *testing.T) {
	t.Parallel()
	for perCall, want := range map[float64]int{-1: 100, -1e-7: 100, 1e-7: 10} {
		b := newBudget(perCall)
		spent := 0
		for range 100 {
			if b.spend() {
				spent++
			}
		}
		assert.Equal(t, want, spent, "retries with a budget of %v", perCall)
	}
}
