package testkit

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

// RequireArgumentError checks that an error is about the argument of this name.
func RequireArgumentError(t *testing.T, err error, name, called string) {
	t.Helper()
	_ = ArgumentErrorOf(t, err, name, called)
}

// ArgumentErrorOf returns an error that is about the argument of this name.
func ArgumentErrorOf(t *testing.T, err error, name, called string) *pulumiapi.ArgumentError {
	t.Helper()
	var refused *pulumiapi.ArgumentError
	require.ErrorAs(t, err, &refused, called)
	require.Equal(t, name, refused.Name, called)
	return refused
}

// AssertNoToken checks that the token shows nowhere: not in the error, not in
// what it wraps, not in their fields.
func AssertNoToken(t *testing.T, v any, called string) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		text := fmt.Sprintf(verb, v)
		for _, form := range []string{CanaryToken, fmt.Sprintf("%x", CanaryToken), fmt.Sprintf("%X", CanaryToken)} {
			assert.NotContains(t, text, form, "%s: %s of a %T", called, verb, v)
		}
	}
	if err, ok := v.(error); ok {
		if refused, ok := errors.AsType[*pulumiapi.APIError](err); ok {
			assert.NotContains(t, fmt.Sprintf("%+v %+v", *refused, refused.Header), CanaryToken, "%s: the APIError", called)
		}
		if failed, ok := errors.AsType[*pulumiapi.CallError](err); ok {
			assert.NotContains(t, fmt.Sprintf("%+v %+v", *failed, failed.Err), CanaryToken, "%s: the CallError", called)
		}
	}
}
