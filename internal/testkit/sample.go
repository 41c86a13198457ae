package testkit

import (
	"iter"
	"maps"
	"os"
	"slices"
	"testing"
)

// Whole reports whether the suites run with every cell of their matrices, and the soak
// for long: PULUMIAPI_TESTS=all. Otherwise they run a sample.
func Whole() bool { return os.Getenv("PULUMIAPI_TESTS") == "all" }

const (
	// A sample has one of so many cells of a row.
	oneOf = 12
	// With -short and under the race detector it has one of so many of those.
	oneOfShort = 4
)

// InSample reports whether a cell of a matrix is run: whether it is in a row's sample
// of so many columns. A sample has at least one cell of each row, others than those of
// the rows before and after it, and all columns are in it. A class of twelve columns
// that stand together is in the sample of every row. With -short and under the race
// detector, a row may have none.
func InSample(row, column, columns int) bool {
	if Whole() {
		return true
	}
	return inSample(row, column, columns, testing.Short() || RaceDetected)
}

func inSample(row, column, columns int, short bool) bool {
	period := min(oneOf, columns)
	if short {
		period *= oneOfShort
	}
	return (row+column)%period == 0
}

// Sample yields those columns of a row that are run, in the order of their names.
func Sample[V any](row int, columns map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for column, name := range slices.Sorted(maps.Keys(columns)) {
			if InSample(row, column, len(columns)) && !yield(name, columns[name]) {
				return
			}
		}
	}
}
