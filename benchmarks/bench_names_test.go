package benchmarks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/benchmarks/internal/workload"
)

func TestBenchmarks_OneForEachWorkload(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "bench_test.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err, "parsing bench_test.go")
	var got []string
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			if name, ok := strings.CutPrefix(function.Name.Name, "BenchmarkW"); ok {
				got = append(got, "W"+name)
			}
		}
	}
	var want []string
	for _, w := range workload.All() {
		want = append(want, w.Name)
	}
	assert.ElementsMatch(t, want, got, "the benchmarks in bench_test.go")
}
