package conformance_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/conformance/internal/capture"
	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
	"github.com/pulumiapi/pulumiapi/internal/source"
)

var openapi = flag.String("openapi", "", "the `file` with the service's OpenAPI description; PULUMI_OPENAPI by default")

// description returns the file with the description; empty if nobody has said
// which that is. It reads the environment here and not before the tests begin:
// go test would take no notice then, and show results of another description.
func description() string { return cmp.Or(*openapi, os.Getenv("PULUMI_OPENAPI")) }

const exceptionsFile = "exceptions.txt"

func TestMain(m *testing.M) {
	flag.Parse()
	if description() == "" {
		fmt.Println("!!! NOT CHECKED:", noDescription)
	}
	status := m.Run()
	if status == 0 && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" {
		status = checkUnused()
	}
	os.Exit(status)
}

// isNarrowed reports whether -run names single methods: what they don't send at all
// is not their business then.
func isNarrowed() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

// checkUnused fails for exceptions that no test has asked for, after all of them
// have run.
func checkUnused() int {
	if description() == "" {
		return 0
	}
	s, err := loadSpec()
	if err != nil {
		fmt.Println("FAIL:", err)
		return 1
	}
	unused := s.Exceptions().Unused()
	for _, line := range unused {
		fmt.Println("FAIL:", line)
	}
	return min(len(unused), 1)
}

const noDescription = "neither -openapi nor PULUMI_OPENAPI names the service's description; " +
	"to get it: go -C conformance run ./cmd/fetchspec -o FILE"

// skipWithoutDescription skips a test, so that nobody overlooks it.
func skipWithoutDescription(t *testing.T) {
	t.Helper()
	if description() == "" {
		t.Skip("!!! NOT CHECKED:", noDescription)
	}
}

var loadSpec = sync.OnceValues(func() (*spec.Spec, error) {
	exceptions, err := spec.ReadExceptions(exceptionsFile)
	if err != nil {
		return nil, err
	}
	return spec.Load(description(), exceptions)
})

var loadSource = sync.OnceValues(func() (*source.Source, error) {
	root, err := source.Root()
	if err != nil {
		return nil, err
	}
	return source.Load(root)
})

// harness is what the tests hold against each other.
type harness struct {
	spec   *spec.Spec
	source *source.Source
}

func load(t *testing.T) harness {
	t.Helper()
	skipWithoutDescription(t)
	s, err := loadSpec()
	require.NoError(t, err)
	src, err := loadSource()
	require.NoError(t, err)
	return harness{s, src}
}

// operation returns an operation that the package has.
func (h harness) operation(t *testing.T, name string) *spec.Operation {
	t.Helper()
	o, err := h.spec.Operation(name)
	require.NoError(t, err)
	return o
}

type captured struct {
	*capture.Recording
	err error // what failed; there may be a recording nevertheless
}

// record runs the tests and the examples of the package, once.
var record = sync.OnceValue(func() captured {
	root, err := source.Root()
	if err != nil {
		return captured{new(capture.Recording), err}
	}
	recording, err := capture.Run(root)
	return captured{cmp.Or(recording, new(capture.Recording)), err}
})
