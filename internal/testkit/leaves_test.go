package testkit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func TestCompareLeaves_SeesWhatIsLost(t *testing.T) {
	t.Parallel()
	for got, lost := range map[string]bool{
		`{"a":{"b":[1,"x"]},"t":1612481387,"n":null}`:                       false,
		`{"a":{"b":[1,"x"]},"t":"2021-02-04T23:29:47Z","more":1}`:           false,
		`{"a":{"b":[1,"x"]},"t":"2021-02-04T23:29:48Z"}`:                    true,
		`{"a":{"B":[1,"x"]},"t":1612481387}`:                                true,
		`{"a":{"b":[1]},"t":1612481387}`:                                    true,
		`{"a":{"b":[2,"x"]},"t":1612481387}`:                                true,
		`{"a":{"b":[1,"x"]}}`:                                               true,
		`{"a":{"b":["1","x"]},"t":1612481387}`:                              true,
		`{"a":{"b":[1,"x"]},"t":1612481387,"n":"something out of nothing"}`: true,
	} {
		missing := testkit.CompareLeaves("$", testkit.DecodeAny(t, []byte(`{"a":{"b":[1,"x"]},"t":1612481387,"n":null}`)), testkit.DecodeAny(t, []byte(got)))
		assert.Equal(t, lost, len(missing) > 0, "%s: %v", got, missing)
	}
}
