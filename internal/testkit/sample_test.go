package testkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSample_IsWellSpread(t *testing.T) {
	t.Parallel()
	const rows = 200
	for _, columns := range []int{1, 2, 5, 11, 12, 13, 37, 111} {
		for _, short := range []bool{false, true} {
			inColumn := make([]int, columns)
			cells, previous := 0, map[int]bool{}
			for row := range rows {
				found := map[int]bool{}
				for column := range columns {
					if !inSample(row, column, columns, short) {
						continue
					}
					assert.False(t, columns > 1 && previous[column], "%d columns: column %d is in rows %d and %d", columns, column, row-1, row)
					found[column] = true
					inColumn[column]++
				}
				if !short {
					assert.NotEmpty(t, found, "%d columns: row %d", columns, row)
				}
				for start := 0; !short && start+oneOf <= columns; start++ {
					inClass := false
					for column := start; column < start+oneOf; column++ {
						inClass = inClass || found[column]
					}
					assert.True(t, inClass, "%d columns: row %d has none of the twelve from %d on", columns, row, start)
				}
				cells += len(found)
				previous = found
			}
			for column, n := range inColumn {
				assert.Positive(t, n, "%d columns, short %t: column %d", columns, short, column)
			}
			assert.LessOrEqual(t, cells, rows*(columns+oneOf)/min(oneOf, columns), "%d columns, short %t", columns, short)
		}
	}
}
